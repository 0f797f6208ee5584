/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-session.h"

G_BEGIN_DECLS

/**
 * nilo_cjt188_write_command:
 * @session: with the meter to write to
 * @command: valve, clock, address or purchase
 * @result: (out): `a{sv}` of what was read back; untouched on failure
 *
 * What NiloDriverInterface.write does: writes, reads back, and says whether it was so. A lost
 * answer is no failure when reading back shows that the order was carried out; a purchase is sent
 * once only, whatever becomes of its answer.
 *
 * Returns: %FALSE with the verdict's error, %NILO_ERROR_NOT_CONFIRMED, %NILO_ERROR_NOT_SUPPORTED,
 *   %NILO_ERROR_BAD_VALUE or %NILO_ERROR_EXISTS
 */
gboolean nilo_cjt188_write_command(NiloCjt188Session *session, NiloCjt188Settings *settings,
                                   NiloCommand *command, GVariant **result,
                                   GCancellable *cancellable, GError **error);

G_END_DECLS
