/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shell.h"

enum kind {
	PLAIN,
	QUOTED,
	ESCAPED
};

static enum kind kind_of(const char *word)
{
	enum kind kind = *word ? PLAIN : QUOTED;

	for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
		if (*c < 0x20 || *c >= 0x7f)
			return ESCAPED;
		if (!isalnum(*c) && !strchr("_.:@%+,=/-", *c))
			kind = QUOTED;
	}
	return kind;
}

/* A character between the quotes of either kind. */
static int put(char out[5], enum kind kind, unsigned char c)
{
	if (kind == QUOTED && c == '\'')
		return sprintf(out, "'\\''");
	if (kind == ESCAPED && (c < 0x20 || c >= 0x7f || c == '\'' || c == '\\'))
		return sprintf(out, "\\%03o", c);
	return sprintf(out, "%c", c);
}

char *shell_word(char *out, size_t size, const char *word)
{
	static const char *const open[] = { "", "'", "$'" };
	enum kind kind = kind_of(word);
	char one[5];
	size_t length = snprintf(out, size, "%s", open[kind]);

	for (; *word; word++) {
		size_t more = put(one, kind, *word);

		if (length + more + 2 > size)
			break;
		memcpy(out + length, one, more + 1);
		length += more;
	}
	if (kind != PLAIN && length + 2 <= size)
		strcpy(out + length, "'");
	return out;
}
