/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-meter-id.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * NiloFound:
 * @id: who answered
 * @address: where, in the words of the driver (what `address=` takes); %NULL when the id says
 * it
 * @speed_baud: at which speed
 * @settings: (nullable): further keys for its `[meter ID]` group, `name=value` strings
 * @trouble: (nullable): one sentence when it is not usable as it is: "two meters with one
 * address"
 *
 * Since: 0.1
 */
typedef struct {
    NiloMeterId *id;
    const char *address;
    guint speed_baud;
    const char *const *settings;
    const char *trouble;
} NiloFound;

#define NILO_TYPE_SCAN (nilo_scan_get_type())

/**
 * NiloScan:
 *
 * A search for meters, as the driver that runs it sees it: where to begin, whom to tell. Lives
 * on the bus thread.
 *
 * Since: 0.1
 */
NILO_EXPORT
G_DECLARE_INTERFACE(NiloScan, nilo_scan, NILO, SCAN, GObject)

/**
 * NiloScanInterface:
 * @get_options: `a{sv}` of what the caller wants; keys are the driver's: "range" s, "mask"
 * s, "speeds" au
 * @get_checkpoint: (nullable): what an interrupted scan of the same options saved last;
 * begin there
 * @save_checkpoint: what is needed to go on from here; a floating reference is taken
 * @found: a meter, once each; kept by the core over a crash
 * @progress: @done of @total steps, 0 for not known; @text (translated) says where it is
 *
 * Since: 0.1
 */
struct _NiloScanInterface {
    GTypeInterface parent_iface;

    GVariant *(*get_options)(NiloScan *self);
    GVariant *(*get_checkpoint)(NiloScan *self);
    void (*save_checkpoint)(NiloScan *self, GVariant *checkpoint);
    void (*found)(NiloScan *self, const NiloFound *found);
    void (*progress)(NiloScan *self, guint done, guint total, const char *text);
};

/** nilo_scan_get_options: Returns: (transfer none): */
NILO_EXPORT GVariant *nilo_scan_get_options(NiloScan *self);
/** nilo_scan_get_checkpoint: Returns: (transfer none) (nullable): */
NILO_EXPORT GVariant *nilo_scan_get_checkpoint(NiloScan *self);
NILO_EXPORT void nilo_scan_save_checkpoint(NiloScan *self, GVariant *checkpoint);
NILO_EXPORT void nilo_scan_found(NiloScan *self, const NiloFound *found);
NILO_EXPORT void nilo_scan_progress(NiloScan *self, guint done, guint total, const char *text);

G_END_DECLS
