/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-scan.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "nilo-mbus-report.h"
#include "nilo-mbus-search.h"

#define CHECKPOINT_TYPE  "(uuuvas)"
#define GARBLED_MAX      20   /* in a row: fewer than the levels of a search */
#define BLOCKS           1000 /* progress: the first three digits of the identification */
#define PATIENCE_MS      1000 /* for a meter that says it is busy */
#define ID_SIZE          48
#define DEFAULT_FIRST    1 /* 0 is what all unconfigured meters have */
#define BITS_PER_BYTE    11
#define READOUT_ATTEMPTS 2
#define CONFIRMATIONS    2

typedef enum {
    PHASE_SECONDARY,
    PHASE_PRIMARY,
} Phase;

/* how a request was answered, as far as a search cares */
typedef enum {
    HEARD_NOBODY,
    HEARD_ONE,
    HEARD_SEVERAL,    /* or noise */
    HEARD_UNREADABLE, /* one, but it does not say who it is */
} Heard;

typedef struct {
    NiloScan *scan;
    NiloMbusCall call;
    GArray *speeds; /* element-type guint */
    guint speed_index;
    Phase phase;
    gboolean with_secondary;
    gboolean with_primary;
    gboolean thorough;
    NiloMbusAddress mask;
    guint first_address;
    guint next_address;
    guint last_address;
    NiloMbusSearch *search;
    GPtrArray *found;      /* element-type char*: ids told */
    NiloMbusAddress heard; /* who answered the last readout */
    guint32 fabrication;   /* and its fabrication number, all F if it told none */
    guint garbled_in_row;
} Scanner;

static void
scanner_clear(Scanner *self)
{
    g_clear_pointer(&self->speeds, g_array_unref);
    g_clear_pointer(&self->found, g_ptr_array_unref);
    g_clear_pointer(&self->search, nilo_mbus_search_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scanner, scanner_clear)

static guint
get_speed_baud(const Scanner *self)
{
    return g_array_index(self->speeds, guint, self->speed_index);
}

/* --- options -----------------------------------------------------------------------------------
 */

static gboolean
parse_range(Scanner *self, const char *text, GError **error)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    guint64 first = 0;
    guint64 last = 0;

    if (ends[0] != NULL &&
        g_ascii_string_to_unsigned(g_strstrip(ends[0]), 10, 0, NILO_MBUS_ADDRESS_LAST, &first,
                                   NULL) &&
        g_ascii_string_to_unsigned(g_strstrip(ends[1] != NULL ? ends[1] : ends[0]), 10, first,
                                   NILO_MBUS_ADDRESS_LAST, &last, NULL)) {
        self->first_address = (guint)first;
        self->last_address = (guint)last;
        return TRUE;
    }
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("range: found \"%s\", expected primary addresses like 0-250"), text);
    return FALSE;
}

static gboolean
parse_mask(Scanner *self, const char *text, GError **error)
{
    g_autofree char *whole = strlen(text) == 8 ? g_strconcat(text, ".FFFF.FF.FF", NULL) : NULL;

    if (text[0] == '\0' || nilo_mbus_address_scan(whole != NULL ? whole : text, &self->mask))
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("mask: found \"%s\", expected a secondary address like 12FFFFFF.FFFF.FF.FF"),
                text);
    return FALSE;
}

static void
take_speeds(Scanner *self, GVariantDict *options)
{
    g_autoptr(GVariant) speeds =
        g_variant_dict_lookup_value(options, "speeds", G_VARIANT_TYPE("au"));
    guint speed_baud = nilo_channel_get_speed(self->call.channel);

    if (speeds == NULL || g_variant_n_children(speeds) == 0) {
        g_array_append_val(self->speeds, speed_baud);
        return;
    }
    for (gsize i = 0; i < g_variant_n_children(speeds); i++) {
        g_variant_get_child(speeds, i, "u", &speed_baud);
        if (speed_baud > 0)
            g_array_append_val(self->speeds, speed_baud);
    }
}

