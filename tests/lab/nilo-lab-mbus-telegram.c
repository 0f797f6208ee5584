/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the virtual M-Bus meters say: one function per profile. */
#include "nilo-lab-mbus-telegram.h"

#include "nilo-lab-digits.h"

#include <string.h>

#define CI_LONG_HEADER      0x72
#define CI_FIXED            0x73
#define DIF_MORE_FOLLOWS    0x1f
#define HEAT_TELEGRAMS      3
#define MONTHS_PER_TELEGRAM 6
#define STATUS_BATTERY_LOW  0x04
#define ML_PER_LITRE        1000
#define WH_PER_LITRE        35 /* 30 K */

static guint8
status_of(const NiloLabMeter *meter)
{
    return meter->settings.deviations & NILO_LAB_DEVIATION_BATTERY_LOW ? STATUS_BATTERY_LOW : 0;
}

static guint64
litres_at(NiloLabMeter *meter, gint64 utc_us)
{
    return (guint64)(nilo_lab_meter_get_volume_ml(meter, utc_us) / ML_PER_LITRE);
}

static guint64
days_on(NiloLabMeter *meter, gint64 utc_us)
{
    return (guint64)(MAX(utc_us - meter->water.installed_utc_us, 0) / NILO_LAB_US_PER_SECOND /
                     NILO_LAB_SECONDS_PER_DAY);
}

static void
add_header(NiloLabMeter *meter, guint8 access_number, NiloLabMbusRecords *records)
{
    const NiloLabMeterSettings *settings = &meter->settings;
    guint8 header[12] = {0};

    nilo_lab_digits_put(header, 4, g_ascii_strtoull(settings->id, NULL, 10));
    nilo_lab_little_put(header + 4, 2, nilo_lab_mbus_manufacturer_code(settings->manufacturer));
    header[6] = (guint8)settings->version;
    header[7] = (guint8)settings->medium;
    header[8] = access_number;
    header[9] = status_of(meter);
    nilo_lab_mbus_records_add_bytes(records, header, sizeof header);
}

static void
add_clock(NiloLabMeter *meter, gint64 utc_us, NiloLabMbusRecords *records)
{
    const NiloLabDate clock = nilo_lab_meter_get_clock(meter, utc_us);

    nilo_lab_mbus_records_add_date_time(records, &clock,
                                        (meter->settings.deviations &
                                         NILO_LAB_DEVIATION_CLOCK_ZERO) != 0);
}

static void
add_settlement(NiloLabMeter *meter, gint64 utc_us, guint storage, NiloLabMbusRecords *records)
{
    NiloLabDate day;
    const gint64 at = nilo_lab_meter_month_utc_us(meter, utc_us, (gint)storage - 1, &day);

    nilo_lab_mbus_records_add_bcd(records, storage, 0, 0x13, 4, litres_at(meter, at));
    nilo_lab_mbus_records_add_date(records, storage, &day);
}

/* first the present, then six settlement days a telegram */
static void
add_water(NiloLabMeter *meter, guint index, gint64 utc_us, NiloLabMbusRecords *records)
{
    const gint64 flow = nilo_lab_meter_get_flow_ml_per_h(meter, utc_us);

    if (index > 0) {
        for (guint i = 0; i < MONTHS_PER_TELEGRAM; i++)
            add_settlement(meter, utc_us, 2 + (index - 1) * MONTHS_PER_TELEGRAM + i, records);
        return;
    }
    nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x78, 4,
                                  nilo_lab_mbus_telegram_fabrication(&meter->settings));
    nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x13, 4, litres_at(meter, utc_us));
    nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x3b, 3, (guint64)flow / ML_PER_LITRE);
    add_clock(meter, utc_us, records);
    nilo_lab_mbus_records_add_int(records, 0, 0x23, 0, 2, days_on(meter, utc_us));
    nilo_lab_mbus_records_add_int(records, 0, 0xfd, 0x17, 2, 0);
    add_settlement(meter, utc_us, 1, records);
}

