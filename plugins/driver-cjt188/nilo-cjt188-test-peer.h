/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-cjt188-driver.h"
#include "nilo-cjt188-settings.h"
#include "nilo-cjt188-test-channel.h"

G_BEGIN_DECLS

#define NILO_CJT188_TEST_ANSWERS 24

/* 2026-11-22 04:00:00 UTC, noon in Shanghai */
#define NILO_CJT188_TEST_NOW_US (G_GINT64_CONSTANT(1795320000) * G_USEC_PER_SEC)

/* A driver, a meter and a line whose answers are written down beforehand. */
typedef struct {
    NiloClock *clock;
    NiloCjt188TestChannel *channel;
    NiloDriver *driver;
    NiloMeter *meter;
    NiloReportBuilder *builder;
    const char *const *answers; /* in order; NULL or "" is silence */
    guint n_answers;
    guint next;
} NiloCjt188TestPeer;

/* @settings: "type=25 di-order=low-first", as in a keyfile; the meter is cjt188:78330011223344 */
void nilo_cjt188_test_peer_init(NiloCjt188TestPeer *self, const char *settings,
                                const char *const *answers, guint n_answers);
void nilo_cjt188_test_peer_clear(NiloCjt188TestPeer *self);

/* sets properties of @object from "name=value name=value" */
GObject *nilo_cjt188_test_make_settings(const char *settings);

/* "volume 12.34 m3; volume/storage=1 10 m3 at 2026-11-01T00:00:00Z; flow invalid" */
char *nilo_cjt188_test_show_readings(const NiloReport *report);

/* "status: 01; manufacturer data: 00 00" */
char *nilo_cjt188_test_show_facts(const NiloReport *report);

/* "valve-open battery-low" */
char *nilo_cjt188_test_show_status(guint status);

G_END_DECLS
