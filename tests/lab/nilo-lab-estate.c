/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The estate file. Nothing of it is guessed: an unknown group, key or bus is an error. */
#include "nilo-lab-estate.h"

#include "nilo-lab-settings.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_METERS       10000
#define MAX_ZONE_MINUTES (14 * 60)
#define MBUS_DIGITS      8
#define CJT188_DIGITS    14
#define LAST_PRIMARY     250
#define MAX_BOARDS       100
#define LAST_CJT188_ID   G_GINT64_CONSTANT(99999999999999)

struct _NiloLabEstate {
    GPtrArray *buses;  /* element-type NiloLabBus */
    GPtrArray *boards; /* element-type NiloLabBoard */
    guint64 seed;
    gint zone_offset_minutes;
    gboolean has_time;
    gint64 utc_us;
    guint speedup;
};

/* a meter before it exists: single groups may still change it */
typedef struct {
    char *name;
    NiloLabBus *bus; /* borrowed */
    NiloLabMeterSettings settings;
} Draft;

/* a [meters NAME] group while it is read */
typedef struct {
    NiloLabBus *bus; /* borrowed */
    gint64 count;
    gint64 first_address; /* -1: not given */
    char *first_id;
    gint64 id_step;
    gint64 dead_percent;
    NiloLabMeterSettings settings;
} Group;

/* a [collector NAME] or [collectors NAME] group while it is read */
typedef struct {
    NiloLabBus *bus; /* borrowed */
    gint64 count;
    gint64 first_id; /* -1: not given */
    gint64 id_step;
    NiloLabBus *meters_bus; /* (nullable): borrowed */
    char *reads;            /* nullable */
    NiloLabBoardSettings settings;
} BoardGroup;

/* "reads" of a collector, until there are meters */
typedef struct {
    char *group;
    NiloLabBoard *board; /* borrowed */
    char *meters;
} Reads;

typedef struct {
    NiloLabEstate *estate;
    GKeyFile *keys;
    GPtrArray *drafts;   /* element-type Draft */
    GHashTable *by_name; /* borrowed name -> borrowed Draft */
    GArray *reads;       /* element-type Reads */
} Reader;

static void
reads_clear(gpointer data)
{
    Reads *reads = data;

    g_free(reads->group);
    g_free(reads->meters);
}

static void
draft_free(gpointer data)
{
    Draft *draft = data;

    g_free(draft->name);
    g_free(draft);
}

static void
reader_clear(Reader *reader)
{
    g_clear_pointer(&reader->keys, g_key_file_unref);
    g_clear_pointer(&reader->by_name, g_hash_table_unref);
    g_clear_pointer(&reader->reads, g_array_unref);
    g_clear_pointer(&reader->drafts, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_clear)

static void
group_clear(Group *group)
{
    g_free(group->first_id);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Group, group_clear)

static void
board_group_clear(BoardGroup *group)
{
    g_free(group->reads);
    g_free(group->settings.settings);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BoardGroup, board_group_clear)

static gboolean
refuse(GError **error, const char *group, const char *what, const char *value)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "[%s]: %s \"%s\"", group, what,
                value);
    return FALSE;
}

/* calls the setter for every key of a group; the setter says who owns the key */
typedef NiloLabKeyResult (*KeyFunc)(Reader *reader, gpointer target, const char *key,
                                    const char *value, GError **error);

static gboolean
read_keys(Reader *reader, const char *group, KeyFunc set, gpointer target, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(reader->keys, group, NULL, error);

    if (keys == NULL)
        return FALSE;
    for (guint i = 0; keys[i] != NULL; i++) {
        g_autoptr(GError) bad_value = NULL;
        g_autofree char *value = g_key_file_get_string(reader->keys, group, keys[i], &bad_value);

        /* a backslash at the end gives a string and an error */
        if (bad_value != NULL) {
            g_propagate_error(error, g_steal_pointer(&bad_value));
            return FALSE;
        }
        switch (set(reader, target, keys[i], value, error)) {
        case NILO_LAB_KEY_SET:
            break;
        case NILO_LAB_KEY_BAD:
            g_prefix_error(error, "[%s] %s: ", group, keys[i]);
            return FALSE;
        case NILO_LAB_KEY_UNKNOWN:
        default:
            return refuse(error, group, "unknown key", keys[i]);
        }
    }
    return TRUE;
}

