/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "port.h"

#include <stdatomic.h>

/* From the pins' interrupt to the main loop: every change with its time. One writer, one reader. */
#define NFW_PIN_QUEUE_SIZE 32u

struct nfw_pin_queue {
    _Atomic uint8_t head;  /* changes ever queued; written by the interrupt only */
    _Atomic uint8_t tail;  /* changes ever taken; written by the main loop only */
    _Atomic uint16_t lost; /* changes that found it full */
    bool is_lossy;         /* the next one is behind lost ones; the interrupt's own */
    struct nfw_pins pins[NFW_PIN_QUEUE_SIZE];
};

/* With the interrupt off. */
void nfw_pin_queue_start(struct nfw_pin_queue *queue);

/* Called by the interrupt of any pin, with all of them. */
void nfw_pin_queue_push_from_isr(struct nfw_pin_queue *queue, uint16_t closed, nfw_ms now);

bool nfw_pin_queue_take(struct nfw_pin_queue *queue, struct nfw_pins *pins);

uint16_t nfw_pin_queue_take_lost(struct nfw_pin_queue *queue);
