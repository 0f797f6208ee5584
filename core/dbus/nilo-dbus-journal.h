/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-journal.h"

G_BEGIN_DECLS

#define NILO_TYPE_DBUS_JOURNAL (nilo_dbus_journal_get_type())

/**
 * NiloDbusJournal:
 *
 * The journal and its consumers as an object on D-Bus.
 */
G_DECLARE_FINAL_TYPE(NiloDbusJournal, nilo_dbus_journal, NILO, DBUS_JOURNAL, GObject)

NiloDbusJournal *nilo_dbus_journal_new(NiloJournal *journal, guint64 size_max_bytes);

/** nilo_dbus_journal_note_cursor: one more consumer to show, or another cursor of that name */
void nilo_dbus_journal_note_cursor(NiloDbusJournal *self, const char *name, NiloCursor *cursor,
                                   gboolean required);

/** nilo_dbus_journal_refresh: takes the numbers over */
void nilo_dbus_journal_refresh(NiloDbusJournal *self);

/** nilo_dbus_journal_get_skeleton: (transfer none): the object to export */
GDBusObjectSkeleton *nilo_dbus_journal_get_skeleton(NiloDbusJournal *self);

G_END_DECLS
