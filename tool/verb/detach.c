/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "diag.h"
#include "running.h"

int verb_detach(struct options *options)
{
	struct running running;
	int status = running_lock_only(options, options->argv[0], &running);

	if (!status && commit_detach(&running.state))
		status = STATUS_FAILED;
	if (!status && !diag_quiet && !options->json)
		printf("%s: detached\n", options->argv[0]);
	running_close(&running);
	return status;
}
