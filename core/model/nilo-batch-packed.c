/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch-packed.h"

#include <string.h>

#include "nilo-batch-packed-private.h"
#include "nilo-byte-writer.h"

/* the offset between the two clocks moves by reading them one after the other; less than this says
 * nothing */
#define OFFSET_NOISE_US 10000

typedef struct {
    NiloRegister reg;
    guint8 unit;
    gint8 exponent;
} Class;

typedef struct {
    GHashTable *meter_index; /* NiloMeterId (borrowed from the batch) -> index + 1 */
    GPtrArray *meters;       /* element-type NiloMeterId, borrowed from the batch */
    GArray *classes;         /* element-type Class */
    GHashTable *shape_index; /* GBytes -> index + 1 */
    GPtrArray *shapes;       /* element-type GBytes, borrowed from shape_index */
    GHashTable *text_index;  /* text -> index + 1 */
    GArray *latest;          /* element-type const NiloReport *, by meter index */
    guint next_meter;
    gint64 taken_us;
    gint64 offset_us;
    gint64 answer_ms;
} Packer;

static Packer *
packer_new(void)
{
    Packer *self = g_new0(Packer, 1);

    self->meter_index = g_hash_table_new(nilo_meter_id_hash, nilo_meter_id_equal);
    self->meters = g_ptr_array_new();
    self->classes = g_array_new(FALSE, FALSE, sizeof(Class));
    self->shape_index =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    self->shapes = g_ptr_array_new();
    self->text_index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->latest = g_array_new(FALSE, TRUE, sizeof(const NiloReport *));
    return self;
}

static void
packer_free(Packer *self)
{
    g_hash_table_unref(self->meter_index);
    g_ptr_array_unref(self->meters);
    g_array_unref(self->classes);
    g_ptr_array_unref(self->shapes);
    g_hash_table_unref(self->shape_index);
    g_hash_table_unref(self->text_index);
    g_array_unref(self->latest);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Packer, packer_free)

static guint
ensure_meter(Packer *self, NiloMeterId *meter)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(self->meter_index, meter));
    const NiloReport *none = NULL;

    if (found != 0)
        return found - 1;
    g_ptr_array_add(self->meters, meter);
    g_array_append_val(self->latest, none);
    g_hash_table_insert(self->meter_index, meter, GUINT_TO_POINTER(self->meters->len));
    return self->meters->len - 1;
}

static guint
ensure_class(Packer *self, const NiloReading *reading)
{
    const Class new_class = {reading->reg, reading->value.unit, reading->value.exponent};

    for (guint i = 0; i < self->classes->len; i++) {
        const Class *class = &g_array_index(self->classes, Class, i);

        if (class->reg == new_class.reg && class->unit == new_class.unit &&
            class->exponent == new_class.exponent)
            return i;
    }
    g_array_append_val(self->classes, new_class);
    return self->classes->len - 1;
}

static guint
ensure_shape(Packer *self, GByteArray *shape)
{
    g_autoptr(GBytes) key = g_bytes_new(shape->data, shape->len);
    const guint found = GPOINTER_TO_UINT(g_hash_table_lookup(self->shape_index, key));

    if (found != 0)
        return found - 1;
    g_ptr_array_add(self->shapes, key);
    g_hash_table_insert(self->shape_index, g_steal_pointer(&key),
                        GUINT_TO_POINTER(self->shapes->len));
    return self->shapes->len - 1;
}

/* the longest beginning that fits and does not cut a character */
static gsize
get_text_length(const char *text)
{
    const char *end = text + NILO_BATCH_MAX_TEXT;
    const gsize length = strlen(text);

    if (length <= NILO_BATCH_MAX_TEXT)
        return length;
    while ((*end & 0xc0) == 0x80)
        end--;
    return (gsize)(end - text);
}

