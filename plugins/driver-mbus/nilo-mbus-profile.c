/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-profile.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "nilo-mbus-profiles.h"

#define RESOURCE_FOLDER   "/org/nilometer/driver-mbus/profiles/"
#define PROFILE_SUFFIX    ".profile"
#define VECTOR_PREFIX     "vector "
#define LOG_PREFIX        "log "
#define PAUSE_MAX_MS      10000
#define TELEGRAMS_MAX     250
#define TELEGRAMS_DEFAULT 16
#define DATA_MAX          NILO_MBUS_MAX_DATA

/* a profile being read */
typedef struct {
    const char *name;
    const char *group;
    const char *key;
    const char *value;
    NiloMbusProfile *profile;
} Parser;

static void
vector_free(gpointer data)
{
    NiloMbusVector *self = data;

    g_free(self->name);
    g_clear_pointer(&self->frame, g_bytes_unref);
    g_strfreev(self->readings);
    g_free(self);
}

static void
log_free(gpointer data)
{
    nilo_mbus_log_free(data);
}

static NiloMbusProfile *
profile_new(void)
{
    NiloMbusProfile *self = g_new0(NiloMbusProfile, 1);

    g_atomic_ref_count_init(&self->ref_count);
    self->send_control = NILO_MBUS_C_SND_UD;
    self->application_reset = TRUE;
    self->telegrams_max = TELEGRAMS_DEFAULT;
    self->main_volume = nilo_register_of(NILO_QUANTITY_VOLUME);
    self->valve_open_value = 1;
    self->vendor_mask = NILO_MBUS_STATUS_MANUFACTURER_MASK;
    self->logs = g_ptr_array_new_with_free_func(log_free);
    self->vectors = g_ptr_array_new_with_free_func(vector_free);
    return self;
}

NiloMbusProfile *
nilo_mbus_profile_ref(NiloMbusProfile *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_mbus_profile_unref(NiloMbusProfile *self)
{
    if (!g_atomic_ref_count_dec(&self->ref_count))
        return;
    g_clear_pointer(&self->valve_open, g_bytes_unref);
    g_clear_pointer(&self->valve_close, g_bytes_unref);
    g_ptr_array_unref(self->logs);
    g_ptr_array_unref(self->vectors);
    g_free(self);
}

static gboolean
refuse(const Parser *parser, const char *expected, GError **error)
{
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("profile %s: [%s] %s: found \"%s\", expected %s"), parser->name, parser->group,
                parser->key, parser->value, expected);
    return FALSE;
}

static gboolean
take_number(const Parser *parser, gint min, gint max, gint64 *number, GError **error)
{
    g_autofree char *expected = NULL;

    if (g_ascii_string_to_signed(parser->value, 10, min, max, number, NULL))
        return TRUE;
    expected = g_strdup_printf(_("a number from %d to %d"), min, max);
    return refuse(parser, expected, error);
}

static gboolean
take_uint(const Parser *parser, gint min, gint max, guint *number, GError **error)
{
    gint64 wide;

    if (!take_number(parser, min, max, &wide, error))
        return FALSE;
    *number = (guint)wide;
    return TRUE;
}

static gboolean
take_bytes(const Parser *parser, gsize max, GBytes **bytes, GError **error)
{
    g_autoptr(GByteArray) array = g_byte_array_new();

    for (const char *p = parser->value; *p != '\0'; p++) {
        guint8 byte;

        if (g_ascii_isspace(*p))
            continue;
        if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1]) || array->len == max)
            return refuse(parser, _("bytes in hexadecimal"), error);
        byte = (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        g_byte_array_append(array, &byte, 1);
        p++;
    }
    if (array->len == 0)
        return refuse(parser, _("bytes in hexadecimal"), error);
    g_clear_pointer(bytes, g_bytes_unref);
    *bytes = g_byte_array_free_to_bytes(g_steal_pointer(&array));
    return TRUE;
}

static gboolean
take_register(const Parser *parser, NiloRegister *reg, GError **error)
{
    g_autoptr(GError) reason = NULL;

    if (nilo_register_from_text(parser->value, reg, &reason))
        return TRUE;
    return refuse(parser, reason->message, error);
}

static gboolean
take_send_control(const Parser *parser, GError **error)
{
    if (strcmp(parser->value, "53") == 0)
        parser->profile->send_control = 0x53;
    else if (strcmp(parser->value, "73") == 0)
        parser->profile->send_control = 0x73;
    else
        return refuse(parser, "53, 73", error);
    return TRUE;
}