/* --- the estate and its buses ------------------------------------------------------------------
 */

static NiloLabKeyResult
set_estate_key(Reader *reader, gpointer target, const char *key, const char *value, GError **error)
{
    NiloLabEstate *estate = reader->estate;
    gint64 number = 0;
    gboolean good;

    if (g_str_equal(key, "seed")) {
        good = nilo_lab_settings_parse_int(value, 0, G_MAXINT64, &number, error);
        estate->seed = (guint64)number;
    } else if (g_str_equal(key, "zone-offset-minutes")) {
        good =
            nilo_lab_settings_parse_int(value, -MAX_ZONE_MINUTES, MAX_ZONE_MINUTES, &number, error);
        estate->zone_offset_minutes = (gint)number;
    } else if (g_str_equal(key, "speedup")) {
        good = nilo_lab_settings_parse_int(value, 0, 100000, &number, error);
        estate->speedup = (guint)number;
    } else if (g_str_equal(key, "time")) {
        good = nilo_lab_utc_from_text(value, &estate->utc_us);
        estate->has_time = good;
        if (!good)
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "\"%s\" found, expected a moment like 2026-03-01T08:00:00Z", value);
    } else {
        return NILO_LAB_KEY_UNKNOWN;
    }
    return good ? NILO_LAB_KEY_SET : NILO_LAB_KEY_BAD;
}

static NiloLabKeyResult
set_bus_key(Reader *reader, gpointer target, const char *key, const char *value, GError **error)
{
    return nilo_lab_settings_set_bus_key(target, key, value, error);
}

static gboolean
read_bus(Reader *reader, const char *group, const char *name, GError **error)
{
    NiloLabBus *bus;

    if (name[0] == '\0' || strpbrk(name, " \t") != NULL)
        return refuse(error, group, "bus name expected without spaces, found", name);
    bus = nilo_lab_bus_new(name, reader->estate->seed);
    g_ptr_array_add(reader->estate->buses, bus);
    return read_keys(reader, group, set_bus_key, nilo_lab_bus_get_settings(bus), error);
}

/* --- meters ------------------------------------------------------------------------------------
 */

static gboolean
check_id(const NiloLabMeterSettings *settings, const char *id)
{
    const gboolean cjt188 = settings->protocol == NILO_LAB_PROTOCOL_CJT188;
    guint8 address[NILO_LAB_CJT188_ADDRESS_SIZE];

    if (cjt188)
        return nilo_lab_cjt188_address_from_text(id, address);
    return strlen(id) == MBUS_DIGITS && strspn(id, "0123456789") == MBUS_DIGITS;
}

static gboolean
check_settings(const char *group, const NiloLabMeterSettings *settings, GError **error)
{
    if (!check_id(settings, settings->id))
        return refuse(error, group,
                      settings->protocol == NILO_LAB_PROTOCOL_CJT188
                          ? "id with 14 digits expected, found"
                          : "id with 8 digits expected, found",
                      settings->id);
    if (settings->exchanged_with[0] != '\0' && !check_id(settings, settings->exchanged_with))
        return refuse(error, group, "bad exchanged-with", settings->exchanged_with);
    return TRUE;
}

/* names are ids; the second of two equal ones is told apart by "#2" */
static char *
free_name(Reader *reader, const char *id)
{
    char *name = g_strdup(id);

    for (guint n = 2; g_hash_table_contains(reader->by_name, name); n++) {
        g_free(name);
        name = g_strdup_printf("%s#%u", id, n);
    }
    return name;
}

static Draft *
add_draft(Reader *reader, NiloLabBus *bus, const char *name, const NiloLabMeterSettings *settings)
{
    Draft *draft = g_new0(Draft, 1);

    draft->name = g_strdup(name);
    draft->bus = bus;
    draft->settings = *settings;
    g_ptr_array_add(reader->drafts, draft);
    g_hash_table_insert(reader->by_name, draft->name, draft);
    return draft;
}

static gboolean
find_bus(Reader *reader, const char *value, NiloLabBus **bus, GError **error)
{
    *bus = nilo_lab_estate_find_bus(reader->estate, value);
    if (*bus != NULL)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "no group [bus %s] stands before this one", value);
    return FALSE;
}

