/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The smallest program that loads plugins: asks for KIND:NAME in the folders of
 * NILOMETER_PLUGIN_PATH and says what it got, or why not.
 */
#include "nilo-config-describe.h"
#include "nilo-outcome.h"
#include "nilo-plugin-loader.h"

static gboolean
ask(NiloPluginLoader *loader, const char *offer)
{
    g_auto(GStrv) parts = g_strsplit(offer, ":", 2);
    g_autoptr(GError) error = NULL;
    const NiloPluginOffer *found;
    g_autofree char *keys = NULL;

    if (g_strv_length(parts) != 2)
        return FALSE;
    found = nilo_plugin_loader_require(loader, parts[0], parts[1], &error);
    if (found == NULL) {
        g_print("%s: error %d: %s\n", offer, error->code, error->message);
        return FALSE;
    }
    keys = nilo_config_describe_type(found->settings);
    g_print("%s: %s of %s %s\n%s", offer, g_type_name(found->type), found->plugin->name,
            found->plugin->version != NULL ? found->plugin->version : "", keys);
    return TRUE;
}

int
main(int argc, char **argv)
{
    g_auto(GStrv) folders = g_strsplit(g_getenv("NILOMETER_PLUGIN_PATH"), ":", -1);
    g_autoptr(NiloPluginLoader) loader = nilo_plugin_loader_new((const char *const *)folders, NULL);
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed += !ask(loader, argv[i]);
    /* one of our own names, asked for after plugins came in */
    g_print("0 is %s\n", nilo_outcome_get_nick(NILO_OUTCOME_OK));
    return failed > 0 ? 1 : 0;
}
