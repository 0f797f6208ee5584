/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A slave as EN 13757-2 and -3 want it, so that a master's mistakes show: the same FCB again gets
 * the last telegram again, however old.
 */
#include "nilo-lab-mbus-meter.h"

#include "nilo-lab-digits.h"
#include "nilo-lab-mbus-telegram.h"

#include <string.h>

#define ADDRESS_MAX             250
#define ADDRESS_SELECTED        0xfd
#define ADDRESS_ALL_ANSWER      0xfe
#define ADDRESS_BROADCAST       0xff

#define CI_APPLICATION_RESET    0x50
#define CI_DATA                 0x51
#define CI_SELECT               0x52
#define CI_SELECT_HIGH_FIRST    0x56
#define CI_SPEED_FIRST          0xb8
#define CI_ERROR                0x70
#define CI_B7                   0xb7

#define ERROR_BUSY              8
#define ERROR_TOO_MANY_READOUTS 9

#define RSP_UD                  0x08
#define RSP_DFC                 0x10
#define NKE_DEAF_NS             G_GINT64_CONSTANT(100000000)
#define NS_PER_S                G_GINT64_CONSTANT(1000000000)

enum {
    LINK_PRIMARY,
    LINK_SECONDARY,
    N_LINKS,
};

/* Frame count state towards one address of ours: the primary one, and FD. */
typedef struct {
    gboolean fcb; /* of the last frame; FALSE after a link reset, so that the first one is TRUE */
    guint next_telegram;
    guint8 last[NILO_LAB_MBUS_MAX_FRAME];
    gsize last_size; /* 0: nothing to repeat */
} Link;

typedef struct {
    guint8 primary;
    guint8 id[4]; /* as on the wire */
    guint16 manufacturer;
    gboolean selected;
    Link links[N_LINKS];
    guint8 access_number;
    gboolean needs_reset; /* deviation b7-until-reset */
    gint64 deaf_until_ns;
    guint home_speed_baud;
    gint64 speed_heard_ns;
    gint64 readout_day;
    guint readouts;
} State;

static void
link_reset(Link *link)
{
    link->fcb = FALSE;
    link->next_telegram = 0;
    link->last_size = 0;
}

static gboolean
is_for_us(const State *state, guint8 address)
{
    if (address == ADDRESS_SELECTED)
        return state->selected;
    return address == state->primary || address == ADDRESS_ALL_ANSWER ||
           address == ADDRESS_BROADCAST;
}

static void
say_ack(NiloLabAnswer *answer)
{
    answer->bytes[0] = NILO_LAB_MBUS_ACK;
    answer->size = 1;
}

/* --- selection ---------------------------------------------------------------------------------
 */

static gboolean
nibbles_match(const guint8 *mask, const guint8 *own, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        if (mask[i] >> 4 != 0xf && mask[i] >> 4 != own[i] >> 4)
            return FALSE;
        if ((mask[i] & 15) != 0xf && (mask[i] & 15) != (own[i] & 15))
            return FALSE;
    }
    return TRUE;
}

static gboolean
bytes_match(const guint8 *mask, const guint8 *own, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        if (mask[i] != 0xff && mask[i] != own[i])
            return FALSE;
    }
    return TRUE;
}

static void
reverse(guint8 *bytes, gsize size)
{
    for (gsize i = 0; i < size / 2; i++) {
        const guint8 kept = bytes[i];

        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = kept;
    }
}