static NiloLabKeyResult
set_group_key(Reader *reader, gpointer target, const char *key, const char *value, GError **error)
{
    Group *group = target;
    gboolean good;

    if (g_str_equal(key, "bus")) {
        good = find_bus(reader, value, &group->bus, error);
    } else if (g_str_equal(key, "count")) {
        good = nilo_lab_settings_parse_int(value, 1, MAX_METERS, &group->count, error);
    } else if (g_str_equal(key, "first-address")) {
        good = nilo_lab_settings_parse_int(value, 0, LAST_PRIMARY, &group->first_address, error);
    } else if (g_str_equal(key, "id-step")) {
        good = nilo_lab_settings_parse_int(value, 0, 1000000000, &group->id_step, error);
    } else if (g_str_equal(key, "dead-percent")) {
        good = nilo_lab_settings_parse_int(value, 0, 100, &group->dead_percent, error);
    } else if (g_str_equal(key, "first-id")) {
        g_free(group->first_id);
        group->first_id = g_strdup(value);
        good = TRUE;
    } else {
        return nilo_lab_settings_set_meter_key(&group->settings, key, value, error);
    }
    return good ? NILO_LAB_KEY_SET : NILO_LAB_KEY_BAD;
}

static gint
compare_hashes(gconstpointer a, gconstpointer b)
{
    const guint64 x = *(const guint64 *)a;
    const guint64 y = *(const guint64 *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

/* exactly that part of the group, chosen by the seed */
static void
kill_some(Reader *reader, const Group *group, guint first)
{
    const guint count = reader->drafts->len - first;
    const guint dead = (guint)((count * group->dead_percent + 50) / 100);
    g_autofree guint64 *hashes = g_new(guint64, count);
    g_autofree guint64 *sorted = NULL;

    if (dead == 0)
        return;
    for (guint i = 0; i < count; i++) {
        const Draft *draft = g_ptr_array_index(reader->drafts, first + i);

        hashes[i] = nilo_lab_hash_text(reader->estate->seed + 1, draft->name);
    }
    sorted = g_memdup2(hashes, count * sizeof *hashes);
    qsort(sorted, count, sizeof *sorted, compare_hashes);
    for (guint i = 0; i < count; i++) {
        Draft *draft = g_ptr_array_index(reader->drafts, first + i);

        draft->settings.dead = draft->settings.dead || hashes[i] <= sorted[dead - 1];
    }
}

static gboolean
generate(Reader *reader, const char *name, Group *group, GError **error)
{
    const gboolean cjt188 = group->settings.protocol == NILO_LAB_PROTOCOL_CJT188;
    const int digits = cjt188 ? CJT188_DIGITS : MBUS_DIGITS;
    const guint first = reader->drafts->len;
    gint64 number;

    if (!nilo_lab_settings_parse_int(group->first_id, 0, LAST_CJT188_ID, &number, error))
        return FALSE;
    for (gint64 i = 0; i < group->count; i++) {
        g_autofree char *id = NULL;
        g_autofree char *meter = NULL;

        g_snprintf(group->settings.id, sizeof group->settings.id, "%0*" G_GINT64_FORMAT, digits,
                   number + i * group->id_step);
        if (group->first_address >= 0)
            group->settings.primary_address =
                (guint)((group->first_address - 1 + i) % LAST_PRIMARY + 1);
        if (!check_settings(name, &group->settings, error))
            return FALSE;
        id = nilo_lab_meter_settings_to_id(&group->settings);
        meter = free_name(reader, id);
        add_draft(reader, group->bus, meter, &group->settings);
    }
    kill_some(reader, group, first);
    return TRUE;
}

static gboolean
read_group(Reader *reader, const char *name, GError **error)
{
    g_auto(Group) group = {.count = 1, .first_address = -1, .id_step = 1};

    nilo_lab_meter_settings_init(&group.settings);
    if (!read_keys(reader, name, set_group_key, &group, error))
        return FALSE;
    if (group.bus == NULL || group.first_id == NULL)
        return refuse(error, name, "missing key", group.bus == NULL ? "bus" : "first-id");
    if (reader->drafts->len + group.count > MAX_METERS)
        return refuse(error, name, "too many meters, at most", G_STRINGIFY(MAX_METERS));
    if (!generate(reader, name, &group, error)) {
        g_prefix_error(error, "[%s] first-id: ", name);
        return FALSE;
    }
    return TRUE;
}

/* for one [meter NAME]: "bus" moves or makes it, all else is a meter's own key */
static NiloLabKeyResult
set_single_key(Reader *reader, gpointer target, const char *key, const char *value, GError **error)
{
    Draft *draft = target;

    if (!g_str_equal(key, "bus"))
        return nilo_lab_settings_set_meter_key(&draft->settings, key, value, error);
    return find_bus(reader, value, &draft->bus, error) ? NILO_LAB_KEY_SET : NILO_LAB_KEY_BAD;
}

static gboolean
read_single(Reader *reader, const char *group, const char *name, GError **error)
{
    Draft *draft = g_hash_table_lookup(reader->by_name, name);
    NiloLabMeterSettings fresh;

    if (name[0] == '\0' || strpbrk(name, " \t") != NULL)
        return refuse(error, group, "meter name expected without spaces, found", name);
    if (draft == NULL) {
        nilo_lab_meter_settings_init(&fresh);
        draft = add_draft(reader, NULL, name, &fresh);
    }
    if (!read_keys(reader, group, set_single_key, draft, error))
        return FALSE;
    if (draft->bus == NULL)
        return refuse(error, group, "no group [meters ...] makes this meter: missing key", "bus");
    return check_settings(group, &draft->settings, error);
}

/* --- collectors --------------------------------------------------------------------------------
 */

static NiloLabKeyResult
set_board_key(Reader *reader, gpointer target, const char *key, const char *value, GError **error)
{
    BoardGroup *group = target;
    gboolean good;

    if (g_str_equal(key, "bus")) {
        good = find_bus(reader, value, &group->bus, error);
    } else if (g_str_equal(key, "meters-bus")) {
        good = find_bus(reader, value, &group->meters_bus, error);
    } else if (g_str_equal(key, "reads")) {
        g_free(group->reads);
        group->reads = g_strdup(value);
        good = TRUE;
    } else if (g_str_equal(key, "count")) {
        good = nilo_lab_settings_parse_int(value, 1, MAX_BOARDS, &group->count, error);
    } else if (g_str_equal(key, "first-id")) {
        good = nilo_lab_settings_parse_int(value, 0, LAST_CJT188_ID, &group->first_id, error);
    } else if (g_str_equal(key, "id-step")) {
        good = nilo_lab_settings_parse_int(value, 10, 1000000000, &group->id_step, error);
    } else {
        return nilo_lab_settings_set_board_key(&group->settings, key, value, error);
    }
    return good ? NILO_LAB_KEY_SET : NILO_LAB_KEY_BAD;
}

static void
add_boards(Reader *reader, const char *name, BoardGroup *group)
{
    const gint first_address = group->settings.first_address;

    for (gint64 i = 0; i < group->count; i++) {
        g_autofree char *own = group->count == 1
                                   ? g_strdup(name)
                                   : g_strdup_printf("%s-%" G_GINT64_FORMAT, name, i + 1);

        group->settings.first_id = (guint64)(group->first_id + i * group->id_step);
        if (first_address >= 0)
            group->settings.first_address =
                first_address + (gint)i * (gint)group->settings.channels;
        g_ptr_array_add(reader->estate->boards,
                        nilo_lab_board_new(own, &group->settings, group->bus, reader->estate->seed,
                                           reader->estate->zone_offset_minutes));
    }
}

/* the collector of the one group was added last */
static void
add_meters_bus(Reader *reader, const char *name, const BoardGroup *group)
{
    GPtrArray *boards = reader->estate->boards;
    NiloLabBoard *board = g_ptr_array_index(boards, boards->len - 1);
    const Reads reads = {g_strdup(name), board, g_strdup(group->reads)};

    nilo_lab_board_set_meters_bus(board, group->meters_bus);
    g_array_append_val(reader->reads, reads);
}

/* A bus has one master, and behind a collector there are meters only. */
static gboolean
check_meters_bus(Reader *reader, const char *name, const BoardGroup *group, GError **error)
{
    GPtrArray *boards = reader->estate->boards;
    const NiloLabBusSettings *settings;
    const char *own;

    for (guint i = 0; i < boards->len; i++) {
        NiloLabBoard *board = g_ptr_array_index(boards, i);

        if (nilo_lab_board_get_meters_bus(board) == group->bus)
            return refuse(error, name, "bus: it is behind the collector",
                          nilo_lab_board_get_name(board));
        if (group->meters_bus != NULL &&
            (nilo_lab_board_get_meters_bus(board) == group->meters_bus ||
             nilo_lab_board_get_bus(board) == group->meters_bus))
            return refuse(error, name, "meters-bus: it is taken by the collector",
                          nilo_lab_board_get_name(board));
    }
    if (group->meters_bus == NULL)
        return group->reads == NULL || refuse(error, name, "missing key", "meters-bus");
    own = nilo_lab_bus_get_name(group->meters_bus);
    settings = nilo_lab_bus_get_settings(group->meters_bus);
    if (group->meters_bus == group->bus)
        return refuse(error, name, "meters-bus: another bus than its own expected, found", own);
    if (group->count > 1)
        return refuse(error, name, "meters-bus: only one collector can be the master of", own);
    if (settings->link != NULL || settings->tcp)
        return refuse(error, name, "meters-bus: bus without link and tcp expected, found", own);
    return TRUE;
}

static gboolean
read_board(Reader *reader, const char *name, GError **error)
{
    g_auto(BoardGroup) group = {.count = 1, .first_id = -1, .id_step = 10};
    const char *own = strchr(name, ' ') + 1;

    nilo_lab_board_settings_init(&group.settings);
    if (own[0] == '\0' || strpbrk(own, " \t/") != NULL)
        return refuse(error, name, "collector name expected without spaces, found", own);
    if (nilo_lab_estate_find_board(reader->estate, own) != NULL)
        return refuse(error, name, "second collector with the name", own);
    if (!read_keys(reader, name, set_board_key, &group, error))
        return FALSE;
    if (group.bus == NULL || group.first_id < 0)
        return refuse(error, name, "missing key", group.bus == NULL ? "bus" : "first-id");
    if (group.first_id % 10 == 0 || group.first_id % 10 + group.settings.channels > 10)
        return refuse(error, name, "channels may only change the last digit, 1 to 9, of",
                      "first-id");
    if (group.settings.first_address >= 0 &&
        group.settings.first_address + group.count * group.settings.channels - 1 > LAST_PRIMARY)
        return refuse(error, name, "not enough addresses behind", "first-address");
    if (!check_meters_bus(reader, name, &group, error))
        return FALSE;
    add_boards(reader, own, &group);
    if (group.meters_bus != NULL)
        add_meters_bus(reader, name, &group);
    return TRUE;
}

static gboolean
read_groups(Reader *reader, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(reader->keys, NULL);

    if (g_key_file_has_group(reader->keys, "estate") &&
        !read_keys(reader, "estate", set_estate_key, NULL, error))
        return FALSE;
    for (guint i = 0; groups[i] != NULL; i++) {
        const char *group = groups[i];
        gboolean good = TRUE;

        if (g_str_has_prefix(group, "bus "))
            good = read_bus(reader, group, group + strlen("bus "), error);
        else if (g_str_has_prefix(group, "meters "))
            good = read_group(reader, group, error);
        else if (g_str_has_prefix(group, "meter "))
            good = read_single(reader, group, group + strlen("meter "), error);
        else if (g_str_has_prefix(group, "collector ") || g_str_has_prefix(group, "collectors "))
            good = read_board(reader, group, error);
        else if (!g_str_equal(group, "estate"))
            good = refuse(error, group, "unknown group", group);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static void
build_meters(Reader *reader)
{
    const NiloLabEstate *estate = reader->estate;

    for (guint i = 0; i < reader->drafts->len; i++) {
        const Draft *draft = g_ptr_array_index(reader->drafts, i);
        const guint speed_baud = nilo_lab_bus_get_settings(draft->bus)->speed_baud;

        nilo_lab_bus_add_meter(draft->bus,
                               nilo_lab_meter_new(draft->name, &draft->settings, speed_baud,
                                                  estate->seed, estate->zone_offset_minutes));
    }
}

static gboolean
is_called(NiloLabMeter *meter, const char *name)
{
    g_autofree char *id = NULL;

    if (g_str_equal(meter->name, name) || g_str_equal(meter->settings.id, name))
        return TRUE;
    id = nilo_lab_meter_get_id(meter);
    return g_str_equal(id, name);
}

static NiloLabMeter *
find_meter_on_bus(NiloLabBus *bus, const char *name)
{
    GPtrArray *meters = nilo_lab_bus_get_meters(bus);

    for (guint i = 0; i < meters->len; i++) {
        if (is_called(g_ptr_array_index(meters, i), name))
            return g_ptr_array_index(meters, i);
    }
    return NULL;
}

static gboolean
connect_meter(const Reads *reads, guint channel, const char *name, GError **error)
{
    NiloLabMeter *meter = find_meter_on_bus(nilo_lab_board_get_meters_bus(reads->board), name);

    if (channel >= nilo_lab_board_get_channels(reads->board))
        return refuse(error, reads->group, "reads: no channel is left for", name);
    if (meter == NULL)
        return refuse(error, reads->group, "reads: no such meter on its meters-bus:", name);
    if (meter->settings.id[strspn(meter->settings.id, "0123456789")] != '\0')
        return refuse(error, reads->group, "reads: a collector asks for decimal digits only, found",
                      meter->settings.id);
    nilo_lab_board_set_meter(reads->board, channel, meter);
    return TRUE;
}

/* channel n reads the n-th of them; where nobody is named there is a contact */
static gboolean
connect_meters(Reader *reader, GError **error)
{
    for (guint i = 0; i < reader->reads->len; i++) {
        const Reads *reads = &g_array_index(reader->reads, Reads, i);
        g_auto(GStrv) names = g_strsplit(reads->meters != NULL ? reads->meters : "", ";", -1);

        for (guint channel = 0; names[channel] != NULL; channel++) {
            const char *name = g_strstrip(names[channel]);

            if (name[0] != '\0' && !connect_meter(reads, channel, name, error))
                return FALSE;
        }
    }
    return TRUE;
}

/**
 * nilo_lab_estate_new_from_data:
 * @text: (array length=size): an estate file
 * @size: bytes in @text
 * @error: return location for a #GKeyFileError or #GIOErrorEnum
 *
 * Builds the building.
 *
 * Returns: (transfer full) (nullable): the estate
 */
NiloLabEstate *
nilo_lab_estate_new_from_data(const char *text, gsize size, GError **error)
{
    g_autoptr(NiloLabEstate) estate = g_new0(NiloLabEstate, 1);
    g_auto(Reader) reader = {.estate = estate};

    estate->buses = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_lab_bus_free);
    estate->boards = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_lab_board_free);
    estate->zone_offset_minutes = 8 * 60;
    estate->speedup = 1;
    reader.keys = g_key_file_new();
    reader.drafts = g_ptr_array_new_with_free_func(draft_free);
    reader.by_name = g_hash_table_new(g_str_hash, g_str_equal);
    reader.reads = g_array_new(FALSE, FALSE, sizeof(Reads));
    g_array_set_clear_func(reader.reads, reads_clear);
    if (!g_key_file_load_from_data(reader.keys, text, size, G_KEY_FILE_NONE, error) ||
        !read_groups(&reader, error))
        return NULL;
    build_meters(&reader);
    if (!connect_meters(&reader, error))
        return NULL;
    return g_steal_pointer(&estate);
}

/**
 * nilo_lab_estate_new_from_file:
 * @path: an estate file
 * @error: return location for a #GFileError, #GKeyFileError or #GIOErrorEnum
 *
 * Builds the building.
 *
 * Returns: (transfer full) (nullable): the estate
 */
NiloLabEstate *
nilo_lab_estate_new_from_file(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    NiloLabEstate *estate;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, error))
        return NULL;
    estate = nilo_lab_estate_new_from_data(text, size, error);
    if (estate == NULL)
        g_prefix_error(error, "%s: ", path);
    return estate;
}

