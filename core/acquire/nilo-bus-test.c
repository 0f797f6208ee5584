/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus.h"

#include <glib/gstdio.h>

#include "nilo-acquire-fake.h"
#include "nilo-error.h"

#define START_US (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC)
#define HOUR_US  (3600 * (gint64)G_USEC_PER_SEC)
#define N_METERS 20

typedef struct {
    NiloFakeClock *clock;
    NiloFakeWire *wire;
    NiloFakeSink *sink;
    NiloBusConfig *config;
    NiloTransport *transport;
    GHashTable *drivers;
    GPtrArray *meters;
    char *state_dir;
    NiloBus *bus;
    NiloRound *round;
    guint n_rounds;
} Fixture;

static void
round_cb(NiloBus *bus, NiloRound *round, gpointer user_data)
{
    Fixture *self = user_data;

    g_clear_pointer(&self->round, nilo_round_unref);
    self->round = nilo_round_ref(round);
    self->n_rounds++;
}

static void
make_bus(Fixture *self)
{
    self->bus = nilo_bus_new("riser", self->config, self->transport, self->drivers, self->meters,
                             NILO_CLOCK(self->clock), NILO_SINK(self->sink), self->state_dir);
    g_signal_connect(self->bus, "round-finished", G_CALLBACK(round_cb), self);
    nilo_bus_start(self->bus);
}

static void
set_up(Fixture *self, gconstpointer data)
{
    self->clock = nilo_fake_clock_new(START_US);
    self->wire = nilo_fake_wire_new(self->clock, 9600);
    self->sink = nilo_fake_sink_new();
    self->config = g_object_new(NILO_TYPE_BUS_CONFIG, "driver", "fake", NULL);
    self->transport = nilo_fake_transport_new(self->wire);
    self->drivers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
    g_hash_table_insert(self->drivers, (gpointer) "fake", nilo_fake_driver_new());
    self->meters = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 1; i <= N_METERS; i++) {
        nilo_fake_wire_add(self->wire, i);
        g_ptr_array_add(self->meters, nilo_fake_meter_object(i, GPOINTER_TO_UINT(data)));
    }
    self->state_dir = g_dir_make_tmp("nilo-bus-XXXXXX", NULL);
    make_bus(self);
}

static void
drop_bus(Fixture *self)
{
    nilo_bus_stop(self->bus);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_finalize_object(g_steal_pointer(&self->bus));
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_autofree char *file = g_build_filename(self->state_dir, "bus-riser.memory", NULL);

    drop_bus(self);
    g_clear_pointer(&self->round, nilo_round_unref);
    g_remove(file);
    g_rmdir(self->state_dir);
    g_free(self->state_dir);
    g_object_unref(self->transport);
    g_object_unref(self->config);
    g_hash_table_unref(self->drivers);
    g_ptr_array_unref(self->meters);
    g_object_unref(self->sink);
    nilo_fake_wire_free(self->wire);
    g_object_unref(self->clock);
}

static void
run_round(Fixture *self)
{
    const guint before = self->n_rounds;

    nilo_bus_start_round(self->bus, NULL, NILO_CAUSE_SCHEDULE,
                         nilo_clock_get_utc_us(NILO_CLOCK(self->clock)));
    while (self->n_rounds == before)
        g_main_context_iteration(NULL, TRUE);
    nilo_fake_clock_advance(self->clock, HOUR_US);
}

static NiloFakeMeter *
lock_meter(Fixture *self, guint address)
{
    g_mutex_lock(&self->wire->mutex);
    return nilo_fake_wire_find(self->wire, address);
}

static void
unlock(Fixture *self)
{
    g_mutex_unlock(&self->wire->mutex);
}

static NiloLane
get_lane(Fixture *self, guint address)
{
    NiloLane lane = NILO_N_LANES;

    g_assert_true(nilo_bus_get_meter_lane(
        self->bus, nilo_meter_get_id(g_ptr_array_index(self->meters, address - 1)), &lane));
    return lane;
}

