/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>

#include "alloc.h"
#include "diag.h"
#include "inspect.h"
#include "pins.h"
#include "running.h"
#include "timing.h"

bool running_dir(const struct options *options, const char *name, char dir[PATH_MAX])
{
	char encoded[NAME_MAX + 1];

	bool ok = *name && strlen(name) < GALETTE_NAME_LEN;

	for (const char *c = name; *c; c++)
		ok = ok && *c > ' ' && *c != '/' && *c != 0x7f;
	if (!ok) {
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
	int err;

	timing_enter(TIMING_LOCK);
	err = pins_lock(running->dir, make ? PINS_MAKE : PINS_EXCLUSIVE, !options->no_wait,
			&running->lock);
	timing_enter(TIMING_READ);
	if (!err && pins_on_bpffs(running->dir))
		return STATUS_DONE;
	if (!err) {
		error("%s is not on a bpf filesystem", running->dir);
		return STATUS_FAILED;
	}
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
	if (!running->model)
		return STATUS_FAILED;
	repair(&running->state, running->model);
	return STATUS_DONE;
}

int running_lock_only(const struct options *options, const char *name, struct running *running)
{
	int status;

	init(running);
	if (!running_dir(options, name, running->dir))
		return STATUS_USAGE;
	status = lock(options, name, false, running);
	if (!status && state_read(running->dir, &running->state))
		status = STATUS_FAILED;
	return status;
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
	/* What follows may take its time, with a pager behind it; nobody shall wait for that. */
	if (running->lock >= 0)
		close(running->lock);
	running->lock = -1;
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

struct binding *running_bindings(const struct model *model, int *count)
{
	struct binding *bindings = xcalloc(model->interface_count + 1, sizeof(*bindings));

	*count = 0;
	for (int i = 0; i < model->interface_count; i++) {
		const struct model_interface *interface = &model->interfaces[i];
		struct binding *binding = &bindings[*count];

		if (!interface->bound)
			continue;
		memcpy(binding->alias, interface->alias, sizeof(binding->alias));
		memcpy(binding->name, interface->name, sizeof(binding->name));
		(*count)++;
	}
	return bindings;
}

void running_report(const struct options *options, const char *name, bool changed)
{
	struct json_object *top;
	char dir[PATH_MAX];
	struct state state;

	if (diag_quiet || !running_dir(options, name, dir) || state_read(dir, &state))
		return;
	if (options->json) {
		top = json_object_new_object();
		json_object_object_add(top, "chain", json_object_new_string(name));
		json_object_object_add(top, "generation", json_object_new_int64(state.current));
		json_object_object_add(top, "previous",
				       state.previous ? json_object_new_int64(state.previous)
						      : NULL);
		json_object_object_add(top, "changed", json_object_new_boolean(changed));
		puts(json_object_to_json_string_ext(
			top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(top);
	} else if (changed && state.previous) {
		printf("%s: generation %u runs, %u stays for rollback\n", name, state.current,
		       state.previous);
	} else {
		printf("%s: %sgeneration %u runs\n", name, changed ? "" : "nothing to do, ",
		       state.current);
	}
	state_free(&state);
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
