/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-store.h"

#include "nilo-fixed-rows.h"
#include "nilo-json-rows.h"

#define SETTING_ZONE "zone"
/* meters whose old readings go in one transaction */
#define PURGE_SLICE 100
/* what is no measure of the water used */
#define FLAGS_NOT_COUNTED ((guint)(NILO_READING_INVALID | NILO_READING_IMPLAUSIBLE))

struct _NiloStore {
    char *zone;         /* of the database, once loaded */
    NiloLocalDay *days; /* NULL: not loaded */
    GHashTable *keys;   /* NiloMeterId -> key; every meter of the database */
    gint64 last_key;    /* largest given */
};

/* a reading of the batch with the key of its meter */
typedef struct {
    gint64 meter;
    const NiloReading *reading; /* borrowed from the batch */
} Entry;

typedef struct {
    NiloStore *store;
    NiloBatch *batch;
    GArray *entries; /* element-type Entry */
    NiloStoreCounts counts;
} Put;

NiloStore *
nilo_store_new(const char *zone)
{
    NiloStore *self = g_new0(NiloStore, 1);

    self->zone = g_strdup(zone);
    self->keys = g_hash_table_new_full(nilo_meter_id_hash, nilo_meter_id_equal,
                                       (GDestroyNotify)nilo_meter_id_unref, NULL);
    return self;
}

void
nilo_store_free(NiloStore *self)
{
    g_clear_pointer(&self->days, nilo_local_day_free);
    g_hash_table_unref(self->keys);
    g_free(self->zone);
    g_free(self);
}

/* after a failure nobody knows which keys are really in the database */
static void
forget(NiloStore *self)
{
    g_clear_pointer(&self->days, nilo_local_day_free);
    g_hash_table_remove_all(self->keys);
    self->last_key = 0;
}

static void
take_meter(const NiloRow *row, gpointer data)
{
    NiloStore *self = data;
    const gint64 key = nilo_row_get_number(row, 0);
    NiloMeterId *id = nilo_meter_id_new(nilo_row_get_text(row, 1), NULL);

    self->last_key = MAX(self->last_key, key);
    if (id != NULL)
        g_hash_table_insert(self->keys, id, GSIZE_TO_POINTER((gsize)key));
}

static void
take_text(const NiloRow *row, gpointer data)
{
    char **text = data;

    g_free(*text);
    *text = g_strdup(nilo_row_get_text(row, 0));
}

/* days counted in two zones would not add up: the first zone stays */
static gboolean
load_zone(NiloStore *self, NiloSession *session, GError **error)
{
    g_autofree char *zone = NULL;

    if (nilo_session_execute(session, NILO_SQL_INSERT_SETTING,
                             NILO_SQL_VALUES(NILO_SQL_TEXT(SETTING_ZONE),
                                             NILO_SQL_TEXT(self->zone)),
                             error) < 0 ||
        !nilo_session_select(session, NILO_SQL_SELECT_SETTING,
                             NILO_SQL_VALUES(NILO_SQL_TEXT(SETTING_ZONE)), take_text, &zone, error))
        return FALSE;
    if (zone == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_DAMAGED, "database has no time zone");
        return FALSE;
    }
    if (g_strcmp0(zone, self->zone) != 0) {
        nilo_log_warning(NULL, "database counts days in %s and goes on so, not in %s", zone,
                         self->zone);
        g_free(self->zone);
        self->zone = g_strdup(zone);
    }
    return TRUE;
}

gboolean
nilo_store_ensure_loaded(NiloStore *self, NiloSession *session, GError **error)
{
    if (self->days != NULL)
        return TRUE;
    if (!load_zone(self, session, error) ||
        !nilo_session_select(session, NILO_SQL_SELECT_METERS, NULL, 0, take_meter, self, error))
        return FALSE;
    self->days = nilo_local_day_new(self->zone, error);
    return self->days != NULL;
}

