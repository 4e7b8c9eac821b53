/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>

#include "advise.h"
#include "diag.h"
#include "running.h"
#include "wanted.h"

static int apply(struct options *options, struct running *running, struct model *wanted,
		 struct diag *diag)
{
	struct plan *plan = plan_make(wanted, running->model, options->reset_maps,
				      options->reset_count, diag);
	int err = 0;

	diag_flush(diag);
	if (!plan)
		return STATUS_FAILED;
	wanted->slowpath.no_helper = running->model->slowpath.no_helper;
	if (plan->changed)
		err = commit_generation(&running->state, wanted, running->model, plan,
					options->mode);
	else
		err = commit_nothing(&running->state, running->model);
	if (plan->changed && !err)
		advise(wanted);
	if (!err)
		running_report(options, wanted->name, plan->changed);
	plan_free(plan);
	return err ? STATUS_FAILED : STATUS_DONE;
}

int verb_apply(struct options *options)
{
	const char *name = options->argv[0];
	struct running running;
	int status = running_lock(options, name, false, &running);

	if (!status) {
		int count;
		struct binding *bindings = running_bindings(running.model, &count);
		struct diag diag = { 0 };
		struct model *wanted =
			wanted_read(options, options->argv[1], name, bindings, count, &diag);

		status = wanted ? apply(options, &running, wanted, &diag) : STATUS_USAGE;
		model_free(wanted);
		diag_free(&diag);
		free(bindings);
	}
	running_close(&running);
	return status;
}
