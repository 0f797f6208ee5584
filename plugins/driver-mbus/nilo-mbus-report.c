/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-report.h"

#include <string.h>

#define SUBUNITS       1024
#define EXPONENT_MAX   30
#define SECOND_US      G_USEC_PER_SEC
#define MINUTE_SECONDS 60
#define ERROR_BUSY     8
#define ERROR_READOUTS 9

/* one readout being told */
typedef struct {
    NiloMbusReport *report;
    GHashTable *stamps; /* (nullable): storage and subunit to UTC microseconds */
    GPtrArray *facts;   /* element-type char*: key, text, key, text .. */
} Teller;

gint64
nilo_mbus_report_to_utc_us(const NiloMbusTime *time, GTimeZone *zone)
{
    const GTimeType type = time->is_summer_time ? G_TIME_TYPE_DAYLIGHT : G_TIME_TYPE_STANDARD;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) local =
        g_date_time_new(utc, time->year, time->month, time->day, time->hour, time->minute,
                        time->has_second ? time->second : 0);
    gint64 seconds;
    gint interval;

    g_return_val_if_fail(local != NULL, 0);
    seconds = g_date_time_to_unix(local);
    interval = g_time_zone_adjust_time(zone, type, &seconds);
    return (seconds - g_time_zone_get_offset(zone, interval)) * SECOND_US;
}

static void
add_fact(Teller *teller, const char *key, const char *text)
{
    g_ptr_array_add(teller->facts, g_strdup(key));
    g_ptr_array_add(teller->facts, g_strdup(text));
}

static char *
to_hex(const guint8 *bytes, gsize size)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = g_malloc(2 * size + 1);

    for (gsize i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    text[2 * size] = '\0';
    return text;
}

static void
add_raw(Teller *teller, const char *key, const guint8 *bytes, gsize size)
{
    g_autofree char *text = to_hex(bytes, size);

    add_fact(teller, key, text);
}

static void
add_undecoded(Teller *teller, const NiloMbusRecord *record)
{
    const guint8 *end = record->data + record->data_size;

    add_raw(teller, "raw record", record->dib, (gsize)(end - record->dib));
    nilo_report_builder_count_undecoded(teller->report->builder);
}

/* --- times -------------------------------------------------------------------------------------
 */

static gboolean
is_moment(const NiloMbusRecord *record)
{
    return (record->value.type == NILO_MBUS_VALUE_DATE ||
            record->value.type == NILO_MBUS_VALUE_DATE_TIME) &&
           (record->quantity == NILO_QUANTITY_DATE ||
            record->quantity == NILO_QUANTITY_DATE_TIME) &&
           record->value.state == NILO_MBUS_STATE_OK && record->qualifiers == 0 &&
           record->function == NILO_MBUS_FUNCTION_INSTANTANEOUS;
}

static gint64
get_stamp_key(guint64 storage, guint subunit)
{
    return (gint64)(storage * SUBUNITS + subunit);
}

static void
note_stamp(Teller *teller, const NiloMbusRecord *record)
{
    gint64 *key;
    gint64 *stamp;

    if (record->storage == 0 || !is_moment(record))
        return;
    if (teller->stamps == NULL)
        teller->stamps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    key = g_new(gint64, 1);
    stamp = g_new(gint64, 1);
    *key = get_stamp_key(record->storage, record->subunit);
    *stamp = nilo_mbus_report_to_utc_us(&record->value.time, teller->report->zone);
    g_hash_table_insert(teller->stamps, key, stamp);
}

static const gint64 *
find_stamp(const Teller *teller, const NiloMbusRecord *record)
{
    gint64 key = get_stamp_key(record->storage, record->subunit);
    const gint64 *stamp;

    if (teller->stamps == NULL || record->storage == 0)
        return NULL;
    stamp = g_hash_table_lookup(teller->stamps, &key);
    key = get_stamp_key(record->storage, 0);
    return stamp != NULL ? stamp : g_hash_table_lookup(teller->stamps, &key);
}

/* a clock without seconds shows its minute from beginning to end */
static gint64
get_drift_s(const NiloMbusTime *time, gint64 clock_us, gint64 now_us)
{
    const gint64 now_s = now_us / SECOND_US;
    const gint64 ours_s = time->has_second ? now_s : now_s - now_s % MINUTE_SECONDS;

    return clock_us / SECOND_US - ours_s;
}

