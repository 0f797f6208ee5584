/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nfw-host-world.h"

#include "nfw-random.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S     1000000u
#define NS_PER_US    1000u
#define WATCHDOG_US  (4u * US_PER_S)
#define HANG_LOOK_US 50000u
#define READ_SIZE    256u
#define PLACES       (2u * (NFW_LINES + 1u) + 1u) /* to wait for: two a socket, and stdin */
#define RESET_BY_DOG 3
#define BACKLOG      4

static struct nfw_host_world_state *
get_state(struct nfw_host *host)
{
    return (struct nfw_host_world_state *)(void *)((char *)host -
                                                   offsetof(struct nfw_host_world_state, host));
}

static uint64_t
get_monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US;
}

/* --- the EEPROM's file ---------------------------------------------------------------------- */

/* There is no way on from a full disk: the file would say something else than the board. */
static void
write_page(struct nfw_host_world_state *state, uint32_t page, const uint8_t *bytes)
{
    if (state->eeprom_fd < 0)
        return;
    if (pwrite(state->eeprom_fd, bytes, NFW_EEPROM_PAGE_SIZE, (off_t)page) ==
        (ssize_t)NFW_EEPROM_PAGE_SIZE)
        return;
    perror("nilo-collector-host: cannot write the EEPROM");
    _exit(EXIT_FAILURE);
}

static void
finish_storing(struct nfw_host_world_state *state)
{
    if (!state->is_storing)
        return;
    write_page(state, state->storing, &state->host.eeprom.cells[state->storing]);
    state->is_storing = false;
}

/* some bytes are new, one is in between, the others are as they were or erased */
static void
tear_page(struct nfw_host_world_state *state, const uint8_t *before, const uint8_t *after,
          uint8_t *torn)
{
    const uint32_t at = nfw_random(&state->random) % NFW_EEPROM_PAGE_SIZE;
    const bool is_erased = nfw_random(&state->random) % 4u == 0u;

    for (uint32_t i = 0; i < NFW_EEPROM_PAGE_SIZE; i++) {
        if (i < at || before[i] == after[i])
            torn[i] = after[i];
        else if (i == at)
            torn[i] =
                (uint8_t)(before[i] & after[i]) | (uint8_t)(nfw_random(&state->random) & before[i]);
        else
            torn[i] = is_erased ? 0xffu : before[i];
    }
}

static void
store(struct nfw_host *host, uint32_t page, const uint8_t *before)
{
    struct nfw_host_world_state *state = get_state(host);
    uint8_t torn[NFW_EEPROM_PAGE_SIZE];

    finish_storing(state);
    if (!state->is_harsh) {
        write_page(state, page, &host->eeprom.cells[page]);
        return;
    }
    tear_page(state, before, &host->eeprom.cells[page], torn);
    write_page(state, page, torn);
    state->storing = page;
    state->is_storing = true;
}

bool
nfw_host_world_keep(struct nfw_host_world_state *state)
{
    return state->eeprom_fd < 0 || pwrite(state->eeprom_fd, state->host.eeprom.cells,
                                          NFW_EEPROM_SIZE, 0) == (ssize_t)NFW_EEPROM_SIZE;
}

static bool
load_eeprom(struct nfw_host_world_state *state, const char *path)
{
    struct stat stat;

    state->eeprom_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (state->eeprom_fd < 0 || fstat(state->eeprom_fd, &stat) != 0)
        return false;
    if (stat.st_size == 0) {
        /* as it comes from the factory */
        return nfw_host_world_keep(state);
    }
    if (stat.st_size != NFW_EEPROM_SIZE) {
        errno = EFBIG;
        return false;
    }
    return pread(state->eeprom_fd, state->host.eeprom.cells, NFW_EEPROM_SIZE, 0) ==
           (ssize_t)NFW_EEPROM_SIZE;
}

/* --- sockets -------------------------------------------------------------------------------- */

bool
nfw_host_socket_listen(struct nfw_host_socket *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
        errno = fd < 0 ? errno : ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, BACKLOG) != 0)
        return false;
    listener->listen_fd = fd;
    return true;
}

void
nfw_host_socket_accept(struct nfw_host_socket *listener)
{
    const int fd = accept(listener->listen_fd, NULL, NULL);

    if (fd < 0)
        return;
    /* as with a cable: who plugs in last has it */
    if (listener->fd >= 0)
        close(listener->fd);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    listener->fd = fd;
}

static void
hang_up(struct nfw_host_socket *connection)
{
    close(connection->fd);
    connection->fd = -1;
}

/* What does not fit is lost, as on a wire that nobody listens to. */
static void
send_bytes(struct nfw_host *host, enum nfw_line line, const uint8_t *bytes, size_t size)
{
    const int fd = get_state(host)->line[line].fd;

    if (fd >= 0)
        (void)!send(fd, bytes, size, MSG_NOSIGNAL);
}

static void
read_line(struct nfw_host_world_state *state, enum nfw_line line)
{
    uint8_t bytes[READ_SIZE];
    const ssize_t size = read(state->line[line].fd, bytes, sizeof bytes);

    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
        hang_up(&state->line[line]);
    for (ssize_t i = 0; i < size; i++)
        nfw_host_hear(&state->host, line, bytes[i], 0);
}

/* --- commands ------------------------------------------------------------------------------- */

static void
run_command(struct nfw_host_world_state *state, int answer_fd)
{
    char answer[NFW_HOST_COMMAND_MAX];
    size_t size;

    state->command[state->command_size] = '\0';
    state->command_size = 0;
    nfw_host_command(state, state->command, answer, sizeof answer - 1);
    size = strlen(answer);
    answer[size] = '\n';
    (void)!write(answer_fd, answer, size + 1);
}

