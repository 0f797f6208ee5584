/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-bus-channel.h"
#include "nilo-bus-meter.h"
#include "nilo-bus-private.h"
#include "nilo-bus-queue.h"
#include "nilo-error.h"
#include "nilo-log.h"
#include "nilo-plugin-guard.h"

/* a lost adapter is looked for after 1, 2, 4 .. 60 s */
#define REOPEN_FIRST_US (1 * G_USEC_PER_SEC)
#define REOPEN_MAX_US   (60 * G_USEC_PER_SEC)

/* so many live meters silent one after the other: perhaps it is the adapter; then 10 times as many
 */
#define RESTART_AFTER_SILENT 10

/* so many requests in a row during which the line never fell quiet */
#define RESTART_AFTER_BABBLE 5

/* a busy meter is asked again at the end of the round, that often */
#define POSTPONE_MAX 2

/* a read during which the line is lost is begun again, that often */
#define LOST_MAX 2

/* reads of a budget that may be spent at once: a first value is read twice */
#define FIRST_READS 2

/* one repeat before silence is believed: a scan that asks once misses meters on a noisy riser */
#define SCAN_TRIES 2

/* learned values are worth so much flash: 1,000 meters are some 150 kB */
#define SAVE_ALL_US (24 * 3600 * (gint64)G_USEC_PER_SEC)

/* lanes change seldom; when they do all the time, once an hour is enough */
#define SAVE_LANES_US (3600 * (gint64)G_USEC_PER_SEC)

/* a bus as the configuration has it: replaced as a whole */
typedef struct {
    NiloBusConfig *config;
    NiloTransport *transport;
    GHashTable *drivers; /* name -> NiloDriver */
    GPtrArray *meters;   /* element-type NiloMeter */
} Setup;

/* something to be done on main */
typedef void (*DeliveryFunc)(NiloBus *self, gpointer data, gpointer more);

typedef struct {
    DeliveryFunc run;
    gpointer data;
    GDestroyNotify free_data;
    gpointer more;
    GDestroyNotify free_more;
} Delivery;

struct _NiloBus {
    GObject parent_instance;

    const char *name; /* interned */
    NiloClock *clock;
    NiloSink *sink;
    char *memory_path; /* NULL: nothing is kept over a restart */
    GMainContext *context;
    GThread *thread;

    GMutex mutex;
    GCond wake;
    /* protected by mutex */
    Setup *next_setup; /* what a reload has put there for the thread */
    NiloBusQueue *queue;
    NiloBusJob *current; /* borrowed from the thread */
    GHashTable *meters;  /* NiloMeterId -> NiloBusMeter; changed by the thread only */
    GPtrArray *riser;    /* the same, borrowed, by order */
    GTimeZone *zone;
    gboolean stopping;
    gint64 progress_us;
    NiloBusState state;
    NiloNoise noise;
    GQueue deliveries; /* element-type Delivery */
    gboolean delivering;

    GCancellable *stop;  /* cancelled once */
    GCancellable *pause; /* ends the wait for a lost adapter; replaced under the mutex */
    GCancellable *scan;  /* ends a running scan; replaced under the mutex */

    /* the thread's own */
    Setup *setup;
    NiloLine *line;
    NiloBusChannel *channel;
    gint64 reopen_us;
    gint64 reopen_wait_us;
    gint64 lost_monotonic_us;
    gboolean was_lost;
    guint silent_in_row;
    guint restart_after;
    guint babble_in_row;
    gint64 probe_spent_us;
    gboolean lanes_changed;
    gint64 saved_us;
};

enum {
    SIGNAL_REPORT,
    SIGNAL_ROUND_FINISHED,
    SIGNAL_EVENT,
    SIGNAL_STATE_CHANGED,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(NiloBus, nilo_bus, G_TYPE_OBJECT)

static Setup *
setup_new(NiloBusConfig *config, NiloTransport *transport, GHashTable *drivers, GPtrArray *meters)
{
    Setup *self = g_new0(Setup, 1);

    self->config = g_object_ref(config);
    self->transport = g_object_ref(transport);
    self->drivers = g_hash_table_ref(drivers);
    self->meters = g_ptr_array_ref(meters);
    return self;
}

static void
setup_free(Setup *self)
{
    g_object_unref(self->config);
    g_object_unref(self->transport);
    g_hash_table_unref(self->drivers);
    g_ptr_array_unref(self->meters);
    g_free(self);
}

/* ---- to main ---- */

static void
delivery_free(Delivery *self)
{
    if (self->free_data != NULL && self->data != NULL)
        self->free_data(self->data);
    if (self->free_more != NULL && self->more != NULL)
        self->free_more(self->more);
    g_free(self);
}

static Delivery *
take_delivery(NiloBus *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    Delivery *delivery = g_queue_pop_head(&self->deliveries);

    if (delivery == NULL)
        self->delivering = FALSE;
    return delivery;
}

static gboolean
deliver_cb(gpointer user_data)
{
    NiloBus *self = user_data;
    Delivery *delivery;

    while ((delivery = take_delivery(self)) != NULL) {
        delivery->run(self, delivery->data, delivery->more);
        delivery_free(delivery);
    }
    return G_SOURCE_REMOVE;
}

static void
deliver(NiloBus *self, DeliveryFunc run, gpointer data, GDestroyNotify free_data, gpointer more,
        GDestroyNotify free_more)
{
    const Delivery delivery = {run, data, free_data, more, free_more};
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    g_autoptr(GSource) source = NULL;

    g_queue_push_tail(&self->deliveries, g_memdup2(&delivery, sizeof delivery));
    if (self->delivering)
        return;
    self->delivering = TRUE;
    source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, deliver_cb, g_object_ref(self), g_object_unref);
    g_source_attach(source, self->context);
}

typedef struct {
    NiloBus *bus;
    Delivery *delivery;
} Straggler;

static gboolean
deliver_straggler_cb(gpointer user_data)
{
    Straggler *straggler = user_data;

    straggler->delivery->run(straggler->bus, straggler->delivery->data, straggler->delivery->more);
    return G_SOURCE_REMOVE;
}

static void
straggler_free(gpointer user_data)
{
    Straggler *straggler = user_data;

    delivery_free(straggler->delivery);
    g_object_unref(straggler->bus);
    g_free(straggler);
}

/* behind everything that others have sent to main so far: a scan tells of meters by itself */
static void
deliver_behind(NiloBus *self, DeliveryFunc run, gpointer data, GDestroyNotify free_data)
{
    const Delivery delivery = {.run = run, .data = data, .free_data = free_data};
    const Straggler straggler = {g_object_ref(self), g_memdup2(&delivery, sizeof delivery)};
    g_autoptr(GSource) source = g_idle_source_new();

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, deliver_straggler_cb, g_memdup2(&straggler, sizeof straggler),
                          straggler_free);
    g_source_attach(source, self->context);
}

static void
emit_report(NiloBus *self, gpointer data, gpointer more)
{
    g_signal_emit(self, signals[SIGNAL_REPORT], 0, data);
}

static void
emit_round(NiloBus *self, gpointer data, gpointer more)
{
    g_signal_emit(self, signals[SIGNAL_ROUND_FINISHED], 0, data);
}

static void
emit_event(NiloBus *self, gpointer data, gpointer more)
{
    g_signal_emit(self, signals[SIGNAL_EVENT], 0, data);
}