/**
 * nilo_lab_estate_free:
 * @estate: (transfer full): an estate
 *
 * Tears it down.
 */
void
nilo_lab_estate_free(NiloLabEstate *estate)
{
    g_ptr_array_unref(estate->boards);
    g_ptr_array_unref(estate->buses);
    g_free(estate);
}

/**
 * nilo_lab_estate_get_buses:
 * @estate: an estate
 *
 * Returns: (transfer none) (element-type NiloLabBus): in the order of the file
 */
GPtrArray *
nilo_lab_estate_get_buses(NiloLabEstate *estate)
{
    return estate->buses;
}

/**
 * nilo_lab_estate_find_bus:
 * @estate: an estate
 * @name: of a bus
 *
 * Returns: (transfer none) (nullable): the bus
 */
NiloLabBus *
nilo_lab_estate_find_bus(NiloLabEstate *estate, const char *name)
{
    for (guint i = 0; i < estate->buses->len; i++) {
        NiloLabBus *bus = g_ptr_array_index(estate->buses, i);

        if (g_str_equal(nilo_lab_bus_get_name(bus), name))
            return bus;
    }
    return NULL;
}

/**
 * nilo_lab_estate_find_meter:
 * @estate: an estate
 * @name: the meter's name, its id or the digits of its id; the first of twins
 * @bus: (out) (optional): where it hangs; untouched without a meter
 *
 * Returns: (transfer none) (nullable): the meter
 */
