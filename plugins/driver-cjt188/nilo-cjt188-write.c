/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-write.h"

#include <glib/gi18n-lib.h>

#include "nilo-cjt188-read.h"

#define VALVE_PAUSE_MS 1000
#define VALVE_FAULTS_MAX                                                                           \
    3 /* a valve on its way may say fault, one that keeps saying it is stuck                       \
       */
#define BOOKING_PAUSE_MS  1500
#define PURCHASE_NUMBERS  100
#define AMOUNT_DECIMALS   2 /* of a command's amount */
#define AMOUNT_DIGITS_MAX 99999999
#define PAYLOAD_MAX_SIZE  16

typedef struct {
    NiloCjt188Session *session;
    NiloCjt188Settings *settings;
    const NiloCjt188Model *model;
    GVariant *arguments; /* borrowed */
    GVariantDict *result;
    GCancellable *cancellable;
} Writer;

static gboolean
is_answered(const Writer *writer)
{
    return writer->session->verdict == NILO_VERDICT_ANSWER;
}

static gboolean
fail(Writer *writer, const char *what, GError **error)
{
    nilo_cjt188_session_set_error(writer->session, what, error);
    return FALSE;
}

static gboolean
read_data(Writer *writer, guint16 di, GError **error)
{
    return nilo_cjt188_session_read(writer->session, di, writer->cancellable, error);
}

/* sends an order; whether it was answered stands in the result, too */
static gboolean
order(Writer *writer, NiloCjt188Function function, const NiloCjt188Content *content, guint flags,
      gboolean *answered, GError **error)
{
    guint8 payload[PAYLOAD_MAX_SIZE];
    size_t size;
    const NiloWireResult built = nilo_cjt188_payload_build(content, payload, sizeof payload, &size);

    if (built != NILO_WIRE_OK) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("cannot build the order %04X: %s"),
                    content->di, nilo_wire_result_get_text(built));
        return FALSE;
    }
    if (!nilo_cjt188_session_ask(writer->session, function, content->di, payload, size, flags,
                                 writer->cancellable, error))
        return FALSE;
    *answered = is_answered(writer);
    g_variant_dict_insert(writer->result, "answer", "s", *answered ? "confirmed" : "lost");
    return TRUE;
}

static gboolean
is_refused(const Writer *writer)
{
    return writer->session->verdict == NILO_VERDICT_ERROR_ANSWER;
}

static gboolean
find_field(const Writer *writer, NiloCjt188Key key, NiloCjt188Field *field)
{
    NiloCjt188Fields fields;

    nilo_cjt188_field_start(&fields, &writer->session->message, &writer->model->profile);
    while (nilo_cjt188_field_next(&fields, field) == NILO_WIRE_OK) {
        if (field->key == key)
            return TRUE;
    }
    return FALSE;
}

/* --- valve --------------------------------------------------------------------------------------
 */

typedef struct {
    NiloCjt188Valve wanted;
    NiloCjt188Valve seen;
    gboolean is_told; /* the meter says something of its valve */
    guint faults;     /* in a row */
    guint polls;
} ValveWatch;

static const char *
valve_to_text(NiloCjt188Valve valve)
{
    switch (valve) {
    case NILO_CJT188_VALVE_IS_OPEN:
        return "open";
    case NILO_CJT188_VALVE_IS_CLOSED:
        return "closed";
    case NILO_CJT188_VALVE_IS_FAULTY:
        return "fault";
    default:
        return "unknown";
    }
}

static gboolean
look_at_valve(Writer *writer, ValveWatch *watch, GError **error)
{
    NiloCjt188Field field;

    watch->polls++;
    if (!read_data(writer, NILO_CJT188_DI_CURRENT, error))
        return FALSE;
    if (!is_answered(writer) || !find_field(writer, NILO_CJT188_KEY_STATUS, &field) ||
        field.state != NILO_CJT188_STATE_OK)
        return TRUE;
    watch->is_told = TRUE;
    watch->seen = field.status.valve;
    watch->faults = watch->seen == NILO_CJT188_VALVE_IS_FAULTY ? watch->faults + 1 : 0;
    return TRUE;
}

