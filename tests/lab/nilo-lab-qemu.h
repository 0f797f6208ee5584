/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *nilo_lab_qemu_why_not(void);

G_END_DECLS
