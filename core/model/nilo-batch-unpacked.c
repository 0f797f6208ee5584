/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch-packed.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-batch-packed-private.h"
#include "nilo-byte-reader.h"
#include "nilo-error.h"

typedef struct {
    NiloRegister reg;
    guint8 unit;
    gint8 exponent;
    NiloQuantity quantity;
} Class;

typedef struct {
    guint class;
    guint16 flags;
} Slot;

typedef struct {
    guint bits;
    guint outcome;
    guint cause;
    guint quality;
    guint status;
    guint attempts;
    guint n_slots;
    guint first_slot; /* in the list of all */
} Shape;

/* one meter of the table and what the next report of it is told against */
typedef struct {
    NiloMeterId *id;
    NiloReport *latest; /* borrowed from the list of reports */
    guint latest_shape;
} Meter;

typedef struct {
    char *before;
    char *after;
    guint n_digits;
    gint64 number;
} Template;

typedef struct {
    NiloByteReader reader;
    guint64 epoch;
    guint64 sequence;
    GArray *meters;     /* element-type Meter */
    GArray *classes;    /* element-type Class */
    GArray *shapes;     /* element-type Shape */
    GArray *slots;      /* element-type Slot */
    GPtrArray *texts;   /* element-type utf8 */
    GPtrArray *reports; /* element-type NiloReport */
    GPtrArray *events;  /* element-type NiloEvent */
    guint64 next_meter;
    gint64 taken_us;
    gint64 offset_us;
    gint64 answer_ms;
} Unpacker;

static void
clear_meter(gpointer data)
{
    g_clear_pointer(&((Meter *)data)->id, nilo_meter_id_unref);
}

static void
clear_template(gpointer data)
{
    g_free(((Template *)data)->before);
    g_free(((Template *)data)->after);
}

static Unpacker *
unpacker_new(const guint8 *bytes, gsize size)
{
    Unpacker *self = g_new0(Unpacker, 1);

    nilo_byte_reader_init(&self->reader, bytes, size);
    self->meters = g_array_new(FALSE, TRUE, sizeof(Meter));
    g_array_set_clear_func(self->meters, clear_meter);
    self->classes = g_array_new(FALSE, FALSE, sizeof(Class));
    self->shapes = g_array_new(FALSE, FALSE, sizeof(Shape));
    self->slots = g_array_new(FALSE, FALSE, sizeof(Slot));
    self->texts = g_ptr_array_new_with_free_func(g_free);
    self->reports = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    self->events = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_event_unref);
    return self;
}

static void
unpacker_free(Unpacker *self)
{
    g_array_unref(self->meters);
    g_array_unref(self->classes);
    g_array_unref(self->shapes);
    g_array_unref(self->slots);
    g_ptr_array_unref(self->texts);
    g_ptr_array_unref(self->reports);
    g_ptr_array_unref(self->events);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Unpacker, unpacker_free)

static gboolean
is_ok(const Unpacker *self)
{
    return !self->reader.failed;
}

/* (transfer full) (nullable): text that is not valid UTF-8 is made so, a zero in it is damage */
static char *
read_raw_text(Unpacker *self, gsize length)
{
    const char *text = (const char *)nilo_byte_reader_read_bytes(&self->reader, length);

    if (text == NULL)
        return NULL;
    if (memchr(text, '\0', length) != NULL) {
        nilo_byte_reader_fail(&self->reader);
        return NULL;
    }
    return g_utf8_make_valid(text, (gssize)length);
}

static char *
read_text(Unpacker *self)
{
    const guint64 number = nilo_byte_reader_read_limited(&self->reader, self->texts->len);
    gsize length;
    char *text;

    if (!is_ok(self))
        return NULL;
    if (number > 0)
        return g_strdup(self->texts->pdata[number - 1]);
    length = (gsize)nilo_byte_reader_read_limited(&self->reader, NILO_BATCH_MAX_TEXT);
    text = read_raw_text(self, length);
    if (text != NULL && length <= NILO_BATCH_MAX_SHARED_TEXT)
        g_ptr_array_add(self->texts, g_strdup(text));
    return text;
}

static gboolean
is_number_of_digits(gint64 number, guint n_digits)
{
    gint64 limit = 1;

    for (guint i = 0; i < n_digits; i++)
        limit *= 10;
    return number >= 0 && number < limit;
}

static NiloMeterId *
build_id(const Template *template)
{
    g_autoptr(GString) text = g_string_new(template->before);

    if (!is_number_of_digits(template->number, template->n_digits))
        return NULL;
    if (template->n_digits > 0)
        g_string_append_printf(text, "%0*" G_GINT64_FORMAT, (int)template->n_digits,
                               template->number);
    g_string_append(text, template->after);
    return nilo_meter_id_new(text->str, NULL);
}