static gboolean
watch_valve(Writer *writer, ValveWatch *watch, GError **error)
{
    const guint wait_ms = nilo_cjt188_settings_get_valve_wait_s(writer->settings) * 1000;

    for (guint waited_ms = 0;; waited_ms += VALVE_PAUSE_MS) {
        if (!look_at_valve(writer, watch, error))
            return FALSE;
        if ((watch->is_told && watch->seen == watch->wanted) || watch->faults >= VALVE_FAULTS_MAX ||
            waited_ms >= wait_ms)
            return TRUE;
        if (!nilo_channel_pause(writer->session->channel, VALVE_PAUSE_MS, writer->cancellable,
                                error))
            return FALSE;
    }
}

static gboolean
write_valve(Writer *writer, gboolean closes, GError **error)
{
    const char *what = closes ? _("cannot close the valve") : _("cannot open the valve");
    const NiloCjt188Value code = {
        .key = NILO_CJT188_KEY_VALVE,
        .digits = closes ? writer->model->valve_close : writer->model->valve_open,
    };
    const NiloCjt188Content content = {.di = NILO_CJT188_DI_WRITE_VALVE,
                                       .values = &code,
                                       .n_values = 1};
    ValveWatch watch = {.wanted = closes ? NILO_CJT188_VALVE_IS_CLOSED : NILO_CJT188_VALVE_IS_OPEN};
    gboolean answered;

    if (writer->model->status_map.closed == 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("%s: by its profile the meter does not tell the state of a valve"), what);
        return FALSE;
    }
    if (!order(writer, NILO_CJT188_WRITE_DATA, &content, NILO_REQUEST_PLAIN, &answered, error))
        return FALSE;
    if (is_refused(writer))
        return fail(writer, what, error);
    if (!watch_valve(writer, &watch, error))
        return FALSE;
    if (!answered && !watch.is_told && !is_answered(writer))
        return fail(writer, what, error);
    if (!watch.is_told || watch.seen != watch.wanted) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED,
                    _("%s: after %u looks the meter says \"%s\""), what, watch.polls,
                    watch.is_told ? valve_to_text(watch.seen) : "nothing");
        return FALSE;
    }
    g_variant_dict_insert(writer->result, "valve", "s", valve_to_text(watch.seen));
    g_variant_dict_insert(writer->result, "looks", "u", watch.polls);
    return TRUE;
}

/* --- clock --------------------------------------------------------------------------------------
 */

static GTimeZone *
find_zone(Writer *writer, GError **error)
{
    const char *name = NULL;
    GTimeZone *zone;

    if (!g_variant_lookup(writer->arguments, "zone", "&s", &name) || name[0] == '\0')
        return g_time_zone_ref(nilo_cjt188_settings_get_zone(writer->settings));
    zone = g_time_zone_new_identifier(name);
    if (zone == NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("\"%s\" is no time zone"), name);
    return zone;
}

static gboolean
find_moment(Writer *writer, gint64 *utc_us, GError **error)
{
    NiloClock *clock = nilo_channel_get_clock(writer->session->channel);

    if (g_variant_lookup(writer->arguments, "utc-us", "x", utc_us) && *utc_us > 0)
        return TRUE;
    *utc_us = nilo_clock_get_utc_us(clock);
    if (nilo_clock_get_quality(clock) != NILO_CLOCK_UNKNOWN)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_FAILED,
                _("the meter's clock cannot be set: nobody has set our own"));
    return FALSE;
}

static gboolean
make_clock(Writer *writer, GTimeZone *zone, gint64 utc_us, NiloCjt188Clock *clock, GError **error)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(utc_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;

    if (local == NULL || g_date_time_get_year(local) < 2000 || g_date_time_get_year(local) > 2099) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("the meter's clock goes from 2000 to 2099"));
        return FALSE;
    }
    *clock = (NiloCjt188Clock){
        .year = (uint16_t)g_date_time_get_year(local),
        .month = (uint8_t)g_date_time_get_month(local),
        .day = (uint8_t)g_date_time_get_day_of_month(local),
        .hour = (uint8_t)g_date_time_get_hour(local),
        .minute = (uint8_t)g_date_time_get_minute(local),
        .second = (uint8_t)g_date_time_get_second(local),
        .is_year_first = writer->model->clock_order == NILO_CJT188_CLOCK_YEAR_FIRST ||
                         (writer->model->clock_order == NILO_CJT188_CLOCK_AUTO &&
                          nilo_cjt188_settings_get_learned(writer->settings)->is_year_first),
    };
    return TRUE;
}

