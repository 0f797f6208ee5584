/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The collector as a process of this machine: nilo-collector-host. */
#include "nilo-lab-collector-private.h"

#include "nilo-lab-client.h"

#include <string.h>
#include <unistd.h>

#define ANSWER_US (10 * G_USEC_PER_SEC)

enum {
    SOCKET_CONTROL = NILO_LAB_LINES,
};

static const char *const sockets[] = {"bus", "meters", "control", NULL};

static char *
make_option(NiloLabCollector *collector, guint socket)
{
    return g_strdup_printf("--%s=%s/%s", sockets[socket], collector->folder, sockets[socket]);
}

static GStrv
build_argv(NiloLabCollector *collector)
{
    g_autofree char *program =
        nilo_lab_collector_find_program("NILO_COLLECTOR_HOST", "nilo-collector-host");
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    g_strv_builder_add_many(builder, program != NULL ? program : "nilo-collector-host", "--wait",
                            "--eeprom", collector->eeprom, NULL);
    for (guint i = 0; sockets[i] != NULL; i++) {
        g_autofree char *option = make_option(collector, i);

        g_strv_builder_add(builder, option);
    }
    if (collector->board_number != 0) {
        g_autofree char *number = g_strdup_printf("%08x", collector->board_number);

        g_strv_builder_add_many(builder, "--board-number", number, NULL);
    }
    if (collector->rtc != NULL)
        g_strv_builder_add_many(builder, "--rtc", collector->rtc, NULL);
    if (collector->tear != 0) {
        g_autofree char *seed = g_strdup_printf("%u", collector->tear);

        g_strv_builder_add_many(builder, "--tear", seed, NULL);
    }
    return g_strv_builder_end(builder);
}

static char *
take_answer(NiloLabCollector *collector, const char *command, GError **error)
{
    g_autofree char *answer =
        nilo_lab_collector_read_line(collector, SOCKET_CONTROL, g_get_monotonic_time() + ANSWER_US,
                                     error);

    if (answer == NULL || !g_str_has_prefix(answer, "error="))
        return g_steal_pointer(&answer);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", command, answer + strlen("error="));
    return NULL;
}

static char *
call(NiloLabCollector *collector, const char *command, GError **error)
{
    g_autofree char *line = g_strconcat(command, "\n", NULL);

    return nilo_lab_collector_write(collector, SOCKET_CONTROL, line, error)
               ? take_answer(collector, command, error)
               : NULL;
}

static char *
make_pins_command(guint mask, guint closed)
{
    return g_strdup_printf("pins %u %u %" G_GINT64_FORMAT, mask, closed & mask,
                           g_get_monotonic_time());
}

static gboolean
set_pins(NiloLabCollector *collector, guint mask, guint closed, GError **error)
{
    g_autofree char *command = make_pins_command(mask, closed);
    g_autofree char *answer = call(collector, command, error);

    return answer != NULL;
}

static gboolean
set_battery(NiloLabCollector *collector, GError **error)
{
    g_autofree char *command = g_strdup_printf("battery %u", collector->battery_mv);
    g_autofree char *answer = call(collector, command, error);

    return answer != NULL;
}

/* it knows the moment of each change, however late it comes to look */
static gboolean
get_seen_pins(NiloLabCollector *collector, guint *closed, GError **error)
{
    (void)error;
    *closed = collector->closed;
    return TRUE;
}

static const char *
get_trouble_command(NiloLabTrouble trouble)
{
    static const char *const commands[] = {
        [NILO_LAB_TROUBLE_NONE] = "i2c free",
        [NILO_LAB_TROUBLE_HANG_MAIN] = "hang",
        [NILO_LAB_TROUBLE_I2C_STUCK] = "i2c stuck 1000000",
        [NILO_LAB_TROUBLE_I2C_HELD] = "i2c stuck 3",
        [NILO_LAB_TROUBLE_RTC_LOST] = "rtc lost",
    };

    return trouble < G_N_ELEMENTS(commands) ? commands[trouble] : NULL;
}

static gboolean
make_trouble(NiloLabCollector *collector, NiloLabTrouble trouble, GError **error)
{
    const char *command = get_trouble_command(trouble);
    g_autofree char *answer = NULL;

    if (command == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "a process has no interrupts that could hang or fault");
        return FALSE;
    }
    answer = call(collector, command, error);
    return answer != NULL;
}

static gboolean
pass_time(NiloLabCollector *collector, guint ms, GError **error)
{
    g_autofree char *command = g_strdup_printf("pass %u", ms);
    g_autofree char *answer = call(collector, command, error);

    return answer != NULL;
}

/* it waits for its callers, and for a first command: what comes in with that is there before
 * anything runs */
static gboolean
begin(NiloLabCollector *collector, GError **error)
{
    g_autofree char *pins = make_pins_command(G_MAXUINT16, collector->closed);
    const char *trouble = get_trouble_command(collector->trouble);
    g_autofree char *lines = g_strdup_printf("%s\n%s\n", trouble, pins);
    g_autofree char *troubled = NULL;
    g_autofree char *set = NULL;

    g_return_val_if_fail(trouble != NULL, FALSE);

    if (!nilo_lab_collector_write(collector, SOCKET_CONTROL, lines, error))
        return FALSE;
    troubled = take_answer(collector, trouble, error);
    set = troubled != NULL ? take_answer(collector, pins, error) : NULL;
    return set != NULL && set_battery(collector, error);
}

static gboolean
get_line(NiloLabCollector *collector, NiloLabLine line, guint *speed_baud, gboolean *even_parity,
         GError **error)
{
    g_autofree char *command = g_strdup_printf("line %u", line);
    g_autofree char *answer = call(collector, command, error);
    g_autofree char *parity = NULL;
    gint64 speed;

    if (answer == NULL)
        return FALSE;
    parity = nilo_lab_answer_get_text(answer, "parity");
    if (!nilo_lab_answer_get_int(answer, "speed", &speed)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: \"%s\" found", command,
                    answer);
        return FALSE;
    }
    *speed_baud = (guint)speed;
    *even_parity = g_strcmp0(parity, "even") == 0;
    return TRUE;
}

static void
look(NiloLabCollector *collector)
{
    /* it says nothing unasked */
}

const NiloLabCollectorBackend nilo_lab_host_backend = {
    .sockets = sockets,
    .build_argv = build_argv,
    .begin = begin,
    .set_pins = set_pins,
    .get_seen_pins = get_seen_pins,
    .get_line = get_line,
    .set_battery = set_battery,
    .make_trouble = make_trouble,
    .pass_time = pass_time,
    .look = look,
};
