// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as an NF's object file: what they offer, or an error. What they
 * offer is then used as check does: a config over the defaults, map entries.
 */
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_log.h"
#include "object.h"
#include "value.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static char directory[] = "build/fuzz/object-XXXXXX", file[64];

/* What kills the child that tries an object is no find. */
static void forget_death_callback(void)
{
	__sanitizer_set_death_callback(NULL);
}

static void remove_directory(void)
{
	unlink(file);
	rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	kernel_log_init();
	if (!mkdtemp(directory)) {
		perror(directory);
		exit(1);
	}
	snprintf(file, sizeof(file), "%s/x.bpf.o", directory);
	atexit(remove_directory);
	pthread_atfork(NULL, NULL, forget_death_callback);
	return 0;
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
static void use_type(const struct object *object, __u32 type, size_t size)
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

static void use(const struct object *object)
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
	memset(object_var(object, &object->links), 1, object->links.size);
	node_free(root);
	diag_free(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = { .file = "fuzz" };
	FILE *out = fopen(file, "w");
	struct object *object;

	if (!out || fwrite(data, 1, size, out) != size || fclose(out))
		abort();
	object = object_open(directory, "x", (struct loc) { 1, 1 }, &diag);
	if (!object != !!diag.errors)
		abort();
	if (object)
		use(object);
	object_free(object);
	diag_free(&diag);
	return 0;
}
