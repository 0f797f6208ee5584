/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-second-master.h"

#include <string.h>

#define NS_PER_S      G_GINT64_CONSTANT(1000000000)
#define NS_PER_MS     G_GINT64_CONSTANT(1000000)
#define BITS_PER_BYTE 11
#define MAX_KNOWN     16
/* M-Bus selection of a secondary address, low and high byte first */
#define CI_SELECT      0x52
#define CI_SELECT_HIGH 0x56
#define CJT188_READ    0x01

struct _NiloLabSecondMaster {
    GPtrArray *known; /* element-type GBytes; the oldest gives way */
    guint8 bytes[NILO_LAB_SECOND_MASTER_MAX];
    gsize size; /* of what it says, or is about to */
    gsize said; /* of these */
    guint speed_baud;
    gint64 start_ns; /* of its next byte */
};

/**
 * nilo_lab_second_master_new:
 *
 * Returns: (transfer full): one that knows no request yet
 */
NiloLabSecondMaster *
nilo_lab_second_master_new(void)
{
    NiloLabSecondMaster *self = g_new0(NiloLabSecondMaster, 1);

    self->known = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    return self;
}

/**
 * nilo_lab_second_master_free:
 * @self: (transfer full): a second master
 */
void
nilo_lab_second_master_free(NiloLabSecondMaster *self)
{
    g_ptr_array_unref(self->known);
    g_free(self);
}

/* it reads and selects, and changes nothing */
static gboolean
is_harmless(const NiloLabHeard *heard)
{
    if (!heard->is_mbus)
        return heard->cjt188.control == CJT188_READ;
    return !heard->mbus.has_ci || heard->mbus.ci == CI_SELECT || heard->mbus.ci == CI_SELECT_HIGH;
}

/**
 * nilo_lab_second_master_learn:
 * @self: a second master
 * @heard: a sound request on the wire
 * @bytes: (array length=size): the same
 * @size: at most %NILO_LAB_SECOND_MASTER_MAX
 *
 * Remembers it for a question of its own, if it changes nothing.
 */
void
nilo_lab_second_master_learn(NiloLabSecondMaster *self, const NiloLabHeard *heard,
                             const guint8 *bytes, gsize size)
{
    g_autoptr(GBytes) request = g_bytes_new(bytes, size);

    if (!is_harmless(heard) ||
        g_ptr_array_find_with_equal_func(self->known, request, g_bytes_equal, NULL))
        return;
    if (self->known->len == MAX_KNOWN)
        g_ptr_array_remove_index(self->known, 0);
    g_ptr_array_add(self->known, g_steal_pointer(&request));
}

/**
 * nilo_lab_second_master_say:
 * @self: a second master
 * @bytes: (array length=size): what to say, in place of what it was saying
 * @size: at most %NILO_LAB_SECOND_MASTER_MAX
 * @speed_baud: at this speed
 * @start_ns: monotonic time of the first start bit
 */
void
nilo_lab_second_master_say(NiloLabSecondMaster *self, const guint8 *bytes, gsize size,
                           guint speed_baud, gint64 start_ns)
{
    self->size = MIN(size, sizeof self->bytes);
    memcpy(self->bytes, bytes, self->size);
    self->said = 0;
    self->speed_baud = speed_baud;
    self->start_ns = start_ns;
}

/**
 * nilo_lab_second_master_plan:
 * @self: a second master
 * @random: where its chance comes from
 * @period_ms: how long it rests from request to request, on average; 0: it asks nothing by itself
 * @break_ppm: of its requests that break off somewhere
 * @speed_baud: of the bus
 * @now_ns: monotonic
 * @start_ns: (out): when its next byte begins; untouched without one
 *
 * Returns: whether it has something to say
 */
gboolean
nilo_lab_second_master_plan(NiloLabSecondMaster *self, NiloLabRandom *random, guint period_ms,
                            guint break_ppm, guint speed_baud, gint64 now_ns, gint64 *start_ns)
{
    if (self->said == self->size) {
        const guint n_known = period_ms > 0 ? self->known->len : 0;
        const guint8 *bytes;
        gsize size;

        if (n_known == 0)
            return FALSE;
        bytes = g_bytes_get_data(self->known->pdata[nilo_lab_random_below(random, n_known)], &size);
        if (size > 1 && nilo_lab_random_happens(random, break_ppm))
            size = 1 + nilo_lab_random_below(random, (guint32)size - 1);
        nilo_lab_second_master_say(self, bytes, size, speed_baud,
                                   MAX(now_ns, self->start_ns) +
                                       nilo_lab_random_below(random, 2 * period_ms) * NS_PER_MS);
    }
    *start_ns = self->start_ns;
    return TRUE;
}

/**
 * nilo_lab_second_master_take:
 * @self: a second master that has something to say
 * @byte: (out): the next byte
 * @speed_baud: (out): its speed
 *
 * Returns: whether it is the first of a request
 */
gboolean
nilo_lab_second_master_take(NiloLabSecondMaster *self, NiloLabByte *byte, guint *speed_baud)
{
    const gboolean first = self->said == 0;

    g_return_val_if_fail(self->said < self->size, FALSE);

    self->start_ns += BITS_PER_BYTE * NS_PER_S / self->speed_baud;
    *byte = (NiloLabByte){.end_ns = self->start_ns, .byte = self->bytes[self->said++], .meter = -1};
    *speed_baud = self->speed_baud;
    return first;
}
