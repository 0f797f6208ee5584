/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NILO_CJT188_STATUS_SIZE 2

/*
 * Which bits of ST0 and ST1 mean what: data, so that a meter model can bring its own. A mask holds
 * ST0 in its low byte and ST1 in its high byte; a mask of 0 says that the meter does not tell.
 */
typedef struct {
    uint16_t inverted; /* bits that are 1 for "no" */
    uint16_t closed;   /* valve is closed; together with fault: the valve is stuck */
    uint16_t fault;
    uint16_t battery_low;
} NiloCjt188StatusMap;

/* ST0: bits 1 and 0 are the valve (00 open, 01 closed, 11 fault), bit 2 a low battery. */
extern const NiloCjt188StatusMap nilo_cjt188_status_map_standard;
/* The same with the bits of ST0 counted from the other end, as some valve meters send it. */
extern const NiloCjt188StatusMap nilo_cjt188_status_map_mirrored;

typedef enum {
    NILO_CJT188_VALVE_IS_UNKNOWN, /* the map has no valve */
    NILO_CJT188_VALVE_IS_OPEN,
    NILO_CJT188_VALVE_IS_CLOSED,
    NILO_CJT188_VALVE_IS_FAULTY,
    NILO_CJT188_VALVE_IS_RESERVED, /* fault without closed: the standard gives 10 no meaning */
} NiloCjt188Valve;

typedef enum {
    NILO_CJT188_BATTERY_IS_UNKNOWN,
    NILO_CJT188_BATTERY_IS_OK,
    NILO_CJT188_BATTERY_IS_LOW,
} NiloCjt188Battery;

typedef struct {
    NiloCjt188Valve valve;
    NiloCjt188Battery battery;
    uint16_t vendor; /* the bits that the map does not name, as received */
} NiloCjt188Status;

/* Reads ST0 ST1. */
NiloCjt188Status nilo_cjt188_status_parse(const NiloCjt188StatusMap *map,
                                          const uint8_t bytes[NILO_CJT188_STATUS_SIZE]);

/* Writes ST0 ST1; what the map cannot say, and a reserved valve state, is left out. */
void nilo_cjt188_status_build(const NiloCjt188StatusMap *map, const NiloCjt188Status *status,
                              uint8_t bytes[NILO_CJT188_STATUS_SIZE]);
