/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "advise.h"
#include "diag.h"
#include "running.h"
#include "wanted.h"

/* --mode is for interfaces that are attached now; who asked for it may mean the others. */
static void say_kept(const struct options *options, const struct model *running,
		     const struct model *wanted)
{
	if (options->mode == GALETTE_MODE_AUTO)
		return;
	for (int i = 0; i < running->interface_count; i++) {
		const struct model_interface *interface = &running->interfaces[i];
		const char *mode = mode_name(interface->mode);

		if (interface->mode && strcmp(mode, model_mode_word(options->mode)) &&
		    model_interface(wanted, interface->name) >= 0)
			warning("%s stays %s: detach and attach to change that",
				interface->name, mode);
	}
}

static int apply(struct options *options, struct running *running, struct model *wanted,
		 struct diag *diag)
{
	struct plan *plan;
	int err = 0;

	wanted_mode(wanted, options, running->model);
	plan = plan_make(wanted, running->model, options->reset_maps, options->reset_count,
			 diag);
	diag_flush(diag);
	if (!plan)
		return STATUS_FAILED;
	wanted->slowpath.no_helper = running->model->slowpath.no_helper;
	if (plan->changed)
		err = commit_generation(&running->state, wanted, running->model, plan);
	else
		err = commit_nothing(&running->state, running->model);
	if (plan->changed && !err)
		advise(wanted);
	if (!err) {
		say_kept(options, running->model, wanted);
		running_report(options, wanted->name, plan->changed);
	}
	plan_free(plan);
	return err ? STATUS_FAILED : STATUS_DONE;
}

static int apply_chain(struct options *options, struct running *running, struct chain *chain,
		       struct diag *diag)
{
	int count, status;
	struct binding *bindings = running_bindings(running->model, &count);
	struct model *wanted =
		wanted_check(options, chain, options->argv[0], bindings, count, diag);

	status = wanted ? apply(options, running, wanted, diag) : STATUS_USAGE;
	model_free(wanted);
	free(bindings);
	return status;
}

int verb_apply(struct options *options)
{
	const char *name = options->argv[0];
	struct diag diag = { 0 };
	struct chain *chain = wanted_read(options->argv[1], &diag);
	struct running running;
	int status = STATUS_USAGE;

	if (chain) {
		status = running_lock(options, name, false, &running);
		if (status)
			chain_free(chain);
		else
			status = apply_chain(options, &running, chain, &diag);
		running_close(&running);
	}
	diag_free(&diag);
	return status;
}
