/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-test-peer.h"

#include <string.h>

#define SETTINGS_MAX 8

static void
answer_next(const guint8 *request, gsize size, GByteArray *answer, gpointer user_data)
{
    NiloCjt188TestPeer *self = user_data;
    const char *words = self->next < self->n_answers ? self->answers[self->next] : NULL;

    self->next++;
    if (words != NULL)
        nilo_cjt188_test_answer_expand(words, request, size, answer);
}

static void
set_value(GParamSpec *spec, const char *text, GValue *value)
{
    g_assert_nonnull(spec);
    g_assert_cmpuint(spec->flags & NILO_PARAM_CONFIG_FLAG, !=, 0);
    g_value_init(value, spec->value_type);
    if (G_IS_PARAM_SPEC_UINT(spec))
        g_value_set_uint(value, (guint)g_ascii_strtoull(text, NULL, 10));
    else if (G_IS_PARAM_SPEC_BOOLEAN(spec))
        g_value_set_boolean(value, g_str_equal(text, "yes"));
    else if (G_IS_PARAM_SPEC_ENUM(spec))
        g_value_set_enum(
            value, g_enum_get_value_by_nick(G_PARAM_SPEC_ENUM(spec)->enum_class, text)->value);
    else
        g_value_set_string(value, text);
}

GObject *
nilo_cjt188_test_make_settings(const char *settings)
{
    g_auto(GStrv) parts = g_strsplit(settings != NULL ? settings : "", " ", SETTINGS_MAX);
    GObjectClass *object_class = g_type_class_ref(NILO_TYPE_CJT188_SETTINGS);
    const char *names[SETTINGS_MAX];
    GValue values[SETTINGS_MAX] = {0};
    guint n = 0;
    GObject *made;

    for (; parts[n] != NULL && parts[n][0] != '\0'; n++) {
        char *equals = strchr(parts[n], '=');

        g_assert_nonnull(equals);
        *equals = '\0';
        names[n] = parts[n];
        set_value(g_object_class_find_property(object_class, parts[n]), equals + 1, &values[n]);
    }
    made = g_object_new_with_properties(NILO_TYPE_CJT188_SETTINGS, n, names, values);
    for (guint i = 0; i < n; i++)
        g_value_unset(&values[i]);
    g_type_class_unref(object_class);
    return made;
}

void
nilo_cjt188_test_peer_init(NiloCjt188TestPeer *self, const char *settings,
                           const char *const *answers, guint n_answers)
{
    g_autoptr(NiloMeterId) id = nilo_meter_id_new("cjt188:78330011223344", NULL);
    g_autoptr(GObject) own = nilo_cjt188_test_make_settings(settings);

    *self = (NiloCjt188TestPeer){.answers = answers, .n_answers = n_answers};
    self->clock = NILO_CLOCK(nilo_fake_clock_new(NILO_CJT188_TEST_NOW_US));
    self->channel = nilo_cjt188_test_channel_new(self->clock, answer_next, self);
    self->driver = g_object_new(NILO_TYPE_CJT188_DRIVER, NULL);
    self->meter = nilo_meter_new(id, "bus", "cjt188", NULL, NULL, own);
    self->builder = nilo_report_builder_new(id);
}

void
nilo_cjt188_test_peer_clear(NiloCjt188TestPeer *self)
{
    g_clear_object(&self->channel);
    g_clear_object(&self->driver);
    g_clear_object(&self->meter);
    g_clear_object(&self->clock);
    g_clear_pointer(&self->builder, nilo_report_builder_free);
}

static void
show_reading(GString *text, const NiloReading *reading)
{
    g_autofree char *reg = nilo_register_to_text(reading->reg);
    g_autofree char *value = nilo_value_to_text(&reading->value);
    const char *unit = nilo_unit_get_name((NiloUnit)reading->value.unit);

    g_string_append_printf(text, "%s%s ", text->len > 0 ? "; " : "", reg);
    if ((reading->flags & NILO_READING_INVALID) != 0)
        g_string_append(text, "invalid");
    else
        g_string_append_printf(text, "%s%s%s", value, unit[0] != '\0' ? " " : "", unit);
    if ((reading->flags & NILO_READING_METER_TIME) != 0) {
        g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(reading->taken_us / G_USEC_PER_SEC);
        g_autofree char *shown = g_date_time_format(at, " at %Y-%m-%dT%H:%M:%SZ");

        g_string_append(text, shown);
    }
}

char *
nilo_cjt188_test_show_readings(const NiloReport *report)
{
    GString *text = g_string_new(NULL);
    gsize n;
    const NiloReading *readings = nilo_report_get_readings(report, &n);

    for (gsize i = 0; i < n; i++)
        show_reading(text, &readings[i]);
    return g_string_free(text, FALSE);
}

char *
nilo_cjt188_test_show_facts(const NiloReport *report)
{
    GString *text = g_string_new(NULL);
    gsize n;
    const NiloFact *facts = nilo_report_get_facts(report, &n);

    for (gsize i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s: %s", i > 0 ? "; " : "", facts[i].key, facts[i].text);
    return g_string_free(text, FALSE);
}

char *
nilo_cjt188_test_show_status(guint status)
{
    static const char *const names[] = {
        "battery-low",  "permanent-error", "temporary-error", "alarm", "valve-open",
        "valve-closed", "valve-fault",     "tamper",          "leak",  "vendor",
    };
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if ((status & 1u << i) != 0)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", names[i]);
    }
    return g_string_free(text, FALSE);
}
