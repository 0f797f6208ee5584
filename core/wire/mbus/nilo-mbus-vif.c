/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-vif.h"

#define ENTRY(quantity, unit, exponent, kind)                                                      \
    {                                                                                              \
        NILO_QUANTITY_##quantity, NILO_UNIT_##unit, exponent, NILO_MBUS_KIND_##kind                \
    }

/* one, two, four or eight codes in a row, each ten times the one before */
#define SCALE1(quantity, unit, exponent) ENTRY(quantity, unit, exponent, NUMBER)
#define SCALE2(quantity, unit, exponent)                                                           \
    SCALE1(quantity, unit, exponent), SCALE1(quantity, unit, (exponent) + 1)
#define SCALE4(quantity, unit, exponent)                                                           \
    SCALE2(quantity, unit, exponent), SCALE2(quantity, unit, (exponent) + 2)
#define SCALE8(quantity, unit, exponent)                                                           \
    SCALE4(quantity, unit, exponent), SCALE4(quantity, unit, (exponent) + 4)

#define NUMBER(quantity) ENTRY(quantity, NONE, 0, NUMBER)
#define BITS(quantity)   ENTRY(quantity, NONE, 0, BITS)
#define DIGITS(quantity) ENTRY(quantity, NONE, 0, DIGITS)
#define TIME(quantity)   ENTRY(quantity, NONE, 0, TIME)
#define DURATION3(quantity)                                                                        \
    SCALE1(quantity, MINUTE, 0), SCALE1(quantity, HOUR, 0), SCALE1(quantity, DAY, 0)
#define DURATION4(quantity) SCALE1(quantity, SECOND, 0), DURATION3(quantity)

const NiloMbusVif nilo_mbus_vif_primary[128] = {
    [0x00] = SCALE8(ENERGY, WATT_HOUR, -3),
    [0x08] = SCALE8(ENERGY, JOULE, 0),
    [0x10] = SCALE8(VOLUME, CUBIC_METRE, -6),
    [0x18] = SCALE8(MASS, KILOGRAM, -3),
    [0x20] = DURATION4(ON_TIME),
    [0x24] = DURATION4(OPERATING_TIME),
    [0x28] = SCALE8(POWER, WATT, -3),
    [0x30] = SCALE8(POWER, JOULE_PER_HOUR, 0),
    [0x38] = SCALE8(VOLUME_FLOW, CUBIC_METRE_PER_HOUR, -6),
    [0x40] = SCALE8(VOLUME_FLOW, CUBIC_METRE_PER_MINUTE, -7),
    [0x48] = SCALE8(VOLUME_FLOW, CUBIC_METRE_PER_SECOND, -9),
    [0x50] = SCALE8(MASS_FLOW, KILOGRAM_PER_HOUR, -3),
    [0x58] = SCALE4(FLOW_TEMPERATURE, CELSIUS, -3),
    [0x5c] = SCALE4(RETURN_TEMPERATURE, CELSIUS, -3),
    [0x60] = SCALE4(TEMPERATURE_DIFFERENCE, KELVIN, -3),
    [0x64] = SCALE4(EXTERNAL_TEMPERATURE, CELSIUS, -3),
    [0x68] = SCALE4(PRESSURE, BAR, -3),
    [0x6c] = TIME(DATE),
    [0x6d] = TIME(DATE_TIME),
    [0x6e] = SCALE1(HCA_UNITS, HCA, 0),
    [0x70] = DURATION4(AVERAGING_DURATION),
    [0x74] = DURATION4(ACTUALITY_DURATION),
    [0x78] = DIGITS(FABRICATION_NUMBER),
    [0x79] = DIGITS(ENHANCED_IDENTIFICATION),
    [0x7a] = NUMBER(BUS_ADDRESS),
    [0x7c] = NUMBER(TEXT),
    [0x7e] = NUMBER(ANY),
    [0x7f] = ENTRY(MANUFACTURER_SPECIFIC, NONE, 0, MANUFACTURER),
};

