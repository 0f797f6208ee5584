/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Decodes every recorded frame under $NILO_CORPUS_DIR/cjt188 and compares each key its file
 * carries. Left out are only "source" and "note", which are about the file: everything else must
 * follow from the bytes. Good frames must also come out of the builder as they went in.
 */
#include "nilo-cjt188-text.h"
#include "nilo-wire-test.h"

#include <dirent.h>
#include <stdlib.h>

#define MAX_BYTES 512
#define MAX_LINE  2048
#define MAX_KEYS  64

typedef struct {
    char key[NILO_CJT188_LINE_KEY_SIZE];
    char text[MAX_LINE];
} Entry;

typedef struct {
    Entry entries[MAX_KEYS];
    size_t n_entries;
    uint8_t bytes[MAX_BYTES];
    size_t size;
} Record;

static unsigned n_files, n_keys, n_rebuilt;

static size_t
bytes_from_hex(const char *hex, uint8_t *bytes)
{
    size_t size = 0;
    unsigned byte;
    int used;

    while (size < MAX_BYTES && sscanf(hex, " %2x%n", &byte, &used) == 1) {
        bytes[size++] = (uint8_t)byte;
        hex += used;
    }
    return size;
}

static void
record_take_line(Record *record, char *line)
{
    char *colon = strstr(line, ": ");

    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '#' || colon == NULL)
        return;
    *colon = '\0';
    if (strcmp(line, "hex") == 0) {
        record->size = bytes_from_hex(colon + 2, record->bytes);
    } else if (strcmp(line, "source") != 0 && strcmp(line, "note") != 0) {
        Entry *entry = &record->entries[record->n_entries];

        if (record->n_entries == MAX_KEYS || strlen(line) >= sizeof entry->key) {
            CHECK(!"record too large");
            return;
        }
        strcpy(entry->key, line);
        strcpy(entry->text, colon + 2);
        record->n_entries++;
    }
}

static bool
record_read(Record *record, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[MAX_LINE];

    record->n_entries = 0;
    record->size = 0;
    if (file == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL)
        record_take_line(record, line);
    fclose(file);
    return record->size > 0;
}

static const char *
record_find(const Record *record, const char *key)
{
    for (size_t i = 0; i < record->n_entries; i++) {
        if (strcmp(record->entries[i].key, key) == 0)
            return record->entries[i].text;
    }
    return NULL;
}

static void
check_lines(const Record *record)
{
    static char text[NILO_CJT188_LINE_TEXT_SIZE(MAX_BYTES)];
    char key[NILO_CJT188_LINE_KEY_SIZE];
    NiloCjt188Lines lines;
    unsigned n_found = 0;

    nilo_cjt188_line_start(&lines, record->bytes, record->size, NULL);
    while (nilo_cjt188_line_next(&lines, key, text, sizeof text)) {
        const char *wanted = record_find(record, key);

        if (wanted == NULL)
            continue;
        CHECK_TEXT(text, wanted);
        n_found++;
    }
    CHECK_INT(n_found, record->n_entries);
    n_keys += n_found;
}

static void
check_rebuilt(const Record *record)
{
    NiloCjt188Found found;
    NiloCjt188Message message;
    uint8_t bytes[NILO_CJT188_FRAME_MAX_SIZE];
    size_t size;

    if (nilo_cjt188_frame_find(record->bytes, record->size, &found) != NILO_WIRE_OK)
        return;
    CHECK_INT(nilo_cjt188_frame_build(&found.frame, 0, bytes, sizeof bytes, &size), NILO_WIRE_OK);
    CHECK_INT(size, found.frame.size);
    CHECK(memcmp(bytes, found.frame.bytes, size) == 0);

    nilo_cjt188_message_parse(&found.frame, &message);
    if (!message.is_answer && nilo_cjt188_function_is_write(message.function) &&
        nilo_cjt188_address_is_wildcard(&found.frame.address))
        return;
    CHECK_INT(nilo_cjt188_message_build(&message, 0, found.frame.type, &found.frame.address, bytes,
                                        sizeof bytes, &size),
              NILO_WIRE_OK);
    CHECK_INT(size, found.frame.size);
    CHECK(memcmp(bytes, found.frame.bytes, size) == 0);
    n_rebuilt++;
}

/* one byte more at a time, as a line delivers them: no verdict but "wait" before the frame is whole
 */
static void
check_byte_by_byte(const Record *record)
{
    NiloCjt188Found whole, found;

    if (nilo_cjt188_frame_find(record->bytes, record->size, &whole) != NILO_WIRE_OK)
        return;
    for (size_t size = 0; size < record->size; size++) {
        const size_t end = whole.preamble_size + whole.frame.size;
        const NiloWireResult result = nilo_cjt188_frame_find(record->bytes, size, &found);

        if (size >= end)
            CHECK_INT(result, NILO_WIRE_OK);
        else if (size > whole.preamble_size)
            CHECK_INT(result, NILO_WIRE_NEED_MORE);
        if (size >= whole.preamble_size + NILO_CJT188_FRAME_HEAD_SIZE && size < end)
            CHECK_INT(found.expected_size, end);
    }
}

static void
test_record(const void *data)
{
    static Record record;

    CHECK(record_read(&record, data));
    check_lines(&record);
    check_rebuilt(&record);
    check_byte_by_byte(&record);
    n_files++;
}

static int
is_record(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".txt") == 0;
}

int
main(void)
{
    const char *root = getenv("NILO_CORPUS_DIR");
    struct dirent **entries;
    char path[4096];
    int n_entries;

    if (root == NULL) {
        printf("1..0 # SKIP NILO_CORPUS_DIR is not set\n");
        return 0;
    }
    snprintf(path, sizeof path, "%s/cjt188", root);
    n_entries = scandir(path, &entries, is_record, alphasort);
    if (n_entries <= 0) {
        printf("1..0 # SKIP no records in NILO_CORPUS_DIR\n");
        return 0;
    }
    for (int i = 0; i < n_entries; i++) {
        snprintf(path, sizeof path, "%s/cjt188/%s", root, entries[i]->d_name);
        nilo_test_run(entries[i]->d_name, test_record, path);
        free(entries[i]);
    }
    free(entries);
    printf("# %u files, %u keys compared, %u frames built again\n", n_files, n_keys, n_rebuilt);
    return nilo_test_finish();
}