static gboolean
tell_clock(Teller *teller, const NiloMbusRecord *record)
{
    NiloMbusReport *report = teller->report;
    const NiloMbusTime *time = &record->value.time;
    char text[NILO_MBUS_TEXT_SIZE] = "not set";

    if (record->value.type != NILO_MBUS_VALUE_DATE_TIME || record->storage != 0 ||
        record->tariff != 0 || record->subunit != 0 || record->qualifiers != 0 ||
        record->quantity != NILO_QUANTITY_DATE_TIME ||
        record->function != NILO_MBUS_FUNCTION_INSTANTANEOUS)
        return FALSE;
    if (record->value.state == NILO_MBUS_STATE_OK) {
        nilo_mbus_text_format_value(record, text, sizeof text);
        if (report->zone != NULL && report->now_us != 0) {
            const gint64 clock_us = nilo_mbus_report_to_utc_us(time, report->zone);

            nilo_report_builder_set_clock_drift_s(report->builder,
                                                  get_drift_s(time, clock_us, report->now_us));
            /* the drift says it all, and does not differ from one report to the next */
            if (!report->with_history)
                return TRUE;
        }
    }
    add_fact(teller, "meter clock", text);
    return TRUE;
}

/* --- records -----------------------------------------------------------------------------------
 */

static gboolean
pack_register(const NiloMbusRecord *record, guint qualifiers, NiloRegister *reg)
{
    const NiloRegisterParts parts = {
        .quantity = record->quantity,
        .function = (NiloFunction)record->function,
        .storage = record->storage,
        .tariff = record->tariff,
        .subunit = record->subunit,
        .qualifier = qualifiers,
    };

    return (qualifiers & ~(guint)NILO_QUALIFIER_ALL) == 0 && nilo_register_pack(&parts, reg);
}

/* the register that counts the water changes places with the plain one */
static NiloRegister
replace_main_volume(const NiloMbusReport *report, NiloRegister reg)
{
    const NiloRegister plain = nilo_register_of(NILO_QUANTITY_VOLUME);

    if (reg == report->main_volume)
        return plain;
    return reg == plain ? report->main_volume : reg;
}

static gboolean
is_wanted(const NiloMbusReport *report, const NiloMbusRecord *record)
{
    NiloRegister reg;

    if (record->storage == 0 || report->with_history)
        return TRUE;
    return pack_register(record, record->qualifiers, &reg) && reg == report->main_volume;
}

static void
add_reading(Teller *teller, const NiloMbusRecord *record)
{
    NiloReportBuilder *builder = teller->report->builder;
    const gboolean invalid = record->value.state == NILO_MBUS_STATE_INVALID;
    const gint64 *stamp = find_stamp(teller, record);
    /* what is no value cannot be told wrongly: that the meter calls it an error is the flag */
    const guint qualifiers =
        record->qualifiers & ~(invalid ? NILO_MBUS_QUALIFIER_RECORD_ERROR : 0u);
    NiloValue value = {0, record->value.exponent, (guint8)record->value.unit};
    NiloRegister reg;

    if (record->value.exponent < -EXPONENT_MAX || record->value.exponent > EXPONENT_MAX ||
        record->quantity == NILO_QUANTITY_UNKNOWN || !pack_register(record, qualifiers, &reg)) {
        add_undecoded(teller, record);
        return;
    }
    if (!invalid)
        value.mantissa = record->value.mantissa;
    reg = replace_main_volume(teller->report, reg);
    if (stamp != NULL)
        nilo_report_builder_add_at(builder, reg, &value,
                                   NILO_READING_METER_TIME | (invalid ? NILO_READING_INVALID : 0),
                                   *stamp);
    else
        nilo_report_builder_add(builder, reg, &value,
                                invalid ? NILO_READING_INVALID : NILO_READING_PLAIN);
}

static void
add_record_fact(Teller *teller, const NiloMbusRecord *record)
{
    char text[NILO_MBUS_TEXT_SIZE] = "";
    char name[NILO_MBUS_TEXT_SIZE];
    g_autofree char *key = NULL;
    NiloRegister reg;

    if (!pack_register(record, record->qualifiers, &reg)) {
        add_undecoded(teller, record);
        return;
    }
    if (find_stamp(teller, record) != NULL && is_moment(record))
        return; /* told as the moment of the readings */
    if (record->value.state != NILO_MBUS_STATE_OK)
        g_strlcpy(text, nilo_mbus_state_get_name(record->value.state), sizeof text);
    else
        nilo_mbus_text_format_value(record, text, sizeof text);
    nilo_mbus_text_format_quantity(record, name, sizeof name);
    key = reg == nilo_register_of(record->quantity) ? g_strdup(name) : nilo_register_to_text(reg);
    add_fact(teller, key, text);
}

