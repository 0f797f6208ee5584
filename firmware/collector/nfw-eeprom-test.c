/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-eeprom.h"
#include "nfw-host.h"
#include "nfw-record.h"
#include "nilo-wire-test.h"

#include <stdlib.h>

/* three pages and a bit, beginning in the middle of one */
#define AT   0x2022u
#define SIZE 200u

struct board {
    struct nfw_host host;
    uint8_t bytes[SIZE];
    uint8_t found[SIZE];
};

static struct board *
board_new(void)
{
    struct board *board = calloc(1, sizeof *board);

    if (board == NULL)
        abort();
    nfw_host_init(&board->host);
    for (unsigned i = 0; i < SIZE; i++)
        board->bytes[i] = (uint8_t)(i * 31u + 7u);
    return board;
}

static void
board_free(struct board *board)
{
    nfw_host_clear(&board->host);
    free(board);
}

static void
test_across_pages(const void *data)
{
    struct board *board = board_new();

    CHECK_INT(nfw_eeprom_write(AT, board->bytes, SIZE), NFW_OK);
    CHECK(memcmp(&board->host.eeprom.cells[AT], board->bytes, SIZE) == 0);
    CHECK_INT(board->host.eeprom.cells[AT - 1u], 0xff);
    CHECK_INT(board->host.eeprom.cells[AT + SIZE], 0xff);
    CHECK_INT(board->host.eeprom.write_cycles, 4);
    CHECK_INT(nfw_eeprom_read(AT, board->found, SIZE), NFW_OK);
    CHECK(memcmp(board->found, board->bytes, SIZE) == 0);
    /* about 8 ms a page */
    CHECK(board->host.now_us >= 4u * 5000u && board->host.now_us <= 4u * 10000u);
    board_free(board);
}

static void
test_out_of_range(const void *data)
{
    struct board *board = board_new();

    CHECK_INT(nfw_eeprom_write(NFW_EEPROM_SIZE - 1u, board->bytes, 2), NFW_ERR_RANGE);
    CHECK_INT(nfw_eeprom_read(NFW_EEPROM_SIZE - 1u, board->found, 2), NFW_ERR_RANGE);
    CHECK_INT(nfw_eeprom_read(UINT32_MAX, board->found, 2), NFW_ERR_RANGE);
    CHECK_INT(nfw_eeprom_write(NFW_EEPROM_SIZE - 1u, board->bytes, 1), NFW_OK);
    CHECK_INT(board->host.eeprom.cells[NFW_EEPROM_SIZE - 1u], board->bytes[0]);
    CHECK_INT(nfw_eeprom_read(NFW_EEPROM_SIZE, board->found, 0), NFW_OK);
    board_free(board);
}

static void
test_waits_while_busy(const void *data)
{
    struct board *board = board_new();

    CHECK_INT(nfw_eeprom_write(AT, board->bytes, 1), NFW_OK);
    /* a warm start in the middle of a write cycle */
    board->host.eeprom.busy_until_us = board->host.now_us + 4900u;
    CHECK_INT(nfw_eeprom_read(AT, board->found, 1), NFW_OK);
    CHECK_INT(board->found[0], board->bytes[0]);
    CHECK(board->host.now_us >= board->host.eeprom.busy_until_us);
    board_free(board);
}

static void
test_absent(const void *data)
{
    struct board *board = board_new();
    const uint64_t start_us = board->host.now_us;

    board->host.eeprom.is_absent = true;
    CHECK_INT(nfw_eeprom_read(AT, board->found, 1), NFW_ERR_NACK);
    CHECK_INT(nfw_eeprom_write(AT, board->bytes, 1), NFW_ERR_NACK);
    CHECK(board->host.now_us - start_us < 30000u);
    board_free(board);
}

static void
test_stays_busy(const void *data)
{
    struct board *board = board_new();

    board->host.eeprom.write_us = 60000;
    CHECK_INT(nfw_eeprom_write(AT, board->bytes, 1), NFW_ERR_TIMEOUT);
    CHECK(board->host.now_us < 30000u);
    board_free(board);
}

static void
test_stuck_bus(const void *data)
{
    struct board *board = board_new();

    board->host.is_i2c_stuck = true;
    board->host.i2c_recoveries_needed = 3;
    CHECK_INT(nfw_eeprom_write(AT, board->bytes, 1), NFW_OK);
    CHECK_INT(board->host.eeprom.cells[AT], board->bytes[0]);

    board->host.is_i2c_stuck = true;
    board->host.i2c_recoveries_needed = 1000;
    CHECK_INT(nfw_eeprom_read(AT, board->found, 1), NFW_ERR_TIMEOUT);
    board_free(board);
}

static void
test_stuck_cell(const void *data)
{
    struct board *board = board_new();

    board->host.eeprom.stuck_at = AT + 150u;
    CHECK_INT(nfw_eeprom_write(AT, board->bytes, SIZE), NFW_ERR_VERIFY);
    board_free(board);
}

