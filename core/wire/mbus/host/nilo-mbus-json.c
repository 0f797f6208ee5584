/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-json.h"

#include "mbus/nilo-mbus-fixed.h"
#include "mbus/nilo-mbus-frame.h"
#include "mbus/nilo-mbus-header.h"
#include "mbus/nilo-mbus-record.h"
#include "mbus/nilo-mbus-text.h"

#define VIF_MANUFACTURER 0xff

static void
add_text(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    if (text != NULL)
        json_builder_add_string_value(builder, text);
    else
        json_builder_add_null_value(builder);
}

static void
add_int(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void
add_boolean(JsonBuilder *builder, const char *name, gboolean value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

static void
add_hex(JsonBuilder *builder, const char *name, const guint8 *bytes, gsize size)
{
    g_autoptr(GString) hex = g_string_sized_new(2 * size + 1);

    for (gsize i = 0; i < size; i++)
        g_string_append_printf(hex, "%02x", bytes[i]);
    add_text(builder, name, hex->str);
}

/* as a number is written: most significant byte first, in capitals */
static void
add_reversed_hex(JsonBuilder *builder, const char *name, const guint8 *bytes, gsize size)
{
    g_autoptr(GString) hex = g_string_sized_new(2 * size + 1);

    while (size-- > 0)
        g_string_append_printf(hex, "%02X", bytes[size]);
    add_text(builder, name, hex->str);
}

static gboolean
is_bcd(NiloMbusCoding coding)
{
    switch (coding) {
    case NILO_MBUS_CODING_BCD2:
    case NILO_MBUS_CODING_BCD4:
    case NILO_MBUS_CODING_BCD6:
    case NILO_MBUS_CODING_BCD8:
    case NILO_MBUS_CODING_BCD12:
        return TRUE;
    default:
        return FALSE;
    }
}

/* the parts of a date beside its value, so that nobody has to take a text apart */
static void
add_time(JsonBuilder *builder, const NiloMbusValue *value)
{
    const NiloMbusTime *time = &value->time;
    const char *name = value->type == NILO_MBUS_VALUE_DATE   ? "date"
                       : value->type == NILO_MBUS_VALUE_TIME ? "time"
                                                             : "datetime";
    char text[NILO_MBUS_TEXT_SIZE];

    if (time->is_blank) {
        add_text(builder, name, NULL);
        add_text(builder, "value", NULL);
        return;
    }
    nilo_mbus_text_format_time(time, value->type, text, sizeof text);
    add_text(builder, name, text);
    if (value->type == NILO_MBUS_VALUE_DATE_TIME) {
        add_boolean(builder, "iv", time->is_flagged_invalid);
        add_boolean(builder, "su", time->is_summer_time);
    }
    add_boolean(builder, "valid", value->state == NILO_MBUS_STATE_OK);
    add_text(builder, "value", text);
}

static gboolean
is_integer(NiloMbusCoding coding)
{
    return (coding >= NILO_MBUS_CODING_INT8 && coding <= NILO_MBUS_CODING_INT32) ||
           coding == NILO_MBUS_CODING_INT48 || coding == NILO_MBUS_CODING_INT64;
}

/* 80..00 is how an integer says "no value" (type B). Like a date that is not set, it is shown as it
 * was sent, and "state" says what it is worth. */
static void
add_lowest_integer(JsonBuilder *builder, const NiloMbusRecord *record)
{
    const gint64 lowest = -(gint64)((G_GUINT64_CONSTANT(1) << (8 * record->data_size - 1)) - 1) - 1;
    char text[NILO_MBUS_TEXT_SIZE];

    nilo_mbus_text_format_decimal(lowest, record->value.exponent, text, sizeof text);
    add_text(builder, "value", text);
}

static void
add_value(JsonBuilder *builder, const NiloMbusRecord *record)
{
    const NiloMbusValue *value = &record->value;
    char text[NILO_MBUS_TEXT_SIZE];

    switch (value->type) {
    case NILO_MBUS_VALUE_DATE:
    case NILO_MBUS_VALUE_DATE_TIME:
    case NILO_MBUS_VALUE_TIME:
        add_time(builder, value);
        break;
    default:
        if (value->state == NILO_MBUS_STATE_INVALID && value->type == NILO_MBUS_VALUE_NUMBER &&
            is_integer(record->coding)) {
            add_lowest_integer(builder, record);
            break;
        }
        nilo_mbus_text_format_value(record, text, sizeof text);
        add_text(builder, "value",
                 value->state == NILO_MBUS_STATE_INVALID || value->type == NILO_MBUS_VALUE_NONE
                     ? NULL
                     : text);
        break;
    }
    if (value->type == NILO_MBUS_VALUE_TEXT)
        add_boolean(builder, "text", TRUE);
    if (record->coding == NILO_MBUS_CODING_VARIABLE)
        add_int(builder, "lvar", record->variable_length);
    if (value->state == NILO_MBUS_STATE_INVALID && is_bcd(record->coding))
        add_reversed_hex(builder, "bcd_error", record->data, record->data_size);
}

static void
add_modifiers(JsonBuilder *builder, const NiloMbusRecord *record)
{
    const guint n = nilo_mbus_text_count_modifiers(record);

    if (n == 0)
        return;
    json_builder_set_member_name(builder, "modifiers");
    json_builder_begin_array(builder);
    for (guint i = 0; i < n; i++) {
        char text[NILO_MBUS_TEXT_SIZE];

        if (nilo_mbus_text_format_modifier(record, i, text, sizeof text) > 0)
            json_builder_add_string_value(builder, text);
    }
    json_builder_end_array(builder);
}

static void
add_data_record(JsonBuilder *builder, const NiloMbusRecord *record)
{
    char text[NILO_MBUS_TEXT_SIZE];

    add_hex(builder, "dib", record->dib, record->dib_size);
    add_hex(builder, "vib", record->vib, record->vib_size);
    add_text(builder, "function", nilo_mbus_function_get_name(record->function));
    add_int(builder, "storage", (gint64)record->storage);
    add_int(builder, "tariff", record->tariff);
    add_int(builder, "subunit", record->subunit);
    add_hex(builder, "data", record->data, record->data_size);
    if (record->text != NULL) {
        nilo_mbus_text_format_unit(record, text, sizeof text);
        add_text(builder, "vif_text", text);
    }
    if (record->vib[0] == VIF_MANUFACTURER)
        add_hex(builder, "mfr_vife", record->vife, record->own_size);
    nilo_mbus_text_format_quantity(record, text, sizeof text);
    add_text(builder, "quantity", text);
    nilo_mbus_text_format_unit(record, text, sizeof text);
    add_text(builder, "unit", text);
    add_modifiers(builder, record);
    if (record->coding == NILO_MBUS_CODING_REAL32)
        add_boolean(builder, "real", TRUE);
    add_value(builder, record);
    if (record->value.state != NILO_MBUS_STATE_OK)
        add_text(builder, "state", nilo_mbus_state_get_name(record->value.state));
}

static void
add_record(JsonBuilder *builder, const NiloMbusRecord *record)
{
    static const char *const names[] = {
        [NILO_MBUS_RECORD_MANUFACTURER] = "manufacturer specific",
        [NILO_MBUS_RECORD_MORE_FOLLOW] = "more records follow",
        [NILO_MBUS_RECORD_READOUT] = "readout request",
        [NILO_MBUS_RECORD_RESERVED] = "reserved",
    };

    json_builder_begin_object(builder);
    if (record->type == NILO_MBUS_RECORD_DATA) {
        add_data_record(builder, record);
    } else {
        add_text(builder, "special", names[record->type]);
        add_hex(builder, "data", record->data, record->data_size);
    }
    json_builder_end_object(builder);
}

static void
add_records(JsonBuilder *builder, const NiloMbusHeader *header)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, header->payload, header->payload_size);
    iter.is_high_byte_first = header->is_high_byte_first;
    json_builder_set_member_name(builder, "records");
    json_builder_begin_array(builder);
    while (nilo_mbus_record_iter_next(&iter, &record))
        add_record(builder, &record);
    json_builder_end_array(builder);
    if (iter.error != NILO_MBUS_RECORD_ERROR_NONE)
        add_text(builder, "record_error", nilo_mbus_record_error_get_text(iter.error));
}