NiloLabMeter *
nilo_lab_estate_find_meter(NiloLabEstate *estate, const char *name, NiloLabBus **bus)
{
    for (guint i = 0; i < estate->buses->len; i++) {
        NiloLabBus *candidate = g_ptr_array_index(estate->buses, i);
        NiloLabMeter *meter = find_meter_on_bus(candidate, name);

        if (meter == NULL)
            continue;
        if (bus != NULL)
            *bus = candidate;
        return meter;
    }
    return NULL;
}

/**
 * nilo_lab_estate_get_boards:
 * @estate: an estate
 *
 * Returns: (transfer none) (element-type NiloLabBoard): the collectors, in the order of the file
 */
GPtrArray *
nilo_lab_estate_get_boards(NiloLabEstate *estate)
{
    return estate->boards;
}

/**
 * nilo_lab_estate_find_board:
 * @estate: an estate
 * @name: of a collector
 *
 * Returns: (transfer none) (nullable): the collector
 */
NiloLabBoard *
nilo_lab_estate_find_board(NiloLabEstate *estate, const char *name)
{
    for (guint i = 0; i < estate->boards->len; i++) {
        NiloLabBoard *board = g_ptr_array_index(estate->boards, i);

        if (g_str_equal(nilo_lab_board_get_name(board), name))
            return board;
    }
    return NULL;
}

