/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * NiloClockQuality:
 * @NILO_CLOCK_UNKNOWN: nobody has set this clock since the system started: its date may be
 * anything
 * @NILO_CLOCK_HELD: was set once, is not kept by a time service now
 * @NILO_CLOCK_SYNCHRONISED: kept by a time service
 *
 * How far the UTC time can be believed.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_CLOCK_UNKNOWN,
    NILO_CLOCK_HELD,
    NILO_CLOCK_SYNCHRONISED,
} NiloClockQuality;

#define NILO_TYPE_CLOCK (nilo_clock_get_type())

/**
 * NiloClock:
 *
 * Where every part gets its time from, so that a test can be years long. Derivable because the
 * system clock and the fake one differ in each method and nothing else may know which it has.
 * All methods may be called from any thread.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_DERIVABLE_TYPE(NiloClock, nilo_clock, NILO, CLOCK, GObject)

struct _NiloClockClass {
    GObjectClass parent_class;

    gint64 (*get_utc_us)(NiloClock *self);
    gint64 (*get_monotonic_us)(NiloClock *self);
    NiloClockQuality (*get_quality)(NiloClock *self);
    gboolean (*sleep_until)(NiloClock *self, gint64 monotonic_us, GCancellable *cancellable,
                            GError **error);

    /*< private >*/
    gpointer padding[8];
};

/**
 * nilo_clock_new_system:
 *
 * Returns: (transfer full): the clock of this computer
 */
NILO_EXPORT NiloClock *nilo_clock_new_system(void);

/** nilo_clock_get_utc_us: microseconds since 1970-01-01 00:00 UTC, leap seconds not counted */
NILO_EXPORT gint64 nilo_clock_get_utc_us(NiloClock *self);

/** nilo_clock_get_monotonic_us: microseconds since some moment, never set, never backwards */
NILO_EXPORT gint64 nilo_clock_get_monotonic_us(NiloClock *self);

/** nilo_clock_get_quality: how far nilo_clock_get_utc_us() can be believed now */
NILO_EXPORT NiloClockQuality nilo_clock_get_quality(NiloClock *self);

/**
 * nilo_clock_sleep_until:
 * @monotonic_us: when to wake up; a moment in the past returns at once
 * @cancellable: (nullable): wakes it earlier
 *
 * Blocks the calling thread, so never on main.
 *
 * Returns: %FALSE with %G_IO_ERROR_CANCELLED
 */
NILO_EXPORT gboolean nilo_clock_sleep_until(NiloClock *self, gint64 monotonic_us,
                                            GCancellable *cancellable, GError **error);

#define NILO_TYPE_FAKE_CLOCK (nilo_fake_clock_get_type())

/**
 * NiloFakeClock:
 *
 * A clock that stands still until it is told: sleeping moves it and takes no time. For tests.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_FINAL_TYPE(NiloFakeClock, nilo_fake_clock, NILO, FAKE_CLOCK, NiloClock)

/** nilo_fake_clock_new: starts at @utc_us with monotonic time 0, synchronised */
NILO_EXPORT NiloFakeClock *nilo_fake_clock_new(gint64 utc_us);

/** nilo_fake_clock_advance: both times go on by @us, 0 or more */
NILO_EXPORT void nilo_fake_clock_advance(NiloFakeClock *self, gint64 us);

/** nilo_fake_clock_set_utc_us: somebody sets the wall clock; monotonic time does not notice */
NILO_EXPORT void nilo_fake_clock_set_utc_us(NiloFakeClock *self, gint64 utc_us);

/** nilo_fake_clock_set_quality: what nilo_clock_get_quality() says from now on */
NILO_EXPORT void nilo_fake_clock_set_quality(NiloFakeClock *self, NiloClockQuality quality);

G_END_DECLS