const char *
nilo_store_get_zone(const NiloStore *self)
{
    return self->zone;
}

static gint64
find_key(NiloStore *self, NiloMeterId *id)
{
    return (gint64)GPOINTER_TO_SIZE(g_hash_table_lookup(self->keys, id));
}

static gint64
ensure_key(NiloStore *self, NiloMeterId *id, NiloJsonRows *new_meters)
{
    gint64 key = find_key(self, id);

    if (key != 0)
        return key;
    key = ++self->last_key;
    g_hash_table_insert(self->keys, nilo_meter_id_ref(id), GSIZE_TO_POINTER((gsize)key));
    nilo_json_rows_begin(new_meters);
    nilo_json_rows_add_number(new_meters, key);
    nilo_json_rows_add_text(new_meters, nilo_meter_id_get_text(id));
    return key;
}

static gboolean
execute_rows(NiloSession *session, NiloSql sql, NiloJsonRows *rows, guint64 *affected,
             GError **error)
{
    gint64 n;

    if (rows->n_rows == 0)
        return TRUE;
    n = nilo_session_execute(session, sql,
                             NILO_SQL_VALUES(NILO_SQL_TEXT(nilo_json_rows_finish(rows))), error);
    if (n < 0)
        return FALSE;
    if (affected != NULL)
        *affected = (guint64)n;
    return TRUE;
}

static gboolean
execute_fixed(NiloSession *session, NiloSql sql, NiloFixedRows *rows, GError **error)
{
    return rows->n_rows == 0 ||
           nilo_session_execute(session, sql,
                                NILO_SQL_VALUES(NILO_SQL_TEXT(nilo_fixed_rows_finish(rows))),
                                error) >= 0;
}

static void
add_complete_row(NiloFixedRows *rows, gint64 meter, gint64 day, NiloOutcome outcome)
{
    nilo_fixed_rows_begin(rows);
    nilo_fixed_rows_add(rows, meter, NILO_WIDTH_KEY);
    nilo_fixed_rows_add(rows, day, NILO_WIDTH_DAY);
    nilo_fixed_rows_add(rows, outcome == NILO_OUTCOME_OK, NILO_WIDTH_ANSWERED);
    nilo_fixed_rows_add(rows, (gint64)outcome, NILO_WIDTH_OUTCOME);
}

static void
add_miss_row(NiloJsonRows *rows, gint64 meter, const NiloReport *report)
{
    const char *found = nilo_report_get_found(report);

    nilo_json_rows_begin(rows);
    nilo_json_rows_add_number(rows, meter);
    nilo_json_rows_add_number(rows, nilo_report_get_taken_us(report));
    nilo_json_rows_add_number(rows, (gint64)nilo_report_get_outcome(report));
    nilo_json_rows_add_number(rows, (gint64)nilo_report_get_cause(report));
    nilo_json_rows_add_number(rows, nilo_report_get_attempts(report));
    nilo_json_rows_add_number(rows, nilo_report_get_status(report));
    nilo_json_rows_add_text(rows, found != NULL ? found : "");
}

static void
add_entries(Put *put, gint64 meter, const NiloReport *report)
{
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    for (gsize i = 0; i < n_readings; i++) {
        const Entry entry = {.meter = meter, .reading = &readings[i]};

        g_array_append_val(put->entries, entry);
    }
}

