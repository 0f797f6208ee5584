/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-batch-senml.h"

#include <json-glib/json-glib.h>

#define TAKEN_US (G_GINT64_CONSTANT(1760000400) * G_USEC_PER_SEC)

static NiloBatch *
build_batch(void)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new("mbus:12345678.TEC.16.07", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(meter);
    g_autoptr(GPtrArray) reports =
        g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);
    const NiloRegisterParts month = {.quantity = NILO_QUANTITY_VOLUME, .storage = 1};
    const NiloValue volume = {G_GINT64_CONSTANT(9007199254740993), -3, NILO_UNIT_CUBIC_METRE};
    const NiloValue warmth = {215, -1, NILO_UNIT_CELSIUS};
    NiloRegister reg = 0;

    nilo_register_pack(&month, &reg);
    nilo_report_builder_set_time(builder, TAKEN_US + 250000, 0, NILO_CLOCK_SYNCHRONISED);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &volume,
                            NILO_READING_IMPLAUSIBLE);
    nilo_report_builder_add_at(builder, reg, &volume, 0, TAKEN_US - 3600 * (gint64)G_USEC_PER_SEC);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_FLOW_TEMPERATURE), &warmth, 0);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_POWER), &warmth,
                            NILO_READING_INVALID);
    g_ptr_array_add(reports, nilo_report_builder_finish(builder, NILO_OUTCOME_OK));
    nilo_report_builder_set_time(builder, TAKEN_US, 0, NILO_CLOCK_SYNCHRONISED);
    g_ptr_array_add(reports, nilo_report_builder_finish(builder, NILO_OUTCOME_SILENT));
    return nilo_batch_new(1, 1, reports, NULL);
}

/* json-glib reads a number as a double: the digits are compared as text */
static void
test_exact_text(void)
{
    g_autoptr(NiloBatch) batch = build_batch();
    g_autofree char *text = nilo_batch_to_senml(batch);

    g_assert_cmpstr(text, ==,
                    "[{\"bn\":\"mbus:12345678.TEC.16.07/\",\"bt\":1760000400.25,\"n\":\"volume\","
                    "\"u\":\"m3\",\"v\":9007199254740.993,\"flags\":\"implausible\"},\n"
                    "{\"n\":\"volume/storage:1\",\"t\":-3600.25,\"u\":\"m3\","
                    "\"v\":9007199254740.993},\n"
                    "{\"n\":\"flow-temperature\",\"u\":\"Cel\",\"v\":21.5},\n"
                    "{\"n\":\"power\",\"vs\":\"invalid\"},\n"
                    "{\"bn\":\"mbus:12345678.TEC.16.07/\",\"bt\":1760000400,\"n\":\"outcome\","
                    "\"vs\":\"silent\"}]");
}

static void
test_is_json(void)
{
    g_autoptr(NiloBatch) batch = build_batch();
    g_autofree char *text = nilo_batch_to_senml(batch);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    JsonArray *records;
    JsonObject *record;

    json_parser_load_from_data(parser, text, -1, &error);
    g_assert_no_error(error);
    records = json_node_get_array(json_parser_get_root(parser));
    g_assert_cmpuint(json_array_get_length(records), ==, 5);
    record = json_array_get_object_element(records, 2);
    g_assert_cmpfloat_with_epsilon(json_object_get_double_member(record, "v"), 21.5, 1e-9);
}

static void
test_nothing(void)
{
    g_autoptr(NiloBatch) batch = nilo_batch_new(1, 1, NULL, NULL);
    g_autofree char *text = nilo_batch_to_senml(batch);

    g_assert_cmpstr(text, ==, "[]");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/batch/senml/exact-text", test_exact_text);
    g_test_add_func("/batch/senml/is-json", test_is_json);
    g_test_add_func("/batch/senml/nothing", test_nothing);
    return g_test_run();
}
