/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define NILO_LAB_MBUS_ACK       0xe5
#define NILO_LAB_MBUS_MAX_FRAME 261

/* C fields, without FCB (20) */
#define NILO_LAB_MBUS_SND_NKE 0x40
#define NILO_LAB_MBUS_SND_UD  0x43
#define NILO_LAB_MBUS_REQ_UD1 0x4a
#define NILO_LAB_MBUS_REQ_UD2 0x4b
#define NILO_LAB_MBUS_FCB     0x20
#define NILO_LAB_MBUS_FCV     0x10

typedef enum {
    NILO_LAB_FIT_NONE,     /* no frame begins at the first byte */
    NILO_LAB_FIT_PART,     /* perhaps; more bytes will tell */
    NILO_LAB_FIT_COMPLETE, /* a whole, sound frame */
} NiloLabFit;

/* What a slave sees of a frame; points into the bytes it was read from. */
typedef struct {
    gsize size; /* whole frame */
    guint8 c;
    guint8 a;
    gboolean has_ci;
    guint8 ci;
    const guint8 *data;
    gsize data_size;
} NiloLabMbusFrame;

NiloLabFit nilo_lab_mbus_frame_fit(const guint8 *bytes, gsize size, NiloLabMbusFrame *frame);
gsize nilo_lab_mbus_frame_build_short(guint8 *out, guint8 c, guint8 a);
gsize nilo_lab_mbus_frame_build_long(guint8 *out, guint8 c, guint8 a, guint8 ci, const guint8 *data,
                                     gsize data_size);

G_END_DECLS