static void
emit_state(NiloBus *self, gpointer data, gpointer more)
{
    g_signal_emit(self, signals[SIGNAL_STATE_CHANGED], 0);
}

static void
return_report(NiloBus *self, gpointer data, gpointer more)
{
    g_task_return_pointer(G_TASK(data), nilo_report_ref(more), (GDestroyNotify)nilo_report_unref);
}

static void
return_result(NiloBus *self, gpointer data, gpointer more)
{
    g_task_return_pointer(G_TASK(data), g_variant_ref(more), (GDestroyNotify)g_variant_unref);
}

static void
return_done(NiloBus *self, gpointer data, gpointer more)
{
    g_task_return_boolean(G_TASK(data), TRUE);
}

static void
return_error(NiloBus *self, gpointer data, gpointer more)
{
    g_task_return_error(G_TASK(data), g_error_copy(more));
}

static void
put_event(NiloBus *self, const char *kind, NiloMeterId *meter, const char *text)
{
    g_autoptr(NiloEvent) event =
        nilo_event_new(kind, meter, self->name, nilo_clock_get_utc_us(self->clock), text);

    nilo_sink_put_event(self->sink, event);
    deliver(self, emit_event, g_steal_pointer(&event), (GDestroyNotify)nilo_event_unref, NULL,
            NULL);
}

static void
put_state(NiloBus *self)
{
    deliver(self, emit_state, NULL, NULL, NULL, NULL);
}

/* ---- jobs that end ---- */

/* from here on nobody can join what is being done */
static void
release_current(NiloBus *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->current = NULL;
}

/* the thread lets go of a task before main completes it: the last reference to the bus must not be
 * dropped by its own thread */
static GTask *
steal_task(NiloBusJob *job)
{
    return g_ptr_array_steal_index(job->tasks, job->tasks->len - 1);
}

static void
end_tasks(NiloBus *self, NiloBusJob *job, const GError *error)
{
    release_current(self);
    while (job->tasks->len > 0)
        deliver(self, return_error, steal_task(job), g_object_unref, g_error_copy(error),
                (GDestroyNotify)g_error_free);
}

static void
finish_round(NiloBus *self, NiloRound *round)
{
    deliver(self, emit_round, nilo_round_ref(round), (GDestroyNotify)nilo_round_unref, NULL, NULL);
}

static void
skip_rounds(NiloBus *self, NiloBusJob *job)
{
    for (guint i = 0; i < job->rounds->len; i++) {
        NiloRound *round = g_ptr_array_index(job->rounds, i);
        gboolean last;

        g_mutex_lock(&self->mutex);
        last = nilo_round_skip(round);
        g_mutex_unlock(&self->mutex);
        if (last)
            finish_round(self, round);
    }
}

/* a job that was not done: nothing to report but why */
static void
fail_job(NiloBus *self, NiloBusJob *job, gint code, const char *message)
{
    g_autoptr(GError) error = g_error_new_literal(NILO_ERROR, code, message);

    end_tasks(self, job, error);
    skip_rounds(self, job);
}

static void
cancel_job(NiloBus *self, NiloBusJob *job)
{
    g_autoptr(GError) error =
        g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "the bus was stopped");

    end_tasks(self, job, error);
    skip_rounds(self, job);
}

/* ---- the day of a budget ---- */

static GDateTime *
get_local_time(NiloBus *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    g_autoptr(GDateTime) utc =
        g_date_time_new_from_unix_utc(nilo_clock_get_utc_us(self->clock) / G_USEC_PER_SEC);

    return utc != NULL ? g_date_time_to_timezone(utc, self->zone) : NULL;
}

static guint32
get_day(NiloBus *self)
{
    g_autoptr(GDateTime) local = get_local_time(self);
    GDate date;

    if (local == NULL)
        return 0;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)g_date_time_get_day_of_month(local),
                   (GDateMonth)g_date_time_get_month(local),
                   (GDateYear)g_date_time_get_year(local));
    return g_date_get_julian(&date);
}

/* reads of @limit a day that may be used up by now when the rest is to last until midnight */
static guint
get_fair_share(NiloBus *self, guint limit)
{
    g_autoptr(GDateTime) local = get_local_time(self);

    if (local == NULL)
        return 0;
    return (guint)((guint64)limit * (guint)(g_date_time_get_hour(local) + 1) / 24);
}

/* ---- one meter, on the thread ---- */

static void
progress_cb(gpointer user_data)
{
    NiloBus *self = user_data;
    const gint64 now_us = nilo_clock_get_monotonic_us(self->clock);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->progress_us = now_us;
}

static NiloDriver *
find_driver(NiloBus *self, const char *name)
{
    const char *wanted = name != NULL ? name : nilo_bus_config_get_driver(self->setup->config);

    return wanted != NULL ? g_hash_table_lookup(self->setup->drivers, wanted) : NULL;
}

static void
stamp(NiloBus *self, NiloReportBuilder *builder, NiloReportCause cause)
{
    nilo_report_builder_set_bus(builder, self->name);
    nilo_report_builder_set_cause(builder, cause);
    nilo_report_builder_set_time(builder, nilo_clock_get_utc_us(self->clock),
                                 nilo_clock_get_monotonic_us(self->clock),
                                 nilo_clock_get_quality(self->clock));
}

/* a report without asking: the reason stands in the outcome */
static NiloReport *
report_unasked(NiloBus *self, NiloMeterId *meter, NiloReportCause cause, NiloOutcome outcome)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);

    stamp(self, builder, cause);
    return nilo_report_builder_finish(builder, outcome);
}

/* what a read of one meter has cost and shown, its repetitions included */
typedef struct {
    gint64 wire_us;
    guint exchanges;
    guint requests;
    guint unusual; /* bytes and silences beside the answers of the first read */
    gboolean trouble;
} Effort;

static void
note_counts(NiloBus *self, Effort *effort)
{
    NiloBusChannelCounts counts;
    g_autoptr(GMutexLocker) locker = NULL;

    nilo_bus_channel_get_counts(self->channel, &counts);
    effort->wire_us += counts.wire_us;
    effort->exchanges += counts.exchanges;
    effort->requests += counts.requests;
    effort->unusual = counts.junk + counts.stray +
                      counts.verdicts[NILO_VERDICT_SILENT] * NILO_PLAUSIBILITY_SILENCE;
    effort->trouble |= counts.broken > 0 || counts.verdicts[NILO_VERDICT_NOISE] > 0 ||
                       counts.verdicts[NILO_VERDICT_BAD_CHECKSUM] > 0 ||
                       counts.verdicts[NILO_VERDICT_COLLISION] > 0 ||
                       counts.verdicts[NILO_VERDICT_WRONG_METER] > 0;
    locker = g_mutex_locker_new(&self->mutex);
    self->state.requests += counts.requests;
    self->state.broken += counts.broken;
    self->state.stray += counts.stray;
    for (guint i = 0; i < NILO_N_VERDICTS; i++)
        self->state.verdicts[i] += counts.verdicts[i];
    self->state.echo = nilo_bus_channel_has_echo(self->channel);
    self->state.babbling = nilo_bus_channel_is_babbling(self->channel);
}

