/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "diag.h"

static void *need(void *memory)
{
	if (memory)
		return memory;
	error("out of memory");
	exit(1);
}

void *xmalloc(size_t size)
{
	return need(malloc(size ?: 1));
}

void *xcalloc(size_t count, size_t size)
{
	return need(calloc(count ?: 1, size ?: 1));
}

void *xrealloc(void *memory, size_t size)
{
	return need(realloc(memory, size ?: 1));
}

char *xstrdup(const char *text)
{
	return need(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
	return need(strndup(text, length));
}
