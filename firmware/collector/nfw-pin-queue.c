/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-pin-queue.h"

void
nfw_pin_queue_start(struct nfw_pin_queue *queue)
{
    atomic_store(&queue->head, 0u);
    atomic_store(&queue->tail, 0u);
    atomic_store(&queue->lost, 0u);
    queue->is_lossy = false;
}

void
nfw_pin_queue_push_from_isr(struct nfw_pin_queue *queue, uint16_t closed, nfw_ms now)
{
    const uint8_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    const uint8_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    struct nfw_pins *pins = &queue->pins[head & (NFW_PIN_QUEUE_SIZE - 1u)];

    if ((uint8_t)(head - tail) == NFW_PIN_QUEUE_SIZE) {
        const uint16_t lost = atomic_load_explicit(&queue->lost, memory_order_relaxed);

        if (lost < UINT16_MAX) {
            atomic_store_explicit(&queue->lost, (uint16_t)(lost + 1u), memory_order_relaxed);
        }
        queue->is_lossy = true;
        return;
    }
    pins->time = now;
    pins->closed = closed;
    pins->is_after_loss = queue->is_lossy;
    queue->is_lossy = false;
    atomic_store_explicit(&queue->head, (uint8_t)(head + 1u), memory_order_release);
}

bool
nfw_pin_queue_take(struct nfw_pin_queue *queue, struct nfw_pins *pins)
{
    const uint8_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    const uint8_t head = atomic_load_explicit(&queue->head, memory_order_acquire);

    if (head == tail) {
        return false;
    }
    *pins = queue->pins[tail & (NFW_PIN_QUEUE_SIZE - 1u)];
    atomic_store_explicit(&queue->tail, (uint8_t)(tail + 1u), memory_order_release);
    return true;
}

uint16_t
nfw_pin_queue_take_lost(struct nfw_pin_queue *queue)
{
    /* one that is counted between the two is told of only when the next one is: no harm, since the
     * caller samples the pins anew for any number of them; an atomic exchange is no single
     * instruction on the smallest cores */
    const uint16_t lost = atomic_load_explicit(&queue->lost, memory_order_relaxed);

    if (lost != 0u) {
        atomic_store_explicit(&queue->lost, 0u, memory_order_relaxed);
    }
    return lost;
}
