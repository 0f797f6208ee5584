/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-meter-csv.h"

#include <string.h>

typedef struct {
    const char *path;
    const char *text;
    const char *encoding; /* NULL: as it stands here */
} GoodCase;

#define CHINESE                                                                                    \
    "表号,总线,协议,户号,楼,单元,室\ncjt188:00330011223344,东楼,cjt188,300123,3,2,1203\n"

/* each of them says the same meter */
static const GoodCase good_cases[] = {
    {"/meter-csv/english",
     "id,bus,driver,point,building,unit,room\r\n"
     "cjt188:00330011223344,东楼,cjt188,300123,3,2,1203\r\n",
     NULL},
    {"/meter-csv/chinese", CHINESE, NULL},
    {"/meter-csv/byte-order-mark", "\xef\xbb\xbf" CHINESE, NULL},
    {"/meter-csv/gb18030", CHINESE, "GB18030"},
    {"/meter-csv/utf-16", CHINESE, "UTF-16"},
    {"/meter-csv/tabs",
     "表号\t总线\t协议\t户号\t位置\n00330011223344\t东楼\tcjt188\t300123\t3/2/1203\n", NULL},
    {"/meter-csv/semicolons-said-so",
     "sep=;\n表号;总线;协议;户号;位置\n=\"00330011223344\";东楼;cjt188;300123;3/2/1203\n", NULL},
    {"/meter-csv/quotes",
     "\"id\",\"bus\",\"driver\",\"point\",\"place\"\n\n"
     "\"cjt188:00330011223344\",\"东楼\",\"cjt188\",\"300123\",\"3/2/1203\"\n,,,,\n",
     NULL},
    {"/meter-csv/column-without-name",
     "ID,Bus,Driver,Point,Place,,\ncjt188:00330011223344,东楼,cjt188,300123,3/2/1203,note,\n",
     NULL},
};

static void
test_good(gconstpointer data)
{
    const GoodCase *test = data;
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GPtrArray) entries = NULL;
    g_autofree char *bytes = NULL;
    const NiloMeterEntry *entry;
    gsize size = strlen(test->text);

    bytes = test->encoding == NULL
                ? g_strdup(test->text)
                : g_convert(test->text, -1, test->encoding, "UTF-8", NULL, &size, NULL);
    g_assert_nonnull(bytes);
    entries = nilo_meter_csv_parse("a.csv", bytes, size, problems);
    if (problems->len > 0)
        g_test_message("%s", ((GError *)g_ptr_array_index(problems, 0))->message);
    g_assert_nonnull(entries);
    g_assert_cmpuint(entries->len, ==, 1);
    entry = g_ptr_array_index(entries, 0);
    g_assert_cmpstr(entry->id, ==, "cjt188:00330011223344");
    g_assert_cmpuint(entry->names->len, ==, 4);
    g_assert_cmpstr(nilo_meter_entry_get(entry, "bus"), ==, "东楼");
    g_assert_cmpstr(nilo_meter_entry_get(entry, "driver"), ==, "cjt188");
    g_assert_cmpstr(nilo_meter_entry_get(entry, "point"), ==, "300123");
    g_assert_cmpstr(nilo_meter_entry_get(entry, "place"), ==, "3/2/1203");
}

typedef struct {
    const char *path;
    const char *text;
    NiloError code;
    const char *message;
} BadCase;

