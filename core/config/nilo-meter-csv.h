/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-config-problem.h"
#include "nilo-meter-file.h"

G_BEGIN_DECLS

/**
 * nilo_meter_csv_parse:
 * @path: for messages
 * @bytes: (array length=size): as Excel saves it: UTF-8 with or without byte order mark, UTF-16
 *   with one, or GB18030; `,` `;` or tab between the cells
 * @problems: (element-type GError): receives what is wrong, with the row as Excel counts it
 *
 * Reads a list of meters. The first row names the columns, in English (id, bus, driver,
 * address, point, place, building, unit, room, schedule) or in Chinese (表号, 总线, 协议, 地址,
 * 户号, 位置, 楼, 单元, 室, 抄表计划); any other English name is a key of the meter's group. An
 * id may stand without `cjt188:` when the row names that driver. Ids that Excel has rounded
 * (7.83E+13) or robbed of their leading zeros are refused: nobody can tell what they were.
 *
 * Returns: (nullable) (transfer full) (element-type NiloMeterEntry): %NULL when there is a
 * problem
 */
NILO_INTERNAL GPtrArray *nilo_meter_csv_parse(const char *path, const char *bytes, gsize size,
                                              GPtrArray *problems);

/**
 * nilo_meter_csv_build:
 * @entries: (element-type NiloMeterEntry): what to write
 * @chinese: whether the first row is Chinese
 *
 * The same columns in UTF-8 with a byte order mark, so that Excel opens it by a double click.
 * Ids stand there whole (`cjt188:…`), which Excel leaves alone; digits in other columns are
 * written as
 * `="007"`, which it shows as 007.
 *
 * Returns: (transfer full): text that nilo_meter_csv_parse() reads back to the same entries
 */
NILO_INTERNAL char *nilo_meter_csv_build(GPtrArray *entries, gboolean chinese);

G_END_DECLS
