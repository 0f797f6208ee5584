/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer.h>

G_BEGIN_DECLS

/**
 * NiloSerialName:
 * @path: (nullable): of a device file
 * @host: (nullable): of a serial server, when there is no path
 * @port: TCP port of the serial server, 1 to 65535
 *
 * What a `port` key says, taken apart.
 */
typedef struct {
    char *path;
    char *host;
    guint16 port;
} NiloSerialName;

NiloSerialName *nilo_serial_name_parse(const char *text, GError **error);
void nilo_serial_name_free(NiloSerialName *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloSerialName, nilo_serial_name_free)

G_END_DECLS
