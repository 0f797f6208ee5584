/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-search.h"

#include "nilo-mbus-makers.h"

#define STEP_TYPE     "(uuuuuuuuu)"
#define DIGITS        8
#define HEX_DIGITS    16
#define ANY_DIGIT     0xfu
#define LETTERS       26
#define ANY_BYTE      0xffu
#define STEPS_MAX     65536 /* of a checkpoint; more is damage */
#define FALLBACK_LAST 2

struct _NiloMbusSearch {
    GArray *steps; /* element-type NiloMbusStep; the last is the next */
    GArray *stuck; /* element-type NiloMbusStep; never saved: taken before the next step */
    guint heard;
};

NiloMbusSearch *
nilo_mbus_search_new(const NiloMbusAddress *mask)
{
    NiloMbusSearch *self = g_new0(NiloMbusSearch, 1);
    const NiloMbusStep step = {.mask = *mask, .fabrication = NILO_MBUS_ANY_IDENTIFICATION};

    self->steps = g_array_new(FALSE, FALSE, sizeof(NiloMbusStep));
    self->stuck = g_array_new(FALSE, FALSE, sizeof(NiloMbusStep));
    g_array_append_val(self->steps, step);
    return self;
}

void
nilo_mbus_search_free(NiloMbusSearch *self)
{
    g_array_unref(self->steps);
    g_array_unref(self->stuck);
    g_free(self);
}

void
nilo_mbus_search_note_heard(NiloMbusSearch *self)
{
    self->heard++;
}

static guint
get_shift(guint digit)
{
    return 4 * (DIGITS - 1 - digit);
}

static guint32
set_digit(guint32 digits, guint digit, guint value)
{
    const guint shift = get_shift(digit);

    return (digits & ~(0xfu << shift)) | value << shift;
}

static guint
get_digit(guint32 digits, guint digit)
{
    return digits >> get_shift(digit) & 0xf;
}

/* --- groups ------------------------------------------------------------------------------------
 */

static void
push(NiloMbusSearch *self, const NiloMbusStep *parent, const NiloMbusStep *changed)
{
    NiloMbusStep step = *changed;

    step.kind = NILO_MBUS_STEP_SELECT;
    step.level = parent->level + 1;
    step.try = 0;
    g_array_append_val(self->steps, step);
}

static void
push_identification(NiloMbusSearch *self, const NiloMbusStep *parent, guint first, guint end)
{
    for (guint value = end; value-- > first;) {
        NiloMbusStep step = *parent;

        step.mask.identification = set_digit(step.mask.identification, parent->level, value);
        push(self, parent, &step);
    }
}

static void
push_fabrication(NiloMbusSearch *self, const NiloMbusStep *parent, guint first, guint end)
{
    for (guint value = end; value-- > first;) {
        NiloMbusStep step = *parent;

        step.fabrication =
            set_digit(step.fabrication, parent->level - NILO_MBUS_LEVEL_MEDIUM, value);
        push(self, parent, &step);
    }
}

/* first letter and the upper two bits of the second: A to Z, so 1 to 26 */
static void
push_maker_high(NiloMbusSearch *self, const NiloMbusStep *parent)
{
    for (guint first = LETTERS; first >= 1; first--) {
        for (guint upper = 4; upper-- > 0;) {
            NiloMbusStep step = *parent;

            step.mask.manufacturer = (guint16)((first << 2 | upper) << 8 | ANY_BYTE);
            push(self, parent, &step);
        }
    }
}

/* the lower three bits of the second letter, and the third */
static void
push_maker_low(NiloMbusSearch *self, const NiloMbusStep *parent)
{
    const guint high = parent->mask.manufacturer & 0xff00u;

    for (guint lower = 8; lower-- > 0;) {
        const guint second = (high >> 8 & 3) << 3 | lower;

        if (second < 1 || second > LETTERS)
            continue;
        for (guint third = LETTERS; third >= 1; third--) {
            NiloMbusStep step = *parent;

            step.mask.manufacturer = (guint16)(high | lower << 5 | third);
            push(self, parent, &step);
        }
    }
}

static void
push_known_makers(NiloMbusSearch *self, const NiloMbusStep *parent)
{
    gsize n;
    const guint16 *makers = nilo_mbus_makers_get(&n);

    for (gsize i = n; i-- > 0;) {
        NiloMbusStep step = *parent;
        const NiloMbusStep half = {.level = NILO_MBUS_LEVEL_HALF_MAKER};

        step.mask.manufacturer = makers[i];
        push(self, &half, &step);
    }
}

static void
push_versions(NiloMbusSearch *self, const NiloMbusStep *parent)
{
    for (guint value = ANY_BYTE; value-- > 0;) {
        NiloMbusStep step = *parent;

        step.mask.version = (guint8)value;
        push(self, parent, &step);
    }
}

