/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

JsonNode *nilo_cjt188_bytes_to_json(const guint8 *bytes, gsize size);

G_END_DECLS
