/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "check.h"
#include "given.h"
#include "load.h"
#include "options.h"
#include "probe.h"

/*
 * What packets meet in the kernel is proved when it is attached, with its maps; a
 * function that never is there has its proof for its own sake.
 */
static void prove(const struct model *model, struct diag *diag)
{
	if (!probe_may_load())
		return;
	for (int i = 0; i < model->function_count; i++)
		if (model->functions[i].decl->disable_xdp && model->functions[i].object->bpf)
			load_proof(model, i, diag);
}

int verb_check(struct options *options)
{
	struct diag diag = { 0 };
	struct chain *chain = given_read(options->argv[0], &diag);
	const struct check_input input = { .name = "",
					   .nf_path = given_where(options->nf_path) };
	struct model *model = chain ? check(chain, &input, &diag) : NULL;
	int status;

	if (model)
		prove(model, &diag);
	status = model && !diag.errors ? STATUS_DONE : STATUS_USAGE;
	diag_flush(&diag);
	model_free(model);
	return status;
}
