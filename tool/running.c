/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "diag.h"
#include "inspect.h"
#include "pins.h"
#include "running.h"

bool running_dir(const struct options *options, const char *name, char dir[PATH_MAX])
{
	char encoded[NAME_MAX + 1];

	if (!*name || strlen(name) >= GALETTE_NAME_LEN || strchr(name, '/')) {
		error("'%s' cannot be the name of a chain", name);
		return false;
	}
	pins_encode(encoded, name);
	return !pins_path(dir, options->pin_root, "%s", encoded);
}

static int not_attached(const char *name)
{
	error("no chain '%s' is attached (galette-pin show lists those that are)", name);
	return STATUS_FAILED;
}

static int lock(const struct options *options, const char *name, bool make,
		struct running *running)
{
	int err = pins_lock(running->dir, make ? PINS_MAKE : PINS_EXCLUSIVE, !options->no_wait,
			    &running->lock);

	if (!err)
		return STATUS_DONE;
	if (err == -ENOENT || err == -ENOTDIR)
		return not_attached(name);
	if (err == -EWOULDBLOCK)
		error("another command is at work on chain '%s'", name);
	else
		error("cannot lock %s: %s", running->dir, strerror(-err));
	return STATUS_FAILED;
}

static void init(struct running *running)
{
	memset(running, 0, sizeof(*running));
	running->lock = -1;
	running->state.root_fd = -1;
}

int running_lock(const struct options *options, const char *name, bool make,
		 struct running *running)
{
	int status;

	init(running);
	if (!running_dir(options, name, running->dir))
		return STATUS_USAGE;
	if (make && pins_prepare(options->pin_root))
		return STATUS_FAILED;
	status = lock(options, name, make, running);
	if (status)
		return status;
	if (state_read(running->dir, &running->state) || recover(&running->state))
		return STATUS_FAILED;
	if (!state_attached(&running->state)) {
		if (make)
			return STATUS_DONE;
		rmdir(running->dir); /* what was left of a killed attach or detach */
		return not_attached(name);
	}
	running->model = inspect(&running->state, name);
	return running->model ? STATUS_DONE : STATUS_FAILED;
}

static int read_once(const char *name, struct running *running)
{
	if (state_read(running->dir, &running->state))
		return STATUS_FAILED;
	if (!state_attached(&running->state))
		return STATUS_DONE;
	running->model = inspect(&running->state, name);
	return running->model ? STATUS_DONE : STATUS_FAILED;
}

/*
 * Looking must not wait for a command that hangs. Without the lock a generation
 * may be renamed or removed while it is read; what came out is then thrown away.
 */
int running_read(const struct options *options, const char *name, struct running *running)
{
	int status, tries = 100;
	bool locked;

	init(running);
	if (!running_dir(options, name, running->dir))
		return STATUS_USAGE;
	do {
		running_close(running);
		locked = !pins_lock(running->dir, PINS_SHARED, false, &running->lock);
		diag_held = !locked && --tries;
		status = read_once(name, running);
		diag_held = false;
	} while (status && !locked && tries);
	if (!status && !running->model)
		return not_attached(name);
	return status;
}

void running_close(struct running *running)
{
	model_free(running->model);
	state_free(&running->state);
	if (running->lock >= 0)
		close(running->lock);
	running->lock = -1;
	running->model = NULL;
}

struct binding *running_bindings(const struct model *model)
{
	struct binding *bindings = xcalloc(model->interface_count + 1, sizeof(*bindings));

	for (int i = 0; i < model->interface_count; i++) {
		memcpy(bindings[i].alias, model->interfaces[i].alias,
		       sizeof(bindings[i].alias));
		memcpy(bindings[i].name, model->interfaces[i].name, sizeof(bindings[i].name));
	}
	return bindings;
}

bool running_is_attached(const struct options *options, const char *name)
{
	char dir[PATH_MAX];
	struct state state;
	bool attached;

	if (!running_dir(options, name, dir) || state_read(dir, &state))
		return false;
	attached = state_attached(&state);
	state_free(&state);
	return attached;
}
