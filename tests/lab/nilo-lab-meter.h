/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-lab-calendar.h"
#include "nilo-lab-cjt188-frame.h"
#include "nilo-lab-mbus-frame.h"
#include "nilo-lab-random.h"
#include "nilo-lab-water.h"

G_BEGIN_DECLS

#define NILO_LAB_MAX_ANSWER 400
#define NILO_LAB_ID_SIZE    24

typedef enum {
    NILO_LAB_PROTOCOL_MBUS_PRIMARY,
    NILO_LAB_PROTOCOL_MBUS_SECONDARY, /* primary address 0 until somebody sets one */
    NILO_LAB_PROTOCOL_CJT188,
} NiloLabProtocol;

typedef enum {
    NILO_LAB_PROFILE_WATER,
    NILO_LAB_PROFILE_HEAT,  /* M-Bus: three telegrams */
    NILO_LAB_PROFILE_FIXED, /* M-Bus: the fixed data structure, CI 73 */
} NiloLabProfile;

/* What real meters do their own way; README.md tells of each. */
typedef enum {
    NILO_LAB_DEVIATION_DI_SWAPPED = 1 << 0,
    NILO_LAB_DEVIATION_NO_SER_IN_ADDRESS_ANSWER = 1 << 1,
    NILO_LAB_DEVIATION_SHORT_ANSWER = 1 << 2,
    NILO_LAB_DEVIATION_JUNK_PREAMBLE = 1 << 3,
    NILO_LAB_DEVIATION_VENDOR_ENVELOPE = 1 << 4,
    NILO_LAB_DEVIATION_TYPE_DIFFERS = 1 << 5,
    NILO_LAB_DEVIATION_CLOCK_ZERO = 1 << 6,
    NILO_LAB_DEVIATION_CLOCK_YEAR_FIRST = 1 << 7,
    NILO_LAB_DEVIATION_MIRRORED_STATUS = 1 << 8,
    NILO_LAB_DEVIATION_UNIT_LITRES = 1 << 9,
    NILO_LAB_DEVIATION_WRONG_CHECKSUM = 1 << 10,
    NILO_LAB_DEVIATION_LATE = 1 << 11,
    NILO_LAB_DEVIATION_TRAILING_ZEROS = 1 << 12,
    NILO_LAB_DEVIATION_FIELDS_FF = 1 << 13,
    NILO_LAB_DEVIATION_COLLECTOR_ADDRESS = 1 << 14,
    NILO_LAB_DEVIATION_DD_WILDCARD = 1 << 15,
    NILO_LAB_DEVIATION_ERROR_WITH_DI = 1 << 16,
    NILO_LAB_DEVIATION_REFUSES_WRITES = 1 << 17,
    NILO_LAB_DEVIATION_VALVE_STUCK = 1 << 18,
    NILO_LAB_DEVIATION_BATTERY_LOW = 1 << 19,
    NILO_LAB_DEVIATION_NO_FCB = 1 << 20,
    NILO_LAB_DEVIATION_NKE_DEAF = 1 << 21,
    NILO_LAB_DEVIATION_FIXED_SPEED = 1 << 22,
    NILO_LAB_DEVIATION_B7_UNTIL_RESET = 1 << 23,
    NILO_LAB_DEVIATION_PRIMARY_ONLY = 1 << 24,
    NILO_LAB_DEVIATION_STALE_SER = 1 << 25,
} NiloLabDeviation;

/* What the estate file says about a meter. */
typedef struct {
    NiloLabProtocol protocol;
    NiloLabProfile profile;
    char id[NILO_LAB_ID_SIZE]; /* digits as printed: M-Bus 8, CJ/T 188 14 */
    guint primary_address;     /* M-Bus, 0 to 250 */
    char manufacturer[4];      /* M-Bus: three letters */
    guint version;
    guint medium;
    guint64 fabrication; /* M-Bus fabrication number, 8 digits; 0: same as the id */
    guint type;          /* CJ/T 188: T */
    guint edition; /* CJ/T 188: 2004 or 2018 decides which order of DI bytes it hears; 0 both */
    guint preamble_count;
    guint answer_delay_ms;
    guint answer_jitter_ms;
    guint late_ms;
    guint telegrams; /* M-Bus water: 1 and up */
    guint deviations;
    gboolean dead;
    guint readouts_per_day; /* M-Bus: then "too many readouts"; 0: no limit */
    guint busy_percent;     /* M-Bus: answers "busy" that often */
    guint speed_fallback_s;
    gint clock_error_s;
    gint clock_drift_s_per_day;
    guint settlement_day; /* 1 to 28 */
    guint daily_litres;
    guint flat_spread_percent;
    guint start_litres;
    guint vacant_percent;
    guint leak_percent;
    guint leak_litres_per_hour;
    gint64 installed_utc_us;
    char exchanged_with[NILO_LAB_ID_SIZE]; /* "": never */
    gint64 exchanged_at_utc_us;
} NiloLabMeterSettings;

