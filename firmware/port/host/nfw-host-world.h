/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-host.h"

#include <stdint.h>
#include <stdio.h>

/*
 * A board in real time: lines are unix sockets, the EEPROM is a file, time is the monotonic clock,
 * and a line of text moves a pin. What is written to the EEPROM stands in the file before the
 * collector goes on, so that kill -9 is a power cut.
 */
#define NFW_HOST_COMMAND_MAX 200u

struct nfw_host_socket {
    int listen_fd; /* -1: nobody listens there */
    int fd;        /* the newest that has called; -1: none */
};

struct nfw_host_world_state {
    struct nfw_host host;
    uint64_t start_us; /* the monotonic clock when the board's began */
    struct nfw_host_socket line[NFW_LINES];
    struct nfw_host_socket control;
    bool has_stdin; /* commands come from there too */
    char command[NFW_HOST_COMMAND_MAX];
    size_t command_size;
    int eeprom_fd;
    bool is_harsh;    /* a write cycle shows torn in the file until it is over */
    uint32_t random;  /* for tearing; never 0 */
    uint32_t storing; /* the page in a write cycle */
    bool is_storing;
    bool is_hanging; /* the main loop has stopped, until the watchdog bites */
    jmp_buf restart; /* a reset leads there */
};

/**
 * nfw_host_world_open:
 * @state: where it lives; the board in it becomes the current one
 * @eeprom_path: the EEPROM's file, made if there is none; (nullable): in memory alone
 *
 * A board with a file behind it and nobody on its lines yet.
 *
 * Returns: false with errno
 */
bool nfw_host_world_open(struct nfw_host_world_state *state, const char *eeprom_path);

/* Writes all of the EEPROM into the file: what was stored before time was real. Returns: false with
 * errno. */
bool nfw_host_world_keep(struct nfw_host_world_state *state);

/* Listens on a unix socket. Returns: false with errno. */
bool nfw_host_socket_listen(struct nfw_host_socket *socket, const char *path);

/* Waits until somebody has called. */
void nfw_host_socket_accept(struct nfw_host_socket *socket);

/* From here on time is real. */
void nfw_host_world_start(struct nfw_host_world_state *state);

/* Does what a line says, and puts the answer into @answer: nfw-host-command.c has the list. */
void nfw_host_command(struct nfw_host_world_state *state, char *line, char *answer, size_t size);
