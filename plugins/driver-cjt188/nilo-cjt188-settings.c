/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-settings.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#define DIGITS 14

struct _NiloCjt188Settings {
    GObject parent_instance;

    guint type;
    NiloCjt188DiOrder di_order;
    NiloCjt188Edition edition;
    guint preamble_bytes;
    guint wake_bytes;
    guint wake_pause_ms;
    char *profile;
    gboolean ser_check;
    guint history_months;
    guint history_days;
    char *zone_name;
    guint clock_tolerance_s;
    guint valve_wait_s;
    char *answers_as_text;

    gboolean is_checked;
    NiloCjt188Address address;
    gboolean has_answers_as;
    NiloCjt188Address answers_as;
    NiloCjt188Model *model;
    GTimeZone *zone;
    NiloCjt188Learned learned;
};

enum {
    PROP_0,
    PROP_TYPE,
    PROP_DI_ORDER,
    PROP_EDITION,
    PROP_PREAMBLE_BYTES,
    PROP_WAKE_BYTES,
    PROP_WAKE_PAUSE_MS,
    PROP_PROFILE,
    PROP_SER_CHECK,
    PROP_HISTORY_MONTHS,
    PROP_HISTORY_DAYS,
    PROP_ZONE,
    PROP_CLOCK_TOLERANCE_S,
    PROP_VALVE_WAIT_S,
    PROP_ANSWERS_AS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloCjt188Settings, nilo_cjt188_settings, G_TYPE_OBJECT)

static const GEnumValue order_values[] = {
    {NILO_CJT188_DI_AUTO, "NILO_CJT188_DI_AUTO", "auto"},
    {NILO_CJT188_DI_HIGH_FIRST, "NILO_CJT188_DI_HIGH_FIRST", "high-first"},
    {NILO_CJT188_DI_LOW_FIRST, "NILO_CJT188_DI_LOW_FIRST", "low-first"},
    {0, NULL, NULL},
};

static const GEnumValue edition_values[] = {
    {NILO_CJT188_EDITION_AUTO, "NILO_CJT188_EDITION_AUTO", "auto"},
    {NILO_CJT188_EDITION_2004, "NILO_CJT188_EDITION_2004", "2004"},
    {NILO_CJT188_EDITION_2018, "NILO_CJT188_EDITION_2018", "2018"},
    {0, NULL, NULL},
};

/* --- the address --------------------------------------------------------------------------------
 */

static gboolean
refuse_spreadsheet(const char *text, GError **error)
{
    g_set_error(
        error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
        _("address \"%s\" is what a spreadsheet makes of a long number, its last digits are "
          "lost: format the column as text and enter the 14 digits printed on the meter"),
        text);
    return FALSE;
}

static gboolean
refuse_length(const char *text, gsize n_digits, GError **error)
{
    const gboolean is_short = n_digits > 0 && n_digits < DIGITS;
    char padded[DIGITS + 1];

    if (!is_short) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("address \"%s\" has %zu digits, expected 14"), text, n_digits);
        return FALSE;
    }
    memset(padded, '0', DIGITS);
    memcpy(padded + DIGITS - n_digits, text, n_digits + 1);
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("address \"%s\" has %zu digits, expected 14: if a spreadsheet "
                  "dropped leading zeros, write %s"),
                text, n_digits, padded);
    return FALSE;
}