static void
note_valve(Teller *teller, const NiloMbusRecord *record)
{
    const NiloMbusProfile *profile = teller->report->profile;

    if (profile == NULL || !profile->has_valve_state || record->quantity != profile->valve_state ||
        record->storage != 0 || record->value.state != NILO_MBUS_STATE_OK)
        return;
    if (record->value.mantissa == profile->valve_open_value)
        nilo_report_builder_add_status(teller->report->builder, NILO_STATUS_VALVE_OPEN);
    else if (record->value.mantissa == profile->valve_closed_value)
        nilo_report_builder_add_status(teller->report->builder, NILO_STATUS_VALVE_CLOSED);
    else
        nilo_report_builder_add_status(teller->report->builder, NILO_STATUS_VALVE_FAULT);
}

static void
tell_number(Teller *teller, const NiloMbusRecord *record)
{
    /* the maker's own: kept, and nobody could have been expected to understand it */
    if (record->quantity == NILO_QUANTITY_MANUFACTURER_SPECIFIC)
        add_raw(teller, "manufacturer record", record->dib,
                (gsize)(record->data + record->data_size - record->dib));
    else if (record->value.state == NILO_MBUS_STATE_UNKNOWN)
        add_undecoded(teller, record);
    else
        add_reading(teller, record);
}

static void
tell_data(Teller *teller, const NiloMbusRecord *record)
{
    note_valve(teller, record);
    switch (record->value.type) {
    case NILO_MBUS_VALUE_NONE:
        return; /* a name without a value */
    case NILO_MBUS_VALUE_NUMBER:
        tell_number(teller, record);
        return;
    case NILO_MBUS_VALUE_BITS:
        /* "no error" is what the outcome says */
        if (record->quantity == NILO_QUANTITY_ERROR_FLAGS && record->value.mantissa == 0 &&
            record->qualifiers == 0 && !teller->report->with_history)
            return;
        break;
    default:
        if (tell_clock(teller, record))
            return;
    }
    if (record->value.state == NILO_MBUS_STATE_UNKNOWN)
        add_undecoded(teller, record);
    else
        add_record_fact(teller, record);
}

/* a CRC was looked at by the link; it would be another fact each time */
static void
tell_block(Teller *teller, const NiloMbusRecord *record)
{
    const NiloMbusProfile *profile = teller->report->profile;
    const gsize unsaid = profile != NULL && profile->has_crc ? NILO_MBUS_LOG_CRC_SIZE : 0;

    if (record->data_size > unsaid)
        add_raw(teller, "manufacturer data", record->data, record->data_size - unsaid);
}

static void
tell_record(Teller *teller, const NiloMbusRecord *record)
{
    switch (record->type) {
    case NILO_MBUS_RECORD_DATA:
        if (is_wanted(teller->report, record))
            tell_data(teller, record);
        return;
    case NILO_MBUS_RECORD_MANUFACTURER:
    case NILO_MBUS_RECORD_MORE_FOLLOW:
        tell_block(teller, record);
        return;
    case NILO_MBUS_RECORD_RESERVED:
        add_undecoded(teller, record);
        return;
    case NILO_MBUS_RECORD_READOUT:
    default:
        return;
    }
}

static void
tell_records(Teller *teller, const NiloMbusHeader *header)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, header->payload, header->payload_size);
    iter.is_high_byte_first = header->is_high_byte_first;
    while (nilo_mbus_record_iter_next(&iter, &record))
        tell_record(teller, &record);
    if (iter.error == NILO_MBUS_RECORD_ERROR_NONE)
        return;
    add_fact(teller, "broken record", nilo_mbus_record_error_get_text(iter.error));
    nilo_report_builder_count_undecoded(teller->report->builder);
}

static void
note_stamps(Teller *teller, const NiloMbusHeader *header)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    nilo_mbus_record_iter_init(&iter, header->payload, header->payload_size);
    iter.is_high_byte_first = header->is_high_byte_first;
    while (nilo_mbus_record_iter_next(&iter, &record)) {
        if (record.type == NILO_MBUS_RECORD_DATA)
            note_stamp(teller, &record);
    }
}

/* --- telegrams ---------------------------------------------------------------------------------
 */

