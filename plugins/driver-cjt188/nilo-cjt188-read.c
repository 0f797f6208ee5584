/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-read.h"

#include <glib/gi18n-lib.h>

/* until then a meter that never answered is asked in both byte orders at each reading; after that
 * in one, by turns, so that a dead one does not keep the living waiting twice as long */
#define BOTH_ORDERS_READS 3

/* 2018: blocks of values kept at set times; their layout is the maker's, so they are kept raw */
#define MONTHLY_FIRST        0xd200
#define TIMED_FREEZE_FIRST   0xd300
#define INSTANT_FREEZE_FIRST 0xd400
#define FREEZES_MAX          4

/* a block of the model's own may have holes; so many in a row are its end */
#define MISSES_MAX 2
#define DAY_S      86400

/* a meter that was not heard for longer has a gap, whoever is to blame: it, its line, or we */
#define GAP_S 7200

static NiloCjt188Order
other_order(NiloCjt188Order order)
{
    return order == NILO_CJT188_HIGH_FIRST ? NILO_CJT188_LOW_FIRST : NILO_CJT188_HIGH_FIRST;
}

static NiloCjt188Order
get_preferred_order(const NiloCjt188Session *session, NiloCjt188Settings *settings)
{
    const NiloCjt188Learned *learned = nilo_cjt188_settings_get_learned(settings);

    switch (nilo_cjt188_settings_get_di_order(settings)) {
    case NILO_CJT188_DI_HIGH_FIRST:
        return NILO_CJT188_HIGH_FIRST;
    case NILO_CJT188_DI_LOW_FIRST:
        return NILO_CJT188_LOW_FIRST;
    case NILO_CJT188_DI_AUTO:
        break;
    }
    if (learned->has_order)
        return learned->order;
    switch (nilo_cjt188_settings_get_edition(settings)) {
    case NILO_CJT188_EDITION_2004:
        return NILO_CJT188_HIGH_FIRST;
    case NILO_CJT188_EDITION_2018:
        return NILO_CJT188_LOW_FIRST;
    case NILO_CJT188_EDITION_AUTO:
        break;
    }
    /* meters of one wire were mostly bought together */
    return session->wire_order != NULL ? *session->wire_order : NILO_CJT188_HIGH_FIRST;
}

static gboolean
is_answered(const NiloCjt188Session *session)
{
    return session->verdict == NILO_VERDICT_ANSWER;
}

/* a meter that hears the identifier the wrong way round keeps silent, or refuses what it is not */
static gboolean
may_be_wrong_order(const NiloCjt188Session *session)
{
    return session->verdict == NILO_VERDICT_SILENT || session->verdict == NILO_VERDICT_ECHO ||
           session->verdict == NILO_VERDICT_ERROR_ANSWER;
}

static gboolean
has_year_first(const NiloCjt188Session *session)
{
    NiloCjt188Fields fields;
    NiloCjt188Field field;

    nilo_cjt188_field_start(&fields, &session->message, NULL);
    while (nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_OK) {
        if (field.kind == NILO_CJT188_FIELD_CLOCK && field.state == NILO_CJT188_STATE_OK)
            return field.clock.is_year_first;
    }
    return FALSE;
}

static void
learn(NiloCjt188Session *session, NiloCjt188Learned *learned)
{
    learned->is_year_first = has_year_first(session);
    learned->has_gap = learned->has_gap || learned->failures > 0;
    learned->failures = 0;
    learned->has_order = TRUE;
    learned->order = session->order;
    if (session->wire_order != NULL)
        *session->wire_order = session->order;
    learned->has_type = TRUE;
    learned->type = session->frame.type;
    if (!session->check_type)
        session->type = learned->type;
}

gboolean
nilo_cjt188_read_current(NiloCjt188Session *session, NiloCjt188Settings *settings,
                         GCancellable *cancellable, GError **error)
{
    NiloCjt188Learned *learned = nilo_cjt188_settings_get_learned(settings);
    const gboolean is_fixed = nilo_cjt188_settings_get_di_order(settings) != NILO_CJT188_DI_AUTO;
    const gboolean has_given_up = learned->failures >= BOTH_ORDERS_READS;
    const gboolean tries_both = !is_fixed && !learned->has_order && !has_given_up;

    session->order = get_preferred_order(session, settings);
    if (!is_fixed && has_given_up && learned->failures % 2 == 1)
        session->order = other_order(session->order);
    if (!nilo_cjt188_session_read(session, NILO_CJT188_DI_CURRENT, cancellable, error))
        return FALSE;
    if (tries_both && may_be_wrong_order(session)) {
        session->order = other_order(session->order);
        if (!nilo_cjt188_session_read(session, NILO_CJT188_DI_CURRENT, cancellable, error))
            return FALSE;
    }
    if (is_answered(session))
        learn(session, learned);
    else
        learned->failures++;
    return TRUE;
}

