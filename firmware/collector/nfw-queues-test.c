/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-pin-queue.h"
#include "nfw-rx.h"
#include "nilo-wire-test.h"

static void
test_rx_order(const void *data)
{
    struct nfw_rx rx;
    struct nfw_rx_byte byte;

    nfw_rx_start(&rx, 20);
    CHECK(!nfw_rx_take(&rx, &byte));
    /* three times around, in uneven steps */
    for (unsigned i = 0; i < 3u * NFW_RX_SIZE; i++) {
        nfw_rx_push_from_isr(&rx, (uint8_t)(i * 7u), 0, 100u + i);
        if (i % 3u == 2u) {
            for (unsigned k = i - 2u; k <= i; k++) {
                CHECK(nfw_rx_take(&rx, &byte));
                CHECK_INT(byte.byte, (uint8_t)(k * 7u));
                CHECK_INT(byte.flags, k == 0u ? NFW_RX_GAP : 0);
            }
        }
    }
    CHECK(!nfw_rx_take(&rx, &byte));
}

static void
test_rx_gap(const void *data)
{
    struct nfw_rx rx;
    struct nfw_rx_byte byte;

    nfw_rx_start(&rx, 20);
    nfw_rx_push_from_isr(&rx, 1, 0, UINT32_MAX - 10u);
    nfw_rx_push_from_isr(&rx, 2, NFW_RX_BAD, 8); /* 19 ms later: the counter has wrapped */
    nfw_rx_push_from_isr(&rx, 3, 0, 28);
    CHECK(nfw_rx_take(&rx, &byte) && byte.flags == NFW_RX_GAP);
    CHECK(nfw_rx_take(&rx, &byte) && byte.flags == NFW_RX_BAD);
    CHECK(nfw_rx_take(&rx, &byte) && byte.flags == NFW_RX_GAP);
    CHECK_INT(byte.newest, 28);
}

static void
test_rx_newest(const void *data)
{
    struct nfw_rx rx;
    struct nfw_rx_byte byte;

    nfw_rx_start(&rx, 20);
    nfw_rx_push_from_isr(&rx, 1, 0, 100);
    CHECK(nfw_rx_take(&rx, &byte) && byte.newest == 100);
    nfw_rx_push_from_isr(&rx, 2, 0, 104);
    nfw_rx_push_from_isr(&rx, 3, 0, 108);
    CHECK(nfw_rx_take(&rx, &byte) && byte.newest == 108); /* more are waiting */
    CHECK(nfw_rx_take(&rx, &byte) && byte.newest == 108);
}

static void
test_rx_full(const void *data)
{
    struct nfw_rx rx;
    struct nfw_rx_byte byte;

    nfw_rx_start(&rx, 20);
    for (unsigned i = 0; i < NFW_RX_SIZE; i++)
        nfw_rx_push_from_isr(&rx, 0x55, 0, 0);
    nfw_rx_push_from_isr(&rx, 0xaa, 0, 50); /* lost, and the gap before it with it */
    CHECK(nfw_rx_take(&rx, &byte));
    nfw_rx_push_from_isr(&rx, 0x66, 0, 51);
    for (unsigned i = 1; i < NFW_RX_SIZE; i++)
        CHECK(nfw_rx_take(&rx, &byte) && byte.byte == 0x55 && byte.flags == 0);
    CHECK(nfw_rx_take(&rx, &byte));
    CHECK_INT(byte.byte, 0x66);
    CHECK_INT(byte.flags, NFW_RX_GAP | NFW_RX_LOST);
}

static void
test_pins(const void *data)
{
    struct nfw_pin_queue queue;
    struct nfw_pins pins;

    nfw_pin_queue_start(&queue);
    for (unsigned i = 0; i < NFW_PIN_QUEUE_SIZE + 3u; i++)
        nfw_pin_queue_push_from_isr(&queue, (uint16_t)i, i * 10u);
    CHECK_INT(nfw_pin_queue_take_lost(&queue), 3);
    CHECK_INT(nfw_pin_queue_take_lost(&queue), 0);
    for (unsigned i = 0; i < NFW_PIN_QUEUE_SIZE; i++) {
        CHECK(nfw_pin_queue_take(&queue, &pins));
        CHECK_INT(pins.closed, i);
        CHECK_INT(pins.time, i * 10u);
        CHECK(!pins.is_after_loss);
    }
    CHECK(!nfw_pin_queue_take(&queue, &pins));

    /* the gap is where it was, however late it is read */
    nfw_pin_queue_push_from_isr(&queue, 1, 1000);
    nfw_pin_queue_push_from_isr(&queue, 0, 1010);
    CHECK(nfw_pin_queue_take(&queue, &pins) && pins.is_after_loss);
    CHECK(nfw_pin_queue_take(&queue, &pins) && !pins.is_after_loss);
}

int
main(void)
{
    nilo_test_run("/queues/rx/order", test_rx_order, NULL);
    nilo_test_run("/queues/rx/gap", test_rx_gap, NULL);
    nilo_test_run("/queues/rx/newest", test_rx_newest, NULL);
    nilo_test_run("/queues/rx/full", test_rx_full, NULL);
    nilo_test_run("/queues/pins", test_pins, NULL);
    return nilo_test_finish();
}