static void
pack_text(Packer *self, GByteArray *out, const char *raw)
{
    g_autofree char *text = g_utf8_make_valid(raw, -1);
    const guint found = GPOINTER_TO_UINT(g_hash_table_lookup(self->text_index, text));
    const gsize length = get_text_length(text);

    nilo_byte_writer_add_varint(out, found);
    if (found != 0)
        return;
    nilo_byte_writer_add_varint(out, length);
    g_byte_array_append(out, (const guint8 *)text, (guint)length);
    if (length <= NILO_BATCH_MAX_SHARED_TEXT)
        g_hash_table_insert(self->text_index, g_steal_pointer(&text),
                            GUINT_TO_POINTER(g_hash_table_size(self->text_index) + 1));
}

static gboolean
is_scheduled(NiloReportCause cause)
{
    return cause == NILO_CAUSE_SCHEDULE || cause == NILO_CAUSE_RETRY || cause == NILO_CAUSE_PROBE;
}

static gsize
get_packed_readings(const NiloReport *report, const NiloReading **readings, guint *undecoded)
{
    gsize n_readings;

    *readings = nilo_report_get_readings(report, &n_readings);
    *undecoded = nilo_report_get_undecoded(report);
    if (n_readings > NILO_BATCH_MAX_READINGS) {
        *undecoded += (guint)(n_readings - NILO_BATCH_MAX_READINGS);
        n_readings = NILO_BATCH_MAX_READINGS;
    }
    return n_readings;
}

static guint
find_shape_bits(const Packer *self, const NiloReport *report, guint meter, gint64 offset_us)
{
    const NiloReading *readings;
    gint64 drift_s;
    gsize n_facts;
    guint bits = 0, undecoded;

    if (!is_scheduled(nilo_report_get_cause(report)) &&
        nilo_report_get_taken_us(report) % G_USEC_PER_SEC != 0)
        bits |= NILO_SHAPE_MICROSECONDS;
    if (meter != self->next_meter)
        bits |= NILO_SHAPE_METER;
    if (offset_us != self->offset_us)
        bits |= NILO_SHAPE_OFFSET;
    if (nilo_report_get_answer_ms(report) != 0)
        bits |= NILO_SHAPE_ANSWER;
    get_packed_readings(report, &readings, &undecoded);
    if (undecoded != 0)
        bits |= NILO_SHAPE_UNDECODED;
    if (nilo_report_get_clock_drift_s(report, &drift_s))
        bits |= NILO_SHAPE_DRIFT;
    if (nilo_report_get_found(report) != NULL)
        bits |= NILO_SHAPE_FOUND;
    nilo_report_get_facts(report, &n_facts);
    if (n_facts != 0)
        bits |= NILO_SHAPE_FACTS;
    return bits;
}

static guint
pack_shape(Packer *self, const NiloReport *report, guint bits)
{
    g_autoptr(GByteArray) shape = g_byte_array_new();
    const NiloReading *readings;
    guint undecoded;
    const gsize n_readings = get_packed_readings(report, &readings, &undecoded);

    nilo_byte_writer_add_u8(shape, (guint8)bits);
    nilo_byte_writer_add_u8(shape, (guint8)nilo_report_get_outcome(report));
    nilo_byte_writer_add_u8(shape, (guint8)nilo_report_get_cause(report));
    nilo_byte_writer_add_u8(shape, (guint8)nilo_report_get_clock_quality(report));
    nilo_byte_writer_add_varint(shape, nilo_report_get_status(report));
    nilo_byte_writer_add_varint(shape, nilo_report_get_attempts(report));
    nilo_byte_writer_add_varint(shape, n_readings);
    for (gsize i = 0; i < n_readings; i++) {
        nilo_byte_writer_add_varint(shape, ensure_class(self, &readings[i]));
        nilo_byte_writer_add_varint(shape, readings[i].flags);
    }
    return ensure_shape(self, shape);
}

