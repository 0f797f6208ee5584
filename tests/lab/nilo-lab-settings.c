/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of an estate file, one table per kind of thing; README.md explains each. */
#include "nilo-lab-settings.h"

#include "nilo-lab-mbus-records.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_PPM      1000000
#define MAX_DELAY_MS 20000

typedef enum {
    KEY_UINT,
    KEY_INT,
    KEY_BOOL,
} KeyType;

typedef struct {
    const char *name;
    KeyType type;
    gsize offset;
    gint64 minimum;
    gint64 maximum;
} Key;

#define METER(name, type, member, minimum, maximum)                                                \
    {                                                                                              \
        name, type, G_STRUCT_OFFSET(NiloLabMeterSettings, member), minimum, maximum                \
    }
#define BUS(name, type, member, minimum, maximum)                                                  \
    {                                                                                              \
        name, type, G_STRUCT_OFFSET(NiloLabBusSettings, member), minimum, maximum                  \
    }
#define BOARD(name, type, member, minimum, maximum)                                                \
    {                                                                                              \
        name, type, G_STRUCT_OFFSET(NiloLabBoardSettings, member), minimum, maximum                \
    }

static const Key board_keys[] = {
    BOARD("channels", KEY_UINT, channels, 1, NILO_LAB_CHANNELS),
    BOARD("first-address", KEY_INT, first_address, 1, 250),
    BOARD("ml-per-pulse", KEY_UINT, ml_per_pulse, 1, 10000000),
    BOARD("bounces", KEY_UINT, bounces, 0, 20),
    BOARD("hold-ms", KEY_UINT, hold_ms, 1, 10000),
    BOARD("filter-ms", KEY_UINT, filter_ms, 1, 10000),
};

/* what a flat behind a contact shares with a meter: its water */
static const char *const water_keys[] = {
    "daily-litres", "flat-spread-percent",  "start-litres", "vacant-percent",
    "leak-percent", "leak-litres-per-hour", "installed",    NULL,
};

static const Key meter_keys[] = {
    METER("address", KEY_UINT, primary_address, 0, 250),
    METER("version", KEY_UINT, version, 0, 255),
    METER("medium", KEY_UINT, medium, 0, 255),
    METER("type", KEY_UINT, type, 0, 255),
    METER("preamble-count", KEY_UINT, preamble_count, 0, 16),
    METER("answer-delay-ms", KEY_UINT, answer_delay_ms, 0, MAX_DELAY_MS),
    METER("answer-jitter-ms", KEY_UINT, answer_jitter_ms, 0, MAX_DELAY_MS),
    METER("late-ms", KEY_UINT, late_ms, 0, MAX_DELAY_MS),
    METER("telegrams", KEY_UINT, telegrams, 1, 16),
    METER("dead", KEY_BOOL, dead, 0, 1),
    METER("readouts-per-day", KEY_UINT, readouts_per_day, 0, 100000),
    METER("busy-percent", KEY_UINT, busy_percent, 0, 100),
    METER("speed-fallback-s", KEY_UINT, speed_fallback_s, 1, 3600),
    METER("clock-error-s", KEY_INT, clock_error_s, -2000000000, 2000000000),
    METER("clock-drift-s-per-day", KEY_INT, clock_drift_s_per_day, -3600, 3600),
    METER("settlement-day", KEY_UINT, settlement_day, 1, 28),
    METER("daily-litres", KEY_UINT, daily_litres, 0, 1000000),
    METER("flat-spread-percent", KEY_UINT, flat_spread_percent, 0, 95),
    METER("start-litres", KEY_UINT, start_litres, 0, 2000000000),
    METER("vacant-percent", KEY_UINT, vacant_percent, 0, 100),
    METER("leak-percent", KEY_UINT, leak_percent, 0, 100),
    METER("leak-litres-per-hour", KEY_UINT, leak_litres_per_hour, 0, 10000),
};

static const Key bus_keys[] = {
    BUS("speed", KEY_UINT, speed_baud, 300, 115200),
    BUS("tcp", KEY_BOOL, tcp, 0, 1),
    BUS("echo", KEY_BOOL, echo, 0, 1),
    BUS("noise-per-byte-ppm", KEY_UINT, noise_ppm, 0, MAX_PPM),
    BUS("drop-per-byte-ppm", KEY_UINT, drop_ppm, 0, MAX_PPM),
    BUS("junk-per-byte-ppm", KEY_UINT, junk_ppm, 0, MAX_PPM),
    BUS("late-answers-ppm", KEY_UINT, late_ppm, 0, MAX_PPM),
    BUS("late-ms", KEY_UINT, late_ms, 0, MAX_DELAY_MS),
    BUS("babble", KEY_BOOL, babble, 0, 1),
    BUS("wrong-parity", KEY_BOOL, wrong_parity, 0, 1),
    BUS("second-master-ms", KEY_UINT, second_ms, 0, MAX_DELAY_MS),
    BUS("second-master-break-ppm", KEY_UINT, second_break_ppm, 0, MAX_PPM),
    BUS("unplugged", KEY_BOOL, unplugged, 0, 1),
    BUS("cut-after", KEY_UINT, cut_after, 0, 100000),
};

