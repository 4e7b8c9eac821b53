/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "wanted.h"

/* The slow path is not part of this build: say so once, where the file asks for it. */
static void refuse_slow_path(const struct model *model, struct diag *diag)
{
	struct loc loc;
	char why[128];

	if (!check_kernel_only(model, &loc, why))
		diag_error(diag, loc,
			   "%s: this chain needs the slow path, and this galette-pin runs "
			   "chains in the kernel only",
			   why);
}

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
	struct chain *chain = chain_read(file, diag);
	struct model *model = chain ? check(chain, &input, diag) : NULL;

	if (model)
		refuse_slow_path(model, diag);
	if (diag->errors) {
		model_free(model);
		model = NULL;
	}
	diag_flush(diag);
	return model;
}
