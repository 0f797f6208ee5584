/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** nilo_ctl_print_report: a report dictionary for a person */
void nilo_ctl_print_report(GVariant *report);

G_END_DECLS
