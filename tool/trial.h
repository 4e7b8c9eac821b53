/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Try in a child what may crash or hang on bytes that others made. */
#ifndef TRIAL_H
#define TRIAL_H

#include <stddef.h>

/*
 * Call fn(bytes, length) in a child process, which keeps nothing and prints
 * nothing. 0: it came to an end, whatever it found; -EFAULT: it crashed, or
 * took seconds; another negative errno: it could not be tried.
 */
int trial(void (*fn)(const void *bytes, size_t length), const void *bytes, size_t length);

#endif
