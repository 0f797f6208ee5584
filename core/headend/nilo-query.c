/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-query.h"

#include "nilo-json-rows.h"

#include <string.h>

#define MAX_LIMIT             100000
#define MAX_COMPLETENESS_DAYS 367
#define MAX_CELLS             500000

void
nilo_query_free(NiloQuery *self)
{
    g_clear_pointer(&self->meter, nilo_meter_id_unref);
    g_strfreev(self->meters);
    g_free(self);
}

static gint64
limit_of(const NiloQuery *query)
{
    return CLAMP(query->limit, 1, MAX_LIMIT);
}

/* 0 for a meter nobody knows: no row has that key */
static gboolean
find_key(NiloSession *session, const NiloQuery *query, gint64 *key, GError **error)
{
    return nilo_session_select_number(session, NILO_SQL_SELECT_METER,
                                      NILO_SQL_VALUES(
                                          NILO_SQL_TEXT(nilo_meter_id_get_text(query->meter))),
                                      0, key, error);
}

static NiloMeterId *
id_of(const NiloRow *row, gint column)
{
    return nilo_meter_id_new(nilo_row_get_text(row, column), NULL);
}

static void
clear_reading(gpointer data)
{
    NiloStoredReading *reading = data;

    g_clear_pointer(&reading->meter, nilo_meter_id_unref);
}

static void
clear_miss(gpointer data)
{
    NiloMiss *miss = data;

    g_clear_pointer(&miss->meter, nilo_meter_id_unref);
    g_free(miss->found);
}

static void
clear_completeness(gpointer data)
{
    NiloCompleteness *cell = data;

    g_clear_pointer(&cell->meter, nilo_meter_id_unref);
}

static void
clear_correction(gpointer data)
{
    NiloCorrection *correction = data;

    g_free(correction->author);
    g_free(correction->reason);
}

static GArray *
new_list(gsize element_size, GDestroyNotify clear)
{
    GArray *list = g_array_new(FALSE, TRUE, (guint)element_size);

    if (clear != NULL)
        g_array_set_clear_func(list, clear);
    return list;
}

static NiloValue
value_of(const NiloRow *row, gint column)
{
    return (NiloValue){.mantissa = nilo_row_get_number(row, column),
                       .exponent = (gint8)nilo_row_get_number(row, column + 1),
                       .unit = (guint8)nilo_row_get_number(row, column + 2)};
}

/* register, taken_us, mantissa, exponent, unit, flags, volume_ml */
static void
fill_reading(const NiloRow *row, NiloStoredReading *stored)
{
    stored->reading.reg = nilo_row_get_number(row, 0);
    stored->reading.taken_us = nilo_row_get_number(row, 1);
    stored->reading.value = value_of(row, 2);
    stored->reading.flags = (guint16)nilo_row_get_number(row, 5);
    stored->has_volume = !nilo_row_is_null(row, 6);
    stored->volume_ml = nilo_row_get_number(row, 6);
}

static void
take_latest(const NiloRow *row, gpointer data)
{
    GArray *list = data;
    NiloStoredReading stored = {.meter = id_of(row, 7)};

    if (stored.meter == NULL)
        return;
    fill_reading(row, &stored);
    g_array_append_val(list, stored);
}

static gboolean
select_latest_of(NiloSession *session, char **meters, GArray *list, GError **error)
{
    g_auto(NiloJsonRows) rows = {NULL};

    nilo_json_rows_init(&rows);
    for (gsize i = 0; meters[i] != NULL; i++) {
        nilo_json_rows_begin(&rows);
        nilo_json_rows_add_text(&rows, meters[i]);
    }
    return nilo_session_select(session, NILO_SQL_SELECT_LATEST_OF,
                               NILO_SQL_VALUES(NILO_SQL_TEXT(nilo_json_rows_finish(&rows))),
                               take_latest, list, error);
}

gpointer
nilo_query_latest(NiloSession *session, gpointer data, GError **error)
{
    const NiloQuery *query = data;
    g_autoptr(GArray) list = new_list(sizeof(NiloStoredReading), clear_reading);

    if (query->meters != NULL) {
        if (!select_latest_of(session, query->meters, list, error))
            return NULL;
    } else if (!nilo_session_select(session, NILO_SQL_SELECT_LATEST_PAGE,
                                    NILO_SQL_VALUES(NILO_SQL_NUMBER(limit_of(query)),
                                                    NILO_SQL_NUMBER(query->offset)),
                                    take_latest, list, error)) {
        return NULL;
    }
    return g_steal_pointer(&list);
}

/* the same meter for all rows */
typedef struct {
    GArray *list;
    NiloMeterId *meter;
} History;

static void
take_history(const NiloRow *row, gpointer data)
{
    History *history = data;
    NiloStoredReading stored = {.meter = nilo_meter_id_ref(history->meter)};

    fill_reading(row, &stored);
    g_array_append_val(history->list, stored);
}