static void
test_round(Fixture *self, gconstpointer data)
{
    gint64 wire_us;

    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_due(self->round), ==, N_METERS);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
    g_assert_cmpuint(nilo_fake_sink_count_reports(self->sink), ==, N_METERS);
    run_round(self);
    /* 24 characters, 30 ms of the meter's own: what the wire cannot do without */
    wire_us = N_METERS * (24 * 1146 + 30000);
    g_assert_cmpint(nilo_round_get_live_us(self->round), <=, wire_us * 105 / 100);
    g_assert_cmpuint(self->wire->n_requests, ==, 3 * N_METERS);
}

static void
test_first_value_is_confirmed_then_no_more(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloReport) first = NULL;
    g_autoptr(NiloReport) second = NULL;
    NiloBusState state;
    const NiloReading *readings;
    gsize n_readings;

    run_round(self);
    run_round(self);
    first = nilo_fake_sink_dup_report(self->sink, 0);
    readings = nilo_report_get_readings(first, &n_readings);
    g_assert_cmpuint(n_readings, ==, 3);
    g_assert_cmpuint(readings[0].flags, ==, NILO_READING_CONFIRMED);
    second = nilo_fake_sink_dup_report(self->sink, N_METERS);
    readings = nilo_report_get_readings(second, &n_readings);
    g_assert_cmpuint(readings[0].flags, ==, 0);
    nilo_bus_get_state(self->bus, &state);
    g_assert_cmpuint(state.confirms, ==, N_METERS);
    g_assert_false(state.noisy);
}

static void
test_dead_meter_moves_out_of_the_way(Fixture *self, gconstpointer data)
{
    gint64 live_us;

    run_round(self);
    run_round(self);
    live_us = nilo_round_get_live_us(self->round);
    for (guint i = 1; i <= 6; i++) {
        lock_meter(self, i)->dead = TRUE;
        unlock(self);
    }
    run_round(self);
    run_round(self);
    g_assert_cmpint(get_lane(self, 1), ==, NILO_LANE_PROBING);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "meter-silent"), ==, 6);
    run_round(self);
    /* 14 of 20 are read in 14 of 20 of the time, the probes come behind */
    g_assert_cmpint(nilo_round_get_live_us(self->round), <=, live_us * 14 / 20 * 105 / 100);
    g_assert_cmpuint(nilo_round_get_n_probed(self->round), ==, 6);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_SILENT), ==, 6);
    g_assert_cmpuint(nilo_round_get_missed(self->round)->len, ==, 0);
}

static void
test_revived_meter_is_read_in_the_next_round(Fixture *self, gconstpointer data)
{
    lock_meter(self, 5)->dead = TRUE;
    unlock(self);
    for (guint i = 0; i < 12; i++)
        run_round(self);
    g_assert_cmpint(get_lane(self, 5), ==, NILO_LANE_PROBING);
    lock_meter(self, 5)->dead = FALSE;
    unlock(self);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
    g_assert_cmpint(get_lane(self, 5), ==, NILO_LANE_LIVE);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "meter-revived"), ==, 1);
}

static void
test_lanes_survive_a_restart(Fixture *self, gconstpointer data)
{
    guint before;

    lock_meter(self, 5)->dead = TRUE;
    unlock(self);
    run_round(self);
    run_round(self);
    drop_bus(self);
    make_bus(self);
    g_assert_cmpint(get_lane(self, 5), ==, NILO_LANE_PROBING);
    before = self->wire->n_requests;
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_probed(self->round), ==, 1);
    /* known values too: nothing is read twice */
    g_assert_cmpuint(self->wire->n_requests - before, ==, N_METERS);
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GAsyncResult **kept = user_data;

    *kept = g_object_ref(result);
}

static NiloMeterId *
get_id(Fixture *self, guint address)
{
    return nilo_meter_get_id(g_ptr_array_index(self->meters, address - 1));
}

