/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/timex.h>
#include <time.h>

/* before this, no Nilometer existed: a clock that shows less was never set */
#define FIRST_BELIEVABLE_UTC_US (G_GINT64_CONSTANT(1735689600) * G_USEC_PER_SEC)

G_DEFINE_TYPE(NiloClock, nilo_clock, G_TYPE_OBJECT)

static gint64
read_clock_us(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gint64
system_get_utc_us(NiloClock *self)
{
    return read_clock_us(CLOCK_REALTIME);
}

static gint64
system_get_monotonic_us(NiloClock *self)
{
    /* BOOTTIME, not MONOTONIC: a suspended laptop still ages its buffers */
    return read_clock_us(CLOCK_BOOTTIME);
}

static NiloClockQuality
system_get_quality(NiloClock *self)
{
    struct timex state = {0};
    const int rc = adjtimex(&state);

    if (rc != TIME_ERROR && rc != -1 && (state.status & STA_UNSYNC) == 0)
        return NILO_CLOCK_SYNCHRONISED;
    return system_get_utc_us(self) >= FIRST_BELIEVABLE_UTC_US ? NILO_CLOCK_HELD
                                                              : NILO_CLOCK_UNKNOWN;
}

static gboolean
system_sleep_until(NiloClock *self, gint64 monotonic_us, GCancellable *cancellable, GError **error)
{
    GPollFD wake = {.fd = -1};
    const gboolean have_fd = g_cancellable_make_pollfd(cancellable, &wake);
    gint64 left_us;

    while (!g_cancellable_is_cancelled(cancellable) &&
           (left_us = monotonic_us - system_get_monotonic_us(self)) > 0) {
        struct pollfd fds = {.fd = wake.fd, .events = POLLIN};
        const struct timespec left = {left_us / G_USEC_PER_SEC, left_us % G_USEC_PER_SEC * 1000};

        ppoll(&fds, have_fd ? 1 : 0, &left, NULL);
    }
    if (have_fd)
        g_cancellable_release_fd(cancellable);
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static void
nilo_clock_class_init(NiloClockClass *klass)
{
    klass->get_utc_us = system_get_utc_us;
    klass->get_monotonic_us = system_get_monotonic_us;
    klass->get_quality = system_get_quality;
    klass->sleep_until = system_sleep_until;
}

static void
nilo_clock_init(NiloClock *self)
{
}

NiloClock *
nilo_clock_new_system(void)
{
    return g_object_new(NILO_TYPE_CLOCK, NULL);
}

gint64
nilo_clock_get_utc_us(NiloClock *self)
{
    return NILO_CLOCK_GET_CLASS(self)->get_utc_us(self);
}

gint64
nilo_clock_get_monotonic_us(NiloClock *self)
{
    return NILO_CLOCK_GET_CLASS(self)->get_monotonic_us(self);
}

NiloClockQuality
nilo_clock_get_quality(NiloClock *self)
{
    return NILO_CLOCK_GET_CLASS(self)->get_quality(self);
}

gboolean
nilo_clock_sleep_until(NiloClock *self, gint64 monotonic_us, GCancellable *cancellable,
                       GError **error)
{
    return NILO_CLOCK_GET_CLASS(self)->sleep_until(self, monotonic_us, cancellable, error);
}

struct _NiloFakeClock {
    NiloClock parent_instance;

    GMutex mutex;
    gint64 utc_us;
    gint64 monotonic_us;
    NiloClockQuality quality;
};

G_DEFINE_TYPE(NiloFakeClock, nilo_fake_clock, NILO_TYPE_CLOCK)

static gint64
fake_get_utc_us(NiloClock *clock)
{
    NiloFakeClock *self = NILO_FAKE_CLOCK(clock);
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->mutex);

    return self->utc_us;
}

static gint64
fake_get_monotonic_us(NiloClock *clock)
{
    NiloFakeClock *self = NILO_FAKE_CLOCK(clock);
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->mutex);

    return self->monotonic_us;
}

static NiloClockQuality
fake_get_quality(NiloClock *clock)
{
    NiloFakeClock *self = NILO_FAKE_CLOCK(clock);
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->mutex);

    return self->quality;
}

static gboolean
fake_sleep_until(NiloClock *clock, gint64 monotonic_us, GCancellable *cancellable, GError **error)
{
    NiloFakeClock *self = NILO_FAKE_CLOCK(clock);
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = NULL;

    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    locker = g_mutex_locker_new(&self->mutex);
    if (monotonic_us > self->monotonic_us) {
        self->utc_us += monotonic_us - self->monotonic_us;
        self->monotonic_us = monotonic_us;
    }
    return TRUE;
}

static void
nilo_fake_clock_finalize(GObject *object)
{
    g_mutex_clear(&NILO_FAKE_CLOCK(object)->mutex);
    G_OBJECT_CLASS(nilo_fake_clock_parent_class)->finalize(object);
}

static void
nilo_fake_clock_class_init(NiloFakeClockClass *klass)
{
    NiloClockClass *clock_class = NILO_CLOCK_CLASS(klass);

    G_OBJECT_CLASS(klass)->finalize = nilo_fake_clock_finalize;
    clock_class->get_utc_us = fake_get_utc_us;
    clock_class->get_monotonic_us = fake_get_monotonic_us;
    clock_class->get_quality = fake_get_quality;
    clock_class->sleep_until = fake_sleep_until;
}

static void
nilo_fake_clock_init(NiloFakeClock *self)
{
    g_mutex_init(&self->mutex);
    self->quality = NILO_CLOCK_SYNCHRONISED;
}

NiloFakeClock *
nilo_fake_clock_new(gint64 utc_us)
{
    NiloFakeClock *self = g_object_new(NILO_TYPE_FAKE_CLOCK, NULL);

    self->utc_us = utc_us;
    return self;
}

void
nilo_fake_clock_advance(NiloFakeClock *self, gint64 us)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = NULL;

    g_return_if_fail(NILO_IS_FAKE_CLOCK(self));
    g_return_if_fail(us >= 0);

    locker = g_mutex_locker_new(&self->mutex);
    self->utc_us += us;
    self->monotonic_us += us;
}

void
nilo_fake_clock_set_utc_us(NiloFakeClock *self, gint64 utc_us)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = NULL;

    g_return_if_fail(NILO_IS_FAKE_CLOCK(self));

    locker = g_mutex_locker_new(&self->mutex);
    self->utc_us = utc_us;
}

void
nilo_fake_clock_set_quality(NiloFakeClock *self, NiloClockQuality quality)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = NULL;

    g_return_if_fail(NILO_IS_FAKE_CLOCK(self));

    locker = g_mutex_locker_new(&self->mutex);
    self->quality = quality;
}
