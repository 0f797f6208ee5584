/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-fake-tty.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <sys/ioctl.h>

int __real_ioctl(int fd, unsigned long request, void *data);
int __wrap_ioctl(int fd, unsigned long request, ...);

static NiloSerialFakeTty fake;

/* a plain pseudo terminal again; the fake stays the same one */
NiloSerialFakeTty *
nilo_serial_fake_tty_reset(void)
{
    fake = (NiloSerialFakeTty){0};
    return &fake;
}

static int
fail(int number)
{
    errno = number;
    return -1;
}

static int
fake_rs485(unsigned long request, struct serial_rs485 *rs485)
{
    if (!fake.has_rs485)
        return fail(ENOTTY);
    if (request == TIOCGRS485) {
        *rs485 = (struct serial_rs485){.flags = fake.rs485_flags,
                                       .delay_rts_before_send = fake.rs485_before_ms,
                                       .delay_rts_after_send = fake.rs485_after_ms};
        return 0;
    }
    fake.rs485_flags = rs485->flags;
    fake.rs485_before_ms = rs485->delay_rts_before_send;
    fake.rs485_after_ms = rs485->delay_rts_after_send;
    return 0;
}

static int
fake_counts(struct serial_icounter_struct *counts)
{
    if (!fake.has_counts)
        return fail(ENOTTY);
    *counts = (struct serial_icounter_struct){.parity = fake.parity_errors,
                                              .frame = fake.framing_errors,
                                              .overrun = fake.overruns,
                                              .brk = fake.breaks};
    return 0;
}

static int
fake_modem_lines(unsigned long request, const int *lines)
{
    if (!fake.has_modem_lines)
        return fail(ENOTTY);
    if (request == TIOCMBIS)
        fake.modem_lines |= *lines;
    else
        fake.modem_lines &= ~*lines;
    return 0;
}

static int
fake_serial(unsigned long request, struct serial_struct *serial)
{
    if (!fake.has_serial)
        return fail(ENOTTY);
    if (request == TIOCGSERIAL)
        *serial = (struct serial_struct){.flags = fake.serial_flags};
    else
        fake.serial_flags = serial->flags;
    return 0;
}

static int
fake_unsent(int *unsent)
{
    *unsent = ABS(fake.unsent);
    if (fake.unsent > 0)
        fake.unsent--;
    return 0;
}

static int
fake_chip(int *state)
{
    *state = fake.busy_chip > 0 ? 0 : TIOCSER_TEMT;
    if (fake.busy_chip > 0)
        fake.busy_chip--;
    return 0;
}

static int
get_mode(int fd, struct termios2 *termios)
{
    const int rc = __real_ioctl(fd, TCGETS2, termios);

    if (rc == 0 && fake.other_speed_baud != 0)
        termios->c_ospeed = fake.other_speed_baud;
    return rc;
}

int
__wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    void *data;

    va_start(list, request);
    data = va_arg(list, void *);
    va_end(list);
    if (fake.gone)
        return fail(EIO);
    switch (request) {
    case TIOCGRS485:
    case TIOCSRS485:
        return fake_rs485(request, data);
    case TIOCGICOUNT:
        return fake_counts(data);
    case TIOCMBIS:
    case TIOCMBIC:
        return fake_modem_lines(request, data);
    case TIOCGSERIAL:
    case TIOCSSERIAL:
        return fake_serial(request, data);
    case TIOCOUTQ:
        return fake_unsent(data);
    case TIOCSERGETLSR:
        return fake_chip(data);
    case TCGETS2:
        return get_mode(fd, data);
    case TIOCSBRK:
        fake.n_breaks++;
        return 0;
    case TIOCCBRK:
        fake.n_breaks--;
        return 0;
    case TCFLSH:
        fake.n_flushed += GPOINTER_TO_SIZE(data) == TCOFLUSH ? 1 : 0;
        return __real_ioctl(fd, request, data);
    default:
        return __real_ioctl(fd, request, data);
    }
}
