/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-scan-job.h"

#include <string.h>

#include "nilo-error.h"
#include "nilo-log.h"

/* a driver saves after each step; the file need not: a crash costs the steps of so long */
#define WRITE_EVERY_US (5 * G_USEC_PER_SEC)

/* first member of the file: another number means another layout, and a fresh start */
#define STATE_MAGIC  0x4e534341u /* "NSCA" */
#define FOUND_FORMAT "(ssuass)"
#define STATE_FORMAT "(usmva" FOUND_FORMAT ")"

typedef struct {
    NiloScanJob *job;
    GVariant *found; /* NULL for progress */
    guint done;
    guint total;
    char *text;
} Message;

struct _NiloScanJob {
    GObject parent_instance;

    char *driver;
    char *bus;
    char *path; /* NULL: not kept */
    char *key;  /* what was asked for, as text */
    GVariant *options;
    NiloClock *clock;
    GMainContext *context;
    gboolean resumed;

    GMutex mutex;
    /* protected by mutex */
    GVariant *checkpoint;
    GPtrArray *found; /* element-type GVariant */
    gint64 written_us;
};

enum {
    SIGNAL_FOUND,
    SIGNAL_PROGRESS,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void nilo_scan_job_iface_init(NiloScanInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloScanJob, nilo_scan_job, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_SCAN, nilo_scan_job_iface_init))

static GVariant *
build_found(NiloScanJob *self)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a" FOUND_FORMAT));
    for (guint i = 0; i < self->found->len; i++)
        g_variant_builder_add_value(&builder, g_ptr_array_index(self->found, i));
    return g_variant_builder_end(&builder);
}

static void
write_state(NiloScanJob *self)
{
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GError) error = NULL;

    if (self->path == NULL)
        return;
    state = g_variant_ref_sink(g_variant_new("(usmv@a" FOUND_FORMAT ")", STATE_MAGIC, self->key,
                                             self->checkpoint, build_found(self)));
    self->written_us = nilo_clock_get_monotonic_us(self->clock);
    if (!g_file_set_contents_full(self->path, g_variant_get_data(state),
                                  (gssize)g_variant_get_size(state), G_FILE_SET_CONTENTS_CONSISTENT,
                                  0640, &error))
        nilo_log_warning(&(NiloLogScope){.bus = self->bus}, "scan cannot be resumed later: %s",
                         error->message);
}

/* what a damaged file says must not end up in meters.d: there, each text stands on its line */
static gboolean
is_line(const char *text)
{
    while (*text != '\0' && !g_ascii_iscntrl(*text))
        text++;
    return *text == '\0';
}

static gboolean
is_sound_found(GVariant *found)
{
    g_autoptr(NiloMeterId) id = NULL;
    g_autofree const char **settings = NULL;
    const char *id_text;
    const char *address;
    const char *trouble;
    gboolean sound;

    g_variant_get(found, "(&s&su^a&s&s)", &id_text, &address, NULL, &settings, &trouble);
    id = nilo_meter_id_new(id_text, NULL);
    sound = id != NULL && is_line(address) && is_line(trouble);
    for (gsize i = 0; sound && settings[i] != NULL; i++)
        sound = is_line(settings[i]);
    return sound;
}

static gboolean
is_sound_state(GVariant *state)
{
    g_autoptr(GVariant) found = NULL;
    guint32 magic;
    gboolean sound;

    g_variant_get_child(state, 0, "u", &magic);
    if (magic != STATE_MAGIC || !g_variant_is_normal_form(state))
        return FALSE;
    found = g_variant_get_child_value(state, 3);
    sound = TRUE;
    for (gsize i = 0; sound && i < g_variant_n_children(found); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(found, i);

        sound = is_sound_found(entry);
    }
    return sound;
}

GVariant *
nilo_scan_state_parse(GBytes *bytes, GError **error)
{
    g_autoptr(GVariant) state =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(STATE_FORMAT), bytes, FALSE));

    if (!is_sound_state(state)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_DAMAGED,
                    "%" G_GSIZE_FORMAT " bytes that are no state of a scan",
                    g_bytes_get_size(bytes));
        return NULL;
    }
    return g_steal_pointer(&state);
}

static GVariant *
read_state(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    GVariant *state;
    char *text;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, error))
        return NULL;
    bytes = g_bytes_new_take(text, size);
    state = nilo_scan_state_parse(bytes, error);
    if (state == NULL)
        g_prefix_error(error, "%s: ", path);
    return state;
}

