/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-bus-queue.h"

static NiloBusJob *
make_read(NiloLane lane, const char *id, guint flags)
{
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new(id, NULL);

    return nilo_bus_job_new_read(lane, meter, flags, NILO_CAUSE_DEMAND, G_MAXINT64);
}

static void
assert_next(NiloBusQueue *queue, const char *id, NiloLane lane)
{
    g_autoptr(NiloBusJob) job = nilo_bus_queue_pop(queue);

    if (id == NULL) {
        g_assert_null(job);
        return;
    }
    g_assert_nonnull(job);
    g_assert_cmpstr(nilo_meter_id_get_text(job->meter), ==, id);
    g_assert_cmpint(job->lane, ==, lane);
}

static void
test_urgent_before_live_before_probing(void)
{
    g_autoptr(NiloBusQueue) queue = nilo_bus_queue_new();

    nilo_bus_queue_push(queue, make_read(NILO_LANE_PROBING, "x:1", 0));
    nilo_bus_queue_push(queue, make_read(NILO_LANE_LIVE, "x:2", 0));
    nilo_bus_queue_push(queue, make_read(NILO_LANE_LIVE, "x:3", 0));
    nilo_bus_queue_push(queue, make_read(NILO_LANE_URGENT, "x:4", 0));
    assert_next(queue, "x:4", NILO_LANE_URGENT);
    assert_next(queue, "x:2", NILO_LANE_LIVE);
    assert_next(queue, "x:3", NILO_LANE_LIVE);
    assert_next(queue, "x:1", NILO_LANE_PROBING);
    assert_next(queue, NULL, 0);
}

static void
test_single_flight(void)
{
    g_autoptr(NiloBusQueue) queue = nilo_bus_queue_new();
    g_autoptr(NiloBusJob) job = NULL;

    nilo_bus_queue_push(queue, make_read(NILO_LANE_LIVE, "x:1", 0));
    nilo_bus_queue_push(queue, make_read(NILO_LANE_LIVE, "x:2", 0));
    nilo_bus_queue_push(queue, make_read(NILO_LANE_URGENT, "x:2", NILO_READ_HISTORY));
    g_assert_cmpuint(nilo_bus_queue_get_length(queue, NILO_LANE_LIVE), ==, 1);
    job = nilo_bus_queue_pop(queue);
    g_assert_cmpstr(nilo_meter_id_get_text(job->meter), ==, "x:2");
    g_assert_cmpuint(job->flags, ==, NILO_READ_HISTORY);
    assert_next(queue, "x:1", NILO_LANE_LIVE);
    assert_next(queue, NULL, 0);
}

static void
test_running_read_must_ask_for_enough(void)
{
    g_autoptr(NiloBusJob) running = make_read(NILO_LANE_LIVE, "x:1", NILO_READ_PURCHASE);
    g_autoptr(NiloBusJob) more = make_read(NILO_LANE_URGENT, "x:1", NILO_READ_HISTORY);

    g_assert_false(nilo_bus_job_join(running, more, TRUE));
    g_assert_true(nilo_bus_job_join(running, make_read(NILO_LANE_URGENT, "x:1", 0), TRUE));
}

static void
test_writes_are_never_joined(void)
{
    g_autoptr(NiloBusQueue) queue = nilo_bus_queue_new();
    g_autoptr(NiloMeterId) meter = nilo_meter_id_new("x:1", NULL);
    g_autoptr(NiloCommand) command =
        nilo_command_new(NULL, meter, NILO_COMMAND_VALVE_OPEN, NULL, "test", 0);

    nilo_bus_queue_push(queue, nilo_bus_job_new_write(command));
    nilo_bus_queue_push(queue, nilo_bus_job_new_write(command));
    nilo_bus_queue_push(queue, make_read(NILO_LANE_URGENT, "x:1", 0));
    g_assert_cmpuint(nilo_bus_queue_get_length(queue, NILO_LANE_URGENT), ==, 3);
}

static void
test_put_back_is_next(void)
{
    g_autoptr(NiloBusQueue) queue = nilo_bus_queue_new();

    nilo_bus_queue_push(queue, make_read(NILO_LANE_LIVE, "x:1", 0));
    nilo_bus_queue_push_front(queue, make_read(NILO_LANE_LIVE, "x:2", 0));
    assert_next(queue, "x:2", NILO_LANE_LIVE);
    nilo_bus_queue_push(queue, make_read(NILO_LANE_LIVE, "x:2", 0));
    assert_next(queue, "x:1", NILO_LANE_LIVE);
    assert_next(queue, "x:2", NILO_LANE_LIVE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queue/urgent-before-live-before-probing",
                    test_urgent_before_live_before_probing);
    g_test_add_func("/queue/single-flight", test_single_flight);
    g_test_add_func("/queue/running-read-must-ask-for-enough",
                    test_running_read_must_ask_for_enough);
    g_test_add_func("/queue/writes-are-never-joined", test_writes_are_never_joined);
    g_test_add_func("/queue/put-back-is-next", test_put_back_is_next);
    return g_test_run();
}
