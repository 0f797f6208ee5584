/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-plugin-resolver.h"

G_BEGIN_DECLS

/**
 * nilo_config_list_kinds:
 * @kinds: (out) (array length=n_kinds): the groups a configuration may have, besides `[meter ID]`
 *
 * One list for the daemon and for `nilometerctl check-config` and `describe`.
 *
 * Returns: how many
 */
NILO_INTERNAL gsize nilo_config_list_kinds(const NiloPluginGroupKind **kinds);

G_END_DECLS
