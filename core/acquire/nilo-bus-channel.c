/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-channel.h"

#include <string.h>

#include "nilo-error.h"
#include "nilo-evidence.h"

/* start, 8 data, parity or second stop, stop: EN 13757-2, 5.2 */
#define BITS_PER_CHARACTER 11

/* line idle after an error before the next request: EN 60870-5-1, format class FT 1.2 */
#define BITS_AFTER_ERROR 33

/* a slave may answer that soon, so it can be asked that soon: EN 13757-2, 5.5 */
#define BITS_AFTER_ANSWER 11

/* when the line cannot say: the speed that waits longest of those in use */
#define UNKNOWN_SPEED_BAUD 2400

/* nobody answers that late, not behind the slowest of serial servers */
#define LATE_MAX_US (10 * G_USEC_PER_SEC)

/* longest frame of M-Bus is 261 bytes, of CJ/T 188 117, both with preamble and noise around */
#define HELD_MAX 1024

/* sleeping longer in one go would make a false start of a frame cost too much */
#define SLEEP_MAX_CHARACTERS 64

/* a line that has not fallen quiet after that many looks babbles */
#define SETTLE_MAX_LOOKS 16

/* an answer and everything in front of it is over after that many characters */
#define HEARD_MAX_CHARACTERS 700

/* a second meter with the first one's address will not go away by asking a third time */
#define WRONG_METER_MAX_TRIES 2

/* echoes in a row that make it a property of the adapter */
#define ECHO_LEARNED 3

struct _NiloBusChannel {
    GObject parent_instance;

    NiloClock *clock;
    NiloLine *line;
    NiloBusChannelSettings settings;
    NiloBusChannelProgress progress;
    gpointer user_data;

    guint tries;
    guint answer_extra_ms;
    NiloAnswerTime *answer_time;        /* borrowed, outlives the work begun */
    NiloAnswerTime *silent_answer_time; /* borrowed: of whom we gave up on just now */
    NiloAnswerTime bus_answer_time;
    NiloBusChannelCounts counts;
    NiloEvidence *evidence;
    guint echoes_in_row;
    gboolean babbling;

    guint8 held[HELD_MAX];
    gsize n_held;
    gint64 active_us;     /* the wire was last seen busy */
    gint64 not_before_us; /* no request earlier */
    gint64 asked_us;      /* the last request had left */
    gboolean silent_was_late;
    gint64 silent_asked_us; /* and the one of silent_answer_time */
};

/* one request and the listening after it */
typedef struct {
    const NiloRequest *request;
    gint64 first_until_us; /* give up when no answer has begun */
    gint64 over_us;        /* give up whatever is heard */
    gint64 heard_us;       /* bytes came last */
    gint64 answer_us;      /* the first byte of what is held came; -1: nothing held */
    guint64 broken_before;
    gsize damaged;  /* bytes held that belong to a frame with a wrong sum */
    gsize expected; /* bytes the frame begun will have, 0 for not known */
    guint junk;
    gboolean maybe_echo;
    gboolean heard_echo;
    gboolean heard_other;
    gboolean heard_damaged;
    gboolean heard_collision;
    gboolean heard_noise;
} Try;

static void nilo_bus_channel_iface_init(NiloChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloBusChannel, nilo_bus_channel, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_CHANNEL, nilo_bus_channel_iface_init))

static guint
get_speed(NiloBusChannel *self)
{
    const guint speed_baud = self->line != NULL ? nilo_line_get_speed(self->line) : 0;

    return speed_baud > 0 ? speed_baud : UNKNOWN_SPEED_BAUD;
}

static gint64
bits_to_us(NiloBusChannel *self, guint64 bits)
{
    return (gint64)((bits * G_USEC_PER_SEC + get_speed(self) - 1) / get_speed(self));
}

static gint64
characters_to_us(NiloBusChannel *self, guint64 characters)
{
    return bits_to_us(self, characters * BITS_PER_CHARACTER);
}

static gint64
get_now_us(NiloBusChannel *self)
{
    return nilo_clock_get_monotonic_us(self->clock);
}