static gboolean
take_options(Scanner *self, GError **error)
{
    g_auto(GVariantDict) options = G_VARIANT_DICT_INIT(nilo_scan_get_options(self->scan));
    const char *range = NULL;
    const char *mask = NULL;

    self->mask = NILO_MBUS_ADDRESS_ANY;
    self->first_address = DEFAULT_FIRST;
    self->last_address = NILO_MBUS_ADDRESS_LAST;
    self->thorough = TRUE;
    g_variant_dict_lookup(&options, "thorough", "b", &self->thorough);
    g_variant_dict_lookup(&options, "range", "&s", &range);
    g_variant_dict_lookup(&options, "mask", "&s", &mask);
    self->with_primary = range != NULL || mask == NULL;
    self->with_secondary = mask != NULL || range == NULL;
    take_speeds(self, &options);
    return (range == NULL || parse_range(self, range, error)) &&
           (mask == NULL || parse_mask(self, mask, error));
}

/* --- checkpoints -------------------------------------------------------------------------------
 */

static void
save(Scanner *self)
{
    GVariantBuilder found;

    g_variant_builder_init(&found, G_VARIANT_TYPE("as"));
    for (guint i = 0; i < self->found->len; i++)
        g_variant_builder_add(&found, "s", g_ptr_array_index(self->found, i));
    nilo_scan_save_checkpoint(self->scan,
                              g_variant_new(CHECKPOINT_TYPE, self->speed_index,
                                            (guint32)self->phase, self->next_address,
                                            nilo_mbus_search_to_variant(self->search), &found));
}

static void
begin_speed(Scanner *self)
{
    g_clear_pointer(&self->search, nilo_mbus_search_free);
    self->search = nilo_mbus_search_new(&self->mask);
    self->phase = self->with_secondary ? PHASE_SECONDARY : PHASE_PRIMARY;
    self->next_address = self->first_address;
}

/* a checkpoint of another version, or a damaged one, is no reason to fail: begin anew */
static void
restore(Scanner *self)
{
    GVariant *checkpoint = nilo_scan_get_checkpoint(self->scan);
    g_autoptr(GVariantIter) found = NULL;
    g_autoptr(GVariant) steps = NULL;
    g_autoptr(NiloMbusSearch) search = NULL;
    guint32 speed_index;
    guint32 phase;
    guint32 next_address;
    char *id;

    begin_speed(self);
    if (checkpoint == NULL || !g_variant_is_of_type(checkpoint, G_VARIANT_TYPE(CHECKPOINT_TYPE)))
        return;
    g_variant_get(checkpoint, CHECKPOINT_TYPE, &speed_index, &phase, &next_address, &steps, &found);
    search = nilo_mbus_search_from_variant(steps);
    if (search == NULL || speed_index >= self->speeds->len || phase > PHASE_PRIMARY)
        return;
    g_clear_pointer(&self->search, nilo_mbus_search_free);
    self->search = g_steal_pointer(&search);
    self->speed_index = speed_index;
    self->phase = (Phase)phase;
    self->next_address = next_address;
    while (g_variant_iter_next(found, "s", &id))
        g_ptr_array_add(self->found, id);
}

/* --- telling -----------------------------------------------------------------------------------
 */

static void
tell(Scanner *self, const char *id_text, const char *address, const char *trouble)
{
    g_autoptr(NiloMeterId) id = NULL;
    const NiloFound found = {.address = address,
                             .speed_baud = get_speed_baud(self),
                             .trouble = trouble};
    NiloFound told = found;

    if (g_ptr_array_find_with_equal_func(self->found, id_text, g_str_equal, NULL))
        return;
    id = nilo_meter_id_new(id_text, NULL);
    g_return_if_fail(id != NULL);
    told.id = id;
    g_ptr_array_add(self->found, g_strdup(id_text));
    nilo_scan_found(self->scan, &told);
}

