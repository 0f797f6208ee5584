/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-log.h"

G_BEGIN_DECLS

typedef enum {
    NILO_MBUS_RESET_AUTO,   /* before a readout, unless the meter was found not to care */
    NILO_MBUS_RESET_ALWAYS, /* before every readout, answered or not */
    NILO_MBUS_RESET_NEVER,
} NiloMbusReset;

/* A frame recorded from such a meter, and what must be read from it. */
typedef struct {
    char *name;
    GBytes *frame;
    GStrv readings; /* "volume=12.565 m3" */
} NiloMbusVector;

/**
 * NiloMbusProfile:
 * @send_control: C field of what is sent to it, 53 or 73
 * @reset: when the link is reset
 * @pause_after_reset_ms: the meter is deaf that long after a link reset
 * @select_pause_ms: and that long after it was selected
 * @application_reset: whether an answer nobody understands is followed by an application reset
 * @telegrams_max: a readout has no more, 1 to 250
 * @main_volume: the register that is the meter's volume; what it is stored as has nothing special
 * @valve_open: (nullable): records that open its valve
 * @valve_close: (nullable): records that close its valve
 * @has_valve_state: whether it tells the state of its valve
 * @valve_state: the register that does
 * @valve_open_value: its number while open
 * @valve_closed_value: and while closed
 * @has_crc: its telegrams end with a CRC, see nilo_mbus_log_check_crc()
 * @tamper_mask: bits of the status byte that mean tampering
 * @vendor_mask: bits of it that only the maker can explain
 * @logs: (element-type NiloMbusLog)
 * @vectors: (element-type NiloMbusVector)
 *
 * What one model does its own way. Read from a `.profile` keyfile; immutable afterwards.
 */
typedef struct {
    gatomicrefcount ref_count;
    guint8 send_control;
    NiloMbusReset reset;
    guint pause_after_reset_ms;
    guint select_pause_ms;
    gboolean application_reset;
    guint telegrams_max;
    NiloRegister main_volume;
    GBytes *valve_open;
    GBytes *valve_close;
    gboolean has_valve_state;
    NiloQuantity valve_state;
    gint64 valve_open_value;
    gint64 valve_closed_value;
    gboolean has_crc;
    guint8 tamper_mask;
    guint8 vendor_mask;
    GPtrArray *logs;
    GPtrArray *vectors;
} NiloMbusProfile;

/* the name of the profile every meter has that names none */
#define NILO_MBUS_PROFILE_STANDARD "standard"

/**
 * nilo_mbus_profile_parse:
 * @name: for messages
 * @bytes: (array length=size): a keyfile
 *
 * Returns: (transfer full): %NULL with %NILO_ERROR_SYNTAX, %NILO_ERROR_UNKNOWN_GROUP,
 * %NILO_ERROR_UNKNOWN_KEY, %NILO_ERROR_BAD_VALUE
 */
NiloMbusProfile *nilo_mbus_profile_parse(const char *name, const char *bytes, gsize size,
                                         GError **error);

/**
 * nilo_mbus_profile_find:
 * @name: of a file in the folder of profiles, or of a profile that comes with the driver
 *
 * Returns: (transfer full): %NULL with %NILO_ERROR_NOT_FOUND or what nilo_mbus_profile_parse() said
 */
NiloMbusProfile *nilo_mbus_profile_find(const char *name, GError **error);

/** nilo_mbus_profile_list: (transfer full): names of those that come with the driver */
GStrv nilo_mbus_profile_list(void);

NiloMbusProfile *nilo_mbus_profile_ref(NiloMbusProfile *self);
void nilo_mbus_profile_unref(NiloMbusProfile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloMbusProfile, nilo_mbus_profile_unref)

G_END_DECLS
