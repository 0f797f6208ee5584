/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * All that the lab knows of QEMU, and nothing else does: the board lm3s6965evb with an I2C EEPROM
 * in a file and a clock.
 *
 * Pins and registers go over qtest, QEMU's own test protocol, which runs beside the emulation. It
 * is no stable interface; where it cannot set a pin, five of them are keys of the board's game pad.
 */
#include "nilo-lab-qemu.h"

#include "nilo-lab-collector-private.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_US     (10 * G_USEC_PER_SEC)
#define FIRST_UART    0x4000c000u
#define UART_STEP     0x1000u
#define UART_IBRD     0x24u
#define UART_FBRD     0x28u
#define UART_LCRH     0x2cu
#define UART_CTL      0x30u
#define LCRH_PEN      0x02u
#define LCRH_EPS      0x04u
#define CTL_UARTEN    0x01u
#define UART_CLOCK_HZ 12500000u
#define MAX_DEVICES   64
/* words by which the image lets itself be troubled: firmware/port/qemu-lm3s/nfw-lab.h */
#define WORD_ORDER    0x2000ff00u
#define WORD_ARGUMENT 0x2000ff04u
#define WORD_BATTERY  0x2000ff08u
#define WORD_BOARD    0x2000ff0cu
#define WORD_CLOSED   0x2000ff18u
#define CLOSED_SHOWN  0x10000u
#define HELD          3 /* recoveries that end it */
#define PASS_TIME     0x4e4c5431u
#define PINS          16

enum {
    SOCKET_QTEST = NILO_LAB_LINES,
    SOCKET_QMP,
};

static const char *const sockets[] = {"bus", "meters", "qtest", "qmp", NULL};

/* Where a contact is on the board: ports A to G are 0 to 6. A closed contact pulls its pin low. */
typedef struct {
    guint gpio;
    guint bit;
    const char *key; /* (nullable): of the game pad */
} Place;

static const Place places[PINS] = {
    {4, 0, "up"}, {4, 1, "down"}, {4, 2, "left"}, {4, 3, "right"}, {5, 1, "ctrl"}, {5, 2, NULL},
    {5, 3, NULL}, {6, 0, NULL},   {6, 1, NULL},   {3, 0, NULL},    {3, 1, NULL},   {3, 4, NULL},
    {3, 5, NULL}, {3, 6, NULL},   {3, 7, NULL},   {2, 4, NULL},
};

/* the driver of the bus line */
static const Place driver_place = {1, 0, NULL};

static char *
find_qemu(void)
{
    return nilo_lab_collector_find_program("NILO_QEMU", "qemu-system-arm");
}

/**
 * nilo_lab_qemu_why_not:
 *
 * Returns: (transfer full) (nullable): why no image can run here
 */
char *
nilo_lab_qemu_why_not(void)
{
    const char *image = g_getenv("NILO_COLLECTOR_IMAGE");
    g_autofree char *qemu = find_qemu();

    if (qemu == NULL)
        return g_strdup("qemu-system-arm is not there");
    if (image == NULL || !g_file_test(image, G_FILE_TEST_EXISTS))
        return g_strdup("the collector's image is not there: no compiler for it");
    return NULL;
}

