/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * nilo_mbus_frame_to_json:
 * @bytes: (array length=size): one M-Bus frame and nothing else
 * @size: bytes at @bytes
 *
 * Everything the frame says, decoded, as one JSON object: link fields, header, and per record
 * the raw bytes in hexadecimal beside quantity, unit and exact decimal value. A frame that is
 * refused becomes an object with the single member "error".
 *
 * Returns: (transfer full): the object; never %NULL
 */
JsonNode *nilo_mbus_frame_to_json(const guint8 *bytes, gsize size);

G_END_DECLS
