/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-config-value.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "nilo-nearest.h"
#include "nilo-param.h"
#include "nilo-secret.h"

/* one way to write a unit: @factor of them make @divisor of the key's own */
typedef struct {
    const char *suffix; /* of the key's name; the first entry of a suffix is the unit itself */
    const char *text;
    guint64 factor;
    guint64 divisor;
} UnitScale;

/* a suffix that ends like a shorter one stands before it */
static const UnitScale unit_scales[] = {
    {"-ml-per-h", "ml/h", 1, 1},
    {"-ml-per-h", "l/h", 1000, 1},
    {"-ml-per-h", "m3/h", 1000000, 1},
    {"-ml-per-h", "m³/h", 1000000, 1},
    {"-ml", "ml", 1, 1},
    {"-ml", "l", 1000, 1},
    {"-ml", "m3", 1000000, 1},
    {"-ml", "m³", 1000000, 1},
    {"-us", "us", 1, 1},
    {"-us", "ms", 1000, 1},
    {"-us", "s", 1000000, 1},
    {"-ms", "ms", 1, 1},
    {"-ms", "us", 1, 1000},
    {"-ms", "s", 1000, 1},
    {"-ms", "min", 60000, 1},
    {"-ms", "h", 3600000, 1},
    {"-s", "s", 1, 1},
    {"-s", "ms", 1, 1000},
    {"-s", "min", 60, 1},
    {"-s", "h", 3600, 1},
    {"-s", "d", 86400, 1},
    {"-min", "min", 1, 1},
    {"-min", "h", 60, 1},
    {"-min", "d", 1440, 1},
    {"-h", "h", 1, 1},
    {"-h", "d", 24, 1},
    {"-days", "d", 1, 1},
    {"-baud", "Bd", 1, 1},
    {"-baud", "baud", 1, 1},
    {"-baud", "kBd", 1000, 1},
    {"-bytes", "B", 1, 1},
    {"-bytes", "bytes", 1, 1},
    {"-bytes", "kB", 1000, 1},
    {"-bytes", "MB", 1000000, 1},
    {"-bytes", "GB", 1000000000, 1},
    {"-bytes", "KiB", 1024, 1},
    {"-bytes", "MiB", 1048576, 1},
    {"-bytes", "GiB", 1073741824, 1},
    {"-mv", "mV", 1, 1},
    {"-mv", "V", 1000, 1},
    {"-percent", "%", 1, 1},
};

/* a whole number and what it may be; negative ones only in signed types */
typedef struct {
    gint64 minimum;
    guint64 maximum;
} Range;

typedef struct {
    gboolean negative;
    guint64 size;
} Number;

gboolean
nilo_config_value_is_key(const GParamSpec *spec)
{
    return (spec->flags & NILO_PARAM_CONFIG_FLAG) != 0;
}

static const UnitScale *
find_unit(const GParamSpec *spec)
{
    for (gsize i = 0; i < G_N_ELEMENTS(unit_scales); i++) {
        if (g_str_has_suffix(spec->name, unit_scales[i].suffix))
            return &unit_scales[i];
    }
    return NULL;
}

static gboolean
get_range(GParamSpec *spec, Range *range)
{
    if (G_IS_PARAM_SPEC_UINT(spec))
        *range = (Range){G_PARAM_SPEC_UINT(spec)->minimum, G_PARAM_SPEC_UINT(spec)->maximum};
    else if (G_IS_PARAM_SPEC_INT(spec))
        *range = (Range){G_PARAM_SPEC_INT(spec)->minimum, (guint64)G_PARAM_SPEC_INT(spec)->maximum};
    else if (G_IS_PARAM_SPEC_INT64(spec))
        *range =
            (Range){G_PARAM_SPEC_INT64(spec)->minimum, (guint64)G_PARAM_SPEC_INT64(spec)->maximum};
    else if (G_IS_PARAM_SPEC_UINT64(spec))
        *range =
            (Range){(gint64)G_PARAM_SPEC_UINT64(spec)->minimum, G_PARAM_SPEC_UINT64(spec)->maximum};
    else
        return FALSE;
    return TRUE;
}

const char *
nilo_config_value_get_unit(const GParamSpec *spec)
{
    Range range;
    const UnitScale *unit = find_unit(spec);

    return unit != NULL && get_range((GParamSpec *)spec, &range) ? unit->text : NULL;
}

/* "60000, 1.5 s or 2 min" would be too clever: the units that fit, in one breath */
static char *
list_units(const GParamSpec *spec)
{
    const UnitScale *own = find_unit(spec);
    GString *text = g_string_new(NULL);

    for (const UnitScale *unit = own;
         unit < unit_scales + G_N_ELEMENTS(unit_scales) && strcmp(unit->suffix, own->suffix) == 0;
         unit++)
        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", unit->text);
    return g_string_free(text, FALSE);
}