static void
add_identification(JsonBuilder *builder, guint32 identification)
{
    g_autofree char *text = g_strdup_printf("%08X", identification);

    add_text(builder, "id", text);
}

static void
add_variable(JsonBuilder *builder, const NiloMbusHeader *header)
{
    const NiloMbusAddress *address = &header->address;

    if (header->has_address) {
        g_autofree char *raw = g_strdup_printf("%04X", address->manufacturer);
        char letters[4];

        add_identification(builder, address->identification);
        nilo_mbus_manufacturer_to_letters(address->manufacturer, letters);
        add_text(builder, "manufacturer", letters);
        add_text(builder, "manufacturer_raw", raw);
        add_int(builder, "version", address->version);
        add_int(builder, "medium", address->medium);
        add_text(builder, "medium_name", nilo_mbus_medium_get_name(address->medium));
    }
    if (header->has_status) {
        add_int(builder, "access", header->access_number);
        add_int(builder, "status", header->status);
        add_int(builder, "config", header->configuration);
        add_int(builder, "enc_mode", nilo_mbus_configuration_get_mode(header->configuration));
    }
    add_text(builder, "structure", "variable");
    if (header->is_encrypted)
        add_boolean(builder, "encrypted", TRUE);
    else
        add_records(builder, header);
}

