/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-mbus-frame.h"

G_BEGIN_DECLS

#define NILO_LAB_CJT188_MAX_DATA     100
#define NILO_LAB_CJT188_MAX_FRAME    (13 + NILO_LAB_CJT188_MAX_DATA)
#define NILO_LAB_CJT188_ADDRESS_SIZE 7

/* A CJ/T 188 frame without its preamble; points into the bytes it was read from. */
typedef struct {
    gsize size; /* from the start byte to the stop byte */
    guint8 type;
    const guint8 *address; /* 7 bytes, as on the wire: lowest first */
    guint8 control;
    const guint8 *data;
    gsize data_size;
} NiloLabCjt188Frame;

NiloLabFit nilo_lab_cjt188_frame_fit(const guint8 *bytes, gsize size, NiloLabCjt188Frame *frame);
gsize nilo_lab_cjt188_frame_build(guint8 *out, guint8 type, const guint8 *address, guint8 control,
                                  const guint8 *data, gsize data_size);
gboolean nilo_lab_cjt188_address_from_text(const char *text, guint8 *address);
void nilo_lab_cjt188_address_to_text(const guint8 *address, char text[15]);

G_END_DECLS
