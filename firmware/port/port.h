/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/*
 * All that the collector wants from a part: a new part implements these calls, and nothing else.
 * They are link-time functions. All but nfw_port_sleep_until() return at once, at the latest after
 * the stated time; nothing here may be called from an interrupt. The main loop is their only user.
 */

/* --- time ----------------------------------------------------------------------------------- */

/* Counts on while asleep; accurate to 1 %, its jumps are no longer than one millisecond. */
nfw_ms nfw_port_now_ms(void);

/* Sleeps until @due, or shorter: any interrupt (pin, byte, end of sending) ends it, also one that
 * came since the last sleep. */
void nfw_port_sleep_until(nfw_ms due);

/**
 * nfw_port_rtc_get:
 * @seconds: the time; untouched on failure
 *
 * Reads the battery backed clock; takes at most 2 ms.
 *
 * Returns: NFW_OK; NFW_ERR_NONE when it has lost the time; NFW_ERR_NACK or NFW_ERR_TIMEOUT
 */
int nfw_port_rtc_get(nfw_seconds *seconds);

/* Sets it and starts it. Returns: NFW_OK, NFW_ERR_NACK or NFW_ERR_TIMEOUT. */
int nfw_port_rtc_set(nfw_seconds seconds);

/* --- inputs --------------------------------------------------------------------------------- */

/* What the pins were at a moment: stamped by the interrupt, however late the main loop comes. */
struct nfw_pins {
    nfw_ms time;
    uint16_t closed;    /* bit n: contact n is closed */
    bool is_after_loss; /* changes between the one before and this one found the queue full */
};

/* The next change since the last call. Returns: false when there is none. */
bool nfw_port_pins_take(struct nfw_pins *pins);

/* The pins as they are now. */
uint16_t nfw_port_pins_read(void);

/* Changes that found the queue full since the last call; not silent, never a count. */
uint16_t nfw_port_pins_take_lost(void);

/* Battery in millivolts; 0 when the part cannot measure it. */
uint16_t nfw_port_battery_mv(void);

/* --- serial lines --------------------------------------------------------------------------- */

enum nfw_line {
    NFW_LINE_BUS,    /* upstream: RS485 or M-Bus, towards the concentrator */
    NFW_LINE_METERS, /* downstream: direct-reading meters */
    NFW_LINES,
};

enum nfw_parity {
    NFW_PARITY_EVEN,
    NFW_PARITY_NONE,
};

#define NFW_RX_GAP  0x01u /* the line had been idle for the gap time before this byte */
#define NFW_RX_BAD  0x02u /* parity or framing error */
#define NFW_RX_LOST 0x04u /* bytes were lost before this one: ring full, or overrun */

struct nfw_rx_byte {
    uint8_t byte;
    uint8_t flags; /* NFW_RX_GAP .. */
    nfw_ms newest; /* when the newest byte of the line came: this one, unless more are waiting */
};

/**
 * nfw_port_line_open:
 * @line: which
 * @speed_baud: 300 to 38400
 * @parity: with 8 data bits and 1 stop bit
 * @gap_ms: an idle time of so long sets NFW_RX_GAP on the byte after it
 *
 * Sets the line up anew, whatever it was doing, with nothing received. The byte that comes first is
 * behind a gap.
 *
 * Returns: NFW_OK, or NFW_ERR_RANGE for a speed that the part cannot make within 2 %
 */
int nfw_port_line_open(enum nfw_line line, uint32_t speed_baud, enum nfw_parity parity,
                       uint16_t gap_ms);

/* The shortest gap that the part can tell from a pause inside a frame: 5 ms on hardware, more where
 * the bytes come through an operating system. */
uint16_t nfw_port_line_gap_floor_ms(void);

/* The next byte received. Returns: false when there is none. */
bool nfw_port_line_take(enum nfw_line line, struct nfw_rx_byte *byte);

/* Begins to send; @bytes must stay as they are while nfw_port_line_is_sending(). The driver is
 * enabled for exactly these bytes, and nothing is received meanwhile. */
void nfw_port_line_send(enum nfw_line line, const uint8_t *bytes, size_t size);

/* False once the last stop bit has left and the driver is released. */
bool nfw_port_line_is_sending(enum nfw_line line);

/* --- I2C: the EEPROM, and what else a board has there --------------------------------------- */

/**
 * nfw_port_i2c_transfer:
 * @address: 7 bits
 * @out: (array length=out_size): written first; @out_size 0 to 66
 * @in: (array length=in_size): read after a new start; @in_size 0 to 64
 *
 * Start, write, start, read, stop; takes at most 10 ms.
 *
 * Returns: NFW_OK; NFW_ERR_NACK when address or a byte was not acknowledged (an EEPROM does that
 *   while it writes); NFW_ERR_TIMEOUT when a line is held
 */
int nfw_port_i2c_transfer(uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                          size_t in_size);

/* Clocks a part that holds the data line until it lets go, and sends a stop. */
void nfw_port_i2c_recover(void);

/* --- the part ------------------------------------------------------------------------------- */

/* Why we run. A part without a cause register tells from nfw_port_remnant() alone. */
enum nfw_reset_cause {
    NFW_RESET_UNKNOWN,
    NFW_RESET_POWER,
    NFW_RESET_WATCHDOG,
    NFW_RESET_FAULT,
    NFW_RESET_ORDER, /* nfw_port_reset() */
};

enum nfw_reset_cause nfw_port_reset_cause(void);

/* RAM that no start-up code touches: survives a reset, not a power cut. */
struct nfw_remnant {
    uint32_t magic;
    uint32_t warm_resets;
    uint8_t stage; /* enum nfw_stage: what the main loop was doing */
    uint8_t fault; /* set by the fault handler */
    uint16_t reserved;
};

struct nfw_remnant *nfw_port_remnant(void);

/* Must be called at least once a second, by the main loop alone; the watchdog bites within 4 s. */
void nfw_port_watchdog_feed(void);

/* Does not return. */
void nfw_port_reset(void);

/* Eight decimal digits in BCD, the last one 0, that no other board has: its number until one is
 * set.
 */
uint32_t nfw_port_board_number(void);