static guint64
count_broken(NiloBusChannel *self)
{
    NiloLineCounts counts;

    nilo_line_get_counts(self->line, &counts);
    return counts.parity_errors + counts.framing_errors;
}

/* who was silent speaks after all */
static void
note_late(NiloBusChannel *self, gint64 heard_us)
{
    gint64 late_us;

    if (self->silent_answer_time == NULL || self->silent_was_late)
        return;
    self->silent_was_late = TRUE;
    late_us = heard_us - self->silent_asked_us;
    /* what lay in a buffer since the last round tells nothing of the time it took */
    nilo_answer_time_note_late(self->silent_answer_time, late_us <= LATE_MAX_US ? late_us : 0);
}

/* takes what is there already: nobody had been asked, so it is late or it is noise */
static gssize
take_stray(NiloBusChannel *self, GCancellable *cancellable, GError **error)
{
    const gint64 now_us = get_now_us(self);
    guint8 bytes[256];
    const gssize n = nilo_line_receive(self->line, bytes, sizeof bytes, now_us, cancellable, error);

    if (n <= 0)
        return n;
    nilo_evidence_add(self->evidence, '<', bytes, (gsize)n);
    self->counts.stray += (guint)n;
    self->counts.heard_bytes += (guint64)n;
    self->active_us = now_us;
    note_late(self, now_us);
    return n;
}

/* waits until the wire has been quiet for as long as it must be */
static gboolean
settle(NiloBusChannel *self, GCancellable *cancellable, GError **error)
{
    gint64 quiet_us = self->not_before_us;

    for (guint i = 0; i < SETTLE_MAX_LOOKS; i++) {
        gssize n;

        if (!nilo_clock_sleep_until(self->clock, quiet_us, cancellable, error))
            return FALSE;
        n = take_stray(self, cancellable, error);
        if (n <= 0) {
            self->babbling = FALSE;
            return n == 0;
        }
        quiet_us = self->active_us + bits_to_us(self, BITS_AFTER_ERROR);
    }
    self->babbling = TRUE;
    nilo_line_discard(self->line);
    return TRUE;
}

static void
drop(NiloBusChannel *self, Try *try, gsize size)
{
    size = MIN(size, self->n_held);
    self->n_held -= size;
    memmove(self->held, self->held + size, self->n_held);
    try->damaged -= MIN(try->damaged, size);
    try->expected = 0;
}

static void
drop_junk(NiloBusChannel *self, Try *try, gsize size)
{
    try->junk += (guint)MIN(size, self->n_held);
    drop(self, try, size);
}

static gsize
count_matches(const NiloBusChannel *self, const NiloRequest *request)
{
    const gsize size = MIN(self->n_held, request->size);
    gsize matches = 0;

    for (gsize i = 0; i < size; i++)
        matches += self->held[i] == request->bytes[i];
    return matches;
}

/* takes our own request out of what is held; TRUE while it may still become it */
static gboolean
take_echo(NiloBusChannel *self, Try *try)
{
    const NiloRequest *request = try->request;
    const gsize matches = count_matches(self, request);
    /* an adapter known to echo: a few characters of it may be damaged */
    const gsize wanted = self->echoes_in_row >= ECHO_LEARNED
                             ? MIN(self->n_held, request->size) * 3 / 4
                             : MIN(self->n_held, request->size);

    if (matches < MAX(wanted, 1)) {
        try->maybe_echo = FALSE;
        return FALSE;
    }
    if (self->n_held < request->size) {
        try->expected = request->size;
        return TRUE;
    }
    drop(self, try, request->size);
    try->maybe_echo = FALSE;
    try->heard_echo = TRUE;
    return FALSE;
}

