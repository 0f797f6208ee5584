/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-link.h"

#include <string.h>

#include "nilo-mbus-report.h"

#define START_SHORT     0x10
#define START_LONG      0x68
#define ERROR_BUSY      8
#define ANSWER_BITS     330
#define ANSWER_EXTRA_MS 50

void
nilo_mbus_link_init(NiloMbusLink *link)
{
    for (guint i = 0; i < G_N_ELEMENTS(link->count_bits); i++)
        link->count_bits[i] = TRUE;
}

guint
nilo_mbus_link_get_first_byte_ms(guint speed_baud)
{
    return (ANSWER_BITS * 1000 + speed_baud - 1) / speed_baud + ANSWER_EXTRA_MS;
}

static NiloFrameState
need_more(const guint8 *bytes, gsize size, NiloFrameSpan *span)
{
    span->expected = nilo_mbus_frame_get_expected_size(bytes, size);
    return NILO_FRAME_NEED_MORE;
}

static NiloFrameState
skip(NiloFrameSpan *span, gsize size)
{
    span->offset = size;
    return NILO_FRAME_SKIP;
}

/* whether the bytes begin with a frame, as far as that can be told */
static gboolean
find_frame(const guint8 *bytes, gsize size, NiloMbusFrame *frame, NiloFrameSpan *span,
           NiloFrameState *state)
{
    gsize noise = 0;
    gsize consumed;
    NiloWireResult result;

    while (noise < size && bytes[noise] != START_SHORT && bytes[noise] != START_LONG)
        noise++;
    if (noise > 0) {
        *state = skip(span, noise);
        return FALSE;
    }
    result = nilo_mbus_frame_parse(bytes, size, frame, &consumed);
    if (result == NILO_WIRE_OK) {
        span->size = consumed;
        return TRUE;
    }
    if (result == NILO_WIRE_NEED_MORE) {
        *state = need_more(bytes, size, span);
    } else if (result == NILO_WIRE_BAD_CHECKSUM) {
        span->size = nilo_mbus_frame_get_expected_size(bytes, size);
        *state = NILO_FRAME_BAD_CHECKSUM;
    } else {
        *state = skip(span, 1);
    }
    return FALSE;
}

static gboolean
is_from_partner(const NiloMbusCall *call, const NiloMbusFrame *frame)
{
    /* a selected meter answers with its primary address, or with 253 */
    return call->partner == NILO_MBUS_ADDRESS_SELECTED || frame->a == call->partner;
}

/* refusals and alarms are a byte and have no room for a CRC */
static gboolean
is_guarded(const NiloMbusFrame *frame)
{
    NiloMbusHeader header;

    return nilo_mbus_header_parse(frame, &header) == NILO_WIRE_OK &&
           header.content == NILO_MBUS_CONTENT_RECORDS && !header.is_encrypted;
}

static NiloFrameState
judge_content(NiloMbusCall *call, const NiloMbusFrame *frame)
{
    NiloMbusAddress address;
    NiloMbusHeader header;

    if (nilo_mbus_report_get_identity(frame, &address)) {
        /* what the answer leaves open fits too: the fixed structure has a number and no maker */
        if (!nilo_mbus_address_matches(&address, &call->mask) &&
            !nilo_mbus_address_matches(&call->mask, &address)) {
            call->has_found = TRUE;
            call->found = address;
            return NILO_FRAME_WRONG_METER;
        }
    }
    if (nilo_mbus_header_parse(frame, &header) != NILO_WIRE_OK ||
        header.content != NILO_MBUS_CONTENT_ERROR)
        return NILO_FRAME_COMPLETE;
    return header.error_code == ERROR_BUSY ? NILO_FRAME_BUSY : NILO_FRAME_ERROR;
}

NiloFrameState
nilo_mbus_link_judge_data(const guint8 *bytes, gsize size, NiloFrameSpan *span, gpointer user_data)
{
    NiloMbusCall *call = user_data;
    NiloMbusFrame frame;
    NiloFrameState state;

    if (!find_frame(bytes, size, &frame, span, &state))
        return state;
    if ((frame.c & NILO_MBUS_C_FROM_MASTER) != 0)
        return NILO_FRAME_ECHO;
    if (frame.type == NILO_MBUS_FRAME_SHORT ||
        (frame.c & NILO_MBUS_C_FUNCTION_MASK) != NILO_MBUS_C_RSP_UD)
        return skip(span, 1);
    if (call->has_crc && is_guarded(&frame) && !nilo_mbus_log_check_crc(&frame))
        return NILO_FRAME_BAD_CHECKSUM;
    if (!is_from_partner(call, &frame))
        return NILO_FRAME_WRONG_METER;
    return judge_content(call, &frame);
}

