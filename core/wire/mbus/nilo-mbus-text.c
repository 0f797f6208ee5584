/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-text.h"

#include "nilo-mbus-vif.h"

#define EXTENSION_BIT     0x80u
#define VIF_TABLE_FB      0xfbu
#define VIF_TABLE_FD      0xfdu
#define VIF_TABLE_EF      0xefu
#define VIFE_MANUFACTURER 0x7fu
#define MAX_DIGITS        20 /* of a 64-bit number */

/* Collects a text; counts on when the room is used up. */
typedef struct {
    char *text;
    size_t capacity;
    size_t length;
} Writer;

static void
put_char(Writer *writer, char c)
{
    if (writer->length + 1 < writer->capacity)
        writer->text[writer->length] = c;
    writer->length++;
}

static void
put_text(Writer *writer, const char *text)
{
    while (*text != '\0')
        put_char(writer, *text++);
}

static size_t
finish(Writer *writer)
{
    if (writer->capacity > 0) {
        const size_t last = writer->capacity - 1;

        writer->text[writer->length < last ? writer->length : last] = '\0';
    }
    return writer->length;
}

static void
put_unsigned(Writer *writer, uint64_t number, unsigned min_digits)
{
    char digits[MAX_DIGITS];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (unsigned i = n; i < min_digits; i++)
        put_char(writer, '0');
    while (n > 0)
        put_char(writer, digits[--n]);
}

static void
put_hex(Writer *writer, uint8_t byte, const char *digits)
{
    put_char(writer, digits[byte >> 4]);
    put_char(writer, digits[byte & 0x0f]);
}

/* most significant byte first, as numbers are written */
static void
put_hex_number(Writer *writer, const uint8_t *bytes, size_t size)
{
    while (size-- > 0)
        put_hex(writer, bytes[size], "0123456789ABCDEF");
}

/* in the order of the wire */
static void
put_hex_bytes(Writer *writer, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put_hex(writer, bytes[i], "0123456789abcdef");
}

/* ISO 8859-1, last character first; control characters would garble a terminal or a document */
static void
put_reversed_text(Writer *writer, const uint8_t *bytes, size_t size)
{
    while (size-- > 0) {
        const uint8_t c = bytes[size];

        if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
            put_char(writer, '?');
        } else if (c < 0x80) {
            put_char(writer, (char)c);
        } else {
            put_char(writer, (char)(0xc0 | c >> 6));
            put_char(writer, (char)(0x80 | (c & 0x3f)));
        }
    }
}

static void
put_decimal(Writer *writer, int64_t mantissa, int exponent)
{
    char digits[MAX_DIGITS];
    /* the most negative number has no positive counterpart of its own type */
    uint64_t number = mantissa < 0 ? -(uint64_t)mantissa : (uint64_t)mantissa;
    int n = 0;

    if (number == 0) {
        put_char(writer, '0');
        return;
    }
    for (; number % 10 == 0; exponent++)
        number /= 10;
    for (; number > 0; number /= 10)
        digits[n++] = (char)('0' + number % 10);
    if (mantissa < 0)
        put_char(writer, '-');
    if (exponent <= -n) {
        put_text(writer, "0.");
        for (int i = exponent; i < -n; i++)
            put_char(writer, '0');
    }
    for (int i = n; i-- > 0;) {
        put_char(writer, digits[i]);
        if (i > 0 && i == -exponent)
            put_char(writer, '.');
    }
    for (; exponent > 0; exponent--)
        put_char(writer, '0');
}

size_t
nilo_mbus_text_format_decimal(int64_t mantissa, int8_t exponent, char *text, size_t capacity)
{
    Writer writer = {text, capacity, 0};

    put_decimal(&writer, mantissa, exponent);
    return finish(&writer);
}

static void
put_clock(Writer *writer, const NiloMbusTime *time)
{
    put_unsigned(writer, time->hour, 2);
    put_char(writer, ':');
    put_unsigned(writer, time->minute, 2);
    if (!time->has_second)
        return;
    put_char(writer, ':');
    put_unsigned(writer, time->second, 2);
}

static void
put_time(Writer *writer, const NiloMbusTime *time, NiloMbusValueType type)
{
    if (type != NILO_MBUS_VALUE_TIME) {
        put_unsigned(writer, time->year, 4);
        put_char(writer, '-');
        put_unsigned(writer, time->month, 2);
        put_char(writer, '-');
        put_unsigned(writer, time->day, 2);
    }
    if (type == NILO_MBUS_VALUE_DATE_TIME)
        put_char(writer, 'T');
    if (type != NILO_MBUS_VALUE_DATE)
        put_clock(writer, time);
}

