/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all virtual meters share: water, valve, clock, and being exchanged. */
#include "nilo-lab-meter.h"

#include "nilo-lab-cjt188-meter.h"
#include "nilo-lab-mbus-meter.h"

#include <string.h>

#define NS_PER_MS             G_GINT64_CONSTANT(1000000)
#define ML_PER_LITRE          1000
#define DEFAULT_INSTALLED_DAY 18687 /* 2021-03-01 */

static const struct {
    const char *name;
    guint deviation;
} deviations[] = {
    {"di-swapped", NILO_LAB_DEVIATION_DI_SWAPPED},
    {"no-ser-in-address-answer", NILO_LAB_DEVIATION_NO_SER_IN_ADDRESS_ANSWER},
    {"short-answer", NILO_LAB_DEVIATION_SHORT_ANSWER},
    {"junk-preamble", NILO_LAB_DEVIATION_JUNK_PREAMBLE},
    {"vendor-envelope", NILO_LAB_DEVIATION_VENDOR_ENVELOPE},
    {"type-differs", NILO_LAB_DEVIATION_TYPE_DIFFERS},
    {"clock-zero", NILO_LAB_DEVIATION_CLOCK_ZERO},
    {"clock-year-first", NILO_LAB_DEVIATION_CLOCK_YEAR_FIRST},
    {"mirrored-status", NILO_LAB_DEVIATION_MIRRORED_STATUS},
    {"unit-litres", NILO_LAB_DEVIATION_UNIT_LITRES},
    {"wrong-checksum", NILO_LAB_DEVIATION_WRONG_CHECKSUM},
    {"late", NILO_LAB_DEVIATION_LATE},
    {"trailing-zeros", NILO_LAB_DEVIATION_TRAILING_ZEROS},
    {"fields-ff", NILO_LAB_DEVIATION_FIELDS_FF},
    {"collector-address", NILO_LAB_DEVIATION_COLLECTOR_ADDRESS},
    {"dd-wildcard", NILO_LAB_DEVIATION_DD_WILDCARD},
    {"error-with-di", NILO_LAB_DEVIATION_ERROR_WITH_DI},
    {"refuses-writes", NILO_LAB_DEVIATION_REFUSES_WRITES},
    {"valve-stuck", NILO_LAB_DEVIATION_VALVE_STUCK},
    {"battery-low", NILO_LAB_DEVIATION_BATTERY_LOW},
    {"no-fcb", NILO_LAB_DEVIATION_NO_FCB},
    {"nke-deaf", NILO_LAB_DEVIATION_NKE_DEAF},
    {"fixed-speed", NILO_LAB_DEVIATION_FIXED_SPEED},
    {"b7-until-reset", NILO_LAB_DEVIATION_B7_UNTIL_RESET},
    {"primary-only", NILO_LAB_DEVIATION_PRIMARY_ONLY},
    {"stale-ser", NILO_LAB_DEVIATION_STALE_SER},
};

/**
 * nilo_lab_deviation_from_text:
 * @text: as in the estate file
 * @deviation: (out): one #NiloLabDeviation; untouched on failure
 *
 * Returns: whether there is such a deviation
 */
gboolean
nilo_lab_deviation_from_text(const char *text, guint *deviation)
{
    for (gsize i = 0; i < G_N_ELEMENTS(deviations); i++) {
        if (g_str_equal(deviations[i].name, text)) {
            *deviation = deviations[i].deviation;
            return TRUE;
        }
    }
    return FALSE;
}

/**
 * nilo_lab_meter_settings_init:
 * @settings: (out caller-allocates): a plain water meter
 *
 * Fills in what the estate file does not say.
 */
void
nilo_lab_meter_settings_init(NiloLabMeterSettings *settings)
{
    memset(settings, 0, sizeof *settings);
    g_strlcpy(settings->manufacturer, "NLB", sizeof settings->manufacturer);
    settings->version = 1;
    settings->medium = 0x07;
    settings->type = 0x10;
    settings->preamble_count = 3;
    settings->answer_delay_ms = 30;
    settings->late_ms = 900;
    settings->telegrams = 1;
    settings->speed_fallback_s = 300;
    settings->settlement_day = 1;
    settings->daily_litres = 250;
    settings->flat_spread_percent = 60;
    settings->leak_litres_per_hour = 12;
    settings->installed_utc_us =
        DEFAULT_INSTALLED_DAY * NILO_LAB_SECONDS_PER_DAY * NILO_LAB_US_PER_SECOND;
}

