/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-scan.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "nilo-cjt188-session.h"

#define NUMBERS_MAX  100000
#define WILDCARD_DD  0xdd
#define SECOND_LOOKS 2

/* one way to ask "who is there"; which of them a meter hears is not known beforehand */
typedef struct {
    guint8 type;
    NiloCjt188Function function;
    guint16 di;
    NiloCjt188Order order;
    guint8 wildcard;
    gboolean has_serial;
} Variant;

#define ADDRESS_OF(type, order, wildcard, serial)                                                  \
    {                                                                                              \
        type, NILO_CJT188_READ_ADDRESS, NILO_CJT188_DI_ADDRESS, NILO_CJT188_##order, wildcard,     \
            serial                                                                                 \
    }
#define CURRENT_OF(type, order)                                                                    \
    {                                                                                              \
        type, NILO_CJT188_READ_DATA, NILO_CJT188_DI_CURRENT, NILO_CJT188_##order,                  \
            NILO_CJT188_ADDRESS_WILDCARD, TRUE                                                     \
    }

static const Variant variants[] = {
    ADDRESS_OF(0x10, HIGH_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0x10, LOW_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0xaa, HIGH_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0xaa, LOW_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    CURRENT_OF(0x10, HIGH_FIRST),
    CURRENT_OF(0x10, LOW_FIRST),
    ADDRESS_OF(0x11, HIGH_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0x11, LOW_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0x20, HIGH_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0x20, LOW_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0x30, HIGH_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0x30, LOW_FIRST, NILO_CJT188_ADDRESS_WILDCARD, TRUE),
    ADDRESS_OF(0x10, HIGH_FIRST, NILO_CJT188_ADDRESS_WILDCARD, FALSE),
    ADDRESS_OF(0x10, HIGH_FIRST, WILDCARD_DD, TRUE),
};

/* numbers to ask one by one: @count of them from @first, or the one @address that is no number */
typedef struct {
    guint64 first;
    guint64 count;
    NiloCjt188Address address;
    gboolean is_number;
} Span;

typedef struct {
    NiloScan *scan;       /* borrowed */
    NiloChannel *channel; /* borrowed */
    guint8 *serial;       /* borrowed */
    GArray *speeds;       /* element-type guint */
    GArray *spans;        /* element-type Span; empty: the wildcard */
    guint64 n_numbers;
    guint8 type;
    NiloCjt188Order order; /* that was answered last */
    GCancellable *cancellable;
} Scanner;

/* --- options ------------------------------------------------------------------------------------
 */

static gboolean
add_span(Scanner *self, const Span *span, GError **error)
{
    self->n_numbers += span->count;
    if (self->n_numbers > NUMBERS_MAX) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("the range has more than %u numbers, that would take days"), NUMBERS_MAX);
        return FALSE;
    }
    g_array_append_val(self->spans, *span);
    return TRUE;
}

static gboolean
parse_number(const char *text, Span *span, GError **error)
{
    if (!nilo_cjt188_settings_parse_address(text, &span->address, error))
        return FALSE;
    span->is_number = nilo_cjt188_address_is_decimal(&span->address);
    if (span->is_number)
        span->first = g_ascii_strtoull(text, NULL, 10);
    span->count = 1;
    return TRUE;
}

static gboolean
parse_span(Scanner *self, char *text, GError **error)
{
    char *dash = strchr(text, '-');
    Span span, last;

    if (dash != NULL)
        *dash = '\0';
    if (!parse_number(g_strstrip(text), &span, error))
        return FALSE;
    if (dash == NULL)
        return add_span(self, &span, error);
    if (!parse_number(g_strstrip(dash + 1), &last, error))
        return FALSE;
    if (!span.is_number || !last.is_number || last.first < span.first) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("range \"%s-%s\" does not go upwards from number to number"), text, dash + 1);
        return FALSE;
    }
    span.count = last.first - span.first + 1;
    return add_span(self, &span, error);
}

