/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-host-eeprom.h"
#include "nfw-pin-queue.h"
#include "nfw-rx.h"

#include <setjmp.h>

/*
 * A board made of memory, with a clock of its own: a test says what happens on its pins and lines
 * at which microsecond, and lets time pass. What the collector does takes the time it would take
 * (I2C at 400 kHz, EEPROM write cycles, bytes on the line), and what happens meanwhile is queued
 * with its own stamp, as interrupts do. A process may have any number of boards; port.h speaks of
 * nfw_host.
 */
#define NFW_HOST_SENT_MAX 1024u

struct nfw_host_line {
    struct nfw_rx rx;
    uint32_t speed_baud; /* 0: not open */
    enum nfw_parity parity;
    const uint8_t *sending; /* NULL: nothing is */
    size_t sending_size;
    uint64_t sending_start_us;
    uint64_t sending_end_us;
    uint8_t sent[NFW_HOST_SENT_MAX]; /* the last thing sent */
    size_t sent_size;
    uint64_t sent_start_us; /* when its first start bit began */
    uint32_t sent_count;    /* things sent ever */
};

enum nfw_host_stimulus_kind {
    NFW_HOST_PINS,
    NFW_HOST_BYTE,
};

struct nfw_host_stimulus {
    uint64_t at_us;
    enum nfw_host_stimulus_kind kind;
    uint8_t line;
    uint8_t byte;
    uint8_t flags;
    uint16_t mask; /* these pins become */
    uint16_t closed;
};

struct nfw_host;

/* What a board in real time hands to the process around it. Without one all that happens is
 * planned, and time passes when the collector waits for it. */
struct nfw_host_world {
    /* until @until_us at the latest, shorter when something happens; then nfw_host_advance_to()
     * the time it is. @until_us may be past: look what has happened, and return. */
    void (*wait)(struct nfw_host *host, uint64_t until_us);
    /* all bytes at once, as the first start bit begins; who takes them keeps the pace of a line,
     * for the board they have left with this */
    void (*send)(struct nfw_host *host, enum nfw_line line, const uint8_t *bytes, size_t size);
    /* a write cycle of the EEPROM begins: @before is what @page held */
    void (*store)(struct nfw_host *host, uint32_t page, const uint8_t *before);
};

struct nfw_host {
    uint64_t now_us;
    struct nfw_host_eeprom eeprom;
    struct nfw_pin_queue pin_queue;
    uint16_t closed; /* the pins now */
    struct nfw_host_line line[NFW_LINES];
    uint64_t rtc_us; /* its time at now_us 0 of the board, in microseconds since 2000 */
    bool is_rtc_set;
    bool is_rtc_dead;               /* does not answer */
    bool is_i2c_stuck;              /* somebody holds the data line */
    unsigned i2c_recoveries_needed; /* until it lets go; 0: a recovery always helps */
    uint16_t battery_mv;
    uint16_t gap_floor_ms;
    struct nfw_remnant remnant;
    enum nfw_reset_cause cause;
    uint32_t board_number;
    uint64_t fed_us; /* when the watchdog was fed */
    uint32_t feeds;
    jmp_buf *cut; /* where a power cut or a reset leads to; must be set for either */
    struct nfw_host_stimulus *stimuli; /* in the order of time */
    size_t n_stimuli;
    size_t next_stimulus;
    bool is_woken; /* something happened that the main loop may not have seen */
    const struct nfw_host_world *world; /* NULL: none */
};

/* The board that port.h is about. */
extern struct nfw_host *nfw_host;

/* An empty EEPROM, all contacts open but the cover's, no time, 3600 mV. Becomes the current board.
 */
void nfw_host_init(struct nfw_host *host);
void nfw_host_clear(struct nfw_host *host);

/* The same on the heap; a test cannot go on without it. */
struct nfw_host *nfw_host_new(void);
void nfw_host_free(struct nfw_host *host);

/* As after a power cut: RAM, lines and stimuli are gone; EEPROM and clock are as they were. Also
 * forgets the remnant unless @is_warm. */
void nfw_host_restart(struct nfw_host *host, bool is_warm);

/* As after a reset of the part alone: what happens around it goes on. */
void nfw_host_reset(struct nfw_host *host, enum nfw_reset_cause cause);

void nfw_host_set_rtc(struct nfw_host *host, nfw_seconds seconds);

/* What shall happen, at the latest now. */
void nfw_host_plan_pins(struct nfw_host *host, uint64_t at_us, uint16_t closed);
void nfw_host_plan_pin(struct nfw_host *host, uint64_t at_us, unsigned pin, bool is_closed);
void nfw_host_plan_mask(struct nfw_host *host, uint64_t at_us, uint16_t mask, uint16_t closed);
/* One after the other at the line's speed. Returns: when the last stop bit ends. */
uint64_t nfw_host_plan_bytes(struct nfw_host *host, uint64_t at_us, enum nfw_line line,
                             const uint8_t *bytes, size_t size);
uint64_t nfw_host_plan_byte(struct nfw_host *host, uint64_t at_us, enum nfw_line line, uint8_t byte,
                            uint8_t flags);

/* A byte comes now; nobody hears it while the line is closed or sending. */
void nfw_host_hear(struct nfw_host *host, enum nfw_line line, uint8_t byte, uint8_t flags);

/* Lets time pass, and what is planned for it happen. */
void nfw_host_advance_to(struct nfw_host *host, uint64_t at_us);