/**
 * nilo_lab_settings_parse_int:
 * @value: decimal, or hexadecimal after "0x"
 * @minimum: smallest number allowed
 * @maximum: largest number allowed
 * @number: (out): untouched on failure
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether @value is such a number
 */
gboolean
nilo_lab_settings_parse_int(const char *value, gint64 minimum, gint64 maximum, gint64 *number,
                            GError **error)
{
    const gboolean hexadecimal = g_str_has_prefix(value, "0x");
    const char *digits = hexadecimal ? value + 2 : value;

    if (g_ascii_string_to_signed(digits, hexadecimal ? 16 : 10, minimum, maximum, number, NULL))
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "\"%s\" is not a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, value,
                minimum, maximum);
    return FALSE;
}

/**
 * nilo_lab_settings_parse_bool:
 * @value: yes, no, true, false, on or off
 * @truth: (out): untouched on failure
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether @value is one of these
 */
gboolean
nilo_lab_settings_parse_bool(const char *value, gboolean *truth, GError **error)
{
    const char *yes[] = {"yes", "true", "on", NULL};
    const char *no[] = {"no", "false", "off", NULL};

    if (g_strv_contains(yes, value)) {
        *truth = TRUE;
        return TRUE;
    }
    if (g_strv_contains(no, value)) {
        *truth = FALSE;
        return TRUE;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is neither yes nor no",
                value);
    return FALSE;
}

static NiloLabKeyResult
set_from_table(const Key *keys, gsize n_keys, gpointer settings, const char *name,
               const char *value, GError **error)
{
    for (gsize i = 0; i < n_keys; i++) {
        const Key *key = &keys[i];
        gint64 number;
        gboolean truth;

        if (!g_str_equal(key->name, name))
            continue;
        if (key->type == KEY_BOOL) {
            if (!nilo_lab_settings_parse_bool(value, &truth, error))
                return NILO_LAB_KEY_BAD;
            G_STRUCT_MEMBER(gboolean, settings, key->offset) = truth;
            return NILO_LAB_KEY_SET;
        }
        if (!nilo_lab_settings_parse_int(value, key->minimum, key->maximum, &number, error))
            return NILO_LAB_KEY_BAD;
        if (key->type == KEY_UINT)
            G_STRUCT_MEMBER(guint, settings, key->offset) = (guint)number;
        else
            G_STRUCT_MEMBER(gint, settings, key->offset) = (gint)number;
        return NILO_LAB_KEY_SET;
    }
    return NILO_LAB_KEY_UNKNOWN;
}

static NiloLabKeyResult
bad_value(GError **error, const char *value, const char *expected)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" found, expected %s", value,
                expected);
    return NILO_LAB_KEY_BAD;
}

static NiloLabKeyResult
set_choice(const char *const *choices, const char *value, guint *choice, GError **error)
{
    g_autofree char *expected = NULL;

    for (guint i = 0; choices[i] != NULL; i++) {
        if (g_str_equal(choices[i], value)) {
            *choice = i;
            return NILO_LAB_KEY_SET;
        }
    }
    expected = g_strjoinv(", ", (char **)choices);
    return bad_value(error, value, expected);
}

static NiloLabKeyResult
set_deviations(NiloLabMeterSettings *settings, const char *value, GError **error)
{
    g_auto(GStrv) names = g_strsplit_set(value, ",; ", -1);
    guint deviations = 0;

    for (guint i = 0; names[i] != NULL; i++) {
        guint deviation;

        if (names[i][0] == '\0')
            continue;
        if (!nilo_lab_deviation_from_text(names[i], &deviation))
            return bad_value(error, names[i], "a deviation of the table in README.md");
        deviations |= deviation;
    }
    settings->deviations = deviations;
    return NILO_LAB_KEY_SET;
}

static NiloLabKeyResult
set_moment(gint64 *utc_us, const char *value, GError **error)
{
    if (!nilo_lab_utc_from_text(value, utc_us))
        return bad_value(error, value, "a moment like 2026-03-01T08:00:00Z");
    return NILO_LAB_KEY_SET;
}

static NiloLabKeyResult
set_id(char *id, const char *value, GError **error)
{
    if (strlen(value) >= NILO_LAB_ID_SIZE)
        return bad_value(error, value, "8 digits (M-Bus) or 14 (CJ/T 188)");
    g_strlcpy(id, value, NILO_LAB_ID_SIZE);
    return NILO_LAB_KEY_SET;
}

