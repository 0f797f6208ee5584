/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-driver.h"
#include "nilo-mbus-link.h"
#include "nilo-mbus-report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* whatever is heard: a judge stays inside it and makes progress */
static void
check_judge(NiloFrameFunc judge, NiloMbusCall *call, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        NiloFrameSpan span = {0};
        const NiloFrameState state = judge(bytes, size, &span, call);

        if (state == NILO_FRAME_NEED_MORE) {
            g_assert_true(span.expected == 0 || span.expected > size);
            return;
        }
        if (state == NILO_FRAME_COMPLETE || state == NILO_FRAME_COLLISION)
            return;
        g_assert_cmpuint(span.offset, <=, size);
        g_assert_cmpuint(state == NILO_FRAME_SKIP ? span.offset : span.size, >, 0);
        size -= MAX(span.offset, 1);
        bytes += MAX(span.offset, 1);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    NiloMbusCall call = {.partner = NILO_MBUS_ADDRESS_SELECTED, .mask = NILO_MBUS_ADDRESS_ANY};
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("mbus:any", NULL);
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    g_autoptr(NiloReport) report = NULL;
    g_autoptr(GPtrArray) telegrams = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    NiloMbusReport told = {.builder = builder,
                           .main_volume = nilo_register_of(NILO_QUANTITY_VOLUME),
                           .zone = zone,
                           .now_us = 1,
                           .with_history = TRUE};
    uint8_t frame[NILO_MBUS_MAX_FRAME];
    const size_t n = MIN(size, NILO_MBUS_MAX_DATA);

    check_judge(nilo_mbus_link_judge_data, &call, bytes, size);
    check_judge(nilo_mbus_link_judge_ack, &call, bytes, size);
    if (n < 2)
        return 0;
    /* the same bytes as the content of a good frame */
    g_ptr_array_add(telegrams,
                    g_bytes_new(frame,
                                nilo_mbus_frame_build_long(NILO_MBUS_C_RSP_UD, 5, bytes[0],
                                                           bytes + 1, n - 1, frame, sizeof frame)));
    nilo_mbus_report_fill(&told, telegrams);
    report = nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
    return 0;
}
