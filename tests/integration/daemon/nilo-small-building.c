/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-small-building.h"

#define DEADLINE_S 90

/* what the display of the meters rounds away */
#define RESOLUTION_ML 10000

#define ESTATE                                                                                     \
    "[estate]\nseed=3\n"                                                                           \
    "[bus riser]\nkind=mbus\nspeed=9600\nlink=riser\n"                                             \
    "[bus line]\nkind=rs485\nspeed=9600\nlink=line\n"                                              \
    "[meters east]\nbus=riser\nprotocol=mbus-primary\ncount=8\nfirst-address=1\n"                  \
    "first-id=10000001\n"                                                                          \
    "[meters west]\nbus=line\nprotocol=cjt188\ncount=6\nfirst-id=33010000000001\n"                 \
    "[meter mbus:10000003.NLB.01.07]\nclock-error-s=-5000\n"                                       \
    "[meter cjt188:33010000000002]\nclock-error-s=-5000\n"                                         \
    "[meter mbus:10000007.NLB.01.07]\ndead=yes\n"                                                  \
    "[meter mbus:10000008.NLB.01.07]\ndead=yes\n"                                                  \
    "[meter cjt188:33010000000006]\ndead=yes\n"

#define CONFIG                                                                                     \
    "[site]\nzone=Asia/Shanghai\n"                                                                 \
    "[journal]\nsize-max-bytes=4194304\nsegment-bytes=262144\n"                                    \
    "[bus riser]\ntransport=mbus\ndriver=mbus\nport=@LAB@/riser\nspeed-baud=9600\n"                \
    "answer-extra-ms=500\ntries=4\npatience-s=2\n"                                                 \
    "[bus line]\ntransport=rs485\ndriver=cjt188\nport=@LAB@/line\nspeed-baud=9600\n"               \
    "answer-extra-ms=500\ntries=4\n"

char *
nilo_small_building_list_meters(void)
{
    GString *text = g_string_new(NULL);

    for (guint i = 1; i <= N_RISER; i++)
        g_string_append_printf(text,
                               "[meter mbus:1000000%u.NLB.01.07]\nbus=riser\naddress=%u\n"
                               "point=E%u\nplace=3/1/10%u\n",
                               i, i, i, i);
    for (guint i = 1; i <= N_LINE; i++)
        g_string_append_printf(text,
                               "[meter cjt188:3301000000000%u]\nbus=line\npoint=W%u\n"
                               "place=4/1/10%u\n",
                               i, i, i);
    return g_string_free(text, FALSE);
}

NiloDaemonProcess *
nilo_small_building_new(guint deadline_s, const char *more_config)
{
    NiloDaemonProcess *process = nilo_daemon_process_new(ESTATE, deadline_s);
    g_autofree char *meters = nilo_small_building_list_meters();
    g_autofree char *config = g_strconcat(CONFIG, more_config != NULL ? more_config : "", NULL);

    nilo_daemon_process_configure(process, "nilometer.conf", config);
    nilo_daemon_process_configure(process, "meters.d/building.conf", meters);
    return process;
}

void
nilo_small_building_set_up(Building *building, gconstpointer more_config)
{
    building->process = nilo_small_building_new(DEADLINE_S, more_config);
    nilo_daemon_process_start(building->process);
}

void
nilo_small_building_tear_down(Building *building, gconstpointer more_config)
{
    g_clear_pointer(&building->process, nilo_daemon_process_free);
}

static gint64
get_shown_volume(NiloDaemonProcess *process, const char *meter)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        nilo_daemon_process_call(process, NILO_TEST_PATH, NILO_TEST_INTERFACE, "ShowMeter",
                                 g_variant_new("(s)", meter), &error);
    g_autoptr(GVariant) dict = NULL;
    gint64 volume_ml = 0;

    g_assert_no_error(error);
    dict = g_variant_get_child_value(reply, 0);
    g_assert_true(g_variant_lookup(dict, "volume-ml", "x", &volume_ml));
    return volume_ml;
}

/* after it was read: it used no more since than the hub has now */
void
nilo_small_building_assert_volume(NiloDaemonProcess *process, const char *meter)
{
    g_autofree char *command = g_strdup_printf("truth %s", meter);
    const gint64 shown_ml = get_shown_volume(process, meter);
    const gint64 true_ml = nilo_daemon_process_lab_number(process, command, "volume_ml");

    g_assert_cmpint(shown_ml, <=, true_ml);
    g_assert_cmpint(shown_ml, >, true_ml - 2 * RESOLUTION_ML);
}
