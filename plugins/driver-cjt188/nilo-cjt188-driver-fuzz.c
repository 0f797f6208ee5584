/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <string.h>

#include "nilo-cjt188-driver.h"
#include "nilo-cjt188-report.h"
#include "nilo-cjt188-session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_judge(const uint8_t *data, size_t size)
{
    guint8 serial = 0;
    NiloCjt188Session session;
    gsize at = 0;

    nilo_cjt188_session_init(&session, NULL, &serial);
    session.takes_any = TRUE;
    session.check_serial = FALSE;
    session.request = (NiloCjt188Message){.function = NILO_CJT188_READ_DATA,
                                          .has_di = TRUE,
                                          .di = NILO_CJT188_DI_CURRENT};
    while (at < size) {
        NiloFrameSpan span = {0};
        const NiloFrameState state =
            nilo_cjt188_session_judge(data + at, size - at, &span, &session);

        g_assert_cmpuint(span.offset + span.size, <=, size - at);
        if (state == NILO_FRAME_NEED_MORE) {
            g_assert_cmpuint(span.expected, >, size - at);
            return;
        }
        /* whoever drops what it is told to drop makes progress */
        at += state == NILO_FRAME_BAD_CHECKSUM ? span.offset + 1 : span.offset + span.size;
        g_assert_true(span.offset + span.size > 0);
    }
}

static const char blocks[] =
    "[block day]\nfirst=D300\ncount=62\nskip-flags=0x07\neach=clock;digits 4 volume;unit;flags\n"
    "[block hours]\nfirst=D500\ncount=90\nstep-s=3600\nhead=clock;unit\n"
    "each=digits 4 volume;flags;number 2 battery-voltage -3 V\n"
    "[block state]\nfirst=D700\nhead=skip 2;number 2 battery-voltage -3 V;fact 4 age\n"
    "[block events]\nfirst=D710\ncount=32\nhead=own\n"
    "each=sequence 2;code;channel 8;clock;fact 4 argument\nevents=8 magnet\n";

/* the first byte says which identifier, the rest is a payload of any length */
static void
check_blocks(const uint8_t *data, size_t size)
{
    static const guint16 identifiers[] = {0xd300, 0xd500, 0xd700, 0xd710};
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("cjt188:78330011223344", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    g_autoptr(NiloCjt188Model) model =
        nilo_cjt188_model_new_from_data(blocks, strlen(blocks), "fuzz.profile", NULL);
    NiloCjt188Report report = {.builder = builder, .model = model, .zone = zone};
    const NiloCjt188Message message = {
        .function = NILO_CJT188_READ_DATA,
        .is_answer = TRUE,
        .has_di = TRUE,
        .di = identifiers[data[0] % G_N_ELEMENTS(identifiers)],
        .payload = data + 1,
        .payload_size = (guint8)MIN(size - 1, 97),
    };

    nilo_cjt188_report_add(&report, &message);
}

/* nothing that is heard can do harm, and a good decoding always says something */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("cjt188:78330011223344", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(GObject) driver = g_object_new(NILO_TYPE_CJT188_DRIVER, NULL);
    g_autoptr(GError) error = NULL;
    gboolean done;

    if (size == 0)
        return 0;
    check_judge(data, size);
    check_blocks(data, size);
    done = nilo_driver_decode(NILO_DRIVER(driver), data, size, builder, &error);
    g_assert_true(done == (error == NULL));
    return 0;
}
