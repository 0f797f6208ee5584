/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-collector-faults.h"

#include "nilo-collector-read.h"

#include <string.h>

/* clean contacts, and a filter far shorter than a pulse: a machine that others share too may be
 * late with either end of one */
#define COLLECTOR "bounces=0\nhold-ms=200\nfilter-ms=20\ndaily-litres=0\n"
/* always some water, so that an old answer is no right one, and not so long that a counter of eight
 * digits wraps */
#define METERS                                                                                     \
    "count=2\nleak-percent=100\nleak-litres-per-hour=2000\ninstalled=2026-01-01T00:00:00Z\n"

#define ESTATE                                                                                     \
    "[estate]\nseed=%u\n"                                                                          \
    "[bus riser]\nkind=mbus\nspeed=19200\nlink=riser\n"                                            \
    "[bus line]\nkind=rs485\nspeed=19200\nlink=line\n"                                             \
    "[meters above]\nbus=riser\nprotocol=mbus-primary\nfirst-id=26010011\n"                        \
    "first-address=11\n" METERS                                                                    \
    "[meters near]\nbus=line\nprotocol=cjt188\nfirst-id=33010000000001\n" METERS                   \
    "[collector east]\nbus=riser\nport=%s\nfirst-id=33010026050001\nfirst-address=1\n"             \
    "start-litres=12340\nchannels=2\n" COLLECTOR                                                   \
    "[collector south]\nbus=riser\nport=%s\nfirst-id=33010026050011\nfirst-address=3\n"            \
    "start-litres=22340\nchannels=1\n" COLLECTOR                                                   \
    "[collector east-twin]\nbus=riser\nport=%s\nfirst-id=33010026050001\nfirst-address=1\n"        \
    "start-litres=98760\nchannels=2\n" COLLECTOR                                                   \
    "[collector west]\nbus=line\nport=%s\nfirst-id=33010026060001\n"                               \
    "start-litres=567890\nchannels=2\n" COLLECTOR                                                  \
    "[collector north]\nbus=line\nport=%s\nfirst-id=33010026060011\n"                              \
    "start-litres=667890\nchannels=1\n" COLLECTOR                                                  \
    "[collector west-twin]\nbus=line\nport=%s\nfirst-id=33010026060001\n"                          \
    "start-litres=98760\nchannels=2\n" COLLECTOR

#define TWIN_ML 98760000

/* two pulses of ten litres may lie between two reads: no flat draws so much in that time, and a
 * flag for it would not be about the fault */
#define FLOW_MAX "flow-max-ml-per-h=200000000\n"
/* with four tries a device that a single read gets was back within four polls */
#define CONFIG                                                                                     \
    "[site]\nzone=Asia/Shanghai\n"                                                                 \
    "[journal]\nsize-max-bytes=4194304\nsegment-bytes=262144\n"                                    \
    "[bus riser]\ntransport=mbus\ndriver=mbus\nport=@LAB@/riser\nspeed-baud=19200\n"               \
    "answer-extra-ms=300\ntries=4\n"                                                               \
    "[bus line]\ntransport=rs485\ndriver=cjt188\nport=@LAB@/line\nspeed-baud=19200\n"              \
    "answer-extra-ms=300\ntries=4\n"

#define MAX_PASSES          10
#define SPEED_ERROR_PERCENT 3
#define SETTLE_US           (20 * G_USEC_PER_SEC)

enum {
    EAST = 1 << 0,
    SOUTH = 1 << 1,
    ABOVE = 1 << 2, /* meters on the riser */
    WEST = 1 << 3,
    NORTH = 1 << 4,
    NEAR = 1 << 5, /* meters on the line */
    ALL = 0x3f,
    COLLECTORS = EAST | SOUTH | WEST | NORTH,
};

typedef struct {
    const char *id;
    guint group;
    guint address; /* M-Bus; 0: CJ/T 188 */
    gint64 twin_ml;
} Device;

