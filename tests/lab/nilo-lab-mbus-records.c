/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* EN 13757-3 data records as a meter's firmware writes them: only the shapes the virtual meters
 * use. */
#include "nilo-lab-mbus-records.h"

#include "nilo-lab-digits.h"

#include <string.h>

#define EXTENSION 0x80
#define YEAR_ZERO 1900 /* of the century bits */

/**
 * nilo_lab_mbus_records_add_bytes:
 * @records: the telegram
 * @bytes: (array length=size): as they shall go out; left out when the telegram has no room
 * @size: how many
 *
 * Appends bytes as they are.
 */
void
nilo_lab_mbus_records_add_bytes(NiloLabMbusRecords *records, const guint8 *bytes, gsize size)
{
    if (size > sizeof records->bytes - records->size)
        return;
    memcpy(records->bytes + records->size, bytes, size);
    records->size += size;
}

/* DIF with as many DIFE as the storage number wants */
static gsize
put_dif(guint8 *out, guint8 code, guint8 function, guint storage)
{
    gsize size = 1;

    out[0] = (guint8)(code | function << 4 | (storage & 1) << 6);
    for (guint rest = storage >> 1; rest > 0; rest >>= 4) {
        out[size - 1] |= EXTENSION;
        out[size++] = (guint8)(rest & 15);
    }
    return size;
}

/**
 * nilo_lab_mbus_records_add_bcd:
 * @records: the telegram
 * @storage: storage number, 0 is now
 * @function: 0 instantaneous, 1 maximum, 2 minimum
 * @vif: primary VIF
 * @bytes: 1, 2, 3, 4 or 6
 * @number: wraps at 2 x @bytes digits
 *
 * Appends a BCD record (type A).
 */
void
nilo_lab_mbus_records_add_bcd(NiloLabMbusRecords *records, guint storage, guint8 function,
                              guint8 vif, gsize bytes, guint64 number)
{
    static const guint8 codes[] = {0, 0x9, 0xa, 0xb, 0xc, 0, 0xe};
    guint8 out[24];
    gsize size = put_dif(out, codes[bytes], function, storage);

    out[size++] = vif;
    nilo_lab_digits_put(out + size, bytes, number);
    nilo_lab_mbus_records_add_bytes(records, out, size + bytes);
}

/**
 * nilo_lab_mbus_records_add_int:
 * @records: the telegram
 * @storage: storage number
 * @vif: primary VIF; with its extension bit, @vife follows
 * @vife: ignored without the extension bit
 * @bytes: 1, 2, 3, 4, 6 or 8
 * @number: two's complement
 *
 * Appends a binary record (types B, C, D).
 */
void
nilo_lab_mbus_records_add_int(NiloLabMbusRecords *records, guint storage, guint8 vif, guint8 vife,
                              gsize bytes, guint64 number)
{
    static const guint8 codes[] = {0, 1, 2, 3, 4, 0, 6, 0, 7};
    guint8 out[24];
    gsize size = put_dif(out, codes[bytes], 0, storage);

    out[size++] = vif;
    if (vif & EXTENSION)
        out[size++] = vife;
    nilo_lab_little_put(out + size, bytes, number);
    nilo_lab_mbus_records_add_bytes(records, out, size + bytes);
}

/* type G, which is also the upper half of type F: year 2000 to 2127 */
static void
put_type_g(guint8 *out, const NiloLabDate *date)
{
    const guint year = (guint)(date->year - 2000) & 0x7f;

    out[0] = (guint8)(date->day | (year & 7) << 5);
    out[1] = (guint8)(date->month | (year >> 3) << 4);
}

/**
 * nilo_lab_mbus_records_add_date:
 * @records: the telegram
 * @storage: storage number whose date this is
 * @date: the day
 *
 * Appends a date (type G, VIF 6C).
 */
void
nilo_lab_mbus_records_add_date(NiloLabMbusRecords *records, guint storage, const NiloLabDate *date)
{
    guint8 two[2];

    put_type_g(two, date);
    nilo_lab_mbus_records_add_int(records, storage, 0x6c, 0, sizeof two,
                                  nilo_lab_little_get(two, sizeof two));
}

/**
 * nilo_lab_mbus_records_add_date_time:
 * @records: the telegram
 * @date: what the meter's clock shows; seconds are lost
 * @invalid: the clock says of itself that it is wrong
 *
 * Appends the meter's clock (type F, VIF 6D). The century bits are left 0, as most meters do.
 */
void
nilo_lab_mbus_records_add_date_time(NiloLabMbusRecords *records, const NiloLabDate *date,
                                    gboolean invalid)
{
    guint8 four[4];

    four[0] = (guint8)(date->minute | (invalid ? 0x80 : 0));
    four[1] = (guint8)date->hour;
    put_type_g(four + 2, date);
    nilo_lab_mbus_records_add_int(records, 0, 0x6d, 0, sizeof four,
                                  nilo_lab_little_get(four, sizeof four));
}

/**
 * nilo_lab_mbus_date_time_get:
 * @bytes: (array fixed-size=4): type F
 * @date: (out): untouched on failure
 *
 * Returns: whether it is a moment that exists
 */
gboolean
nilo_lab_mbus_date_time_get(const guint8 *bytes, NiloLabDate *date)
{
    const gint century = (bytes[1] >> 5) & 3;
    const gint two_digit = (bytes[2] >> 5) | (bytes[3] >> 4) << 3;
    NiloLabDate read = {0};

    read.minute = bytes[0] & 0x3f;
    read.hour = bytes[1] & 0x1f;
    read.day = bytes[2] & 0x1f;
    read.month = bytes[3] & 0x0f;
    read.year = YEAR_ZERO + 100 * century + two_digit;
    if (century == 0 && two_digit <= 80)
        read.year += 100;
    if ((bytes[0] & 0x80) != 0 || !nilo_lab_date_is_valid(&read))
        return FALSE;
    *date = read;
    return TRUE;
}

/**
 * nilo_lab_mbus_manufacturer_code:
 * @letters: three upper-case letters
 *
 * Returns: the two-byte code, or 0 when @letters are something else
 */
guint16
nilo_lab_mbus_manufacturer_code(const char *letters)
{
    guint code = 0;

    if (strlen(letters) != 3)
        return 0;
    for (gsize i = 0; i < 3; i++) {
        if (!g_ascii_isupper(letters[i]))
            return 0;
        code = code << 5 | (guint)(letters[i] - 'A' + 1);
    }
    return (guint16)code;
}