static void
tell_secondary(Scanner *self, const NiloMbusStep *step, const NiloMbusAddress *address,
               const char *trouble)
{
    char text[ID_SIZE] = "mbus:";
    gsize used;

    nilo_mbus_address_format(address, text + strlen(text));
    used = strlen(text);
    /* only the fabrication number tells them apart */
    if (step->level > NILO_MBUS_LEVEL_MEDIUM && trouble == NULL)
        g_snprintf(text + used, sizeof text - used, "-%08X",
                   nilo_mbus_digits_match(self->fabrication, step->fabrication)
                       ? self->fabrication
                       : step->fabrication);
    tell(self, text, NULL, trouble);
}

static void
tell_stuck(Scanner *self, const NiloMbusStep *step)
{
    NiloMbusAddress address = step->mask;

    if ((address.manufacturer & 0xff) == 0xff)
        address.manufacturer = NILO_MBUS_ANY_MANUFACTURER;
    tell_secondary(self, step, &address, _("two meters with one address"));
}

static void
tell_progress(Scanner *self, guint done, const char *where)
{
    const guint per_speed = (self->with_secondary ? BLOCKS : 0) +
                            (self->with_primary ? self->last_address - self->first_address + 1 : 0);
    g_autofree char *text = g_strdup_printf(_("%s; meters found: %u"), where, self->found->len);

    nilo_scan_progress(self->scan, self->speed_index * per_speed + done,
                       self->speeds->len * per_speed, text);
}

static void
tell_search_progress(Scanner *self, const NiloMbusStep *step)
{
    guint done = 0;
    char text[NILO_MBUS_ADDRESS_TEXT_SIZE];
    g_autofree char *where = NULL;

    for (guint shift = 28; shift >= 20; shift -= 4)
        done = done * 10 + (step->mask.identification >> shift & 0xf) % 0xf % 10;
    nilo_mbus_address_format(&step->mask, text);
    where = g_strdup_printf(_("searching %s"), text);
    tell_progress(self, MIN(done, BLOCKS), where);
}

/* --- asking ------------------------------------------------------------------------------------
 */

static gboolean
note_noise(Scanner *self, Heard heard, GError **error)
{
    self->garbled_in_row = heard == HEARD_SEVERAL ? self->garbled_in_row + 1 : 0;
    if (self->garbled_in_row < GARBLED_MAX)
        return TRUE;
    g_set_error(error, NILO_ERROR, NILO_ERROR_NOISE,
                _("%u requests in a row heard nothing but noise: the bus is never quiet"),
                self->garbled_in_row);
    return FALSE;
}

static Heard
judge_verdict(const NiloMbusCall *call)
{
    switch (call->verdict) {
    case NILO_VERDICT_ANSWER:
        return call->answer.broken > 0 ? HEARD_SEVERAL : HEARD_ONE;
    case NILO_VERDICT_SILENT:
    case NILO_VERDICT_ECHO:
        return HEARD_NOBODY;
    case NILO_VERDICT_BUSY:
    case NILO_VERDICT_ERROR_ANSWER:
        return HEARD_UNREADABLE;
    default:
        return HEARD_SEVERAL;
    }
}

/* the judge of the link layer knows no half a maker: what is behind it is checked here */
static gboolean
fits(const Scanner *self, const NiloMbusStep *step)
{
    const guint16 maker = step->mask.manufacturer;

    if ((maker & 0xff) != 0xff || maker == NILO_MBUS_ANY_MANUFACTURER)
        return TRUE;
    return self->heard.manufacturer >> 8 == maker >> 8;
}

