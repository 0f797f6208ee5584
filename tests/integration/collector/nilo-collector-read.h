/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-daemon-process.h"

G_BEGIN_DECLS

typedef enum {
    NILO_COLLECTOR_RIGHT,   /* the counter, without a flag or confirmed */
    NILO_COLLECTOR_FAILED,  /* no value, and said so */
    NILO_COLLECTOR_FLAGGED, /* a value that nobody takes for one */
    NILO_COLLECTOR_WRONG,   /* a wrong value without a flag */
} NiloCollectorVerdict;

/* What nilometerd hands out about one meter, against what the hub says about it. */
typedef struct {
    const char *meter;
    gint64 also_ml; /* a second truth, of a twin; 0: none */
    NiloCollectorVerdict verdict;
    char found[48]; /* the value that was judged */
} NiloCollectorRead;

void nilo_collector_read_all(NiloDaemonProcess *process, NiloCollectorRead *reads, guint n);
NiloCollectorVerdict nilo_collector_read(NiloDaemonProcess *process, const char *meter);
guint nilo_collector_await(NiloDaemonProcess *process, NiloCollectorRead *reads, guint n,
                           gint64 deadline_us);
gint64 nilo_collector_ask_truth(NiloDaemonProcess *process, const char *meter, const char *what);

G_END_DECLS
