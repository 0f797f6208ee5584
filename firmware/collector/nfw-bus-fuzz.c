/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-bus.h"
#include "nfw-host.h"
#include "nfw-mbus-for-test.h"

#include <stdlib.h>
#include <string.h>

/*
 * Bytes, pauses and sound or spoiled requests of both protocols, at the times of a real line.
 * Whatever comes: nothing is sent but behind a sound request to us, by a look at the bytes that
 * shares nothing with the slaves, and nothing outside the window of EN 13757-2.
 */
#define HEARD_MAX  300u
#define CJT188_MIN 13u

static struct nfw_host host;
static struct nfw_collector collector;
static struct nfw_bus bus;

static uint8_t heard[HEARD_MAX]; /* what the line has brought, clicks left out */
static size_t n_heard;
static uint64_t heard_us; /* when the last of it ended */
static uint32_t sent;

static bool
is_mbus_request(const uint8_t *bytes, size_t size)
{
    if (!fake_is_sound(bytes, size))
        return false;
    if (size == 5)
        return bytes[1] == 0x40 || (bytes[1] & 0xde) == 0x5a;
    return size >= 9 && (bytes[4] == 0x53 || bytes[4] == 0x73);
}

static bool
is_cjt188_request(const uint8_t *bytes, size_t size)
{
    unsigned sum = 0;

    if (size < CJT188_MIN || bytes[0] != 0x68 || (bytes[9] & 0xc0) != 0 ||
        bytes[10] + CJT188_MIN != size || bytes[size - 1] != 0x16)
        return false;
    for (size_t i = 0; i < size - 2; i++)
        sum += bytes[i];
    return (sum & 0xff) == bytes[size - 2];
}

static bool
ends_with_request(void)
{
    for (size_t size = 5; size <= n_heard; size++) {
        const uint8_t *bytes = heard + n_heard - size;

        if (is_mbus_request(bytes, size) || is_cjt188_request(bytes, size))
            return true;
    }
    return false;
}

static void
check_sending(void)
{
    const struct nfw_host_line *line = &host.line[NFW_LINE_BUS];
    uint64_t start_us;
    uint64_t window_us;

    if (line->sent_count == sent && line->sending == NULL)
        return;
    start_us = line->sending != NULL ? line->sending_start_us : line->sent_start_us;
    /* an ordered speed comes into force behind the answer: the line's is the request's until then
     */
    window_us = UINT64_C(330000000) / line->speed_baud + 50000;
    if (!ends_with_request())
        abort();
    if (line->sending != NULL && (start_us < heard_us + UINT64_C(11000000) / line->speed_baud ||
                                  start_us > heard_us + window_us))
        abort();
    sent = line->sent_count;
}

static void
run_until(uint64_t us)
{
    while (host.now_us < us) {
        const nfw_ms now = nfw_port_now_ms();
        uint32_t wait = nfw_bus_step(&bus, &collector, now);
        const uint32_t left = (uint32_t)((us - host.now_us + 999) / 1000);

        if (wait == 0)
            abort();
        check_sending();
        nfw_port_sleep_until(now + (wait < left ? wait : left));
        check_sending();
    }
}

static void
hear(uint8_t byte, uint8_t flags)
{
    const uint64_t end_us = nfw_host_plan_byte(&host, host.now_us, NFW_LINE_BUS, byte, flags);

    run_until(end_us);
    if (host.line[NFW_LINE_BUS].sending != NULL)
        return; /* nobody heard it */
    if ((byte == 0x00 || byte == 0xff) && bus.is_answering)
        return;
    if (n_heard == HEARD_MAX) {
        memmove(heard, heard + 1, HEARD_MAX - 1);
        n_heard--;
    }
    if ((flags & NFW_RX_BAD) != 0)
        n_heard = 0;
    else
        heard[n_heard++] = byte;
    heard_us = end_us;
}

static size_t
make_cjt188(const uint8_t *data, size_t size, uint8_t *bytes)
{
    static const uint8_t head[] = {0xfe, 0x68, 0x10, 0x71, 0x56, 0x34, 0x12, 0, 0, 0, 0x01};
    unsigned sum = 0;
    size_t length = sizeof head;

    memcpy(bytes, head, sizeof head);
    bytes[length++] = (uint8_t)size;
    memcpy(bytes + length, data, size);
    length += size;
    for (size_t i = 1; i < length; i++)
        sum += bytes[i];
    bytes[length++] = (uint8_t)sum;
    bytes[length++] = 0x16;
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nfw_host_init(&host);
    fake_init(&collector);
    memset(&bus, 0, sizeof bus);
    n_heard = 0;
    sent = 0;
    heard_us = 0;
    collector.config.speed = size > 0 ? data[0] % NFW_SPEEDS : 0;
    nfw_bus_start(&bus, &collector, nfw_port_now_ms());
    for (size_t i = 1; i + 3 < size; i += 4) {
        const uint8_t *part = data + i;
        uint8_t bytes[64] = {part[1]};
        size_t length = 1;

        switch (part[0] % 8) {
        case 0:
            run_until(host.now_us + (uint64_t)part[1] * part[1] * 1000u);
            continue;
        case 1:
            nfw_host_advance_to(&host, host.now_us + part[1] * 1000u); /* the loop is busy */
            continue;
        case 2:
            length = make_cjt188(part + 1, 3, bytes);
            break;
        case 3:
            length = fake_long(0x53, (uint8_t)(10 + part[1] % 4), (uint8_t)(0xb8 + part[2] % 8),
                               NULL, 0, bytes);
            break;
        case 4:
            length = fake_select(0x12345671u | (uint32_t)part[1] % 16u, bytes);
            break;
        case 5:
        case 6:
            length = fake_short((part[1] & 1) != 0 ? 0x7b : 0x40,
                                (part[1] & 2) != 0 ? 0xfd : (uint8_t)(10 + part[2] % 5), bytes);
            break;
        default:
            break;
        }
        for (size_t k = 0; k < length; k++)
            hear((uint8_t)(bytes[k] ^ (part[3] < 64 && k == part[3] % length ? part[2] : 0)),
                 part[3] >= 0xf8 && k == 0 ? NFW_RX_BAD : 0);
    }
    run_until(host.now_us + 3000000u);
    nfw_host_clear(&host);
    return 0;
}
