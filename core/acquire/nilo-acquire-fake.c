/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-acquire-fake.h"

#include <string.h>

#include "nilo-error.h"

typedef struct {
    gint64 at_us;
    guint8 byte;
    gboolean broken;
} Coming;

static gint64
get_now_us(const NiloFakeWire *self)
{
    return nilo_clock_get_monotonic_us(NILO_CLOCK(self->clock));
}

static gint64
get_character_us(const NiloFakeWire *self)
{
    return (11 * G_USEC_PER_SEC + self->speed_baud - 1) / self->speed_baud;
}

NiloFakeWire *
nilo_fake_wire_new(NiloFakeClock *clock, guint speed_baud)
{
    NiloFakeWire *self = g_new0(NiloFakeWire, 1);

    g_mutex_init(&self->mutex);
    self->clock = g_object_ref(clock);
    self->speed_baud = speed_baud;
    self->random = g_rand_new_with_seed(1);
    self->coming = g_array_new(FALSE, FALSE, sizeof(Coming));
    self->meters = g_ptr_array_new_with_free_func(g_free);
    self->asked = g_byte_array_new();
    return self;
}

void
nilo_fake_wire_free(NiloFakeWire *self)
{
    g_object_unref(self->clock);
    g_rand_free(self->random);
    g_array_unref(self->coming);
    g_ptr_array_unref(self->meters);
    g_byte_array_unref(self->asked);
    g_mutex_clear(&self->mutex);
    g_free(self);
}

NiloFakeMeter *
nilo_fake_wire_add(NiloFakeWire *self, guint address)
{
    NiloFakeMeter *meter = g_new0(NiloFakeMeter, 1);

    meter->address = address;
    meter->number = address;
    meter->volume_l = 100000 + address * 100;
    meter->flow = 120;
    meter->month_l = 90000 + address;
    meter->answer_us = 30000;
    g_ptr_array_add(self->meters, meter);
    return meter;
}

NiloFakeMeter *
nilo_fake_wire_find(NiloFakeWire *self, guint address)
{
    for (guint i = 0; i < self->meters->len; i++) {
        NiloFakeMeter *meter = g_ptr_array_index(self->meters, i);

        if (meter->address == address)
            return meter;
    }
    return NULL;
}

static guint8
disturb(NiloFakeWire *self, guint8 byte, gboolean *broken)
{
    *broken = FALSE;
    if (self->flip_ppm == 0 || g_rand_int_range(self->random, 0, 1000000) >= (gint)self->flip_ppm)
        return byte;
    *broken = self->sees_parity;
    return byte ^ (guint8)(1 << g_rand_int_range(self->random, 0, 8));
}

void
nilo_fake_wire_say(NiloFakeWire *self, gint64 from_us, const guint8 *bytes, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        Coming coming = {.at_us = from_us + (gint64)i * get_character_us(self)};

        coming.byte = disturb(self, bytes[i], &coming.broken);
        g_array_append_val(self->coming, coming);
    }
}

static guint8
sum(const guint8 *bytes, gsize size)
{
    guint8 total = 0;

    for (gsize i = 0; i < size; i++)
        total += bytes[i];
    return total;
}

static void
put_bcd(guint8 *bytes, guint n, guint32 value)
{
    for (guint i = 0; i < n; i++, value /= 100)
        bytes[i] = (guint8)((value / 10 % 10) << 4 | value % 10);
}

static gboolean
get_bcd(const guint8 *bytes, guint n, gint64 *value)
{
    gint64 total = 0;

    for (guint i = n; i-- > 0;) {
        if (bytes[i] >> 4 > 9 || (bytes[i] & 0xf) > 9)
            return FALSE;
        total = total * 100 + (bytes[i] >> 4) * 10 + (bytes[i] & 0xf);
    }
    *value = total;
    return TRUE;
}

void
nilo_fake_request(guint8 address, char what, guint8 *bytes)
{
    bytes[0] = (guint8)what;
    bytes[1] = address;
    bytes[2] = sum(bytes, 2);
    bytes[3] = 0x16;
}

