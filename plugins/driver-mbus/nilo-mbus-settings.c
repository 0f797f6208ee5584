/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-settings.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#define SCHEME        "mbus"
#define PAUSE_MAX_MS  10000
#define DIGITS        8
#define LEARNED_PAUSE 150 /* covers the 100 ms that are common, and the way there */
#define SLOW_TWICE    2

typedef enum {
    CONTROL_PROFILE,
    CONTROL_53,
    CONTROL_73,
} SendControl;

typedef enum {
    CHOICE_PROFILE,
    CHOICE_FIRST, /* the enumeration of the profile begins here */
} Choice;

struct _NiloMbusSettings {
    GObject parent_instance;

    NiloMbusAddressing addressing;
    SendControl send_control;
    gint reset;             /* Choice, then NiloMbusReset */
    gint application_reset; /* Choice, then never and auto */
    guint pause_after_reset_ms;
    guint select_pause_ms;
    guint telegrams_max;
    guint switch_speed_baud;
    char *fabrication;
    char *zone_name;
    char *profile_name;
    char *main_volume;

    NiloMbusProfile *profile; /* NULL until it was looked for */
    GTimeZone *zone;
    NiloRegister main_volume_register;
    NiloMbusLearned learned;
};

enum {
    PROP_0,
    PROP_ADDRESSING,
    PROP_SND_UD_CONTROL,
    PROP_RESET,
    PROP_APPLICATION_RESET,
    PROP_PAUSE_AFTER_RESET_MS,
    PROP_SELECT_PAUSE_MS,
    PROP_TELEGRAMS_MAX,
    PROP_SWITCH_SPEED_BAUD,
    PROP_FABRICATION,
    PROP_ZONE,
    PROP_PROFILE,
    PROP_MAIN_VOLUME,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloMbusSettings, nilo_mbus_settings, G_TYPE_OBJECT)

static const GEnumValue addressing_values[] = {
    {NILO_MBUS_ADDRESSING_AUTO, "NILO_MBUS_ADDRESSING_AUTO", "auto"},
    {NILO_MBUS_ADDRESSING_PRIMARY, "NILO_MBUS_ADDRESSING_PRIMARY", "primary"},
    {NILO_MBUS_ADDRESSING_SECONDARY, "NILO_MBUS_ADDRESSING_SECONDARY", "secondary"},
    {0, NULL, NULL},
};

static const GEnumValue control_values[] = {
    {CONTROL_PROFILE, "CONTROL_PROFILE", "profile"},
    {CONTROL_53, "CONTROL_53", "53"},
    {CONTROL_73, "CONTROL_73", "73"},
    {0, NULL, NULL},
};

static const GEnumValue reset_values[] = {
    {CHOICE_PROFILE, "RESET_PROFILE", "profile"},
    {CHOICE_FIRST + NILO_MBUS_RESET_AUTO, "RESET_AUTO", "auto"},
    {CHOICE_FIRST + NILO_MBUS_RESET_ALWAYS, "RESET_ALWAYS", "always"},
    {CHOICE_FIRST + NILO_MBUS_RESET_NEVER, "RESET_NEVER", "never"},
    {0, NULL, NULL},
};

static const GEnumValue application_reset_values[] = {
    {CHOICE_PROFILE, "APPLICATION_RESET_PROFILE", "profile"},
    {CHOICE_FIRST, "APPLICATION_RESET_NEVER", "never"},
    {CHOICE_FIRST + 1, "APPLICATION_RESET_AUTO", "auto"},
    {0, NULL, NULL},
};

static gboolean
refuse(GError **error, NiloMeter *meter, const char *reason)
{
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, "%s: %s", nilo_meter_get_id_text(meter),
                reason);
    return FALSE;
}

static gboolean
scan_digits(const char *text, guint32 *digits)
{
    guint32 value = 0;

    if (strlen(text) != DIGITS)
        return FALSE;
    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isxdigit(*p))
            return FALSE;
        value = value << 4 | (guint32)g_ascii_xdigit_value(*p);
    }
    *digits = value;
    return TRUE;
}