static void
test_lost_write(const void *data)
{
    struct board *board = board_new();

    board->host.eeprom.lose_writes = 1;
    CHECK_INT(nfw_eeprom_write(AT, board->bytes, 8), NFW_ERR_VERIFY);
    CHECK_INT(nfw_eeprom_write(AT, board->bytes, 8), NFW_OK);
    board->host.eeprom.is_protected = true;
    CHECK_INT(nfw_eeprom_write(AT, board->bytes + 1, 8), NFW_ERR_VERIFY);
    board_free(board);
}

/* What stands there is what counts, not how it came over the wire. */
static void
test_flipped_on_wire(const void *data)
{
    struct board *board = board_new();

    board->host.eeprom.flip_at_byte = 20;
    CHECK_INT(nfw_eeprom_write(AT, board->bytes, 30), NFW_OK);
    board_free(board);
}

static void
test_compare(const void *data)
{
    struct board *board = board_new();

    CHECK_INT(nfw_eeprom_write(AT, board->bytes, SIZE), NFW_OK);
    CHECK_INT(nfw_eeprom_compare(AT, board->bytes, SIZE), NFW_OK);
    board->bytes[SIZE - 1u] ^= 1u;
    CHECK_INT(nfw_eeprom_compare(AT, board->bytes, SIZE), NFW_ERR_VERIFY);
    board_free(board);
}

static void
test_supply(const void *data)
{
    struct board *board = board_new();

    board->host.battery_mv = 2499;
    CHECK(!nfw_eeprom_is_supplied(2500));
    CHECK(nfw_eeprom_is_supplied(2499));
    CHECK(nfw_eeprom_is_supplied(0));
    board->host.battery_mv = 0;
    CHECK(nfw_eeprom_is_supplied(2500));
    board_free(board);
}

/* --- records -------------------------------------------------------------------------------- */

static void
test_record(const void *data)
{
    /* the check value of CRC-32C: RFC 3720, Appendix B.4, and every catalogue of CRCs */
    uint8_t record[13] = "123456789";
    struct board *board = board_new();

    CHECK_INT(nfw_record_write(AT, record, sizeof record), NFW_OK);
    CHECK(memcmp(&board->host.eeprom.cells[AT], "123456789\x83\x92\x06\xe3", 13) == 0);
    memset(record, 0, sizeof record);
    CHECK_INT(nfw_record_read(AT, record, sizeof record, 3), NFW_OK);
    CHECK_INT(record[8], '9');

    board->host.eeprom.flip_at_byte = board->host.eeprom.read_bytes + 3u;
    CHECK_INT(nfw_record_read(AT, record, sizeof record, 1), NFW_ERR_NONE);
    board->host.eeprom.flip_at_byte = board->host.eeprom.read_bytes + 3u;
    CHECK_INT(nfw_record_read(AT, record, sizeof record, 3), NFW_OK);
    board->host.eeprom.cells[AT + 3u] ^= 1u;
    CHECK_INT(nfw_record_read(AT, record, sizeof record, 3), NFW_ERR_NONE);
    board->host.eeprom.is_absent = true;
    CHECK_INT(nfw_record_read(AT, record, sizeof record, 3), NFW_ERR_NACK);
    board_free(board);
}

static void
test_record_of_nothing(const void *data)
{
    static const uint8_t fill[] = {0x00, 0xff};
    static const size_t sizes[] = {16, 32, 64};
    struct board *board = board_new();

    for (unsigned i = 0; i < sizeof fill; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            uint8_t record[64];

            memset(board->host.eeprom.cells, fill[i], sizeof board->host.eeprom.cells);
            CHECK_INT(nfw_record_read(AT, record, sizes[k], 3), NFW_ERR_NONE);
        }
    }
    board_free(board);
}

int
main(void)
{
    nilo_test_run("/nfw/eeprom/across-pages", test_across_pages, NULL);
    nilo_test_run("/nfw/eeprom/out-of-range", test_out_of_range, NULL);
    nilo_test_run("/nfw/eeprom/waits-while-busy", test_waits_while_busy, NULL);
    nilo_test_run("/nfw/eeprom/absent", test_absent, NULL);
    nilo_test_run("/nfw/eeprom/stays-busy", test_stays_busy, NULL);
    nilo_test_run("/nfw/eeprom/stuck-bus", test_stuck_bus, NULL);
    nilo_test_run("/nfw/eeprom/stuck-cell", test_stuck_cell, NULL);
    nilo_test_run("/nfw/eeprom/lost-write", test_lost_write, NULL);
    nilo_test_run("/nfw/eeprom/flipped-on-wire", test_flipped_on_wire, NULL);
    nilo_test_run("/nfw/eeprom/compare", test_compare, NULL);
    nilo_test_run("/nfw/eeprom/supply", test_supply, NULL);
    nilo_test_run("/nfw/record/round-trip", test_record, NULL);
    nilo_test_run("/nfw/record/of-nothing", test_record_of_nothing, NULL);
    return nilo_test_finish();
}
