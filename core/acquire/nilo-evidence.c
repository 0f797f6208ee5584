/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-evidence.h"

#include <string.h>

typedef struct {
    char direction;
    guint size;
} Frame;

struct _NiloEvidence {
    Frame frames[NILO_EVIDENCE_MAX_FRAMES];
    guint n_frames;
    guint8 bytes[NILO_EVIDENCE_MAX_BYTES];
    guint n_bytes;
};

NiloEvidence *
nilo_evidence_new(void)
{
    return g_new0(NiloEvidence, 1);
}

void
nilo_evidence_free(NiloEvidence *self)
{
    g_free(self);
}

void
nilo_evidence_clear(NiloEvidence *self)
{
    self->n_frames = 0;
    self->n_bytes = 0;
}

static void
drop_oldest(NiloEvidence *self)
{
    const guint size = self->frames[0].size;

    self->n_bytes -= size;
    memmove(self->bytes, self->bytes + size, self->n_bytes);
    self->n_frames--;
    memmove(self->frames, self->frames + 1, self->n_frames * sizeof(Frame));
}

void
nilo_evidence_add(NiloEvidence *self, char direction, const guint8 *bytes, gsize size)
{
    Frame *last = self->n_frames > 0 ? &self->frames[self->n_frames - 1] : NULL;
    const gboolean joins = last != NULL && direction == '<' && last->direction == '<';

    /* babble: what was heard first tells more than what came last */
    size = MIN(size, (gsize)NILO_EVIDENCE_MAX_BYTES / 2);
    if (joins)
        size = MIN(size, (gsize)(NILO_EVIDENCE_MAX_BYTES / 2 -
                                 MIN(last->size, NILO_EVIDENCE_MAX_BYTES / 2)));
    if (size == 0)
        return;
    while ((!joins && self->n_frames == NILO_EVIDENCE_MAX_FRAMES) ||
           self->n_bytes + size > NILO_EVIDENCE_MAX_BYTES)
        drop_oldest(self);
    if (!joins)
        self->frames[self->n_frames++] = (Frame){direction, 0};
    memcpy(self->bytes + self->n_bytes, bytes, size);
    self->frames[self->n_frames - 1].size += (guint)size;
    self->n_bytes += (guint)size;
}

GBytes *
nilo_evidence_to_bytes(const NiloEvidence *self)
{
    GString *text;
    guint at = 0;

    if (self->n_frames == 0)
        return NULL;
    text = g_string_sized_new(2 * self->n_bytes + 3 * self->n_frames);
    for (guint i = 0; i < self->n_frames; i++) {
        g_string_append_c(text, self->frames[i].direction);
        g_string_append_c(text, ' ');
        for (guint end = at + self->frames[i].size; at < end; at++)
            g_string_append_printf(text, "%02x", self->bytes[at]);
        g_string_append_c(text, '\n');
    }
    return g_string_free_to_bytes(text);
}
