/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <string.h>

#include "nilo-ctl-client.h"
#include "nilo-ctl-output.h"
#include "nilo-ctl.h"

static void
print_result(NiloCtl *ctl, GVariant *reply)
{
    g_autoptr(GVariant) result = g_variant_get_child_value(reply, 0);
    GVariantIter entries;
    GVariant *value;
    const char *key;

    if (ctl->json) {
        nilo_ctl_print_json(result);
        return;
    }
    g_print("%s\n", _("done, and read back:"));
    g_variant_iter_init(&entries, result);
    while (g_variant_iter_loop(&entries, "{&sv}", &key, &value)) {
        g_autofree char *text = g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)
                                    ? g_variant_dup_string(value, NULL)
                                    : g_variant_print(value, FALSE);

        g_print("  %s: %s\n", key, text);
    }
}

static NiloCtlExit
write_meter(NiloCtl *ctl, const char *id, const char *kind, GVariant *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        nilo_ctl_call(ctl, NULL, NULL, "WriteMeter",
                      g_variant_new("(ss@a{sv})", id, kind, arguments), &error);

    if (reply == NULL)
        return nilo_ctl_fail(error);
    print_result(ctl, reply);
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_valve(NiloCtl *ctl, int argc, char **argv)
{
    static const char usage[] = "valve METER open|close --reason TEXT";
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    gboolean open;

    if (argc != 5 || strcmp(argv[3], "--reason") != 0 || argv[4][0] == '\0')
        return nilo_ctl_usage(usage);
    open = strcmp(argv[2], "open") == 0;
    if (!open && strcmp(argv[2], "close") != 0)
        return nilo_ctl_usage(usage);
    reply = nilo_ctl_call(ctl, NULL, NULL, "SetValve",
                          g_variant_new("(sbs)", argv[1], open, argv[4]), &error);
    if (reply == NULL)
        return nilo_ctl_fail(error);
    print_result(ctl, reply);
    return NILO_CTL_OK;
}

NiloCtlExit
nilo_ctl_set_clock(NiloCtl *ctl, int argc, char **argv)
{
    if (argc != 2)
        return nilo_ctl_usage("set-clock METER");
    return write_meter(ctl, argv[1], "set-clock",
                       g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
}

NiloCtlExit
nilo_ctl_set_address(NiloCtl *ctl, int argc, char **argv)
{
    GVariantDict arguments;

    if (argc != 3)
        return nilo_ctl_usage("set-address METER ADDRESS");
    g_variant_dict_init(&arguments, NULL);
    g_variant_dict_insert(&arguments, "address", "s", argv[2]);
    return write_meter(ctl, argv[1], "set-address", g_variant_dict_end(&arguments));
}

/* "12.5" -> 1250: hundredths, as the meter counts */
static gboolean
parse_hundredths(const char *text, gint64 *hundredths)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 2);
    g_autofree char *decimals = NULL;
    guint64 whole, fraction = 0;

    if (!g_ascii_string_to_unsigned(parts[0], 10, 0, 999999, &whole, NULL))
        return FALSE;
    if (parts[1] != NULL) {
        if (strlen(parts[1]) < 1 || strlen(parts[1]) > 2)
            return FALSE;
        decimals = g_strdup_printf("%s%s", parts[1], strlen(parts[1]) == 1 ? "0" : "");
        if (!g_ascii_string_to_unsigned(decimals, 10, 0, 99, &fraction, NULL))
            return FALSE;
    }
    *hundredths = (gint64)(whole * 100 + fraction);
    return TRUE;
}

NiloCtlExit
nilo_ctl_purchase(NiloCtl *ctl, int argc, char **argv)
{
    GVariantDict arguments;
    guint64 number;
    gint64 amount;

    if (argc != 4 || !g_ascii_string_to_unsigned(argv[2], 10, 0, 255, &number, NULL) ||
        !parse_hundredths(argv[3], &amount))
        return nilo_ctl_usage("purchase METER NUMBER AMOUNT");
    g_variant_dict_init(&arguments, NULL);
    g_variant_dict_insert(&arguments, "number", "u", (guint32)number);
    g_variant_dict_insert(&arguments, "amount", "x", amount);
    return write_meter(ctl, argv[1], "purchase", g_variant_dict_end(&arguments));
}