static void
take_answer(NiloBusChannel *self, Try *try, const NiloFrameSpan *span, NiloVerdict verdict,
            NiloAnswer *answer)
{
    const gsize behind = self->n_held - span->offset - span->size;

    try->junk += (guint)(span->offset + behind);
    answer->frame = self->held + span->offset;
    answer->size = span->size;
    if (verdict != NILO_VERDICT_ANSWER)
        return;
    answer->answer_ms = (guint)((try->answer_us - self->asked_us + 500) / 1000);
    self->counts.answer_ms = answer->answer_ms;
    nilo_answer_time_note(&self->bus_answer_time, try->answer_us - self->asked_us);
    if (self->answer_time != NULL)
        nilo_answer_time_note(self->answer_time, try->answer_us - self->asked_us);
}

/* a broken character inside the frame makes it worthless, one in the preamble does not: without
 * telling which it was, there must be as many bytes outside as characters were broken */
static gboolean
is_broken_inside(NiloBusChannel *self, const Try *try, const NiloFrameSpan *span)
{
    const guint64 broken = count_broken(self) - try->broken_before;

    return broken > try->junk + span->offset + (self->n_held - span->offset - span->size);
}

static gboolean
note_complete(NiloBusChannel *self, Try *try, const NiloFrameSpan *span, NiloVerdict *verdict,
              NiloAnswer *answer)
{
    /* any byte of a damaged frame may look like a frame of one byte */
    if (span->size == 1 && span->offset < try->damaged) {
        drop_junk(self, try, span->offset + 1);
        return FALSE;
    }
    if (is_broken_inside(self, try, span)) {
        try->heard_damaged = TRUE;
        drop_junk(self, try, span->offset + span->size);
        return FALSE;
    }
    *verdict = NILO_VERDICT_ANSWER;
    take_answer(self, try, span, *verdict, answer);
    return TRUE;
}

static gboolean
note_refusal(NiloBusChannel *self, Try *try, const NiloFrameSpan *span, NiloFrameState state,
             NiloVerdict *verdict, NiloAnswer *answer)
{
    *verdict = state == NILO_FRAME_BUSY ? NILO_VERDICT_BUSY : NILO_VERDICT_ERROR_ANSWER;
    take_answer(self, try, span, *verdict, answer);
    return TRUE;
}

static void
note_other(NiloBusChannel *self, Try *try, const NiloFrameSpan *span)
{
    try->heard_other = TRUE;
    note_late(self, try->heard_us);
    drop_junk(self, try, span->offset + span->size);
}

static void
note_damaged(NiloBusChannel *self, Try *try, const NiloFrameSpan *span)
{
    const gsize left = span->size > 0 ? span->size - 1 : 0;

    try->heard_damaged = TRUE;
    drop_junk(self, try, span->offset + 1);
    try->damaged = MAX(try->damaged, MIN(left, self->n_held));
}

/* looks at what is held; TRUE with a verdict when the exchange is over */
static gboolean
judge(NiloBusChannel *self, Try *try, NiloVerdict *verdict, NiloAnswer *answer)
{
    while (self->n_held > 0) {
        NiloFrameSpan span = {0};
        NiloFrameState state;

        if (try->maybe_echo && take_echo(self, try))
            return FALSE;
        if (self->n_held == 0)
            break;
        if (try->answer_us < 0)
            try->answer_us = try->heard_us - characters_to_us(self, self->n_held - 1);
        state = try->request->frame(self->held, self->n_held, &span, try->request->user_data);
        span.offset = MIN(span.offset, self->n_held);
        span.size = MIN(span.size, self->n_held - span.offset);
        switch (state) {
        case NILO_FRAME_NEED_MORE:
            try->expected = span.expected;
            return FALSE;
        case NILO_FRAME_COMPLETE:
            if (note_complete(self, try, &span, verdict, answer))
                return TRUE;
            break;
        case NILO_FRAME_BUSY:
        case NILO_FRAME_ERROR:
            return note_refusal(self, try, &span, state, verdict, answer);
        case NILO_FRAME_ECHO:
            try->heard_echo = TRUE;
            drop(self, try, MAX(span.offset + span.size, 1));
            break;
        case NILO_FRAME_BAD_CHECKSUM:
            note_damaged(self, try, &span);
            break;
        case NILO_FRAME_WRONG_METER:
            note_other(self, try, &span);
            break;
        case NILO_FRAME_COLLISION:
            try->heard_collision = TRUE;
            drop_junk(self, try, self->n_held);
            break;
        case NILO_FRAME_SKIP:
        default:
            try->heard_noise = TRUE;
            drop_junk(self, try, MAX(span.offset, 1));
        }
    }
    try->answer_us = -1;
    return FALSE;
}