static void
resume(NiloScanJob *self)
{
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GVariant) checkpoint = NULL;
    g_autoptr(GVariant) found = NULL;
    g_autoptr(GError) error = NULL;
    const char *key;

    if (self->path == NULL)
        return;
    state = read_state(self->path, &error);
    if (state == NULL) {
        if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            nilo_log_message(&(NiloLogScope){.bus = self->bus}, "scan begins anew: %s",
                             error->message);
        return;
    }
    g_variant_get(state, "(u&smv@a" FOUND_FORMAT ")", NULL, &key, &checkpoint, &found);
    if (strcmp(key, self->key) != 0)
        return;
    self->checkpoint = g_steal_pointer(&checkpoint);
    self->resumed = TRUE;
    for (gsize i = 0; i < g_variant_n_children(found); i++)
        g_ptr_array_add(self->found, g_variant_get_child_value(found, i));
}

static void
message_free(gpointer data)
{
    Message *self = data;

    g_object_unref(self->job);
    g_clear_pointer(&self->found, g_variant_unref);
    g_free(self->text);
    g_free(self);
}

static void
emit_found(NiloScanJob *self, GVariant *found)
{
    g_autofree const char **settings = NULL;
    const char *id;
    const char *address;
    const char *trouble;
    guint32 speed_baud;

    g_variant_get(found, "(&s&su^a&s&s)", &id, &address, &speed_baud, &settings, &trouble);
    g_signal_emit(self, signals[SIGNAL_FOUND], 0, id, address, speed_baud, settings, trouble);
}

static gboolean
message_cb(gpointer user_data)
{
    Message *message = user_data;

    if (message->found != NULL)
        emit_found(message->job, message->found);
    else
        g_signal_emit(message->job, signals[SIGNAL_PROGRESS], 0, message->done, message->total,
                      message->text);
    return G_SOURCE_REMOVE;
}

static void
post(NiloScanJob *self, GVariant *found, guint done, guint total, const char *text)
{
    g_autoptr(GSource) source = g_idle_source_new();
    const Message message = {
        .job = g_object_ref(self),
        .found = found != NULL ? g_variant_ref(found) : NULL,
        .done = done,
        .total = total,
        .text = g_strdup(text),
    };

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, message_cb, g_memdup2(&message, sizeof message), message_free);
    g_source_attach(source, self->context);
}

static GVariant *
nilo_scan_job_get_options(NiloScan *scan)
{
    return NILO_SCAN_JOB(scan)->options;
}

static GVariant *
nilo_scan_job_get_checkpoint(NiloScan *scan)
{
    /* written by the caller's own thread only */
    return NILO_SCAN_JOB(scan)->checkpoint;
}

static void
nilo_scan_job_save_checkpoint(NiloScan *scan, GVariant *checkpoint)
{
    NiloScanJob *self = NILO_SCAN_JOB(scan);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    g_clear_pointer(&self->checkpoint, g_variant_unref);
    self->checkpoint = g_variant_ref(checkpoint);
    if (nilo_clock_get_monotonic_us(self->clock) - self->written_us >= WRITE_EVERY_US)
        write_state(self);
}

static gboolean
is_found(NiloScanJob *self, GVariant *found)
{
    for (guint i = 0; i < self->found->len; i++) {
        if (g_variant_equal(g_ptr_array_index(self->found, i), found))
            return TRUE;
    }
    return FALSE;
}

static void
nilo_scan_job_found(NiloScan *scan, const NiloFound *found)
{
    static const char *const nothing[] = {NULL};
    NiloScanJob *self = NILO_SCAN_JOB(scan);
    g_autoptr(GVariant) entry =
        g_variant_ref_sink(g_variant_new("(ssu^ass)", nilo_meter_id_get_text(found->id),
                                         found->address ? found->address : "", found->speed_baud,
                                         found->settings ? found->settings : nothing,
                                         found->trouble ? found->trouble : ""));
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    /* a resumed scan may come upon the last one again */
    if (is_found(self, entry))
        return;
    g_ptr_array_add(self->found, g_variant_ref(entry));
    write_state(self);
    post(self, entry, 0, 0, NULL);
}

static void
nilo_scan_job_progress(NiloScan *scan, guint done, guint total, const char *text)
{
    post(NILO_SCAN_JOB(scan), NULL, done, total, text);
}

static void
nilo_scan_job_iface_init(NiloScanInterface *iface)
{
    iface->get_options = nilo_scan_job_get_options;
    iface->get_checkpoint = nilo_scan_job_get_checkpoint;
    iface->save_checkpoint = nilo_scan_job_save_checkpoint;
    iface->found = nilo_scan_job_found;
    iface->progress = nilo_scan_job_progress;
}