/* data: ID 4, manufacturer 2, version, medium, and perhaps 0C 78 with the fabrication number */
static gboolean
selection_matches(NiloLabMeter *meter, const State *state, const NiloLabMbusFrame *frame)
{
    const NiloLabMeterSettings *settings = &meter->settings;
    guint8 mask[8];
    guint8 own[4];

    if (frame->data_size != 8 && frame->data_size != 14)
        return FALSE;
    memcpy(mask, frame->data, sizeof mask);
    if (frame->ci == CI_SELECT_HIGH_FIRST) {
        reverse(mask, 4);
        reverse(mask + 4, 2);
    }
    if (!nibbles_match(mask, state->id, 4))
        return FALSE;
    nilo_lab_little_put(own, 2, state->manufacturer);
    own[2] = (guint8)settings->version;
    own[3] = (guint8)settings->medium;
    if (!bytes_match(mask + 4, own, 4))
        return FALSE;
    if (frame->data_size == 8)
        return TRUE;
    if (frame->data[8] != 0x0c || frame->data[9] != 0x78)
        return FALSE;
    nilo_lab_digits_put(own, 4, nilo_lab_mbus_telegram_fabrication(settings));
    return nibbles_match(frame->data + 10, own, 4);
}

static gboolean
hear_selection(NiloLabMeter *meter, State *state, const NiloLabMbusFrame *frame,
               NiloLabAnswer *answer)
{
    if (meter->settings.deviations & NILO_LAB_DEVIATION_PRIMARY_ONLY)
        return FALSE;
    state->selected = selection_matches(meter, state, frame);
    link_reset(&state->links[LINK_SECONDARY]);
    if (!state->selected)
        return FALSE;
    say_ack(answer);
    return TRUE;
}

/* --- data sent to us ---------------------------------------------------------------------------
 */

static gboolean
hear_speed(NiloLabMeter *meter, State *state, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    static const guint speeds[] = {300, 600, 1200, 2400, 4800, 9600, 19200, 38400};

    if (meter->settings.deviations & NILO_LAB_DEVIATION_FIXED_SPEED)
        return FALSE;
    meter->speed_baud = speeds[heard->mbus.ci - CI_SPEED_FIRST];
    nilo_lab_meter_say(meter, heard->end_ns, "speed %u", meter->speed_baud);
    say_ack(answer);
    return TRUE;
}

static void
set_id(NiloLabMeter *meter, State *state, const guint8 *four)
{
    guint64 number;

    if (!nilo_lab_digits_get(four, 4, &number))
        return;
    memcpy(state->id, four, 4);
    g_snprintf(meter->settings.id, sizeof meter->settings.id, "%08u", (guint)number);
}

static void
hear_records(NiloLabMeter *meter, State *state, const NiloLabHeard *heard)
{
    const guint8 *data = heard->mbus.data;
    const gsize size = heard->mbus.data_size;
    NiloLabDate date;

    if (meter->settings.deviations & NILO_LAB_DEVIATION_REFUSES_WRITES)
        return;
    if (size == 3 && data[0] == 0x01 && data[1] == 0x7a && data[2] <= ADDRESS_MAX) {
        state->primary = data[2];
        nilo_lab_meter_say(meter, heard->end_ns, "address-set %u", data[2]);
    } else if (size == 6 && data[0] == 0x0c && data[1] == 0x79) {
        set_id(meter, state, data + 2);
        nilo_lab_meter_say(meter, heard->end_ns, "id-set %s", meter->settings.id);
    } else if (size == 6 && data[0] == 0x04 && data[1] == 0x6d &&
               nilo_lab_mbus_date_time_get(data + 2, &date)) {
        nilo_lab_meter_set_clock(meter, &date, heard->utc_us);
        nilo_lab_meter_say(meter, heard->end_ns, "clock-set %04d-%02d-%02dT%02d:%02d", date.year,
                           date.month, date.day, date.hour, date.minute);
    } else {
        g_autofree char *hex = nilo_lab_hex(data, size);

        nilo_lab_meter_say(meter, heard->end_ns, "ignored %s", hex);
    }
}

