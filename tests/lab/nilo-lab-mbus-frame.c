/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * EN 13757-2 frames, seen from the meter's end. The lab's own: the daemon's link layer is tested
 * against it.
 */
#include "nilo-lab-mbus-frame.h"

#include <string.h>

#define SHORT_START        0x10
#define LONG_START         0x68
#define STOP               0x16
#define SHORT_SIZE         5
#define LONG_FRAME_SIZE(l) ((gsize)(l) + 6)

static guint8
checksum(const guint8 *bytes, gsize size)
{
    guint8 sum = 0;

    for (gsize i = 0; i < size; i++)
        sum = (guint8)(sum + bytes[i]);
    return sum;
}

static NiloLabFit
fit_short(const guint8 *bytes, gsize size, NiloLabMbusFrame *frame)
{
    if (size < SHORT_SIZE)
        return NILO_LAB_FIT_PART;
    if (bytes[4] != STOP || checksum(bytes + 1, 2) != bytes[3])
        return NILO_LAB_FIT_NONE;
    memset(frame, 0, sizeof *frame);
    frame->size = SHORT_SIZE;
    frame->c = bytes[1];
    frame->a = bytes[2];
    return NILO_LAB_FIT_COMPLETE;
}

static NiloLabFit
fit_long(const guint8 *bytes, gsize size, NiloLabMbusFrame *frame)
{
    guint8 l;

    if (size >= 2 && bytes[1] < 3)
        return NILO_LAB_FIT_NONE;
    if ((size >= 3 && bytes[2] != bytes[1]) || (size >= 4 && bytes[3] != LONG_START))
        return NILO_LAB_FIT_NONE;
    if (size < 4 || size < LONG_FRAME_SIZE(bytes[1]))
        return NILO_LAB_FIT_PART;
    l = bytes[1];
    if (bytes[LONG_FRAME_SIZE(l) - 1] != STOP || checksum(bytes + 4, l) != bytes[4 + l])
        return NILO_LAB_FIT_NONE;
    frame->size = LONG_FRAME_SIZE(l);
    frame->c = bytes[4];
    frame->a = bytes[5];
    frame->has_ci = TRUE;
    frame->ci = bytes[6];
    frame->data = bytes + 7;
    frame->data_size = (gsize)l - 3;
    return NILO_LAB_FIT_COMPLETE;
}

/**
 * nilo_lab_mbus_frame_fit:
 * @bytes: (array length=size): what was heard
 * @size: how much of it
 * @frame: (out caller-allocates): filled for %NILO_LAB_FIT_COMPLETE only
 *
 * Asks whether a request begins at the first byte: EN 13757-2, frame formats (short, control,
 * long).
 *
 * Returns: what is known by now
 */
NiloLabFit
nilo_lab_mbus_frame_fit(const guint8 *bytes, gsize size, NiloLabMbusFrame *frame)
{
    if (size == 0)
        return NILO_LAB_FIT_PART;
    if (bytes[0] == SHORT_START)
        return fit_short(bytes, size, frame);
    if (bytes[0] == LONG_START)
        return fit_long(bytes, size, frame);
    return NILO_LAB_FIT_NONE;
}

/**
 * nilo_lab_mbus_frame_build_short:
 * @out: (out caller-allocates): room for 5 bytes
 * @c: control field
 * @a: primary address
 *
 * Returns: 5
 */
gsize
nilo_lab_mbus_frame_build_short(guint8 *out, guint8 c, guint8 a)
{
    out[0] = SHORT_START;
    out[1] = c;
    out[2] = a;
    out[3] = checksum(out + 1, 2);
    out[4] = STOP;
    return SHORT_SIZE;
}

/**
 * nilo_lab_mbus_frame_build_long:
 * @out: (out caller-allocates): room for %NILO_LAB_MBUS_MAX_FRAME bytes
 * @c: control field
 * @a: primary address
 * @ci: what the data are
 * @data: (array length=data_size) (nullable): user data; without any, this is a control frame
 * @data_size: 0 to 252
 *
 * Returns: bytes written
 */
gsize
nilo_lab_mbus_frame_build_long(guint8 *out, guint8 c, guint8 a, guint8 ci, const guint8 *data,
                               gsize data_size)
{
    const gsize l = data_size + 3;

    g_return_val_if_fail(l <= 255, 0);

    out[0] = LONG_START;
    out[1] = (guint8)l;
    out[2] = (guint8)l;
    out[3] = LONG_START;
    out[4] = c;
    out[5] = a;
    out[6] = ci;
    if (data_size > 0)
        memcpy(out + 7, data, data_size);
    out[4 + l] = checksum(out + 4, l);
    out[5 + l] = STOP;
    return LONG_FRAME_SIZE(l);
}