/* flips the same column up in one byte and down in another: the sum does not see it */
static void
disturb_unseen(NiloFakeWire *self, guint8 *answer)
{
    if (self->double_ppm == 0 ||
        g_rand_int_range(self->random, 0, 1000000) >= (gint)self->double_ppm)
        return;
    for (guint i = 0; i < 100; i++) {
        const guint a = (guint)g_rand_int_range(self->random, 3, NILO_FAKE_ANSWER_SIZE - 2);
        const guint b = (guint)g_rand_int_range(self->random, 3, NILO_FAKE_ANSWER_SIZE - 2);
        const guint8 bit = (guint8)(1 << g_rand_int_range(self->random, 0, 8));

        if (a == b || (answer[a] & bit) == (answer[b] & bit))
            continue;
        answer[a] ^= bit;
        answer[b] ^= bit;
        self->n_unseen++;
        return;
    }
}

static void
answer_request(NiloFakeWire *self, NiloFakeMeter *meter, guint8 what)
{
    guint8 answer[NILO_FAKE_ANSWER_SIZE] = {
        0x68, (guint8)(meter->number + (meter->strange > 0 ? 100 : 0)), 15};

    if (meter->dead)
        return;
    if (meter->deaf > 0) {
        meter->deaf--;
        return;
    }
    if (what == 'C' || what == 'O')
        meter->valve = what == 'C';
    put_bcd(answer + 3, 4, meter->volume_l);
    put_bcd(answer + 7, 3, meter->flow);
    put_bcd(answer + 10, 4, meter->month_l);
    answer[14] = (guint8)meter->valve;
    answer[17] = meter->busy > 0;
    meter->busy -= meter->busy > 0;
    meter->strange -= meter->strange > 0;
    answer[18] = sum(answer, 18);
    answer[19] = 0x16;
    meter->reads++;
    disturb_unseen(self, answer);
    nilo_fake_wire_say(self, get_now_us(self) + meter->answer_us + get_character_us(self), answer,
                       sizeof answer);
}

static void
take_request(NiloFakeWire *self, const guint8 *bytes, gsize size)
{
    gboolean broken = FALSE;
    guint8 heard[NILO_FAKE_REQUEST_SIZE];

    self->n_requests++;
    if (size != NILO_FAKE_REQUEST_SIZE)
        return;
    for (gsize i = 0; i < size; i++)
        heard[i] = disturb(self, bytes[i], &broken);
    g_byte_array_append(self->asked, bytes + 1, 1);
    if (sum(heard, 2) != heard[2])
        return;
    for (guint i = 0; i < self->meters->len; i++) {
        NiloFakeMeter *meter = g_ptr_array_index(self->meters, i);

        if (meter->address == heard[1])
            answer_request(self, meter, heard[0]);
    }
}

struct _NiloFakeLine {
    GObject parent_instance;
    NiloFakeWire *wire; /* borrowed, outlives us */
};

static gboolean
check_lost(NiloFakeWire *wire, GError **error)
{
    if (!wire->lost)
        return TRUE;
    g_set_error_literal(error, NILO_ERROR, NILO_ERROR_LINE_LOST, "the fake adapter is gone");
    return FALSE;
}

static guint
fake_line_get_speed(NiloLine *line)
{
    return NILO_FAKE_LINE(line)->wire->speed_baud;
}

static gboolean
fake_line_send(NiloLine *line, const guint8 *bytes, gsize size, GCancellable *cancellable,
               GError **error)
{
    NiloFakeWire *wire = NILO_FAKE_LINE(line)->wire;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&wire->mutex);
    const gint64 begin_us = get_now_us(wire);

    if (g_cancellable_set_error_if_cancelled(cancellable, error) || !check_lost(wire, error))
        return FALSE;
    if (wire->echo)
        nilo_fake_wire_say(wire, begin_us + get_character_us(wire), bytes, size);
    nilo_fake_clock_advance(wire->clock, (gint64)size * get_character_us(wire));
    take_request(wire, bytes, size);
    return TRUE;
}

static gint
compare_coming(gconstpointer a, gconstpointer b)
{
    const Coming *left = a;
    const Coming *right = b;

    return (left->at_us > right->at_us) - (left->at_us < right->at_us);
}

static gsize
take_arrived(NiloFakeWire *wire, guint8 *buffer, gsize size)
{
    const gint64 now_us = get_now_us(wire);
    gsize n = 0;

    while (n < size && n < wire->coming->len) {
        const Coming *coming = &g_array_index(wire->coming, Coming, n);

        if (coming->at_us > now_us)
            break;
        wire->parity_errors += coming->broken;
        buffer[n++] = coming->byte;
    }
    if (n > 0)
        g_array_remove_range(wire->coming, 0, (guint)n);
    return n;
}

static void
wait_us(NiloFakeWire *wire, gint64 until_us)
{
    const gint64 now_us = get_now_us(wire);

    if (until_us > now_us)
        nilo_fake_clock_advance(wire->clock, until_us - now_us);
}

