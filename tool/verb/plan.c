/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>

#include "running.h"
#include "wanted.h"

static int print_plan(const struct options *options, const struct model *wanted,
		      const struct model *running, struct diag *diag)
{
	struct plan *plan =
		plan_make(wanted, running, options->reset_maps, options->reset_count, diag);
	int status;

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

int verb_plan(struct options *options)
{
	const char *name = options->argv[0];
	struct running running;
	int status = running_read(options, name, &running);

	if (!status) {
		int count;
		struct binding *bindings = running_bindings(running.model, &count);
		struct diag diag = { 0 };
		struct model *wanted =
			wanted_read(options, options->argv[1], name, bindings, count, &diag);

		status = wanted ? print_plan(options, wanted, running.model, &diag)
				: STATUS_USAGE;
		model_free(wanted);
		diag_free(&diag);
		free(bindings);
	}
	running_close(&running);
	return status;
}
