/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * CJ/T 188 frames, seen from the meter's end. The lab's own: the daemon's codec is tested against
 * it.
 */
#include "nilo-lab-cjt188-frame.h"

#include <string.h>

#define START      0x68
#define STOP       0x16
#define AT_TYPE    1
#define AT_ADDRESS 2
#define AT_CONTROL 9
#define AT_LENGTH  10
#define AT_DATA    11

static guint8
sum_of(const guint8 *bytes, gsize size)
{
    guint8 sum = 0;

    while (size-- > 0)
        sum = (guint8)(sum + *bytes++);
    return sum;
}

/**
 * nilo_lab_cjt188_frame_fit:
 * @bytes: (array length=size): what was heard
 * @size: how much of it
 * @frame: (out caller-allocates): filled for %NILO_LAB_FIT_COMPLETE only
 *
 * Asks whether a frame begins at the first byte: CJ/T 188, link layer. Preamble bytes are not part
 * of it: no frame begins there.
 *
 * Returns: what is known by now
 */
NiloLabFit
nilo_lab_cjt188_frame_fit(const guint8 *bytes, gsize size, NiloLabCjt188Frame *frame)
{
    gsize whole;

    if (size == 0)
        return NILO_LAB_FIT_PART;
    if (bytes[0] != START)
        return NILO_LAB_FIT_NONE;
    if (size <= AT_LENGTH)
        return NILO_LAB_FIT_PART;
    if (bytes[AT_LENGTH] > NILO_LAB_CJT188_MAX_DATA)
        return NILO_LAB_FIT_NONE;
    whole = AT_DATA + bytes[AT_LENGTH] + 2u;
    if (size < whole)
        return NILO_LAB_FIT_PART;
    if (bytes[whole - 1] != STOP || sum_of(bytes, whole - 2) != bytes[whole - 2])
        return NILO_LAB_FIT_NONE;
    frame->size = whole;
    frame->type = bytes[AT_TYPE];
    frame->address = bytes + AT_ADDRESS;
    frame->control = bytes[AT_CONTROL];
    frame->data = bytes + AT_DATA;
    frame->data_size = bytes[AT_LENGTH];
    return NILO_LAB_FIT_COMPLETE;
}

/**
 * nilo_lab_cjt188_frame_build:
 * @out: (out caller-allocates): room for %NILO_LAB_CJT188_MAX_FRAME bytes
 * @type: meter type T
 * @address: (array fixed-size=7): as on the wire
 * @control: control field
 * @data: (array length=data_size): data field
 * @data_size: 0 to 100
 *
 * Writes a frame without preamble.
 *
 * Returns: bytes written
 */
gsize
nilo_lab_cjt188_frame_build(guint8 *out, guint8 type, const guint8 *address, guint8 control,
                            const guint8 *data, gsize data_size)
{
    g_return_val_if_fail(data_size <= NILO_LAB_CJT188_MAX_DATA, 0);

    out[0] = START;
    out[AT_TYPE] = type;
    memcpy(out + AT_ADDRESS, address, NILO_LAB_CJT188_ADDRESS_SIZE);
    out[AT_CONTROL] = control;
    out[AT_LENGTH] = (guint8)data_size;
    if (data_size > 0)
        memcpy(out + AT_DATA, data, data_size);
    out[AT_DATA + data_size] = sum_of(out, AT_DATA + data_size);
    out[AT_DATA + data_size + 1] = STOP;
    return AT_DATA + data_size + 2;
}

/**
 * nilo_lab_cjt188_address_from_text:
 * @text: 14 hex digits, A6 to A0, as printed on the meter; digits above 9 are met in the field
 * @address: (out) (array fixed-size=7): as on the wire; untouched on failure
 *
 * Returns: whether @text is an address
 */
gboolean
nilo_lab_cjt188_address_from_text(const char *text, guint8 *address)
{
    if (strlen(text) != 2 * NILO_LAB_CJT188_ADDRESS_SIZE)
        return FALSE;
    for (gsize i = 0; text[i] != '\0'; i++) {
        if (!g_ascii_isxdigit(text[i]))
            return FALSE;
    }
    for (gsize i = 0; i < NILO_LAB_CJT188_ADDRESS_SIZE; i++)
        address[NILO_LAB_CJT188_ADDRESS_SIZE - 1 - i] =
            (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 |
                     g_ascii_xdigit_value(text[2 * i + 1]));
    return TRUE;
}

/**
 * nilo_lab_cjt188_address_to_text:
 * @address: (array fixed-size=7): as on the wire
 * @text: (out caller-allocates): 14 hex digits, A6 to A0, and the end
 *
 * Writes an address as it is printed on the meter.
 */
void
nilo_lab_cjt188_address_to_text(const guint8 *address, char text[15])
{
    for (gsize i = 0; i < NILO_LAB_CJT188_ADDRESS_SIZE; i++)
        g_snprintf(text + 2 * i, 3, "%02X", address[NILO_LAB_CJT188_ADDRESS_SIZE - 1 - i]);
}