static gboolean
is_named_medium(guint medium)
{
    return g_strcmp0(nilo_mbus_medium_get_name((guint8)medium), "reserved") != 0;
}

static void
push_media(NiloMbusSearch *self, const NiloMbusStep *parent, gboolean named)
{
    for (guint value = ANY_BYTE; value-- > 0;) {
        NiloMbusStep step = *parent;

        if (is_named_medium(value) != named)
            continue;
        step.mask.medium = (guint8)value;
        push(self, parent, &step);
    }
}

/* whether the caller's own mask fixes what the next level would */
static gboolean
is_fixed(const NiloMbusStep *step)
{
    if (step->level < NILO_MBUS_LEVEL_DIGITS)
        return get_digit(step->mask.identification, step->level) != ANY_DIGIT;
    switch (step->level) {
    case NILO_MBUS_LEVEL_DIGITS:
        return step->mask.manufacturer != NILO_MBUS_ANY_MANUFACTURER;
    case NILO_MBUS_LEVEL_HALF_MAKER:
        return (step->mask.manufacturer & ANY_BYTE) != ANY_BYTE;
    case NILO_MBUS_LEVEL_MAKER:
        return step->mask.version != NILO_MBUS_ANY_VERSION;
    case NILO_MBUS_LEVEL_VERSION:
        return step->mask.medium != NILO_MBUS_ANY_MEDIUM;
    default:
        return FALSE;
    }
}

static void
push_group(NiloMbusSearch *self, const NiloMbusStep *parent)
{
    NiloMbusStep fallback = *parent;

    fallback.kind = NILO_MBUS_STEP_FALLBACK;
    fallback.try = 1;
    fallback.heard = self->heard;
    g_array_append_val(self->steps, fallback);
    if (parent->level < NILO_MBUS_LEVEL_DIGITS)
        push_identification(self, parent, 0, 10);
    else if (parent->level == NILO_MBUS_LEVEL_DIGITS)
        push_maker_high(self, parent);
    else if (parent->level == NILO_MBUS_LEVEL_HALF_MAKER)
        push_maker_low(self, parent);
    else if (parent->level == NILO_MBUS_LEVEL_MAKER)
        push_versions(self, parent);
    else if (parent->level == NILO_MBUS_LEVEL_VERSION)
        push_media(self, parent, TRUE);
    else
        push_fabrication(self, parent, 0, 10);
}

gboolean
nilo_mbus_search_narrow(NiloMbusSearch *self, const NiloMbusStep *step)
{
    NiloMbusStep parent = *step;

    while (is_fixed(&parent))
        parent.level++;
    if (parent.level >= NILO_MBUS_LEVEL_ALL)
        return FALSE;
    push_group(self, &parent);
    return TRUE;
}

void
nilo_mbus_search_probe_behind(NiloMbusSearch *self, const NiloMbusStep *step,
                              const NiloMbusAddress *found)
{
    for (guint digit = DIGITS; digit-- > step->level;) {
        NiloMbusStep probe = *step;

        if (get_digit(step->mask.identification, digit) != ANY_DIGIT)
            continue;
        for (guint i = 0; i < digit; i++)
            probe.mask.identification =
                set_digit(probe.mask.identification, i, get_digit(found->identification, i));
        probe.kind = NILO_MBUS_STEP_PROBE;
        probe.level = digit + 1;
        for (guint value = 10; value-- > 0;) {
            if (value == get_digit(found->identification, digit))
                continue;
            probe.mask.identification = set_digit(probe.mask.identification, digit, value);
            g_array_append_val(self->steps, probe);
        }
    }
}

/* --- steps -------------------------------------------------------------------------------------
 */

/* pushes the group of the next level, with nothing fixed at this one */
static void
skip_level(NiloMbusSearch *self, const NiloMbusStep *step, guint level)
{
    NiloMbusStep parent = *step;

    parent.kind = NILO_MBUS_STEP_SELECT;
    parent.level = level;
    if (!nilo_mbus_search_narrow(self, &parent))
        g_array_append_val(self->stuck, parent);
}

static void
push_fallback(NiloMbusSearch *self, const NiloMbusStep *step)
{
    NiloMbusStep again = *step;

    again.try = step->try + 1;
    if (again.try <= FALLBACK_LAST)
        g_array_append_val(self->steps, again);
}

