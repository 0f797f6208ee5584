/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-lab.h"

#define LAB             ((volatile struct nfw_lab *)(uintptr_t)NFW_LAB_ADDRESS)
#define CLOCK_ADDRESS   0x68u
#define CLOCK_REGISTERS 8u
#define CLOCK_STOPPED   0x20u

static void
hang(void)
{
    for (;;) {
        /* the watchdog ends it */
    }
}

void
nfw_lab_obey_in_main(void)
{
    if (LAB->order == NFW_LAB_HANG_MAIN) {
        LAB->order = NFW_LAB_NOTHING;
        hang();
    }
    if (LAB->order == NFW_LAB_FAULT) {
        LAB->order = NFW_LAB_NOTHING;
        __asm__ volatile("udf #0");
    }
}

void
nfw_lab_obey_in_isr(void)
{
    LAB->interrupts++;
    if (LAB->order == NFW_LAB_HANG_ISR) {
        LAB->order = NFW_LAB_NOTHING;
        hang();
    }
}

/* The emulated clock never stops: its flag is put into what is read, until it is written. */
void
nfw_lab_obey_in_i2c(uint8_t address, size_t out_size, uint8_t *in, size_t in_size)
{
    if (LAB->order != NFW_LAB_RTC_LOST || address != CLOCK_ADDRESS) {
        return;
    }
    if (in_size == CLOCK_REGISTERS) {
        in[CLOCK_REGISTERS - 1u] |= CLOCK_STOPPED;
    } else if (out_size > 1u) {
        LAB->order = NFW_LAB_NOTHING;
    }
}

void
nfw_lab_obey_in_recovery(void)
{
    if (LAB->order != NFW_LAB_I2C_STUCK || LAB->argument == 0u) {
        return;
    }
    LAB->argument--;
    if (LAB->argument == 0u) {
        LAB->order = NFW_LAB_NOTHING;
    }
}

void
nfw_lab_count_sleep(void)
{
    LAB->sleeps++;
}

void
nfw_lab_show_pins(uint16_t closed)
{
    LAB->closed = NFW_LAB_SHOWN | closed;
}

uint32_t
nfw_lab_take_passed_ms(void)
{
    if (LAB->order != NFW_LAB_PASS_TIME) {
        return 0u;
    }
    LAB->order = NFW_LAB_NOTHING;
    return LAB->argument;
}

bool
nfw_lab_is_i2c_stuck(void)
{
    return LAB->order == NFW_LAB_I2C_STUCK;
}

uint16_t
nfw_lab_get_battery_mv(void)
{
    return (uint16_t)LAB->battery_mv;
}

uint32_t
nfw_lab_get_board_number(void)
{
    return LAB->board_number;
}
