/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* no test itself: what the tests of this folder have in common */
#include "nilo-mbus-test-line.h"

#include <string.h>

#include "nilo-bus-channel.h"
#include "nilo-mbus-settings.h"

#define NS_PER_US 1000
#define SLACK_MS  30

struct _NiloMbusTestLine {
    GObject parent_instance;

    NiloLabBus *bus; /* borrowed, outlives us */
    NiloFakeClock *clock;
    guint speed_baud;
    guint requests;
    GString *asked;
    NiloLineCounts counts;
};

static void nilo_mbus_test_line_iface_init(NiloLineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloMbusTestLine, nilo_mbus_test_line, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_LINE, nilo_mbus_test_line_iface_init))

static gint64
get_now_us(NiloMbusTestLine *self)
{
    return nilo_clock_get_monotonic_us(NILO_CLOCK(self->clock));
}

static void
wait_until_us(NiloMbusTestLine *self, gint64 until_us)
{
    const gint64 now_us = get_now_us(self);

    if (until_us > now_us)
        nilo_fake_clock_advance(self->clock, until_us - now_us);
}

static void
note_request(NiloMbusTestLine *self, const guint8 *bytes, gsize size)
{
    self->requests++;
    if (self->asked->len > 0)
        g_string_append_c(self->asked, ' ');
    if (size == 5)
        g_string_append_printf(self->asked, "%02X:%u", bytes[1], bytes[2]);
    else if (bytes[6] == NILO_MBUS_CI_SELECT)
        g_string_append(self->asked, "sel");
    else
        g_string_append_printf(self->asked, "%02X:%u", bytes[6], bytes[5]);
}

static gboolean
test_line_configure(NiloLine *line, GObject *settings, GError **error)
{
    return TRUE;
}

static gboolean
test_line_set_speed(NiloLine *line, guint speed_baud, GError **error)
{
    NILO_MBUS_TEST_LINE(line)->speed_baud = speed_baud;
    return TRUE;
}

static guint
test_line_get_speed(NiloLine *line)
{
    return NILO_MBUS_TEST_LINE(line)->speed_baud;
}

static gboolean
test_line_send(NiloLine *line, const guint8 *bytes, gsize size, GCancellable *cancellable,
               GError **error)
{
    NiloMbusTestLine *self = NILO_MBUS_TEST_LINE(line);
    gint64 end_ns;

    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    note_request(self, bytes, size);
    end_ns =
        nilo_lab_bus_hear(self->bus, bytes, size, get_now_us(self) * NS_PER_US, self->speed_baud);
    wait_until_us(self, (end_ns + NS_PER_US - 1) / NS_PER_US);
    return TRUE;
}

static gssize
test_line_receive(NiloLine *line, guint8 *buffer, gsize size, gint64 deadline_us,
                  GCancellable *cancellable, GError **error)
{
    NiloMbusTestLine *self = NILO_MBUS_TEST_LINE(line);
    gsize n = 0;
    gint64 due_ns;

    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return -1;
    while (n < size && nilo_lab_bus_peek(self->bus, get_now_us(self) * NS_PER_US, &due_ns)) {
        const gint64 due_us = (due_ns + NS_PER_US - 1) / NS_PER_US;
        NiloLabByte byte;

        if (due_us > get_now_us(self) && (n > 0 || due_us > deadline_us))
            break;
        wait_until_us(self, due_us);
        if (!nilo_lab_bus_take(self->bus, &byte))
            break;
        nilo_lab_bus_sent(self->bus, &byte, byte.end_ns);
        self->counts.bytes++;
        self->counts.parity_errors += byte.damaged;
        buffer[n++] = byte.byte;
    }
    if (n == 0)
        wait_until_us(self, deadline_us);
    return (gssize)n;
}

static void
test_line_discard(NiloLine *line)
{
    guint8 gone[64];
    const gint64 now_us = get_now_us(NILO_MBUS_TEST_LINE(line));

    while (test_line_receive(line, gone, sizeof gone, now_us, NULL, NULL) > 0)
        ;
}

static void
test_line_get_counts(NiloLine *line, NiloLineCounts *counts)
{
    *counts = NILO_MBUS_TEST_LINE(line)->counts;
}

static void
nilo_mbus_test_line_iface_init(NiloLineInterface *iface)
{
    iface->configure = test_line_configure;
    iface->set_speed = test_line_set_speed;
    iface->get_speed = test_line_get_speed;
    iface->send = test_line_send;
    iface->receive = test_line_receive;
    iface->discard = test_line_discard;
    iface->get_counts = test_line_get_counts;
}

static void
nilo_mbus_test_line_finalize(GObject *object)
{
    NiloMbusTestLine *self = NILO_MBUS_TEST_LINE(object);

    g_clear_object(&self->clock);
    g_string_free(self->asked, TRUE);
    G_OBJECT_CLASS(nilo_mbus_test_line_parent_class)->finalize(object);
}

static void
nilo_mbus_test_line_class_init(NiloMbusTestLineClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_mbus_test_line_finalize;
}

