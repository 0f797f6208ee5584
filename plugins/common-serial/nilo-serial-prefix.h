/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The code of this folder is linked into several modules, and GLib knows each type name once in a
 * process. So every module compiles it under a prefix of its own:
 * NILO_SERIAL_PREFIX=NiloRs485Serial makes NiloSerialLine the type "NiloRs485SerialLine" there.
 * Sources only ever say NiloSerialLine.
 */
#ifndef NILO_SERIAL_PREFIX
#define NILO_SERIAL_PREFIX NiloSerial
#endif

#define NILO_SERIAL_PASTE(prefix, name) prefix##name
#define NILO_SERIAL_JOIN(prefix, name)  NILO_SERIAL_PASTE(prefix, name)
#define NILO_SERIAL_QUOTE(name)         #name
#define NILO_SERIAL_TEXT(name)          NILO_SERIAL_QUOTE(name)
/* for types registered by hand */
#define NILO_SERIAL_TYPE_NAME(name) NILO_SERIAL_TEXT(NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, name))

#define NiloSerialLine              NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, Line)
#define NiloSerialLineClass         NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, LineClass)
#define NiloSerialSettings          NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, Settings)
#define NiloSerialSettingsClass     NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, SettingsClass)
#define NiloSerialTransport         NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, Transport)
#define NiloSerialTransportClass    NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, TransportClass)
/* made by G_ADD_PRIVATE */
#define NiloSerialTransportPrivate NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, TransportPrivate)
#define NiloSerialTransport_private_offset                                                         \
    NILO_SERIAL_JOIN(NILO_SERIAL_PREFIX, Transport_private_offset)