static void
read_template(Unpacker *self, GArray *templates)
{
    Template template = {0};

    template.before = read_raw_text(self, nilo_byte_reader_read_u8(&self->reader));
    template.n_digits = (guint)nilo_byte_reader_read_limited(&self->reader, NILO_BATCH_MAX_DIGITS);
    template.after = read_raw_text(self, nilo_byte_reader_read_u8(&self->reader));
    g_array_append_val(templates, template);
}

static void
read_meter(Unpacker *self, GArray *templates, guint *current)
{
    const guint64 first = nilo_byte_reader_read_varint(&self->reader);
    Template *template;
    gint64 difference;
    Meter meter = {0};

    if ((first & 1) != 0) {
        if (first >> 1 > templates->len)
            nilo_byte_reader_fail(&self->reader);
        else if (first >> 1 == templates->len)
            read_template(self, templates);
        *current = (guint)(first >> 1);
        difference = nilo_byte_reader_read_signed(&self->reader);
    } else {
        difference = (gint64)(first >> 2 ^ (~(first >> 1 & 1) + 1));
    }
    if (!is_ok(self) || *current >= templates->len) {
        nilo_byte_reader_fail(&self->reader);
        return;
    }
    template = &g_array_index(templates, Template, *current);
    template->number = nilo_batch_sum(template->number, difference);
    meter.id = build_id(template);
    if (meter.id == NULL)
        nilo_byte_reader_fail(&self->reader);
    else
        g_array_append_val(self->meters, meter);
}

static void
read_meters(Unpacker *self)
{
    const gsize n_meters = nilo_byte_reader_read_count(&self->reader);
    g_autoptr(GArray) templates = g_array_new(FALSE, FALSE, sizeof(Template));
    guint current = G_MAXUINT;

    g_array_set_clear_func(templates, clear_template);
    for (gsize i = 0; i < n_meters && is_ok(self); i++)
        read_meter(self, templates, &current);
}

static void
read_classes(Unpacker *self)
{
    const gsize n_classes = nilo_byte_reader_read_count(&self->reader);

    for (gsize i = 0; i < n_classes && is_ok(self); i++) {
        NiloRegisterParts parts;
        Class class;

        class.reg = (NiloRegister)nilo_byte_reader_read_varint(&self->reader);
        class.unit = nilo_byte_reader_read_u8(&self->reader);
        class.exponent = (gint8)nilo_byte_reader_read_u8(&self->reader);
        nilo_register_unpack(class.reg, &parts);
        class.quantity = parts.quantity;
        g_array_append_val(self->classes, class);
    }
}

static void
read_slot(Unpacker *self)
{
    Slot slot;

    slot.class = (guint)nilo_byte_reader_read_varint(&self->reader);
    slot.flags = (guint16)nilo_byte_reader_read_limited(&self->reader, G_MAXUINT16);
    if (slot.class >= self->classes->len)
        nilo_byte_reader_fail(&self->reader);
    g_array_append_val(self->slots, slot);
}

static void
read_shapes(Unpacker *self)
{
    const gsize n_shapes = nilo_byte_reader_read_count(&self->reader);

    for (gsize i = 0; i < n_shapes && is_ok(self); i++) {
        Shape shape;

        shape.bits = nilo_byte_reader_read_u8(&self->reader);
        shape.outcome = nilo_byte_reader_read_u8(&self->reader);
        shape.cause = nilo_byte_reader_read_u8(&self->reader);
        shape.quality = nilo_byte_reader_read_u8(&self->reader);
        shape.status = (guint)nilo_byte_reader_read_limited(&self->reader, G_MAXUINT);
        shape.attempts = (guint)nilo_byte_reader_read_limited(&self->reader, G_MAXUINT);
        shape.n_slots =
            (guint)nilo_byte_reader_read_limited(&self->reader, NILO_BATCH_MAX_READINGS);
        shape.first_slot = self->slots->len;
        for (guint slot = 0; slot < shape.n_slots && is_ok(self); slot++)
            read_slot(self);
        g_array_append_val(self->shapes, shape);
    }
}

static gint64
seconds_to_us(Unpacker *self, gint64 seconds)
{
    gint64 time_us = 0;

    if (__builtin_mul_overflow(seconds, (gint64)G_USEC_PER_SEC, &time_us)) {
        nilo_byte_reader_fail(&self->reader);
        return 0;
    }
    return time_us;
}

static gint64
read_seconds(Unpacker *self)
{
    const gint64 difference = nilo_byte_reader_read_signed(&self->reader);

    return seconds_to_us(self,
                         nilo_batch_sum(nilo_batch_floor_seconds(self->taken_us), difference));
}

