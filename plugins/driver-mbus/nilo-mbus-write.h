/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-read.h"

G_BEGIN_DECLS

/**
 * nilo_mbus_session_write:
 * @result: (out) (nullable): `a{sv}` of what was read back
 *
 * Carries out a command and reads back. Nothing is sent to a wildcard, nor to a meter whose
 * identity was not seen.
 *
 * Returns: %FALSE with %NILO_ERROR_NOT_SUPPORTED, %NILO_ERROR_BAD_VALUE, %NILO_ERROR_EXISTS (an
 * address that another meter has), %NILO_ERROR_NOT_CONFIRMED, or what nilo_outcome_to_error() says
 */
gboolean nilo_mbus_session_write(NiloMbusSession *self, NiloCommand *command, GVariant **result,
                                 GError **error);

G_END_DECLS