static const Device devices[] = {
    {"mbus:26050001.NLM.01.16", EAST, 1, TWIN_ML}, {"mbus:26050002.NLM.01.16", EAST, 2, TWIN_ML},
    {"mbus:26050011.NLM.01.16", SOUTH, 3, 0},      {"mbus:26010011.NLB.01.07", ABOVE, 11, 0},
    {"mbus:26010012.NLB.01.07", ABOVE, 12, 0},     {"cjt188:33010026060001", WEST, 0, TWIN_ML},
    {"cjt188:33010026060002", WEST, 0, TWIN_ML},   {"cjt188:33010026060011", NORTH, 0, 0},
    {"cjt188:33010000000001", NEAR, 0, 0},         {"cjt188:33010000000002", NEAR, 0, 0},
};

#define N_DEVICES G_N_ELEMENTS(devices)

/* "*" in a command is either bus; "until KEY=NUMBER COMMAND" waits for what the hub answers */
typedef struct {
    const char *name;
    const char *begin[4]; /* NULL-terminated: commands for the hub */
    const char *end[4];
    const char *counter; /* of the hub's stats, that shows it; NULL: reads without a value do */
    gint64 least;        /* by that; all are read again until it has happened so often */
    guint touched;       /* who may be badly read meanwhile */
    guint cut_off;       /* of these, who cannot be read at all */
} Fault;

static const Fault faults[] = {
    {"flips-0.3", {"noise * 3000"}, {"noise * 0"}, "flips", 10, ALL, 0},
    {"flips-2", {"noise * 20000"}, {"noise * 0"}, "flips", 10, ALL, 0},
    {"drops", {"drops * 5000"}, {"drops * 0"}, "drops", 10, ALL, 0},
    {"junk", {"junk * 10000"}, {"junk * 0"}, "junk", 10, ALL, 0},
    {"late", {"late * 300000 900"}, {"late * 0"}, "late_answers", 4, ALL, 0},
    {"echo", {"echo * on"}, {"echo * off"}, "echoes", 100, 0, 0},
    {"babble", {"babble * on"}, {"babble * off"}, "junk", 100, ALL, ALL},
    {"wrong-parity", {"wrong-parity * on"}, {"wrong-parity * off"}, NULL, 2, ALL, ALL},
    {"two-masters", {"second-master * 60"}, {"second-master * 0"}, "second_requests", 60, ALL, 0},
    {"half-frames",
     {"second-master * 100 1000000"},
     {"second-master * 0"},
     "second_requests",
     20,
     ALL,
     0},
    /* somebody orders a collector to 4800 Bd; it looks for the master again by itself */
    {"other-speed",
     {"say riser 680303685301BC1016", "until speed=4800 collector east"},
     {NULL},
     "second_requests",
     1,
     EAST,
     0},
    {"equal-addresses",
     {"power east-twin", "power west-twin"},
     {"cut-power east-twin", "cut-power west-twin"},
     "collisions",
     10,
     EAST | WEST,
     0},
    /* behind the meters and the first collector */
    {"cut", {"cut * after 3"}, {"mend *"}, NULL, 2, SOUTH | NORTH, SOUTH | NORTH},
    {"unplugged", {"unplug *"}, {"plug *"}, NULL, 2, ALL, ALL},
};

struct _NiloCollectorFaults {
    NiloDaemonProcess *process;
    guint pulses; /* so far, in turn */
};

static const char *const buses[] = {"riser", "line"};

/* a part makes a speed as well as its clock divides */
static gboolean
is_near(gint64 found, gint64 expected)
{
    return ABS(found - expected) * 100 <= expected * SPEED_ERROR_PERCENT;
}

/* "until speed=4800 collector east" */
static void
wait_until(NiloCollectorFaults *self, const char *line)
{
    const gint64 deadline_us = g_get_monotonic_time() + SETTLE_US;
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    g_auto(GStrv) wanted = g_strsplit(words[1], "=", 2);
    const gint64 number = g_ascii_strtoll(wanted[1], NULL, 10);

    while (!is_near(nilo_daemon_process_lab_number(self->process, words[2], wanted[0]), number)) {
        if (g_get_monotonic_time() > deadline_us)
            g_error("the hub never came to \"%s\"", line);
    }
}

