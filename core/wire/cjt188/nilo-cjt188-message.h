/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-frame.h"

/* The control field C: bit 7 answer, bit 6 abnormal, bit 5 see below, bits 4 to 0 function. */
#define NILO_CJT188_CONTROL_ANSWER   0x80
#define NILO_CJT188_CONTROL_ABNORMAL 0x40
/* 2018 edition: more frames follow; in 2004 the codes with this bit belonged to the vendors */
#define NILO_CJT188_CONTROL_FOLLOW   0x20
#define NILO_CJT188_CONTROL_FUNCTION 0x1f

typedef enum {
    NILO_CJT188_READ_DATA = 0x01,
    NILO_CJT188_READ_ADDRESS = 0x03,
    NILO_CJT188_WRITE_DATA = 0x04,
    NILO_CJT188_READ_KEY_VERSION = 0x09,
    NILO_CJT188_WRITE_ADDRESS = 0x15,
    NILO_CJT188_WRITE_COUNTER = 0x16, /* "motor sync": sets the electronic register */
} NiloCjt188Function;

/* "read data"; NULL for functions the standard does not list. */
const char *nilo_cjt188_function_get_name(uint8_t function);

/* True for the three functions that change something in the meter. */
bool nilo_cjt188_function_is_write(uint8_t function);

/*
 * Data identifiers (DI), written high byte first as the 2004 edition prints them. On the wire both
 * byte orders are in use, sometimes one in the request and the other in the answer.
 */
#define NILO_CJT188_DI_CURRENT               0x901f /* current metering data */
#define NILO_CJT188_DI_SETTLEMENT_FIRST      0xd120 /* settlement value of last month, */
#define NILO_CJT188_DI_SETTLEMENT_LAST       0xd12b /* down to twelve months ago */
#define NILO_CJT188_DI_PRICE_TABLE           0x8102
#define NILO_CJT188_DI_SETTLEMENT_DAY        0x8103
#define NILO_CJT188_DI_READING_DAY           0x8104
#define NILO_CJT188_DI_PURCHASE              0x8105
#define NILO_CJT188_DI_KEY_VERSION           0x8106
#define NILO_CJT188_DI_ADDRESS               0x810a
#define NILO_CJT188_DI_WRITE_PRICE_TABLE     0xa010
#define NILO_CJT188_DI_WRITE_SETTLEMENT_DAY  0xa011
#define NILO_CJT188_DI_WRITE_READING_DAY     0xa012
#define NILO_CJT188_DI_WRITE_PURCHASE        0xa013
#define NILO_CJT188_DI_WRITE_KEY             0xa014
#define NILO_CJT188_DI_WRITE_CLOCK           0xa015
#define NILO_CJT188_DI_WRITE_COUNTER         0xa016
#define NILO_CJT188_DI_WRITE_VALVE           0xa017
#define NILO_CJT188_DI_WRITE_ADDRESS         0xa018
#define NILO_CJT188_DI_WRITE_FACTORY_RELEASE 0xa019
#define NILO_CJT188_DI_CHANGE_KEY            0xa107 /* 2018 edition */

/* the data of NILO_CJT188_DI_WRITE_VALVE */
#define NILO_CJT188_VALVE_OPEN  0x55
#define NILO_CJT188_VALVE_CLOSE 0x99

/*
 * "current metering data"; NULL for identifiers that neither the standard nor the vendors we know
 * of use. The ranges D200 to D4FF (2018: monthly, timed and instant freezes) have names too, and so
 * have D500 to D7FF, which our own data collector uses.
 */
const char *nilo_cjt188_di_get_name(uint16_t di);

typedef enum {
    NILO_CJT188_HIGH_FIRST, /* 90 1F: most 2004 meters */
    NILO_CJT188_LOW_FIRST,  /* 1F 90: the 2018 edition, and some 2004 meters */
} NiloCjt188Order;

/**
 * nilo_cjt188_di_from_wire:
 * @first: the byte that came first
 * @second: the byte that came second
 * @order: (out): which order they were in
 *
 * Tells which data identifier two wire bytes mean. An order that gives a named identifier wins;
 * when both do, or none does, the one whose high byte begins a known group (81, 90, 91, A0, A1, D1
 * to D7); then high first. Only pairs of two group bytes, such as D2 D3, remain a matter of that
 * last rule.
 *
 * Returns: the identifier, high byte first
 */
