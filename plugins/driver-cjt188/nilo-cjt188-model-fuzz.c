/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>

#include "nilo-cjt188-model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* any bytes are a profile, or an error that says where */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloCjt188Model) model =
        nilo_cjt188_model_new_from_data((const char *)data, size, "fuzz.profile", &error);

    g_assert_true((model == NULL) == (error != NULL));
    if (model == NULL)
        return 0;
    g_assert_true(model->profile.status_map == &model->status_map);
    for (guint i = 0; i < model->vectors->len; i++)
        g_assert_nonnull(((NiloCjt188Vector *)g_ptr_array_index(model->vectors, i))->bytes);
    return 0;
}
