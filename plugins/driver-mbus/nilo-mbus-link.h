/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-settings.h"

G_BEGIN_DECLS

/**
 * NiloMbusLink:
 * @count_bits: frame count bit of the next readout, per link partner: every primary address, and
 *   253 for whoever is selected
 *
 * The link layer of a bus (EN 13757-2): what the master must remember between requests. One per
 * driver, so one per bus.
 */
typedef struct {
    gboolean count_bits[256];
} NiloMbusLink;

/**
 * NiloMbusCall:
 * @link: (not owned)
 * @channel: (not owned)
 * @cancellable: (not owned) (nullable)
 * @partner: the address that is talked to
 * @mask: who must answer, wildcards where that is not known
 * @has_crc: a telegram without a right CRC is a damaged one
 * @flags: #NiloRequestFlags of every exchange
 * @verdict: (out): of the last exchange
 * @answer: (out): of the last exchange; valid until the next
 * @has_found: (out): whether somebody else answered
 * @found: (out): who
 *
 * A conversation with one partner.
 */
typedef struct {
    NiloMbusLink *link;
    NiloChannel *channel;
    GCancellable *cancellable;
    guint8 partner;
    NiloMbusAddress mask;
    gboolean has_crc;
    guint flags;
    NiloVerdict verdict;
    NiloAnswer answer;
    gboolean has_found;
    NiloMbusAddress found;
} NiloMbusCall;

/* All of these return FALSE with an error only when the line is lost or the work is cancelled; what
 * came of it is the verdict. */

/** nilo_mbus_call_reset: SND_NKE: from now on the count bit begins anew */
gboolean nilo_mbus_call_reset(NiloMbusCall *call, GError **error);

/**
 * nilo_mbus_call_select:
 * @fabrication: (nullable): eight BCD digits, to select by the fabrication number too
 *
 * Selects whoever fits @mask of @call; it is then talked to at 253, with the count bit begun anew.
 */
gboolean nilo_mbus_call_select(NiloMbusCall *call, guint8 control, const guint32 *fabrication,
                               GError **error);

/** nilo_mbus_call_readout: REQ_UD2; the count bit toggles with a good answer */
gboolean nilo_mbus_call_readout(NiloMbusCall *call, GError **error);

/** nilo_mbus_call_send: any frame that is acknowledged by E5 */
gboolean nilo_mbus_call_send(NiloMbusCall *call, const guint8 *frame, gsize size, GError **error);

/** nilo_mbus_link_init: nobody was talked to yet */
void nilo_mbus_link_init(NiloMbusLink *link);

/** nilo_mbus_link_get_first_byte_ms: 330 bit times and 50 ms: EN 13757-2, 5.5 */
guint nilo_mbus_link_get_first_byte_ms(guint speed_baud);

/** nilo_mbus_link_judge_data: (user_data is a #NiloMbusCall): a #NiloFrameFunc for RSP_UD */
NiloFrameState nilo_mbus_link_judge_data(const guint8 *bytes, gsize size, NiloFrameSpan *span,
                                         gpointer user_data);

/** nilo_mbus_link_judge_ack: (user_data is a #NiloMbusCall): a #NiloFrameFunc for E5 */
NiloFrameState nilo_mbus_link_judge_ack(const guint8 *bytes, gsize size, NiloFrameSpan *span,
                                        gpointer user_data);

G_END_DECLS