/**
 * nilo_lab_estate_find_channel:
 * @estate: an estate
 * @number: of a channel, as nilo_lab_board_find_channel() takes it
 * @channel: (out): untouched without one
 *
 * Returns: (transfer none) (nullable): whose channel it is
 */
NiloLabBoard *
nilo_lab_estate_find_channel(NiloLabEstate *estate, const char *number, guint *channel)
{
    for (guint i = 0; i < estate->boards->len; i++) {
        NiloLabBoard *board = g_ptr_array_index(estate->boards, i);

        if (nilo_lab_board_find_channel(board, number, channel))
            return board;
    }
    return NULL;
}

/**
 * nilo_lab_estate_get_time:
 * @estate: an estate
 * @utc_us: (out): when it begins; untouched when the file does not say
 *
 * Returns: whether the file says
 */
gboolean
nilo_lab_estate_get_time(NiloLabEstate *estate, gint64 *utc_us)
{
    if (estate->has_time)
        *utc_us = estate->utc_us;
    return estate->has_time;
}

/**
 * nilo_lab_estate_get_speedup:
 * @estate: an estate
 *
 * Returns: estate seconds per real second, 0: time stands still
 */
guint
nilo_lab_estate_get_speedup(NiloLabEstate *estate)
{
    return estate->speedup;
}

/**
 * nilo_lab_estate_set_time:
 * @estate: an estate
 * @time: copied
 *
 * Sets the time for all buses; takes their locks.
 */
void
nilo_lab_estate_set_time(NiloLabEstate *estate, const NiloLabTime *time)
{
    for (guint i = 0; i < estate->buses->len; i++) {
        NiloLabBus *bus = g_ptr_array_index(estate->buses, i);

        nilo_lab_bus_lock(bus);
        nilo_lab_bus_set_time(bus, time);
        nilo_lab_bus_unlock(bus);
    }
}

/**
 * nilo_lab_estate_set_log:
 * @estate: an estate
 * @log: (nullable): outlives the estate
 *
 * Sets the event log of all buses.
 */
void
nilo_lab_estate_set_log(NiloLabEstate *estate, NiloLabLog *log)
{
    for (guint i = 0; i < estate->buses->len; i++)
        nilo_lab_bus_set_log(g_ptr_array_index(estate->buses, i), log);
}
