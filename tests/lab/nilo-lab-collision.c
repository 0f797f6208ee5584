/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Two meters at once. On both buses a 0 wins over a 1 (M-Bus: a space draws more current), so the
 * wire is the AND of all signals, and a receiver samples that: two E5 in step stay a clean E5, out
 * of step they become something else.
 */
#include "nilo-lab-collision.h"

#include <string.h>

#define NS_PER_S         G_GINT64_CONSTANT(1000000000)
#define BITS_PER_BYTE    11
#define STOP_BIT         10
#define SAMPLES_PER_BIT  16
#define SAMPLES_PER_BYTE (BITS_PER_BYTE * SAMPLES_PER_BIT)
#define MIDDLE           (SAMPLES_PER_BIT / 2)
/* a UART still hears a line that is so far off */
#define MAX_SPEED_ERROR_PERCENT 3

/**
 * nilo_lab_is_same_speed:
 * @a_baud: what a divisor has made of a speed
 * @b_baud: the speed
 *
 * Returns: whether two UARTs would hear each other
 */
gboolean
nilo_lab_is_same_speed(guint a_baud, guint b_baud)
{
    return 100 * ABS((gint)a_baud - (gint)b_baud) <= MAX_SPEED_ERROR_PERCENT * (gint)b_baud;
}

/* start, 8 data bits (lowest first), even parity, stop; bit i of the result is the i-th on the wire
 */
static guint
character(guint8 byte)
{
    const guint parity = (guint)__builtin_popcount(byte) & 1;

    return (guint)byte << 1 | parity << 9 | 1u << 10;
}

static void
draw(guint8 *wire, gsize from, const NiloLabSignal *signal)
{
    for (gsize i = 0; i < signal->size; i++) {
        const guint bits = character(signal->bytes[i]);

        for (gsize s = 0; s < SAMPLES_PER_BYTE; s++) {
            if ((bits >> (s / SAMPLES_PER_BIT) & 1) == 0)
                wire[from + i * SAMPLES_PER_BYTE + s] = 0;
        }
    }
}

/* a UART: wait for a falling edge, look into the middle of each bit */
static void
sample(const guint8 *wire, gsize n, gint64 start_ns, gint64 byte_ns, gint meter, GArray *heard)
{
    gsize at = 0;

    while (at + SAMPLES_PER_BYTE <= n) {
        NiloLabByte byte = {.meter = meter};
        guint ones;

        if (wire[at] != 0 || wire[at + MIDDLE] != 0) {
            at++;
            continue;
        }
        for (guint bit = 0; bit < 8; bit++)
            byte.byte |= (guint8)(wire[at + (bit + 1) * SAMPLES_PER_BIT + MIDDLE] << bit);
        ones = (guint)__builtin_popcount(byte.byte) + wire[at + 9 * SAMPLES_PER_BIT + MIDDLE];
        byte.damaged = (ones & 1) != 0 || wire[at + 10 * SAMPLES_PER_BIT + MIDDLE] == 0;
        byte.end_ns = start_ns + (gint64)(at + SAMPLES_PER_BYTE) * byte_ns / SAMPLES_PER_BYTE;
        g_array_append_val(heard, byte);
        at += 10 * SAMPLES_PER_BIT + MIDDLE;
        while (at < n && wire[at] == 0)
            at++;
    }
}

static void
hear_one(const NiloLabSignal *signal, gint64 byte_ns, GArray *heard)
{
    for (gsize i = 0; i < signal->size; i++) {
        const NiloLabByte byte = {.end_ns = signal->start_ns + (gint64)(i + 1) * byte_ns,
                                  .byte = signal->bytes[i],
                                  .meter = signal->meter};

        g_array_append_val(heard, byte);
    }
}

/**
 * nilo_lab_signals_hear:
 * @signals: (array length=n): who speaks, in any order
 * @n: 1 or more
 * @byte_ns: 11 bit times
 * @heard: (element-type NiloLabByte): what a receiver makes of it is appended, in order of time
 *
 * Lays signals over each other. Between bytes of one signal there is no pause.
 */
