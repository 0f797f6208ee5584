/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-read.h"

#include <string.h>

/* where the access number stands in a frame, by the CI field */
#define ACCESS_LONG     15
#define ACCESS_SHORT    7
#define ACCESS_FIXED    11
#define FIRST_COMPARED  5 /* behind C, whose bits may differ */
#define CHECKSUM_BEHIND 2
#define DAY_US          (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

gboolean
nilo_mbus_session_init(NiloMbusSession *self, NiloMbusLink *link, NiloMeter *meter,
                       NiloMbusSettings *settings, NiloChannel *channel, GCancellable *cancellable,
                       GError **error)
{
    NiloMbusSession session = {
        .call = {.link = link, .channel = channel, .cancellable = cancellable},
        .meter = meter,
        .settings = settings,
    };
    const NiloMbusLearned *learned = nilo_mbus_settings_get_learned(settings);

    if (!nilo_mbus_settings_resolve(settings, error) ||
        !nilo_mbus_settings_get_target(settings, meter, &session.target, error))
        return FALSE;
    session.call.partner =
        session.target.is_secondary ? NILO_MBUS_ADDRESS_SELECTED : session.target.primary;
    session.call.has_crc = nilo_mbus_settings_get_profile(settings)->has_crc;
    session.call.mask = learned->is_pinned ? learned->pinned : session.target.mask;
    *self = session;
    return TRUE;
}

/* --- approach ----------------------------------------------------------------------------------
 */

static gboolean
select_meter(NiloMbusSession *self, gboolean *ready, GError **error)
{
    NiloMbusCall *call = &self->call;
    const guint pause_ms = nilo_mbus_settings_get_select_pause_ms(self->settings);
    const guint32 *fabrication = self->target.has_fabrication ? &self->target.fabrication : NULL;

    if (!nilo_mbus_call_select(call, nilo_mbus_settings_get_send_control(self->settings),
                               fabrication, error))
        return FALSE;
    *ready = call->verdict == NILO_VERDICT_ANSWER;
    return !*ready || pause_ms == 0 ||
           nilo_channel_pause(call->channel, pause_ms, call->cancellable, error);
}

/* whether to go on: a meter that never answered a reset may be one that does not know it, so that
 * every other time a readout is tried; a dead one does not cost two silences each time */
static gboolean
judge_reset(NiloMbusSession *self, NiloMbusReset policy)
{
    const NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);

    return self->call.verdict != NILO_VERDICT_SILENT || policy == NILO_MBUS_RESET_ALWAYS ||
           (!learned->answers_reset && learned->silent_in_row % 2 == 0);
}

static gboolean
reset_meter(NiloMbusSession *self, gboolean *ready, GError **error)
{
    NiloMbusCall *call = &self->call;
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    const NiloMbusReset policy = nilo_mbus_settings_get_reset(self->settings);
    const guint pause_ms = nilo_mbus_settings_get_pause_after_reset_ms(self->settings);

    *ready = TRUE;
    if (policy == NILO_MBUS_RESET_NEVER ||
        (policy == NILO_MBUS_RESET_AUTO && learned->answers_no_reset))
        return TRUE;
    call->flags = learned->answers_reset ? NILO_REQUEST_PLAIN : NILO_REQUEST_ONCE;
    if (!nilo_mbus_call_reset(call, error))
        return FALSE;
    call->flags = NILO_REQUEST_PLAIN;
    self->was_reset = call->verdict == NILO_VERDICT_ANSWER;
    learned->answers_reset |= self->was_reset;
    *ready = judge_reset(self, policy);
    return !*ready || pause_ms == 0 ||
           nilo_channel_pause(call->channel, pause_ms, call->cancellable, error);
}

gboolean
nilo_mbus_session_approach(NiloMbusSession *self, gboolean *ready, GError **error)
{
    self->was_reset = FALSE;
    return self->target.is_secondary ? select_meter(self, ready, error)
                                     : reset_meter(self, ready, error);
}

/* --- telegrams ---------------------------------------------------------------------------------
 */

