/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "show_slow.h"
#include "slow.h"

/* As enum galette_loss has them. */
static const char *const losses[] = {
	"no-head", "generation-gone", "missed",  "hops",       "tx-full",    "tx-failed",
	"pass",    "crashed",         "rx-full", "fill-empty", "rx-dropped",
};

_Static_assert(sizeof(losses) / sizeof(losses[0]) == GALETTE_LOSSES, "one name a reason");

const char *show_proof(const struct model_function *f)
{
	if (!f->has_native)
		return NULL;
	return f->prog_id ? "verified" : "native-only";
}

static bool read_status(const char *chain_dir, const struct model *model,
			struct slow_status *status)
{
	return !slow_count(chain_dir, status) &&
	       (model_leads_out(model) || status->helper.start);
}

static const char *absent_word(const struct model *model)
{
	__u32 action = model->slowpath.absent;

	return action == XDP_PASS ? "pass" : action == XDP_TX ? "tx" : "drop";
}

static const char *in_function(const struct model *model, const struct galette_pipe *pipe)
{
	return pipe->function < (__u32)model->function_count
		       ? model->functions[pipe->function].name
		       : NULL;
}

/* Also those that there are no more: their packets count. */
static int pipe_count(const struct slow_status *status)
{
	int count = status->helper.pipes < GALETTE_PIPES_MAX ? (int)status->helper.pipes
							     : GALETTE_PIPES_MAX;

	for (int i = count; i < GALETTE_PIPES_MAX; i++)
		if (status->pipes[i].packets || status->pipes[i].crashes)
			count = i + 1;
	return count;
}

/* ---- as text ---- */

static void print_pipe(const struct model *model, int index, const struct galette_pipe *pipe)
{
	const char *in = in_function(model, pipe);

	if (pipe->pid)
		printf("  pipe %d: process %u", index, pipe->pid);
	else
		printf("  pipe %d: no process", index);
	printf(", %llu packets: %llu tx, %llu redirect, %llu pass, %llu drop, %llu abort",
	       pipe->packets, pipe->tx, pipe->redirect, pipe->pass, pipe->drop, pipe->abort);
	for (int i = 0; i < GALETTE_LOSSES; i++)
		if (pipe->lost[i])
			printf(", %llu lost (%s)", pipe->lost[i], losses[i]);
	if (pipe->crashes)
		printf(", %u crashes", pipe->crashes);
	if (pipe->hangs)
		printf(", %u of them hung", pipe->hangs);
	if (in)
		printf(", in %s", in);
	puts("");
}

static void print_upcalls(const struct model *model)
{
	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++) {
		const struct galette_upcall *upcall = &model->edges[i].upcall;
		const char *action = edge_action(model, &model->edges[i]);
		char from[GALETTE_TARGET_LEN];

		if (!edge_leads_out(model, &model->edges[i]) &&
		    !(upcall->sent + upcall->absent + upcall->lost))
			continue;
		edge_from(model, &model->edges[i], from);
		printf("  upcall %s%s%s: %llu sent, %llu absent (%s), %llu lost\n", from,
		       *action ? ":" : "", action, upcall->sent, upcall->absent,
		       absent_word(model), upcall->lost);
	}
}

void show_slow(const char *chain_dir, const struct model *model)
{
	struct slow_status status;
	const struct galette_helper *helper = &status.helper;

	if (!read_status(chain_dir, model, &status))
		return;
	print_upcalls(model);
	if (status.alive)
		printf("  slow path: process %u, frames: %u = %u fill + %u rx + %u tx + %u "
		       "completion + %u in hand\n",
		       helper->pid, helper->total, helper->fill, helper->rx, helper->tx,
		       helper->completion, helper->hand);
	else
		puts("  slow path: no galette-slow runs");
	for (int i = 0; i < pipe_count(&status); i++)
		print_pipe(model, i, &status.pipes[i]);
}

/* ---- as JSON ---- */

static void set(struct json_object *object, const char *key, __u64 value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static struct json_object *json_pipe(const struct model *model, const struct galette_pipe *pipe)
{
	struct json_object *item = json_object_new_object(), *lost = json_object_new_object();
	const char *in = in_function(model, pipe);

	json_object_object_add(item, "pid",
			       pipe->pid ? json_object_new_int64(pipe->pid) : NULL);
	set(item, "packets", pipe->packets);
	set(item, "tx", pipe->tx);
	set(item, "redirect", pipe->redirect);
	set(item, "pass", pipe->pass);
	set(item, "drop", pipe->drop);
	set(item, "abort", pipe->abort);
	for (int i = 0; i < GALETTE_LOSSES; i++)
		set(lost, losses[i], pipe->lost[i]);
	json_object_object_add(item, "lost", lost);
	set(item, "crashes", pipe->crashes);
	set(item, "hangs", pipe->hangs);
	json_object_object_add(item, "function", in ? json_object_new_string(in) : NULL);
	return item;
}

static struct json_object *json_frames(const struct galette_helper *helper)
{
	struct json_object *frames = json_object_new_object();

	set(frames, "total", helper->total);
	set(frames, "fill", helper->fill);
	set(frames, "rx", helper->rx);
	set(frames, "tx", helper->tx);
	set(frames, "completion", helper->completion);
	set(frames, "hand", helper->hand);
	return frames;
}

struct json_object *show_slow_json(const char *chain_dir, const struct model *model)
{
	struct slow_status status;
	struct json_object *top, *list;

	if (!read_status(chain_dir, model, &status))
		return NULL;
	top = json_object_new_object();
	list = json_object_new_array();
	json_object_object_add(top, "pid",
			       status.alive ? json_object_new_int64(status.helper.pid) : NULL);
	json_object_object_add(top, "absent", json_object_new_string(absent_word(model)));
	json_object_object_add(top, "helper",
			       json_object_new_boolean(!model->slowpath.no_helper));
	json_object_object_add(top, "frames",
			       status.alive ? json_frames(&status.helper) : NULL);
	for (int i = 0; i < pipe_count(&status); i++)
		json_object_array_add(list, json_pipe(model, &status.pipes[i]));
	json_object_object_add(top, "pipes", list);
	return top;
}
