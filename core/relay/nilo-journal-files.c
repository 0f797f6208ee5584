/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-journal-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ZEROS_SIZE  65536
#define FILE_MODE   0640
#define FOLDER_MODE 0750

static int
real_make_folder(NiloJournalFiles *self, const char *path)
{
    return g_mkdir_with_parents(path, FOLDER_MODE) < 0 ? -errno : 0;
}

static int
real_open(NiloJournalFiles *self, const char *path, int flags)
{
    const int file = open(path, flags | O_CLOEXEC, FILE_MODE);

    return file < 0 ? -errno : file;
}

static int
real_close(NiloJournalFiles *self, int file)
{
    return close(file) < 0 ? -errno : 0;
}

static int
real_lock(NiloJournalFiles *self, const char *path)
{
    int file = real_open(self, path, O_RDWR | O_CREAT);
    int result;

    if (file == -EROFS)
        file = real_open(self, path, O_RDONLY);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) == 0)
        return file;
    result = -errno;
    close(file);
    return result;
}

static gssize
real_read(NiloJournalFiles *self, int file, void *bytes, gsize size, gint64 offset)
{
    const gssize result = pread(file, bytes, size, offset);

    return result < 0 ? -errno : result;
}

static gssize
real_write(NiloJournalFiles *self, int file, const void *bytes, gsize size, gint64 offset)
{
    const gssize result = pwrite(file, bytes, size, offset);

    return result < 0 ? -errno : result;
}

/*
 * Blocks that are only reserved must be marked as used with the first flush that writes them, and
 * that costs the file system's journal more bytes than a batch has. Written once with zeros, they
 * cost their size, once, and are then written over for years.
 */
static int
write_zeros(NiloJournalFiles *self, int file, gint64 size)
{
    g_autofree guint8 *zeros = g_malloc0(ZEROS_SIZE);
    int result = 0;

    for (gint64 at = 0; result >= 0 && at < size; at += ZEROS_SIZE)
        result =
            nilo_journal_files_write_all(self, file, zeros, (gsize)MIN(ZEROS_SIZE, size - at), at);
    return result;
}

static int
real_preallocate(NiloJournalFiles *self, int file, gint64 size)
{
    /* in one piece where the file system can; where it cannot, the zeros do it */
    if (fallocate(file, 0, 0, size) < 0 && errno != EOPNOTSUPP)
        return -errno;
    return write_zeros(self, file, size);
}

static int
real_sync(NiloJournalFiles *self, int file)
{
    return fdatasync(file) < 0 ? -errno : 0;
}

static int
real_sync_folder(NiloJournalFiles *self, const char *path)
{
    const int file = real_open(self, path, O_RDONLY | O_DIRECTORY);
    int result;

    if (file < 0)
        return file;
    result = fsync(file) < 0 ? -errno : 0;
    close(file);
    return result;
}

static int
real_rename(NiloJournalFiles *self, const char *from, const char *to)
{
    return g_rename(from, to) < 0 ? -errno : 0;
}

static int
real_remove(NiloJournalFiles *self, const char *path)
{
    return g_unlink(path) < 0 ? -errno : 0;
}

static int
real_list(NiloJournalFiles *self, const char *path, GPtrArray *names)
{
    g_autoptr(GDir) folder = NULL;
    const char *name;

    errno = 0;
    folder = g_dir_open(path, 0, NULL);
    if (folder == NULL)
        return errno != 0 ? -errno : -EIO;
    while ((name = g_dir_read_name(folder)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    return 0;
}

static gint64
real_free_space(NiloJournalFiles *self, const char *path)
{
    struct statvfs state;

    if (statvfs(path, &state) < 0)
        return -errno;
    return (gint64)state.f_bavail * (gint64)state.f_frsize;
}

NiloJournalFiles *
nilo_journal_files_get_real(void)
{
    static NiloJournalFiles real = {
        .make_folder = real_make_folder,
        .lock = real_lock,
        .open = real_open,
        .close = real_close,
        .read = real_read,
        .write = real_write,
        .preallocate = real_preallocate,
        .sync = real_sync,
        .sync_folder = real_sync_folder,
        .rename = real_rename,
        .remove = real_remove,
        .list = real_list,
        .free_space = real_free_space,
    };

    return &real;
}

gssize
nilo_journal_files_read_all(NiloJournalFiles *self, int file, void *bytes, gsize size,
                            gint64 offset)
{
    gsize done = 0;

    while (done < size) {
        const gssize result =
            self->read(self, file, (guint8 *)bytes + done, size - done, offset + (gint64)done);

        if (result == -EINTR)
            continue;
        if (result < 0)
            return result;
        if (result == 0)
            break;
        done += (gsize)result;
    }
    return (gssize)done;
}

int
nilo_journal_files_write_all(NiloJournalFiles *self, int file, const void *bytes, gsize size,
                             gint64 offset)
{
    gsize done = 0;

    while (done < size) {
        const gssize result = self->write(self, file, (const guint8 *)bytes + done, size - done,
                                          offset + (gint64)done);

        if (result == -EINTR)
            continue;
        if (result < 0)
            return (int)result;
        if (result == 0)
            return -ENOSPC;
        done += (gsize)result;
    }
    return 0;
}
