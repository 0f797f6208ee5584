/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-lab.h"
#include "nfw-lm3s.h"
#include "nfw-pin-queue.h"

/* Which pins of ours are where; README.md has the same as a table. Contacts close to ground. */
struct run {
    uint32_t port;
    uint8_t mask;  /* of the port's pins */
    uint8_t shift; /* the lowest of them */
    uint8_t first; /* our number for that one */
};

static const struct run runs[] = {
    {GPIO_E, 0x0fu, 0u, 0u}, /* the board's keys up, down, left, right */
    {GPIO_F, 0x0eu, 1u, 4u}, /* select, and two more */
    {GPIO_G, 0x03u, 0u, 7u},  {GPIO_D, 0x03u, 0u, 9u},
    {GPIO_D, 0xf0u, 4u, 11u}, {GPIO_C, 0x10u, 4u, NFW_PIN_COVER},
};

#define RUNS (sizeof runs / sizeof runs[0])

static struct nfw_pin_queue queue;
static uint16_t last_closed; /* owned by the interrupt */

static uint16_t
read_pins(void)
{
    uint32_t closed = 0u;

    for (size_t i = 0; i < RUNS; i++) {
        const struct run *run = &runs[i];
        const uint32_t low = ~GPIO_DATA(run->port, run->mask) & run->mask;

        closed |= low >> run->shift << run->first;
    }
    return (uint16_t)closed;
}

void
nfw_lm3s_pins_start(void)
{
    nfw_pin_queue_start(&queue);
    for (size_t i = 0; i < RUNS; i++) {
        const struct run *run = &runs[i];

        GPIO_DEN(run->port) |= run->mask;
        GPIO_PUR(run->port) |= run->mask;
        GPIO_IBE(run->port) |= run->mask;
        GPIO_ICR(run->port) = run->mask;
        GPIO_IM(run->port) |= run->mask;
    }
    last_closed = read_pins();
    nfw_lab_show_pins(last_closed);
    nfw_lm3s_enable_irq(NFW_IRQ_GPIO_C);
    nfw_lm3s_enable_irq(NFW_IRQ_GPIO_D);
    nfw_lm3s_enable_irq(NFW_IRQ_GPIO_E);
    nfw_lm3s_enable_irq(NFW_IRQ_GPIO_F);
    nfw_lm3s_enable_irq(NFW_IRQ_GPIO_G);
}

/* Of all ports. Edges are forgotten before the levels are read: one that comes in between makes
 * another interrupt, none is lost. */
void
nfw_lm3s_pins_isr(void)
{
    uint16_t closed;

    nfw_lab_obey_in_isr();
    for (size_t i = 0; i < RUNS; i++) {
        GPIO_ICR(runs[i].port) = runs[i].mask;
    }
    closed = read_pins();
    if (closed != last_closed) {
        last_closed = closed;
        nfw_pin_queue_push_from_isr(&queue, closed, nfw_lm3s_now_ms());
        nfw_lab_show_pins(closed);
        nfw_lm3s_wake_from_isr();
    }
}

bool
nfw_port_pins_take(struct nfw_pins *pins)
{
    return nfw_pin_queue_take(&queue, pins);
}

uint16_t
nfw_port_pins_read(void)
{
    return read_pins();
}

uint16_t
nfw_port_pins_take_lost(void)
{
    return nfw_pin_queue_take_lost(&queue);
}

/* The board has no battery: the lab lends one. */
uint16_t
nfw_port_battery_mv(void)
{
    return nfw_lab_get_battery_mv();
}