/* meters, attempts and misses; collects the readings */
static gboolean
put_reports(Put *put, NiloSession *session, GError **error)
{
    g_auto(NiloJsonRows) meters = {NULL};
    g_auto(NiloFixedRows) complete = {NULL};
    g_auto(NiloJsonRows) misses = {NULL};

    nilo_json_rows_init(&meters);
    nilo_fixed_rows_init(&complete);
    nilo_json_rows_init(&misses);
    for (guint i = 0; i < nilo_batch_get_n_reports(put->batch); i++) {
        NiloReport *report = nilo_batch_get_report(put->batch, i);
        const NiloOutcome outcome = nilo_report_get_outcome(report);
        const gint64 meter = ensure_key(put->store, nilo_report_get_meter(report), &meters);
        const gint64 day = nilo_local_day_find(put->store->days, nilo_report_get_taken_us(report));

        add_complete_row(&complete, meter, day, outcome);
        if (outcome != NILO_OUTCOME_OK)
            add_miss_row(&misses, meter, report);
        add_entries(put, meter, report);
    }
    return execute_rows(session, NILO_SQL_INSERT_METERS, &meters, NULL, error) &&
           execute_fixed(session, NILO_SQL_UPSERT_COMPLETE, &complete, error) &&
           execute_rows(session, NILO_SQL_INSERT_MISSES, &misses, &put->counts.misses, error);
}

/* what a person reads off the dial: the meter's counter as it stands now */
static gboolean
is_counter(NiloRegister reg)
{
    NiloRegisterParts parts;

    nilo_register_unpack(reg, &parts);
    return parts.quantity == NILO_QUANTITY_VOLUME && parts.function == NILO_FUNCTION_NOW &&
           parts.storage == 0 && (parts.qualifier & ~(guint)NILO_QUALIFIER_FORWARD) == 0;
}

/* -1: no measure of the water used */
static gint64
day_of(NiloLocalDay *days, const NiloReading *reading, gboolean has_volume)
{
    if (!has_volume || (reading->flags & FLAGS_NOT_COUNTED) != 0 || !is_counter(reading->reg))
        return -1;
    return nilo_local_day_find(days, reading->taken_us);
}

static void
add_reading_row(NiloFixedRows *rows, NiloLocalDay *days, const Entry *entry)
{
    const NiloReading *reading = entry->reading;
    gint64 volume_ml;
    const gboolean has_volume = (reading->flags & NILO_READING_INVALID) == 0 &&
                                nilo_value_to_millilitres(&reading->value, &volume_ml);

    nilo_fixed_rows_begin(rows);
    nilo_fixed_rows_add(rows, entry->meter, NILO_WIDTH_KEY);
    nilo_fixed_rows_add(rows, reading->reg, NILO_WIDTH_NUMBER);
    nilo_fixed_rows_add(rows, reading->taken_us, NILO_WIDTH_NUMBER);
    nilo_fixed_rows_add(rows, day_of(days, reading, has_volume), NILO_WIDTH_DAY);
    nilo_fixed_rows_add(rows, reading->value.mantissa, NILO_WIDTH_NUMBER);
    nilo_fixed_rows_add(rows, reading->value.exponent, NILO_WIDTH_EXPONENT);
    nilo_fixed_rows_add(rows, reading->value.unit, NILO_WIDTH_UNIT);
    nilo_fixed_rows_add(rows, reading->flags, NILO_WIDTH_FLAGS);
    if (has_volume)
        nilo_fixed_rows_add(rows, volume_ml, NILO_WIDTH_NUMBER);
}

/* the one time the readings of a batch are told to the database */
static gboolean
set_out(Put *put, NiloSession *session, GError **error)
{
    g_auto(NiloFixedRows) rows = {NULL};

    nilo_fixed_rows_init(&rows);
    for (guint i = 0; i < put->entries->len; i++)
        add_reading_row(&rows, put->store->days, &g_array_index(put->entries, Entry, i));
    return nilo_session_execute(session, NILO_SQL_CLEAR_INCOMING, NULL, 0, error) >= 0 &&
           execute_fixed(session, NILO_SQL_INSERT_INCOMING, &rows, error);
}

/* a row that differs from what stands there, as the database sees it */
typedef struct {
    guint index;
    NiloValue value;
    guint flags;
} Difference;

static void
take_difference(const NiloRow *row, gpointer data)
{
    GArray *differences = data;
    const Difference difference = {
        .index = (guint)nilo_row_get_number(row, 0),
        .value = {.mantissa = nilo_row_get_number(row, 1),
                  .exponent = (gint8)nilo_row_get_number(row, 2),
                  .unit = (guint8)nilo_row_get_number(row, 3)},
        .flags = (guint)nilo_row_get_number(row, 4),
    };

    g_array_append_val(differences, difference);
}