static gboolean
check_clock(Writer *writer, GTimeZone *zone, gint64 expected_us, gboolean answered, GError **error)
{
    const char *what = _("cannot set the clock");
    const NiloCjt188Report report = {.model = writer->model, .zone = zone};
    NiloCjt188Field field;
    gint64 utc_us, drift_s;

    if (!is_answered(writer)) {
        if (!answered)
            return fail(writer, what, error);
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED,
                    _("%s: the meter confirmed, but could not be read back"), what);
        return FALSE;
    }
    if (!find_field(writer, NILO_CJT188_KEY_TIME, &field) ||
        !nilo_cjt188_report_read_clock(&report, &field, &utc_us)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED,
                    _("%s: the meter does not show a clock that is set"), what);
        return FALSE;
    }
    drift_s = nilo_cjt188_report_round_s(utc_us - expected_us);
    if (ABS(drift_s) > nilo_cjt188_settings_get_clock_tolerance_s(writer->settings)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED,
                    _("%s: read back, it is %lld s off"), what, (long long)drift_s);
        return FALSE;
    }
    g_variant_dict_insert(writer->result, "clock-drift-s", "x", drift_s);
    return TRUE;
}

static gboolean
write_clock(Writer *writer, GError **error)
{
    NiloClock *own = nilo_channel_get_clock(writer->session->channel);
    const gint64 begun_us = nilo_clock_get_monotonic_us(own);
    g_autoptr(GTimeZone) zone = find_zone(writer, error);
    NiloCjt188Clock clock;
    NiloCjt188Content content = {.di = NILO_CJT188_DI_WRITE_CLOCK, .clock = &clock};
    gint64 utc_us;
    gboolean answered;

    if (zone == NULL || !find_moment(writer, &utc_us, error) ||
        !make_clock(writer, zone, utc_us, &clock, error) ||
        !order(writer, NILO_CJT188_WRITE_DATA, &content, NILO_REQUEST_PLAIN, &answered, error))
        return FALSE;
    if (is_refused(writer))
        return fail(writer, _("cannot set the clock"), error);
    if (!read_data(writer, NILO_CJT188_DI_CURRENT, error))
        return FALSE;
    return check_clock(writer, zone, utc_us + nilo_clock_get_monotonic_us(own) - begun_us, answered,
                       error);
}

/* --- address ------------------------------------------------------------------------------------
 */

static gboolean
is_taken(Writer *writer, const NiloCjt188Address *wanted, gboolean *taken, GError **error)
{
    const NiloCjt188Address old = writer->session->address;
    gboolean asked;

    writer->session->address = *wanted;
    asked = read_data(writer, NILO_CJT188_DI_CURRENT, error);
    writer->session->address = old;
    *taken = writer->session->verdict != NILO_VERDICT_SILENT &&
             writer->session->verdict != NILO_VERDICT_ECHO;
    return asked;
}

static gboolean
confirm_address(Writer *writer, const char *text, gboolean answered, GError **error)
{
    const char *what = _("cannot set the address");

    if (!read_data(writer, NILO_CJT188_DI_CURRENT, error))
        return FALSE;
    if (is_answered(writer)) {
        g_variant_dict_insert(writer->result, "address", "s", text);
        return TRUE;
    }
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED,
                answered ? _("%s: the meter confirmed, but nobody answers at %s")
                         : _("%s: no confirmation, and nobody answers at %s"),
                what, text);
    return FALSE;
}

static gboolean
write_address(Writer *writer, GError **error)
{
    const char *what = _("cannot set the address");
    NiloCjt188Session *session = writer->session;
    const char *text = NULL;
    NiloCjt188Address wanted;
    const NiloCjt188Content content = {.di = NILO_CJT188_DI_WRITE_ADDRESS, .address = &wanted};
    gboolean taken, answered;

    if (!g_variant_lookup(writer->arguments, "address", "&s", &text)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("%s: none is given"), what);
        return FALSE;
    }
    if (!nilo_cjt188_settings_parse_address(text, &wanted, error))
        return FALSE;
    if (nilo_cjt188_address_is_equal(&wanted, &session->address))
        return confirm_address(writer, text, FALSE, error);
    if (!is_taken(writer, &wanted, &taken, error))
        return FALSE;
    if (taken) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_EXISTS, _("%s: something answers at %s already"),
                    what, text);
        return FALSE;
    }
    /* some confirm from where they were, some from where they are now */
    session->has_alias = TRUE;
    session->alias = wanted;
    if (!order(writer, NILO_CJT188_WRITE_ADDRESS, &content, NILO_REQUEST_ONCE, &answered, error))
        return FALSE;
    if (is_refused(writer))
        return fail(writer, what, error);
    session->has_alias = FALSE;
    session->address = wanted;
    return confirm_address(writer, text, answered, error);
}