static gboolean
find_scale(const GParamSpec *spec, const char *text, const char *unit, const UnitScale **scale,
           GError **error)
{
    const UnitScale *own = find_unit(spec);
    g_autofree char *units = NULL;

    *scale = own;
    if (*unit == '\0')
        return TRUE;
    if (own == NULL) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("found \"%s\", expected a whole number without a unit"), text);
        return FALSE;
    }
    for (const UnitScale *try = own;
         try < unit_scales + G_N_ELEMENTS(unit_scales) && strcmp(try->suffix, own->suffix) == 0;
         try++) {
        if (strcmp(try->text, unit) == 0) {
            *scale = try;
            return TRUE;
        }
    }
    units = list_units(spec);
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("found \"%s\", expected a number alone or with one of the units %s"), text,
                units);
    return FALSE;
}

/* digits with an optional decimal point, as mantissa and power of ten; too many digits saturate */
static const char *
scan_decimal(const char *text, guint64 *mantissa, guint64 *power, gboolean *overflow)
{
    gboolean behind_point = FALSE;
    guint digits = 0;

    *mantissa = 0;
    *power = 1;
    *overflow = FALSE;
    for (; g_ascii_isdigit(*text) || (*text == '.' && !behind_point && digits > 0); text++) {
        if (*text == '.') {
            behind_point = TRUE;
            continue;
        }
        digits++;
        if (!g_uint64_checked_mul(mantissa, *mantissa, 10) ||
            !g_uint64_checked_add(mantissa, *mantissa, (guint64)(*text - '0')) ||
            (behind_point && !g_uint64_checked_mul(power, *power, 10)))
            *overflow = TRUE;
    }
    return digits > 0 && text[-1] != '.' ? text : NULL;
}

static void
report_not_whole(const GParamSpec *spec, const char *text, GError **error)
{
    const UnitScale *own = find_unit(spec);

    if (own != NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("found \"%s\", expected a whole number of %s"), text, own->text);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("found \"%s\", expected a whole number"), text);
}

static gboolean
parse_number(const GParamSpec *spec, const char *text, Number *number, gboolean *overflow,
             GError **error)
{
    const UnitScale *scale;
    const char *rest = text;
    guint64 mantissa, power;

    number->negative = *rest == '-';
    if (number->negative)
        rest++;
    rest = scan_decimal(rest, &mantissa, &power, overflow);
    if (rest == NULL) {
        report_not_whole(spec, text, error);
        return FALSE;
    }
    while (*rest == ' ')
        rest++;
    if (!find_scale(spec, text, rest, &scale, error))
        return FALSE;
    if (*overflow)
        return TRUE;
    if (scale != NULL &&
        (!g_uint64_checked_mul(&mantissa, mantissa, *rest != '\0' ? scale->factor : 1) ||
         !g_uint64_checked_mul(&power, power, *rest != '\0' ? scale->divisor : 1))) {
        *overflow = TRUE;
        return TRUE;
    }
    if (mantissa % power != 0) {
        report_not_whole(spec, text, error);
        return FALSE;
    }
    number->size = mantissa / power;
    return TRUE;
}

static gboolean
is_in_range(const Number *number, const Range *range, GParamSpec *spec)
{
    if (number->negative && number->size > 0)
        return !G_IS_PARAM_SPEC_UINT64(spec) && range->minimum < 0 &&
               number->size <= (guint64)(-(range->minimum + 1)) + 1;
    if (number->size > range->maximum)
        return FALSE;
    if (G_IS_PARAM_SPEC_UINT64(spec))
        return number->size >= (guint64)range->minimum;
    return range->minimum <= 0 || number->size >= (guint64)range->minimum;
}

static gboolean
parse_integer(GParamSpec *spec, const Range *range, const char *text, GValue *value, GError **error)
{
    gboolean overflow = FALSE;
    Number number;

    if (!parse_number(spec, text, &number, &overflow, error))
        return FALSE;
    if (overflow || !is_in_range(&number, range, spec)) {
        g_autofree char *expected = nilo_config_value_get_range(spec);

        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("found \"%s\", expected %s"), text,
                    expected);
        return FALSE;
    }
    g_value_init(value, spec->value_type);
    if (G_IS_PARAM_SPEC_UINT(spec))
        g_value_set_uint(value, (guint)number.size);
    else if (G_IS_PARAM_SPEC_INT(spec))
        g_value_set_int(value, (gint)(number.negative ? 0 - number.size : number.size));
    else if (G_IS_PARAM_SPEC_UINT64(spec))
        g_value_set_uint64(value, number.size);
    else
        g_value_set_int64(value, (gint64)(number.negative ? 0 - number.size : number.size));
    return TRUE;
}