static void
add_heat(NiloLabMeter *meter, guint index, gint64 utc_us, NiloLabMbusRecords *records)
{
    const guint64 litres = litres_at(meter, utc_us);
    const guint64 flow = (guint64)nilo_lab_meter_get_flow_ml_per_h(meter, utc_us) / ML_PER_LITRE;
    NiloLabDate day;
    gint64 at;

    switch (index) {
    case 0:
        nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x06, 4, litres * WH_PER_LITRE / 1000);
        nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x13, 4, litres);
        nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x2b, 4, flow * WH_PER_LITRE);
        nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x3b, 3, flow);
        nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x5a, 2, 700);
        nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x5e, 2, 400);
        nilo_lab_mbus_records_add_bcd(records, 0, 0, 0x62, 2, 300);
        add_clock(meter, utc_us, records);
        return;
    case 1:
        for (guint storage = 1; storage <= MONTHS_PER_TELEGRAM; storage++) {
            at = nilo_lab_meter_month_utc_us(meter, utc_us, (gint)storage - 1, &day);
            nilo_lab_mbus_records_add_bcd(records, storage, 0, 0x06, 4,
                                          litres_at(meter, at) * WH_PER_LITRE / 1000);
            nilo_lab_mbus_records_add_date(records, storage, &day);
        }
        return;
    default:
        nilo_lab_mbus_records_add_bcd(records, 0, 1, 0x5a, 2, 852);
        nilo_lab_mbus_records_add_bcd(records, 0, 1, 0x3b, 3, 2500);
        nilo_lab_mbus_records_add_int(records, 0, 0x23, 0, 2, days_on(meter, utc_us));
        nilo_lab_mbus_records_add_int(records, 0, 0xfd, 0x17, 2, 0);
        return;
    }
}

/* EN 13757-3, fixed data structure: two BCD counters, water in litres, the second one historic */
static void
add_fixed(NiloLabMeter *meter, gint64 utc_us, guint8 access_number, NiloLabMbusRecords *records)
{
    guint8 data[16] = {0};

    nilo_lab_digits_put(data, 4, g_ascii_strtoull(meter->settings.id, NULL, 10));
    data[4] = access_number;
    data[5] = status_of(meter);
    data[6] = 0x29 | 0xc0;
    data[7] = 0x3e | 0x40;
    nilo_lab_digits_put(data + 8, 4, litres_at(meter, utc_us));
    nilo_lab_digits_put(data + 12, 4,
                        litres_at(meter, nilo_lab_meter_month_utc_us(meter, utc_us, 0, NULL)));
    nilo_lab_mbus_records_add_bytes(records, data, sizeof data);
}

/**
 * nilo_lab_mbus_telegram_fabrication:
 * @settings: of an M-Bus meter
 *
 * Returns: its fabrication number, 8 digits
 */
guint64
nilo_lab_mbus_telegram_fabrication(const NiloLabMeterSettings *settings)
{
    if (settings->fabrication != 0)
        return settings->fabrication;
    return g_ascii_strtoull(settings->id, NULL, 10);
}

/**
 * nilo_lab_mbus_telegram_count:
 * @meter: an M-Bus meter
 *
 * Returns: how many telegrams a whole readout has
 */
guint
nilo_lab_mbus_telegram_count(NiloLabMeter *meter)
{
    switch (meter->settings.profile) {
    case NILO_LAB_PROFILE_HEAT:
        return HEAT_TELEGRAMS;
    case NILO_LAB_PROFILE_FIXED:
        return 1;
    case NILO_LAB_PROFILE_WATER:
    default:
        return meter->settings.telegrams;
    }
}

/**
 * nilo_lab_mbus_telegram_build:
 * @meter: an M-Bus meter
 * @index: which telegram, from 0
 * @utc_us: estate time
 * @access_number: counts answers
 * @records: (inout): empty; user data after the CI field
 *
 * Returns: the CI field
 */
guint8
nilo_lab_mbus_telegram_build(NiloLabMeter *meter, guint index, gint64 utc_us, guint8 access_number,
                             NiloLabMbusRecords *records)
{
    const guint8 more = DIF_MORE_FOLLOWS;

    if (meter->settings.profile == NILO_LAB_PROFILE_FIXED) {
        add_fixed(meter, utc_us, access_number, records);
        return CI_FIXED;
    }
    add_header(meter, access_number, records);
    if (meter->settings.profile == NILO_LAB_PROFILE_HEAT)
        add_heat(meter, index, utc_us, records);
    else
        add_water(meter, index, utc_us, records);
    if (index + 1 < nilo_lab_mbus_telegram_count(meter))
        nilo_lab_mbus_records_add_bytes(records, &more, 1);
    return CI_LONG_HEADER;
}