/* "12345678.TEC.16.07", or the digits alone */
static gboolean
scan_mask(const char *text, NiloMbusAddress *mask)
{
    NiloMbusAddress scanned = NILO_MBUS_ADDRESS_ANY;

    if (!nilo_mbus_address_scan(text, &scanned) && !scan_digits(text, &scanned.identification))
        return FALSE;
    *mask = scanned;
    return TRUE;
}

static gboolean
take_primary(NiloMeter *meter, const char *text, NiloMbusTarget *target, GError **error)
{
    guint64 address;
    g_autofree char *reason = NULL;

    if (g_ascii_string_to_unsigned(text, 10, 0, NILO_MBUS_ADDRESS_LAST, &address, NULL)) {
        target->primary = (guint8)address;
        return TRUE;
    }
    reason =
        g_strdup_printf(_("address: found \"%s\", expected a primary address from 0 to 250"), text);
    return refuse(error, meter, reason);
}

/* what id and address both say must be the same */
static gboolean
take_secondary(NiloMeter *meter, const char *text, NiloMbusTarget *target, GError **error)
{
    g_autofree char *reason = NULL;
    NiloMbusAddress mask;

    target->is_secondary = TRUE;
    if (text == NULL)
        return TRUE;
    if (!scan_mask(text, &mask)) {
        reason = g_strdup_printf(
            _("address: found \"%s\", expected a secondary address like 12345678.TEC.16.07"), text);
        return refuse(error, meter, reason);
    }
    if (nilo_mbus_address_matches(&target->mask, &mask))
        return TRUE; /* the id says it more precisely */
    if (!nilo_mbus_address_matches(&mask, &target->mask)) {
        reason = g_strdup_printf(_("address: %s is not the meter that the id names"), text);
        return refuse(error, meter, reason);
    }
    target->mask = mask;
    return TRUE;
}

/* eight digits are a secondary address, up to three a primary one */
static gboolean
looks_secondary(const char *text)
{
    NiloMbusAddress mask;

    return scan_mask(text, &mask);
}

static gboolean
take_address(NiloMbusSettings *self, NiloMeter *meter, NiloMbusTarget *target, GError **error)
{
    const char *text = nilo_meter_get_address(meter);
    gboolean secondary = self->addressing == NILO_MBUS_ADDRESSING_SECONDARY;

    if (text != NULL && text[0] == '\0')
        text = NULL;
    if (self->addressing == NILO_MBUS_ADDRESSING_AUTO)
        secondary = text == NULL || looks_secondary(text);
    if (!secondary && text == NULL)
        return refuse(error, meter,
                      _("addressing=primary needs address, a primary address from 0 to 250"));
    return secondary ? take_secondary(meter, text, target, error)
                     : take_primary(meter, text, target, error);
}

/* "12345678.TEC.16.07-70000001": the fabrication number tells equal ones apart */
static void
take_id(NiloMeter *meter, NiloMbusTarget *target)
{
    NiloMeterId *id = nilo_meter_get_id(meter);
    g_auto(GStrv) parts = NULL;

    if (!nilo_meter_id_has_scheme(id, SCHEME))
        return;
    parts = g_strsplit(nilo_meter_id_get_local(id), "-", 2);
    if (parts[0] == NULL || !scan_mask(parts[0], &target->mask) || parts[1] == NULL)
        return;
    target->has_fabrication = scan_digits(parts[1], &target->fabrication);
}

gboolean
nilo_mbus_settings_get_target(NiloMbusSettings *self, NiloMeter *meter, NiloMbusTarget *target,
                              GError **error)
{
    NiloMbusTarget found = {.mask = NILO_MBUS_ADDRESS_ANY};

    take_id(meter, &found);
    if (!take_address(self, meter, &found, error))
        return FALSE;
    if (found.is_secondary && found.mask.identification == NILO_MBUS_ANY_IDENTIFICATION)
        return refuse(error, meter,
                      _("neither id nor address say which meter to select, expected "
                        "mbus:12345678.TEC.16.07 or an address"));
    if (self->fabrication != NULL && self->fabrication[0] != '\0') {
        found.has_fabrication = TRUE;
        if (!scan_digits(self->fabrication, &found.fabrication))
            return refuse(error, meter, _("fabrication: expected eight digits"));
    }
    *target = found;
    return TRUE;
}

