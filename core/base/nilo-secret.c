/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-secret.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nilo-error.h"

#define MAX_BYTES 65536

/* what others may not: anything; what the group may not: write */
#define FORBIDDEN_MODE (S_IRWXO | S_IWGRP)

static gboolean
check_file(const struct stat *status, const char *path, GError **error)
{
    if (!S_ISREG(status->st_mode)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET, _("%s is not a file"), path);
        return FALSE;
    }
    if (status->st_uid != 0 && status->st_uid != geteuid()) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET,
                    _("%s belongs to user %u, expected root or the user of the daemon"), path,
                    (guint)status->st_uid);
        return FALSE;
    }
    if ((status->st_mode & FORBIDDEN_MODE) != 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET,
                    _("%s has mode %04o, others can read or change it; run: chmod 0640 %s"), path,
                    (guint)status->st_mode & 07777, path);
        return FALSE;
    }
    return TRUE;
}

static gssize
read_all(int fd, char *buffer, gsize size)
{
    gsize done = 0;

    while (done < size) {
        const gssize n = read(fd, buffer + done, size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (gsize)n;
    }
    return (gssize)done;
}

static char *
take_bytes(char *bytes, gsize size, const char *path, GError **error)
{
    if (size > MAX_BYTES || memchr(bytes, '\0', size) != NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET,
                    _("%s holds zero bytes or more than %u bytes, expected a short text"), path,
                    MAX_BYTES);
        return NULL;
    }
    if (size > 0 && bytes[size - 1] == '\n')
        size--;
    if (size > 0 && bytes[size - 1] == '\r')
        size--;
    if (size == 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET, _("%s is empty"), path);
        return NULL;
    }
    return g_strndup(bytes, size);
}

/* the file that was checked is the file that is read: one open, fstat on it */
static char *
load_file(const char *path, gboolean check, GError **error)
{
    g_autofree char *buffer = NULL;
    struct stat status;
    gssize size;
    char *secret = NULL;
    int fd = g_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0 || fstat(fd, &status) < 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET, "%s: %s", path, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (check && !check_file(&status, path, error)) {
        close(fd);
        return NULL;
    }
    buffer = g_malloc(MAX_BYTES + 1);
    size = read_all(fd, buffer, MAX_BYTES + 1);
    if (size < 0)
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET, "%s: %s", path, g_strerror(errno));
    else
        secret = take_bytes(buffer, (gsize)size, path, error);
    explicit_bzero(buffer, MAX_BYTES + 1);
    close(fd);
    return secret;
}

static char *
load_credential(const char *name, GError **error)
{
    const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
    g_autofree char *path = NULL;

    if (*name == '\0' || *name == '.' || strchr(name, '/') != NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET,
                    _("\"%s\" is no name of a credential, expected one without / and leading dot"),
                    name);
        return NULL;
    }
    if (folder == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET,
                    _("there are no credentials: add LoadCredential=%s:/path to the unit"), name);
        return NULL;
    }
    path = g_build_filename(folder, name, NULL);
    return load_file(path, FALSE, error);
}

static char *
load_variable(const char *name, GError **error)
{
    const char *secret = g_getenv(name);

    if (secret == NULL || *secret == '\0') {
        g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET,
                    _("the environment variable %s is not set or empty"), name);
        return NULL;
    }
    return g_strdup(secret);
}

char *
nilo_secret_load(const char *reference, GError **error)
{
    if (g_str_has_prefix(reference, "file:/"))
        return load_file(reference + strlen("file:"), TRUE, error);
    if (g_str_has_prefix(reference, "credential:"))
        return load_credential(reference + strlen("credential:"), error);
    if (g_str_has_prefix(reference, "env:"))
        return load_variable(reference + strlen("env:"), error);
    /* what was found may be the secret itself: not quoted */
    g_set_error(error, NILO_ERROR, NILO_ERROR_SECRET,
                _("a secret may not stand in the file, expected file:/path, credential:name or "
                  "env:NAME"));
    return NULL;
}