static void
tell_status(Teller *teller, guint8 status)
{
    NiloReportBuilder *builder = teller->report->builder;
    const NiloMbusProfile *profile = teller->report->profile;
    const guint tamper = profile != NULL ? profile->tamper_mask : 0;
    const guint vendor =
        profile != NULL ? profile->vendor_mask : NILO_MBUS_STATUS_MANUFACTURER_MASK;
    const guint application = status & NILO_MBUS_STATUS_APPLICATION_MASK;
    char text[8];
    guint bits = NILO_STATUS_NONE;

    if (status == 0)
        return;
    if (application == NILO_MBUS_STATUS_ABNORMAL)
        bits |= NILO_STATUS_ALARM;
    else if (application == NILO_MBUS_STATUS_APPLICATION_ERROR)
        bits |= NILO_STATUS_TEMPORARY_ERROR;
    if ((status & NILO_MBUS_STATUS_POWER_LOW) != 0)
        bits |= NILO_STATUS_BATTERY_LOW;
    if ((status & NILO_MBUS_STATUS_PERMANENT_ERROR) != 0)
        bits |= NILO_STATUS_PERMANENT_ERROR;
    if ((status & NILO_MBUS_STATUS_TEMPORARY_ERROR) != 0)
        bits |= NILO_STATUS_TEMPORARY_ERROR;
    if ((status & tamper) != 0)
        bits |= NILO_STATUS_TAMPER;
    if ((status & vendor) != 0)
        bits |= NILO_STATUS_VENDOR;
    nilo_report_builder_add_status(builder, bits);
    g_snprintf(text, sizeof text, "0x%02x", status);
    add_fact(teller, "status byte", text);
}

static void
tell_fixed_counter(Teller *teller, const NiloMbusFixedCounter *counter)
{
    NiloReportBuilder *builder = teller->report->builder;
    const NiloRegisterParts parts = {.quantity = counter->quantity,
                                     .storage = counter->is_historic ? 1 : 0};
    NiloValue value = {0, counter->value.exponent, (guint8)counter->value.unit};
    const gboolean invalid = counter->value.state == NILO_MBUS_STATE_INVALID;
    NiloRegister reg;

    if (counter->is_historic && !teller->report->with_history)
        return;
    if (counter->value.state == NILO_MBUS_STATE_UNKNOWN ||
        counter->quantity == NILO_QUANTITY_UNKNOWN || !nilo_register_pack(&parts, &reg)) {
        add_raw(teller, "raw counter", counter->data, 4);
        nilo_report_builder_count_undecoded(builder);
        return;
    }
    if (!invalid)
        value.mantissa = counter->value.mantissa;
    nilo_report_builder_add(builder, replace_main_volume(teller->report, reg), &value,
                            invalid ? NILO_READING_INVALID : NILO_READING_PLAIN);
}

static NiloOutcome
tell_fixed(Teller *teller, const NiloMbusHeader *header)
{
    NiloMbusFixed fixed;

    if (nilo_mbus_fixed_parse(header, &fixed) != NILO_WIRE_OK)
        return NILO_OUTCOME_UNSUPPORTED;
    /* bits 0 and 1 tell how the counters are written */
    tell_status(teller, fixed.status & (guint8)~NILO_MBUS_STATUS_APPLICATION_MASK);
    for (guint i = 0; i < NILO_MBUS_FIXED_COUNTERS; i++)
        tell_fixed_counter(teller, &fixed.counters[i]);
    return NILO_OUTCOME_OK;
}

static NiloOutcome
tell_error(NiloReportBuilder *builder, const NiloMbusHeader *header)
{
    nilo_report_builder_add_fact(builder, "application error",
                                 nilo_mbus_error_code_get_text(header->error_code));
    if (header->error_code == ERROR_BUSY)
        return NILO_OUTCOME_BUSY;
    return header->error_code == ERROR_READOUTS ? NILO_OUTCOME_BUDGET_SPENT
                                                : NILO_OUTCOME_ERROR_ANSWER;
}

NiloOutcome
nilo_mbus_report_add_refusal(NiloReportBuilder *builder, const guint8 *frame, gsize size)
{
    NiloMbusFrame parsed;
    NiloMbusHeader header;
    gsize consumed;

    if (frame == NULL || nilo_mbus_frame_parse(frame, size, &parsed, &consumed) != NILO_WIRE_OK ||
        nilo_mbus_header_parse(&parsed, &header) != NILO_WIRE_OK)
        return NILO_OUTCOME_ERROR_ANSWER;
    return tell_error(builder, &header);
}

