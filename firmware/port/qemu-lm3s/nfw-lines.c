/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-lab.h"
#include "nfw-lm3s.h"
#include "nfw-rx.h"

#define MIN_BAUD      300u
#define MAX_BAUD      38400u
#define BITS_PER_BYTE 11u
#define RX_BURST      16u /* bytes that one interrupt takes at most; the next one takes the rest */
#define GAP_FLOOR_MS  50u /* bytes come through an operating system with other things to do */

struct wiring {
    uint32_t uart;
    uint32_t timer;  /* that waits for the last stop bit */
    uint8_t de_mask; /* of port B: driver enable of the RS485 transceiver */
};

struct line {
    struct nfw_rx rx;
    const uint8_t *next; /* to be sent; owned by the interrupt while is_sending */
    size_t left;
    uint32_t bit_cycles;
    volatile bool is_sending;
};

static const struct wiring wirings[NFW_LINES] = {
    [NFW_LINE_BUS] = {UART_0, TIMER_1, 0x01u},
    [NFW_LINE_METERS] = {UART_1, TIMER_2, 0x02u},
};

static struct line lines[NFW_LINES];

void
nfw_lm3s_lines_start(void)
{
    GPIO_AFSEL(GPIO_A) |= 0x03u; /* PA0 receives, PA1 sends: UART 0 */
    GPIO_DEN(GPIO_A) |= 0x03u;
    GPIO_AFSEL(GPIO_D) |= 0x0cu; /* PD2, PD3: UART 1 */
    GPIO_DEN(GPIO_D) |= 0x0cu;
    nfw_lm3s_lines_release();
    GPIO_DIR(GPIO_B) |= 0x03u;
    GPIO_DEN(GPIO_B) |= 0x03u;
    for (size_t i = 0; i < NFW_LINES; i++) {
        TIMER_CFG(wirings[i].timer) = 0u;
        TIMER_TAMR(wirings[i].timer) = TIMER_TAMR_ONE_SHOT;
        TIMER_IMR(wirings[i].timer) = TIMER_TATO;
    }
    nfw_lm3s_enable_irq(NFW_IRQ_UART_0);
    nfw_lm3s_enable_irq(NFW_IRQ_UART_1);
    nfw_lm3s_enable_irq(NFW_IRQ_TIMER_1);
    nfw_lm3s_enable_irq(NFW_IRQ_TIMER_2);
}

void
nfw_lm3s_lines_release(void)
{
    GPIO_DATA(GPIO_B, 0x03u) = 0u;
}

static void
arm(const struct wiring *wiring, uint32_t cycles)
{
    TIMER_CTL(wiring->timer) = 0u;
    TIMER_ICR(wiring->timer) = TIMER_TATO;
    TIMER_TAILR(wiring->timer) = cycles;
    TIMER_CTL(wiring->timer) = TIMER_CTL_TAEN;
}

/* What was heard meanwhile, our own echo as like as not, is thrown away. Interrupts are cleared
 * before that: clearing the one of a byte that comes just then would leave it in the UART for good,
 * and the line deaf. */
static void
stop_sending(const struct wiring *wiring, struct line *line)
{
    TIMER_CTL(wiring->timer) = 0u;
    UART_IM(wiring->uart) = 0u;
    GPIO_DATA(GPIO_B, wiring->de_mask) = 0u;
    line->left = 0u;
    line->is_sending = false;
    UART_ICR(wiring->uart) = UART_ICR_ALL;
    for (unsigned i = 0; i < RX_BURST && (UART_FR(wiring->uart) & UART_FR_RXFE) == 0u; i++) {
        (void)UART_DR(wiring->uart);
    }
    UART_CTL(wiring->uart) = UART_CTL_UARTEN | UART_CTL_TXE | UART_CTL_RXE;
    UART_IM(wiring->uart) = UART_IM_RX;
}

/* The UART tells when it can take a byte, not when the last one has left: behind the last byte the
 * line's timer looks whether it is still busy, a byte's time later, then every bit time. */
static void
go_on_sending(const struct wiring *wiring, struct line *line, uint32_t patience_bits)
{
    while (line->left > 0u && (UART_FR(wiring->uart) & UART_FR_TXFF) == 0u) {
        UART_DR(wiring->uart) = *line->next;
        line->next++;
        line->left--;
    }
    if (line->left > 0u) {
        return;
    }
    UART_IM(wiring->uart) = 0u;
    if ((UART_FR(wiring->uart) & UART_FR_BUSY) != 0u) {
        arm(wiring, patience_bits * line->bit_cycles);
        return;
    }
    stop_sending(wiring, line);
    nfw_lm3s_wake_from_isr();
}

