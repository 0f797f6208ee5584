/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-session.h"

#include <string.h>

#include <glib/gi18n-lib.h>

/* no figure in the standard: answers begin after 20 to 500 ms, some collectors take a second */
#define FIRST_BYTE_MS 1000

#define WAKE_MAX      500

/* how long the payload of an answer may be; others are shapes that nobody has seen */
typedef struct {
    guint16 first;
    guint16 last;
    guint8 shortest;
    guint8 longest;
} AnswerSize;

static const AnswerSize answer_sizes[] = {
    {NILO_CJT188_DI_CURRENT, NILO_CJT188_DI_CURRENT, 6, 97},
    {NILO_CJT188_DI_SETTLEMENT_FIRST, NILO_CJT188_DI_SETTLEMENT_LAST, 5, 5},
    {NILO_CJT188_DI_PRICE_TABLE, NILO_CJT188_DI_PRICE_TABLE, 15, 15},
    {NILO_CJT188_DI_SETTLEMENT_DAY, NILO_CJT188_DI_READING_DAY, 1, 1},
    {NILO_CJT188_DI_PURCHASE, NILO_CJT188_DI_PURCHASE, 15, 15},
    {NILO_CJT188_DI_ADDRESS, NILO_CJT188_DI_ADDRESS, 0, NILO_CJT188_ADDRESS_SIZE},
    {NILO_CJT188_DI_WRITE_PURCHASE, NILO_CJT188_DI_WRITE_PURCHASE, 0, 5},
    {NILO_CJT188_DI_WRITE_CLOCK, NILO_CJT188_DI_WRITE_CLOCK, 0, 2},
    {NILO_CJT188_DI_WRITE_VALVE, NILO_CJT188_DI_WRITE_VALVE, 0, 2},
    {NILO_CJT188_DI_WRITE_ADDRESS, NILO_CJT188_DI_WRITE_ADDRESS, 0, 2},
};

void
nilo_cjt188_session_init(NiloCjt188Session *self, NiloChannel *channel, guint8 *serial)
{
    *self = (NiloCjt188Session){
        .channel = channel,
        .serial = serial,
        .order = NILO_CJT188_HIGH_FIRST,
        .preamble_bytes = 4,
        .type = 0x10,
        .check_type = TRUE,
        .check_serial = TRUE,
        .needs_serial = TRUE,
        .first_byte_ms = FIRST_BYTE_MS,
        .verdict = NILO_VERDICT_SILENT,
    };
}

void
nilo_cjt188_session_init_for_meter(NiloCjt188Session *self, NiloChannel *channel, guint8 *serial,
                                   NiloCjt188Settings *settings, const NiloCjt188Address *address)
{
    const NiloCjt188Address *alias = nilo_cjt188_settings_get_answers_as(settings);

    nilo_cjt188_session_init(self, channel, serial);
    self->address = *address;
    self->type = nilo_cjt188_settings_get_type_byte(settings);
    self->check_type = nilo_cjt188_settings_get_check_type(settings);
    self->check_serial = nilo_cjt188_settings_get_ser_check(settings);
    self->preamble_bytes = nilo_cjt188_settings_get_preamble_bytes(settings);
    self->has_alias = alias != NULL;
    if (alias != NULL)
        self->alias = *alias;
}

gboolean
nilo_cjt188_session_wake(NiloCjt188Session *self, NiloCjt188Settings *settings,
                         GCancellable *cancellable, GError **error)
{
    const guint size = nilo_cjt188_settings_get_wake_bytes(settings);
    const guint pause_ms = nilo_cjt188_settings_get_wake_pause_ms(settings);
    guint8 bytes[WAKE_MAX];
    const NiloRequest request = {
        .bytes = bytes,
        .size = MIN(size, WAKE_MAX),
        .flags = NILO_REQUEST_NO_ANSWER | NILO_REQUEST_ONCE,
    };
    NiloVerdict verdict;
    NiloAnswer answer;

    if (size == 0)
        return TRUE;
    memset(bytes, NILO_CJT188_PREAMBLE_BYTE, sizeof bytes);
    return nilo_channel_exchange(self->channel, &request, &verdict, &answer, cancellable, error) &&
           (pause_ms == 0 || nilo_channel_pause(self->channel, pause_ms, cancellable, error));
}

/* --- judging ------------------------------------------------------------------------------------
 */

