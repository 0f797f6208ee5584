/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-meters.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-dbus-report.h"
#include "nilo-error.h"

#define DEFAULT_LIMIT 1000
#define MAX_LIMIT     10000

struct _NiloDbusMeters {
    GPtrArray *meters; /* element-type NiloMeter */
    GHashTable *by_id; /* NiloMeterId of the meter -> NiloMeter, both of @meters */
    GHashTable *buses; /* utf8 -> NiloBus */
};

/* what a caller may narrow the list by; NULL matches all */
typedef struct {
    const char *bus;
    const char *outcome;
    const char *lane;
    const char *text;
} Filter;

NiloDbusMeters *
nilo_dbus_meters_new(void)
{
    NiloDbusMeters *self = g_new0(NiloDbusMeters, 1);

    self->meters = g_ptr_array_new();
    self->by_id = g_hash_table_new(nilo_meter_id_hash, nilo_meter_id_equal);
    self->buses = g_hash_table_new(g_str_hash, g_str_equal);
    return self;
}

void
nilo_dbus_meters_free(NiloDbusMeters *self)
{
    g_ptr_array_unref(self->meters);
    g_hash_table_unref(self->by_id);
    g_hash_table_unref(self->buses);
    g_free(self);
}

void
nilo_dbus_meters_set(NiloDbusMeters *self, GPtrArray *meters, GHashTable *buses)
{
    g_hash_table_remove_all(self->by_id);
    g_ptr_array_unref(self->meters);
    self->meters = g_ptr_array_ref(meters);
    g_hash_table_unref(self->buses);
    self->buses = g_hash_table_ref(buses);
    for (guint i = 0; i < meters->len; i++)
        g_hash_table_insert(self->by_id, nilo_meter_get_id(meters->pdata[i]), meters->pdata[i]);
}

guint
nilo_dbus_meters_get_n(NiloDbusMeters *self)
{
    return self->meters->len;
}

NiloMeter *
nilo_dbus_meters_find(NiloDbusMeters *self, const char *id, GError **error)
{
    g_autoptr(NiloMeterId) parsed = nilo_meter_id_new(id, error);
    NiloMeter *meter;

    if (parsed == NULL)
        return NULL;
    meter = g_hash_table_lookup(self->by_id, parsed);
    if (meter == NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, _("there is no meter \"%s\""), id);
    return meter;
}

NiloBus *
nilo_dbus_meters_find_bus(NiloDbusMeters *self, NiloMeter *meter, GError **error)
{
    NiloBus *bus = g_hash_table_lookup(self->buses, nilo_meter_get_bus(meter));

    if (bus == NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, _("there is no bus \"%s\""),
                    nilo_meter_get_bus(meter));
    return bus;
}

static const char *
get_lane_name(NiloDbusMeters *self, NiloMeter *meter)
{
    NiloBus *bus = g_hash_table_lookup(self->buses, nilo_meter_get_bus(meter));
    NiloLane lane;

    if (bus == NULL || !nilo_bus_get_meter_lane(bus, nilo_meter_get_id(meter), &lane))
        return "";
    return lane == NILO_LANE_PROBING ? "probing" : "live";
}

static const char *
get_outcome_name(const NiloLatestEntry *entry)
{
    return entry != NULL && entry->report != NULL
               ? nilo_outcome_get_nick(nilo_report_get_outcome(entry->report))
               : "";
}

static void
add_text(GVariantDict *dict, const char *key, const char *text)
{
    g_variant_dict_insert(dict, key, "s", text != NULL ? text : "");
}

static void
add_latest(GVariantDict *dict, const NiloLatestEntry *entry, gboolean with_report)
{
    g_variant_dict_insert(dict, "missed", "u", entry->missed);
    g_variant_dict_insert(dict, "taken-us", "x", nilo_report_get_taken_us(entry->report));
    g_variant_dict_insert(dict, "ok-us", "x", entry->ok_us);
    g_variant_dict_insert(dict, "implausible", "b", entry->implausible);
    g_variant_dict_insert_value(dict, "status",
                                nilo_dbus_status_new(nilo_report_get_status(entry->report)));
    if (entry->has_volume)
        g_variant_dict_insert(dict, "volume-ml", "x", entry->volume_ml);
    if (with_report)
        g_variant_dict_insert_value(dict, "report", nilo_dbus_report_new(entry->report, FALSE));
}

