/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "nilo-batch-packed.h"
#include "nilo-error.h"
#include "nilo-journal-private.h"
#include "nilo-log.h"

/* an event, and what somebody asked for, wait so long for others */
#define URGENT_DELAY_US (200 * (gint64)1000)
/* events that may wait in memory; an event is a hint, so few are enough */
#define MAX_EVENTS 256
/* a cursor's file is written with the flush of a batch once it is so far behind */
#define SAVE_EVERY 8
/* and without one, when it is so far behind */
#define SAVE_AT_ONCE 64
#define DAY_US       (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)
#define MIN_RATE_US  (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

typedef struct {
    NiloReport *report;
    NiloSinkStored stored;
    gpointer user_data;
} Entry;

/* what the getters see of the writer's store */
typedef struct {
    gboolean is_open;
    guint64 epoch;
    guint64 next;
    guint64 first;
    guint64 overwritten;
    gint64 oldest_us;
    gint64 size;
    gint64 used;
} Stats;

struct _NiloJournal {
    GObject parent_instance;

    NiloJournalConfig *config;
    NiloJournalFiles *files; /* borrowed, outlives us */
    NiloClock *clock;
    NiloJournalStore *store; /* the writer's, and the opening thread's before it runs */
    GThread *writer;
    gint64 retry_at_us; /* the writer's: not before this; 0 while all is well */
    gboolean is_failing;

    GMutex mutex; /* guards everything below */
    GCond wake;   /* for the writer */
    GCond idle;   /* for nilo_journal_sync() */
    GQueue queue; /* element-type Entry, oldest first */
    GQueue drops; /* element-type Entry: to be told */
    GQueue events;
    GQueue reads;        /* element-type GTask, of nilo_journal_read_async() */
    GPtrArray *cursors;  /* element-type NiloJournalCursor */
    gint64 deadline_us;  /* when the queue is written */
    guint64 flush_asked; /* counts */
    guint64 flush_done;
    guint64 skip_to;
    guint64 dropped;
    gboolean has_work; /* something changed that the writer should look at */
    gboolean save_cursors;
    gboolean closing;
    Stats stats;
    char *last_error;
    NiloJournalNotify notify;
    gpointer notify_data;
};

static void nilo_journal_sink_iface_init(NiloSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloJournal, nilo_journal, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_SINK, nilo_journal_sink_iface_init))

static void
entry_free(Entry *entry)
{
    nilo_report_unref(entry->report);
    g_free(entry);
}

static void
tell_entry(Entry *entry, guint64 sequence)
{
    if (entry->stored != NULL)
        entry->stored(entry->report, sequence, entry->user_data);
    entry_free(entry);
}

/* waiting is real even when a test's clock stands still: it decides when, never what, is written */
static gint64
get_waiting_time_us(void)
{
    return g_get_monotonic_time();
}

static gint64
get_utc_us(NiloJournal *self)
{
    if (nilo_clock_get_quality(self->clock) == NILO_CLOCK_UNKNOWN)
        return 0;
    return nilo_clock_get_utc_us(self->clock);
}

/* --- with the lock held --- */

void
nilo_journal_wake(NiloJournal *self)
{
    self->has_work = TRUE;
    g_cond_signal(&self->wake);
}

guint64
nilo_journal_get_last_locked(NiloJournal *self)
{
    return self->stats.next - 1;
}

guint64
nilo_journal_get_first_locked(NiloJournal *self)
{
    return self->stats.first;
}

void
nilo_journal_note_acknowledged(NiloJournal *self, NiloJournalCursor *cursor)
{
    if (cursor->acknowledged - MIN(cursor->saved.sequence, cursor->acknowledged) < SAVE_AT_ONCE)
        return;
    self->save_cursors = TRUE;
    nilo_journal_wake(self);
}

static void
set_deadline(NiloJournal *self, gint64 delay_us)
{
    const gint64 deadline_us = get_waiting_time_us() + delay_us;

    if (deadline_us < self->deadline_us) {
        self->deadline_us = deadline_us;
        g_cond_signal(&self->wake);
    }
}