static gsize
get_access_offset(const guint8 *bytes)
{
    switch (bytes[6]) {
    case 0x72:
    case 0x76:
    case 0x68:
        return ACCESS_LONG;
    case 0x7a:
    case 0x67:
        return ACCESS_SHORT;
    case 0x73:
    case 0x77:
        return ACCESS_FIXED;
    default:
        return 0;
    }
}

/* a repeated telegram has the old access number in most meters, a new one in some */
static gboolean
is_repeated(GBytes *telegram, GBytes *before)
{
    gsize size;
    gsize size_before;
    const guint8 *bytes = g_bytes_get_data(telegram, &size);
    const guint8 *bytes_before = g_bytes_get_data(before, &size_before);
    const gsize access = size > FIRST_COMPARED + CHECKSUM_BEHIND ? get_access_offset(bytes) : 0;

    if (size != size_before)
        return FALSE;
    for (gsize i = FIRST_COMPARED; i + CHECKSUM_BEHIND < size; i++) {
        if (bytes[i] != bytes_before[i] && (access == 0 || i != access))
            return FALSE;
    }
    return TRUE;
}

static gboolean
parse_telegram(GBytes *telegram, NiloMbusFrame *frame, NiloMbusHeader *header)
{
    gsize size;
    gsize consumed;
    const guint8 *bytes = g_bytes_get_data(telegram, &size);

    return nilo_mbus_frame_parse(bytes, size, frame, &consumed) == NILO_WIRE_OK &&
           nilo_mbus_header_parse(frame, header) == NILO_WIRE_OK;
}

static gboolean
do_more_follow(GBytes *telegram)
{
    NiloMbusFrame frame;
    NiloMbusHeader header;
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    if (!parse_telegram(telegram, &frame, &header) || header.content != NILO_MBUS_CONTENT_RECORDS ||
        header.is_encrypted)
        return FALSE;
    nilo_mbus_record_iter_init(&iter, header.payload, header.payload_size);
    while (nilo_mbus_record_iter_next(&iter, &record))
        ;
    return iter.more_follow;
}

static void
learn_from_first(NiloMbusSession *self)
{
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    const NiloMbusCall *call = &self->call;

    if (self->target.is_secondary)
        return;
    if (self->was_reset && call->answer.attempts > 1)
        learned->slow_after_reset++;
    else if (learned->slow_after_reset == 1)
        learned->slow_after_reset = 0;
    if (!self->was_reset && !learned->answers_reset)
        learned->answers_no_reset = TRUE;
}

static NiloOutcome
conclude_failure(NiloMbusSession *self, GPtrArray *telegrams, NiloReportBuilder *builder)
{
    const NiloMbusCall *call = &self->call;
    NiloOutcome outcome = nilo_outcome_from_verdict(call->verdict);
    char found[sizeof "mbus:" + NILO_MBUS_ADDRESS_TEXT_SIZE] = "mbus:";

    if (call->verdict == NILO_VERDICT_BUSY || call->verdict == NILO_VERDICT_ERROR_ANSWER)
        outcome = nilo_mbus_report_add_refusal(builder, call->answer.frame, call->answer.size);
    if (telegrams->len > 0)
        return NILO_OUTCOME_INCOMPLETE;
    if (call->verdict != NILO_VERDICT_WRONG_METER)
        return outcome;
    /* from another address: a late answer of somebody asked before, and nobody is here */
    if (!call->has_found)
        return NILO_OUTCOME_SILENT;
    nilo_mbus_address_format(&call->found, found + strlen(found));
    nilo_report_builder_set_found(builder, found);
    return outcome;
}

