/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-rx.h"

static void
put_flags(struct nfw_rx *rx, uint16_t at, uint8_t flags)
{
    uint8_t *pair = &rx->flags[at / 2u];

    if ((at & 1u) != 0u) {
        *pair = (uint8_t)((*pair & 0x0fu) | (flags << 4));
    } else {
        *pair = (uint8_t)((*pair & 0xf0u) | flags);
    }
}

void
nfw_rx_start(struct nfw_rx *rx, uint16_t gap_ms)
{
    atomic_store(&rx->head, 0u);
    atomic_store(&rx->tail, 0u);
    rx->gap_ms = gap_ms;
    rx->is_fresh = true;
    rx->is_lossy = false;
    atomic_store(&rx->last, 0u);
}

void
nfw_rx_push_from_isr(struct nfw_rx *rx, uint8_t byte, uint8_t flags, nfw_ms now)
{
    const uint16_t head = atomic_load_explicit(&rx->head, memory_order_relaxed);
    const uint16_t tail = atomic_load_explicit(&rx->tail, memory_order_acquire);
    const uint16_t at = head & (NFW_RX_SIZE - 1u);

    if (rx->is_fresh || now - atomic_load_explicit(&rx->last, memory_order_relaxed) >= rx->gap_ms) {
        flags |= NFW_RX_GAP;
    }
    atomic_store_explicit(&rx->last, now, memory_order_relaxed);
    rx->is_fresh = false;

    if ((uint16_t)(head - tail) == NFW_RX_SIZE) {
        /* a gap before a lost byte is a gap before the next one that is kept */
        rx->is_fresh = (flags & NFW_RX_GAP) != 0u;
        rx->is_lossy = true;
        return;
    }
    if (rx->is_lossy) {
        flags |= NFW_RX_LOST;
        rx->is_lossy = false;
    }
    rx->bytes[at] = byte;
    put_flags(rx, at, flags);
    atomic_store_explicit(&rx->head, (uint16_t)(head + 1u), memory_order_release);
}

bool
nfw_rx_take(struct nfw_rx *rx, struct nfw_rx_byte *byte)
{
    const uint16_t tail = atomic_load_explicit(&rx->tail, memory_order_relaxed);
    const uint16_t head = atomic_load_explicit(&rx->head, memory_order_acquire);
    const uint16_t at = tail & (NFW_RX_SIZE - 1u);

    if (head == tail) {
        return false;
    }
    byte->byte = rx->bytes[at];
    byte->flags = (rx->flags[at / 2u] >> ((at & 1u) * 4u)) & 0x0fu;
    byte->newest = atomic_load_explicit(&rx->last, memory_order_relaxed);
    atomic_store_explicit(&rx->tail, (uint16_t)(tail + 1u), memory_order_release);
    return true;
}