static void
run_commands(NiloCollectorFaults *self, const char *const *commands)
{
    for (guint i = 0; commands[i] != NULL; i++) {
        for (guint k = 0; k < G_N_ELEMENTS(buses); k++) {
            g_autoptr(GString) command = g_string_new(commands[i]);

            if (g_string_replace(command, "*", buses[k], 0) == 0 && k > 0)
                continue;
            if (g_str_has_prefix(command->str, "until "))
                wait_until(self, command->str);
            else
                g_free(nilo_daemon_process_lab(self->process, "%s", command->str));
        }
    }
}

static char *
list_meters(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < N_DEVICES; i++) {
        const Device *device = &devices[i];

        g_string_append_printf(text, "[meter %s]\nbus=%s\n" FLOW_MAX, device->id,
                               device->address != 0 ? "riser" : "line");
        if (device->address != 0)
            g_string_append_printf(text, "address=%u\n", device->address);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/**
 * nilo_collector_faults_new:
 * @port: what the collectors run on; it can
 * @seed: of all chance in the hub
 * @deadline_s: when to end the process with what the daemon said
 *
 * Returns: (transfer full): a building without a fault
 */
NiloCollectorFaults *
nilo_collector_faults_new(NiloLabCollectorPort port, guint32 seed, guint deadline_s)
{
    static const char *const twins[] = {"cut-power east-twin", "cut-power west-twin", NULL};
    const char *name = port == NILO_LAB_COLLECTOR_QEMU ? "qemu" : "host";
    g_autofree char *estate = g_strdup_printf(ESTATE, seed, name, name, name, name, name, name);
    g_autofree char *meters = list_meters();
    NiloCollectorFaults *self = g_new0(NiloCollectorFaults, 1);

    self->process = nilo_daemon_process_new(estate, deadline_s);
    run_commands(self, twins);
    nilo_daemon_process_configure(self->process, "nilometer.conf", CONFIG);
    nilo_daemon_process_configure(self->process, "meters.d/building.conf", meters);
    nilo_daemon_process_start(self->process);
    return self;
}

/**
 * nilo_collector_faults_free:
 * @self: (transfer full): a building
 */
void
nilo_collector_faults_free(NiloCollectorFaults *self)
{
    nilo_daemon_process_free(self->process);
    g_free(self);
}

/**
 * nilo_collector_faults_count:
 *
 * Returns: how many faults there are
 */
guint
nilo_collector_faults_count(void)
{
    return G_N_ELEMENTS(faults);
}

/**
 * nilo_collector_faults_get_name:
 * @fault: from 0
 *
 * Returns: (transfer none): its name, of letters, digits and signs
 */
const char *
nilo_collector_faults_get_name(guint fault)
{
    return faults[fault].name;
}

/* --- a fault -----------------------------------------------------------------------------------
 */

/* so that what was told before is no right answer any more; returns how many are not told */
static guint
give_pulses(NiloCollectorFaults *self)
{
    NiloCollectorRead reads[N_DEVICES];
    guint n = 0;

    for (guint i = 0; i < N_DEVICES; i++) {
        if ((devices[i].group & COLLECTORS) == 0)
            continue;
        g_free(nilo_daemon_process_lab(self->process, "pulse %s %u", devices[i].id,
                                       1 + (self->pulses + i) % 2));
        reads[n++] = (NiloCollectorRead){.meter = devices[i].id};
    }
    self->pulses++;
    return nilo_collector_await(self->process, reads, n, g_get_monotonic_time() + SETTLE_US);
}

static gint64
count(NiloCollectorFaults *self, const Fault *fault, const NiloCollectorFaultResult *result)
{
    return fault->counter != NULL
               ? nilo_daemon_process_lab_number(self->process, "stats", fault->counter)
               : (gint64)(result->failed + result->flagged);
}

static gboolean
are_open(NiloDaemonProcess *process, gpointer user_data)
{
    for (guint i = 0; i < G_N_ELEMENTS(buses); i++) {
        g_autofree char *path = nilo_daemon_process_get_bus_path(buses[i]);
        g_autoptr(GVariant) state =
            nilo_daemon_process_get_property(process, path, NILO_TEST_INTERFACE ".Bus", "State");

        if (!g_str_equal(g_variant_get_string(state, NULL), "open"))
            return FALSE;
    }
    return TRUE;
}

/* where nobody answers each read takes seconds, and one on each bus is enough */
static guint
choose(NiloCollectorRead *reads, const Fault *fault, guint *chosen)
{
    guint left = EAST | WEST;
    guint n = 0;

    for (guint i = 0; i < N_DEVICES; i++) {
        if (fault->cut_off == ALL && (devices[i].group & left) == 0)
            continue;
        left &= ~devices[i].group;
        reads[n] = (NiloCollectorRead){.meter = devices[i].id, .also_ml = devices[i].twin_ml};
        chosen[n++] = i;
    }
    return n;
}

static void
read_meanwhile(NiloCollectorFaults *self, const Fault *fault, NiloCollectorFaultResult *result)
{
    NiloCollectorRead reads[N_DEVICES];
    guint chosen[N_DEVICES];
    const guint n = choose(reads, fault, chosen);

    nilo_collector_read_all(self->process, reads, n);
    for (guint i = 0; i < n; i++) {
        const guint group = devices[chosen[i]].group;
        const gboolean right = reads[i].verdict == NILO_COLLECTOR_RIGHT;

        result->reads++;
        result->right += right;
        result->failed += reads[i].verdict == NILO_COLLECTOR_FAILED;
        result->flagged += reads[i].verdict == NILO_COLLECTOR_FLAGGED;
        result->wrong += reads[i].verdict == NILO_COLLECTOR_WRONG;
        result->harmed += (fault->touched & group) == 0 && !right;
        result->through +=
            (fault->cut_off & group) != 0 && reads[i].verdict != NILO_COLLECTOR_FAILED;
    }
}

static void
read_afterwards(NiloCollectorFaults *self, const Fault *fault, NiloCollectorFaultResult *result)
{
    static const char *const verdict_names[] = {
        [NILO_COLLECTOR_RIGHT] = "right",
        [NILO_COLLECTOR_FAILED] = "not read",
        [NILO_COLLECTOR_FLAGGED] = "flagged",
        [NILO_COLLECTOR_WRONG] = "wrong",
    };
    NiloCollectorRead reads[N_DEVICES];

    for (guint i = 0; i < N_DEVICES; i++)
        reads[i] = (NiloCollectorRead){.meter = devices[i].id};
    nilo_collector_read_all(self->process, reads, N_DEVICES);
    for (guint i = 0; i < N_DEVICES; i++) {
        result->missing += reads[i].verdict != NILO_COLLECTOR_RIGHT;
        result->wrong += reads[i].verdict == NILO_COLLECTOR_WRONG;
        if (reads[i].verdict != NILO_COLLECTOR_RIGHT)
            g_printerr("%s: %s is %s afterwards\n", fault->name, reads[i].meter,
                       verdict_names[reads[i].verdict]);
    }
}

/**
 * nilo_collector_faults_run:
 * @self: a building without a fault
 * @fault: from 0
 * @result: (out caller-allocates): what came of it
 *
 * Lets water run, makes the fault, reads everybody, ends it and reads everybody again.
 */
void
nilo_collector_faults_run(NiloCollectorFaults *self, guint fault, NiloCollectorFaultResult *result)
{
    const Fault *one = &faults[fault];

    memset(result, 0, sizeof *result);
    result->least = one->least;
    result->uncounted = give_pulses(self);
    g_free(nilo_daemon_process_lab(self->process, "reset-stats"));
    run_commands(self, one->begin);
    for (guint i = 0; i < MAX_PASSES && result->happened < one->least; i++) {
        read_meanwhile(self, one, result);
        result->happened = count(self, one, result);
    }
    run_commands(self, one->end);
    nilo_daemon_process_wait(self->process, are_open, NULL);
    read_afterwards(self, one, result);
}

/**
 * nilo_collector_fault_result_is_good:
 * @result: of a fault
 *
 * Returns: whether it happened, and did no harm but what it does by its nature
 */
gboolean
nilo_collector_fault_result_is_good(const NiloCollectorFaultResult *result)
{
    return result->happened >= result->least && result->harmed == 0 && result->through == 0 &&
           result->uncounted == 0 && result->missing == 0 && result->wrong == 0;
}