static gboolean
percent_happens(guint64 seed, guint64 what, guint percent)
{
    return nilo_lab_hash(seed, what, 0) % 100 < percent;
}

static void
init_water(NiloLabMeter *meter, guint64 seed)
{
    const NiloLabMeterSettings *settings = &meter->settings;
    const gint64 mean_ml = (gint64)settings->daily_litres * ML_PER_LITRE;
    const gint64 spread_ml = mean_ml * settings->flat_spread_percent / 100;
    const gint64 year_us = 365 * NILO_LAB_SECONDS_PER_DAY * NILO_LAB_US_PER_SECOND;
    NiloLabWater *water = &meter->water;

    water->seed = seed;
    water->zone_offset_minutes = meter->zone_offset_minutes;
    water->installed_utc_us = settings->installed_utc_us;
    water->start_ml = (gint64)settings->start_litres * ML_PER_LITRE;
    water->daily_ml = mean_ml;
    if (spread_ml > 0)
        water->daily_ml +=
            (gint64)(nilo_lab_hash(seed, 10, 0) % (guint64)(2 * spread_ml)) - spread_ml;
    if (percent_happens(seed, 11, settings->vacant_percent))
        water->daily_ml = 0;
    if (percent_happens(seed, 12, settings->leak_percent)) {
        water->leak_ml_per_h = (gint64)settings->leak_litres_per_hour * ML_PER_LITRE;
        water->leak_from_utc_us =
            settings->installed_utc_us + (gint64)(nilo_lab_hash(seed, 13, 0) % 5) * year_us;
    }
}

/**
 * nilo_lab_meter_new:
 * @name: unique in the estate
 * @settings: copied
 * @speed_baud: of the bus
 * @seed: the estate's seed; the meter's own chance comes from it and @name
 * @zone_offset_minutes: local time against UTC
 *
 * Returns: (transfer full): a meter that hangs on no bus yet
 */
NiloLabMeter *
nilo_lab_meter_new(const char *name, const NiloLabMeterSettings *settings, guint speed_baud,
                   guint64 seed, gint zone_offset_minutes)
{
    NiloLabMeter *meter = g_new0(NiloLabMeter, 1);
    const guint64 own_seed = nilo_lab_hash_text(seed, name);

    meter->name = g_strdup(name);
    meter->settings = *settings;
    meter->dead = settings->dead;
    meter->speed_baud = speed_baud;
    meter->zone_offset_minutes = zone_offset_minutes;
    meter->clock_offset_s = settings->clock_error_s;
    meter->clock_set_utc_us = settings->installed_utc_us;
    meter->closures = g_array_new(FALSE, FALSE, sizeof(NiloLabClosure));
    meter->steps = g_array_new(FALSE, FALSE, sizeof(NiloLabStep));
    nilo_lab_random_init(&meter->random, own_seed);
    init_water(meter, own_seed);
    if (settings->protocol == NILO_LAB_PROTOCOL_CJT188)
        nilo_lab_cjt188_meter_init(meter);
    else
        nilo_lab_mbus_meter_init(meter);
    return meter;
}

/**
 * nilo_lab_meter_free:
 * @meter: (transfer full): a meter
 *
 * Takes the meter away.
 */
void
nilo_lab_meter_free(NiloLabMeter *meter)
{
    g_array_unref(meter->closures);
    g_array_unref(meter->steps);
    g_free(meter->state);
    g_free(meter->name);
    g_free(meter);
}

/**
 * nilo_lab_meter_say:
 * @meter: a meter
 * @mono_ns: when
 * @format: what happened, without the meter's name
 * @...: its arguments
 *
 * Tells whoever listens, usually the event log.
 */
void
nilo_lab_meter_say(NiloLabMeter *meter, gint64 mono_ns, const char *format, ...)
{
    g_autofree char *event = NULL;
    va_list arguments;

    if (meter->event_func == NULL)
        return;
    va_start(arguments, format);
    event = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    meter->event_func(meter, mono_ns, event, meter->event_data);
}

/**
 * nilo_lab_meter_hear:
 * @meter: a meter
 * @heard: a sound request, perhaps for somebody else
 * @answer: (out caller-allocates): filled when it answers
 *
 * Returns: whether the meter answers
 */
