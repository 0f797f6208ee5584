/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "port.h"

/*
 * The LM3S6965 as far as this port uses it. Names are those of its data sheet, registers that
 * nobody here touches are left out. What the drivers tell each other is at the end.
 */
#define NFW_REG(address)  (*(volatile uint32_t *)(uintptr_t)(address))

#define NFW_CORE_HZ       12500000u /* PLL, 200 MHz / 16: also what QEMU makes of these settings */
#define NFW_CYCLES_PER_MS (NFW_CORE_HZ / 1000u)

/* --- system control --------------------------------------------------------------------------- */

#define SYSCTL_RIS           NFW_REG(0x400fe050u)
#define SYSCTL_RIS_PLL       0x40u
#define SYSCTL_RCC           NFW_REG(0x400fe060u)
#define SYSCTL_RCC_SYSDIV_16 0x07800000u
#define SYSCTL_RCC_USESYSDIV 0x00400000u
#define SYSCTL_RCC_BYPASS    0x00000800u
#define SYSCTL_RCC_XTAL_8MHZ 0x00000380u /* and, by zeros: main oscillator, PLL powered */
#define SYSCTL_RCGC0         NFW_REG(0x400fe100u)
#define SYSCTL_RCGC0_WDT     0x00000008u
#define SYSCTL_RCGC1         NFW_REG(0x400fe104u)
#define SYSCTL_RCGC1_ALL     0x00071003u /* TIMER2, TIMER1, TIMER0, I2C0, UART1, UART0 */
#define SYSCTL_RCGC2         NFW_REG(0x400fe108u)
#define SYSCTL_RCGC2_ALL     0x0000007fu          /* ports A to G */
#define SYSCTL_USER1         NFW_REG(0x400fe1e4u) /* last three octets of the board's MAC address */

/* --- watchdog --------------------------------------------------------------------------------- */

#define WDT_LOAD      NFW_REG(0x40000000u)
#define WDT_CTL       NFW_REG(0x40000008u)
#define WDT_CTL_INTEN 0x01u
#define WDT_CTL_RESEN 0x02u
#define WDT_ICR       NFW_REG(0x4000000cu)
#define WDT_LOCK      NFW_REG(0x40000c00u)
#define WDT_LOCK_OPEN 0x1acce551u

/* --- PL061: GPIO ports ------------------------------------------------------------------------ */

#define GPIO_A 0x40004000u
#define GPIO_B 0x40005000u
#define GPIO_C 0x40006000u
#define GPIO_D 0x40007000u
#define GPIO_E 0x40024000u
#define GPIO_F 0x40025000u
#define GPIO_G 0x40026000u

#define GPIO_DATA(port, pin_mask)                                                                  \
    NFW_REG((port) + ((uint32_t)(pin_mask) << 2)) /* these pins only */
#define GPIO_DIR(port)   NFW_REG((port) + 0x400u)
#define GPIO_IBE(port)   NFW_REG((port) + 0x408u)
#define GPIO_IM(port)    NFW_REG((port) + 0x410u)
#define GPIO_ICR(port)   NFW_REG((port) + 0x41cu)
#define GPIO_AFSEL(port) NFW_REG((port) + 0x420u)
#define GPIO_ODR(port)   NFW_REG((port) + 0x50cu)
#define GPIO_PUR(port)   NFW_REG((port) + 0x510u)
#define GPIO_DEN(port)   NFW_REG((port) + 0x51cu)

/* --- PL011: UARTs ----------------------------------------------------------------------------- */

#define UART_0           0x4000c000u
#define UART_1           0x4000d000u

#define UART_DR(uart)    NFW_REG((uart) + 0x00u)
#define UART_DR_BROKEN   0x0700u /* break, parity, framing */
#define UART_DR_OVERRUN  0x0800u
#define UART_FR(uart)    NFW_REG((uart) + 0x18u)
#define UART_FR_BUSY     0x08u
#define UART_FR_RXFE     0x10u
#define UART_FR_TXFF     0x20u
#define UART_IBRD(uart)  NFW_REG((uart) + 0x24u)
#define UART_FBRD(uart)  NFW_REG((uart) + 0x28u)
#define UART_LCRH(uart)  NFW_REG((uart) + 0x2cu)
#define UART_LCRH_PEN    0x02u
#define UART_LCRH_EPS    0x04u
#define UART_LCRH_WLEN_8 0x60u
#define UART_CTL(uart)   NFW_REG((uart) + 0x30u)
#define UART_CTL_UARTEN  0x0001u
#define UART_CTL_TXE     0x0100u
#define UART_CTL_RXE     0x0200u
#define UART_IM(uart)    NFW_REG((uart) + 0x38u)
#define UART_IM_RX       0x10u
#define UART_IM_TX       0x20u
#define UART_ICR(uart)   NFW_REG((uart) + 0x44u)
#define UART_ICR_ALL     0x07f0u

