/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "build.h"
#include "commit.h"
#include "diag.h"
#include "generations.h"
#include "inspect.h"
#include "links.h"
#include "pins.h"
#include "terminal.h"

/* THE commit point: one slot, one atomic step, all interfaces at once. */
static int write_root(int root, int program)
{
	__u32 zero = 0;
	int err = bpf_map_update_elem(root, &zero, &program, BPF_ANY);

	if (err)
		error("cannot write root[0]: %s", strerror(-err));
	return err;
}

/* A chain that is not there yet: its root, passing packets, and the directories. */
static int make_chain(const struct state *state, int *root)
{
	static const char *const below[] = { "gen", "link" };
	char path[PATH_MAX];
	int pass, err;

	for (int i = 0; i < 2; i++) {
		pins_path(path, state->dir, "%s", below[i]);
		if (mkdir(path, 0700)) {
			err = -errno;
			error("cannot make %s: %s", path, strerror(-err));
			return err;
		}
	}
	*root = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "root", sizeof(__u32), sizeof(__u32), 1,
			       NULL);
	err = *root < 0 ? *root : pins_pin(*root, state->dir, "root");
	if (err) {
		error("cannot create %s/root: %s", state->dir, strerror(-err));
		return err;
	}
	pass = terminal_load_pass();
	if (pass < 0)
		return pass;
	err = write_root(*root, pass);
	close(pass);
	return err;
}

/* Whether the running chain holds the interface; sets its mode, too. */
static bool attached_already(const struct model *running, struct model_interface *interface)
{
	int old = model_interface(running, interface->name);

	if (old < 0 || !running->interfaces[old].attached)
		return false;
	interface->mode = running->interfaces[old].mode;
	return true;
}

/*
 * Links for the interfaces that have none. Packets that arrive there before
 * the commit are passed to the stack, as if there were no link.
 */
static int attach_new(const struct state *state, int root, struct model *wanted,
		      const struct model *running, enum attach_mode mode)
{
	struct state with_root = *state;
	int program = -1, err = 0;

	with_root.root_fd = root;
	for (int i = 0; i < wanted->interface_count && !err; i++) {
		struct model_interface *interface = &wanted->interfaces[i];

		if (running && attached_already(running, interface))
			continue;
		if (program < 0)
			program = links_root_program(&with_root);
		if (program < 0)
			return program;
		/* A link without an interface is of one that has gone. */
		err = links_detach(state->dir, interface->name);
		if (err)
			error("cannot remove the old link of %s: %s", interface->name,
			      strerror(-err));
		err = err ?: links_attach(state->dir, interface, program, mode);
	}
	if (program >= 0)
		close(program);
	return err;
}

/* Undo everything that was made, so that a failure leaves what was before. */
static void back_out(struct state *state, struct model *wanted, const struct model *running)
{
	if (!running) {
		remove_chain(state->dir);
		return;
	}
	for (int i = 0; i < wanted->interface_count; i++)
		if (!attached_already(running, &wanted->interfaces[i]))
			links_detach(state->dir, wanted->interfaces[i].name);
	generations_drop_build(state);
}

static __u32 next_number(const struct state *state)
{
	__u32 highest = 0;

	for (int i = 0; i < state->count; i++)
		if (state->generations[i].number > highest)
			highest = state->generations[i].number;
	return highest + 1;
}

/* After the commit: names and leftovers. It runs already, so a failure here is for the next command. */
static void tidy(const char *dir)
{
	struct state state;

	if (!state_read(dir, &state) && !recover(&state)) {
		state_free(&state);
		return;
	}
	warning("the change is made; the next command will tidy up after it");
}

int commit_generation(const struct state *state, struct model *wanted,
		      const struct model *running, const struct plan *plan,
		      enum attach_mode mode)
{
	struct state copy = *state;
	int root = running ? dup(state->root_fd) : -1, ingress = -1, err = 0;

	wanted->generation = next_number(state);
	if (!running)
		err = make_chain(state, &root);
	if (!err) {
		ingress = build_generation(state->dir, wanted, running, plan,
					   wanted->generation, state->current);
		err = ingress < 0 ? ingress : 0;
	}
	if (!err)
		err = attach_new(state, root, wanted, running, mode);
	if (!err)
		err = write_root(root, ingress);
	if (err)
		back_out(&copy, wanted, running);
	if (root >= 0)
		close(root);
	if (ingress >= 0)
		close(ingress);
	if (!err)
		tidy(state->dir);
	return err;
}

int commit_rollback(const struct state *state)
{
	int ingress = pins_open(state->dir, "gen/%u/ingress", state->previous);
	int err;

	if (ingress < 0) {
		error("cannot open generation %u: %s", state->previous, strerror(-ingress));
		return ingress;
	}
	err = write_root(state->root_fd, ingress);
	close(ingress);
	if (!err)
		tidy(state->dir);
	return err;
}

/* The program for a link's new target, as that of a function or of a terminal. */
static int open_target(const char *dir, const struct model *running,
		       const struct target *target)
{
	int to, fd;

	if (target->kind != TARGET_FUNCTION) {
		to = target->kind == TARGET_REDIRECT ? model_interface(running, target->name)
						     : 0;
		return terminal_open(dir, target, to);
	}
	fd = pins_open(dir, "nf/%s", target->name);
	if (fd < 0)
		error("cannot open function '%s': %s", target->name, strerror(-fd));
	return fd;
}

static bool is_target(const struct model *running, const struct target *target)
{
	for (int i = GALETTE_SLOT_RX; i < running->edge_count; i++)
		if (running->edges[i].target.kind == target->kind &&
		    !strcmp(running->edges[i].target.name, target->name))
			return true;
	return false;
}

int commit_link(const struct state *state, const struct model *running, int edge,
		const struct target *target)
{
	char dir[PATH_MAX];
	int slots, program, err;
	__u32 slot = edge;

	pins_path(dir, state->dir, "gen/%u", state->current);
	slots = pins_open(dir, "slots");
	if (slots < 0) {
		error("cannot open %s/slots: %s", dir, strerror(-slots));
		return slots;
	}
	program = open_target(dir, running, target);
	err = program < 0 ? program : bpf_map_update_elem(slots, &slot, &program, BPF_ANY);
	if (err && program >= 0) {
		error("cannot write slot %u: %s", slot, strerror(-err));
		if (!is_target(running, target))
			terminal_remove(dir, target);
	}
	close(slots);
	if (program >= 0)
		close(program);
	if (!err)
		tidy(state->dir);
	return err;
}

int commit_detach(const struct state *state)
{
	int pass = terminal_load_pass();
	int ingress = pass < 0 ? pass : pins_open(state->dir, "gen/%u/ingress", state->current);
	int err = ingress < 0 ? ingress : 0;

	if (err && pass >= 0)
		error("cannot open generation %u: %s", state->current, strerror(-err));
	err = err ?: write_root(state->root_fd, pass);
	if (!err) {
		err = generations_wait();
		if (err)
			write_root(state->root_fd, ingress);
	}
	if (pass >= 0)
		close(pass);
	if (ingress >= 0)
		close(ingress);
	if (!err)
		err = remove_chain(state->dir);
	if (!err && rmdir(state->dir)) {
		err = -errno;
		error("cannot remove %s: %s", state->dir, strerror(-err));
	}
	return err;
}
