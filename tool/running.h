/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the verbs share: getting hold of a chain by its name. */
#ifndef RUNNING_H
#define RUNNING_H

#include "model.h"
#include "options.h"
#include "state.h"

struct running {
	char dir[PATH_MAX];
	int lock; /* -1: not locked */
	struct state state;
	struct model *model; /* NULL: not attached */
};

/* CHAIN's directory. False after an error: the name cannot be one. */
bool running_dir(const struct options *options, const char *name, char dir[PATH_MAX]);

/*
 * Lock a chain, tidy up after killed commands and read what runs. `make`: the
 * chain may be new (attach), else one that is not attached is an error. A
 * STATUS_…; printed. Close it whatever comes out.
 */
int running_lock(const struct options *options, const char *name, bool make,
		 struct running *running);

/* Only the lock, and what is there at a glance, whether it can be read or not. */
int running_lock_only(const struct options *options, const char *name, struct running *running);

/* As running_lock(), to read only: it neither waits nor tidies, and holds nothing up. */
int running_read(const struct options *options, const char *name, struct running *running);

/* Whether a generation of it runs, at this moment. */
bool running_is_attached(const struct options *options, const char *name);

void running_close(struct running *running);

/* Say which generation runs now, on stdout; `changed`: it is another than before. */
void running_report(const struct options *options, const char *name, bool changed);

/* The interfaces that the chain was given, for its next generation; malloc'ed. */
struct binding *running_bindings(const struct model *model, int *count);

#endif
