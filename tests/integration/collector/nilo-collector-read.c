/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-collector-read.h"

#include <string.h>

#define ML_PER_CUBIC_M 1000000
#define CALL_MS        120000

/* one ReadMeter on its way */
typedef struct {
    NiloCollectorRead *read;
    gint64 before_ml;
    gint64 after_ml;
    gboolean is_waiting; /* for more pulses */
    GVariant *report;    /* nullable until it came */
    guint *open;         /* of all that are on their way */
} Call;

/**
 * nilo_collector_ask_truth:
 * @process: with a hub
 * @meter: a virtual meter or a channel of a collector
 * @what: "volume_ml", or of a channel "waiting"
 *
 * Returns: what the hub says
 */
gint64
nilo_collector_ask_truth(NiloDaemonProcess *process, const char *meter, const char *what)
{
    g_autofree char *command = g_strdup_printf("truth %s", meter);

    return nilo_daemon_process_lab_number(process, command, what);
}

/* "12.37" cubic metres; @step_ml: what its last digit counts */
static gboolean
to_ml(const char *value, gint64 *volume_ml, gint64 *step_ml)
{
    const char *point = strchr(value, '.');
    gsize digits = point != NULL ? strlen(point + 1) : 0;
    char *end = NULL;
    const double number = g_ascii_strtod(value, &end);

    *volume_ml = (gint64)(number * ML_PER_CUBIC_M + 0.5);
    *step_ml = ML_PER_CUBIC_M;
    while (digits-- > 0 && *step_ml > 1)
        *step_ml /= 10;
    return end != value && *end == '\0';
}

/* water may have run while it was read, and a counter is cut off at its last digit */
static gboolean
is_true(const char *value, gint64 before_ml, gint64 after_ml)
{
    gint64 volume_ml, step_ml;

    return to_ml(value, &volume_ml, &step_ml) && volume_ml > before_ml - step_ml &&
           volume_ml <= after_ml;
}

static NiloCollectorVerdict
judge(GVariant *report, NiloCollectorRead *read, gint64 before_ml, gint64 after_ml)
{
    g_autoptr(GVariant) readings = g_variant_lookup_value(report, "readings", NULL);
    const char *reg, *value, *unit, *flags;
    GVariantIter iter;
    gint64 taken_us;

    if (readings == NULL)
        return NILO_COLLECTOR_FAILED;
    g_variant_iter_init(&iter, readings);
    while (g_variant_iter_next(&iter, "(&sx&s&s&s)", &reg, &taken_us, &value, &unit, &flags)) {
        if (!g_str_equal(reg, "volume"))
            continue;
        g_strlcpy(read->found, value, sizeof read->found);
        /* a second reading that agreed is a flag too */
        if (flags[0] != '\0' && !g_str_equal(flags, "confirmed"))
            return NILO_COLLECTOR_FLAGGED;
        if (is_true(value, before_ml, after_ml) ||
            (read->also_ml != 0 && is_true(value, read->also_ml, read->also_ml)))
            return NILO_COLLECTOR_RIGHT;
        return NILO_COLLECTOR_WRONG;
    }
    return NILO_COLLECTOR_FAILED;
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Call *call = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

    g_assert_no_error(error);
    call->report = g_variant_get_child_value(reply, 0);
    --*call->open;
}

/* all at once: one after the other on each bus, the buses side by side */
static void
ask_all(NiloDaemonProcess *process, Call *calls, guint n)
{
    guint open = n;

    for (guint i = 0; i < n; i++) {
        const char *meter = calls[i].read->meter;

        calls[i].open = &open;
        calls[i].before_ml = nilo_collector_ask_truth(process, meter, "volume_ml");
        g_dbus_connection_call(nilo_daemon_process_get_connection(process), NILO_TEST_NAME,
                               NILO_TEST_PATH, NILO_TEST_INTERFACE, "ReadMeter",
                               g_variant_new("(sa{sv})", meter, NULL), NULL, G_DBUS_CALL_FLAGS_NONE,
                               CALL_MS, NULL, read_cb, &calls[i]);
    }
    while (open > 0)
        g_main_context_iteration(NULL, TRUE);
    for (guint i = 0; i < n; i++) {
        Call *call = &calls[i];

        call->after_ml = nilo_collector_ask_truth(process, call->read->meter, "volume_ml");
        call->read->verdict = judge(call->report, call->read, call->before_ml, call->after_ml);
        g_clear_pointer(&call->report, g_variant_unref);
    }
}

/**
 * nilo_collector_read_all:
 * @process: with a hub and a nilometerd
 * @reads: (array length=n): meters, each gets its verdict
 * @n: how many
 *
 * Asks nilometerd for all of them, the buses side by side. What is wrong is told on standard error.
 */
void
nilo_collector_read_all(NiloDaemonProcess *process, NiloCollectorRead *reads, guint n)
{
    g_autofree Call *calls = g_new0(Call, n);

    for (guint i = 0; i < n; i++)
        calls[i].read = &reads[i];
    ask_all(process, calls, n);
    for (guint i = 0; i < n; i++) {
        if (reads[i].verdict == NILO_COLLECTOR_WRONG)
            g_printerr("%s: %s, expected %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " ml\n",
                       reads[i].meter, reads[i].found, calls[i].before_ml, calls[i].after_ml);
    }
}

/**
 * nilo_collector_read:
 * @process: with a hub and a nilometerd
 * @meter: one
 *
 * Returns: what came of asking nilometerd for it
 */
NiloCollectorVerdict
nilo_collector_read(NiloDaemonProcess *process, const char *meter)
{
    NiloCollectorRead one = {.meter = meter};

    nilo_collector_read_all(process, &one, 1);
    return one.verdict;
}

/**
 * nilo_collector_await:
 * @process: with a hub and a nilometerd
 * @reads: (array length=n): channels whose contacts close and open, each gets its verdict
 * @n: how many
 * @deadline_us: monotonic
 *
 * Asks until their counters have it: a pulse is told when it is stored, a moment after its end.
 *
 * Returns: how many were not right in time
 */
guint
nilo_collector_await(NiloDaemonProcess *process, NiloCollectorRead *reads, guint n,
                     gint64 deadline_us)
{
    g_autofree Call *calls = g_new0(Call, n);
    guint open = 0;

    for (guint i = 0; i < n; i++)
        calls[open++].read = &reads[i];
    while (open > 0 && g_get_monotonic_time() < deadline_us) {
        guint still = 0;

        /* before it is read: what is given meanwhile may not be told yet */
        for (guint i = 0; i < open; i++)
            calls[i].is_waiting =
                nilo_collector_ask_truth(process, calls[i].read->meter, "waiting") > 0;
        ask_all(process, calls, open);
        for (guint i = 0; i < open; i++) {
            if (calls[i].read->verdict != NILO_COLLECTOR_RIGHT || calls[i].is_waiting)
                calls[still++].read = calls[i].read;
        }
        open = still;
    }
    return open;
}
