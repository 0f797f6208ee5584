/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-eeprom.h"

/*
 * An EEPROM that is as unkind as the data sheets allow: busy for 5 ms after each write, in which it
 * does not acknowledge; a write that runs over the end of its page goes on at the page's beginning;
 * a power cut in a write cycle leaves some bytes written, one in between, and the rest as they
 * were, or all of the page in disorder. Cells die, writes get lost, and bits flip on the wire.
 */
#define NFW_HOST_EEPROM_WRITE_US 5000u
#define NFW_HOST_EEPROM_NO_CUT   UINT64_MAX
#define NFW_HOST_EEPROM_NO_FLIP  UINT64_MAX
#define NFW_HOST_EEPROM_PAGES    (NFW_EEPROM_SIZE / NFW_EEPROM_PAGE_SIZE)

/* What a power cut leaves behind. */
enum nfw_host_tear {
    NFW_HOST_TEAR_OLD,       /* the byte at which the power goes stays as it was */
    NFW_HOST_TEAR_ERASED,    /* .. is FF */
    NFW_HOST_TEAR_MIXED,     /* .. has some bits of both */
    NFW_HOST_TEAR_NEW,       /* .. is whole, the last one to be: the write may even be complete */
    NFW_HOST_TEAR_SCATTERED, /* a part that programs all bytes at once: each is something of both */
    NFW_HOST_TEAR_PAGE, /* a part that refreshes pages of 128 bytes: all of it is erased, also what
                           was not being written */
    NFW_HOST_TEARS,
};

struct nfw_host_eeprom {
    uint8_t cells[NFW_EEPROM_SIZE];
    uint64_t busy_until_us;
    uint32_t pointer;       /* of the next byte read */
    uint32_t page_size;     /* where a write wraps around; 64, also 128 and 256 */
    uint32_t write_us;      /* how long a write cycle lasts; 5000 */
    uint64_t written_bytes; /* ever */
    uint64_t write_cycles;  /* ever */
    uint64_t read_bytes;    /* ever */
    uint64_t cut_at_byte;   /* the power goes when so many bytes have been written ever */
    enum nfw_host_tear tear;
    uint32_t stuck_at;     /* a cell that stays as it is; NFW_EEPROM_SIZE: none */
    uint32_t stuck_size;   /* and so many from there on; 1 */
    uint32_t lose_writes;  /* so many of the next write cycles are acknowledged and do nothing */
    uint64_t flip_at_byte; /* this one of the bytes ever read arrives with a flipped bit */
    bool is_absent;
    bool is_protected; /* the protection pin: every write is acknowledged and does nothing */
    bool is_weak; /* the programming voltage fails: what is written comes out as something else */
    uint32_t wear[NFW_HOST_EEPROM_PAGES]; /* write cycles of each 64 bytes */
};

void nfw_host_eeprom_init(struct nfw_host_eeprom *eeprom);

/* One transfer, as port.h has it. @is_cut: the power went in the middle of the write cycle. */
int nfw_host_eeprom_transfer(struct nfw_host_eeprom *eeprom, uint64_t now_us, const uint8_t *out,
                             size_t out_size, uint8_t *in, size_t in_size, bool *is_cut);
