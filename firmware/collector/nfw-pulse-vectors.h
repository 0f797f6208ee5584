/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

/*
 * What contacts do, and what must be counted: played to nfw-inputs.c by its test, and to the pins
 * of a whole machine by others. The factory settings hold: min_closed_ms and min_open_ms are 10.
 *
 * A player begins with all contacts open (or, where is_closed_at_start says so, those of the
 * vector closed) before the firmware samples them, and keeps that for NFW_VECTOR_LEAD_MS; then it
 * plays the edges; then it lets NFW_VECTOR_REST_MS pass and reads the counts. Each pin of @pins
 * goes its way alone, so one vector may be played to any other pins too.
 */
#define NFW_VECTOR_MIN_MS  10u
#define NFW_VECTOR_LEAD_MS 100u
#define NFW_VECTOR_REST_MS 100u

/* The times may be wrong by 5 ms, as on an emulated machine in real time: the count is the same.
 * Two edges up to 3 ms apart should be sent as one message, and may be seen as none: rejected is
 * then at most what stands here. Without this flag each millisecond matters, or it takes an hour.
 */
#define NFW_VECTOR_REAL_TIME 0x01u
/* Begins with the millisecond counter at start_ms; all others at any time. */
#define NFW_VECTOR_COUNTER 0x02u

/* Closed, then open, so many times. */
struct nfw_stroke {
    uint32_t closed_ms;
    uint32_t open_ms;
    uint32_t times;
};

#define NFW_VECTOR_STROKES 12u

struct nfw_pulse_vector {
    const char *name;
    uint8_t flags; /* NFW_VECTOR_.. */
    uint16_t pins; /* those that move, all alike */
    int32_t count; /* of each */
    uint16_t rejected;
    bool is_closed_at_start; /* the first stroke's closing was before the start */
    nfw_ms start_ms;
    uint16_t times;                                /* all strokes, so many times */
    struct nfw_stroke strokes[NFW_VECTOR_STROKES]; /* up to one with times 0 */
};