static NiloOutcome
tell_telegram(Teller *teller, const NiloMbusFrame *frame, const NiloMbusHeader *header)
{
    char text[24];

    if (header->has_status)
        tell_status(teller, header->status);
    if (header->is_encrypted) {
        g_snprintf(text, sizeof text, "mode %u",
                   nilo_mbus_configuration_get_mode(header->configuration));
        add_fact(teller, "encryption", text);
        return NILO_OUTCOME_ENCRYPTED;
    }
    switch (header->content) {
    case NILO_MBUS_CONTENT_RECORDS:
        tell_records(teller, header);
        return NILO_OUTCOME_OK;
    case NILO_MBUS_CONTENT_FIXED:
        return tell_fixed(teller, header);
    case NILO_MBUS_CONTENT_ERROR:
        return tell_error(teller->report->builder, header);
    case NILO_MBUS_CONTENT_ALARM:
        nilo_report_builder_add_status(teller->report->builder, NILO_STATUS_ALARM);
        break;
    case NILO_MBUS_CONTENT_UNKNOWN:
    case NILO_MBUS_CONTENT_REQUEST:
    default:
        break;
    }
    g_snprintf(text, sizeof text, "CI %02X", frame->ci);
    add_raw(teller, text, frame->data, frame->size);
    nilo_report_builder_count_undecoded(teller->report->builder);
    return NILO_OUTCOME_UNSUPPORTED;
}

typedef NiloOutcome (*TelegramFunc)(Teller *teller, const NiloMbusFrame *frame,
                                    const NiloMbusHeader *header);

static NiloOutcome
note_telegram_stamps(Teller *teller, const NiloMbusFrame *frame, const NiloMbusHeader *header)
{
    if (header->content == NILO_MBUS_CONTENT_RECORDS && !header->is_encrypted)
        note_stamps(teller, header);
    return NILO_OUTCOME_OK;
}

static NiloOutcome
for_each_telegram(Teller *teller, GPtrArray *telegrams, TelegramFunc func)
{
    NiloOutcome outcome = NILO_OUTCOME_OK;

    for (guint i = 0; i < telegrams->len && outcome == NILO_OUTCOME_OK; i++) {
        gsize size;
        const guint8 *bytes = g_bytes_get_data(g_ptr_array_index(telegrams, i), &size);
        NiloMbusFrame frame;
        NiloMbusHeader header;
        gsize consumed;

        if (nilo_mbus_frame_parse(bytes, size, &frame, &consumed) != NILO_WIRE_OK ||
            nilo_mbus_header_parse(&frame, &header) != NILO_WIRE_OK)
            outcome = NILO_OUTCOME_UNSUPPORTED;
        else
            outcome = func(teller, &frame, &header);
    }
    return outcome;
}

/* what a meter says of itself every time is told once, and again when it changes: it would cost
 * more on the radio than the readings */
static void
tell_facts(Teller *teller)
{
    NiloMbusReport *report = teller->report;
    guint hash = 5381;

    for (guint i = 0; i < teller->facts->len; i++)
        hash = hash * 33 + g_str_hash(g_ptr_array_index(teller->facts, i));
    if (hash == report->facts_hash && !report->with_history)
        return;
    report->facts_hash = hash;
    for (guint i = 0; i + 1 < teller->facts->len; i += 2)
        nilo_report_builder_add_fact(report->builder, g_ptr_array_index(teller->facts, i),
                                     g_ptr_array_index(teller->facts, i + 1));
}

NiloOutcome
nilo_mbus_report_fill(NiloMbusReport *self, GPtrArray *telegrams)
{
    g_autoptr(GPtrArray) facts = g_ptr_array_new_with_free_func(g_free);
    Teller teller = {.report = self, .facts = facts};
    NiloOutcome outcome;

    if (self->zone != NULL && self->with_history)
        for_each_telegram(&teller, telegrams, note_telegram_stamps);
    outcome = for_each_telegram(&teller, telegrams, tell_telegram);
    tell_facts(&teller);
    g_clear_pointer(&teller.stamps, g_hash_table_unref);
    return outcome;
}

gboolean
nilo_mbus_report_get_identity(const NiloMbusFrame *frame, NiloMbusAddress *address)
{
    NiloMbusHeader header;
    NiloMbusFixed fixed;

    if (nilo_mbus_header_parse(frame, &header) != NILO_WIRE_OK)
        return FALSE;
    if (header.has_address) {
        *address = header.address;
        return TRUE;
    }
    if (nilo_mbus_fixed_parse(&header, &fixed) != NILO_WIRE_OK)
        return FALSE;
    *address = NILO_MBUS_ADDRESS_ANY;
    address->identification = fixed.identification;
    return TRUE;
}
