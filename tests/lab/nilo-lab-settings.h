/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-board.h"

G_BEGIN_DECLS

typedef enum {
    NILO_LAB_KEY_UNKNOWN, /* nobody of this table owns the key */
    NILO_LAB_KEY_SET,
    NILO_LAB_KEY_BAD, /* the value; error is set */
} NiloLabKeyResult;

NiloLabKeyResult nilo_lab_settings_set_meter_key(NiloLabMeterSettings *settings, const char *key,
                                                 const char *value, GError **error);
NiloLabKeyResult nilo_lab_settings_set_bus_key(NiloLabBusSettings *settings, const char *key,
                                               const char *value, GError **error);
NiloLabKeyResult nilo_lab_settings_set_board_key(NiloLabBoardSettings *settings, const char *key,
                                                 const char *value, GError **error);
gboolean nilo_lab_settings_parse_int(const char *value, gint64 minimum, gint64 maximum,
                                     gint64 *number, GError **error);
gboolean nilo_lab_settings_parse_bool(const char *value, gboolean *truth, GError **error);

G_END_DECLS
