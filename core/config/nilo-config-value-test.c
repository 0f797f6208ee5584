/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config-value.h"

#include <gio/gio.h>

#include "nilo-param.h"

typedef enum {
    WANT_UINT,
    WANT_INT,
    WANT_UINT64,
    WANT_INT64,
    WANT_BOOLEAN,
    WANT_ENUM,
    WANT_FLAGS,
    WANT_STRING,
    WANT_REQUIRED,
    WANT_SECRET,
    WANT_DOUBLE,
} Want;

typedef struct {
    const char *path;
    Want want;
    const char *key;
    const char *text;
    const char *result;  /* as nilo_config_value_to_text() writes it back */
    const char *message; /* instead */
} ValueCase;

static const ValueCase value_cases[] = {
    {"/config/value/uint", WANT_UINT, "count", "300", "300", NULL},
    {"/config/value/uint/largest", WANT_UINT, "count", "38400", "38400", NULL},
    {"/config/value/uint/above", WANT_UINT, "count", "38401", NULL,
     "found \"38401\", expected 300 to 38400"},
    {"/config/value/uint/below", WANT_UINT, "count", "299", NULL,
     "found \"299\", expected 300 to 38400"},
    {"/config/value/uint/negative", WANT_UINT, "count", "-300", NULL,
     "found \"-300\", expected 300 to 38400"},
    {"/config/value/uint/wraps-32-bits", WANT_UINT, "count", "4294967896", NULL,
     "found \"4294967896\", expected 300 to 38400"},
    {"/config/value/uint/wraps-64-bits", WANT_UINT, "count", "18446744073709551916", NULL,
     "found \"18446744073709551916\", expected 300 to 38400"},
    {"/config/value/uint/comment-behind", WANT_UINT, "count", "2400 # slow", NULL,
     "found \"2400 # slow\", expected a whole number without a unit"},
    {"/config/value/uint/empty", WANT_UINT, "count", "", NULL,
     "found \"\", expected a whole number"},
    {"/config/value/uint/hex", WANT_UINT, "count", "0x200", NULL,
     "found \"0x200\", expected a whole number without a unit"},
    {"/config/value/uint/fraction", WANT_UINT, "count", "300.5", NULL,
     "found \"300.5\", expected a whole number"},
    {"/config/value/uint/point-only", WANT_UINT, "count", ".", NULL,
     "found \".\", expected a whole number"},
    {"/config/value/uint/point-at-the-end", WANT_UINT, "count", "300.", NULL,
     "found \"300.\", expected a whole number"},
    {"/config/value/int/negative", WANT_INT, "offset", "-5", "-5", NULL},
    {"/config/value/int/minus-zero", WANT_INT, "offset", "-0", "0", NULL},
    {"/config/value/int/below", WANT_INT, "offset", "-11", NULL,
     "found \"-11\", expected -10 to 10"},
    {"/config/value/uint64/largest", WANT_UINT64, "size", "18446744073709551615",
     "18446744073709551615", NULL},
    {"/config/value/uint64/above", WANT_UINT64, "size", "18446744073709551616", NULL,
     "found \"18446744073709551616\", expected 0 to 18446744073709551615"},
    {"/config/value/int64/smallest", WANT_INT64, "size", "-9223372036854775808",
     "-9223372036854775808", NULL},
    {"/config/value/int64/below", WANT_INT64, "size", "-9223372036854775809", NULL,
     "found \"-9223372036854775809\", expected -9223372036854775808 to 9223372036854775807"},
    {"/config/value/unit/baud", WANT_UINT, "speed-baud", "2400 Bd", "2400", NULL},
    {"/config/value/unit/kilobaud", WANT_UINT, "speed-baud", "9.6 kBd", "9600", NULL},
    {"/config/value/unit/out-of-range", WANT_UINT, "speed-baud", "115200 Bd", NULL,
     "found \"115200 Bd\", expected 300 to 38400 Bd"},
    {"/config/value/unit/of-another-key", WANT_UINT, "speed-baud", "2400 ms", NULL,
     "found \"2400 ms\", expected a number alone or with one of the units Bd, baud, kBd"},
    {"/config/value/unit/seconds-as-ms", WANT_UINT, "answer-ms", "1.5 s", "1500", NULL},
    {"/config/value/unit/seconds-without-blank", WANT_UINT, "answer-ms", "1.5s", "1500", NULL},
    {"/config/value/unit/not-whole", WANT_UINT, "answer-ms", "0.3005 s", NULL,
     "found \"0.3005 s\", expected a whole number of ms"},
    {"/config/value/unit/ms-as-seconds", WANT_UINT, "every-s", "300000 ms", "300", NULL},
    {"/config/value/unit/hours-as-seconds", WANT_UINT, "every-s", "0.5 h", "1800", NULL},
    {"/config/value/unit/decimal-comma", WANT_UINT, "answer-ms", "1,5 s", NULL,
     "found \"1,5 s\", expected a number alone or with one of the units ms, us, s, min, h"},
    {"/config/value/unit/cubic-metres", WANT_UINT64, "tank-ml", "2.5 m3", "2500000", NULL},
    {"/config/value/unit/flow", WANT_UINT64, "flow-max-ml-per-h", "10 m³/h", "10000000", NULL},
    {"/config/value/unit/mebibytes", WANT_UINT64, "size-bytes", "64 MiB", "67108864", NULL},
    {"/config/value/unit/overflow", WANT_UINT64, "size-bytes", "99999999999999 GiB", NULL,
     "found \"99999999999999 GiB\", expected 0 to 18446744073709551615 B"},
    {"/config/value/boolean/yes", WANT_BOOLEAN, "echo", "yes", "yes", NULL},
    {"/config/value/boolean/false", WANT_BOOLEAN, "echo", "false", "no", NULL},
    {"/config/value/boolean/number", WANT_BOOLEAN, "echo", "1", NULL,
     "found \"1\", expected yes or no"},
    {"/config/value/enum", WANT_ENUM, "mode", "datagram", "datagram", NULL},
    {"/config/value/enum/slip", WANT_ENUM, "mode", "datagran", NULL,
     "found \"datagran\", expected one of invalid, stream, datagram, seqpacket; did you mean "
     "\"datagram\"?"},
    {"/config/value/enum/unknown", WANT_ENUM, "mode", "carrier-pigeon", NULL,
     "found \"carrier-pigeon\", expected one of invalid, stream, datagram, seqpacket"},
    {"/config/value/flags", WANT_FLAGS, "watch", "watch-mounts; send-moved;",
     "watch-mounts;send-moved", NULL},
    {"/config/value/flags/unknown", WANT_FLAGS, "watch", "watch-mounts;ears", NULL,
     "found \"ears\", expected one of none, watch-mounts, send-moved, watch-hard-links, "
     "watch-moves"},
    {"/config/value/string", WANT_STRING, "port", "/dev/ttyUSB0", "/dev/ttyUSB0", NULL},
    {"/config/value/string/empty", WANT_STRING, "port", "", "", NULL},
    {"/config/value/required/empty", WANT_REQUIRED, "port", "", NULL,
     "found nothing behind the =, expected a value"},
    {"/config/value/secret/in-the-file", WANT_SECRET, "password", "hunter2", NULL,
     "a secret may not stand in the file, expected file:/path, credential:name or env:NAME"},
    {"/config/value/unsupported", WANT_DOUBLE, "ratio", "1.5", NULL,
     "a key cannot have the type gdouble: the plugin is wrong"},
};

