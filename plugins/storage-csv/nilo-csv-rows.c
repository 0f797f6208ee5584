/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-rows.h"

/* 9999-12-31: the last a four-digit year can say; a clock that nobody set may say anything */
#define LAST_SECOND G_GINT64_CONSTANT(253402300799)

static GDateTime *
to_date(gint64 utc_us)
{
    return g_date_time_new_from_unix_utc(CLAMP(utc_us / G_USEC_PER_SEC, 0, LAST_SECOND));
}

/**
 * nilo_csv_day_of:
 *
 * Returns: (transfer full): the day in UTC: "2026-11-22"
 */
char *
nilo_csv_day_of(gint64 utc_us)
{
    g_autoptr(GDateTime) date = to_date(utc_us);

    return g_date_time_format(date, "%Y-%m-%d");
}

/**
 * nilo_csv_batch_key:
 *
 * Returns: (transfer full): what stands in the last column; "" for a batch without a key
 */
char *
nilo_csv_batch_key(guint64 epoch, guint64 sequence)
{
    if (sequence == 0)
        return g_strdup("");
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x-%" G_GUINT64_FORMAT, epoch, sequence);
}

/* RFC 3339; the fraction only where there is one: scheduled readings are stamped in seconds */
static void
add_taken(GString *rows, gint64 utc_us)
{
    g_autoptr(GDateTime) date = to_date(utc_us);
    g_autofree char *seconds = g_date_time_format(date, "%Y-%m-%dT%H:%M:%S");
    const gint64 fraction_us = utc_us > 0 ? utc_us % G_USEC_PER_SEC : 0;

    g_string_append(rows, seconds);
    if (fraction_us != 0)
        g_string_append_printf(rows, ".%06" G_GINT64_FORMAT, fraction_us);
    g_string_append_c(rows, 'Z');
}

static void
add_flags(GString *rows, const NiloReport *report, guint flags)
{
    static const struct {
        guint flag;
        const char *name;
    } names[] = {
        {NILO_READING_INVALID, "invalid"},
        {NILO_READING_IMPLAUSIBLE, "implausible"},
        {NILO_READING_METER_TIME, "meter-time"},
        {NILO_READING_CONFIRMED, "confirmed"},
    };
    const char *space = "";

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if ((flags & names[i].flag) == 0)
            continue;
        g_string_append_printf(rows, "%s%s", space, names[i].name);
        space = " ";
    }
    if (nilo_report_get_clock_quality(report) == NILO_CLOCK_UNKNOWN)
        g_string_append_printf(rows, "%sclock-unknown", space);
}

static void
add_end(GString *rows, const NiloReport *report, const char *batch_key)
{
    g_string_append_printf(rows, ",%s,%s\n", nilo_outcome_get_nick(nilo_report_get_outcome(report)),
                           batch_key);
}

static void
add_reading(GString *rows, const NiloReport *report, const NiloReading *reading,
            const char *batch_key)
{
    const gboolean is_valid = (reading->flags & NILO_READING_INVALID) == 0;
    g_autofree char *reg = nilo_register_to_text(reading->reg);
    g_autofree char *value = is_valid ? nilo_value_to_text(&reading->value) : g_strdup("");
    const char *unit = nilo_unit_get_name((NiloUnit)reading->value.unit);

    add_taken(rows, reading->taken_us);
    g_string_append_printf(rows, ",%s,%s,%s,%s,",
                           nilo_meter_id_get_text(nilo_report_get_meter(report)), reg, value,
                           unit != NULL ? unit : "");
    add_flags(rows, report, reading->flags);
    add_end(rows, report, batch_key);
}

/**
 * nilo_csv_add_report:
 * @rows: gets a line for each reading, or one without a value when there is none: that a meter was
 * asked in vain is data too
 *
 * No field can hold a comma, a quote or a line end: ids, registers and outcomes are words of a
 * fixed alphabet, units a fixed list. So nothing is quoted.
 */
void
nilo_csv_add_report(GString *rows, const NiloReport *report, const char *batch_key)
{
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    for (gsize i = 0; i < n_readings; i++)
        add_reading(rows, report, &readings[i], batch_key);
    if (n_readings > 0)
        return;
    add_taken(rows, nilo_report_get_taken_us(report));
    g_string_append_printf(rows, ",%s,,,,", nilo_meter_id_get_text(nilo_report_get_meter(report)));
    add_flags(rows, report, 0);
    add_end(rows, report, batch_key);
}