static gboolean
resolve_zone(NiloMbusSettings *self, GError **error)
{
    if (self->zone_name == NULL || self->zone_name[0] == '\0')
        self->zone = g_time_zone_new_local();
    else
        self->zone = g_time_zone_new_identifier(self->zone_name);
    if (self->zone != NULL)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("zone: found \"%s\", expected a time zone like Asia/Shanghai"), self->zone_name);
    return FALSE;
}

gboolean
nilo_mbus_settings_resolve(NiloMbusSettings *self, GError **error)
{
    g_autoptr(NiloMbusProfile) profile = NULL;
    const char *name = self->profile_name != NULL && self->profile_name[0] != '\0'
                           ? self->profile_name
                           : NILO_MBUS_PROFILE_STANDARD;

    if (self->profile != NULL)
        return TRUE;
    profile = nilo_mbus_profile_find(name, error);
    if (profile == NULL || (self->zone == NULL && !resolve_zone(self, error)))
        return FALSE;
    self->main_volume_register = profile->main_volume;
    if (self->main_volume != NULL && self->main_volume[0] != '\0' &&
        !nilo_register_from_text(self->main_volume, &self->main_volume_register, error)) {
        g_prefix_error(error, "main-volume: ");
        return FALSE;
    }
    self->profile = g_steal_pointer(&profile);
    return TRUE;
}

const NiloMbusProfile *
nilo_mbus_settings_get_profile(NiloMbusSettings *self)
{
    return self->profile;
}

GTimeZone *
nilo_mbus_settings_get_zone(NiloMbusSettings *self)
{
    return self->zone;
}

guint8
nilo_mbus_settings_get_send_control(NiloMbusSettings *self)
{
    if (self->send_control == CONTROL_PROFILE)
        return self->profile->send_control;
    return self->send_control == CONTROL_53 ? 0x53 : 0x73;
}

NiloMbusReset
nilo_mbus_settings_get_reset(NiloMbusSettings *self)
{
    if (self->reset == CHOICE_PROFILE)
        return self->profile->reset;
    return (NiloMbusReset)(self->reset - CHOICE_FIRST);
}

guint
nilo_mbus_settings_get_pause_after_reset_ms(NiloMbusSettings *self)
{
    if (self->pause_after_reset_ms > 0)
        return self->pause_after_reset_ms;
    if (self->profile->pause_after_reset_ms > 0)
        return self->profile->pause_after_reset_ms;
    return self->learned.slow_after_reset >= SLOW_TWICE ? LEARNED_PAUSE : 0;
}

guint
nilo_mbus_settings_get_select_pause_ms(NiloMbusSettings *self)
{
    return self->select_pause_ms > 0 ? self->select_pause_ms : self->profile->select_pause_ms;
}

gboolean
nilo_mbus_settings_get_application_reset(NiloMbusSettings *self)
{
    if (self->application_reset == CHOICE_PROFILE)
        return self->profile->application_reset;
    return self->application_reset > CHOICE_FIRST;
}

guint
nilo_mbus_settings_get_telegrams_max(NiloMbusSettings *self)
{
    return self->telegrams_max > 0 ? self->telegrams_max : self->profile->telegrams_max;
}

NiloRegister
nilo_mbus_settings_get_main_volume(NiloMbusSettings *self)
{
    return self->main_volume_register;
}

guint
nilo_mbus_settings_get_switch_speed_baud(NiloMbusSettings *self)
{
    return self->switch_speed_baud;
}

NiloMbusLearned *
nilo_mbus_settings_get_learned(NiloMbusSettings *self)
{
    return &self->learned;
}

static void
take_string(char **field, const GValue *value)
{
    g_free(*field);
    *field = g_value_dup_string(value);
}