static gboolean
is_own_request(const NiloCjt188Session *self, const NiloCjt188Frame *frame)
{
    return frame->size <= self->request_size &&
           memcmp(self->request_bytes + self->request_size - frame->size, frame->bytes,
                  frame->size) == 0;
}

static gboolean
is_from_meter(const NiloCjt188Session *self, const NiloCjt188Frame *frame)
{
    if (self->check_type && !nilo_cjt188_type_is_answer_to(frame->type, self->type))
        return FALSE;
    return self->takes_any || nilo_cjt188_address_is_equal(&frame->address, &self->address) ||
           (self->has_alias && nilo_cjt188_address_is_equal(&frame->address, &self->alias));
}

static gboolean
has_fitting_size(const NiloCjt188Session *self, const NiloCjt188Message *message)
{
    if (message->is_abnormal)
        return message->payload_size <= 2;
    for (guint i = 0; i < G_N_ELEMENTS(answer_sizes); i++) {
        const AnswerSize *size = &answer_sizes[i];

        if (self->request.di >= size->first && self->request.di <= size->last)
            return message->payload_size >= size->shortest &&
                   message->payload_size <= size->longest;
    }
    return TRUE;
}

/* an answer without SER is usual where only the address was asked; a refusal has no DI */
static gboolean
is_complete(const NiloCjt188Session *self, const NiloCjt188Message *message)
{
    const gboolean may_lack_serial =
        !self->check_serial || self->request.function == NILO_CJT188_READ_ADDRESS;

    if (message->is_abnormal)
        return message->has_serial || !self->check_serial;
    return message->has_di && (message->has_serial || may_lack_serial);
}

static gboolean
is_answer(const NiloCjt188Session *self, const NiloCjt188Message *message)
{
    NiloCjt188Message heard = *message;

    if (!self->check_serial)
        heard.has_serial = FALSE;
    return nilo_cjt188_message_is_answer_to(&heard, &self->request) && is_complete(self, message) &&
           has_fitting_size(self, message);
}

static NiloFrameState
judge_frame(NiloCjt188Session *self, const NiloCjt188Frame *frame, NiloFrameSpan *span)
{
    NiloCjt188Message message;

    nilo_cjt188_message_parse(frame, &message);
    if (!message.is_answer) {
        if (is_own_request(self, frame))
            return NILO_FRAME_ECHO;
        /* another master's request, or our own with a damaged byte whose sum fits by chance */
        *span = (NiloFrameSpan){.offset = span->offset + span->size};
        return NILO_FRAME_SKIP;
    }
    if (!is_from_meter(self, frame)) {
        self->heard_foreign = TRUE;
        self->foreign = frame->address;
        self->foreign_type = frame->type;
        return NILO_FRAME_WRONG_METER;
    }
    if (!is_answer(self, &message)) {
        self->heard_late = TRUE;
        return NILO_FRAME_WRONG_METER;
    }
    return message.is_abnormal ? NILO_FRAME_ERROR : NILO_FRAME_COMPLETE;
}

NiloFrameState
nilo_cjt188_session_judge(const guint8 *bytes, gsize size, NiloFrameSpan *span, gpointer user_data)
{
    NiloCjt188Session *self = user_data;
    NiloCjt188Found found;

    switch (nilo_cjt188_frame_find(bytes, size, &found)) {
    case NILO_WIRE_OK:
        *span = (NiloFrameSpan){.offset = found.preamble_size, .size = found.frame.size};
        return judge_frame(self, &found.frame, span);
    case NILO_WIRE_NEED_MORE:
        *span = (NiloFrameSpan){.expected = found.expected_size};
        return NILO_FRAME_NEED_MORE;
    case NILO_WIRE_BAD_CHECKSUM:
        self->heard_any = TRUE;
        *span = (NiloFrameSpan){.offset = found.preamble_size, .size = found.frame.size};
        return NILO_FRAME_BAD_CHECKSUM;
    default:
        self->heard_any = TRUE;
        *span = (NiloFrameSpan){.offset = MAX(found.consumed_size, 1)};
        return NILO_FRAME_SKIP;
    }
}

/* --- asking -------------------------------------------------------------------------------------
 */

