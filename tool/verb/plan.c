/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>

#include "running.h"
#include "wanted.h"

static int print_plan(const struct options *options, struct model *wanted,
		      const struct model *running, struct diag *diag)
{
	struct plan *plan;
	int status;

	wanted_mode(wanted, options, running);
	plan = plan_make(wanted, running, options->reset_maps, options->reset_count, diag);
	diag_flush(diag);
	if (!plan)
		return STATUS_FAILED;
	if (options->json)
		plan_print_json(plan, wanted, running);
	else
		plan_print(plan, wanted, running);
	status = plan->changed && options->exit_code ? STATUS_CHANGES : STATUS_DONE;
	plan_free(plan);
	return status;
}

static int plan_chain(const struct options *options, const struct model *running,
		      struct chain *chain, struct diag *diag)
{
	int count, status;
	struct binding *bindings = running_bindings(running, &count);
	struct model *wanted =
		wanted_check(options, chain, options->argv[0], bindings, count, diag);

	status = wanted ? print_plan(options, wanted, running, diag) : STATUS_USAGE;
	model_free(wanted);
	free(bindings);
	return status;
}

int verb_plan(struct options *options)
{
	const char *name = options->argv[0];
	struct diag diag = { 0 };
	struct chain *chain = wanted_read(options->argv[1], &diag);
	struct running running;
	int status = STATUS_USAGE;

	if (chain) {
		status = running_read(options, name, &running);
		if (status)
			chain_free(chain);
		else
			status = plan_chain(options, running.model, chain, &diag);
		running_close(&running);
	}
	diag_free(&diag);
	return status;
}
