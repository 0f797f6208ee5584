/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-torture-witness.h"

#include <string.h>

#include "nilo-cjt188-report.h"
#include "nilo-cjt188-settings.h"
#include "nilo-mbus-report.h"
#include "nilo-mbus-settings.h"

/* an M-Bus clock tells whole minutes, and our stamp of an answer may be some seconds off */
#define DRIFT_TOLERANCE_S 75

/* wrong values are told in full, to this number */
#define MAX_TOLD 20

/* what one meter said, as it left the meter */
typedef struct {
    NiloLabMeter *meter; /* borrowed */
    GBytes *bytes;
    gint64 utc_us;
    gint64 volume_ml;
} Said;

struct _NiloTortureWitness {
    NiloTortureBuilding *building; /* borrowed, outlives us */
    NiloTortureCounts counts;
    guint n_told;
    /* the bus thread's, from one report to the next */
    GPtrArray *said;  /* element-type Said */
    GPtrArray *truth; /* element-type NiloReport: what the meter asked has said in each call */
};

static void
said_free(gpointer data)
{
    Said *self = data;

    g_bytes_unref(self->bytes);
    g_free(self);
}

static void
answer_cb(NiloLabMeter *meter, const NiloLabHeard *heard, const NiloLabAnswer *answer,
          gpointer user_data)
{
    NiloTortureWitness *self = user_data;
    const Said said = {
        .meter = meter,
        .bytes = g_bytes_new(answer->bytes, answer->size),
        .utc_us = heard->utc_us,
        .volume_ml = nilo_lab_meter_get_volume_ml(meter, heard->utc_us),
    };

    g_ptr_array_add(self->said, g_memdup2(&said, sizeof said));
}

static gboolean
was_said(NiloTortureWitness *self, const guint8 *frame, gsize size)
{
    for (guint i = 0; i < self->said->len; i++) {
        const Said *said = g_ptr_array_index(self->said, i);
        gsize said_size;
        const guint8 *bytes = g_bytes_get_data(said->bytes, &said_size);

        if (memmem(bytes, said_size, frame, size) != NULL)
            return TRUE;
    }
    return FALSE;
}

/* ---- a channel that looks at each answer that is believed ---- */

#define NILO_TYPE_TORTURE_CHANNEL (nilo_torture_channel_get_type())
G_DECLARE_FINAL_TYPE(NiloTortureChannel, nilo_torture_channel, NILO, TORTURE_CHANNEL, GObject)

struct _NiloTortureChannel {
    GObject parent_instance;

    NiloTortureWitness *witness; /* borrowed, outlives us */
    NiloChannel *inner;          /* borrowed for the time of a call */
};

static gboolean
torture_channel_exchange(NiloChannel *channel, const NiloRequest *request, NiloVerdict *verdict,
                         NiloAnswer *answer, GCancellable *cancellable, GError **error)
{
    NiloTortureChannel *self = NILO_TORTURE_CHANNEL(channel);

    if (!nilo_channel_exchange(self->inner, request, verdict, answer, cancellable, error))
        return FALSE;
    if (*verdict == NILO_VERDICT_ANSWER && answer->frame != NULL &&
        !was_said(self->witness, answer->frame, answer->size))
        self->witness->counts.corrupt_frames++;
    return TRUE;
}

static gboolean
torture_channel_pause(NiloChannel *channel, guint duration_ms, GCancellable *cancellable,
                      GError **error)
{
    return nilo_channel_pause(NILO_TORTURE_CHANNEL(channel)->inner, duration_ms, cancellable,
                              error);
}

static gboolean
torture_channel_set_speed(NiloChannel *channel, guint speed_baud, GError **error)
{
    return nilo_channel_set_speed(NILO_TORTURE_CHANNEL(channel)->inner, speed_baud, error);
}

static guint
torture_channel_get_speed(NiloChannel *channel)
{
    return nilo_channel_get_speed(NILO_TORTURE_CHANNEL(channel)->inner);
}

static gboolean
torture_channel_send_break(NiloChannel *channel, guint duration_ms, GCancellable *cancellable,
                           GError **error)
{
    return nilo_channel_send_break(NILO_TORTURE_CHANNEL(channel)->inner, duration_ms, cancellable,
                                   error);
}

