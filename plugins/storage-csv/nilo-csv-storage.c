/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-storage.h"

#include <glib/gi18n-lib.h>

#include "nilo-csv-file.h"
#include "nilo-csv-rows.h"

#define DEFAULT_KEEP_DAYS 31
#define MAX_KEEP_DAYS     36500

#define US_PER_DAY        ((gint64)24 * 3600 * G_USEC_PER_SEC)

struct _NiloCsvStorage {
    GObject parent_instance;

    char *folder;
    guint keep_days;
    NiloClock *clock;
    char *pruned_day; /* worker thread only */
};

enum {
    PROP_0,
    PROP_FOLDER,
    PROP_KEEP_DAYS,
    PROP_CLOCK,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static void nilo_csv_storage_iface_init(NiloStorageInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloCsvStorage, nilo_csv_storage, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_STORAGE, nilo_csv_storage_iface_init))

static void
free_rows(gpointer rows)
{
    g_string_free(rows, TRUE);
}

/* (element-type utf8 GString): a report belongs to the day it was made, whatever history the meter
 * told in it */
static GHashTable *
rows_by_day(NiloBatch *batch)
{
    g_autofree char *key =
        nilo_csv_batch_key(nilo_batch_get_epoch(batch), nilo_batch_get_sequence(batch));
    GHashTable *days = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_rows);

    for (guint i = 0; i < nilo_batch_get_n_reports(batch); i++) {
        NiloReport *report = nilo_batch_get_report(batch, i);
        g_autofree char *day = nilo_csv_day_of(nilo_report_get_taken_us(report));
        GString *rows = g_hash_table_lookup(days, day);

        if (rows == NULL) {
            rows = g_string_new(NULL);
            g_hash_table_insert(days, g_steal_pointer(&day), rows);
        }
        nilo_csv_add_report(rows, report, key);
    }
    return days;
}

/* once a day, and never by a clock that nobody has set */
static void
prune(NiloCsvStorage *self)
{
    const gint64 now_us = nilo_clock_get_utc_us(self->clock);
    g_autofree char *today = nilo_csv_day_of(now_us);
    g_autofree char *first_day = nilo_csv_day_of(now_us - self->keep_days * US_PER_DAY);

    if (self->keep_days == 0 || nilo_clock_get_quality(self->clock) == NILO_CLOCK_UNKNOWN ||
        g_strcmp0(today, self->pruned_day) == 0)
        return;
    nilo_csv_file_prune(self->folder, first_day);
    g_free(self->pruned_day);
    self->pruned_day = g_steal_pointer(&today);
}

static void
store_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    NiloCsvStorage *self = NILO_CSV_STORAGE(source);
    NiloBatch *batch = data;
    g_autoptr(GHashTable) days = rows_by_day(batch);
    GError *error = NULL;
    GHashTableIter iter;
    gpointer day;
    gpointer rows;

    g_hash_table_iter_init(&iter, days);
    while (error == NULL && g_hash_table_iter_next(&iter, &day, &rows))
        nilo_csv_file_append(self->folder, day, nilo_batch_get_epoch(batch),
                             nilo_batch_get_sequence(batch), ((GString *)rows)->str, &error);
    if (error != NULL) {
        g_task_return_error(task, error);
        return;
    }
    prune(self);
    g_task_return_boolean(task, TRUE);
}

static void
csv_store_async(NiloStorage *storage, NiloBatch *batch, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer user_data)
{
    NiloCsvStorage *self = NILO_CSV_STORAGE(storage);
    g_autoptr(GTask) task = g_task_new(storage, cancellable, callback, user_data);

    g_task_set_source_tag(task, csv_store_async);
    if (self->folder == NULL || !g_path_is_absolute(self->folder)) {
        g_task_return_new_error(task, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                                _("folder \"%s\" is no absolute path"),
                                self->folder != NULL ? self->folder : "");
        return;
    }
    g_task_set_task_data(task, nilo_batch_ref(batch), (GDestroyNotify)nilo_batch_unref);
    if (g_task_return_error_if_cancelled(task))
        return;
    g_task_run_in_thread(task, store_thread);
}

static gboolean
csv_store_finish(NiloStorage *storage, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
nilo_csv_storage_iface_init(NiloStorageInterface *iface)
{
    iface->store_async = csv_store_async;
    iface->store_finish = csv_store_finish;
}

static void
nilo_csv_storage_set_property(GObject *object, guint property, const GValue *value,
                              GParamSpec *spec)
{
    NiloCsvStorage *self = NILO_CSV_STORAGE(object);

    switch (property) {
    case PROP_FOLDER:
        self->folder = g_value_dup_string(value);
        break;
    case PROP_KEEP_DAYS:
        self->keep_days = g_value_get_uint(value);
        break;
    case PROP_CLOCK:
        self->clock = g_value_dup_object(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_csv_storage_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloCsvStorage *self = NILO_CSV_STORAGE(object);

    switch (property) {
    case PROP_FOLDER:
        g_value_set_string(value, self->folder);
        break;
    case PROP_KEEP_DAYS:
        g_value_set_uint(value, self->keep_days);
        break;
    case PROP_CLOCK:
        g_value_set_object(value, self->clock);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_csv_storage_constructed(GObject *object)
{
    NiloCsvStorage *self = NILO_CSV_STORAGE(object);

    G_OBJECT_CLASS(nilo_csv_storage_parent_class)->constructed(object);
    if (self->clock == NULL)
        self->clock = nilo_clock_new_system();
}

static void
nilo_csv_storage_finalize(GObject *object)
{
    NiloCsvStorage *self = NILO_CSV_STORAGE(object);

    g_free(self->folder);
    g_free(self->pruned_day);
    g_clear_object(&self->clock);
    G_OBJECT_CLASS(nilo_csv_storage_parent_class)->finalize(object);
}

static void
nilo_csv_storage_class_init(NiloCsvStorageClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_csv_storage_set_property;
    object_class->get_property = nilo_csv_storage_get_property;
    object_class->constructed = nilo_csv_storage_constructed;
    object_class->finalize = nilo_csv_storage_finalize;

    /**
     * NiloCsvStorage:folder:
     *
     * Where the files go; made when it is not there. The daemon must be allowed to write there.
     */
    properties[PROP_FOLDER] = g_param_spec_string(
        "folder", N_("Folder"),
        N_("Where the files readings-YYYY-MM-DD.csv go, for example /var/lib/nilometer/csv"), NULL,
        NILO_PARAM_CONFIG | NILO_PARAM_REQUIRED);

    /**
     * NiloCsvStorage:keep-days:
     *
     * How long a file is kept; 0: until somebody deletes it.
     */
    properties[PROP_KEEP_DAYS] = g_param_spec_uint(
        "keep-days", N_("Days to keep"),
        N_("Files older than this many days are deleted; 0: none is ever deleted"), 0,
        MAX_KEEP_DAYS, DEFAULT_KEEP_DAYS, NILO_PARAM_CONFIG);

    /**
     * NiloCsvStorage:clock:
     *
     * Tells what is old; %NULL for the clock of this computer. Not a key.
     */
    properties[PROP_CLOCK] =
        g_param_spec_object("clock", "Clock", "Tells what is old", NILO_TYPE_CLOCK,
                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_csv_storage_init(NiloCsvStorage *self)
{
}
