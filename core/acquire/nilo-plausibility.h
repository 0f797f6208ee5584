/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-report.h"

G_BEGIN_DECLS

/* reads of one meter in a row until two agree; more would keep the others waiting */
#define NILO_PLAUSIBILITY_MAX_READS 4

/* rounds a jumped value must go on plausibly before it is the new truth */
#define NILO_PLAUSIBILITY_ADOPT_AFTER 3

/**
 * NiloNoise:
 * @calm: exchanges since the last trouble
 * @memory: exchanges for which that trouble is remembered
 *
 * How far a line can be believed. Zero-initialised it has never seen trouble.
 *
 * An 8-bit sum lets 1 in 256 damaged frames through, and nothing in that frame tells. What
 * tells is the other 255: before one slips through, the line has shown trouble, if one
 * remembers long enough. One trouble is remembered for 512 exchanges, a second one within 8,192
 * exchanges for 8,192. At the worst rate of damage, one in 8,192, a damaged frame that is
 * believed comes once in some 10 million exchanges, and only a fraction of those is not caught
 * by the comparison with what was read before.
 */
typedef struct {
    guint32 calm;
    guint32 memory;
    gboolean troubled; /* ever */
} NiloNoise;

void nilo_noise_note(NiloNoise *self, guint exchanges, gboolean trouble);
gboolean nilo_noise_is_recent(const NiloNoise *self);

/* a silence, among the bytes of #NiloPlausibilityContext.junk */
#define NILO_PLAUSIBILITY_SILENCE 0x10000

/**
 * NiloPlausibility:
 * @known: (element-type NiloReading) (nullable): readings accepted last
 * @known_us: when, UTC
 * @known_monotonic_us: and on the clock never set; 0 after a restart
 * @odd: (element-type NiloReading) (nullable): readings that jumped, kept apart
 * @odd_us: when, UTC
 * @n_odd: rounds in a row in which they were plausible among themselves
 * @usual_junk: bytes around the frame that this meter always sends (preambles, envelopes), and
 * %NILO_PLAUSIBILITY_SILENCE for each request it did not answer
 * @usual_status: #NiloMeterStatus seen last
 *
 * What is believed of one meter. Zero-initialised it knows nothing. Lives on the bus thread.
 */
typedef struct {
    GArray *known;
    gint64 known_us;
    gint64 known_monotonic_us;
    GArray *odd;
    gint64 odd_us;
    guint n_odd;
    guint usual_junk;
    guint usual_status;
} NiloPlausibility;

void nilo_plausibility_clear(NiloPlausibility *self);

/**
 * NiloPlausibilityContext:
 * @flow_max_ml_per_h: of the meter, 0 for no check
 * @trouble: this read had a repeat, a bad sum, broken characters, or other meters' frames
 * @noisy: nilo_noise_is_recent()
 * @junk: bytes heard outside the frames of this read, and %NILO_PLAUSIBILITY_SILENCE for each
 * request without an answer
 */
typedef struct {
    guint64 flow_max_ml_per_h;
    gboolean trouble;
    gboolean noisy;
    guint junk;
} NiloPlausibilityContext;

/** nilo_plausibility_is_unusual: whether @junk is a sign of trouble: other bytes than this meter
 * always sends, or more silences. Fewer are none: the driver has learned how to ask. FALSE of a
 * meter not known yet */
gboolean nilo_plausibility_is_unusual(const NiloPlausibility *self, guint junk);

/**
 * nilo_plausibility_must_confirm:
 *
 * Whether the first read @report of a meter needs a second one that agrees before it counts: it
 * is the first ever, the line cannot be believed, a volume went backwards or rose faster than
 * the meter's largest flow, a value of the past changed, other registers came than before, or
 * the status changed. On a clean line the answer is %FALSE but for real news.
 */
gboolean nilo_plausibility_must_confirm(const NiloPlausibility *self, NiloReport *report,
                                        const NiloPlausibilityContext *context);

/**
 * nilo_plausibility_choose:
 * @reports: (element-type NiloReport): the reads so far, with readings, the newest last
 * @doubts: (out): readings of the chosen one that no other read confirms; 0: no more reads
 * needed
 *
 * A reading is confirmed by an equal one of another read. One that moves by nature (a flow, a
 * temperature, a volume while water runs) is, when %NILO_PLAUSIBILITY_MAX_READS reads have not
 * brought two equal ones, also confirmed by standing between those of two other reads.
 *
 * Returns: index of the newest report with the fewest doubts
 */
guint nilo_plausibility_choose(GPtrArray *reports, guint *doubts);

/**
 * nilo_plausibility_accept:
 * @reports: (element-type NiloReport): all reads, with readings
 * @chosen: which of them counts
 * @confirm: they had to be confirmed
 * @implausible: (out): whether a volume jumped and was read so twice: worth an event
 *
 * Takes the readings over as known where nothing speaks against them.
 *
 * Returns: (transfer full): the report that counts, with its readings flagged confirmed or
 * implausible
 */
NiloReport *nilo_plausibility_accept(NiloPlausibility *self, GPtrArray *reports, guint chosen,
                                     gboolean confirm, const NiloPlausibilityContext *context,
                                     gboolean *implausible);

G_END_DECLS