static NiloClock *
torture_channel_get_clock(NiloChannel *channel)
{
    return nilo_channel_get_clock(NILO_TORTURE_CHANNEL(channel)->inner);
}

static void
torture_channel_iface_init(NiloChannelInterface *iface)
{
    iface->exchange = torture_channel_exchange;
    iface->pause = torture_channel_pause;
    iface->set_speed = torture_channel_set_speed;
    iface->get_speed = torture_channel_get_speed;
    iface->send_break = torture_channel_send_break;
    iface->get_clock = torture_channel_get_clock;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloTortureChannel, nilo_torture_channel, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_CHANNEL, torture_channel_iface_init))

static void
nilo_torture_channel_class_init(NiloTortureChannelClass *klass)
{
}

static void
nilo_torture_channel_init(NiloTortureChannel *self)
{
}

/* ---- what the meter's undamaged answers mean ---- */

static void
decode_mbus(NiloMbusSettings *settings, GPtrArray *frames, gint64 utc_us,
            NiloReportBuilder *builder)
{
    NiloMbusReport report = {
        .builder = builder,
        .profile = nilo_mbus_settings_get_profile(settings),
        .main_volume = nilo_mbus_settings_get_main_volume(settings),
        .zone = nilo_mbus_settings_get_zone(settings),
        .now_us = utc_us,
    };

    nilo_mbus_report_fill(&report, frames);
}

static void
decode_cjt188(NiloCjt188Settings *settings, GBytes *frame, gint64 utc_us,
              NiloReportBuilder *builder)
{
    NiloCjt188Report report = {
        .builder = builder,
        .model = nilo_cjt188_settings_get_model(settings),
        .zone = nilo_cjt188_settings_get_zone(settings),
        .now_us = utc_us,
    };
    NiloCjt188Found found;
    NiloCjt188Message message;
    gsize size;
    const guint8 *bytes = g_bytes_get_data(frame, &size);

    if (nilo_cjt188_frame_find(bytes, size, &found) != NILO_WIRE_OK)
        return;
    nilo_cjt188_message_parse(&found.frame, &message);
    nilo_cjt188_report_add(&report, &message);
}

/* a request that is repeated brings the same telegram again; a reset begins anew */
static GPtrArray *
list_frames(NiloTortureWitness *self, guint begin, const NiloLabMeter *meter, gint64 *utc_us)
{
    GPtrArray *frames = g_ptr_array_new();

    for (guint i = begin; i < self->said->len; i++) {
        const Said *said = g_ptr_array_index(self->said, i);

        if (said->meter != meter)
            continue;
        *utc_us = said->utc_us;
        if (g_bytes_get_size(said->bytes) == 1)
            g_ptr_array_set_size(frames, 0);
        else if (!g_ptr_array_find_with_equal_func(frames, said->bytes, g_bytes_equal, NULL))
            g_ptr_array_add(frames, said->bytes);
    }
    return frames;
}

static void
note_truth(NiloTortureWitness *self, guint begin, NiloMeter *meter)
{
    NiloLabMeter *lab_meter =
        g_hash_table_lookup(self->building->lab_meters, nilo_meter_get_id(meter));
    GObject *settings = nilo_meter_get_driver_settings(meter);
    gint64 utc_us = 0;
    g_autoptr(GPtrArray) frames = list_frames(self, begin, lab_meter, &utc_us);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(nilo_meter_get_id(meter));

    if (frames->len == 0)
        return;
    if (NILO_IS_MBUS_SETTINGS(settings))
        decode_mbus(NILO_MBUS_SETTINGS(settings), frames, utc_us, builder);
    else
        decode_cjt188(NILO_CJT188_SETTINGS(settings), g_ptr_array_index(frames, frames->len - 1),
                      utc_us, builder);
    g_ptr_array_add(self->truth, nilo_report_builder_finish(builder, NILO_OUTCOME_OK));
}

/* ---- a driver that is watched ---- */

#define NILO_TYPE_TORTURE_DRIVER (nilo_torture_driver_get_type())
G_DECLARE_FINAL_TYPE(NiloTortureDriver, nilo_torture_driver, NILO, TORTURE_DRIVER, GObject)