static NiloReport *
read_once(NiloBus *self, NiloBusMeter *meter, const NiloBusJob *job, guint tries, Effort *effort,
          GError **error)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(job->meter);
    NiloDriver *driver = find_driver(self, nilo_meter_get_driver(meter->meter));
    NiloOutcome outcome = NILO_OUTCOME_SILENT;
    g_autoptr(GBytes) evidence = NULL;
    NiloBusChannelCounts counts;
    const char *before;
    gboolean done;

    if (!nilo_line_configure(self->line, nilo_meter_get_line_settings(meter->meter), error))
        return NULL;
    nilo_bus_channel_begin(self->channel, tries, nilo_meter_get_answer_extra_ms(meter->meter),
                           &meter->time);
    before = nilo_plugin_guard_enter_object(driver);
    done = nilo_driver_read(driver, meter->meter, job->flags, NILO_CHANNEL(self->channel), builder,
                            &outcome, self->stop, error);
    nilo_plugin_guard_leave(before);
    note_counts(self, effort);
    if (!done)
        return NULL;
    nilo_bus_channel_get_counts(self->channel, &counts);
    evidence = nilo_bus_channel_dup_evidence(self->channel);
    nilo_report_builder_set_exchange(builder, counts.requests, counts.answer_ms);
    nilo_report_builder_set_evidence(builder, evidence);
    stamp(self, builder, job->cause);
    return nilo_report_builder_finish(builder, outcome);
}

static gboolean
has_readings(NiloReport *report)
{
    const NiloOutcome outcome = nilo_report_get_outcome(report);
    gsize n_readings;

    nilo_report_get_readings(report, &n_readings);
    return n_readings > 0 && (outcome == NILO_OUTCOME_OK || outcome == NILO_OUTCOME_INCOMPLETE);
}

static gboolean
is_answered(NiloReport *report)
{
    const NiloOutcome outcome = nilo_report_get_outcome(report);

    return nilo_report_get_answer_ms(report) > 0 || outcome == NILO_OUTCOME_OK;
}

/* a battery's budget is for rounds: reading twice must not leave the evening without any */
static gboolean
may_read_again(NiloBus *self, NiloBusMeter *meter)
{
    const guint limit = nilo_meter_get_reads_per_day(meter->meter);

    return !nilo_lane_state_is_spent(&meter->lane, get_day(self), limit) &&
           (limit == 0 || meter->lane.reads < MAX(get_fair_share(self, limit), FIRST_READS));
}

static void
count_confirm(NiloBus *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->state.confirms++;
}

/* reads again until two reads agree; what stays in doubt is flagged */
static NiloReport *
confirm(NiloBus *self, NiloBusMeter *meter, const NiloBusJob *job, NiloReport *first,
        const NiloPlausibilityContext *context, Effort *effort)
{
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    const guint tries = nilo_bus_config_get_tries(self->setup->config);
    gboolean implausible;
    guint doubts = 1;
    guint chosen = 0;
    NiloReport *report;

    g_ptr_array_add(reports, nilo_report_ref(first));
    for (guint i = 1; i < NILO_PLAUSIBILITY_MAX_READS && doubts > 0; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NiloReport) again = NULL;

        if (!may_read_again(self, meter))
            break;
        again = read_once(self, meter, job, tries, effort, &error);
        if (again == NULL)
            break; /* the next job finds out that the line is lost */
        if (is_answered(again))
            nilo_lane_state_spend(&meter->lane, get_day(self));
        count_confirm(self);
        if (has_readings(again))
            g_ptr_array_add(reports, g_steal_pointer(&again));
        chosen = nilo_plausibility_choose(reports, &doubts);
    }
    report = nilo_plausibility_accept(&meter->plausibility, reports, chosen, TRUE, context,
                                      &implausible);
    if (implausible)
        put_event(self, "value-implausible", job->meter,
                  _("the value jumped, and reading it again showed the same"));
    return report;
}

static NiloReport *
judge_report(NiloBus *self, NiloBusMeter *meter, const NiloBusJob *job, NiloReport *first,
             Effort *effort)
{
    g_autoptr(GPtrArray) reports = NULL;
    const NiloPlausibilityContext context = {
        .flow_max_ml_per_h = nilo_meter_get_flow_max_ml_per_h(meter->meter),
        .trouble = effort->trouble,
        .noisy = nilo_noise_is_recent(&self->noise),
        .junk = effort->unusual,
    };
    gboolean implausible;

    if (nilo_plausibility_must_confirm(&meter->plausibility, first, &context))
        return confirm(self, meter, job, first, &context, effort);
    reports = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    g_ptr_array_add(reports, nilo_report_ref(first));
    return nilo_plausibility_accept(&meter->plausibility, reports, 0, FALSE, &context,
                                    &implausible);
}

/* the thread alone writes who was found */
static gboolean
is_new_stranger(const NiloBusMeter *meter, NiloReport *report)
{
    return nilo_report_get_outcome(report) == NILO_OUTCOME_WRONG_METER &&
           (meter->found == NULL || g_strcmp0(meter->found, nilo_report_get_found(report)) != 0);
}

/* a strange id may be a damaged one, and nothing in a frame whose sum is right tells: nobody is
 * called exchanged for one read. A stranger known from the round before is not asked again */
static NiloReport *
read_first(NiloBus *self, NiloBusMeter *meter, const NiloBusJob *job, guint tries, Effort *effort,
           GError **error)
{
    g_autoptr(NiloReport) first = read_once(self, meter, job, tries, effort, error);

    if (first == NULL)
        return NULL;
    if (is_answered(first))
        nilo_lane_state_spend(&meter->lane, get_day(self));
    if (!is_new_stranger(meter, first) || !may_read_again(self, meter))
        return g_steal_pointer(&first);
    g_clear_pointer(&first, nilo_report_unref);
    first = read_once(self, meter, job, tries, effort, error);
    if (first != NULL && is_answered(first))
        nilo_lane_state_spend(&meter->lane, get_day(self));
    return g_steal_pointer(&first);
}

static NiloReport *
read_meter(NiloBus *self, NiloBusMeter *meter, const NiloBusJob *job, Effort *effort,
           GError **error)
{
    const gboolean probing = meter->lane.lane == NILO_LANE_PROBING && job->lane != NILO_LANE_URGENT;
    const guint tries = probing ? 1 : nilo_bus_config_get_tries(self->setup->config);
    g_autoptr(NiloReport) first = read_first(self, meter, job, tries, effort, error);
    NiloReport *report;
    gboolean unusual;

    if (first == NULL)
        return NULL;
    if (!has_readings(first)) {
        nilo_noise_note(&self->noise, effort->exchanges, effort->trouble);
        return g_steal_pointer(&first);
    }
    unusual = nilo_plausibility_is_unusual(&meter->plausibility, effort->unusual);
    report = judge_report(self, meter, job, first, effort);
    nilo_noise_note(&self->noise, effort->exchanges, effort->trouble || unusual);
    return report;
}

/* ---- lanes and rounds ---- */

static void
hurry_probes(NiloBus *self)
{
    for (guint i = 0; i < self->riser->len; i++) {
        NiloBusMeter *meter = g_ptr_array_index(self->riser, i);

        if (meter->lane.lane == NILO_LANE_PROBING)
            nilo_lane_state_hurry(&meter->lane);
    }
}

static void
tell_lane_change(NiloBus *self, NiloBusMeter *meter, NiloLaneChange change)
{
    if (change == NILO_LANE_SAME)
        return;
    self->lanes_changed = TRUE;
    if (change == NILO_LANE_FELL_SILENT) {
        put_event(self, "meter-silent", nilo_meter_get_id(meter->meter),
                  _("no answer any more: tried once in each round from now on"));
        return;
    }
    put_event(self, "meter-revived", nilo_meter_get_id(meter->meter), _("it answers again"));
}

