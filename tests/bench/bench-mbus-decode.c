/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-mbus-decode [--passes N] [FOLDER]
 *
 * Decodes every telegram (*.hex) of FOLDER ($NILO_CORPUS_DIR/mbus/frames without one) from its
 * bytes to its values, over and over: link frame, header, all records. With --passes exactly N
 * times, so that the difference of two runs under `valgrind --tool=callgrind` is the price of the
 * passes alone; otherwise for about a second. Prints name=value lines.
 *
 * The baseline of the same run is what no decoder can go below: adding up all bytes of each frame
 * and copying them once.
 */
#include "mbus/nilo-mbus-fixed.h"
#include "mbus/nilo-mbus-frame.h"
#include "mbus/nilo-mbus-header.h"
#include "mbus/nilo-mbus-record.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_FRAMES   512
#define RUN_SECONDS  1.0
#define PASSES_BATCH 200u
#define PATH_SIZE    4096

struct telegram {
    uint8_t bytes[NILO_MBUS_MAX_FRAME];
    size_t size;
};

static struct telegram telegrams[MAX_FRAMES];
static size_t n_telegrams;

/* what a loop has found; printed, so that no compiler can leave the work out */
struct totals {
    uint64_t frames;
    uint64_t records;
    uint64_t checksum;
};

/* Allocations are counted by standing in front of the C library's own functions. */
static volatile uint64_t allocations;

/* a sanitizer stands there already, and its own free() must meet its own malloc() */
#if !defined(__SANITIZE_ADDRESS__)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *
malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *
realloc(void *block, size_t size)
{
    allocations++;
    return __libc_realloc(block, size);
}
#endif

static size_t
read_hex(FILE *file, uint8_t *bytes, size_t capacity)
{
    unsigned value;
    size_t size = 0;

    while (size < capacity && fscanf(file, "%2x", &value) == 1)
        bytes[size++] = (uint8_t)value;
    return size;
}

static void
load_file(const char *folder, const char *name)
{
    struct telegram *telegram = &telegrams[n_telegrams];
    NiloMbusFrame frame;
    size_t consumed;
    char path[PATH_SIZE + 256]; /* a name has up to 255 bytes */
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "r");
    if (file == NULL)
        return;
    telegram->size = read_hex(file, telegram->bytes, sizeof telegram->bytes);
    fclose(file);
    /* refused frames would make the figures look better than they are */
    if (nilo_mbus_frame_parse(telegram->bytes, telegram->size, &frame, &consumed) == NILO_WIRE_OK)
        n_telegrams++;
}

static int
load_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    if (dir == NULL)
        return -1;
    while ((entry = readdir(dir)) != NULL && n_telegrams < MAX_FRAMES) {
        const char *dot = strrchr(entry->d_name, '.');

        if (dot != NULL && strcmp(dot, ".hex") == 0)
            load_file(folder, entry->d_name);
    }
    closedir(dir);
    return n_telegrams > 0 ? 0 : -1;
}

static void
decode_records(const NiloMbusHeader *header, struct totals *totals)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;
    uint64_t records = 0;
    uint64_t checksum = 0;

    nilo_mbus_record_iter_init(&iter, header->payload, header->payload_size);
    iter.is_high_byte_first = header->is_high_byte_first;
    while (nilo_mbus_record_iter_next(&iter, &record)) {
        records++;
        checksum += (uint64_t)record.value.mantissa + record.value.time.year;
    }
    totals->records += records;
    totals->checksum += checksum;
}

static void
decode_telegram(const struct telegram *telegram, struct totals *totals)
{
    NiloMbusFrame frame;
    NiloMbusHeader header;
    NiloMbusFixed fixed;
    size_t consumed;

    if (nilo_mbus_frame_parse(telegram->bytes, telegram->size, &frame, &consumed) != NILO_WIRE_OK)
        return;
    totals->frames++;
    if (nilo_mbus_header_parse(&frame, &header) != NILO_WIRE_OK || header.is_encrypted)
        return;
    if (header.content == NILO_MBUS_CONTENT_RECORDS) {
        decode_records(&header, totals);
    } else if (nilo_mbus_fixed_parse(&header, &fixed) == NILO_WIRE_OK) {
        totals->records += NILO_MBUS_FIXED_COUNTERS;
        totals->checksum += (uint64_t)fixed.counters[0].value.mantissa;
    }
}