static void
drop_oldest(NiloJournal *self)
{
    const guint limit = nilo_journal_config_get_ring_max_reports(self->config);

    while (self->queue.length > limit) {
        g_queue_push_tail(&self->drops, g_queue_pop_head(&self->queue));
        self->dropped++;
        nilo_journal_wake(self);
    }
}

static void
queue_event(NiloJournal *self, NiloEvent *event)
{
    if (self->events.length >= MAX_EVENTS) {
        self->dropped++;
        return;
    }
    g_queue_push_tail(&self->events, nilo_event_ref(event));
    set_deadline(self, URGENT_DELAY_US);
}

/* --- the sink: any thread --- */

static gboolean
is_urgent(NiloReport *report)
{
    const NiloReportCause cause = nilo_report_get_cause(report);

    return cause == NILO_CAUSE_DEMAND || cause == NILO_CAUSE_WRITE;
}

static void
journal_put_report(NiloSink *sink, NiloReport *report, NiloSinkStored stored, gpointer user_data)
{
    NiloJournal *self = NILO_JOURNAL(sink);
    const gint64 delay_us = nilo_journal_config_get_batch_delay_ms(self->config) * (gint64)1000;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = NULL;
    Entry *entry = g_new(Entry, 1);

    *entry = (Entry){nilo_report_ref(report), stored, user_data};
    locker = g_mutex_locker_new(&self->mutex);
    if (self->closing) {
        self->dropped++;
        g_clear_pointer(&locker, g_mutex_locker_free);
        tell_entry(entry, 0);
        return;
    }
    g_queue_push_tail(&self->queue, entry);
    set_deadline(self, is_urgent(report) ? MIN(delay_us, URGENT_DELAY_US) : delay_us);
    drop_oldest(self);
    if (self->queue.length >= nilo_journal_config_get_batch_max_reports(self->config))
        g_cond_signal(&self->wake);
}

static void
journal_put_event(NiloSink *sink, NiloEvent *event)
{
    NiloJournal *self = NILO_JOURNAL(sink);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    queue_event(self, event);
}

static void
journal_flush(NiloSink *sink)
{
    NiloJournal *self = NILO_JOURNAL(sink);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->flush_asked++;
    g_cond_signal(&self->wake);
}

static void
nilo_journal_sink_iface_init(NiloSinkInterface *iface)
{
    iface->put_report = journal_put_report;
    iface->put_event = journal_put_event;
    iface->flush = journal_flush;
}

/* --- the writer --- */

/* without the lock */
static void
notify(NiloJournal *self, const char *kind, const char *text)
{
    g_autoptr(NiloEvent) event =
        nilo_event_new(kind, NULL, NULL, nilo_clock_get_utc_us(self->clock), text);
    NiloJournalNotify function;
    gpointer data;

    nilo_log_warning(NULL, "%s", text);
    g_mutex_lock(&self->mutex);
    queue_event(self, event);
    function = self->notify;
    data = self->notify_data;
    g_mutex_unlock(&self->mutex);
    if (function != NULL)
        function(event, data);
}

static void
store_report_cb(const char *kind, const char *text, gpointer user_data)
{
    notify(NILO_JOURNAL(user_data), kind, text);
}

static void
update_stats(NiloJournal *self)
{
    const Stats stats = {
        .is_open = nilo_journal_store_is_open(self->store),
        .epoch = nilo_journal_store_get_epoch(self->store),
        .next = nilo_journal_store_get_next(self->store),
        .first = nilo_journal_store_get_first(self->store),
        .overwritten = nilo_journal_store_get_overwritten(self->store),
        .oldest_us = nilo_journal_store_get_oldest_us(self->store),
        .size = nilo_journal_store_get_size(self->store),
        .used = nilo_journal_store_get_used(self->store),
    };
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->stats = stats;
}

