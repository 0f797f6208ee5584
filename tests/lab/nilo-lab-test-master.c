/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-test-master.h"

#include <string.h>

#define NS_PER_MS G_GINT64_CONSTANT(1000000)
#define LISTEN_NS (3000 * NS_PER_MS)
#define REST_NS   (60 * NS_PER_MS)
#define START_NS  (1000 * NS_PER_MS)
#define MAX_BYTES 300

/**
 * nilo_lab_test_master_new:
 * @estate: text of an estate file; its first bus is used
 *
 * Returns: (transfer full): a master at fake time
 */
NiloLabTestMaster *
nilo_lab_test_master_new(const char *estate)
{
    g_autoptr(GError) error = NULL;
    NiloLabTestMaster *master = g_new0(NiloLabTestMaster, 1);
    NiloLabTime time = {.mono_ns = START_NS, .speedup = 1};

    master->estate = nilo_lab_estate_new_from_data(estate, strlen(estate), &error);
    g_assert_no_error(error);
    g_assert_true(nilo_lab_utc_from_text("2026-03-15T10:30:00Z", &time.utc_us));
    nilo_lab_estate_set_time(master->estate, &time);
    master->bus = g_ptr_array_index(nilo_lab_estate_get_buses(master->estate), 0);
    master->now_ns = START_NS;
    master->answer = g_byte_array_new();
    return master;
}

/**
 * nilo_lab_test_master_free:
 * @master: (transfer full): a master
 *
 * Frees it with its estate.
 */
void
nilo_lab_test_master_free(NiloLabTestMaster *master)
{
    g_byte_array_unref(master->answer);
    nilo_lab_estate_free(master->estate);
    g_free(master);
}

/**
 * nilo_lab_test_master_send:
 * @master: a master
 * @bytes: (array length=size): a request
 * @size: how many
 *
 * Sends, then listens for 3 s; the answer is in @master.
 */
void
nilo_lab_test_master_send(NiloLabTestMaster *master, const guint8 *bytes, gsize size)
{
    const gint64 end_ns =
        nilo_lab_bus_hear(master->bus, bytes, size, master->now_ns, master->speed_baud);
    gint64 last_ns = end_ns;
    gint64 due_ns;

    g_byte_array_set_size(master->answer, 0);
    master->damaged = 0;
    master->first_byte_ns = 0;
    while (master->answer->len < MAX_BYTES && nilo_lab_bus_peek(master->bus, last_ns, &due_ns) &&
           due_ns < end_ns + LISTEN_NS) {
        NiloLabByte byte;

        g_assert_true(nilo_lab_bus_take(master->bus, &byte));
        nilo_lab_bus_sent(master->bus, &byte, byte.end_ns);
        if (master->answer->len == 0)
            master->first_byte_ns = byte.end_ns - end_ns;
        g_byte_array_append(master->answer, &byte.byte, 1);
        master->damaged += byte.damaged ? 1 : 0;
        g_assert_cmpint(byte.end_ns, >=, due_ns);
        last_ns = MAX(last_ns, byte.end_ns);
    }
    master->now_ns = last_ns + REST_NS;
}

