/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-config.h"
#include "nfw-counters.h"

/* Settings as words, for a board that leaves the factory: "number.3=26010000000003". */
struct nfw_host_settings {
    struct nfw_config config;
    struct nfw_counter_values values;
    bool has_counts;
};

/**
 * nfw_host_settings_set:
 * @settings: changed, not checked as a whole
 * @text: NAME=VALUE or, for a channel, NAME.CHANNEL=VALUE; nfw-host-settings.c has the names
 *
 * Returns: false when there is no such setting, or the value is none of its
 */
bool nfw_host_settings_set(struct nfw_host_settings *settings, const char *text);

/* Reads what the current board's EEPROM holds, or takes the factory's. */
void nfw_host_settings_load(struct nfw_host_settings *settings, uint32_t board_number);

/* Writes them there. Returns: NFW_OK, or what nfw_config_save() and nfw_counters_store() say. */
int nfw_host_settings_save(struct nfw_host_settings *settings);