/* whether a stranger answers who did not the last time: told once, not in every round */
static gboolean
note_stranger(NiloBus *self, NiloBusMeter *meter, NiloOutcome outcome, const char *found)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    if (outcome == NILO_OUTCOME_OK)
        g_clear_pointer(&meter->found, g_free);
    if (outcome != NILO_OUTCOME_WRONG_METER ||
        (meter->found != NULL && strcmp(meter->found, found) == 0))
        return FALSE;
    g_free(meter->found);
    meter->found = g_strdup(found);
    return TRUE;
}

static void
tell_exchange(NiloBus *self, NiloBusMeter *meter, NiloReport *report)
{
    const char *found = nilo_report_get_found(report);
    g_autofree char *text = NULL;

    if (!note_stranger(self, meter, nilo_report_get_outcome(report), found != NULL ? found : ""))
        return;
    text = found != NULL ? g_strdup_printf(_("%s answers in its place"), found)
                         : g_strdup(_("another meter answers in its place"));
    put_event(self, "meter-exchanged?", nilo_meter_get_id(meter->meter), text);
}

static NiloLaneChange
note_outcome(NiloBus *self, NiloBusMeter *meter, NiloReport *report, gboolean troubled)
{
    const NiloLaneRules rules = {
        .misses = nilo_bus_config_get_silent_after(self->setup->config),
        .wait_max = nilo_bus_config_get_probe_rounds_max(self->setup->config),
    };
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    NiloLaneChange change;

    change = nilo_lane_state_note(&meter->lane, nilo_report_get_outcome(report), &rules);
    nilo_bus_meter_note(meter, report, troubled);
    self->state.reads++;
    self->state.noisy = nilo_noise_is_recent(&self->noise);
    if (change == NILO_LANE_FELL_SILENT)
        self->state.n_probing++;
    if (change == NILO_LANE_REVIVED) {
        self->state.n_probing--;
        /* what was silent with it, for the same reason, may be back too */
        hurry_probes(self);
    }
    return change;
}

static void
note_rounds(NiloBus *self, NiloBusJob *job, NiloReport *report, gboolean live, gboolean probed,
            gint64 wire_us)
{
    for (guint i = 0; i < job->rounds->len; i++) {
        NiloRound *round = g_ptr_array_index(job->rounds, i);
        gboolean last;

        g_mutex_lock(&self->mutex);
        last = nilo_round_note(round, report, live, probed, wire_us);
        g_mutex_unlock(&self->mutex);
        if (last)
            finish_round(self, round);
    }
}

/* hands out a report: the journal first, then who waits for it, then the round */
static void
hand_out(NiloBus *self, NiloBusJob *job, NiloReport *report, gboolean live, gboolean probed,
         gint64 wire_us)
{
    nilo_sink_put_report(self->sink, report, NULL, NULL);
    deliver(self, emit_report, nilo_report_ref(report), (GDestroyNotify)nilo_report_unref, NULL,
            NULL);
    release_current(self);
    while (job->tasks->len > 0)
        deliver(self, return_report, steal_task(job), g_object_unref, nilo_report_ref(report),
                (GDestroyNotify)nilo_report_unref);
    note_rounds(self, job, report, live, probed, wire_us);
}

/* ---- the line ---- */

static void
close_line(NiloBus *self)
{
    nilo_bus_channel_set_line(self->channel, NULL);
    g_clear_object(&self->line);
    g_mutex_lock(&self->mutex);
    self->state.open = FALSE;
    g_mutex_unlock(&self->mutex);
}

static void
note_lost(NiloBus *self, const GError *error)
{
    const NiloLogScope scope = {.bus = self->name};

    self->reopen_wait_us = CLAMP(2 * self->reopen_wait_us, REOPEN_FIRST_US, REOPEN_MAX_US);
    self->reopen_us = nilo_clock_get_monotonic_us(self->clock) + self->reopen_wait_us;
    if (self->was_lost)
        return;
    self->was_lost = TRUE;
    self->lost_monotonic_us = nilo_clock_get_monotonic_us(self->clock);
    g_mutex_lock(&self->mutex);
    self->state.lost_us = nilo_clock_get_utc_us(self->clock);
    g_mutex_unlock(&self->mutex);
    nilo_log_warning(&scope, "line lost: %s", error->message);
    put_event(self, "bus-lost", NULL, error->message);
    put_state(self);
}

static void
note_open(NiloBus *self)
{
    const NiloLogScope scope = {.bus = self->name};

    g_mutex_lock(&self->mutex);
    self->state.open = TRUE;
    self->state.opens++;
    self->state.lost_us = 0;
    g_mutex_unlock(&self->mutex);
    if (self->was_lost) {
        g_mutex_lock(&self->mutex);
        hurry_probes(self);
        g_mutex_unlock(&self->mutex);
        nilo_log_message(&scope, "line is back");
        put_event(self, "bus-back", NULL, NULL);
    }
    self->was_lost = FALSE;
    put_state(self);
}

static gboolean
ensure_line(NiloBus *self)
{
    g_autoptr(GError) error = NULL;
    const char *before;

    if (self->line != NULL)
        return TRUE;
    if (nilo_clock_get_monotonic_us(self->clock) < self->reopen_us)
        return FALSE;
    before = nilo_plugin_guard_enter_object(self->setup->transport);
    self->line = nilo_transport_open(self->setup->transport, self->clock, self->stop, &error);
    nilo_plugin_guard_leave(before);
    if (self->line == NULL) {
        note_lost(self, error);
        return FALSE;
    }
    nilo_bus_channel_set_line(self->channel, self->line);
    note_open(self);
    return TRUE;
}

static void
lose_line(NiloBus *self, const GError *error)
{
    close_line(self);
    note_lost(self, error);
}

static void
restart_line(NiloBus *self, const char *why)
{
    const NiloLogScope scope = {.bus = self->name};

    nilo_log_warning(&scope, "line opened anew: %s", why);
    put_event(self, "bus-restarted", NULL, why);
    g_mutex_lock(&self->mutex);
    self->state.restarts++;
    g_mutex_unlock(&self->mutex);
    close_line(self);
    self->reopen_us = 0;
}

/* everybody silent, or somebody who never is: open the line anew, in case it is the adapter */
static void
heal_line(NiloBus *self, NiloReport *report)
{
    if (nilo_report_get_outcome(report) == NILO_OUTCOME_SILENT)
        self->silent_in_row++;
    else
        self->silent_in_row = 0;
    if (self->silent_in_row == 0)
        self->restart_after = RESTART_AFTER_SILENT;
    self->babble_in_row = nilo_bus_channel_is_babbling(self->channel) ? self->babble_in_row + 1 : 0;
    if (self->silent_in_row >= self->restart_after) {
        self->restart_after = MIN(self->restart_after * 10, G_MAXUINT / 16);
        restart_line(self, _("nobody answers"));
    } else if (self->babble_in_row >= RESTART_AFTER_BABBLE) {
        self->babble_in_row = 0;
        restart_line(self, _("the line never falls quiet"));
    }
}

/* ---- what the thread does ---- */

static NiloBusMeter *
find_meter(NiloBus *self, NiloMeterId *id)
{
    /* the table is changed by this thread only */
    return g_hash_table_lookup(self->meters, id);
}

static gint64
get_probe_spent_us(NiloBus *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return self->probe_spent_us;
}