static const BadCase bad_cases[] = {
    {"/meter-csv/rounded", "表号,总线\ncjt188:78330011223344,r1\n7.83E+13,r1\n",
     NILO_ERROR_BAD_VALUE,
     "a.csv: row 3: 表号 is \"7.83E+13\": Excel has rounded a long number and its digits are lost; "
     "format the column as text, then enter the numbers again"},
    {"/meter-csv/rounded-with-scheme", "id,bus\ncjt188:7.83e13,r1\n", NILO_ERROR_BAD_VALUE,
     "a.csv: row 2: id is \"cjt188:7.83e13\": Excel has rounded a long number and its digits are "
     "lost; format the column as text, then enter the numbers again"},
    {"/meter-csv/rounded-point", "id,point\nt:1,1.2E+15\n", NILO_ERROR_BAD_VALUE,
     "a.csv: row 2: point is \"1.2E+15\": Excel has rounded a long number and its digits are lost; "
     "format the column as text, then enter the numbers again"},
    {"/meter-csv/leading-zeros/cjt188", "id,driver\n330011223344,cjt188\n", NILO_ERROR_BAD_VALUE,
     "a.csv: row 2: id is \"330011223344\" with 12 digits, expected 14: Excel has dropped leading "
     "zeros; format the column as text, then enter the numbers as they stand on the meters"},
    {"/meter-csv/leading-zeros/mbus", "id\nmbus:123456.TEC.16.07\n", NILO_ERROR_BAD_VALUE,
     "a.csv: row 2: id is \"mbus:123456.TEC.16.07\" with 6 digits, expected 8: Excel has dropped "
     "leading zeros; format the column as text, then enter the numbers as they stand on the "
     "meters"},
    {"/meter-csv/too-many-digits", "id\ncjt188:783300112233445\n", NILO_ERROR_BAD_VALUE,
     "a.csv: row 2: id is \"cjt188:783300112233445\" with 15 digits, expected 14"},
    {"/meter-csv/no-scheme", "id,bus\n78330011223344,r1\n", NILO_ERROR_BAD_VALUE,
     "a.csv: row 2: \"78330011223344\" is no meter id, expected one like "
     "\"cjt188:78330011223344\" or \"mbus:12345678.TEC.16.07\""},
    {"/meter-csv/excel-error", "id,bus\nt:1,#N/A\n", NILO_ERROR_BAD_VALUE,
     "a.csv: row 2: bus is \"#N/A\", an error of Excel's, not a value"},
    {"/meter-csv/twice", "id\nt:1\n\nt:2\nt:1\n", NILO_ERROR_DUPLICATE,
     "a.csv: row 5: meter t:1 already stands in row 2"},
    {"/meter-csv/row-without-id", "id,bus\n,r1\n", NILO_ERROR_MISSING_KEY,
     "a.csv: row 2: the meter has no id"},
    {"/meter-csv/row-too-long", "id,bus\nt:1,r1,x\n", NILO_ERROR_SYNTAX,
     "a.csv: row 2: there are 3 cells, the first row names 2 columns"},
    {"/meter-csv/no-id-column", "bus\nr1\n", NILO_ERROR_MISSING_KEY,
     "a.csv: row 1: there is no column \"id\" or \"表号\"; the first row names the columns"},
    {"/meter-csv/unknown-column", "id,颜色\n", NILO_ERROR_UNKNOWN_KEY,
     "a.csv: row 1: column \"颜色\" is unknown, expected 表号, 总线, 协议, 地址, 户号, 位置, 楼, "
     "单元, 室, 抄表计划 or the name of a key"},
    {"/meter-csv/column-twice", "id,表号\n", NILO_ERROR_DUPLICATE,
     "a.csv: row 1: column \"表号\" stands there twice"},
    {"/meter-csv/place-twice", "id,place,room\n", NILO_ERROR_DUPLICATE,
     "a.csv: row 1: there is a column for the place and columns for building, unit or room, "
     "expected one way to say it"},
    {"/meter-csv/empty", "", NILO_ERROR_SYNTAX,
     "a.csv: the file is empty, expected a row of column names"},
    {"/meter-csv/neither-encoding", "id\nt:\xff\xff\n", NILO_ERROR_SYNTAX,
     "a.csv: the file is neither UTF-8 nor GB18030, expected what Excel saves as CSV"},
};

static void
test_bad(gconstpointer data)
{
    const BadCase *test = data;
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GError) error = NULL;

    g_assert_null(nilo_meter_csv_parse("a.csv", test->text, strlen(test->text), problems));
    nilo_config_problems_to_error(problems, &error);
    g_assert_cmpstr(error->message, ==, test->message);
    g_assert_error(error, NILO_ERROR, (int)test->code);
}

static GPtrArray *
make_entries(const char *first_place, const char *second_place)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_entry_free);
    NiloMeterEntry *first = nilo_meter_entry_new("cjt188:00330011223344");
    NiloMeterEntry *second = nilo_meter_entry_new("t:2");

    nilo_meter_entry_set(first, "bus", "r1");
    nilo_meter_entry_set(first, "point", "0300");
    nilo_meter_entry_set(first, "place", first_place);
    nilo_meter_entry_set(second, "bus", "r\"1\", east");
    nilo_meter_entry_set(second, "place", second_place);
    nilo_meter_entry_set(second, "speed-baud", "2400");
    g_ptr_array_add(entries, first);
    g_ptr_array_add(entries, second);
    return entries;
}

static void
test_build(void)
{
    g_autoptr(GPtrArray) entries = make_entries("3/2/1203", "3/2/1204");
    g_autofree char *text = nilo_meter_csv_build(entries, TRUE);

    g_assert_cmpstr(text, ==,
                    "\xef\xbb\xbf表号,总线,协议,地址,户号,楼,单元,室,抄表计划,speed-baud\r\n"
                    "cjt188:00330011223344,r1,,,\"=\"\"0300\"\"\",3,2,1203,,\r\n"
                    "t:2,\"r\"\"1\"\", east\",,,,3,2,1204,,2400\r\n");
}

static void
test_round_trip(void)
{
    g_autoptr(GPtrArray) entries = make_entries("3/2/1203", "pump house");
    g_autofree char *text = nilo_meter_csv_build(entries, FALSE);
    g_autoptr(GPtrArray) problems = nilo_config_problems_new();
    g_autoptr(GPtrArray) again = nilo_meter_csv_parse("a.csv", text, strlen(text), problems);

    g_assert_nonnull(again);
    g_assert_cmpuint(again->len, ==, entries->len);
    for (guint i = 0; i < entries->len; i++) {
        const NiloMeterEntry *before = g_ptr_array_index(entries, i);
        const NiloMeterEntry *after = g_ptr_array_index(again, i);

        g_assert_cmpstr(after->id, ==, before->id);
        g_assert_cmpuint(after->names->len, ==, before->names->len);
        for (guint j = 0; j < before->names->len; j++) {
            const char *name = g_ptr_array_index(before->names, j);

            g_assert_cmpstr(nilo_meter_entry_get(after, name), ==,
                            nilo_meter_entry_get(before, name));
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(good_cases); i++)
        g_test_add_data_func(good_cases[i].path, &good_cases[i], test_good);
    for (gsize i = 0; i < G_N_ELEMENTS(bad_cases); i++)
        g_test_add_data_func(bad_cases[i].path, &bad_cases[i], test_bad);
    g_test_add_func("/meter-csv/build", test_build);
    g_test_add_func("/meter-csv/round-trip", test_round_trip);
    return g_test_run();
}
