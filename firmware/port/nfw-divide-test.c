/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-divide.h"

#include "nilo-wire-test.h"

/* the edges, and what lies beside them; each is divided by each */
static const uint64_t numbers[] = {
    1,
    2,
    3,
    9,
    10,
    999,
    1000,
    12500,
    UINT16_MAX,
    INT32_MAX,
    (uint64_t)INT32_MAX + 1,
    UINT32_MAX - 1,
    UINT32_MAX,
    (uint64_t)UINT32_MAX + 1,
    UINT64_C(10000000000),
    UINT64_C(123456789012345),
    INT64_MAX - 1,
    INT64_MAX,
    (uint64_t)INT64_MAX + 1,
    UINT64_MAX,
    0,
};

#define NUMBERS (sizeof numbers / sizeof numbers[0])

static void
test_32(const void *data)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        for (size_t k = 0; k < NUMBERS; k++) {
            const uint32_t number = (uint32_t)numbers[i];
            const uint32_t divisor = (uint32_t)numbers[k];
            uint32_t rest;

            if (divisor == 0)
                continue;
            CHECK(nfw_divide_32(number, divisor, &rest) == number / divisor);
            CHECK(rest == number % divisor);
        }
    }
}

static void
test_64(const void *data)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        for (size_t k = 0; k < NUMBERS; k++) {
            uint64_t rest;

            if (numbers[k] == 0 || numbers[k] > (uint64_t)INT64_MAX + 1)
                continue;
            CHECK(nfw_divide_64(numbers[i], numbers[k], &rest) == numbers[i] / numbers[k]);
            CHECK(rest == numbers[i] % numbers[k]);
        }
    }
}

static void
check_signed(int64_t number, int64_t divisor)
{
    int64_t rest;

    if (divisor == 0 || (number == INT64_MIN && divisor == -1))
        return;
    CHECK(nfw_divide_signed_64(number, divisor, &rest) == number / divisor);
    CHECK(rest == number % divisor);
}

static void
test_signed_64(const void *data)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        for (size_t k = 0; k < NUMBERS; k++) {
            const int64_t number = (int64_t)numbers[i];
            const int64_t divisor = (int64_t)numbers[k];

            check_signed(number, divisor);
            if (number != INT64_MIN)
                check_signed(-number, divisor);
            if (divisor != INT64_MIN)
                check_signed(number, -divisor);
        }
    }
}

int
main(void)
{
    nilo_test_run("/divide/32", test_32, NULL);
    nilo_test_run("/divide/64", test_64, NULL);
    nilo_test_run("/divide/signed-64", test_signed_64, NULL);
    return nilo_test_finish();
}
