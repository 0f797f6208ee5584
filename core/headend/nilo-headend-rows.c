/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-headend-rows.h"

#include <stdio.h>

#define JULIAN_1970 719163
#define LAST_DAY    2932896 /* 9999-12-31 */

char *
nilo_headend_day_to_text(gint64 day)
{
    GDate date;

    g_return_val_if_fail(day >= 0 && day <= LAST_DAY, NULL);

    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)(day + JULIAN_1970));
    return g_strdup_printf("%04d-%02d-%02d", g_date_get_year(&date), (gint)g_date_get_month(&date),
                           g_date_get_day(&date));
}

/* g_date_set_parse() would guess, in the order the locale likes */
static gboolean
parse_date(const char *text, GDate *date)
{
    guint year, month, day;
    int used = 0;

    for (guint i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i]))
            return FALSE;
    }
    if (sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &used) != 3 || text[used] != '\0' ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year) || year < 1970)
        return FALSE;
    g_date_clear(date, 1);
    g_date_set_dmy(date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    return TRUE;
}

gboolean
nilo_headend_day_from_text(const char *text, gint64 *day, GError **error)
{
    GDate date;

    g_return_val_if_fail(text != NULL && day != NULL, FALSE);

    if (!parse_date(text, &date)) {
        g_set_error(error, NILO_ERROR, NILO_ERROR_BAD_VALUE,
                    "date is \"%s\", expected one since 1970 in the form 2026-11-22", text);
        return FALSE;
    }
    *day = (gint64)g_date_get_julian(&date) - JULIAN_1970;
    return TRUE;
}
