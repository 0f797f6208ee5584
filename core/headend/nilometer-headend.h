/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Everything a server-side service may use of the headend, beside <nilometer.h>.
 */
#include "nilo-headend.h"