static void
wait_for(GAsyncResult **result)
{
    while (*result == NULL)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_read_on_demand_goes_first(Fixture *self, gconstpointer data)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(NiloReport) report = NULL;
    g_autoptr(GError) error = NULL;

    run_round(self);
    g_mutex_lock(&self->wire->mutex);
    g_byte_array_set_size(self->wire->asked, 0);
    nilo_bus_start_round(self->bus, NULL, NILO_CAUSE_SCHEDULE, START_US + 1);
    nilo_bus_read_async(self->bus, get_id(self, 20), 0, NILO_CAUSE_DEMAND, 0, NULL, read_cb,
                        &result);
    unlock(self);
    wait_for(&result);
    report = nilo_bus_read_finish(self->bus, result, &error);
    g_assert_no_error(error);
    g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_OK);
    /* joined to the round's: a scheduled reading all the same */
    g_assert_cmpint(nilo_report_get_cause(report), ==, NILO_CAUSE_SCHEDULE);
    while (self->n_rounds < 2)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(lock_meter(self, 20)->reads, ==, 3);
    unlock(self);
    /* at most one of the round's was on its way already */
    g_assert_true(self->wire->asked->data[0] == 20 || self->wire->asked->data[1] == 20);
}

static void
test_read_of_a_stranger(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("fake:99", NULL);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;

    nilo_bus_read_async(self->bus, id, 0, NILO_CAUSE_DEMAND, 0, NULL, read_cb, &result);
    wait_for(&result);
    g_assert_null(nilo_bus_read_finish(self->bus, result, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND);
}

static void
test_valve(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloCommand) command =
        nilo_command_new(NULL, get_id(self, 3), NILO_COMMAND_VALVE_CLOSE, NULL, "test", G_MAXINT64);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GError) error = NULL;

    nilo_bus_write_async(self->bus, command, NULL, read_cb, &result);
    wait_for(&result);
    answer = nilo_bus_write_finish(self->bus, result, &error);
    g_assert_no_error(error);
    g_assert_true(g_variant_is_of_type(answer, G_VARIANT_TYPE_VARDICT));
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "valve-closed"), ==, 1);
    g_assert_cmpuint(lock_meter(self, 3)->valve, ==, 1);
    unlock(self);
}

static void
test_write_after_its_deadline(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloCommand) command =
        nilo_command_new(NULL, get_id(self, 3), NILO_COMMAND_VALVE_CLOSE, NULL, "test",
                         START_US - 1);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;

    nilo_bus_write_async(self->bus, command, NULL, read_cb, &result);
    wait_for(&result);
    g_assert_null(nilo_bus_write_finish(self->bus, result, &error));
    g_assert_error(error, NILO_ERROR, NILO_ERROR_TIMEOUT);
    g_assert_cmpuint(lock_meter(self, 3)->valve, ==, 0);
    unlock(self);
}

static void
test_adapter_comes_back_in_the_round(Fixture *self, gconstpointer data)
{
    run_round(self);
    g_mutex_lock(&self->wire->mutex);
    self->wire->lost = TRUE;
    self->wire->fail_opens = 1;
    g_mutex_unlock(&self->wire->mutex);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "bus-lost"), ==, 1);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "bus-back"), ==, 1);
}

static void
test_adapter_stays_away(Fixture *self, gconstpointer data)
{
    NiloBusState state;

    run_round(self);
    g_mutex_lock(&self->wire->mutex);
    self->wire->lost = TRUE;
    self->wire->fail_opens = 10;
    g_mutex_unlock(&self->wire->mutex);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_LINE_LOST), ==, N_METERS);
    g_assert_cmpuint(nilo_round_get_missed(self->round)->len, ==, N_METERS);
    /* a lost line says nothing about the meters */
    g_assert_cmpint(get_lane(self, 1), ==, NILO_LANE_LIVE);
    do {
        g_main_context_iteration(NULL, FALSE);
        nilo_bus_get_state(self->bus, &state);
    } while (!state.open);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
}

static void
test_silence_of_everything_restarts(Fixture *self, gconstpointer data)
{
    NiloBusState state;

    for (guint i = 1; i <= N_METERS; i++) {
        lock_meter(self, i)->dead = TRUE;
        unlock(self);
    }
    run_round(self);
    nilo_bus_get_state(self->bus, &state);
    g_assert_cmpuint(state.restarts, ==, 1);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "bus-restarted"), ==, 1);
}

static void
test_everything_back_at_once(Fixture *self, gconstpointer data)
{
    for (guint i = 1; i <= N_METERS; i++) {
        lock_meter(self, i)->dead = TRUE;
        unlock(self);
    }
    for (guint i = 0; i < 10; i++)
        run_round(self);
    for (guint i = 1; i <= N_METERS; i++) {
        lock_meter(self, i)->dead = FALSE;
        unlock(self);
    }
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
}