gboolean
nilo_mbus_session_read_telegrams(NiloMbusSession *self, GPtrArray *telegrams,
                                 NiloReportBuilder *builder, NiloOutcome *outcome, GError **error)
{
    NiloMbusCall *call = &self->call;
    const guint max = nilo_mbus_settings_get_telegrams_max(self->settings);

    for (guint i = 0; i < max; i++) {
        g_autoptr(GBytes) telegram = NULL;

        if (!nilo_mbus_call_readout(call, error))
            return FALSE;
        if (call->verdict != NILO_VERDICT_ANSWER) {
            *outcome = conclude_failure(self, telegrams, builder);
            return TRUE;
        }
        telegram = g_bytes_new(call->answer.frame, call->answer.size);
        if (i == 0)
            learn_from_first(self);
        /* it does not advance: the rest cannot be had */
        if (i > 0 && is_repeated(telegram, g_ptr_array_index(telegrams, i - 1))) {
            *outcome = NILO_OUTCOME_INCOMPLETE;
            return TRUE;
        }
        *outcome = NILO_OUTCOME_OK;
        /* it begins anew and always says that more follow */
        if (i > 1 && is_repeated(telegram, g_ptr_array_index(telegrams, 0)))
            return TRUE;
        g_ptr_array_add(telegrams, g_steal_pointer(&telegram));
        if (!do_more_follow(g_ptr_array_index(telegrams, i)))
            return TRUE;
    }
    /* one telegram is wanted where one is configured; otherwise this is the guard */
    *outcome = max == 1 ? NILO_OUTCOME_OK : NILO_OUTCOME_INCOMPLETE;
    return TRUE;
}

/* --- speed -------------------------------------------------------------------------------------
 */

/* asks the meter to talk at another speed; its answer still comes at the old one */
static gboolean
switch_speed(NiloMbusSession *self, guint speed_baud, GError **error)
{
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    NiloMbusCall *call = &self->call;
    guint8 frame[NILO_MBUS_MAX_REQUEST];
    gboolean ready = TRUE;
    gsize size;

    if (self->target.is_secondary && !select_meter(self, &ready, error))
        return FALSE;
    if (!ready)
        return TRUE;
    size = nilo_mbus_request_build_set_baud(nilo_mbus_settings_get_send_control(self->settings),
                                            call->partner, speed_baud, frame, sizeof frame);
    if (!nilo_mbus_call_send(call, frame, size, error))
        return FALSE;
    if (call->verdict != NILO_VERDICT_ANSWER) {
        learned->keeps_speed = call->verdict == NILO_VERDICT_SILENT;
        return TRUE;
    }
    learned->speed_baud = speed_baud;
    return nilo_channel_set_speed(call->channel, speed_baud, error);
}