gboolean
nilo_cjt188_settings_parse_address(const char *text, NiloCjt188Address *address, GError **error)
{
    const gsize size = strlen(text);
    gsize n_digits = 0;
    NiloCjt188Address parsed;

    while (g_ascii_isxdigit(text[n_digits]))
        n_digits++;
    if (strpbrk(text, ".+") != NULL && strpbrk(text, "eE.") != NULL)
        return refuse_spreadsheet(text, error);
    if (n_digits < size) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_DIGIT,
                    _("address \"%s\" has \"%c\" where a digit must stand, expected the 14 digits "
                      "printed on the meter"),
                    text, g_ascii_isprint(text[n_digits]) ? text[n_digits] : '?');
        return FALSE;
    }
    if (n_digits != DIGITS)
        return refuse_length(text, n_digits, error);
    if (nilo_cjt188_address_from_text(text, &parsed) != NILO_WIRE_OK)
        return refuse_length(text, n_digits, error);
    if (nilo_cjt188_address_is_wildcard(&parsed)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("address \"%s\" is a wildcard, which every meter on the line answers to: "
                      "expected the 14 digits printed on the meter"),
                    text);
        return FALSE;
    }
    *address = parsed;
    return TRUE;
}

static const char *
find_address_text(NiloMeter *meter, GError **error)
{
    NiloMeterId *id = nilo_meter_get_id(meter);
    const char *text = nilo_meter_get_address(meter);

    if (text != NULL && text[0] != '\0')
        return text;
    if (nilo_meter_id_has_scheme(id, "cjt188"))
        return nilo_meter_id_get_local(id);
    g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY,
                _("meter %s has no address: add address= with the 14 digits printed on it, or name "
                  "the meter cjt188: and these digits"),
                nilo_meter_id_get_text(id));
    return NULL;
}

/* --- what must fit together --------------------------------------------------------------------
 */

static gboolean
check_zone(NiloCjt188Settings *self, GError **error)
{
    const gboolean is_local = self->zone_name == NULL || g_str_equal(self->zone_name, "local");

    if (is_local) {
        self->zone = g_time_zone_new_local();
        return TRUE;
    }
    self->zone = g_time_zone_new_identifier(self->zone_name);
    if (self->zone != NULL)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("zone \"%s\" is no time zone, expected a name such as Asia/Shanghai, or local"),
                self->zone_name);
    return FALSE;
}

static gboolean
check_once(NiloCjt188Settings *self, NiloMeter *meter, GError **error)
{
    const char *text = find_address_text(meter, error);

    if (text == NULL || !nilo_cjt188_settings_parse_address(text, &self->address, error))
        return FALSE;
    if (self->type != 0 && self->type < 10) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("type %u is no meter type, expected 10 to 49, or 0 for any"), self->type);
        return FALSE;
    }
    if (self->answers_as_text != NULL && self->answers_as_text[0] != '\0') {
        if (!nilo_cjt188_settings_parse_address(self->answers_as_text, &self->answers_as, error)) {
            g_prefix_error(error, "answers-as: ");
            return FALSE;
        }
        self->has_answers_as = TRUE;
    }
    if (self->model == NULL && self->profile != NULL && self->profile[0] != '\0')
        self->model = nilo_cjt188_model_load(self->profile, error);
    else if (self->model == NULL)
        self->model = nilo_cjt188_model_new_standard();
    return self->model != NULL && (self->zone != NULL || check_zone(self, error));
}

gboolean
nilo_cjt188_settings_check(NiloCjt188Settings *self, NiloMeter *meter, NiloCjt188Address *address,
                           GError **error)
{
    if (!self->is_checked && !check_once(self, meter, error))
        return FALSE;
    self->is_checked = TRUE;
    *address = self->address;
    return TRUE;
}

/* --- what it says -------------------------------------------------------------------------------
 */

guint8
nilo_cjt188_settings_get_type_byte(NiloCjt188Settings *self)
{
    if (self->type == 0)
        return self->learned.has_type ? self->learned.type : 0x10;
    return (guint8)(self->type / 10 << 4 | self->type % 10);
}

gboolean
nilo_cjt188_settings_get_check_type(NiloCjt188Settings *self)
{
    return self->type != 0;
}

NiloCjt188DiOrder
nilo_cjt188_settings_get_di_order(NiloCjt188Settings *self)
{
    return self->di_order;
}

NiloCjt188Edition
nilo_cjt188_settings_get_edition(NiloCjt188Settings *self)
{
    return self->edition;
}