/* clang-format off */
static const struct nfw_pulse_vector nfw_pulse_vectors[] = {
    {"clean", NFW_VECTOR_REAL_TIME, 0x01u, 40, 0, false, 0, 1, {{100, 100, 40}}},
    {"clean-uneven", NFW_VECTOR_REAL_TIME, 0x80u, 60, 0, false, 0, 20,
     {{30, 200, 1}, {200, 30, 1}, {50, 50, 1}}},
    {"burst-20-hz-on-all", NFW_VECTOR_REAL_TIME, 0xffu, 100, 0, false, 0, 1, {{25, 25, 100}}},
    {"bounces-3", NFW_VECTOR_REAL_TIME, 0x01u, 20, 0, false, 0, 20,
     {{1, 1, 1}, {2, 1, 1}, {1, 3, 1}, {60, 1, 1}, {3, 2, 1}, {1, 1, 1}, {2, 60, 1}}},
    {"bounces-5-on-all", NFW_VECTOR_REAL_TIME, 0xffu, 20, 0, false, 0, 20,
     {{1, 2, 3}, {3, 1, 2}, {50, 2, 1}, {1, 3, 4}, {2, 50, 1}}},
    {"bounces-10", NFW_VECTOR_REAL_TIME, 0x04u, 10, 0, false, 0, 10,
     {{1, 1, 2}, {2, 1, 3}, {1, 3, 3}, {3, 3, 2}, {100, 3, 1}, {1, 1, 4}, {2, 3, 3}, {3, 2, 2},
      {1, 100, 1}}},
    {"slow-magnet", NFW_VECTOR_REAL_TIME, 0x02u, 4, 0, false, 0, 4,
     {{1, 2, 4}, {3, 1, 2}, {1000, 2, 1}, {1, 3, 5}, {2, 1000, 1}}},
    {"rests-closed-bouncing", NFW_VECTOR_REAL_TIME, 0x08u, 2, 0, false, 0, 1,
     {{247, 3, 20}, {50, 100, 1}, {100, 100, 1}}},
    {"rests-open-bouncing", NFW_VECTOR_REAL_TIME, 0x08u, 1, 1, false, 0, 1,
     {{2, 3, 200}, {2, 100, 1}, {100, 100, 1}}},
    {"spikes", NFW_VECTOR_REAL_TIME, 0x10u, 0, 50, false, 0, 1, {{1, 60, 50}}},
    {"spikes-between-pulses", NFW_VECTOR_REAL_TIME, 0x20u, 20, 20, false, 0, 20,
     {{60, 60, 1}, {1, 60, 1}}},
    {"closed-at-start", NFW_VECTOR_REAL_TIME, 0x01u, 0, 0, true, 0, 1, {{200, 200, 1}}},
    {"closed-at-start-then-pulses", NFW_VECTOR_REAL_TIME, 0xffu, 3, 0, true, 0, 1,
     {{200, 100, 1}, {100, 100, 3}}},
    {"closed-at-start-bouncing", NFW_VECTOR_REAL_TIME, 0x01u, 1, 0, true, 0, 1,
     {{200, 2, 1}, {100, 3, 1}, {1, 2, 5}, {1, 100, 1}, {100, 100, 1}}},

    {"just-long-enough", 0, 0x01u, 50, 0, false, 0, 1, {{10, 10, 50}}},
    {"closed-too-short", 0, 0x01u, 0, 50, false, 0, 1, {{9, 10, 50}}},
    {"open-too-short", 0, 0x01u, 1, 0, false, 0, 1, {{10, 9, 50}, {10, 10, 1}}},
    {"both-too-short", 0, 0x01u, 0, 1, false, 0, 1, {{9, 9, 50}}},
    {"closed-in-pieces", 0, 0x01u, 0, 1, false, 0, 1, {{9, 1, 100}}},
    {"open-in-pieces", 0, 0x01u, 1, 0, false, 0, 1, {{10, 9, 1}, {1, 9, 100}}},
    {"rests-closed-bouncing-for-an-hour", 0, 0x01u, 2, 0, false, 0, 1,
     {{247, 3, 14400}, {50, 100, 1}, {100, 100, 1}}},
    {"rests-open-bouncing-for-an-hour", 0, 0x01u, 1, 1, false, 0, 1,
     {{3, 7, 360000}, {3, 100, 1}, {100, 100, 1}}},
    {"rests-at-the-edge-for-an-hour", 0, 0x01u, 1, 0, false, 0, 1,
     {{20, 3, 1}, {9, 9, 200000}, {1, 100, 1}}},
    {"rests-closed-for-an-hour", 0, 0x01u, 2, 0, false, 0, 1, {{3600000, 100, 1}, {50, 50, 1}}},
    {"closed-at-start-bouncing-for-an-hour", 0, 0x01u, 1, 0, true, 0, 1,
     {{50, 3, 1}, {9, 9, 200000}, {9, 100, 1}, {100, 100, 1}}},
    {"counter-wraps-while-closed", NFW_VECTOR_COUNTER, 0xffu, 3, 0, false, UINT32_MAX - 205u, 1,
     {{50, 50, 1}, {20, 20, 2}}},
    {"counter-wraps-while-open", NFW_VECTOR_COUNTER, 0x01u, 2, 0, false, UINT32_MAX - 155u, 1,
     {{50, 12, 1}, {50, 50, 1}}},
    {"counter-wraps-in-bounces", NFW_VECTOR_COUNTER, 0x01u, 1, 0, false, UINT32_MAX - 105u, 1,
     {{1, 2, 4}, {50, 2, 1}, {1, 50, 1}}},
    {"counter-wraps-in-a-spike", NFW_VECTOR_COUNTER, 0x01u, 1, 1, false, UINT32_MAX - 104u, 1,
     {{9, 50, 1}, {50, 50, 1}}},
};
/* clang-format on */

#define NFW_PULSE_VECTORS (sizeof nfw_pulse_vectors / sizeof nfw_pulse_vectors[0])

