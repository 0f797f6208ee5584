/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch-packed.h"

#include <stdlib.h>
#include <string.h>

#include "nilo-error.h"

#define EPOCH    G_GUINT64_CONSTANT(0x0102030405060708)
#define TAKEN_US (G_GINT64_CONSTANT(1760000400) * G_USEC_PER_SEC)

/* written by hand from docs/batch-format.md: two meters, one volume each, and an event */
static const char two_meters_hex[] =
    "01"                /* version */
    "0807060504030201"  /* epoch */
    "05"                /* sequence */
    "00"                /* the meter table follows */
    "02"                /* 2 meters */
    "01"                /* template 0, new */
    "07 636a743138383a" /* before: cjt188: */
    "08"                /* 8 digits */
    "00"                /* after: nothing */
    "02"                /* +1: cjt188:00000001 */
    "08"                /* same template, +2: cjt188:00000003 */
    "01"                /* 1 class */
    "8080808080808010"  /* register: quantity 2 << 52 */
    "01 fe"             /* m3, 10^-2 */
    "02"                /* 2 shapes */
    "0c 00 00 02 10 01" /* offset and answer; ok, schedule, synchronised, valve open, 1 attempt */
    "01 00 00"          /* 1 reading: class 0, no flags */
    "08 00 00 02 10 01" /* answer only */
    "01 00 00"          /* */
    "02"                /* 2 reports */
    "00"                /* shape 0 */
    "a0e6bb8e0d"        /* +1760000400 s */
    "80e8d5b0b9ada006"  /* utc - monotonic: 1759999400 s in us */
    "f001"              /* 120 ms */
    "80890f"            /* 123456: 1234.56 m3 */
    "01"                /* shape 1, next meter */
    "04"                /* +2 s */
    "03"                /* -2 ms: 118 */
    "0a"                /* 5: 0.05 m3 */
    "01"                /* 1 event */
    "07"                /* meter, bus and text */
    "00 0c 6d657465722d73696c656e74" /* new text: meter-silent */
    "c08db701"                       /* +1500000 us */
    "01"                             /* meter 1 */
    "00 06 726973657231"             /* new text: riser1 */
    "01"                             /* text 0 again: meter-silent */
    ;

