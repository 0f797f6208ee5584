/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A test runner for the freestanding rooms, where GLib is not at hand (other architectures under
 * emulation, the firmware's host port). Prints TAP; a failed check says where and what.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned nilo_test_count, nilo_test_failures;
static bool nilo_test_current_failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                               \
            nilo_test_current_failed = true;                                                       \
        }                                                                                          \
    } while (0)

#define CHECK_INT(found, expected)                                                                 \
    do {                                                                                           \
        const int64_t found_ = (int64_t)(found), expected_ = (int64_t)(expected);                  \
        if (found_ != expected_) {                                                                 \
            printf("# %s:%d: %s is %" PRId64 ", expected %" PRId64 "\n", __FILE__, __LINE__,       \
                   #found, found_, expected_);                                                     \
            nilo_test_current_failed = true;                                                       \
        }                                                                                          \
    } while (0)

#define CHECK_TEXT(found, expected)                                                                \
    do {                                                                                           \
        const char *found_ = (found), *expected_ = (expected);                                     \
        if (strcmp(found_, expected_) != 0) {                                                      \
            printf("# %s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #found, found_, \
                   expected_);                                                                     \
            nilo_test_current_failed = true;                                                       \
        }                                                                                          \
    } while (0)

static inline void
nilo_test_run(const char *path, void (*test)(const void *), const void *data)
{
    nilo_test_current_failed = false;
    test(data);
    nilo_test_count++;
    if (nilo_test_current_failed)
        nilo_test_failures++;
    printf("%s %u %s\n", nilo_test_current_failed ? "not ok" : "ok", nilo_test_count, path);
}

static inline int
nilo_test_finish(void)
{
    printf("1..%u\n", nilo_test_count);
    return nilo_test_failures == 0 ? 0 : 1;
}