static gboolean
take_reset(const Parser *parser, GError **error)
{
    static const char *const nicks[] = {"auto", "always", "never"};

    for (guint i = 0; i < G_N_ELEMENTS(nicks); i++) {
        if (strcmp(parser->value, nicks[i]) == 0) {
            parser->profile->reset = (NiloMbusReset)i;
            return TRUE;
        }
    }
    return refuse(parser, "auto, always, never", error);
}

static gboolean
take_switch(const Parser *parser, gboolean *on, GError **error)
{
    if (strcmp(parser->value, "yes") != 0 && strcmp(parser->value, "no") != 0)
        return refuse(parser, "yes, no", error);
    *on = strcmp(parser->value, "yes") == 0;
    return TRUE;
}

static gboolean
refuse_key(const Parser *parser, GError **error)
{
    g_set_error(error, NILO_ERROR, NILO_ERROR_UNKNOWN_KEY, _("profile %s: [%s] has no key %s"),
                parser->name, parser->group, parser->key);
    return FALSE;
}

static gboolean
take_link_key(const Parser *parser, GError **error)
{
    NiloMbusProfile *profile = parser->profile;
    const char *key = parser->key;

    if (strcmp(key, "snd-ud-control") == 0)
        return take_send_control(parser, error);
    if (strcmp(key, "reset") == 0)
        return take_reset(parser, error);
    if (strcmp(key, "pause-after-reset-ms") == 0)
        return take_uint(parser, 0, PAUSE_MAX_MS, &profile->pause_after_reset_ms, error);
    if (strcmp(key, "select-pause-ms") == 0)
        return take_uint(parser, 0, PAUSE_MAX_MS, &profile->select_pause_ms, error);
    if (strcmp(key, "application-reset") == 0)
        return take_switch(parser, &profile->application_reset, error);
    if (strcmp(key, "telegrams-max") == 0)
        return take_uint(parser, 1, TELEGRAMS_MAX, &profile->telegrams_max, error);
    return refuse_key(parser, error);
}

static gboolean
take_reading_key(const Parser *parser, GError **error)
{
    if (strcmp(parser->key, "main-volume") == 0)
        return take_register(parser, &parser->profile->main_volume, error);
    return refuse_key(parser, error);
}

static gboolean
take_valve_state(const Parser *parser, GError **error)
{
    NiloRegister reg;
    NiloRegisterParts parts;

    if (!take_register(parser, &reg, error))
        return FALSE;
    nilo_register_unpack(reg, &parts);
    if (reg != nilo_register_of(parts.quantity))
        return refuse(parser, _("a quantity and nothing else"), error);
    parser->profile->valve_state = parts.quantity;
    parser->profile->has_valve_state = TRUE;
    return TRUE;
}

static gboolean
take_valve_key(const Parser *parser, GError **error)
{
    NiloMbusProfile *profile = parser->profile;
    const char *key = parser->key;

    if (strcmp(key, "open") == 0)
        return take_bytes(parser, DATA_MAX, &profile->valve_open, error);
    if (strcmp(key, "close") == 0)
        return take_bytes(parser, DATA_MAX, &profile->valve_close, error);
    if (strcmp(key, "state") == 0)
        return take_valve_state(parser, error);
    if (strcmp(key, "open-value") == 0)
        return take_number(parser, G_MININT32, G_MAXINT32, &profile->valve_open_value, error);
    if (strcmp(key, "closed-value") == 0)
        return take_number(parser, G_MININT32, G_MAXINT32, &profile->valve_closed_value, error);
    return refuse_key(parser, error);
}

static gboolean
take_byte(const Parser *parser, guint8 *byte, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (!take_bytes(parser, 1, &bytes, error))
        return FALSE;
    *byte = *(const guint8 *)g_bytes_get_data(bytes, NULL);
    return TRUE;
}

static gboolean
take_block_key(const Parser *parser, GError **error)
{
    if (strcmp(parser->key, "crc") == 0)
        return take_switch(parser, &parser->profile->has_crc, error);
    return refuse_key(parser, error);
}

static gboolean
take_status_key(const Parser *parser, GError **error)
{
    if (strcmp(parser->key, "tamper") == 0)
        return take_byte(parser, &parser->profile->tamper_mask, error);
    if (strcmp(parser->key, "vendor") == 0)
        return take_byte(parser, &parser->profile->vendor_mask, error);
    return refuse_key(parser, error);
}

static NiloMbusLog *
ensure_log(NiloMbusProfile *profile, const char *name)
{
    NiloMbusLog *log;

    for (guint i = 0; i < profile->logs->len; i++) {
        log = g_ptr_array_index(profile->logs, i);
        if (strcmp(log->name, name) == 0)
            return log;
    }
    log = nilo_mbus_log_new(name);
    g_ptr_array_add(profile->logs, log);
    return log;
}