static gboolean
select_once(Scanner *self, const NiloMbusStep *step, Heard *heard, GError **error)
{
    NiloMbusCall *call = &self->call;
    const gboolean by_fabrication = step->fabrication != NILO_MBUS_ANY_IDENTIFICATION;

    call->mask = step->mask;
    call->flags = NILO_REQUEST_WILDCARD | NILO_REQUEST_ONCE;
    if (!nilo_mbus_call_select(call, NILO_MBUS_C_SND_UD, by_fabrication ? &step->fabrication : NULL,
                               error))
        return FALSE;
    *heard = judge_verdict(call);
    return TRUE;
}

/* noise is believed when it was heard twice, and so is silence where a digit depends on it */
static gboolean
select_step(Scanner *self, const NiloMbusStep *step, Heard *heard, GError **error)
{
    const gboolean is_digit =
        step->kind == NILO_MBUS_STEP_SELECT && step->level <= NILO_MBUS_LEVEL_DIGITS;

    if (!select_once(self, step, heard, error))
        return FALSE;
    if (*heard == HEARD_SEVERAL || (*heard == HEARD_NOBODY && is_digit))
        return select_once(self, step, heard, error);
    return TRUE;
}

static void
note_fabrication(Scanner *self, const NiloMbusHeader *header)
{
    NiloMbusRecordIter iter;
    NiloMbusRecord record;

    self->fabrication = NILO_MBUS_ANY_IDENTIFICATION;
    if (header->content != NILO_MBUS_CONTENT_RECORDS || header->is_encrypted)
        return;
    nilo_mbus_record_iter_init(&iter, header->payload, header->payload_size);
    while (nilo_mbus_record_iter_next(&iter, &record)) {
        if (record.type == NILO_MBUS_RECORD_DATA && record.storage == 0 &&
            record.quantity == NILO_QUANTITY_FABRICATION_NUMBER && record.data_size == 4)
            self->fabrication = (guint32)nilo_mbus_unsigned_parse(record.data, 4);
    }
}

static gboolean
note_identity(Scanner *self)
{
    const NiloAnswer *answer = &self->call.answer;
    NiloMbusFrame frame;
    NiloMbusHeader header;
    gsize consumed;

    if (nilo_mbus_frame_parse(answer->frame, answer->size, &frame, &consumed) != NILO_WIRE_OK ||
        nilo_mbus_header_parse(&frame, &header) != NILO_WIRE_OK ||
        !nilo_mbus_report_get_identity(&frame, &self->heard))
        return FALSE;
    note_fabrication(self, &header);
    return TRUE;
}

/* a meter that answers what nobody understands may only want this */
static gboolean
reset_application(Scanner *self, GError **error)
{
    guint8 frame[NILO_MBUS_MAX_REQUEST];
    const gsize size =
        nilo_mbus_request_build_reset_application(NILO_MBUS_C_SND_UD, self->call.partner,
                                                  NILO_MBUS_RESET_NO_SUBCODE, frame, sizeof frame);

    return nilo_mbus_call_send(&self->call, frame, size, error);
}

/* a meter that is busy wants time; of several, the slowest must have ended */
static gboolean
let_be(Scanner *self, Heard heard, GError **error)
{
    const guint speed_baud = nilo_channel_get_speed(self->call.channel);
    guint pause_ms = 0;

    if (heard == HEARD_UNREADABLE)
        pause_ms = PATIENCE_MS;
    else if (heard == HEARD_SEVERAL)
        pause_ms = NILO_MBUS_MAX_FRAME * BITS_PER_BYTE * 1000 / speed_baud;
    return pause_ms == 0 ||
           nilo_channel_pause(self->call.channel, pause_ms, self->call.cancellable, error);
}

/* asks the partner who it is */
static gboolean
identify(Scanner *self, Heard *heard, GError **error)
{
    NiloMbusCall *call = &self->call;

    call->flags = NILO_REQUEST_WILDCARD | NILO_REQUEST_ONCE;
    for (guint i = 0; i < READOUT_ATTEMPTS; i++) {
        if (!nilo_mbus_call_readout(call, error))
            return FALSE;
        *heard = judge_verdict(call);
        if (*heard == HEARD_ONE && note_identity(self))
            return TRUE;
        if (*heard == HEARD_ONE) {
            if (!reset_application(self, error))
                return FALSE;
            *heard = HEARD_UNREADABLE;
        }
        if (!let_be(self, *heard, error))
            return FALSE;
    }
    return TRUE;
}

