/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal-config.h"

#include <glib/gi18n-lib.h>

#include "nilo-param.h"

#define KIB 1024
#define MIB (1024 * 1024)

struct _NiloJournalConfig {
    GObject parent_instance;

    char *folder;
    guint64 size_max_bytes;
    guint64 segment_bytes;
    guint64 free_min_bytes;
    guint age_max_days;
    guint batch_delay_ms;
    guint batch_max_reports;
    guint ring_max_reports;
    guint retry_ms;
};

enum {
    PROP_0,
    PROP_FOLDER,
    PROP_SIZE_MAX_BYTES,
    PROP_SEGMENT_BYTES,
    PROP_FREE_MIN_BYTES,
    PROP_AGE_MAX_DAYS,
    PROP_BATCH_DELAY_MS,
    PROP_BATCH_MAX_REPORTS,
    PROP_RING_MAX_REPORTS,
    PROP_RETRY_MS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(NiloJournalConfig, nilo_journal_config, G_TYPE_OBJECT)

static void
nilo_journal_config_set_property(GObject *object, guint property, const GValue *value,
                                 GParamSpec *spec)
{
    NiloJournalConfig *self = NILO_JOURNAL_CONFIG(object);

    switch (property) {
    case PROP_FOLDER:
        self->folder = g_value_dup_string(value);
        break;
    case PROP_SIZE_MAX_BYTES:
        self->size_max_bytes = g_value_get_uint64(value);
        break;
    case PROP_SEGMENT_BYTES:
        self->segment_bytes = g_value_get_uint64(value);
        break;
    case PROP_FREE_MIN_BYTES:
        self->free_min_bytes = g_value_get_uint64(value);
        break;
    case PROP_AGE_MAX_DAYS:
        self->age_max_days = g_value_get_uint(value);
        break;
    case PROP_BATCH_DELAY_MS:
        self->batch_delay_ms = g_value_get_uint(value);
        break;
    case PROP_BATCH_MAX_REPORTS:
        self->batch_max_reports = g_value_get_uint(value);
        break;
    case PROP_RING_MAX_REPORTS:
        self->ring_max_reports = g_value_get_uint(value);
        break;
    case PROP_RETRY_MS:
        self->retry_ms = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_journal_config_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloJournalConfig *self = NILO_JOURNAL_CONFIG(object);

    switch (property) {
    case PROP_FOLDER:
        g_value_set_string(value, self->folder);
        break;
    case PROP_SIZE_MAX_BYTES:
        g_value_set_uint64(value, self->size_max_bytes);
        break;
    case PROP_SEGMENT_BYTES:
        g_value_set_uint64(value, self->segment_bytes);
        break;
    case PROP_FREE_MIN_BYTES:
        g_value_set_uint64(value, self->free_min_bytes);
        break;
    case PROP_AGE_MAX_DAYS:
        g_value_set_uint(value, self->age_max_days);
        break;
    case PROP_BATCH_DELAY_MS:
        g_value_set_uint(value, self->batch_delay_ms);
        break;
    case PROP_BATCH_MAX_REPORTS:
        g_value_set_uint(value, self->batch_max_reports);
        break;
    case PROP_RING_MAX_REPORTS:
        g_value_set_uint(value, self->ring_max_reports);
        break;
    case PROP_RETRY_MS:
        g_value_set_uint(value, self->retry_ms);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_journal_config_finalize(GObject *object)
{
    g_free(NILO_JOURNAL_CONFIG(object)->folder);
    G_OBJECT_CLASS(nilo_journal_config_parent_class)->finalize(object);
}

static void
nilo_journal_config_class_init(NiloJournalConfigClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_journal_config_set_property;
    object_class->get_property = nilo_journal_config_get_property;
    object_class->finalize = nilo_journal_config_finalize;

    properties[PROP_FOLDER] =
        g_param_spec_string("folder", N_("Folder"),
                            N_("Where the journal's files are; without it, the folder journal "
                               "below the daemon's state folder"),
                            NULL, NILO_PARAM_CONFIG);
    properties[PROP_SIZE_MAX_BYTES] = g_param_spec_uint64(
        "size-max-bytes", N_("Largest size"),
        N_("Of all batches kept; then the oldest go, even those not yet delivered"), 64 * KIB,
        G_MAXINT64 / 2, 64 * MIB, NILO_PARAM_CONFIG);
    properties[PROP_SEGMENT_BYTES] =
        g_param_spec_uint64("segment-bytes", N_("Segment size"),
                            N_("Size of one file; at most a quarter of the largest size is used"),
                            16 * KIB, 64 * MIB, MIB, NILO_PARAM_CONFIG);
    properties[PROP_FREE_MIN_BYTES] =
        g_param_spec_uint64("free-min-bytes", N_("Room left free"),
                            N_("The journal does not grow when less than this is free on the disk"),
                            0, G_MAXINT64 / 2, 16 * MIB, NILO_PARAM_CONFIG);
    properties[PROP_AGE_MAX_DAYS] =
        g_param_spec_uint("age-max-days", N_("Largest age"),
                          N_("Delivered batches older than this may go; 0 for no limit"), 0, 36500,
                          180, NILO_PARAM_CONFIG);
    properties[PROP_BATCH_DELAY_MS] = g_param_spec_uint(
        "batch-delay-ms", N_("Longest wait"),
        N_("A scheduled report waits so long for others to share a write with; what somebody asked "
           "for, and events, do not wait"),
        0, 24 * 3600 * 1000, 15 * 60 * 1000, NILO_PARAM_CONFIG);
    properties[PROP_BATCH_MAX_REPORTS] =
        g_param_spec_uint("batch-max-reports", N_("Reports per batch"),
                          N_("So many reports are written at once, without waiting"), 1, 10000,
                          1000, NILO_PARAM_CONFIG);
    properties[PROP_RING_MAX_REPORTS] = g_param_spec_uint(
        "ring-max-reports", N_("Reports in memory"),
        N_("While the disk takes nothing, so many reports wait in memory; then the oldest are "
           "dropped and counted"),
        1, 1000000, 4000, NILO_PARAM_CONFIG);
    properties[PROP_RETRY_MS] =
        g_param_spec_uint("retry-ms", N_("Retry"),
                          N_("How long to wait before trying again a disk that failed"), 1,
                          3600 * 1000, 5000, NILO_PARAM_CONFIG);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_journal_config_init(NiloJournalConfig *self)
{
}

const char *
nilo_journal_config_get_folder(NiloJournalConfig *self)
{
    return self->folder;
}

guint64
nilo_journal_config_get_size_max_bytes(NiloJournalConfig *self)
{
    return self->size_max_bytes;
}

guint
nilo_journal_config_get_age_max_days(NiloJournalConfig *self)
{
    return self->age_max_days;
}

guint64
nilo_journal_config_get_segment_bytes(NiloJournalConfig *self)
{
    return self->segment_bytes;
}

guint64
nilo_journal_config_get_free_min_bytes(NiloJournalConfig *self)
{
    return self->free_min_bytes;
}

guint
nilo_journal_config_get_batch_delay_ms(NiloJournalConfig *self)
{
    return self->batch_delay_ms;
}

guint
nilo_journal_config_get_batch_max_reports(NiloJournalConfig *self)
{
    return self->batch_max_reports;
}

guint
nilo_journal_config_get_ring_max_reports(NiloJournalConfig *self)
{
    return self->ring_max_reports;
}

guint
nilo_journal_config_get_retry_ms(NiloJournalConfig *self)
{
    return self->retry_ms;
}

NiloJournalConfig *
nilo_journal_config_new_in(NiloJournalConfig *like, const char *folder)
{
    guint n_specs;
    g_autofree GParamSpec **specs =
        g_object_class_list_properties(G_OBJECT_GET_CLASS(like), &n_specs);
    g_autofree const char **names = g_new0(const char *, n_specs);
    g_autofree GValue *values = g_new0(GValue, n_specs);
    NiloJournalConfig *self;

    for (guint i = 0; i < n_specs; i++) {
        names[i] = specs[i]->name;
        g_value_init(&values[i], specs[i]->value_type);
        if (g_str_equal(names[i], "folder"))
            g_value_set_string(&values[i], folder);
        else
            g_object_get_property(G_OBJECT(like), names[i], &values[i]);
    }
    self = NILO_JOURNAL_CONFIG(
        g_object_new_with_properties(NILO_TYPE_JOURNAL_CONFIG, n_specs, names, values));
    for (guint i = 0; i < n_specs; i++)
        g_value_unset(&values[i]);
    return self;
}
