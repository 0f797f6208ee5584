/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-log.h"

#include "nilo-mbus-report.h"

#define TELEGRAMS_DEFAULT 16
#define EXPONENT_MAX      30
#define TAG_CRC           0xc0
#define CRC_SIZE          2
#define ARGUMENT_SUBUNIT  1
#define CHANNELS          8 /* the next one is the collector itself */

/* all that one telegram says of one storage number */
typedef struct {
    guint64 storage;
    gboolean has_stamp;
    gint64 stamp_us;
    guint64 flags;
    gboolean has_volume;
    NiloValue volume;
    gboolean has_event;
    guint32 event;
    guint32 argument;
} Entry;

NiloMbusLog *
nilo_mbus_log_new(const char *name)
{
    NiloMbusLog *self = g_new0(NiloMbusLog, 1);

    self->name = g_strdup(name);
    self->telegrams_max = TELEGRAMS_DEFAULT;
    return self;
}

void
nilo_mbus_log_free(NiloMbusLog *self)
{
    g_free(self->name);
    g_clear_pointer(&self->events, g_hash_table_unref);
    g_free(self);
}

static Entry *
ensure_entry(GArray *entries, guint64 storage)
{
    const Entry entry = {.storage = storage};

    for (guint i = entries->len; i-- > 0;) {
        if (g_array_index(entries, Entry, i).storage == storage)
            return &g_array_index(entries, Entry, i);
    }
    g_array_append_val(entries, entry);
    return &g_array_index(entries, Entry, entries->len - 1);
}

static void
note_number(Entry *entry, const NiloMbusRecord *record)
{
    if (record->quantity == NILO_QUANTITY_VOLUME && record->subunit == 0 &&
        record->value.exponent >= -EXPONENT_MAX && record->value.exponent <= EXPONENT_MAX) {
        entry->has_volume = TRUE;
        entry->volume =
            (NiloValue){record->value.mantissa, record->value.exponent, (guint8)record->value.unit};
    } else if (record->quantity == NILO_QUANTITY_DIMENSIONLESS && record->data_size == 4) {
        if (record->subunit == ARGUMENT_SUBUNIT) {
            entry->argument = (guint32)record->value.mantissa;
        } else {
            entry->has_event = TRUE;
            entry->event = (guint32)record->value.mantissa;
        }
    }
}

static void
note_record(GArray *entries, const NiloMbusRecord *record, GTimeZone *zone)
{
    Entry *entry;

    if (record->type != NILO_MBUS_RECORD_DATA || record->storage == 0 || record->qualifiers != 0 ||
        record->tariff != 0 || record->function != NILO_MBUS_FUNCTION_INSTANTANEOUS)
        return;
    entry = ensure_entry(entries, record->storage);
    if (record->value.state != NILO_MBUS_STATE_OK)
        return;
    if (record->value.type == NILO_MBUS_VALUE_DATE_TIME ||
        record->value.type == NILO_MBUS_VALUE_DATE) {
        entry->has_stamp = TRUE;
        entry->stamp_us = nilo_mbus_report_to_utc_us(&record->value.time, zone);
    } else if (record->value.type == NILO_MBUS_VALUE_BITS) {
        entry->flags = (guint64)record->value.mantissa;
    } else if (record->value.type == NILO_MBUS_VALUE_NUMBER) {
        note_number(entry, record);
    }
}

/* whether older ones may be unknown */
static gboolean
tell_volume(NiloMbusLogTeller *self, const Entry *entry)
{
    if (!entry->has_stamp)
        return TRUE;
    if (entry->stamp_us <= self->since_us)
        return FALSE;
    if (entry->has_volume && (entry->flags & self->log->skip_flags) == 0 &&
        g_hash_table_add(self->told, g_memdup2(&entry->stamp_us, sizeof entry->stamp_us)))
        nilo_report_builder_add_at(self->builder, nilo_register_of(NILO_QUANTITY_VOLUME),
                                   &entry->volume, NILO_READING_METER_TIME, entry->stamp_us);
    return TRUE;
}

static void
add_event(NiloMbusLogTeller *self, const Entry *entry)
{
    const guint code = entry->event & 0xff;
    const guint channel = entry->event >> 8 & 0xff;
    const char *name = g_hash_table_lookup(self->log->events, GUINT_TO_POINTER(code));
    g_autoptr(GDateTime) moment =
        entry->has_stamp ? g_date_time_new_from_unix_utc(entry->stamp_us / G_USEC_PER_SEC) : NULL;
    g_autofree char *time =
        moment != NULL ? g_date_time_format_iso8601(moment) : g_strdup("clock not set");
    g_autofree char *where =
        channel < CHANNELS ? g_strdup_printf(", channel %u", channel + 1) : g_strdup("");
    g_autofree char *text =
        g_strdup_printf("%u: %s%s, %u, %s", entry->event >> 16,
                        name != NULL ? name : "unknown event", where, entry->argument, time);

    nilo_report_builder_add_fact(self->builder, "event", text);
}

static gboolean
tell_event(NiloMbusLogTeller *self, const Entry *entry)
{
    const guint16 sequence = (guint16)(entry->event >> 16);

    if (!entry->has_event)
        return TRUE;
    if (!self->has_newest) {
        self->has_newest = TRUE;
        self->newest = sequence;
    }
    /* sequences wrap: half of them lie behind */
    if (self->knows_events && (guint16)(sequence - self->sequence - 1) >= G_MAXINT16)
        return FALSE;
    add_event(self, entry);
    return TRUE;
}

gboolean
nilo_mbus_log_tell(NiloMbusLogTeller *self, GBytes *telegram)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, TRUE, sizeof(Entry));
    gsize size;
    const guint8 *bytes = g_bytes_get_data(telegram, &size);
    NiloMbusFrame frame;
    NiloMbusHeader header;
    NiloMbusRecordIter iter;
    NiloMbusRecord record;
    gboolean goes_on = TRUE;
    gsize consumed;

    if (nilo_mbus_frame_parse(bytes, size, &frame, &consumed) != NILO_WIRE_OK ||
        nilo_mbus_header_parse(&frame, &header) != NILO_WIRE_OK ||
        header.content != NILO_MBUS_CONTENT_RECORDS || header.is_encrypted)
        return FALSE;
    nilo_mbus_record_iter_init(&iter, header.payload, header.payload_size);
    iter.is_high_byte_first = header.is_high_byte_first;
    while (nilo_mbus_record_iter_next(&iter, &record))
        note_record(entries, &record, self->zone);
    for (guint i = 0; i < entries->len && goes_on; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);

        goes_on = self->log->events != NULL ? tell_event(self, entry) : tell_volume(self, entry);
    }
    return goes_on && entries->len > 0;
}

gboolean
nilo_mbus_log_check_crc(const NiloMbusFrame *frame)
{
    const guint8 *entry;
    guint16 crc;

    if (frame->size < NILO_MBUS_LOG_CRC_SIZE)
        return FALSE;
    entry = frame->data + frame->size - NILO_MBUS_LOG_CRC_SIZE;
    crc = nilo_mbus_crc_update(NILO_MBUS_CRC_START, frame->data, frame->size - CRC_SIZE);
    return entry[0] == TAG_CRC && entry[1] == CRC_SIZE && entry[2] == (crc & 0xff) &&
           entry[3] == crc >> 8;
}