static gboolean
take_when(const Parser *parser, NiloMbusLogWhen *when, GError **error)
{
    static const char *const nicks[] = {"history", "gap", "daily"};

    for (guint i = 0; i < G_N_ELEMENTS(nicks); i++) {
        if (strcmp(parser->value, nicks[i]) == 0) {
            *when = (NiloMbusLogWhen)i;
            return TRUE;
        }
    }
    return refuse(parser, "history, gap, daily", error);
}

/* "1 started; 2 clock stepped" */
static gboolean
take_events(const Parser *parser, NiloMbusLog *log, GError **error)
{
    g_auto(GStrv) texts = g_strsplit(parser->value, ";", -1);

    g_clear_pointer(&log->events, g_hash_table_unref);
    log->events = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    for (guint i = 0; texts[i] != NULL; i++) {
        char *end;
        const guint64 code = g_ascii_strtoull(g_strstrip(texts[i]), &end, 10);

        if (end == texts[i] || code > G_MAXUINT8 || *end != ' ')
            return refuse(parser, _("codes and their names, like \"1 started; 8 magnet\""), error);
        g_hash_table_insert(log->events, GUINT_TO_POINTER((guint)code), g_strdup(end + 1));
    }
    return TRUE;
}

static gboolean
take_log_key(const Parser *parser, GError **error)
{
    NiloMbusLog *log = ensure_log(parser->profile, parser->group + strlen(LOG_PREFIX));
    const char *key = parser->key;

    if (strcmp(key, "application") == 0) {
        log->has_application = TRUE;
        return take_byte(parser, &log->application, error);
    }
    if (strcmp(key, "read") == 0)
        return take_when(parser, &log->when, error);
    if (strcmp(key, "telegrams-max") == 0)
        return take_uint(parser, 1, TELEGRAMS_MAX, &log->telegrams_max, error);
    if (strcmp(key, "skip-flags") == 0)
        return take_byte(parser, &log->skip_flags, error);
    if (strcmp(key, "events") == 0)
        return take_events(parser, log, error);
    return refuse_key(parser, error);
}

static NiloMbusVector *
ensure_vector(NiloMbusProfile *profile, const char *name)
{
    NiloMbusVector *vector;

    for (guint i = 0; i < profile->vectors->len; i++) {
        vector = g_ptr_array_index(profile->vectors, i);
        if (strcmp(vector->name, name) == 0)
            return vector;
    }
    vector = g_new0(NiloMbusVector, 1);
    vector->name = g_strdup(name);
    g_ptr_array_add(profile->vectors, vector);
    return vector;
}

static gboolean
take_vector_key(const Parser *parser, GError **error)
{
    NiloMbusVector *vector = ensure_vector(parser->profile, parser->group + strlen(VECTOR_PREFIX));

    if (strcmp(parser->key, "origin") == 0)
        return TRUE;
    if (strcmp(parser->key, "hex") == 0)
        return take_bytes(parser, NILO_MBUS_MAX_FRAME, &vector->frame, error);
    if (strcmp(parser->key, "readings") != 0)
        return refuse_key(parser, error);
    g_strfreev(vector->readings);
    vector->readings = g_strsplit(parser->value, ";", -1);
    for (guint i = 0; vector->readings[i] != NULL; i++)
        g_strstrip(vector->readings[i]);
    return TRUE;
}

static gboolean
take_profile_key(const Parser *parser, GError **error)
{
    /* for people: it must be there, what it says is theirs */
    return strcmp(parser->key, "description") == 0 || refuse_key(parser, error);
}

static gboolean
take_key(const Parser *parser, GError **error)
{
    if (strcmp(parser->group, "profile") == 0)
        return take_profile_key(parser, error);
    if (strcmp(parser->group, "link") == 0)
        return take_link_key(parser, error);
    if (strcmp(parser->group, "readings") == 0)
        return take_reading_key(parser, error);
    if (strcmp(parser->group, "valve") == 0)
        return take_valve_key(parser, error);
    if (strcmp(parser->group, "block") == 0)
        return take_block_key(parser, error);
    if (strcmp(parser->group, "status") == 0)
        return take_status_key(parser, error);
    if (g_str_has_prefix(parser->group, LOG_PREFIX))
        return take_log_key(parser, error);
    if (g_str_has_prefix(parser->group, VECTOR_PREFIX))
        return take_vector_key(parser, error);
    g_set_error(error, NILO_ERROR, NILO_ERROR_UNKNOWN_GROUP, _("profile %s: no group is called %s"),
                parser->name, parser->group);
    return FALSE;
}