/* --- purchase -----------------------------------------------------------------------------------
 */

typedef struct {
    gint64 number;
    gint64 last;
    gint64 total;
    gint64 remaining;
} Purchase;

static gboolean
find_number(const Writer *writer, NiloCjt188Key key, gint64 *number)
{
    NiloCjt188Field field;

    if (!find_field(writer, key, &field) || field.state != NILO_CJT188_STATE_OK)
        return FALSE;
    *number = field.mantissa;
    return TRUE;
}

/* @is_known: FALSE when the meter did not tell; why stands in the session */
static gboolean
read_purchase(Writer *writer, Purchase *purchase, gboolean *is_known, GError **error)
{
    if (!read_data(writer, NILO_CJT188_DI_PURCHASE, error))
        return FALSE;
    *is_known = is_answered(writer) &&
                find_number(writer, NILO_CJT188_KEY_PURCHASE_NUMBER, &purchase->number) &&
                find_number(writer, NILO_CJT188_KEY_PURCHASE_LAST, &purchase->last) &&
                find_number(writer, NILO_CJT188_KEY_PURCHASE_TOTAL, &purchase->total);
    if (*is_known && !find_number(writer, NILO_CJT188_KEY_PURCHASE_REMAINING, &purchase->remaining))
        purchase->remaining = -1;
    return TRUE;
}

/* as a command counts them, whatever decimals the meter has */
static gint64
to_hundredths(const Writer *writer, gint64 digits)
{
    const NiloValue value = {digits, (gint8)-writer->model->profile.money_decimals,
                             NILO_UNIT_CURRENCY};
    gint64 hundredths;

    return nilo_value_rescale(&value, -AMOUNT_DECIMALS, &hundredths) ? hundredths : 0;
}

static gboolean
from_hundredths(const Writer *writer, gint64 hundredths, gint64 *digits)
{
    const NiloValue value = {hundredths, -AMOUNT_DECIMALS, NILO_UNIT_CURRENCY};

    return hundredths > 0 &&
           nilo_value_rescale(&value, -writer->model->profile.money_decimals, digits) &&
           *digits <= AMOUNT_DIGITS_MAX && to_hundredths(writer, *digits) == hundredths;
}

static void
show_purchase(Writer *writer, const Purchase *purchase)
{
    g_variant_dict_insert(writer->result, "number", "u", (guint)purchase->number);
    g_variant_dict_insert(writer->result, "amount", "x", to_hundredths(writer, purchase->last));
    g_variant_dict_insert(writer->result, "total", "x", to_hundredths(writer, purchase->total));
    if (purchase->remaining >= 0)
        g_variant_dict_insert(writer->result, "remaining", "x",
                              to_hundredths(writer, purchase->remaining));
}

static gboolean
take_purchase_arguments(Writer *writer, Purchase *wanted, GError **error)
{
    gint64 amount;
    guint number = 0;

    if (!g_variant_lookup(writer->arguments, "number", "u", &number) ||
        number >= PURCHASE_NUMBERS) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("a purchase has a number from 0 to 99"));
        return FALSE;
    }
    if (!g_variant_lookup(writer->arguments, "amount", "x", &amount) ||
        !from_hundredths(writer, amount, &wanted->last)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("the amount of a purchase is not one the meter can book, expected up to 8 "
                      "digits with %d decimals"),
                    writer->model->profile.money_decimals);
        return FALSE;
    }
    wanted->number = number;
    return TRUE;
}

static gboolean
send_purchase(Writer *writer, const Purchase *wanted, gboolean *answered, GError **error)
{
    const NiloCjt188Value values[] = {
        {.key = NILO_CJT188_KEY_PURCHASE_NUMBER, .digits = (uint64_t)wanted->number},
        {.key = NILO_CJT188_KEY_PURCHASE_LAST, .digits = (uint64_t)wanted->last},
    };
    const NiloCjt188Content content = {.di = NILO_CJT188_DI_WRITE_PURCHASE,
                                       .values = values,
                                       .n_values = G_N_ELEMENTS(values)};

    return order(writer, NILO_CJT188_WRITE_DATA, &content, NILO_REQUEST_ONCE, answered, error);
}

