/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-report.h"

#define FACT_SIZE        (3 * NILO_CJT188_DATA_MAX_SIZE + 64)
#define CLOCK_BELIEVED_S 86400

/* which register a field is; a unit of another quantity than @quantity or @also is not believed */
typedef struct {
    NiloCjt188Key key;
    NiloQuantity quantity;
    NiloQuantity also;
    guint storage;
    guint tariff;
} KeyRegister;

static const KeyRegister key_registers[] = {
    {NILO_CJT188_KEY_CURRENT, NILO_QUANTITY_VOLUME, NILO_QUANTITY_ENERGY, 0, 0},
    {NILO_CJT188_KEY_SETTLEMENT, NILO_QUANTITY_VOLUME, NILO_QUANTITY_ENERGY, 1, 0},
    {NILO_CJT188_KEY_SETTLEMENT_HEAT, NILO_QUANTITY_ENERGY, NILO_QUANTITY_ENERGY, 1, 0},
    {NILO_CJT188_KEY_CURRENT_HEAT, NILO_QUANTITY_ENERGY, NILO_QUANTITY_ENERGY, 0, 0},
    {NILO_CJT188_KEY_HEAT_POWER, NILO_QUANTITY_POWER, NILO_QUANTITY_POWER, 0, 0},
    {NILO_CJT188_KEY_FLOW, NILO_QUANTITY_VOLUME_FLOW, NILO_QUANTITY_VOLUME_FLOW, 0, 0},
    {NILO_CJT188_KEY_TOTAL_VOLUME, NILO_QUANTITY_VOLUME, NILO_QUANTITY_VOLUME, 0, 0},
    {NILO_CJT188_KEY_SUPPLY_TEMPERATURE, NILO_QUANTITY_FLOW_TEMPERATURE,
     NILO_QUANTITY_FLOW_TEMPERATURE, 0, 0},
    {NILO_CJT188_KEY_RETURN_TEMPERATURE, NILO_QUANTITY_RETURN_TEMPERATURE,
     NILO_QUANTITY_RETURN_TEMPERATURE, 0, 0},
    {NILO_CJT188_KEY_WORK_HOURS, NILO_QUANTITY_OPERATING_TIME, NILO_QUANTITY_OPERATING_TIME, 0, 0},
    {NILO_CJT188_KEY_SETTLEMENT_MONTH, NILO_QUANTITY_VOLUME, NILO_QUANTITY_ENERGY, 0, 0},
    {NILO_CJT188_KEY_PRICE_1, NILO_QUANTITY_PRICE, NILO_QUANTITY_PRICE, 0, 1},
    {NILO_CJT188_KEY_VOLUME_1, NILO_QUANTITY_PRICE_STEP_VOLUME, NILO_QUANTITY_PRICE_STEP_VOLUME, 0,
     1},
    {NILO_CJT188_KEY_PRICE_2, NILO_QUANTITY_PRICE, NILO_QUANTITY_PRICE, 0, 2},
    {NILO_CJT188_KEY_VOLUME_2, NILO_QUANTITY_PRICE_STEP_VOLUME, NILO_QUANTITY_PRICE_STEP_VOLUME, 0,
     2},
    {NILO_CJT188_KEY_PRICE_3, NILO_QUANTITY_PRICE, NILO_QUANTITY_PRICE, 0, 3},
    {NILO_CJT188_KEY_SETTLEMENT_DAY, NILO_QUANTITY_SETTLEMENT_DAY, NILO_QUANTITY_SETTLEMENT_DAY, 0,
     0},
    {NILO_CJT188_KEY_READING_DAY, NILO_QUANTITY_READING_DAY, NILO_QUANTITY_READING_DAY, 0, 0},
    {NILO_CJT188_KEY_PURCHASE_NUMBER, NILO_QUANTITY_PURCHASE_NUMBER, NILO_QUANTITY_PURCHASE_NUMBER,
     0, 0},
    {NILO_CJT188_KEY_PURCHASE_LAST, NILO_QUANTITY_PURCHASE_LAST, NILO_QUANTITY_PURCHASE_LAST, 0, 0},
    {NILO_CJT188_KEY_PURCHASE_TOTAL, NILO_QUANTITY_PURCHASE_TOTAL, NILO_QUANTITY_PURCHASE_TOTAL, 0,
     0},
    {NILO_CJT188_KEY_PURCHASE_REMAINING, NILO_QUANTITY_PURCHASE_REMAINING,
     NILO_QUANTITY_PURCHASE_REMAINING, 0, 0},
};

