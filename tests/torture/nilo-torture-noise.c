/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-collector.h"

#include <string.h>

#include "nilo-collector-read.h"

#define SECONDS_PER_ROUND 120
#define SECONDS_TO_BEGIN  60
#define N_CHANNELS        4
/* at most three pulses of ten litres in the four seconds of a round: no flat draws so much, and a
 * flag for it would not be about the noise */
#define FLOW_MAX_ML_PER_H 60000000

#define ESTATE                                                                                     \
    "[estate]\nseed=%u\n"                                                                          \
    "[bus riser]\nkind=mbus\nspeed=9600\nlink=riser\nnoise-per-byte-ppm=3000\n"                    \
    "[bus line]\nkind=rs485\nspeed=9600\nlink=line\nnoise-per-byte-ppm=3000\n"                     \
    "[collector east]\nbus=riser\nport=%s\nfirst-id=33010026050001\nfirst-address=1\n"             \
    "channels=4\nbounces=0\nhold-ms=200\nfilter-ms=60\ndaily-litres=0\nstart-litres=12340\n"       \
    "[collector west]\nbus=line\nport=%s\nfirst-id=33010026060001\nfirst-address=1\n"              \
    "channels=4\nbounces=0\nhold-ms=200\nfilter-ms=60\ndaily-litres=0\nstart-litres=567890\n"

#define CONFIG                                                                                     \
    "[site]\nzone=Asia/Shanghai\n"                                                                 \
    "[journal]\nsize-max-bytes=4194304\nsegment-bytes=262144\n"                                    \
    "[bus riser]\ntransport=mbus\ndriver=mbus\nport=@LAB@/riser\nspeed-baud=9600\n"                \
    "answer-extra-ms=500\ntries=4\n"                                                               \
    "[bus line]\ntransport=rs485\ndriver=cjt188\nport=@LAB@/line\nspeed-baud=9600\n"               \
    "answer-extra-ms=500\ntries=4\n"

typedef struct {
    NiloDaemonProcess *process;
    NiloTortureNoise *noise;
} Run;

static char *
get_meter(guint i)
{
    return i < N_CHANNELS ? g_strdup_printf("mbus:2605000%u.NLM.01.16", i + 1)
                          : g_strdup_printf("cjt188:3301002606000%u", i - N_CHANNELS + 1);
}

static NiloDaemonProcess *
start(NiloLabCollectorPort port, guint rounds, guint32 seed)
{
    const char *name = port == NILO_LAB_COLLECTOR_QEMU ? "qemu" : "host";
    g_autofree char *estate = g_strdup_printf(ESTATE, seed, name, name);
    NiloDaemonProcess *process =
        nilo_daemon_process_new(estate, SECONDS_TO_BEGIN + rounds * SECONDS_PER_ROUND);
    g_autoptr(GString) meters = g_string_new(NULL);

    for (guint i = 0; i < 2 * N_CHANNELS; i++) {
        g_autofree char *meter = get_meter(i);

        g_string_append_printf(meters, "[meter %s]\nbus=%s\nflow-max-ml-per-h=%d\n", meter,
                               i < N_CHANNELS ? "riser" : "line", FLOW_MAX_ML_PER_H);
        if (i < N_CHANNELS)
            g_string_append_printf(meters, "address=%u\n", i + 1);
    }
    nilo_daemon_process_configure(process, "nilometer.conf", CONFIG);
    nilo_daemon_process_configure(process, "meters.d/building.conf", meters->str);
    nilo_daemon_process_start(process);
    return process;
}

static gboolean
read_meter(Run *run, const char *meter)
{
    const NiloCollectorVerdict verdict = nilo_collector_read(run->process, meter);

    run->noise->reads++;
    run->noise->failed += verdict == NILO_COLLECTOR_FAILED;
    run->noise->flagged += verdict == NILO_COLLECTOR_FLAGGED;
    run->noise->wrong += verdict == NILO_COLLECTOR_WRONG;
    return verdict == NILO_COLLECTOR_RIGHT;
}

static void
give_pulses(Run *run, guint round)
{
    for (guint i = 0; i < 2 * N_CHANNELS; i++) {
        g_autofree char *meter = get_meter(i);

        g_free(nilo_daemon_process_lab(run->process, "pulse %s %u", meter, 1 + (round + i) % 3));
    }
    for (guint i = 0; i < 2 * N_CHANNELS; i++) {
        g_autofree char *meter = get_meter(i);

        while (nilo_collector_ask_truth(run->process, meter, "waiting") > 0)
            g_usleep(50000);
    }
    g_usleep(500000); /* until it is stored */
}

/**
 * nilo_torture_noise:
 * @port: which collectors
 * @rounds: in each all channels are read, in both protocols
 * @seed: of the noise
 * @noise: (out caller-allocates): what came of it
 *
 * nilometerd reads collectors over lines with 3000 hit bytes of a million.
 */
void
nilo_torture_noise(NiloLabCollectorPort port, guint rounds, guint32 seed, NiloTortureNoise *noise)
{
    g_autoptr(NiloDaemonProcess) process = start(port, rounds, seed);
    Run run = {process, noise};

    memset(noise, 0, sizeof *noise);
    for (guint round = 0; round < rounds; round++) {
        give_pulses(&run, round);
        for (guint i = 0; i < 2 * N_CHANNELS; i++) {
            g_autofree char *meter = get_meter(i);

            noise->right += read_meter(&run, meter);
        }
    }
    g_free(nilo_daemon_process_lab(process, "noise riser 0"));
    g_free(nilo_daemon_process_lab(process, "noise line 0"));
    for (guint i = 0; i < 2 * N_CHANNELS; i++) {
        g_autofree char *meter = get_meter(i);

        /* a jump is confirmed by a second reading */
        noise->missing += !read_meter(&run, meter) && !read_meter(&run, meter);
    }
}
