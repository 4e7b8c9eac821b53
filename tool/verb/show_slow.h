/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What show says of a chain's slow path. */
#ifndef SHOW_SLOW_H
#define SHOW_SLOW_H

#include <json-c/json.h>

#include "model.h"

/* Nothing, or NULL, where no packet leaves the kernel and no galette-slow has ever run. */
void show_slow(const char *chain_dir, const struct model *model);
struct json_object *show_slow_json(const char *chain_dir, const struct model *model);

/* "verified": the verifier has seen the source of what runs natively; "native-only"; NULL: neither. */
const char *show_proof(const struct model_function *f);

#endif
