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

bool check_kernel_only(const struct model *model, struct loc *loc, char why[128])
{
	for (int i = 0; i < model->function_count; i++) {
		if (model->functions[i].decl->disable_xdp) {
			*loc = model->functions[i].decl->loc;
			snprintf(why, 128, "function '%s' has disable_xdp",
				 model->functions[i].name);
			return false;
		}
	}
	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++) {
		if (model->edges[i].target.kind == TARGET_UPCALL) {
			*loc = model->edges[i].target.loc;
			snprintf(why, 128, "'!%s' leads out of the kernel",
				 model->edges[i].target.name);
			return false;
		}
	}
	return true;
}

struct model *check(struct chain *chain, const struct check_input *input, struct diag *diag)
{
	struct model *model = model_new(input->name, chain);
	int errors = diag->errors;

	check_links(model, input, diag);
	if (diag->errors == errors)
		check_paths(model, diag);
	check_maps(model, diag);
	check_config(model, diag);
	if (diag->errors > errors) {
		model_free(model);
		return NULL;
	}
	return model;
}