static const KeyRegister *
find_register(NiloCjt188Key key)
{
    for (guint i = 0; i < G_N_ELEMENTS(key_registers); i++) {
        if (key_registers[i].key == key)
            return &key_registers[i];
    }
    return NULL;
}

/* --- time ---------------------------------------------------------------------------------------
 */

static gboolean
to_utc_us(GTimeZone *zone, gint year, gint month, gint day, gint hour, gint minute, gint second,
          gint64 *utc_us)
{
    g_autoptr(GDateTime) time =
        g_date_time_new(zone, year, month, day, hour, minute, (gdouble)second);

    if (time == NULL)
        return FALSE;
    *utc_us = g_date_time_to_unix(time) * G_USEC_PER_SEC;
    return TRUE;
}

/* a model that keeps the year first is read that way even where the other would be a date too */
static gboolean
read_clock_by_model(const NiloCjt188Model *model, const NiloCjt188Field *field,
                    NiloCjt188Clock *clock)
{
    guint8 turned[NILO_CJT188_CLOCK_SIZE];

    if (model->clock_order == NILO_CJT188_CLOCK_YEAR_FIRST) {
        for (guint i = 0; i < NILO_CJT188_CLOCK_SIZE; i++)
            turned[i] = field->bytes[NILO_CJT188_CLOCK_SIZE - 1 - i];
        if (nilo_cjt188_clock_parse(turned, clock) != NILO_WIRE_OK || clock->is_year_first)
            return FALSE;
        return TRUE;
    }
    if (field->state != NILO_CJT188_STATE_OK)
        return FALSE;
    *clock = field->clock;
    return !clock->is_year_first || model->clock_order == NILO_CJT188_CLOCK_AUTO;
}

gboolean
nilo_cjt188_report_read_clock(const NiloCjt188Report *self, const NiloCjt188Field *field,
                              gint64 *utc_us)
{
    NiloCjt188Clock clock;

    return self->zone != NULL && read_clock_by_model(self->model, field, &clock) &&
           to_utc_us(self->zone, clock.year, clock.month, clock.day, clock.hour, clock.minute,
                     clock.second, utc_us);
}

static GDateTime *
get_meter_now(const NiloCjt188Report *self)
{
    gint64 now_us = self->now_us;
    g_autoptr(GDateTime) utc = NULL;

    /* the meter settled by its own clock; one that is days off is no help to tell when */
    if (self->has_clock && ABS(self->drift_s) < CLOCK_BELIEVED_S)
        now_us += self->drift_s * G_USEC_PER_SEC;
    utc = g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC);
    return utc != NULL ? g_date_time_to_timezone(utc, self->zone) : NULL;
}

gint64
nilo_cjt188_report_round_s(gint64 difference_us)
{
    const gint64 half_us = difference_us < 0 ? -G_USEC_PER_SEC / 2 : G_USEC_PER_SEC / 2;

    return (difference_us + half_us) / G_USEC_PER_SEC;
}

gboolean
nilo_cjt188_report_find_settlement(const NiloCjt188Report *self, guint back, gint64 *utc_us)
{
    g_autoptr(GDateTime) now = NULL;
    gint months, day;

    if (self->settlement_day == 0 || self->zone == NULL || self->now_us == 0)
        return FALSE;
    now = get_meter_now(self);
    if (now == NULL)
        return FALSE;
    months = g_date_time_get_year(now) * 12 + g_date_time_get_month(now) - 1 - (gint)back;
    if (g_date_time_get_day_of_month(now) < (gint)self->settlement_day)
        months--;
    if (months < 12)
        return FALSE;
    day = MIN((gint)self->settlement_day,
              (gint)g_date_get_days_in_month((GDateMonth)(months % 12 + 1),
                                             (GDateYear)(months / 12)));
    return to_utc_us(self->zone, months / 12, months % 12 + 1, day, 0, 0, 0, utc_us);
}

