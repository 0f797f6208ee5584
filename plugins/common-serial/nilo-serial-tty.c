/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-tty.h"

#include <asm/termbits.h> /* termios2; cannot stand beside <termios.h> */
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <grp.h>
#include <linux/serial.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "nilo-serial-holder.h"

/* kernel's numbers for the slave ends of pseudo terminals */
#define PTY_MAJOR_FIRST 136
#define PTY_MAJOR_LAST  143

/* a receiver follows a clock that is 3 % off, and adapters round to what their divider can do */
#define SPEED_TOLERANCE_PERCENT 3

static gboolean
is_pty(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && major(status.st_rdev) >= PTY_MAJOR_FIRST &&
           major(status.st_rdev) <= PTY_MAJOR_LAST;
}

static void
set_denied_error(const char *path, GError **error)
{
    g_autofree char *buffer = g_malloc(4096);
    struct group entry;
    struct group *group = NULL;
    struct stat status;

    if (stat(path, &status) == 0)
        getgrgid_r(status.st_gid, &entry, buffer, 4096, &group);
    g_set_error(error, NILO_ERROR, NILO_ERROR_DENIED,
                _("no permission to open %s: the user that runs this must be in the group \"%s\""),
                path, group != NULL ? group->gr_name : "dialout");
}

static void
set_busy_error(const char *path, GError **error)
{
    g_autofree char *holder = nilo_serial_find_holder(path);

    if (holder != NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_BUSY, _("port %s is in use by %s"), path, holder);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_BUSY, _("port %s is in use by another program"),
                    path);
}

static void
set_open_error(const char *path, int number, GError **error)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("port %s does not exist: is the adapter plugged in?"), path);
        break;
    case ENXIO:
    case ENODEV:
    case EIO:
        g_set_error(error, NILO_ERROR, NILO_ERROR_LINE_LOST,
                    _("port %s has no device behind it: is the adapter plugged in?"), path);
        break;
    case EACCES:
    case EPERM:
        set_denied_error(path, error);
        break;
    case EBUSY:
        set_busy_error(path, error);
        break;
    case ENOTTY:
    case EINVAL:
    case EISDIR:
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED, _("%s is not a serial port"),
                    path);
        break;
    default:
        g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED, _("cannot open port %s: %s"), path,
                    g_strerror(number));
        break;
    }
}

/* makes it ours alone, with nothing left over from whoever had it before; 0, or an errno */
static int
take(int fd)
{
    struct termios2 termios;

    if (ioctl(fd, TCGETS2, &termios) != 0)
        return errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? EBUSY : errno;
    /* the lock is for programs that ask, TIOCEXCL for those that do not. A pseudo terminal would
     * keep it over our death as long as its other end lives */
    if (!is_pty(fd))
        ioctl(fd, TIOCEXCL);
    ioctl(fd, TCFLSH, TCIOFLUSH);
    return 0;
}

/**
 * nilo_serial_tty_open:
 *
 * Opens a terminal for us alone; reads and writes do not block.
 *
 * Returns: the file descriptor, for nilo_serial_tty_close(); -1 with %NILO_ERROR_LINE_LOST (not
 * there), %NILO_ERROR_DENIED, %NILO_ERROR_BUSY, %NILO_ERROR_NOT_SUPPORTED (no terminal) or
 * %NILO_ERROR_FAILED
 */
int
nilo_serial_tty_open(const char *path, GError **error)
{
    /* O_NONBLOCK also keeps open() from waiting for a carrier */
    const int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    const int number = fd >= 0 ? take(fd) : errno;

    if (number == 0)
        return fd;
    /* closed before the message is made, so that it does not name us for looking */
    if (fd >= 0)
        close(fd);
    set_open_error(path, number, error);
    return -1;
}

void
nilo_serial_tty_close(int fd)
{
    ioctl(fd, TCFLSH, TCIOFLUSH);
    ioctl(fd, TIOCNXCL);
    close(fd);
}