static void
nilo_scan_job_finalize(GObject *object)
{
    NiloScanJob *self = NILO_SCAN_JOB(object);

    g_free(self->driver);
    g_free(self->bus);
    g_free(self->path);
    g_free(self->key);
    g_clear_pointer(&self->options, g_variant_unref);
    g_clear_pointer(&self->checkpoint, g_variant_unref);
    g_clear_pointer(&self->found, g_ptr_array_unref);
    g_clear_object(&self->clock);
    g_main_context_unref(self->context);
    g_mutex_clear(&self->mutex);
    G_OBJECT_CLASS(nilo_scan_job_parent_class)->finalize(object);
}

static void
nilo_scan_job_class_init(NiloScanJobClass *klass)
{
    const GType type = G_TYPE_FROM_CLASS(klass);

    G_OBJECT_CLASS(klass)->finalize = nilo_scan_job_finalize;
    signals[SIGNAL_FOUND] =
        g_signal_new("found", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 5,
                     G_TYPE_STRING, G_TYPE_STRING, G_TYPE_UINT, G_TYPE_STRV, G_TYPE_STRING);
    signals[SIGNAL_PROGRESS] =
        g_signal_new("progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                     G_TYPE_UINT, G_TYPE_UINT, G_TYPE_STRING);
}

static void
nilo_scan_job_init(NiloScanJob *self)
{
    g_mutex_init(&self->mutex);
    self->found = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
    self->context = g_main_context_ref_thread_default();
    self->written_us = G_MININT64 / 2;
}

NiloScanJob *
nilo_scan_job_new(const char *bus, const char *driver, GVariant *options, NiloClock *clock,
                  const char *state_dir)
{
    NiloScanJob *self = g_object_new(NILO_TYPE_SCAN_JOB, NULL);
    g_autofree char *file = g_strconcat("scan-", bus, "-", driver, ".state", NULL);

    self->bus = g_strdup(bus);
    self->driver = g_strdup(driver);
    self->clock = g_object_ref(clock);
    self->options = g_variant_ref_sink(options != NULL ? options : g_variant_new("a{sv}", NULL));
    self->key = g_variant_print(self->options, TRUE);
    self->path = state_dir != NULL ? g_build_filename(state_dir, file, NULL) : NULL;
    resume(self);
    return self;
}

const char *
nilo_scan_job_get_driver(NiloScanJob *self)
{
    return self->driver;
}

gboolean
nilo_scan_job_is_resumed(NiloScanJob *self)
{
    return self->resumed;
}

GVariant *
nilo_scan_job_dup_found(NiloScanJob *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return g_variant_ref_sink(build_found(self));
}

static gboolean
has_key(const char *const *settings, const char *key)
{
    const gsize length = strlen(key);

    for (guint i = 0; settings[i] != NULL; i++) {
        if (strncmp(settings[i], key, length) == 0 && settings[i][length] == '=')
            return TRUE;
    }
    return FALSE;
}

static void
append_group(NiloScanJob *self, GString *text, GVariant *found, const char *bus)
{
    g_autofree const char **settings = NULL;
    const char *id;
    const char *address;
    const char *trouble;
    const char *mark;
    guint32 speed_baud;

    g_variant_get(found, "(&s&su^a&s&s)", &id, &address, &speed_baud, &settings, &trouble);
    mark = trouble[0] != '\0' ? "# " : "";
    if (trouble[0] != '\0')
        g_string_append_printf(text, "# %s\n", trouble);
    g_string_append_printf(text, "%s[meter %s]\n%sbus=%s\n%sdriver=%s\n", mark, id, mark, bus, mark,
                           self->driver);
    if (address[0] != '\0')
        g_string_append_printf(text, "%saddress=%s\n", mark, address);
    if (speed_baud > 0 && !has_key(settings, "speed-baud"))
        g_string_append_printf(text, "%sspeed-baud=%u\n", mark, speed_baud);
    for (guint i = 0; settings[i] != NULL; i++)
        g_string_append_printf(text, "%s%s\n", mark, settings[i]);
    g_string_append_c(text, '\n');
}

char *
nilo_scan_job_build_groups(NiloScanJob *self, const char *bus)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < self->found->len; i++)
        append_group(self, text, g_ptr_array_index(self->found, i), bus);
    return g_string_free(text, FALSE);
}

void
nilo_scan_job_done(NiloScanJob *self)
{
    g_autoptr(GFile) file = self->path != NULL ? g_file_new_for_path(self->path) : NULL;

    if (file != NULL)
        g_file_delete(file, NULL, NULL);
}
