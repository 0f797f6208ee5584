/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How long a configuration with 5,000 meters takes to load: keyfile to objects, every key checked.
 * The baseline in the same run is GKeyFile alone reading the same text.
 */
#include <string.h>

#include "nilo-config.h"
#include "nilo-meter.h"

#define METERS 5000
#define PASSES 9

static gboolean
resolve(gpointer user_data, NiloConfig *config, const NiloKeyfileGroup *group, GArray *bindings,
        const char **key, GError **error)
{
    const NiloConfigBinding binding = {NILO_TYPE_METER, NULL};

    g_array_append_val(bindings, binding);
    return TRUE;
}

static gint64
load_once(const GString *text)
{
    static const NiloConfigKind kinds[] = {{"meter", TRUE}};
    const NiloConfigResolver resolver = {kinds, G_N_ELEMENTS(kinds), resolve, NULL, NULL};
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(NiloConfig) config = NULL;
    const gint64 start = g_get_monotonic_time();

    config = nilo_config_parse("bench", text->str, text->len, &resolver, problems);
    if (config == NULL)
        g_printerr("the configuration is refused\n");
    return g_get_monotonic_time() - start;
}

static gint64
parse_once(const GString *text)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    const gint64 start = g_get_monotonic_time();

    g_key_file_load_from_data(file, text->str, text->len, G_KEY_FILE_NONE, NULL);
    return g_get_monotonic_time() - start;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    return *(const gint64 *)a < *(const gint64 *)b ? -1 : 1;
}

static gint64
get_median(const GString *text, gint64 (*run)(const GString *))
{
    gint64 times[PASSES];

    for (guint i = 0; i < PASSES; i++)
        times[i] = run(text);
    qsort(times, PASSES, sizeof times[0], compare);
    return times[PASSES / 2];
}

int
main(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gint64 load_us, keyfile_us;

    for (guint i = 0; i < METERS; i++)
        g_string_append_printf(text,
                               "[meter cjt188:%014u]\nbus=riser-%u\naddress=%u\npoint=30%05u\n"
                               "place=3/2/%u\nreads-per-day=96\nanswer-extra-ms=1.5 s\n\n",
                               i, i / 250, i % 250, i, i);
    load_us = get_median(text, load_once);
    keyfile_us = get_median(text, parse_once);
    g_print("meters=%u\nload_ms=%.1f\nkeyfile_ms=%.1f\nratio_to_keyfile=%.2f\n", METERS,
            (double)load_us / 1000, (double)keyfile_us / 1000,
            (double)load_us / (double)keyfile_us);
    return 0;
}
