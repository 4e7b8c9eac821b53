/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "check.h"
#include "options.h"

int verb_check(struct options *options)
{
	struct diag diag = { 0 };
	struct chain *chain = chain_read(options->argv[0], &diag);
	const struct check_input input = { .name = "", .nf_path = options->nf_path };
	struct model *model = chain ? check(chain, &input, &diag) : NULL;
	int status = model ? STATUS_DONE : STATUS_USAGE;

	diag_flush(&diag);
	model_free(model);
	return status;
}
