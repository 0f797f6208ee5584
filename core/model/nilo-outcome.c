/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-outcome.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-error.h"

static const struct {
    const char *nick;
    const char *text;
    NiloError error;
} outcomes[NILO_N_OUTCOMES] = {
    [NILO_OUTCOME_OK] = {"ok", N_("read"), NILO_ERROR_FAILED},
    [NILO_OUTCOME_SILENT] = {"silent", N_("no answer"), NILO_ERROR_SILENT},
    [NILO_OUTCOME_NOISE] = {"noise", N_("noise on the line"), NILO_ERROR_NOISE},
    [NILO_OUTCOME_ECHO] = {"echo", N_("only our own echo"), NILO_ERROR_ECHO},
    [NILO_OUTCOME_COLLISION] = {"collision", N_("several meters answered at once"),
                                NILO_ERROR_COLLISION},
    [NILO_OUTCOME_BAD_CHECKSUM] = {"bad-checksum", N_("damaged answer"), NILO_ERROR_BAD_CHECKSUM},
    [NILO_OUTCOME_WRONG_METER] = {"wrong-meter", N_("another meter answered"),
                                  NILO_ERROR_WRONG_METER},
    [NILO_OUTCOME_BUSY] = {"busy", N_("the meter is busy"), NILO_ERROR_BUSY},
    [NILO_OUTCOME_ERROR_ANSWER] = {"error-answer", N_("the meter refuses"),
                                   NILO_ERROR_ERROR_ANSWER},
    [NILO_OUTCOME_ENCRYPTED] = {"encrypted", N_("encrypted, no key"), NILO_ERROR_ENCRYPTED},
    [NILO_OUTCOME_INCOMPLETE] = {"incomplete", N_("incomplete answer"), NILO_ERROR_TIMEOUT},
    [NILO_OUTCOME_LINE_LOST] = {"line-lost", N_("adapter not there"), NILO_ERROR_LINE_LOST},
    [NILO_OUTCOME_BUDGET_SPENT] = {"budget-spent", N_("read often enough today"),
                                   NILO_ERROR_BUDGET_SPENT},
    [NILO_OUTCOME_CANCELLED] = {"cancelled", N_("stopped"), NILO_ERROR_FAILED},
    [NILO_OUTCOME_UNSUPPORTED] = {"unsupported", N_("answer not understood"),
                                  NILO_ERROR_NOT_SUPPORTED},
};

const char *
nilo_verdict_get_nick(NiloVerdict verdict)
{
    if (verdict == NILO_VERDICT_ANSWER)
        return "answer";
    return nilo_outcome_get_nick(nilo_outcome_from_verdict(verdict));
}

const char *
nilo_outcome_get_nick(NiloOutcome outcome)
{
    return (guint)outcome < NILO_N_OUTCOMES ? outcomes[outcome].nick : "unknown";
}

gboolean
nilo_outcome_from_nick(const char *nick, NiloOutcome *outcome)
{
    for (guint i = 0; i < NILO_N_OUTCOMES; i++) {
        if (strcmp(outcomes[i].nick, nick) == 0) {
            *outcome = (NiloOutcome)i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *
nilo_outcome_get_text(NiloOutcome outcome)
{
    return (guint)outcome < NILO_N_OUTCOMES ? _(outcomes[outcome].text) : _("unknown outcome");
}

NiloOutcome
nilo_outcome_from_verdict(NiloVerdict verdict)
{
    G_STATIC_ASSERT((int)NILO_OUTCOME_ERROR_ANSWER == (int)NILO_VERDICT_ERROR_ANSWER);

    return (NiloOutcome)verdict;
}

gint
nilo_outcome_to_error(NiloOutcome outcome)
{
    return (guint)outcome < NILO_N_OUTCOMES ? (gint)outcomes[outcome].error : NILO_ERROR_FAILED;
}
