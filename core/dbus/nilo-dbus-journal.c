/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-journal.h"

#include <string.h>

#include "nilo-dbus-gen.h"
#include "nilo-dbus-text.h"

typedef struct {
    char *name;
    NiloCursor *cursor;
    gboolean required;
} Consumer;

struct _NiloDbusJournal {
    GObject parent_instance;

    NiloJournal *journal;
    NiloGenObjectSkeleton *object;
    NiloGenJournal *skeleton;
    GPtrArray *consumers; /* element-type Consumer */
};

G_DEFINE_FINAL_TYPE(NiloDbusJournal, nilo_dbus_journal, G_TYPE_OBJECT)

static void
free_consumer(gpointer data)
{
    Consumer *consumer = data;

    g_free(consumer->name);
    g_object_unref(consumer->cursor);
    g_free(consumer);
}

static void
nilo_dbus_journal_dispose(GObject *object)
{
    NiloDbusJournal *self = NILO_DBUS_JOURNAL(object);

    g_clear_pointer(&self->consumers, g_ptr_array_unref);
    g_clear_object(&self->journal);
    g_clear_object(&self->skeleton);
    g_clear_object(&self->object);
    G_OBJECT_CLASS(nilo_dbus_journal_parent_class)->dispose(object);
}

static void
nilo_dbus_journal_class_init(NiloDbusJournalClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = nilo_dbus_journal_dispose;
}

static void
nilo_dbus_journal_init(NiloDbusJournal *self)
{
    self->consumers = g_ptr_array_new_with_free_func(free_consumer);
}

NiloDbusJournal *
nilo_dbus_journal_new(NiloJournal *journal, guint64 size_max_bytes)
{
    NiloDbusJournal *self = g_object_new(NILO_TYPE_DBUS_JOURNAL, NULL);

    self->journal = g_object_ref(journal);
    self->object = nilo_gen_object_skeleton_new(NILO_DBUS_PATH "/journal");
    self->skeleton = nilo_gen_journal_skeleton_new();
    nilo_gen_journal_set_bytes_max(self->skeleton, size_max_bytes);
    nilo_dbus_journal_refresh(self);
    nilo_gen_object_skeleton_set_journal(self->object, self->skeleton);
    return self;
}

void
nilo_dbus_journal_note_cursor(NiloDbusJournal *self, const char *name, NiloCursor *cursor,
                              gboolean required)
{
    Consumer *consumer;

    for (guint i = 0; i < self->consumers->len; i++) {
        consumer = self->consumers->pdata[i];
        if (strcmp(consumer->name, name) == 0) {
            g_ptr_array_remove_index(self->consumers, i);
            break;
        }
    }
    consumer = g_new0(Consumer, 1);
    consumer->name = g_strdup(name);
    consumer->cursor = g_object_ref(cursor);
    consumer->required = required;
    g_ptr_array_add(self->consumers, consumer);
    nilo_dbus_journal_refresh(self);
}

static GVariant *
consumers_new(NiloDbusJournal *self, guint64 last)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("a(sttb)"));
    for (guint i = 0; i < self->consumers->len; i++) {
        const Consumer *consumer = self->consumers->pdata[i];
        const guint64 backlog = nilo_cursor_get_backlog(consumer->cursor);

        g_variant_builder_add(&list, "(sttb)", consumer->name, last - MIN(backlog, last), backlog,
                              consumer->required);
    }
    return g_variant_builder_end(&list);
}

void
nilo_dbus_journal_refresh(NiloDbusJournal *self)
{
    g_autofree char *epoch =
        g_strdup_printf("%016" G_GINT64_MODIFIER "x", nilo_journal_get_epoch(self->journal));
    g_autofree char *trouble = nilo_journal_dup_last_error(self->journal);
    const guint64 last = nilo_journal_get_last_sequence(self->journal);

    nilo_gen_journal_set_epoch(self->skeleton, epoch);
    nilo_gen_journal_set_sequence(self->skeleton, last);
    nilo_gen_journal_set_bytes(self->skeleton, nilo_journal_get_size_bytes(self->journal));
    nilo_gen_journal_set_days_left(self->skeleton, nilo_journal_get_days_left(self->journal));
    nilo_gen_journal_set_dropped(self->skeleton, nilo_journal_get_dropped(self->journal));
    nilo_gen_journal_set_trouble(self->skeleton, trouble != NULL ? trouble : "");
    nilo_gen_journal_set_cursors(self->skeleton, consumers_new(self, last));
}

GDBusObjectSkeleton *
nilo_dbus_journal_get_skeleton(NiloDbusJournal *self)
{
    return G_DBUS_OBJECT_SKELETON(self->object);
}
