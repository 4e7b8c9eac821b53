/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>

#include "diag.h"
#include "kernel_log.h"

static char last[512];

static int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (diag_verbose && level != LIBBPF_DEBUG) {
		va_list copy;

		va_copy(copy, args);
		vfprintf(stderr, fmt, copy);
		va_end(copy);
	}
	if (level == LIBBPF_WARN) {
		vsnprintf(last, sizeof(last), fmt, args);
		last[strcspn(last, "\n")] = '\0';
	}
	return 0;
}

void kernel_log_init(void)
{
	libbpf_set_print(print);
}

void kernel_log_clear(void)
{
	*last = '\0';
}

const char *kernel_log_last(const char *otherwise)
{
	const char *text = last;

	if (!strncmp(text, "libbpf: ", 8))
		text += 8;
	return *text ? text : otherwise;
}

/* The verifier ends with statistics; the line before them is the reason. */
const char *kernel_log_verdict(const char *log)
{
	static char line[256];

	*line = '\0';
	while (*log) {
		size_t length = strcspn(log, "\n");

		if (!strncmp(log, "processed ", 10))
			break;
		if (length && log[0] != ';')
			snprintf(line, sizeof(line), "%.*s", (int)length, log);
		log += length + (log[length] == '\n');
	}
	return *line ? line : NULL;
}