/* --- I2C 0, as master ------------------------------------------------------------------------- */

#define I2C_MSA        NFW_REG(0x40020000u)
#define I2C_MSA_READ   0x01u
#define I2C_MCS        NFW_REG(0x40020004u)
#define I2C_MCS_RUN    0x01u /* written */
#define I2C_MCS_START  0x02u
#define I2C_MCS_STOP   0x04u
#define I2C_MCS_ACK    0x08u
#define I2C_MCS_BUSY   0x01u /* read */
#define I2C_MCS_ERROR  0x02u
#define I2C_MCS_ARBLST 0x10u
#define I2C_MDR        NFW_REG(0x40020008u)
#define I2C_MTPR       NFW_REG(0x4002000cu)
#define I2C_MCR        NFW_REG(0x40020020u)
#define I2C_MCR_MASTER 0x10u

/* --- general timers, 32 bit, one shot --------------------------------------------------------- */

#define TIMER_0             0x40030000u
#define TIMER_1             0x40031000u
#define TIMER_2             0x40032000u

#define TIMER_CFG(timer)    NFW_REG((timer) + 0x00u)
#define TIMER_TAMR(timer)   NFW_REG((timer) + 0x04u)
#define TIMER_TAMR_ONE_SHOT 0x01u
#define TIMER_CTL(timer)    NFW_REG((timer) + 0x0cu)
#define TIMER_CTL_TAEN      0x01u
#define TIMER_IMR(timer)    NFW_REG((timer) + 0x18u)
#define TIMER_ICR(timer)    NFW_REG((timer) + 0x24u)
#define TIMER_TATO          0x01u
#define TIMER_TAILR(timer)  NFW_REG((timer) + 0x28u)

/* --- the core --------------------------------------------------------------------------------- */

#define SYST_CSR            NFW_REG(0xe000e010u)
#define SYST_CSR_RUN        0x07u /* core clock, interrupt, enable */
#define SYST_RVR            NFW_REG(0xe000e014u)
#define SYST_CVR            NFW_REG(0xe000e018u)
#define SYST_MAX            0x00ffffffu
#define NVIC_ISER           NFW_REG(0xe000e100u)
#define SCB_AIRCR           NFW_REG(0xe000ed0cu)
#define SCB_AIRCR_RESET     0x05fa0004u
#define SCB_CCR             NFW_REG(0xe000ed14u)
#define SCB_CCR_UNALIGN_TRP 0x00000008u

/* numbers of the interrupts in use; all below 32, all of one priority: none nests in another */
enum nfw_lm3s_irq {
    NFW_IRQ_GPIO_C = 2,
    NFW_IRQ_GPIO_D = 3,
    NFW_IRQ_GPIO_E = 4,
    NFW_IRQ_UART_0 = 5,
    NFW_IRQ_UART_1 = 6,
    NFW_IRQ_TIMER_0 = 19,
    NFW_IRQ_TIMER_1 = 21,
    NFW_IRQ_TIMER_2 = 23,
    NFW_IRQ_GPIO_F = 30,
    NFW_IRQ_GPIO_G = 31,
};

static inline void
nfw_lm3s_enable_irq(enum nfw_lm3s_irq irq)
{
    NVIC_ISER = 1u << irq;
}

/* Returns: what nfw_lm3s_unmask() wants. Pairs may lie within each other. */
static inline uint32_t
nfw_lm3s_mask(void)
{
    uint32_t before;

    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    return before;
}

static inline void
nfw_lm3s_unmask(uint32_t before)
{
    __asm__ volatile("msr primask, %0" ::"r"(before) : "memory");
}

/* --- the drivers among each other ------------------------------------------------------------- */

void nfw_lm3s_clock_start(void);
void nfw_lm3s_pins_start(void);
void nfw_lm3s_lines_start(void);
void nfw_lm3s_i2c_start(void);

/* As nfw_port_now_ms(), from anywhere. */
nfw_ms nfw_lm3s_now_ms(void);

/* Something happened that the main loop wants to see: it does not sleep over it. */
void nfw_lm3s_wake_from_isr(void);

/* Lets go of both lines at once: a board in trouble must not jam its bus. */
void nfw_lm3s_lines_release(void);

void nfw_lm3s_systick_isr(void);
void nfw_lm3s_timer_0_isr(void);
void nfw_lm3s_pins_isr(void);
void nfw_lm3s_uart_0_isr(void);
void nfw_lm3s_uart_1_isr(void);
void nfw_lm3s_timer_1_isr(void);
void nfw_lm3s_timer_2_isr(void);
