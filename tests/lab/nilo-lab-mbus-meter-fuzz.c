/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-estate.h"

#include <stdint.h>
#include <string.h>

#define MAX_REQUEST 300
#define START_NS    G_GINT64_CONSTANT(1000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char estate_text[] =
    "[bus b]\nkind=mbus\n"
    "[meters "
    "p]\nbus=b\nprotocol=mbus-primary\ncount=3\nfirst-address=1\nfirst-id=12345678\ntelegrams=3\n"
    "[meter s]\nbus=b\nprotocol=mbus-secondary\nid=12345678\nprofile=heat\nbusy-percent=10\n";

static guint8
sum_of(const guint8 *bytes, gsize size)
{
    guint8 sum = 0;

    for (gsize i = 0; i < size; i++)
        sum = (guint8)(sum + bytes[i]);
    return sum;
}

/* gives what looks like a request a right frame, so that the meters' insides are reached too */
static void
make_sound(guint8 *heard, gsize size)
{
    if (size > 4 && heard[0] == 0x68 && size == (gsize)heard[1] + 6) {
        heard[5] = heard[5] & 1 ? 0xfd : 0x01;
        heard[2] = heard[1];
        heard[3] = 0x68;
        heard[size - 2] = sum_of(heard + 4, size - 6);
        heard[size - 1] = 0x16;
    }
}

/* M-Bus meters hear anything: as it is, then made sound; every answer is taken off the wire */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(NiloLabEstate) estate =
        nilo_lab_estate_new_from_data(estate_text, sizeof estate_text - 1, NULL);
    NiloLabBus *bus = g_ptr_array_index(nilo_lab_estate_get_buses(estate), 0);
    guint8 heard[MAX_REQUEST];
    NiloLabByte byte;
    gint64 end_ns;

    size = MIN(size, sizeof heard);
    if (size > 0)
        memcpy(heard, data, size);
    end_ns = nilo_lab_bus_hear(bus, heard, size, START_NS, 0);
    make_sound(heard, size);
    nilo_lab_bus_hear(bus, heard, size, end_ns + START_NS, 0);
    while (nilo_lab_bus_take(bus, &byte))
        nilo_lab_bus_sent(bus, &byte, byte.end_ns);
    return 0;
}