/* lets the bytes come in that must come in, instead of waking up for each */
static gboolean
sleep_through(NiloBusChannel *self, const Try *try, gint64 *slept_us, GCancellable *cancellable,
              GError **error)
{
    const gsize missing = try->expected > self->n_held ? try->expected - self->n_held : 0;

    *slept_us = try->heard_us;
    if (missing < 3 || nilo_line_get_speed(self->line) == 0)
        return TRUE;
    *slept_us += characters_to_us(self, MIN(missing - 1, SLEEP_MAX_CHARACTERS));
    return nilo_clock_sleep_until(self->clock, *slept_us, cancellable, error);
}

static gssize
hear(NiloBusChannel *self, Try *try, gint64 deadline_us, GCancellable *cancellable, GError **error)
{
    gssize n;

    if (self->n_held == HELD_MAX)
        drop_junk(self, try, HELD_MAX / 2);
    n = nilo_line_receive(self->line, self->held + self->n_held, HELD_MAX - self->n_held,
                          deadline_us, cancellable, error);
    if (n <= 0)
        return n;
    nilo_evidence_add(self->evidence, '<', self->held + self->n_held, (gsize)n);
    self->n_held += (gsize)n;
    self->counts.heard_bytes += (guint64)n;
    try->heard_us = get_now_us(self);
    self->active_us = try->heard_us;
    return n;
}

/* nothing more will come of the frame begun: what stands behind its first byte may be one */
static void
give_up_frame(NiloBusChannel *self, Try *try)
{
    if (try->maybe_echo) {
        try->maybe_echo = FALSE;
        return;
    }
    try->heard_noise = TRUE;
    drop_junk(self, try, 1);
}

static gboolean
listen_for(NiloBusChannel *self, Try *try, NiloVerdict *verdict, NiloAnswer *answer,
           GCancellable *cancellable, GError **error)
{
    const gint64 slack_us = (gint64)self->settings.slack_ms * 1000;

    for (;;) {
        gint64 deadline_us = try->first_until_us;
        gssize n;

        if (self->n_held > 0) {
            gint64 slept_us;

            if (!sleep_through(self, try, &slept_us, cancellable, error))
                return FALSE;
            deadline_us = slept_us + slack_us;
        }
        n = hear(self, try, MIN(deadline_us, try->over_us), cancellable, error);
        if (n < 0)
            return FALSE;
        if (n == 0 && self->n_held == 0)
            return TRUE;
        if (n == 0)
            give_up_frame(self, try);
        if (judge(self, try, verdict, answer) || get_now_us(self) >= try->over_us)
            return TRUE;
    }
}

static NiloVerdict
conclude(const Try *try, guint broken)
{
    if (try->heard_collision || (broken > 0 && (try->request->flags & NILO_REQUEST_WILDCARD) != 0))
        return NILO_VERDICT_COLLISION;
    if (try->heard_other)
        return NILO_VERDICT_WRONG_METER;
    if (try->heard_damaged)
        return NILO_VERDICT_BAD_CHECKSUM;
    if (try->heard_noise || broken > 0)
        return NILO_VERDICT_NOISE;
    return try->heard_echo ? NILO_VERDICT_ECHO : NILO_VERDICT_SILENT;
}

static guint
get_allowance_ms(NiloBusChannel *self, const NiloRequest *request, gboolean last_of_several)
{
    const guint extra_ms = self->settings.answer_extra_ms + self->answer_extra_ms;
    const NiloAnswerTime *time =
        self->answer_time != NULL ? self->answer_time : &self->bus_answer_time;

    /* a meter that has become slower than it ever was still gets its chance */
    if (last_of_several)
        return request->first_byte_ms + extra_ms;
    return nilo_answer_time_get_allowance_ms(time, request->first_byte_ms, extra_ms);
}

