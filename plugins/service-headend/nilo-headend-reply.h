/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nilometer-headend.h>
#include <nilometer.h>

G_BEGIN_DECLS

/*
 * What the headend answers, in the types of org.nilometer.Headend1. Each result is floating.
 */
GVariant *nilo_headend_reply_latest(GArray *readings);
GVariant *nilo_headend_reply_history(GArray *readings);
GVariant *nilo_headend_reply_daily(GArray *days);
GVariant *nilo_headend_reply_misses(GArray *misses);
GVariant *nilo_headend_reply_completeness(GArray *cells);
GVariant *nilo_headend_reply_corrections(GArray *corrections);

G_END_DECLS