gboolean
nilo_lab_meter_hear(NiloLabMeter *meter, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    const NiloLabMeterSettings *settings = &meter->settings;
    guint delay_ms = settings->answer_delay_ms;

    if (settings->exchanged_with[0] != '\0' && !meter->exchanged &&
        heard->utc_us >= settings->exchanged_at_utc_us)
        nilo_lab_meter_exchange(meter, settings->exchanged_with, settings->exchanged_at_utc_us);
    if (meter->dead)
        return FALSE;
    answer->size = 0;
    if (!meter->hear(meter, heard, answer))
        return FALSE;
    if (settings->answer_jitter_ms > 0)
        delay_ms += nilo_lab_random_below(&meter->random, settings->answer_jitter_ms + 1);
    if (settings->deviations & NILO_LAB_DEVIATION_LATE)
        delay_ms += settings->late_ms;
    answer->delay_ns = delay_ms * NS_PER_MS;
    if (meter->answer_func != NULL)
        meter->answer_func(meter, heard, answer, meter->answer_data);
    return TRUE;
}

static gint64
frozen_time(NiloLabMeter *meter, gint64 utc_us)
{
    for (guint i = 0; i < meter->closures->len; i++) {
        const NiloLabClosure *closure = &g_array_index(meter->closures, NiloLabClosure, i);

        if (utc_us >= closure->from_utc_us && utc_us < closure->until_utc_us)
            return closure->from_utc_us;
    }
    return utc_us;
}

/**
 * nilo_lab_meter_get_volume_ml:
 * @meter: a meter
 * @utc_us: estate time; not after the last thing done to the meter's valve or counter by more than
 *   those things can be known
 *
 * Returns: the true counter at @utc_us, in millilitres
 */
gint64
nilo_lab_meter_get_volume_ml(NiloLabMeter *meter, gint64 utc_us)
{
    gint64 volume = nilo_lab_water_volume_ml(&meter->water, frozen_time(meter, utc_us));

    for (guint i = 0; i < meter->steps->len; i++) {
        const NiloLabStep *step = &g_array_index(meter->steps, NiloLabStep, i);

        if (utc_us >= step->at_utc_us)
            volume += step->delta_ml;
    }
    return volume;
}

/**
 * nilo_lab_meter_get_flow_ml_per_h:
 * @meter: a meter
 * @utc_us: estate time
 *
 * Returns: the flow over the last minute, 0 while the valve is shut
 */
gint64
nilo_lab_meter_get_flow_ml_per_h(NiloLabMeter *meter, gint64 utc_us)
{
    if (frozen_time(meter, utc_us) != utc_us)
        return 0;
    return nilo_lab_water_flow_ml_per_h(&meter->water, utc_us);
}

/**
 * nilo_lab_meter_settings_to_id:
 * @settings: of a meter
 *
 * Returns: (transfer full): its id, for instance "mbus:12345678.TEC.16.07" or
 *   "cjt188:78330011223344"
 */
char *
nilo_lab_meter_settings_to_id(const NiloLabMeterSettings *settings)
{
    if (settings->protocol == NILO_LAB_PROTOCOL_CJT188)
        return g_strdup_printf("cjt188:%s", settings->id);
    return g_strdup_printf("mbus:%s.%s.%02X.%02X", settings->id, settings->manufacturer,
                           settings->version, settings->medium);
}

/**
 * nilo_lab_meter_get_id:
 * @meter: a meter
 *
 * Returns: (transfer full): the id of the meter that hangs here now
 */
char *
nilo_lab_meter_get_id(NiloLabMeter *meter)
{
    return nilo_lab_meter_settings_to_id(&meter->settings);
}

/**
 * nilo_lab_meter_is_shut:
 * @meter: a meter
 *
 * Returns: whether its valve is shut
 */
gboolean
nilo_lab_meter_is_shut(NiloLabMeter *meter)
{
    const guint n = meter->closures->len;

    return n > 0 &&
           g_array_index(meter->closures, NiloLabClosure, n - 1).until_utc_us == G_MAXINT64;
}

static void
add_step(NiloLabMeter *meter, gint64 utc_us, gint64 delta_ml)
{
    const NiloLabStep step = {utc_us, delta_ml};

    g_array_append_val(meter->steps, step);
}

/**
 * nilo_lab_meter_set_valve:
 * @meter: a meter
 * @shut: the order
 * @utc_us: when; not before the last order
 *
 * Turns the valve: no water is used while it is shut.
 */
void
nilo_lab_meter_set_valve(NiloLabMeter *meter, gboolean shut, gint64 utc_us)
{
    NiloLabClosure *last;

    meter->valve_orders++;
    if (shut == nilo_lab_meter_is_shut(meter))
        return;
    if (shut) {
        const NiloLabClosure closure = {utc_us, G_MAXINT64};

        g_array_append_val(meter->closures, closure);
        return;
    }
    last = &g_array_index(meter->closures, NiloLabClosure, meter->closures->len - 1);
    last->until_utc_us = utc_us;
    add_step(meter, utc_us,
             nilo_lab_water_volume_ml(&meter->water, last->from_utc_us) -
                 nilo_lab_water_volume_ml(&meter->water, utc_us));
}

