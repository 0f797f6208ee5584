/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-plugin-fixture.h"

#include "nilo-driver.h"
#include "nilo-error.h"
#include "nilo-param.h"
#include "nilo-transport.h"

/* every fixture has one key, and forgets it */
typedef struct {
    GObject parent_instance;
} Fixture;

typedef struct {
    GObjectClass parent_class;
} FixtureClass;

typedef Fixture FixtureTransport;
typedef FixtureClass FixtureTransportClass;
typedef Fixture FixtureLineSettings;
typedef FixtureClass FixtureLineSettingsClass;
typedef Fixture FixtureDriver;
typedef FixtureClass FixtureDriverClass;
typedef Fixture FixtureMeterSettings;
typedef FixtureClass FixtureMeterSettingsClass;
typedef Fixture FixtureLazyDriver;
typedef FixtureClass FixtureLazyDriverClass;

static void
set_property(GObject *object, guint property, const GValue *value, GParamSpec *spec)
{
}

static void
get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
}

static void
add_key(gpointer klass, GParamSpec *spec)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = set_property;
    object_class->get_property = get_property;
    g_object_class_install_property(object_class, 1, spec);
}

static NiloLine *
open_line(NiloTransport *transport, NiloClock *clock, GCancellable *cancellable, GError **error)
{
    g_set_error_literal(error, NILO_ERROR, NILO_ERROR_LINE_LOST, "there is no line");
    return NULL;
}

static const char *
get_port(NiloTransport *transport)
{
    return "nowhere";
}

static void
transport_iface_init(NiloTransportInterface *iface)
{
    iface->open = open_line;
    iface->get_port = get_port;
}

G_DEFINE_TYPE_WITH_CODE(FixtureTransport, fixture_transport, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(NILO_TYPE_TRANSPORT, transport_iface_init))

static void
fixture_transport_class_init(FixtureTransportClass *klass)
{
    add_key(klass, g_param_spec_string("port", "Port", "Where the bus is connected", NULL,
                                       NILO_PARAM_CONFIG | NILO_PARAM_REQUIRED));
}

static void
fixture_transport_init(FixtureTransport *self)
{
}

G_DEFINE_TYPE(FixtureLineSettings, fixture_line_settings, G_TYPE_OBJECT)

static void
fixture_line_settings_class_init(FixtureLineSettingsClass *klass)
{
    add_key(klass, g_param_spec_uint("speed-baud", "Line speed", "Bits per second", 300, 38400,
                                     2400, NILO_PARAM_CONFIG));
}

static void
fixture_line_settings_init(FixtureLineSettings *self)
{
}

static gboolean
read_meter(NiloDriver *driver, NiloMeter *meter, guint flags, NiloChannel *channel,
           NiloReportBuilder *builder, NiloOutcome *outcome, GCancellable *cancellable,
           GError **error)
{
    return TRUE;
}

static gboolean
check_meter(NiloDriver *driver, NiloMeter *meter, GError **error)
{
    if (g_strcmp0(nilo_meter_get_address(meter), "251") != 0)
        return TRUE;
    g_set_error_literal(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, "251 is no primary address");
    return FALSE;
}

static void
driver_iface_init(NiloDriverInterface *iface)
{
    iface->read = read_meter;
    iface->check_meter = check_meter;
}

G_DEFINE_TYPE_WITH_CODE(FixtureDriver, fixture_driver, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(NILO_TYPE_DRIVER, driver_iface_init))

static void
fixture_driver_class_init(FixtureDriverClass *klass)
{
}

static void
fixture_driver_init(FixtureDriver *self)
{
}

G_DEFINE_TYPE(FixtureMeterSettings, fixture_meter_settings, G_TYPE_OBJECT)

static void
fixture_meter_settings_class_init(FixtureMeterSettingsClass *klass)
{
    add_key(klass, g_param_spec_string("profile", "Profile", "Its model", NULL, NILO_PARAM_CONFIG));
}

static void
fixture_meter_settings_init(FixtureMeterSettings *self)
{
}

static void
lazy_driver_iface_init(NiloDriverInterface *iface)
{
}

G_DEFINE_TYPE_WITH_CODE(FixtureLazyDriver, fixture_lazy_driver, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(NILO_TYPE_DRIVER, lazy_driver_iface_init))

static void
fixture_lazy_driver_class_init(FixtureLazyDriverClass *klass)
{
}

static void
fixture_lazy_driver_init(FixtureLazyDriver *self)
{
}

static void
register_types(NiloRegistrar *registrar)
{
    nilo_registrar_add_transport(registrar, "pipe", fixture_transport_get_type(),
                                 fixture_line_settings_get_type());
    nilo_registrar_add_driver(registrar, "echo", fixture_driver_get_type(),
                              fixture_meter_settings_get_type());
}

NILO_PLUGIN_DEFINE(fixture, register_types)
