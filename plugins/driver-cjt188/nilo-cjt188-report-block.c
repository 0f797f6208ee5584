/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-report.h"

#include <string.h>

#define MOMENT_BELIEVED_US (86400 * (gint64)G_USEC_PER_SEC)

/* what the items of an entry have said, and those of the head before it */
typedef struct {
    NiloCjt188Field clock; /* bytes is NULL without one */
    guint age_s;           /* how much older than its clock it is */
    guint8 unit_code;
    guint8 flags;
    gboolean has_own;
    guint8 own;
    gboolean is_anothers;
    guint32 sequence;
    gboolean has_sequence;
    guint sequence_size;
    guint8 code;
} Entry;

typedef struct {
    NiloCjt188Report *report;
    const NiloCjt188Block *block;
    guint16 di;
} Teller;

static guint32
read_number(const guint8 *bytes, guint size)
{
    guint32 number = 0;

    for (guint i = size; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

static void
read_clock(Entry *entry, const guint8 *bytes)
{
    const NiloWireResult result = nilo_cjt188_clock_parse(bytes, &entry->clock.clock);

    entry->clock.kind = NILO_CJT188_FIELD_CLOCK;
    entry->clock.bytes = bytes;
    entry->clock.size = NILO_CJT188_CLOCK_SIZE;
    entry->clock.state = result == NILO_WIRE_OK ? NILO_CJT188_STATE_OK : NILO_CJT188_STATE_INVALID;
}

static void
read_items(Entry *entry, const GArray *items, const guint8 *bytes)
{
    for (guint i = 0; i < items->len; i++) {
        const NiloCjt188Item *item = &g_array_index(items, NiloCjt188Item, i);

        switch (item->kind) {
        case NILO_CJT188_ITEM_CLOCK:
            read_clock(entry, bytes);
            break;
        case NILO_CJT188_ITEM_UNIT:
            entry->unit_code = bytes[0];
            break;
        case NILO_CJT188_ITEM_FLAGS:
            entry->flags = bytes[0];
            break;
        case NILO_CJT188_ITEM_OWN:
            entry->has_own = TRUE;
            entry->own = bytes[0];
            break;
        case NILO_CJT188_ITEM_CHANNEL:
            entry->is_anothers =
                entry->has_own && bytes[0] != entry->own && bytes[0] != item->everyone;
            break;
        case NILO_CJT188_ITEM_SEQUENCE:
            entry->has_sequence = TRUE;
            entry->sequence = read_number(bytes, item->size);
            entry->sequence_size = item->size;
            break;
        case NILO_CJT188_ITEM_CODE:
            entry->code = bytes[0];
            break;
        default:
            break;
        }
        bytes += item->size;
    }
}

/* --- values -------------------------------------------------------------------------------------
 */

/* a meter whose clock is days off has written its history down under wrong dates */
static gboolean
find_moment(const NiloCjt188Report *report, const Entry *entry, gint64 *moment_us)
{
    const gboolean is_off = report->has_clock && ABS(report->drift_s) >= 86400;
    gint64 newest_us;

    if (is_off || !nilo_cjt188_report_read_clock(report, &entry->clock, &newest_us) ||
        (report->now_us != 0 && newest_us > report->now_us + MOMENT_BELIEVED_US))
        return FALSE;
    *moment_us = newest_us - entry->age_s * (gint64)G_USEC_PER_SEC;
    return TRUE;
}

/* a midnight stands in the log of hours and in that of days */
static gboolean
is_told(const NiloReportBuilder *builder, NiloRegister reg, gint64 moment_us)
{
    gsize n;
    const NiloReading *readings =
        nilo_report_builder_get_readings((NiloReportBuilder *)builder, &n);

    for (gsize i = 0; i < n; i++) {
        if ((readings[i].flags & NILO_READING_METER_TIME) != 0 && readings[i].reg == reg &&
            readings[i].taken_us == moment_us)
            return TRUE;
    }
    return FALSE;
}

static void
add_value(const Teller *teller, const Entry *entry, NiloRegister reg, const NiloValue *value,
          guint flags)
{
    NiloCjt188Report *report = teller->report;
    gint64 moment_us;

    if (entry->clock.bytes == NULL) {
        nilo_report_builder_add(report->builder, reg, value, flags);
        report->n_readings++;
    } else if (!find_moment(report, entry, &moment_us)) {
        nilo_report_builder_count_undecoded(report->builder);
    } else if (!is_told(report->builder, reg, moment_us)) {
        nilo_report_builder_add_at(report->builder, reg, value, flags | NILO_READING_METER_TIME,
                                   moment_us);
        report->n_readings++;
    }
}

static gint8
get_decimals(const NiloCjt188Profile *profile, NiloQuantity quantity)
{
    switch (quantity) {
    case NILO_QUANTITY_VOLUME:
        return profile->volume_decimals;
    case NILO_QUANTITY_ENERGY:
        return profile->energy_decimals;
    case NILO_QUANTITY_POWER:
        return profile->power_decimals;
    case NILO_QUANTITY_VOLUME_FLOW:
        return profile->flow_decimals;
    default:
        return 0;
    }
}

static gboolean
is_all_ff(const guint8 *bytes, guint size)
{
    for (guint i = 0; i < size; i++) {
        if (bytes[i] != 0xff)
            return FALSE;
    }
    return TRUE;
}

static void
add_digits(const Teller *teller, const Entry *entry, const NiloCjt188Item *item,
           const guint8 *bytes)
{
    const NiloCjt188Profile *profile = &teller->report->model->profile;
    const guint8 code = entry->unit_code != 0 ? entry->unit_code : profile->assumed_unit_code;
    NiloRegisterParts parts;
    NiloUnitCode meaning;
    guint64 digits = 0;
    gboolean is_number;
    NiloValue value;

    if ((entry->flags & teller->block->skip_flags) != 0 || is_all_ff(bytes, item->size))
        return;
    nilo_register_unpack(item->reg, &parts);
    if (!nilo_unit_code_find(code, &meaning) || meaning.quantity != parts.quantity) {
        nilo_report_builder_count_undecoded(teller->report->builder);
        return;
    }
    is_number = nilo_bcd_to_uint64(bytes, item->size, &digits) == NILO_WIRE_OK;
    value = (NiloValue){is_number ? (gint64)digits : 0,
                        (gint8)(meaning.exponent - get_decimals(profile, parts.quantity)),
                        (guint8)meaning.unit};
    add_value(teller, entry, item->reg, &value,
              is_number ? NILO_READING_PLAIN : NILO_READING_INVALID);
}

static void
add_number(const Teller *teller, const Entry *entry, const NiloCjt188Item *item,
           const guint8 *bytes)
{
    const NiloValue value = {read_number(bytes, item->size), item->exponent, (guint8)item->unit};

    if ((entry->flags & teller->block->skip_flags) == 0 && !is_all_ff(bytes, item->size))
        add_value(teller, entry, item->reg, &value, NILO_READING_PLAIN);
}

static void
add_fact(const Teller *teller, const NiloCjt188Item *item, const guint8 *bytes)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT32_FORMAT, read_number(bytes, item->size));

    if (!is_all_ff(bytes, item->size))
        nilo_report_builder_add_fact(teller->report->builder, item->name, text);
}