/**
 * nilo_lab_meter_set_volume:
 * @meter: a meter
 * @volume_ml: what the counter shall show
 * @utc_us: when
 *
 * Moves the counter by hand.
 */
void
nilo_lab_meter_set_volume(NiloLabMeter *meter, gint64 volume_ml, gint64 utc_us)
{
    add_step(meter, utc_us, volume_ml - nilo_lab_meter_get_volume_ml(meter, utc_us));
}

/**
 * nilo_lab_meter_exchange:
 * @meter: the place on the wire
 * @new_id: digits of the meter that hangs there from now on
 * @utc_us: when
 *
 * Exchanges the meter: the address on the bus stays (CJ/T 188: becomes @new_id), the counter begins
 * at 0.
 *
 * Returns: whether @new_id fits the protocol
 */
gboolean
nilo_lab_meter_exchange(NiloLabMeter *meter, const char *new_id, gint64 utc_us)
{
    NiloLabMeterSettings *settings = &meter->settings;
    const gboolean cjt188 = settings->protocol == NILO_LAB_PROTOCOL_CJT188;
    const gsize digits = cjt188 ? 14 : 8;

    if (strlen(new_id) != digits || strspn(new_id, "0123456789") != digits)
        return FALSE;
    g_strlcpy(settings->id, new_id, sizeof settings->id);
    settings->fabrication = 0;
    meter->exchanged = TRUE;
    g_array_set_size(meter->closures, 0);
    g_array_set_size(meter->steps, 0);
    meter->water.installed_utc_us = utc_us;
    meter->water.start_ml = 0;
    meter->replaced(meter);
    return TRUE;
}

/* the meter's clock in seconds since 1970 on its own face */
static gint64
clock_seconds(NiloLabMeter *meter, gint64 utc_us)
{
    const gint64 days =
        (utc_us - meter->clock_set_utc_us) / NILO_LAB_US_PER_SECOND / NILO_LAB_SECONDS_PER_DAY;

    return utc_us / NILO_LAB_US_PER_SECOND + meter->zone_offset_minutes * 60 +
           meter->clock_offset_s + days * meter->settings.clock_drift_s_per_day;
}

/**
 * nilo_lab_meter_get_clock:
 * @meter: a meter
 * @utc_us: estate time
 *
 * Returns: what the meter's own clock shows, errors and drift included
 */
NiloLabDate
nilo_lab_meter_get_clock(NiloLabMeter *meter, gint64 utc_us)
{
    return nilo_lab_date_from_seconds(clock_seconds(meter, utc_us));
}

/**
 * nilo_lab_meter_set_clock:
 * @meter: a meter
 * @date: what its clock shall show
 * @utc_us: estate time now
 *
 * Sets the meter's clock; it drifts on from here.
 */
void
nilo_lab_meter_set_clock(NiloLabMeter *meter, const NiloLabDate *date, gint64 utc_us)
{
    meter->clock_set_utc_us = utc_us;
    meter->clock_offset_s = nilo_lab_date_to_seconds(date) - utc_us / NILO_LAB_US_PER_SECOND -
                            meter->zone_offset_minutes * 60;
}

/**
 * nilo_lab_meter_month_utc_us:
 * @meter: a meter
 * @utc_us: estate time now
 * @months_back: 0: the last settlement day that has begun; 1: the one before, ...
 * @date: (out) (optional): that day at 00:00
 *
 * Returns: when that settlement day began, by true local time
 */
gint64
nilo_lab_meter_month_utc_us(NiloLabMeter *meter, gint64 utc_us, gint months_back, NiloLabDate *date)
{
    const gint64 offset_s = meter->zone_offset_minutes * 60;
    NiloLabDate day = nilo_lab_date_from_seconds(utc_us / NILO_LAB_US_PER_SECOND + offset_s);
    gint months;

    if (day.day < (gint)meter->settings.settlement_day)
        months_back++;
    months = day.year * 12 + day.month - 1 - months_back;
    day = (NiloLabDate){.year = months / 12,
                        .month = months % 12 + 1,
                        .day = (gint)meter->settings.settlement_day};
    if (date != NULL)
        *date = day;
    return (nilo_lab_date_to_seconds(&day) - offset_s) * NILO_LAB_US_PER_SECOND;
}
