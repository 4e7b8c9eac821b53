/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory or nothing: without it the tool ends with status 1 and one message.
 * To a chain that is being changed that is the same as a kill: the next
 * command tidies up.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);

#endif