/* --- secondary ---------------------------------------------------------------------------------
 */

static gboolean
ask_step(Scanner *self, const NiloMbusStep *step, Heard *heard, GError **error)
{
    if (!select_step(self, step, heard, error))
        return FALSE;
    if (*heard != HEARD_ONE)
        return TRUE;
    if ((step->mask.manufacturer & 0xff) == 0xff)
        self->call.mask.manufacturer = NILO_MBUS_ANY_MANUFACTURER;
    if (!identify(self, heard, error))
        return FALSE;
    /* an E5 and nothing behind it: several, whose answers destroy each other */
    if (*heard == HEARD_NOBODY || (*heard == HEARD_ONE && !fits(self, step)))
        *heard = HEARD_SEVERAL;
    return TRUE;
}

static void
tell_stuck_steps(Scanner *self)
{
    NiloMbusStep stuck;

    while (nilo_mbus_search_take_stuck(self->search, &stuck))
        tell_stuck(self, &stuck);
}

static void
conclude_step(Scanner *self, const NiloMbusStep *step, Heard heard)
{
    if (heard == HEARD_NOBODY)
        return;
    nilo_mbus_search_note_heard(self->search);
    if (heard == HEARD_ONE) {
        tell_secondary(self, step, &self->heard, NULL);
        if (self->thorough)
            nilo_mbus_search_probe_behind(self->search, step, &self->heard);
    } else if (heard == HEARD_UNREADABLE && step->level >= NILO_MBUS_LEVEL_DIGITS) {
        tell_secondary(self, step, &step->mask, _("answers, but does not say who it is"));
    } else if (!nilo_mbus_search_narrow(self->search, step)) {
        tell_stuck(self, step);
    }
}

static gboolean
search_secondary(Scanner *self, GError **error)
{
    NiloMbusStep step;

    for (;;) {
        Heard heard;

        if (!nilo_mbus_search_next(self->search, &step)) {
            NiloMbusStep stuck;

            if (!nilo_mbus_search_take_stuck(self->search, &stuck))
                return TRUE;
            tell_stuck(self, &stuck);
            tell_stuck_steps(self);
            continue;
        }
        tell_search_progress(self, &step);
        if (!ask_step(self, &step, &heard, error) || !note_noise(self, heard, error))
            return FALSE;
        conclude_step(self, &step, heard);
        tell_stuck_steps(self);
        save(self);
    }
}

/* --- primary -----------------------------------------------------------------------------------
 */

static void
tell_primary(Scanner *self, guint address, Heard heard)
{
    char text[ID_SIZE] = "mbus:";
    char where[8];

    g_snprintf(where, sizeof where, "%u", address);
    if (heard == HEARD_ONE) {
        nilo_mbus_address_format(&self->heard, text + strlen(text));
        tell(self, text, where, NULL);
        return;
    }
    g_snprintf(text, sizeof text, "mbus:address-%u", address);
    tell(self, text, where,
         heard == HEARD_SEVERAL ? _("several meters at one primary address")
                                : _("answers, but does not say who it is"));
}

static gboolean
reset_address(Scanner *self, guint address, Heard *heard, GError **error)
{
    NiloMbusCall *call = &self->call;

    call->partner = (guint8)address;
    call->mask = NILO_MBUS_ADDRESS_ANY;
    call->flags = NILO_REQUEST_WILDCARD | NILO_REQUEST_ONCE;
    if (!nilo_mbus_call_reset(call, error))
        return FALSE;
    *heard = judge_verdict(call);
    return TRUE;
}