static void
pack_taken(Packer *self, GByteArray *out, const NiloReport *report, guint bits)
{
    gint64 taken_us = nilo_report_get_taken_us(report);
    gint64 taken_s;

    if ((bits & NILO_SHAPE_MICROSECONDS) != 0) {
        nilo_byte_writer_add_signed(out, nilo_batch_difference(taken_us, self->taken_us));
    } else {
        taken_s = nilo_batch_floor_seconds(taken_us);
        nilo_byte_writer_add_signed(out, taken_s - nilo_batch_floor_seconds(self->taken_us));
        taken_us = taken_s * G_USEC_PER_SEC;
    }
    self->taken_us = taken_us;
}

/* the meter's own stamp: whole seconds, doubled, in nearly every case */
static void
pack_meter_time(const Packer *self, GByteArray *out, gint64 stamp_us)
{
    const gint64 stamp_s = nilo_batch_floor_seconds(stamp_us);
    const gint64 difference = stamp_s - nilo_batch_floor_seconds(self->taken_us);

    nilo_byte_writer_add_signed(out, difference);
    nilo_byte_writer_add_varint(out, (guint64)(stamp_us - stamp_s * G_USEC_PER_SEC));
}

static gboolean
is_same_class(const NiloReading *a, const NiloReading *b)
{
    return a->reg == b->reg && a->value.unit == b->value.unit &&
           a->value.exponent == b->value.exponent;
}

static gboolean
is_alike(const NiloReading *a, const NiloReading *b)
{
    NiloRegisterParts left, right;

    nilo_register_unpack(a->reg, &left);
    nilo_register_unpack(b->reg, &right);
    return left.quantity == right.quantity && a->value.unit == b->value.unit &&
           a->value.exponent == b->value.exponent;
}

/* what the mantissa at @index is told as a difference to */
static gint64
find_base(const NiloReport *latest, const NiloReading *readings, gsize index)
{
    const NiloReading *before;
    gsize n_before;

    if (latest != NULL) {
        before = nilo_report_get_readings(latest, &n_before);
        if (index < n_before && is_same_class(&before[index], &readings[index]))
            return before[index].value.mantissa;
    }
    if (index > 0 && is_alike(&readings[index - 1], &readings[index]))
        return readings[index - 1].value.mantissa;
    return 0;
}

static void
pack_readings(Packer *self, GByteArray *out, const NiloReport *report, guint meter)
{
    const NiloReport *latest = g_array_index(self->latest, const NiloReport *, meter);
    const NiloReading *readings;
    guint undecoded;
    const gsize n_readings = get_packed_readings(report, &readings, &undecoded);

    for (gsize i = 0; i < n_readings; i++) {
        if ((readings[i].flags & NILO_READING_METER_TIME) != 0)
            pack_meter_time(self, out, readings[i].taken_us);
        nilo_byte_writer_add_signed(out, nilo_batch_difference(readings[i].value.mantissa,
                                                               find_base(latest, readings, i)));
    }
}

static void
pack_facts(Packer *self, GByteArray *out, const NiloReport *report)
{
    gsize n_facts;
    const NiloFact *facts = nilo_report_get_facts(report, &n_facts);

    nilo_byte_writer_add_varint(out, n_facts);
    for (gsize i = 0; i < n_facts; i++) {
        pack_text(self, out, facts[i].key);
        pack_text(self, out, facts[i].text);
    }
}

static gint64
find_offset(const Packer *self, const NiloReport *report)
{
    const gint64 offset_us = nilo_batch_difference(nilo_report_get_taken_us(report),
                                                   nilo_report_get_monotonic_us(report));
    const gint64 change = nilo_batch_difference(offset_us, self->offset_us);

    return change > -OFFSET_NOISE_US && change < OFFSET_NOISE_US ? self->offset_us : offset_us;
}