static GBytes *
parse_hex(const char *hex)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    for (const char *c = hex; *c != '\0';) {
        guint8 byte;

        if (*c == ' ') {
            c++;
            continue;
        }
        byte = (guint8)(g_ascii_xdigit_value(c[0]) << 4 | g_ascii_xdigit_value(c[1]));
        g_byte_array_append(bytes, &byte, 1);
        c += 2;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static NiloBatch *
unpack(GBytes *bytes, GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    return nilo_batch_unpack(data, size, error);
}

static void
test_vector(void)
{
    g_autoptr(GBytes) bytes = parse_hex(two_meters_hex);
    g_autoptr(GError) error = NULL;
    g_autoptr(NiloBatch) batch = unpack(bytes, &error);
    g_autoptr(GBytes) packed = NULL;
    const NiloReading *readings;
    NiloReport *report;
    NiloEvent *event;
    gsize n_readings;

    g_assert_no_error(error);
    g_assert_cmpuint(nilo_batch_get_epoch(batch), ==, EPOCH);
    g_assert_cmpuint(nilo_batch_get_sequence(batch), ==, 5);
    g_assert_cmpuint(nilo_batch_get_n_reports(batch), ==, 2);

    report = nilo_batch_get_report(batch, 0);
    g_assert_cmpstr(nilo_meter_id_get_text(nilo_report_get_meter(report)), ==, "cjt188:00000001");
    g_assert_cmpint(nilo_report_get_taken_us(report), ==, TAKEN_US);
    g_assert_cmpint(nilo_report_get_monotonic_us(report), ==, 1000 * G_USEC_PER_SEC);
    g_assert_cmpuint(nilo_report_get_status(report), ==, NILO_STATUS_VALVE_OPEN);
    g_assert_cmpuint(nilo_report_get_answer_ms(report), ==, 120);
    readings = nilo_report_get_readings(report, &n_readings);
    g_assert_cmpuint(n_readings, ==, 1);
    g_assert_cmpint(readings[0].reg, ==, nilo_register_of(NILO_QUANTITY_VOLUME));
    g_assert_cmpint(readings[0].value.mantissa, ==, 123456);
    g_assert_cmpint(readings[0].value.exponent, ==, -2);
    g_assert_cmpint(readings[0].taken_us, ==, TAKEN_US);

    report = nilo_batch_get_report(batch, 1);
    g_assert_cmpstr(nilo_meter_id_get_text(nilo_report_get_meter(report)), ==, "cjt188:00000003");
    g_assert_cmpint(nilo_report_get_taken_us(report), ==, TAKEN_US + 2 * G_USEC_PER_SEC);
    g_assert_cmpuint(nilo_report_get_answer_ms(report), ==, 118);

    g_assert_cmpuint(nilo_batch_get_n_events(batch), ==, 1);
    event = nilo_batch_get_event(batch, 0);
    g_assert_cmpstr(nilo_event_get_kind(event), ==, "meter-silent");
    g_assert_cmpstr(nilo_event_get_bus(event), ==, "riser1");
    g_assert_cmpstr(nilo_event_get_text(event), ==, "meter-silent");
    g_assert_cmpint(nilo_event_get_taken_us(event), ==, TAKEN_US + 3500000);

    packed = nilo_batch_pack(batch);
    g_assert_true(g_bytes_equal(packed, bytes));
}

static void
test_every_cut_is_damage(void)
{
    g_autoptr(GBytes) bytes = parse_hex(two_meters_hex);

    for (gsize size = 0; size < g_bytes_get_size(bytes); size++) {
        g_autoptr(GBytes) cut = g_bytes_new_from_bytes(bytes, 0, size);
        g_autoptr(GError) error = NULL;

        g_assert_null(unpack(cut, &error));
        g_assert_error(error, NILO_ERROR, NILO_ERROR_DAMAGED);
    }
}

#define HEAD "01 0807060504030201 05 00"

static const struct {
    const char *path;
    const char *hex;
    NiloError code;
} bad_cases[] = {
    {"/batch/packed/unknown-version", "02 0807060504030201", NILO_ERROR_NOT_SUPPORTED},
    {"/batch/packed/meter-table-elsewhere", "01 0807060504030201 05 01", NILO_ERROR_NOT_SUPPORTED},
    {"/batch/packed/unknown-table-kind", "01 0807060504030201 05 02 00 00 00 00 00",
     NILO_ERROR_DAMAGED},
    {"/batch/packed/bytes-behind-the-end", HEAD "00 00 00 00 00 ff", NILO_ERROR_DAMAGED},
    {"/batch/packed/first-meter-without-template", HEAD "01 02 00 00 00 00", NILO_ERROR_DAMAGED},
    {"/batch/packed/template-not-yet-given", HEAD "01 03 02 00 00 00 00", NILO_ERROR_DAMAGED},
    {"/batch/packed/digits-do-not-fit", HEAD "01 01 02 613a 01 00 16 00 00 00 00",
     NILO_ERROR_DAMAGED},
    {"/batch/packed/negative-digits", HEAD "01 01 02 613a 01 00 01 00 00 00 00",
     NILO_ERROR_DAMAGED},
    {"/batch/packed/bad-meter-id", HEAD "01 01 01 61 01 00 02 00 00 00 00", NILO_ERROR_DAMAGED},
    {"/batch/packed/zero-in-text", HEAD "01 01 02 6100 01 00 02 00 00 00 00", NILO_ERROR_DAMAGED},
    {"/batch/packed/shape-of-unknown-class", HEAD "00 00 01 00 00 00 00 00 00 01 00 00 00 00",
     NILO_ERROR_DAMAGED},
    {"/batch/packed/too-many-readings", HEAD "00 00 01 00 00 00 00 00 00 ffffff7f 00 00",
     NILO_ERROR_DAMAGED},
    {"/batch/packed/report-of-unknown-shape", HEAD "00 00 00 01 00 00 00", NILO_ERROR_DAMAGED},
    {"/batch/packed/report-of-unknown-meter", HEAD "00 00 01 00 00 00 00 00 00 00 01 00 00 00",
     NILO_ERROR_DAMAGED},
    {"/batch/packed/event-of-unknown-meter", HEAD "00 00 00 00 01 01 00 01 61 00 00",
     NILO_ERROR_DAMAGED},
    {"/batch/packed/text-not-yet-given", HEAD "00 00 00 00 01 00 01 00", NILO_ERROR_DAMAGED},
};

static void
test_bad(gconstpointer data)
{
    const guint number = GPOINTER_TO_UINT(data);
    g_autoptr(GBytes) bytes = parse_hex(bad_cases[number].hex);
    g_autoptr(GError) error = NULL;

    g_assert_null(unpack(bytes, &error));
    g_assert_error(error, NILO_ERROR, (gint)bad_cases[number].code);
}

static void
test_empty(void)
{
    g_autoptr(NiloBatch) batch = nilo_batch_new(EPOCH, 1, NULL, NULL);
    g_autoptr(GBytes) packed = nilo_batch_pack(batch);
    g_autoptr(NiloBatch) again = unpack(packed, NULL);

    g_assert_cmpuint(nilo_batch_get_n_reports(again), ==, 0);
    g_assert_cmpuint(nilo_batch_get_n_events(again), ==, 0);
}

static void
test_stamps(void)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new("test:1", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(NiloBatch) again = NULL;
    g_autoptr(GBytes) packed = NULL;

    nilo_report_builder_set_time(builder, TAKEN_US + 999999, 7, NILO_CLOCK_HELD);
    nilo_report_builder_set_cause(builder, NILO_CAUSE_DEMAND);
    g_ptr_array_add(reports, nilo_report_builder_finish(builder, NILO_OUTCOME_OK));
    nilo_report_builder_set_time(builder, -1, 7, NILO_CLOCK_UNKNOWN);
    nilo_report_builder_set_cause(builder, NILO_CAUSE_SCHEDULE);
    g_ptr_array_add(reports, nilo_report_builder_finish(builder, NILO_OUTCOME_SILENT));

    batch = nilo_batch_new(EPOCH, 1, reports, NULL);
    packed = nilo_batch_pack(batch);
    again = unpack(packed, NULL);
    g_assert_cmpint(nilo_report_get_taken_us(nilo_batch_get_report(again, 0)), ==,
                    TAKEN_US + 999999);
    g_assert_cmpint(nilo_report_get_monotonic_us(nilo_batch_get_report(again, 0)), ==, 7);
    /* the whole second before, on both clocks */
    g_assert_cmpint(nilo_report_get_taken_us(nilo_batch_get_report(again, 1)), ==, -G_USEC_PER_SEC);
    g_assert_cmpint(nilo_report_get_monotonic_us(nilo_batch_get_report(again, 1)), ==,
                    7 + 1 - G_USEC_PER_SEC);
}

static void
test_long_text_is_cut(void)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new("test:1", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(NiloBatch) again = NULL;
    g_autoptr(GBytes) packed = NULL;
    g_autofree char *text = g_strnfill(5000, 'a');
    const NiloFact *facts;
    gsize n_facts;

    memcpy(text + 4095, "\xc3\xa9", 2); /* e with an accent, across the limit */
    nilo_report_builder_add_fact(builder, "key", text);
    g_ptr_array_add(reports, nilo_report_builder_finish(builder, NILO_OUTCOME_OK));
    batch = nilo_batch_new(EPOCH, 1, reports, NULL);
    packed = nilo_batch_pack(batch);
    again = unpack(packed, NULL);
    facts = nilo_report_get_facts(nilo_batch_get_report(again, 0), &n_facts);
    g_assert_cmpuint(n_facts, ==, 1);
    g_assert_cmpuint(strlen(facts[0].text), ==, 4095);
}

static gint64
random_int64(void)
{
    const gint64 bits =
        (gint64)((guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int());

    return bits >> g_test_rand_int_range(0, 64);
}

#define LONG_TEXT                                                                                  \
    "a text that is longer than sixty-four bytes, so that it is written out each time it is used"

static const char *const random_texts[] = {
    "", "status byte", "0a", "\xe6\xb0\xb4", "#not\xff-utf8#", LONG_TEXT,
};

static const char *
random_text(void)
{
    return random_texts[g_test_rand_int_range(0, G_N_ELEMENTS(random_texts))];
}

static NiloMeterId *
random_meter(void)
{
    const gint number = g_test_rand_int_range(0, g_test_rand_bit() ? 50 : 99999999);
    g_autofree char *text = NULL;

    switch (g_test_rand_int_range(0, 4)) {
    case 0:
        text = g_strdup_printf("cjt188:%014d", number);
        break;
    case 1:
        text = g_strdup_printf("mbus:%08d.TEC.16.07", number);
        break;
    case 2:
        text = g_strdup_printf("x-%d:Abc_.-", number);
        break;
    default:
        text = g_strdup_printf("given:flat-%d-and-99999999999999999999", number);
    }
    return nilo_meter_id_new(text, NULL);
}

static void
add_random_reading(NiloReportBuilder *builder)
{
    const NiloValue value = {
        .mantissa = random_int64(),
        .exponent = (gint8)g_test_rand_int_range(-30, 31),
        .unit = (guint8)g_test_rand_int_range(0, 43),
    };
    const NiloRegister reg = random_int64() & G_GINT64_CONSTANT(0x3fffffffffffffff);
    const guint flags = (guint)g_test_rand_int_range(0, 16) & ~(guint)NILO_READING_METER_TIME;

    if (g_test_rand_bit())
        nilo_report_builder_add(builder, reg, &value, flags);
    else
        nilo_report_builder_add_at(builder, reg, &value, flags,
                                   g_test_rand_bit() ? random_int64() / 1000
                                                     : (gint64)g_test_rand_int() * G_USEC_PER_SEC);
}

static NiloReport *
random_report(void)
{
    g_autoptr(NiloMeterId) meter = random_meter();
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    gint64 taken_us = TAKEN_US + (random_int64() >> 20);
    const NiloReportCause cause = (NiloReportCause)g_test_rand_int_range(0, NILO_CAUSE_WRITE + 1);

    /* what is lost by agreement is not put in */
    if (cause <= NILO_CAUSE_PROBE)
        taken_us -= taken_us % G_USEC_PER_SEC;
    nilo_report_builder_set_time(builder, taken_us, taken_us - TAKEN_US,
                                 (NiloClockQuality)g_test_rand_int_range(0, 3));
    nilo_report_builder_set_cause(builder, cause);
    nilo_report_builder_set_exchange(builder, (guint)g_test_rand_int_range(0, 300),
                                     (guint)(random_int64() & G_MAXUINT));
    nilo_report_builder_set_undecoded(builder, (guint)g_test_rand_int_range(0, 3));
    nilo_report_builder_add_status(builder, (guint)g_test_rand_int_range(0, 1024));
    if (g_test_rand_bit())
        nilo_report_builder_set_clock_drift_s(builder, random_int64());
    if (g_test_rand_bit())
        nilo_report_builder_set_found(builder, random_texts[g_test_rand_int_range(0, 4)]);
    for (gint n = g_test_rand_int_range(0, 6); n > 0; n--)
        add_random_reading(builder);
    for (gint n = g_test_rand_int_range(0, 3); n > 0; n--)
        nilo_report_builder_add_fact(builder, random_text(), random_text());
    return nilo_report_builder_finish(builder,
                                      (NiloOutcome)g_test_rand_int_range(0, NILO_N_OUTCOMES));
}

static void
assert_same_readings(const NiloReport *a, const NiloReport *b)
{
    gsize n_a, n_b;
    const NiloReading *left = nilo_report_get_readings(a, &n_a);
    const NiloReading *right = nilo_report_get_readings(b, &n_b);

    g_assert_cmpuint(n_a, ==, n_b);
    for (gsize i = 0; i < n_a; i++) {
        g_assert_cmpint(left[i].reg, ==, right[i].reg);
        g_assert_cmpint(left[i].taken_us, ==, right[i].taken_us);
        g_assert_cmpint(left[i].value.mantissa, ==, right[i].value.mantissa);
        g_assert_cmpint(left[i].value.exponent, ==, right[i].value.exponent);
        g_assert_cmpuint(left[i].value.unit, ==, right[i].value.unit);
        g_assert_cmpuint(left[i].flags, ==, right[i].flags);
    }
}

static void
assert_same_facts(const NiloReport *a, const NiloReport *b)
{
    gsize n_a, n_b;
    const NiloFact *left = nilo_report_get_facts(a, &n_a);
    const NiloFact *right = nilo_report_get_facts(b, &n_b);

    g_assert_cmpuint(n_a, ==, n_b);
    for (gsize i = 0; i < n_a; i++) {
        g_autofree char *key = g_utf8_make_valid(left[i].key, -1);

        g_assert_cmpstr(key, ==, right[i].key);
        g_assert_cmpstr(left[i].text, ==, right[i].text);
    }
}

static void
assert_same_report(const NiloReport *a, const NiloReport *b)
{
    gint64 drift_a = 0, drift_b = 0;

    g_assert_true(nilo_meter_id_equal(nilo_report_get_meter(a), nilo_report_get_meter(b)));
    g_assert_cmpint(nilo_report_get_taken_us(a), ==, nilo_report_get_taken_us(b));
    g_assert_cmpint(ABS(nilo_report_get_monotonic_us(a) - nilo_report_get_monotonic_us(b)), <,
                    10000);
    g_assert_cmpint(nilo_report_get_clock_quality(a), ==, nilo_report_get_clock_quality(b));
    g_assert_cmpint(nilo_report_get_outcome(a), ==, nilo_report_get_outcome(b));
    g_assert_cmpint(nilo_report_get_cause(a), ==, nilo_report_get_cause(b));
    g_assert_cmpuint(nilo_report_get_status(a), ==, nilo_report_get_status(b));
    g_assert_cmpuint(nilo_report_get_attempts(a), ==, nilo_report_get_attempts(b));
    g_assert_cmpuint(nilo_report_get_answer_ms(a), ==, nilo_report_get_answer_ms(b));
    g_assert_cmpuint(nilo_report_get_undecoded(a), ==, nilo_report_get_undecoded(b));
    g_assert_cmpint(nilo_report_get_clock_drift_s(a, &drift_a), ==,
                    nilo_report_get_clock_drift_s(b, &drift_b));
    g_assert_cmpint(drift_a, ==, drift_b);
    g_assert_cmpstr(nilo_report_get_found(a), ==, nilo_report_get_found(b));
    assert_same_readings(a, b);
    assert_same_facts(a, b);
}

static void
test_round_trips(void)
{
    for (guint round = 0; round < 200; round++) {
        g_autoptr(GPtrArray) reports =
            g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
        g_autoptr(GPtrArray) events =
            g_ptr_array_new_with_free_func((GDestroyNotify)nilo_event_unref);
        g_autoptr(NiloBatch) batch = NULL;
        g_autoptr(NiloBatch) again = NULL;
        g_autoptr(GBytes) packed = NULL;
        g_autoptr(GError) error = NULL;

        for (gint n = g_test_rand_int_range(0, 40); n > 0; n--)
            g_ptr_array_add(reports, random_report());
        for (gint n = g_test_rand_int_range(0, 5); n > 0; n--) {
            g_autoptr(NiloMeterId) meter = g_test_rand_bit() ? random_meter() : NULL;

            g_ptr_array_add(events,
                            nilo_event_new("meter-exchanged?", meter,
                                           g_test_rand_bit() ? "riser-1" : NULL, random_int64(),
                                           g_test_rand_bit() ? random_text() : NULL));
        }
        batch = nilo_batch_new(EPOCH, round, reports, events);
        packed = nilo_batch_pack(batch);
        again = unpack(packed, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(nilo_batch_get_n_reports(again), ==, reports->len);
        for (guint i = 0; i < reports->len; i++)
            assert_same_report(reports->pdata[i], nilo_batch_get_report(again, i));
        g_assert_cmpuint(nilo_batch_get_n_events(again), ==, events->len);
        for (guint i = 0; i < events->len; i++) {
            NiloEvent *a = events->pdata[i], *b = nilo_batch_get_event(again, i);

            g_assert_cmpint(nilo_event_get_taken_us(a), ==, nilo_event_get_taken_us(b));
            g_assert_cmpstr(nilo_event_get_text(a), ==, nilo_event_get_text(b));
            g_assert_cmpstr(nilo_event_get_bus(a), ==, nilo_event_get_bus(b));
            g_assert_cmpint(nilo_event_get_meter(a) != NULL, ==, nilo_event_get_meter(b) != NULL);
        }
    }
}

/* meters as they are bought: one maker's numbers, a few thousand apart; answers take 90 to 150 ms
 */
static void
test_bytes_per_reading(void)
{
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    g_autoptr(NiloBatch) batch = NULL;
    g_autoptr(GBytes) packed = NULL;
    gint64 number = G_GINT64_CONSTANT(78330011000000), now_us = TAKEN_US;

    for (guint i = 0; i < 1000; i++) {
        g_autofree char *text = NULL;
        g_autoptr(NiloMeterId) meter = NULL;
        g_autoptr(NiloReportBuilder) builder = NULL;
        const NiloValue value = {g_test_rand_int_range(1000, 900000), -3, NILO_UNIT_CUBIC_METRE};

        number += g_test_rand_int_range(1, 4000);
        now_us += 290000 + g_test_rand_int_range(0, 30000);
        text = g_strdup_printf("cjt188:%014" G_GINT64_FORMAT, number);
        meter = nilo_meter_id_new(text, NULL);
        builder = nilo_report_builder_new(meter);
        nilo_report_builder_set_time(builder, now_us, now_us - TAKEN_US + 3 * (gint64)i,
                                     NILO_CLOCK_SYNCHRONISED);
        nilo_report_builder_set_exchange(builder, 1, (guint)g_test_rand_int_range(90, 150));
        nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
        g_ptr_array_add(reports, nilo_report_builder_finish(builder, NILO_OUTCOME_OK));
    }
    batch = nilo_batch_new(EPOCH, 1, reports, NULL);
    packed = nilo_batch_pack(batch);
    g_test_message("%.2f bytes per reading, meter table included",
                   (double)g_bytes_get_size(packed) / reports->len);
    g_assert_cmpuint(g_bytes_get_size(packed), <=, 9 * reports->len);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/batch/packed/vector", test_vector);
    g_test_add_func("/batch/packed/every-cut-is-damage", test_every_cut_is_damage);
    for (guint i = 0; i < G_N_ELEMENTS(bad_cases); i++)
        g_test_add_data_func(bad_cases[i].path, GUINT_TO_POINTER(i), test_bad);
    g_test_add_func("/batch/packed/empty", test_empty);
    g_test_add_func("/batch/packed/stamps", test_stamps);
    g_test_add_func("/batch/packed/long-text-is-cut", test_long_text_is_cut);
    g_test_add_func("/batch/packed/round-trips", test_round_trips);
    g_test_add_func("/batch/packed/bytes-per-reading", test_bytes_per_reading);
    return g_test_run();
}
