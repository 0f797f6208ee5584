/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-csv-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "nilo-csv-rows.h"
#include "nilo-csv-tail.h"

#define PREFIX "readings-"
#define SUFFIX ".csv"

/* enough for the end of most batches; doubled until it is */
#define TAIL_SIZE 16384

/* a flat's readings tell when its people are at home: not for everybody */
#define FILE_MODE 0640

static gboolean
set_file_error(const char *path, int number, GError **error)
{
    const gboolean is_full = number == ENOSPC || number == EDQUOT;

    g_set_error(error, NILO_ERROR, is_full ? NILO_ERROR_NO_SPACE : NILO_ERROR_FAILED,
                _("cannot write %s: %s"), path, g_strerror(number));
    return FALSE;
}

/* 0 or an errno */
static int
read_at(int fd, char *buffer, gsize size, gint64 offset)
{
    gsize done = 0;

    while (done < size) {
        const gssize n = pread(fd, buffer + done, size - done, offset + (gint64)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        done += (gsize)n;
    }
    return 0;
}

/* how far the file has come; 0 or an errno */
static int
find_tail(int fd, gint64 *end, NiloCsvTail *tail)
{
    const gint64 size = lseek(fd, 0, SEEK_END);
    gint64 part = TAIL_SIZE;

    if (size < 0)
        return errno;
    for (;; part *= 2) {
        const gint64 start = MAX(size - part, 0);
        g_autofree char *text = g_malloc((gsize)(size - start) + 1);
        const int number = read_at(fd, text, (gsize)(size - start), start);

        if (number != 0)
            return number;
        nilo_csv_tail_parse(text, (gsize)(size - start), start == 0, tail);
        *end = start + (gint64)tail->end;
        if (tail->complete)
            return 0;
    }
}

static int
write_at(int fd, const char *text, gint64 offset)
{
    const gsize size = strlen(text);
    gsize done = 0;

    while (done < size) {
        const gssize n = pwrite(fd, text + done, size - done, offset + (gint64)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        done += (gsize)n;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* those of @rows that the file does not have yet */
static const char *
skip_rows(const char *rows, const NiloCsvTail *tail, guint64 epoch, guint64 sequence)
{
    if (!tail->has_key || tail->epoch != epoch || sequence == 0 || tail->sequence < sequence)
        return rows;
    if (tail->sequence > sequence)
        return "";
    for (guint i = 0; i < tail->rows && *rows != '\0'; i++)
        rows = strchr(rows, '\n') + 1;
    return rows;
}

static int
append_missing(int fd, guint64 epoch, guint64 sequence, const char *rows)
{
    g_autofree char *text = NULL;
    NiloCsvTail tail;
    gint64 end = 0;
    int number = find_tail(fd, &end, &tail);

    if (number != 0)
        return number;
    rows = skip_rows(rows, &tail, epoch, sequence);
    text = g_strconcat(end == 0 ? NILO_CSV_HEADER : "", rows, NULL);
    /* what a crash tore off is cut first: it must not stand behind rows that are shorter */
    if (ftruncate(fd, end) != 0)
        return errno;
    number = write_at(fd, text, end);
    /* half a batch is as good as none: the rows come again */
    if (number != 0 && ftruncate(fd, end) != 0)
        nilo_log_debug(NULL, "cannot take rows back: %s", g_strerror(errno));
    return number;
}

/* a new name is on the disk only when its folder is */
static int
sync_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int number = fd < 0 || fsync(fd) != 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    return number;
}

/**
 * nilo_csv_file_append:
 * @folder: made when it is not there
 * @day: "2026-11-22", which becomes `readings-2026-11-22.csv`
 * @epoch: of the batch
 * @sequence: of the batch; batches of an epoch come in order, the last ones perhaps again
 * @rows: whole lines, each with the batch in its last column
 *
 * Adds the rows of one batch that are not there yet, and returns when they are safe.
 *
 * Returns: %FALSE with %NILO_ERROR_NO_SPACE or %NILO_ERROR_FAILED; call again with the same rows
 */
gboolean
nilo_csv_file_append(const char *folder, const char *day, guint64 epoch, guint64 sequence,
                     const char *rows, GError **error)
{
    g_autofree char *name = g_strconcat(PREFIX, day, SUFFIX, NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    gboolean is_new;
    int number;
    int fd;

    if (g_mkdir_with_parents(folder, 0750) != 0)
        return set_file_error(folder, errno, error);
    is_new = !g_file_test(path, G_FILE_TEST_EXISTS);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return set_file_error(path, errno, error);
    number = append_missing(fd, epoch, sequence, rows);
    close(fd);
    if (number == 0 && is_new)
        number = sync_folder(folder);
    return number == 0 || set_file_error(path, number, error);
}

/* the day of a name that is ours, NULL of any other */
static char *
day_from_name(const char *name)
{
    static const char pattern[] = PREFIX "dddd-dd-dd" SUFFIX;

    if (strlen(name) != strlen(pattern) || !g_str_has_prefix(name, PREFIX) ||
        !g_str_has_suffix(name, SUFFIX))
        return NULL;
    for (gsize i = strlen(PREFIX); i < strlen(PREFIX "dddd-dd-dd"); i++) {
        if (pattern[i] == 'd' ? !g_ascii_isdigit(name[i]) : name[i] != pattern[i])
            return NULL;
    }
    return g_strndup(name + strlen(PREFIX), strlen("dddd-dd-dd"));
}

/**
 * nilo_csv_file_prune:
 * @first_day: the oldest day that stays
 *
 * Deletes older files. One that cannot be deleted is logged and stays.
 *
 * Returns: how many were deleted
 */
guint
nilo_csv_file_prune(const char *folder, const char *first_day)
{
    g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
    const char *name;
    guint n = 0;

    while (files != NULL && (name = g_dir_read_name(files)) != NULL) {
        g_autofree char *day = day_from_name(name);
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (day == NULL || strcmp(day, first_day) >= 0)
            continue;
        if (g_unlink(path) == 0)
            n++;
        else
            nilo_log_warning(NULL, _("cannot delete %s: %s"), path, g_strerror(errno));
    }
    return n;
}
