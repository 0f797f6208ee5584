/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Headers and records out of any bytes, taken as a whole frame where they are one and as bare
 * records otherwise: the parts of a record follow one another inside the bytes, the iterator comes
 * to an end, and every text fits its buffer.
 */
#include "nilo-mbus-fixed.h"
#include "nilo-mbus-record-build.h"
#include "nilo-mbus-record.h"
#include "nilo-mbus-text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition)
        abort();
}

static void
check_texts(const NiloMbusRecord *record)
{
    char text[NILO_MBUS_TEXT_SIZE];
    char cut[5];
    size_t length;

    require(nilo_mbus_text_format_value(record, text, sizeof text) < sizeof text);
    require(nilo_mbus_text_format_unit(record, text, sizeof text) < sizeof text);
    require(nilo_mbus_text_format_quantity(record, text, sizeof text) == strlen(text));
    for (unsigned i = 0; i < nilo_mbus_text_count_modifiers(record); i++) {
        length = nilo_mbus_text_format_modifier(record, i, text, sizeof text);
        require(length == strlen(text));
    }
    length = nilo_mbus_text_format_value(record, cut, sizeof cut);
    require(strlen(cut) == (length < sizeof cut ? length : sizeof cut - 1));
}

static void
check_record(const NiloMbusRecord *record, const uint8_t *start, const uint8_t *end)
{
    require(record->dib >= start && record->dib_size >= 1 && record->dib_size <= 11);
    require(record->data + record->data_size == end);
    if (record->type != NILO_MBUS_RECORD_DATA)
        return;
    require(record->vib == record->dib + record->dib_size);
    require(record->vib_size >= 1 && record->data >= record->vib + record->vib_size);
    if (record->vife != NULL) {
        require(record->vife > record->vib);
        require(record->vife_size + record->own_size <= (int)NILO_MBUS_MAX_EXTENSIONS);
        require(record->vife + record->vife_size + record->own_size <= record->data);
    }
    if (record->text != NULL)
        require(record->text > record->vib && record->text + record->text_size <= record->data);
    if (record->value.type == NILO_MBUS_VALUE_NONE)
        require(record->data_size == 0);
}

static size_t
size_of_record(const NiloMbusRecord *record)
{
    return (size_t)(record->data + record->data_size - record->dib);
}

/* what was parsed builds again; only extensions that carry nothing may fall away */
static void
check_rebuilt(const NiloMbusRecord *record)
{
    uint8_t bytes[300];
    const size_t size = nilo_mbus_record_build(record, bytes, sizeof bytes);
    const size_t dropped = size_of_record(record) - size;
    NiloMbusRecordIter iter;
    NiloMbusRecord again;

    require(size > 0 && size <= size_of_record(record) && dropped < record->dib_size);
    require(memcmp(bytes + size - record->data_size, record->data, record->data_size) == 0);
    if (record->text != NULL) /* read alone, the place of a text may be in doubt */
        return;
    nilo_mbus_record_iter_init(&iter, bytes, size);
    require(nilo_mbus_record_iter_next(&iter, &again));
    require(again.storage == record->storage && again.tariff == record->tariff);
    require(again.subunit == record->subunit && again.function == record->function);
    require(again.quantity == record->quantity && again.qualifiers == record->qualifiers);
}

static void
check_records(const uint8_t *bytes, size_t size, bool is_high_byte_first)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;
    size_t n = 0;

    nilo_mbus_record_iter_init(&iter, bytes, size);
    iter.is_high_byte_first = is_high_byte_first;
    for (;;) {
        const uint8_t *start = iter.position;

        if (!nilo_mbus_record_iter_next(&iter, &record))
            break;
        check_record(&record, start, iter.position);
        check_texts(&record);
        if (record.type == NILO_MBUS_RECORD_DATA)
            check_rebuilt(&record);
        require(++n <= size);
    }
    require(iter.position == iter.end);
    require(!nilo_mbus_record_iter_next(&iter, &record));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    NiloMbusFrame frame;
    NiloMbusHeader header;
    NiloMbusFixed fixed;
    size_t consumed;

    if (nilo_mbus_frame_parse(data, size, &frame, &consumed) == NILO_WIRE_OK &&
        nilo_mbus_header_parse(&frame, &header) == NILO_WIRE_OK) {
        require(header.payload_size <= frame.size);
        check_records(header.payload, header.payload_size, header.is_high_byte_first);
        (void)nilo_mbus_fixed_parse(&header, &fixed);
        return 0;
    }
    check_records(data, size < NILO_MBUS_MAX_DATA ? size : NILO_MBUS_MAX_DATA,
                  size > 0 && data[0] == 0x76);
    return 0;
}
