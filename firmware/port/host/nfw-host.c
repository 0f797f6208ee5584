/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-host.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_MS       1000u
#define US_PER_S        1000000u
#define BITS_PER_BYTE   11u /* start, eight, parity, stop */
#define I2C_BYTE_US     23u /* nine bits at 400 kHz */
#define I2C_TIME_OUT_US 10000u

struct nfw_host *nfw_host;

static void
start_parts(struct nfw_host *host)
{
    nfw_pin_queue_start(&host->pin_queue);
    for (unsigned i = 0; i < NFW_LINES; i++) {
        memset(&host->line[i], 0, sizeof host->line[i]);
        nfw_rx_start(&host->line[i].rx, 0);
    }
    host->fed_us = host->now_us;
    host->is_woken = true;
}

void
nfw_host_init(struct nfw_host *host)
{
    memset(host, 0, sizeof *host);
    nfw_host_eeprom_init(&host->eeprom);
    host->closed = 1u << NFW_PIN_COVER;
    host->battery_mv = 3600;
    host->gap_floor_ms = 5;
    host->cause = NFW_RESET_POWER;
    host->board_number = 0x60000010;
    start_parts(host);
    nfw_host = host;
}

void
nfw_host_clear(struct nfw_host *host)
{
    free(host->stimuli);
    host->stimuli = NULL;
    host->n_stimuli = 0;
    host->next_stimulus = 0;
    if (nfw_host == host)
        nfw_host = NULL;
}

struct nfw_host *
nfw_host_new(void)
{
    struct nfw_host *host = malloc(sizeof *host);

    if (host == NULL)
        abort();
    nfw_host_init(host);
    return host;
}

void
nfw_host_free(struct nfw_host *host)
{
    nfw_host_clear(host);
    free(host);
}

void
nfw_host_restart(struct nfw_host *host, bool is_warm)
{
    host->n_stimuli = 0;
    host->next_stimulus = 0;
    host->eeprom.busy_until_us = 0;
    host->eeprom.cut_at_byte = NFW_HOST_EEPROM_NO_CUT;
    if (!is_warm) {
        memset(&host->remnant, 0xa5, sizeof host->remnant);
        host->cause = NFW_RESET_POWER;
    }
    start_parts(host);
    nfw_host = host;
}

void
nfw_host_reset(struct nfw_host *host, enum nfw_reset_cause cause)
{
    host->cause = cause;
    start_parts(host);
    nfw_host = host;
}

void
nfw_host_set_rtc(struct nfw_host *host, nfw_seconds seconds)
{
    host->rtc_us = (uint64_t)seconds * US_PER_S - host->now_us;
    host->is_rtc_set = true;
}

/* --- what happens --------------------------------------------------------------------------- */

static void
plan(struct nfw_host *host, struct nfw_host_stimulus stimulus)
{
    size_t at = host->n_stimuli;

    host->stimuli = realloc(host->stimuli, (host->n_stimuli + 1) * sizeof *host->stimuli);
    if (host->stimuli == NULL)
        abort();
    if (stimulus.at_us < host->now_us)
        stimulus.at_us = host->now_us;
    /* most come in order; of two at one time the one planned first goes first */
    while (at > host->next_stimulus && host->stimuli[at - 1].at_us > stimulus.at_us) {
        host->stimuli[at] = host->stimuli[at - 1];
        at--;
    }
    host->stimuli[at] = stimulus;
    host->n_stimuli++;
}

void
nfw_host_plan_mask(struct nfw_host *host, uint64_t at_us, uint16_t mask, uint16_t closed)
{
    plan(host, (struct nfw_host_stimulus){
                   .at_us = at_us, .kind = NFW_HOST_PINS, .mask = mask, .closed = closed});
}

void
nfw_host_plan_pins(struct nfw_host *host, uint64_t at_us, uint16_t closed)
{
    nfw_host_plan_mask(host, at_us, UINT16_MAX, closed);
}

void
nfw_host_plan_pin(struct nfw_host *host, uint64_t at_us, unsigned pin, bool is_closed)
{
    const uint16_t mask = (uint16_t)(1u << pin);

    nfw_host_plan_mask(host, at_us, mask, is_closed ? mask : 0);
}

uint64_t
nfw_host_plan_byte(struct nfw_host *host, uint64_t at_us, enum nfw_line line, uint8_t byte,
                   uint8_t flags)
{
    const uint32_t speed = host->line[line].speed_baud;
    const uint64_t end_us = at_us + BITS_PER_BYTE * US_PER_S / (speed == 0 ? 2400u : speed);

    plan(host, (struct nfw_host_stimulus){.at_us = end_us,
                                          .kind = NFW_HOST_BYTE,
                                          .line = (uint8_t)line,
                                          .byte = byte,
                                          .flags = flags});
    return end_us;
}