gboolean
nilo_cjt188_read_ensure_order(NiloCjt188Session *session, NiloCjt188Settings *settings,
                              GCancellable *cancellable, GError **error)
{
    const gboolean is_known = nilo_cjt188_settings_get_di_order(settings) != NILO_CJT188_DI_AUTO ||
                              nilo_cjt188_settings_get_learned(settings)->has_order;

    if (is_known) {
        session->order = get_preferred_order(session, settings);
        return TRUE;
    }
    if (!nilo_cjt188_read_current(session, settings, cancellable, error))
        return FALSE;
    if (is_answered(session))
        return TRUE;
    nilo_cjt188_session_set_error(session, _("nothing was sent: cannot read the meter"), error);
    return FALSE;
}

/* --- what else a meter keeps --------------------------------------------------------------------
 */

typedef struct {
    NiloCjt188Session *session;
    NiloCjt188Report *report;
    gboolean is_incomplete;
    GCancellable *cancellable;
} Extra;

/* a refusal means that the meter does not have it; anything else, that something is missing */
static gboolean
add_extra(Extra *extra, guint16 di, gboolean *is_answered_out, GError **error)
{
    *is_answered_out = FALSE;
    if (!nilo_cjt188_session_read(extra->session, di, extra->cancellable, error))
        return FALSE;
    if (extra->session->verdict == NILO_VERDICT_ANSWER) {
        nilo_cjt188_report_add(extra->report, &extra->session->message);
        *is_answered_out = TRUE;
    } else if (extra->session->verdict != NILO_VERDICT_ERROR_ANSWER) {
        extra->is_incomplete = TRUE;
    }
    return TRUE;
}

/* up to @count neighbours; the first that is not answered ends it */
static gboolean
add_block(Extra *extra, guint16 first, guint count, gboolean *has_any, GError **error)
{
    for (guint i = 0; i < count; i++) {
        gboolean is_there;

        if (!add_extra(extra, (guint16)(first + i), &is_there, error))
            return FALSE;
        if (!is_there)
            return TRUE;
        *has_any = TRUE;
    }
    return TRUE;
}

/* layouts nobody has published: the bytes themselves, under the identifier */
static gboolean
add_raw_block(Extra *extra, guint16 first, guint count, GError **error)
{
    for (guint i = 0; i < count; i++) {
        const guint16 di = (guint16)(first + i);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *key = g_strdup_printf("freeze %04X", di);

        if (!nilo_cjt188_session_read(extra->session, di, extra->cancellable, error))
            return FALSE;
        if (extra->session->verdict != NILO_VERDICT_ANSWER)
            return TRUE;
        for (guint at = 0; at < extra->session->message.payload_size; at++)
            g_string_append_printf(text, "%s%02X", at > 0 ? " " : "",
                                   extra->session->message.payload[at]);
        nilo_report_builder_add_fact(extra->report->builder, key, text->str);
        nilo_report_builder_count_undecoded(extra->report->builder);
    }
    return TRUE;
}

static gboolean
read_history(Extra *extra, NiloCjt188Settings *settings, GError **error)
{
    const guint months = nilo_cjt188_settings_get_history_months(settings);
    const gboolean is_2018 = nilo_cjt188_settings_get_edition(settings) == NILO_CJT188_EDITION_2018;
    gboolean has_months = FALSE;

    if (!add_block(extra, NILO_CJT188_DI_SETTLEMENT_FIRST, months, &has_months, error))
        return FALSE;
    if (!is_2018 || extra->is_incomplete || extra->report->model->blocks->len > 0)
        return TRUE;
    return (has_months || add_raw_block(extra, MONTHLY_FIRST, months, error)) &&
           add_raw_block(extra, TIMED_FREEZE_FIRST, FREEZES_MAX, error) &&
           add_raw_block(extra, INSTANT_FREEZE_FIRST, FREEZES_MAX, error);
}