const NiloMbusVif nilo_mbus_vif_fb[128] = {
    [0x00] = SCALE2(ENERGY, WATT_HOUR, 5),
    [0x02] = SCALE2(REACTIVE_ENERGY, VAR_HOUR, 3),
    [0x04] = SCALE2(APPARENT_ENERGY, VOLT_AMPERE_HOUR, 3),
    [0x08] = SCALE2(ENERGY, JOULE, 8),
    [0x0c] = SCALE4(ENERGY, CALORIE, 5),
    [0x10] = SCALE2(VOLUME, CUBIC_METRE, 2),
    [0x14] = SCALE4(REACTIVE_POWER, VAR, 0),
    [0x18] = SCALE2(MASS, KILOGRAM, 5),
    [0x1a] = SCALE2(RELATIVE_HUMIDITY, PERCENT, -1),
    [0x20] = SCALE1(VOLUME, CUBIC_FOOT, 0),
    [0x21] = SCALE1(VOLUME, CUBIC_FOOT, -1),
    [0x22] = SCALE2(VOLUME, US_GALLON, -1),
    [0x24] = SCALE1(VOLUME_FLOW, US_GALLON_PER_MINUTE, -3),
    [0x25] = SCALE1(VOLUME_FLOW, US_GALLON_PER_MINUTE, 0),
    [0x26] = SCALE1(VOLUME_FLOW, US_GALLON_PER_HOUR, 0),
    [0x28] = SCALE2(POWER, WATT, 5),
    [0x2a] = SCALE1(PHASE_VOLTAGE_VOLTAGE, DEGREE, -1),
    [0x2b] = SCALE1(PHASE_VOLTAGE_CURRENT, DEGREE, -1),
    [0x2c] = SCALE4(FREQUENCY, HERTZ, -3),
    [0x30] = SCALE2(POWER, JOULE_PER_HOUR, 8),
    [0x34] = SCALE4(APPARENT_POWER, VOLT_AMPERE, 0),
    [0x58] = SCALE4(FLOW_TEMPERATURE, FAHRENHEIT, -3),
    [0x5c] = SCALE4(RETURN_TEMPERATURE, FAHRENHEIT, -3),
    [0x60] = SCALE4(TEMPERATURE_DIFFERENCE, FAHRENHEIT, -3),
    [0x64] = SCALE4(EXTERNAL_TEMPERATURE, FAHRENHEIT, -3),
    [0x70] = SCALE4(TEMPERATURE_LIMIT, FAHRENHEIT, -3),
    [0x74] = SCALE4(TEMPERATURE_LIMIT, CELSIUS, -3),
    [0x78] = SCALE8(CUMULATED_MAX_POWER, WATT, -3),
};