/* 1200 x 10^-3 m3 and 12 x 10^-1 m3 are no conflict, nor is it one when only a remark differs */
static gboolean
is_conflict(const Difference *old, const NiloReading *new)
{
    return !nilo_value_equal(&old->value, &new->value) ||
           ((old->flags ^ new->flags) & NILO_READING_INVALID) != 0;
}

static gboolean
insert_correction(NiloSession *session, gint64 meter, const NiloReading *new,
                  const NiloValue *old_value, guint old_flags, gboolean applied, const char *author,
                  const char *reason, GError **error)
{
    return nilo_session_execute(
               session, NILO_SQL_INSERT_CORRECTION,
               NILO_SQL_VALUES(NILO_SQL_NUMBER(meter), NILO_SQL_NUMBER(new->reg),
                               NILO_SQL_NUMBER(new->taken_us), NILO_SQL_NUMBER(g_get_real_time()),
                               NILO_SQL_NUMBER(applied), NILO_SQL_TEXT(author),
                               NILO_SQL_TEXT(reason), NILO_SQL_NUMBER(old_value->mantissa),
                               NILO_SQL_NUMBER(old_value->exponent),
                               NILO_SQL_NUMBER(old_value->unit), NILO_SQL_NUMBER(old_flags),
                               NILO_SQL_NUMBER(new->value.mantissa),
                               NILO_SQL_NUMBER(new->value.exponent),
                               NILO_SQL_NUMBER(new->value.unit), NILO_SQL_NUMBER(new->flags)),
               error) >= 0;
}

/* what is refused goes nowhere else either */
static gboolean
refuse(Put *put, NiloSession *session, const Difference *old, GError **error)
{
    const Entry *entry = &g_array_index(put->entries, Entry, old->index);

    put->counts.conflicts++;
    return insert_correction(session, entry->meter, entry->reading, &old->value, old->flags, FALSE,
                             "nilometer", "second value for the same moment", error) &&
           nilo_session_execute(session, NILO_SQL_DELETE_INCOMING,
                                NILO_SQL_VALUES(NILO_SQL_NUMBER(old->index)), error) >= 0;
}