/* several meters were heard, but none of them to any of the narrower masks */
static void
fall_back(NiloMbusSearch *self, const NiloMbusStep *step)
{
    if (step->level < NILO_MBUS_LEVEL_DIGITS) {
        /* digits beyond 9 are not allowed, and seen */
        if (step->try == 1)
            push_identification(self, step, 10, HEX_DIGITS - 1);
        return;
    }
    switch (step->level) {
    case NILO_MBUS_LEVEL_DIGITS:
    case NILO_MBUS_LEVEL_HALF_MAKER:
        push_fallback(self, step);
        if (step->try == 1)
            push_known_makers(self, step);
        else
            skip_level(self, step, NILO_MBUS_LEVEL_MAKER);
        return;
    case NILO_MBUS_LEVEL_MAKER:
        skip_level(self, step, NILO_MBUS_LEVEL_VERSION);
        return;
    case NILO_MBUS_LEVEL_VERSION:
        push_fallback(self, step);
        if (step->try == 1)
            push_media(self, step, FALSE);
        else
            skip_level(self, step, NILO_MBUS_LEVEL_MEDIUM);
        return;
    default:
        g_array_append_val(self->stuck, *step);
    }
}

gboolean
nilo_mbus_search_next(NiloMbusSearch *self, NiloMbusStep *step)
{
    while (self->steps->len > 0) {
        const NiloMbusStep last = g_array_index(self->steps, NiloMbusStep, self->steps->len - 1);

        g_array_set_size(self->steps, self->steps->len - 1);
        if (last.kind != NILO_MBUS_STEP_FALLBACK) {
            *step = last;
            return TRUE;
        }
        if (last.heard == self->heard)
            fall_back(self, &last);
        if (self->stuck->len > 0)
            return FALSE;
    }
    return FALSE;
}

gboolean
nilo_mbus_search_take_stuck(NiloMbusSearch *self, NiloMbusStep *step)
{
    if (self->stuck->len == 0)
        return FALSE;
    *step = g_array_index(self->stuck, NiloMbusStep, self->stuck->len - 1);
    g_array_set_size(self->stuck, self->stuck->len - 1);
    return TRUE;
}

/* --- checkpoints -------------------------------------------------------------------------------
 */

/* a step as it is saved: of fixed size, so that saving hundreds after each step costs nothing */
typedef struct {
    guint32 kind;
    guint32 identification;
    guint32 manufacturer;
    guint32 version;
    guint32 medium;
    guint32 fabrication;
    guint32 level;
    guint32 try;
    guint32 heard;
} SavedStep;

GVariant *
nilo_mbus_search_to_variant(NiloMbusSearch *self)
{
    g_autofree SavedStep *saved = g_new(SavedStep, self->steps->len + 1);

    for (guint i = 0; i < self->steps->len; i++) {
        const NiloMbusStep *step = &g_array_index(self->steps, NiloMbusStep, i);

        saved[i] = (SavedStep){
            .kind = step->kind,
            .identification = step->mask.identification,
            .manufacturer = step->mask.manufacturer,
            .version = step->mask.version,
            .medium = step->mask.medium,
            .fabrication = step->fabrication,
            .level = step->level,
            .try = step->try,
            .heard = step->heard,
        };
    }
    return g_variant_new("(u@a" STEP_TYPE ")", self->heard,
                         g_variant_new_fixed_array(G_VARIANT_TYPE(STEP_TYPE), saved,
                                                   self->steps->len, sizeof(SavedStep)));
}

NiloMbusSearch *
nilo_mbus_search_from_variant(GVariant *variant)
{
    g_autoptr(NiloMbusSearch) self = NULL;
    g_autoptr(GVariant) steps = NULL;
    const SavedStep *saved;
    gsize n;

    if (!g_variant_is_of_type(variant, G_VARIANT_TYPE("(ua" STEP_TYPE ")")))
        return NULL;
    self = nilo_mbus_search_new(&NILO_MBUS_ADDRESS_ANY);
    g_array_set_size(self->steps, 0);
    g_variant_get(variant, "(u@a" STEP_TYPE ")", &self->heard, &steps);
    saved = g_variant_get_fixed_array(steps, &n, sizeof(SavedStep));
    if (n > STEPS_MAX)
        return NULL;
    for (gsize i = 0; i < n; i++) {
        const NiloMbusStep step = {
            .kind = (NiloMbusStepKind)saved[i].kind,
            .mask = {saved[i].identification, (guint16)saved[i].manufacturer,
                     (guint8)saved[i].version, (guint8)saved[i].medium},
            .fabrication = saved[i].fabrication,
            .level = saved[i].level,
            .try = saved[i].try,
            .heard = saved[i].heard,
        };

        if (saved[i].kind > NILO_MBUS_STEP_FALLBACK || step.level > NILO_MBUS_LEVEL_ALL)
            return NULL;
        g_array_append_val(self->steps, step);
    }
    return g_steal_pointer(&self);
}