/* the keys that are neither numbers nor switches */
static NiloLabKeyResult
set_other_meter_key(NiloLabMeterSettings *settings, const char *key, const char *value,
                    GError **error)
{
    static const char *const protocols[] = {"mbus-primary", "mbus-secondary", "cjt188", NULL};
    static const char *const profiles[] = {"water", "heat", "fixed", NULL};
    static const char *const editions[] = {"any", "2004", "2018", NULL};
    NiloLabKeyResult result;
    guint choice = 0;
    gint64 number;

    if (g_str_equal(key, "protocol")) {
        result = set_choice(protocols, value, &choice, error);
        if (result == NILO_LAB_KEY_SET)
            settings->protocol = choice;
        return result;
    }
    if (g_str_equal(key, "profile")) {
        result = set_choice(profiles, value, &choice, error);
        if (result == NILO_LAB_KEY_SET)
            settings->profile = choice;
        return result;
    }
    if (g_str_equal(key, "edition")) {
        result = set_choice(editions, value, &choice, error);
        if (result == NILO_LAB_KEY_SET)
            settings->edition = choice == 0 ? 0 : choice == 1 ? 2004 : 2018;
        return result;
    }
    if (g_str_equal(key, "manufacturer")) {
        if (nilo_lab_mbus_manufacturer_code(value) == 0)
            return bad_value(error, value, "three capital letters");
        g_strlcpy(settings->manufacturer, value, sizeof settings->manufacturer);
        return NILO_LAB_KEY_SET;
    }
    if (g_str_equal(key, "fabrication")) {
        if (!nilo_lab_settings_parse_int(value, 0, 99999999, &number, error))
            return NILO_LAB_KEY_BAD;
        settings->fabrication = (guint64)number;
        return NILO_LAB_KEY_SET;
    }
    if (g_str_equal(key, "deviations"))
        return set_deviations(settings, value, error);
    if (g_str_equal(key, "id"))
        return set_id(settings->id, value, error);
    if (g_str_equal(key, "exchanged-with"))
        return set_id(settings->exchanged_with, value, error);
    if (g_str_equal(key, "exchanged-at"))
        return set_moment(&settings->exchanged_at_utc_us, value, error);
    if (g_str_equal(key, "installed"))
        return set_moment(&settings->installed_utc_us, value, error);
    return NILO_LAB_KEY_UNKNOWN;
}

/**
 * nilo_lab_settings_set_meter_key:
 * @settings: of a meter or of all meters of a group
 * @key: as in the estate file
 * @value: as in the estate file
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether the key is a meter's, and whether its value was good
 */
NiloLabKeyResult
nilo_lab_settings_set_meter_key(NiloLabMeterSettings *settings, const char *key, const char *value,
                                GError **error)
{
    const NiloLabKeyResult result =
        set_from_table(meter_keys, G_N_ELEMENTS(meter_keys), settings, key, value, error);

    if (result != NILO_LAB_KEY_UNKNOWN)
        return result;
    return set_other_meter_key(settings, key, value, error);
}

/**
 * nilo_lab_settings_set_bus_key:
 * @settings: of a bus
 * @key: as in the estate file
 * @value: as in the estate file
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether the key is a bus's, and whether its value was good
 */
NiloLabKeyResult
nilo_lab_settings_set_bus_key(NiloLabBusSettings *settings, const char *key, const char *value,
                              GError **error)
{
    static const char *const kinds[] = {"mbus", "rs485", NULL};
    guint kind = 0;
    NiloLabKeyResult result;

    if (g_str_equal(key, "kind")) {
        result = set_choice(kinds, value, &kind, error);
        if (result == NILO_LAB_KEY_SET)
            settings->kind = kind;
        return result;
    }
    if (g_str_equal(key, "link")) {
        g_free(settings->link);
        settings->link = g_strdup(value);
        return NILO_LAB_KEY_SET;
    }
    return set_from_table(bus_keys, G_N_ELEMENTS(bus_keys), settings, key, value, error);
}

/**
 * nilo_lab_settings_set_board_key:
 * @settings: of a collector
 * @key: as in the estate file
 * @value: as in the estate file
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether the key is a collector's, and whether its value was good
 */
NiloLabKeyResult
nilo_lab_settings_set_board_key(NiloLabBoardSettings *settings, const char *key, const char *value,
                                GError **error)
{
    static const char *const ports[] = {"host", "qemu", NULL};
    guint port = 0;
    NiloLabKeyResult result;

    if (g_str_equal(key, "port")) {
        result = set_choice(ports, value, &port, error);
        if (result == NILO_LAB_KEY_SET)
            settings->port = port;
        return result;
    }
    if (g_str_equal(key, "settings")) {
        g_free(settings->settings);
        settings->settings = g_strdup(value);
        return NILO_LAB_KEY_SET;
    }
    if (g_strv_contains(water_keys, key))
        return nilo_lab_settings_set_meter_key(&settings->water, key, value, error);
    return set_from_table(board_keys, G_N_ELEMENTS(board_keys), settings, key, value, error);
}