const NiloMbusVif nilo_mbus_vif_fd[128] = {
    [0x00] = SCALE4(CREDIT, CURRENCY, -3),
    [0x04] = SCALE4(DEBIT, CURRENCY, -3),
    [0x08] = NUMBER(ACCESS_NUMBER),
    [0x09] = NUMBER(MEDIUM),
    [0x0a] = NUMBER(MANUFACTURER),
    [0x0b] = NUMBER(PARAMETER_SET),
    [0x0c] = NUMBER(MODEL_VERSION),
    [0x0d] = NUMBER(HARDWARE_VERSION),
    [0x0e] = NUMBER(FIRMWARE_VERSION),
    [0x0f] = NUMBER(SOFTWARE_VERSION),
    [0x10] = DIGITS(CUSTOMER_LOCATION),
    [0x11] = DIGITS(CUSTOMER),
    [0x12] = DIGITS(ACCESS_CODE_USER),
    [0x13] = DIGITS(ACCESS_CODE_OPERATOR),
    [0x14] = DIGITS(ACCESS_CODE_SYSTEM_OPERATOR),
    [0x15] = DIGITS(ACCESS_CODE_DEVELOPER),
    [0x16] = DIGITS(PASSWORD),
    [0x17] = BITS(ERROR_FLAGS),
    [0x18] = BITS(ERROR_MASK),
    [0x19] = DIGITS(SECURITY_KEY),
    [0x1a] = BITS(DIGITAL_OUTPUT),
    [0x1b] = BITS(DIGITAL_INPUT),
    [0x1c] = SCALE1(BAUD_RATE, BAUD, 0),
    [0x1d] = SCALE1(RESPONSE_DELAY, BIT_TIME, 0),
    [0x1e] = NUMBER(RETRY),
    [0x1f] = BITS(REMOTE_CONTROL),
    [0x20] = NUMBER(FIRST_STORAGE),
    [0x21] = NUMBER(LAST_STORAGE),
    [0x22] = NUMBER(STORAGE_BLOCK_SIZE),
    [0x23] = NUMBER(TARIFF_SUBUNIT_DESCRIPTOR),
    [0x24] = DURATION4(STORAGE_INTERVAL),
    [0x28] = SCALE1(STORAGE_INTERVAL, MONTH, 0),
    [0x29] = SCALE1(STORAGE_INTERVAL, YEAR, 0),
    [0x2b] = SCALE1(SECOND_OF_MINUTE, SECOND, 0),
    [0x2c] = DURATION4(DURATION_SINCE_READOUT),
    [0x30] = TIME(TARIFF_START),
    [0x31] = DURATION3(TARIFF_DURATION),
    [0x34] = DURATION4(TARIFF_PERIOD),
    [0x38] = SCALE1(TARIFF_PERIOD, MONTH, 0),
    [0x39] = SCALE1(TARIFF_PERIOD, YEAR, 0),
    [0x3a] = NUMBER(DIMENSIONLESS),
    [0x3b] = NUMBER(WIRELESS_CONTAINER),
    [0x3c] = DURATION4(TRANSMISSION_PERIOD),
    [0x40] = SCALE8(VOLTAGE, VOLT, -9),
    [0x48] = SCALE8(VOLTAGE, VOLT, -1),
    [0x50] = SCALE8(CURRENT, AMPERE, -12),
    [0x58] = SCALE8(CURRENT, AMPERE, -4),
    [0x60] = NUMBER(RESET_COUNTER),
    [0x61] = NUMBER(CUMULATION_COUNTER),
    [0x62] = NUMBER(CONTROL_SIGNAL),
    [0x63] = NUMBER(DAY_OF_WEEK),
    [0x64] = NUMBER(WEEK_NUMBER),
    [0x65] = NUMBER(TIME_OF_DAY_CHANGE),
    [0x66] = NUMBER(PARAMETER_ACTIVATION),
    [0x67] = NUMBER(SPECIAL_SUPPLIER),
    [0x68] = SCALE1(DURATION_SINCE_CUMULATION, HOUR, 0),
    [0x69] = SCALE1(DURATION_SINCE_CUMULATION, DAY, 0),
    [0x6a] = SCALE1(DURATION_SINCE_CUMULATION, MONTH, 0),
    [0x6b] = SCALE1(DURATION_SINCE_CUMULATION, YEAR, 0),
    [0x6c] = SCALE1(BATTERY_OPERATING_TIME, HOUR, 0),
    [0x6d] = SCALE1(BATTERY_OPERATING_TIME, DAY, 0),
    [0x6e] = SCALE1(BATTERY_OPERATING_TIME, MONTH, 0),
    [0x6f] = SCALE1(BATTERY_OPERATING_TIME, YEAR, 0),
    [0x70] = TIME(BATTERY_CHANGE),
    [0x71] = SCALE1(RF_LEVEL, DECIBEL_MILLIWATT, 0),
    [0x72] = NUMBER(DAYLIGHT_SAVING),
    [0x73] = NUMBER(LISTENING_WINDOW),
    [0x74] = SCALE1(BATTERY_LIFE_REMAINING, DAY, 0),
    [0x75] = NUMBER(STOP_COUNTER),
    [0x76] = ENTRY(MANUFACTURER_CONTAINER, NONE, 0, MANUFACTURER),
};
