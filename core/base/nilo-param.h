/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * NILO_PARAM_CONFIG:
 *
 * Marks a property as a key of a keyfile. The key is the property's name; type, range and default
 * are the #GParamSpec's; nick is the label and blurb the help, both marked with N_() and translated
 * when shown. Construct-only: a reload makes a new object. A name that ends in -ms, -s, -baud, -ml,
 * -ml-per-h, -bytes or -mv has that unit, and a value may repeat or scale it: `2400 Bd`, `1.5 s`.
 *
 * Since: 0.1
 */
#define NILO_PARAM_CONFIG_FLAG (1 << G_PARAM_USER_SHIFT)
#define NILO_PARAM_CONFIG                                                                          \
    (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS | NILO_PARAM_CONFIG_FLAG)

/**
 * NILO_PARAM_SECRET:
 *
 * In addition for a string property that holds a secret: the file may only say where it stands,
 * `file:/path`, `credential:name` or `env:NAME`; the property receives the secret itself.
 *
 * Since: 0.1
 */
#define NILO_PARAM_SECRET (1 << (G_PARAM_USER_SHIFT + 1))

/**
 * NILO_PARAM_REQUIRED:
 *
 * In addition: there is no useful default; a group without the key is an error.
 *
 * Since: 0.1
 */
#define NILO_PARAM_REQUIRED (1 << (G_PARAM_USER_SHIFT + 2))

G_END_DECLS