static void
pack_report(Packer *self, GByteArray *out, const NiloReport *report)
{
    const guint meter = ensure_meter(self, nilo_report_get_meter(report));
    const gint64 offset_us = find_offset(self, report);
    const guint bits = find_shape_bits(self, report, meter, offset_us);
    const gint64 answer_ms = nilo_report_get_answer_ms(report);
    const NiloReading *readings;
    guint undecoded;
    gint64 drift_s = 0;

    get_packed_readings(report, &readings, &undecoded);
    nilo_byte_writer_add_varint(out, pack_shape(self, report, bits));
    if ((bits & NILO_SHAPE_METER) != 0)
        nilo_byte_writer_add_signed(out, (gint64)meter - (gint64)self->next_meter);
    pack_taken(self, out, report, bits);
    if ((bits & NILO_SHAPE_OFFSET) != 0)
        nilo_byte_writer_add_signed(out, nilo_batch_difference(offset_us, self->offset_us));
    if ((bits & NILO_SHAPE_ANSWER) != 0) {
        nilo_byte_writer_add_signed(out, answer_ms - self->answer_ms);
        self->answer_ms = answer_ms;
    }
    if ((bits & NILO_SHAPE_UNDECODED) != 0)
        nilo_byte_writer_add_varint(out, undecoded);
    if (nilo_report_get_clock_drift_s(report, &drift_s))
        nilo_byte_writer_add_signed(out, drift_s);
    if ((bits & NILO_SHAPE_FOUND) != 0)
        pack_text(self, out, nilo_report_get_found(report));
    pack_readings(self, out, report, meter);
    if ((bits & NILO_SHAPE_FACTS) != 0)
        pack_facts(self, out, report);

    g_array_index(self->latest, const NiloReport *, meter) = report;
    self->next_meter = meter + 1;
    self->offset_us = offset_us;
}

static void
pack_event(Packer *self, GByteArray *out, const NiloEvent *event)
{
    NiloMeterId *meter = nilo_event_get_meter(event);
    const char *bus = nilo_event_get_bus(event), *text = nilo_event_get_text(event);
    const gint64 taken_us = nilo_event_get_taken_us(event);

    nilo_byte_writer_add_u8(out, (guint8)((meter != NULL ? NILO_BATCH_EVENT_METER : 0) |
                                          (bus != NULL ? NILO_BATCH_EVENT_BUS : 0) |
                                          (*text != '\0' ? NILO_BATCH_EVENT_TEXT : 0)));
    pack_text(self, out, nilo_event_get_kind(event));
    nilo_byte_writer_add_signed(out, nilo_batch_difference(taken_us, self->taken_us));
    self->taken_us = taken_us;
    if (meter != NULL)
        nilo_byte_writer_add_varint(out, ensure_meter(self, meter));
    if (bus != NULL)
        pack_text(self, out, bus);
    if (*text != '\0')
        pack_text(self, out, text);
}

/* the longest run of digits behind the colon: what counts up from one meter to the next */
static void
find_digits(const char *text, gsize *start, gsize *length)
{
    gsize i = (gsize)(strchr(text, ':') - text) + 1;

    *start = strlen(text);
    *length = 0;
    while (text[i] != '\0') {
        gsize run = 0;

        while (g_ascii_isdigit(text[i + run]))
            run++;
        if (run > *length) {
            *start = i;
            *length = run;
        }
        i += run > 0 ? run : 1;
    }
    if (*length > NILO_BATCH_MAX_DIGITS) {
        *start += *length - NILO_BATCH_MAX_DIGITS;
        *length = NILO_BATCH_MAX_DIGITS;
    }
}

