/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-torture-building.h"

G_BEGIN_DECLS

/**
 * NiloTortureCounts:
 * @reports: one for each due meter and round
 * @outcomes: of the reports
 * @reads_ok: reports with all of their readings
 * @readings: handed out
 * @confirmed: of these, read twice
 * @implausible: of these, flagged so: nobody takes them for a value
 * @invalid: of these, flagged so
 * @volumes: of these, the meter's counter, compared with the lab's truth
 * @corrupt_frames: answers the channel and the driver accepted and no meter ever sent
 * @wrong_values: readings without a flag that no meter sent, or a counter that is not the truth
 * @wrong_status: reports whose status bits no answer of that read had
 * @wrong_drift: reports with a drift of the meter's clock that it does not have
 *
 * What came out.
 */
typedef struct {
    guint64 reports;
    guint64 outcomes[NILO_N_OUTCOMES];
    guint64 readings;
    guint64 confirmed;
    guint64 implausible;
    guint64 invalid;
    guint64 volumes;
    guint64 corrupt_frames;
    guint64 wrong_values;
    guint64 wrong_status;
    guint64 wrong_drift;
} NiloTortureCounts;

/**
 * NiloTortureWitness:
 *
 * Knows what each meter has really said. It stands between bus and driver, so that it knows where a
 * read begins and ends, and at each virtual meter, where the answer has not yet met the wire. What
 * the bus hands out is compared with the same answers, decoded undamaged, and the counter with the
 * lab's own number for that moment.
 */
typedef struct _NiloTortureWitness NiloTortureWitness;

/** nilo_torture_witness_new: before the start of @building, which outlives it */
NiloTortureWitness *nilo_torture_witness_new(NiloTortureBuilding *building);
void nilo_torture_witness_free(NiloTortureWitness *self);

/** nilo_torture_witness_note_report: #NiloTortureReportFunc; @user_data is the witness */
void nilo_torture_witness_note_report(NiloReport *report, gpointer user_data);

/** nilo_torture_witness_get_counts: (transfer none): between rounds */
const NiloTortureCounts *nilo_torture_witness_get_counts(NiloTortureWitness *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloTortureWitness, nilo_torture_witness_free)

G_END_DECLS
