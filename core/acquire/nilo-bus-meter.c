/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-meter.h"

#include <gio/gio.h>
#include <string.h>

#include "nilo-error.h"

/* first member of the file: another number means another layout, and a fresh start */
#define MEMORY_MAGIC   0x4e4d454du /* "NMEM" */
#define READING_FORMAT "(xxxyyq)"
/* id, lane (lane misses interval wait unprobed day reads), time (mean deviation peak former late
 * n_late n), known (when, junk, status, readings) */
#define METER_FORMAT  "(s(yuuuuuu)(uuuuuqq)(xuua" READING_FORMAT "))"
#define MEMORY_FORMAT "(ua" METER_FORMAT ")"

/* of a NiloValue */
#define EXPONENT_MAX 30

/* rounds; a number above comes from a damaged file */
#define WAIT_MAX 1000

NiloBusMeter *
nilo_bus_meter_new(NiloMeter *meter, guint order)
{
    NiloBusMeter *self = g_new0(NiloBusMeter, 1);

    self->meter = g_object_ref(meter);
    self->order = order;
    nilo_lane_state_init(&self->lane);
    return self;
}

void
nilo_bus_meter_free(NiloBusMeter *self)
{
    g_clear_object(&self->meter);
    nilo_plausibility_clear(&self->plausibility);
    g_free(self->found);
    g_free(self);
}

void
nilo_bus_meter_note(NiloBusMeter *self, NiloReport *report, gboolean troubled)
{
    if (self->n_recent == NILO_BUS_METER_RECENT)
        memmove(self->recent, self->recent + 1, --self->n_recent);
    self->recent[self->n_recent++] = (guint8)nilo_report_get_outcome(report);
    self->troubled = (guint16)(self->troubled << 1 | (troubled ? 1 : 0));
    self->noted = self->time;
    if (nilo_report_get_outcome(report) != NILO_OUTCOME_OK)
        return;
    self->answered_us = nilo_report_get_taken_us(report);
    self->status = nilo_report_get_status(report);
    self->has_drift = nilo_report_get_clock_drift_s(report, &self->drift_s);
}

static GVariant *
build_known(const NiloPlausibility *plausibility)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a" READING_FORMAT));
    for (guint i = 0; plausibility->known != NULL && i < plausibility->known->len; i++) {
        const NiloReading *reading = &g_array_index(plausibility->known, NiloReading, i);

        g_variant_builder_add(&builder, READING_FORMAT, reading->reg, reading->taken_us,
                              reading->value.mantissa, (guchar)reading->value.exponent,
                              reading->value.unit, reading->flags);
    }
    return g_variant_new("(xuu@a" READING_FORMAT ")", plausibility->known_us,
                         plausibility->usual_junk, plausibility->usual_status,
                         g_variant_builder_end(&builder));
}

static GVariant *
build_meter(const NiloBusMeter *self)
{
    const NiloLaneState *lane = &self->lane;
    const NiloAnswerTime *time = &self->time;
    GVariant *members[] = {
        g_variant_new_string(nilo_meter_get_id_text(self->meter)),
        g_variant_new("(yuuuuuu)", (guchar)lane->lane, lane->misses, lane->interval, lane->wait,
                      lane->unprobed, lane->day, lane->reads),
        g_variant_new("(uuuuuqq)", time->mean_us, time->deviation_us, time->peak_us,
                      time->former_peak_us, time->late_us, time->n_late, time->n),
        build_known(&self->plausibility),
    };

    return g_variant_new_tuple(members, G_N_ELEMENTS(members));
}

GVariant *
nilo_bus_memory_build(GHashTable *meters)
{
    GVariantBuilder builder;
    GHashTableIter iter;
    gpointer value;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a" METER_FORMAT));
    g_hash_table_iter_init(&iter, meters);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_variant_builder_add_value(&builder, build_meter(value));
    return g_variant_new("(u@a" METER_FORMAT ")", MEMORY_MAGIC, g_variant_builder_end(&builder));
}