static gboolean
send_request(NiloBusChannel *self, const NiloRequest *request, GCancellable *cancellable,
             GError **error)
{
    gint64 begin_us;

    if (!settle(self, cancellable, error))
        return FALSE;
    self->progress(self->user_data);
    begin_us = get_now_us(self);
    self->n_held = 0;
    if (!nilo_line_send(self->line, request->bytes, request->size, cancellable, error))
        return FALSE;
    nilo_evidence_add(self->evidence, '>', request->bytes, request->size);
    self->counts.requests++;
    self->counts.sent_bytes += request->size;
    /* a serial server says "sent" long before it is: it cannot be sooner than the wire allows */
    self->asked_us = MAX(get_now_us(self), begin_us + characters_to_us(self, request->size));
    self->active_us = self->asked_us;
    return TRUE;
}

static void
note_try(NiloBusChannel *self, const Try *try, NiloVerdict verdict, guint broken)
{
    const gboolean good = verdict == NILO_VERDICT_ANSWER;
    const gint64 idle_us = self->settings.idle_ms > 0 ? (gint64)self->settings.idle_ms * 1000
                                                      : bits_to_us(self, BITS_AFTER_ANSWER);

    self->counts.verdicts[verdict]++;
    self->counts.junk += try->junk;
    self->counts.broken += broken;
    self->counts.echoes += try->heard_echo ? 1 : 0;
    if (try->heard_echo)
        self->echoes_in_row++;
    else if (good && (try->request->flags & NILO_REQUEST_NO_ANSWER) == 0)
        self->echoes_in_row = 0;
    self->not_before_us =
        self->active_us + (good ? idle_us : MAX(idle_us, bits_to_us(self, BITS_AFTER_ERROR)));
    if (self->silent_answer_time != NULL && !self->silent_was_late)
        self->silent_answer_time->n_late = 0;
    self->silent_was_late = FALSE;
    self->silent_answer_time = verdict == NILO_VERDICT_SILENT ? self->answer_time : NULL;
    self->silent_asked_us = self->asked_us;
}

/* nobody answers a broadcast but the adapter that echoes */
static gboolean
swallow_echo(NiloBusChannel *self, gsize size, GCancellable *cancellable, GError **error)
{
    const gint64 until_us = self->asked_us + (gint64)self->settings.slack_ms * 1000;
    guint8 bytes[256];

    while (size > 0) {
        const gssize n = nilo_line_receive(self->line, bytes, MIN(size, sizeof bytes), until_us,
                                           cancellable, error);

        if (n <= 0)
            return n == 0;
        size -= (gsize)n;
        self->active_us = get_now_us(self);
    }
    return TRUE;
}

static gboolean
try_once(NiloBusChannel *self, const NiloRequest *request, gboolean last_of_several,
         NiloVerdict *verdict, NiloAnswer *answer, GCancellable *cancellable, GError **error)
{
    Try try = {.request = request, .answer_us = -1, .maybe_echo = TRUE};
    gboolean concluded = FALSE;
    NiloVerdict heard = NILO_N_VERDICTS;
    guint broken;

    try.broken_before = count_broken(self);
    if (!send_request(self, request, cancellable, error))
        return FALSE;
    answer->attempts++;
    if ((request->flags & NILO_REQUEST_NO_ANSWER) != 0) {
        *verdict = NILO_VERDICT_ANSWER;
        note_try(self, &try, *verdict, 0);
        return !nilo_bus_channel_has_echo(self) ||
               swallow_echo(self, request->size, cancellable, error);
    }
    try.heard_us = self->asked_us;
    try.first_until_us =
        self->asked_us + (gint64)get_allowance_ms(self, request, last_of_several) * 1000;
    try.over_us = try.first_until_us + characters_to_us(self, HEARD_MAX_CHARACTERS);
    if (!listen_for(self, &try, &heard, answer, cancellable, error))
        return FALSE;
    concluded = heard != NILO_N_VERDICTS;
    broken = (guint)(count_broken(self) - try.broken_before);
    if (!concluded && self->n_held > 0)
        try.heard_noise = TRUE;
    *verdict = concluded ? heard : conclude(&try, broken);
    answer->broken += broken;
    note_try(self, &try, *verdict, broken);
    return TRUE;
}

