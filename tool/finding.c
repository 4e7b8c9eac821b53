/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "diag.h"
#include "finding.h"

static const char *const level_names[] = { "ok", "note", "wrong" };

static char *format(const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		text = xstrdup("");
	return text;
}

struct finding *finding_add(struct findings *findings, enum finding_level level,
			    const char *topic, const char *interface, const char *fmt, ...)
{
	struct finding finding = { .level = level, .topic = topic };
	va_list args;
	char *raw;

	va_start(args, fmt);
	raw = format(fmt, args);
	va_end(args);
	snprintf(finding.interface, sizeof(finding.interface), "%s", interface ?: "");
	finding.what = diag_visible(raw) ?: xstrdup("");
	free(raw);
	findings->list =
		xrealloc(findings->list, (findings->count + 1) * sizeof(*findings->list));
	findings->list[findings->count] = finding;
	return &findings->list[findings->count++];
}

void finding_mend(struct finding *finding, const char *fmt, ...)
{
	va_list args;

	free(finding->mend);
	va_start(args, fmt);
	finding->mend = format(fmt, args);
	va_end(args);
}

void finding_value(struct finding *finding, const char *key, struct json_object *value)
{
	if (!finding->values)
		finding->values = json_object_new_object();
	json_object_object_add(finding->values, key, value);
}

bool findings_wrong(const struct findings *findings)
{
	for (int i = 0; i < findings->count; i++)
		if (findings->list[i].level == FINDING_WRONG)
			return true;
	return false;
}

void findings_print(const struct findings *findings)
{
	for (int i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		char *interface = diag_visible(finding->interface);

		printf("%-5s %s%s%s: %s\n", level_names[finding->level], interface ?: "",
		       *finding->interface ? " " : "", finding->topic, finding->what);
		if (finding->mend)
			printf("        %s\n", finding->mend);
		free(interface);
	}
}

static struct json_object *text(const char *string)
{
	return string && *string ? json_object_new_string(string) : NULL;
}

struct json_object *findings_json(const struct findings *findings)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		struct json_object *item = json_object_new_object();

		json_object_object_add(item, "level", text(level_names[finding->level]));
		json_object_object_add(item, "topic", text(finding->topic));
		json_object_object_add(item, "interface", text(finding->interface));
		json_object_object_add(item, "what", text(finding->what));
		json_object_object_add(item, "mend", text(finding->mend));
		json_object_object_add(item, "values", json_object_get(finding->values));
		json_object_array_add(list, item);
	}
	return list;
}

void findings_warn(const struct findings *findings)
{
	for (int i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		warning("%s%s%s%s%s%s", finding->interface, *finding->interface ? ": " : "",
			finding->what, finding->mend ? " (" : "", finding->mend ?: "",
			finding->mend ? ")" : "");
	}
}

void findings_free(struct findings *findings)
{
	for (int i = 0; i < findings->count; i++) {
		free(findings->list[i].what);
		free(findings->list[i].mend);
		json_object_put(findings->list[i].values);
	}
	free(findings->list);
	*findings = (struct findings) { 0 };
}