/* --- fields -------------------------------------------------------------------------------------
 */

static void
add_fact(NiloCjt188Report *self, const NiloCjt188Field *field, const char *key)
{
    char text[FACT_SIZE];

    nilo_cjt188_field_to_text(field, text, sizeof text);
    nilo_report_builder_add_fact(self->builder, key, text);
}

static void
add_undecoded(NiloCjt188Report *self, const NiloCjt188Field *field, const char *key)
{
    add_fact(self, field, key);
    nilo_report_builder_count_undecoded(self->builder);
}

static NiloUnit
get_unit(const NiloCjt188Report *self, const NiloCjt188Field *field)
{
    switch (field->key) {
    case NILO_CJT188_KEY_PURCHASE_LAST:
    case NILO_CJT188_KEY_PURCHASE_TOTAL:
    case NILO_CJT188_KEY_PURCHASE_REMAINING:
        return self->model->purchase_unit;
    default:
        return field->unit;
    }
}

/* settlement values are counted back: 1 is the last one, whichever answer it came in */
static guint
get_storage(const NiloCjt188Report *self, const KeyRegister *where, const NiloCjt188Field *field)
{
    if (field->month == 0)
        return where->storage;
    return field->month + self->model->history_first;
}

static void
add_reading(NiloCjt188Report *self, const KeyRegister *where, const NiloCjt188Field *field)
{
    const gboolean is_ok = field->state == NILO_CJT188_STATE_OK;
    const guint storage = get_storage(self, where, field);
    const NiloValue value = {is_ok ? field->mantissa : 0, field->exponent,
                             (guint8)get_unit(self, field)};
    const guint flags = is_ok ? NILO_READING_PLAIN : NILO_READING_INVALID;
    const NiloRegisterParts parts = {
        .quantity = field->quantity,
        .storage = storage,
        .tariff = where->tariff,
    };
    NiloRegister reg;
    gint64 taken_us;

    if (!nilo_register_pack(&parts, &reg)) {
        add_undecoded(self, field, nilo_cjt188_key_get_name(field->key));
        return;
    }
    if (storage > 0 && nilo_cjt188_report_find_settlement(self, storage - 1, &taken_us))
        nilo_report_builder_add_at(self->builder, reg, &value, flags | NILO_READING_METER_TIME,
                                   taken_us);
    else
        nilo_report_builder_add(self->builder, reg, &value, flags);
    self->n_readings++;
}

static void
add_number(NiloCjt188Report *self, const NiloCjt188Field *field)
{
    const KeyRegister *where = find_register(field->key);

    if (field->state == NILO_CJT188_STATE_NOT_SUPPORTED)
        return;
    if (where == NULL || field->unit_source == NILO_CJT188_UNIT_UNKNOWN ||
        (field->quantity != where->quantity && field->quantity != where->also)) {
        add_undecoded(self, field, nilo_cjt188_key_get_name(field->key));
        return;
    }
    if (field->key == NILO_CJT188_KEY_SETTLEMENT_DAY && field->state == NILO_CJT188_STATE_OK &&
        field->mantissa >= 1 && field->mantissa <= 31)
        self->settlement_day = (guint)field->mantissa;
    add_reading(self, where, field);
}

