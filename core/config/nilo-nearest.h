/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/**
 * nilo_nearest_find:
 * @text: what somebody wrote
 * @names: (array length=n_names): what could have been meant
 *
 * Finds the name that takes the fewest slips of the keyboard to become @text: a letter wrong,
 * missing, too many, or two exchanged; upper case and _ for - count for nothing.
 *
 * Returns: (nullable) (transfer none): one of @names; %NULL when none is near enough to be a
 * help
 */
NILO_INTERNAL const char *nilo_nearest_find(const char *text, const char *const *names,
                                            gsize n_names);

G_END_DECLS
