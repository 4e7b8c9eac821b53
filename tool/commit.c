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
#include "links.h"
#include "pins.h"
#include "route.h"
#include "slow.h"
#include "slow_needs.h"
#include "terminal.h"
#include "timing.h"
#include "upcall.h"

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
	err = write_root(*root, pass) ?: slow_make(state->dir);
	close(pass);
	return err;
}

/*
 * The link of one interface. Packets that arrive there before the commit are
 * passed to the stack, as if there were no link. *made: it was not there yet.
 */
static int attach_one(const struct state *state, struct model_interface *interface,
		      enum galette_mode mode, bool *made)
{
	__u32 linked;
	int err = links_ifindex(state->dir, interface->name, &linked);

	if (!err && linked == interface->ifindex) {
		interface->mode = links_mode(linked);
		return 0;
	}
	if (!err && linked) {
		error("the link of %s is on interface %u: it was renamed, or this is another "
		      "network namespace than the chain's",
		      interface->name, linked);
		return -EBUSY;
	}
	if (!err) /* of an interface that has gone */
		err = links_detach(state->dir, interface->name);
	if (err && err != -ENOENT) {
		error("cannot read or remove the old link of %s: %s", interface->name,
		      strerror(-err));
		return err;
	}
	err = links_attach(state, interface, mode);
	*made = !err;
	return err;
}

static int attach_all(const struct state *state, int root, struct model *wanted, bool *made)
{
	struct state with_root = *state;
	int err = 0;

	timing_enter(TIMING_ATTACH);
	with_root.root_fd = root;
	for (int i = 0; i < wanted->interface_count && !err; i++)
		err = attach_one(&with_root, &wanted->interfaces[i], wanted->mode, &made[i]);
	return err;
}

/* Upcalls that no packet can come to need nobody. */
static int need_slow(const struct state *state, const char *generation_dir,
		     const struct model *model)
{
	return model_leads_out(model)
		       ? slow_ensure(state, generation_dir, model->slowpath.no_helper)
		       : 0;
}

/* Who handles the packets that the new generation sends out of the kernel is there before it is. */
static int start_slow(const struct state *state, const struct model *wanted)
{
	char dir[PATH_MAX];

	return pins_path(dir, state->dir, "gen/build") ?: need_slow(state, dir, wanted);
}

/* One with other pipes ends the one that runs before it can tell whether it works itself. */
static void restart_slow(const struct state *state, const struct model *running)
{
	char dir[PATH_MAX];

	if (!pins_path(dir, state->dir, "gen/%u", state->current))
		need_slow(state, dir, running);
}

/* Before anything is made or attached: whether it could work. One that runs shows that it does. */
static int try_slow(const struct state *state, const struct model *wanted)
{
	return model_leads_out(wanted) && !slow_runs(state->dir) ? slow_needs() : 0;
}

/* Undo everything that was made, so that a failure leaves what was before. */
static void back_out(struct state *state, const struct model *wanted,
		     const struct model *running, const bool *made)
{
	if (!running) {
		remove_chain(state->dir);
		return;
	}
	for (int i = 0; i < wanted->interface_count; i++)
		if (made[i])
			links_detach(state->dir, wanted->interfaces[i].name);
	generations_drop_build(state);
	restart_slow(state, running);
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
	int err;

	timing_enter(TIMING_TIDY);
	err = state_read(dir, &state) ?: recover(&state);
	state_free(&state);
	if (err)
		warning("the change is made; the next command will tidy up after it");
}

int commit_generation(const struct state *state, struct model *wanted,
		      const struct model *running, const struct plan *plan)
{
	bool made[GALETTE_INTERFACES_MAX] = { false };
	struct state copy = *state;
	int root = running ? dup(state->root_fd) : -1, ingress = -1, err = 0;

	timing_enter(TIMING_LOAD);
	wanted->generation = next_number(state);
	err = try_slow(state, wanted);
	if (!err && !running)
		err = make_chain(state, &root);
	if (!err) {
		ingress = build_generation(state->dir, wanted, running, plan,
					   wanted->generation, state->current);
		err = ingress < 0 ? ingress : 0;
	}
	if (!err)
		err = attach_all(state, root, wanted, made);
	if (!err)
		err = start_slow(state, wanted);
	timing_enter(TIMING_COMMIT);
	if (!err)
		err = write_root(root, ingress);
	if (err)
		back_out(&copy, wanted, running, made);
	if (root >= 0)
		close(root);
	if (ingress >= 0)
		close(ingress);
	if (!err)
		tidy(state->dir);
	return err;
}

int commit_nothing(const struct state *state, const struct model *running)
{
	char dir[PATH_MAX];

	return pins_path(dir, state->dir, "gen/%u", state->current)
		       ?: need_slow(state, dir, running);
}

/* A generation knows its interfaces by index; one that has come back since has another. */
static int check_interfaces(const struct state *state, __u32 number)
{
	char dir[PATH_MAX];
	char **names;
	int count = pins_path(dir, state->dir, "link") ?: pins_list(dir, &names), err = 0;

	for (int i = 0; i < count && !err; i++) {
		__u32 linked, known;

		pins_decode(names[i]);
		if (links_ifindex(state->dir, names[i], &linked) || !linked ||
		    generations_interface(state, number, names[i], &known) || known == linked)
			continue;
		error("generation %u was built for another %s (interface %u, now %u): apply "
		      "its "
		      "chain file instead",
		      number, names[i], known, linked);
		err = -ENODEV;
	}
	if (count >= 0)
		pins_list_free(names, count);
	return err;
}