static void
spend_probe_time(NiloBus *self, gint64 spent_us)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->probe_spent_us += spent_us;
}

/* TRUE when the round has no time left for a probe; those whose turn it is come first */
static gboolean
must_skip_probe(NiloBus *self, const NiloBusJob *job, const NiloBusMeter *meter)
{
    const gint64 most_us =
        (gint64)nilo_bus_config_get_probe_time_s(self->setup->config) * G_USEC_PER_SEC;

    if (job->lane != NILO_LANE_PROBING || meter->lane.lane != NILO_LANE_PROBING)
        return FALSE;
    return get_probe_spent_us(self) >= most_us;
}

static NiloReport *
refuse_read(NiloBus *self, const NiloBusJob *job, NiloBusMeter *meter)
{
    if (nilo_lane_state_is_spent(&meter->lane, get_day(self),
                                 nilo_meter_get_reads_per_day(meter->meter)) &&
        job->cause != NILO_CAUSE_WRITE)
        return report_unasked(self, job->meter, job->cause, NILO_OUTCOME_BUDGET_SPENT);
    if (find_driver(self, nilo_meter_get_driver(meter->meter)) == NULL)
        return report_unasked(self, job->meter, job->cause, NILO_OUTCOME_UNSUPPORTED);
    if (must_skip_probe(self, job, meter))
        return report_unasked(self, job->meter, NILO_CAUSE_PROBE, NILO_OUTCOME_SILENT);
    return NULL;
}

static void
push_back(NiloBus *self, NiloBusJob *job, gboolean front)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->current = NULL;
    if (front)
        nilo_bus_queue_push_front(self->queue, job);
    else
        nilo_bus_queue_push(self->queue, job);
}

/* the line was lost during the read, or cannot do what this meter needs */
static void
fail_read(NiloBus *self, NiloBusJob **job, gboolean live, const GError *error)
{
    const NiloLogScope scope = {.bus = self->name, .meter = nilo_meter_id_get_text((*job)->meter)};
    const gboolean lost = g_error_matches(error, NILO_ERROR, NILO_ERROR_LINE_LOST);
    g_autoptr(NiloReport) report = NULL;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        cancel_job(self, *job);
        return;
    }
    if (lost)
        lose_line(self, error);
    else
        nilo_log_warning(&scope, "cannot be read: %s", error->message);
    if (lost && ++(*job)->lost <= LOST_MAX) {
        push_back(self, g_steal_pointer(job), TRUE);
        return;
    }
    report = report_unasked(self, (*job)->meter, (*job)->cause,
                            lost ? NILO_OUTCOME_LINE_LOST : NILO_OUTCOME_UNSUPPORTED);
    hand_out(self, *job, report, live, FALSE, 0);
}

static void
run_read(NiloBus *self, NiloBusJob **owned)
{
    NiloBusJob *job = *owned;
    NiloBusMeter *meter = find_meter(self, job->meter);
    g_autoptr(NiloReport) report = NULL;
    g_autoptr(GError) error = NULL;
    gint64 begin_us = nilo_clock_get_monotonic_us(self->clock);
    Effort effort = {0};
    NiloLaneChange change;
    gboolean live;

    if (meter == NULL) {
        fail_job(self, job, NILO_ERROR_NOT_FOUND, "the meter is not on this bus");
        return;
    }
    live = meter->lane.lane == NILO_LANE_LIVE;
    report = refuse_read(self, job, meter);
    if (report != NULL) {
        hand_out(self, job, report, live, FALSE, 0);
        return;
    }
    if (!live)
        job->cause = job->cause == NILO_CAUSE_DEMAND ? job->cause : NILO_CAUSE_PROBE;
    report = read_meter(self, meter, job, &effort, &error);
    if (report == NULL) {
        fail_read(self, owned, live, error);
        return;
    }
    self->reopen_wait_us = 0;
    if (nilo_report_get_outcome(report) == NILO_OUTCOME_BUSY && job->postponed < POSTPONE_MAX &&
        job->rounds->len > 0) {
        job->postponed++;
        push_back(self, g_steal_pointer(owned), FALSE);
        return;
    }
    change = note_outcome(self, meter, report, effort.trouble);
    if (!live)
        spend_probe_time(self, nilo_clock_get_monotonic_us(self->clock) - begin_us);
    tell_lane_change(self, meter, change);
    tell_exchange(self, meter, report);
    hand_out(self, job, report, live, !live, effort.wire_us);
    if (live)
        heal_line(self, report);
}

static const char *
get_written_event(NiloCommandKind kind)
{
    switch (kind) {
    case NILO_COMMAND_VALVE_OPEN:
        return "valve-opened";
    case NILO_COMMAND_VALVE_CLOSE:
        return "valve-closed";
    case NILO_COMMAND_SET_CLOCK:
        return "clock-set";
    case NILO_COMMAND_SET_ADDRESS:
        return "address-set";
    case NILO_COMMAND_PURCHASE:
    default:
        return "purchase-written";
    }
}

static gboolean
write_meter(NiloBus *self, NiloBusMeter *meter, NiloBusJob *job, GVariant **result, GError **error)
{
    NiloDriver *driver = find_driver(self, nilo_meter_get_driver(meter->meter));
    Effort effort = {0};
    const char *before;
    gboolean done;

    if (driver == NULL) {
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                            "the meter has no driver on this bus");
        return FALSE;
    }
    if (!nilo_line_configure(self->line, nilo_meter_get_line_settings(meter->meter), error))
        return FALSE;
    nilo_bus_channel_begin(self->channel, nilo_bus_config_get_tries(self->setup->config),
                           nilo_meter_get_answer_extra_ms(meter->meter), &meter->time);
    before = nilo_plugin_guard_enter_object(driver);
    done = nilo_driver_write(driver, meter->meter, job->command, NILO_CHANNEL(self->channel),
                             result, self->stop, error);
    nilo_plugin_guard_leave(before);
    note_counts(self, &effort);
    nilo_noise_note(&self->noise, effort.exchanges, effort.trouble);
    return done;
}

static void
run_write(NiloBus *self, NiloBusJob *job)
{
    NiloBusMeter *meter = find_meter(self, job->meter);
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GError) error = NULL;
    GVariant *made = NULL;

    if (meter == NULL) {
        fail_job(self, job, NILO_ERROR_NOT_FOUND, "the meter is not on this bus");
        return;
    }
    if (nilo_clock_get_utc_us(self->clock) > nilo_command_get_deadline_us(job->command)) {
        fail_job(self, job, NILO_ERROR_TIMEOUT, "the deadline of the command has passed");
        return;
    }
    if (!write_meter(self, meter, job, &made, &error)) {
        if (g_error_matches(error, NILO_ERROR, NILO_ERROR_LINE_LOST))
            lose_line(self, error);
        end_tasks(self, job, error);
        return;
    }
    /* ours already, or floating */
    result = g_variant_take_ref(made != NULL ? made : g_variant_new("a{sv}", NULL));
    put_event(self, get_written_event(nilo_command_get_kind(job->command)), job->meter,
              nilo_command_get_reason(job->command));
    release_current(self);
    deliver(self, return_result, steal_task(job), g_object_unref, g_steal_pointer(&result),
            (GDestroyNotify)g_variant_unref);
}

