/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch.h"
#include "nilo-report.h"

#define TAKEN_US G_GINT64_CONSTANT(1767225600000000)

static NiloReport *
make_report(void)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new("mbus:12345678.TEC.16.07", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    const NiloValue value = {12565, -3, NILO_UNIT_CUBIC_METRE};

    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    nilo_report_builder_add_at(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0, 42);
    nilo_report_builder_add_fact(builder, "firmware version", "1.\xff");
    nilo_report_builder_set_time(builder, TAKEN_US, 7, NILO_CLOCK_HELD);
    return nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
}

static void
test_same_register_twice(void)
{
    g_autoptr(NiloReport) report = make_report();
    const NiloReading *readings;
    NiloRegisterParts parts;
    gsize n_readings;

    readings = nilo_report_get_readings(report, &n_readings);
    g_assert_cmpuint(n_readings, ==, 3);
    nilo_register_unpack(readings[1].reg, &parts);
    g_assert_cmpuint(parts.occurrence, ==, 1);
    g_assert_cmpint(readings[0].taken_us, ==, TAKEN_US);
    g_assert_cmpint(readings[2].taken_us, ==, 42);
    g_assert_cmpuint(readings[2].flags, ==, NILO_READING_METER_TIME);
}

static void
test_fact_becomes_valid_text(void)
{
    g_autoptr(NiloReport) report = make_report();
    gsize n_facts;
    const NiloFact *facts = nilo_report_get_facts(report, &n_facts);

    g_assert_cmpuint(n_facts, ==, 1);
    g_assert_true(g_utf8_validate(facts[0].text, -1, NULL));
}

static void
test_failure_has_no_readings(void)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new("x:1", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    g_autoptr(NiloReport) report = nilo_report_builder_finish(builder, NILO_OUTCOME_SILENT);
    gsize n_readings = 1;
    gint64 drift_s;

    nilo_report_get_readings(report, &n_readings);
    g_assert_cmpuint(n_readings, ==, 0);
    g_assert_false(nilo_report_get_clock_drift_s(report, &drift_s));
    g_assert_cmpstr(nilo_outcome_get_nick(nilo_report_get_outcome(report)), ==, "silent");
}

static void
test_batch_does_not_follow_its_list(void)
{
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    g_autoptr(NiloBatch) batch = NULL;

    g_ptr_array_add(reports, make_report());
    batch = nilo_batch_new(1, 2, reports, NULL);
    g_ptr_array_set_size(reports, 0);
    g_assert_cmpuint(nilo_batch_get_n_reports(batch), ==, 1);
    g_assert_cmpuint(nilo_batch_get_n_events(batch), ==, 0);
    g_assert_cmpint(nilo_report_get_taken_us(nilo_batch_get_report(batch, 0)), ==, TAKEN_US);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/same-register-twice", test_same_register_twice);
    g_test_add_func("/report/fact-becomes-valid-text", test_fact_becomes_valid_text);
    g_test_add_func("/report/failure-has-no-readings", test_failure_has_no_readings);
    g_test_add_func("/batch/does-not-follow-its-list", test_batch_does_not_follow_its_list);
    return g_test_run();
}
