/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-answer.h"
#include "nfw-meters.h"

#include "nilo-mbus-address.h"

/* What our slaves are called, and what they say. */

#define NFW_MBUS_MANUFACTURER 0x398du /* "NLM" */
#define NFW_MBUS_VERSION      0x01u

/* What an application reset chooses: the upper half of its sub-code (EN 13757-3). */
enum nfw_mbus_application {
    NFW_MBUS_APPLICATION_ALL = 0x00,
    NFW_MBUS_APPLICATION_MONTHS = 0x20,  /* simple billing */
    NFW_MBUS_APPLICATION_DAYS = 0x30,    /* enhanced billing */
    NFW_MBUS_APPLICATION_ORDERED = 0x40, /* multi-tariff billing: values frozen by order */
    NFW_MBUS_APPLICATION_INSTANTANEOUS = 0x50,
    NFW_MBUS_APPLICATION_HOURS = 0x60,    /* load management */
    NFW_MBUS_APPLICATION_SETTINGS = 0x80, /* installation and start-up */
    NFW_MBUS_APPLICATION_EVENTS = 0x90,   /* testing */
};

#define NFW_MBUS_APPLICATION_MASK 0xf0u

/* Alarms: the byte of CI 71, and what the access demand bit is about. */
#define NFW_MBUS_ALARM_EVENTS     0x01u /* of the collector: events nobody has read */
#define NFW_MBUS_ALARM_TAMPER     0x02u
#define NFW_MBUS_ALARM_BATTERY    0x04u
#define NFW_MBUS_ALARM_NOT_STORED 0x08u
#define NFW_MBUS_ALARM_STALE      0x10u

/* Tags of the manufacturer's block: settings have their ids; each is followed by a size and so many
 * bytes. */
#define NFW_MBUS_TAG_CRC 0xc0u /* 2 bytes, last in the block: see nfw_mbus_crc_of() */

struct nfw_mbus_question {
    uint8_t who; /* channel, or NFW_CHANNEL_SELF */
    uint8_t application;
    uint8_t access;
    bool is_demanding; /* access demand: alarms wait */
    uint16_t start;    /* how many values of the log earlier telegrams have dealt with */
};

bool nfw_mbus_has(const struct nfw_collector *collector, unsigned who);

uint8_t nfw_mbus_get_primary(const struct nfw_collector *collector, unsigned who);

void nfw_mbus_get_address(const struct nfw_collector *collector, unsigned who,
                          NiloMbusAddress *address);

/* Eight digits BCD: the board's, with the channel and 1 in the last one. */
uint32_t nfw_mbus_get_fabrication(const struct nfw_collector *collector, unsigned who);

/* NFW_MBUS_ALARM_.., without the events. */
uint8_t nfw_mbus_get_alarms(const struct nfw_collector *collector, unsigned who);

/* Whether there is such an application. */
bool nfw_mbus_application_is_known(uint8_t application);

/* The CRC that guards a frame's user data (what follows CI), up to the two bytes of the CRC. */
uint16_t nfw_mbus_crc_of(const uint8_t *data, size_t size);

/**
 * nfw_mbus_telegram_build:
 * @collector: the collector
 * @question: what was asked
 * @answer: gets a whole RSP_UD
 *
 * Reads up to 16 values from the EEPROM, which takes 30 ms at most: less than a slave may wait.
 *
 * Returns: the next telegram's start; 0 when this is the last one
 */
uint16_t nfw_mbus_telegram_build(const struct nfw_collector *collector,
                                 const struct nfw_mbus_question *question,
                                 struct nfw_answer *answer);
