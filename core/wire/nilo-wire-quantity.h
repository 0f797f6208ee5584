/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a register measures. The numbers are stored in journals and packed batches: a number, once
 * given, is never given again; additions go to the end. 10 bits are reserved (NiloRegister).
 *
 * X(SYMBOL, number, "printed name")
 */
#define NILO_QUANTITY_TABLE(X)                                                                     \
    X(UNKNOWN, 0, "unknown")                                                                       \
    X(ENERGY, 1, "energy")                                                                         \
    X(VOLUME, 2, "volume")                                                                         \
    X(MASS, 3, "mass")                                                                             \
    X(ON_TIME, 4, "on time")                                                                       \
    X(OPERATING_TIME, 5, "operating time")                                                         \
    X(POWER, 6, "power")                                                                           \
    X(VOLUME_FLOW, 7, "volume flow")                                                               \
    X(MASS_FLOW, 8, "mass flow")                                                                   \
    X(FLOW_TEMPERATURE, 9, "flow temperature")                                                     \
    X(RETURN_TEMPERATURE, 10, "return temperature")                                                \
    X(TEMPERATURE_DIFFERENCE, 11, "temperature difference")                                        \
    X(EXTERNAL_TEMPERATURE, 12, "external temperature")                                            \
    X(PRESSURE, 13, "pressure")                                                                    \
    X(DATE, 14, "date")                                                                            \
    X(DATE_TIME, 15, "date time")                                                                  \
    X(HCA_UNITS, 16, "HCA units")                                                                  \
    X(AVERAGING_DURATION, 17, "averaging duration")                                                \
    X(ACTUALITY_DURATION, 18, "actuality duration")                                                \
    X(FABRICATION_NUMBER, 19, "fabrication no")                                                    \
    X(ENHANCED_IDENTIFICATION, 20, "enhanced identification")                                      \
    X(BUS_ADDRESS, 21, "bus address")                                                              \
    X(TEXT, 22, "text")                                                                            \
    X(ANY, 23, "any")                                                                              \
    X(MANUFACTURER_SPECIFIC, 24, "manufacturer specific")                                          \
    X(CREDIT, 25, "credit")                                                                        \
    X(DEBIT, 26, "debit")                                                                          \
    X(ACCESS_NUMBER, 27, "access number")                                                          \
    X(MEDIUM, 28, "medium")                                                                        \
    X(MANUFACTURER, 29, "manufacturer")                                                            \
    X(PARAMETER_SET, 30, "parameter set id")                                                       \
    X(MODEL_VERSION, 31, "model/version")                                                          \
    X(HARDWARE_VERSION, 32, "hardware version")                                                    \
    X(FIRMWARE_VERSION, 33, "firmware version")                                                    \
    X(SOFTWARE_VERSION, 34, "software version")                                                    \
    X(CUSTOMER_LOCATION, 35, "customer location")                                                  \
    X(CUSTOMER, 36, "customer")                                                                    \
    X(ACCESS_CODE_USER, 37, "access code user")                                                    \
    X(ACCESS_CODE_OPERATOR, 38, "access code operator")                                            \
    X(ACCESS_CODE_SYSTEM_OPERATOR, 39, "access code system operator")                              \
    X(ACCESS_CODE_DEVELOPER, 40, "access code developer")                                          \
    X(PASSWORD, 41, "password")                                                                    \
    X(ERROR_FLAGS, 42, "error flags")                                                              \
    X(ERROR_MASK, 43, "error mask")                                                                \
    X(SECURITY_KEY, 44, "security key")                                                            \
    X(DIGITAL_OUTPUT, 45, "digital output")                                                        \
    X(DIGITAL_INPUT, 46, "digital input")                                                          \
    X(BAUD_RATE, 47, "baud rate")                                                                  \
    X(RESPONSE_DELAY, 48, "response delay")                                                        \
    X(RETRY, 49, "retry")                                                                          \
    X(REMOTE_CONTROL, 50, "remote control")                                                        \
    X(FIRST_STORAGE, 51, "first storage number")                                                   \
    X(LAST_STORAGE, 52, "last storage number")                                                     \
    X(STORAGE_BLOCK_SIZE, 53, "storage block size")                                                \
    X(TARIFF_SUBUNIT_DESCRIPTOR, 54, "tariff and subunit descriptor")                              \
    X(STORAGE_INTERVAL, 55, "storage interval")                                                    \
    X(DURATION_SINCE_READOUT, 56, "duration since last readout")                                   \
    X(TARIFF_START, 57, "tariff start")                                                            \
    X(TARIFF_DURATION, 58, "tariff duration")                                                      \
    X(TARIFF_PERIOD, 59, "tariff period")                                                          \
    X(DIMENSIONLESS, 60, "dimensionless")                                                          \
    X(WIRELESS_CONTAINER, 61, "wireless container")                                                \
    X(TRANSMISSION_PERIOD, 62, "nominal transmission period")                                      \
    X(VOLTAGE, 63, "voltage")                                                                      \
    X(CURRENT, 64, "current")                                                                      \
    X(RESET_COUNTER, 65, "reset counter")                                                          \
    X(CUMULATION_COUNTER, 66, "cumulation counter")                                                \
    X(CONTROL_SIGNAL, 67, "control signal")                                                        \
    X(DAY_OF_WEEK, 68, "day of week")                                                              \
    X(WEEK_NUMBER, 69, "week number")                                                              \
    X(TIME_OF_DAY_CHANGE, 70, "time of day change")                                                \
    X(PARAMETER_ACTIVATION, 71, "parameter activation state")                                      \
    X(SPECIAL_SUPPLIER, 72, "special supplier info")                                               \
    X(DURATION_SINCE_CUMULATION, 73, "duration since last cumulation")                             \
    X(BATTERY_OPERATING_TIME, 74, "battery operating time")                                        \
    X(BATTERY_CHANGE, 75, "battery change")                                                        \
    X(RF_LEVEL, 76, "rf level")                                                                    \
    X(DAYLIGHT_SAVING, 77, "daylight saving")                                                      \
    X(LISTENING_WINDOW, 78, "listening window")                                                    \
    X(BATTERY_LIFE_REMAINING, 79, "remaining battery life")                                        \
    X(STOP_COUNTER, 80, "times stopped")                                                           \
    X(MANUFACTURER_CONTAINER, 81, "manufacturer container")                                        \
    X(REACTIVE_ENERGY, 82, "reactive energy")                                                      \
    X(APPARENT_ENERGY, 83, "apparent energy")                                                      \
    X(REACTIVE_POWER, 84, "reactive power")                                                        \
    X(APPARENT_POWER, 85, "apparent power")                                                        \
    X(RELATIVE_HUMIDITY, 86, "relative humidity")                                                  \
    X(PHASE_VOLTAGE_VOLTAGE, 87, "phase U-U")                                                      \
    X(PHASE_VOLTAGE_CURRENT, 88, "phase U-I")                                                      \
    X(FREQUENCY, 89, "frequency")                                                                  \
    X(TEMPERATURE_LIMIT, 90, "cold/warm temperature limit")                                        \
    X(CUMULATED_MAX_POWER, 91, "cumulated maximum power")                                          \
    X(RESERVED, 92, "reserved")                                                                    \
    X(STATUS, 93, "status")                                                                        \
    X(VALVE_STATE, 94, "valve state")                                                              \
    X(PRICE, 95, "price")                                                                          \
    X(PRICE_STEP_VOLUME, 96, "price step volume")                                                  \
    X(PURCHASE_NUMBER, 97, "purchase number")                                                      \
    X(PURCHASE_LAST, 98, "last purchase")                                                          \
    X(PURCHASE_TOTAL, 99, "total purchased")                                                       \
    X(PURCHASE_REMAINING, 100, "purchase remaining")                                               \
    X(SETTLEMENT_DAY, 101, "settlement day")                                                       \
    X(READING_DAY, 102, "reading day")                                                             \
    X(KEY_VERSION, 103, "key version")                                                             \
    X(CLOCK_DRIFT, 104, "clock drift")                                                             \
    X(BATTERY_VOLTAGE, 105, "battery voltage")                                                     \
    X(SECOND_OF_MINUTE, 106, "second of the minute")

typedef enum {
#define X(symbol, number, name) NILO_QUANTITY_##symbol = number,
    NILO_QUANTITY_TABLE(X)
#undef X
} NiloQuantity;

/* The printed name; NULL when no quantity has that number. */
const char *nilo_quantity_get_name(NiloQuantity quantity);