static gboolean
read_purchase(Extra *extra, GError **error)
{
    static const guint16 identifiers[] = {
        NILO_CJT188_DI_PURCHASE,
        NILO_CJT188_DI_PRICE_TABLE,
        NILO_CJT188_DI_READING_DAY,
    };

    for (guint i = 0; i < G_N_ELEMENTS(identifiers) && !extra->is_incomplete; i++) {
        gboolean is_there;

        if (!add_extra(extra, identifiers[i], &is_there, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_extras(Extra *extra, NiloCjt188Settings *settings, guint flags, GError **error)
{
    gboolean is_there;

    if ((flags & (NILO_READ_HISTORY | NILO_READ_PURCHASE)) == 0 || extra->is_incomplete)
        return TRUE;
    if (!add_extra(extra, NILO_CJT188_DI_SETTLEMENT_DAY, &is_there, error))
        return FALSE;
    if ((flags & NILO_READ_HISTORY) != 0 && !extra->is_incomplete &&
        !read_history(extra, settings, error))
        return FALSE;
    return (flags & NILO_READ_PURCHASE) == 0 || extra->is_incomplete || read_purchase(extra, error);
}

/* --- what a model keeps its own way --------------------------------------------------------------
 */

/* why blocks are read, and how far back */
typedef struct {
    gboolean has_history; /* asked for */
    gint64 gap_s;         /* since the last answer; 0: there was no gap */
    gboolean is_new_day;
    guint days;
    guint months;
} Reach;

static guint
count_by(guint per, guint wanted, guint count)
{
    return per == 0 ? count : (guint)MIN((guint64)per * wanted, count);
}

/* identifiers to ask for; 0: this block is of no interest now */
static guint
find_count(const NiloCjt188Block *block, const Reach *reach, gboolean knows_events)
{
    const guint all = count_by(block->per_month, reach->months,
                               count_by(block->per_day, reach->days, block->count));

    if (reach->has_history)
        return all;
    switch (block->when) {
    case NILO_CJT188_BLOCK_GAP:
        if (reach->gap_s == 0)
            return 0;
        /* one more than the gap is long, since it need not begin where a block does */
        return (guint)MIN((guint64)reach->gap_s * block->per_day / DAY_S + 1, all);
    case NILO_CJT188_BLOCK_DAILY:
        if (!reach->is_new_day)
            return 0;
        /* where it is not known which events are new, the newest have to do */
        return nilo_cjt188_block_has_events(block) && !knows_events ? 1 : all;
    case NILO_CJT188_BLOCK_HISTORY:
        break;
    }
    return 0;
}

static gboolean
read_block(Extra *extra, const NiloCjt188Block *block, guint count, GError **error)
{
    guint misses = 0;

    extra->report->has_met_known = FALSE;
    for (guint i = 0; i < count && misses < MISSES_MAX && !extra->is_incomplete; i++) {
        gboolean is_there;

        if (!add_extra(extra, (guint16)(block->first + i), &is_there, error))
            return FALSE;
        misses = is_there ? 0 : misses + 1;
        if (extra->report->has_met_known)
            break;
    }
    return TRUE;
}

/* days of the meter's zone, as far as it is known; 0: no time is */
static guint32
find_day(const NiloCjt188Report *report)
{
    const gint64 now_s = report->now_us / G_USEC_PER_SEC;
    gint interval;

    if (report->now_us == 0 || report->zone == NULL)
        return 0;
    interval = g_time_zone_find_interval(report->zone, G_TIME_TYPE_UNIVERSAL, now_s);
    return (guint32)((now_s + g_time_zone_get_offset(report->zone, interval)) / DAY_S);
}

static gboolean
read_blocks(Extra *extra, NiloCjt188Learned *learned, const Reach *reach, GError **error)
{
    const GPtrArray *blocks = extra->report->model->blocks;

    extra->report->has_sequence =
        learned->has_sequence && (!reach->has_history || learned->has_told_all);
    extra->report->sequence = learned->sequence;
    for (guint i = 0; i < blocks->len && !extra->is_incomplete; i++) {
        const NiloCjt188Block *block = g_ptr_array_index(blocks, i);
        const guint count = find_count(block, reach, learned->has_sequence);

        if (!read_block(extra, block, count, error))
            return FALSE;
    }
    return TRUE;
}

/* what was not read to its end is read again */
static void
learn_blocks(const Extra *extra, const Reach *reach, NiloCjt188Learned *learned, guint32 day)
{
    const NiloCjt188Report *report = extra->report;

    if (extra->is_incomplete)
        return;
    learned->has_gap = FALSE;
    learned->day = day;
    learned->answered_us = report->now_us;
    if (report->has_newest) {
        learned->has_sequence = TRUE;
        learned->sequence = report->newest;
    }
    learned->has_told_all = learned->has_told_all || reach->has_history;
}

static gboolean
read_own_blocks(Extra *extra, NiloCjt188Settings *settings, guint flags, GError **error)
{
    NiloCjt188Learned *learned = nilo_cjt188_settings_get_learned(settings);
    const gint64 now_us = extra->report->now_us;
    const guint32 day = find_day(extra->report);
    const gint64 unheard_s =
        learned->answered_us > 0 ? (now_us - learned->answered_us) / G_USEC_PER_SEC : 0;
    const Reach reach = {
        .has_history = (flags & NILO_READ_HISTORY) != 0,
        .gap_s = learned->has_gap || unheard_s > GAP_S ? MAX(unheard_s, 0) : 0,
        .is_new_day = day != 0 && day != learned->day,
        .days = nilo_cjt188_settings_get_history_days(settings),
        .months = nilo_cjt188_settings_get_history_months(settings),
    };

    if (!extra->is_incomplete && !read_blocks(extra, learned, &reach, error))
        return FALSE;
    learn_blocks(extra, &reach, learned, day);
    return TRUE;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

/* as data, so in no language: "901F, status 04 00" */
static void
add_refusal(NiloReportBuilder *builder, const NiloCjt188Session *session)
{
    const NiloCjt188Message *message = &session->message;
    g_autofree char *text = NULL;

    if (message->has_error_code)
        text = g_strdup_printf("%04X, code %02X", session->request.di, message->error_code);
    else if (message->payload_size >= 2)
        text = g_strdup_printf("%04X, status %02X %02X", session->request.di, message->payload[0],
                               message->payload[1]);
    else
        text = g_strdup_printf("%04X", session->request.di);
    nilo_report_builder_add_fact(builder, "refusal", text);
}

static void
report_failure(const NiloCjt188Session *session, NiloCjt188Report *report)
{
    if (session->verdict == NILO_VERDICT_ERROR_ANSWER) {
        add_refusal(report->builder, session);
        nilo_cjt188_report_add(report, &session->message);
    } else if (session->verdict == NILO_VERDICT_WRONG_METER) {
        g_autofree char *found = nilo_cjt188_session_get_found(session);

        nilo_report_builder_set_found(report->builder, found);
    } else if (session->heard_late) {
        nilo_report_builder_add_fact(report->builder, "late answer",
                                     "an answer of this meter, but not to this request");
    }
}

static gint64
get_now_us(NiloChannel *channel)
{
    NiloClock *clock = nilo_channel_get_clock(channel);

    return nilo_clock_get_quality(clock) != NILO_CLOCK_UNKNOWN ? nilo_clock_get_utc_us(clock) : 0;
}

gboolean
nilo_cjt188_read_all(NiloCjt188Session *session, NiloCjt188Settings *settings, guint flags,
                     NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
                     GError **error)
{
    NiloCjt188Report report = {
        .builder = builder,
        .model = nilo_cjt188_settings_get_model(settings),
        .zone = nilo_cjt188_settings_get_zone(settings),
    };
    Extra extra = {.session = session, .report = &report, .cancellable = cancellable};

    if (!nilo_cjt188_session_wake(session, settings, cancellable, error) ||
        !nilo_cjt188_read_current(session, settings, cancellable, error))
        return FALSE;
    if (!is_answered(session)) {
        report_failure(session, &report);
        *outcome = nilo_outcome_from_verdict(session->verdict);
        return TRUE;
    }
    report.now_us = get_now_us(session->channel);
    nilo_cjt188_report_add(&report, &session->message);
    if (report.n_readings == 0) {
        *outcome = NILO_OUTCOME_UNSUPPORTED;
        return TRUE;
    }
    /* how the rest is asked for has not been published */
    if (session->message.has_follow_flag &&
        nilo_cjt188_settings_get_edition(settings) == NILO_CJT188_EDITION_2018) {
        nilo_report_builder_add_fact(builder, "more frames", "announced, not asked for");
        extra.is_incomplete = TRUE;
    }
    if (!read_extras(&extra, settings, flags, error) ||
        !read_own_blocks(&extra, settings, flags, error))
        return FALSE;
    *outcome = extra.is_incomplete ? NILO_OUTCOME_INCOMPLETE : NILO_OUTCOME_OK;
    return TRUE;
}
