/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-collector.h"
#include "nfw-lab.h"
#include "nfw-lm3s.h"

#define WATCHDOG_CYCLES (NFW_CORE_HZ / 10u * 19u) /* twice 1.9 s: the second one bites */
#define PLL_POLLS       100000u                   /* takes 0.5 ms by the data sheet */
#define FIRST_NUMBER    0x60000000u
#define NUMBER_DIGITS   6u

/* Why the part was reset, told to the next life. */
#define MARK_RUNNING 0x6e696c6fu
#define MARK_FAULT   0x6e696c66u
#define MARK_ORDER   0x6e696c72u

#define NO_INIT      __attribute__((section(".noinit")))

/* from the linker script */
extern uint32_t nfw_stack_end[];
extern uint32_t nfw_data_load[];
extern uint32_t nfw_data_start[];
extern uint32_t nfw_data_end[];
extern uint32_t nfw_bss_start[];
extern uint32_t nfw_bss_end[];

void nfw_reset(void);

static NO_INIT uint32_t mark;
static NO_INIT struct nfw_remnant remnant;
static enum nfw_reset_cause reset_cause;
static struct nfw_collector collector;

static void
start_watchdog(void)
{
    SYSCTL_RCGC0 |= SYSCTL_RCGC0_WDT;
    WDT_LOCK = WDT_LOCK_OPEN;
    WDT_LOAD = WATCHDOG_CYCLES;
    WDT_CTL = WDT_CTL_INTEN | WDT_CTL_RESEN;
    WDT_LOCK = 0u;
}

static void
wait_for_watchdog(void)
{
    for (;;) {
        /* it bites within 4 s */
    }
}

/* The main oscillator and the PLL. Without them no line would have its speed: better to try again
 * in four seconds than to talk rubbish. */
static void
start_clocks(void)
{
    const uint32_t rcc = SYSCTL_RCC_SYSDIV_16 | SYSCTL_RCC_USESYSDIV | SYSCTL_RCC_XTAL_8MHZ;
    unsigned polls = PLL_POLLS;

    SYSCTL_RCC |= SYSCTL_RCC_BYPASS;
    SYSCTL_RCC = rcc | SYSCTL_RCC_BYPASS;
    while ((SYSCTL_RIS & SYSCTL_RIS_PLL) == 0u) {
        polls--;
        if (polls == 0u) {
            wait_for_watchdog();
        }
    }
    SYSCTL_RCC = rcc;
    SYSCTL_RCGC1 |= SYSCTL_RCGC1_ALL;
    SYSCTL_RCGC2 |= SYSCTL_RCGC2_ALL;
}

/* The part has a register for it, which the emulator leaves at 0: a mark in RAM tells as well. */
static void
find_reset_cause(void)
{
    switch (mark) {
    case MARK_RUNNING:
        reset_cause = NFW_RESET_WATCHDOG;
        break;
    case MARK_FAULT:
        reset_cause = NFW_RESET_FAULT;
        break;
    case MARK_ORDER:
        reset_cause = NFW_RESET_ORDER;
        break;
    default:
        reset_cause = NFW_RESET_POWER;
        break;
    }
    mark = MARK_RUNNING;
}

static inline void
run(void)
{
#ifndef __ARM_FEATURE_UNALIGNED
    /* code for a core that faults on it shall not be forgiven by one that does not */
    SCB_CCR |= SCB_CCR_UNALIGN_TRP;
#endif
    start_watchdog();
    start_clocks();
    find_reset_cause();
    nfw_lm3s_clock_start();
    nfw_lm3s_lines_start();
    nfw_lm3s_i2c_start();
    nfw_lm3s_pins_start();
    nfw_collector_run(&collector);
}

/* The linker's symbols are addresses, no arrays of ours. */
static size_t
get_words(const uint32_t *start, const uint32_t *end)
{
    return ((uintptr_t)end - (uintptr_t)start) / sizeof *start;
}

void
nfw_reset(void)
{
    const size_t data_words = get_words(nfw_data_start, nfw_data_end);
    const size_t bss_words = get_words(nfw_bss_start, nfw_bss_end);

    for (size_t i = 0u; i < data_words; i++) {
        nfw_data_start[i] = nfw_data_load[i];
    }
    for (size_t i = 0u; i < bss_words; i++) {
        nfw_bss_start[i] = 0u;
    }
    run();
    wait_for_watchdog();
}

/* Every exception that nobody expects. */
static void
handle_fault(void)
{
    nfw_lm3s_lines_release();
    mark = MARK_FAULT;
    remnant.fault = 1u;
    wait_for_watchdog();
}

/* --- port.h ----------------------------------------------------------------------------------- */

enum nfw_reset_cause
nfw_port_reset_cause(void)
{
    return reset_cause;
}

struct nfw_remnant *
nfw_port_remnant(void)
{
    return &remnant;
}

void
nfw_port_watchdog_feed(void)
{
    nfw_lab_obey_in_main();
    WDT_LOCK = WDT_LOCK_OPEN;
    WDT_ICR = 1u;
    WDT_LOCK = 0u;
}

void
nfw_port_reset(void)
{
    mark = MARK_ORDER;
    __asm__ volatile("dsb" ::: "memory");
    SCB_AIRCR = SCB_AIRCR_RESET;
    wait_for_watchdog();
}

uint32_t
nfw_port_board_number(void)
{
    const uint32_t lent = nfw_lab_get_board_number();
    uint32_t rest = SYSCTL_USER1;
    uint32_t number = FIRST_NUMBER;

    if (lent != 0u) {
        return lent;
    }
    for (unsigned i = 0; i < NUMBER_DIGITS; i++) {
        number |= rest % 10u << (4u + 4u * i);
        rest /= 10u;
    }
    return number;
}

/* --- vectors ---------------------------------------------------------------------------------- */

typedef void (*vector)(void);

#define EXCEPTIONS 16
#define VECTORS    (EXCEPTIONS + 32) /* the part has 44, none of the others is ever enabled */
#define IRQ(name)  (EXCEPTIONS + NFW_IRQ_##name)

/* an interrupt that nobody enables would be a fault, too */
#pragma GCC diagnostic ignored "-Woverride-init"
__attribute__((section(".vectors"), used)) static const vector vectors[VECTORS] = {
    [2 ... VECTORS - 1] = handle_fault,
    [0] = (vector)(uintptr_t)nfw_stack_end,
    [1] = nfw_reset,
    [15] = nfw_lm3s_systick_isr,
    [IRQ(GPIO_C)] = nfw_lm3s_pins_isr,
    [IRQ(GPIO_D)] = nfw_lm3s_pins_isr,
    [IRQ(GPIO_E)] = nfw_lm3s_pins_isr,
    [IRQ(GPIO_F)] = nfw_lm3s_pins_isr,
    [IRQ(GPIO_G)] = nfw_lm3s_pins_isr,
    [IRQ(UART_0)] = nfw_lm3s_uart_0_isr,
    [IRQ(UART_1)] = nfw_lm3s_uart_1_isr,
    [IRQ(TIMER_0)] = nfw_lm3s_timer_0_isr,
    [IRQ(TIMER_1)] = nfw_lm3s_timer_1_isr,
    [IRQ(TIMER_2)] = nfw_lm3s_timer_2_isr,
};