static gboolean
parse_boolean(GParamSpec *spec, const char *text, GValue *value, GError **error)
{
    const gboolean yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("found \"%s\", expected yes or no"),
                    text);
        return FALSE;
    }
    g_value_init(value, spec->value_type);
    g_value_set_boolean(value, yes);
    return TRUE;
}

static GPtrArray *
list_nicks(GParamSpec *spec)
{
    GPtrArray *nicks = g_ptr_array_new();

    if (G_IS_PARAM_SPEC_ENUM(spec)) {
        const GEnumClass *klass = G_PARAM_SPEC_ENUM(spec)->enum_class;

        for (guint i = 0; i < klass->n_values; i++)
            g_ptr_array_add(nicks, (gpointer)klass->values[i].value_nick);
    } else if (G_IS_PARAM_SPEC_FLAGS(spec)) {
        const GFlagsClass *klass = G_PARAM_SPEC_FLAGS(spec)->flags_class;

        for (guint i = 0; i < klass->n_values; i++)
            g_ptr_array_add(nicks, (gpointer)klass->values[i].value_nick);
    }
    return nicks;
}

static char *
join(GPtrArray *names)
{
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

static void
report_no_nick(GParamSpec *spec, const char *text, GError **error)
{
    g_autoptr(GPtrArray) nicks = list_nicks(spec);
    const char *nearest = nilo_nearest_find(text, (const char *const *)nicks->pdata, nicks->len);
    g_autofree char *list = join(nicks);

    if (nearest != NULL)
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("found \"%s\", expected one of %s; did you mean \"%s\"?"), text, list,
                    nearest);
    else
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE, _("found \"%s\", expected one of %s"),
                    text, list);
}

static gboolean
parse_enum(GParamSpec *spec, const char *text, GValue *value, GError **error)
{
    const GEnumValue *found = g_enum_get_value_by_nick(G_PARAM_SPEC_ENUM(spec)->enum_class, text);

    if (found == NULL) {
        report_no_nick(spec, text, error);
        return FALSE;
    }
    g_value_init(value, spec->value_type);
    g_value_set_enum(value, found->value);
    return TRUE;
}

static gboolean
parse_flags(GParamSpec *spec, const char *text, GValue *value, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ";", -1);
    guint flags = 0;

    for (gsize i = 0; parts[i] != NULL; i++) {
        const char *part = g_strstrip(parts[i]);
        const GFlagsValue *found;

        if (*part == '\0')
            continue;
        found = g_flags_get_value_by_nick(G_PARAM_SPEC_FLAGS(spec)->flags_class, part);
        if (found == NULL) {
            report_no_nick(spec, part, error);
            return FALSE;
        }
        flags |= found->value;
    }
    g_value_init(value, spec->value_type);
    g_value_set_flags(value, flags);
    return TRUE;
}

static gboolean
parse_string(GParamSpec *spec, const char *text, GValue *value, GError **error)
{
    g_autofree char *secret = NULL;

    if ((spec->flags & NILO_PARAM_SECRET) != 0) {
        secret = nilo_secret_load(text, error);
        if (secret == NULL)
            return FALSE;
        text = secret;
    } else if (*text == '\0' && (spec->flags & NILO_PARAM_REQUIRED) != 0) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    _("found nothing behind the =, expected a value"));
        return FALSE;
    }
    g_value_init(value, spec->value_type);
    g_value_set_string(value, text);
    return TRUE;
}

gboolean
nilo_config_value_parse(GParamSpec *spec, const char *text, GValue *value, GError **error)
{
    Range range;

    if (G_IS_PARAM_SPEC_STRING(spec))
        return parse_string(spec, text, value, error);
    if (G_IS_PARAM_SPEC_BOOLEAN(spec))
        return parse_boolean(spec, text, value, error);
    if (G_IS_PARAM_SPEC_ENUM(spec))
        return parse_enum(spec, text, value, error);
    if (G_IS_PARAM_SPEC_FLAGS(spec))
        return parse_flags(spec, text, value, error);
    if (get_range(spec, &range))
        return parse_integer(spec, &range, text, value, error);
    if (spec->value_type == G_TYPE_STRV) {
        g_value_init(value, G_TYPE_STRV);
        g_value_take_boxed(value, *text != '\0' ? g_strsplit(text, ";", -1) : g_new0(char *, 1));
        return TRUE;
    }
    g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                _("a key cannot have the type %s: the plugin is wrong"),
                g_type_name(spec->value_type));
    return FALSE;
}