static gssize
fake_line_receive(NiloLine *line, guint8 *buffer, gsize size, gint64 deadline_us,
                  GCancellable *cancellable, GError **error)
{
    NiloFakeWire *wire = NILO_FAKE_LINE(line)->wire;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&wire->mutex);
    gsize n;

    wire->n_receives++;
    if (g_cancellable_set_error_if_cancelled(cancellable, error) || !check_lost(wire, error))
        return -1;
    if (wire->babble) {
        nilo_fake_clock_advance(wire->clock, get_character_us(wire));
        memset(buffer, 0x55, MIN(size, 1));
        return 1;
    }
    g_array_sort(wire->coming, compare_coming);
    n = take_arrived(wire, buffer, size);
    if (n > 0)
        return (gssize)n;
    if (wire->coming->len > 0 && g_array_index(wire->coming, Coming, 0).at_us <= deadline_us) {
        wait_us(wire, g_array_index(wire->coming, Coming, 0).at_us);
        return (gssize)take_arrived(wire, buffer, size);
    }
    wait_us(wire, deadline_us);
    return 0;
}

static void
fake_line_discard(NiloLine *line)
{
    NiloFakeWire *wire = NILO_FAKE_LINE(line)->wire;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&wire->mutex);
    guint8 gone[64];

    while (take_arrived(wire, gone, sizeof gone) > 0)
        ;
}

static void
fake_line_get_counts(NiloLine *line, NiloLineCounts *counts)
{
    NiloFakeWire *wire = NILO_FAKE_LINE(line)->wire;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&wire->mutex);

    counts->parity_errors = wire->parity_errors;
}

static void
fake_line_iface_init(NiloLineInterface *iface)
{
    iface->get_speed = fake_line_get_speed;
    iface->send = fake_line_send;
    iface->receive = fake_line_receive;
    iface->discard = fake_line_discard;
    iface->get_counts = fake_line_get_counts;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloFakeLine, nilo_fake_line, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_LINE, fake_line_iface_init))

static void
nilo_fake_line_class_init(NiloFakeLineClass *klass)
{
}

static void
nilo_fake_line_init(NiloFakeLine *self)
{
}

NiloLine *
nilo_fake_line_new(NiloFakeWire *wire)
{
    NiloFakeLine *self = g_object_new(NILO_TYPE_FAKE_LINE, NULL);

    self->wire = wire;
    return NILO_LINE(self);
}

struct _NiloFakeTransport {
    GObject parent_instance;
    NiloFakeWire *wire; /* borrowed, outlives us */
};

static NiloLine *
fake_transport_open(NiloTransport *transport, NiloClock *clock, GCancellable *cancellable,
                    GError **error)
{
    NiloFakeWire *wire = NILO_FAKE_TRANSPORT(transport)->wire;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&wire->mutex);

    wire->n_opens++;
    if (wire->fail_opens > 0) {
        wire->fail_opens--;
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                            "the fake adapter is not there");
        return NULL;
    }
    wire->lost = FALSE;
    return nilo_fake_line_new(wire);
}

static const char *
fake_transport_get_port(NiloTransport *transport)
{
    return "fake";
}

static void
fake_transport_iface_init(NiloTransportInterface *iface)
{
    iface->open = fake_transport_open;
    iface->get_port = fake_transport_get_port;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloFakeTransport, nilo_fake_transport, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_TRANSPORT, fake_transport_iface_init))

static void
nilo_fake_transport_class_init(NiloFakeTransportClass *klass)
{
}

static void
nilo_fake_transport_init(NiloFakeTransport *self)
{
}

NiloTransport *
nilo_fake_transport_new(NiloFakeWire *wire)
{
    NiloFakeTransport *self = g_object_new(NILO_TYPE_FAKE_TRANSPORT, NULL);

    self->wire = wire;
    return NILO_TRANSPORT(self);
}