guint
nilo_cjt188_settings_get_preamble_bytes(NiloCjt188Settings *self)
{
    return self->preamble_bytes;
}

guint
nilo_cjt188_settings_get_wake_bytes(NiloCjt188Settings *self)
{
    return self->wake_bytes;
}

guint
nilo_cjt188_settings_get_wake_pause_ms(NiloCjt188Settings *self)
{
    return self->wake_pause_ms;
}

gboolean
nilo_cjt188_settings_get_ser_check(NiloCjt188Settings *self)
{
    return self->ser_check;
}

guint
nilo_cjt188_settings_get_history_months(NiloCjt188Settings *self)
{
    return self->history_months;
}

guint
nilo_cjt188_settings_get_history_days(NiloCjt188Settings *self)
{
    return self->history_days;
}

guint
nilo_cjt188_settings_get_clock_tolerance_s(NiloCjt188Settings *self)
{
    return self->clock_tolerance_s;
}

guint
nilo_cjt188_settings_get_valve_wait_s(NiloCjt188Settings *self)
{
    return self->valve_wait_s;
}

const NiloCjt188Address *
nilo_cjt188_settings_get_answers_as(NiloCjt188Settings *self)
{
    return self->has_answers_as ? &self->answers_as : NULL;
}

NiloCjt188Model *
nilo_cjt188_settings_get_model(NiloCjt188Settings *self)
{
    return self->model;
}

GTimeZone *
nilo_cjt188_settings_get_zone(NiloCjt188Settings *self)
{
    return self->zone;
}

NiloCjt188Learned *
nilo_cjt188_settings_get_learned(NiloCjt188Settings *self)
{
    return &self->learned;
}

/* --- the object ---------------------------------------------------------------------------------
 */

