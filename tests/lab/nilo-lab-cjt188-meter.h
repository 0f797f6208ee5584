/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-meter.h"

G_BEGIN_DECLS

void nilo_lab_cjt188_meter_init(NiloLabMeter *meter);

G_END_DECLS
