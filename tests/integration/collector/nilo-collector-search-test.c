/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Twenty collectors on one M-Bus, as they come from the factory: nobody has an address, and their
 * numbers differ in two digits. nilometerd finds every board and every channel by the wildcard
 * search alone, and gives twins addresses of their own.
 */
#include <string.h>

#include "nilo-daemon-process.h"
#include "nilo-lab-collector.h"

#define DEADLINE_S   280
#define N_COLLECTORS 20
#define CHANNEL_KIND "NLM.01.16"

#define ESTATE                                                                                     \
    "[estate]\nseed=7\n"                                                                           \
    "[bus riser]\nkind=mbus\nspeed=9600\nlink=riser\n"                                             \
    "[collectors flat]\nbus=riser\nport=%s\ncount=%u\nfirst-id=33010026070001\nchannels=1\n"       \
    "settings=speed=9600\ndaily-litres=0\nstart-litres=4560\n"

#define CONFIG                                                                                     \
    "[site]\nzone=Asia/Shanghai\n"                                                                 \
    "[journal]\nsize-max-bytes=4194304\nsegment-bytes=262144\n"                                    \
    "[bus riser]\ntransport=mbus\ndriver=mbus\nport=@LAB@/riser\nspeed-baud=9600\n"                \
    "answer-extra-ms=150\n"

static char *
get_channel(guint collector)
{
    return g_strdup_printf("mbus:2607%03u1." CHANNEL_KIND, collector);
}

static void
assert_found(const char *found, const char *number)
{
    if (strstr(found, number) == NULL)
        g_error("%s was not found:\n%s", number, found);
}

static void
assert_readdressed(NiloDaemonProcess *process, guint collector, const char *address)
{
    g_autofree char *meter = get_channel(collector);
    g_autofree char *errors = NULL;
    const int code =
        nilo_daemon_process_ctl(process, NULL, NULL, &errors, "set-address", meter, address, NULL);

    if (code != 0)
        g_error("%s cannot be given address %s: %s", meter, address, errors);
}

static void
test_search(gconstpointer data)
{
    const NiloLabCollectorPort port = (NiloLabCollectorPort)GPOINTER_TO_UINT(data);
    const char *name = port == NILO_LAB_COLLECTOR_QEMU ? "qemu" : "host";
    g_autofree char *why_not = nilo_lab_collector_why_not(port);
    g_autofree char *estate = g_strdup_printf(ESTATE, name, N_COLLECTORS);
    g_autofree char *found = NULL, *errors = NULL, *volume = NULL, *meter = NULL;
    g_autoptr(NiloDaemonProcess) process = NULL;
    g_auto(GStrv) ids = NULL;
    int code;

    if (why_not != NULL) {
        g_test_skip(why_not);
        return;
    }
    process = nilo_daemon_process_new(estate, DEADLINE_S);
    nilo_daemon_process_configure(process, "nilometer.conf", CONFIG);
    nilo_daemon_process_start(process);

    code = nilo_daemon_process_ctl(process, NULL, &found, &errors, "--json", "scan", "riser",
                                   "--write", NULL);
    if (code != 0)
        g_error("the search failed: %s", errors);
    ids = g_strsplit(found, "\"mbus:", -1);
    g_assert_cmpuint(g_strv_length(ids) - 1, ==, 2 * N_COLLECTORS); /* all of them, and once */
    for (guint i = 0; i < N_COLLECTORS; i++) {
        g_autofree char *channel = get_channel(i);
        g_autofree char *board = g_strdup_printf("mbus:2607%03u0.NLM.", i);

        assert_found(found, channel);
        assert_found(found, board);
    }

    /* all were at address 0; both answer by their own from now on */
    assert_readdressed(process, 3, "7");
    assert_readdressed(process, 4, "8");
    meter = get_channel(4);
    code = nilo_daemon_process_ctl(process, NULL, &volume, &errors, "read", meter, NULL);
    g_assert_cmpint(code, ==, 0);
    g_assert_nonnull(strstr(volume, "4.56"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/collector/search/host", GUINT_TO_POINTER(NILO_LAB_COLLECTOR_HOST),
                         test_search);
    g_test_add_data_func("/collector/search/qemu", GUINT_TO_POINTER(NILO_LAB_COLLECTOR_QEMU),
                         test_search);
    return g_test_run();
}
