/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The same day on the host's process and on the image in QEMU: byte for byte they must say the
 * same. Only seconds, and the sums over them, may differ.
 */
#include "nilo-collector-bench.h"

#include <string.h>

#define CTR_READ  0x01
#define CTR_WRITE 0x04
#define NOON      "2026-03-15T12:00:05"

/* what was said in one run, in hex */
typedef struct {
    Bench *bench;
    GPtrArray *said; /* element-type utf8 */
} Diary;

static const GByteArray *
blank_seconds(const GByteArray *answer, guint at, GByteArray *copy)
{
    g_byte_array_set_size(copy, 0);
    g_byte_array_append(copy, answer->data, answer->len);
    if (at < copy->len)
        copy->data[at] = 0;
    if (copy->len > 2)
        copy->data[copy->len - 2] = 0;
    return copy;
}

/* @second: where a second stands, from the start byte on; 0: nowhere */
static void
note(Diary *diary, const char *what, guint second)
{
    const GByteArray *answer = diary->bench->master->answer;
    g_autoptr(GByteArray) copy = g_byte_array_new();
    GString *line = g_string_new(what);
    guint start = 0;

    while (start < answer->len && answer->data[start] == 0xfe)
        start++;
    if (second > 0)
        answer = blank_seconds(answer, start + second, copy);
    g_string_append_c(line, ':');
    for (guint i = 0; i < answer->len; i++)
        g_string_append_printf(line, " %02X", answer->data[i]);
    g_ptr_array_add(diary->said, g_string_free(line, FALSE));
}

/* a busy machine is late with an answer, and the collector then keeps it to itself; to the same
 * request it says the same */
#define TRIES 6

static void
ask_cjt188(Diary *diary, guint channel, guint8 control, const char *data, guint second)
{
    g_autofree char *what = g_strdup_printf("cjt188 %u, %02X, %s", channel, control, data);

    for (guint i = 0; i < TRIES; i++) {
        bench_ask_cjt188(diary->bench, channel, control, data);
        if (diary->bench->master->answer->len > 0)
            break;
    }
    note(diary, what, second);
}

static void
ask_mbus(Diary *diary, guint8 control, guint8 address)
{
    g_autofree char *what = g_strdup_printf("mbus %u, %02X", address, control);

    for (guint i = 0; i < TRIES; i++) {
        nilo_lab_test_master_short(diary->bench->master, control, address);
        if (diary->bench->master->answer->len > 0)
            break;
    }
    note(diary, what, 0);
}

static void
ask_all(Diary *diary)
{
    for (guint i = 0; i < BENCH_CHANNELS; i++) {
        /* DI DI SER, two volumes of five bytes, then the clock: from the start byte 11 more */
        ask_cjt188(diary, i, CTR_READ, "901F 01", 11 + 3 + 10);
        ask_mbus(diary, NILO_LAB_MBUS_SND_NKE, (guint8)(i + 1));
        ask_mbus(diary, 0x7b, (guint8)(i + 1));
        ask_mbus(diary, 0x5b, (guint8)(i + 1));
    }
}

static void
use_secondary(Diary *diary)
{
    nilo_lab_test_master_long(diary->bench->master, 0x53, 0xfd, 0x52, "03 00 05 26 FF FF FF FF");
    note(diary, "select", 0);
    ask_mbus(diary, 0x5b, 0xfd);
    nilo_lab_test_master_long(diary->bench->master, 0x53, 0xfd, 0x52, "FF FF FF F9 FF FF FF FF");
    note(diary, "select nobody", 0);
}

static GPtrArray *
live_through(NiloLabCollectorPort port)
{
    Diary diary = {bench_new(port, NOON, NULL), g_ptr_array_new_with_free_func(g_free)};
    g_autoptr(Bench) bench = diary.bench;

    bench_start(bench);
    ask_all(&diary);
    /* clean ones: how many bounces are taken for pulses cut short depends on this machine's mood */
    bench_pulse(bench, 0x5a, 3, 0);
    bench_assert_counts(bench);
    ask_all(&diary);
    ask_cjt188(&diary, 3, CTR_READ, "810A 01", 0);
    ask_cjt188(&diary, 3, CTR_READ, "D120 01", 0);
    ask_cjt188(&diary, 3, CTR_READ, "D160 01", 0);
    ask_cjt188(&diary, 3, CTR_WRITE, "A015 04 00 00 13 15 03 26 20", 0);
    ask_cjt188(&diary, 3, CTR_WRITE, "A015 04 00 00 25 15 03 26 20", 0);
    use_secondary(&diary);
    bench_restart(bench);
    ask_all(&diary);
    return diary.said;
}

static void
test_same_words(void)
{
    g_autofree char *why_not = nilo_lab_collector_why_not(NILO_LAB_COLLECTOR_QEMU);
    g_autoptr(GPtrArray) host = NULL;
    g_autoptr(GPtrArray) qemu = NULL;

    if (why_not != NULL) {
        g_test_skip(why_not);
        return;
    }
    host = live_through(NILO_LAB_COLLECTOR_HOST);
    qemu = live_through(NILO_LAB_COLLECTOR_QEMU);
    g_assert_cmpuint(host->len, ==, qemu->len);
    for (guint i = 0; i < host->len; i++)
        g_assert_cmpstr(g_ptr_array_index(host, i), ==, g_ptr_array_index(qemu, i));
    g_test_message("%u answers", host->len);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/collector/differential/same-words", test_same_words);
    return g_test_run();
}
