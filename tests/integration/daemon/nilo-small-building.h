/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-daemon-process.h"

G_BEGIN_DECLS

/* eight M-Bus meters at addresses 1 to 8 of "riser", six CJ/T 188 ones on "line", both at 9600 Bd;
 * the last two of the riser and the last one of the line are dead */
#define N_RISER      8
#define N_RISER_LIVE 6
#define N_LINE       6
#define N_LINE_LIVE  5

#define RISER_1      "mbus:10000001.NLB.01.07"
#define RISER_2      "mbus:10000002.NLB.01.07"
#define RISER_3      "mbus:10000003.NLB.01.07"
#define RISER_7      "mbus:10000007.NLB.01.07" /* dead */
#define LINE_1       "cjt188:33010000000001"
#define LINE_2       "cjt188:33010000000002"
#define LINE_6       "cjt188:33010000000006" /* dead */

/* the fixture of most tests: configured, and started unless @data says otherwise */
typedef struct {
    NiloDaemonProcess *process;
} Building;

NiloDaemonProcess *nilo_small_building_new(guint deadline_s, const char *more_config);
char *nilo_small_building_list_meters(void);

void nilo_small_building_set_up(Building *building, gconstpointer more_config);
void nilo_small_building_tear_down(Building *building, gconstpointer more_config);

/* what the hub counts and the daemon says must be the same water */
void nilo_small_building_assert_volume(NiloDaemonProcess *process, const char *meter);

#define nilo_add_building_test(path, more_config, function)                                        \
    g_test_add(path, Building, more_config, nilo_small_building_set_up, function,                  \
               nilo_small_building_tear_down)

G_END_DECLS
