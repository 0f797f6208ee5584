/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-macros.h"

G_BEGIN_DECLS

/**
 * NILO_ERROR:
 *
 * The one error domain. Its codes have D-Bus names, `org.nilometer.Nilometer1.Error.BadLength` and
 * so on, so that an error keeps its meaning on the way to a client.
 *
 * Since: 0.1
 */
#define NILO_ERROR (nilo_error_quark())

/**
 * NiloError:
 * @NILO_ERROR_FAILED: nothing more precise is known
 * @NILO_ERROR_BAD_LENGTH: a length or count is out of its range
 * @NILO_ERROR_BAD_DIGIT: a digit stands where none may
 * @NILO_ERROR_BAD_CHECKSUM: bytes arrived, their sum does not match
 * @NILO_ERROR_BAD_FRAME: bytes arrived that are no frame
 * @NILO_ERROR_BAD_VALUE: well formed, but outside what is allowed
 * @NILO_ERROR_NOT_FOUND: nothing has that name
 * @NILO_ERROR_EXISTS: the name is taken
 * @NILO_ERROR_NOT_SUPPORTED: this meter, driver or line cannot do it
 * @NILO_ERROR_TIMEOUT: the deadline passed
 * @NILO_ERROR_BUSY: the meter or the job before asks for patience
 * @NILO_ERROR_SYNTAX: a file is not what its format says
 * @NILO_ERROR_UNKNOWN_GROUP: a keyfile group that nobody owns
 * @NILO_ERROR_UNKNOWN_KEY: a keyfile key that nobody owns
 * @NILO_ERROR_DUPLICATE: given twice
 * @NILO_ERROR_MISSING_KEY: a key that must be there is not
 * @NILO_ERROR_NOT_INSTALLED: the plugin is named, but not installed
 * @NILO_ERROR_PLUGIN_ABI: built for another version of the plugin interface
 * @NILO_ERROR_PLUGIN_OPEN: the module cannot be opened: missing library or symbol
 * @NILO_ERROR_PLUGIN_INVALID: the module or its description is not a plugin of ours
 * @NILO_ERROR_TYPE_CLASH: two plugins registered the same type or name
 * @NILO_ERROR_QUARANTINED: the plugin crashed the daemon too often
 * @NILO_ERROR_LINE_LOST: the adapter is gone, or the serial server closed the connection
 * @NILO_ERROR_SILENT: nothing was heard
 * @NILO_ERROR_NOISE: bytes were heard, but no frame
 * @NILO_ERROR_ECHO: only our own request was heard
 * @NILO_ERROR_COLLISION: several meters answered at once
 * @NILO_ERROR_WRONG_METER: another meter answered
 * @NILO_ERROR_ERROR_ANSWER: the meter refused, in its protocol's words
 * @NILO_ERROR_ENCRYPTED: the answer is encrypted and there is no key
 * @NILO_ERROR_BUDGET_SPENT: the meter was read as often as its budget allows today
 * @NILO_ERROR_NOT_CONFIRMED: written, but reading back did not show it
 * @NILO_ERROR_DENIED: the caller is not allowed to
 * @NILO_ERROR_NO_SPACE: disk or ring full
 * @NILO_ERROR_DAMAGED: stored bytes are not as they were written
 * @NILO_ERROR_DATABASE: the database refused
 * @NILO_ERROR_SECRET: a secret cannot be had from where the reference points
 *
 * Since: 0.1
 */
typedef enum {
    NILO_ERROR_FAILED,
    NILO_ERROR_BAD_LENGTH,
    NILO_ERROR_BAD_DIGIT,
    NILO_ERROR_BAD_CHECKSUM,
    NILO_ERROR_BAD_FRAME,
    NILO_ERROR_BAD_VALUE,
    NILO_ERROR_NOT_FOUND,
    NILO_ERROR_EXISTS,
    NILO_ERROR_NOT_SUPPORTED,
    NILO_ERROR_TIMEOUT,
    NILO_ERROR_BUSY,
    NILO_ERROR_SYNTAX,
    NILO_ERROR_UNKNOWN_GROUP,
    NILO_ERROR_UNKNOWN_KEY,
    NILO_ERROR_DUPLICATE,
    NILO_ERROR_MISSING_KEY,
    NILO_ERROR_NOT_INSTALLED,
    NILO_ERROR_PLUGIN_ABI,
    NILO_ERROR_PLUGIN_OPEN,
    NILO_ERROR_PLUGIN_INVALID,
    NILO_ERROR_TYPE_CLASH,
    NILO_ERROR_QUARANTINED,
    NILO_ERROR_LINE_LOST,
    NILO_ERROR_SILENT,
    NILO_ERROR_NOISE,
    NILO_ERROR_ECHO,
    NILO_ERROR_COLLISION,
    NILO_ERROR_WRONG_METER,
    NILO_ERROR_ERROR_ANSWER,
    NILO_ERROR_ENCRYPTED,
    NILO_ERROR_BUDGET_SPENT,
    NILO_ERROR_NOT_CONFIRMED,
    NILO_ERROR_DENIED,
    NILO_ERROR_NO_SPACE,
    NILO_ERROR_DAMAGED,
    NILO_ERROR_DATABASE,
    NILO_ERROR_SECRET,
} NiloError;

NILO_EXPORT GQuark nilo_error_quark(void);

G_END_DECLS
