/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The collector's poller reads the lab's virtual meters, in one process and in fake time: neither
 * of the two knows a line of the other's protocol code. What it confirms is compared with the water
 * that has really flowed.
 *
 * NILO_POLLER_POLLS says how many polls the noise test makes; without it, 20,000.
 */
#include "nfw-host.h"
#include "nfw-poller.h"
#include "nilo-lab-estate.h"

#include <string.h>

#define US_PER_S   G_GUINT64_CONSTANT(1000000)
#define NS_PER_US  1000
#define POLL_S     60
#define LISTEN_NS  (G_GINT64_CONSTANT(20) * 1000000000)
#define ML_PER_L   1000
#define CJT188_L   10 /* 0.01 m3 */
#define NOISE_PPM  3000
#define FEW_POLLS  20000
#define START_TIME "2026-03-15T10:30:00Z"

typedef struct {
    NiloLabMeter *meter;
    gint64 asked_us; /* when the poll began */
    gint64 step_l;   /* resolution of what it tells */
    guint values;
    guint odd;
    guint silent;
    guint back;
} Watched;

typedef struct {
    NiloLabEstate *estate;
    NiloLabBus *bus;
    struct nfw_host host;
    struct nfw_config config;
    struct nfw_poller poller;
    int32_t stored[NFW_CHANNELS];
    Watched watched[NFW_CHANNELS];
    guint32 sent;
    guint64 requests;
    guint64 polls;
    guint wrong;
    gboolean parity_is_lost; /* as behind an adapter that does not tell */
} Site;