static void
read_taken(Unpacker *self, guint bits)
{
    if ((bits & NILO_SHAPE_MICROSECONDS) != 0)
        self->taken_us =
            nilo_batch_sum(self->taken_us, nilo_byte_reader_read_signed(&self->reader));
    else
        self->taken_us = read_seconds(self);
}

static guint
read_report_meter(Unpacker *self, guint bits)
{
    guint64 meter = self->next_meter;

    if ((bits & NILO_SHAPE_METER) != 0)
        meter += (guint64)nilo_byte_reader_read_signed(&self->reader);
    if (meter >= self->meters->len) {
        nilo_byte_reader_fail(&self->reader);
        return 0;
    }
    self->next_meter = meter + 1;
    return (guint)meter;
}

static const Slot *
get_slots(const Unpacker *self, const Shape *shape)
{
    /* an array that nothing was added to has nothing to point into: shapes without slots */
    return self->slots->len > 0 ? &g_array_index(self->slots, Slot, shape->first_slot) : NULL;
}

static gint64
find_base(const Unpacker *self, const Meter *meter, const Slot *slots, guint index,
          gint64 mantissa_before)
{
    const Class *class = &g_array_index(self->classes, Class, slots[index].class);
    const Class *class_before;
    const Shape *latest;
    gsize n_readings;

    if (meter->latest != NULL) {
        latest = &g_array_index(self->shapes, Shape, meter->latest_shape);
        if (index < latest->n_slots && get_slots(self, latest)[index].class == slots[index].class)
            return nilo_report_get_readings(meter->latest, &n_readings)[index].value.mantissa;
    }
    if (index == 0)
        return 0;
    class_before = &g_array_index(self->classes, Class, slots[index - 1].class);
    if (class_before->quantity == class->quantity && class_before->unit == class->unit &&
        class_before->exponent == class->exponent)
        return mantissa_before;
    return 0;
}

static void
read_reading(Unpacker *self, NiloReportBuilder *builder, const Slot *slot, gint64 base,
             NiloValue *value)
{
    const Class *class = &g_array_index(self->classes, Class, slot->class);
    const gboolean own_time = (slot->flags & NILO_READING_METER_TIME) != 0;
    gint64 taken_us = 0;

    if (own_time) {
        taken_us = read_seconds(self);
        taken_us =
            nilo_batch_sum(taken_us, (gint64)nilo_byte_reader_read_limited(&self->reader,
                                                                           G_USEC_PER_SEC - 1));
    }
    value->unit = class->unit;
    value->exponent = class->exponent;
    value->mantissa = nilo_batch_sum(base, nilo_byte_reader_read_signed(&self->reader));
    if (own_time)
        nilo_report_builder_add_at(builder, class->reg, value, slot->flags, taken_us);
    else
        nilo_report_builder_add(builder, class->reg, value, slot->flags);
}

static void
read_readings(Unpacker *self, NiloReportBuilder *builder, const Meter *meter, const Shape *shape)
{
    const Slot *slots = get_slots(self, shape);
    NiloValue value = {0};

    for (guint i = 0; i < shape->n_slots && is_ok(self); i++)
        read_reading(self, builder, &slots[i], find_base(self, meter, slots, i, value.mantissa),
                     &value);
}

static void
read_facts(Unpacker *self, NiloReportBuilder *builder)
{
    const gsize n_facts = nilo_byte_reader_read_count(&self->reader);

    for (gsize i = 0; i < n_facts && is_ok(self); i++) {
        g_autofree char *key = read_text(self);
        g_autofree char *text = read_text(self);

        if (key != NULL && text != NULL)
            nilo_report_builder_add_fact(builder, key, text);
    }
}

/* what stands between the stamp and the readings */
static void
read_exchange(Unpacker *self, NiloReportBuilder *builder, const Shape *shape)
{
    gint64 answer_ms = 0;

    if ((shape->bits & NILO_SHAPE_OFFSET) != 0)
        self->offset_us =
            nilo_batch_sum(self->offset_us, nilo_byte_reader_read_signed(&self->reader));
    if ((shape->bits & NILO_SHAPE_ANSWER) != 0) {
        answer_ms = nilo_batch_sum(self->answer_ms, nilo_byte_reader_read_signed(&self->reader));
        if (answer_ms < 0 || answer_ms > G_MAXUINT)
            nilo_byte_reader_fail(&self->reader);
        self->answer_ms = answer_ms;
    }
    nilo_report_builder_set_exchange(builder, shape->attempts, (guint)answer_ms);
    if ((shape->bits & NILO_SHAPE_UNDECODED) != 0)
        nilo_report_builder_set_undecoded(builder,
                                          (guint)nilo_byte_reader_read_limited(&self->reader,
                                                                               G_MAXUINT));
    if ((shape->bits & NILO_SHAPE_DRIFT) != 0)
        nilo_report_builder_set_clock_drift_s(builder, nilo_byte_reader_read_signed(&self->reader));
    if ((shape->bits & NILO_SHAPE_FOUND) != 0) {
        g_autofree char *found = read_text(self);

        nilo_report_builder_set_found(builder, found);
    }
}

