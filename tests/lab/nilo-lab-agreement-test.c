/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Two implementations that share no line: what the lab's meters say, core/wire reads; what
 * core/wire asks, the lab's meters understand. Every live meter of the demo estate is read, and the
 * volumes are compared with the truth.
 */
#include "nilo-cjt188-field.h"
#include "nilo-cjt188-frame.h"
#include "nilo-cjt188-message.h"
#include "nilo-lab-mbus-meter.h"
#include "nilo-lab-test-master.h"
#include "nilo-mbus-frame.h"
#include "nilo-mbus-header.h"
#include "nilo-mbus-record.h"

#include <string.h>

#define MAX_REQUEST 300

static gint64
scaled_to_ml(gint64 mantissa, gint exponent)
{
    gint64 ml = mantissa;

    for (gint i = exponent + 6; i > 0; i--)
        ml *= 10;
    for (gint i = exponent + 6; i < 0; i++)
        ml /= 10;
    return ml;
}

/* the counter may move while the answer is on its way */
static void
check_volume(NiloLabTestMaster *master, NiloLabMeter *meter, gint64 before_us, gint64 volume_ml,
             gint64 step_ml)
{
    g_assert_cmpint(volume_ml + step_ml, >, nilo_lab_meter_get_volume_ml(meter, before_us));
    g_assert_cmpint(volume_ml, <=,
                    nilo_lab_meter_get_volume_ml(meter, nilo_lab_test_master_utc_us(master)));
}

static NiloLabTestMaster *
master_for(const char *bus)
{
    const char *folder = g_getenv("NILO_LAB_ESTATES");
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    NiloLabTestMaster *master;

    if (folder == NULL) {
        g_test_skip("NILO_LAB_ESTATES does not name the sample estates");
        return NULL;
    }
    path = g_build_filename(folder, "demo.estate", NULL);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    master = nilo_lab_test_master_new(text);
    master->bus = nilo_lab_estate_find_bus(master->estate, bus);
    g_assert_nonnull(master->bus);
    return master;
}

/* --- M-Bus -------------------------------------------------------------------------------------
 */

static void
ask_mbus(NiloLabTestMaster *master, guint8 c, guint8 a)
{
    guint8 request[8];
    const gsize size = nilo_mbus_frame_build_short(c, a, request, sizeof request);

    g_assert_cmpuint(size, ==, 5);
    nilo_lab_test_master_send(master, request, size);
}

