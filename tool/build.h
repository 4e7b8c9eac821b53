/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Build a generation of a chain in gen/build, beside whatever runs: maps,
 * programs, terminals, every slot filled. Nothing runs it until its ingress is
 * written to root[0].
 */
#ifndef BUILD_H
#define BUILD_H

#include "model.h"
#include "plan.h"
#include "terminal.h"

/*
 * Build `wanted` as generation `number`, child of `parent`. An open ingress
 * program, or a negative errno after printing one error; what was made is then
 * still in gen/build, for the caller to remove. running: where kept maps are.
 */
int build_generation(const char *chain_dir, struct model *wanted, const struct model *running,
		     const struct plan *plan, __u32 number, __u32 parent);

#endif