static GStrv
build_argv(NiloLabCollector *collector)
{
    const char *const serials[] = {"bus", "meters"};
    g_autofree char *qemu = find_qemu();
    g_autofree char *drive =
        g_strdup_printf("if=none,id=eeprom,format=raw,file=%s", collector->eeprom);
    g_autofree char *rtc =
        g_strdup_printf("base=%s", collector->rtc != NULL ? collector->rtc : "localtime");
    g_autofree char *qmp = g_strdup_printf("unix:%s/qmp,server=on,wait=off", collector->folder);
    g_autofree char *qtest = g_strdup_printf("unix:%s/qtest,server=on,wait=off", collector->folder);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    g_strv_builder_add_many(builder, qemu != NULL ? qemu : "qemu-system-arm", "-M", "lm3s6965evb",
                            "-nodefaults", "-nic", "none", "-display", "none", "-S", "-accel",
                            "tcg", "-kernel", g_getenv("NILO_COLLECTOR_IMAGE"), "-drive", drive,
                            "-device",
                            "at24c-eeprom,bus=i2c,address=0x50,drive=eeprom,rom-size=65536",
                            "-device", "ds1338,bus=i2c,address=0x68", "-rtc", rtc, "-qmp", qmp,
                            "-qtest", qtest, "-qtest-log", "none", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(serials); i++) {
        /* the CPU waits until somebody is there: nothing sent at the start is lost */
        g_autofree char *chardev =
            g_strdup_printf("socket,id=serial%u,path=%s/%s,server=on,wait=on", i, collector->folder,
                            serials[i]);
        g_autofree char *serial = g_strdup_printf("chardev:serial%u", i);

        g_strv_builder_add_many(builder, "-chardev", chardev, "-serial", serial, NULL);
    }
    return g_strv_builder_end(builder);
}

/* --- qtest: pins and registers -----------------------------------------------------------------
 */

static gboolean set_all_pins(NiloLabCollector *collector, GError **error);

/* "IRQ raise 5": an output has changed */
static void
take_interrupt(NiloLabCollector *collector, const char *line)
{
    const gboolean raised = g_str_has_prefix(line, "IRQ raise ");
    const char *number = strrchr(line, ' ');
    NiloLabDriverChange change = {g_get_monotonic_time(), raised};

    if (number != NULL && strtoul(number, NULL, 10) == driver_place.bit)
        g_array_append_val(collector->driver_changes, change);
}

static char *
ask_qtest(NiloLabCollector *collector, const char *question, GError **error)
{
    g_autofree char *line = g_strconcat(question, "\n", NULL);

    if (!nilo_lab_collector_write(collector, SOCKET_QTEST, line, error))
        return NULL;
    for (;;) {
        g_autofree char *answer =
            nilo_lab_collector_read_line(collector, SOCKET_QTEST,
                                         g_get_monotonic_time() + ANSWER_US, error);

        if (answer == NULL)
            return NULL;
        if (g_str_has_prefix(answer, "IRQ ")) {
            take_interrupt(collector, answer);
            continue;
        }
        if (g_str_has_prefix(answer, "OK"))
            return g_steal_pointer(&answer);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: QEMU says %s", question, answer);
        return NULL;
    }
}

static gboolean
read_register(NiloLabCollector *collector, guint address, guint *value, GError **error)
{
    g_autofree char *question = g_strdup_printf("readl 0x%x", address);
    g_autofree char *answer = ask_qtest(collector, question, error);

    if (answer == NULL)
        return FALSE;
    *value = (guint)strtoul(answer + strlen("OK "), NULL, 16);
    return TRUE;
}

static gboolean
write_word(NiloLabCollector *collector, guint address, guint value, GError **error)
{
    g_autofree char *question = g_strdup_printf("writel 0x%x 0x%x", address, value);
    g_autofree char *answer = ask_qtest(collector, question, error);

    return answer != NULL;
}

/* --- QMP: the machine as a whole ---------------------------------------------------------------
 */

/* a reset forgets the levels of all inputs: to the firmware every contact would be closed */
static void
take_event(NiloLabCollector *collector, const char *line)
{
    if (strstr(line, "\"event\": \"RESET\"") == NULL)
        return;
    collector->resets++;
    set_all_pins(collector, NULL);
}