static void
note_failure(NiloJournal *self, const GError *error)
{
    const gint64 delay_us = nilo_journal_config_get_retry_ms(self->config) * (gint64)1000;

    self->retry_at_us = get_waiting_time_us() + delay_us;
    g_mutex_lock(&self->mutex);
    g_free(self->last_error);
    self->last_error = g_strdup(error->message);
    g_mutex_unlock(&self->mutex);
    if (!self->is_failing) {
        g_autofree char *text =
            g_strdup_printf(_("the journal cannot be written, reports wait in memory: %s"),
                            error->message);

        self->is_failing = TRUE;
        notify(self, "journal-failing", text);
    }
}

static void
note_success(NiloJournal *self)
{
    self->retry_at_us = 0;
    if (!self->is_failing)
        return;
    self->is_failing = FALSE;
    g_mutex_lock(&self->mutex);
    g_clear_pointer(&self->last_error, g_free);
    g_mutex_unlock(&self->mutex);
    notify(self, "journal-back", _("the journal is written again"));
}

static gboolean
ensure_store_open(NiloJournal *self)
{
    g_autoptr(GError) error = NULL;

    if (nilo_journal_store_is_open(self->store))
        return TRUE;
    if (!nilo_journal_store_open(self->store, &error)) {
        note_failure(self, error);
        return FALSE;
    }
    update_stats(self);
    note_success(self);
    return TRUE;
}

/* a cursor further than the journal: its last records are gone, and known elsewhere */
static void
load_cursor(NiloJournal *self, NiloJournalCursor *cursor)
{
    const NiloJournalPositionState state =
        nilo_journal_position_load(self->files, cursor->path, &cursor->saved);
    const guint64 epoch = nilo_journal_store_get_epoch(self->store);
    g_autofree char *text = NULL;

    if (state == NILO_JOURNAL_POSITION_DAMAGED)
        text = g_strdup_printf(_("%s is damaged: \"%s\" gets everything kept once more"),
                               cursor->path, cursor->name);
    if (cursor->saved.epoch != epoch)
        cursor->saved.sequence = 0;
    cursor->saved.epoch = epoch;
    if (cursor->saved.sequence >= nilo_journal_store_get_next(self->store)) {
        text = g_strdup_printf(_("the journal in %s ends before what \"%s\" has acknowledged: "
                                 "batches are lost"),
                               nilo_journal_store_get_folder(self->store), cursor->name);
        nilo_journal_store_skip_to(self->store, cursor->saved.sequence);
        update_stats(self);
    }
    if (text != NULL)
        notify(self, "journal-damaged", text);
    g_mutex_lock(&self->mutex);
    cursor->acknowledged = cursor->saved.sequence;
    cursor->loaded = TRUE;
    g_cond_broadcast(&self->idle);
    g_mutex_unlock(&self->mutex);
}

/* (transfer container): so that cursors may be opened meanwhile */
static GPtrArray *
copy_cursors(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    GPtrArray *cursors = g_ptr_array_new_with_free_func(g_object_unref);

    for (guint i = 0; i < self->cursors->len; i++)
        g_ptr_array_add(cursors, g_object_ref(self->cursors->pdata[i]));
    return cursors;
}

static void
load_cursors(NiloJournal *self)
{
    g_autoptr(GPtrArray) cursors = copy_cursors(self);

    for (guint i = 0; i < cursors->len; i++) {
        if (!((NiloJournalCursor *)cursors->pdata[i])->loaded)
            load_cursor(self, cursors->pdata[i]);
    }
}

static void
save_cursor(NiloJournal *self, NiloJournalCursor *cursor, guint64 least)
{
    NiloJournalPosition position = cursor->saved;
    int result;

    g_mutex_lock(&self->mutex);
    position.sequence = cursor->acknowledged;
    g_mutex_unlock(&self->mutex);
    if (!cursor->loaded || position.sequence < cursor->saved.sequence + least)
        return;
    result = nilo_journal_position_save(self->files, nilo_journal_store_get_folder(self->store),
                                        cursor->path, &position);
    if (result < 0)
        nilo_log_info(NULL, "cannot write %s: %s", cursor->path, g_strerror(-result));
    else
        cursor->saved = position;
}

