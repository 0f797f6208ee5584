/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-wire-crc.h"
#include "nilo-wire-test.h"

typedef struct {
    const char *path;
    int first; /* bytes count up or down from here, or stay */
    int step;
    uint32_t crc;
} CrcCase;

/* the vectors of RFC 3720 Appendix B.4, 32 bytes each */
static const CrcCase crc_cases[] = {
    {"/wire/crc32c/zeros", 0x00, 0, UINT32_C(0x8a9136aa)},
    {"/wire/crc32c/ones", 0xff, 0, UINT32_C(0x62a8ab43)},
    {"/wire/crc32c/rising", 0x00, 1, UINT32_C(0x46dd794e)},
    {"/wire/crc32c/falling", 0x1f, -1, UINT32_C(0x113fdb5c)},
};

static void
test_vector(const void *data)
{
    const CrcCase *wanted = data;
    uint8_t bytes[32];

    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(wanted->first + i * wanted->step);
    CHECK_INT(nilo_crc32c_update(NILO_CRC32C_START, bytes, sizeof bytes), wanted->crc);
}

static void
test_check_value(const void *data)
{
    CHECK_INT(nilo_crc32c_update(NILO_CRC32C_START, "123456789", 9), UINT32_C(0xe3069283));
    CHECK_INT(nilo_crc32c_update(NILO_CRC32C_START, NULL, 0), NILO_CRC32C_START);
}

static void
test_parts(const void *data)
{
    for (size_t split = 0; split <= 9; split++) {
        uint32_t crc = nilo_crc32c_update(NILO_CRC32C_START, "123456789", split);

        crc = nilo_crc32c_update(crc, &"123456789"[split], 9 - split);
        CHECK_INT(crc, UINT32_C(0xe3069283));
    }
}

int
main(void)
{
    for (size_t i = 0; i < sizeof crc_cases / sizeof crc_cases[0]; i++)
        nilo_test_run(crc_cases[i].path, test_vector, &crc_cases[i]);
    nilo_test_run("/wire/crc32c/check-value", test_check_value, NULL);
    nilo_test_run("/wire/crc32c/parts", test_parts, NULL);
    return nilo_test_finish();
}