static char *
ask_qmp(NiloLabCollector *collector, const char *command, GError **error)
{
    g_autofree char *line = g_strconcat(command, "\n", NULL);

    if (!nilo_lab_collector_write(collector, SOCKET_QMP, line, error))
        return NULL;
    for (;;) {
        g_autofree char *answer =
            nilo_lab_collector_read_line(collector, SOCKET_QMP, g_get_monotonic_time() + ANSWER_US,
                                         error);

        if (answer == NULL)
            return NULL;
        if (g_str_has_prefix(answer, "{\"return\""))
            return g_steal_pointer(&answer);
        if (g_str_has_prefix(answer, "{\"error\"")) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: QEMU says %s", command, answer);
            return NULL;
        }
        take_event(collector, answer);
    }
}

static gboolean
press_key(NiloLabCollector *collector, const Place *place, gboolean down, GError **error)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [{\"type\": \"key\", "
        "\"data\": {\"down\": %s, \"key\": {\"type\": \"qcode\", \"data\": \"%s\"}}}]}}",
        down ? "true" : "false", place->key);
    g_autofree char *answer = ask_qmp(collector, command, error);

    return answer != NULL;
}

static gboolean
set_pin(NiloLabCollector *collector, const Place *place, gboolean closed, GError **error)
{
    g_autofree char *question = NULL;
    g_autofree char *answer = NULL;
    g_autoptr(GError) refused = NULL;

    if (place->gpio < collector->n_gpios) {
        question =
            g_strdup_printf("set_irq_in /machine/unattached/device[%u] unnamed-gpio-in %u %d",
                            collector->gpios[place->gpio], place->bit, closed ? 0 : 1);
        answer = ask_qtest(collector, question, &refused);
        if (answer != NULL)
            return TRUE;
    }
    if (place->key != NULL)
        return press_key(collector, place, closed, error);
    if (refused != NULL)
        g_propagate_error(error, g_steal_pointer(&refused));
    else
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "this board has no such pin");
    return FALSE;
}

