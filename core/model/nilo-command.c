/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-command.h"

struct _NiloCommand {
    gatomicrefcount ref_count;
    char *uuid;
    NiloMeterId *meter;
    NiloCommandKind kind;
    GVariant *arguments;
    char *reason;
    gint64 deadline_us;
};

G_DEFINE_BOXED_TYPE(NiloCommand, nilo_command, nilo_command_ref, nilo_command_unref)

NiloCommand *
nilo_command_new(const char *uuid, NiloMeterId *meter, NiloCommandKind kind, GVariant *arguments,
                 const char *reason, gint64 deadline_us)
{
    NiloCommand *self = g_new0(NiloCommand, 1);

    g_atomic_ref_count_init(&self->ref_count);
    self->uuid = uuid != NULL ? g_strdup(uuid) : g_uuid_string_random();
    self->meter = nilo_meter_id_ref(meter);
    self->kind = kind;
    if (arguments == NULL)
        arguments = g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0);
    self->arguments = g_variant_ref_sink(arguments);
    self->reason = g_strdup(reason != NULL ? reason : "");
    self->deadline_us = deadline_us;
    return self;
}

NiloCommand *
nilo_command_ref(NiloCommand *self)
{
    g_atomic_ref_count_inc(&self->ref_count);
    return self;
}

void
nilo_command_unref(NiloCommand *self)
{
    if (!g_atomic_ref_count_dec(&self->ref_count))
        return;
    g_free(self->uuid);
    nilo_meter_id_unref(self->meter);
    g_variant_unref(self->arguments);
    g_free(self->reason);
    g_free(self);
}

const char *
nilo_command_get_uuid(const NiloCommand *self)
{
    return self->uuid;
}

NiloMeterId *
nilo_command_get_meter(const NiloCommand *self)
{
    return self->meter;
}

NiloCommandKind
nilo_command_get_kind(const NiloCommand *self)
{
    return self->kind;
}

GVariant *
nilo_command_get_arguments(const NiloCommand *self)
{
    return self->arguments;
}

const char *
nilo_command_get_reason(const NiloCommand *self)
{
    return self->reason;
}

gint64
nilo_command_get_deadline_us(const NiloCommand *self)
{
    return self->deadline_us;
}

const char *
nilo_command_kind_get_nick(NiloCommandKind kind)
{
    static const char *const nicks[NILO_N_COMMAND_KINDS] = {
        [NILO_COMMAND_VALVE_OPEN] = "valve-open", [NILO_COMMAND_VALVE_CLOSE] = "valve-close",
        [NILO_COMMAND_SET_CLOCK] = "set-clock",   [NILO_COMMAND_SET_ADDRESS] = "set-address",
        [NILO_COMMAND_PURCHASE] = "purchase",
    };

    return (guint)kind < NILO_N_COMMAND_KINDS ? nicks[kind] : "unknown";
}
