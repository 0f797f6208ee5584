/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-lab.h"
#include "nfw-lm3s.h"

/* SysTick runs through its 24 bits (1.3 s) and is read by difference: its interrupt need only come
 * before it has gone around once, and neither a late interrupt nor a reading at the moment it
 * wraps makes the time jump. */
static nfw_ms passed_ms;
static uint32_t rest;       /* cycles since passed_ms was last moved on */
static uint32_t last_count; /* SysTick counts down */

static volatile bool is_woken; /* something happened since the main loop last slept */

/* rest / 12500 for less than 2^25, or 2 less: by multiplying, since a division is a loop on the
 * smallest cores and this runs in every interrupt. */
static inline uint32_t
estimate_ms(void)
{
    _Static_assert(NFW_CYCLES_PER_MS == 12500u, "671 / 2^23 is to be a little below 1 / 12500");

    return (rest >> 7) * 671u >> 16;
}

nfw_ms
nfw_lm3s_now_ms(void)
{
    const uint32_t mask = nfw_lm3s_mask();
    const uint32_t count = SYST_CVR;
    uint32_t more_ms;
    nfw_ms now;

    rest += (last_count - count) & SYST_MAX;
    last_count = count;
    more_ms = estimate_ms();
    rest -= more_ms * NFW_CYCLES_PER_MS;
    for (unsigned i = 0; i < 2u && rest >= NFW_CYCLES_PER_MS; i++) {
        rest -= NFW_CYCLES_PER_MS;
        more_ms++;
    }
    passed_ms += more_ms + nfw_lab_take_passed_ms();
    now = passed_ms;
    nfw_lm3s_unmask(mask);
    return now;
}

nfw_ms
nfw_port_now_ms(void)
{
    return nfw_lm3s_now_ms();
}

void
nfw_lm3s_clock_start(void)
{
    SYST_RVR = SYST_MAX;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_RUN;
    last_count = SYST_CVR;

    TIMER_CTL(TIMER_0) = 0u;
    TIMER_CFG(TIMER_0) = 0u;
    TIMER_TAMR(TIMER_0) = TIMER_TAMR_ONE_SHOT;
    TIMER_IMR(TIMER_0) = TIMER_TATO;
    nfw_lm3s_enable_irq(NFW_IRQ_TIMER_0);
}

void
nfw_lm3s_wake_from_isr(void)
{
    is_woken = true;
}

void
nfw_lm3s_systick_isr(void)
{
    nfw_lab_obey_in_isr();
    (void)nfw_lm3s_now_ms();
}

/* The sleep is over: that is all. */
void
nfw_lm3s_timer_0_isr(void)
{
    nfw_lab_obey_in_isr();
    TIMER_ICR(TIMER_0) = TIMER_TATO;
}

/* Interrupts are masked from the last look until the core sleeps: one that comes in between is
 * pending, which is enough for WFI to fall through. */
static void
sleep_for(uint32_t left_ms)
{
    const uint32_t longest_ms = SYST_MAX / NFW_CYCLES_PER_MS;

    if (left_ms > longest_ms) {
        left_ms = longest_ms; /* SysTick would wake us anyhow */
    }
    TIMER_TAILR(TIMER_0) = left_ms * NFW_CYCLES_PER_MS - rest;
    TIMER_CTL(TIMER_0) = TIMER_CTL_TAEN;
    nfw_lab_count_sleep();
    __asm__ volatile("dsb\n\twfi" ::: "memory");
    TIMER_CTL(TIMER_0) = 0u;
}

void
nfw_port_sleep_until(nfw_ms due)
{
    const uint32_t mask = nfw_lm3s_mask();
    const int32_t left = (int32_t)(due - nfw_lm3s_now_ms());

    if (!is_woken && left > 0) {
        sleep_for((uint32_t)left);
    }
    nfw_lm3s_unmask(mask);
    /* what came until here has been queued by its interrupt; the main loop looks at it next */
    is_woken = false;
}
