/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pseudo terminals with the kernel's own termios2, because speeds need not be round. */
#include "nilo-lab-pty.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PATH_SIZE 64

static int
fail(int fd, const char *what, GError **error)
{
    const int saved_errno = errno;

    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved_errno), "cannot %s: %s", what,
                g_strerror(saved_errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static gboolean
make_raw(int fd, guint speed_baud)
{
    struct termios2 line = {.c_cflag = CS8 | CREAD | CLOCAL | BOTHER,
                            .c_ispeed = speed_baud,
                            .c_ospeed = speed_baud};

    line.c_cc[VMIN] = 1;
    return ioctl(fd, TCSETS2, &line) == 0;
}

/**
 * nilo_lab_pty_open:
 * @speed_baud: the speed the line has until the master sets another
 * @path: (out) (transfer full): the other end; untouched on failure
 * @error: return location for a #GIOErrorEnum
 *
 * Opens a raw, non-blocking pseudo terminal. Nobody holds the other end open, so that the hub sees
 * whether a master is there.
 *
 * Returns: our end, or -1
 */
int
nilo_lab_pty_open(guint speed_baud, char **path, GError **error)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char name[PATH_SIZE];
    int slave;

    if (master < 0)
        return fail(-1, "open a pseudo terminal", error);
    if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, sizeof name) != 0)
        return fail(master, "unlock a pseudo terminal", error);
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return fail(master, "open the far end of a pseudo terminal", error);
    if (!make_raw(slave, speed_baud)) {
        close(slave);
        return fail(master, "set up a pseudo terminal", error);
    }
    close(slave);
    *path = g_strdup(name);
    return master;
}

/**
 * nilo_lab_pty_get_speed_baud:
 * @master: our end
 *
 * Returns: the speed the program on the other end has set, 0 when it cannot be told
 */
guint
nilo_lab_pty_get_speed_baud(int master)
{
    struct termios2 line;

    if (ioctl(master, TCGETS2, &line) != 0)
        return 0;
    return line.c_ospeed;
}
