/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-dbus-bus.h"

#include "nilo-dbus-gen.h"
#include "nilo-dbus-guard.h"
#include "nilo-dbus-report.h"
#include "nilo-dbus-text.h"
#include "nilo-error.h"

struct _NiloDbusBus {
    GObject parent_instance;

    NiloBus *bus;
    NiloAuthority *authority;
    NiloClock *clock;
    char *driver; /* of meters that name none */
    char *state_dir;
    NiloGenObjectSkeleton *object;
    NiloGenBus *skeleton;
};

enum {
    SIGNAL_JOB,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(NiloDbusBus, nilo_dbus_bus, G_TYPE_OBJECT)

static void
nilo_dbus_bus_dispose(GObject *object)
{
    NiloDbusBus *self = NILO_DBUS_BUS(object);

    g_clear_object(&self->bus);
    g_clear_object(&self->authority);
    g_clear_object(&self->clock);
    g_clear_object(&self->skeleton);
    g_clear_object(&self->object);
    g_clear_pointer(&self->driver, g_free);
    g_clear_pointer(&self->state_dir, g_free);
    G_OBJECT_CLASS(nilo_dbus_bus_parent_class)->dispose(object);
}

static void
nilo_dbus_bus_class_init(NiloDbusBusClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = nilo_dbus_bus_dispose;
    signals[SIGNAL_JOB] = g_signal_new("job", NILO_TYPE_DBUS_BUS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                       NULL, G_TYPE_NONE, 1, NILO_TYPE_DBUS_JOB);
}

static void
nilo_dbus_bus_init(NiloDbusBus *self)
{
}

static GVariant *
counts_new(const NiloBusState *state)
{
    GVariantDict counts;

    g_variant_dict_init(&counts, NULL);
    g_variant_dict_insert(&counts, "reads", "t", state->reads);
    g_variant_dict_insert(&counts, "exchanges", "t", state->requests);
    g_variant_dict_insert(&counts, "broken-characters", "t", state->broken);
    g_variant_dict_insert(&counts, "stray-bytes", "t", state->stray);
    g_variant_dict_insert(&counts, "confirmations", "t", state->confirms);
    g_variant_dict_insert(&counts, "line-opens", "t", (guint64)state->opens);
    g_variant_dict_insert(&counts, "line-restarts", "t", (guint64)state->restarts);
    for (guint i = 0; i < NILO_N_VERDICTS; i++)
        g_variant_dict_insert(&counts, nilo_verdict_get_nick((NiloVerdict)i), "t",
                              state->verdicts[i]);
    return g_variant_dict_end(&counts);
}

static const char *
get_state_name(const NiloBusState *state)
{
    if (state->open)
        return "open";
    return state->lost_us != 0 ? "lost" : "starting";
}

/* the numbers live on the bus; they change with reports and with its state. Only what others wait
 * for is announced, see the XML */
static void
refresh(NiloDbusBus *self)
{
    g_autofree char *activity = nilo_bus_dup_activity(self->bus);
    NiloBusState state;

    nilo_bus_get_state(self->bus, &state);
    nilo_gen_bus_set_state(self->skeleton, get_state_name(&state));
    nilo_gen_bus_set_activity(self->skeleton, activity);
    nilo_gen_bus_set_meters(self->skeleton, state.n_meters);
    nilo_gen_bus_set_probing(self->skeleton, state.n_probing);
    nilo_gen_bus_set_counts(self->skeleton, counts_new(&state));
}

static void
round_finished_cb(NiloBus *bus, NiloRound *round, NiloDbusBus *self)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "begun-us", "x", nilo_round_get_started_us(round));
    g_variant_dict_insert(&dict, "duration-us", "x", nilo_round_get_duration_us(round));
    g_variant_dict_insert(&dict, "live-us", "x", nilo_round_get_live_us(round));
    g_variant_dict_insert(&dict, "wire-us", "x", nilo_round_get_wire_us(round));
    g_variant_dict_insert(&dict, "due", "u", nilo_round_get_n_due(round));
    g_variant_dict_insert(&dict, "probed", "u", nilo_round_get_n_probed(round));
    g_variant_dict_insert(&dict, "cause", "s", nilo_cause_get_nick(nilo_round_get_cause(round)));
    for (guint i = 0; i < NILO_N_OUTCOMES; i++) {
        const guint n = nilo_round_get_n_outcome(round, (NiloOutcome)i);

        if (n > 0 || i == NILO_OUTCOME_OK)
            g_variant_dict_insert(&dict, nilo_outcome_get_nick((NiloOutcome)i), "u", n);
    }
    nilo_gen_bus_set_last_round(self->skeleton, g_variant_dict_end(&dict));
    refresh(self);
}

static void
state_changed_cb(NiloBus *bus, NiloDbusBus *self)
{
    refresh(self);
}

static void
start_round_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    NiloDbusBus *self = NILO_DBUS_BUS(user_data);

    nilo_bus_start_round(self->bus, NULL, NILO_CAUSE_DEMAND, nilo_clock_get_utc_us(self->clock));
    nilo_gen_bus_complete_start_round(self->skeleton, invocation);
}