static gboolean
take_numbers(Scanner *self, GVariant *options, GError **error)
{
    const char *range = NULL;
    g_autofree const char **list = NULL;

    if (g_variant_lookup(options, "range", "&s", &range)) {
        g_auto(GStrv) parts = g_strsplit(range, ",", -1);

        for (guint i = 0; parts[i] != NULL; i++) {
            if (!parse_span(self, parts[i], error))
                return FALSE;
        }
    }
    if (g_variant_lookup(options, "list", "^a&s", &list)) {
        for (guint i = 0; list[i] != NULL; i++) {
            Span span;

            if (!parse_number(list[i], &span, error) || !add_span(self, &span, error))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean
take_options(Scanner *self, GVariant *options, GError **error)
{
    g_autoptr(GVariant) speeds = g_variant_lookup_value(options, "speeds", G_VARIANT_TYPE("au"));
    const guint own = nilo_channel_get_speed(self->channel);
    guint type = 10;

    if (speeds != NULL) {
        gsize n;
        const guint32 *values = g_variant_get_fixed_array(speeds, &n, sizeof *values);

        g_array_append_vals(self->speeds, values, (guint)n);
    }
    if (self->speeds->len == 0)
        g_array_append_val(self->speeds, own);
    if (g_variant_lookup(options, "type", "u", &type) && (type < 10 || type > 49)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("type %u is no meter type, expected 10 to 49"), type);
        return FALSE;
    }
    self->type = (guint8)(type / 10 << 4 | type % 10);
    return take_numbers(self, options, error);
}

/* --- telling ------------------------------------------------------------------------------------
 */

static gboolean
is_there(const NiloCjt188Session *session)
{
    return session->verdict == NILO_VERDICT_ANSWER || session->verdict == NILO_VERDICT_ERROR_ANSWER;
}

static gboolean
is_garbled(const NiloCjt188Session *session)
{
    return session->verdict == NILO_VERDICT_COLLISION || session->verdict == NILO_VERDICT_NOISE ||
           session->verdict == NILO_VERDICT_BAD_CHECKSUM;
}

static void
add_type(GPtrArray *settings, guint8 type)
{
    const guint shown = (guint)((type >> 4) * 10 + (type & 0x0f));

    if ((type & 0x0f) > 9 || shown < 10 || shown > 49)
        g_ptr_array_add(settings, g_strdup("type=0"));
    else if (shown != 10)
        g_ptr_array_add(settings, g_strdup_printf("type=%u", shown));
}

/* who answered last, as a `[meter ID]` group would have it */
static void
tell(Scanner *self, const NiloCjt188Session *session, const NiloCjt188Address *address,
     const char *trouble)
{
    g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(g_free);
    char text[NILO_CJT188_ADDRESS_TEXT_SIZE];
    g_autofree char *id_text = NULL;
    g_autoptr(NiloMeterId) id = NULL;
    NiloFound found = {.trouble = trouble};

    nilo_cjt188_address_to_text(address, text);
    id_text = g_strconcat("cjt188:", text, NULL);
    id = nilo_meter_id_new(id_text, NULL);
    if (is_there(session)) {
        add_type(settings, session->frame.type);
        g_ptr_array_add(settings,
                        g_strdup(session->order == NILO_CJT188_LOW_FIRST ? "di-order=low-first"
                                                                         : "di-order=high-first"));
        if (!session->check_serial)
            g_ptr_array_add(settings, g_strdup("ser-check=no"));
    }
    g_ptr_array_add(settings, NULL);
    found.id = id;
    found.speed_baud = nilo_channel_get_speed(self->channel);
    found.settings = (const char *const *)settings->pdata;
    nilo_scan_found(self->scan, &found);
}

static gboolean
set_speed(Scanner *self, guint speed_baud, gboolean *is_set, GError **error)
{
    g_autoptr(GError) local = NULL;

    *is_set = speed_baud == nilo_channel_get_speed(self->channel) ||
              nilo_channel_set_speed(self->channel, speed_baud, &local);
    if (*is_set || !g_error_matches(local, NILO_ERROR, NILO_ERROR_LINE_LOST))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* asks once more without looking at SER, when an answer came that had another */
static gboolean
ask(Scanner *self, NiloCjt188Session *session, NiloCjt188Function function, guint16 di, guint flags,
    GError **error)
{
    session->check_serial = TRUE;
    if (!nilo_cjt188_session_ask(session, function, di, NULL, 0, flags, self->cancellable, error))
        return FALSE;
    if (is_there(session) || !session->heard_late)
        return TRUE;
    session->check_serial = FALSE;
    return nilo_cjt188_session_ask(session, function, di, NULL, 0, flags, self->cancellable, error);
}

/* --- the wildcard -------------------------------------------------------------------------------
 */

typedef struct {
    gboolean is_found;
    gboolean is_garbled;
} Heard;

static gboolean
ask_variant(Scanner *self, const Variant *variant, NiloCjt188Session *session, GError **error)
{
    nilo_cjt188_session_init(session, self->channel, self->serial);
    memset(session->address.bytes, variant->wildcard, sizeof session->address.bytes);
    session->type = variant->type;
    session->order = variant->order;
    session->needs_serial = variant->has_serial;
    session->check_type = FALSE;
    session->takes_any = TRUE;
    return ask(self, session, variant->function, variant->di, NILO_REQUEST_WILDCARD, error);
}

/* two meters that answer together may give one clean frame by chance: the same question again */
static gboolean
look_again(Scanner *self, const Variant *variant, const NiloCjt188Address *first,
           gboolean *is_alone, GError **error)
{
    *is_alone = TRUE;
    for (guint i = 0; i < SECOND_LOOKS && *is_alone; i++) {
        NiloCjt188Session session;

        if (!ask_variant(self, variant, &session, error))
            return FALSE;
        *is_alone =
            is_there(&session) && nilo_cjt188_address_is_equal(&session.frame.address, first);
    }
    return TRUE;
}

static gboolean
run_variant(Scanner *self, const Variant *variant, Heard *heard, GError **error)
{
    NiloCjt188Session session;
    NiloCjt188Address address;
    gboolean is_alone;

    if (!ask_variant(self, variant, &session, error))
        return FALSE;
    heard->is_garbled = heard->is_garbled || is_garbled(&session);
    if (!is_there(&session))
        return TRUE;
    address = session.frame.address;
    if (nilo_cjt188_address_is_wildcard(&address))
        return TRUE;
    if (!look_again(self, variant, &address, &is_alone, error))
        return FALSE;
    heard->is_found = TRUE;
    heard->is_garbled = heard->is_garbled || !is_alone;
    tell(self, &session, &address,
         is_alone ? NULL
                  : _("several meters on this line answer the wildcard: look for the others by "
                      "their numbers"));
    return TRUE;
}

static gboolean
run_wildcards(Scanner *self, guint from, GError **error)
{
    const guint total = self->speeds->len * G_N_ELEMENTS(variants);
    gboolean has_trouble = FALSE;

    for (guint step = from; step < total; step++) {
        const guint speed_baud = g_array_index(self->speeds, guint, step / G_N_ELEMENTS(variants));
        g_autofree char *text = g_strdup_printf(_("asking everybody at %u Bd"), speed_baud);
        Heard heard = {0};
        gboolean is_set;

        nilo_scan_progress(self->scan, step, total, text);
        if (!set_speed(self, speed_baud, &is_set, error))
            return FALSE;
        if (is_set && !run_variant(self, &variants[step % G_N_ELEMENTS(variants)], &heard, error))
            return FALSE;
        has_trouble = has_trouble || heard.is_garbled;
        nilo_scan_save_checkpoint(self->scan, g_variant_new_uint32(step + 1));
        if (heard.is_found)
            break;
    }
    nilo_scan_progress(self->scan, total, total,
                       has_trouble ? _("several meters answer at once, or the line is noisy: give "
                                       "a range of numbers to look for them one by one")
                                   : _("done"));
    return TRUE;
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static gboolean
find_number(const Scanner *self, guint64 index, NiloCjt188Address *address)
{
    for (guint i = 0; i < self->spans->len; i++) {
        const Span *span = &g_array_index(self->spans, Span, i);
        char text[32];

        if (index >= span->count) {
            index -= span->count;
            continue;
        }
        *address = span->address;
        if (span->is_number) {
            g_snprintf(text, sizeof text, "%014" G_GUINT64_FORMAT, span->first + index);
            return nilo_cjt188_address_from_text(text, address) == NILO_WIRE_OK &&
                   !nilo_cjt188_address_is_wildcard(address);
        }
        return TRUE;
    }
    return FALSE;
}

static NiloCjt188Order
other_order(NiloCjt188Order order)
{
    return order == NILO_CJT188_HIGH_FIRST ? NILO_CJT188_LOW_FIRST : NILO_CJT188_HIGH_FIRST;
}

static gboolean
ask_number(Scanner *self, const NiloCjt188Address *address, NiloCjt188Session *session,
           GError **error)
{
    nilo_cjt188_session_init(session, self->channel, self->serial);
    session->address = *address;
    session->type = self->type;
    session->check_type = FALSE;
    session->order = self->order;
    if (!ask(self, session, NILO_CJT188_READ_DATA, NILO_CJT188_DI_CURRENT, NILO_REQUEST_PLAIN,
             error))
        return FALSE;
    if (session->verdict != NILO_VERDICT_SILENT && session->verdict != NILO_VERDICT_ECHO)
        return TRUE;
    session->order = other_order(self->order);
    return ask(self, session, NILO_CJT188_READ_DATA, NILO_CJT188_DI_CURRENT, NILO_REQUEST_PLAIN,
               error);
}

static gboolean
run_number(Scanner *self, const NiloCjt188Address *address, GError **error)
{
    NiloCjt188Session session;

    if (!ask_number(self, address, &session, error))
        return FALSE;
    if (is_there(&session)) {
        self->order = session.order;
        tell(self, &session, address, NULL);
    } else if (session.verdict == NILO_VERDICT_WRONG_METER && session.heard_foreign) {
        g_autofree char *other = nilo_cjt188_session_get_found(&session);
        g_autofree char *trouble =
            g_strdup_printf(_("%s answers for it: if that is its collector, set answers-as"),
                            other);

        tell(self, &session, address, trouble);
    } else if (is_garbled(&session)) {
        tell(self, &session, address,
             _("something answers, but garbled: two meters with one address, or noise"));
    }
    return TRUE;
}

static gboolean
run_numbers(Scanner *self, guint from, GError **error)
{
    const guint total = self->speeds->len * (guint)self->n_numbers;

    for (guint step = from; step < total; step++) {
        const guint speed_baud = g_array_index(self->speeds, guint, step / (guint)self->n_numbers);
        char shown[NILO_CJT188_ADDRESS_TEXT_SIZE];
        g_autofree char *text = NULL;
        NiloCjt188Address address;
        gboolean is_set;

        if (!find_number(self, step % self->n_numbers, &address))
            continue;
        nilo_cjt188_address_to_text(&address, shown);
        text = g_strdup_printf(_("asking %s at %u Bd"), shown, speed_baud);
        nilo_scan_progress(self->scan, step, total, text);
        if (!set_speed(self, speed_baud, &is_set, error) ||
            (is_set && !run_number(self, &address, error)))
            return FALSE;
        nilo_scan_save_checkpoint(self->scan, g_variant_new_uint32(step + 1));
    }
    nilo_scan_progress(self->scan, total, total, _("done"));
    return TRUE;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static guint
get_first_step(NiloScan *scan)
{
    GVariant *checkpoint = nilo_scan_get_checkpoint(scan);

    if (checkpoint == NULL || !g_variant_is_of_type(checkpoint, G_VARIANT_TYPE_UINT32))
        return 0;
    return g_variant_get_uint32(checkpoint);
}

gboolean
nilo_cjt188_scan_run(NiloScan *scan, NiloChannel *channel, guint8 *serial,
                     GCancellable *cancellable, GError **error)
{
    g_autoptr(GArray) speeds = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(Span));
    Scanner self = {
        .scan = scan,
        .channel = channel,
        .serial = serial,
        .speeds = speeds,
        .spans = spans,
        .order = NILO_CJT188_HIGH_FIRST,
        .cancellable = cancellable,
    };
    const guint from = get_first_step(scan);

    if (!take_options(&self, nilo_scan_get_options(scan), error))
        return FALSE;
    return spans->len > 0 ? run_numbers(&self, from, error) : run_wildcards(&self, from, error);
}