static void
save_cursors(NiloJournal *self, guint64 least)
{
    g_autoptr(GPtrArray) cursors = copy_cursors(self);

    for (guint i = 0; i < cursors->len; i++)
        save_cursor(self, cursors->pdata[i], least);
}

static guint64
find_needed_from(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    guint64 needed_from = G_MAXUINT64;

    for (guint i = 0; i < self->cursors->len; i++) {
        const NiloJournalCursor *cursor = self->cursors->pdata[i];

        if (cursor->required)
            needed_from = MIN(needed_from, cursor->acknowledged + 1);
    }
    return needed_from;
}

/* what one batch is made of, until it is stored or goes back */
typedef struct {
    GPtrArray *entries; /* element-type Entry, borrowed */
    GPtrArray *events;  /* element-type NiloEvent */
} Load;

static void
load_clear(Load *load)
{
    g_clear_pointer(&load->entries, g_ptr_array_unref);
    g_clear_pointer(&load->events, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Load, load_clear)

static void
take_load(NiloJournal *self, Load *load)
{
    const guint limit = nilo_journal_config_get_batch_max_reports(self->config);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    load->entries = g_ptr_array_new();
    load->events = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_event_unref);
    while (self->events.length > 0)
        g_ptr_array_add(load->events, g_queue_pop_head(&self->events));
    while (self->queue.length > 0 && load->entries->len < limit)
        g_ptr_array_add(load->entries, g_queue_pop_head(&self->queue));
}

/* all but the first go back to where they were */
static void
put_back(NiloJournal *self, Load *load, guint n_entries, guint n_events)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    while (load->entries->len > n_entries)
        g_queue_push_head(&self->queue,
                          g_ptr_array_steal_index(load->entries, load->entries->len - 1));
    while (load->events->len > n_events)
        g_queue_push_head(&self->events,
                          g_ptr_array_steal_index(load->events, load->events->len - 1));
    drop_oldest(self);
}

static GBytes *
pack_load(NiloJournal *self, const Load *load)
{
    g_autoptr(GPtrArray) reports = g_ptr_array_new();
    g_autoptr(NiloBatch) batch = NULL;

    for (guint i = 0; i < load->entries->len; i++)
        g_ptr_array_add(reports, ((Entry *)load->entries->pdata[i])->report);
    batch = nilo_batch_new(nilo_journal_store_get_epoch(self->store),
                           nilo_journal_store_get_next(self->store), reports, load->events);
    return nilo_batch_pack(batch);
}

static void
tell_load(Load *load, guint64 sequence)
{
    for (guint i = 0; i < load->entries->len; i++)
        tell_entry(load->entries->pdata[i], sequence);
    g_ptr_array_set_size(load->entries, 0);
    g_ptr_array_set_size(load->events, 0);
}

static void
drop_load(NiloJournal *self, Load *load)
{
    g_mutex_lock(&self->mutex);
    self->dropped += load->entries->len + load->events->len;
    g_mutex_unlock(&self->mutex);
    tell_load(load, 0);
}

/* as much of the load as fits a segment; what never will is dropped */
static GBytes *
pack_what_fits(NiloJournal *self, Load *load)
{
    while (load->entries->len + load->events->len > 0) {
        g_autoptr(GBytes) packed = pack_load(self, load);

        if (g_bytes_get_size(packed) <= nilo_journal_store_get_largest(self->store))
            return g_steal_pointer(&packed);
        if (load->entries->len + load->events->len == 1) {
            nilo_log_warning(
                NULL, _("a report of %zu bytes is larger than a journal segment and is dropped"),
                g_bytes_get_size(packed));
            drop_load(self, load);
        } else {
            put_back(self, load, load->entries->len / 2, (load->events->len + 1) / 2);
        }
    }
    return NULL;
}

