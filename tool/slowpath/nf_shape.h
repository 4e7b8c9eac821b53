/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a native NF's BTF says, and whether its BPF object says the same. */
#ifndef SLOWPATH_NF_SHAPE_H
#define SLOWPATH_NF_SHAPE_H

#include <linux/types.h>

#include <galette/nf/native_abi.h>

#include "object.h"

/* How many actions it has; 0: none that can be told. */
int nf_shape_actions(const struct btf *btf);

/* Where in the config its nf_file of this name is; -1: it has none. */
int nf_shape_file(const struct btf *btf, const char *field);

/* The type of a map's `key` or `value`; 0: it has none. */
__u32 nf_shape_map_type(const struct btf *btf, const char *map, const char *which);

/* False: *why says what is different, allocated. */
bool nf_shape_same(const struct nf_native *nf, const struct btf *btf,
		   const struct object *object, char **why);

#endif
