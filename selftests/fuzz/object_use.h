/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For the fuzzers of object files: how their bytes are changed, and what is done with them. */
#ifndef OBJECT_USE_H
#define OBJECT_USE_H

#include <sanitizer/common_interface_defs.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"
#include "value.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* What kills the child that tries an object is no find. */
static inline void forget_death_callback(void)
{
	__sanitizer_set_death_callback(NULL);
}

/* ELF does not bear that its bytes move: most often change some where they are. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint8_t window[16];
	size_t length = 1 + seed / 16 % sizeof(window), at;

	if (size <= sizeof(window) || seed % 16 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	at = seed / 256 % (size - length);
	memcpy(window, data + at, length);
	LLVMFuzzerMutate(window, length, length);
	memcpy(data + at, window, length);
	return size;
}

/* Values of the object's own types, to words and back. */
static inline void use_type(const struct object *object, __u32 type, size_t size)
{
	char *bytes = calloc(1, size), *text = value_to_text(object->btf, type, bytes);
	struct diag diag = { .file = "fuzz" };

	if (text && value_from_text(object->btf, type, text, bytes, "value", &diag) &&
	    !diag.errors)
		abort();
	diag_free(&diag);
	free(text);
	free(bytes);
}

static inline void use_object(const struct object *object)
{
	static const char config[] = "a = { iterations = 1, non_ip = 0, secondary_ppm = 2 }";
	struct diag diag = { .file = "fuzz" };
	struct node *root = toml_parse(config, sizeof(config) - 1, &diag);

	if (object->action_count < 1 || object->action_count > GALETTE_ACTIONS_MAX)
		abort();
	for (int i = 0; i < object->action_count; i++)
		if (!*object->actions[i] ||
		    !memchr(object->actions[i], 0, sizeof(object->actions[i])))
			abort();
	for (int i = 0; i < object->map_count; i++) {
		const struct object_map *map = &object->maps[i];

		if (object_map(object, map->name)->name != map->name)
			continue; /* two of one name */
		use_type(object, map->key_type, map->key_size);
		use_type(object, map->value_type, map->value_size);
		value_same_type(object->btf, map->key_type, object->btf, map->value_type, NULL);
	}
	if (object->config.type)
		value_update(object->btf, object->config.type, &root->items[0],
			     object_var(object, &object->config), "config", &diag);
	if (object->bpf)
		memset(object_var(object, &object->links), 1, object->links.size);
	node_free(root);
	diag_free(&diag);
}

#endif
