/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* no test itself: the collector's firmware as the tests of this folder reach it */
#include "nilo-mbus-collector-line.h"

#include "nfw-host.h"

#define BITS_PER_BYTE 11
#define STEP_US       500
#define HOME_BAUD     2400

struct _NiloMbusCollectorLine {
    GObject parent_instance;

    NiloFakeClock *clock;
    struct nfw_host *host;      /* with its EEPROM, more than an instance may be */
    NiloMbusCollectorStep step; /* (nullable): nothing runs */
    gpointer step_data;         /* borrowed, outlives us */
    guint speed_baud;
    guint requests;
    guint32 sent;    /* answers taken so far */
    GArray *bytes;   /* element-type guint8: of an answer, not received yet */
    gint64 first_us; /* when the first of them begins */
    gsize taken;     /* of them */
    gsize harm_at;   /* 0: none */
    guint8 harm_mask;
    guint noise; /* per mille of bytes */
    GRand *random;
};

static void nilo_mbus_collector_line_iface_init(NiloLineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloMbusCollectorLine, nilo_mbus_collector_line, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_LINE,
                                                    nilo_mbus_collector_line_iface_init))

static gint64
get_now_us(NiloMbusCollectorLine *self)
{
    return nilo_clock_get_monotonic_us(NILO_CLOCK(self->clock));
}

static gint64
get_byte_us(NiloMbusCollectorLine *self)
{
    return BITS_PER_BYTE * G_USEC_PER_SEC / self->speed_baud;
}

static guint8
make_noise(NiloMbusCollectorLine *self, guint8 byte)
{
    if (self->noise == 0 || (guint)g_rand_int_range(self->random, 0, 1000) >= self->noise)
        return byte;
    byte ^= (guint8)(1 << g_rand_int_range(self->random, 0, 8));
    if (g_rand_int_range(self->random, 0, 4) == 0)
        byte ^= (guint8)(1 << g_rand_int_range(self->random, 0, 8));
    return byte;
}

/* what the firmware has sent becomes bytes on the wire */
static void
take_answer(NiloMbusCollectorLine *self)
{
    const struct nfw_host_line *line = &self->host->line[NFW_LINE_BUS];

    if (line->sent_count == self->sent)
        return;
    self->sent = line->sent_count;
    g_array_set_size(self->bytes, 0);
    g_array_append_vals(self->bytes, line->sent, (guint)line->sent_size);
    for (guint i = 0; i < self->bytes->len; i++)
        g_array_index(self->bytes, guint8, i) =
            make_noise(self, g_array_index(self->bytes, guint8, i));
    self->first_us = (gint64)line->sent_start_us;
    self->taken = 0;
    if (self->harm_at > 0 && self->harm_at + 2 < line->sent_size) {
        guint8 *bytes = (guint8 *)self->bytes->data;
        const guint8 before = bytes[self->harm_at];

        bytes[self->harm_at] ^= self->harm_mask;
        bytes[line->sent_size - 2] += (guint8)(bytes[self->harm_at] - before);
        self->harm_at = 0;
    }
}

/* the firmware's main loop, up to @until_us or less than a millisecond longer */
static void
run_until(NiloMbusCollectorLine *self, gint64 until_us)
{
    nfw_host = self->host;
    while ((gint64)self->host->now_us < until_us) {
        const nfw_ms now = nfw_port_now_ms();
        const guint32 wait_ms = self->step != NULL ? self->step(now, self->step_data) : G_MAXUINT32;
        const gint64 left_us = until_us - (gint64)self->host->now_us;

        if (left_us > 0)
            nfw_port_sleep_until(now + (nfw_ms)MIN(wait_ms, (left_us + 999) / 1000));
        take_answer(self);
    }
    if (until_us > get_now_us(self))
        nilo_fake_clock_advance(self->clock, until_us - get_now_us(self));
}

static gboolean
collector_line_configure(NiloLine *line, GObject *settings, GError **error)
{
    return TRUE;
}

static gboolean
collector_line_set_speed(NiloLine *line, guint speed_baud, GError **error)
{
    NILO_MBUS_COLLECTOR_LINE(line)->speed_baud = speed_baud;
    return TRUE;
}

static guint
collector_line_get_speed(NiloLine *line)
{
    return NILO_MBUS_COLLECTOR_LINE(line)->speed_baud;
}

static void
plan_request(NiloMbusCollectorLine *self, const guint8 *bytes, gsize size)
{
    guint64 us = self->host->now_us;

    for (gsize i = 0; i < size; i++)
        us = nfw_host_plan_byte(self->host, us, NFW_LINE_BUS, make_noise(self, bytes[i]), 0);
}

