/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-settings.h"

G_BEGIN_DECLS

/*
 * One conversation with one meter: what is asked, and what of all that is heard may count as the
 * answer. Plain data on the driver's stack.
 */
typedef struct {
    NiloChannel *channel;  /* borrowed */
    guint8 *serial;        /* borrowed: the driver's count of requests */
    NiloCjt188Order order; /* of the data identifiers asked */
    NiloCjt188Order
        *wire_order; /* borrowed, nullable: what a meter of this wire answered to last */
    guint preamble_bytes;
    guint8 type; /* asked */
    gboolean check_type;
    gboolean check_serial;
    NiloCjt188Address address; /* asked */
    gboolean takes_any;        /* whoever answers is welcome */
    gboolean has_alias;
    NiloCjt188Address alias; /* may stand in the answer as well */
    gboolean needs_serial;   /* FALSE: asks without SER */

    /* of the last exchange */
    NiloCjt188Message request;
    guint8 request_bytes[NILO_CJT188_PREAMBLE_MAX_SIZE + NILO_CJT188_FRAME_MAX_SIZE];
    gsize request_size;
    guint first_byte_ms;
    NiloVerdict verdict;
    NiloCjt188Frame frame;     /* with an answer or a refusal: points into bytes */
    NiloCjt188Message message; /* the same */
    guint8 bytes[NILO_CJT188_FRAME_MAX_SIZE];
    gboolean heard_foreign; /* a good frame of another meter */
    NiloCjt188Address foreign;
    guint8 foreign_type;
    gboolean heard_late; /* a good frame of this meter, but not to this request */
    gboolean heard_any;  /* bytes other than our own */
} NiloCjt188Session;

/**
 * nilo_cjt188_session_init:
 * @self: (out): with the standard's ways; asks nobody yet
 */
void nilo_cjt188_session_init(NiloCjt188Session *self, NiloChannel *channel, guint8 *serial);

/**
 * nilo_cjt188_session_init_for_meter:
 * @settings: checked
 */
void nilo_cjt188_session_init_for_meter(NiloCjt188Session *self, NiloChannel *channel,
                                        guint8 *serial, NiloCjt188Settings *settings,
                                        const NiloCjt188Address *address);

/**
 * nilo_cjt188_session_wake:
 *
 * Sends the wake-up bytes of a meter that sleeps; nothing for others.
 *
 * Returns: %FALSE with an error when the line is lost or the work is cancelled
 */
gboolean nilo_cjt188_session_wake(NiloCjt188Session *self, NiloCjt188Settings *settings,
                                  GCancellable *cancellable, GError **error);

/**
 * nilo_cjt188_session_ask:
 * @payload: (nullable) (array length=payload_size): behind DI and SER
 * @flags: #NiloRequestFlags
 *
 * One exchange. How it ended stands in @self: verdict, and with %NILO_VERDICT_ANSWER or
 * %NILO_VERDICT_ERROR_ANSWER frame and message, valid until the next one.
 *
 * Returns: %FALSE with an error when the line is lost, the work is cancelled, or the request cannot
 *   be built
 */
gboolean nilo_cjt188_session_ask(NiloCjt188Session *self, NiloCjt188Function function, guint16 di,
                                 const guint8 *payload, gsize payload_size, guint flags,
                                 GCancellable *cancellable, GError **error);

/** nilo_cjt188_session_read: nilo_cjt188_session_ask() for data without a payload */
gboolean nilo_cjt188_session_read(NiloCjt188Session *self, guint16 di, GCancellable *cancellable,
                                  GError **error);

/**
 * nilo_cjt188_session_judge:
 * @user_data: a #NiloCjt188Session whose request was built
 *
 * A #NiloFrameFunc: finds the answer that fits in control code, address, type, SER, identifier and
 * length.
 */
NiloFrameState nilo_cjt188_session_judge(const guint8 *bytes, gsize size, NiloFrameSpan *span,
                                         gpointer user_data);

/** nilo_cjt188_session_get_found: (transfer full): id of the other meter that answered */
char *nilo_cjt188_session_get_found(const NiloCjt188Session *self);

/** nilo_cjt188_session_get_refusal: (transfer full): what an abnormal answer said, for people */
char *nilo_cjt188_session_get_refusal(const NiloCjt188Session *self);

/**
 * nilo_cjt188_session_set_error:
 * @what: what was attempted: "close the valve"
 *
 * Sets an error from the last exchange, which did not end with an answer.
 */
void nilo_cjt188_session_set_error(const NiloCjt188Session *self, const char *what, GError **error);

G_END_DECLS
