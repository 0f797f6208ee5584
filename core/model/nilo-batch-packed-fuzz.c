/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch-packed.h"
#include "nilo-batch-senml.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* what can be unpacked must, packed again, be the same batch for ever after */
int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autoptr(NiloBatch) batch = nilo_batch_unpack(data, size, NULL);
    g_autoptr(NiloBatch) again = NULL;
    g_autoptr(GBytes) packed = NULL;
    g_autoptr(GBytes) repacked = NULL;
    g_autofree char *senml = NULL;
    const guint8 *bytes;
    gsize packed_size;

    if (batch == NULL)
        return 0;
    senml = nilo_batch_to_senml(batch);
    packed = nilo_batch_pack(batch);
    bytes = g_bytes_get_data(packed, &packed_size);
    again = nilo_batch_unpack(bytes, packed_size, NULL);
    g_assert_nonnull(again);
    repacked = nilo_batch_pack(again);
    g_assert_true(g_bytes_equal(packed, repacked));
    return 0;
}
