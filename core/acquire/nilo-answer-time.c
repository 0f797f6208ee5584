/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-answer-time.h"

/* a USB adapter hands bytes over in steps of 16 ms: the next answer may just miss one */
#define MARGIN_US 20000

/* gains of RFC 6298, section 2: they suit any round trip that is mostly the same */
#define MEAN_GAIN      8
#define DEVIATION_GAIN 4

static guint32
clamp_us(gint64 answer_us)
{
    return (guint32)CLAMP(answer_us, 0, G_MAXUINT32 / 8);
}

void
nilo_answer_time_note(NiloAnswerTime *self, gint64 answer_us)
{
    const gint64 sample_us = clamp_us(answer_us);
    const gint64 error_us = sample_us - self->mean_us;

    if (self->n == 0) {
        self->mean_us = (guint32)sample_us;
        self->deviation_us = (guint32)sample_us / 2;
    } else {
        self->mean_us = (guint32)(self->mean_us + error_us / MEAN_GAIN);
        self->deviation_us =
            (guint32)(self->deviation_us + (ABS(error_us) - self->deviation_us) / DEVIATION_GAIN);
    }
    if (self->n % NILO_ANSWER_TIME_SPAN == 0 && self->n > 0) {
        self->former_peak_us = self->peak_us;
        self->peak_us = 0;
    }
    self->peak_us = MAX(self->peak_us, (guint32)sample_us);
    /* keeps the span going when the counter stands at its end */
    self->n = self->n == G_MAXUINT16 ? G_MAXUINT16 + 1 - NILO_ANSWER_TIME_SPAN : self->n + 1;
}

void
nilo_answer_time_note_late(NiloAnswerTime *self, gint64 answer_us)
{
    self->late_us = MAX(self->late_us, clamp_us(answer_us));
    self->n_late += self->n_late < G_MAXUINT16 ? 1 : 0;
}

guint
nilo_answer_time_get_allowance_ms(const NiloAnswerTime *self, guint standard_ms, guint extra_ms)
{
    const guint64 longest_us = MAX(MAX(self->peak_us, self->former_peak_us), self->late_us);
    const guint64 usual_us = self->mean_us + 4 * (guint64)self->deviation_us;
    const guint64 wanted_us = MAX(usual_us, longest_us + longest_us / 4) + MARGIN_US;

    if (self->n < NILO_ANSWER_TIME_ENOUGH)
        return standard_ms + extra_ms;
    return (guint)CLAMP((wanted_us + 999) / 1000, standard_ms, (guint64)standard_ms + extra_ms);
}
