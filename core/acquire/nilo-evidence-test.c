/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-evidence.h"

#include <string.h>

static void
assert_text(const NiloEvidence *evidence, const char *expected)
{
    g_autoptr(GBytes) bytes = nilo_evidence_to_bytes(evidence);
    gsize size;
    const char *text = g_bytes_get_data(bytes, &size);
    g_autofree char *copy = g_strndup(text, size);

    g_assert_cmpstr(copy, ==, expected);
}

static void
test_pieces_are_joined(void)
{
    g_autoptr(NiloEvidence) evidence = nilo_evidence_new();

    nilo_evidence_add(evidence, '>', (const guint8 *)"\x10\x5b", 2);
    nilo_evidence_add(evidence, '<', (const guint8 *)"\xe5", 1);
    nilo_evidence_add(evidence, '<', (const guint8 *)"\x00", 1);
    nilo_evidence_add(evidence, '>', (const guint8 *)"\x40", 1);
    assert_text(evidence, "> 105b\n< e500\n> 40\n");
}

static void
test_nothing(void)
{
    g_autoptr(NiloEvidence) evidence = nilo_evidence_new();

    nilo_evidence_add(evidence, '>', (const guint8 *)"\x10", 1);
    nilo_evidence_clear(evidence);
    g_assert_null(nilo_evidence_to_bytes(evidence));
}

static void
test_stays_bounded(void)
{
    g_autoptr(NiloEvidence) evidence = nilo_evidence_new();
    g_autoptr(GBytes) bytes = NULL;
    const char *text;
    guint8 noise[300];
    gsize size;

    memset(noise, 0x55, sizeof noise);
    for (guint i = 0; i < 1000; i++) {
        nilo_evidence_add(evidence, '>', noise, 1 + i % sizeof noise);
        for (guint j = 0; j < 10; j++)
            nilo_evidence_add(evidence, '<', noise, sizeof noise);
    }
    nilo_evidence_add(evidence, '>', (const guint8 *)"\xab", 1);
    bytes = nilo_evidence_to_bytes(evidence);
    g_assert_cmpuint(g_bytes_get_size(bytes), <,
                     2 * NILO_EVIDENCE_MAX_BYTES + 3 * NILO_EVIDENCE_MAX_FRAMES);
    text = g_bytes_get_data(bytes, &size);
    g_assert_cmpmem(text + size - 5, 5, "> ab\n", 5);
}

static void
test_many_small_frames(void)
{
    g_autoptr(NiloEvidence) evidence = nilo_evidence_new();
    g_autoptr(GBytes) bytes = NULL;

    for (guint i = 0; i < 1000; i++)
        nilo_evidence_add(evidence, '>', (const guint8 *)"\x01", 1);
    bytes = nilo_evidence_to_bytes(evidence);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, 5 * NILO_EVIDENCE_MAX_FRAMES);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evidence/pieces-are-joined", test_pieces_are_joined);
    g_test_add_func("/evidence/nothing", test_nothing);
    g_test_add_func("/evidence/stays-bounded", test_stays_bounded);
    g_test_add_func("/evidence/many-small-frames", test_many_small_frames);
    return g_test_run();
}
