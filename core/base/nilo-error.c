/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-error.h"

#include <gio/gio.h>

#define PREFIX "org.nilometer.Nilometer1.Error."

static const GDBusErrorEntry entries[] = {
    {NILO_ERROR_FAILED, PREFIX "Failed"},
    {NILO_ERROR_BAD_LENGTH, PREFIX "BadLength"},
    {NILO_ERROR_BAD_DIGIT, PREFIX "BadDigit"},
    {NILO_ERROR_BAD_CHECKSUM, PREFIX "BadChecksum"},
    {NILO_ERROR_BAD_FRAME, PREFIX "BadFrame"},
    {NILO_ERROR_BAD_VALUE, PREFIX "BadValue"},
    {NILO_ERROR_NOT_FOUND, PREFIX "NotFound"},
    {NILO_ERROR_EXISTS, PREFIX "Exists"},
    {NILO_ERROR_NOT_SUPPORTED, PREFIX "NotSupported"},
    {NILO_ERROR_TIMEOUT, PREFIX "Timeout"},
    {NILO_ERROR_BUSY, PREFIX "Busy"},
    {NILO_ERROR_SYNTAX, PREFIX "Syntax"},
    {NILO_ERROR_UNKNOWN_GROUP, PREFIX "UnknownGroup"},
    {NILO_ERROR_UNKNOWN_KEY, PREFIX "UnknownKey"},
    {NILO_ERROR_DUPLICATE, PREFIX "Duplicate"},
    {NILO_ERROR_MISSING_KEY, PREFIX "MissingKey"},
    {NILO_ERROR_NOT_INSTALLED, PREFIX "NotInstalled"},
    {NILO_ERROR_PLUGIN_ABI, PREFIX "PluginAbi"},
    {NILO_ERROR_PLUGIN_OPEN, PREFIX "PluginOpen"},
    {NILO_ERROR_PLUGIN_INVALID, PREFIX "PluginInvalid"},
    {NILO_ERROR_TYPE_CLASH, PREFIX "TypeClash"},
    {NILO_ERROR_QUARANTINED, PREFIX "Quarantined"},
    {NILO_ERROR_LINE_LOST, PREFIX "LineLost"},
    {NILO_ERROR_SILENT, PREFIX "Silent"},
    {NILO_ERROR_NOISE, PREFIX "Noise"},
    {NILO_ERROR_ECHO, PREFIX "Echo"},
    {NILO_ERROR_COLLISION, PREFIX "Collision"},
    {NILO_ERROR_WRONG_METER, PREFIX "WrongMeter"},
    {NILO_ERROR_ERROR_ANSWER, PREFIX "ErrorAnswer"},
    {NILO_ERROR_ENCRYPTED, PREFIX "Encrypted"},
    {NILO_ERROR_BUDGET_SPENT, PREFIX "BudgetSpent"},
    {NILO_ERROR_NOT_CONFIRMED, PREFIX "NotConfirmed"},
    {NILO_ERROR_DENIED, PREFIX "Denied"},
    {NILO_ERROR_NO_SPACE, PREFIX "NoSpace"},
    {NILO_ERROR_DAMAGED, PREFIX "Damaged"},
    {NILO_ERROR_DATABASE, PREFIX "Database"},
    {NILO_ERROR_SECRET, PREFIX "Secret"},
};

GQuark
nilo_error_quark(void)
{
    static gsize quark;

    g_dbus_error_register_error_domain("nilo-error-quark", &quark, entries, G_N_ELEMENTS(entries));
    return (GQuark)quark;
}