/* @ready: whether the meter was approached; FALSE: nothing was tried, or at the wrong speed */
static gboolean
approach_at_speed(NiloMbusSession *self, gboolean *ready, GError **error)
{
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    const guint wanted_baud = nilo_mbus_settings_get_switch_speed_baud(self->settings);
    const guint usual_baud = nilo_channel_get_speed(self->call.channel);

    if (wanted_baud == 0 || wanted_baud == usual_baud || learned->keeps_speed)
        return nilo_mbus_session_approach(self, ready, error);
    if (learned->speed_baud == wanted_baud) {
        if (!nilo_channel_set_speed(self->call.channel, wanted_baud, error) ||
            !nilo_mbus_session_approach(self, ready, error))
            return FALSE;
        if (*ready && self->call.verdict == NILO_VERDICT_ANSWER)
            return TRUE;
        /* it has fallen back to its usual speed */
        learned->speed_baud = 0;
        if (!nilo_channel_set_speed(self->call.channel, usual_baud, error))
            return FALSE;
    }
    return switch_speed(self, wanted_baud, error) && nilo_mbus_session_approach(self, ready, error);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static gboolean
is_understood(GPtrArray *telegrams)
{
    NiloMbusFrame frame;
    NiloMbusHeader header;

    return telegrams->len != 1 ||
           !parse_telegram(g_ptr_array_index(telegrams, 0), &frame, &header) ||
           header.content != NILO_MBUS_CONTENT_UNKNOWN;
}

/* @subcode: or NILO_MBUS_RESET_NO_SUBCODE */
static gboolean
reset_application(NiloMbusSession *self, int subcode, GError **error)
{
    guint8 frame[NILO_MBUS_MAX_REQUEST];
    const gsize size =
        nilo_mbus_request_build_reset_application(nilo_mbus_settings_get_send_control(
                                                      self->settings),
                                                  self->call.partner, subcode, frame, sizeof frame);

    return nilo_mbus_call_send(&self->call, frame, size, error);
}

static gboolean
read_once(NiloMbusSession *self, GPtrArray *telegrams, NiloReportBuilder *builder,
          NiloOutcome *outcome, GError **error)
{
    gboolean ready;

    if (!approach_at_speed(self, &ready, error))
        return FALSE;
    if (ready)
        return nilo_mbus_session_read_telegrams(self, telegrams, builder, outcome, error);
    *outcome = conclude_failure(self, telegrams, builder);
    return TRUE;
}

static void
pin(NiloMbusSession *self, GBytes *telegram)
{
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    NiloMbusFrame frame;
    NiloMbusHeader header;

    if (learned->is_pinned || !parse_telegram(telegram, &frame, &header) || !header.has_address)
        return;
    learned->is_pinned = TRUE;
    learned->pinned = header.address;
}

static void
fill_report(NiloMbusSession *self, guint flags, GPtrArray *telegrams, NiloReportBuilder *builder,
            NiloOutcome *outcome)
{
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    NiloMbusReport report = {
        .builder = builder,
        .profile = nilo_mbus_settings_get_profile(self->settings),
        .main_volume = nilo_mbus_settings_get_main_volume(self->settings),
        .zone = nilo_mbus_settings_get_zone(self->settings),
        .now_us = nilo_clock_get_utc_us(nilo_channel_get_clock(self->call.channel)),
        .with_history = (flags & NILO_READ_HISTORY) != 0,
        .facts_hash = learned->facts_hash,
    };
    const NiloOutcome filled = nilo_mbus_report_fill(&report, telegrams);

    learned->facts_hash = report.facts_hash;
    if (*outcome == NILO_OUTCOME_OK || filled == NILO_OUTCOME_ENCRYPTED)
        *outcome = filled;
    if (filled == NILO_OUTCOME_OK)
        pin(self, g_ptr_array_index(telegrams, 0));
}

static void
note_silence(NiloMbusSession *self, NiloOutcome outcome)
{
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);

    learned->silent_in_row = outcome == NILO_OUTCOME_SILENT ? learned->silent_in_row + 1 : 0;
}

/* --- logs --------------------------------------------------------------------------------------
 */

static gint64
get_now_us(NiloMbusSession *self)
{
    return nilo_clock_get_utc_us(nilo_channel_get_clock(self->call.channel));
}

/* a day of the world's clock: whose midnight it is does not matter */
static gboolean
is_another_day(gint64 a_us, gint64 b_us)
{
    return a_us / DAY_US != b_us / DAY_US;
}

static gboolean
is_due(NiloMbusSession *self, const NiloMbusLog *log, guint flags)
{
    const NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);

    if ((flags & NILO_READ_HISTORY) != 0)
        return TRUE;
    switch (log->when) {
    case NILO_MBUS_LOG_GAP:
        return learned->has_gap && learned->read_us != 0;
    case NILO_MBUS_LOG_DAILY:
        return is_another_day(learned->read_us, get_now_us(self));
    case NILO_MBUS_LOG_HISTORY:
    default:
        return FALSE;
    }
}

/* @whole: (out): all that was wanted was read */
static gboolean
read_log(NiloMbusSession *self, NiloMbusLogTeller *teller, gboolean *whole, GError **error)
{
    NiloMbusCall *call = &self->call;

    *whole = FALSE;
    if (!reset_application(self, teller->log->application, error))
        return FALSE;
    for (guint i = 0; i < teller->log->telegrams_max && call->verdict == NILO_VERDICT_ANSWER; i++) {
        g_autoptr(GBytes) telegram = NULL;

        if (!nilo_mbus_call_readout(call, error))
            return FALSE;
        if (call->verdict != NILO_VERDICT_ANSWER)
            return TRUE;
        telegram = g_bytes_new(call->answer.frame, call->answer.size);
        *whole = !nilo_mbus_log_tell(teller, telegram) || !do_more_follow(telegram) ||
                 i + 1 == teller->log->telegrams_max;
        /* of events that nobody has asked for, the newest have to do */
        if (*whole ||
            (teller->log->events != NULL && !teller->knows_events && teller->since_us != 0)) {
            *whole = TRUE;
            return TRUE;
        }
    }
    return TRUE;
}