NiloFrameState
nilo_fake_frame(const guint8 *bytes, gsize size, NiloFrameSpan *span, gpointer user_data)
{
    const guint8 address = *(const guint8 *)user_data;

    for (span->offset = 0; span->offset < size && bytes[span->offset] != 0x68; span->offset++)
        ;
    if (span->offset > 0)
        return NILO_FRAME_SKIP;
    if (size >= 3 && bytes[2] != 15) {
        span->offset = 1;
        return NILO_FRAME_SKIP;
    }
    span->expected = NILO_FAKE_ANSWER_SIZE;
    if (size < NILO_FAKE_ANSWER_SIZE)
        return NILO_FRAME_NEED_MORE;
    span->size = NILO_FAKE_ANSWER_SIZE;
    if (sum(bytes, 18) != bytes[18] || bytes[19] != 0x16)
        return NILO_FRAME_BAD_CHECKSUM;
    if (bytes[1] != address)
        return NILO_FRAME_WRONG_METER;
    return bytes[17] != 0 ? NILO_FRAME_BUSY : NILO_FRAME_COMPLETE;
}

struct _NiloFakeDriver {
    GObject parent_instance;
};

static guint8
get_address(NiloMeter *meter)
{
    return (guint8)g_ascii_strtoull(nilo_meter_id_get_local(nilo_meter_get_id(meter)), NULL, 10);
}

static gboolean
fake_driver_decode(NiloDriver *driver, const guint8 *bytes, gsize size, NiloReportBuilder *builder,
                   GError **error)
{
    NiloRegisterParts month = {.quantity = NILO_QUANTITY_VOLUME, .storage = 1};
    NiloRegister reg;
    NiloValue value;

    nilo_register_pack(&month, &reg);
    value = (NiloValue){.exponent = -3, .unit = NILO_UNIT_CUBIC_METRE};
    if (get_bcd(bytes + 3, 4, &value.mantissa))
        nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    if (get_bcd(bytes + 10, 4, &value.mantissa))
        nilo_report_builder_add(builder, reg, &value, 0);
    value = (NiloValue){.exponent = -3, .unit = NILO_UNIT_CUBIC_METRE_PER_HOUR};
    if (get_bcd(bytes + 7, 3, &value.mantissa))
        nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME_FLOW), &value, 0);
    nilo_report_builder_add_status(builder, bytes[14] & 1 ? NILO_STATUS_VALVE_CLOSED
                                                          : NILO_STATUS_VALVE_OPEN);
    return TRUE;
}

static gboolean
ask(guint8 address, char what, NiloChannel *channel, NiloVerdict *verdict, NiloAnswer *answer,
    GCancellable *cancellable, GError **error)
{
    guint8 bytes[NILO_FAKE_REQUEST_SIZE];
    const NiloRequest request = {
        .bytes = bytes,
        .size = sizeof bytes,
        .first_byte_ms = 84,
        .frame = nilo_fake_frame,
        .user_data = &address,
    };

    nilo_fake_request(address, what, bytes);
    return nilo_channel_exchange(channel, &request, verdict, answer, cancellable, error);
}

static gboolean
fake_driver_read(NiloDriver *driver, NiloMeter *meter, guint flags, NiloChannel *channel,
                 NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
                 GError **error)
{
    NiloVerdict verdict;
    NiloAnswer answer;

    if (!ask(get_address(meter), 'R', channel, &verdict, &answer, cancellable, error))
        return FALSE;
    *outcome = nilo_outcome_from_verdict(verdict);
    if (verdict == NILO_VERDICT_WRONG_METER)
        nilo_report_builder_set_found(builder, "fake:other");
    if (verdict != NILO_VERDICT_ANSWER)
        return TRUE;
    return fake_driver_decode(driver, answer.frame, answer.size, builder, error);
}

static gboolean
fake_driver_write(NiloDriver *driver, NiloMeter *meter, NiloCommand *command, NiloChannel *channel,
                  GVariant **result, GCancellable *cancellable, GError **error)
{
    const char what = nilo_command_get_kind(command) == NILO_COMMAND_VALVE_CLOSE ? 'C' : 'O';
    NiloVerdict verdict;
    NiloAnswer answer;

    if (!ask(get_address(meter), what, channel, &verdict, &answer, cancellable, error))
        return FALSE;
    if (verdict == NILO_VERDICT_ANSWER && (answer.frame[14] == 1) == (what == 'C')) {
        *result = g_variant_ref_sink(
            g_variant_new_parsed("{'valve': <%s>}", what == 'C' ? "closed" : "open"));
        return TRUE;
    }
    g_set_error_literal(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED, "valve did not move");
    return FALSE;
}