static void
restore_known(NiloPlausibility *plausibility, GVariant *known)
{
    g_autoptr(GVariantIter) readings = NULL;
    NiloReading reading;
    guchar exponent;

    nilo_plausibility_clear(plausibility);
    g_variant_get(known, "(xuua" READING_FORMAT ")", &plausibility->known_us,
                  &plausibility->usual_junk, &plausibility->usual_status, &readings);
    if (g_variant_iter_n_children(readings) == 0)
        return;
    plausibility->known = g_array_new(FALSE, FALSE, sizeof(NiloReading));
    while (g_variant_iter_next(readings, READING_FORMAT, &reading.reg, &reading.taken_us,
                               &reading.value.mantissa, &exponent, &reading.value.unit,
                               &reading.flags)) {
        reading.value.exponent = (gint8)exponent;
        if (ABS(reading.value.exponent) <= EXPONENT_MAX)
            g_array_append_val(plausibility->known, reading);
    }
}

static void
restore_meter(NiloBusMeter *self, GVariant *meter)
{
    g_autoptr(GVariant) known = g_variant_get_child_value(meter, 3);
    NiloLaneState *lane = &self->lane;
    NiloAnswerTime *time = &self->time;
    guchar number;

    g_variant_get_child(meter, 1, "(yuuuuuu)", &number, &lane->misses, &lane->interval, &lane->wait,
                        &lane->unprobed, &lane->day, &lane->reads);
    lane->lane = number == NILO_LANE_PROBING ? NILO_LANE_PROBING : NILO_LANE_LIVE;
    lane->interval = lane->lane == NILO_LANE_PROBING ? CLAMP(lane->interval, 1, WAIT_MAX) : 0;
    lane->wait = MIN(lane->wait, WAIT_MAX);
    g_variant_get_child(meter, 2, "(uuuuuqq)", &time->mean_us, &time->deviation_us, &time->peak_us,
                        &time->former_peak_us, &time->late_us, &time->n_late, &time->n);
    restore_known(&self->plausibility, known);
    self->noted = self->time;
    self->answered_us = self->plausibility.known_us;
}

void
nilo_bus_memory_restore(GVariant *memory, GHashTable *meters)
{
    g_autoptr(GVariant) list = g_variant_get_child_value(memory, 1);
    GVariantIter iter;
    GVariant *child;

    g_variant_iter_init(&iter, list);
    while ((child = g_variant_iter_next_value(&iter)) != NULL) {
        g_autoptr(GVariant) meter = child;
        g_autoptr(NiloMeterId) id = NULL;
        const char *text;
        NiloBusMeter *found;

        g_variant_get_child(meter, 0, "&s", &text);
        id = nilo_meter_id_new(text, NULL);
        found = id != NULL ? g_hash_table_lookup(meters, id) : NULL;
        if (found != NULL)
            restore_meter(found, meter);
    }
}

GVariant *
nilo_bus_memory_parse(GBytes *bytes, GError **error)
{
    g_autoptr(GVariant) memory =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(MEMORY_FORMAT), bytes, FALSE));
    guint32 magic;

    g_variant_get_child(memory, 0, "u", &magic);
    if (magic != MEMORY_MAGIC || !g_variant_is_normal_form(memory)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_DAMAGED,
                    "%" G_GSIZE_FORMAT " bytes that are no memory of a bus",
                    g_bytes_get_size(bytes));
        return NULL;
    }
    return g_steal_pointer(&memory);
}

GVariant *
nilo_bus_memory_read(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    GVariant *memory;
    char *text;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, error))
        return NULL;
    bytes = g_bytes_new_take(text, size);
    memory = nilo_bus_memory_parse(bytes, error);
    if (memory == NULL)
        g_prefix_error(error, "%s: ", path);
    return memory;
}

gboolean
nilo_bus_memory_write(const char *path, GVariant *memory, GError **error)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(memory);

    return g_file_set_contents_full(path, g_variant_get_data(owned),
                                    (gssize)g_variant_get_size(owned),
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                    0640, error);
}