/* one batch of what is queued; FALSE when the disk refuses */
static gboolean
write_batch(NiloJournal *self)
{
    g_auto(Load) load = {0};
    g_autoptr(GBytes) packed = NULL;
    g_autoptr(GError) error = NULL;
    guint64 sequence;

    if (!ensure_store_open(self))
        return FALSE;
    load_cursors(self);
    take_load(self, &load);
    packed = pack_what_fits(self, &load);
    if (packed == NULL)
        return TRUE;
    sequence = nilo_journal_store_get_next(self->store);
    if (!nilo_journal_store_append(self->store, packed, get_utc_us(self), find_needed_from(self),
                                   &error)) {
        put_back(self, &load, 0, 0);
        update_stats(self);
        note_failure(self, error);
        return FALSE;
    }
    update_stats(self);
    tell_load(&load, sequence);
    note_success(self);
    save_cursors(self, SAVE_EVERY);
    return TRUE;
}

static gboolean
has_content(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return self->queue.length > 0 || self->events.length > 0;
}

static void
drop_everything(NiloJournal *self)
{
    while (has_content(self)) {
        g_auto(Load) load = {0};

        take_load(self, &load);
        drop_load(self, &load);
    }
}

static void
write_queue(NiloJournal *self)
{
    const gint64 later_us = G_MAXINT64;
    guint64 asked;

    g_mutex_lock(&self->mutex);
    asked = self->flush_asked;
    self->deadline_us = later_us;
    g_mutex_unlock(&self->mutex);

    while (has_content(self) && write_batch(self))
        ;

    g_mutex_lock(&self->mutex);
    self->flush_done = asked;
    if (self->queue.length == 0 && self->events.length == 0)
        self->deadline_us = later_us; /* who came while we wrote went along, and his deadline */
    else if (self->retry_at_us != 0)
        self->deadline_us = self->retry_at_us;
    g_cond_broadcast(&self->idle);
    g_mutex_unlock(&self->mutex);
}

static void
tell_drops(NiloJournal *self)
{
    GQueue drops = G_QUEUE_INIT;
    Entry *entry;

    g_mutex_lock(&self->mutex);
    drops = self->drops;
    g_queue_init(&self->drops);
    g_mutex_unlock(&self->mutex);
    while ((entry = g_queue_pop_head(&drops)) != NULL)
        tell_entry(entry, 0);
}

/* the first batch behind @after that can be understood; %NULL when there is none, or with @error */
static NiloBatch *
read_batch(NiloJournal *self, guint64 after, NiloJournalPlace *place, GError **error)
{
    g_autoptr(GBytes) packed = NULL;

    while ((packed = nilo_journal_store_read(self->store, after, place, &after, error)) != NULL) {
        g_autoptr(GError) unpack_error = NULL;
        gsize size;
        const guint8 *bytes = g_bytes_get_data(packed, &size);
        NiloBatch *batch = nilo_batch_unpack(bytes, size, &unpack_error);
        g_autofree char *text = NULL;

        if (batch != NULL)
            return batch;
        text = g_strdup_printf(_("journal batch %" PRIu64 " is passed over: %s"), after,
                               unpack_error->message);
        notify(self, "journal-damaged", text);
        g_clear_pointer(&packed, g_bytes_unref);
    }
    return NULL;
}

static void
serve_cursor(NiloJournal *self, NiloJournalCursor *cursor)
{
    g_autoptr(GError) error = NULL;
    gboolean waits, cancelled, can_read;
    guint64 after;
    NiloBatch *batch;

    g_mutex_lock(&self->mutex);
    waits = cursor->pending != NULL;
    cancelled = cursor->cancelled;
    after = cursor->acknowledged;
    can_read = self->stats.is_open && cursor->loaded;
    g_mutex_unlock(&self->mutex);
    if (!waits)
        return;
    if (cancelled) {
        nilo_journal_cursor_complete(cursor, NULL, NULL);
        return;
    }
    if (!can_read)
        return;
    batch = read_batch(self, after, &cursor->place, &error);
    if (batch != NULL)
        nilo_journal_cursor_complete(cursor, batch, NULL);
    else if (error != NULL)
        note_failure(self, error); /* the take waits until the disk can be read again */
}

