/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-eeprom.h"

/*
 * An EEPROM that is as unkind as the data sheet allows: busy for 5 ms after each write, in which it
 * does not acknowledge; a write that runs over the end of its page goes on at the page's beginning;
 * a power cut in a write cycle leaves some bytes written, one in between, and the rest as they
 * were.
 */
#define NFW_HOST_EEPROM_WRITE_US 5000u
#define NFW_HOST_EEPROM_NO_CUT   UINT64_MAX

enum nfw_host_tear {
    NFW_HOST_TEAR_OLD,    /* the byte at which the power goes stays as it was */
    NFW_HOST_TEAR_ERASED, /* .. is FF */
    NFW_HOST_TEAR_MIXED,  /* .. has some bits of both */
};

struct nfw_host_eeprom {
    uint8_t cells[NFW_EEPROM_SIZE];
    uint64_t busy_until_us;
    uint32_t pointer;       /* of the next byte read */
    uint64_t written_bytes; /* ever */
    uint64_t write_cycles;  /* ever */
    uint64_t cut_at_byte;   /* the power goes when so many bytes have been written ever */
    enum nfw_host_tear tear;
    uint32_t stuck_at; /* a cell that stays as it is; NFW_EEPROM_SIZE: none */
    bool is_absent;
};

void nfw_host_eeprom_init(struct nfw_host_eeprom *eeprom);

/* One transfer, as port.h has it. @is_cut: the power went in the middle of the write cycle. */
int nfw_host_eeprom_transfer(struct nfw_host_eeprom *eeprom, uint64_t now_us, const uint8_t *out,
                             size_t out_size, uint8_t *in, size_t in_size, bool *is_cut);
