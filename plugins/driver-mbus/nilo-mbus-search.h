/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer-wire.h>
#include <nilometer.h>

G_BEGIN_DECLS

/* How much of a secondary address is fixed, from left to right. */
enum {
    NILO_MBUS_LEVEL_NOTHING = 0,
    NILO_MBUS_LEVEL_DIGITS = 8,     /* all digits of the identification */
    NILO_MBUS_LEVEL_HALF_MAKER = 9, /* the high byte of the manufacturer */
    NILO_MBUS_LEVEL_MAKER = 10,
    NILO_MBUS_LEVEL_VERSION = 11,
    NILO_MBUS_LEVEL_MEDIUM = 12,
    NILO_MBUS_LEVEL_ALL = 20, /* the eight digits of the fabrication number too */
};

typedef enum {
    NILO_MBUS_STEP_SELECT,   /* ask who fits the mask */
    NILO_MBUS_STEP_PROBE,    /* the same, behind a meter found: asked once */
    NILO_MBUS_STEP_FALLBACK, /* look whether the steps before this one found anybody */
} NiloMbusStepKind;

/**
 * NiloMbusStep:
 * @mask: its manufacturer may be half a wildcard
 * @fabrication: eight BCD digits, F for any
 * @level: what of it is fixed
 * @try: of a fallback: which of several ways was taken
 * @heard: of a fallback: what nilo_mbus_search_get_heard() was when the steps before it were made
 *
 * One step of the search through all secondary addresses.
 */
typedef struct {
    NiloMbusStepKind kind;
    NiloMbusAddress mask;
    guint32 fabrication;
    guint level;
    guint try;
    guint heard;
} NiloMbusStep;

/**
 * NiloMbusSearch:
 *
 * What is left to be asked: the pure part of the search. The steps are a stack, so that what is
 * saved after each step is all that is needed to go on.
 */
typedef struct _NiloMbusSearch NiloMbusSearch;

/** nilo_mbus_search_new: @mask: where to begin, all F for everybody */
NiloMbusSearch *nilo_mbus_search_new(const NiloMbusAddress *mask);
void nilo_mbus_search_free(NiloMbusSearch *self);

/** nilo_mbus_search_next: takes the next step that asks somebody; FALSE when nothing is left */
gboolean nilo_mbus_search_next(NiloMbusSearch *self, NiloMbusStep *step);

/** nilo_mbus_search_note_heard: somebody answered to @step */
void nilo_mbus_search_note_heard(NiloMbusSearch *self);

/** nilo_mbus_search_narrow: several fit @step: they are to be told apart. FALSE when nothing is
 * left that could tell them apart */
gboolean nilo_mbus_search_narrow(NiloMbusSearch *self, const NiloMbusStep *step);

/** nilo_mbus_search_probe_behind: @found answered to @step, alone; somebody weaker may have, too */
void nilo_mbus_search_probe_behind(NiloMbusSearch *self, const NiloMbusStep *step,
                                   const NiloMbusAddress *found);

/** nilo_mbus_search_take_stuck: a group that must be told apart but of which nobody answered to
 * anything narrower; FALSE when there is none */
gboolean nilo_mbus_search_take_stuck(NiloMbusSearch *self, NiloMbusStep *step);

/** nilo_mbus_search_to_variant: (transfer full): floating `(ua(uuuuuuuuu))` */
GVariant *nilo_mbus_search_to_variant(NiloMbusSearch *self);

/** nilo_mbus_search_from_variant: (transfer full) (nullable): %NULL when it is none of ours */
NiloMbusSearch *nilo_mbus_search_from_variant(GVariant *variant);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloMbusSearch, nilo_mbus_search_free)

G_END_DECLS
