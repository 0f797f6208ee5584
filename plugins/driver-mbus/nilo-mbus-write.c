/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-write.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#define DIF_INT32         0x04
#define VIF_DATE_TIME     0x6d
#define HALF_MINUTE_US    (30 * G_USEC_PER_SEC)
#define CLOCK_TOLERANCE_S 90 /* a minute that passes, and one that is cut off */

static gboolean
fail_with(const NiloMbusSession *self, NiloOutcome outcome, GError **error)
{
    g_set_error(error, NILO_ERROR, nilo_outcome_to_error(outcome), "%s: %s",
                nilo_meter_get_id_text(self->meter), nilo_outcome_get_text(outcome));
    return FALSE;
}

static gboolean
fail_by_verdict(const NiloMbusSession *self, GError **error)
{
    return fail_with(self, nilo_outcome_from_verdict(self->call.verdict), error);
}

static gboolean
fail_unconfirmed(const NiloMbusSession *self, const char *what, GError **error)
{
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED, "%s: %s",
                nilo_meter_get_id_text(self->meter), what);
    return FALSE;
}

static gboolean
check_no_wildcard(const NiloMbusSession *self, GError **error)
{
    if (!self->target.is_secondary || !nilo_mbus_address_has_wildcard(&self->call.mask))
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                _("%s: a write needs the whole secondary address, without F in place of a digit"),
                nilo_meter_get_id_text(self->meter));
    return FALSE;
}

/* a selection asks for the identity; behind a primary address anybody may be */
static gboolean
check_identity(NiloMbusSession *self, GError **error)
{
    if (self->target.is_secondary)
        return TRUE;
    if (!nilo_mbus_call_readout(&self->call, error))
        return FALSE;
    return self->call.verdict == NILO_VERDICT_ANSWER || fail_by_verdict(self, error);
}

static gboolean
approach_for_write(NiloMbusSession *self, GError **error)
{
    gboolean ready;

    if (!check_no_wildcard(self, error) || !nilo_mbus_session_approach(self, &ready, error))
        return FALSE;
    if (!ready)
        return fail_by_verdict(self, error);
    return check_identity(self, error);
}

static gboolean
send_frame(NiloMbusSession *self, const guint8 *frame, gsize size, GError **error)
{
    if (!nilo_mbus_call_send(&self->call, frame, size, error))
        return FALSE;
    return self->call.verdict == NILO_VERDICT_ANSWER || fail_by_verdict(self, error);
}

static gboolean
send_records(NiloMbusSession *self, const guint8 *records, gsize n, GError **error)
{
    guint8 frame[NILO_MBUS_MAX_FRAME];
    const gsize size =
        nilo_mbus_request_build_data(nilo_mbus_settings_get_send_control(self->settings),
                                     self->call.partner, records, n, frame, sizeof frame);

    return approach_for_write(self, error) && send_frame(self, frame, size, error);
}

static NiloReport *
read_back(NiloMbusSession *self, GError **error)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(nilo_meter_get_id(self->meter));
    NiloOutcome outcome = NILO_OUTCOME_SILENT;

    if (!nilo_mbus_session_read(self, NILO_READ_CURRENT, builder, &outcome, error))
        return NULL;
    if (outcome == NILO_OUTCOME_OK || outcome == NILO_OUTCOME_INCOMPLETE)
        return nilo_report_builder_finish(builder, outcome);
    fail_unconfirmed(self, _("written, but it could not be read back"), error);
    return NULL;
}

static void
take_result(GVariantDict *dict, GVariant **result)
{
    GVariant *made = g_variant_ref_sink(g_variant_dict_end(dict));

    if (result != NULL)
        *result = made;
    else
        g_variant_unref(made);
}

/* --- clock -------------------------------------------------------------------------------------
 */

static gint64
get_now_us(const NiloMbusSession *self)
{
    return nilo_clock_get_utc_us(nilo_channel_get_clock(self->call.channel));
}

static GTimeZone *
find_zone(const NiloMbusSession *self, GVariantDict *arguments)
{
    const char *name;

    if (g_variant_dict_lookup(arguments, "zone", "&s", &name) && name[0] != '\0')
        return g_time_zone_new_identifier(name);
    return g_time_zone_ref(nilo_mbus_settings_get_zone(self->settings));
}

/* type F has no seconds: the nearest minute */
static gboolean
build_clock(gint64 utc_us, GTimeZone *zone, guint8 record[6])
{
    const gint64 seconds = (utc_us + HALF_MINUTE_US) / G_USEC_PER_SEC;
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(seconds);
    g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;
    NiloMbusTime time = {0};

    if (local == NULL)
        return FALSE;
    time.year = (uint16_t)g_date_time_get_year(local);
    time.month = (uint8_t)g_date_time_get_month(local);
    time.day = (uint8_t)g_date_time_get_day_of_month(local);
    time.hour = (uint8_t)g_date_time_get_hour(local);
    time.minute = (uint8_t)g_date_time_get_minute(local);
    time.is_summer_time = g_date_time_is_daylight_savings(local);
    record[0] = DIF_INT32;
    record[1] = VIF_DATE_TIME;
    return nilo_mbus_time_build_f(&time, record + 2);
}

static gboolean
confirm_clock(NiloMbusSession *self, gint64 ahead_us, GVariant **result, GError **error)
{
    g_autoptr(NiloReport) report = read_back(self, error);
    GVariantDict dict;
    gint64 drift_s;

    if (report == NULL)
        return FALSE;
    if (!nilo_report_get_clock_drift_s(report, &drift_s))
        return fail_unconfirmed(self, _("the clock was written, but the meter does not tell it"),
                                error);
    if (ABS(drift_s - ahead_us / G_USEC_PER_SEC) > CLOCK_TOLERANCE_S)
        return fail_unconfirmed(self, _("the clock was written, but the meter kept another time"),
                                error);
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "clock-drift-s", "x", drift_s);
    take_result(&dict, result);
    return TRUE;
}