static gboolean
hear_data(NiloLabMeter *meter, State *state, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    const NiloLabMbusFrame *frame = &heard->mbus;

    if (frame->has_ci && (frame->ci == CI_SELECT || frame->ci == CI_SELECT_HIGH_FIRST) &&
        frame->a == ADDRESS_SELECTED)
        return hear_selection(meter, state, frame, answer);
    if (!frame->has_ci || !is_for_us(state, frame->a))
        return FALSE;
    if (frame->ci >= CI_SPEED_FIRST && frame->ci < CI_SPEED_FIRST + 8)
        return hear_speed(meter, state, heard, answer);
    if (frame->ci == CI_APPLICATION_RESET) {
        state->needs_reset = FALSE;
        for (guint i = 0; i < N_LINKS; i++)
            state->links[i].next_telegram = 0;
    } else if (frame->ci == CI_DATA) {
        hear_records(meter, state, heard);
    }
    say_ack(answer);
    return TRUE;
}

/* --- readout -----------------------------------------------------------------------------------
 */

static gboolean
is_over_budget(NiloLabMeter *meter, State *state, const NiloLabHeard *heard)
{
    const gint64 day = (heard->utc_us / NILO_LAB_US_PER_SECOND + meter->zone_offset_minutes * 60) /
                       NILO_LAB_SECONDS_PER_DAY;

    if (meter->settings.readouts_per_day == 0)
        return FALSE;
    if (day != state->readout_day) {
        state->readout_day = day;
        state->readouts = 0;
    }
    return ++state->readouts > meter->settings.readouts_per_day;
}

static gsize
build_answer(NiloLabMeter *meter, State *state, Link *link, const NiloLabHeard *heard)
{
    guint8 error = 0;
    NiloLabMbusRecords records = {.size = 0};
    guint8 ci;

    if (state->needs_reset)
        return nilo_lab_mbus_frame_build_long(link->last, RSP_UD, state->primary, CI_B7, NULL, 0);
    if (meter->settings.busy_percent > 0 &&
        nilo_lab_random_below(&meter->random, 100) < meter->settings.busy_percent) {
        error = ERROR_BUSY;
        return nilo_lab_mbus_frame_build_long(link->last, RSP_UD | RSP_DFC, state->primary,
                                              CI_ERROR, &error, 1);
    }
    if (link->next_telegram == 0 && is_over_budget(meter, state, heard)) {
        error = ERROR_TOO_MANY_READOUTS;
        return nilo_lab_mbus_frame_build_long(link->last, RSP_UD, state->primary, CI_ERROR, &error,
                                              1);
    }
    state->access_number++;
    ci = nilo_lab_mbus_telegram_build(meter, link->next_telegram, heard->utc_us,
                                      state->access_number, &records);
    link->next_telegram = (link->next_telegram + 1) % nilo_lab_mbus_telegram_count(meter);
    return nilo_lab_mbus_frame_build_long(link->last, RSP_UD, state->primary, ci, records.bytes,
                                          records.size);
}

static gboolean
hear_readout(NiloLabMeter *meter, State *state, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    const guint deviations = meter->settings.deviations;
    const gboolean fcb = (heard->mbus.c & NILO_LAB_MBUS_FCB) != 0;
    const gboolean counted =
        (heard->mbus.c & NILO_LAB_MBUS_FCV) != 0 && !(deviations & NILO_LAB_DEVIATION_NO_FCB);
    Link *link = &state->links[heard->mbus.a == ADDRESS_SELECTED ? LINK_SECONDARY : LINK_PRIMARY];

    if (!counted || fcb != link->fcb || link->last_size == 0)
        link->last_size = build_answer(meter, state, link, heard);
    if (counted)
        link->fcb = fcb;
    memcpy(answer->bytes, link->last, link->last_size);
    answer->size = link->last_size;
    if (deviations & NILO_LAB_DEVIATION_WRONG_CHECKSUM)
        answer->bytes[answer->size - 2] ^= 0x55;
    return TRUE;
}

/* --- link --------------------------------------------------------------------------------------
 */

