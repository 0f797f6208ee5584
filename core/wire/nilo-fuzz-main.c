/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a libFuzzer target as a plain test: every file named on the command line (or in a folder
 * named there), then a fixed number of inputs mutated from them and made of noise, by a fixed seed.
 * The real fuzzing is done by libFuzzer itself (meson setup -Dfuzz=true, clang); this keeps each
 * target building and passing everywhere, sanitizers included.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE  4096
#define MAX_SEEDS 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seed {
    uint8_t *bytes;
    size_t size;
};

static struct seed seeds[MAX_SEEDS];
static size_t n_seeds;

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* every input gets a heap block of exactly its size, so that a sanitizer sees one byte too far */
static void
run_one(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void
add_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;

    if (file == NULL || n_seeds == MAX_SEEDS) {
        if (file != NULL)
            fclose(file);
        return;
    }
    bytes = malloc(MAX_SIZE);
    if (bytes == NULL)
        abort();
    seeds[n_seeds].bytes = bytes;
    seeds[n_seeds].size = fread(bytes, 1, MAX_SIZE, file);
    n_seeds++;
    fclose(file);
}

static void
add_path(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    if (folder == NULL) {
        add_file(path);
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        char name[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        add_file(name);
    }
    closedir(folder);
}

static size_t
mutate(uint8_t *bytes, size_t size, uint64_t *state)
{
    const unsigned edits = 1 + next_random(state) % 4;

    for (unsigned i = 0; i < edits && size > 0; i++) {
        const size_t at = next_random(state) % size;

        switch (next_random(state) % 4) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << (next_random(state) % 8));
            break;
        case 1:
            bytes[at] = (uint8_t)next_random(state);
            break;
        case 2:
            size = at;
            break;
        default:
            memmove(bytes + at, bytes + at + 1, size - at - 1);
            size--;
            break;
        }
    }
    return size;
}

int
main(int argc, char **argv)
{
    const char *wanted = getenv("NILO_FUZZ_RUNS");
    const unsigned long runs = wanted != NULL ? strtoul(wanted, NULL, 10) : 20000;
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    uint8_t bytes[MAX_SIZE];

    for (int i = 1; i < argc; i++)
        add_path(argv[i]);
    for (size_t i = 0; i < n_seeds; i++)
        run_one(seeds[i].bytes, seeds[i].size);
    for (unsigned long run = 0; run < runs; run++) {
        size_t size;

        if (n_seeds > 0 && run % 4 != 0) {
            const struct seed *seed = &seeds[next_random(&state) % n_seeds];

            memcpy(bytes, seed->bytes, seed->size);
            size = mutate(bytes, seed->size, &state);
        } else {
            size = next_random(&state) % 300;
            for (size_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)next_random(&state);
        }
        run_one(bytes, size);
    }
    printf("1..1\nok 1 %zu seeds and %lu mutations\n", n_seeds, runs);
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].bytes);
    return 0;
}