static gboolean
build(NiloCjt188Session *self, NiloCjt188Function function, guint16 di, const guint8 *payload,
      gsize payload_size, GError **error)
{
    NiloWireResult result;

    self->request = (NiloCjt188Message){
        .function = function,
        .has_di = TRUE,
        .di = di,
        .order = self->order,
        .has_serial = self->needs_serial,
        .serial = ++*self->serial,
        .payload = payload,
        .payload_size = (guint8)payload_size,
    };
    result = nilo_cjt188_message_build(&self->request, self->preamble_bytes, self->type,
                                       &self->address, self->request_bytes,
                                       sizeof self->request_bytes, &self->request_size);
    if (result == NILO_WIRE_OK)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("cannot build the request: %s"),
                nilo_wire_result_get_text(result));
    return FALSE;
}

static void
keep_frame(NiloCjt188Session *self, const NiloAnswer *answer)
{
    const gsize size = MIN(answer->size, sizeof self->bytes);

    memcpy(self->bytes, answer->frame, size);
    if (nilo_cjt188_frame_parse(self->bytes, size, &self->frame) == NILO_WIRE_OK)
        nilo_cjt188_message_parse(&self->frame, &self->message);
    else
        self->verdict = NILO_VERDICT_NOISE;
}

gboolean
nilo_cjt188_session_ask(NiloCjt188Session *self, NiloCjt188Function function, guint16 di,
                        const guint8 *payload, gsize payload_size, guint flags,
                        GCancellable *cancellable, GError **error)
{
    NiloRequest request = {
        .bytes = self->request_bytes,
        .first_byte_ms = self->first_byte_ms,
        .frame = nilo_cjt188_session_judge,
        .user_data = self,
        .flags = flags,
    };
    NiloAnswer answer = {0};

    self->verdict = NILO_VERDICT_SILENT;
    self->heard_foreign = self->heard_late = self->heard_any = FALSE;
    if (!build(self, function, di, payload, payload_size, error))
        return FALSE;
    request.size = self->request_size;
    if (!nilo_channel_exchange(self->channel, &request, &self->verdict, &answer, cancellable,
                               error))
        return FALSE;
    self->request.payload = NULL;
    /* the contract has one word for late answers and for other meters; a report must not */
    if (self->verdict == NILO_VERDICT_WRONG_METER && !self->heard_foreign)
        self->verdict = NILO_VERDICT_NOISE;
    if (self->verdict == NILO_VERDICT_ANSWER || self->verdict == NILO_VERDICT_ERROR_ANSWER)
        keep_frame(self, &answer);
    return TRUE;
}

gboolean
nilo_cjt188_session_read(NiloCjt188Session *self, guint16 di, GCancellable *cancellable,
                         GError **error)
{
    return nilo_cjt188_session_ask(self, NILO_CJT188_READ_DATA, di, NULL, 0, NILO_REQUEST_PLAIN,
                                   cancellable, error);
}

/* --- words --------------------------------------------------------------------------------------
 */

char *
nilo_cjt188_session_get_found(const NiloCjt188Session *self)
{
    char address[NILO_CJT188_ADDRESS_TEXT_SIZE];

    nilo_cjt188_address_to_text(&self->foreign, address);
    if (self->check_type && nilo_cjt188_address_is_equal(&self->foreign, &self->address))
        return g_strdup_printf("cjt188:%s (type %02X)", address, self->foreign_type);
    return g_strdup_printf("cjt188:%s", address);
}

char *
nilo_cjt188_session_get_refusal(const NiloCjt188Session *self)
{
    const NiloCjt188Message *message = &self->message;

    if (message->has_error_code)
        return g_strdup_printf(_("the meter refuses %04X with its code %02X"), self->request.di,
                               message->error_code);
    if (message->payload_size >= 2)
        return g_strdup_printf(_("the meter refuses %04X with status %02X %02X"), self->request.di,
                               message->payload[0], message->payload[1]);
    return g_strdup_printf(_("the meter refuses %04X"), self->request.di);
}

void
nilo_cjt188_session_set_error(const NiloCjt188Session *self, const char *what, GError **error)
{
    const NiloOutcome outcome = nilo_outcome_from_verdict(self->verdict);
    g_autofree char *text = NULL;

    if (self->verdict == NILO_VERDICT_ERROR_ANSWER)
        text = nilo_cjt188_session_get_refusal(self);
    else if (self->verdict == NILO_VERDICT_WRONG_METER && self->heard_foreign)
        text = nilo_cjt188_session_get_found(self);
    else
        text = g_strdup(nilo_outcome_get_text(outcome));
    g_set_error(error, NILO_ERROR, nilo_outcome_to_error(outcome), "%s: %s", what, text);
}
