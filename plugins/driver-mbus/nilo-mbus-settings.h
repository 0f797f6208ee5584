/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-profile.h"

G_BEGIN_DECLS

typedef enum {
    NILO_MBUS_ADDRESSING_AUTO,
    NILO_MBUS_ADDRESSING_PRIMARY,
    NILO_MBUS_ADDRESSING_SECONDARY,
} NiloMbusAddressing;

/**
 * NiloMbusTarget:
 * @is_secondary: reached by a selection
 * @primary: the address, when it is not
 * @mask: what is selected, when it is; always who must answer, as far as that is known
 * @has_fabrication: the selection goes by the fabrication number too
 * @fabrication: eight BCD digits
 *
 * Where a meter is and who it is.
 */
typedef struct {
    gboolean is_secondary;
    guint8 primary;
    NiloMbusAddress mask;
    gboolean has_fabrication;
    guint32 fabrication;
} NiloMbusTarget;

#define NILO_TYPE_MBUS_SETTINGS (nilo_mbus_settings_get_type())

/**
 * NiloMbusSettings:
 *
 * The keys that the driver adds to `[meter ID]`, and what it has learned of that meter. The keys
 * may be read on any thread; what was learned belongs to the bus thread.
 */
G_DECLARE_FINAL_TYPE(NiloMbusSettings, nilo_mbus_settings, NILO, MBUS_SETTINGS, GObject)

/**
 * NiloMbusLearned:
 * @answers_reset: a link reset was answered
 * @answers_no_reset: a link reset was not answered, a readout after it was
 * @silent_in_row: attempts to read it that nobody answered
 * @slow_after_reset: readouts in a row that had to be repeated directly after a link reset
 * @speed_baud: it was switched to that speed, 0 for none
 * @keeps_speed: it does not let itself be switched
 * @is_pinned: @pinned is who answered first
 * @facts_hash: of the facts told last
 * @read_us: when it last answered, UTC; 0: never
 * @has_gap: it did not answer at least once since
 * @knows_events: @event is the sequence of the newest event told
 */
typedef struct {
    gboolean answers_reset;
    gboolean answers_no_reset;
    guint silent_in_row;
    guint slow_after_reset;
    guint speed_baud;
    gboolean keeps_speed;
    gboolean is_pinned;
    NiloMbusAddress pinned;
    guint facts_hash;
    gint64 read_us;
    gboolean has_gap;
    gboolean knows_events;
    guint16 event;
} NiloMbusLearned;

/**
 * nilo_mbus_settings_resolve:
 *
 * Finds the profile and the time zone; done once.
 *
 * Returns: %FALSE with what nilo_mbus_profile_find() says, or %NILO_ERROR_BAD_VALUE for a zone
 * nobody knows
 */
gboolean nilo_mbus_settings_resolve(NiloMbusSettings *self, GError **error);

/**
 * nilo_mbus_settings_get_target:
 * @meter: whose settings these are
 * @target: (out): untouched on failure
 *
 * Returns: %FALSE with %NILO_ERROR_BAD_VALUE when id, address and settings do not go together
 */
gboolean nilo_mbus_settings_get_target(NiloMbusSettings *self, NiloMeter *meter,
                                       NiloMbusTarget *target, GError **error);

/* the rest needs nilo_mbus_settings_resolve() to have succeeded */
const NiloMbusProfile *nilo_mbus_settings_get_profile(NiloMbusSettings *self);
GTimeZone *nilo_mbus_settings_get_zone(NiloMbusSettings *self);
guint8 nilo_mbus_settings_get_send_control(NiloMbusSettings *self);
NiloMbusReset nilo_mbus_settings_get_reset(NiloMbusSettings *self);
guint nilo_mbus_settings_get_pause_after_reset_ms(NiloMbusSettings *self);
guint nilo_mbus_settings_get_select_pause_ms(NiloMbusSettings *self);
gboolean nilo_mbus_settings_get_application_reset(NiloMbusSettings *self);
guint nilo_mbus_settings_get_telegrams_max(NiloMbusSettings *self);
NiloRegister nilo_mbus_settings_get_main_volume(NiloMbusSettings *self);
guint nilo_mbus_settings_get_switch_speed_baud(NiloMbusSettings *self);
NiloMbusLearned *nilo_mbus_settings_get_learned(NiloMbusSettings *self);

G_END_DECLS