/* what says more about the reason stands when the tries ended differently */
static guint
rank(NiloVerdict verdict)
{
    static const guint8 ranks[NILO_N_VERDICTS] = {
        [NILO_VERDICT_SILENT] = 0,       [NILO_VERDICT_ECHO] = 1,
        [NILO_VERDICT_NOISE] = 2,        [NILO_VERDICT_BAD_CHECKSUM] = 3,
        [NILO_VERDICT_COLLISION] = 4,    [NILO_VERDICT_WRONG_METER] = 5,
        [NILO_VERDICT_ERROR_ANSWER] = 6, [NILO_VERDICT_BUSY] = 7,
        [NILO_VERDICT_ANSWER] = 8,
    };

    return ranks[verdict];
}

static gboolean
is_final(const NiloRequest *request, NiloVerdict verdict, guint attempt)
{
    switch (verdict) {
    case NILO_VERDICT_ANSWER:
    case NILO_VERDICT_BUSY:
    case NILO_VERDICT_ERROR_ANSWER:
        return TRUE;
    case NILO_VERDICT_COLLISION:
        return (request->flags & NILO_REQUEST_WILDCARD) != 0;
    case NILO_VERDICT_WRONG_METER:
        return attempt >= WRONG_METER_MAX_TRIES;
    default:
        return FALSE;
    }
}

static gboolean
check_open(NiloBusChannel *self, GError **error)
{
    if (self->line != NULL)
        return TRUE;
    g_set_error_literal(error, NILO_ERROR, NILO_ERROR_LINE_LOST, "the line is not open");
    return FALSE;
}

static gboolean
nilo_bus_channel_exchange(NiloChannel *channel, const NiloRequest *request, NiloVerdict *verdict,
                          NiloAnswer *answer, GCancellable *cancellable, GError **error)
{
    NiloBusChannel *self = NILO_BUS_CHANNEL(channel);
    const guint tries = (request->flags & NILO_REQUEST_ONCE) != 0 ? 1 : self->tries;
    NiloVerdict best = NILO_VERDICT_SILENT;
    NiloAnswer heard = {0};

    if (!check_open(self, error))
        return FALSE;
    self->counts.exchanges++;
    for (guint i = 1; i <= tries; i++) {
        const gboolean last_of_several = i == tries && tries > 1 && self->answer_time != NULL;
        NiloVerdict now;

        if (!try_once(self, request, last_of_several, &now, &heard, cancellable, error))
            return FALSE;
        best = rank(now) >= rank(best) ? now : best;
        if (is_final(request, now, i))
            break;
    }
    *verdict = best;
    if (answer != NULL)
        *answer = heard;
    return TRUE;
}

