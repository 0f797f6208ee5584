/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-meter.h"

G_BEGIN_DECLS

void nilo_lab_mbus_meter_init(NiloLabMeter *meter);
guint nilo_lab_mbus_meter_get_primary_address(NiloLabMeter *meter);
gboolean nilo_lab_mbus_meter_is_selected(NiloLabMeter *meter);

G_END_DECLS