static void
serve_reads(NiloJournal *self)
{
    GTask *next;

    do {
        g_mutex_lock(&self->mutex);
        next = g_queue_pop_head(&self->reads);
        g_mutex_unlock(&self->mutex);
        if (next != NULL) {
            g_autoptr(GTask) task = next;
            const guint64 *after = g_task_get_task_data(task);
            NiloJournalPlace place = {0};
            GError *error = NULL;
            NiloBatch *batch = nilo_journal_store_is_open(self->store)
                                   ? read_batch(self, *after, &place, &error)
                                   : NULL;

            if (error != NULL)
                g_task_return_error(task, error);
            else
                g_task_return_pointer(task, batch, (GDestroyNotify)nilo_batch_unref);
        }
    } while (next != NULL);
}

static void
serve_readers(NiloJournal *self)
{
    g_autoptr(GPtrArray) cursors = NULL;

    if (nilo_journal_store_is_open(self->store))
        load_cursors(self);
    cursors = copy_cursors(self);
    for (guint i = 0; i < cursors->len; i++)
        serve_cursor(self, cursors->pdata[i]);
    serve_reads(self);
}

/* with the lock held */
static gboolean
must_write(NiloJournal *self, gint64 now_us)
{
    if (self->flush_asked != self->flush_done)
        return TRUE;
    if (self->queue.length == 0 && self->events.length == 0)
        return FALSE;
    if (now_us < self->retry_at_us)
        return FALSE;
    return now_us >= self->deadline_us ||
           self->queue.length >= nilo_journal_config_get_batch_max_reports(self->config);
}

/* with the lock held: until there is something to do; TRUE when that is writing */
static gboolean
wait_for_work(NiloJournal *self)
{
    while (!self->closing && !self->has_work) {
        const gint64 now_us = get_waiting_time_us();
        gint64 until_us = MAX(self->deadline_us, self->retry_at_us);

        if (must_write(self, now_us))
            break;
        if (self->retry_at_us > now_us)
            until_us = MIN(until_us, self->retry_at_us);
        else if (self->retry_at_us != 0)
            break;
        if (until_us == G_MAXINT64)
            g_cond_wait(&self->wake, &self->mutex);
        else
            g_cond_wait_until(&self->wake, &self->mutex, until_us);
    }
    self->has_work = FALSE;
    return !self->closing && must_write(self, get_waiting_time_us());
}

static gpointer
writer_main(gpointer data)
{
    NiloJournal *self = NILO_JOURNAL(data);
    gboolean closing = FALSE;

    while (!closing) {
        gboolean must, save;

        g_mutex_lock(&self->mutex);
        must = wait_for_work(self);
        save = self->save_cursors;
        self->save_cursors = FALSE;
        closing = self->closing;
        g_mutex_unlock(&self->mutex);

        tell_drops(self);
        if (must || closing)
            write_queue(self);
        else if (self->retry_at_us != 0 && get_waiting_time_us() >= self->retry_at_us) {
            self->retry_at_us = 0;
            ensure_store_open(self);
        }
        if (save || closing)
            save_cursors(self, 1);
        serve_readers(self);
    }
    drop_everything(self);
    tell_drops(self);
    return NULL;
}

/* --- the owner --- */