static void
test_budget(Fixture *self, gconstpointer data)
{
    /* two for the first value, then one each; 6 a day */
    for (guint i = 0; i < 6; i++)
        run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_BUDGET_SPENT), ==,
                     N_METERS);
    g_assert_cmpuint(lock_meter(self, 1)->reads, ==, 6);
    unlock(self);
    nilo_fake_clock_advance(self->clock, 24 * HOUR_US);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
}

/* 30 reads a day, a round an hour, and noise that wants each value read twice: no round goes
 * without */
static void
test_budget_lasts_in_noise(Fixture *self, gconstpointer data)
{
    g_mutex_lock(&self->wire->mutex);
    self->wire->flip_ppm = 2000;
    g_mutex_unlock(&self->wire->mutex);
    for (guint i = 0; i < 24; i++) {
        run_round(self);
        g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_BUDGET_SPENT), ==, 0);
    }
}

static void
test_busy_meter_is_asked_again_at_the_end(Fixture *self, gconstpointer data)
{
    lock_meter(self, 1)->busy = 1;
    unlock(self);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
    g_assert_cmpuint(self->wire->asked->data[self->wire->asked->len - 1], ==, 1);
}

/* the id of one answer was damaged, and its sum did not tell */
static void
test_damaged_id_is_no_exchange(Fixture *self, gconstpointer data)
{
    run_round(self);
    lock_meter(self, 1)->strange = 2;
    unlock(self);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "meter-exchanged?"), ==, 0);
}

static void
test_exchanged_meter_is_told_once(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloReport) report = NULL;

    lock_meter(self, 1)->number = 77;
    unlock(self);
    run_round(self);
    run_round(self);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "meter-exchanged?"), ==, 1);
    report = nilo_fake_sink_dup_report(self->sink, 0);
    g_assert_cmpint(nilo_report_get_outcome(report), ==, NILO_OUTCOME_WRONG_METER);
    g_assert_cmpstr(nilo_report_get_found(report), ==, "fake:other");
}

static void
test_jump_is_read_again_and_flagged(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloReport) report = NULL;
    const NiloReading *volume;

    run_round(self);
    lock_meter(self, 1)->volume_l += 50000;
    unlock(self);
    run_round(self);
    report = nilo_fake_sink_dup_report(self->sink, N_METERS);
    volume = nilo_report_find_reading(report, nilo_register_of(NILO_QUANTITY_VOLUME));
    g_assert_cmpuint(volume->flags & NILO_READING_IMPLAUSIBLE, !=, 0);
    g_assert_cmpuint(nilo_fake_sink_count(self->sink, "value-implausible"), ==, 1);
}

static void
test_reload_keeps_what_was_learned(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) meters =
        g_ptr_array_copy(self->meters, (GCopyFunc)(void (*)(void))g_object_ref, NULL);
    guint before;

    run_round(self);
    g_ptr_array_set_free_func(meters, g_object_unref);
    g_ptr_array_remove_index(meters, 0);
    nilo_bus_reload(self->bus, self->config, self->transport, self->drivers, meters);
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS - 1);
    before = self->wire->n_requests;
    run_round(self);
    g_assert_cmpuint(nilo_round_get_n_due(self->round), ==, N_METERS - 1);
    g_assert_cmpuint(self->wire->n_requests - before, ==, N_METERS - 1);
}

static void
count_found_cb(NiloScanJob *job, const char *id, const char *address, guint speed_baud,
               const char *const *settings, const char *trouble, gpointer user_data)
{
    guint *n_found = user_data;

    (*n_found)++;
}

