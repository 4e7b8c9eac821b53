/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "diag.h"
#include "running.h"

int verb_rollback(struct options *options)
{
	const char *name = options->argv[0];
	struct running running;
	int status = running_lock(options, name, false, &running);

	if (!status && !running.state.previous) {
		error("chain '%s' has no generation before %u", name, running.state.current);
		status = STATUS_FAILED;
	} else if (!status &&
		   commit_rollback(&running.state, running.model->slowpath.no_helper)) {
		status = STATUS_FAILED;
	}
	if (!status)
		running_report(options, name, true);
	running_close(&running);
	return status;
}
