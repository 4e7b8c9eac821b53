// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* [slowpath]: how galette-slow is to work for a chain. */
#include <string.h>

#include "chain_shape.h"

/* Frames of 4 KiB: from the least that rings work with to 128 MiB a queue. */
enum {
	FRAMES_MIN = 64,
	FRAMES_MAX = 32768,
	WATCHDOG_MAX = 3600,
};

const struct slowpath slowpath_default = {
	.absent = TARGET_DROP,
	.frames = CHAIN_FRAMES,
	.watchdog = CHAIN_WATCHDOG,
};

static void parse_absent(const struct node *node, enum target_kind *absent, struct diag *diag)
{
	if (!node_expect(node, NODE_STRING, "absent", diag))
		return;
	if (!strcmp(node->string, "drop"))
		*absent = TARGET_DROP;
	else if (!strcmp(node->string, "pass"))
		*absent = TARGET_PASS;
	else if (!strcmp(node->string, "tx"))
		*absent = TARGET_TX;
	else
		diag_error(diag, node->loc,
			   "absent must be \"drop\", \"pass\" or \"tx\", not \"%s\"",
			   node->string);
}

static void parse_number(const struct node *node, int max, const char *unit, int *number,
			 struct diag *diag)
{
	if (!node_expect(node, NODE_INTEGER, node->key, diag))
		return;
	if (node->integer < 1 || node->integer > max)
		diag_error(diag, node->loc, "%s must be 1 to %d%s", node->key, max, unit);
	else
		*number = node->integer;
}

static void parse_frames(const struct node *node, int *frames, struct diag *diag)
{
	__s64 n;

	if (!node_expect(node, NODE_INTEGER, "frames", diag))
		return;
	n = node->integer;
	if (n < FRAMES_MIN || n > FRAMES_MAX || (n & (n - 1)))
		diag_error(diag, node->loc, "frames must be a power of two, %d to %d",
			   FRAMES_MIN, FRAMES_MAX);
	else
		*frames = n;
}

void slowpath_parse(const struct node *table, struct slowpath *slowpath, struct diag *diag)
{
	static const char *const keys[] = { "absent", "pipes", "frames", "watchdog",
					    "busy_poll" };

	for (size_t i = 0; i < table->count; i++) {
		const struct node *member = &table->items[i];

		if (!strcmp(member->key, "absent"))
			parse_absent(member, &slowpath->absent, diag);
		else if (!strcmp(member->key, "pipes"))
			parse_number(member, GALETTE_PIPES_MAX, "", &slowpath->pipes, diag);
		else if (!strcmp(member->key, "frames"))
			parse_frames(member, &slowpath->frames, diag);
		else if (!strcmp(member->key, "watchdog"))
			parse_number(member, WATCHDOG_MAX, " seconds", &slowpath->watchdog,
				     diag);
		else if (strcmp(member->key, "busy_poll"))
			node_unknown_key(member, "slowpath", keys,
					 sizeof(keys) / sizeof(keys[0]), diag);
		else if (node_expect(member, NODE_BOOLEAN, "busy_poll", diag))
			slowpath->busy_poll = member->boolean;
	}
}