static void
add_clock(NiloCjt188Report *self, const NiloCjt188Field *field)
{
    gint64 utc_us;

    if (self->zone == NULL) {
        add_fact(self, field, "meter clock");
        return;
    }
    if (nilo_cjt188_report_read_clock(self, field, &utc_us)) {
        if (self->now_us == 0) {
            add_fact(self, field, "meter clock");
            return;
        }
        self->has_clock = TRUE;
        self->drift_s = nilo_cjt188_report_round_s(utc_us - self->now_us);
        nilo_report_builder_set_clock_drift_s(self->builder, self->drift_s);
        return;
    }
    if (field->state != NILO_CJT188_STATE_NOT_SUPPORTED)
        add_fact(self, field, "meter clock");
}

static guint
status_from_valve(NiloCjt188Valve valve)
{
    switch (valve) {
    case NILO_CJT188_VALVE_IS_OPEN:
        return NILO_STATUS_VALVE_OPEN;
    case NILO_CJT188_VALVE_IS_CLOSED:
        return NILO_STATUS_VALVE_CLOSED;
    case NILO_CJT188_VALVE_IS_FAULTY:
        return NILO_STATUS_VALVE_FAULT;
    default:
        return NILO_STATUS_NONE;
    }
}

static void
add_status(NiloCjt188Report *self, const NiloCjt188Field *field)
{
    const NiloCjt188Model *model = self->model;
    const guint16 named = model->tamper | model->leak | model->alarm | model->permanent_error |
                          model->temporary_error;
    guint16 bits;
    guint status;

    if (field->state != NILO_CJT188_STATE_OK)
        return;
    bits = (guint16)(field->bytes[0] | field->bytes[1] << 8) ^ model->status_map.inverted;
    self->valve = field->status.valve;
    status = status_from_valve(field->status.valve);
    if (field->status.battery == NILO_CJT188_BATTERY_IS_LOW)
        status |= NILO_STATUS_BATTERY_LOW;
    status |= (bits & model->tamper) != 0 ? NILO_STATUS_TAMPER : 0;
    status |= (bits & model->leak) != 0 ? NILO_STATUS_LEAK : 0;
    status |= (bits & model->alarm) != 0 ? NILO_STATUS_ALARM : 0;
    status |= (bits & model->permanent_error) != 0 ? NILO_STATUS_PERMANENT_ERROR : 0;
    status |= (bits & model->temporary_error) != 0 ? NILO_STATUS_TEMPORARY_ERROR : 0;
    if ((field->status.vendor & model->vendor & ~named) != 0)
        status |= NILO_STATUS_VENDOR;
    nilo_report_builder_add_status(self->builder, status);
    if ((field->status.vendor & ~named) != 0 ||
        field->status.valve == NILO_CJT188_VALVE_IS_RESERVED)
        add_fact(self, field, "status");
}

static void
add_field(NiloCjt188Report *self, const NiloCjt188Field *field)
{
    switch (field->kind) {
    case NILO_CJT188_FIELD_NUMBER:
        add_number(self, field);
        break;
    case NILO_CJT188_FIELD_CLOCK:
        add_clock(self, field);
        break;
    case NILO_CJT188_FIELD_STATUS:
        add_status(self, field);
        break;
    case NILO_CJT188_FIELD_CODE:
    case NILO_CJT188_FIELD_ADDRESS:
        add_fact(self, field, nilo_cjt188_key_get_name(field->key));
        break;
    case NILO_CJT188_FIELD_RAW:
        if (field->key == NILO_CJT188_KEY_RAW)
            nilo_report_builder_count_undecoded(self->builder);
        add_fact(self, field, "manufacturer data");
        break;
    case NILO_CJT188_FIELD_SECRET:
        break;
    }
}

void
nilo_cjt188_report_add(NiloCjt188Report *self, const NiloCjt188Message *message)
{
    const NiloCjt188Block *block = nilo_cjt188_model_find_block(self->model, message->di);
    NiloCjt188Fields fields;
    NiloCjt188Field field;

    if (block != NULL && message->has_di && !message->is_abnormal) {
        nilo_cjt188_report_add_block(self, block, message);
        return;
    }
    nilo_cjt188_field_start(&fields, message, &self->model->profile);
    while (nilo_cjt188_field_next(&fields, &field) == NILO_WIRE_OK)
        add_field(self, &field);
}
