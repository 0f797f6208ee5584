/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One stream of chance: equal seeds give equal streams on every machine. */
typedef struct {
    guint64 state;
} NiloLabRandom;

guint64 nilo_lab_hash(guint64 seed, guint64 a, guint64 b);
guint64 nilo_lab_hash_text(guint64 seed, const char *text);

void nilo_lab_random_init(NiloLabRandom *random, guint64 seed);
guint64 nilo_lab_random_next(NiloLabRandom *random);
guint32 nilo_lab_random_below(NiloLabRandom *random, guint32 limit);
gboolean nilo_lab_random_happens(NiloLabRandom *random, guint32 ppm);

G_END_DECLS