gpointer
nilo_query_history(NiloSession *session, gpointer data, GError **error)
{
    const NiloQuery *query = data;
    g_autoptr(GArray) list = new_list(sizeof(NiloStoredReading), clear_reading);
    History history = {list, query->meter};
    gint64 key;

    if (!find_key(session, query, &key, error) ||
        !nilo_session_select(session, NILO_SQL_SELECT_HISTORY,
                             NILO_SQL_VALUES(NILO_SQL_NUMBER(key), NILO_SQL_NUMBER(query->reg),
                                             NILO_SQL_NUMBER(query->from),
                                             NILO_SQL_NUMBER(query->to),
                                             NILO_SQL_NUMBER(limit_of(query)),
                                             NILO_SQL_NUMBER(query->offset)),
                             take_history, &history, error))
        return NULL;
    return g_steal_pointer(&list);
}

static void
take_daily(const NiloRow *row, gpointer data)
{
    GArray *list = data;
    const NiloDailyUse use = {
        .day = nilo_row_get_number(row, 0),
        .first_us = nilo_row_get_number(row, 1),
        .first_ml = nilo_row_get_number(row, 2),
        .last_us = nilo_row_get_number(row, 3),
        .last_ml = nilo_row_get_number(row, 4),
        .min_ml = nilo_row_get_number(row, 5),
        .max_ml = nilo_row_get_number(row, 6),
    };

    g_array_append_val(list, use);
}

/* a day ends where the next one begins: with one reading a day, too, it then has a volume */
static void
close_days(GArray *list, gint64 to_day)
{
    for (guint i = 0; i < list->len; i++) {
        NiloDailyUse *use = &g_array_index(list, NiloDailyUse, i);
        const NiloDailyUse *next =
            i + 1 < list->len ? &g_array_index(list, NiloDailyUse, i + 1) : NULL;

        use->closed = next != NULL && next->day == use->day + 1;
        use->volume_ml = (use->closed ? next->first_ml : use->last_ml) - use->first_ml;
    }
    if (list->len > 0 && g_array_index(list, NiloDailyUse, list->len - 1).day > to_day)
        g_array_set_size(list, list->len - 1);
}

gpointer
nilo_query_daily(NiloSession *session, gpointer data, GError **error)
{
    const NiloQuery *query = data;
    g_autoptr(GArray) list = new_list(sizeof(NiloDailyUse), NULL);
    const gint64 beyond = query->to < G_MAXINT64 ? query->to + 1 : query->to;
    gint64 key;

    if (!find_key(session, query, &key, error) ||
        !nilo_session_select(session, NILO_SQL_SELECT_DAILY,
                             NILO_SQL_VALUES(NILO_SQL_NUMBER(key), NILO_SQL_NUMBER(query->reg),
                                             NILO_SQL_NUMBER(query->from), NILO_SQL_NUMBER(beyond)),
                             take_daily, list, error))
        return NULL;
    close_days(list, query->to);
    return g_steal_pointer(&list);
}

static void
take_miss(const NiloRow *row, gpointer data)
{
    GArray *list = data;
    NiloMiss miss = {
        .meter = id_of(row, 6),
        .taken_us = nilo_row_get_number(row, 0),
        .outcome = (NiloOutcome)nilo_row_get_number(row, 1),
        .cause = (NiloReportCause)nilo_row_get_number(row, 2),
        .attempts = (guint)nilo_row_get_number(row, 3),
        .status = (guint)nilo_row_get_number(row, 4),
    };

    if (miss.meter == NULL)
        return;
    miss.found = g_strdup(nilo_row_get_text(row, 5));
    g_array_append_val(list, miss);
}

gpointer
nilo_query_misses(NiloSession *session, gpointer data, GError **error)
{
    const NiloQuery *query = data;
    g_autoptr(GArray) list = new_list(sizeof(NiloMiss), clear_miss);
    const NiloSqlValue values[] = {NILO_SQL_NUMBER(0), NILO_SQL_NUMBER(query->from),
                                   NILO_SQL_NUMBER(query->to), NILO_SQL_NUMBER(limit_of(query)),
                                   NILO_SQL_NUMBER(query->offset)};
    NiloSqlValue of_meter[G_N_ELEMENTS(values)];
    gint64 key;

    if (query->meter == NULL) {
        if (!nilo_session_select(session, NILO_SQL_SELECT_MISSES, values + 1,
                                 G_N_ELEMENTS(values) - 1, take_miss, list, error))
            return NULL;
        return g_steal_pointer(&list);
    }
    if (!find_key(session, query, &key, error))
        return NULL;
    memcpy(of_meter, values, sizeof values);
    of_meter[0] = NILO_SQL_NUMBER(key);
    if (!nilo_session_select(session, NILO_SQL_SELECT_MISSES_OF, of_meter, G_N_ELEMENTS(of_meter),
                             take_miss, list, error))
        return NULL;
    return g_steal_pointer(&list);
}

