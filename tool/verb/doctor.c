/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "diag.h"
#include "doctor.h"
#include "netdev.h"
#include "options.h"

static bool look_at(unsigned int ifindex, const struct options *options,
		    struct findings *findings)
{
	char name[IF_NAMESIZE] = "?";
	int err = doctor_netdev(ifindex, options->pin_root, findings);

	if (!err)
		return true;
	if_indextoname(ifindex, name);
	error("cannot look at interface %s: %s", name, strerror(-err));
	return false;
}

/* All that are up. One that goes meanwhile is none. */
static void look_at_all(const struct options *options, struct findings *findings)
{
	struct if_nameindex *all = if_nameindex();

	for (const struct if_nameindex *i = all; i && i->if_index; i++) {
		struct netdev dev;

		if (!netdev_read(i->if_index, &dev) && dev.up && !dev.loopback)
			doctor_netdev(i->if_index, options->pin_root, findings);
	}
	if_freenameindex(all);
}

/* All of them are there, or nothing is looked at. */
static bool find_interfaces(const struct options *options, unsigned int *indexes)
{
	bool found = true;

	for (int i = 0; i < options->argc; i++) {
		indexes[i] = if_nametoindex(options->argv[i]);
		if (!indexes[i])
			error("no interface '%s'", options->argv[i]);
		found &= indexes[i] != 0;
	}
	return found;
}

static void print(const struct options *options, const struct findings *findings)
{
	struct json_object *list;

	if (!options->json) {
		findings_print(findings);
		return;
	}
	list = findings_json(findings);
	puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(list);
}

int verb_doctor(struct options *options)
{
	unsigned int *indexes = xcalloc(options->argc + 1, sizeof(*indexes));
	struct findings findings = { 0 };
	int status = STATUS_USAGE;

	if (find_interfaces(options, indexes)) {
		status = STATUS_DONE;
		doctor_machine(options->pin_root, &findings);
		for (int i = 0; i < options->argc; i++)
			if (!look_at(indexes[i], options, &findings))
				status = STATUS_FAILED;
		if (!options->argc)
			look_at_all(options, &findings);
		print(options, &findings);
		if (findings_wrong(&findings))
			status = STATUS_FAILED;
	}
	findings_free(&findings);
	free(indexes);
	return status;
}
