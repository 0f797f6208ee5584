/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-test-master.h"

#include "nilo-lab-port.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_MS G_GINT64_CONSTANT(1000000)
#define LISTEN_NS (3000 * NS_PER_MS)
#define REST_NS   (60 * NS_PER_MS)
#define START_NS  (1000 * NS_PER_MS)
#define MAX_BYTES 300
/* on a collector's line: a request is answered within 330 bit times + 50 ms, and the machine that
 * plays it may be busy; behind that much silence an answer is over, whole or not */
#define PATIENCE_MS  1500
#define SILENCE_MS   300
#define LINE_REST_MS 90
/* until who has answered listens again; a wire without pace brings its last byte to us sooner */
#define TURN_MS 2

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
 * nilo_lab_test_master_new_for_collector:
 * @collector: outlives the master; it may lose its power and get it again
 *
 * Returns: (transfer full): a master on its bus line, without a pace
 */
NiloLabTestMaster *
nilo_lab_test_master_new_for_collector(NiloLabCollector *collector)
{
    NiloLabTestMaster *master = g_new0(NiloLabTestMaster, 1);

    master->collector = collector;
    master->patience_ms = PATIENCE_MS;
    master->rest_ms = LINE_REST_MS;
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
    g_clear_pointer(&master->estate, nilo_lab_estate_free);
    g_free(master);
}

/* an answer is whole when it is a frame */
static gboolean
is_whole(const GByteArray *answer)
{
    gsize at = 0;
    NiloLabMbusFrame mbus;
    NiloLabCjt188Frame cjt188;

    if (answer->len > 0 && answer->data[0] == NILO_LAB_MBUS_ACK)
        return TRUE;
    while (at < answer->len && answer->data[at] == 0xfe)
        at++;
    return nilo_lab_mbus_frame_fit(answer->data + at, answer->len - at, &mbus) ==
               NILO_LAB_FIT_COMPLETE ||
           nilo_lab_cjt188_frame_fit(answer->data + at, answer->len - at, &cjt188) ==
               NILO_LAB_FIT_COMPLETE;
}

static void
drain(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    guint8 rest[MAX_BYTES];

    while (poll(&polled, 1, 0) > 0 && read(fd, rest, sizeof rest) > 0)
        ;
}

static void
send_to_collector(NiloLabTestMaster *master, const guint8 *bytes, gsize size)
{
    const int fd = nilo_lab_collector_get_line_fd(master->collector, NILO_LAB_LINE_BUS);
    const gboolean is_cjt188 = bytes[0] == 0xfe;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    gboolean is_in_step;
    gint64 sent_ns, rest_ns;

    g_assert_cmpint(fd, >=, 0);
    is_in_step = master->is_in_step && is_cjt188 == master->was_cjt188;
    rest_ns = master->now_ns + (is_in_step ? TURN_MS : master->rest_ms) * NS_PER_MS -
              nilo_lab_port_now_ns();
    if (rest_ns > 0)
        g_usleep((gulong)(rest_ns / 1000));
    drain(fd); /* what it said to nobody */
    g_assert_cmpint(write(fd, bytes, size), ==, size);
    sent_ns = nilo_lab_port_now_ns();
    while (master->answer->len < MAX_BYTES && !is_whole(master->answer)) {
        guint8 part[MAX_BYTES];
        gssize n;

        if (poll(&polled, 1, (int)(master->answer->len == 0 ? master->patience_ms : SILENCE_MS)) <=
            0)
            break;
        n = read(fd, part, sizeof part);
        if (n <= 0)
            break;
        if (master->answer->len == 0)
            master->first_byte_ns = nilo_lab_port_now_ns() - sent_ns;
        g_byte_array_append(master->answer, part, (guint)n);
    }
    master->now_ns = nilo_lab_port_now_ns();
    master->is_in_step = is_whole(master->answer);
    master->was_cjt188 = is_cjt188;
    nilo_lab_collector_look(master->collector);
}

/**
 * nilo_lab_test_master_send:
 * @master: a master
 * @bytes: (array length=size): a request
 * @size: how many
 *
 * Sends, then listens for 3 s, or as long as a collector may take; the answer is in @master.
 */
void
nilo_lab_test_master_send(NiloLabTestMaster *master, const guint8 *bytes, gsize size)
{
    gint64 end_ns, last_ns, due_ns;

    g_byte_array_set_size(master->answer, 0);
    master->damaged = 0;
    master->first_byte_ns = 0;
    if (master->collector != NULL) {
        send_to_collector(master, bytes, size);
        return;
    }
    end_ns = nilo_lab_bus_hear(master->bus, bytes, size, master->now_ns, master->speed_baud);
    last_ns = end_ns;
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