static void
read_report(Unpacker *self)
{
    const guint shape_number = (guint)nilo_byte_reader_read_varint(&self->reader);
    g_autoptr(NiloReportBuilder) builder = NULL;
    const Shape *shape;
    guint meter_number;
    Meter *meter;

    if (shape_number >= self->shapes->len)
        nilo_byte_reader_fail(&self->reader);
    if (!is_ok(self))
        return;
    shape = &g_array_index(self->shapes, Shape, shape_number);
    meter_number = read_report_meter(self, shape->bits);
    if (!is_ok(self))
        return;
    meter = &g_array_index(self->meters, Meter, meter_number);
    builder = nilo_report_builder_new(meter->id);

    read_taken(self, shape->bits);
    read_exchange(self, builder, shape);
    read_readings(self, builder, meter, shape);
    if ((shape->bits & NILO_SHAPE_FACTS) != 0)
        read_facts(self, builder);
    if (!is_ok(self))
        return;

    nilo_report_builder_set_cause(builder, (NiloReportCause)shape->cause);
    nilo_report_builder_add_status(builder, shape->status);
    nilo_report_builder_set_time(builder, self->taken_us,
                                 nilo_batch_difference(self->taken_us, self->offset_us),
                                 (NiloClockQuality)shape->quality);
    meter->latest = nilo_report_builder_finish(builder, (NiloOutcome)shape->outcome);
    meter->latest_shape = shape_number;
    g_ptr_array_add(self->reports, meter->latest);
}

static void
read_event(Unpacker *self)
{
    const guint bits = nilo_byte_reader_read_u8(&self->reader);
    g_autofree char *kind = read_text(self);
    g_autofree char *bus = NULL, *text = NULL;
    NiloMeterId *meter = NULL;
    guint64 number;

    self->taken_us = nilo_batch_sum(self->taken_us, nilo_byte_reader_read_signed(&self->reader));
    if ((bits & NILO_BATCH_EVENT_METER) != 0) {
        number = nilo_byte_reader_read_varint(&self->reader);
        if (number < self->meters->len)
            meter = g_array_index(self->meters, Meter, number).id;
        else
            nilo_byte_reader_fail(&self->reader);
    }
    if ((bits & NILO_BATCH_EVENT_BUS) != 0)
        bus = read_text(self);
    if ((bits & NILO_BATCH_EVENT_TEXT) != 0)
        text = read_text(self);
    if (is_ok(self))
        g_ptr_array_add(self->events, nilo_event_new(kind, meter, bus, self->taken_us, text));
}

static void
read_body(Unpacker *self)
{
    gsize count;

    read_meters(self);
    read_classes(self);
    read_shapes(self);
    count = (gsize)nilo_byte_reader_read_limited(&self->reader, NILO_BATCH_MAX_REPORTS);
    for (gsize i = 0; i < count && is_ok(self); i++)
        read_report(self);
    count = nilo_byte_reader_read_count(&self->reader);
    for (gsize i = 0; i < count && is_ok(self); i++)
        read_event(self);
    if (nilo_byte_reader_get_left(&self->reader) > 0)
        nilo_byte_reader_fail(&self->reader);
}

NiloBatch *
nilo_batch_unpack(const guint8 *bytes, gsize size, GError **error)
{
    g_autoptr(Unpacker) unpacker = unpacker_new(bytes, size);
    NiloByteReader *reader = &unpacker->reader;
    guint version, table;

    version = nilo_byte_reader_read_u8(reader);
    if (!reader->failed && version != NILO_BATCH_VERSION) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("packed batch has version %u, expected %d"), version, NILO_BATCH_VERSION);
        return NULL;
    }
    unpacker->epoch = nilo_byte_reader_read_u64(reader);
    unpacker->sequence = nilo_byte_reader_read_varint(reader);
    table = nilo_byte_reader_read_u8(reader);
    if (!reader->failed && table == NILO_BATCH_TABLE_REFERENCE) {
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                            _("packed batch refers to a meter table that is not known here"));
        return NULL;
    }
    if (table != NILO_BATCH_TABLE_INLINE)
        nilo_byte_reader_fail(reader);
    read_body(unpacker);
    if (reader->failed) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_DAMAGED,
                    _("packed batch is damaged near byte %zu of %zu"), reader->position, size);
        return NULL;
    }
    return nilo_batch_new(unpacker->epoch, unpacker->sequence, unpacker->reports, unpacker->events);
}