/* Returns: false at the end. */
static bool
read_commands(struct nfw_host_world_state *state, int fd, int answer_fd)
{
    char bytes[READ_SIZE];
    const ssize_t size = read(fd, bytes, sizeof bytes);

    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
        return false;
    for (ssize_t i = 0; i < size; i++) {
        if (bytes[i] == '\n')
            run_command(state, answer_fd);
        else if (state->command_size < sizeof state->command - 1)
            state->command[state->command_size++] = bytes[i];
    }
    return true;
}

/* --- time ----------------------------------------------------------------------------------- */

static size_t
list_places(const struct nfw_host_world_state *state, struct pollfd *places)
{
    size_t n = 0;

    for (unsigned i = 0; i < NFW_LINES; i++) {
        places[n++] = (struct pollfd){.fd = state->line[i].fd, .events = POLLIN};
        places[n++] = (struct pollfd){.fd = state->line[i].listen_fd, .events = POLLIN};
    }
    places[n++] = (struct pollfd){.fd = state->control.fd, .events = POLLIN};
    places[n++] = (struct pollfd){.fd = state->control.listen_fd, .events = POLLIN};
    places[n++] = (struct pollfd){.fd = state->has_stdin ? STDIN_FILENO : -1, .events = POLLIN};
    return n;
}

static void
serve_lines(struct nfw_host_world_state *state, const struct pollfd *places)
{
    for (unsigned i = 0; i < NFW_LINES; i++) {
        if (places[2u * i].revents != 0)
            read_line(state, (enum nfw_line)i);
        if (places[2u * i + 1u].revents != 0)
            nfw_host_socket_accept(&state->line[i]);
    }
}

static void
serve_hands(struct nfw_host_world_state *state, const struct pollfd *places)
{
    const struct pollfd *control = &places[2u * NFW_LINES];

    if (control[0].revents != 0 && !read_commands(state, state->control.fd, state->control.fd))
        hang_up(&state->control);
    if (control[1].revents != 0)
        nfw_host_socket_accept(&state->control);
    if (control[2].revents != 0)
        state->has_stdin = read_commands(state, STDIN_FILENO, STDOUT_FILENO);
}

static bool
has_room(struct nfw_host *host)
{
    const uint8_t queued =
        (uint8_t)(atomic_load(&host->pin_queue.head) - atomic_load(&host->pin_queue.tail));

    return queued < NFW_PIN_QUEUE_SIZE / 2u;
}

/* An operating system may keep us from running for longer than any interrupt does. What happened
 * meanwhile is then told in portions, each with its own time, not lost. */
static void
follow_clock(struct nfw_host_world_state *state)
{
    struct nfw_host *host = &state->host;
    const uint64_t now_us = get_monotonic_us() - state->start_us;

    while (host->next_stimulus < host->n_stimuli &&
           host->stimuli[host->next_stimulus].at_us < now_us && has_room(host))
        nfw_host_advance_to(host, host->stimuli[host->next_stimulus].at_us);
    if (has_room(host))
        nfw_host_advance_to(host, now_us);
    if (state->is_storing && host->now_us >= host->eeprom.busy_until_us)
        finish_storing(state);
}

static void
look_around(struct nfw_host_world_state *state, uint64_t until_us)
{
    const uint64_t now_us = get_monotonic_us() - state->start_us;
    const struct nfw_host *host = &state->host;
    struct pollfd places[PLACES];
    const size_t n = list_places(state, places);
    struct timespec wait = {0};

    if (state->is_storing && host->eeprom.busy_until_us < until_us)
        until_us = host->eeprom.busy_until_us;
    if (until_us > now_us) {
        wait.tv_sec = (time_t)((until_us - now_us) / US_PER_S);
        wait.tv_nsec = (long)((until_us - now_us) % US_PER_S * NS_PER_US);
    }
    if (ppoll(places, n, &wait, NULL) <= 0)
        memset(places, 0, sizeof places);
    /* contacts moved at moments of their own, perhaps long ago; bytes come now */
    serve_hands(state, places);
    follow_clock(state);
    serve_lines(state, places);
}

/* Whoever asked to sleep until then does not hang when the machine lets him oversleep. */
static void
forgive_sleep(struct nfw_host *host, uint64_t until_us)
{
    if (host->now_us > until_us)
        host->fed_us += host->now_us - until_us;
}

static void
wait_until(struct nfw_host *host, uint64_t until_us)
{
    struct nfw_host_world_state *state = get_state(host);
    const uint64_t due_us = until_us > host->now_us ? until_us : host->now_us;

    look_around(state, until_us);
    if (!state->is_hanging)
        forgive_sleep(host, due_us);
    while (state->is_hanging || host->now_us - host->fed_us > WATCHDOG_US) {
        if (host->now_us - host->fed_us > WATCHDOG_US)
            longjmp(state->restart, RESET_BY_DOG);
        look_around(state, host->now_us + HANG_LOOK_US);
    }
}

bool
nfw_host_world_open(struct nfw_host_world_state *state, const char *eeprom_path)
{
    memset(state, 0, sizeof *state);
    for (unsigned i = 0; i < NFW_LINES; i++)
        state->line[i] = (struct nfw_host_socket){-1, -1};
    state->control = (struct nfw_host_socket){-1, -1};
    state->eeprom_fd = -1;
    state->random = 1;
    nfw_host_init(&state->host);
    return eeprom_path == NULL || load_eeprom(state, eeprom_path);
}

void
nfw_host_world_start(struct nfw_host_world_state *state)
{
    static const struct nfw_host_world world = {.wait = wait_until,
                                                .send = send_bytes,
                                                .store = store};

    state->start_us = get_monotonic_us() - state->host.now_us;
    state->host.world = &world;
    state->host.fed_us = state->host.now_us;
}
