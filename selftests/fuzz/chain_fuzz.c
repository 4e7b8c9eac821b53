// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a chain file, all the way to a checked model and its plan: by
 * itself, as `check` does, and on an interface, as `attach` does. A model is
 * whole, or there are errors; never both or neither.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel_log.h"
#include "plan.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	kernel_log_init();
	return 0;
}

static void check_model(const struct model *model)
{
	char text[GALETTE_TARGET_LEN];

	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++) {
		struct model_edge again = model->edges[i];

		if (!edge_resolve(model, &again) || again.to != model->edges[i].to)
			abort();
		edge_from(model, &model->edges[i], text);
		if (!edge_action(model, &model->edges[i]))
			abort();
		target_format(&again.target, text);
	}
	for (int i = 0; i < model->map_count; i++)
		if (!model->maps[i].user_count || model_map(model, model->maps[i].name) != i)
			abort();
	for (int i = 0; i < model->function_count; i++) {
		const struct model_function *f = &model->functions[i];

		if (!f->kernel && !f->slow)
			abort();
		if ((f->slow && !f->has_native) || (f->kernel && !f->object->bpf))
			abort();
	}
	check_needs_slow(model);
}

static void one_way(const uint8_t *data, size_t size, const struct check_input *input)
{
	struct diag diag = { .file = "fuzz" };
	struct chain *chain = chain_parse((const char *)data, size, &diag);
	struct model *model = chain ? check(chain, input, &diag) : NULL;
	struct plan *plan;

	if (!model != !!diag.errors)
		abort();
	if (model) {
		check_model(model);
		plan = plan_make(model, NULL, NULL, 0, &diag);
		if (!plan || !plan->changed)
			abort();
		plan_free(plan);
		plan = plan_make(model, model, NULL, 0, &diag);
		if (!plan)
			abort();
		plan_free(plan);
	}
	model_free(model);
	diag_free(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct binding lan = { "lan", "lo" };
	const struct check_input alone = { .name = "fuzz", .nf_path = "build/nf" };
	const struct check_input attached = { .name = "fuzz",
					      .nf_path = "build/nf",
					      .bindings = &lan,
					      .binding_count = 1,
					      .bound = true };

	one_way(data, size, &alone);
	one_way(data, size, &attached);
	return 0;
}