static gboolean
write_clock(NiloMbusSession *self, GVariantDict *arguments, GVariant **result, GError **error)
{
    g_autoptr(GTimeZone) zone = find_zone(self, arguments);
    const gint64 now_us = get_now_us(self);
    gint64 utc_us = now_us;
    guint8 record[6];

    g_variant_dict_lookup(arguments, "utc-us", "x", &utc_us);
    if (zone == NULL || !build_clock(utc_us, zone, record)) {
        g_set_error_literal(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                            _("the meter's clock cannot be set to that time or zone"));
        return FALSE;
    }
    return send_records(self, record, sizeof record, error) &&
           confirm_clock(self, utc_us - now_us, result, error);
}

/* --- address -----------------------------------------------------------------------------------
 */

static gboolean
parse_new_address(GVariantDict *arguments, guint8 *address, GError **error)
{
    const char *text = "";
    guint64 number;

    g_variant_dict_lookup(arguments, "address", "&s", &text);
    if (g_ascii_string_to_unsigned(text, 10, 0, NILO_MBUS_ADDRESS_LAST, &number, NULL)) {
        *address = (guint8)number;
        return TRUE;
    }
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("found address \"%s\", expected a primary address from 0 to 250"), text);
    return FALSE;
}

/* whether @call's meter answers at @address; FALSE with verdict silent: nobody does */
static gboolean
ask_at(NiloMbusSession *self, guint8 address, gboolean *is_ours, GError **error)
{
    NiloMbusCall *call = &self->call;

    *is_ours = FALSE;
    call->partner = address;
    if (!nilo_mbus_call_reset(call, error))
        return FALSE;
    if (call->verdict == NILO_VERDICT_SILENT)
        return TRUE;
    if (!nilo_mbus_call_readout(call, error))
        return FALSE;
    *is_ours = call->verdict == NILO_VERDICT_ANSWER;
    return TRUE;
}

static gboolean
check_free(NiloMbusSession *self, guint8 address, gboolean *is_ours, GError **error)
{
    const guint8 partner = self->call.partner;
    gboolean answered;

    if (!ask_at(self, address, is_ours, error))
        return FALSE;
    answered = self->call.verdict != NILO_VERDICT_SILENT;
    self->call.partner = partner;
    if (*is_ours || !answered)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_EXISTS,
                _("another meter answers at address %u already"), address);
    return FALSE;
}

static gboolean
write_address(NiloMbusSession *self, GVariantDict *arguments, GVariant **result, GError **error)
{
    guint8 frame[NILO_MBUS_MAX_REQUEST];
    g_autofree char *text = NULL;
    gboolean is_ours;
    GVariantDict dict;
    guint8 address;
    gsize size;

    if (!parse_new_address(arguments, &address, error) || !check_no_wildcard(self, error) ||
        !check_free(self, address, &is_ours, error))
        return FALSE;
    if (!is_ours) {
        size =
            nilo_mbus_request_build_set_address(nilo_mbus_settings_get_send_control(self->settings),
                                                self->call.partner, address, frame, sizeof frame);
        if (!approach_for_write(self, error) || !send_frame(self, frame, size, error) ||
            !ask_at(self, address, &is_ours, error))
            return FALSE;
        if (!is_ours)
            return fail_unconfirmed(
                self, _("the address was written, but the meter does not answer there"), error);
    }
    text = g_strdup_printf("%u", address);
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "address", "s", text);
    take_result(&dict, result);
    return TRUE;
}

/* --- valve -------------------------------------------------------------------------------------
 */

static gboolean
write_valve(NiloMbusSession *self, gboolean open, GVariant **result, GError **error)
{
    const NiloMbusProfile *profile = nilo_mbus_settings_get_profile(self->settings);
    GBytes *records = open ? profile->valve_open : profile->valve_close;
    g_autoptr(NiloReport) report = NULL;
    GVariantDict dict;
    guint status;

    if (records == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("%s: its profile knows no valve"), nilo_meter_get_id_text(self->meter));
        return FALSE;
    }
    if (!send_records(self, g_bytes_get_data(records, NULL), g_bytes_get_size(records), error))
        return FALSE;
    report = read_back(self, error);
    if (report == NULL)
        return FALSE;
    status = nilo_report_get_status(report);
    if ((status & (open ? NILO_STATUS_VALVE_OPEN : NILO_STATUS_VALVE_CLOSED)) == 0)
        return fail_unconfirmed(self,
                                _("the order was acknowledged, but the valve does not show it"),
                                error);
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "valve", "s", open ? "open" : "closed");
    take_result(&dict, result);
    return TRUE;
}

gboolean
nilo_mbus_session_write(NiloMbusSession *self, NiloCommand *command, GVariant **result,
                        GError **error)
{
    g_auto(GVariantDict) arguments = G_VARIANT_DICT_INIT(nilo_command_get_arguments(command));

    switch (nilo_command_get_kind(command)) {
    case NILO_COMMAND_VALVE_OPEN:
        return write_valve(self, TRUE, result, error);
    case NILO_COMMAND_VALVE_CLOSE:
        return write_valve(self, FALSE, result, error);
    case NILO_COMMAND_SET_CLOCK:
        return write_clock(self, &arguments, result, error);
    case NILO_COMMAND_SET_ADDRESS:
        return write_address(self, &arguments, result, error);
    case NILO_COMMAND_PURCHASE:
    default:
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED, _("%s: M-Bus has no such command"),
                    nilo_meter_get_id_text(self->meter));
        return FALSE;
    }
}
