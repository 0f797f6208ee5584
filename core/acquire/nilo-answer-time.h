/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/* answers of one span of the peak: a peak is forgotten after one to two spans */
#define NILO_ANSWER_TIME_SPAN 32

/* answers needed before the learned time is believed */
#define NILO_ANSWER_TIME_ENOUGH 3

/**
 * NiloAnswerTime:
 * @mean_us: moving mean of the time to the first byte
 * @deviation_us: moving mean distance from @mean_us
 * @peak_us: longest of the span that runs
 * @former_peak_us: longest of the span before
 * @late_us: longest that came after we had given up, 0 for never
 * @n_late: requests in a row that were answered so late, stops at %G_MAXUINT16
 * @n: answers noted, stops at %G_MAXUINT16
 *
 * How long somebody takes to begin an answer. Zero-initialised it knows nothing. A plain
 * struct, because it is stored with the lanes. Silence is never noted: a dead meter teaches
 * nothing about how long a living one takes.
 */
typedef struct {
    guint32 mean_us;
    guint32 deviation_us;
    guint32 peak_us;
    guint32 former_peak_us;
    guint32 late_us;
    guint16 n_late;
    guint16 n;
} NiloAnswerTime;

/** nilo_answer_time_note: an answer began @answer_us after the last request byte */
void nilo_answer_time_note(NiloAnswerTime *self, gint64 answer_us);

/** nilo_answer_time_note_late: an answer was heard that late, after the wait was over */
void nilo_answer_time_note_late(NiloAnswerTime *self, gint64 answer_us);

/**
 * nilo_answer_time_get_allowance_ms:
 * @standard_ms: what the protocol's standard allows
 * @extra_ms: what bus and meter are allowed beyond it
 *
 * How long to wait for the first byte: max(mean + 4 x deviation, 5/4 x longest of the last 32
 * to 64 answers, 5/4 x longest late one) + 20 ms (one step of a USB adapter's latency timer),
 * but never less than @standard_ms and never more than @standard_ms + @extra_ms. Before the
 * third answer, and after none, all of it.
 */
guint nilo_answer_time_get_allowance_ms(const NiloAnswerTime *self, guint standard_ms,
                                        guint extra_ms);

G_END_DECLS