struct _NiloTortureDriver {
    GObject parent_instance;

    NiloTortureWitness *witness; /* borrowed, outlives us */
    NiloDriver *inner;
    NiloTortureChannel *channel;
};

static gboolean
torture_driver_read(NiloDriver *driver, NiloMeter *meter, guint flags, NiloChannel *channel,
                    NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
                    GError **error)
{
    NiloTortureDriver *self = NILO_TORTURE_DRIVER(driver);
    const guint begin = self->witness->said->len;
    gboolean done;

    self->channel->inner = channel;
    done = nilo_driver_read(self->inner, meter, flags, NILO_CHANNEL(self->channel), builder,
                            outcome, cancellable, error);
    self->channel->inner = NULL;
    note_truth(self->witness, begin, meter);
    return done;
}

static void
torture_driver_iface_init(NiloDriverInterface *iface)
{
    iface->read = torture_driver_read;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloTortureDriver, nilo_torture_driver, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_DRIVER, torture_driver_iface_init))

static void
nilo_torture_driver_finalize(GObject *object)
{
    NiloTortureDriver *self = NILO_TORTURE_DRIVER(object);

    g_clear_object(&self->inner);
    g_clear_object(&self->channel);
    G_OBJECT_CLASS(nilo_torture_driver_parent_class)->finalize(object);
}

static void
nilo_torture_driver_class_init(NiloTortureDriverClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_torture_driver_finalize;
}

static void
nilo_torture_driver_init(NiloTortureDriver *self)
{
    self->channel = g_object_new(NILO_TYPE_TORTURE_CHANNEL, NULL);
}

static void
watch_driver(NiloTortureWitness *self, const char *name)
{
    NiloTortureDriver *driver = g_object_new(NILO_TYPE_TORTURE_DRIVER, NULL);

    driver->witness = self;
    driver->channel->witness = self;
    driver->inner = g_object_ref(g_hash_table_lookup(self->building->drivers, name));
    g_hash_table_replace(self->building->drivers, (gpointer)name, driver);
}

/* ---- reports ---- */