static gboolean
read_due_log(NiloMbusSession *self, const NiloMbusLog *log, guint flags, NiloReportBuilder *builder,
             GHashTable *told, gboolean *whole, GError **error)
{
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    const gboolean with_history = (flags & NILO_READ_HISTORY) != 0;
    NiloMbusLogTeller teller = {
        .builder = builder,
        .log = log,
        .zone = nilo_mbus_settings_get_zone(self->settings),
        .told = told,
        .since_us = with_history ? 0 : MAX(learned->read_us, 1),
        .knows_events = learned->knows_events && !with_history,
        .sequence = learned->event,
    };

    if (!read_log(self, &teller, whole, error))
        return FALSE;
    if (teller.has_newest && *whole) {
        learned->knows_events = TRUE;
        learned->event = teller.newest;
    }
    return TRUE;
}

/* what the profile says the meter keeps; a log that cannot be read spoils no reading, and is tried
 * again next time where a gap is to be filled */
static gboolean
read_logs(NiloMbusSession *self, guint flags, NiloReportBuilder *builder, NiloOutcome *outcome,
          GError **error)
{
    const NiloMbusProfile *profile = nilo_mbus_settings_get_profile(self->settings);
    NiloMbusLearned *learned = nilo_mbus_settings_get_learned(self->settings);
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    gboolean is_filled = TRUE;
    gboolean was_read = FALSE;

    for (guint i = 0; i < profile->logs->len; i++) {
        const NiloMbusLog *log = g_ptr_array_index(profile->logs, i);
        gboolean whole;

        if (!is_due(self, log, flags))
            continue;
        was_read = TRUE;
        if (!read_due_log(self, log, flags, builder, told, &whole, error))
            return FALSE;
        is_filled = is_filled && (whole || log->when != NILO_MBUS_LOG_GAP);
        if (!whole && (flags & NILO_READ_HISTORY) != 0)
            *outcome = NILO_OUTCOME_INCOMPLETE;
    }
    /* whoever reads it next wants what it tells of itself */
    if (was_read && !reset_application(self, NILO_MBUS_RESET_NO_SUBCODE, error))
        return FALSE;
    if (!is_filled)
        return TRUE;
    learned->has_gap = FALSE;
    learned->read_us = get_now_us(self);
    return TRUE;
}

gboolean
nilo_mbus_session_read(NiloMbusSession *self, guint flags, NiloReportBuilder *builder,
                       NiloOutcome *outcome, GError **error)
{
    g_autoptr(GPtrArray) telegrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    if (!read_once(self, telegrams, builder, outcome, error))
        return FALSE;
    if (!is_understood(telegrams) && nilo_mbus_settings_get_application_reset(self->settings)) {
        g_autoptr(GBytes) first = g_bytes_ref(g_ptr_array_index(telegrams, 0));

        if (!reset_application(self, NILO_MBUS_RESET_NO_SUBCODE, error))
            return FALSE;
        g_ptr_array_set_size(telegrams, 0);
        if (!read_once(self, telegrams, builder, outcome, error))
            return FALSE;
        if (telegrams->len == 0)
            g_ptr_array_add(telegrams, g_steal_pointer(&first));
    }
    note_silence(self, *outcome);
    if (telegrams->len > 0)
        fill_report(self, flags, telegrams, builder, outcome);
    if (*outcome != NILO_OUTCOME_OK) {
        nilo_mbus_settings_get_learned(self->settings)->has_gap = TRUE;
        return TRUE;
    }
    return read_logs(self, flags, builder, outcome, error);
}
