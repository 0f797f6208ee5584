/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal-segment.h"

#include <string.h>

#define SUFFIX ".segment"

char *
nilo_journal_segment_build_path(const char *folder, guint64 first, const char *suffix)
{
    return g_strdup_printf("%s/%016" G_GINT64_MODIFIER "x%s", folder, first,
                           suffix != NULL ? suffix : SUFFIX);
}

gboolean
nilo_journal_segment_parse_name(const char *name, guint64 *first)
{
    g_autofree char *digits = NULL;

    if (strlen(name) != 16 + strlen(SUFFIX) || !g_str_has_suffix(name, SUFFIX))
        return FALSE;
    digits = g_strndup(name, 16);
    return g_ascii_string_to_unsigned(digits, 16, 1, G_MAXUINT64, first, NULL);
}

/* 1: whole, 0: none of ours, -1: ours but not whole, less: a negative errno - 1 */
static int
judge(NiloJournalFiles *files, int file, gint64 size, const guint8 *head, NiloJournalScan *scan)
{
    NiloJournalRecord record;
    gssize got;

    if (!nilo_journal_record_parse_head(head, &record) || record.epoch != scan->epoch)
        return scan->after + 1 < scan->before &&
                       nilo_journal_record_resembles(head, scan->epoch, scan->after + 1)
                   ? -1
                   : 0;
    if (record.sequence <= scan->after || record.sequence >= scan->before)
        return 0;
    if (record.size > size - scan->position - NILO_JOURNAL_RECORD_HEAD_SIZE)
        return -1;
    g_byte_array_set_size(scan->packed, record.size);
    got = nilo_journal_files_read_all(files, file, scan->packed->data, record.size,
                                      scan->position + NILO_JOURNAL_RECORD_HEAD_SIZE);
    if (got < 0 && !scan->pass_errors)
        return (int)got - 1;
    if (got != (gssize)record.size || !nilo_journal_record_check(&record, head, scan->packed->data))
        return -1;
    scan->record = record;
    return 1;
}

int
nilo_journal_segment_scan(NiloJournalFiles *files, int file, gint64 size, NiloJournalScan *scan)
{
    guint8 page[NILO_JOURNAL_PAGE_SIZE];
    gint64 page_at = -1;

    for (; scan->position + NILO_JOURNAL_RECORD_HEAD_SIZE <= size;
         scan->position += NILO_JOURNAL_SECTOR_SIZE) {
        const gint64 in_page = scan->position % NILO_JOURNAL_PAGE_SIZE;
        int verdict;

        if (scan->position - in_page != page_at) {
            gssize got;

            page_at = scan->position - in_page;
            got = nilo_journal_files_read_all(files, file, page, sizeof page, page_at);
            if (got < 0 && !scan->pass_errors)
                return (int)got;
            scan->has_damage = scan->has_damage || got < 0;
            got = MAX(got, 0);
            memset(page + got, 0, sizeof page - (gsize)got);
        }
        verdict = judge(files, file, size, page + in_page, scan);
        if (verdict < -1)
            return verdict + 1;
        if (verdict < 0)
            scan->has_damage = TRUE;
        if (verdict > 0) {
            scan->position += NILO_JOURNAL_RECORD_HEAD_SIZE + (gint64)scan->record.size;
            scan->position += -scan->position & (NILO_JOURNAL_SECTOR_SIZE - 1);
            return 1;
        }
    }
    return 0;
}
