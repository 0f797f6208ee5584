/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-mbus-records.h"
#include "nilo-lab-meter.h"

G_BEGIN_DECLS

guint nilo_lab_mbus_telegram_count(NiloLabMeter *meter);
guint8 nilo_lab_mbus_telegram_build(NiloLabMeter *meter, guint index, gint64 utc_us,
                                    guint8 access_number, NiloLabMbusRecords *records);
guint64 nilo_lab_mbus_telegram_fabrication(const NiloLabMeterSettings *settings);

G_END_DECLS
