/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-text.h"

#include "nilo-wire-bcd.h"

typedef struct {
    char *text;
    size_t size;
    size_t length; /* what was asked for, whether it fitted or not */
} Sink;

static void
put_char(Sink *sink, char c)
{
    if (sink->length + 1 < sink->size)
        sink->text[sink->length] = c;
    sink->length++;
}

static size_t
sink_close(Sink *sink)
{
    if (sink->size > 0)
        sink->text[sink->length < sink->size ? sink->length : sink->size - 1] = '\0';
    return sink->length;
}

static void
put_text(Sink *sink, const char *text)
{
    for (; *text != '\0'; text++)
        put_char(sink, *text);
}

static void
put_hex(Sink *sink, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";

    put_char(sink, digits[byte >> 4]);
    put_char(sink, digits[byte & 0x0f]);
}

static void
put_bytes(Sink *sink, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (i > 0)
            put_char(sink, ' ');
        put_hex(sink, bytes[i]);
    }
}

/* @value with @decimals of its digits behind a point, and at least @width digits in all */
static void
put_number(Sink *sink, uint64_t value, unsigned decimals, unsigned width)
{
    char digits[24];
    unsigned n_digits = 0;

    if (decimals > 18)
        decimals = 18;
    do {
        digits[n_digits++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || n_digits <= decimals || n_digits < width);
    while (n_digits-- > 0) {
        put_char(sink, digits[n_digits]);
        if (n_digits == decimals && decimals > 0)
            put_char(sink, '.');
    }
}

typedef struct {
    uint8_t first;
    uint8_t last;
    const char *names[4]; /* one for each three codes */
} CodeNames;

static const CodeNames code_names[] = {
    {0x02, 0x0a, {"Wh", "kWh", "MWh"}},
    {0x0b, 0x13, {"kJ", "MJ", "GJ"}},
    {0x14, 0x1c, {"W", "kW", "MW"}},
    {0x1d, 0x25, {"kJ/h", "MJ/h", "GJ/h"}},
    {0x26, 0x2e, {"mL", "L", "m3"}},
    {0x2f, 0x37, {"mL/h", "L/h", "m3/h"}},
    {0x38, 0x38, {"0.001 C"}},
    {0x39, 0x39, {"HCA"}},
    {0x40, 0x49, {"J/h", "kJ/h", "MJ/h", "GJ/h"}},
};

static void
put_unit_code(Sink *sink, uint8_t code)
{
    static const char *const factors[] = {"", "x10", "x100"};

    for (size_t i = 0; i < sizeof code_names / sizeof code_names[0]; i++) {
        if (code >= code_names[i].first && code <= code_names[i].last) {
            const unsigned step = (unsigned)(code - code_names[i].first);

            put_text(sink, code_names[i].names[step / 3]);
            put_text(sink, factors[step % 3]);
            return;
        }
    }
    put_text(sink, "code ");
    put_hex(sink, code);
}

size_t
nilo_cjt188_unit_code_to_text(uint8_t code, char *text, size_t size)
{
    Sink sink = {text, size, 0};

    put_unit_code(&sink, code);
    return sink_close(&sink);
}

static void
put_field_number(Sink *sink, const NiloCjt188Field *field)
{
    /* numbers of one byte are days and counts, noted with both digits */
    put_number(sink, (uint64_t)field->mantissa, field->decimals > 0 ? (unsigned)field->decimals : 0,
               field->size == 1 ? 2 : 1);
    switch (field->unit_source) {
    case NILO_CJT188_UNIT_SENT:
        put_char(sink, ' ');
        put_unit_code(sink, field->unit_code);
        break;
    case NILO_CJT188_UNIT_ASSUMED:
        put_char(sink, ' ');
        put_unit_code(sink, field->unit_code);
        put_text(sink, " (assumed)");
        break;
    case NILO_CJT188_UNIT_UNKNOWN:
        put_char(sink, ' ');
        if (field->has_unit_code)
            put_unit_code(sink, field->unit_code);
        else
            put_text(sink, "unit unknown");
        break;
    case NILO_CJT188_UNIT_NONE:
    case NILO_CJT188_UNIT_FIXED:
        break;
    }
}

static void
put_code(Sink *sink, const NiloCjt188Field *field)
{
    if (field->key != NILO_CJT188_KEY_VALVE) {
        put_hex(sink, field->bytes[0]);
    } else if (field->bytes[0] == NILO_CJT188_VALVE_OPEN) {
        put_text(sink, "open");
    } else if (field->bytes[0] == NILO_CJT188_VALVE_CLOSE) {
        put_text(sink, "close");
    } else {
        put_text(sink, "vendor code ");
        put_hex(sink, field->bytes[0]);
    }
}

/* ss mm hh DD MM YY CC: the digits, not the date, so that a wrong clock is seen as it is */
static void
put_clock_digits(Sink *sink, const uint8_t bytes[NILO_CJT188_CLOCK_SIZE])
{
    put_hex(sink, bytes[6]);
    put_hex(sink, bytes[5]);
    put_char(sink, '-');
    put_hex(sink, bytes[4]);
    put_char(sink, '-');
    put_hex(sink, bytes[3]);
    put_char(sink, ' ');
    put_hex(sink, bytes[2]);
    put_char(sink, ':');
    put_hex(sink, bytes[1]);
    put_char(sink, ':');
    put_hex(sink, bytes[0]);
}

static void
put_status(Sink *sink, const NiloCjt188Field *field)
{
    static const char *const valves[] = {"unknown", "open", "closed", "fault", "reserved(10)"};
    static const char *const batteries[] = {"unknown", "ok", "low"};

    put_text(sink, "ST0=");
    put_hex(sink, field->bytes[0]);
    put_text(sink, " ST1=");
    put_hex(sink, field->bytes[1]);
    put_text(sink, " valve=");
    put_text(sink, valves[field->status.valve]);
    put_text(sink, " battery=");
    put_text(sink, batteries[field->status.battery]);
}

static void
put_address(Sink *sink, const NiloCjt188Address *address)
{
    char text[NILO_CJT188_ADDRESS_TEXT_SIZE];

    nilo_cjt188_address_to_text(address, text);
    put_text(sink, text);
}

static void
put_field(Sink *sink, const NiloCjt188Field *field)
{
    const bool is_clock = field->kind == NILO_CJT188_FIELD_CLOCK;

    if (field->state == NILO_CJT188_STATE_NOT_SUPPORTED) {
        put_text(sink, "not supported (FF)");
        return;
    }
    if (field->state == NILO_CJT188_STATE_INVALID &&
        !(is_clock && nilo_bcd_is_valid(field->bytes, field->size))) {
        put_text(sink, "invalid (");
        put_bytes(sink, field->bytes, field->size);
        put_char(sink, ')');
        return;
    }
    switch (field->kind) {
    case NILO_CJT188_FIELD_NUMBER:
        put_field_number(sink, field);
        break;
    case NILO_CJT188_FIELD_CODE:
        put_code(sink, field);
        break;
    case NILO_CJT188_FIELD_CLOCK:
        put_clock_digits(sink, field->bytes);
        break;
    case NILO_CJT188_FIELD_STATUS:
        put_status(sink, field);
        break;
    case NILO_CJT188_FIELD_ADDRESS:
        put_address(sink, &field->address);
        break;
    case NILO_CJT188_FIELD_RAW:
        put_bytes(sink, field->bytes, field->size);
        break;
    case NILO_CJT188_FIELD_SECRET:
        put_text(sink, "not shown");
        break;
    }
}

size_t
nilo_cjt188_field_to_text(const NiloCjt188Field *field, char *text, size_t size)
{
    Sink sink = {text, size, 0};

    put_field(&sink, field);
    return sink_close(&sink);
}

typedef enum {
    LINE_EXPECT,
    LINE_ERROR,
    LINE_PREAMBLE,
    LINE_TRAILING,
    LINE_TYPE,
    LINE_ADDRESS,
    LINE_CONTROL,
    LINE_LENGTH,
    LINE_FLAG_D5,
    LINE_DATA,
    LINE_DI,
    LINE_SER,
    LINE_ERROR_CODE,
    LINE_PAYLOAD,
    LINE_FIELDS,
} LineStep;

static const char *const line_keys[] = {
    [LINE_EXPECT] = "expect",
    [LINE_ERROR] = "error",
    [LINE_PREAMBLE] = "preamble",
    [LINE_TRAILING] = "trailing",
    [LINE_TYPE] = "type",
    [LINE_ADDRESS] = "address",
    [LINE_CONTROL] = "control",
    [LINE_LENGTH] = "length",
    [LINE_FLAG_D5] = "flag_d5",
    [LINE_DATA] = "data",
    [LINE_DI] = "di",
    [LINE_SER] = "ser",
    [LINE_ERROR_CODE] = "error_code",
    [LINE_PAYLOAD] = "payload",
};

void
nilo_cjt188_line_start(NiloCjt188Lines *lines, const uint8_t *bytes, size_t size,
                       const NiloCjt188Profile *profile)
{
    *lines = (NiloCjt188Lines){.bytes = bytes, .size = size};
    lines->result = nilo_cjt188_frame_find(bytes, size, &lines->found);
    if (lines->result == NILO_WIRE_OK || lines->result == NILO_WIRE_BAD_CHECKSUM) {
        nilo_cjt188_message_parse(&lines->found.frame, &lines->message);
        nilo_cjt188_field_start(&lines->fields, &lines->message, profile);
    }
}

static bool
has_frame(const NiloCjt188Lines *lines)
{
    return lines->found.frame.size > 0;
}

/* whether a line stands, given the frame; those of LINE_FIELDS are asked for one by one */
static bool
has_line(const NiloCjt188Lines *lines, LineStep step)
{
    const NiloCjt188Message *message = &lines->message;
    const bool is_refusal = message->is_answer && message->is_abnormal;

    switch (step) {
    case LINE_EXPECT:
        return true;
    case LINE_ERROR:
        return lines->result != NILO_WIRE_OK;
    case LINE_TRAILING:
        return lines->found.trailing_size > 0;
    case LINE_FLAG_D5:
        return message->has_follow_flag;
    case LINE_DATA:
        return is_refusal && lines->found.frame.data_size > 0;
    case LINE_DI:
        return message->has_di;
    case LINE_SER:
        return message->has_serial;
    case LINE_ERROR_CODE:
        return message->has_error_code;
    case LINE_PAYLOAD:
        return !is_refusal && message->payload_size > 0;
    default:
        return has_frame(lines);
    }
}

static void
put_expect(Sink *sink, NiloWireResult result)
{
    if (result == NILO_WIRE_OK)
        put_text(sink, "ok");
    else
        put_text(sink, result == NILO_WIRE_BAD_CHECKSUM ? "bad-checksum" : "no-frame");
}

static void
put_error(Sink *sink, const NiloCjt188Lines *lines)
{
    if (lines->result != NILO_WIRE_BAD_CHECKSUM) {
        put_text(sink, nilo_wire_result_get_text(lines->result));
        return;
    }
    put_text(sink, "checksum: frame has ");
    put_hex(sink, lines->found.frame.checksum);
    put_text(sink, ", sum is ");
    put_hex(sink, lines->found.frame.sum);
}

static void
put_preamble(Sink *sink, const uint8_t *bytes, size_t size)
{
    size_t n_idle = 0;

    while (n_idle < size && bytes[n_idle] == NILO_CJT188_PREAMBLE_BYTE)
        n_idle++;
    if (n_idle == size) {
        put_number(sink, size, 0, 1);
        put_text(sink, " x FE");
        return;
    }
    put_text(sink, "other bytes: ");
    put_bytes(sink, bytes, size);
}

static void
put_control(Sink *sink, uint8_t control, const NiloCjt188Message *message)
{
    const char *name = nilo_cjt188_function_get_name(message->function);

    put_hex(sink, control);
    put_text(sink, " (");
    if (name != NULL) {
        put_text(sink, name);
    } else {
        put_text(sink, "function ");
        put_hex(sink, message->function);
    }
    put_text(sink, message->is_answer ? ", response" : ", request");
    if (message->is_abnormal)
        put_text(sink, ", ABNORMAL");
    put_char(sink, ')');
}

static void
put_di(Sink *sink, const NiloCjt188Message *message)
{
    const uint8_t high = (uint8_t)(message->di >> 8), low = (uint8_t)message->di;
    const bool is_high_first = message->order == NILO_CJT188_HIGH_FIRST;

    put_hex(sink, high);
    put_hex(sink, low);
    put_text(sink, " (on the wire ");
    put_hex(sink, is_high_first ? high : low);
    put_char(sink, ' ');
    put_hex(sink, is_high_first ? low : high);
    put_char(sink, ')');
}

static void
put_payload(Sink *sink, const NiloCjt188Message *message)
{
    if (!message->is_answer && nilo_cjt188_di_is_secret(message->di))
        put_text(sink, "not shown, it holds a key");
    else
        put_bytes(sink, message->payload, message->payload_size);
}

static void
put_line(Sink *sink, const NiloCjt188Lines *lines, LineStep step)
{
    const NiloCjt188Frame *frame = &lines->found.frame;

    switch (step) {
    case LINE_EXPECT:
        put_expect(sink, lines->result);
        break;
    case LINE_ERROR:
        put_error(sink, lines);
        break;
    case LINE_PREAMBLE:
        put_preamble(sink, lines->bytes, lines->found.preamble_size);
        break;
    case LINE_TRAILING:
        put_bytes(sink, frame->bytes + frame->size, lines->found.trailing_size);
        break;
    case LINE_TYPE:
        put_hex(sink, frame->type);
        break;
    case LINE_ADDRESS:
        put_address(sink, &frame->address);
        break;
    case LINE_CONTROL:
        put_control(sink, frame->control, &lines->message);
        break;
    case LINE_LENGTH:
        put_number(sink, frame->data_size, 0, 1);
        break;
    case LINE_FLAG_D5:
        put_text(sink, "1 (2018: more frames follow; 2004: vendor control code)");
        break;
    case LINE_DATA:
        put_bytes(sink, frame->data, frame->data_size);
        break;
    case LINE_DI:
        put_di(sink, &lines->message);
        break;
    case LINE_SER:
        put_hex(sink, lines->message.serial);
        break;
    case LINE_ERROR_CODE:
        put_hex(sink, lines->message.error_code);
        break;
    case LINE_PAYLOAD:
        put_payload(sink, &lines->message);
        break;
    case LINE_FIELDS:
        break;
    }
}

static void
set_key(char key[NILO_CJT188_LINE_KEY_SIZE], const char *name, unsigned month)
{
    Sink sink = {key, NILO_CJT188_LINE_KEY_SIZE, 0};

    put_text(&sink, name);
    if (month > 0) {
        put_text(&sink, "_-");
        put_number(&sink, month, 0, 1);
    }
    sink_close(&sink);
}

/* digits that are no date but read backwards are one get a line of their own behind "time" */
static void
put_year_first(Sink *sink, const NiloCjt188Clock *clock)
{
    put_number(sink, clock->year, 0, 4);
    put_char(sink, '-');
    put_number(sink, clock->month, 0, 2);
    put_char(sink, '-');
    put_number(sink, clock->day, 0, 2);
    put_char(sink, ' ');
    put_number(sink, clock->hour, 0, 2);
    put_char(sink, ':');
    put_number(sink, clock->minute, 0, 2);
    put_char(sink, ':');
    put_number(sink, clock->second, 0, 2);
}

static bool
next_field_line(NiloCjt188Lines *lines, char key[NILO_CJT188_LINE_KEY_SIZE], Sink *sink)
{
    NiloCjt188Field field;

    if (lines->has_year_first) {
        lines->has_year_first = false;
        set_key(key, "time_year_first", 0);
        put_year_first(sink, &lines->year_first);
        return true;
    }
    do {
        if (nilo_cjt188_field_next(&lines->fields, &field) != NILO_WIRE_OK)
            return false;
    } while (field.key == NILO_CJT188_KEY_RAW); /* it is the payload, which has its line */
    if (field.kind == NILO_CJT188_FIELD_CLOCK && field.clock.is_year_first) {
        lines->has_year_first = true;
        lines->year_first = field.clock;
    }
    set_key(key, nilo_cjt188_key_get_name(field.key), field.month);
    put_field(sink, &field);
    return true;
}

bool
nilo_cjt188_line_next(NiloCjt188Lines *lines, char key[NILO_CJT188_LINE_KEY_SIZE], char *text,
                      size_t size)
{
    Sink sink = {text, size, 0};

    while (lines->step < LINE_FIELDS) {
        const LineStep step = (LineStep)lines->step++;

        if (!has_line(lines, step))
            continue;
        set_key(key, line_keys[step], 0);
        put_line(&sink, lines, step);
        sink_close(&sink);
        return true;
    }
    if (!has_frame(lines) || !next_field_line(lines, key, &sink))
        return false;
    sink_close(&sink);
    return true;
}
