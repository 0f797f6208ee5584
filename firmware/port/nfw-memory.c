/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The four functions that a compiler may call whatever the source says, for parts without a libc.
 * Bytes at a time: frames and records are short, and this is small. Compiled with
 * -fno-tree-loop-distribute-patterns, or the compiler would see through each loop and call the
 * function from within itself.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *one, const void *other, size_t size);

void *
memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *target = to;
    const uint8_t *source = from;

    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
    }
    return to;
}

void *
memmove(void *to, const void *from, size_t size)
{
    uint8_t *target = to;
    const uint8_t *source = from;

    if ((uintptr_t)target < (uintptr_t)source) {
        for (size_t i = 0; i < size; i++) {
            target[i] = source[i];
        }
    } else {
        for (size_t i = size; i > 0u; i--) {
            target[i - 1u] = source[i - 1u];
        }
    }
    return to;
}

void *
memset(void *to, int value, size_t size)
{
    uint8_t *target = to;

    for (size_t i = 0; i < size; i++) {
        target[i] = (uint8_t)value;
    }
    return to;
}

int
memcmp(const void *one, const void *other, size_t size)
{
    const uint8_t *left = one;
    const uint8_t *right = other;

    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}