gboolean
nilo_config_value_parse_key(GParamSpec *spec, const NiloKeyfileGroup *group, GValue *value,
                            GError **error)
{
    g_autofree char *text = NULL;
    GStrv list;

    if (spec->value_type == G_TYPE_STRV) {
        list = nilo_keyfile_group_get_list(group, spec->name, error);
        if (list == NULL)
            return FALSE;
        g_value_init(value, G_TYPE_STRV);
        g_value_take_boxed(value, list);
        return TRUE;
    }
    text = nilo_keyfile_group_get_text(group, spec->name, error);
    return text != NULL && nilo_config_value_parse(spec, text, value, error);
}

static char *
flags_to_text(GParamSpec *spec, guint flags)
{
    const GFlagsClass *klass = G_PARAM_SPEC_FLAGS(spec)->flags_class;
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < klass->n_values; i++) {
        const guint bits = klass->values[i].value;

        if (bits != 0 && (flags & bits) == bits)
            g_string_append_printf(text, "%s%s", text->len > 0 ? ";" : "",
                                   klass->values[i].value_nick);
    }
    return g_string_free(text, FALSE);
}

char *
nilo_config_value_to_text(GParamSpec *spec, const GValue *value)
{
    if (G_IS_PARAM_SPEC_STRING(spec))
        return g_strdup(g_value_get_string(value) != NULL ? g_value_get_string(value) : "");
    if (G_IS_PARAM_SPEC_BOOLEAN(spec))
        return g_strdup(g_value_get_boolean(value) ? "yes" : "no");
    if (G_IS_PARAM_SPEC_ENUM(spec)) {
        const GEnumValue *found =
            g_enum_get_value(G_PARAM_SPEC_ENUM(spec)->enum_class, g_value_get_enum(value));

        return g_strdup(found != NULL ? found->value_nick : "");
    }
    if (G_IS_PARAM_SPEC_FLAGS(spec))
        return flags_to_text(spec, g_value_get_flags(value));
    if (G_IS_PARAM_SPEC_UINT(spec))
        return g_strdup_printf("%u", g_value_get_uint(value));
    if (G_IS_PARAM_SPEC_INT(spec))
        return g_strdup_printf("%d", g_value_get_int(value));
    if (G_IS_PARAM_SPEC_UINT64(spec))
        return g_strdup_printf("%" G_GUINT64_FORMAT, g_value_get_uint64(value));
    if (G_IS_PARAM_SPEC_INT64(spec))
        return g_strdup_printf("%" G_GINT64_FORMAT, g_value_get_int64(value));
    if (spec->value_type == G_TYPE_STRV && g_value_get_boxed(value) != NULL)
        return g_strjoinv(";", g_value_get_boxed(value));
    return g_strdup("");
}

char *
nilo_config_value_get_range(GParamSpec *spec)
{
    const UnitScale *unit = find_unit(spec);
    g_autofree char *minimum = NULL;
    g_autofree char *maximum = NULL;
    g_autofree char *numbers = NULL;
    Range range;

    if (G_IS_PARAM_SPEC_BOOLEAN(spec))
        return g_strdup("yes, no");
    if (G_IS_PARAM_SPEC_ENUM(spec) || G_IS_PARAM_SPEC_FLAGS(spec)) {
        g_autoptr(GPtrArray) nicks = list_nicks(spec);

        return join(nicks);
    }
    if (!get_range(spec, &range))
        return NULL;
    minimum = G_IS_PARAM_SPEC_UINT64(spec)
                  ? g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)range.minimum)
                  : g_strdup_printf("%" G_GINT64_FORMAT, range.minimum);
    maximum = g_strdup_printf("%" G_GUINT64_FORMAT, range.maximum);
    numbers = g_strdup_printf(_("%s to %s"), minimum, maximum);
    return unit != NULL ? g_strdup_printf("%s %s", numbers, unit->text) : g_steal_pointer(&numbers);
}

const char *
nilo_config_value_get_type_name(GParamSpec *spec)
{
    Range range;

    if ((spec->flags & NILO_PARAM_SECRET) != 0)
        return "secret";
    if (G_IS_PARAM_SPEC_STRING(spec))
        return "string";
    if (G_IS_PARAM_SPEC_BOOLEAN(spec))
        return "boolean";
    if (G_IS_PARAM_SPEC_ENUM(spec))
        return "choice";
    if (G_IS_PARAM_SPEC_FLAGS(spec))
        return "flags";
    if (get_range(spec, &range))
        return "integer";
    return spec->value_type == G_TYPE_STRV ? "list" : "unsupported";
}