static gboolean
scan_bus(NiloBus *self, NiloScanJob *scan, GCancellable *cancellable, GError **error)
{
    NiloDriver *driver = find_driver(self, nilo_scan_job_get_driver(scan));
    Effort effort = {0};
    const char *before;
    gboolean done;

    if (driver == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND, "bus %s has no driver %s", self->name,
                    nilo_scan_job_get_driver(scan));
        return FALSE;
    }
    if (!nilo_line_configure(self->line, NULL, error))
        return FALSE;
    nilo_bus_channel_begin(self->channel, SCAN_TRIES, 0, NULL);
    before = nilo_plugin_guard_enter_object(driver);
    done =
        nilo_driver_scan(driver, NILO_SCAN(scan), NILO_CHANNEL(self->channel), cancellable, error);
    nilo_plugin_guard_leave(before);
    note_counts(self, &effort);
    return done;
}

/* whether the scan was broken off only to let others go first */
static gboolean
is_broken_off(NiloBus *self, GTask *task, const GError *error)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && !self->stopping &&
           !g_cancellable_is_cancelled(g_task_get_cancellable(task));
}

static void
run_scan(NiloBus *self, NiloBusJob **owned)
{
    NiloBusJob *job = *owned;
    GTask *task = g_ptr_array_index(job->tasks, 0);
    g_autoptr(GCancellable) cancellable = NULL;
    g_autoptr(GError) error = NULL;

    g_mutex_lock(&self->mutex);
    cancellable = g_object_ref(self->scan);
    g_mutex_unlock(&self->mutex);
    if (g_cancellable_is_cancelled(g_task_get_cancellable(task)))
        g_cancellable_cancel(cancellable);
    if (scan_bus(self, NILO_SCAN_JOB(job->scan), cancellable, &error)) {
        nilo_scan_job_done(NILO_SCAN_JOB(job->scan));
        release_current(self);
        deliver_behind(self, return_done, steal_task(job), g_object_unref);
        return;
    }
    if (g_error_matches(error, NILO_ERROR, NILO_ERROR_LINE_LOST)) {
        lose_line(self, error);
        push_back(self, g_steal_pointer(owned), TRUE);
        return;
    }
    if (is_broken_off(self, task, error)) {
        push_back(self, g_steal_pointer(owned), TRUE);
        return;
    }
    end_tasks(self, job, error);
}

static void
save(NiloBus *self)
{
    const NiloLogScope scope = {.bus = self->name};
    g_autoptr(GVariant) memory = NULL;
    g_autoptr(GError) error = NULL;

    if (self->memory_path == NULL)
        return;
    g_mutex_lock(&self->mutex);
    memory = g_variant_ref_sink(nilo_bus_memory_build(self->meters));
    g_mutex_unlock(&self->mutex);
    self->saved_us = nilo_clock_get_monotonic_us(self->clock);
    self->lanes_changed = FALSE;
    if (!nilo_bus_memory_write(self->memory_path, memory, &error))
        nilo_log_warning(&scope, "cannot keep what was learned: %s", error->message);
}

static void
save_sometimes(NiloBus *self)
{
    const gint64 age_us = nilo_clock_get_monotonic_us(self->clock) - self->saved_us;

    if (age_us >= SAVE_ALL_US || (self->lanes_changed && age_us >= SAVE_LANES_US))
        save(self);
}

static void
take_setup(NiloBus *self, Setup *setup)
{
    g_autoptr(GHashTable) former = NULL;

    g_mutex_lock(&self->mutex);
    former = self->meters;
    self->meters = g_hash_table_new_full(nilo_meter_id_hash, nilo_meter_id_equal, NULL,
                                         (GDestroyNotify)nilo_bus_meter_free);
    g_ptr_array_set_size(self->riser, 0);
    self->state.n_probing = 0;
    for (guint i = 0; i < setup->meters->len; i++) {
        NiloMeter *object = g_ptr_array_index(setup->meters, i);
        NiloMeterId *key = NULL;
        NiloBusMeter *meter = NULL;

        if (former == NULL || !g_hash_table_steal_extended(former, nilo_meter_get_id(object),
                                                           (gpointer *)&key, (gpointer *)&meter))
            meter = nilo_bus_meter_new(object, i);
        g_set_object(&meter->meter, object);
        meter->order = i;
        g_hash_table_replace(self->meters, nilo_meter_get_id(object), meter);
        g_ptr_array_add(self->riser, meter);
        self->state.n_probing += meter->lane.lane == NILO_LANE_PROBING ? 1 : 0;
    }
    self->state.n_meters = setup->meters->len;
    g_clear_pointer(&self->setup, setup_free);
    self->setup = setup;
    g_mutex_unlock(&self->mutex);
}

static NiloBusChannel *
make_channel(NiloBus *self)
{
    NiloBusConfig *config = self->setup->config;
    const NiloBusChannelSettings settings = {
        .answer_extra_ms = nilo_bus_config_get_answer_extra_ms(config),
        .slack_ms = nilo_bus_config_get_slack_ms(config),
        .idle_ms = nilo_bus_config_get_idle_ms(config),
    };

    return nilo_bus_channel_new(self->clock, &settings, progress_cb, self);
}

static void
apply_reload(NiloBus *self, Setup *setup)
{
    close_line(self);
    g_clear_object(&self->channel);
    take_setup(self, setup);
    self->channel = make_channel(self);
    self->reopen_us = 0;
    put_state(self);
}

/* the adapter is gone: what waits, waits a little, then is reported as missed for that reason */
static void
fail_for_line(NiloBus *self, NiloBusJob *owned)
{
    g_autoptr(NiloBusJob) job = owned;
    g_autoptr(NiloReport) report = NULL;
    NiloBusMeter *meter;

    if (job->kind != NILO_BUS_JOB_READ) {
        fail_job(self, job, NILO_ERROR_LINE_LOST, "the adapter is not there");
        return;
    }
    meter = find_meter(self, job->meter);
    report = report_unasked(self, job->meter, job->cause, NILO_OUTCOME_LINE_LOST);
    hand_out(self, job, report, meter == NULL || meter->lane.lane == NILO_LANE_LIVE, FALSE, 0);
}

static void
wait_for_line(NiloBus *self, NiloBusJob *job)
{
    const gint64 patience_us =
        (gint64)nilo_bus_config_get_patience_s(self->setup->config) * G_USEC_PER_SEC;
    const gint64 now_us = nilo_clock_get_monotonic_us(self->clock);
    g_autoptr(GCancellable) pause = NULL;

    if (job != NULL && job->kind != NILO_BUS_JOB_SCAN &&
        now_us - self->lost_monotonic_us >= patience_us) {
        fail_for_line(self, job);
        return;
    }
    if (job != NULL)
        push_back(self, job, TRUE);
    g_mutex_lock(&self->mutex);
    self->state.busy = FALSE;
    pause = g_object_ref(self->pause);
    g_mutex_unlock(&self->mutex);
    nilo_clock_sleep_until(self->clock,
                           MIN(self->reopen_us, MAX(self->lost_monotonic_us + patience_us,
                                                    now_us + REOPEN_FIRST_US)),
                           pause, NULL);
}

static void
run_job(NiloBus *self, NiloBusJob *owned)
{
    NiloBusJob *job = owned;

    if (nilo_clock_get_monotonic_us(self->clock) > job->deadline_us && job->rounds->len == 0)
        fail_job(self, job, NILO_ERROR_TIMEOUT, "the bus had no time for it before its deadline");
    else if (job->kind == NILO_BUS_JOB_READ)
        run_read(self, &job);
    else if (job->kind == NILO_BUS_JOB_WRITE)
        run_write(self, job);
    else
        run_scan(self, &job);
    if (job == NULL)
        return;
    release_current(self);
    nilo_bus_job_free(job);
}