static gboolean
start_round_cb(NiloGenBus *skeleton, GDBusMethodInvocation *invocation, NiloDbusBus *self)
{
    nilo_dbus_guard(self->authority, invocation, NILO_ACTION_READ, start_round_allowed,
                    G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
scan_allowed(GDBusMethodInvocation *invocation, gpointer user_data)
{
    NiloDbusBus *self = NILO_DBUS_BUS(user_data);
    GVariant *parameters = g_dbus_method_invocation_get_parameters(invocation);
    g_autoptr(NiloDbusJob) job = NULL;
    g_autoptr(GVariant) options = NULL;
    const char *driver;

    g_variant_get(parameters, "(&s@a{sv})", &driver, &options);
    if (driver[0] == '\0')
        driver = self->driver;
    if (driver == NULL) {
        g_dbus_method_invocation_return_error(invocation, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                                              "bus %s has no driver of its own: name one",
                                              nilo_bus_get_name(self->bus));
        return;
    }
    job = nilo_dbus_job_new_scan(self->bus, driver, options, self->authority, self->clock,
                                 self->state_dir);
    g_signal_emit(self, signals[SIGNAL_JOB], 0, job);
    nilo_gen_bus_complete_scan(self->skeleton, invocation, nilo_dbus_job_get_path(job));
}

static gboolean
scan_cb(NiloGenBus *skeleton, GDBusMethodInvocation *invocation, const char *driver,
        GVariant *options, NiloDbusBus *self)
{
    nilo_dbus_guard(self->authority, invocation, NILO_ACTION_CONFIGURE, scan_allowed,
                    G_OBJECT(self));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static GVariant *
finding_new(const NiloDoctorFinding *finding)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "code", "s", nilo_doctor_code_get_nick(finding->code));
    g_variant_dict_insert(&dict, "severity", "s", nilo_doctor_severity_get_nick(finding->severity));
    g_variant_dict_insert(&dict, "text", "s", finding->text);
    if (finding->meter != NULL)
        g_variant_dict_insert(&dict, "meter", "s", finding->meter);
    return g_variant_dict_end(&dict);
}

static gboolean
doctor_cb(NiloGenBus *skeleton, GDBusMethodInvocation *invocation, NiloDbusBus *self)
{
    g_autoptr(GPtrArray) findings = nilo_bus_examine(self->bus);
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < findings->len; i++)
        g_variant_builder_add_value(&list, finding_new(findings->pdata[i]));
    nilo_gen_bus_complete_doctor(skeleton, invocation, g_variant_builder_end(&list));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
report_cb(NiloBus *bus, NiloReport *report, NiloDbusBus *self)
{
    refresh(self);
}

NiloDbusBus *
nilo_dbus_bus_new(NiloBus *bus, NiloBusConfig *config, NiloTransport *transport,
                  NiloAuthority *authority, NiloClock *clock, const char *state_dir)
{
    NiloDbusBus *self = g_object_new(NILO_TYPE_DBUS_BUS, NULL);
    g_autofree char *path = nilo_dbus_make_path("bus", nilo_bus_get_name(bus));

    self->bus = g_object_ref(bus);
    self->authority = g_object_ref(authority);
    self->clock = g_object_ref(clock);
    self->driver = g_strdup(nilo_bus_config_get_driver(config));
    self->state_dir = g_strdup(state_dir);
    self->object = nilo_gen_object_skeleton_new(path);
    self->skeleton = nilo_gen_bus_skeleton_new();
    nilo_gen_bus_set_name(self->skeleton, nilo_bus_get_name(bus));
    nilo_gen_bus_set_port(self->skeleton, nilo_transport_get_port(transport));
    nilo_gen_bus_set_transport(self->skeleton, nilo_bus_config_get_transport(config));
    nilo_gen_bus_set_driver(self->skeleton, self->driver != NULL ? self->driver : "");
    nilo_gen_bus_set_last_round(self->skeleton,
                                g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
    refresh(self);
    g_signal_connect_object(bus, "round-finished", G_CALLBACK(round_finished_cb), self, 0);
    g_signal_connect_object(bus, "report", G_CALLBACK(report_cb), self, 0);
    g_signal_connect_object(bus, "state-changed", G_CALLBACK(state_changed_cb), self, 0);
    g_signal_connect_object(self->skeleton, "handle-start-round", G_CALLBACK(start_round_cb), self,
                            0);
    g_signal_connect_object(self->skeleton, "handle-scan", G_CALLBACK(scan_cb), self, 0);
    g_signal_connect_object(self->skeleton, "handle-doctor", G_CALLBACK(doctor_cb), self, 0);
    nilo_gen_object_skeleton_set_bus(self->object, self->skeleton);
    return self;
}

GDBusObjectSkeleton *
nilo_dbus_bus_get_skeleton(NiloDbusBus *self)
{
    return G_DBUS_OBJECT_SKELETON(self->object);
}
