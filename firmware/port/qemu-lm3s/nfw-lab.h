/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Words by which a test makes trouble, in the emulator's image only (NFW_WITH_LAB). They lie at the
 * end of the part's RAM, beyond what the linker script gives away, so that their addresses never
 * move and no start-up code clears them. A test writes them while the firmware runs (qtest: "writel
 * ADDRESS VALUE"), or has the emulator write them at each reset ("-device loader,addr=..,data=..,
 * data-len=4"). RAM starts as zeros there, which means: nothing special.
 */
#define NFW_LAB_ADDRESS 0x2000ff00u

struct nfw_lab {
    uint32_t order;        /* 00: enum nfw_lab_order */
    uint32_t argument;     /* 04: of the order */
    uint32_t battery_mv;   /* 08: what nfw_port_battery_mv() says */
    uint32_t board_number; /* 0c: what nfw_port_board_number() says; 0: made from the MAC address */
    uint32_t sleeps;       /* 10: written by the firmware: how often it fell asleep, ever */
    uint32_t interrupts;   /* 14: written by the firmware: how many interrupts it served, ever */
    uint32_t closed;       /* 18: written by the firmware: contacts as its interrupt last saw them,
                              and NFW_LAB_SHOWN */
};

#define NFW_LAB_SHOWN 0x10000u /* an image without these words shows nothing */

/* Four letters that no accident writes. The first three and the last are done once, and wiped. */
enum nfw_lab_order {
    NFW_LAB_NOTHING = 0,
    NFW_LAB_HANG_MAIN = 0x4e4c4d31, /* the main loop never comes back */
    NFW_LAB_HANG_ISR = 0x4e4c4931,  /* an interrupt never comes back */
    NFW_LAB_FAULT = 0x4e4c4631,     /* an instruction that does not exist */
    NFW_LAB_I2C_STUCK = 0x4e4c5331, /* somebody holds SDA until so many recoveries as @argument
                                       says; 0: for ever. Stays over a reset, as it would */
    NFW_LAB_RTC_LOST = 0x4e4c5231,  /* the clock has lost its time, until it is set */
    NFW_LAB_PASS_TIME = 0x4e4c5431, /* so many milliseconds as @argument says pass at once */
};

#ifdef NFW_WITH_LAB
void nfw_lab_obey_in_main(void);
void nfw_lab_obey_in_isr(void);
void nfw_lab_obey_in_i2c(uint8_t address, size_t out_size, uint8_t *in, size_t in_size);
void nfw_lab_obey_in_recovery(void);
void nfw_lab_count_sleep(void);
void nfw_lab_show_pins(uint16_t closed);
uint32_t nfw_lab_take_passed_ms(void);
bool nfw_lab_is_i2c_stuck(void);
uint16_t nfw_lab_get_battery_mv(void);
uint32_t nfw_lab_get_board_number(void);
#else
static inline void
nfw_lab_obey_in_main(void)
{
}

static inline void
nfw_lab_obey_in_isr(void)
{
}

static inline void
nfw_lab_obey_in_i2c(uint8_t address, size_t out_size, uint8_t *in, size_t in_size)
{
    (void)address;
    (void)out_size;
    (void)in;
    (void)in_size;
}

static inline void
nfw_lab_obey_in_recovery(void)
{
}

static inline void
nfw_lab_count_sleep(void)
{
}

static inline void
nfw_lab_show_pins(uint16_t closed)
{
    (void)closed;
}

static inline uint32_t
nfw_lab_take_passed_ms(void)
{
    return 0u;
}

static inline bool
nfw_lab_is_i2c_stuck(void)
{
    return false;
}

static inline uint16_t
nfw_lab_get_battery_mv(void)
{
    return 0u;
}

static inline uint32_t
nfw_lab_get_board_number(void)
{
    return 0u;
}
#endif
