/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether galette-slow could load a function: tried in a child process. */
#ifndef SLOWPATH_NF_TRIAL_H
#define SLOWPATH_NF_TRIAL_H

#include "model.h"

/*
 * Load the function's native object (f->native) in a child without privilege,
 * with its config (object_var(f->object, &f->object->config)) and its files
 * (f->files), as galette-slow will. What it finds wrong with a file is printed
 * as located errors of that file ("dpi.rules:3:9: error: …"). 0; -EINVAL: diag
 * has an error at loc.
 */
int nf_trial(const struct model_function *f, struct loc loc, struct diag *diag);

/* The same; so many seconds of CPU time, and three times as many in all, are enough for it. */
int nf_trial_within(const struct model_function *f, unsigned int seconds, struct loc loc,
		    struct diag *diag);

#endif