static gint64
parse_digits(const char *digits, gsize length)
{
    gint64 number = 0;

    for (gsize i = 0; i < length; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

static void
add_short_text(GByteArray *out, const char *text, gsize length)
{
    nilo_byte_writer_add_u8(out, (guint8)length);
    g_byte_array_append(out, (const guint8 *)text, (guint)length);
}

/*
 * Even: the template of the meter before, and a difference. Odd: the template's number, new when it
 * is the next free one, then the difference.
 */
static void
pack_meters(const Packer *self, GByteArray *out)
{
    g_autoptr(GHashTable) templates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
    const gint64 none = 0;
    guint current = G_MAXUINT;

    nilo_byte_writer_add_varint(out, self->meters->len);
    for (guint i = 0; i < self->meters->len; i++) {
        const char *text = nilo_meter_id_get_text(self->meters->pdata[i]);
        g_autofree char *key = NULL;
        gint64 number, difference;
        gsize start, length;
        guint found, template;

        find_digits(text, &start, &length);
        number = parse_digits(text + start, length);
        key = g_strdup_printf("%.*s %u %s", (int)start, text, (guint)length, text + start + length);
        found = GPOINTER_TO_UINT(g_hash_table_lookup(templates, key));
        template = found != 0 ? found - 1 : numbers->len;
        if (found == 0) {
            g_array_append_val(numbers, none);
            g_hash_table_insert(templates, g_steal_pointer(&key), GUINT_TO_POINTER(numbers->len));
        }
        difference = number - g_array_index(numbers, gint64, template);
        if (template == current) {
            nilo_byte_writer_add_varint(
                out, ((guint64)difference << 1 ^ (difference < 0 ? G_MAXUINT64 : 0)) << 1);
        } else {
            nilo_byte_writer_add_varint(out, (guint64) template << 1 | 1);
            if (found == 0) {
                add_short_text(out, text, start);
                nilo_byte_writer_add_u8(out, (guint8)length);
                add_short_text(out, text + start + length, strlen(text + start + length));
            }
            nilo_byte_writer_add_signed(out, difference);
        }
        g_array_index(numbers, gint64, template) = number;
        current = template;
    }
}

static void
pack_classes(const Packer *self, GByteArray *out)
{
    nilo_byte_writer_add_varint(out, self->classes->len);
    for (guint i = 0; i < self->classes->len; i++) {
        const Class *class = &g_array_index(self->classes, Class, i);

        nilo_byte_writer_add_varint(out, (guint64) class->reg);
        nilo_byte_writer_add_u8(out, class->unit);
        nilo_byte_writer_add_u8(out, (guint8) class->exponent);
    }
}

static void
pack_shapes(const Packer *self, GByteArray *out)
{
    nilo_byte_writer_add_varint(out, self->shapes->len);
    for (guint i = 0; i < self->shapes->len; i++) {
        gsize size;
        const guint8 *bytes = g_bytes_get_data(self->shapes->pdata[i], &size);

        g_byte_array_append(out, bytes, (guint)size);
    }
}

GBytes *
nilo_batch_pack(const NiloBatch *self)
{
    g_autoptr(Packer) packer = packer_new();
    g_autoptr(GByteArray) body = g_byte_array_new();
    GByteArray *out;

    g_return_val_if_fail(nilo_batch_get_n_reports(self) <= NILO_BATCH_MAX_REPORTS, NULL);

    /* the body first: it fills the tables that stand before it */
    nilo_byte_writer_add_varint(body, nilo_batch_get_n_reports(self));
    for (guint i = 0; i < nilo_batch_get_n_reports(self); i++)
        pack_report(packer, body, nilo_batch_get_report(self, i));
    nilo_byte_writer_add_varint(body, nilo_batch_get_n_events(self));
    for (guint i = 0; i < nilo_batch_get_n_events(self); i++)
        pack_event(packer, body, nilo_batch_get_event(self, i));

    out = g_byte_array_new();
    nilo_byte_writer_add_u8(out, NILO_BATCH_VERSION);
    nilo_byte_writer_add_u64(out, nilo_batch_get_epoch(self));
    nilo_byte_writer_add_varint(out, nilo_batch_get_sequence(self));
    nilo_byte_writer_add_u8(out, NILO_BATCH_TABLE_INLINE);
    pack_meters(packer, out);
    pack_classes(packer, out);
    pack_shapes(packer, out);
    g_byte_array_append(out, body->data, body->len);
    return g_byte_array_free_to_bytes(out);
}
