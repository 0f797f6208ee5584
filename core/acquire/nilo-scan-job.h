/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"
#include "nilo-scan.h"

G_BEGIN_DECLS

#define NILO_TYPE_SCAN_JOB (nilo_scan_job_get_type())

/**
 * NiloScanJob:
 *
 * A search for meters on one bus. Made on main, driven on the bus thread; its signals come on
 * the main context that was the default when it was made. Checkpoint and meters found are kept
 * in a file, replaced as a whole, so that the next job with the same bus, driver and options
 * goes on after a crash.
 *
 * Signals: `found` (id text, address, speed in Bd, settings as strv, trouble), `progress`
 * (done, total, text).
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloScanJob, nilo_scan_job, NILO, SCAN_JOB, GObject)

/**
 * nilo_scan_job_new:
 * @options: (nullable): `a{sv}` for the driver; a floating reference is taken
 * @state_dir: (nullable): where the file is kept; %NULL: not over a crash
 */
NILO_INTERNAL NiloScanJob *nilo_scan_job_new(const char *bus, const char *driver, GVariant *options,
                                             NiloClock *clock, const char *state_dir);

NILO_INTERNAL const char *nilo_scan_job_get_driver(NiloScanJob *self);

/** nilo_scan_job_is_resumed: whether it goes on where another one was broken off */
NILO_INTERNAL gboolean nilo_scan_job_is_resumed(NiloScanJob *self);

/**
 * nilo_scan_job_dup_found:
 *
 * Returns: (transfer full): `a(ssuass)`: id, address, speed in Bd, settings, trouble; of this
 * job and of the one it goes on with
 */
NILO_INTERNAL GVariant *nilo_scan_job_dup_found(NiloScanJob *self);

/**
 * nilo_scan_job_build_groups:
 * @bus: name of the bus
 *
 * Returns: (transfer full): the `[meter ID]` groups of all usable meters found, as the text of
 * a `meters.d` file; those in trouble stand there as comments
 */
NILO_INTERNAL char *nilo_scan_job_build_groups(NiloScanJob *self, const char *bus);

/**
 * nilo_scan_state_parse:
 * @bytes: the file a job keeps
 *
 * Returns: (transfer full): `(usmva(ssuass))`: magic number, what was asked for, checkpoint,
 * meters found, each with a whole id and texts of one line; %NULL with %NILO_ERROR_DAMAGED when
 * it is none of ours
 */
NILO_INTERNAL GVariant *nilo_scan_state_parse(GBytes *bytes, GError **error);

/** nilo_scan_job_done: the search has come to its end: removes the file */
NILO_INTERNAL void nilo_scan_job_done(NiloScanJob *self);

G_END_DECLS
