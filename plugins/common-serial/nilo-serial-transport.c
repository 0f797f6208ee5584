/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-serial-transport.h"

#include <glib/gi18n-lib.h>
#include <sys/prctl.h>

#include "nilo-serial-tty.h"

/* EN 13757-2 and CJ/T 188 agree: every meter answers at 2400 8E1 */
#define DEFAULT_SPEED_BAUD         2400

#define DEFAULT_CONNECT_TIMEOUT_MS 5000

typedef struct {
    char *port;
    NiloSerialMode mode;
    gboolean low_latency;
    guint connect_timeout_ms;
} NiloSerialTransportPrivate;

enum {
    PROP_0,
    PROP_PORT,
    PROP_SPEED_BAUD,
    PROP_PARITY,
    PROP_DATA_BITS,
    PROP_STOP_BITS,
    PROP_LOW_LATENCY,
    PROP_CONNECT_TIMEOUT_MS,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static void nilo_serial_transport_iface_init(NiloTransportInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE(NiloSerialTransport, nilo_serial_transport, G_TYPE_OBJECT,
                                 G_ADD_PRIVATE(NiloSerialTransport)
                                     G_IMPLEMENT_INTERFACE(NILO_TYPE_TRANSPORT,
                                                           nilo_serial_transport_iface_init))

static NiloSerialLine *
open_line(NiloSerialTransport *self, NiloClock *clock, GCancellable *cancellable, GError **error)
{
    NiloSerialTransportPrivate *priv = nilo_serial_transport_get_instance_private(self);
    g_autoptr(NiloSerialName) name = nilo_serial_name_parse(priv->port, error);
    g_autoptr(NiloSerialLine) line = NULL;
    NiloSerialMode mode = priv->mode;

    if (name == NULL)
        return NULL;
    if (name->path == NULL)
        return nilo_serial_line_new_tcp(clock, name, &mode, priv->connect_timeout_ms, cancellable,
                                        error);
    if (mode.speed_baud == 0)
        mode.speed_baud = DEFAULT_SPEED_BAUD;
    line = nilo_serial_line_new_tty(clock, name, &mode, error);
    if (line != NULL && priv->low_latency)
        nilo_serial_tty_ask_low_latency(nilo_serial_line_get_tty(line), name->path);
    return g_steal_pointer(&line);
}

static NiloLine *
transport_open(NiloTransport *transport, NiloClock *clock, GCancellable *cancellable,
               GError **error)
{
    NiloSerialTransport *self = NILO_SERIAL_TRANSPORT(transport);
    NiloSerialTransportClass *klass = NILO_SERIAL_TRANSPORT_GET_CLASS(self);
    g_autoptr(NiloSerialLine) line = open_line(self, clock, cancellable, error);

    if (line == NULL)
        return NULL;
    /* the bus thread waits for bit times; by default Linux may let it sleep 50 us longer each time
     */
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (klass->prepare != NULL && !klass->prepare(self, line, clock, cancellable, error))
        return NULL;
    return NILO_LINE(g_steal_pointer(&line));
}

/**
 * nilo_serial_transport_get_port:
 *
 * Returns: (transfer none): as the configuration says it, "" when it does not
 */
const char *
nilo_serial_transport_get_port(NiloSerialTransport *self)
{
    NiloSerialTransportPrivate *priv = nilo_serial_transport_get_instance_private(self);

    return priv->port != NULL ? priv->port : "";
}

static const char *
transport_get_port(NiloTransport *transport)
{
    return nilo_serial_transport_get_port(NILO_SERIAL_TRANSPORT(transport));
}

static void
nilo_serial_transport_iface_init(NiloTransportInterface *iface)
{
    iface->open = transport_open;
    iface->get_port = transport_get_port;
}

static void
nilo_serial_transport_set_property(GObject *object, guint property, const GValue *value,
                                   GParamSpec *spec)
{
    NiloSerialTransportPrivate *priv =
        nilo_serial_transport_get_instance_private(NILO_SERIAL_TRANSPORT(object));

    switch (property) {
    case PROP_PORT:
        priv->port = g_value_dup_string(value);
        break;
    case PROP_SPEED_BAUD:
        priv->mode.speed_baud = g_value_get_uint(value);
        break;
    case PROP_PARITY:
        priv->mode.parity = (NiloSerialParity)g_value_get_enum(value);
        break;
    case PROP_DATA_BITS:
        priv->mode.data_bits = g_value_get_uint(value);
        break;
    case PROP_STOP_BITS:
        priv->mode.stop_bits = g_value_get_uint(value);
        break;
    case PROP_LOW_LATENCY:
        priv->low_latency = g_value_get_boolean(value);
        break;
    case PROP_CONNECT_TIMEOUT_MS:
        priv->connect_timeout_ms = g_value_get_uint(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_serial_transport_get_property(GObject *object, guint property, GValue *value, GParamSpec *spec)
{
    NiloSerialTransportPrivate *priv =
        nilo_serial_transport_get_instance_private(NILO_SERIAL_TRANSPORT(object));

    switch (property) {
    case PROP_PORT:
        g_value_set_string(value, priv->port);
        break;
    case PROP_SPEED_BAUD:
        g_value_set_uint(value, priv->mode.speed_baud);
        break;
    case PROP_PARITY:
        g_value_set_enum(value, (gint)priv->mode.parity);
        break;
    case PROP_DATA_BITS:
        g_value_set_uint(value, priv->mode.data_bits);
        break;
    case PROP_STOP_BITS:
        g_value_set_uint(value, priv->mode.stop_bits);
        break;
    case PROP_LOW_LATENCY:
        g_value_set_boolean(value, priv->low_latency);
        break;
    case PROP_CONNECT_TIMEOUT_MS:
        g_value_set_uint(value, priv->connect_timeout_ms);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
}

static void
nilo_serial_transport_finalize(GObject *object)
{
    NiloSerialTransportPrivate *priv =
        nilo_serial_transport_get_instance_private(NILO_SERIAL_TRANSPORT(object));

    g_free(priv->port);
    G_OBJECT_CLASS(nilo_serial_transport_parent_class)->finalize(object);
}

static void
install_character_properties(void)
{
    /**
     * NiloSerialTransport:speed-baud:
     *
     * Speed of the bus. 0: 2400 Bd on a port of this machine; not known on a serial server, where
     * it is set by its own means and this key only tells us, for the deadlines.
     */
    properties[PROP_SPEED_BAUD] = g_param_spec_uint(
        "speed-baud", N_("Line speed"),
        N_("Bits per second on the wire; 0: 2400 on a serial port, unknown on a serial server"), 0,
        NILO_SERIAL_SPEED_MAX_BAUD, 0, NILO_PARAM_CONFIG);

    /**
     * NiloSerialTransport:parity:
     *
     * Parity bit of the bus: even, odd or none. A meter that seems to send noise often wants
     * another.
     */
    properties[PROP_PARITY] =
        g_param_spec_enum("parity", N_("Parity"), N_("Parity bit of each character"),
                          NILO_SERIAL_TYPE_PARITY, NILO_SERIAL_PARITY_EVEN, NILO_PARAM_CONFIG);

    /**
     * NiloSerialTransport:data-bits:
     *
     * Data bits of each character, 7 or 8; all known water meters use 8.
     */
    properties[PROP_DATA_BITS] =
        g_param_spec_uint("data-bits", N_("Data bits"), N_("Data bits of each character, 7 or 8"),
                          7, 8, 8, NILO_PARAM_CONFIG);

    /**
     * NiloSerialTransport:stop-bits:
     *
     * Stop bits behind each character, 1 or 2.
     */
    properties[PROP_STOP_BITS] =
        g_param_spec_uint("stop-bits", N_("Stop bits"), N_("Stop bits of each character, 1 or 2"),
                          1, 2, 1, NILO_PARAM_CONFIG);
}

static void
nilo_serial_transport_class_init(NiloSerialTransportClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->set_property = nilo_serial_transport_set_property;
    object_class->get_property = nilo_serial_transport_get_property;
    object_class->finalize = nilo_serial_transport_finalize;

    /**
     * NiloSerialTransport:port:
     *
     * Where the bus is: path of a serial port, best one under /dev/serial/by-id that survives
     * replugging, or `tcp:HOST:PORT` for a serial server.
     */
    properties[PROP_PORT] =
        g_param_spec_string("port", N_("Port"),
                            N_("Path of a serial port, for example /dev/ttyUSB0, or tcp:HOST:PORT "
                               "for a serial server"),
                            NULL, NILO_PARAM_CONFIG | NILO_PARAM_REQUIRED);
    install_character_properties();

    /**
     * NiloSerialTransport:low-latency:
     *
     * Asks USB adapters to hand over what they receive at once instead of collecting it.
     */
    properties[PROP_LOW_LATENCY] =
        g_param_spec_boolean("low-latency", N_("Low latency"),
                             N_("Ask a USB adapter to hand over what it receives at once"), TRUE,
                             NILO_PARAM_CONFIG);

    /**
     * NiloSerialTransport:connect-timeout-ms:
     *
     * How long a serial server may take to accept the connection.
     */
    properties[PROP_CONNECT_TIMEOUT_MS] = g_param_spec_uint(
        "connect-timeout-ms", N_("Time to connect"),
        N_("How long a serial server may take to accept a connection, milliseconds"), 100, 60000,
        DEFAULT_CONNECT_TIMEOUT_MS, NILO_PARAM_CONFIG);

    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
nilo_serial_transport_init(NiloSerialTransport *self)
{
}