static gboolean
take_group(Parser *parser, GKeyFile *file, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, parser->group, NULL, error);

    for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
        g_autofree char *value = g_key_file_get_value(file, parser->group, keys[i], error);

        parser->key = keys[i];
        parser->value = value;
        if (value == NULL || !take_key(parser, error))
            return FALSE;
    }
    return keys != NULL;
}

static gboolean
check_whole(const NiloMbusProfile *profile, const char *name, GError **error)
{
    if (((profile->valve_open == NULL) != (profile->valve_close == NULL)) ||
        (profile->valve_open != NULL && !profile->has_valve_state)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY,
                    _("profile %s: [valve] needs open, close and state together"), name);
        return FALSE;
    }
    for (guint i = 0; i < profile->logs->len; i++) {
        const NiloMbusLog *log = g_ptr_array_index(profile->logs, i);

        if (log->has_application)
            continue;
        g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY,
                    _("profile %s: [log %s] needs application"), name, log->name);
        return FALSE;
    }
    for (guint i = 0; i < profile->vectors->len; i++) {
        const NiloMbusVector *vector = g_ptr_array_index(profile->vectors, i);

        if (vector->frame != NULL && vector->readings != NULL)
            continue;
        g_set_error(error, NILO_ERROR, NILO_ERROR_MISSING_KEY,
                    _("profile %s: [vector %s] needs hex and readings"), name, vector->name);
        return FALSE;
    }
    return TRUE;
}

NiloMbusProfile *
nilo_mbus_profile_parse(const char *name, const char *bytes, gsize size, GError **error)
{
    g_autoptr(NiloMbusProfile) profile = profile_new();
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) reason = NULL;
    g_auto(GStrv) groups = NULL;
    Parser parser = {.name = name, .profile = profile};

    if (!g_key_file_load_from_data(file, bytes, size, G_KEY_FILE_NONE, &reason)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SYNTAX, _("profile %s: %s"), name,
                    reason->message);
        return NULL;
    }
    groups = g_key_file_get_groups(file, NULL);
    for (guint i = 0; groups[i] != NULL; i++) {
        parser.group = groups[i];
        if (!take_group(&parser, file, error))
            return NULL;
    }
    return check_whole(profile, name, error) ? g_steal_pointer(&profile) : NULL;
}

/* a name is part of a path, so it may not lead elsewhere */
static gboolean
is_name(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (!g_ascii_isalnum(*p) && *p != '-' && *p != '_')
            return FALSE;
    }
    return name[0] != '\0';
}

static NiloMbusProfile *
find_in_folder(const char *name, const char *file, gboolean *exists, GError **error)
{
    g_autofree char *path = g_build_filename(NILO_MBUS_CONFIG_DIR, file, NULL);
    g_autofree char *text = NULL;
    gsize size;

    *exists = g_file_test(path, G_FILE_TEST_EXISTS);
    if (!*exists || !g_file_get_contents(path, &text, &size, error))
        return NULL;
    return nilo_mbus_profile_parse(name, text, size, error);
}

NiloMbusProfile *
nilo_mbus_profile_find(const char *name, GError **error)
{
    g_autofree char *file = g_strconcat(name, PROFILE_SUFFIX, NULL);
    g_autofree char *path = g_strconcat(RESOURCE_FOLDER, file, NULL);
    g_autoptr(GBytes) bytes = NULL;
    NiloMbusProfile *profile;
    gboolean exists = FALSE;

    if (is_name(name)) {
        profile = find_in_folder(name, file, &exists, error);
        if (exists)
            return profile;
        bytes = g_resource_lookup_data(nilo_mbus_profiles_get_resource(), path,
                                       G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    }
    if (bytes == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND,
                    _("no M-Bus profile is called \"%s\", neither in %s nor among those that come "
                      "with the driver"),
                    name, NILO_MBUS_CONFIG_DIR);
        return NULL;
    }
    return nilo_mbus_profile_parse(name, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                                   error);
}

GStrv
nilo_mbus_profile_list(void)
{
    GStrv files = g_resource_enumerate_children(nilo_mbus_profiles_get_resource(), RESOURCE_FOLDER,
                                                G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

    for (guint i = 0; files != NULL && files[i] != NULL; i++) {
        if (g_str_has_suffix(files[i], PROFILE_SUFFIX))
            files[i][strlen(files[i]) - strlen(PROFILE_SUFFIX)] = '\0';
    }
    return files;
}
