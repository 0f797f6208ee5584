/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* part of the public interface: installed header, pinned by tests/abi */
#define NILO_EXPORT __attribute__((visibility("default")))

/* visible to our own programs (nilometerd, nilometerctl) and to nobody else: no header is
 * installed and nothing is promised */
#define NILO_INTERNAL __attribute__((visibility("default")))