static void
add_counter(JsonBuilder *builder, const NiloMbusFixedCounter *counter)
{
    const NiloMbusValue *value = &counter->value;
    char text[NILO_MBUS_TEXT_SIZE];

    json_builder_begin_object(builder);
    add_int(builder, "unit_code", counter->unit_code);
    add_text(builder, "quantity", nilo_quantity_get_name(counter->quantity));
    add_text(builder, "unit", nilo_unit_get_name(value->unit));
    add_hex(builder, "data", counter->data, 4);
    nilo_mbus_text_format_decimal(value->mantissa, value->exponent, text, sizeof text);
    add_text(builder, "value", value->state == NILO_MBUS_STATE_INVALID ? NULL : text);
    if (value->state == NILO_MBUS_STATE_INVALID)
        add_reversed_hex(builder, "bcd_error", counter->data, 4);
    if (counter->is_historic)
        add_boolean(builder, "historic", TRUE);
    if (value->state != NILO_MBUS_STATE_OK)
        add_text(builder, "state", nilo_mbus_state_get_name(value->state));
    json_builder_end_object(builder);
}

static void
add_fixed(JsonBuilder *builder, const NiloMbusHeader *header)
{
    NiloMbusFixed fixed;

    if (nilo_mbus_fixed_parse(header, &fixed) != NILO_WIRE_OK)
        return;
    add_text(builder, "structure", "fixed");
    add_identification(builder, fixed.identification);
    add_int(builder, "access", fixed.access_number);
    add_int(builder, "status", fixed.status);
    add_int(builder, "medium", fixed.medium);
    add_boolean(builder, "counters_binary", fixed.is_binary);
    add_boolean(builder, "historic", fixed.is_historic);
    json_builder_set_member_name(builder, "records");
    json_builder_begin_array(builder);
    for (guint i = 0; i < NILO_MBUS_FIXED_COUNTERS; i++)
        add_counter(builder, &fixed.counters[i]);
    json_builder_end_array(builder);
}