static Site *
site_new(const char *text)
{
    g_autoptr(GError) error = NULL;
    NiloLabTime time = {.mono_ns = 0, .speedup = 1};
    Site *site = g_new0(Site, 1);

    site->estate = nilo_lab_estate_new_from_data(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_true(nilo_lab_utc_from_text(START_TIME, &time.utc_us));
    nilo_lab_estate_set_time(site->estate, &time);
    site->bus = g_ptr_array_index(nilo_lab_estate_get_buses(site->estate), 0);
    nfw_host_init(&site->host);
    site->host.now_us = US_PER_S;
    nfw_config_set_defaults(&site->config, 0x60000010);
    for (guint i = 0; i < NFW_CHANNELS; i++)
        site->config.channel[i].source = NFW_SOURCE_OFF;
    site->config.meters_poll_s = POLL_S;
    site->config.meters_speed = 3;
    return site;
}

static void
site_free(Site *site)
{
    nfw_host_clear(&site->host);
    nilo_lab_estate_free(site->estate);
    g_free(site);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Site, site_free)

/* two digits a byte, the last two first */
static void
put_digits(guint8 *bytes, const char *digits)
{
    for (gsize i = strlen(digits); i >= 2; i -= 2)
        *bytes++ =
            (guint8)(g_ascii_digit_value(digits[i - 2]) << 4 | g_ascii_digit_value(digits[i - 1]));
}

typedef enum {
    BY_PRIMARY, /* and its identification */
    BY_PRIMARY_ALONE,
    BY_SELECTION,
    BY_CJT188,
} By;

static void
watch(Site *site, guint n, By by)
{
    struct nfw_channel_config *channel = &site->config.channel[n];
    NiloLabMeter *meter = g_ptr_array_index(nilo_lab_bus_get_meters(site->bus), n);

    channel->source = by == BY_CJT188 ? NFW_SOURCE_CJT188 : NFW_SOURCE_MBUS;
    channel->type = (uint8_t)meter->settings.type;
    channel->max_flow = 4;
    memset(channel->meter_number, 0xff, sizeof channel->meter_number);
    if (by != BY_PRIMARY_ALONE)
        put_digits(channel->meter_number, meter->settings.id);
    if (by == BY_PRIMARY || by == BY_PRIMARY_ALONE)
        channel->meter_number[6] = (uint8_t)meter->settings.primary_address;
    site->watched[n].meter = meter;
    site->watched[n].step_l = by == BY_CJT188 ? CJT188_L : 1;
}

/* --- the wire ------------------------------------------------------------------------------- */

static void
pass_request(Site *site)
{
    const struct nfw_host_line *line = &site->host.line[NFW_LINE_METERS];
    const gint64 byte_us = (gint64)(11 * US_PER_S / line->speed_baud);
    const gint64 start_ns = (gint64)line->sent_start_us * NS_PER_US;
    gint64 due_ns;

    site->sent = line->sent_count;
    site->requests++;
    /* what has happened needs no room any more */
    if (site->host.next_stimulus == site->host.n_stimuli)
        site->host.next_stimulus = site->host.n_stimuli = 0;
    nilo_lab_bus_hear(site->bus, line->sent, line->sent_size, start_ns, line->speed_baud);
    while (nilo_lab_bus_peek(site->bus, start_ns, &due_ns) && due_ns < start_ns + LISTEN_NS) {
        NiloLabByte byte;
        const gboolean is_told = !site->parity_is_lost;

        g_assert_true(nilo_lab_bus_take(site->bus, &byte));
        nfw_host_plan_byte(&site->host, (guint64)(byte.end_ns / NS_PER_US - byte_us),
                           NFW_LINE_METERS, byte.byte, byte.damaged && is_told ? NFW_RX_BAD : 0);
    }
}

/* --- what is confirmed ---------------------------------------------------------------------- */

static gint64
get_litres(Site *site, const Watched *watched, gint64 at_us)
{
    const gint64 utc_us = nilo_lab_bus_get_utc_us(site->bus, at_us * NS_PER_US);
    const gint64 ml = nilo_lab_meter_get_volume_ml(watched->meter, utc_us);

    return ml / ML_PER_L / watched->step_l * watched->step_l;
}

static void
check_value(Site *site, guint channel, gint64 value)
{
    const Watched *watched = &site->watched[channel];
    const gint64 least = get_litres(site, watched, watched->asked_us);
    const gint64 most = get_litres(site, watched, (gint64)site->host.now_us);

    if (value >= least && value <= most)
        return;
    site->wrong++;
    g_test_message("channel %u told %" G_GINT64_FORMAT " l, and had %" G_GINT64_FORMAT
                   " to %" G_GINT64_FORMAT,
                   channel, value, least, most);
}

static void
take_news(Site *site, enum nfw_poller_news news, guint channel, int32_t value)
{
    Watched *watched = &site->watched[channel];

    g_assert_cmpuint(channel, <, NFW_CHANNELS);
    g_assert_nonnull(watched->meter);
    switch (news) {
    case NFW_POLLER_VALUE:
    case NFW_POLLER_ODD:
        *(news == NFW_POLLER_VALUE ? &watched->values : &watched->odd) += 1;
        check_value(site, channel, value);
        site->stored[channel] = value;
        break;
    case NFW_POLLER_SILENT:
        watched->silent++;
        break;
    case NFW_POLLER_BACK:
        watched->back++;
        break;
    case NFW_POLLER_NOTHING:
        break;
    }
}

static void
step(Site *site)
{
    const nfw_ms now = nfw_port_now_ms();
    unsigned channel = NFW_CHANNELS;
    int32_t value = 0;
    uint32_t wait = 0;
    const enum nfw_poller_news news =
        nfw_poller_step(&site->poller, &site->config, site->stored, now, &channel, &value, &wait);
    Watched *asked = &site->watched[site->poller.channel];

    if (site->poller.meter[site->poller.channel].asked_at == now && asked->meter != NULL &&
        asked->asked_us / 1000 != (gint64)(site->host.now_us / 1000)) {
        asked->asked_us = (gint64)site->host.now_us;
        site->polls++;
    }
    if (news != NFW_POLLER_NOTHING) {
        take_news(site, news, channel, value);
        return;
    }
    if (site->host.line[NFW_LINE_METERS].sent_count != site->sent)
        pass_request(site);
    nfw_port_sleep_until(now + MIN(wait, 60000));
}

static void
run_s(Site *site, guint64 seconds)
{
    const guint64 end_us = site->host.now_us + seconds * US_PER_S;

    while (site->host.now_us < end_us)
        step(site);
}

static void
start(Site *site)
{
    nfw_poller_start(&site->poller, &site->config, nfw_port_now_ms());
}

/* --- what meters do their own way ----------------------------------------------------------- */

typedef struct {
    const char *path;
    By by;
    const char *keys; /* of the meter or, in front of a line with a star, of the bus */
    gboolean is_read;
} WayCase;

static const WayCase way_cases[] = {
    {"/collector/poller/mbus/primary", BY_PRIMARY, "", TRUE},
    {"/collector/poller/mbus/primary-alone", BY_PRIMARY_ALONE, "", TRUE},
    {"/collector/poller/mbus/selected", BY_SELECTION, "", TRUE},
    {"/collector/poller/mbus/many-telegrams", BY_PRIMARY, "telegrams=3\n", TRUE},
    {"/collector/poller/mbus/many-telegrams-selected", BY_SELECTION, "telegrams=3\n", TRUE},
    {"/collector/poller/mbus/many-telegrams-no-fcb", BY_PRIMARY, "telegrams=3\ndeviations=no-fcb\n",
     TRUE},
    {"/collector/poller/mbus/heat-and-volume", BY_PRIMARY, "profile=heat\n", TRUE},
    {"/collector/poller/mbus/fixed", BY_PRIMARY, "profile=fixed\n", TRUE},
    {"/collector/poller/mbus/fixed-selected", BY_SELECTION, "profile=fixed\n", TRUE},
    {"/collector/poller/mbus/no-fcb", BY_SELECTION, "deviations=no-fcb\n", TRUE},
    {"/collector/poller/mbus/nke-deaf", BY_PRIMARY, "deviations=nke-deaf\n", TRUE},
    {"/collector/poller/mbus/fixed-speed", BY_PRIMARY, "deviations=fixed-speed\n", TRUE},
    {"/collector/poller/mbus/b7-until-reset", BY_PRIMARY, "deviations=b7-until-reset\n", TRUE},
    {"/collector/poller/mbus/b7-until-reset-selected", BY_SELECTION, "deviations=b7-until-reset\n",
     TRUE},
    {"/collector/poller/mbus/primary-only", BY_PRIMARY, "deviations=primary-only\n", TRUE},
    {"/collector/poller/mbus/primary-only-selected", BY_SELECTION, "deviations=primary-only\n",
     FALSE},
    {"/collector/poller/mbus/battery-low", BY_PRIMARY, "deviations=battery-low\n", TRUE},
    {"/collector/poller/mbus/clock-zero", BY_PRIMARY, "deviations=clock-zero\n", TRUE},
    {"/collector/poller/mbus/refuses-writes", BY_PRIMARY, "deviations=refuses-writes\n", TRUE},
    {"/collector/poller/mbus/wrong-checksum", BY_PRIMARY, "deviations=wrong-checksum\n", FALSE},
    {"/collector/poller/mbus/late", BY_PRIMARY, "deviations=late\nlate-ms=2000\n", TRUE},
    {"/collector/poller/mbus/too-late", BY_PRIMARY, "deviations=late\nlate-ms=20000\n", FALSE},
    {"/collector/poller/mbus/busy-now-and-then", BY_PRIMARY, "busy-percent=30\n", TRUE},
    {"/collector/poller/mbus/budget", BY_PRIMARY, "readouts-per-day=2\n", TRUE},
    {"/collector/poller/mbus/budget-of-none", BY_PRIMARY, "readouts-per-day=1\n", FALSE},
    {"/collector/poller/mbus/dead", BY_PRIMARY, "dead=yes\n", FALSE},
    {"/collector/poller/mbus/echo", BY_PRIMARY, "*echo=yes\n", TRUE},
    {"/collector/poller/mbus/echo-selected", BY_SELECTION, "*echo=yes\n", TRUE},
    {"/collector/poller/mbus/babble", BY_PRIMARY, "*babble=yes\n", FALSE},
    {"/collector/poller/mbus/wrong-parity", BY_PRIMARY, "*wrong-parity=yes\n", FALSE},
    {"/collector/poller/cjt188/2004", BY_CJT188, "edition=2004\n", TRUE},
    {"/collector/poller/cjt188/2018", BY_CJT188, "edition=2018\n", TRUE},
    {"/collector/poller/cjt188/any-edition", BY_CJT188, "edition=any\n", TRUE},
    {"/collector/poller/cjt188/hot-water", BY_CJT188, "type=0x11\n", TRUE},
    {"/collector/poller/cjt188/no-preamble", BY_CJT188, "preamble-count=0\n", TRUE},
    {"/collector/poller/cjt188/long-preamble", BY_CJT188, "preamble-count=16\n", TRUE},
    {"/collector/poller/cjt188/di-swapped", BY_CJT188, "deviations=di-swapped\n", TRUE},
    {"/collector/poller/cjt188/short-answer", BY_CJT188, "deviations=short-answer\n", FALSE},
    {"/collector/poller/cjt188/junk-preamble", BY_CJT188, "deviations=junk-preamble\n", TRUE},
    {"/collector/poller/cjt188/vendor-envelope", BY_CJT188, "deviations=vendor-envelope\n", TRUE},
    {"/collector/poller/cjt188/type-differs", BY_CJT188, "deviations=type-differs\n", TRUE},
    {"/collector/poller/cjt188/clock-zero", BY_CJT188, "deviations=clock-zero\n", TRUE},
    {"/collector/poller/cjt188/clock-year-first", BY_CJT188, "deviations=clock-year-first\n", TRUE},
    {"/collector/poller/cjt188/mirrored-status", BY_CJT188, "deviations=mirrored-status\n", TRUE},
    {"/collector/poller/cjt188/unit-litres", BY_CJT188, "deviations=unit-litres\n", TRUE},
    {"/collector/poller/cjt188/fields-ff", BY_CJT188, "deviations=fields-ff\n", TRUE},
    {"/collector/poller/cjt188/wrong-checksum", BY_CJT188, "deviations=wrong-checksum\n", FALSE},
    {"/collector/poller/cjt188/late", BY_CJT188, "deviations=late\nlate-ms=2000\n", TRUE},
    {"/collector/poller/cjt188/trailing-zeros", BY_CJT188, "deviations=trailing-zeros\n", TRUE},
    {"/collector/poller/cjt188/collector-address", BY_CJT188, "deviations=collector-address\n",
     FALSE},
    {"/collector/poller/cjt188/dd-wildcard", BY_CJT188, "deviations=dd-wildcard\n", TRUE},
    {"/collector/poller/cjt188/error-with-di", BY_CJT188, "deviations=error-with-di\n", TRUE},
    {"/collector/poller/cjt188/stale-ser", BY_CJT188, "deviations=stale-ser\n", TRUE},
    {"/collector/poller/cjt188/dead", BY_CJT188, "dead=yes\n", FALSE},
    {"/collector/poller/cjt188/echo", BY_CJT188, "*echo=yes\n", TRUE},
};

static char *
make_estate(const WayCase *way)
{
    const gboolean is_of_bus = way->keys[0] == '*';

    return g_strdup_printf("[estate]\nseed=7\n[bus b]\nkind=mbus\n%s[meter m]\nbus=b\n%s%s",
                           is_of_bus ? way->keys + 1 : "",
                           way->by == BY_CJT188 ? "protocol=cjt188\nid=33010026030001\n"
                                                : "id=26010001\naddress=5\n",
                           is_of_bus ? "" : way->keys);
}

/* The litres of such a meter are finer, and the first thousand cubic metres are not over yet. */
static void
test_way(gconstpointer data)
{
    const WayCase *way = data;
    g_autofree char *estate = make_estate(way);
    g_autoptr(Site) site = site_new(estate);
    Watched *watched = &site->watched[0];

    watch(site, 0, way->by);
    if (strstr(way->keys, "unit-litres") != NULL)
        watched->step_l = 1;
    start(site);
    run_s(site, 10 * POLL_S);
    g_test_message("%u values of %" G_GUINT64_FORMAT " polls, %" G_GUINT64_FORMAT " requests",
                   watched->values, site->polls, site->requests);
    g_assert_cmpuint(site->wrong, ==, 0);
    g_assert_cmpuint(watched->odd, ==, 0);
    if (way->is_read)
        g_assert_cmpuint(watched->values, >, 0);
    else
        g_assert_cmpuint(watched->values, ==, 0);
}

/* --- a whole line --------------------------------------------------------------------------- */

#define LINE                                                                                       \
    "[estate]\nseed=%u\n[bus b]\nkind=mbus\n"                                                      \
    "[meters p]\nbus=b\nprotocol=mbus-primary\ncount=2\nfirst-address=1\nfirst-id=26010001\n"      \
    "[meters s]\nbus=b\nprotocol=mbus-secondary\ncount=2\nfirst-id=26010003\n"                     \
    "[meters h]\nbus=b\nprotocol=cjt188\ncount=2\nfirst-id=33010026030001\nedition=2004\n"         \
    "[meters l]\nbus=b\nprotocol=cjt188\ncount=2\nfirst-id=33010026030003\nedition=2018\n"

static Site *
line_new(guint seed)
{
    g_autofree char *estate = g_strdup_printf(LINE, seed);
    Site *site = site_new(estate);

    for (guint i = 0; i < NFW_CHANNELS; i++)
        watch(site, i, i < 2 ? BY_PRIMARY : i < 4 ? BY_SELECTION : BY_CJT188);
    return site;
}

static guint
sum_values(const Site *site)
{
    guint sum = 0;

    for (guint i = 0; i < NFW_CHANNELS; i++)
        sum += site->watched[i].values + site->watched[i].odd;
    return sum;
}

static guint
sum_odd(const Site *site)
{
    guint sum = 0;

    for (guint i = 0; i < NFW_CHANNELS; i++)
        sum += site->watched[i].odd;
    return sum;
}

/* eight meters of two protocols on one line: each poll of each of them gives its value */
static void
test_line(void)
{
    g_autoptr(Site) site = line_new(7);

    start(site);
    run_s(site, 60 * POLL_S);
    g_assert_cmpuint(site->wrong, ==, 0);
    for (guint i = 0; i < NFW_CHANNELS; i++) {
        g_assert_cmpuint(site->watched[i].odd, ==, 0);
        g_assert_cmpuint(site->watched[i].values, >=, 58);
    }
}

/* of two at one address neither is believed while they talk at once */
static void
test_twins(void)
{
    g_autoptr(Site) site = site_new("[estate]\nseed=7\n[bus b]\nkind=mbus\n"
                                    "[meter a]\nbus=b\nid=26010001\naddress=5\n"
                                    "[meter b]\nbus=b\nid=26010002\naddress=5\n");

    watch(site, 0, BY_PRIMARY);
    start(site);
    run_s(site, 20 * POLL_S);
    g_assert_cmpuint(sum_values(site), ==, 0);
    g_assert_cmpuint(site->requests, >, 20);
}

/* A meter is exchanged: with its identification known the new one is not taken for it; asked by
 * its address alone its smaller value is believed in the end, and told as odd. */
static void
test_exchanged(gconstpointer data)
{
    const By by = (By)GPOINTER_TO_INT(data);
    g_autoptr(Site) site =
        site_new("[estate]\nseed=7\n[bus b]\nkind=mbus\n"
                 "[meter a]\nbus=b\nid=26010001\naddress=5\nstart-litres=5000\n");
    Watched *watched = &site->watched[0];

    watch(site, 0, by);
    start(site);
    run_s(site, 5 * POLL_S);
    g_assert_cmpuint(watched->values, >=, 4);
    nilo_lab_meter_exchange(watched->meter, "26019999",
                            nilo_lab_bus_get_utc_us(site->bus,
                                                    (gint64)site->host.now_us * NS_PER_US));
    run_s(site, 10 * POLL_S);
    g_assert_cmpuint(site->wrong, ==, 0);
    g_assert_cmpuint(watched->odd, ==, by == BY_PRIMARY ? 0 : 1);
    g_assert_cmpuint(watched->silent, ==, by == BY_PRIMARY ? 1 : 0);
}

static void
test_silent_and_back(void)
{
    g_autoptr(Site) site = line_new(7);

    start(site);
    run_s(site, 5 * POLL_S);
    nilo_lab_bus_get_settings(site->bus)->cut_after = 4;
    run_s(site, 10 * POLL_S);
    for (guint i = 0; i < NFW_CHANNELS; i++)
        g_assert_cmpuint(site->watched[i].silent, ==, i < 4 ? 0 : 1);
    nilo_lab_bus_get_settings(site->bus)->cut_after = G_MAXUINT;
    run_s(site, 5 * POLL_S);
    for (guint i = 0; i < NFW_CHANNELS; i++)
        g_assert_cmpuint(site->watched[i].back, ==, i < 4 ? 0 : 1);
    g_assert_cmpuint(site->wrong, ==, 0);
}

/* --- noise ---------------------------------------------------------------------------------- */

static guint64
get_polls(void)
{
    const char *text = g_getenv("NILO_POLLER_POLLS");

    return text != NULL ? g_ascii_strtoull(text, NULL, 10) : FEW_POLLS;
}

typedef struct {
    const char *path;
    guint noise_ppm;
    guint drop_ppm;
    guint junk_ppm;
    guint late_ppm;
    gboolean parity_is_lost;
    guint least_percent; /* of the polls that give a value */
} NoiseCase;

static const NoiseCase noise_cases[] = {
    {"/collector/poller/noise/flips", NOISE_PPM, 0, 0, 0, FALSE, 96},
    {"/collector/poller/noise/flips-without-parity", NOISE_PPM, 0, 0, 0, TRUE, 96},
    {"/collector/poller/noise/heavy", 20000, 0, 0, 0, TRUE, 30},
    {"/collector/poller/noise/all-kinds", NOISE_PPM, 1000, 1000, 20000, TRUE, 90},
};

/* No wrong value is ever confirmed, whatever the wire does. The heavy case is one in which a poller
 * that believes every sound answer is wrong four times in 100,000 polls. */
static void
test_noise(gconstpointer data)
{
    const NoiseCase *noise = data;
    const guint64 polls = get_polls();
    g_autoptr(Site) site = line_new(4711);
    NiloLabBusSettings *settings = nilo_lab_bus_get_settings(site->bus);
    const NiloLabBusStats *stats = nilo_lab_bus_get_stats(site->bus);
    guint silent = 0;

    settings->noise_ppm = noise->noise_ppm;
    settings->drop_ppm = noise->drop_ppm;
    settings->junk_ppm = noise->junk_ppm;
    settings->late_ppm = noise->late_ppm;
    settings->late_ms = 3000;
    site->parity_is_lost = noise->parity_is_lost;
    start(site);
    while (site->polls < polls)
        step(site);
    for (guint i = 0; i < NFW_CHANNELS; i++)
        silent += site->watched[i].silent;
    g_test_message("%" G_GUINT64_FORMAT " polls, %" G_GUINT64_FORMAT " requests, %" G_GUINT64_FORMAT
                   " bytes flipped, %" G_GUINT64_FORMAT " lost, %" G_GUINT64_FORMAT
                   " added, %" G_GUINT64_FORMAT
                   " answers late: %u values, %u of them odd, %u times silent, %u wrong",
                   site->polls, site->requests, stats->flips, stats->drops, stats->junk,
                   stats->late_answers, sum_values(site), sum_odd(site), silent, site->wrong);
    g_assert_cmpuint(site->wrong, ==, 0);
    g_assert_cmpuint(sum_odd(site), ==, 0);
    g_assert_cmpuint(sum_values(site) * 100, >=, (site->polls - 1) * noise->least_percent);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(way_cases); i++)
        g_test_add_data_func(way_cases[i].path, &way_cases[i], test_way);
    g_test_add_func("/collector/poller/line", test_line);
    g_test_add_func("/collector/poller/twins", test_twins);
    g_test_add_data_func("/collector/poller/exchanged/known", GINT_TO_POINTER(BY_PRIMARY),
                         test_exchanged);
    g_test_add_data_func("/collector/poller/exchanged/by-address",
                         GINT_TO_POINTER(BY_PRIMARY_ALONE), test_exchanged);
    g_test_add_func("/collector/poller/silent-and-back", test_silent_and_back);
    for (gsize i = 0; i < G_N_ELEMENTS(noise_cases); i++)
        g_test_add_data_func(noise_cases[i].path, &noise_cases[i], test_noise);
    return g_test_run();
}