static gboolean
set_pins(NiloLabCollector *collector, guint mask, guint closed, GError **error)
{
    for (guint i = 0; i < PINS; i++) {
        if ((mask >> i & 1) != 0 && !set_pin(collector, &places[i], (closed >> i & 1) != 0, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
get_seen_pins(NiloLabCollector *collector, guint *closed, GError **error)
{
    if (!read_register(collector, WORD_CLOSED, closed, error))
        return FALSE;
    /* the image for the smallest core is as it is sold: it tells nothing */
    *closed = (*closed & CLOSED_SHOWN) != 0 ? *closed & ~CLOSED_SHOWN : collector->closed;
    return TRUE;
}

static gboolean
set_all_pins(NiloLabCollector *collector, GError **error)
{
    return set_pins(collector, (1u << PINS) - 1, collector->closed, error);
}

/* their numbers in the tree move with the command line; they come in the order A to G */
static gboolean
find_gpios(NiloLabCollector *collector, GError **error)
{
    for (guint i = 0; collector->n_gpios < NILO_LAB_MAX_GPIOS && i < MAX_DEVICES; i++) {
        g_autofree char *command =
            g_strdup_printf("{\"execute\": \"qom-get\", \"arguments\": {\"path\": "
                            "\"/machine/unattached/device[%u]\", \"property\": \"type\"}}",
                            i);
        g_autoptr(GError) behind_last = NULL;
        g_autofree char *answer = ask_qmp(collector, command, &behind_last);

        if (answer == NULL)
            break;
        if (strstr(answer, "pl061") != NULL)
            collector->gpios[collector->n_gpios++] = i;
    }
    if (collector->n_gpios > 0)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "this QEMU has no pl061 on the board");
    return FALSE;
}

static gboolean
watch_driver(NiloLabCollector *collector, GError **error)
{
    g_autofree char *question = g_strdup_printf("irq_intercept_out /machine/unattached/device[%u]",
                                                collector->gpios[driver_place.gpio]);
    g_autofree char *answer = ask_qtest(collector, question, error);

    return answer != NULL;
}

static gboolean
set_battery(NiloLabCollector *collector, GError **error)
{
    return write_word(collector, WORD_BATTERY, collector->battery_mv, error);
}

static gboolean
make_trouble(NiloLabCollector *collector, NiloLabTrouble trouble, GError **error)
{
    static const guint orders[] = {
        [NILO_LAB_TROUBLE_NONE] = 0,
        [NILO_LAB_TROUBLE_HANG_MAIN] = 0x4e4c4d31,
        [NILO_LAB_TROUBLE_HANG_ISR] = 0x4e4c4931,
        [NILO_LAB_TROUBLE_FAULT] = 0x4e4c4631,
        [NILO_LAB_TROUBLE_I2C_STUCK] = 0x4e4c5331,
        [NILO_LAB_TROUBLE_I2C_HELD] = 0x4e4c5331,
        [NILO_LAB_TROUBLE_RTC_LOST] = 0x4e4c5231,
    };
    const guint argument = trouble == NILO_LAB_TROUBLE_I2C_HELD ? HELD : 0;

    return write_word(collector, WORD_ARGUMENT, argument, error) &&
           write_word(collector, WORD_ORDER, orders[trouble], error);
}

static gboolean
pass_time(NiloLabCollector *collector, guint ms, GError **error)
{
    return write_word(collector, WORD_ARGUMENT, ms, error) &&
           write_word(collector, WORD_ORDER, PASS_TIME, error);
}

/* the machine is stopped until the last line of this */
static gboolean
begin(NiloLabCollector *collector, GError **error)
{
    g_autofree char *greeting =
        nilo_lab_collector_read_line(collector, SOCKET_QMP, g_get_monotonic_time() + ANSWER_US,
                                     error);
    g_autofree char *ready = NULL;
    g_autofree char *runs = NULL;

    if (greeting == NULL)
        return FALSE;
    ready = ask_qmp(collector, "{\"execute\": \"qmp_capabilities\"}", error);
    if (ready == NULL || (collector->n_gpios == 0 && !find_gpios(collector, error)) ||
        !watch_driver(collector, error) || !set_all_pins(collector, error) ||
        !set_battery(collector, error) ||
        !write_word(collector, WORD_BOARD, collector->board_number, error) ||
        !make_trouble(collector, collector->trouble, error))
        return FALSE;
    runs = ask_qmp(collector, "{\"execute\": \"cont\"}", error);
    return runs != NULL;
}

static gboolean
get_line(NiloLabCollector *collector, NiloLabLine line, guint *speed_baud, gboolean *even_parity,
         GError **error)
{
    const guint uart = FIRST_UART + line * UART_STEP;
    guint integer, fraction, format, control, divisor;

    if (!read_register(collector, uart + UART_IBRD, &integer, error) ||
        !read_register(collector, uart + UART_FBRD, &fraction, error) ||
        !read_register(collector, uart + UART_LCRH, &format, error) ||
        !read_register(collector, uart + UART_CTL, &control, error))
        return FALSE;
    divisor = integer * 64 + fraction;
    *speed_baud = 0;
    if (divisor > 0 && (control & CTL_UARTEN) != 0)
        *speed_baud = (UART_CLOCK_HZ * 4 + divisor / 2) / divisor;
    *even_parity = (format & (LCRH_PEN | LCRH_EPS)) == (LCRH_PEN | LCRH_EPS);
    return TRUE;
}

/* About 280 unread lines fill the socket, and then the machine stands still. */
static void
look(NiloLabCollector *collector)
{
    char *line;

    while ((line = nilo_lab_collector_read_line(collector, SOCKET_QTEST, 0, NULL)) != NULL) {
        take_interrupt(collector, line);
        g_free(line);
    }
    while ((line = nilo_lab_collector_read_line(collector, SOCKET_QMP, 0, NULL)) != NULL) {
        take_event(collector, line);
        g_free(line);
    }
}

const NiloLabCollectorBackend nilo_lab_qemu_backend = {
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