/* Edge after edge of a vector; begins as {.vector = ..}. */
struct nfw_vector_player {
    const struct nfw_pulse_vector *vector;
    uint32_t next_ms; /* since the lead's end */
    uint32_t done;    /* of the stroke's times */
    uint16_t stroke;
    uint16_t turn;
    bool is_opening; /* the next edge opens */
};

static inline bool
nfw_vector_is_stroke(const struct nfw_pulse_vector *vector, unsigned stroke)
{
    return stroke < NFW_VECTOR_STROKES && vector->strokes[stroke].times != 0u;
}

/* @time_ms: since the lead's end; where a contact was closed at the start there is no edge at 0.
 * Returns: false when there are no more; @time_ms is then how long it all took. */
static inline bool
nfw_vector_next(struct nfw_vector_player *player, uint32_t *time_ms, bool *is_closed)
{
    const struct nfw_pulse_vector *vector = player->vector;
    const struct nfw_stroke *stroke = &vector->strokes[player->stroke];

    *time_ms = player->next_ms;
    if (player->turn == vector->times) {
        return false;
    }
    if (!player->is_opening) {
        player->is_opening = true;
        player->next_ms += stroke->closed_ms;
        if (*time_ms != 0u || !vector->is_closed_at_start) {
            *is_closed = true;
            return true;
        }
        *time_ms = player->next_ms;
    }
    *is_closed = false;
    player->is_opening = false;
    player->next_ms += stroke->open_ms;
    if (++player->done == stroke->times) {
        player->done = 0u;
        player->stroke++;
        if (!nfw_vector_is_stroke(vector, player->stroke)) {
            player->stroke = 0u;
            player->turn++;
        }
    }
    return true;
}

/*
 * Two reeds on one wheel: each character is a state, held for step_ms: 0 both open, 1 the first
 * closed, 3 both, 2 the second. A player begins with both open. Where both change at once they must
 * do so in the same millisecond, so those do not hold in real time.
 */
struct nfw_dual_vector {
    const char *name;
    uint8_t flags; /* NFW_VECTOR_REAL_TIME */
    const char *states;
    uint16_t step_ms;
    uint16_t times;
    int32_t count;
    uint16_t rejected;
};

static const struct nfw_dual_vector nfw_dual_vectors[] = {
    {"forwards", NFW_VECTOR_REAL_TIME, "1320", 40, 25, 25, 0},
    {"backwards", NFW_VECTOR_REAL_TIME, "2310", 40, 25, -25, 0},
    {"forth-and-back", NFW_VECTOR_REAL_TIME, "13202310", 40, 10, 0, 0},
    {"two-forth-one-back", NFW_VECTOR_REAL_TIME, "132013202310", 40, 10, 10, 0},
    {"bounces-between-0-and-1", NFW_VECTOR_REAL_TIME, "1010101320", 40, 5, 5, 0},
    {"bounces-between-1-and-3", NFW_VECTOR_REAL_TIME, "1313131320", 40, 5, 5, 0},
    {"bounces-between-3-and-2", NFW_VECTOR_REAL_TIME, "1323232320", 40, 5, 5, 0},
    {"bounces-between-2-and-0", NFW_VECTOR_REAL_TIME, "1320202020", 40, 5, 5, 0},
    {"rests-between-0-and-1", NFW_VECTOR_REAL_TIME, "1010101010", 40, 20, 0, 0},
    {"rests-between-2-and-0", NFW_VECTOR_REAL_TIME, "2020202020", 40, 20, 0, 0},
    {"turns-back-before-the-end", NFW_VECTOR_REAL_TIME, "132310", 40, 10, 0, 0},
    {"turns-back-late-and-goes-on", NFW_VECTOR_REAL_TIME, "13231320", 40, 10, 10, 0},
    {"both-at-once", 0, "30", 40, 5, 0, 5},
    {"jump-from-1-to-2", 0, "120", 40, 5, 0, 5},
    {"jump-then-a-turn", 0, "301320", 40, 5, 5, 5},
};

#define NFW_DUAL_VECTORS (sizeof nfw_dual_vectors / sizeof nfw_dual_vectors[0])