size_t
nilo_mbus_text_format_time(const NiloMbusTime *time, NiloMbusValueType type, char *text,
                           size_t capacity)
{
    Writer writer = {text, capacity, 0};

    put_time(&writer, time, type);
    return finish(&writer);
}

size_t
nilo_mbus_text_format_value(const NiloMbusRecord *record, char *text, size_t capacity)
{
    const NiloMbusValue *value = &record->value;
    Writer writer = {text, capacity, 0};

    if (value->state == NILO_MBUS_STATE_INVALID)
        return finish(&writer);
    switch (value->type) {
    case NILO_MBUS_VALUE_NONE:
        break;
    case NILO_MBUS_VALUE_NUMBER:
        put_decimal(&writer, value->mantissa, value->exponent);
        break;
    case NILO_MBUS_VALUE_BITS:
        put_text(&writer, "0x");
        put_hex_number(&writer, record->data, record->data_size);
        break;
    case NILO_MBUS_VALUE_DIGITS:
        put_hex_number(&writer, record->data, record->data_size);
        break;
    case NILO_MBUS_VALUE_TEXT:
        put_reversed_text(&writer, record->data, record->data_size);
        break;
    case NILO_MBUS_VALUE_BINARY:
        put_hex_bytes(&writer, record->data, record->data_size);
        break;
    case NILO_MBUS_VALUE_DATE:
    case NILO_MBUS_VALUE_DATE_TIME:
    case NILO_MBUS_VALUE_TIME:
        if (value->state == NILO_MBUS_STATE_OK)
            put_time(&writer, &value->time, value->type);
        break;
    }
    return finish(&writer);
}

size_t
nilo_mbus_text_format_unit(const NiloMbusRecord *record, char *text, size_t capacity)
{
    Writer writer = {text, capacity, 0};

    if (record->text != NULL)
        put_reversed_text(&writer, record->text, record->text_size);
    else
        put_text(&writer, nilo_unit_get_name(record->value.unit));
    return finish(&writer);
}

/* FB and FD are named with the code behind them, as they stand; others are just a code */
static void
put_vif_code(Writer *writer, const uint8_t *vib, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t vif = vib[0];

    if (size > 1 && (vif == VIF_TABLE_FB || vif == VIF_TABLE_FD || vif == VIF_TABLE_EF)) {
        put_hex(writer, vif, digits);
        put_hex(writer, vib[1] & ~EXTENSION_BIT, digits);
    } else {
        put_hex(writer, vif & ~EXTENSION_BIT, digits);
    }
}

size_t
nilo_mbus_text_format_quantity(const NiloMbusRecord *record, char *text, size_t capacity)
{
    Writer writer = {text, capacity, 0};

    put_text(&writer, nilo_quantity_get_name(record->quantity));
    if (record->quantity == NILO_QUANTITY_RESERVED && record->vib != NULL) {
        put_char(&writer, ' ');
        put_vif_code(&writer, record->vib, record->vib_size);
    }
    return finish(&writer);
}

/* the VIFE that announces the maker's own is shown as one modifier together with them */
static bool
ends_with_own(const NiloMbusRecord *record)
{
    return record->vife_size > 0 &&
           (record->vife[record->vife_size - 1] & ~EXTENSION_BIT) == VIFE_MANUFACTURER;
}

unsigned
nilo_mbus_text_count_modifiers(const NiloMbusRecord *record)
{
    return record->vife_size;
}

static void
put_numbered(Writer *writer, const char *name, uint8_t code)
{
    put_text(writer, name);
    put_char(writer, ' ');
    put_hex(writer, code, "0123456789ABCDEF");
}

static void
put_power_of_ten(Writer *writer, const char *prefix, int exponent)
{
    put_text(writer, prefix);
    if (exponent < 0)
        put_char(writer, '-');
    put_unsigned(writer, (uint64_t)(exponent < 0 ? -exponent : exponent), 1);
}

static const char *
get_direction_name(uint16_t qualifier)
{
    switch (NILO_MBUS_QUALIFIER_GET_DIRECTION(qualifier)) {
    case NILO_MBUS_DIRECTION_FORWARD:
        return "forward flow only";
    case NILO_MBUS_DIRECTION_BACKWARD:
        return "backward flow only";
    case NILO_MBUS_DIRECTION_BOTH:
        break;
    }
    return NULL;
}

static const char *
get_phase_name(uint16_t qualifier)
{
    static const char *const names[] = {NULL,      "phase L1",     "phase L2",     "phase L3",
                                        "neutral", "phases L1-L2", "phases L2-L3", "phases L3-L1"};

    return names[NILO_MBUS_QUALIFIER_GET_PHASE(qualifier)];
}