NiloFrameState
nilo_mbus_link_judge_ack(const guint8 *bytes, gsize size, NiloFrameSpan *span, gpointer user_data)
{
    const NiloMbusCall *call = user_data;
    NiloMbusFrame frame;
    NiloFrameState state;

    if (bytes[0] == NILO_MBUS_ACK_BYTE) {
        span->size = 1;
        return NILO_FRAME_COMPLETE;
    }
    if ((call->flags & NILO_REQUEST_WILDCARD) != 0)
        return NILO_FRAME_COLLISION;
    if (!find_frame(bytes, size, &frame, span, &state)) {
        /* an E5 behind noise */
        for (gsize i = 0; state == NILO_FRAME_SKIP && i < span->offset; i++) {
            if (bytes[i] == NILO_MBUS_ACK_BYTE)
                return skip(span, i);
        }
        return state;
    }
    /* a late answer: an E5 inside it is none */
    return (frame.c & NILO_MBUS_C_FROM_MASTER) != 0 ? NILO_FRAME_ECHO : NILO_FRAME_WRONG_METER;
}

static gboolean
exchange(NiloMbusCall *call, const guint8 *frame, gsize size, NiloFrameFunc judge, GError **error)
{
    const NiloRequest request = {
        .bytes = frame,
        .size = size,
        .first_byte_ms = nilo_mbus_link_get_first_byte_ms(nilo_channel_get_speed(call->channel)),
        .frame = judge,
        .user_data = call,
        .flags = call->flags,
    };

    call->has_found = FALSE;
    call->answer = (NiloAnswer){0};
    return nilo_channel_exchange(call->channel, &request, &call->verdict, &call->answer,
                                 call->cancellable, error);
}

gboolean
nilo_mbus_call_send(NiloMbusCall *call, const guint8 *frame, gsize size, GError **error)
{
    return exchange(call, frame, size, nilo_mbus_link_judge_ack, error);
}

gboolean
nilo_mbus_call_reset(NiloMbusCall *call, GError **error)
{
    guint8 frame[NILO_MBUS_MAX_REQUEST];
    const gsize size = nilo_mbus_request_build_reset_link(call->partner, frame, sizeof frame);

    if (!nilo_mbus_call_send(call, frame, size, error))
        return FALSE;
    /* heard or not: the answer may have been lost, and the first bit after a reset is 1 */
    call->link->count_bits[call->partner] = TRUE;
    return TRUE;
}

gboolean
nilo_mbus_call_select(NiloMbusCall *call, guint8 control, const guint32 *fabrication,
                      GError **error)
{
    guint8 frame[NILO_MBUS_MAX_REQUEST];
    gsize size;

    if (fabrication != NULL)
        size = nilo_mbus_request_build_select_fabrication(control, &call->mask, *fabrication, frame,
                                                          sizeof frame);
    else
        size = nilo_mbus_request_build_select(control, &call->mask, frame, sizeof frame);
    call->partner = NILO_MBUS_ADDRESS_SELECTED;
    call->link->count_bits[NILO_MBUS_ADDRESS_SELECTED] = TRUE;
    return nilo_mbus_call_send(call, frame, size, error);
}

gboolean
nilo_mbus_call_readout(NiloMbusCall *call, GError **error)
{
    gboolean *count_bit = &call->link->count_bits[call->partner];
    guint8 frame[NILO_MBUS_MAX_REQUEST];
    const gsize size =
        nilo_mbus_request_build_readout(call->partner, *count_bit, frame, sizeof frame);

    if (!exchange(call, frame, size, nilo_mbus_link_judge_data, error))
        return FALSE;
    /* a refusal is an answer too */
    if (call->verdict == NILO_VERDICT_ANSWER || call->verdict == NILO_VERDICT_BUSY ||
        call->verdict == NILO_VERDICT_ERROR_ANSWER)
        *count_bit = !*count_bit;
    return TRUE;
}
