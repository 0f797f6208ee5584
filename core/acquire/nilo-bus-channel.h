/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-answer-time.h"
#include "nilo-channel.h"
#include "nilo-line.h"

G_BEGIN_DECLS

/**
 * NiloBusChannelCounts:
 * @exchanges: begun
 * @requests: sent, repeats included
 * @verdicts: of all tries, by #NiloVerdict
 * @junk: bytes heard that stood in no frame of the meter asked, echoes apart
 * @stray: bytes heard while nobody had been asked
 * @broken: characters with parity or framing errors
 * @echoes: requests heard back
 * @sent_bytes: on the wire
 * @heard_bytes: on the wire
 * @wire_us: time the wire was busy with @sent_bytes and @heard_bytes
 * @answer_ms: to the first byte of the last good answer; 0 if none
 *
 * What happened since nilo_bus_channel_begin().
 */
typedef struct {
    guint exchanges;
    guint requests;
    guint verdicts[NILO_N_VERDICTS];
    guint junk;
    guint stray;
    guint broken;
    guint echoes;
    guint64 sent_bytes;
    guint64 heard_bytes;
    gint64 wire_us;
    guint answer_ms;
} NiloBusChannelCounts;

/**
 * NiloBusChannelSettings:
 * @answer_extra_ms: every meter of this bus may take so much longer than the standard says
 * @slack_ms: silence inside a frame that ends it
 * @idle_ms: quiet time before a request; 0 for 11 bit times, as the standard asks of a slave
 */
typedef struct {
    guint answer_extra_ms;
    guint slack_ms;
    guint idle_ms;
} NiloBusChannelSettings;

/**
 * NiloBusChannelProgress:
 *
 * Called before every request: somebody watches that the bus does.
 */
typedef void (*NiloBusChannelProgress)(gpointer user_data);

#define NILO_TYPE_BUS_CHANNEL (nilo_bus_channel_get_type())

/**
 * NiloBusChannel:
 *
 * The channel of a bus: deadlines, repeats, echoes, noise. Lives on the bus thread.
 *
 * How it waits: the first byte is waited for until the learned allowance
 * (nilo_answer_time_get_allowance_ms()) is over; the last of several tries gets all the
 * allowance there is. As soon as the driver knows the length of the frame, the thread sleeps
 * until the last but one byte should be there and then takes each as it comes: an exchange
 * costs a handful of wake-ups and ends with the frame's last byte. A silence of `slack_ms`
 * inside a frame ends it; so slack is paid for by failures only.
 */
G_DECLARE_FINAL_TYPE(NiloBusChannel, nilo_bus_channel, NILO, BUS_CHANNEL, GObject)

NiloBusChannel *nilo_bus_channel_new(NiloClock *clock, const NiloBusChannelSettings *settings,
                                     NiloBusChannelProgress progress, gpointer user_data);

/** nilo_bus_channel_set_line: (nullable): a line just opened, or none */
void nilo_bus_channel_set_line(NiloBusChannel *self, NiloLine *line);

/**
 * nilo_bus_channel_begin:
 * @tries: requests per exchange, at least 1
 * @answer_extra_ms: what this meter is allowed beyond the bus's own
 * @answer_time: (nullable): what was learned of this meter, and is learned now; must stay until
 * the next begin. %NULL while nobody in particular is asked: then the bus's own is used
 *
 * Work for another meter begins: counts and evidence start anew.
 */
void nilo_bus_channel_begin(NiloBusChannel *self, guint tries, guint answer_extra_ms,
                            NiloAnswerTime *answer_time);

/** nilo_bus_channel_forget: the learned times given to it are gone */
void nilo_bus_channel_forget(NiloBusChannel *self);

void nilo_bus_channel_get_counts(NiloBusChannel *self, NiloBusChannelCounts *counts);

/** nilo_bus_channel_get_answer_time: (transfer none): of all meters of the bus */
const NiloAnswerTime *nilo_bus_channel_get_answer_time(NiloBusChannel *self);

/** nilo_bus_channel_has_echo: whether the adapter gives back what we send */
gboolean nilo_bus_channel_has_echo(NiloBusChannel *self);

/** nilo_bus_channel_is_babbling: whether the line did not fall quiet before the last request */
gboolean nilo_bus_channel_is_babbling(NiloBusChannel *self);

/** nilo_bus_channel_dup_evidence: (transfer full) (nullable): see nilo_evidence_to_bytes() */
GBytes *nilo_bus_channel_dup_evidence(NiloBusChannel *self);

G_END_DECLS
