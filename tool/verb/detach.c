/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "running.h"

int verb_detach(struct options *options)
{
	struct running running;
	int status = running_lock(options, options->argv[0], false, &running);

	if (!status && commit_detach(&running.state))
		status = STATUS_FAILED;
	running_close(&running);
	return status;
}
