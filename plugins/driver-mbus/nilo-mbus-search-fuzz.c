/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-search.h"

#define STEPS_MAX 64

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* what a bus might say to each step: two bits each time of what the input holds */
static void
answer(NiloMbusSearch *search, const NiloMbusStep *step, guint how)
{
    if (how == 0)
        return;
    nilo_mbus_search_note_heard(search);
    if (how == 1)
        nilo_mbus_search_probe_behind(search, step, &step->mask);
    else
        nilo_mbus_search_narrow(search, step);
}

/* a search goes on from whatever was saved, and what it saves then is taken again */
int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) saved = g_variant_ref_sink(
        g_variant_new_from_bytes(G_VARIANT_TYPE("(ua(uuuuuuuuu))"), bytes, FALSE));
    g_autoptr(NiloMbusSearch) search = nilo_mbus_search_from_variant(saved);
    g_autoptr(NiloMbusSearch) again = NULL;
    g_autoptr(GVariant) kept = NULL;
    NiloMbusStep step;

    if (search == NULL)
        return 0;
    for (guint i = 0; i < STEPS_MAX; i++) {
        if (nilo_mbus_search_next(search, &step))
            answer(search, &step, data[i % size] & 3);
        else if (!nilo_mbus_search_take_stuck(search, &step))
            break;
        g_assert_cmpuint(step.level, <=, NILO_MBUS_LEVEL_ALL);
    }
    kept = g_variant_ref_sink(nilo_mbus_search_to_variant(search));
    again = nilo_mbus_search_from_variant(kept);
    g_assert_nonnull(again);
    return 0;
}
