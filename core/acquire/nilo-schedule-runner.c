/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-schedule-runner.h"

/* whoever sets the clock is noticed within a minute */
#define CHECK_MAX_MS     60000
#define CHECK_MIN_MS     10

#define FALL_BACK_MIN_US (2 * 3600 * (gint64)G_USEC_PER_SEC)

struct _NiloScheduleRunner {
    GObject parent_instance;

    NiloSchedule *schedule;
    NiloClock *clock;
    gint64 delay_us;
    gint64 last_us;   /* nominal: everything up to here is done */
    gint64 second_us; /* monotonic; G_MAXINT64: none */
    gboolean has_run; /* last_us was a round of ours */
    GSource *timer;
};

enum {
    SIGNAL_DUE,
    SIGNAL_SECOND,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(NiloScheduleRunner, nilo_schedule_runner, G_TYPE_OBJECT)

static void arm(NiloScheduleRunner *self);

static void
stop_timer(NiloScheduleRunner *self)
{
    if (self->timer == NULL)
        return;
    g_source_destroy(self->timer);
    g_clear_pointer(&self->timer, g_source_unref);
}

static void
nilo_schedule_runner_dispose(GObject *object)
{
    NiloScheduleRunner *self = NILO_SCHEDULE_RUNNER(object);

    stop_timer(self);
    g_clear_object(&self->schedule);
    g_clear_object(&self->clock);
    G_OBJECT_CLASS(nilo_schedule_runner_parent_class)->dispose(object);
}

static void
nilo_schedule_runner_class_init(NiloScheduleRunnerClass *klass)
{
    const GType type = G_TYPE_FROM_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = nilo_schedule_runner_dispose;
    signals[SIGNAL_DUE] = g_signal_new("due", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_INT64);
    signals[SIGNAL_SECOND] = g_signal_new("second", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_INT64);
}

static void
nilo_schedule_runner_init(NiloScheduleRunner *self)
{
    self->second_us = G_MAXINT64;
}

static gint64
get_now_us(NiloScheduleRunner *self)
{
    return nilo_clock_get_utc_us(self->clock);
}

/* the last nominal time whose delay is over */
static gint64
get_reached_us(NiloScheduleRunner *self)
{
    return nilo_schedule_get_last_due_us(self->schedule, get_now_us(self) - self->delay_us);
}

NiloScheduleRunner *
nilo_schedule_runner_new(NiloSchedule *schedule, const char *name, NiloClock *clock, gint64 last_us)
{
    NiloScheduleRunner *self = g_object_new(NILO_TYPE_SCHEDULE_RUNNER, NULL);

    self->schedule = g_object_ref(schedule);
    self->clock = g_object_ref(clock);
    self->delay_us = nilo_schedule_get_delay_us(schedule, name);
    self->has_run = last_us > 0;
    self->last_us = last_us > 0 ? last_us : get_reached_us(self);
    return self;
}

/* a clock that falls back that far was wrong before: those rounds never were */
static void
begin_anew_after_fall(NiloScheduleRunner *self)
{
    const gint64 far_us = MAX(2 * nilo_schedule_get_period_us(self->schedule), FALL_BACK_MIN_US);

    if (get_now_us(self) < self->last_us - far_us)
        self->last_us = get_reached_us(self);
}

static void
check_second(NiloScheduleRunner *self)
{
    if (nilo_clock_get_monotonic_us(self->clock) < self->second_us)
        return;
    self->second_us = G_MAXINT64;
    g_signal_emit(self, signals[SIGNAL_SECOND], 0, self->last_us);
}

void
nilo_schedule_runner_check(NiloScheduleRunner *self)
{
    gint64 reached_us;

    begin_anew_after_fall(self);
    reached_us = get_reached_us(self);
    if (reached_us > self->last_us) {
        self->last_us = reached_us;
        self->has_run = TRUE;
        /* who was missed is due again anyway */
        self->second_us = G_MAXINT64;
        g_signal_emit(self, signals[SIGNAL_DUE], 0, reached_us);
    }
    check_second(self);
    if (self->timer != NULL)
        arm(self);
}

static gboolean
timer_cb(gpointer user_data)
{
    g_autoptr(NiloScheduleRunner) self = g_object_ref(user_data);

    nilo_schedule_runner_check(self);
    return G_SOURCE_REMOVE;
}

static guint
get_wait_ms(NiloScheduleRunner *self)
{
    const gint64 due_us = nilo_schedule_runner_get_next_us(self) + self->delay_us;
    const gint64 until_due_us = due_us - get_now_us(self);
    const gint64 until_second_us = self->second_us == G_MAXINT64
                                       ? G_MAXINT64
                                       : self->second_us - nilo_clock_get_monotonic_us(self->clock);

    return (guint)CLAMP(MIN(until_due_us, until_second_us) / 1000 + 1, CHECK_MIN_MS, CHECK_MAX_MS);
}

static void
arm(NiloScheduleRunner *self)
{
    stop_timer(self);
    self->timer = g_timeout_source_new(get_wait_ms(self));
    g_source_set_callback(self->timer, timer_cb, self, NULL);
    g_source_attach(self->timer, g_main_context_get_thread_default());
}

void
nilo_schedule_runner_start(NiloScheduleRunner *self)
{
    arm(self);
}

void
nilo_schedule_runner_note_missed(NiloScheduleRunner *self, guint n_missed)
{
    const gint64 pause_us = nilo_schedule_get_second_round_us(self->schedule);

    if (n_missed == 0 || pause_us == 0)
        return;
    self->second_us = nilo_clock_get_monotonic_us(self->clock) + pause_us;
    if (self->timer != NULL)
        arm(self);
}

gint64
nilo_schedule_runner_get_last_us(NiloScheduleRunner *self)
{
    return self->has_run ? self->last_us : 0;
}

gint64
nilo_schedule_runner_get_next_us(NiloScheduleRunner *self)
{
    return nilo_schedule_get_next_due_us(self->schedule, self->last_us);
}