static gboolean
is_booked(const Purchase *after, const Purchase *before, const Purchase *wanted)
{
    return after->number == wanted->number && after->last == wanted->last &&
           after->total == before->total + wanted->last;
}

/* the truth is what the meter shows now; a slow one is given a second look */
static gboolean
confirm_purchase(Writer *writer, const Purchase *before, const Purchase *wanted, gboolean answered,
                 GError **error)
{
    Purchase after = {0};
    gboolean is_known = FALSE;

    for (guint look = 0; look < 2; look++) {
        if (!read_purchase(writer, &after, &is_known, error))
            return FALSE;
        if (is_known && is_booked(&after, before, wanted)) {
            show_purchase(writer, &after);
            return TRUE;
        }
        if (!nilo_channel_pause(writer->session->channel, BOOKING_PAUSE_MS, writer->cancellable,
                                error))
            return FALSE;
    }
    if (!is_known)
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED,
                    answered
                        ? _("purchase %u: the meter confirmed, but could not be read back; whether "
                            "it is booked is unknown")
                        : _("purchase %u: no answer, and nothing could be read back; whether it is "
                            "booked is unknown"),
                    (guint)wanted->number);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_CONFIRMED,
                    _("purchase %u is not booked: the meter shows purchase %u of %lld "
                      "hundredths, in all %lld"),
                    (guint)wanted->number, (guint)after.number,
                    (long long)to_hundredths(writer, after.last),
                    (long long)to_hundredths(writer, after.total));
    return FALSE;
}

static gboolean
write_purchase(Writer *writer, GError **error)
{
    Purchase wanted = {0}, before = {0};
    gboolean is_known, answered;

    if (!take_purchase_arguments(writer, &wanted, error) ||
        !read_purchase(writer, &before, &is_known, error))
        return FALSE;
    if (!is_known && is_answered(writer)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("the meter does not tell its purchases, so one could not be confirmed"));
        return FALSE;
    }
    if (!is_known)
        return fail(writer, _("nothing was sent: cannot read the purchases"), error);
    if (before.number == wanted.number && before.last == wanted.last) {
        show_purchase(writer, &before);
        g_variant_dict_insert(writer->result, "already", "b", TRUE);
        return TRUE;
    }
    if (before.number == wanted.number) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_EXISTS,
                    _("nothing was sent: the meter has a purchase %u of another amount"),
                    (guint)wanted.number);
        return FALSE;
    }
    if (!send_purchase(writer, &wanted, &answered, error))
        return FALSE;
    if (is_refused(writer))
        return fail(writer, _("cannot book the purchase"), error);
    return confirm_purchase(writer, &before, &wanted, answered, error);
}

/* --- all of them --------------------------------------------------------------------------------
 */

static gboolean
run(Writer *writer, NiloCommandKind kind, GError **error)
{
    switch (kind) {
    case NILO_COMMAND_VALVE_OPEN:
        return write_valve(writer, FALSE, error);
    case NILO_COMMAND_VALVE_CLOSE:
        return write_valve(writer, TRUE, error);
    case NILO_COMMAND_SET_CLOCK:
        return write_clock(writer, error);
    case NILO_COMMAND_SET_ADDRESS:
        return write_address(writer, error);
    case NILO_COMMAND_PURCHASE:
        return write_purchase(writer, error);
    default:
        g_set_error(error, NILO_ERROR, NILO_ERROR_NOT_SUPPORTED,
                    _("meters of CJ/T 188 have no such order"));
        return FALSE;
    }
}

gboolean
nilo_cjt188_write_command(NiloCjt188Session *session, NiloCjt188Settings *settings,
                          NiloCommand *command, GVariant **result, GCancellable *cancellable,
                          GError **error)
{
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
    Writer writer = {
        .session = session,
        .settings = settings,
        .model = nilo_cjt188_settings_get_model(settings),
        .arguments = nilo_command_get_arguments(command),
        .result = &dict,
        .cancellable = cancellable,
    };

    if (!nilo_cjt188_session_wake(session, settings, cancellable, error) ||
        !nilo_cjt188_read_ensure_order(session, settings, cancellable, error) ||
        !run(&writer, nilo_command_get_kind(command), error))
        return FALSE;
    if (result != NULL)
        *result = g_variant_ref_sink(g_variant_dict_end(&dict));
    return TRUE;
}