static void
add_values(const Teller *teller, const Entry *entry, const GArray *items, const guint8 *bytes)
{
    for (guint i = 0; i < items->len; i++) {
        const NiloCjt188Item *item = &g_array_index(items, NiloCjt188Item, i);

        if (item->kind == NILO_CJT188_ITEM_DIGITS)
            add_digits(teller, entry, item, bytes);
        else if (item->kind == NILO_CJT188_ITEM_NUMBER)
            add_number(teller, entry, item, bytes);
        else if (item->kind == NILO_CJT188_ITEM_FACT)
            add_fact(teller, item, bytes);
        bytes += item->size;
    }
}

/* --- events -------------------------------------------------------------------------------------
 */

/* sequences wrap, so which of two is newer is told by the shorter way around */
static gboolean
is_newer(const Entry *entry, guint32 than)
{
    const guint bits = 8 * entry->sequence_size;
    const guint32 ahead = (entry->sequence - than) << (32 - bits);

    return ahead != 0 && ahead <= G_MAXINT32;
}

/* FALSE for one that was told before */
static gboolean
note_sequence(NiloCjt188Report *report, const Entry *entry)
{
    if (!entry->has_sequence)
        return TRUE;
    /* the newest is older than the one told last: the log has begun anew */
    if (!report->has_newest && !report->has_met_known && entry->sequence != report->sequence &&
        !is_newer(entry, report->sequence))
        report->has_sequence = FALSE;
    if (report->has_sequence && !is_newer(entry, report->sequence)) {
        report->has_met_known = TRUE;
        return FALSE;
    }
    if (!report->has_newest || is_newer(entry, report->newest)) {
        report->has_newest = TRUE;
        report->newest = entry->sequence;
    }
    return TRUE;
}