static gboolean
is_in(NiloReport *report, const NiloReading *wanted)
{
    const guint flags = NILO_READING_INVALID | NILO_READING_METER_TIME;
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    for (gsize i = 0; i < n_readings; i++) {
        const NiloReading *reading = &readings[i];

        if (reading->reg == wanted->reg && nilo_value_equal(&reading->value, &wanted->value) &&
            ((reading->flags ^ wanted->flags) & flags) == 0 &&
            ((reading->flags & NILO_READING_METER_TIME) == 0 ||
             reading->taken_us == wanted->taken_us))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_truth(NiloTortureWitness *self, const NiloReading *reading)
{
    for (guint i = 0; i < self->truth->len; i++) {
        if (is_in(g_ptr_array_index(self->truth, i), reading))
            return TRUE;
    }
    return FALSE;
}

/* the lab's own number, cut off at the last digit the meter sends */
static gboolean
is_true_volume(NiloTortureWitness *self, NiloReport *report, const NiloReading *reading)
{
    const NiloLabMeter *meter =
        g_hash_table_lookup(self->building->lab_meters, nilo_report_get_meter(report));
    gint64 volume_ml;
    gint64 step_ml = 1;

    if (!nilo_value_to_millilitres(&reading->value, &volume_ml))
        return FALSE;
    for (gint i = -6; i < reading->value.exponent; i++)
        step_ml *= 10;
    for (guint i = 0; i < self->said->len; i++) {
        const Said *said = g_ptr_array_index(self->said, i);

        if (said->meter == meter && said->volume_ml - said->volume_ml % step_ml == volume_ml)
            return TRUE;
    }
    return FALSE;
}

static void
tell_wrong(NiloTortureWitness *self, NiloReport *report, const NiloReading *reading)
{
    g_autofree char *reg = nilo_register_to_text(reading->reg);
    g_autofree char *value = nilo_value_to_text(&reading->value);

    if (++self->n_told > MAX_TOLD)
        return;
    g_printerr("wrong: %s %s = %s flags %u, taken %" G_GINT64_FORMAT ", %u reads",
               nilo_meter_id_get_text(nilo_report_get_meter(report)), reg, value, reading->flags,
               reading->taken_us, self->truth->len);
    for (guint i = 0; i < self->truth->len; i++) {
        const NiloReading *truth =
            nilo_report_find_reading(g_ptr_array_index(self->truth, i), reading->reg);
        g_autofree char *text = truth != NULL ? nilo_value_to_text(&truth->value) : NULL;

        g_printerr(", truth %s", text != NULL ? text : "none");
    }
    g_printerr("\n");
}

static void
check_reading(NiloTortureWitness *self, NiloReport *report, const NiloReading *reading)
{
    const gboolean is_counter = reading->reg == nilo_register_of(NILO_QUANTITY_VOLUME) &&
                                (reading->flags & NILO_READING_METER_TIME) == 0;

    self->counts.readings++;
    self->counts.confirmed += (reading->flags & NILO_READING_CONFIRMED) != 0;
    self->counts.implausible += (reading->flags & NILO_READING_IMPLAUSIBLE) != 0;
    self->counts.invalid += (reading->flags & NILO_READING_INVALID) != 0;
    if ((reading->flags & (NILO_READING_IMPLAUSIBLE | NILO_READING_INVALID)) != 0)
        return;
    self->counts.volumes += is_counter;
    if (is_truth(self, reading) && (!is_counter || is_true_volume(self, report, reading)))
        return;
    self->counts.wrong_values++;
    tell_wrong(self, report, reading);
}

/* no bits at all: nothing is said */
static gboolean
has_true_status(NiloTortureWitness *self, NiloReport *report)
{
    if (nilo_report_get_status(report) == NILO_STATUS_NONE)
        return TRUE;
    for (guint i = 0; i < self->truth->len; i++) {
        if (nilo_report_get_status(g_ptr_array_index(self->truth, i)) ==
            nilo_report_get_status(report))
            return TRUE;
    }
    return FALSE;
}

static gboolean
has_true_drift(NiloTortureWitness *self, NiloReport *report)
{
    gint64 drift_s;
    gint64 truth_s;

    if (!nilo_report_get_clock_drift_s(report, &drift_s))
        return TRUE;
    for (guint i = 0; i < self->truth->len; i++) {
        if (nilo_report_get_clock_drift_s(g_ptr_array_index(self->truth, i), &truth_s) &&
            ABS(truth_s - drift_s) <= DRIFT_TOLERANCE_S)
            return TRUE;
    }
    return FALSE;
}

void
nilo_torture_witness_note_report(NiloReport *report, gpointer user_data)
{
    NiloTortureWitness *self = user_data;
    const NiloOutcome outcome = nilo_report_get_outcome(report);
    gsize n_readings;
    const NiloReading *readings = nilo_report_get_readings(report, &n_readings);

    self->counts.reports++;
    self->counts.outcomes[outcome]++;
    for (gsize i = 0; i < n_readings; i++)
        check_reading(self, report, &readings[i]);
    if (n_readings > 0) {
        self->counts.wrong_status += !has_true_status(self, report);
        self->counts.wrong_drift += !has_true_drift(self, report);
    }
    g_ptr_array_set_size(self->said, 0);
    g_ptr_array_set_size(self->truth, 0);
}

const NiloTortureCounts *
nilo_torture_witness_get_counts(NiloTortureWitness *self)
{
    return &self->counts;
}

NiloTortureWitness *
nilo_torture_witness_new(NiloTortureBuilding *building)
{
    NiloTortureWitness *self = g_new0(NiloTortureWitness, 1);
    GPtrArray *meters = nilo_lab_bus_get_meters(building->lab);

    self->building = building;
    self->said = g_ptr_array_new_with_free_func(said_free);
    self->truth = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    for (guint i = 0; i < meters->len; i++) {
        NiloLabMeter *meter = g_ptr_array_index(meters, i);

        meter->answer_func = answer_cb;
        meter->answer_data = self;
    }
    watch_driver(self, "mbus");
    watch_driver(self, "cjt188");
    return self;
}

void
nilo_torture_witness_free(NiloTortureWitness *self)
{
    g_ptr_array_unref(self->said);
    g_ptr_array_unref(self->truth);
    g_free(self);
}
