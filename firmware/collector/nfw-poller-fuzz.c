/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Meters that answer anything, at any time: bytes as they come, or dressed up as a sound frame of
 * the meter asked, so that what is inside gets read too.
 */
#include "nfw-host.h"
#include "nfw-poller.h"

#include <stdlib.h>
#include <string.h>

#define MAX_STEPS 4000u
#define US_PER_MS 1000u
#define POLL_S    60u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t
take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

static size_t
take_bytes(struct input *input, uint8_t *bytes, size_t size)
{
    if (size > input->size)
        size = input->size;
    memcpy(bytes, input->data, size);
    input->data += size;
    input->size -= size;
    return size;
}

static void
check(bool is_right)
{
    if (!is_right)
        abort();
}

static uint8_t
sum_of(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

/* who is asked is who answers; what it says is anything */
static size_t
dress_mbus(struct input *input, const struct nfw_channel_config *channel, uint8_t *bytes)
{
    const uint8_t head[] = {0x68, 0, 0, 0x68, 0x08, channel->meter_number[6], 0x72};
    size_t size = sizeof head;

    memcpy(bytes, head, sizeof head);
    if ((take(input) & 7u) == 0)
        bytes[6] = take(input);
    memcpy(bytes + size, channel->meter_number, 6);
    memset(bytes + size + 6, 0, 6);
    size += 12;
    size += take_bytes(input, bytes + size, take(input) % 240u);
    bytes[1] = bytes[2] = (uint8_t)(size - 4);
    bytes[size] = sum_of(bytes + 4, size - 4);
    bytes[size + 1] = 0x16;
    return size + 2;
}

static size_t
dress_cjt188(struct input *input, const struct nfw_channel_config *channel, uint8_t serial,
             uint8_t *bytes)
{
    const uint8_t di_serial[] = {0x90, 0x1f, serial};
    size_t size = 14;

    bytes[0] = 0x68;
    bytes[1] = channel->type;
    memcpy(bytes + 2, channel->meter_number, 7);
    bytes[9] = (take(input) & 7u) == 0 ? take(input) : 0x81;
    memcpy(bytes + 11, di_serial, sizeof di_serial);
    size += take_bytes(input, bytes + size, take(input) % 98u);
    bytes[10] = (uint8_t)(size - 11);
    bytes[size] = sum_of(bytes, size);
    bytes[size + 1] = 0x16;
    return size + 2;
}

static void
answer(struct nfw_host *host, struct input *input, const struct nfw_config *config,
       const struct nfw_poller *poller)
{
    const struct nfw_channel_config *channel = &config->channel[poller->channel];
    uint64_t at_us = host->now_us + take(input) * 20u * US_PER_MS;
    uint8_t bytes[300] = {0xe5};
    const uint8_t kind = take(input);
    const uint8_t hit = take(input);
    size_t size = 1;

    switch (kind % 8u) {
    case 0:
        return;
    case 1:
        size = take_bytes(input, bytes, take(input));
        break;
    case 2:
    case 3:
    case 4:
        size = channel->source == NFW_SOURCE_MBUS
                   ? dress_mbus(input, channel, bytes)
                   : dress_cjt188(input, channel, poller->serial, bytes);
        break;
    default:
        break;
    }
    for (size_t i = 0; i < size; i++) {
        const bool is_hit = (kind & 0x80u) != 0 && i == hit % size;

        if (is_hit && (kind & 0x40u) != 0)
            at_us += 150 * US_PER_MS;
        at_us = nfw_host_plan_byte(host, at_us, NFW_LINE_METERS, bytes[i],
                                   is_hit && (kind & 0x20u) != 0 ? NFW_RX_BAD : 0);
    }
}

static void
set_up(struct nfw_config *config, struct input *input)
{
    nfw_config_set_defaults(config, 0x60000010);
    for (unsigned i = 0; i < NFW_CHANNELS; i++) {
        struct nfw_channel_config *channel = &config->channel[i];
        const uint8_t what = take(input);

        channel->source = what & 1u   ? NFW_SOURCE_MBUS
                          : what & 2u ? NFW_SOURCE_CJT188
                                      : NFW_SOURCE_OFF;
        channel->max_flow = what >> 4;
        channel->type = 0x10;
        memset(channel->meter_number, (int)i, sizeof channel->meter_number);
        if ((what & 4u) != 0)
            channel->meter_number[6] = 0xff;
    }
    config->meters_poll_s = POLL_S;
    config->meters_speed = take(input) % NFW_SPEEDS;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct nfw_host host;
    struct input input = {data, size};
    struct nfw_poller poller = {0};
    struct nfw_config config;
    int32_t stored[NFW_CHANNELS] = {0};
    uint32_t sent = 0;
    uint64_t end_us;
    bool is_any = false;

    nfw_host_init(&host);
    memset(&config, 0, sizeof config);
    set_up(&config, &input);
    /* the counter comes round on the way */
    host.now_us = (UINT64_C(4294967295) - take(&input) * 1000u) * US_PER_MS;
    nfw_poller_start(&poller, &config, nfw_port_now_ms());

    for (unsigned i = 0; i < MAX_STEPS; i++) {
        unsigned channel = NFW_CHANNELS;
        int32_t value = 0;
        uint32_t wait = 0;
        const enum nfw_poller_news news =
            nfw_poller_step(&poller, &config, stored, nfw_port_now_ms(), &channel, &value, &wait);

        check(wait > 0);
        check(poller.size <= 261);
        if (news != NFW_POLLER_NOTHING) {
            check(channel < NFW_CHANNELS && config.channel[channel].source != NFW_SOURCE_OFF);
            if (news == NFW_POLLER_VALUE || news == NFW_POLLER_ODD)
                stored[channel] = value;
            continue;
        }
        if (host.line[NFW_LINE_METERS].sent_count != sent) {
            sent = host.line[NFW_LINE_METERS].sent_count;
            answer(&host, &input, &config, &poller);
        }
        if (wait == UINT32_MAX || (input.size == 0 && host.next_stimulus == host.n_stimuli))
            break;
        nfw_port_sleep_until(nfw_port_now_ms() + wait);
    }
    /* when all is quiet it goes on asking */
    sent = host.line[NFW_LINE_METERS].sent_count;
    end_us = host.now_us + UINT64_C(2000000) * POLL_S;
    while (host.now_us < end_us) {
        unsigned channel;
        int32_t value;
        uint32_t wait = 0;

        nfw_poller_step(&poller, &config, stored, nfw_port_now_ms(), &channel, &value, &wait);
        check(wait > 0);
        is_any = wait != UINT32_MAX;
        nfw_port_sleep_until(nfw_port_now_ms() + (wait < 60000u ? wait : 60000u));
    }
    check(!is_any || host.line[NFW_LINE_METERS].sent_count > sent);
    nfw_host_clear(&host);
    return 0;
}