int commit_rollback(const struct state *state, bool no_helper)
{
	char dir[PATH_MAX];
	int ingress = -1, err = check_interfaces(state, state->previous);

	if (err)
		return err;
	ingress = pins_open(state->dir, "gen/%u/ingress", state->previous);
	if (ingress < 0) {
		error("cannot open generation %u: %s", state->previous, strerror(-ingress));
		return ingress;
	}
	pins_path(dir, state->dir, "gen/%u", state->previous);
	timing_enter(TIMING_COMMIT);
	err = slow_ensure(state, dir, no_helper) ?: write_root(state->root_fd, ingress);
	close(ingress);
	if (!err)
		tidy(state->dir);
	return err;
}

/* The program for a link's new target, as that of a function or of a terminal. */
static int open_target(const char *dir, const struct model *running, int slot,
		       const struct model_edge *edge)
{
	const struct target *target = &edge->target;
	int fd;

	if (edge_leads_out(running, edge))
		return upcall_open(dir, running, slot, edge->to);
	if (target->kind != TARGET_FUNCTION)
		return terminal_open(dir, target, edge->to < 0 ? 0 : edge->to);
	fd = pins_open(dir, "nf/%s", target->name);
	if (fd < 0)
		error("cannot open function '%s': %s", target->name, strerror(-fd));
	return fd;
}

/* Of another edge than this. */
static bool is_target(const struct model *running, int edge, const struct target *target)
{
	for (int i = GALETTE_SLOT_RX; i < running->edge_count; i++)
		if (i != edge && running->edges[i].target.kind == target->kind &&
		    !strcmp(running->edges[i].target.name, target->name))
			return true;
	return false;
}

/* What a link that could not be made has left. */
static void undo_link(const struct state *state, const char *dir, struct model *running,
		      int edge, const struct model_edge *old)
{
	struct model_edge *new = &running->edges[edge];

	if (!target_is_function(&new->target) && !is_target(running, edge, &new->target))
		terminal_remove(dir, &new->target);
	*new = *old;
	repair(state, running);
}

static int write_slot(const char *dir, __u32 slot, int program)
{
	int slots = pins_open(dir, "slots");
	int err = slots < 0 ? slots : bpf_map_update_elem(slots, &slot, &program, BPF_ANY);

	if (err)
		error("cannot write slot %u in %s/slots: %s", slot, dir, strerror(-err));
	if (slots >= 0)
		close(slots);
	return err;
}

/* The route before the slot: packets that the slot sends out find it. */
static int write_link(const struct state *state, const char *dir, struct model *running,
		      __u32 slot)
{
	const struct model_edge *edge = &running->edges[slot];
	int program, err;

	if (!edge_in_kernel(running, edge))
		return route_write(dir, running, slot);
	program = open_target(dir, running, slot, edge);
	err = program < 0 ? program
			  : need_slow(state, dir, running)
				    ?: route_write(dir, running, slot)
				    ?: write_slot(dir, slot, program);
	if (program >= 0)
		close(program);
	return err;
}

int commit_link(const struct state *state, struct model *running, int edge,
		const struct target *target)
{
	struct model_edge old = running->edges[edge], *new = &running->edges[edge];
	char dir[PATH_MAX];
	int err;

	pins_path(dir, state->dir, "gen/%u", state->current);
	new->target = *target;
	edge_resolve(running, new);
	timing_enter(TIMING_COMMIT);
	err = try_slow(state, running) ?: write_link(state, dir, running, edge);
	timing_enter(TIMING_TIDY);
	if (err) {
		undo_link(state, dir, running, edge, &old);
		return err;
	}
	if (repair(state, running))
		warning("the change is made; the next command will tidy up after it");
	return 0;
}

/* Let packets pass to the stack, and wait until none is in the chain's programs. */
static int let_pass(const struct state *state, int running)
{
	int pass = terminal_load_pass();
	int err = pass < 0 ? pass : write_root(state->root_fd, pass);

	if (pass >= 0)
		close(pass);
	if (err)
		return err;
	err = generations_wait();
	if (err && running >= 0)
		write_root(state->root_fd, running);
	return err;
}

int commit_detach(const struct state *state)
{
	int running = state->root_id ? bpf_prog_get_fd_by_id(state->root_id) : -1, err;

	timing_enter(TIMING_COMMIT);
	err = state->root_fd < 0 ? 0 : let_pass(state, running);
	if (!err) {
		timing_enter(TIMING_ATTACH);
		err = links_detach_all(state->dir);
		if (err) {
			error("cannot let go of the interfaces: %s", strerror(-err));
			if (running >= 0)
				write_root(state->root_fd, running);
		}
	}
	if (running >= 0)
		close(running);
	if (err)
		return err;
	timing_enter(TIMING_TIDY);
	if (remove_chain(state->dir) || rmdir(state->dir))
		warning("the chain is detached; the next command removes what is left of it");
	return 0;
}
