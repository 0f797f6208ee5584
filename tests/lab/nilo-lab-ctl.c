/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nilo-lab-ctl SOCKET COMMAND...: one line to a running hub, its answer to standard output. */
#include "nilo-lab-client.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *command = NULL;
    g_autofree char *answer = NULL;

    setlocale(LC_ALL, "");
    if (argc < 3) {
        g_printerr("usage: nilo-lab-ctl SOCKET COMMAND [ARGUMENT...]\n");
        return 2;
    }
    command = g_strjoinv(" ", argv + 2);
    answer = nilo_lab_client_call(argv[1], command, &error);
    if (answer == NULL) {
        g_printerr("nilo-lab-ctl: %s\n", error->message);
        return EXIT_FAILURE;
    }
    g_print("%s\n", answer);
    return g_str_has_prefix(answer, "error=") ? EXIT_FAILURE : EXIT_SUCCESS;
}