static gboolean
hear_reset(NiloLabMeter *meter, State *state, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    if (heard->mbus.a == ADDRESS_SELECTED) {
        state->selected = FALSE;
        link_reset(&state->links[LINK_SECONDARY]);
    } else {
        link_reset(&state->links[LINK_PRIMARY]);
    }
    if (meter->settings.deviations & NILO_LAB_DEVIATION_NKE_DEAF)
        state->deaf_until_ns = heard->end_ns + NKE_DEAF_NS;
    say_ack(answer);
    return TRUE;
}

static gboolean
hear_function(NiloLabMeter *meter, State *state, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    const guint8 function = heard->mbus.c & (guint8) ~(NILO_LAB_MBUS_FCB | NILO_LAB_MBUS_FCV);

    if (function == NILO_LAB_MBUS_SND_UD)
        return hear_data(meter, state, heard, answer);
    if (heard->mbus.has_ci || !is_for_us(state, heard->mbus.a))
        return FALSE;
    if (function == NILO_LAB_MBUS_SND_NKE)
        return hear_reset(meter, state, heard, answer);
    if (function == NILO_LAB_MBUS_REQ_UD2)
        return hear_readout(meter, state, heard, answer);
    if (function == NILO_LAB_MBUS_REQ_UD1) {
        say_ack(answer);
        return TRUE;
    }
    return FALSE;
}

static void
fall_back(NiloLabMeter *meter, State *state, gint64 now_ns)
{
    if (meter->speed_baud == state->home_speed_baud ||
        now_ns - state->speed_heard_ns < meter->settings.speed_fallback_s * NS_PER_S)
        return;
    meter->speed_baud = state->home_speed_baud;
    nilo_lab_meter_say(meter, now_ns, "speed %u", meter->speed_baud);
}

static gboolean
hear(NiloLabMeter *meter, const NiloLabHeard *heard, NiloLabAnswer *answer)
{
    State *state = meter->state;
    gboolean answers;

    fall_back(meter, state, heard->end_ns);
    if (!heard->is_mbus || heard->speed_baud != meter->speed_baud ||
        heard->end_ns < state->deaf_until_ns)
        return FALSE;
    state->speed_heard_ns = heard->end_ns;
    answers = hear_function(meter, state, heard, answer);
    return answers && heard->mbus.a != ADDRESS_BROADCAST;
}

static void
take_identity(NiloLabMeter *meter)
{
    const NiloLabMeterSettings *settings = &meter->settings;
    State *state = meter->state;

    state->selected = FALSE;
    for (guint i = 0; i < N_LINKS; i++)
        link_reset(&state->links[i]);
    state->manufacturer = nilo_lab_mbus_manufacturer_code(settings->manufacturer);
    nilo_lab_digits_put(state->id, 4, g_ascii_strtoull(settings->id, NULL, 10));
}

/**
 * nilo_lab_mbus_meter_init:
 * @meter: with its settings
 *
 * Makes it an M-Bus slave.
 */
void
nilo_lab_mbus_meter_init(NiloLabMeter *meter)
{
    State *state = g_new0(State, 1);

    meter->state = state;
    meter->hear = hear;
    meter->replaced = take_identity;
    if (meter->settings.protocol == NILO_LAB_PROTOCOL_MBUS_PRIMARY)
        state->primary = (guint8)meter->settings.primary_address;
    state->home_speed_baud = meter->speed_baud;
    state->needs_reset = (meter->settings.deviations & NILO_LAB_DEVIATION_B7_UNTIL_RESET) != 0;
    take_identity(meter);
}

/**
 * nilo_lab_mbus_meter_get_primary_address:
 * @meter: an M-Bus meter
 *
 * Returns: 0 to 250
 */
guint
nilo_lab_mbus_meter_get_primary_address(NiloLabMeter *meter)
{
    const State *state = meter->state;

    return state->primary;
}

/**
 * nilo_lab_mbus_meter_is_selected:
 * @meter: an M-Bus meter
 *
 * Returns: whether it answers at FD now
 */
gboolean
nilo_lab_mbus_meter_is_selected(NiloLabMeter *meter)
{
    const State *state = meter->state;

    return state->selected;
}