/* several meters answer every time, noise does not */
static gboolean
confirm_several(Scanner *self, guint address, Heard *heard, GError **error)
{
    Heard again;

    for (guint i = 0; i < CONFIRMATIONS && *heard == HEARD_SEVERAL; i++) {
        if (!reset_address(self, address, &again, error))
            return FALSE;
        if (again == HEARD_NOBODY)
            *heard = HEARD_NOBODY;
        else if (!identify(self, heard, error))
            return FALSE;
    }
    return TRUE;
}

/* a meter that ignores a link reset is asked nevertheless */
static gboolean
ask_address(Scanner *self, guint address, Heard *heard, GError **error)
{
    NiloMbusCall *call = &self->call;
    Heard reset;

    if (!reset_address(self, address, &reset, error))
        return FALSE;
    *heard = reset;
    if (reset == HEARD_NOBODY) {
        if (!nilo_mbus_call_readout(call, error))
            return FALSE;
        *heard = judge_verdict(call);
        call->link->count_bits[address] = TRUE;
        if (*heard == HEARD_NOBODY || *heard == HEARD_SEVERAL) {
            *heard = HEARD_NOBODY;
            return TRUE;
        }
    }
    return identify(self, heard, error) && confirm_several(self, address, heard, error);
}

static gboolean
search_primary(Scanner *self, GError **error)
{
    for (; self->next_address <= self->last_address; self->next_address++) {
        g_autofree char *where = g_strdup_printf(_("asking address %u"), self->next_address);
        Heard heard;

        save(self);
        tell_progress(self,
                      (self->with_secondary ? BLOCKS : 0) + self->next_address -
                          self->first_address,
                      where);
        if (!ask_address(self, self->next_address, &heard, error) ||
            !note_noise(self, heard, error))
            return FALSE;
        if (heard != HEARD_NOBODY)
            tell_primary(self, self->next_address, heard);
    }
    return TRUE;
}

/* --- all ---------------------------------------------------------------------------------------
 */

/* where no range was asked for: a bus that is silent even at 254, where every meter answers, needs
 * no 250 questions more */
static gboolean
look_for_anybody(Scanner *self, gboolean *anybody, GError **error)
{
    Heard heard;

    *anybody = self->found->len > 0 || self->next_address > self->first_address;
    for (guint i = 0; i < CONFIRMATIONS && !*anybody; i++) {
        if (!reset_address(self, NILO_MBUS_ADDRESS_TEST, &heard, error) ||
            !let_be(self, heard, error))
            return FALSE;
        *anybody = heard != HEARD_NOBODY;
    }
    return TRUE;
}

static gboolean
search_at_speed(Scanner *self, GError **error)
{
    gboolean anybody = TRUE;

    if (!nilo_channel_set_speed(self->call.channel, get_speed_baud(self), error))
        return FALSE;
    if (self->phase == PHASE_SECONDARY && !search_secondary(self, error))
        return FALSE;
    self->phase = PHASE_PRIMARY;
    if (!self->with_primary)
        return TRUE;
    if (self->with_secondary && !look_for_anybody(self, &anybody, error))
        return FALSE;
    return !anybody || search_primary(self, error);
}

gboolean
nilo_mbus_scan_run(NiloScan *scan, NiloMbusLink *link, NiloChannel *channel,
                   GCancellable *cancellable, GError **error)
{
    g_auto(Scanner) self = {
        .scan = scan,
        .call = {.link = link, .channel = channel, .cancellable = cancellable},
        .speeds = g_array_new(FALSE, FALSE, sizeof(guint)),
        .found = g_ptr_array_new_with_free_func(g_free),
    };

    if (!take_options(&self, error))
        return FALSE;
    restore(&self);
    for (;;) {
        if (!search_at_speed(&self, error))
            return FALSE;
        if (self.speed_index + 1 >= self.speeds->len)
            return TRUE;
        self.speed_index++;
        begin_speed(&self);
        save(&self);
    }
}