static void
nilo_mbus_settings_set_property(GObject *object, guint property, const GValue *value,
                                GParamSpec *spec)
{
    NiloMbusSettings *self = NILO_MBUS_SETTINGS(object);

    switch (property) {
    case PROP_ADDRESSING:
        self->addressing = (NiloMbusAddressing)g_value_get_enum(value);
        break;
    case PROP_SND_UD_CONTROL:
        self->send_control = (SendControl)g_value_get_enum(value);
        break;
    case PROP_RESET:
        self->reset = g_value_get_enum(value);
        break;
    case PROP_APPLICATION_RESET:
        self->application_reset = g_value_get_enum(value);
        break;
    case PROP_PAUSE_AFTER_RESET_MS:
        self->pause_after_reset_ms = g_value_get_uint(value);
        break;
    case PROP_SELECT_PAUSE_MS:
        self->select_pause_ms = g_value_get_uint(value);
        break;
    case PROP_TELEGRAMS_MAX:
        self->telegrams_max = g_value_get_uint(value);
        break;
    case PROP_SWITCH_SPEED_BAUD:
        self->switch_speed_baud = g_value_get_uint(value);
        break;
    case PROP_FABRICATION:
        take_string(&self->fabrication, value);
        break;
    case PROP_ZONE:
        take_string(&self->zone_name, value);
        break;
    case PROP_PROFILE:
        take_string(&self->profile_name, value);
        break;
    case PROP_MAIN_VOLUME:
        take_string(&self->main_volume, value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_mbus_settings_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloMbusSettings *self = NILO_MBUS_SETTINGS(object);

    switch (property) {
    case PROP_ADDRESSING:
        g_value_set_enum(value, (gint)self->addressing);
        break;
    case PROP_SND_UD_CONTROL:
        g_value_set_enum(value, (gint)self->send_control);
        break;
    case PROP_RESET:
        g_value_set_enum(value, self->reset);
        break;
    case PROP_APPLICATION_RESET:
        g_value_set_enum(value, self->application_reset);
        break;
    case PROP_PAUSE_AFTER_RESET_MS:
        g_value_set_uint(value, self->pause_after_reset_ms);
        break;
    case PROP_SELECT_PAUSE_MS:
        g_value_set_uint(value, self->select_pause_ms);
        break;
    case PROP_TELEGRAMS_MAX:
        g_value_set_uint(value, self->telegrams_max);
        break;
    case PROP_SWITCH_SPEED_BAUD:
        g_value_set_uint(value, self->switch_speed_baud);
        break;
    case PROP_FABRICATION:
        g_value_set_string(value, self->fabrication);
        break;
    case PROP_ZONE:
        g_value_set_string(value, self->zone_name);
        break;
    case PROP_PROFILE:
        g_value_set_string(value, self->profile_name);
        break;
    case PROP_MAIN_VOLUME:
        g_value_set_string(value, self->main_volume);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_mbus_settings_finalize(GObject *object)
{
    NiloMbusSettings *self = NILO_MBUS_SETTINGS(object);

    g_free(self->fabrication);
    g_free(self->zone_name);
    g_free(self->profile_name);
    g_free(self->main_volume);
    g_clear_pointer(&self->profile, nilo_mbus_profile_unref);
    g_clear_pointer(&self->zone, g_time_zone_unref);
    G_OBJECT_CLASS(nilo_mbus_settings_parent_class)->finalize(object);
}

static void
install_link_properties(void)
{
    /**
     * NiloMbusSettings:addressing:
     *
     * How the meter is reached: by its primary address, by selecting it with its secondary
     * address, or whichever `address` is; without `address`, by the id.
     */
    properties[PROP_ADDRESSING] =
        g_param_spec_enum("addressing", N_("Addressing"),
                          N_("primary, secondary, or auto: whichever the address is"),
                          g_enum_register_static("NiloMbusAddressing", addressing_values),
                          NILO_MBUS_ADDRESSING_AUTO, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:snd-ud-control:
     *
     * C field of data and selections, 53 or 73; some meters know only one of the two.
     */
    properties[PROP_SND_UD_CONTROL] = g_param_spec_enum(
        "snd-ud-control", N_("Control field of data"),
        N_("C field of what is sent to the meter, 53 or 73; profile: as the profile says"),
        g_enum_register_static("NiloMbusSendControl", control_values), CONTROL_PROFILE,
        NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:reset:
     *
     * When the link is reset (SND_NKE) before a readout of a meter with a primary address. auto:
     * always, but for a meter that was found not to answer it.
     */
    properties[PROP_RESET] = g_param_spec_enum(
        "reset", N_("Link reset"),
        N_("Reset the link before a readout: auto, always, never; profile: as the profile says"),
        g_enum_register_static("NiloMbusResetChoice", reset_values), CHOICE_PROFILE,
        NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:application-reset:
     *
     * auto: an answer that nobody understands is followed by one application reset.
     */
    properties[PROP_APPLICATION_RESET] = g_param_spec_enum(
        "application-reset", N_("Application reset"),
        N_("Reset a meter that answers what nobody understands: auto, never; profile: as the "
           "profile says"),
        g_enum_register_static("NiloMbusApplicationReset", application_reset_values),
        CHOICE_PROFILE, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:pause-after-reset-ms:
     *
     * The meter hears nothing for that long after a link reset; 0: as the profile says, or as
     * learned.
     */
    properties[PROP_PAUSE_AFTER_RESET_MS] =
        g_param_spec_uint("pause-after-reset-ms", N_("Pause after a link reset"),
                          N_("Milliseconds the meter is left alone after a link reset; 0: as the "
                             "profile says, or as learned"),
                          0, PAUSE_MAX_MS, 0, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:select-pause-ms:
     *
     * The meter hears nothing for that long after it was selected; 0: as the profile says.
     */
    properties[PROP_SELECT_PAUSE_MS] = g_param_spec_uint(
        "select-pause-ms", N_("Pause after a selection"),
        N_("Milliseconds the meter is left alone after it was selected; 0: as the profile says"), 0,
        PAUSE_MAX_MS, 0, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:telegrams-max:
     *
     * A readout that has more telegrams ends incomplete; 0: as the profile says (16).
     */
    properties[PROP_TELEGRAMS_MAX] =
        g_param_spec_uint("telegrams-max", N_("Most telegrams"),
                          N_("A readout ends after so many telegrams; 0: as the profile says"), 0,
                          250, 0, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:switch-speed-baud:
     *
     * Switches the meter to another speed before it is read; 0: never.
     */
    properties[PROP_SWITCH_SPEED_BAUD] = g_param_spec_uint(
        "switch-speed-baud", N_("Speed to switch to"),
        N_("Bits per second the meter is switched to before it is read; 0: it stays as it is"), 0,
        38400, 0, NILO_PARAM_CONFIG);
}

static void
install_meaning_properties(void)
{
    /**
     * NiloMbusSettings:fabrication:
     *
     * Eight digits, F for any: the selection goes by the fabrication number too. For meters whose
     * secondary addresses are equal.
     */
    properties[PROP_FABRICATION] = g_param_spec_string(
        "fabrication", N_("Fabrication number"),
        N_("Eight digits that tell the meter from another one with the same secondary address"),
        NULL, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:zone:
     *
     * Time zone of the meter's clock, an IANA name; without it, that of this computer.
     */
    properties[PROP_ZONE] = g_param_spec_string(
        "zone", N_("Time zone"),
        N_("Zone the meter's clock is set to, like Asia/Shanghai; without it, this computer's"),
        NULL, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:profile:
     *
     * What this model does its own way.
     */
    properties[PROP_PROFILE] =
        g_param_spec_string("profile", N_("Profile"),
                            N_("Name of the file that says what this model does its own way"),
                            NILO_MBUS_PROFILE_STANDARD, NILO_PARAM_CONFIG);

    /**
     * NiloMbusSettings:main-volume:
     *
     * The register that counts the customer's water, where it is not the plain one:
     * "volume/subunit=1". It is stored as "volume".
     */
    properties[PROP_MAIN_VOLUME] =
        g_param_spec_string("main-volume", N_("Main volume"),
                            N_("Register stored as \"volume\", like volume/subunit=1; without it, "
                               "as the profile says"),
                            NULL, NILO_PARAM_CONFIG);
}

static void
nilo_mbus_settings_class_init(NiloMbusSettingsClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_mbus_settings_set_property;
    object_class->get_property = nilo_mbus_settings_get_property;
    object_class->finalize = nilo_mbus_settings_finalize;
    install_link_properties();
    install_meaning_properties();
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_mbus_settings_init(NiloMbusSettings *self)
{
}