uint16_t nilo_cjt188_di_from_wire(uint8_t first, uint8_t second, NiloCjt188Order *order);

/* What a frame carries, request or answer. */
typedef struct {
    uint8_t function; /* NiloCjt188Function, or what else the five bits say */
    bool is_answer;
    bool is_abnormal;
    bool has_follow_flag; /* bit 5 of C, see NILO_CJT188_CONTROL_FOLLOW */
    bool has_di;          /* not in standard abnormal answers */
    bool has_serial;      /* read-address frames of some meters have none */
    bool has_error_code;  /* abnormal answers of shape DI, SER, code */
    uint16_t di;
    NiloCjt188Order order;  /* of the two DI bytes on the wire */
    uint8_t serial;         /* SER: counted up by the master, echoed by the meter */
    uint8_t error_code;     /* vendor's number */
    const uint8_t *payload; /* what stands behind these, borrowed; ST0 ST1 in abnormal answers */
    uint8_t payload_size;
} NiloCjt188Message;

/**
 * nilo_cjt188_message_parse:
 * @frame: a frame, whether its sum is right or not
 * @message: (out): what it carries; points into the frame's bytes
 *
 * Takes the data apart: the standard's DI DI SER with data, DI DI alone (read address of some
 * meters), and the abnormal shapes SER ST0 ST1 and DI DI SER code. Never fails, since every length
 * has a meaning.
 */
void nilo_cjt188_message_parse(const NiloCjt188Frame *frame, NiloCjt188Message *message);

/**
 * nilo_cjt188_message_is_answer_to:
 * @answer: what came
 * @request: what was sent
 *
 * Compares function, and DI and SER where both have them. The addresses stand in the frames, and
 * are the caller's to compare.
 *
 * Returns: false for an echo, a late answer, or an answer to something else
 */
bool nilo_cjt188_message_is_answer_to(const NiloCjt188Message *answer,
                                      const NiloCjt188Message *request);

/**
 * nilo_cjt188_message_make_answer:
 * @request: what the meter was asked
 * @payload: (array length=payload_size) (nullable): what it answers; borrowed
 * @payload_size: bytes in @payload
 * @answer: (out): the same function, identifier, byte order and SER as in @request
 */
void nilo_cjt188_message_make_answer(const NiloCjt188Message *request, const uint8_t *payload,
                                     uint8_t payload_size, NiloCjt188Message *answer);

/**
 * nilo_cjt188_message_make_refusal:
 * @request: what the meter was asked
 * @status: ST0 ST1; borrowed
 * @answer: (out): the standard's abnormal answer, SER ST0 ST1 without an identifier
 */
void nilo_cjt188_message_make_refusal(const NiloCjt188Message *request, const uint8_t status[2],
                                      NiloCjt188Message *answer);

/**
 * nilo_cjt188_message_build:
 * @message: request or answer; its payload may be NULL when payload_size is 0
 * @preamble_size: FE bytes in front, 0 to NILO_CJT188_PREAMBLE_MAX_SIZE
 * @type: T
 * @address: the meter's address, or a wildcard in requests to read
 * @bytes: (array length=capacity): where to write
 * @capacity: room in @bytes; NILO_CJT188_PREAMBLE_MAX_SIZE + NILO_CJT188_FRAME_MAX_SIZE always do
 * @size: (out): bytes written; untouched on failure
 *
 * Builds a whole frame: the inverse of nilo_cjt188_message_parse(), for master and meter.
 *
 * Returns: %NILO_WIRE_OK; %NILO_WIRE_TOO_LONG when the payload exceeds the standard's limits or the
 *   frame its room; %NILO_WIRE_BAD_VALUE for a function of more than five bits, and for a request
 * to write to a wildcard, which would reach every meter on the wire
 */
NiloWireResult nilo_cjt188_message_build(const NiloCjt188Message *message, size_t preamble_size,
                                         uint8_t type, const NiloCjt188Address *address,
                                         uint8_t *bytes, size_t capacity, size_t *size);
