/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-model.h"

G_BEGIN_DECLS

/* Which of the two bytes of a data identifier a meter wants first. */
typedef enum {
    NILO_CJT188_DI_AUTO,
    NILO_CJT188_DI_HIGH_FIRST,
    NILO_CJT188_DI_LOW_FIRST,
} NiloCjt188DiOrder;

typedef enum {
    NILO_CJT188_EDITION_AUTO,
    NILO_CJT188_EDITION_2004,
    NILO_CJT188_EDITION_2018,
} NiloCjt188Edition;

/*
 * What a meter has shown of itself. Touched on the bus thread only; lost when the configuration is
 * read again, and learned anew at the next answer.
 */
typedef struct {
    gboolean has_order;
    NiloCjt188Order order; /* of the request that was answered */
    gboolean has_type;
    guint8 type; /* T of its answers */
    gboolean is_year_first;
    guint failures;     /* reads without an answer since the last one with */
    gboolean has_gap;   /* it did not answer for a while, and what was missed is not read yet */
    gint64 answered_us; /* when it last did, UTC; 0: never, or our own time was not known */
    guint32 day;        /* of its blocks that are read daily, since 1970; 0: never read */
    gboolean has_sequence;
    guint32 sequence;      /* of the newest event told */
    gboolean has_told_all; /* and of all before that the meter still has */
} NiloCjt188Learned;

#define NILO_TYPE_CJT188_SETTINGS (nilo_cjt188_settings_get_type())

/**
 * NiloCjt188Settings:
 *
 * The keys that the driver adds to a `[meter ID]` group, and what it learned of the meter.
 */
G_DECLARE_FINAL_TYPE(NiloCjt188Settings, nilo_cjt188_settings, NILO, CJT188_SETTINGS, GObject)

/**
 * nilo_cjt188_settings_check:
 * @meter: whose settings they are
 * @address: (out): where the meter answers
 *
 * Reads the address, finds profile and time zone. On main when the configuration is read; repeated
 * on the bus thread it costs a few comparisons.
 *
 * Returns: %FALSE with an error that says how to set it right
 */
gboolean nilo_cjt188_settings_check(NiloCjt188Settings *self, NiloMeter *meter,
                                    NiloCjt188Address *address, GError **error);

/** nilo_cjt188_settings_parse_address: 14 digits as printed, not a wildcard; the error names the
 * cure */
gboolean nilo_cjt188_settings_parse_address(const char *text, NiloCjt188Address *address,
                                            GError **error);

/** nilo_cjt188_settings_get_type_byte: T to ask with, as on the wire */
guint8 nilo_cjt188_settings_get_type_byte(NiloCjt188Settings *self);
/** nilo_cjt188_settings_get_check_type: whether T of the answer must fit */
gboolean nilo_cjt188_settings_get_check_type(NiloCjt188Settings *self);
NiloCjt188DiOrder nilo_cjt188_settings_get_di_order(NiloCjt188Settings *self);
NiloCjt188Edition nilo_cjt188_settings_get_edition(NiloCjt188Settings *self);
guint nilo_cjt188_settings_get_preamble_bytes(NiloCjt188Settings *self);
guint nilo_cjt188_settings_get_wake_bytes(NiloCjt188Settings *self);
guint nilo_cjt188_settings_get_wake_pause_ms(NiloCjt188Settings *self);
gboolean nilo_cjt188_settings_get_ser_check(NiloCjt188Settings *self);
guint nilo_cjt188_settings_get_history_months(NiloCjt188Settings *self);
guint nilo_cjt188_settings_get_history_days(NiloCjt188Settings *self);
guint nilo_cjt188_settings_get_clock_tolerance_s(NiloCjt188Settings *self);
guint nilo_cjt188_settings_get_valve_wait_s(NiloCjt188Settings *self);
/** nilo_cjt188_settings_get_answers_as: (nullable): another address that may stand in its answers
 */
const NiloCjt188Address *nilo_cjt188_settings_get_answers_as(NiloCjt188Settings *self);
/** nilo_cjt188_settings_get_model: (transfer none): after a check */
NiloCjt188Model *nilo_cjt188_settings_get_model(NiloCjt188Settings *self);
/** nilo_cjt188_settings_get_zone: (transfer none): of the meter's clock, after a check */
GTimeZone *nilo_cjt188_settings_get_zone(NiloCjt188Settings *self);
/** nilo_cjt188_settings_get_learned: (transfer none): bus thread only */
NiloCjt188Learned *nilo_cjt188_settings_get_learned(NiloCjt188Settings *self);

G_END_DECLS