NiloJournal *
nilo_journal_open(NiloJournalConfig *config, NiloJournalFiles *files, NiloClock *clock,
                  GError **error)
{
    g_autoptr(NiloJournal) self = NULL;
    g_autoptr(GError) open_error = NULL;
    NiloJournalStoreLimits limits;

    g_return_val_if_fail(NILO_IS_JOURNAL_CONFIG(config), NULL);
    g_return_val_if_fail(NILO_IS_CLOCK(clock), NULL);

    limits = (NiloJournalStoreLimits){
        .size_max = (gint64)nilo_journal_config_get_size_max_bytes(config),
        .segment_size = (gint64)nilo_journal_config_get_segment_bytes(config),
        .age_max_us = nilo_journal_config_get_age_max_days(config) * DAY_US,
        .free_min = (gint64)nilo_journal_config_get_free_min_bytes(config),
    };
    self = g_object_new(NILO_TYPE_JOURNAL, NULL);
    self->config = g_object_ref(config);
    self->clock = g_object_ref(clock);
    self->files = files != NULL ? files : nilo_journal_files_get_real();
    self->store = nilo_journal_store_new(nilo_journal_config_get_folder(config), self->files,
                                         &limits, store_report_cb, self);
    if (!nilo_journal_store_open(self->store, &open_error)) {
        if (g_error_matches(open_error, NILO_ERROR, NILO_ERROR_BUSY)) {
            g_propagate_error(error, g_steal_pointer(&open_error));
            return NULL;
        }
        note_failure(self, open_error);
    }
    update_stats(self);
    self->writer = g_thread_new("nilo-journal", writer_main, self);
    return g_steal_pointer(&self);
}

static void
close_cursor(NiloJournal *self, NiloJournalCursor *cursor)
{
    gboolean waits;

    g_mutex_lock(&self->mutex);
    cursor->journal = NULL;
    waits = cursor->pending != NULL;
    g_mutex_unlock(&self->mutex);
    if (waits)
        nilo_journal_cursor_complete(cursor, NULL,
                                     g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED,
                                                         _("the journal is closed")));
}

void
nilo_journal_close(NiloJournal *self)
{
    g_autoptr(GPtrArray) cursors = NULL;

    g_return_if_fail(NILO_IS_JOURNAL(self));

    if (self->writer == NULL)
        return;
    g_mutex_lock(&self->mutex);
    self->closing = TRUE;
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->mutex);
    g_clear_pointer(&self->writer, g_thread_join);
    g_clear_pointer(&self->store, nilo_journal_store_free);

    cursors = copy_cursors(self);
    for (guint i = 0; i < cursors->len; i++)
        close_cursor(self, cursors->pdata[i]);
    g_ptr_array_set_size(self->cursors, 0);
}

void
nilo_journal_sync(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = NULL;
    guint64 ticket;

    g_return_if_fail(NILO_IS_JOURNAL(self));

    locker = g_mutex_locker_new(&self->mutex);
    ticket = ++self->flush_asked;
    g_cond_signal(&self->wake);
    while (self->flush_done < ticket && !self->closing)
        g_cond_wait(&self->idle, &self->mutex);
}

void
nilo_journal_set_notify(NiloJournal *self, NiloJournalNotify function, gpointer user_data)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->notify = function;
    self->notify_data = user_data;
}

static gboolean
is_name(const char *name)
{
    const gsize length = strlen(name);

    return length > 0 && length <= 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static gboolean
add_cursor(NiloJournal *self, NiloJournalCursor *cursor)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    for (guint i = 0; i < self->cursors->len; i++) {
        if (strcmp(((NiloJournalCursor *)self->cursors->pdata[i])->name, cursor->name) == 0)
            return FALSE;
    }
    g_ptr_array_add(self->cursors, g_object_ref(cursor));
    nilo_journal_wake(self);
    /* where it stands is known once the writer has read its file */
    while (self->stats.is_open && !cursor->loaded && !self->closing)
        g_cond_wait(&self->idle, &self->mutex);
    return TRUE;
}

NiloCursor *
nilo_journal_open_cursor(NiloJournal *self, const char *name, gboolean required, GError **error)
{
    g_autoptr(NiloJournalCursor) cursor = NULL;
    g_autofree char *file = NULL;
    g_autofree char *path = NULL;

    g_return_val_if_fail(NILO_IS_JOURNAL(self), NULL);

    if (!is_name(name)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("\"%.70s\" is no name of a cursor, expected 1 to 64 of a-z, 0-9 and -"),
                    name);
        return NULL;
    }
    file = g_strconcat(name, ".cursor", NULL);
    path = g_build_filename(nilo_journal_config_get_folder(self->config), file, NULL);
    cursor = nilo_journal_cursor_new(self, &self->mutex, name, path, required);
    if (!add_cursor(self, cursor)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_EXISTS, _("cursor \"%s\" is open already"), name);
        return NULL;
    }
    return NILO_CURSOR(g_steal_pointer(&cursor));
}

