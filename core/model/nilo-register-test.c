/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-register.h"

#include "nilo-error.h"

typedef struct {
    const char *path;
    NiloRegisterParts parts;
    const char *text;
} RegisterCase;

static const RegisterCase cases[] = {
    {"/register/plain", {.quantity = NILO_QUANTITY_VOLUME}, "volume"},
    {"/register/two-words", {.quantity = NILO_QUANTITY_VOLUME_FLOW}, "volume-flow"},
    {"/register/slash-in-name", {.quantity = NILO_QUANTITY_MODEL_VERSION}, "model-version"},
    {"/register/history",
     {.quantity = NILO_QUANTITY_VOLUME, .function = NILO_FUNCTION_MAXIMUM, .storage = 65535},
     "volume/max/storage=65535"},
    {"/register/everything",
     {.quantity = NILO_QUANTITY_ENERGY,
      .function = NILO_FUNCTION_ERROR,
      .storage = 1,
      .tariff = 255,
      .subunit = 255,
      .qualifier = NILO_QUALIFIER_FORWARD,
      .occurrence = 63},
     "energy/error/storage=1/tariff=255/subunit=255/forward/occurrence=63"},
    {"/register/qualifier-bits",
     {.quantity = NILO_QUANTITY_FLOW_TEMPERATURE,
      .qualifier = NILO_QUALIFIER_UPPER_LIMIT | NILO_QUALIFIER_FORWARD},
     "flow-temperature/qualifier=0x041"},
    {"/register/number-without-name", {.quantity = (NiloQuantity)1023}, "quantity-1023"},
};

static void
test_there_and_back(gconstpointer data)
{
    const RegisterCase *test = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    NiloRegister reg = -1, again = -1;
    NiloRegisterParts parts;

    g_assert_true(nilo_register_pack(&test->parts, &reg));
    g_assert_cmpint(reg, >, 0);
    nilo_register_unpack(reg, &parts);
    g_assert_cmpmem(&parts, sizeof parts, &test->parts, sizeof parts);
    text = nilo_register_to_text(reg);
    g_assert_cmpstr(text, ==, test->text);
    g_assert_true(nilo_register_from_text(text, &again, &error));
    g_assert_no_error(error);
    g_assert_cmpint(again, ==, reg);
}

static void
test_too_large(void)
{
    const NiloRegisterParts large[] = {
        {.quantity = (NiloQuantity)1024},
        {.storage = 65536},
        {.storage = G_MAXUINT64},
        {.tariff = 256},
        {.subunit = 256},
        {.qualifier = 4096},
        {.occurrence = 64},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(large); i++) {
        NiloRegister reg = 4711;

        g_assert_false(nilo_register_pack(&large[i], &reg));
        g_assert_cmpint(reg, ==, 4711);
    }
}

/* the packing is stored: these numbers must never change */
static void
test_packing_is_fixed(void)
{
    NiloRegister reg;

    g_assert_cmpint(nilo_register_of(NILO_QUANTITY_VOLUME), ==, G_GINT64_CONSTANT(2) << 52);
    g_assert_true(nilo_register_from_text("volume/storage=1", &reg, NULL));
    g_assert_cmpint(reg, ==, (G_GINT64_CONSTANT(2) << 52) + (G_GINT64_CONSTANT(1) << 34));
}

static void
test_bad_text(void)
{
    static const char *const bad[] = {"",
                                      "volumes",
                                      "volume/",
                                      "volume/storage",
                                      "volume/storage=",
                                      "volume/storage=-1",
                                      "volume/storage=65536",
                                      "quantity-1024"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        NiloRegister reg;

        g_assert_false(nilo_register_from_text(bad[i], &reg, &error));
        g_assert_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add_data_func(cases[i].path, &cases[i], test_there_and_back);
    g_test_add_func("/register/too-large", test_too_large);
    g_test_add_func("/register/packing-is-fixed", test_packing_is_fixed);
    g_test_add_func("/register/bad-text", test_bad_text);
    return g_test_run();
}