static const char *
get_aspect_name(uint16_t qualifier)
{
    static const char *const names[16] = {
        [NILO_MBUS_ASPECT_LOWER_LIMIT] = "lower limit",
        [NILO_MBUS_ASPECT_UPPER_LIMIT] = "upper limit",
        [NILO_MBUS_ASPECT_LOWER_EXCEEDS] = "number of exceeds of lower limit",
        [NILO_MBUS_ASPECT_UPPER_EXCEEDS] = "number of exceeds of upper limit",
        [NILO_MBUS_ASPECT_LOWER_EXCEED_DATE] = "date of limit exceed",
        [NILO_MBUS_ASPECT_UPPER_EXCEED_DATE] = "date of limit exceed",
        [NILO_MBUS_ASPECT_LOWER_EXCEED_DURATION] = "duration of limit exceed",
        [NILO_MBUS_ASPECT_UPPER_EXCEED_DURATION] = "duration of limit exceed",
        [NILO_MBUS_ASPECT_DURING_LOWER_EXCEED] = "value during lower limit exceed",
        [NILO_MBUS_ASPECT_DURING_UPPER_EXCEED] = "value during upper limit exceed",
        [NILO_MBUS_ASPECT_DURATION] = "duration of",
        [NILO_MBUS_ASPECT_DATE] = "date of",
        [NILO_MBUS_ASPECT_START_DATE] = "start date of",
        [NILO_MBUS_ASPECT_LEAKAGE] = "leakage values",
        [NILO_MBUS_ASPECT_OVERFLOW] = "overflow values",
    };

    return names[NILO_MBUS_QUALIFIER_GET_ASPECT(qualifier)];
}

/* a name for what the qualifier of one VIFE says; those without one are numbered */
static void
put_qualifier(Writer *writer, const NiloMbusVife *vife, uint8_t code)
{
    const char *name = get_direction_name(vife->qualifier);

    if (name == NULL)
        name = get_phase_name(vife->qualifier);
    if (name == NULL)
        name = get_aspect_name(vife->qualifier);
    if ((vife->qualifier & NILO_MBUS_QUALIFIER_UNCORRECTED) != 0)
        name = "uncorrected";
    if (name == NULL)
        put_numbered(writer, "vife", code);
    else
        put_text(writer, name);
}

static void
put_modifier(Writer *writer, const NiloMbusVife *vife, uint8_t code)
{
    switch ((NiloMbusVifeEffect)vife->effect) {
    case NILO_MBUS_VIFE_SCALE:
        put_power_of_ten(writer, "x10^", vife->argument);
        break;
    case NILO_MBUS_VIFE_ADD:
        put_power_of_ten(writer, "+10^", vife->argument);
        break;
    case NILO_MBUS_VIFE_TIME:
    case NILO_MBUS_VIFE_DURATION:
        put_numbered(writer, get_aspect_name(vife->qualifier), code);
        break;
    case NILO_MBUS_VIFE_RECORD_ERROR:
    case NILO_MBUS_VIFE_NO_VALUE:
        put_numbered(writer, "record error", code);
        break;
    case NILO_MBUS_VIFE_QUALIFY:
    case NILO_MBUS_VIFE_COUNT:
        put_qualifier(writer, vife, code);
        break;
    case NILO_MBUS_VIFE_EXTENSION:
        break;
    case NILO_MBUS_VIFE_OTHER:
    case NILO_MBUS_VIFE_NOTHING:
    case NILO_MBUS_VIFE_MANUFACTURER:
        put_numbered(writer, "vife", code);
        break;
    }
}

size_t
nilo_mbus_text_format_modifier(const NiloMbusRecord *record, unsigned index, char *text,
                               size_t capacity)
{
    Writer writer = {text, capacity, 0};
    uint8_t code, previous;

    if (index >= record->vife_size)
        return finish(&writer);
    code = record->vife[index] & ~EXTENSION_BIT;
    previous = index > 0 ? record->vife[index - 1] & ~EXTENSION_BIT : 0;
    if (index == record->vife_size - 1u && ends_with_own(record)) {
        put_text(&writer, "manufacturer VIFEs ");
        put_hex_bytes(&writer, record->vife + record->vife_size, record->own_size);
    } else if (nilo_mbus_vife_combinable[previous].effect == NILO_MBUS_VIFE_EXTENSION) {
        put_modifier(&writer, &nilo_mbus_vife_second[code], code);
    } else {
        put_modifier(&writer, &nilo_mbus_vife_combinable[code], code);
    }
    return finish(&writer);
}

const char *
nilo_mbus_function_get_name(NiloMbusFunction function)
{
    static const char *const names[] = {"instantaneous", "maximum", "minimum", "error"};

    return names[function & 0x03];
}

const char *
nilo_mbus_state_get_name(NiloMbusState state)
{
    static const char *const names[] = {"ok", "invalid", "not set", "unknown"};

    return names[state & 0x03];
}
