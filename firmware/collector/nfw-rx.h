/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "port.h"

#include <stdatomic.h>

/*
 * From a UART's interrupt to the main loop. Ports own one per line; nothing here touches hardware.
 * One writer (the interrupt) and one reader (the main loop), hence no lock.
 */
#define NFW_RX_SIZE 256u

struct nfw_rx {
    _Atomic uint16_t head; /* bytes ever received; written by the interrupt only */
    _Atomic uint16_t tail; /* bytes ever taken; written by the main loop only */
    uint16_t gap_ms;
    bool is_fresh;       /* the next byte is behind a gap, whenever it comes */
    bool is_lossy;       /* the next byte is behind lost ones */
    _Atomic nfw_ms last; /* when the last byte came; written by the interrupt only */
    uint8_t bytes[NFW_RX_SIZE];
    uint8_t flags[NFW_RX_SIZE / 2u]; /* four bits a byte */
};

/* With the interrupt off. */
void nfw_rx_start(struct nfw_rx *rx, uint16_t gap_ms);

/* @flags: NFW_RX_BAD as the hardware says; a full ring loses the byte, and marks the next one. */
void nfw_rx_push_from_isr(struct nfw_rx *rx, uint8_t byte, uint8_t flags, nfw_ms now);

bool nfw_rx_take(struct nfw_rx *rx, struct nfw_rx_byte *byte);
