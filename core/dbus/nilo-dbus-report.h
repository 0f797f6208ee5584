/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-report.h"

G_BEGIN_DECLS

/**
 * nilo_dbus_report_new:
 * @with_evidence: whether raw frames go along
 *
 * Returns: (transfer floating): the report dictionary of org.nilometer.Nilometer1
 */
NILO_INTERNAL GVariant *nilo_dbus_report_new(NiloReport *report, gboolean with_evidence);

/** nilo_dbus_status_new: (transfer floating): `as` of #NiloMeterStatus bits */
NILO_INTERNAL GVariant *nilo_dbus_status_new(guint status);

/** nilo_cause_get_nick: "schedule", "retry", "probe", "demand", "write" */
NILO_INTERNAL const char *nilo_cause_get_nick(NiloReportCause cause);

G_END_DECLS
