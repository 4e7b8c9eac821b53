/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advise.h"
#include "alloc.h"
#include "diag.h"
#include "running.h"
#include "wanted.h"

/* [ALIAS=]IF */
static bool parse_binding(const char *text, struct binding *binding)
{
	const char *equals = strchr(text, '=');
	const char *name = equals ? equals + 1 : text;
	int alias = equals ? equals - text : 0;

	if (!*name || strlen(name) >= GALETTE_IFNAME_LEN) {
		error("'%s' cannot be the name of an interface", name);
		return false;
	}
	if ((equals && !alias) || alias >= GALETTE_NAME_LEN) {
		error("'%s': an alias has 1 to %d characters", text, GALETTE_NAME_LEN - 1);
		return false;
	}
	snprintf(binding->alias, sizeof(binding->alias), "%.*s", alias, text);
	snprintf(binding->name, sizeof(binding->name), "%s", name);
	return true;
}

static bool same_name(const char *a, const char *b)
{
	return *a && !strcmp(a, b);
}

static bool parse_bindings(char **words, int count, struct binding *bindings)
{
	for (int i = 0; i < count; i++) {
		if (!parse_binding(words[i], &bindings[i]))
			return false;
		for (int k = 0; k < i; k++) {
			if (same_name(bindings[i].name, bindings[k].name) ||
			    same_name(bindings[i].alias, bindings[k].alias) ||
			    same_name(bindings[i].alias, bindings[k].name) ||
			    same_name(bindings[i].name, bindings[k].alias)) {
				error("'%s' and '%s' name the same thing", words[k], words[i]);
				return false;
			}
		}
	}
	return true;
}

static int attach(struct options *options, struct running *running, struct model *wanted,
		  struct diag *diag)
{
	struct plan *plan = plan_make(wanted, NULL, NULL, 0, diag);
	int err;

	diag_flush(diag);
	if (!plan)
		return STATUS_FAILED;
	wanted->slowpath.no_helper = options->no_helper;
	wanted->mode = options->mode;
	err = commit_generation(&running->state, wanted, NULL, plan);
	plan_free(plan);
	if (err)
		return STATUS_FAILED;
	advise(wanted);
	for (int i = 0; i < wanted->interface_count; i++)
		info("%s: attached to %s, %s mode", wanted->name, wanted->interfaces[i].name,
		     mode_name(wanted->interfaces[i].mode));
	running_report(options, wanted->name, true);
	return STATUS_DONE;
}

int verb_attach(struct options *options)
{
	int count = options->argc - 1, status = STATUS_USAGE;
	struct binding *bindings = xcalloc(count, sizeof(*bindings));
	struct diag diag = { 0 };
	struct running running;
	struct model *wanted = NULL;
	struct chain *chain;
	const char *name;

	if (parse_bindings(options->argv, count, bindings)) {
		name = options->name ?: bindings[0].name;
		chain = wanted_read(options->argv[count], &diag);
		if (chain)
			wanted = wanted_check(options, chain, name, bindings, count, &diag);
	}
	if (wanted) {
		status = running_lock(options, name, true, &running);
		if (!status && running.model) {
			error("chain '%s' is attached already (galette-pin apply %s %s changes "
			      "it)",
			      name, name, options->argv[count]);
			status = STATUS_FAILED;
		} else if (!status) {
			status = attach(options, &running, wanted, &diag);
		}
		if (status == STATUS_FAILED && !running.model && running.lock >= 0)
			rmdir(running.dir);
		running_close(&running);
	}
	model_free(wanted);
	diag_free(&diag);
	free(bindings);
	return status;
}
