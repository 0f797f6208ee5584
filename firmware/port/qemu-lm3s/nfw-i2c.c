/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-lab.h"
#include "nfw-lm3s.h"

/* 12.5 MHz / (2 * (6 + 4) * (1 + 1)): 312 kHz, the next below the parts' 400 kHz. */
#define PERIOD        1u
#define POLLS_A_BYTE  1000u /* some 10 cycles each, where a byte takes 360 */
#define SCL           0x04u /* of port B */
#define SDA           0x08u
#define HALF_CYCLES   40u /* of a clock made by hand: at least 3 us, whatever an iteration takes */
#define CLOCKS_TO_END 9u

static void
take_pins(void)
{
    GPIO_AFSEL(GPIO_B) |= SCL | SDA;
    GPIO_ODR(GPIO_B) |= SCL | SDA;
    GPIO_DEN(GPIO_B) |= SCL | SDA;
    I2C_MCR = I2C_MCR_MASTER;
    I2C_MTPR = PERIOD;
}

void
nfw_lm3s_i2c_start(void)
{
    take_pins();
}

/* One byte. The emulator says "arbitration lost" of a part that is not there; with one master there
 * is no other reason. */
static int
do_step(uint32_t command)
{
    uint32_t status = I2C_MCS_BUSY;

    I2C_MCS = command;
    for (unsigned i = 0; i < POLLS_A_BYTE; i++) {
        status = I2C_MCS;
        if ((status & I2C_MCS_BUSY) == 0u) {
            break;
        }
    }
    if ((status & I2C_MCS_BUSY) != 0u) {
        return NFW_ERR_TIMEOUT;
    }
    if ((status & I2C_MCS_ERROR) == 0u) {
        return NFW_OK;
    }
    if ((status & I2C_MCS_ARBLST) == 0u && (command & I2C_MCS_STOP) == 0u) {
        I2C_MCS = I2C_MCS_STOP; /* the bus is still ours: give it back */
    }
    return NFW_ERR_NACK;
}

static uint32_t
make_command(size_t at, size_t size)
{
    return I2C_MCS_RUN | (at == 0u ? I2C_MCS_START : 0u) | (at + 1u == size ? I2C_MCS_STOP : 0u);
}

static int
write_bytes(uint8_t address, const uint8_t *bytes, size_t size)
{
    I2C_MSA = (uint32_t)address << 1;
    for (size_t i = 0; i < size; i++) {
        int result;

        I2C_MDR = bytes[i];
        result = do_step(make_command(i, size));
        if (result != NFW_OK) {
            return result;
        }
    }
    return NFW_OK;
}

static int
read_bytes(uint8_t address, uint8_t *bytes, size_t size)
{
    I2C_MSA = (uint32_t)address << 1 | I2C_MSA_READ;
    for (size_t i = 0; i < size; i++) {
        const uint32_t command = make_command(i, size);
        const int result =
            do_step((command & I2C_MCS_STOP) != 0u ? command : command | I2C_MCS_ACK);

        if (result != NFW_OK) {
            return result;
        }
        bytes[i] = (uint8_t)I2C_MDR;
    }
    return NFW_OK;
}

/* Between writing and reading the bus is let go for a moment: the emulator's controller takes no
 * start while it holds the bus. To EEPROM and clock, with one master, it is the same. */
int
nfw_port_i2c_transfer(uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                      size_t in_size)
{
    uint8_t nothing;
    int result = NFW_OK;

    if (nfw_lab_is_i2c_stuck()) {
        return NFW_ERR_TIMEOUT;
    }
    if (out_size == 0u && in_size == 0u) {
        return read_bytes(address, &nothing, 1u); /* is anybody there? */
    }
    if (out_size > 0u) {
        result = write_bytes(address, out, out_size);
    }
    if (result == NFW_OK && in_size > 0u) {
        result = read_bytes(address, in, in_size);
    }
    nfw_lab_obey_in_i2c(address, out_size, in, in_size);
    return result;
}

static void
set_by_hand(uint32_t pin, bool is_high)
{
    GPIO_DATA(GPIO_B, pin) = is_high ? pin : 0u;
    for (unsigned i = 0; i < HALF_CYCLES; i++) {
        __asm__ volatile("");
    }
}

/* A part that was cut off in the middle of a read waits for clocks with the next bit on SDA: nine
 * of them see it through its byte and our missing acknowledgement, then it hears the stop. */
void
nfw_port_i2c_recover(void)
{
    nfw_lab_obey_in_recovery();

    I2C_MCR = 0u;
    GPIO_DATA(GPIO_B, SCL | SDA) = SCL | SDA;
    GPIO_DIR(GPIO_B) |= SCL | SDA;
    GPIO_AFSEL(GPIO_B) &= ~(SCL | SDA);
    for (unsigned i = 0; i < CLOCKS_TO_END; i++) {
        set_by_hand(SCL, false);
        set_by_hand(SCL, true);
    }
    set_by_hand(SCL, false);
    set_by_hand(SDA, false);
    set_by_hand(SCL, true);
    set_by_hand(SDA, true);
    GPIO_DIR(GPIO_B) &= ~(SCL | SDA);
    take_pins();
}
