/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-block.h"

G_BEGIN_DECLS

/* In which order a meter keeps the bytes of its clock. */
typedef enum {
    NILO_CJT188_CLOCK_AUTO, /* the standard's, or the other way round when only that is a date */
    NILO_CJT188_CLOCK_STANDARD, /* seconds first */
    NILO_CJT188_CLOCK_YEAR_FIRST,
} NiloCjt188ClockOrder;

/* A telegram that stands in the profile, and what must come out of it. */
typedef struct {
    char *name;
    GBytes *bytes;
    char **readings; /* "volume/storage=1 123.45 m3" */
    char **statuses; /* "valve-closed" */
} NiloCjt188Vector;

/*
 * What one meter model does its own way: a profile, read from a keyfile. Immutable and reference
 * counted; shared by the meters of that model and by both threads.
 */
typedef struct {
    gatomicrefcount ref_count;
    char *name;
    char *description;
    NiloCjt188StatusMap status_map;
    NiloCjt188Profile profile; /* its status_map is ours */
    guint16 tamper;            /* masks over ST0 (low byte) and ST1 (high byte), 0: not told */
    guint16 leak;
    guint16 alarm;
    guint16 permanent_error;
    guint16 temporary_error;
    guint16 vendor; /* unnamed bits that are worth a flag */
    guint8 valve_open;
    guint8 valve_close;
    NiloUnit purchase_unit;
    NiloCjt188ClockOrder clock_order;
    guint history_first; /* how many settlement days back D120 lies: 0 the last, 1 the one before */
    GPtrArray *blocks;   /* element-type NiloCjt188Block */
    GPtrArray *vectors;  /* element-type NiloCjt188Vector */
} NiloCjt188Model;

/**
 * nilo_cjt188_model_new_standard:
 *
 * Returns: (transfer full): a meter that does everything as the standard says
 */
NiloCjt188Model *nilo_cjt188_model_new_standard(void);

/**
 * nilo_cjt188_model_new_from_data:
 * @data: (array length=size): a keyfile
 * @file: what to call it in messages
 *
 * Returns: (transfer full) (nullable): %NULL with %NILO_ERROR_SYNTAX, %NILO_ERROR_UNKNOWN_GROUP,
 *   %NILO_ERROR_UNKNOWN_KEY, %NILO_ERROR_MISSING_KEY, %NILO_ERROR_DUPLICATE or
 *   %NILO_ERROR_BAD_VALUE; the message begins with file and line
 */
NiloCjt188Model *nilo_cjt188_model_new_from_data(const char *data, gsize size, const char *file,
                                                 GError **error);

/**
 * nilo_cjt188_model_load:
 * @name: of the profile: `NAME.profile` in the folders of $NILO_CJT188_PROFILES, in the operator's
 *   own `driver-cjt188/profiles`, or beside the plugin
 *
 * Returns: (transfer full) (nullable): %NULL with %NILO_ERROR_NOT_FOUND, or the errors above
 */
NiloCjt188Model *nilo_cjt188_model_load(const char *name, GError **error);

/** nilo_cjt188_model_find_block: (nullable): the block that @di belongs to */
const NiloCjt188Block *nilo_cjt188_model_find_block(const NiloCjt188Model *self, guint16 di);

NiloCjt188Model *nilo_cjt188_model_ref(NiloCjt188Model *self);
void nilo_cjt188_model_unref(NiloCjt188Model *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloCjt188Model, nilo_cjt188_model_unref)

G_END_DECLS