static void
nilo_cjt188_settings_set_property(GObject *object, guint property, const GValue *value,
                                  GParamSpec *spec)
{
    NiloCjt188Settings *self = NILO_CJT188_SETTINGS(object);

    switch (property) {
    case PROP_TYPE:
        self->type = g_value_get_uint(value);
        break;
    case PROP_DI_ORDER:
        self->di_order = (NiloCjt188DiOrder)g_value_get_enum(value);
        break;
    case PROP_EDITION:
        self->edition = (NiloCjt188Edition)g_value_get_enum(value);
        break;
    case PROP_PREAMBLE_BYTES:
        self->preamble_bytes = g_value_get_uint(value);
        break;
    case PROP_WAKE_BYTES:
        self->wake_bytes = g_value_get_uint(value);
        break;
    case PROP_WAKE_PAUSE_MS:
        self->wake_pause_ms = g_value_get_uint(value);
        break;
    case PROP_PROFILE:
        self->profile = g_value_dup_string(value);
        break;
    case PROP_SER_CHECK:
        self->ser_check = g_value_get_boolean(value);
        break;
    case PROP_HISTORY_MONTHS:
        self->history_months = g_value_get_uint(value);
        break;
    case PROP_HISTORY_DAYS:
        self->history_days = g_value_get_uint(value);
        break;
    case PROP_ZONE:
        self->zone_name = g_value_dup_string(value);
        break;
    case PROP_CLOCK_TOLERANCE_S:
        self->clock_tolerance_s = g_value_get_uint(value);
        break;
    case PROP_VALVE_WAIT_S:
        self->valve_wait_s = g_value_get_uint(value);
        break;
    case PROP_ANSWERS_AS:
        self->answers_as_text = g_value_dup_string(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_cjt188_settings_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloCjt188Settings *self = NILO_CJT188_SETTINGS(object);

    switch (property) {
    case PROP_TYPE:
        g_value_set_uint(value, self->type);
        break;
    case PROP_DI_ORDER:
        g_value_set_enum(value, (gint)self->di_order);
        break;
    case PROP_EDITION:
        g_value_set_enum(value, (gint)self->edition);
        break;
    case PROP_PREAMBLE_BYTES:
        g_value_set_uint(value, self->preamble_bytes);
        break;
    case PROP_WAKE_BYTES:
        g_value_set_uint(value, self->wake_bytes);
        break;
    case PROP_WAKE_PAUSE_MS:
        g_value_set_uint(value, self->wake_pause_ms);
        break;
    case PROP_PROFILE:
        g_value_set_string(value, self->profile);
        break;
    case PROP_SER_CHECK:
        g_value_set_boolean(value, self->ser_check);
        break;
    case PROP_HISTORY_MONTHS:
        g_value_set_uint(value, self->history_months);
        break;
    case PROP_HISTORY_DAYS:
        g_value_set_uint(value, self->history_days);
        break;
    case PROP_ZONE:
        g_value_set_string(value, self->zone_name);
        break;
    case PROP_CLOCK_TOLERANCE_S:
        g_value_set_uint(value, self->clock_tolerance_s);
        break;
    case PROP_VALVE_WAIT_S:
        g_value_set_uint(value, self->valve_wait_s);
        break;
    case PROP_ANSWERS_AS:
        g_value_set_string(value, self->answers_as_text);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_cjt188_settings_finalize(GObject *object)
{
    NiloCjt188Settings *self = NILO_CJT188_SETTINGS(object);

    g_clear_pointer(&self->profile, g_free);
    g_clear_pointer(&self->zone_name, g_free);
    g_clear_pointer(&self->answers_as_text, g_free);
    g_clear_pointer(&self->model, nilo_cjt188_model_unref);
    g_clear_pointer(&self->zone, g_time_zone_unref);
    G_OBJECT_CLASS(nilo_cjt188_settings_parent_class)->finalize(object);
}

static void
install_frame_properties(void)
{
    /**
     * NiloCjt188Settings:type:
     *
     * T of the frame as the standard prints it: 10 cold water, 11 hot water, 12 drinking water, 13
     * reclaimed water, 20 to 29 heat and cold, 30 to 39 gas, 40 to 49 other. 0 asks as 10, takes
     * any type in the answer and asks with that one from then on.
     */
    properties[PROP_TYPE] =
        g_param_spec_uint("type", N_("Meter type"),
                          N_("10 cold water, 11 hot water, 12 drinking water, 13 reclaimed water, "
                             "20 heat, 30 gas, 40 other; 0 for not checked"),
                          0, 49, 10, NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:di-order:
     *
     * Order of the two bytes of a data identifier in requests; answers are taken in either. auto
     * tries both and keeps the one that is answered.
     */
    properties[PROP_DI_ORDER] = g_param_spec_enum(
        "di-order", N_("Identifier byte order"),
        N_("Which byte of a data identifier is sent first: high-first (90 1F), low-first (1F 90), "
           "or auto to find out"),
        g_enum_register_static("NiloCjt188DiOrder", order_values), NILO_CJT188_DI_AUTO,
        NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:edition:
     *
     * Edition of the standard: which byte order is tried first, and whether the freezes and monthly
     * values of 2018 are asked for.
     */
    properties[PROP_EDITION] =
        g_param_spec_enum("edition", N_("Edition"),
                          N_("Edition of CJ/T 188 the meter follows: 2004, 2018 or auto"),
                          g_enum_register_static("NiloCjt188Edition", edition_values),
                          NILO_CJT188_EDITION_AUTO, NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:preamble-bytes:
     *
     * FE bytes in front of each request. The standard asks for 2 to 4.
     */
    properties[PROP_PREAMBLE_BYTES] =
        g_param_spec_uint("preamble-bytes", N_("Preamble"), N_("Bytes FE in front of each request"),
                          0, NILO_CJT188_PREAMBLE_MAX_SIZE, 4, NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:wake-bytes:
     *
     * FE bytes that wake a sleeping meter, sent once before each reading or writing.
     */
    properties[PROP_WAKE_BYTES] = g_param_spec_uint(
        "wake-bytes", N_("Wake-up"),
        N_("Bytes FE sent once before the first request, for meters that sleep; 0 for none"), 0,
        500, 0, NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:wake-pause-ms:
     *
     * Rest between the wake-up bytes and the first request.
     */
    properties[PROP_WAKE_PAUSE_MS] =
        g_param_spec_uint("wake-pause-ms", N_("Pause after wake-up"),
                          N_("Milliseconds between the wake-up bytes and the first request"), 0,
                          5000, 0, NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:ser-check:
     *
     * Whether an answer must carry the serial number of the request, which tells a late answer from
     * the right one. Off only for meters that do not echo it.
     */
    properties[PROP_SER_CHECK] = g_param_spec_boolean(
        "ser-check", N_("Check serial numbers"),
        N_("Whether answers must repeat the serial number (SER) of the request"), TRUE,
        NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:answers-as:
     *
     * A second address that may stand in the answers: of a collector that answers for its meters
     * with its own.
     */
    properties[PROP_ANSWERS_AS] = g_param_spec_string(
        "answers-as", N_("Answers as"),
        N_("14 digits of the collector that answers for the meter with its own address"), NULL,
        NILO_PARAM_CONFIG);
}

static void
install_meaning_properties(void)
{
    /**
     * NiloCjt188Settings:profile:
     *
     * Name of the keyfile that says what this model does its own way: status bits, decimals, units.
     */
    properties[PROP_PROFILE] = g_param_spec_string(
        "profile", N_("Profile"),
        N_("Name of the profile of the meter's model; without it, as the standard says"), NULL,
        NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:history-months:
     *
     * How many monthly settlement values a reading with history asks for, one exchange each.
     */
    properties[PROP_HISTORY_MONTHS] = g_param_spec_uint(
        "history-months", N_("Months of history"),
        N_("How many monthly settlement values are read when history is asked for"), 0, 12, 12,
        NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:history-days:
     *
     * How far back the blocks of a profile are read that hold days and hours: when history is asked
     * for, and at most when a meter answers again after a gap.
     */
    properties[PROP_HISTORY_DAYS] = g_param_spec_uint(
        "history-days", N_("Days of history"),
        N_("How many days of daily and hourly values are read, of meters whose profile has them"),
        0, 366, 7, NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:zone:
     *
     * Time zone of the meter's clock, which knows local time only.
     */
    properties[PROP_ZONE] = g_param_spec_string(
        "zone", N_("Time zone"),
        N_("Time zone of the meter's clock, such as Asia/Shanghai; local for this computer's"),
        "local", NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:clock-tolerance-s:
     *
     * How far the clock may be off when it is read back after it was set.
     */
    properties[PROP_CLOCK_TOLERANCE_S] = g_param_spec_uint(
        "clock-tolerance-s", N_("Clock tolerance"),
        N_("Seconds the meter's clock may differ when it is read back after it was set"), 1, 3600,
        60, NILO_PARAM_CONFIG);

    /**
     * NiloCjt188Settings:valve-wait-s:
     *
     * How long the valve may take to move: until then its state is asked again and again.
     */
    properties[PROP_VALVE_WAIT_S] = g_param_spec_uint(
        "valve-wait-s", N_("Valve time"),
        N_("Seconds the valve may take to move before the order counts as not carried out"), 0, 300,
        20, NILO_PARAM_CONFIG);
}

static void
nilo_cjt188_settings_class_init(NiloCjt188SettingsClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_cjt188_settings_set_property;
    object_class->get_property = nilo_cjt188_settings_get_property;
    object_class->finalize = nilo_cjt188_settings_finalize;
    install_frame_properties();
    install_meaning_properties();
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_cjt188_settings_init(NiloCjt188Settings *self)
{
}
