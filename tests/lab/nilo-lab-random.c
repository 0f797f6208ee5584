/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-lab-random.h"

#define PPM 1000000u

/* splitmix64's finaliser: every input bit reaches every output bit */
static guint64
mix(guint64 x)
{
    x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/**
 * nilo_lab_hash:
 * @seed: the estate's seed
 * @a: first coordinate, for instance a meter
 * @b: second coordinate, for instance a day
 *
 * A number that depends on nothing but its arguments: what makes the estate repeatable.
 *
 * Returns: 64 evenly spread bits
 */
guint64
nilo_lab_hash(guint64 seed, guint64 a, guint64 b)
{
    const guint64 step = G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

    return mix(mix(mix(seed + step) + a + step) + b + step);
}

/**
 * nilo_lab_hash_text:
 * @seed: the estate's seed
 * @text: a name
 *
 * Returns: 64 evenly spread bits that depend on @seed and @text only
 */
guint64
nilo_lab_hash_text(guint64 seed, const char *text)
{
    guint64 hash = mix(seed + 1);

    for (const char *p = text; *p != '\0'; p++)
        hash = mix(hash * 257 + (guint8)*p);
    return hash;
}

/**
 * nilo_lab_random_init:
 * @random: the stream
 * @seed: any number
 *
 * Starts the stream anew.
 */
void
nilo_lab_random_init(NiloLabRandom *random, guint64 seed)
{
    random->state = seed;
}

/**
 * nilo_lab_random_next:
 * @random: the stream
 *
 * Returns: the next 64 bits
 */
guint64
nilo_lab_random_next(NiloLabRandom *random)
{
    random->state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return mix(random->state);
}

/**
 * nilo_lab_random_below:
 * @random: the stream
 * @limit: 1 or more
 *
 * Returns: a number from 0 to @limit - 1
 */
guint32
nilo_lab_random_below(NiloLabRandom *random, guint32 limit)
{
    return (guint32)(((nilo_lab_random_next(random) >> 32) * limit) >> 32);
}

/**
 * nilo_lab_random_happens:
 * @random: the stream
 * @ppm: chance in millionths; 0 takes nothing from the stream
 *
 * Returns: whether the thing happens this time
 */
gboolean
nilo_lab_random_happens(NiloLabRandom *random, guint32 ppm)
{
    if (ppm == 0)
        return FALSE;
    return nilo_lab_random_below(random, PPM) < ppm;
}
