/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Units of measured values. The numbers are stored in journals and packed batches: a number, once
 * given, is never given again; additions go to the end.
 *
 * X(SYMBOL, number, "printed name")
 */
#define NILO_UNIT_TABLE(X)                                                                         \
    X(NONE, 0, "")                                                                                 \
    X(CUBIC_METRE, 1, "m3")                                                                        \
    X(WATT_HOUR, 2, "Wh")                                                                          \
    X(JOULE, 3, "J")                                                                               \
    X(KILOGRAM, 4, "kg")                                                                           \
    X(SECOND, 5, "s")                                                                              \
    X(MINUTE, 6, "min")                                                                            \
    X(HOUR, 7, "h")                                                                                \
    X(DAY, 8, "d")                                                                                 \
    X(WEEK, 9, "week")                                                                             \
    X(MONTH, 10, "month")                                                                          \
    X(YEAR, 11, "year")                                                                            \
    X(WATT, 12, "W")                                                                               \
    X(JOULE_PER_HOUR, 13, "J/h")                                                                   \
    X(CUBIC_METRE_PER_HOUR, 14, "m3/h")                                                            \
    X(CUBIC_METRE_PER_MINUTE, 15, "m3/min")                                                        \
    X(CUBIC_METRE_PER_SECOND, 16, "m3/s")                                                          \
    X(KILOGRAM_PER_HOUR, 17, "kg/h")                                                               \
    X(CELSIUS, 18, "C")                                                                            \
    X(KELVIN, 19, "K")                                                                             \
    X(FAHRENHEIT, 20, "F")                                                                         \
    X(BAR, 21, "bar")                                                                              \
    X(HCA, 22, "HCA")                                                                              \
    X(VAR_HOUR, 23, "varh")                                                                        \
    X(VOLT_AMPERE_HOUR, 24, "VAh")                                                                 \
    X(VAR, 25, "var")                                                                              \
    X(VOLT_AMPERE, 26, "VA")                                                                       \
    X(VOLT, 27, "V")                                                                               \
    X(AMPERE, 28, "A")                                                                             \
    X(HERTZ, 29, "Hz")                                                                             \
    X(DEGREE, 30, "deg")                                                                           \
    X(PERCENT_RELATIVE_HUMIDITY, 31, "%RH")                                                        \
    X(CALORIE, 32, "cal")                                                                          \
    X(CUBIC_FOOT, 33, "ft3")                                                                       \
    X(US_GALLON, 34, "gal")                                                                        \
    X(US_GALLON_PER_MINUTE, 35, "gal/min")                                                         \
    X(US_GALLON_PER_HOUR, 36, "gal/h")                                                             \
    X(BIT_TIME, 37, "bit times")                                                                   \
    X(BAUD, 38, "Bd")                                                                              \
    X(DECIBEL_MILLIWATT, 39, "dBm")                                                                \
    X(CURRENCY, 40, "currency")                                                                    \
    X(CURRENCY_PER_CUBIC_METRE, 41, "currency/m3")                                                 \
    X(PERCENT, 42, "%")

typedef enum {
#define X(symbol, number, name) NILO_UNIT_##symbol = number,
    NILO_UNIT_TABLE(X)
#undef X
} NiloUnit;

/* The printed name, "" for NILO_UNIT_NONE; NULL when no unit has that number. */
const char *nilo_unit_get_name(NiloUnit unit);