static gboolean
put_conflicts(Put *put, NiloSession *session, GError **error)
{
    g_autoptr(GArray) differences = g_array_new(FALSE, FALSE, sizeof(Difference));

    if (!nilo_session_select(session, NILO_SQL_SELECT_CONFLICTS, NULL, 0, take_difference,
                             differences, error))
        return FALSE;
    for (guint i = 0; i < differences->len; i++) {
        const Difference *old = &g_array_index(differences, Difference, i);

        if (is_conflict(old, g_array_index(put->entries, Entry, old->index).reading) &&
            !refuse(put, session, old, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
put_readings(Put *put, NiloSession *session, GError **error)
{
    gint64 n_stored;

    if (put->entries->len == 0)
        return TRUE;
    if (!set_out(put, session, error))
        return FALSE;
    n_stored = nilo_session_execute(session, NILO_SQL_INSERT_READINGS, NULL, 0, error);
    if (n_stored < 0)
        return FALSE;
    put->counts.stored = (guint64)n_stored;
    /* in almost every batch every row is new, and there is nothing to compare */
    if (put->counts.stored < put->entries->len && !put_conflicts(put, session, error))
        return FALSE;
    put->counts.ignored = put->entries->len - put->counts.stored - put->counts.conflicts;
    return nilo_session_execute(session, NILO_SQL_UPSERT_LATEST, NULL, 0, error) >= 0 &&
           nilo_session_execute(session, NILO_SQL_UPSERT_DAILY, NULL, 0, error) >= 0;
}

static gboolean
put_in_transaction(NiloSession *session, gpointer data, GError **error)
{
    Put *put = data;
    const gint64 n = nilo_session_execute(
        session, NILO_SQL_INSERT_BATCH,
        NILO_SQL_VALUES(NILO_SQL_NUMBER((gint64)nilo_batch_get_epoch(put->batch)),
                        NILO_SQL_NUMBER((gint64)nilo_batch_get_sequence(put->batch)),
                        NILO_SQL_NUMBER(g_get_real_time())),
        error);

    if (n < 0)
        return FALSE;
    if (n == 0) {
        put->counts.known = 1;
        return TRUE;
    }
    return put_reports(put, session, error) && put_readings(put, session, error);
}

gboolean
nilo_store_put_batch(NiloStore *self, NiloSession *session, NiloBatch *batch,
                     NiloStoreCounts *counts, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    Put put = {.store = self, .batch = batch, .entries = entries};

    if (nilo_batch_get_sequence(batch) == 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "batch has sequence 0, expected the key a journal gave it");
        return FALSE;
    }
    if (!nilo_store_ensure_loaded(self, session, error) ||
        !nilo_session_transact(session, put_in_transaction, &put, error)) {
        forget(self);
        return FALSE;
    }
    counts->stored += put.counts.stored;
    counts->ignored += put.counts.ignored;
    counts->conflicts += put.counts.conflicts;
    counts->misses += put.counts.misses;
    counts->known += put.counts.known;
    return TRUE;
}

typedef struct {
    NiloStore *store;
    const NiloCorrectionOrder *order;
    gint64 meter;
} Correct;

static void
take_value(const NiloRow *row, gpointer data)
{
    Difference *old = data;

    old->index = 1; /* found */
    old->value.mantissa = nilo_row_get_number(row, 0);
    old->value.exponent = (gint8)nilo_row_get_number(row, 1);
    old->value.unit = (guint8)nilo_row_get_number(row, 2);
    old->flags = (guint)nilo_row_get_number(row, 3);
}

static gboolean
update_reading(NiloSession *session, gint64 meter, const NiloReading *new, GError **error)
{
    gint64 volume_ml;
    const gboolean has_volume = nilo_value_to_millilitres(&new->value, &volume_ml);

    return nilo_session_execute(
               session, NILO_SQL_UPDATE_READING,
               NILO_SQL_VALUES(NILO_SQL_NUMBER(meter), NILO_SQL_NUMBER(new->reg),
                               NILO_SQL_NUMBER(new->taken_us), NILO_SQL_NUMBER(new->value.mantissa),
                               NILO_SQL_NUMBER(new->value.exponent),
                               NILO_SQL_NUMBER(new->value.unit), NILO_SQL_NUMBER(new->flags),
                               has_volume ? NILO_SQL_NUMBER(volume_ml) : NILO_SQL_NULL),
               error) >= 0;
}

/* latest and daily follow from the readings */
static gboolean
rebuild(Correct *correct, NiloSession *session, GError **error)
{
    const NiloRegister reg = correct->order->reg;
    const gint64 day = nilo_local_day_find(correct->store->days, correct->order->taken_us);
    gint64 from_us, to_us;

    if (nilo_session_execute(session, NILO_SQL_REBUILD_LATEST,
                             NILO_SQL_VALUES(NILO_SQL_NUMBER(correct->meter), NILO_SQL_NUMBER(reg)),
                             error) < 0)
        return FALSE;
    if (!is_counter(reg))
        return TRUE;
    nilo_local_day_get_bounds(correct->store->days, day, &from_us, &to_us);
    return nilo_session_execute(session, NILO_SQL_DELETE_DAILY,
                                NILO_SQL_VALUES(NILO_SQL_NUMBER(correct->meter),
                                                NILO_SQL_NUMBER(reg), NILO_SQL_NUMBER(day)),
                                error) >= 0 &&
           nilo_session_execute(session, NILO_SQL_REBUILD_DAILY,
                                NILO_SQL_VALUES(NILO_SQL_NUMBER(correct->meter),
                                                NILO_SQL_NUMBER(reg), NILO_SQL_NUMBER(day),
                                                NILO_SQL_NUMBER(from_us), NILO_SQL_NUMBER(to_us),
                                                NILO_SQL_NUMBER(FLAGS_NOT_COUNTED)),
                                error) >= 0;
}

static gboolean
correct_in_transaction(NiloSession *session, gpointer data, GError **error)
{
    Correct *correct = data;
    const NiloCorrectionOrder *order = correct->order;
    NiloReading new = {.reg = order->reg, .taken_us = order->taken_us, .value = order->value};
    Difference old = {0};

    if (!nilo_session_select(session, NILO_SQL_SELECT_READING,
                             NILO_SQL_VALUES(NILO_SQL_NUMBER(correct->meter),
                                             NILO_SQL_NUMBER(order->reg),
                                             NILO_SQL_NUMBER(order->taken_us)),
                             take_value, &old, error))
        return FALSE;
    if (old.index == 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_FOUND,
                    "meter %s has no reading of that register at that moment",
                    nilo_meter_id_get_text(order->meter));
        return FALSE;
    }
    new.flags = (guint16)(old.flags & ~FLAGS_NOT_COUNTED);
    return insert_correction(session, correct->meter, &new, &old.value, old.flags, TRUE,
                             order->author, order->reason, error) &&
           update_reading(session, correct->meter, &new, error) && rebuild(correct, session, error);
}

gboolean
nilo_store_correct(NiloStore *self, NiloSession *session, const NiloCorrectionOrder *order,
                   GError **error)
{
    Correct correct = {.store = self, .order = order};

    if (order->author[0] == '\0' || order->reason[0] == '\0') {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "a correction has an author and a reason, found \"%s\" and \"%s\"",
                    order->author, order->reason);
        return FALSE;
    }
    if (!nilo_store_ensure_loaded(self, session, error))
        return FALSE;
    correct.meter = find_key(self, order->meter);
    /* a meter nobody knows has key 0, and so no reading */
    return nilo_session_transact(session, correct_in_transaction, &correct, error);
}

typedef struct {
    gint64 first;
    gint64 last;
    gint64 before_us;
    gboolean at_end;
    gint64 n_readings;
} Purge;

static gboolean
purge_in_transaction(NiloSession *session, gpointer data, GError **error)
{
    Purge *purge = data;
    const NiloSqlValue values[] = {NILO_SQL_NUMBER(purge->first), NILO_SQL_NUMBER(purge->last),
                                   NILO_SQL_NUMBER(purge->before_us)};

    purge->n_readings = nilo_session_execute(session, NILO_SQL_DELETE_READINGS, values,
                                             G_N_ELEMENTS(values), error);
    return purge->n_readings >= 0 &&
           nilo_session_execute(session, NILO_SQL_DELETE_MISSES, values, G_N_ELEMENTS(values),
                                error) >= 0 &&
           (!purge->at_end ||
            nilo_session_execute(session, NILO_SQL_DELETE_BATCHES,
                                 NILO_SQL_VALUES(NILO_SQL_NUMBER(purge->before_us)), error) >= 0);
}

gboolean
nilo_store_purge_slice(NiloStore *self, NiloSession *session, gint64 before_us, gint64 after,
                       gint64 *last, guint64 *n_readings, GError **error)
{
    Purge purge = {.first = after + 1, .last = after + PURGE_SLICE, .before_us = before_us};

    if (!nilo_store_ensure_loaded(self, session, error))
        return FALSE;
    purge.at_end = purge.last >= self->last_key;
    if (!nilo_session_transact(session, purge_in_transaction, &purge, error))
        return FALSE;
    *last = purge.at_end ? 0 : purge.last;
    *n_readings = (guint64)purge.n_readings;
    return TRUE;
}
