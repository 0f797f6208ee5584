/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/**
 * nilo_secret_load:
 * @reference: `file:/path` (absolute, not readable for everybody), `credential:name` (systemd's
 *   LoadCredential=, through `$CREDENTIALS_DIRECTORY`) or `env:NAME`
 *
 * Fetches a secret from where the configuration says it stands. One line break at its end does
 * not belong to it. At most 64 KiB, no zero byte. No message ever quotes more than the
 * reference.
 *
 * Returns: (nullable) (transfer full): %NULL with %NILO_ERROR_SECRET, which says how to mend it
 */
NILO_INTERNAL char *nilo_secret_load(const char *reference, GError **error);

G_END_DECLS
