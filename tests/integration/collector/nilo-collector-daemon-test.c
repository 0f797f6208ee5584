/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the contact to D-Bus: a collector hangs on the hub's paced lines at 2400 Bd 8E1, its
 * contacts bounce, and nilometerd reads the exact count through a pty. Nothing is played but
 * electricity.
 */
#include <string.h>

#include "nilo-daemon-process.h"
#include "nilo-lab-collector.h"

#define DEADLINE_S 120
/* manufacturer, version and medium in the header of a channel for cold water */
#define COLLECTOR_MBUS_KIND "NLM.01.16"
#define N_CHANNELS          4
#define N_PULSES            7

#define ESTATE                                                                                     \
    "[estate]\nseed=5\n"                                                                           \
    "[bus riser]\nkind=mbus\nspeed=2400\nlink=riser\n"                                             \
    "[bus line]\nkind=rs485\nspeed=2400\nlink=line\n"                                              \
    "[collector east]\nbus=riser\nport=%s\nfirst-id=33010026050001\nfirst-address=1\n"             \
    "channels=4\nbounces=5\nhold-ms=200\nfilter-ms=60\ndaily-litres=0\nstart-litres=12340\n"       \
    "[collector west]\nbus=line\nport=%s\nfirst-id=33010026060001\nfirst-address=1\n"              \
    "channels=4\nbounces=5\nhold-ms=200\nfilter-ms=60\ndaily-litres=0\nstart-litres=567890\n"      \
    "[meters near]\nbus=line\nprotocol=cjt188\ncount=2\nfirst-id=33010000000001\n"

#define CONFIG                                                                                     \
    "[site]\nzone=Asia/Shanghai\n"                                                                 \
    "[journal]\nsize-max-bytes=4194304\nsegment-bytes=262144\n"                                    \
    "[bus riser]\ntransport=mbus\ndriver=mbus\nport=@LAB@/riser\nspeed-baud=2400\n"                \
    "answer-extra-ms=500\ntries=4\n"                                                               \
    "[bus line]\ntransport=rs485\ndriver=cjt188\nport=@LAB@/line\nspeed-baud=2400\n"               \
    "answer-extra-ms=500\ntries=4\n"

static char *
list_meters(void)
{
    GString *text = g_string_new(NULL);

    for (guint i = 1; i <= N_CHANNELS; i++)
        g_string_append_printf(text,
                               "[meter mbus:2605000%u." COLLECTOR_MBUS_KIND "]\nbus=riser\n"
                               "address=%u\n"
                               "[meter cjt188:3301002606000%u]\nbus=line\n",
                               i, i, i);
    g_string_append(text, "[meter cjt188:33010000000001]\nbus=line\n");
    return g_string_free(text, FALSE);
}

static NiloDaemonProcess *
start_building(NiloLabCollectorPort port)
{
    const char *name = port == NILO_LAB_COLLECTOR_QEMU ? "qemu" : "host";
    g_autofree char *estate = g_strdup_printf(ESTATE, name, name);
    g_autofree char *meters = list_meters();
    NiloDaemonProcess *process = nilo_daemon_process_new(estate, DEADLINE_S);

    nilo_daemon_process_configure(process, "nilometer.conf", CONFIG);
    nilo_daemon_process_configure(process, "meters.d/building.conf", meters);
    nilo_daemon_process_start(process);
    return process;
}

static void
assert_read(NiloDaemonProcess *process, const char *meter)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) report = nilo_daemon_process_read(process, meter, &error);
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) dict = NULL;
    g_autofree char *truth = g_strdup_printf("truth %s", meter);
    const char *outcome = "";
    gint64 volume_ml = -1;

    g_assert_no_error(error);
    g_variant_lookup(report, "outcome", "&s", &outcome);
    g_assert_cmpstr(outcome, ==, "ok");
    reply = nilo_daemon_process_call(process, NILO_TEST_PATH, NILO_TEST_INTERFACE, "ShowMeter",
                                     g_variant_new("(s)", meter), &error);
    g_assert_no_error(error);
    dict = g_variant_get_child_value(reply, 0);
    g_assert_true(g_variant_lookup(dict, "volume-ml", "x", &volume_ml));
    g_assert_cmpint(volume_ml, ==, nilo_daemon_process_lab_number(process, truth, "volume_ml"));
}

static void
assert_all_read(NiloDaemonProcess *process)
{
    for (guint i = 1; i <= N_CHANNELS; i++) {
        g_autofree char *mbus = g_strdup_printf("mbus:2605000%u." COLLECTOR_MBUS_KIND, i);
        g_autofree char *cjt188 = g_strdup_printf("cjt188:3301002606000%u", i);

        assert_read(process, mbus);
        assert_read(process, cjt188);
    }
}

static gboolean
are_all_given(NiloDaemonProcess *process, gpointer user_data)
{
    for (guint i = 1; i <= N_CHANNELS; i++) {
        g_autofree char *east = g_strdup_printf("truth 2605000%u", i);
        g_autofree char *west = g_strdup_printf("truth 2606000%u", i);

        if (nilo_daemon_process_lab_number(process, east, "waiting") != 0 ||
            nilo_daemon_process_lab_number(process, west, "waiting") != 0)
            return FALSE;
    }
    return TRUE;
}

/* the hub's pulses wake nobody here */
static gboolean
wake_cb(gpointer user_data)
{
    return G_SOURCE_CONTINUE;
}

static gboolean
is_over(NiloDaemonProcess *process, gpointer user_data)
{
    return g_get_monotonic_time() >= *(const gint64 *)user_data;
}

/* the last pulse is stored a moment after its contact has opened */
static void
give_pulses(NiloDaemonProcess *process)
{
    const guint waker = g_timeout_add(100, wake_cb, NULL);
    gint64 rest_us;

    for (guint i = 1; i <= N_CHANNELS; i++) {
        g_free(nilo_daemon_process_lab(process, "pulse 2605000%u %u", i, N_PULSES));
        g_free(nilo_daemon_process_lab(process, "pulse 2606000%u %u", i, N_PULSES + i));
    }
    nilo_daemon_process_wait(process, are_all_given, NULL);
    rest_us = g_get_monotonic_time() + G_USEC_PER_SEC;
    nilo_daemon_process_wait(process, is_over, &rest_us);
    g_source_remove(waker);
}

static void
cut_power(NiloDaemonProcess *process, const char *collector)
{
    g_free(nilo_daemon_process_lab(process, "cut-power %s", collector));
    g_free(nilo_daemon_process_lab(process, "power %s", collector));
}

static void
test_exact(gconstpointer data)
{
    const NiloLabCollectorPort port = (NiloLabCollectorPort)GPOINTER_TO_UINT(data);
    g_autofree char *why_not = nilo_lab_collector_why_not(port);
    g_autoptr(NiloDaemonProcess) process = NULL;

    if (why_not != NULL) {
        g_test_skip(why_not);
        return;
    }
    process = start_building(port);
    assert_all_read(process);
    give_pulses(process);
    assert_all_read(process);
    cut_power(process, "east");
    cut_power(process, "west");
    assert_all_read(process);
    g_assert_cmpint(nilo_daemon_process_lab_number(process, "truth 26050001", "pulses"), ==,
                    N_PULSES);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/collector/daemon/host", GUINT_TO_POINTER(NILO_LAB_COLLECTOR_HOST),
                         test_exact);
    g_test_add_data_func("/collector/daemon/qemu", GUINT_TO_POINTER(NILO_LAB_COLLECTOR_QEMU),
                         test_exact);
    return g_test_run();
}
