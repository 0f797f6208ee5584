/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus.h"

#include <string.h>

#include "nilo-acquire-fake.h"

/* faults on the wire itself, and what the doctor makes of the rounds that follow */

#define START_US (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC)
#define HOUR_US  (3600 * (gint64)G_USEC_PER_SEC)
#define N_METERS 20

typedef struct {
    NiloFakeClock *clock;
    NiloFakeWire *wire;
    NiloFakeSink *sink;
    NiloBus *bus;
    guint n_rounds;
} Fixture;

typedef struct {
    const char *name;
    void (*inject)(NiloFakeWire *wire);
    gint code; /* -1: nothing to say */
    const char *text;
} Case;

static void
inject_nothing(NiloFakeWire *wire)
{
}

static void
inject_cut(NiloFakeWire *wire)
{
    for (guint i = 13; i <= N_METERS; i++)
        nilo_fake_wire_find(wire, i)->dead = TRUE;
}

static void
inject_dead(NiloFakeWire *wire)
{
    nilo_fake_wire_find(wire, 7)->dead = TRUE;
}

static void
inject_nobody(NiloFakeWire *wire)
{
    for (guint i = 1; i <= N_METERS; i++)
        nilo_fake_wire_find(wire, i)->dead = TRUE;
}

static void
inject_exchanged(NiloFakeWire *wire)
{
    nilo_fake_wire_find(wire, 7)->number = 99;
}

static void
inject_echo(NiloFakeWire *wire)
{
    wire->echo = TRUE;
}

static void
inject_lost(NiloFakeWire *wire)
{
    wire->lost = TRUE;
    wire->fail_opens = G_MAXUINT;
}

static void
inject_babble(NiloFakeWire *wire)
{
    wire->babble = TRUE;
}

static void
inject_slow(NiloFakeWire *wire)
{
    nilo_fake_wire_find(wire, 7)->answer_us = 700 * 1000;
}

static void
inject_noise(NiloFakeWire *wire)
{
    wire->flip_ppm = 8000;
}

static const Case cases[] = {
    {"nothing", inject_nothing, -1, NULL},
    {"cut", inject_cut, NILO_DOCTOR_CABLE_CUT, "no answer after meter 12 "},
    {"dead", inject_dead, NILO_DOCTOR_METER_SILENT, "meter 7 "},
    {"nobody", inject_nobody, NILO_DOCTOR_ALL_SILENT, "nobody answers any more"},
    {"exchanged", inject_exchanged, NILO_DOCTOR_METER_EXCHANGED, "in place of meter 7 "},
    {"echo", inject_echo, NILO_DOCTOR_ECHO, "echo"},
    {"lost", inject_lost, NILO_DOCTOR_LINE_LOST, "has not been there"},
    {"babble", inject_babble, NILO_DOCTOR_BABBLE, "never falls quiet"},
    {"slow", inject_slow, NILO_DOCTOR_SLOW_METER, "meter 7 "},
    {"noise", inject_noise, NILO_DOCTOR_NOISY_LINE, "meet noise"},
};

static void
round_cb(NiloBus *bus, NiloRound *round, gpointer user_data)
{
    Fixture *self = user_data;

    self->n_rounds++;
}

static void
set_up(Fixture *self)
{
    g_autoptr(NiloBusConfig) config = g_object_new(NILO_TYPE_BUS_CONFIG, "driver", "fake", NULL);
    g_autoptr(GHashTable) drivers =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
    g_autoptr(GPtrArray) meters = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(NiloTransport) transport = NULL;

    *self = (Fixture){.clock = nilo_fake_clock_new(START_US)};
    self->wire = nilo_fake_wire_new(self->clock, 9600);
    self->sink = nilo_fake_sink_new();
    transport = nilo_fake_transport_new(self->wire);
    g_hash_table_insert(drivers, (gpointer) "fake", nilo_fake_driver_new());
    for (guint i = 1; i <= N_METERS; i++) {
        nilo_fake_wire_add(self->wire, i);
        g_ptr_array_add(meters, nilo_fake_meter_object(i, 0));
    }
    self->bus = nilo_bus_new("riser", config, transport, drivers, meters, NILO_CLOCK(self->clock),
                             NILO_SINK(self->sink), NULL);
    g_signal_connect(self->bus, "round-finished", G_CALLBACK(round_cb), self);
    nilo_bus_start(self->bus);
}

static void
tear_down(Fixture *self)
{
    nilo_bus_stop(self->bus);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_finalize_object(g_steal_pointer(&self->bus));
    g_object_unref(self->sink);
    nilo_fake_wire_free(self->wire);
    g_object_unref(self->clock);
}

static void
run_rounds(Fixture *self, guint n)
{
    for (guint i = 0; i < n; i++) {
        const guint before = self->n_rounds;

        nilo_bus_start_round(self->bus, NULL, NILO_CAUSE_SCHEDULE,
                             nilo_clock_get_utc_us(NILO_CLOCK(self->clock)));
        while (self->n_rounds == before)
            g_main_context_iteration(NULL, TRUE);
        nilo_fake_clock_advance(self->clock, HOUR_US);
    }
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GPtrArray) findings = NULL;
    Fixture fixture;

    set_up(&fixture);
    run_rounds(&fixture, 2);
    g_mutex_lock(&fixture.wire->mutex);
    c->inject(fixture.wire);
    g_mutex_unlock(&fixture.wire->mutex);
    run_rounds(&fixture, 6);
    findings = nilo_bus_examine(fixture.bus);
    for (guint i = 0; i < findings->len; i++)
        g_test_message("%s: %s", c->name, ((const NiloDoctorFinding *)findings->pdata[i])->text);
    g_assert_cmpuint(findings->len, ==, c->code < 0 ? 0 : 1);
    if (c->code >= 0) {
        const NiloDoctorFinding *finding = findings->pdata[0];

        g_assert_cmpint((gint)finding->code, ==, c->code);
        g_assert_nonnull(strstr(finding->text, c->text));
    }
    tear_down(&fixture);
}

/* before the first read there is nothing to say, and afterwards nothing is forgotten */
static void
test_before_and_after(void)
{
    g_autoptr(GPtrArray) before = NULL;
    g_autoptr(GPtrArray) after = NULL;
    Fixture fixture;

    set_up(&fixture);
    before = nilo_bus_examine(fixture.bus);
    g_assert_cmpuint(before->len, ==, 0);
    g_mutex_lock(&fixture.wire->mutex);
    nilo_fake_wire_find(fixture.wire, 3)->dead = TRUE;
    g_mutex_unlock(&fixture.wire->mutex);
    run_rounds(&fixture, 3);
    after = nilo_bus_examine(fixture.bus);
    g_assert_cmpuint(after->len, ==, 1);
    g_assert_nonnull(
        strstr(((const NiloDoctorFinding *)after->pdata[0])->text, "has never answered"));
    tear_down(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* the bus warns of what these tests break */
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/bus-examine/%s", cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/bus-examine/before-and-after", test_before_and_after);
    return g_test_run();
}