static void
receive(const struct wiring *wiring, struct line *line)
{
    for (unsigned i = 0; i < RX_BURST && (UART_FR(wiring->uart) & UART_FR_RXFE) == 0u; i++) {
        const uint32_t data = UART_DR(wiring->uart);
        uint8_t flags = 0u;

        if ((data & UART_DR_BROKEN) != 0u) {
            flags |= NFW_RX_BAD;
        }
        if ((data & UART_DR_OVERRUN) != 0u) {
            flags |= NFW_RX_LOST;
        }
        nfw_rx_push_from_isr(&line->rx, (uint8_t)data, flags, nfw_lm3s_now_ms());
        nfw_lm3s_wake_from_isr();
    }
}

static void
serve(enum nfw_line which)
{
    const struct wiring *wiring = &wirings[which];
    struct line *line = &lines[which];

    nfw_lab_obey_in_isr();
    UART_ICR(wiring->uart) = UART_ICR_ALL;
    if (line->is_sending) {
        go_on_sending(wiring, line, BITS_PER_BYTE);
    } else {
        receive(wiring, line);
    }
}

static void
look_for_end(enum nfw_line which)
{
    nfw_lab_obey_in_isr();
    TIMER_ICR(wirings[which].timer) = TIMER_TATO;
    if (lines[which].is_sending) {
        go_on_sending(&wirings[which], &lines[which], 1u);
    }
}

void
nfw_lm3s_uart_0_isr(void)
{
    serve(NFW_LINE_BUS);
}

void
nfw_lm3s_uart_1_isr(void)
{
    serve(NFW_LINE_METERS);
}

void
nfw_lm3s_timer_1_isr(void)
{
    look_for_end(NFW_LINE_BUS);
}

void
nfw_lm3s_timer_2_isr(void)
{
    look_for_end(NFW_LINE_METERS);
}

int
nfw_port_line_open(enum nfw_line line, uint32_t speed_baud, enum nfw_parity parity, uint16_t gap_ms)
{
    const struct wiring *wiring = &wirings[line];
    uint32_t divisor;
    uint32_t mask;

    if (speed_baud < MIN_BAUD || speed_baud > MAX_BAUD) {
        return NFW_ERR_RANGE;
    }
    /* in 64ths; at the highest speed it is right to 0.01 % */
    divisor = (NFW_CORE_HZ * 4u + speed_baud / 2u) / speed_baud;

    mask = nfw_lm3s_mask();
    UART_CTL(wiring->uart) = 0u;
    UART_IBRD(wiring->uart) = divisor >> 6;
    UART_FBRD(wiring->uart) = divisor & 0x3fu;
    /* takes over the divisors, so it comes behind them. Without FIFO: each byte has its own time,
     * which is what tells a gap, and at 38400 Bd there are 260 us for each */
    UART_LCRH(wiring->uart) =
        UART_LCRH_WLEN_8 | (parity == NFW_PARITY_EVEN ? UART_LCRH_PEN | UART_LCRH_EPS : 0u);
    lines[line].bit_cycles = NFW_CORE_HZ / speed_baud;
    stop_sending(wiring, &lines[line]);
    nfw_rx_start(&lines[line].rx, gap_ms);
    nfw_lm3s_unmask(mask);
    return NFW_OK;
}

uint16_t
nfw_port_line_gap_floor_ms(void)
{
    return GAP_FLOOR_MS;
}

bool
nfw_port_line_take(enum nfw_line line, struct nfw_rx_byte *byte)
{
    return nfw_rx_take(&lines[line].rx, byte);
}

void
nfw_port_line_send(enum nfw_line line, const uint8_t *bytes, size_t size)
{
    const struct wiring *wiring = &wirings[line];
    uint32_t mask;

    if (size == 0u || lines[line].bit_cycles == 0u) {
        return;
    }
    mask = nfw_lm3s_mask();
    lines[line].next = bytes;
    lines[line].left = size;
    lines[line].is_sending = true;
    GPIO_DATA(GPIO_B, wiring->de_mask) = wiring->de_mask;
    UART_CTL(wiring->uart) = UART_CTL_UARTEN | UART_CTL_TXE;
    UART_IM(wiring->uart) = UART_IM_TX;
    /* the first bytes by hand: the interrupt comes when the UART runs empty, not while it is */
    go_on_sending(wiring, &lines[line], BITS_PER_BYTE);
    nfw_lm3s_unmask(mask);
}

bool
nfw_port_line_is_sending(enum nfw_line line)
{
    return lines[line].is_sending;
}