static tcflag_t
mode_to_cflag(const NiloSerialMode *mode)
{
    tcflag_t flags = mode->data_bits == 7 ? CS7 : CS8;

    if (mode->parity == NILO_SERIAL_PARITY_EVEN)
        flags |= PARENB;
    else if (mode->parity == NILO_SERIAL_PARITY_ODD)
        flags |= PARENB | PARODD;
    if (mode->stop_bits == 2)
        flags |= CSTOPB;
    return flags;
}

static gboolean
check_mode(int fd, const char *path, const NiloSerialMode *mode, GError **error)
{
    const tcflag_t mask = CSIZE | PARENB | PARODD | CSTOPB;
    const guint tolerance_baud = mode->speed_baud * SPEED_TOLERANCE_PERCENT / 100;
    g_autofree char *text = nilo_serial_mode_to_text(mode);
    struct termios2 got;

    if (ioctl(fd, TCGETS2, &got) != 0) {
        set_open_error(path, errno, error);
        return FALSE;
    }
    if (ABS((gint64)got.c_ospeed - (gint64)mode->speed_baud) > (gint64)tolerance_baud) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("port %s cannot do %u Bd, it offers %u Bd instead"), path, mode->speed_baud,
                    got.c_ospeed);
        return FALSE;
    }
    /* a pseudo terminal has no parity bit to send and says so */
    if (!is_pty(fd) && (got.c_cflag & mask) != mode_to_cflag(mode)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("port %s cannot do %s: its adapter refuses the parity, data or stop bits"),
                    path, text);
        return FALSE;
    }
    return TRUE;
}

/**
 * nilo_serial_tty_set_mode:
 *
 * Raw characters with PARMRK marks, at any speed: takes effect at once, so only after everything
 * was sent.
 *
 * Returns: %FALSE with %NILO_ERROR_NOT_SUPPORTED or %NILO_ERROR_LINE_LOST
 */
gboolean
nilo_serial_tty_set_mode(int fd, const char *path, const NiloSerialMode *mode, GError **error)
{
    struct termios2 termios = {
        .c_iflag = INPCK | PARMRK,
        /* without HUPCL: a converter that takes its power from DTR keeps the meters alive over a
         * restart */
        .c_cflag = CREAD | CLOCAL | BOTHER | mode_to_cflag(mode),
        .c_ispeed = mode->speed_baud,
        .c_ospeed = mode->speed_baud,
    };

    /* one byte or nothing: an empty read then means that the device hung up */
    termios.c_cc[VMIN] = 1;
    if (ioctl(fd, TCSETS2, &termios) != 0) {
        const int number = errno;

        if (number == EINVAL)
            g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED, _("port %s cannot do %u Bd"),
                        path, mode->speed_baud);
        else
            set_open_error(path, number, error);
        return FALSE;
    }
    return check_mode(fd, path, mode, error);
}

/**
 * nilo_serial_tty_get_rs485:
 * @rs485: (out): as set by the device tree, by somebody before us, or by us
 *
 * Returns: %FALSE when the kernel cannot switch the direction of this port
 */
gboolean
nilo_serial_tty_get_rs485(int fd, NiloSerialRs485 *rs485)
{
    struct serial_rs485 got = {0};

    if (ioctl(fd, TIOCGRS485, &got) != 0)
        return FALSE;
    *rs485 = (NiloSerialRs485){
        .enabled = (got.flags & SER_RS485_ENABLED) != 0,
        .rts_high = (got.flags & SER_RS485_RTS_ON_SEND) != 0,
        .before_send_ms = got.delay_rts_before_send,
        .after_send_ms = got.delay_rts_after_send,
    };
    return TRUE;
}

/**
 * nilo_serial_tty_set_rs485:
 *
 * Returns: %FALSE with %NILO_ERROR_NOT_SUPPORTED
 */
gboolean
nilo_serial_tty_set_rs485(int fd, const char *path, const NiloSerialRs485 *rs485, GError **error)
{
    struct serial_rs485 wanted = {
        .delay_rts_before_send = rs485->before_send_ms,
        .delay_rts_after_send = rs485->after_send_ms,
    };

    wanted.flags = rs485->rts_high ? SER_RS485_RTS_ON_SEND : SER_RS485_RTS_AFTER_SEND;
    if (rs485->enabled)
        wanted.flags |= SER_RS485_ENABLED;
    if (ioctl(fd, TIOCSRS485, &wanted) == 0)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                _("the kernel cannot switch the direction of port %s: set rs485=off for an adapter "
                  "that does it itself"),
                path);
    return FALSE;
}