static void
append_time(GString *text, const Entry *entry)
{
    const NiloCjt188Clock *clock = &entry->clock.clock;

    if (entry->clock.bytes == NULL)
        return;
    if (entry->clock.state == NILO_CJT188_STATE_OK)
        g_string_append_printf(text, "%04u-%02u-%02u %02u:%02u:%02u ", clock->year, clock->month,
                               clock->day, clock->hour, clock->minute, clock->second);
    else
        g_string_append(text, "time not known ");
}

/* as data, so in no language: "2026-11-22 12:00:00 magnet, argument 1" */
static void
add_event(const Teller *teller, const Entry *entry, const GArray *items, const guint8 *bytes)
{
    const char *name =
        g_hash_table_lookup(teller->block->events, GUINT_TO_POINTER((guint)entry->code));
    g_autoptr(GString) text = g_string_new(NULL);

    /* all meters share the log, so another's event counts, but is not told */
    if (!note_sequence(teller->report, entry) || entry->is_anothers)
        return;
    append_time(text, entry);
    if (name != NULL)
        g_string_append(text, name);
    else
        g_string_append_printf(text, "code %u", entry->code);
    for (guint i = 0; i < items->len; i++) {
        const NiloCjt188Item *item = &g_array_index(items, NiloCjt188Item, i);

        if (item->kind == NILO_CJT188_ITEM_FACT)
            g_string_append_printf(text, ", %s %" G_GUINT32_FORMAT, item->name,
                                   read_number(bytes, item->size));
        bytes += item->size;
    }
    nilo_report_builder_add_fact(teller->report->builder, "event", text->str);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void
add_raw(const Teller *teller, const NiloCjt188Message *message)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *key = g_strdup_printf("%s %04X", teller->block->name, teller->di);

    for (guint i = 0; i < message->payload_size; i++)
        g_string_append_printf(text, "%s%02X", i > 0 ? " " : "", message->payload[i]);
    nilo_report_builder_add_fact(teller->report->builder, key, text->str);
    nilo_report_builder_count_undecoded(teller->report->builder);
}

void
nilo_cjt188_report_add_block(NiloCjt188Report *self, const NiloCjt188Block *block,
                             const NiloCjt188Message *message)
{
    const Teller teller = {.report = self, .block = block, .di = message->di};
    const guint head_size = nilo_cjt188_items_get_size(block->head);
    const guint each_size = nilo_cjt188_items_get_size(block->each);
    const guint rest = message->payload_size - MIN(head_size, message->payload_size);
    const gboolean has_events = nilo_cjt188_block_has_events(block);
    const guint8 *bytes = message->payload;
    Entry head = {0};

    if (message->payload_size < head_size || (each_size == 0 ? rest > 0 : rest % each_size > 0)) {
        add_raw(&teller, message);
        return;
    }
    read_items(&head, block->head, bytes);
    add_values(&teller, &head, block->head, bytes);
    bytes += head_size;
    for (guint i = 0; each_size > 0 && i < rest / each_size; i++) {
        Entry entry = head;

        entry.age_s = i * block->step_s;
        read_items(&entry, block->each, bytes);
        if (has_events)
            add_event(&teller, &entry, block->each, bytes);
        else
            add_values(&teller, &entry, block->each, bytes);
        bytes += each_size;
    }
}
