/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "value.h"

/* The chain file's config over the NF's defaults, in the bytes that will be loaded. */
void check_config(const struct model *model, struct diag *diag)
{
	for (int i = 0; i < model->function_count; i++) {
		const struct model_function *f = &model->functions[i];
		char what[GALETTE_NAME_LEN + 32];

		if (!f->decl->config || !f->object)
			continue;
		snprintf(what, sizeof(what), "config of '%s'", f->name);
		if (!f->object->config.type)
			diag_error(diag, f->decl->config->key_loc, "'%s' has no config",
				   f->path);
		else
			value_update(f->object->btf, f->object->config.type, f->decl->config,
				     object_var(f->object, &f->object->config), what, diag);
	}
}

struct model *check(struct chain *chain, const struct check_input *input, struct diag *diag)
{
	struct model *model = model_new(input->name, chain);
	int errors = diag->errors;

	check_links(model, input, diag);
	if (diag->errors == errors) {
		check_paths(model, diag);
		check_worlds(model, input, diag);
	}
	check_maps(model, diag);
	check_slow_maps(model, diag);
	check_config(model, diag);
	/* Files are found by the config's values, and tried with them. */
	if (diag->errors == errors)
		check_files(model, input, diag);
	if (diag->errors > errors) {
		model_free(model);
		return NULL;
	}
	return model;
}
