/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Faults of the wire, with a real nilometerd and real collectors among meters: whom a fault does
 * not touch is read right while it lasts, nobody's value is wrong, and when it is over all are
 * right within four polls, each pulse counted. `firmware --faults` is the long form.
 */
#include "nilo-collector-faults.h"

#define DEADLINE_S 580
#define SEED       3

typedef struct {
    NiloLabCollectorPort port;
    const char *name;
    NiloCollectorFaults *building; /* nullable until the first test */
} Port;

typedef struct {
    Port *port;
    guint fault;
} Case;

static void
test_fault(gconstpointer data)
{
    const Case *one = data;
    g_autofree char *why_not = nilo_lab_collector_why_not(one->port->port);
    NiloCollectorFaultResult result;

    if (why_not != NULL) {
        g_test_skip(why_not);
        return;
    }
    if (one->port->building == NULL)
        one->port->building = nilo_collector_faults_new(one->port->port, SEED, DEADLINE_S);
    nilo_collector_faults_run(one->port->building, one->fault, &result);
    g_test_message("happened %" G_GINT64_FORMAT ", reads %u, right %u, failed %u, flagged %u",
                   result.happened, result.reads, result.right, result.failed, result.flagged);
    g_assert_cmpuint(result.uncounted, ==, 0);
    g_assert_cmpint(result.happened, >=, result.least);
    g_assert_cmpuint(result.harmed, ==, 0);
    g_assert_cmpuint(result.through, ==, 0);
    g_assert_cmpuint(result.missing, ==, 0);
    g_assert_cmpuint(result.wrong, ==, 0);
}

int
main(int argc, char **argv)
{
    Port ports[] = {{NILO_LAB_COLLECTOR_HOST, "host", NULL},
                    {NILO_LAB_COLLECTOR_QEMU, "qemu", NULL}};
    const guint n_faults = nilo_collector_faults_count();
    g_autofree Case *cases = g_new(Case, G_N_ELEMENTS(ports) * n_faults);
    int result;

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(ports) * n_faults; i++) {
        Port *port = &ports[i / n_faults];
        g_autofree char *path = NULL;

        cases[i] = (Case){port, i % n_faults};
        path = g_strdup_printf("/collector/faults/%s/%s", port->name,
                               nilo_collector_faults_get_name(cases[i].fault));
        g_test_add_data_func(path, &cases[i], test_fault);
    }
    result = g_test_run();
    for (gsize i = 0; i < G_N_ELEMENTS(ports); i++)
        g_clear_pointer(&ports[i].building, nilo_collector_faults_free);
    return result;
}
