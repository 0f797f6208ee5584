/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-crc.h"
#include "nilo-wire-test.h"

/* the check value that catalogues of checksums give for CRC-16/EN-13757 */
static void
test_check_value(const void *data)
{
    CHECK_INT(nilo_mbus_crc_update(NILO_MBUS_CRC_START, (const uint8_t *)"123456789", 9), 0xc2b7);
    CHECK_INT(nilo_mbus_crc_update(NILO_MBUS_CRC_START, NULL, 0), NILO_MBUS_CRC_START);
}

static void
test_parts(const void *data)
{
    const uint8_t *bytes = (const uint8_t *)"123456789";

    for (size_t split = 0; split <= 9; split++) {
        uint16_t crc = nilo_mbus_crc_update(NILO_MBUS_CRC_START, bytes, split);

        crc = nilo_mbus_crc_update(crc, bytes + split, 9 - split);
        CHECK_INT(crc, 0xc2b7);
    }
}

int
main(void)
{
    nilo_test_run("/mbus/crc/check-value", test_check_value, NULL);
    nilo_test_run("/mbus/crc/parts", test_parts, NULL);
    return nilo_test_finish();
}
