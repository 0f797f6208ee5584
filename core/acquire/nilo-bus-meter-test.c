/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-meter.h"

#include <glib/gstdio.h>
#include <string.h>

#include "nilo-error.h"

static NiloBusMeter *
add_meter(GHashTable *meters, const char *text)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(text, NULL);
    g_autoptr(NiloMeter) meter = nilo_meter_new(id, "riser", NULL, NULL, NULL, NULL);
    NiloBusMeter *self = nilo_bus_meter_new(meter, 0);

    g_hash_table_insert(meters, nilo_meter_get_id(self->meter), self);
    return self;
}

static GHashTable *
make_meters(void)
{
    return g_hash_table_new_full(nilo_meter_id_hash, nilo_meter_id_equal, NULL,
                                 (GDestroyNotify)nilo_bus_meter_free);
}

static void
fill(NiloBusMeter *meter)
{
    const NiloReading reading = {
        .reg = nilo_register_of(NILO_QUANTITY_VOLUME),
        .taken_us = 42,
        .value = {12345, -3, NILO_UNIT_CUBIC_METRE},
        .flags = NILO_READING_CONFIRMED,
    };

    meter->lane = (NiloLaneState){NILO_LANE_PROBING, 7, 4, 3, 2, 739000, 11};
    meter->time = (NiloAnswerTime){1000, 20, 1500, 1400, 900000, 2, 77};
    meter->plausibility.known = g_array_new(FALSE, FALSE, sizeof(NiloReading));
    g_array_append_val(meter->plausibility.known, reading);
    meter->plausibility.known_us = 99;
    meter->plausibility.usual_junk = 4;
    meter->plausibility.usual_status = 16;
}

static char *
make_path(void)
{
    g_autofree char *dir = g_dir_make_tmp("nilo-memory-XXXXXX", NULL);

    return g_build_filename(dir, "bus.memory", NULL);
}

static void
remove_path(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    g_remove(path);
    g_rmdir(dir);
}

static void
test_all_comes_back(void)
{
    g_autoptr(GHashTable) before = make_meters();
    g_autoptr(GHashTable) after = make_meters();
    g_autofree char *path = make_path();
    g_autoptr(GVariant) memory = NULL;
    const NiloBusMeter *left = add_meter(before, "x:1");
    const NiloBusMeter *right = add_meter(after, "x:1");
    const NiloBusMeter *new = add_meter(after, "x:3");

    fill(g_hash_table_lookup(before, nilo_meter_get_id(left->meter)));
    add_meter(before, "x:2");
    g_assert_true(nilo_bus_memory_write(path, nilo_bus_memory_build(before), NULL));
    memory = nilo_bus_memory_read(path, NULL);
    g_assert_nonnull(memory);
    nilo_bus_memory_restore(memory, after);
    g_assert_cmpmem(&left->lane, sizeof left->lane, &right->lane, sizeof right->lane);
    g_assert_cmpuint(right->time.late_us, ==, 900000);
    g_assert_cmpuint(right->time.n, ==, 77);
    g_assert_cmpuint(right->plausibility.known->len, ==, 1);
    g_assert_cmpint(g_array_index(right->plausibility.known, NiloReading, 0).value.exponent, ==,
                    -3);
    g_assert_cmpuint(right->plausibility.usual_junk, ==, 4);
    g_assert_cmpint(new->lane.lane, ==, NILO_LANE_LIVE);
    remove_path(path);
}

/* cut short or overwritten anywhere: refused, or read as something harmless; never a crash */
static void
test_damaged_file(void)
{
    g_autoptr(GHashTable) meters = make_meters();
    g_autofree char *path = make_path();
    g_autofree char *text = NULL;
    guint n_refused = 0;
    gsize size;

    fill(add_meter(meters, "x:1"));
    g_assert_true(nilo_bus_memory_write(path, nilo_bus_memory_build(meters), NULL));
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    for (gsize i = 0; i < size; i++) {
        g_autoptr(GVariant) memory = NULL;
        g_autoptr(GError) error = NULL;
        const char kept = text[i];

        text[i] = (char)~text[i];
        g_assert_true(g_file_set_contents(path, text, (gssize)(i % 2 == 0 ? size : i), NULL));
        text[i] = kept;
        memory = nilo_bus_memory_read(path, &error);
        if (memory != NULL)
            nilo_bus_memory_restore(memory, meters);
        else
            g_assert_error(error, NILO_ERROR, NILO_ERROR_DAMAGED);
        n_refused += memory == NULL ? 1 : 0;
    }
    g_assert_cmpuint(n_refused, >, size / 4);
    remove_path(path);
}

static void
test_no_file(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_bus_memory_read("/nonexistent/bus.memory", &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus-memory/all-comes-back", test_all_comes_back);
    g_test_add_func("/bus-memory/damaged-file", test_damaged_file);
    g_test_add_func("/bus-memory/no-file", test_no_file);
    return g_test_run();
}