/* a row of meter x day: its meter and where its cells begin */
typedef struct {
    GArray *cells;
    GHashTable *rows; /* key -> index of the first cell + 1 */
    gint64 from_day;
    gint64 to_day;
    gboolean is_full; /* more cells than one answer may have */
} Grid;

static void
take_grid_row(const NiloRow *row, gpointer data)
{
    Grid *grid = data;
    const gint64 key = nilo_row_get_number(row, 0);
    g_autoptr(NiloMeterId) id = id_of(row, 1);

    if (id == NULL || grid->is_full)
        return;
    if (grid->cells->len + (grid->to_day - grid->from_day + 1) > MAX_CELLS) {
        grid->is_full = TRUE;
        return;
    }
    g_hash_table_insert(grid->rows, GSIZE_TO_POINTER((gsize)key),
                        GUINT_TO_POINTER(grid->cells->len + 1));
    for (gint64 day = grid->from_day; day <= grid->to_day; day++) {
        const NiloCompleteness cell = {.meter = nilo_meter_id_ref(id), .day = day};

        g_array_append_val(grid->cells, cell);
    }
}

static void
take_cell(const NiloRow *row, gpointer data)
{
    Grid *grid = data;
    const gint64 key = nilo_row_get_number(row, 0);
    const gint64 day = nilo_row_get_number(row, 1);
    const guint first =
        GPOINTER_TO_UINT(g_hash_table_lookup(grid->rows, GSIZE_TO_POINTER((gsize)key)));
    NiloCompleteness *cell;

    if (first == 0)
        return;
    cell = &g_array_index(grid->cells, NiloCompleteness, first - 1 + (guint)(day - grid->from_day));
    cell->answered = (guint)nilo_row_get_number(row, 2);
    cell->missed = (guint)nilo_row_get_number(row, 3);
    cell->reason = cell->answered > 0 ? NILO_OUTCOME_OK : (NiloOutcome)nilo_row_get_number(row, 4);
}

gpointer
nilo_query_completeness(NiloSession *session, gpointer data, GError **error)
{
    const NiloQuery *query = data;
    g_autoptr(GArray) cells = new_list(sizeof(NiloCompleteness), clear_completeness);
    g_autoptr(GHashTable) rows = g_hash_table_new(NULL, NULL);
    Grid grid = {cells, rows, query->from, query->to};

    if (query->from < 0 || query->to < query->from ||
        query->to - query->from >= MAX_COMPLETENESS_DAYS) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "days are %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                    ", expected 1 to %d in order",
                    query->from, query->to, MAX_COMPLETENESS_DAYS);
        return NULL;
    }
    if (!nilo_session_select(session, NILO_SQL_SELECT_METERS, NULL, 0, take_grid_row, &grid, error))
        return NULL;
    if (grid.is_full) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "meters and days make more than %d cells, expected fewer days", MAX_CELLS);
        return NULL;
    }
    if (!nilo_session_select(session, NILO_SQL_SELECT_COMPLETE,
                             NILO_SQL_VALUES(NILO_SQL_NUMBER(query->from),
                                             NILO_SQL_NUMBER(query->to)),
                             take_cell, &grid, error))
        return NULL;
    return g_steal_pointer(&cells);
}

static void
take_correction(const NiloRow *row, gpointer data)
{
    GArray *list = data;
    const NiloCorrection correction = {
        .reg = nilo_row_get_number(row, 0),
        .taken_us = nilo_row_get_number(row, 1),
        .made_us = nilo_row_get_number(row, 2),
        .applied = nilo_row_get_number(row, 3) != 0,
        .author = g_strdup(nilo_row_get_text(row, 4)),
        .reason = g_strdup(nilo_row_get_text(row, 5)),
        .old_value = value_of(row, 6),
        .old_flags = (guint)nilo_row_get_number(row, 9),
        .new_value = value_of(row, 10),
        .new_flags = (guint)nilo_row_get_number(row, 13),
    };

    g_array_append_val(list, correction);
}

gpointer
nilo_query_corrections(NiloSession *session, gpointer data, GError **error)
{
    const NiloQuery *query = data;
    g_autoptr(GArray) list = new_list(sizeof(NiloCorrection), clear_correction);
    gint64 key;

    if (!find_key(session, query, &key, error) ||
        !nilo_session_select(session, NILO_SQL_SELECT_CORRECTIONS,
                             NILO_SQL_VALUES(NILO_SQL_NUMBER(key), NILO_SQL_NUMBER(query->from),
                                             NILO_SQL_NUMBER(query->to),
                                             NILO_SQL_NUMBER(limit_of(query)),
                                             NILO_SQL_NUMBER(query->offset)),
                             take_correction, list, error))
        return NULL;
    return g_steal_pointer(&list);
}