static void
copy_telegram(const struct telegram *telegram, struct totals *totals)
{
    uint8_t copy[NILO_MBUS_MAX_FRAME];

    memcpy(copy, telegram->bytes, telegram->size);
    __asm__ volatile("" : : "r"(copy) : "memory");
    for (size_t i = 0; i < telegram->size; i++)
        totals->checksum += copy[i];
    totals->frames++;
}

static double
now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

typedef void (*Work)(const struct telegram *telegram, struct totals *totals);

/* @passes over all telegrams, or as many as fit into RUN_SECONDS when it is 0; seconds spent */
static double
run(Work work, unsigned long passes, struct totals *totals)
{
    const double start = now_seconds();
    const unsigned long batch = passes > 0 ? passes : PASSES_BATCH;

    do {
        for (unsigned long pass = 0; pass < batch; pass++) {
            for (size_t i = 0; i < n_telegrams; i++)
                work(&telegrams[i], totals);
        }
    } while (passes == 0 && now_seconds() - start < RUN_SECONDS);
    return now_seconds() - start;
}

static void
print_decode(double seconds, const struct totals *totals, uint64_t allocated)
{
    printf("frames=%llu\n", (unsigned long long)totals->frames);
    printf("records=%llu\n", (unsigned long long)totals->records);
    printf("checksum=%llu\n", (unsigned long long)totals->checksum);
    printf("frames_per_second=%.0f\n", (double)totals->frames / seconds);
    printf("records_per_second=%.0f\n", (double)totals->records / seconds);
    printf("allocations_per_record=%.6f\n", (double)allocated / (double)totals->records);
}

/* the folder to read: the last argument, else where the recorded telegrams are said to be */
static const char *
find_folder(const char *argument, char *path, size_t capacity)
{
    const char *corpus = getenv("NILO_CORPUS_DIR");

    if (argument != NULL)
        return argument;
    if (corpus == NULL)
        return NULL;
    snprintf(path, capacity, "%s/mbus/frames", corpus);
    return path;
}

static void
print_baseline(double seconds_per_frame)
{
    struct totals copied = {0};
    const double baseline = run(copy_telegram, 0, &copied) / (double)copied.frames;

    printf("baseline_frames_per_second=%.0f\n", 1 / baseline);
    printf("baseline_checksum=%llu\n", (unsigned long long)copied.checksum);
    printf("times_baseline=%.2f\n", seconds_per_frame / baseline);
}

int
main(int argc, char **argv)
{
    const bool has_passes = argc >= 3 && strcmp(argv[1], "--passes") == 0;
    const int n_options = has_passes ? 2 : 0;
    const unsigned long passes = has_passes ? strtoul(argv[2], NULL, 10) : 0;
    struct totals decoded = {0};
    char path[PATH_SIZE];
    const char *folder;
    uint64_t before;
    double seconds;

    if (argc > n_options + 2) {
        fprintf(stderr, "usage: bench-mbus-decode [--passes N] [FOLDER]\n");
        return 2;
    }
    folder = find_folder(argv[1 + n_options], path, sizeof path);
    if (folder == NULL || load_folder(folder) != 0) {
        printf("1..0 # SKIP no telegrams: give a folder or set NILO_CORPUS_DIR\n");
        return 77;
    }
    before = allocations;
    seconds = run(decode_telegram, passes, &decoded);
    print_decode(seconds, &decoded, allocations - before);
    if (passes == 0)
        print_baseline(seconds / (double)decoded.frames);
    return 0;
}
