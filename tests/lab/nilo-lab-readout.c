/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-readout.h"

#include "nilo-lab-cjt188-frame.h"

#include <string.h>

#define PREAMBLE          0xfe
#define C_RSP_UD          0x08
#define C_MASK            0x0f
#define CI_VARIABLE       0x72
#define HEADER_SIZE       12
#define AT_STATUS         9
#define DIF_EXTENDED      0x80
#define DIF_STORAGE       0x40
#define DIF_FUNCTION      0x30
#define DIF_SPECIAL       0x0f
#define VIF_VOLUME        0x10 /* to 17: 10^(n - 6) cubic metres */
#define CJT188_ANSWER     0x80
#define CJT188_ERROR      0x40
#define UNIT_CUBIC_METRE  0x2c /* with two decimals */
#define ML_PER_DIGIT      10000
#define DI_HIGH_CURRENT   0x90
#define DI_LOW_CURRENT    0x1f
#define AT_CURRENT        3
#define AT_CURRENT_CLOCK  13
#define AT_CURRENT_STATUS 20
#define FREEZE_SIZE       16
#define AT_EVENTS         4 /* behind the asked meter's own channel */
#define EVENT_SIZE        15

/* BCD, lowest byte first */
static gboolean
get_bcd(const guint8 *bytes, gsize size, guint64 *number)
{
    guint64 sum = 0;

    while (size-- > 0) {
        if ((bytes[size] & 0x0f) > 9 || bytes[size] >> 4 > 9)
            return FALSE;
        sum = sum * 100 + (bytes[size] >> 4) * 10u + (bytes[size] & 0x0f);
    }
    *number = sum;
    return TRUE;
}

static gint64
get_signed(const guint8 *bytes, gsize size)
{
    guint64 number = 0;

    for (gsize i = 0; i < size; i++)
        number |= (guint64)bytes[i] << (8 * i);
    if (size < 8 && (bytes[size - 1] & 0x80) != 0)
        number |= ~G_GUINT64_CONSTANT(0) << (8 * size);
    return (gint64)number;
}

/* EN 13757-3, table 4: the data field; -1: none that a counter has */
static gssize
get_data_size(guint8 dif)
{
    static const gint8 sizes[] = {0, 1, 2, 3, 4, -1, 6, 8, 0, 1, 2, 3, 4, -1, 6, -1};

    return sizes[dif & 0x0f];
}

/* 10^(n - 6) cubic metres are 10^n millilitres */
static gboolean
take_volume(guint8 dif, guint8 vif, const guint8 *data, gsize size, NiloLabReadout *readout)
{
    guint64 digits;
    gint64 number;

    if ((dif & 0x0f) >= 9) {
        if (!get_bcd(data, size, &digits))
            return FALSE;
        number = (gint64)digits;
    } else {
        number = get_signed(data, size);
    }
    for (guint i = VIF_VOLUME; i < vif; i++)
        number *= 10;
    readout->volume_ml = number;
    readout->has_volume = TRUE;
    return TRUE;
}

/* from one record to the next; FALSE: no more that could be understood */
static gboolean
take_record(const guint8 **at, const guint8 *end, NiloLabReadout *readout)
{
    const guint8 dif = *(*at)++;
    guint8 vif;
    gssize size;
    gboolean plain = (dif & (DIF_EXTENDED | DIF_STORAGE | DIF_FUNCTION)) == 0;

    if ((dif & DIF_SPECIAL) == DIF_SPECIAL)
        return dif == 0x2f; /* filler; 0F, 1F: the maker's own from here on */
    for (guint8 dife = dif; (dife & DIF_EXTENDED) != 0; dife = *(*at)++) {
        if (*at >= end)
            return FALSE;
    }
    if (*at >= end)
        return FALSE;
    vif = *(*at)++;
    plain = plain && (vif & 0x80) == 0;
    for (guint8 vife = vif; (vife & 0x80) != 0; vife = *(*at)++) {
        if (*at >= end)
            return FALSE;
    }
    size = get_data_size(dif);
    if ((dif & 0x0f) == 0x0d && *at < end)
        size = *(*at)++; /* variable length: only text is short enough to matter here */
    if (size < 0 || end - *at < size)
        return FALSE;
    if (plain && !readout->has_volume && size > 0 && (dif & 0x0f) != 0x0d && vif >= VIF_VOLUME &&
        vif < VIF_VOLUME + 8 && !take_volume(dif, vif, *at, (gsize)size, readout))
        return FALSE;
    *at += size;
    return TRUE;
}

/**
 * nilo_lab_readout_from_mbus:
 * @answer: what was heard
 * @readout: (out caller-allocates): untouched unless it is a readout
 *
 * Returns: whether that is a sound readout with a variable data structure
 */
gboolean
nilo_lab_readout_from_mbus(const GByteArray *answer, NiloLabReadout *readout)
{
    NiloLabReadout found = {0};
    NiloLabMbusFrame frame;
    const guint8 *at;

    if (nilo_lab_mbus_frame_fit(answer->data, answer->len, &frame) != NILO_LAB_FIT_COMPLETE ||
        (frame.c & C_MASK) != C_RSP_UD || !frame.has_ci || frame.ci != CI_VARIABLE ||
        frame.data_size < HEADER_SIZE || !get_bcd(frame.data, 4, &found.id))
        return FALSE;
    found.status = frame.data[AT_STATUS];
    at = frame.data + HEADER_SIZE;
    while (at < frame.data + frame.data_size &&
           take_record(&at, frame.data + frame.data_size, &found))
        ;
    *readout = found;
    return TRUE;
}

