/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Linked into tests only: what a leak sanitizer is told. libgda and what it loads keep a few
 * kilobytes for each connection they ever opened; whose they are shows only in a whole stack.
 */
#if defined(__SANITIZE_ADDRESS__)
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *
__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}

const char *
__lsan_default_suppressions(void)
{
    return "leak:libgda-5.0.so\nleak:libgda-sqlite.so\n";
}
#endif