/* One sound request, as every meter on the wire heard it. */
typedef struct {
    gboolean is_mbus;
    NiloLabMbusFrame mbus;
    NiloLabCjt188Frame cjt188;
    gint64 end_ns; /* monotonic, end of the last stop bit */
    gint64 utc_us; /* estate time at end_ns */
    guint speed_baud;
} NiloLabHeard;

typedef struct {
    guint8 bytes[NILO_LAB_MAX_ANSWER];
    gsize size;
    gint64 delay_ns; /* from end_ns to the first start bit */
} NiloLabAnswer;

typedef struct _NiloLabMeter NiloLabMeter;

/* called when a meter did something worth a line in the event log: "valve-close", "clock-set
 * 2026.." */
typedef void (*NiloLabMeterEventFunc)(NiloLabMeter *meter, gint64 mono_ns, const char *event,
                                      gpointer user_data);

/* called with each answer, before the wire gets at it: what a test compares with */
typedef void (*NiloLabMeterAnswerFunc)(NiloLabMeter *meter, const NiloLabHeard *heard,
                                       const NiloLabAnswer *answer, gpointer user_data);

typedef struct {
    gint64 from_utc_us;
    gint64 until_utc_us; /* G_MAXINT64 while shut */
} NiloLabClosure;

typedef struct {
    gint64 at_utc_us;
    gint64 delta_ml;
} NiloLabStep;

struct _NiloLabMeter {
    char *name; /* unique in the estate; stays when the meter in its place is exchanged */
    NiloLabMeterSettings settings;
    NiloLabRandom random;
    NiloLabWater water;
    gboolean dead;
    gboolean exchanged;
    guint speed_baud; /* hears nothing else */
    gint zone_offset_minutes;
    gint64 clock_offset_s;
    gint64 clock_set_utc_us;
    GArray *closures; /* element-type NiloLabClosure, in order of time */
    GArray *steps;    /* element-type NiloLabStep: the counter was moved by hand */
    guint valve_orders;
    NiloLabMeterEventFunc event_func;
    gpointer event_data;                /* borrowed, outlives us */
    NiloLabMeterAnswerFunc answer_func; /* (nullable) */
    gpointer answer_data;               /* borrowed, outlives us */
    gboolean (*hear)(NiloLabMeter *meter, const NiloLabHeard *heard, NiloLabAnswer *answer);
    void (*replaced)(NiloLabMeter *meter);
    gpointer state; /* of the protocol; freed with g_free() */
};

void nilo_lab_meter_settings_init(NiloLabMeterSettings *settings);
char *nilo_lab_meter_settings_to_id(const NiloLabMeterSettings *settings);
gboolean nilo_lab_deviation_from_text(const char *text, guint *deviation);

NiloLabMeter *nilo_lab_meter_new(const char *name, const NiloLabMeterSettings *settings,
                                 guint speed_baud, guint64 seed, gint zone_offset_minutes);
void nilo_lab_meter_free(NiloLabMeter *meter);

gboolean nilo_lab_meter_hear(NiloLabMeter *meter, const NiloLabHeard *heard, NiloLabAnswer *answer);
gint64 nilo_lab_meter_get_volume_ml(NiloLabMeter *meter, gint64 utc_us);
gint64 nilo_lab_meter_get_flow_ml_per_h(NiloLabMeter *meter, gint64 utc_us);
char *nilo_lab_meter_get_id(NiloLabMeter *meter);
gboolean nilo_lab_meter_is_shut(NiloLabMeter *meter);
void nilo_lab_meter_set_valve(NiloLabMeter *meter, gboolean shut, gint64 utc_us);
gboolean nilo_lab_meter_exchange(NiloLabMeter *meter, const char *new_id, gint64 utc_us);

/* for the two protocols */
NiloLabDate nilo_lab_meter_get_clock(NiloLabMeter *meter, gint64 utc_us);
void nilo_lab_meter_set_clock(NiloLabMeter *meter, const NiloLabDate *date, gint64 utc_us);
void nilo_lab_meter_set_volume(NiloLabMeter *meter, gint64 volume_ml, gint64 utc_us);
gint64 nilo_lab_meter_month_utc_us(NiloLabMeter *meter, gint64 utc_us, gint months_back,
                                   NiloLabDate *date);
void nilo_lab_meter_say(NiloLabMeter *meter, gint64 mono_ns, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(NiloLabMeter, nilo_lab_meter_free)

G_END_DECLS