/* waits for something to do; FALSE when the bus is to stop. A lost line is something to do */
static gboolean
take_job(NiloBus *self, NiloBusJob **job, Setup **setup)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->current = NULL;
    while (!self->stopping && self->next_setup == NULL) {
        *job = nilo_bus_queue_pop(self->queue);
        if (*job != NULL || self->line == NULL)
            break;
        self->state.busy = FALSE;
        g_cond_wait(&self->wake, &self->mutex);
    }
    *setup = g_steal_pointer(&self->next_setup);
    if (g_cancellable_is_cancelled(self->pause)) {
        g_object_unref(self->pause);
        self->pause = g_cancellable_new();
    }
    /* a fresh one before anybody can see the scan: who comes from now on breaks off this one */
    if (*job != NULL && (*job)->kind == NILO_BUS_JOB_SCAN) {
        g_clear_object(&self->scan);
        self->scan = g_cancellable_new();
    }
    self->current = *job;
    self->state.busy = *job != NULL;
    self->progress_us = nilo_clock_get_monotonic_us(self->clock);
    return !self->stopping;
}

static gpointer
run_thread(gpointer data)
{
    NiloBus *self = data;
    NiloBusJob *job = NULL;
    Setup *setup = NULL;

    while (take_job(self, &job, &setup)) {
        if (setup != NULL)
            apply_reload(self, g_steal_pointer(&setup));
        if (!ensure_line(self))
            wait_for_line(self, g_steal_pointer(&job));
        else if (job != NULL)
            run_job(self, g_steal_pointer(&job));
        save_sometimes(self);
    }
    g_clear_pointer(&job, nilo_bus_job_free);
    g_clear_pointer(&setup, setup_free);
    close_line(self);
    save(self);
    return NULL;
}

/* ---- main ---- */

/* with the mutex held: a scan goes on where it was when the others are done */
static void
break_off_scan(NiloBus *self)
{
    if (self->current != NULL && self->current->kind == NILO_BUS_JOB_SCAN && self->scan != NULL)
        g_cancellable_cancel(self->scan);
}

static void
push(NiloBus *self, NiloBusJob *job)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    if (self->current != NULL && nilo_bus_job_join(self->current, job, TRUE))
        return;
    break_off_scan(self);
    nilo_bus_queue_push(self->queue, job);
    g_cancellable_cancel(self->pause);
    g_cond_signal(&self->wake);
}

static gboolean
check_running(NiloBus *self, GTask *task)
{
    if (self->thread != NULL)
        return TRUE;
    g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the bus is not running");
    return FALSE;
}

void
nilo_bus_read_async(NiloBus *self, NiloMeterId *meter, guint flags, NiloReportCause cause,
                    guint timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    const gint64 deadline_us =
        timeout_ms > 0 ? nilo_clock_get_monotonic_us(self->clock) + (gint64)timeout_ms * 1000
                       : G_MAXINT64;
    NiloBusJob *job;

    g_task_set_source_tag(task, nilo_bus_read_async);
    if (!check_running(self, task))
        return;
    job = nilo_bus_job_new_read(NILO_LANE_URGENT, meter, flags, cause, deadline_us);
    g_ptr_array_add(job->tasks, g_steal_pointer(&task));
    push(self, job);
}

NiloReport *
nilo_bus_read_finish(NiloBus *self, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void
nilo_bus_write_async(NiloBus *self, NiloCommand *command, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    NiloBusJob *job;

    g_task_set_source_tag(task, nilo_bus_write_async);
    /* what was written is told even to somebody who has lost interest */
    g_task_set_check_cancellable(task, FALSE);
    if (!check_running(self, task))
        return;
    job = nilo_bus_job_new_write(command);
    g_ptr_array_add(job->tasks, g_steal_pointer(&task));
    push(self, job);
}

GVariant *
nilo_bus_write_finish(NiloBus *self, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
cancel_scan_cb(GCancellable *cancellable, gpointer user_data)
{
    NiloBus *self = user_data;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    if (self->scan != NULL)
        g_cancellable_cancel(self->scan);
    g_cancellable_cancel(self->pause);
}

void
nilo_bus_scan_async(NiloBus *self, NiloScanJob *scan, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    NiloBusJob *job;

    g_task_set_source_tag(task, nilo_bus_scan_async);
    if (!check_running(self, task))
        return;
    if (cancellable != NULL)
        g_signal_connect_object(cancellable, "cancelled", G_CALLBACK(cancel_scan_cb), self, 0);
    job = nilo_bus_job_new_scan(G_OBJECT(scan));
    g_ptr_array_add(job->tasks, g_steal_pointer(&task));
    push(self, job);
}

gboolean
nilo_bus_scan_finish(NiloBus *self, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

/* whose turn it is first, then who was left out longest */
static gint
compare_probes(gconstpointer a, gconstpointer b)
{
    const NiloBusMeter *left = *(NiloBusMeter *const *)a;
    const NiloBusMeter *right = *(NiloBusMeter *const *)b;
    const gboolean left_due = left->lane.wait == 0;
    const gboolean right_due = right->lane.wait == 0;

    if (left_due != right_due)
        return left_due ? -1 : 1;
    if (left->lane.unprobed != right->lane.unprobed)
        return left->lane.unprobed > right->lane.unprobed ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static GPtrArray *
list_due(NiloBus *self, GPtrArray *ids)
{
    GPtrArray *due = g_ptr_array_new();

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        NiloBusMeter *meter = g_hash_table_lookup(self->meters, g_ptr_array_index(ids, i));

        if (meter != NULL && nilo_meter_get_enabled(meter->meter))
            g_ptr_array_add(due, meter);
    }
    for (guint i = 0; ids == NULL && i < self->riser->len; i++) {
        NiloBusMeter *meter = g_ptr_array_index(self->riser, i);

        if (nilo_meter_get_enabled(meter->meter))
            g_ptr_array_add(due, meter);
    }
    return due;
}

static void
push_round(NiloBus *self, NiloRound *round, NiloBusMeter *meter, NiloLane lane)
{
    NiloBusJob *job =
        nilo_bus_job_new_read(lane, nilo_meter_get_id(meter->meter), NILO_READ_CURRENT,
                              nilo_round_get_cause(round), G_MAXINT64);

    g_ptr_array_add(job->rounds, nilo_round_ref(round));
    if (self->current == NULL || !nilo_bus_job_join(self->current, job, TRUE))
        nilo_bus_queue_push(self->queue, job);
}

void
nilo_bus_start_round(NiloBus *self, GPtrArray *meters, NiloReportCause cause, gint64 nominal_us)
{
    g_autoptr(GPtrArray) due = NULL;
    g_autoptr(GPtrArray) probes = g_ptr_array_new();
    g_autoptr(NiloRound) round = NULL;

    g_mutex_lock(&self->mutex);
    due = list_due(self, meters);
    round = nilo_round_new(cause, nominal_us, nilo_clock_get_utc_us(self->clock),
                           nilo_clock_get_monotonic_us(self->clock), due->len);
    self->probe_spent_us = 0;
    for (guint i = 0; i < due->len; i++) {
        NiloBusMeter *meter = g_ptr_array_index(due, i);

        nilo_lane_state_begin_round(&meter->lane);
        if (meter->lane.lane == NILO_LANE_PROBING)
            g_ptr_array_add(probes, meter);
        else
            push_round(self, round, meter, NILO_LANE_LIVE);
    }
    g_ptr_array_sort(probes, compare_probes);
    for (guint i = 0; i < probes->len; i++)
        push_round(self, round, g_ptr_array_index(probes, i), NILO_LANE_PROBING);
    break_off_scan(self);
    g_cancellable_cancel(self->pause);
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->mutex);
    if (due->len == 0)
        finish_round(self, round);
}

const char *
nilo_bus_get_name(NiloBus *self)
{
    return self->name;
}

void
nilo_bus_set_time_zone(NiloBus *self, GTimeZone *zone)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    g_time_zone_unref(self->zone);
    self->zone = g_time_zone_ref(zone);
}

void
nilo_bus_get_state(NiloBus *self, NiloBusState *state)
{
    const gint64 now_us = nilo_clock_get_monotonic_us(self->clock);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    *state = self->state;
    state->stalled_us = self->state.busy ? MAX(now_us - self->progress_us, 0) : 0;
    for (guint i = 0; i < NILO_N_LANES; i++)
        state->n_waiting[i] = nilo_bus_queue_get_length(self->queue, (NiloLane)i);
}

char *
nilo_bus_dup_activity(NiloBus *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    if (self->current == NULL)
        return g_strdup("");
    return g_strdup(self->current->meter != NULL ? nilo_meter_id_get_text(self->current->meter)
                                                 : _("scan"));
}

gboolean
nilo_bus_get_meter_lane(NiloBus *self, NiloMeterId *meter, NiloLane *lane)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    const NiloBusMeter *found = g_hash_table_lookup(self->meters, meter);

    if (found == NULL)
        return FALSE;
    *lane = found->lane.lane;
    return TRUE;
}