static void
add_application_error(JsonBuilder *builder, const NiloMbusHeader *header)
{
    if (header->error_code == NILO_MBUS_ERROR_CODE_MISSING)
        add_text(builder, "app_error", NULL);
    else
        add_int(builder, "app_error", header->error_code);
    add_text(builder, "app_error_text", nilo_mbus_error_code_get_text(header->error_code));
}

static void
add_content(JsonBuilder *builder, const NiloMbusFrame *frame, const NiloMbusHeader *header)
{
    switch (header->content) {
    case NILO_MBUS_CONTENT_RECORDS:
        add_variable(builder, header);
        break;
    case NILO_MBUS_CONTENT_FIXED:
        add_fixed(builder, header);
        break;
    case NILO_MBUS_CONTENT_ERROR:
        add_application_error(builder, header);
        break;
    case NILO_MBUS_CONTENT_ALARM:
    case NILO_MBUS_CONTENT_REQUEST:
    case NILO_MBUS_CONTENT_UNKNOWN:
        add_hex(builder, "user_data", frame->data, frame->size);
        break;
    }
}

static void
add_link(JsonBuilder *builder, const NiloMbusFrame *frame)
{
    const char *name = frame->type == NILO_MBUS_FRAME_ACK       ? "ack"
                       : frame->type == NILO_MBUS_FRAME_SHORT   ? "short"
                       : frame->type == NILO_MBUS_FRAME_CONTROL ? "control"
                                                                : "long";

    add_text(builder, "frame", name);
    if (frame->type == NILO_MBUS_FRAME_ACK)
        return;
    add_int(builder, "C", frame->c);
    add_int(builder, "A", frame->a);
    if (frame->type != NILO_MBUS_FRAME_SHORT)
        add_int(builder, "CI", frame->ci);
    if ((frame->c & NILO_MBUS_C_FROM_MASTER) != 0) {
        add_text(builder, "direction", "master to slave");
        return;
    }
    add_boolean(builder, "acd", (frame->c & NILO_MBUS_C_ACD) != 0);
    add_boolean(builder, "dfc", (frame->c & NILO_MBUS_C_DFC) != 0);
}

static JsonNode *
build_error(const char *text)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    add_text(builder, "error", text);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}

/* says which byte is at fault where the result alone would leave the reader guessing */
static JsonNode *
build_frame_error(const guint8 *bytes, gsize size, NiloWireResult result)
{
    const gsize expected = nilo_mbus_frame_get_expected_size(bytes, size);
    g_autofree char *text = NULL;

    if (result == NILO_WIRE_BAD_LENGTH && size >= 2 && bytes[1] < 3)
        return build_error("length < 3");
    if (result == NILO_WIRE_BAD_START)
        return build_error("start byte");
    if (expected == 0 || (result != NILO_WIRE_NEED_MORE && result != NILO_WIRE_OK))
        return build_error(nilo_wire_result_get_text(result));
    text = g_strdup_printf("size %" G_GSIZE_FORMAT ", length field wants %" G_GSIZE_FORMAT, size,
                           expected);
    return build_error(text);
}

JsonNode *
nilo_mbus_frame_to_json(const guint8 *bytes, gsize size)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    NiloMbusFrame frame;
    NiloMbusHeader header = {0};
    NiloWireResult result;
    gsize consumed;

    result = nilo_mbus_frame_parse(bytes, size, &frame, &consumed);
    if (result != NILO_WIRE_OK || consumed != size)
        return build_frame_error(bytes, size, result);
    if (nilo_mbus_header_parse(&frame, &header) == NILO_WIRE_BAD_LENGTH)
        return build_error("header too short");
    json_builder_begin_object(builder);
    add_link(builder, &frame);
    if ((frame.c & NILO_MBUS_C_FROM_MASTER) != 0) {
        if (frame.size > 0)
            add_hex(builder, "user_data", frame.data, frame.size);
    } else if ((frame.type & (NILO_MBUS_FRAME_CONTROL | NILO_MBUS_FRAME_LONG)) != 0) {
        add_content(builder, &frame, &header);
    }
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}