/**
 * nilo_lab_readout_find_cjt188:
 * @answer: what was heard
 * @data: (out): the data field: DI DI SER and what follows
 * @size: (out): bytes of it
 *
 * Returns: whether that is a sound answer, and no refusal
 */
gboolean
nilo_lab_readout_find_cjt188(const GByteArray *answer, const guint8 **data, gsize *size)
{
    NiloLabCjt188Frame frame;
    guint at = 0;

    while (at < answer->len && answer->data[at] == PREAMBLE)
        at++;
    if (nilo_lab_cjt188_frame_fit(answer->data + at, answer->len - at, &frame) !=
            NILO_LAB_FIT_COMPLETE ||
        (frame.control & CJT188_ANSWER) == 0 || (frame.control & CJT188_ERROR) != 0)
        return FALSE;
    *data = frame.data;
    *size = frame.data_size;
    return TRUE;
}

static gboolean
take_digits(const guint8 *bytes, gint64 *volume_ml)
{
    guint64 digits;

    if (bytes[4] != UNIT_CUBIC_METRE || !get_bcd(bytes, 4, &digits))
        return FALSE;
    *volume_ml = (gint64)digits * ML_PER_DIGIT;
    return TRUE;
}

/* second first, year with its century last */
static gboolean
take_clock(const guint8 *bytes, NiloLabDate *date)
{
    guint64 part[7];

    for (guint i = 0; i < 7; i++) {
        if (!get_bcd(bytes + i, 1, &part[i]))
            return FALSE;
    }
    *date = (NiloLabDate){.second = (gint)part[0],
                          .minute = (gint)part[1],
                          .hour = (gint)part[2],
                          .day = (gint)part[3],
                          .month = (gint)part[4],
                          .year = (gint)(part[6] * 100 + part[5])};
    return TRUE;
}

static gboolean
is_current(const guint8 *data, gsize size)
{
    return size > AT_CURRENT_STATUS + 1 &&
           (data[0] == DI_HIGH_CURRENT || data[0] == DI_LOW_CURRENT);
}

/**
 * nilo_lab_readout_from_cjt188:
 * @answer: what was heard: current metering data, 901F
 * @readout: (out caller-allocates): untouched unless it is a readout
 *
 * Returns: whether that is a sound answer
 */
gboolean
nilo_lab_readout_from_cjt188(const GByteArray *answer, NiloLabReadout *readout)
{
    NiloLabReadout found = {0};
    NiloLabCjt188Frame frame;
    const guint8 *data;
    guint at = 0;
    gsize size;

    if (!nilo_lab_readout_find_cjt188(answer, &data, &size) || !is_current(data, size))
        return FALSE;
    while (answer->data[at] == PREAMBLE)
        at++;
    nilo_lab_cjt188_frame_fit(answer->data + at, answer->len - at, &frame);
    if (!get_bcd(frame.address, NILO_LAB_CJT188_ADDRESS_SIZE, &found.id))
        return FALSE;
    found.has_volume = take_digits(data + AT_CURRENT, &found.volume_ml);
    found.status = data[AT_CURRENT_STATUS + 1];
    *readout = found;
    return TRUE;
}

/**
 * nilo_lab_readout_get_clock:
 * @answer: current metering data of CJ/T 188
 * @date: (out): untouched on failure
 *
 * Returns: whether a clock stands in there
 */
gboolean
nilo_lab_readout_get_clock(const GByteArray *answer, NiloLabDate *date)
{
    const guint8 *data;
    gsize size;

    return nilo_lab_readout_find_cjt188(answer, &data, &size) && is_current(data, size) &&
           take_clock(data + AT_CURRENT_CLOCK, date);
}

/**
 * nilo_lab_readout_get_freeze:
 * @answer: a collector's D2xx, D3xx or D4xx: moment, value, flags
 * @freeze: (out caller-allocates): untouched on failure
 *
 * Returns: whether that is one
 */
gboolean
nilo_lab_readout_get_freeze(const GByteArray *answer, NiloLabFreezeReadout *freeze)
{
    NiloLabFreezeReadout found = {.has_volume = FALSE};
    const guint8 *data;
    gsize size;

    if (!nilo_lab_readout_find_cjt188(answer, &data, &size) || size != FREEZE_SIZE ||
        !take_clock(data + 3, &found.time))
        return FALSE;
    found.has_volume = take_digits(data + 10, &found.volume_ml);
    found.flags = data[15];
    *freeze = found;
    return TRUE;
}

/**
 * nilo_lab_readout_get_events:
 * @answer: a collector's D710 and up
 * @events: (out caller-allocates) (array length=n): room for %NILO_LAB_EVENTS_MAX; newest first
 * @n: (out): how many
 *
 * Returns: whether that is a sound answer
 */
gboolean
nilo_lab_readout_get_events(const GByteArray *answer, NiloLabEventReadout *events, guint *n)
{
    const guint8 *data;
    gsize size;

    if (!nilo_lab_readout_find_cjt188(answer, &data, &size) || size < AT_EVENTS ||
        (size - AT_EVENTS) % EVENT_SIZE != 0 || size > AT_EVENTS + NILO_LAB_EVENTS_MAX * EVENT_SIZE)
        return FALSE;
    *n = (guint)(size - AT_EVENTS) / EVENT_SIZE;
    for (guint i = 0; i < *n; i++) {
        const guint8 *event = data + AT_EVENTS + i * EVENT_SIZE;

        events[i] = (NiloLabEventReadout){.sequence = (guint)get_signed(event, 2) & G_MAXUINT16,
                                          .code = event[2],
                                          .channel = event[3],
                                          .argument = (guint32)get_signed(event + 11, 4)};
    }
    return TRUE;
}
