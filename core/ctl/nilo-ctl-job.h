/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-ctl.h"

G_BEGIN_DECLS

/**
 * nilo_ctl_run_scan:
 * @options: `a{sv}`, see the D-Bus method Scan; a floating reference is taken
 *
 * Scans and follows the job to its end, with a progress bar; an interrupt cancels it and still
 * shows what was found.
 *
 * Returns: (nullable) (transfer full): the last properties of the job; %NULL with an error when it
 * could not begin
 */
GVariant *nilo_ctl_run_scan(NiloCtl *ctl, const char *bus, const char *driver, GVariant *options,
                            GError **error);

/** nilo_ctl_print_found: the meters of a scan as a table */
void nilo_ctl_print_found(GVariant *state);

G_END_DECLS
