/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A collector as the master of a bus, in the hub: what it asks is heard at its real speed, and what
 * happens to any bus happens to this one. */
#include "nilo-lab-process.h"

#include "nilo-lab-collector.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_US (20 * G_USEC_PER_SEC)
#define LOOK_US     20000

#define ESTATE                                                                                     \
    "[estate]\nspeedup=0\n"                                                                        \
    "[bus riser]\nkind=mbus\nspeed=2400\nlink=riser\n"                                             \
    "[bus flat]\nkind=mbus\nspeed=9600\n"                                                          \
    "[meter encoder]\nbus=flat\nprotocol=mbus-primary\naddress=5\nid=26010001\n"                   \
    "[collector east]\nbus=riser\nfirst-id=33010026050001\nchannels=2\nmeters-bus=flat\n"          \
    "reads=encoder\nsettings=meters-poll-s=1;"

typedef struct {
    char *file;
    NiloLabProcess *hub;
} Fixture;

/* @data: more settings of the collector */
static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *why_not = nilo_lab_collector_why_not(NILO_LAB_COLLECTOR_HOST);
    g_autofree char *estate = g_strconcat(ESTATE, data, "\n", NULL);
    int fd;

    if (why_not != NULL) {
        g_test_skip(why_not);
        return;
    }
    fd = g_file_open_tmp("nilo-lab-XXXXXX.estate", &fixture->file, &error);
    g_assert_no_error(error);
    close(fd);
    g_assert_true(g_file_set_contents(fixture->file, estate, -1, &error));
    fixture->hub = nilo_lab_process_new(NULL, fixture->file, NULL, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_clear_pointer(&fixture->hub, nilo_lab_process_free);
    if (fixture->file != NULL)
        g_unlink(fixture->file);
    g_free(fixture->file);
}

static char *
call(Fixture *fixture, const char *command)
{
    g_autoptr(GError) error = NULL;
    char *answer = nilo_lab_process_call(fixture->hub, command, &error);

    g_assert_no_error(error);
    return answer;
}

static void
order(Fixture *fixture, const char *command)
{
    g_free(call(fixture, command));
}

static gint64
number_of(Fixture *fixture, const char *command, const char *key)
{
    g_autofree char *answer = call(fixture, command);
    gint64 number = -1;

    g_assert_true(nilo_lab_answer_get_int(answer, key, &number));
    return number;
}

/* waits until a count of the bus behind the collector has reached @least */
static void
wait_for(Fixture *fixture, const char *key, gint64 least)
{
    const gint64 end_us = g_get_monotonic_time() + PATIENCE_US;

    while (number_of(fixture, "stats flat", key) < least) {
        g_assert_cmpint(g_get_monotonic_time(), <, end_us);
        g_usleep(LOOK_US);
    }
}

static void
assert_answers(Fixture *fixture)
{
    order(fixture, "reset-stats flat");
    wait_for(fixture, "answered", 4); /* link and value, twice */
}

static void
assert_address(Fixture *fixture, const char *expected)
{
    g_autofree char *buses = call(fixture, "buses");
    g_autofree char *address = nilo_lab_answer_get_text(buses, "flat");

    g_assert_cmpstr(address, ==, expected);
}

static void
test_polls(Fixture *fixture, gconstpointer data)
{
    if (fixture->hub == NULL)
        return;
    assert_address(fixture, "collector:east");
    assert_answers(fixture);
    g_assert_cmpint(number_of(fixture, "collector east", "meters_speed"), ==, 9600);
    g_assert_cmpint(number_of(fixture, "truth 26050001", "volume_ml"), ==,
                    number_of(fixture, "truth encoder", "volume_ml"));
}

/* its part is set to another speed than the meters': they are deaf */
static void
test_other_speed(Fixture *fixture, gconstpointer data)
{
    if (fixture->hub == NULL)
        return;
    wait_for(fixture, "bytes_in", 10); /* two tries */
    g_assert_cmpint(number_of(fixture, "stats flat", "bytes_out"), ==, 0);
    g_assert_cmpint(number_of(fixture, "collector east", "meters_speed"), ==, 2400);
}

static void
test_power(Fixture *fixture, gconstpointer data)
{
    if (fixture->hub == NULL)
        return;
    for (guint i = 0; i < 2; i++) {
        assert_answers(fixture);
        order(fixture, "cut-power east");
        order(fixture, "power east");
    }
    assert_answers(fixture);
}

static void
test_unplug(Fixture *fixture, gconstpointer data)
{
    if (fixture->hub == NULL)
        return;
    order(fixture, "unplug flat");
    assert_address(fixture, "-");
    /* what comes while nobody hears it is lost, over a power cut too */
    order(fixture, "cut-power east");
    order(fixture, "power east");
    order(fixture, "plug flat");
    assert_address(fixture, "collector:east");
    assert_answers(fixture);
}

static void
test_faults(Fixture *fixture, gconstpointer data)
{
    if (fixture->hub == NULL)
        return;
    order(fixture, "kill-meter encoder");
    order(fixture, "reset-stats flat");
    wait_for(fixture, "exchanges", 1);
    g_assert_cmpint(number_of(fixture, "stats flat", "answered"), ==, 0);
    order(fixture, "revive encoder");
    assert_answers(fixture);
    order(fixture, "wrong-parity flat on");
    order(fixture, "reset-stats flat");
    wait_for(fixture, "bytes_in", 5);
    g_assert_cmpint(number_of(fixture, "stats flat", "exchanges"), ==, 0);
    order(fixture, "wrong-parity flat off");
    order(fixture, "echo flat on");
    assert_answers(fixture);
    order(fixture, "noise flat 200000");
    wait_for(fixture, "flips", 1);
}

#define ADD(path, settings, func) g_test_add(path, Fixture, settings, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/lab/downstream/polls", "", test_polls);
    ADD("/lab/downstream/other-speed", "meters-speed=2400", test_other_speed);
    ADD("/lab/downstream/power", "", test_power);
    ADD("/lab/downstream/unplug", "", test_unplug);
    ADD("/lab/downstream/faults", "", test_faults);
    return g_test_run();
}
