/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-test-channel.h"

#include <string.h>

#define ANSWER_MS  100
#define SILENCE_MS 1000
#define HELD_MAX   512

struct _NiloCjt188TestChannel {
    GObject parent_instance;

    NiloClock *clock;
    NiloCjt188TestAnswerFunc answer;
    gpointer user_data; /* borrowed, outlives us */
    guint tries;
    guint speed_baud;
    GString *asked;
    guint8 held[HELD_MAX];
    gsize n_held;
};

static void nilo_cjt188_test_channel_iface_init(NiloChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(NiloCjt188TestChannel, nilo_cjt188_test_channel, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(NILO_TYPE_CHANNEL,
                                                    nilo_cjt188_test_channel_iface_init))

static gboolean
find_request(const guint8 *bytes, gsize size, NiloCjt188Frame *frame)
{
    NiloCjt188Found found;

    if (nilo_cjt188_frame_find(bytes, size, &found) != NILO_WIRE_OK)
        return FALSE;
    *frame = found.frame;
    return TRUE;
}

static void
append_hex(GString *text, const guint8 *bytes, gsize size)
{
    for (gsize i = 0; i < size; i++)
        g_string_append_printf(text, "%02X", bytes[i]);
}

static void
note_request(NiloCjt188TestChannel *self, const NiloRequest *request)
{
    NiloCjt188Frame frame;

    if (self->asked->len > 0)
        g_string_append(self->asked, "; ");
    if (!find_request(request->bytes, request->size, &frame)) {
        g_string_append_printf(self->asked, "%" G_GSIZE_FORMAT " bytes", request->size);
        return;
    }
    g_string_append_printf(self->asked, "%02X ", frame.control);
    append_hex(self->asked, frame.data, MIN(frame.data_size, 2));
    if (frame.data_size > 3)
        append_hex(self->asked, frame.data + 3, frame.data_size - 3u);
}

static void
drop(NiloCjt188TestChannel *self, gsize size)
{
    size = MIN(size, self->n_held);
    self->n_held -= size;
    memmove(self->held, self->held + size, self->n_held);
}

typedef struct {
    gboolean noise;
    gboolean echo;
    gboolean damaged;
    gboolean foreign;
    gboolean collision;
} Heard;

/* looks at what is held; TRUE with a verdict when the exchange is over */
static gboolean
judge(NiloCjt188TestChannel *self, const NiloRequest *request, Heard *heard, NiloVerdict *verdict,
      NiloAnswer *answer)
{
    while (self->n_held > 0) {
        NiloFrameSpan span = {0};

        switch (request->frame(self->held, self->n_held, &span, request->user_data)) {
        case NILO_FRAME_NEED_MORE:
            return FALSE;
        case NILO_FRAME_COMPLETE:
        case NILO_FRAME_ERROR:
        case NILO_FRAME_BUSY:
            g_assert_cmpuint(span.offset + span.size, <=, self->n_held);
            answer->frame = self->held + span.offset;
            answer->size = span.size;
            *verdict = request->frame(self->held, self->n_held, &span, request->user_data) ==
                               NILO_FRAME_COMPLETE
                           ? NILO_VERDICT_ANSWER
                           : NILO_VERDICT_ERROR_ANSWER;
            return TRUE;
        case NILO_FRAME_ECHO:
            heard->echo = TRUE;
            drop(self, span.offset + span.size);
            break;
        case NILO_FRAME_BAD_CHECKSUM:
            heard->damaged = TRUE;
            drop(self, span.offset + 1);
            break;
        case NILO_FRAME_WRONG_METER:
            heard->foreign = TRUE;
            drop(self, span.offset + span.size);
            break;
        case NILO_FRAME_COLLISION:
            heard->collision = TRUE;
            drop(self, self->n_held);
            break;
        case NILO_FRAME_SKIP:
            heard->noise = TRUE;
            drop(self, MAX(span.offset, 1));
            break;
        }
    }
    return FALSE;
}

static NiloVerdict
conclude(const Heard *heard)
{
    if (heard->collision)
        return NILO_VERDICT_COLLISION;
    if (heard->foreign)
        return NILO_VERDICT_WRONG_METER;
    if (heard->damaged)
        return NILO_VERDICT_BAD_CHECKSUM;
    if (heard->noise)
        return NILO_VERDICT_NOISE;
    return heard->echo ? NILO_VERDICT_ECHO : NILO_VERDICT_SILENT;
}

static gboolean
listen_to(NiloCjt188TestChannel *self, const NiloRequest *request, const GByteArray *bytes,
          NiloVerdict *verdict, NiloAnswer *answer)
{
    Heard heard = {0};

    self->n_held = 0;
    for (guint i = 0; i < bytes->len && self->n_held < HELD_MAX; i++) {
        self->held[self->n_held++] = bytes->data[i];
        if (judge(self, request, &heard, verdict, answer))
            return TRUE;
    }
    /* nothing more comes of a frame that was begun: what stands behind its first byte may be one */
    while (self->n_held > 0) {
        heard.noise = TRUE;
        drop(self, 1);
        if (judge(self, request, &heard, verdict, answer))
            return TRUE;
    }
    *verdict = conclude(&heard);
    return FALSE;
}

static gboolean
test_exchange(NiloChannel *channel, const NiloRequest *request, NiloVerdict *verdict,
              NiloAnswer *answer, GCancellable *cancellable, GError **error)
{
    NiloCjt188TestChannel *self = NILO_CJT188_TEST_CHANNEL(channel);
    const guint tries = (request->flags & NILO_REQUEST_ONCE) != 0 ? 1 : self->tries;

    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    for (guint i = 0; i < tries; i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        gboolean over;

        note_request(self, request);
        answer->attempts++;
        if ((request->flags & NILO_REQUEST_NO_ANSWER) != 0) {
            *verdict = NILO_VERDICT_ANSWER;
            return TRUE;
        }
        self->answer(request->bytes, request->size, bytes, self->user_data);
        over = listen_to(self, request, bytes, verdict, answer);
        nilo_fake_clock_advance(NILO_FAKE_CLOCK(self->clock),
                                (over ? ANSWER_MS : SILENCE_MS) * G_GINT64_CONSTANT(1000));
        if (over)
            break;
    }
    return TRUE;
}

static gboolean
test_pause(NiloChannel *channel, guint duration_ms, GCancellable *cancellable, GError **error)
{
    NiloCjt188TestChannel *self = NILO_CJT188_TEST_CHANNEL(channel);

    nilo_fake_clock_advance(NILO_FAKE_CLOCK(self->clock), (gint64)duration_ms * 1000);
    return TRUE;
}

static gboolean
test_set_speed(NiloChannel *channel, guint speed_baud, GError **error)
{
    NILO_CJT188_TEST_CHANNEL(channel)->speed_baud = speed_baud;
    return TRUE;
}

static guint
test_get_speed(NiloChannel *channel)
{
    return NILO_CJT188_TEST_CHANNEL(channel)->speed_baud;
}

static NiloClock *
test_get_clock(NiloChannel *channel)
{
    return NILO_CJT188_TEST_CHANNEL(channel)->clock;
}

static void
nilo_cjt188_test_channel_iface_init(NiloChannelInterface *iface)
{
    iface->exchange = test_exchange;
    iface->pause = test_pause;
    iface->set_speed = test_set_speed;
    iface->get_speed = test_get_speed;
    iface->get_clock = test_get_clock;
}

static void
nilo_cjt188_test_channel_finalize(GObject *object)
{
    NiloCjt188TestChannel *self = NILO_CJT188_TEST_CHANNEL(object);

    g_clear_object(&self->clock);
    g_string_free(self->asked, TRUE);
    G_OBJECT_CLASS(nilo_cjt188_test_channel_parent_class)->finalize(object);
}

static void
nilo_cjt188_test_channel_class_init(NiloCjt188TestChannelClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = nilo_cjt188_test_channel_finalize;
}

static void
nilo_cjt188_test_channel_init(NiloCjt188TestChannel *self)
{
    self->tries = 1;
    self->speed_baud = 2400;
    self->asked = g_string_new(NULL);
}

NiloCjt188TestChannel *
nilo_cjt188_test_channel_new(NiloClock *clock, NiloCjt188TestAnswerFunc answer, gpointer user_data)
{
    NiloCjt188TestChannel *self = g_object_new(NILO_TYPE_CJT188_TEST_CHANNEL, NULL);

    self->clock = g_object_ref(clock);
    self->answer = answer;
    self->user_data = user_data;
    return self;
}

void
nilo_cjt188_test_channel_set_tries(NiloCjt188TestChannel *self, guint tries)
{
    self->tries = tries;
}

char *
nilo_cjt188_test_channel_take_asked(NiloCjt188TestChannel *self)
{
    char *asked = g_string_free(self->asked, FALSE);

    self->asked = g_string_new(NULL);
    return asked;
}

guint
nilo_cjt188_test_channel_get_speed(NiloCjt188TestChannel *self)
{
    return self->speed_baud;
}

/* --- answers ------------------------------------------------------------------------------------
 */

static void
append_byte(GByteArray *answer, guint8 byte)
{
    g_byte_array_append(answer, &byte, 1);
}

static guint8
sum_from(const GByteArray *answer, guint start)
{
    guint8 sum = 0;

    for (guint i = start; i < answer->len; i++)
        sum = (guint8)(sum + answer->data[i]);
    return sum;
}

static void
append_part(char part, const NiloCjt188Frame *asked, const guint8 *request, gsize size, guint start,
            GByteArray *answer)
{
    switch (part) {
    case 'A':
        g_byte_array_append(answer, asked->address.bytes, NILO_CJT188_ADDRESS_SIZE);
        break;
    case 'D':
        g_byte_array_append(answer, asked->data, 2);
        break;
    case 'd':
        append_byte(answer, asked->data[1]);
        append_byte(answer, asked->data[0]);
        break;
    case 'S':
        append_byte(answer, asked->data[2]);
        break;
    case 'L':
        append_byte(answer, (guint8)(asked->data[2] - 1));
        break;
    case 'E':
        g_byte_array_append(answer, request, (guint)size);
        break;
    case 'C':
        append_byte(answer, sum_from(answer, start));
        break;
    default:
        g_assert_not_reached();
    }
}

void
nilo_cjt188_test_answer_expand(const char *words, const guint8 *request, gsize size,
                               GByteArray *answer)
{
    g_auto(GStrv) parts = g_strsplit(words, " ", -1);
    NiloCjt188Frame asked;
    guint start = 0;

    g_assert_true(find_request(request, size, &asked));
    for (guint i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] == '^')
            start = answer->len;
        else if (parts[i][0] == '@')
            append_part(parts[i][1], &asked, request, size, start, answer);
        else if (parts[i][0] != '\0')
            append_byte(answer, (guint8)g_ascii_strtoull(parts[i], NULL, 16));
    }
}
