/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/**
 * NiloVerdict:
 * @NILO_VERDICT_ANSWER: the meter asked has answered
 * @NILO_VERDICT_SILENT: nothing was heard
 * @NILO_VERDICT_NOISE: bytes, but no frame
 * @NILO_VERDICT_ECHO: our own request and nothing else
 * @NILO_VERDICT_COLLISION: several answered at once
 * @NILO_VERDICT_BAD_CHECKSUM: a frame whose sum does not match
 * @NILO_VERDICT_WRONG_METER: a good frame of another meter
 * @NILO_VERDICT_BUSY: the meter asks to come back later
 * @NILO_VERDICT_ERROR_ANSWER: the meter refuses
 *
 * How one exchange on a line ended. Numbers are stored.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_VERDICT_ANSWER,
    NILO_VERDICT_SILENT,
    NILO_VERDICT_NOISE,
    NILO_VERDICT_ECHO,
    NILO_VERDICT_COLLISION,
    NILO_VERDICT_BAD_CHECKSUM,
    NILO_VERDICT_WRONG_METER,
    NILO_VERDICT_BUSY,
    NILO_VERDICT_ERROR_ANSWER,
} NiloVerdict;

#define NILO_N_VERDICTS (NILO_VERDICT_ERROR_ANSWER + 1)

/**
 * NiloOutcome:
 *
 * How an attempt to read a meter ended: ok, or the reason. The first nine are the verdicts,
 * number for number. Numbers are stored.
 *
 * Since: 0.1
 */
typedef enum {
    NILO_OUTCOME_OK,
    NILO_OUTCOME_SILENT,
    NILO_OUTCOME_NOISE,
    NILO_OUTCOME_ECHO,
    NILO_OUTCOME_COLLISION,
    NILO_OUTCOME_BAD_CHECKSUM,
    NILO_OUTCOME_WRONG_METER,
    NILO_OUTCOME_BUSY,
    NILO_OUTCOME_ERROR_ANSWER,
    NILO_OUTCOME_ENCRYPTED,    /* answered, but there is no key */
    NILO_OUTCOME_INCOMPLETE,   /* some telegrams of several arrived; the readings stand */
    NILO_OUTCOME_LINE_LOST,    /* the adapter or the serial server was gone */
    NILO_OUTCOME_BUDGET_SPENT, /* not asked: read as often as allowed today */
    NILO_OUTCOME_CANCELLED,    /* not finished: told to stop */
    NILO_OUTCOME_UNSUPPORTED,  /* the driver does not understand this meter's answer */
} NiloOutcome;

#define NILO_N_OUTCOMES (NILO_OUTCOME_UNSUPPORTED + 1)

/** nilo_verdict_get_nick: "answer", "bad-checksum" ... */
NILO_EXPORT const char *nilo_verdict_get_nick(NiloVerdict verdict);

/** nilo_outcome_get_nick: "ok", "silent", "wrong-meter" ...; "unknown" for a number not ours */
NILO_EXPORT const char *nilo_outcome_get_nick(NiloOutcome outcome);

/** nilo_outcome_from_nick: FALSE when no outcome is called @nick */
NILO_EXPORT gboolean nilo_outcome_from_nick(const char *nick, NiloOutcome *outcome);

/** nilo_outcome_get_text: a translated sentence fragment: "no answer" */
NILO_EXPORT const char *nilo_outcome_get_text(NiloOutcome outcome);

/** nilo_outcome_from_verdict: the outcome an exchange alone leads to */
NILO_EXPORT NiloOutcome nilo_outcome_from_verdict(NiloVerdict verdict);

/** nilo_outcome_to_error: the #NiloError code that says the same; not for %NILO_OUTCOME_OK */
NILO_EXPORT gint nilo_outcome_to_error(NiloOutcome outcome);

G_END_DECLS
