/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "doctor.h"

void finding_add(struct findings *findings, enum finding_level level, const char *topic,
		 const char *interface, const char *mend, const char *fmt, ...)
{
	struct finding finding = { .level = level,
				   .topic = topic,
				   .mend = mend ? xstrdup(mend) : NULL };
	va_list args;

	snprintf(finding.interface, sizeof(finding.interface), "%s", interface ?: "");
	va_start(args, fmt);
	if (vasprintf(&finding.text, fmt, args) < 0)
		finding.text = xstrdup("");
	va_end(args);
	findings->list =
		xrealloc(findings->list, (findings->count + 1) * sizeof(*findings->list));
	findings->list[findings->count++] = finding;
}

void findings_free(struct findings *findings)
{
	for (int i = 0; i < findings->count; i++) {
		free(findings->list[i].text);
		free(findings->list[i].mend);
	}
	free(findings->list);
	*findings = (struct findings) { 0 };
}

enum finding_level findings_level(const struct findings *findings)
{
	enum finding_level worst = FINDING_OK;

	for (int i = 0; i < findings->count; i++)
		if (findings->list[i].level > worst)
			worst = findings->list[i].level;
	return worst;
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = { "ok", "note", "wrong" };

	return names[level];
}

char *shell_word(const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+-";
	char *quoted, *out;

	if (*word && !word[strspn(word, plain)])
		return xstrdup(word);
	out = quoted = xmalloc(4 * strlen(word) + 3);
	*out++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			out = stpcpy(out, "'\\''");
		else
			*out++ = *word;
	}
	*out++ = '\'';
	*out = '\0';
	return quoted;
}