static gboolean
fake_driver_scan(NiloDriver *driver, NiloScan *scan, NiloChannel *channel,
                 GCancellable *cancellable, GError **error)
{
    GVariant *checkpoint = nilo_scan_get_checkpoint(scan);
    guint first = checkpoint != NULL ? g_variant_get_uint32(checkpoint) : 0;

    for (guint i = first; i < 256; i++) {
        g_autofree char *text = g_strdup_printf("fake:%u", i);
        g_autoptr(NiloMeterId) id = nilo_meter_id_new(text, NULL);
        NiloVerdict verdict;
        NiloAnswer answer;
        g_autofree char *address = g_strdup_printf("%u", i);
        const NiloFound found = {.id = id, .address = address, .speed_baud = 2400};

        if (!ask((guint8)i, 'R', channel, &verdict, &answer, cancellable, error))
            return FALSE;
        if (verdict == NILO_VERDICT_ANSWER)
            nilo_scan_found(scan, &found);
        nilo_scan_save_checkpoint(scan, g_variant_new_uint32(i + 1));
        nilo_scan_progress(scan, i + 1, 256, address);
    }
    return TRUE;
}

static void
fake_driver_iface_init(NiloDriverInterface *iface)
{
    iface->read = fake_driver_read;
    iface->write = fake_driver_write;
    iface->scan = fake_driver_scan;
    iface->decode = fake_driver_decode;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloFakeDriver, nilo_fake_driver, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_DRIVER, fake_driver_iface_init))

static void
nilo_fake_driver_class_init(NiloFakeDriverClass *klass)
{
}

static void
nilo_fake_driver_init(NiloFakeDriver *self)
{
}

NiloDriver *
nilo_fake_driver_new(void)
{
    return g_object_new(NILO_TYPE_FAKE_DRIVER, NULL);
}

struct _NiloFakeSink {
    GObject parent_instance;
    GMutex mutex;
    GPtrArray *reports; /* element-type NiloReport */
    GPtrArray *events;  /* element-type NiloEvent */
    gboolean forgets;
};

static void
fake_sink_put_report(NiloSink *sink, NiloReport *report, NiloSinkStored stored, gpointer user_data)
{
    NiloFakeSink *self = NILO_FAKE_SINK(sink);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    if (!self->forgets)
        g_ptr_array_add(self->reports, nilo_report_ref(report));
}

static void
fake_sink_put_event(NiloSink *sink, NiloEvent *event)
{
    NiloFakeSink *self = NILO_FAKE_SINK(sink);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    if (!self->forgets)
        g_ptr_array_add(self->events, nilo_event_ref(event));
}

static void
fake_sink_flush(NiloSink *sink)
{
}

static void
fake_sink_iface_init(NiloSinkInterface *iface)
{
    iface->put_report = fake_sink_put_report;
    iface->put_event = fake_sink_put_event;
    iface->flush = fake_sink_flush;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloFakeSink, nilo_fake_sink, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_SINK, fake_sink_iface_init))

static void
nilo_fake_sink_finalize(GObject *object)
{
    NiloFakeSink *self = NILO_FAKE_SINK(object);

    g_ptr_array_unref(self->reports);
    g_ptr_array_unref(self->events);
    g_mutex_clear(&self->mutex);
    G_OBJECT_CLASS(nilo_fake_sink_parent_class)->finalize(object);
}

static void
nilo_fake_sink_class_init(NiloFakeSinkClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_fake_sink_finalize;
}

static void
nilo_fake_sink_init(NiloFakeSink *self)
{
    g_mutex_init(&self->mutex);
    self->reports = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    self->events = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_event_unref);
}

NiloFakeSink *
nilo_fake_sink_new(void)
{
    return g_object_new(NILO_TYPE_FAKE_SINK, NULL);
}

void
nilo_fake_sink_forget(NiloFakeSink *self)
{
    self->forgets = TRUE;
}

guint
nilo_fake_sink_count(NiloFakeSink *self, const char *kind)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    guint n = 0;

    for (guint i = 0; i < self->events->len; i++)
        n += strcmp(nilo_event_get_kind(g_ptr_array_index(self->events, i)), kind) == 0;
    return n;
}

guint
nilo_fake_sink_count_reports(NiloFakeSink *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return self->reports->len;
}

NiloReport *
nilo_fake_sink_dup_report(NiloFakeSink *self, guint index)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return nilo_report_ref(g_ptr_array_index(self->reports, index));
}

NiloMeter *
nilo_fake_meter_object(guint address, guint reads_per_day)
{
    g_autofree char *text = g_strdup_printf("fake:%u", address);
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(text, NULL);

    return g_object_new(NILO_TYPE_METER, "id", id, "bus", "riser", "reads-per-day", reads_per_day,
                        NULL);
}
