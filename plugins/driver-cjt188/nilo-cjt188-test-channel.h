/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer-wire.h>
#include <nilometer.h>

G_BEGIN_DECLS

#define NILO_TYPE_CJT188_TEST_CHANNEL (nilo_cjt188_test_channel_get_type())

/**
 * NiloCjt188TestChannel:
 *
 * A line without a line: bytes that a test makes up answer what a driver asks. Hands them over one
 * by one, as a slow line would, and judges as the bus does.
 */
G_DECLARE_FINAL_TYPE(NiloCjt188TestChannel, nilo_cjt188_test_channel, NILO, CJT188_TEST_CHANNEL,
                     GObject)

/* Makes what is heard after a request; nothing appended: silence. */
typedef void (*NiloCjt188TestAnswerFunc)(const guint8 *request, gsize size, GByteArray *answer,
                                         gpointer user_data);

NiloCjt188TestChannel *
nilo_cjt188_test_channel_new(NiloClock *clock, NiloCjt188TestAnswerFunc answer, gpointer user_data);

/* how often a request is repeated when nothing fits, as a bus does for living meters; first 1 */
void nilo_cjt188_test_channel_set_tries(NiloCjt188TestChannel *self, guint tries);

/* control and data of each request without SER, "01 901F; 04 A01755"; forgets them */
char *nilo_cjt188_test_channel_take_asked(NiloCjt188TestChannel *self);

guint nilo_cjt188_test_channel_get_speed(NiloCjt188TestChannel *self);

/**
 * nilo_cjt188_test_answer_expand:
 * @words: bytes in hex, and: ^ here the sum begins, @A the address asked, @D the identifier as
 *   asked, @d its bytes turned round, @S the serial number, @L the one before it, @E the whole
 *   request, @C the sum
 *
 * Appends an answer to @request.
 */
void nilo_cjt188_test_answer_expand(const char *words, const guint8 *request, gsize size,
                                    GByteArray *answer);

G_END_DECLS