uint64_t
nfw_host_plan_bytes(struct nfw_host *host, uint64_t at_us, enum nfw_line line, const uint8_t *bytes,
                    size_t size)
{
    for (size_t i = 0; i < size; i++)
        at_us = nfw_host_plan_byte(host, at_us, line, bytes[i], 0);
    return at_us;
}

static nfw_ms
to_ms(uint64_t us)
{
    return (nfw_ms)(us / US_PER_MS);
}

void
nfw_host_hear(struct nfw_host *host, enum nfw_line line, uint8_t byte, uint8_t flags)
{
    struct nfw_host_line *hearing = &host->line[line];

    if (hearing->speed_baud == 0 || hearing->sending != NULL)
        return;
    nfw_rx_push_from_isr(&hearing->rx, byte, flags, to_ms(host->now_us));
    host->is_woken = true;
}

static void
happen(struct nfw_host *host, const struct nfw_host_stimulus *stimulus)
{
    const uint16_t mask = stimulus->mask;

    if (stimulus->kind == NFW_HOST_BYTE) {
        nfw_host_hear(host, stimulus->line, stimulus->byte, stimulus->flags);
        return;
    }
    host->closed = (uint16_t)((host->closed & ~mask) | (stimulus->closed & mask));
    nfw_pin_queue_push_from_isr(&host->pin_queue, host->closed, to_ms(host->now_us));
    host->is_woken = true;
}

static void
finish_sending(struct nfw_host *host)
{
    for (unsigned i = 0; i < NFW_LINES; i++) {
        struct nfw_host_line *line = &host->line[i];

        if (line->sending == NULL || host->now_us < line->sending_end_us)
            continue;
        line->sent_size = line->sending_size < sizeof line->sent ? line->sending_size : 0;
        memcpy(line->sent, line->sending, line->sent_size);
        line->sent_start_us = line->sending_start_us;
        line->sent_count++;
        line->sending = NULL;
        host->is_woken = true;
    }
}

void
nfw_host_advance_to(struct nfw_host *host, uint64_t at_us)
{
    while (host->next_stimulus < host->n_stimuli &&
           host->stimuli[host->next_stimulus].at_us <= at_us) {
        const struct nfw_host_stimulus stimulus = host->stimuli[host->next_stimulus++];

        if (stimulus.at_us > host->now_us)
            host->now_us = stimulus.at_us;
        finish_sending(host);
        happen(host, &stimulus);
    }
    if (at_us > host->now_us)
        host->now_us = at_us;
    finish_sending(host);
    if (host->next_stimulus == host->n_stimuli) {
        host->next_stimulus = 0;
        host->n_stimuli = 0;
    }
}

static void
wait_until(struct nfw_host *host, uint64_t until_us)
{
    if (host->world != NULL)
        host->world->wait(host, until_us);
    else
        nfw_host_advance_to(host, until_us);
}

/* --- port.h --------------------------------------------------------------------------------- */

nfw_ms
nfw_port_now_ms(void)
{
    if (nfw_host->world != NULL)
        nfw_host->world->wait(nfw_host, 0);
    return to_ms(nfw_host->now_us);
}

void
nfw_port_sleep_until(nfw_ms due)
{
    const int32_t left = (int32_t)(due - nfw_port_now_ms());
    uint64_t until = nfw_host->now_us;

    if (nfw_host->is_woken) {
        nfw_host->is_woken = false;
        return;
    }
    if (left > 0)
        until = (nfw_host->now_us / US_PER_MS + (uint64_t)left) * US_PER_MS;
    for (unsigned i = 0; i < NFW_LINES; i++) {
        if (nfw_host->line[i].sending != NULL && nfw_host->line[i].sending_end_us < until)
            until = nfw_host->line[i].sending_end_us;
    }
    if (nfw_host->next_stimulus < nfw_host->n_stimuli &&
        nfw_host->stimuli[nfw_host->next_stimulus].at_us < until)
        until = nfw_host->stimuli[nfw_host->next_stimulus].at_us;
    wait_until(nfw_host, until);
    nfw_host->is_woken = false;
}

int
nfw_port_rtc_get(nfw_seconds *seconds)
{
    if (nfw_host->is_rtc_dead || nfw_host->is_i2c_stuck)
        return NFW_ERR_NACK;
    if (!nfw_host->is_rtc_set)
        return NFW_ERR_NONE;
    *seconds = (nfw_seconds)((nfw_host->rtc_us + nfw_host->now_us) / US_PER_S);
    return NFW_OK;
}

int
nfw_port_rtc_set(nfw_seconds seconds)
{
    if (nfw_host->is_rtc_dead || nfw_host->is_i2c_stuck)
        return NFW_ERR_NACK;
    nfw_host_set_rtc(nfw_host, seconds);
    return NFW_OK;
}