/* at a wrong speed nothing sound arrives: one broken byte says as much */
static gboolean
collector_line_send(NiloLine *line, const guint8 *bytes, gsize size, GCancellable *cancellable,
                    GError **error)
{
    NiloMbusCollectorLine *self = NILO_MBUS_COLLECTOR_LINE(line);
    const gint64 end_us = get_now_us(self) + (gint64)size * get_byte_us(self);

    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    self->requests++;
    run_until(self, get_now_us(self));
    if (self->host->line[NFW_LINE_BUS].speed_baud == self->speed_baud)
        plan_request(self, bytes, size);
    else
        nfw_host_plan_byte(self->host, self->host->now_us, NFW_LINE_BUS, 0x00, NFW_RX_BAD);
    run_until(self, end_us);
    return TRUE;
}

static gint64
get_end_us(NiloMbusCollectorLine *self, gsize at)
{
    return self->first_us + ((gint64)at + 1) * get_byte_us(self);
}

static gssize
collector_line_receive(NiloLine *line, guint8 *buffer, gsize size, gint64 deadline_us,
                       GCancellable *cancellable, GError **error)
{
    NiloMbusCollectorLine *self = NILO_MBUS_COLLECTOR_LINE(line);
    gsize n = 0;

    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return -1;
    /* the board tells what it sent when all of it has left: the wire is a little later than it */
    while (self->taken == self->bytes->len &&
           (get_now_us(self) < deadline_us || self->host->line[NFW_LINE_BUS].sending != NULL)) {
        const gint64 now_us = get_now_us(self);

        run_until(self, now_us + STEP_US);
    }
    while (n < size && self->taken < self->bytes->len &&
           get_end_us(self, self->taken) <= MAX(deadline_us, get_now_us(self))) {
        if (get_end_us(self, self->taken) > get_now_us(self))
            run_until(self, get_end_us(self, self->taken));
        buffer[n++] = g_array_index(self->bytes, guint8, self->taken++);
    }
    if (n == 0)
        run_until(self, deadline_us);
    return (gssize)n;
}

static void
collector_line_discard(NiloLine *line)
{
    NiloMbusCollectorLine *self = NILO_MBUS_COLLECTOR_LINE(line);

    run_until(self, get_now_us(self));
    self->taken = self->bytes->len;
}

static void
collector_line_get_counts(NiloLine *line, NiloLineCounts *counts)
{
    *counts = (NiloLineCounts){0};
}

static void
nilo_mbus_collector_line_iface_init(NiloLineInterface *iface)
{
    iface->configure = collector_line_configure;
    iface->set_speed = collector_line_set_speed;
    iface->get_speed = collector_line_get_speed;
    iface->send = collector_line_send;
    iface->receive = collector_line_receive;
    iface->discard = collector_line_discard;
    iface->get_counts = collector_line_get_counts;
}

static void
nilo_mbus_collector_line_finalize(GObject *object)
{
    NiloMbusCollectorLine *self = NILO_MBUS_COLLECTOR_LINE(object);

    nfw_host_clear(self->host);
    g_free(self->host);
    g_clear_object(&self->clock);
    g_array_unref(self->bytes);
    g_rand_free(self->random);
    G_OBJECT_CLASS(nilo_mbus_collector_line_parent_class)->finalize(object);
}

static void
nilo_mbus_collector_line_class_init(NiloMbusCollectorLineClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_mbus_collector_line_finalize;
}

static void
nilo_mbus_collector_line_init(NiloMbusCollectorLine *self)
{
    self->bytes = g_array_new(FALSE, FALSE, 1);
    self->speed_baud = HOME_BAUD;
    self->random = g_rand_new_with_seed(0);
}

NiloMbusCollectorLine *
nilo_mbus_collector_line_new(NiloFakeClock *clock)
{
    NiloMbusCollectorLine *self = g_object_new(NILO_TYPE_MBUS_COLLECTOR_LINE, NULL);

    self->clock = g_object_ref(clock);
    self->host = g_new0(struct nfw_host, 1);
    nfw_host_init(self->host);
    nfw_host_advance_to(self->host, (guint64)get_now_us(self));
    return self;
}

void
nilo_mbus_collector_line_run(NiloMbusCollectorLine *self, NiloMbusCollectorStep step,
                             gpointer user_data)
{
    self->step = step;
    self->step_data = user_data;
}

void
nilo_mbus_collector_line_wait(NiloMbusCollectorLine *self, gint64 us)
{
    run_until(self, get_now_us(self) + us);
}

guint
nilo_mbus_collector_line_count_requests(NiloMbusCollectorLine *self)
{
    return self->requests;
}

void
nilo_mbus_collector_line_harm(NiloMbusCollectorLine *self, gsize at, guint8 mask)
{
    self->harm_at = at;
    self->harm_mask = mask;
}

void
nilo_mbus_collector_line_set_noise(NiloMbusCollectorLine *self, guint per_mille, guint32 seed)
{
    self->noise = per_mille;
    g_rand_set_seed(self->random, seed);
}
