/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* for the tests of this room: a wire in memory with meters on it, the line and the transport that
 * lead to it, and a driver that speaks their toy protocol */

#include "nilo-driver.h"
#include "nilo-event.h"
#include "nilo-sink.h"
#include "nilo-transport.h"

G_BEGIN_DECLS

/**
 * NiloFakeMeter:
 * @address: 0 to 255
 * @number: what it says it is; 0: @address
 * @strange: so many answers say that they are of another one
 * @volume_l: its register
 * @flow: a value that moves, litres per hour
 * @month_l: a value of the past
 * @answer_us: after the last request byte
 * @dead: says nothing
 * @deaf: requests it still ignores
 * @busy: requests it still answers with "busy"
 * @reads: requests it answered
 */
typedef struct {
    guint address;
    guint number;
    guint strange;
    guint32 volume_l;
    guint32 flow;
    guint32 month_l;
    gint64 answer_us;
    gboolean dead;
    guint deaf;
    guint busy;
    guint valve; /* 0 open, 1 closed */
    guint reads;
} NiloFakeMeter;

/**
 * NiloFakeWire:
 *
 * Take @mutex to touch anything while a bus runs on it.
 */
typedef struct {
    GMutex mutex;
    NiloFakeClock *clock;
    guint speed_baud;
    gboolean echo;
    gboolean lost;    /* every call fails from now on */
    guint fail_opens; /* so many opens fail */
    guint n_opens;
    gboolean babble;  /* never quiet */
    guint flip_ppm;   /* characters with one bit flipped, per million */
    guint double_ppm; /* pairs of characters that leave the sum as it was, per million answers */
    gboolean sees_parity;
    GRand *random;
    GArray *coming;    /* element-type Coming: what will be heard */
    GPtrArray *meters; /* element-type NiloFakeMeter, owned */
    GByteArray *asked; /* addresses in the order they were asked */
    guint64 parity_errors;
    guint n_receives;
    guint n_requests;
    guint n_unseen; /* answers disturbed so that the sum does not see it */
} NiloFakeWire;

NiloFakeWire *nilo_fake_wire_new(NiloFakeClock *clock, guint speed_baud);
void nilo_fake_wire_free(NiloFakeWire *self);
NiloFakeMeter *nilo_fake_wire_add(NiloFakeWire *self, guint address);
NiloFakeMeter *nilo_fake_wire_find(NiloFakeWire *self, guint address);

/** nilo_fake_wire_say: bytes that arrive from @from_us on, one after the other */
void nilo_fake_wire_say(NiloFakeWire *self, gint64 from_us, const guint8 *bytes, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloFakeWire, nilo_fake_wire_free)

#define NILO_TYPE_FAKE_LINE (nilo_fake_line_get_type())
G_DECLARE_FINAL_TYPE(NiloFakeLine, nilo_fake_line, NILO, FAKE_LINE, GObject)
NiloLine *nilo_fake_line_new(NiloFakeWire *wire);

#define NILO_TYPE_FAKE_TRANSPORT (nilo_fake_transport_get_type())
G_DECLARE_FINAL_TYPE(NiloFakeTransport, nilo_fake_transport, NILO, FAKE_TRANSPORT, GObject)
NiloTransport *nilo_fake_transport_new(NiloFakeWire *wire);

#define NILO_TYPE_FAKE_DRIVER (nilo_fake_driver_get_type())
G_DECLARE_FINAL_TYPE(NiloFakeDriver, nilo_fake_driver, NILO, FAKE_DRIVER, GObject)
NiloDriver *nilo_fake_driver_new(void);

/** nilo_fake_frame: judges answers of the toy protocol; @user_data points to the guint8 address
 */
NiloFrameState nilo_fake_frame(const guint8 *bytes, gsize size, NiloFrameSpan *span,
                               gpointer user_data);

/** nilo_fake_request: (transfer none) 4 bytes that ask @address */
void nilo_fake_request(guint8 address, char what, guint8 *bytes);

#define NILO_FAKE_REQUEST_SIZE 4
#define NILO_FAKE_ANSWER_SIZE  (3 + 15 + 2)

#define NILO_TYPE_FAKE_SINK    (nilo_fake_sink_get_type())
G_DECLARE_FINAL_TYPE(NiloFakeSink, nilo_fake_sink, NILO, FAKE_SINK, GObject)
NiloFakeSink *nilo_fake_sink_new(void);
/** nilo_fake_sink_forget: reports and events are let go from now on */
void nilo_fake_sink_forget(NiloFakeSink *self);
/** nilo_fake_sink_count: events of that kind so far */
guint nilo_fake_sink_count(NiloFakeSink *self, const char *kind);
guint nilo_fake_sink_count_reports(NiloFakeSink *self);
/** nilo_fake_sink_dup_report: (transfer full): the report at @index */
NiloReport *nilo_fake_sink_dup_report(NiloFakeSink *self, guint index);

/** nilo_fake_meter_object: (transfer full): the configured meter for @address */
NiloMeter *nilo_fake_meter_object(guint address, guint reads_per_day);

G_END_DECLS
