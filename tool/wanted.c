/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "given.h"
#include "timing.h"
#include "wanted.h"

struct chain *wanted_read(const char *file, struct diag *diag)
{
	struct chain *chain;

	timing_enter(TIMING_PARSE);
	chain = given_read(file, diag);
	diag_flush(diag);
	return chain;
}

struct model *wanted_check(const struct options *options, struct chain *chain, const char *name,
			   const struct binding *bindings, int binding_count, struct diag *diag)
{
	const struct check_input input = {
		.name = name,
		.nf_path = given_where(options->nf_path),
		.bindings = bindings,
		.binding_count = binding_count,
		.bound = true,
	};
	struct model *model;

	timing_enter(TIMING_PARSE);
	model = check(chain, &input, diag);
	if (diag->errors) {
		model_free(model);
		model = NULL;
	}
	diag_flush(diag);
	if (model)
		given_origin(&model->origin);
	return model;
}

void wanted_mode(struct model *wanted, const struct options *options,
		 const struct model *running)
{
	wanted->mode = options->mode_given ? options->mode : running->mode;
}