/**
 * nilo_serial_tty_set_power:
 *
 * Sets the lines a level converter may take its power from.
 *
 * Returns: %FALSE with %NILO_ERROR_NOT_SUPPORTED when the port has no such lines
 */
gboolean
nilo_serial_tty_set_power(int fd, const char *path, gboolean dtr, gboolean rts, GError **error)
{
    int on = (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
    int off = (TIOCM_DTR | TIOCM_RTS) & ~on;

    if ((on == 0 || ioctl(fd, TIOCMBIS, &on) == 0) && (off == 0 || ioctl(fd, TIOCMBIC, &off) == 0))
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                _("port %s has no DTR and RTS lines to power a converter from"), path);
    return FALSE;
}

static void
hint_latency_timer(const char *path)
{
    g_autofree char *device = realpath(path, NULL);
    g_autofree char *name = NULL;
    g_autofree char *file = NULL;
    g_autofree char *text = NULL;

    if (device == NULL)
        return;
    name = g_path_get_basename(device);
    file = g_build_filename("/sys/class/tty", name, "device", "latency_timer", NULL);
    if (g_file_get_contents(file, &text, NULL, NULL) && g_ascii_strtoull(text, NULL, 10) > 1)
        nilo_log_message(NULL,
                         _("port %s: the adapter holds what it receives back for up to %s ms; "
                           "write 1 to %s to read faster"),
                         path, g_strstrip(text), file);
}

/**
 * nilo_serial_tty_ask_low_latency:
 *
 * Asks the driver to hand characters over at once (FTDI adapters otherwise collect them for 16 ms).
 * One that cannot is slower, not wrong: that is logged, no error.
 */
void
nilo_serial_tty_ask_low_latency(int fd, const char *path)
{
    struct serial_struct serial;

    if (ioctl(fd, TIOCGSERIAL, &serial) == 0 && (serial.flags & ASYNC_LOW_LATENCY) == 0) {
        serial.flags |= ASYNC_LOW_LATENCY;
        if (ioctl(fd, TIOCSSERIAL, &serial) != 0)
            nilo_log_debug(NULL, "port %s: no low latency: %s", path, g_strerror(errno));
    }
    hint_latency_timer(path);
}

/**
 * nilo_serial_tty_get_counts:
 * @counts: (inout): since the device exists; @bytes is left alone
 *
 * Returns: %FALSE when the device does not count
 */
gboolean
nilo_serial_tty_get_counts(int fd, NiloLineCounts *counts)
{
    struct serial_icounter_struct got = {0};

    if (ioctl(fd, TIOCGICOUNT, &got) != 0)
        return FALSE;
    counts->parity_errors = (guint64)MAX(got.parity, 0);
    counts->framing_errors = (guint64)MAX(got.frame, 0);
    counts->overruns = (guint64)MAX(got.overrun, 0) + (guint64)MAX(got.buf_overrun, 0);
    counts->breaks = (guint64)MAX(got.brk, 0);
    return TRUE;
}

/** nilo_serial_tty_get_unsent: characters written that the driver still holds, if it can tell */
guint
nilo_serial_tty_get_unsent(int fd)
{
    int queued = 0;

    return ioctl(fd, TIOCOUTQ, &queued) == 0 && queued > 0 ? (guint)queued : 0;
}

/** nilo_serial_tty_is_sending: whether the chip itself still holds bits, if it can tell */
gboolean
nilo_serial_tty_is_sending(int fd)
{
    int state = 0;

    return ioctl(fd, TIOCSERGETLSR, &state) == 0 && (state & TIOCSER_TEMT) == 0;
}

void
nilo_serial_tty_flush_input(int fd)
{
    ioctl(fd, TCFLSH, TCIFLUSH);
}

void
nilo_serial_tty_flush_output(int fd)
{
    ioctl(fd, TCFLSH, TCOFLUSH);
}

void
nilo_serial_tty_set_break(int fd, gboolean on)
{
    ioctl(fd, on ? TIOCSBRK : TIOCCBRK);
}
