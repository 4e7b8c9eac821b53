// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as an NF's native object: what they offer, or an error. What they
 * offer is then used as check and build do.
 */
#include <pthread.h>

#include "kernel_log.h"
#include "map_btf.h"
#include "native.h"
#include "object_use.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	kernel_log_init();
	pthread_atfork(NULL, NULL, forget_death_callback);
	return 0;
}

static void use_maps(const struct object *object)
{
	for (int i = 0; i < object->map_count; i++) {
		const struct object_map *map = &object->maps[i];
		__u32 key, value;
		struct btf *btf =
			map_btf(object->btf, map->key_type, map->value_type, &key, &value);

		if (btf && (btf__resolve_size(btf, key) != map->key_size ||
			    btf__resolve_size(btf, value) != map->value_size))
			abort();
		btf__free(btf);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct native native = { .file = "x.so", .bytes = (void *)data, .size = size };
	struct diag diag = { .file = "fuzz" };
	struct object *object = native_object(&native, (struct loc) { 1, 1 }, &diag);

	if (!object != !!diag.errors)
		abort();
	if (object) {
		use_object(object);
		use_maps(object);
		if (!native_same(object, object, (struct loc) { 1, 1 }, &diag))
			abort();
	}
	object_free(object);
	diag_free(&diag);
	return 0;
}