void
nilo_bus_visit(NiloBus *self, NiloBusVisitFunc func, gpointer user_data)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    func(self->setup->config, nilo_transport_get_port(self->setup->transport), self->riser,
         user_data);
}

NiloClock *
nilo_bus_get_clock(NiloBus *self)
{
    return self->clock;
}

void
nilo_bus_reload(NiloBus *self, NiloBusConfig *config, NiloTransport *transport, GHashTable *drivers,
                GPtrArray *meters)
{
    Setup *setup = setup_new(config, transport, drivers, meters);

    if (self->thread == NULL) {
        take_setup(self, setup);
        return;
    }
    g_mutex_lock(&self->mutex);
    g_clear_pointer(&self->next_setup, setup_free);
    self->next_setup = setup;
    break_off_scan(self);
    g_cancellable_cancel(self->pause);
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->mutex);
}

static void
restore(NiloBus *self)
{
    const NiloLogScope scope = {.bus = self->name};
    g_autoptr(GVariant) memory = NULL;
    g_autoptr(GError) error = NULL;

    if (self->memory_path == NULL)
        return;
    memory = nilo_bus_memory_read(self->memory_path, &error);
    if (memory != NULL)
        nilo_bus_memory_restore(memory, self->meters);
    else if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        nilo_log_warning(&scope, "starts without what was learned: %s", error->message);
    for (guint i = 0; i < self->riser->len; i++) {
        const NiloBusMeter *meter = g_ptr_array_index(self->riser, i);

        self->state.n_probing += meter->lane.lane == NILO_LANE_PROBING ? 1 : 0;
    }
}

void
nilo_bus_start(NiloBus *self)
{
    g_return_if_fail(self->thread == NULL && !self->stopping);

    self->state.n_probing = 0;
    restore(self);
    self->channel = make_channel(self);
    self->saved_us = nilo_clock_get_monotonic_us(self->clock);
    self->thread = g_thread_new(self->name, run_thread, self);
}

void
nilo_bus_stop(NiloBus *self)
{
    NiloBusJob *job;

    if (self->thread == NULL)
        return;
    g_mutex_lock(&self->mutex);
    self->stopping = TRUE;
    g_cancellable_cancel(self->stop);
    g_cancellable_cancel(self->pause);
    if (self->scan != NULL)
        g_cancellable_cancel(self->scan);
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->mutex);
    g_thread_join(g_steal_pointer(&self->thread));
    while ((job = nilo_bus_queue_pop(self->queue)) != NULL) {
        cancel_job(self, job);
        nilo_bus_job_free(job);
    }
}

static void
nilo_bus_dispose(GObject *object)
{
    nilo_bus_stop(NILO_BUS(object));
    G_OBJECT_CLASS(nilo_bus_parent_class)->dispose(object);
}

static void
nilo_bus_finalize(GObject *object)
{
    NiloBus *self = NILO_BUS(object);

    g_queue_clear_full(&self->deliveries, (GDestroyNotify)delivery_free);
    g_clear_pointer(&self->queue, nilo_bus_queue_free);
    g_clear_pointer(&self->setup, setup_free);
    g_clear_pointer(&self->next_setup, setup_free);
    g_clear_object(&self->channel);
    g_clear_pointer(&self->riser, g_ptr_array_unref);
    g_clear_pointer(&self->meters, g_hash_table_unref);
    g_clear_pointer(&self->zone, g_time_zone_unref);
    g_clear_object(&self->stop);
    g_clear_object(&self->pause);
    g_clear_object(&self->scan);
    g_clear_object(&self->sink);
    g_clear_object(&self->clock);
    g_main_context_unref(self->context);
    g_free(self->memory_path);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->wake);
    G_OBJECT_CLASS(nilo_bus_parent_class)->finalize(object);
}

static void
nilo_bus_class_init(NiloBusClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    const GType type = G_TYPE_FROM_CLASS(klass);

    object_class->dispose = nilo_bus_dispose;
    object_class->finalize = nilo_bus_finalize;
    signals[SIGNAL_REPORT] = g_signal_new("report", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, NILO_TYPE_REPORT);
    signals[SIGNAL_ROUND_FINISHED] =
        g_signal_new("round-finished", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                     NILO_TYPE_ROUND);
    signals[SIGNAL_EVENT] = g_signal_new("event", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, NILO_TYPE_EVENT);
    signals[SIGNAL_STATE_CHANGED] =
        g_signal_new("state-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
nilo_bus_init(NiloBus *self)
{
    g_mutex_init(&self->mutex);
    g_cond_init(&self->wake);
    g_queue_init(&self->deliveries);
    self->queue = nilo_bus_queue_new();
    self->riser = g_ptr_array_new();
    self->zone = g_time_zone_new_utc();
    self->stop = g_cancellable_new();
    self->pause = g_cancellable_new();
    self->restart_after = RESTART_AFTER_SILENT;
    self->context = g_main_context_ref_thread_default();
}

NiloBus *
nilo_bus_new(const char *name, NiloBusConfig *config, NiloTransport *transport, GHashTable *drivers,
             GPtrArray *meters, NiloClock *clock, NiloSink *sink, const char *state_dir)
{
    NiloBus *self = g_object_new(NILO_TYPE_BUS, NULL);
    g_autofree char *file = g_strconcat("bus-", name, ".memory", NULL);

    self->name = g_intern_string(name);
    self->clock = g_object_ref(clock);
    self->sink = g_object_ref(sink);
    self->memory_path = state_dir != NULL ? g_build_filename(state_dir, file, NULL) : NULL;
    take_setup(self, setup_new(config, transport, drivers, meters));
    return self;
}