void
nilo_journal_read_async(NiloJournal *self, guint64 after, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = NULL;

    g_task_set_source_tag(task, nilo_journal_read_async);
    g_task_set_task_data(task, g_memdup2(&after, sizeof after), g_free);
    locker = g_mutex_locker_new(&self->mutex);
    if (self->closing) {
        g_clear_pointer(&locker, g_mutex_locker_free);
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CLOSED, "%s",
                                _("the journal is closed"));
        g_object_unref(task);
        return;
    }
    g_queue_push_tail(&self->reads, task);
    nilo_journal_wake(self);
}

NiloBatch *
nilo_journal_read_finish(NiloJournal *self, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static Stats
get_stats(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return self->stats;
}

guint64
nilo_journal_get_epoch(NiloJournal *self)
{
    return get_stats(self).epoch;
}

guint64
nilo_journal_get_last_sequence(NiloJournal *self)
{
    return get_stats(self).next - 1;
}

guint64
nilo_journal_get_n_batches(NiloJournal *self)
{
    const Stats stats = get_stats(self);

    return stats.next - stats.first;
}

guint64
nilo_journal_get_size_bytes(NiloJournal *self)
{
    return (guint64)get_stats(self).size;
}

gint64
nilo_journal_get_oldest_us(NiloJournal *self)
{
    return get_stats(self).oldest_us;
}

guint
nilo_journal_get_waiting(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return self->queue.length;
}

guint64
nilo_journal_get_dropped(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return self->dropped;
}

guint64
nilo_journal_get_overwritten(NiloJournal *self)
{
    return get_stats(self).overwritten;
}

gint
nilo_journal_get_days_left(NiloJournal *self)
{
    const Stats stats = get_stats(self);
    const gint64 now_us = get_utc_us(self);
    const guint64 needed_from = find_needed_from(self);
    const gint64 seen_us = now_us - stats.oldest_us;
    guint64 kept = stats.next - stats.first, needed;
    gint64 room;

    if (now_us == 0 || stats.oldest_us == 0 || seen_us < MIN_RATE_US || kept == 0)
        return -1;
    needed = needed_from >= stats.next ? 0 : stats.next - MAX(needed_from, stats.first);
    room = (gint64)nilo_journal_config_get_size_max_bytes(self->config) -
           (gint64)((double)stats.used * (double)needed / (double)kept);
    return (gint)CLAMP((double)room * (double)seen_us / (double)stats.used / (double)DAY_US, 0,
                       G_MAXINT);
}

char *
nilo_journal_dup_last_error(NiloJournal *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return g_strdup(self->last_error);
}

static void
nilo_journal_finalize(GObject *object)
{
    NiloJournal *self = NILO_JOURNAL(object);

    nilo_journal_close(self);
    g_clear_pointer(&self->store, nilo_journal_store_free);
    g_queue_clear_full(&self->events, (GDestroyNotify)nilo_event_unref);
    g_ptr_array_unref(self->cursors);
    g_clear_object(&self->config);
    g_clear_object(&self->clock);
    g_free(self->last_error);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->wake);
    g_cond_clear(&self->idle);
    G_OBJECT_CLASS(nilo_journal_parent_class)->finalize(object);
}

static void
nilo_journal_class_init(NiloJournalClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_journal_finalize;
}

static void
nilo_journal_init(NiloJournal *self)
{
    g_mutex_init(&self->mutex);
    g_cond_init(&self->wake);
    g_cond_init(&self->idle);
    g_queue_init(&self->queue);
    g_queue_init(&self->drops);
    g_queue_init(&self->events);
    g_queue_init(&self->reads);
    self->cursors = g_ptr_array_new_with_free_func(g_object_unref);
    self->deadline_us = G_MAXINT64;
    self->stats.next = 1;
    self->stats.first = 1;
}