static gsize
from_hex(const char *hex, guint8 *bytes)
{
    gsize size = 0;

    for (const char *p = hex; *p != '\0'; p++) {
        if (*p == ' ')
            continue;
        bytes[size++] = (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        p++;
    }
    return size;
}

/**
 * nilo_lab_test_master_send_hex:
 * @master: a master
 * @hex: bytes, spaces allowed between them
 *
 * Sends these bytes.
 */
void
nilo_lab_test_master_send_hex(NiloLabTestMaster *master, const char *hex)
{
    guint8 bytes[MAX_BYTES];
    const gsize size = from_hex(hex, bytes);

    nilo_lab_test_master_send(master, bytes, size);
}

/**
 * nilo_lab_test_master_short:
 * @master: a master
 * @c: control field
 * @a: address
 *
 * Sends a short M-Bus frame.
 */
void
nilo_lab_test_master_short(NiloLabTestMaster *master, guint8 c, guint8 a)
{
    const guint8 bytes[] = {0x10, c, a, (guint8)(c + a), 0x16};

    nilo_lab_test_master_send(master, bytes, sizeof bytes);
}

/**
 * nilo_lab_test_master_long:
 * @master: a master
 * @c: control field
 * @a: address
 * @ci: control information
 * @data_hex: user data
 *
 * Sends a long or control M-Bus frame.
 */
void
nilo_lab_test_master_long(NiloLabTestMaster *master, guint8 c, guint8 a, guint8 ci,
                          const char *data_hex)
{
    guint8 bytes[MAX_BYTES] = {0x68, 0, 0, 0x68, c, a, ci};
    const gsize n = from_hex(data_hex, bytes + 7);
    guint8 sum = 0;

    bytes[1] = bytes[2] = (guint8)(n + 3);
    for (gsize i = 4; i < 7 + n; i++)
        sum = (guint8)(sum + bytes[i]);
    bytes[7 + n] = sum;
    bytes[8 + n] = 0x16;
    nilo_lab_test_master_send(master, bytes, 9 + n);
}

/**
 * nilo_lab_test_master_cjt188:
 * @master: a master
 * @address: 14 digits as printed
 * @control: control field
 * @data_hex: data field
 *
 * Sends a CJ/T 188 frame for a cold water meter (type 10), with two preamble bytes.
 */
void
nilo_lab_test_master_cjt188(NiloLabTestMaster *master, const char *address, guint8 control,
                            const char *data_hex)
{
    guint8 bytes[MAX_BYTES] = {0xfe, 0xfe, 0x68, 0x10};
    const gsize n = from_hex(data_hex, bytes + 13);
    guint8 sum = 0;

    from_hex(address, bytes + 4);
    for (gsize i = 0; i < 3; i++) {
        const guint8 kept = bytes[4 + i];

        bytes[4 + i] = bytes[10 - i];
        bytes[10 - i] = kept;
    }
    bytes[11] = control;
    bytes[12] = (guint8)n;
    for (gsize i = 2; i < 13 + n; i++)
        sum = (guint8)(sum + bytes[i]);
    bytes[13 + n] = sum;
    bytes[14 + n] = 0x16;
    nilo_lab_test_master_send(master, bytes, 15 + n);
}

/**
 * nilo_lab_test_master_get_hex:
 * @master: a master
 *
 * Returns: (transfer full): the last answer in upper-case hex
 */
char *
nilo_lab_test_master_get_hex(NiloLabTestMaster *master)
{
    GString *hex = g_string_new(NULL);

    for (guint i = 0; i < master->answer->len; i++)
        g_string_append_printf(hex, "%02X", master->answer->data[i]);
    return g_string_free(hex, FALSE);
}

/**
 * nilo_lab_test_master_heard:
 * @master: a master
 * @hex: upper-case hex without spaces
 *
 * Returns: whether the last answer contains these digits
 */
gboolean
nilo_lab_test_master_heard(NiloLabTestMaster *master, const char *hex)
{
    g_autofree char *answer = nilo_lab_test_master_get_hex(master);
    const gboolean heard = strstr(answer, hex) != NULL;

    if (!heard)
        g_test_message("heard %s, expected %s in it", answer, hex);
    return heard;
}

/**
 * nilo_lab_test_master_heard_ack:
 * @master: a master
 *
 * Returns: whether the last answer was one sound E5
 */
gboolean
nilo_lab_test_master_heard_ack(NiloLabTestMaster *master)
{
    return master->answer->len == 1 && master->answer->data[0] == 0xe5 && master->damaged == 0;
}

/**
 * nilo_lab_test_master_utc_us:
 * @master: a master
 *
 * Returns: estate time
 */
gint64
nilo_lab_test_master_utc_us(NiloLabTestMaster *master)
{
    return nilo_lab_bus_get_utc_us(master->bus, master->now_ns);
}
