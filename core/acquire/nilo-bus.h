/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-bus-config.h"
#include "nilo-doctor.h"
#include "nilo-driver.h"
#include "nilo-lane.h"
#include "nilo-round.h"
#include "nilo-scan-job.h"
#include "nilo-sink.h"
#include "nilo-transport.h"

G_BEGIN_DECLS

/**
 * NiloBusState:
 * @open: the line is open
 * @busy: something is being done
 * @stalled_us: nothing has moved for so long although something is being done; 0 otherwise: for
 * the watchdog
 * @lost_us: when the line was lost, UTC; 0 while it is not
 * @opens: times the line was opened
 * @restarts: times it was opened anew because of silence or babble
 * @echo: the adapter gives back what we send
 * @noisy: trouble was seen recently: values are read twice
 * @n_meters: on the bus
 * @n_probing: of which silent
 * @n_waiting: jobs by lane
 * @reads: made since the start
 * @requests: sent
 * @verdicts: of all requests, by #NiloVerdict
 * @broken: characters with parity or framing errors
 * @stray: bytes heard while nobody had been asked
 * @confirms: reads made only to confirm another
 * @babbling: the line did not fall quiet before the last request
 *
 * A look at a bus from main.
 */
typedef struct {
    gboolean open;
    gboolean busy;
    gint64 stalled_us;
    gint64 lost_us;
    guint opens;
    guint restarts;
    gboolean echo;
    gboolean noisy;
    guint n_meters;
    guint n_probing;
    guint n_waiting[NILO_N_LANES];
    guint64 reads;
    guint64 requests;
    guint64 verdicts[NILO_N_VERDICTS];
    guint64 broken;
    guint64 stray;
    guint64 confirms;
    gboolean babbling;
} NiloBusState;

#define NILO_TYPE_BUS (nilo_bus_get_type())

/**
 * NiloBus:
 *
 * One bus with its thread: reads and writes meters, in lanes, and scans for them. All functions
 * are called on main and none of them waits for the wire; all signals and callbacks come on the
 * main context that was the default when the bus was made. What is not answered by a task goes
 * to the sink, from the bus thread.
 *
 * Signals: `report` (NiloReport), `round-finished` (NiloRound), `event` (NiloEvent) and
 * `state-changed`.
 */
NILO_INTERNAL
G_DECLARE_FINAL_TYPE(NiloBus, nilo_bus, NILO, BUS, GObject)

/**
 * nilo_bus_new:
 * @name: of the bus
 * @drivers: (element-type utf8 NiloDriver): by name; made for this bus alone
 * @meters: (element-type NiloMeter): in the order of the riser
 * @state_dir: (nullable): where the lanes are kept over a restart
 */
NILO_INTERNAL NiloBus *nilo_bus_new(const char *name, NiloBusConfig *config,
                                    NiloTransport *transport, GHashTable *drivers,
                                    GPtrArray *meters, NiloClock *clock, NiloSink *sink,
                                    const char *state_dir);

/** nilo_bus_start: restores the lanes and starts the thread */
NILO_INTERNAL void nilo_bus_start(NiloBus *self);

/** nilo_bus_stop: ends the thread, which waits for what is on the wire just now at most; all
 * tasks end with %G_IO_ERROR_CANCELLED. Saves the lanes */
NILO_INTERNAL void nilo_bus_stop(NiloBus *self);

/** nilo_bus_reload: between two exchanges the bus goes on with these; what was learned of
 * meters that stay is kept. (element-type as in nilo_bus_new()) */
NILO_INTERNAL void nilo_bus_reload(NiloBus *self, NiloBusConfig *config, NiloTransport *transport,
                                   GHashTable *drivers, GPtrArray *meters);

NILO_INTERNAL const char *nilo_bus_get_name(NiloBus *self);

/** nilo_bus_set_time_zone: whose midnight begins the day of a read budget; UTC without */
NILO_INTERNAL void nilo_bus_set_time_zone(NiloBus *self, GTimeZone *zone);

NILO_INTERNAL void nilo_bus_get_state(NiloBus *self, NiloBusState *state);

/** nilo_bus_dup_activity: (transfer full): what it does just now, a meter id or "" */
NILO_INTERNAL char *nilo_bus_dup_activity(NiloBus *self);

/** nilo_bus_get_meter_lane: FALSE when the meter is not of this bus */
NILO_INTERNAL gboolean nilo_bus_get_meter_lane(NiloBus *self, NiloMeterId *meter, NiloLane *lane);

/** nilo_bus_examine: (transfer full) (element-type NiloDoctorFinding): what nilo_doctor_examine()
 * says of what the bus remembers; sends nothing */
NILO_INTERNAL GPtrArray *nilo_bus_examine(NiloBus *self);

/**
 * nilo_bus_read_async:
 * @flags: #NiloReadFlags
 * @timeout_ms: not begun later than that; 0 for no limit
 *
 * Reads the meter ahead of the round. Who asks for the same meter while it waits or is being
 * read gets the same report.
 */
NILO_INTERNAL void nilo_bus_read_async(NiloBus *self, NiloMeterId *meter, guint flags,
                                       NiloReportCause cause, guint timeout_ms,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data);

/** nilo_bus_read_finish: (transfer full): the report, however the read ended; %NULL when there
 * was none: %NILO_ERROR_NOT_FOUND, %NILO_ERROR_TIMEOUT, %G_IO_ERROR_CANCELLED */
NILO_INTERNAL NiloReport *nilo_bus_read_finish(NiloBus *self, GAsyncResult *result, GError **error);

/** nilo_bus_write_async: before everything else; not begun later than the command's deadline */
NILO_INTERNAL void nilo_bus_write_async(NiloBus *self, NiloCommand *command,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);

/** nilo_bus_write_finish: (transfer full): what was read back, `a{sv}`; %NULL with an error */
NILO_INTERNAL GVariant *nilo_bus_write_finish(NiloBus *self, GAsyncResult *result, GError **error);

/** nilo_bus_scan_async: looks for meters whenever nothing else is to be done */
NILO_INTERNAL void nilo_bus_scan_async(NiloBus *self, NiloScanJob *job, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
NILO_INTERNAL gboolean nilo_bus_scan_finish(NiloBus *self, GAsyncResult *result, GError **error);

/**
 * nilo_bus_start_round:
 * @meters: (element-type NiloMeterId) (nullable): who is due; %NULL for all that are enabled
 * @nominal_us: when it was due, UTC
 *
 * Every due meter gets one report. `round-finished` comes when the last one has, at once when
 * nobody is due.
 */
NILO_INTERNAL void nilo_bus_start_round(NiloBus *self, GPtrArray *meters, NiloReportCause cause,
                                        gint64 nominal_us);

G_END_DECLS