static void
nilo_mbus_test_line_init(NiloMbusTestLine *self)
{
    self->asked = g_string_new(NULL);
}

NiloMbusTestBus *
nilo_mbus_test_bus_new(const char *estate, guint tries)
{
    g_autoptr(GError) error = NULL;
    const NiloBusChannelSettings settings = {.slack_ms = SLACK_MS};
    NiloMbusTestBus *self = g_new0(NiloMbusTestBus, 1);
    NiloBusChannel *channel;
    NiloLabTime time = {.mono_ns = 0, .speedup = 1};

    self->estate = nilo_lab_estate_new_from_data(estate, strlen(estate), &error);
    g_assert_no_error(error);
    g_assert_true(nilo_lab_utc_from_text("2026-03-15T10:30:00Z", &time.utc_us));
    nilo_lab_estate_set_time(self->estate, &time);
    self->bus = g_ptr_array_index(nilo_lab_estate_get_buses(self->estate), 0);
    self->clock = nilo_fake_clock_new(time.utc_us);
    nilo_fake_clock_advance(self->clock, G_USEC_PER_SEC);
    self->line = g_object_new(NILO_TYPE_MBUS_TEST_LINE, NULL);
    self->line->bus = self->bus;
    self->line->clock = g_object_ref(self->clock);
    self->line->speed_baud = nilo_lab_bus_get_settings(self->bus)->speed_baud;
    channel = nilo_bus_channel_new(NILO_CLOCK(self->clock), &settings, NULL, NULL);
    nilo_bus_channel_set_line(channel, NILO_LINE(self->line));
    nilo_bus_channel_begin(channel, tries, 0, NULL);
    self->channel = NILO_CHANNEL(channel);
    return self;
}

void
nilo_mbus_test_bus_free(NiloMbusTestBus *self)
{
    g_clear_object(&self->channel);
    g_clear_object(&self->line);
    g_clear_object(&self->clock);
    nilo_lab_estate_free(self->estate);
    g_free(self);
}

char *
nilo_mbus_test_bus_take_asked(NiloMbusTestBus *self)
{
    char *asked = g_strdup(self->line->asked->str);

    g_string_truncate(self->line->asked, 0);
    return asked;
}

guint
nilo_mbus_test_bus_count_requests(NiloMbusTestBus *self)
{
    return self->line->requests;
}

NiloMeter *
nilo_mbus_test_meter_new(const char *id_text, const char *address, const char *settings_text)
{
    g_autoptr(GObject) settings = NULL;
    g_autoptr(NiloMeterId) id = nilo_meter_id_new(id_text, NULL);
    g_auto(GStrv) pairs = g_strsplit(settings_text, ";", -1);
    g_autoptr(GTypeClass) klass = g_type_class_ref(NILO_TYPE_MBUS_SETTINGS);
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GArray) values = g_array_new(FALSE, TRUE, sizeof(GValue));

    g_assert_nonnull(id);
    for (guint i = 0; pairs[i] != NULL && pairs[i][0] != '\0'; i++) {
        char *value_text = strchr(pairs[i], '=');
        GParamSpec *spec;
        GValue value = G_VALUE_INIT;

        *value_text++ = '\0';
        spec = g_object_class_find_property((GObjectClass *)(gpointer)klass, pairs[i]);
        g_assert_nonnull(spec);
        g_value_init(&value, spec->value_type);
        if (G_VALUE_HOLDS_UINT(&value))
            g_value_set_uint(&value, (guint)g_ascii_strtoull(value_text, NULL, 10));
        else if (G_VALUE_HOLDS_ENUM(&value))
            g_value_set_enum(
                &value,
                g_enum_get_value_by_nick(G_PARAM_SPEC_ENUM(spec)->enum_class, value_text)->value);
        else
            g_value_set_string(&value, value_text);
        g_ptr_array_add(names, pairs[i]);
        g_array_append_val(values, value);
    }
    g_array_set_clear_func(values, (GDestroyNotify)g_value_unset);
    settings = g_object_new_with_properties(NILO_TYPE_MBUS_SETTINGS, names->len,
                                            (const char **)names->pdata,
                                            (const GValue *)(gpointer)values->data);
    g_ptr_array_unref(names);
    return nilo_meter_new(id, "riser", "mbus", address, NULL, settings);
}

NiloReport *
nilo_mbus_test_bus_read(NiloMbusTestBus *bus, NiloDriver *driver, NiloMeter *meter, guint flags)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(nilo_meter_get_id(meter));
    g_autoptr(GError) error = NULL;
    NiloOutcome outcome = NILO_OUTCOME_CANCELLED;
    const guint speed_baud = nilo_line_get_speed(NILO_LINE(bus->line));

    nilo_driver_read(driver, meter, flags, bus->channel, builder, &outcome, NULL, &error);
    g_assert_no_error(error);
    nilo_line_set_speed(NILO_LINE(bus->line), speed_baud, NULL); /* as the bus does */
    return nilo_report_builder_finish(builder, outcome);
}