void
nilo_lab_signals_hear(const NiloLabSignal *signals, gsize n, gint64 byte_ns, GArray *heard)
{
    g_autofree guint8 *wire = NULL;
    gint64 start = G_MAXINT64;
    gint64 end = 0;
    gsize samples;

    if (n == 1) {
        hear_one(&signals[0], byte_ns, heard);
    } else {
        for (gsize i = 0; i < n; i++) {
            start = MIN(start, signals[i].start_ns);
            end = MAX(end, signals[i].start_ns + (gint64)signals[i].size * byte_ns);
        }
        /* one byte of rest behind, so that the last character is whole even when shifted */
        samples = (gsize)((end - start) * SAMPLES_PER_BYTE / byte_ns) + 2 * SAMPLES_PER_BYTE;
        wire = g_malloc(samples);
        memset(wire, 1, samples);
        for (gsize i = 0; i < n; i++)
            draw(wire, (gsize)((signals[i].start_ns - start) * SAMPLES_PER_BYTE / byte_ns),
                 &signals[i]);
        sample(wire, samples, start, byte_ns, signals[0].meter, heard);
    }
    if (heard->len > 0)
        g_array_index(heard, NiloLabByte, heard->len - 1).last = TRUE;
}

/**
 * nilo_lab_bytes_insert:
 * @bytes: (element-type NiloLabByte): in the order of time
 * @from: those before it are gone
 * @byte: one more
 * @byte_ns: 11 bit times
 *
 * Keeps the order of time; two characters at once become one broken one.
 */
void
nilo_lab_bytes_insert(GArray *bytes, guint from, const NiloLabByte *byte, gint64 byte_ns)
{
    guint at = bytes->len;

    while (at > from) {
        NiloLabByte *other = &g_array_index(bytes, NiloLabByte, at - 1);

        if (ABS(other->end_ns - byte->end_ns) < byte_ns - 1) {
            other->byte &= byte->byte;
            other->damaged = TRUE;
            other->last = other->last || byte->last;
            return;
        }
        if (other->end_ns < byte->end_ns)
            break;
        at--;
    }
    g_array_insert_vals(bytes, at, byte, 1);
}

/* the wire @time_ns after the start bit began; idle behind the stop bit */
static gboolean
is_mark(guint bits, gint64 time_ns, guint speed_baud)
{
    const gint64 bit = time_ns * speed_baud / NS_PER_S;

    return bit > STOP_BIT || (bits >> bit & 1) != 0;
}

/**
 * nilo_lab_byte_resample:
 * @byte: sent with even parity
 * @speed_baud: at this speed
 * @heard_at_baud: the speed of who hears it
 * @heard: (element-type NiloLabByte): what that one makes of it is appended: a faster one sees
 *   several characters, a slower one sees one that ends later
 *
 * Hears a byte at another speed than it was sent with, as if silence were around it.
 */
void
nilo_lab_byte_resample(const NiloLabByte *byte, guint speed_baud, guint heard_at_baud,
                       GArray *heard)
{
    const guint bits = character(byte->byte);
    const gint64 sent_ns = BITS_PER_BYTE * NS_PER_S / speed_baud;
    const gint64 bit_ns = NS_PER_S / heard_at_baud;
    gint64 at_ns = 0;

    while (at_ns < sent_ns) {
        NiloLabByte one = {.meter = byte->meter};
        guint ones;

        if (is_mark(bits, at_ns, speed_baud)) {
            at_ns += bit_ns / SAMPLES_PER_BIT;
            continue;
        }
        for (guint bit = 0; bit < 8; bit++) {
            const gint64 middle_ns = at_ns + bit_ns * (bit + 1) + bit_ns / 2;

            one.byte |= (guint8)(is_mark(bits, middle_ns, speed_baud) << bit);
        }
        ones = (guint)__builtin_popcount(one.byte) +
               (guint)is_mark(bits, at_ns + bit_ns * 9 + bit_ns / 2, speed_baud);
        at_ns += bit_ns * STOP_BIT + bit_ns / 2;
        one.damaged = (ones & 1) != 0 || !is_mark(bits, at_ns, speed_baud);
        one.end_ns = byte->end_ns - sent_ns + at_ns + bit_ns / 2;
        g_array_append_val(heard, one);
        while (at_ns < sent_ns && !is_mark(bits, at_ns, speed_baud))
            at_ns += bit_ns / SAMPLES_PER_BIT;
    }
}
