/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config-kinds.h"

#include "nilo-bus-config.h"
#include "nilo-journal-config.h"
#include "nilo-schedule.h"
#include "nilo-site-config.h"

gsize
nilo_config_list_kinds(const NiloPluginGroupKind **kinds)
{
    static NiloPluginGroupKind list[] = {
        {"site", FALSE, G_TYPE_INVALID, NULL, NULL},
        {"schedule", TRUE, G_TYPE_INVALID, NULL, NULL},
        {"bus", TRUE, G_TYPE_INVALID, "transport", "transport"},
        {"journal", FALSE, G_TYPE_INVALID, NULL, NULL},
        {"storage", TRUE, G_TYPE_INVALID, "storage", "type"},
        {"service", TRUE, G_TYPE_INVALID, "service", "type"},
    };

    /* types are made at run time, so no constant can hold them */
    list[0].type = NILO_TYPE_SITE_CONFIG;
    list[1].type = NILO_TYPE_SCHEDULE_CONFIG;
    list[2].type = NILO_TYPE_BUS_CONFIG;
    list[3].type = NILO_TYPE_JOURNAL_CONFIG;
    list[4].type = NILO_TYPE_PLUGIN_GROUP;
    list[5].type = NILO_TYPE_PLUGIN_GROUP;
    *kinds = list;
    return G_N_ELEMENTS(list);
}
