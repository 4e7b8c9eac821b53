/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "timing.h"
#include "wanted.h"

struct model *wanted_read(const struct options *options, const char *file, const char *name,
			  const struct binding *bindings, int binding_count, struct diag *diag)
{
	const struct check_input input = {
		.name = name,
		.nf_path = options->nf_path,
		.bindings = bindings,
		.binding_count = binding_count,
		.bound = true,
	};
	struct chain *chain;
	struct model *model;

	timing_enter(TIMING_PARSE);
	chain = chain_read(file, diag);
	model = chain ? check(chain, &input, diag) : NULL;
	if (diag->errors) {
		model_free(model);
		model = NULL;
	}
	diag_flush(diag);
	return model;
}