static void
select_mbus(NiloLabTestMaster *master, const NiloLabMeter *meter)
{
    guint8 mask[8] = {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    guint8 request[MAX_REQUEST];
    const guint64 id = g_ascii_strtoull(meter->settings.id, NULL, 16);
    gsize size;

    for (guint i = 0; i < 4; i++)
        mask[i] = (guint8)(id >> (8 * i));
    size = nilo_mbus_frame_build_long(0x53, 0xfd, 0x52, mask, sizeof mask, request, sizeof request);
    g_assert_cmpuint(size, >, 0);
    nilo_lab_test_master_send(master, request, size);
    g_assert_true(nilo_lab_test_master_heard_ack(master));
}

/* the present volume of the answer in millilitres, and whether more telegrams follow */
static gint64
decode_mbus(NiloLabTestMaster *master, const NiloLabMeter *meter, gboolean *more)
{
    NiloMbusFrame frame;
    NiloMbusHeader header;
    NiloMbusRecordIter records;
    NiloMbusRecord record;
    gint64 volume_ml = -1;
    gsize consumed;

    g_assert_cmpint(nilo_mbus_frame_parse(master->answer->data, master->answer->len, &frame,
                                          &consumed),
                    ==, NILO_WIRE_OK);
    g_assert_cmpuint(consumed, ==, master->answer->len);
    g_assert_cmpint(nilo_mbus_header_parse(&frame, &header), ==, NILO_WIRE_OK);
    g_assert_true(header.has_address);
    nilo_mbus_record_iter_init(&records, header.payload, header.payload_size);
    while (nilo_mbus_record_iter_next(&records, &record)) {
        if (record.quantity == NILO_QUANTITY_VOLUME && record.storage == 0)
            volume_ml = scaled_to_ml(record.value.mantissa, record.value.exponent);
        if (record.type == NILO_MBUS_RECORD_DATA)
            g_assert_cmpint(record.value.state, ==, NILO_MBUS_STATE_OK);
    }
    g_assert_cmpint(records.error, ==, NILO_MBUS_RECORD_ERROR_NONE);
    *more = records.more_follow;
    return volume_ml;
}

static void
read_mbus(NiloLabTestMaster *master, NiloLabMeter *meter)
{
    const gboolean by_id = meter->settings.protocol == NILO_LAB_PROTOCOL_MBUS_SECONDARY;
    const guint8 address = by_id ? 0xfd : (guint8)meter->settings.primary_address;
    guint8 request = 0x7b;
    gint64 before_us;
    gint64 volume_ml;
    gboolean more = TRUE;

    if (by_id)
        select_mbus(master, meter);
    else
        ask_mbus(master, 0x40, address);
    before_us = nilo_lab_test_master_utc_us(master);
    ask_mbus(master, request, address);
    volume_ml = decode_mbus(master, meter, &more);
    check_volume(master, meter, before_us, volume_ml, 1000);
    for (guint i = 1; i < meter->settings.telegrams; i++) {
        g_assert_true(more);
        request ^= 0x20;
        ask_mbus(master, request, address);
        g_assert_cmpint(decode_mbus(master, meter, &more), ==, -1);
    }
    g_assert_false(more);
}

static void
test_mbus(gconstpointer data)
{
    g_autoptr(NiloLabTestMaster) master = master_for(data);
    GPtrArray *meters;
    guint read = 0;

    if (master == NULL)
        return;
    meters = nilo_lab_bus_get_meters(master->bus);
    for (guint i = 0; i < meters->len; i++) {
        NiloLabMeter *meter = g_ptr_array_index(meters, i);

        if (meter->dead)
            continue;
        read_mbus(master, meter);
        read++;
    }
    g_test_message("%u of %u meters read", read, meters->len);
    g_assert_cmpuint(read, >, 100);
}

/* --- CJ/T 188 ----------------------------------------------------------------------------------
 */

static void
ask_cjt188(NiloLabTestMaster *master, const NiloLabMeter *meter, NiloCjt188Message *request)
{
    NiloCjt188Address address;
    guint8 bytes[MAX_REQUEST];
    gsize size;

    g_assert_cmpint(nilo_cjt188_address_from_text(meter->settings.id, &address), ==, NILO_WIRE_OK);
    g_assert_cmpint(nilo_cjt188_message_build(request, 2, (guint8)meter->settings.type, &address,
                                              bytes, sizeof bytes, &size),
                    ==, NILO_WIRE_OK);
    nilo_lab_test_master_send(master, bytes, size);
}

static void
read_cjt188(NiloLabTestMaster *master, NiloLabMeter *meter, guint8 serial)
{
    const gint64 before_us = nilo_lab_test_master_utc_us(master);
    NiloCjt188Message request = {.function = 1, .has_di = true, .has_serial = true, .di = 0x901f};
    NiloCjt188Message answer;
    NiloCjt188Found found;
    NiloCjt188Fields fields;
    NiloCjt188Field field;
    gint64 volume_ml = -1;

    request.serial = serial;
    request.order =
        meter->settings.edition == 2018 ? NILO_CJT188_LOW_FIRST : NILO_CJT188_HIGH_FIRST;
    ask_cjt188(master, meter, &request);
    g_assert_cmpint(nilo_cjt188_frame_find(master->answer->data, master->answer->len, &found), ==,
                    NILO_WIRE_OK);
    g_assert_cmpuint(found.preamble_size, ==, meter->settings.preamble_count);
    nilo_cjt188_message_parse(&found.frame, &answer);
    g_assert_true(nilo_cjt188_message_is_answer_to(&answer, &request));
    nilo_cjt188_field_start(&fields, &answer, NULL);
    while (nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_OK) {
        g_assert_cmpint(field.state, ==, NILO_CJT188_STATE_OK);
        if (volume_ml < 0 && field.kind == NILO_CJT188_FIELD_NUMBER)
            volume_ml = scaled_to_ml(field.mantissa, field.exponent);
    }
    check_volume(master, meter, before_us, volume_ml, 10000);
}

static void
test_cjt188(gconstpointer data)
{
    g_autoptr(NiloLabTestMaster) master = master_for(data);
    GPtrArray *meters;
    guint read = 0;

    if (master == NULL)
        return;
    nilo_lab_bus_get_settings(master->bus)->noise_ppm = 0;
    nilo_lab_bus_get_settings(master->bus)->junk_ppm = 0;
    meters = nilo_lab_bus_get_meters(master->bus);
    for (guint i = 0; i < meters->len; i++) {
        NiloLabMeter *meter = g_ptr_array_index(meters, i);

        if (meter->dead)
            continue;
        read_cjt188(master, meter, (guint8)i);
        read++;
    }
    g_test_message("%u of %u meters read", read, meters->len);
    g_assert_cmpuint(read, >, 60);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/lab/agreement/mbus/primary", "tower-a", test_mbus);
    g_test_add_data_func("/lab/agreement/mbus/secondary-too", "tower-b", test_mbus);
    g_test_add_data_func("/lab/agreement/cjt188", "riser-c", test_cjt188);
    return g_test_run();
}