static void
test_scan_gives_way_to_a_round(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) job =
        nilo_scan_job_new("riser", "fake", NULL, NILO_CLOCK(self->clock), NULL);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    guint n_found = 0;

    g_signal_connect(job, "found", G_CALLBACK(count_found_cb), &n_found);
    nilo_bus_scan_async(self->bus, job, NULL, read_cb, &result);
    run_round(self);
    wait_for(&result);
    g_assert_true(nilo_bus_scan_finish(self->bus, result, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(n_found, ==, N_METERS);
    g_assert_cmpuint(nilo_round_get_n_outcome(self->round, NILO_OUTCOME_OK), ==, N_METERS);
}

static void
test_scan_is_cancelled(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) job =
        nilo_scan_job_new("riser", "fake", NULL, NILO_CLOCK(self->clock), NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;

    nilo_bus_scan_async(self->bus, job, cancellable, read_cb, &result);
    g_cancellable_cancel(cancellable);
    wait_for(&result);
    g_assert_false(nilo_bus_scan_finish(self->bus, result, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_stop_ends_a_scan(Fixture *self, gconstpointer data)
{
    g_autoptr(NiloScanJob) job =
        nilo_scan_job_new("riser", "fake", NULL, NILO_CLOCK(self->clock), NULL);
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;

    nilo_bus_scan_async(self->bus, job, NULL, read_cb, &result);
    nilo_bus_stop(self->bus);
    wait_for(&result);
    if (!nilo_bus_scan_finish(self->bus, result, &error))
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_stop_ends_what_waits(Fixture *self, gconstpointer data)
{
    GAsyncResult *results[3] = {NULL};

    for (guint i = 0; i < G_N_ELEMENTS(results); i++)
        nilo_bus_read_async(self->bus, get_id(self, i + 1), 0, NILO_CAUSE_DEMAND, 0, NULL, read_cb,
                            &results[i]);
    nilo_bus_stop(self->bus);
    for (guint i = 0; i < G_N_ELEMENTS(results); i++) {
        wait_for(&results[i]);
        g_object_unref(results[i]);
    }
}

static void
test_nobody_due(Fixture *self, gconstpointer data)
{
    g_autoptr(GPtrArray) nobody = g_ptr_array_new();

    nilo_bus_start_round(self->bus, nobody, NILO_CAUSE_RETRY, START_US);
    while (self->n_rounds == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(nilo_round_get_n_due(self->round), ==, 0);
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* the bus warns of what these tests break */
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    ADD("/bus/round", test_round);
    ADD("/bus/first-value-is-confirmed-then-no-more", test_first_value_is_confirmed_then_no_more);
    ADD("/bus/dead-meter-moves-out-of-the-way", test_dead_meter_moves_out_of_the_way);
    ADD("/bus/revived-meter-is-read-in-the-next-round",
        test_revived_meter_is_read_in_the_next_round);
    ADD("/bus/lanes-survive-a-restart", test_lanes_survive_a_restart);
    ADD("/bus/read-on-demand-goes-first", test_read_on_demand_goes_first);
    ADD("/bus/read-of-a-stranger", test_read_of_a_stranger);
    ADD("/bus/valve", test_valve);
    ADD("/bus/write-after-its-deadline", test_write_after_its_deadline);
    ADD("/bus/adapter-comes-back-in-the-round", test_adapter_comes_back_in_the_round);
    ADD("/bus/adapter-stays-away", test_adapter_stays_away);
    ADD("/bus/silence-of-everything-restarts", test_silence_of_everything_restarts);
    ADD("/bus/everything-back-at-once", test_everything_back_at_once);
    g_test_add("/bus/budget", Fixture, GUINT_TO_POINTER(6), set_up, test_budget, tear_down);
    g_test_add("/bus/budget-lasts-in-noise", Fixture, GUINT_TO_POINTER(30), set_up,
               test_budget_lasts_in_noise, tear_down);
    ADD("/bus/busy-meter-is-asked-again-at-the-end", test_busy_meter_is_asked_again_at_the_end);
    ADD("/bus/damaged-id-is-no-exchange", test_damaged_id_is_no_exchange);
    ADD("/bus/exchanged-meter-is-told-once", test_exchanged_meter_is_told_once);
    ADD("/bus/jump-is-read-again-and-flagged", test_jump_is_read_again_and_flagged);
    ADD("/bus/reload-keeps-what-was-learned", test_reload_keeps_what_was_learned);
    ADD("/bus/scan-gives-way-to-a-round", test_scan_gives_way_to_a_round);
    ADD("/bus/scan-is-cancelled", test_scan_is_cancelled);
    ADD("/bus/stop-ends-a-scan", test_stop_ends_a_scan);
    ADD("/bus/stop-ends-what-waits", test_stop_ends_what_waits);
    ADD("/bus/nobody-due", test_nobody_due);
    return g_test_run();
}