static GParamSpec *
make_spec(Want want, const char *key)
{
    switch (want) {
    case WANT_UINT:
        return g_param_spec_uint(key, "", "", 300, 38400, 2400, NILO_PARAM_CONFIG);
    case WANT_INT:
        return g_param_spec_int(key, "", "", -10, 10, 0, NILO_PARAM_CONFIG);
    case WANT_UINT64:
        return g_param_spec_uint64(key, "", "", 0, G_MAXUINT64, 0, NILO_PARAM_CONFIG);
    case WANT_INT64:
        return g_param_spec_int64(key, "", "", G_MININT64, G_MAXINT64, 0, NILO_PARAM_CONFIG);
    case WANT_BOOLEAN:
        return g_param_spec_boolean(key, "", "", FALSE, NILO_PARAM_CONFIG);
    case WANT_ENUM:
        return g_param_spec_enum(key, "", "", G_TYPE_SOCKET_TYPE, G_SOCKET_TYPE_STREAM,
                                 NILO_PARAM_CONFIG);
    case WANT_FLAGS:
        return g_param_spec_flags(key, "", "", G_TYPE_FILE_MONITOR_FLAGS, 0, NILO_PARAM_CONFIG);
    case WANT_DOUBLE:
        return g_param_spec_double(key, "", "", 0, 1, 0, NILO_PARAM_CONFIG);
    case WANT_REQUIRED:
        return g_param_spec_string(key, "", "", NULL, NILO_PARAM_CONFIG | NILO_PARAM_REQUIRED);
    case WANT_SECRET:
        return g_param_spec_string(key, "", "", NULL, NILO_PARAM_CONFIG | NILO_PARAM_SECRET);
    case WANT_STRING:
    default:
        return g_param_spec_string(key, "", "", NULL, NILO_PARAM_CONFIG);
    }
}

static void
test_value(gconstpointer data)
{
    const ValueCase *test = data;
    g_autoptr(GParamSpec) spec = g_param_spec_ref_sink(make_spec(test->want, test->key));
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_auto(GValue) value = G_VALUE_INIT;

    if (test->message != NULL) {
        g_assert_false(nilo_config_value_parse(spec, test->text, &value, &error));
        g_assert_nonnull(error);
        g_assert_cmpstr(error->message, ==, test->message);
        g_assert_false(G_IS_VALUE(&value));
        return;
    }
    g_assert_true(nilo_config_value_parse(spec, test->text, &value, &error));
    g_assert_no_error(error);
    g_assert_false(g_param_value_validate(spec, &value));
    text = nilo_config_value_to_text(spec, &value);
    g_assert_cmpstr(text, ==, test->result);
}

static void
test_secret_from_environment(void)
{
    g_autoptr(GParamSpec) spec = g_param_spec_ref_sink(make_spec(WANT_SECRET, "password"));
    g_autoptr(GError) error = NULL;
    g_auto(GValue) value = G_VALUE_INIT;

    g_setenv("NILO_TEST_PASSWORD", "open sesame", TRUE);
    g_assert_true(nilo_config_value_parse(spec, "env:NILO_TEST_PASSWORD", &value, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(g_value_get_string(&value), ==, "open sesame");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(value_cases); i++)
        g_test_add_data_func(value_cases[i].path, &value_cases[i], test_value);
    g_test_add_func("/config/value/secret/from-environment", test_secret_from_environment);
    return g_test_run();
}
