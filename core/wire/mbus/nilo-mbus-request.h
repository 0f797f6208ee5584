/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-address.h"
#include "nilo-mbus-frame.h"

/*
 * What a master sends (EN 13757-2 and -3). Each function writes one whole frame and returns its
 * size, or 0 when it does not fit or an argument is out of range. NILO_MBUS_MAX_REQUEST bytes are
 * enough for all but nilo_mbus_request_build_data().
 */

#define NILO_MBUS_MAX_REQUEST      24u

#define NILO_MBUS_C_SND_NKE        0x40u
#define NILO_MBUS_C_SND_UD         0x53u /* or 73; some meters know only one of the two */
#define NILO_MBUS_C_REQ_UD2        0x5bu
#define NILO_MBUS_C_REQ_UD1        0x5au
#define NILO_MBUS_C_RSP_UD         0x08u

#define NILO_MBUS_CI_RESET         0x50u
#define NILO_MBUS_CI_DATA          0x51u
#define NILO_MBUS_CI_SELECT        0x52u
#define NILO_MBUS_CI_BAUD_300      0xb8u
#define NILO_MBUS_CI_BAUD_38400    0xbfu
#define NILO_MBUS_RESET_NO_SUBCODE (-1)

/* Resets the link of @a, and deselects with NILO_MBUS_ADDRESS_SELECTED. Answer: E5. */
size_t nilo_mbus_request_build_reset_link(uint8_t a, uint8_t *bytes, size_t capacity);

/* Asks for data of class 2. @count_bit: the frame count bit, set in the first request after a link
 * reset, toggled after each good answer and left alone in a repetition. Answer: RSP_UD. */
size_t nilo_mbus_request_build_readout(uint8_t a, bool count_bit, uint8_t *bytes, size_t capacity);

/* Asks for data of class 1 (alarms). Answer: RSP_UD, or E5 when there are none. */
size_t nilo_mbus_request_build_alarm(uint8_t a, bool count_bit, uint8_t *bytes, size_t capacity);

/* Sends records. @c: NILO_MBUS_C_SND_UD, or with the frame count bit 73. Answer: E5. */
size_t nilo_mbus_request_build_data(uint8_t c, uint8_t a, const uint8_t *records, size_t size,
                                    uint8_t *bytes, size_t capacity);

/* Selects by secondary address; the selected slave then answers at 253. Answer: E5 from each slave
 * that matches. */
size_t nilo_mbus_request_build_select(uint8_t c, const NiloMbusAddress *mask, uint8_t *bytes,
                                      size_t capacity);

/* The same, narrowed by the fabrication number: eight BCD digits, F for any (record 0C 78). */
size_t nilo_mbus_request_build_select_fabrication(uint8_t c, const NiloMbusAddress *mask,
                                                  uint32_t fabrication, uint8_t *bytes,
                                                  size_t capacity);

/* Gives the slave at @a the primary address @address, 0 to 250 (record 01 7A). Answer: E5. */
size_t nilo_mbus_request_build_set_address(uint8_t c, uint8_t a, uint8_t address, uint8_t *bytes,
                                           size_t capacity);

/* Switches the slave to @speed_baud: 300, 600, 1200, 2400, 4800, 9600, 19200 or 38400. Answer: E5
 * at the old speed; the slave falls back unless a valid frame follows at the new one. */
size_t nilo_mbus_request_build_set_baud(uint8_t c, uint8_t a, uint32_t speed_baud, uint8_t *bytes,
                                        size_t capacity);

/* Resets the application. @subcode: 0 to 255, or NILO_MBUS_RESET_NO_SUBCODE. Answer: E5. */
size_t nilo_mbus_request_build_reset_application(uint8_t c, uint8_t a, int subcode, uint8_t *bytes,
                                                 size_t capacity);

/**
 * nilo_mbus_request_parse_select:
 * @frame: a frame from the master
 * @mask: what is asked for; untouched unless the result is NILO_WIRE_OK
 * @fabrication: fabrication number mask, all F when the select has none
 *
 * The slave's side of both selects.
 *
 * Returns: NILO_WIRE_OK, NILO_WIRE_UNSUPPORTED when @frame is no select, NILO_WIRE_BAD_LENGTH
 */
NiloWireResult nilo_mbus_request_parse_select(const NiloMbusFrame *frame, NiloMbusAddress *mask,
                                              uint32_t *fabrication);