GVariant *
nilo_dbus_meters_describe(NiloDbusMeters *self, NiloMeter *meter, NiloLatest *latest,
                          gboolean with_report)
{
    const NiloLatestEntry *entry = nilo_latest_find(latest, nilo_meter_get_id(meter));
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    add_text(&dict, "id", nilo_meter_get_id_text(meter));
    add_text(&dict, "bus", nilo_meter_get_bus(meter));
    add_text(&dict, "driver", nilo_meter_get_driver(meter));
    add_text(&dict, "address", nilo_meter_get_address(meter));
    add_text(&dict, "point", nilo_meter_get_point(meter));
    add_text(&dict, "place", nilo_meter_get_place(meter));
    add_text(&dict, "lane", get_lane_name(self, meter));
    add_text(&dict, "outcome", get_outcome_name(entry));
    g_variant_dict_insert(&dict, "enabled", "b", nilo_meter_get_enabled(meter));
    if (entry != NULL)
        add_latest(&dict, entry, with_report);
    return g_variant_dict_end(&dict);
}

static gboolean
parse_filter(GVariant *dict, Filter *filter, GError **error)
{
    GVariantIter entries;
    GVariant *value;
    const char *key;

    g_variant_iter_init(&entries, dict);
    while (g_variant_iter_loop(&entries, "{&sv}", &key, &value)) {
        const char **field = strcmp(key, "bus") == 0       ? &filter->bus
                             : strcmp(key, "outcome") == 0 ? &filter->outcome
                             : strcmp(key, "lane") == 0    ? &filter->lane
                             : strcmp(key, "text") == 0    ? &filter->text
                                                           : NULL;

        if (field == NULL || !g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
            g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                        _("filter \"%s\" is not known, expected bus, outcome, lane or text"), key);
            g_variant_unref(value);
            return FALSE;
        }
        /* the dictionary outlives the filter, and its strings with it */
        g_variant_lookup(dict, key, "&s", field);
    }
    return TRUE;
}

static gboolean
has_text(const char *where, const char *text)
{
    return where != NULL && strstr(where, text) != NULL;
}

static gboolean
matches(NiloDbusMeters *self, NiloMeter *meter, NiloLatest *latest, const Filter *filter)
{
    if (filter->bus != NULL && strcmp(filter->bus, nilo_meter_get_bus(meter)) != 0)
        return FALSE;
    if (filter->lane != NULL && strcmp(filter->lane, get_lane_name(self, meter)) != 0)
        return FALSE;
    if (filter->outcome != NULL &&
        strcmp(filter->outcome,
               get_outcome_name(nilo_latest_find(latest, nilo_meter_get_id(meter)))) != 0)
        return FALSE;
    return filter->text == NULL || has_text(nilo_meter_get_id_text(meter), filter->text) ||
           has_text(nilo_meter_get_point(meter), filter->text) ||
           has_text(nilo_meter_get_place(meter), filter->text);
}

GVariant *
nilo_dbus_meters_list(NiloDbusMeters *self, GVariant *filter_dict, guint offset, guint limit,
                      NiloLatest *latest, guint *total, GError **error)
{
    Filter filter = {0};
    GVariantBuilder list;
    guint n_matching = 0;

    if (!parse_filter(filter_dict, &filter, error))
        return NULL;
    limit = limit == 0 ? DEFAULT_LIMIT : MIN(limit, MAX_LIMIT);
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < self->meters->len; i++) {
        NiloMeter *meter = self->meters->pdata[i];

        if (!matches(self, meter, latest, &filter))
            continue;
        if (n_matching >= offset && n_matching - offset < limit)
            g_variant_builder_add_value(&list,
                                        nilo_dbus_meters_describe(self, meter, latest, FALSE));
        n_matching++;
    }
    *total = n_matching;
    return g_variant_builder_end(&list);
}
