/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For the unit tests: chains from text, and what was said about them. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* Tests run from the top of the tree; a sanitized build has test NFs of its own. */
static inline const char *nf_path(void)
{
	static char path[512];
	const char *build = getenv("GALETTE_BUILD");

	snprintf(path, sizeof(path), "%s/selftests/nf-objects:build/nf",
		 build ? build : "build");
	return path;
}

/* All messages, a line each, in the order in which they came; they are then forgotten. */
static inline char *said(struct diag *diag)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (int i = 0; i < diag->count; i++) {
		const struct diag_message *m = &diag->messages[i];

		fprintf(out, "%d:%d: %s: %s\n", m->loc.line, m->loc.column,
			m->level == DIAG_ERROR ? "error" : "warning", m->text);
	}
	fclose(out);
	diag_free(diag);
	return text;
}

static inline void assert_said(struct diag *diag, const char *what)
{
	char *text = said(diag);

	assert_string_equal(text, what);
	free(text);
}

/* Without bindings a chain is checked by itself, else as for attach, with what `bound` says. */
static inline struct model *model_of(const char *text, const struct binding *bindings,
				     int count, bool bound, struct diag *diag)
{
	const struct check_input input = { .name = "unit",
					   .nf_path = nf_path(),
					   .bindings = bindings,
					   .binding_count = count,
					   .bound = bound };
	struct chain *chain = chain_parse(text, strlen(text), diag);

	return chain ? check(chain, &input, diag) : NULL;
}

static inline void assert_check(const char *text, const char *what)
{
	struct diag diag = { 0 };
	struct model *model = model_of(text, NULL, 0, false, &diag);

	assert_int_equal(!model, diag.errors > 0);
	assert_said(&diag, what);
	model_free(model);
}

/* A model there is nothing to say about. */
static inline struct model *good_model(const char *text)
{
	struct diag diag = { 0 };
	struct model *model = model_of(text, NULL, 0, false, &diag);

	assert_said(&diag, "");
	assert_non_null(model);
	return model;
}

#endif