static gboolean
nilo_bus_channel_pause(NiloChannel *channel, guint duration_ms, GCancellable *cancellable,
                       GError **error)
{
    NiloBusChannel *self = NILO_BUS_CHANNEL(channel);
    const gint64 until_us = get_now_us(self) + (gint64)duration_ms * 1000;

    /* what must be quiet is the wire, not this thread: the next request waits */
    self->not_before_us = MAX(self->not_before_us, until_us);
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static gboolean
nilo_bus_channel_set_speed(NiloChannel *channel, guint speed_baud, GError **error)
{
    NiloBusChannel *self = NILO_BUS_CHANNEL(channel);

    return check_open(self, error) && nilo_line_set_speed(self->line, speed_baud, error);
}

static guint
nilo_bus_channel_get_speed(NiloChannel *channel)
{
    return get_speed(NILO_BUS_CHANNEL(channel));
}

static gboolean
nilo_bus_channel_send_break(NiloChannel *channel, guint duration_ms, GCancellable *cancellable,
                            GError **error)
{
    NiloBusChannel *self = NILO_BUS_CHANNEL(channel);

    if (!check_open(self, error) ||
        !nilo_line_send_break(self->line, duration_ms, cancellable, error))
        return FALSE;
    self->active_us = get_now_us(self);
    self->not_before_us = self->active_us + bits_to_us(self, BITS_AFTER_ERROR);
    return TRUE;
}

static NiloClock *
nilo_bus_channel_get_clock(NiloChannel *channel)
{
    return NILO_BUS_CHANNEL(channel)->clock;
}

static void
nilo_bus_channel_iface_init(NiloChannelInterface *iface)
{
    iface->exchange = nilo_bus_channel_exchange;
    iface->pause = nilo_bus_channel_pause;
    iface->set_speed = nilo_bus_channel_set_speed;
    iface->get_speed = nilo_bus_channel_get_speed;
    iface->send_break = nilo_bus_channel_send_break;
    iface->get_clock = nilo_bus_channel_get_clock;
}

static void
nilo_bus_channel_finalize(GObject *object)
{
    NiloBusChannel *self = NILO_BUS_CHANNEL(object);

    g_clear_object(&self->clock);
    g_clear_object(&self->line);
    g_clear_pointer(&self->evidence, nilo_evidence_free);
    G_OBJECT_CLASS(nilo_bus_channel_parent_class)->finalize(object);
}

static void
nilo_bus_channel_class_init(NiloBusChannelClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_bus_channel_finalize;
}

static void
nilo_bus_channel_init(NiloBusChannel *self)
{
    self->evidence = nilo_evidence_new();
    self->tries = 1;
}

static void
ignore_progress(gpointer user_data)
{
}

NiloBusChannel *
nilo_bus_channel_new(NiloClock *clock, const NiloBusChannelSettings *settings,
                     NiloBusChannelProgress progress, gpointer user_data)
{
    NiloBusChannel *self = g_object_new(NILO_TYPE_BUS_CHANNEL, NULL);

    self->clock = g_object_ref(clock);
    self->settings = *settings;
    self->progress = progress != NULL ? progress : ignore_progress;
    self->user_data = user_data;
    return self;
}

void
nilo_bus_channel_set_line(NiloBusChannel *self, NiloLine *line)
{
    g_set_object(&self->line, line);
    self->n_held = 0;
    self->silent_answer_time = NULL;
    self->babbling = FALSE;
    if (line == NULL)
        return;
    self->active_us = get_now_us(self);
    self->not_before_us = self->active_us + bits_to_us(self, BITS_AFTER_ERROR);
}

void
nilo_bus_channel_begin(NiloBusChannel *self, guint tries, guint answer_extra_ms,
                       NiloAnswerTime *answer_time)
{
    self->tries = MAX(tries, 1);
    self->answer_extra_ms = answer_extra_ms;
    self->answer_time = answer_time;
    self->counts = (NiloBusChannelCounts){0};
    nilo_evidence_clear(self->evidence);
}

void
nilo_bus_channel_forget(NiloBusChannel *self)
{
    self->answer_time = NULL;
    self->silent_answer_time = NULL;
}

void
nilo_bus_channel_get_counts(NiloBusChannel *self, NiloBusChannelCounts *counts)
{
    *counts = self->counts;
    counts->wire_us = characters_to_us(self, counts->sent_bytes + counts->heard_bytes);
}

const NiloAnswerTime *
nilo_bus_channel_get_answer_time(NiloBusChannel *self)
{
    return &self->bus_answer_time;
}

gboolean
nilo_bus_channel_has_echo(NiloBusChannel *self)
{
    return self->echoes_in_row >= ECHO_LEARNED;
}

gboolean
nilo_bus_channel_is_babbling(NiloBusChannel *self)
{
    return self->babbling;
}

GBytes *
nilo_bus_channel_dup_evidence(NiloBusChannel *self)
{
    return nilo_evidence_to_bytes(self->evidence);
}