bool
nfw_port_pins_take(struct nfw_pins *pins)
{
    return nfw_pin_queue_take(&nfw_host->pin_queue, pins);
}

uint16_t
nfw_port_pins_read(void)
{
    return nfw_host->closed;
}

uint16_t
nfw_port_pins_take_lost(void)
{
    return nfw_pin_queue_take_lost(&nfw_host->pin_queue);
}

uint16_t
nfw_port_battery_mv(void)
{
    return nfw_host->battery_mv;
}

int
nfw_port_line_open(enum nfw_line line, uint32_t speed_baud, enum nfw_parity parity, uint16_t gap_ms)
{
    struct nfw_host_line *opened = &nfw_host->line[line];

    if (speed_baud < 300 || speed_baud > 38400)
        return NFW_ERR_RANGE;
    opened->speed_baud = speed_baud;
    opened->parity = parity;
    opened->sending = NULL;
    nfw_rx_start(&opened->rx, gap_ms);
    return NFW_OK;
}

uint16_t
nfw_port_line_gap_floor_ms(void)
{
    return nfw_host->gap_floor_ms;
}

bool
nfw_port_line_take(enum nfw_line line, struct nfw_rx_byte *byte)
{
    return nfw_rx_take(&nfw_host->line[line].rx, byte);
}

void
nfw_port_line_send(enum nfw_line line, const uint8_t *bytes, size_t size)
{
    struct nfw_host_line *sender = &nfw_host->line[line];

    sender->sending = bytes;
    sender->sending_size = size;
    sender->sending_start_us = nfw_host->now_us;
    sender->sending_end_us =
        nfw_host->now_us + size * BITS_PER_BYTE * US_PER_S / sender->speed_baud;
    if (nfw_host->world != NULL) {
        nfw_host->world->send(nfw_host, line, bytes, size);
        sender->sending_end_us = nfw_host->now_us;
    }
}

bool
nfw_port_line_is_sending(enum nfw_line line)
{
    return nfw_host->line[line].sending != NULL;
}

/* Returns: as nfw_port_i2c_transfer(). In real time reading takes none: a whole EEPROM is searched
 * at each start. */
static int
transfer_to_eeprom(struct nfw_host *host, const uint8_t *out, size_t out_size, uint8_t *in,
                   size_t in_size)
{
    const uint64_t end_us = host->now_us + (out_size + in_size + 2) * I2C_BYTE_US;
    const bool is_write = out_size > 2 && in_size == 0;
    uint8_t before[NFW_EEPROM_PAGE_SIZE];
    uint32_t page = 0;
    bool is_cut = false;
    int result;

    if (is_write) {
        page = ((uint32_t)out[0] << 8 | out[1]) & ~(NFW_EEPROM_PAGE_SIZE - 1u);
        memcpy(before, &host->eeprom.cells[page], sizeof before);
    }
    result =
        nfw_host_eeprom_transfer(&host->eeprom, host->now_us, out, out_size, in, in_size, &is_cut);
    if (is_cut)
        longjmp(*host->cut, 1);
    if (is_write && result == NFW_OK && host->world != NULL)
        host->world->store(host, page, before);
    if (host->world == NULL || is_write || result != NFW_OK)
        wait_until(host, end_us);
    return result;
}

int
nfw_port_i2c_transfer(uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                      size_t in_size)
{
    if (nfw_host->world != NULL)
        nfw_host->world->wait(nfw_host, 0);
    if (nfw_host->is_i2c_stuck) {
        wait_until(nfw_host, nfw_host->now_us + I2C_TIME_OUT_US);
        return NFW_ERR_TIMEOUT;
    }
    if (address != NFW_EEPROM_ADDRESS)
        return NFW_ERR_NACK;
    return transfer_to_eeprom(nfw_host, out, out_size, in, in_size);
}

void
nfw_port_i2c_recover(void)
{
    if (nfw_host->i2c_recoveries_needed > 1) {
        nfw_host->i2c_recoveries_needed--;
        return;
    }
    nfw_host->i2c_recoveries_needed = 0;
    nfw_host->is_i2c_stuck = false;
}

enum nfw_reset_cause
nfw_port_reset_cause(void)
{
    return nfw_host->cause;
}

struct nfw_remnant *
nfw_port_remnant(void)
{
    return &nfw_host->remnant;
}

void
nfw_port_watchdog_feed(void)
{
    nfw_host->fed_us = nfw_host->now_us;
    nfw_host->feeds++;
}

void
nfw_port_reset(void)
{
    nfw_host->cause = NFW_RESET_ORDER;
    longjmp(*nfw_host->cut, 2);
}

uint32_t
nfw_port_board_number(void)
{
    return nfw_host->board_number;
}
