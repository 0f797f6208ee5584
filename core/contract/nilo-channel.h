/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-clock.h"
#include "nilo-outcome.h"

G_BEGIN_DECLS

/**
 * NiloFrameState:
 * @NILO_FRAME_NEED_MORE: so far it can become the answer: @expected bytes are wanted in all
 * @NILO_FRAME_COMPLETE: the answer of the meter asked stands at @offset, @size bytes long
 * @NILO_FRAME_SKIP: the first @offset bytes are nothing (noise): drop them, look again
 * @NILO_FRAME_ECHO: @offset + @size bytes are our own request: drop them, look again
 * @NILO_FRAME_BAD_CHECKSUM: a frame with a wrong sum stands at @offset: step over its first
 * byte
 * @NILO_FRAME_WRONG_METER: a good frame of another meter: drop it, go on listening (a late
 * answer)
 * @NILO_FRAME_BUSY: a good frame of the meter asked: come back later
 * @NILO_FRAME_ERROR: a good frame of the meter asked: it refuses
 * @NILO_FRAME_COLLISION: what was heard can only be several meters at once
 *
 * Since: 0.1
 */
typedef enum {
    NILO_FRAME_NEED_MORE,
    NILO_FRAME_COMPLETE,
    NILO_FRAME_SKIP,
    NILO_FRAME_ECHO,
    NILO_FRAME_BAD_CHECKSUM,
    NILO_FRAME_WRONG_METER,
    NILO_FRAME_BUSY,
    NILO_FRAME_ERROR,
    NILO_FRAME_COLLISION,
} NiloFrameState;

/**
 * NiloFrameSpan:
 * @offset: where the frame begins
 * @size: its bytes
 * @expected: with %NILO_FRAME_NEED_MORE: bytes wanted in all, counted from the first byte held;
 * 0 when not yet known
 *
 * Since: 0.1
 */
typedef struct {
    gsize offset;
    gsize size;
    gsize expected;
} NiloFrameSpan;

/**
 * NiloFrameFunc:
 * @bytes: (array length=size): heard so far, at least one
 * @span: (out): see #NiloFrameState
 *
 * A driver's judgement of what was heard. Called again whenever more bytes are there; pure.
 *
 * Since: 0.1
 */
typedef NiloFrameState (*NiloFrameFunc)(const guint8 *bytes, gsize size, NiloFrameSpan *span,
                                        gpointer user_data);

/**
 * NiloRequestFlags:
 * @NILO_REQUEST_NO_ANSWER: a broadcast: done when it is sent
 * @NILO_REQUEST_WILDCARD: several meters may answer: broken characters mean collision, not
 * noise
 * @NILO_REQUEST_ONCE: do not repeat it when the answer is missing
 *
 * Since: 0.1
 */
typedef enum {
    NILO_REQUEST_PLAIN = 0,
    NILO_REQUEST_NO_ANSWER = 1 << 0,
    NILO_REQUEST_WILDCARD = 1 << 1,
    NILO_REQUEST_ONCE = 1 << 2,
} NiloRequestFlags;

/**
 * NiloRequest:
 * @bytes: (array length=size): what to send
 * @first_byte_ms: the standard's allowance between the last request byte and the first answer
 * byte; what bus and meter need beyond it, and what was learned, is added by the channel
 * @frame: judges the answer; %NULL only with %NILO_REQUEST_NO_ANSWER
 * @flags: #NiloRequestFlags
 *
 * One request.
 *
 * Since: 0.1
 */
typedef struct {
    const guint8 *bytes;
    gsize size;
    guint first_byte_ms;
    NiloFrameFunc frame;
    gpointer user_data;
    guint flags;
} NiloRequest;

/**
 * NiloAnswer:
 * @frame: (array length=size): valid until the next exchange of the channel; %NULL without one
 * @answer_ms: from the last request byte to the first answer byte
 * @attempts: requests sent
 * @broken: characters with parity or framing errors during the exchange
 *
 * Since: 0.1
 */
typedef struct {
    const guint8 *frame;
    gsize size;
    guint answer_ms;
    guint attempts;
    guint broken;
} NiloAnswer;

#define NILO_TYPE_CHANNEL (nilo_channel_get_type())

/**
 * NiloChannel:
 *
 * The line as a driver sees it while it works for one meter: keeps deadlines, repeats what was
 * lost, takes echoes and noise out, and keeps the evidence. Lives on the bus thread; a driver
 * uses it only during the call it was given to.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloChannel, nilo_channel, NILO, CHANNEL, GObject)

/**
 * NiloChannelInterface:
 * @exchange: sends and listens; repeats as often as the meter's lane allows. Returns %FALSE
 * with an error only when the line is lost or the work is cancelled; whatever was heard, or
 * not, is
 *   @verdict
 * @pause: keeps the line idle for at least this long before the next request
 * @set_speed: changes the line's speed for what follows; the bus restores it afterwards
 * @get_speed: bits per second
 * @send_break: see nilo_line_send_break()
 * @get_clock: the clock of the bus
 *
 * Since: 0.1
 */
struct _NiloChannelInterface {
    GTypeInterface parent_iface;

    gboolean (*exchange)(NiloChannel *self, const NiloRequest *request, NiloVerdict *verdict,
                         NiloAnswer *answer, GCancellable *cancellable, GError **error);
    gboolean (*pause)(NiloChannel *self, guint duration_ms, GCancellable *cancellable,
                      GError **error);
    gboolean (*set_speed)(NiloChannel *self, guint speed_baud, GError **error);
    guint (*get_speed)(NiloChannel *self);
    gboolean (*send_break)(NiloChannel *self, guint duration_ms, GCancellable *cancellable,
                           GError **error);
    NiloClock *(*get_clock)(NiloChannel *self);
};

NILO_EXPORT gboolean nilo_channel_exchange(NiloChannel *self, const NiloRequest *request,
                                           NiloVerdict *verdict, NiloAnswer *answer,
                                           GCancellable *cancellable, GError **error);
NILO_EXPORT gboolean nilo_channel_pause(NiloChannel *self, guint duration_ms,
                                        GCancellable *cancellable, GError **error);
NILO_EXPORT gboolean nilo_channel_set_speed(NiloChannel *self, guint speed_baud, GError **error);
NILO_EXPORT guint nilo_channel_get_speed(NiloChannel *self);
NILO_EXPORT gboolean nilo_channel_send_break(NiloChannel *self, guint duration_ms,
                                             GCancellable *cancellable, GError **error);
/** nilo_channel_get_clock: Returns: (transfer none): */
NILO_EXPORT NiloClock *nilo_channel_get_clock(NiloChannel *self);

G_END_DECLS
