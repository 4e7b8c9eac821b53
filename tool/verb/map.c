/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "alloc.h"
#include "diag.h"
#include "map_walk.h"
#include "running.h"
#include "value.h"

struct session {
	const struct options *options;
	const struct model_map *map;
	bool percpu;
	struct json_object *list; /* of a dump as JSON */
};

static size_t values_size(const struct session *s)
{
	return s->percpu ? map_stride(s->map->value_size) * libbpf_num_possible_cpus()
			 : s->map->value_size;
}

/* ---- reading words ---- */

static int parse(const struct session *s, __u32 type, size_t size, const char *word, void *out,
		 const char *what)
{
	const struct model_map *map = s->map;
	struct diag diag = { 0 };
	char place[GALETTE_NAME_LEN * 2 + 32];
	int err;

	snprintf(place, sizeof(place), "%s of map '%s'", what, map->name);
	if (map->btf && type) {
		err = value_from_text(map->btf, type, word, out, place, &diag);
		diag_flush(&diag);
		diag_free(&diag);
		return err;
	}
	err = value_from_hex(word, out, size);
	if (err)
		error("%s: '%s' is not %zu bytes in hex, 0x…", place, word, size);
	return err;
}

static int parse_key(const struct session *s, const char *word, void *key)
{
	return parse(s, s->map->key_type, s->map->key_size, word, key, "key");
}

/* The value of a per-CPU map is the first CPU's, the others' zero: so that the sum is what was said. */
static int parse_value(const struct session *s, const char *word, void *values)
{
	memset(values, 0, values_size(s));
	return parse(s, s->map->value_type, s->map->value_size, word, values, "value");
}

/* ---- printing ---- */

static char *word_of(const struct session *s, __u32 type, size_t size, const void *bytes)
{
	if (s->map->btf && type)
		return value_to_text(s->map->btf, type, bytes);
	return value_to_hex(bytes, size);
}

static struct json_object *json_of(const struct session *s, __u32 type, size_t size,
				   const void *bytes)
{
	struct json_object *object;
	char *hex;

	if (s->map->btf && type)
		return value_to_json(s->map->btf, type, bytes);
	hex = value_to_hex(bytes, size);
	object = json_object_new_string(hex);
	free(hex);
	return object;
}

/* What a per-CPU value comes to: integers are added up, of anything else the CPUs' are shown. */
static bool sum(const struct session *s, const void *values, void *out)
{
	const struct btf_type *t = NULL;
	__u64 total = 0;
	int id = s->map->btf ? btf__resolve_type(s->map->btf, s->map->value_type) : -1;

	if (id > 0)
		t = btf__type_by_id(s->map->btf, id);
	if (!t || !btf_is_int(t) || s->map->value_size > sizeof(total))
		return false;
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		__u64 one = 0;

		memcpy(&one, (const char *)values + cpu * map_stride(s->map->value_size),
		       s->map->value_size);
		total += one;
	}
	memcpy(out, &total, s->map->value_size);
	return true;
}

static struct json_object *json_value(const struct session *s, const void *values)
{
	const struct model_map *map = s->map;
	struct json_object *list;
	__u64 total;

	if (!s->percpu)
		return json_of(s, map->value_type, map->value_size, values);
	if (sum(s, values, &total))
		return json_of(s, map->value_type, map->value_size, &total);
	list = json_object_new_array();
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		json_object_array_add(list, json_of(s, map->value_type, map->value_size,
						    (const char *)values +
							    cpu * map_stride(map->value_size)));
	return list;
}

static void print_value(const struct session *s, const void *values)
{
	const struct model_map *map = s->map;
	int count = s->percpu ? libbpf_num_possible_cpus() : 1;
	__u64 total;

	if (s->percpu && sum(s, values, &total)) {
		values = &total;
		count = 1;
	}
	for (int cpu = 0; cpu < count; cpu++) {
		char *word = word_of(s, map->value_type, map->value_size,
				     (const char *)values + cpu * map_stride(map->value_size));

		printf("%s%s", cpu ? " " : "", word);
		free(word);
	}
}

static int print_entry(const void *key, const void *values, void *context)
{
	struct session *s = context;
	const struct model_map *map = s->map;
	struct json_object *item;
	char *word;

	if (s->list) {
		item = json_object_new_object();
		json_object_object_add(item, "key",
				       json_of(s, map->key_type, map->key_size, key));
		json_object_object_add(item, "value", json_value(s, values));
		json_object_array_add(s->list, item);
		return 0;
	}
	word = word_of(s, map->key_type, map->key_size, key);
	printf("%s ", word);
	free(word);
	print_value(s, values);
	putchar('\n');
	return 0;
}

/* ---- what can be done with a map ---- */

static int dump(struct session *s)
{
	long count;

	if (s->options->json)
		s->list = json_object_new_array();
	count = map_walk(s->map->fd, print_entry, s);
	if (s->list)
		puts(json_object_to_json_string_ext(
			s->list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(s->list);
	if (count >= 0)
		return STATUS_DONE;
	error("cannot read map '%s': %s", s->map->name, strerror(-count));
	return STATUS_FAILED;
}

static int get(struct session *s, const char *key_word)
{
	unsigned char *key = xmalloc(s->map->key_size), *values = xmalloc(values_size(s));
	int status = STATUS_USAGE;

	if (!parse_key(s, key_word, key)) {
		status = STATUS_DONE;
		if (bpf_map_lookup_elem(s->map->fd, key, values)) {
			error("map '%s' has no '%s'%s%s", s->map->name, key_word,
			      errno == ENOENT ? "" : ": ",
			      errno == ENOENT ? "" : strerror(errno));
			status = STATUS_FAILED;
		} else if (s->options->json) {
			struct json_object *value = json_value(s, values);

			puts(json_object_to_json_string_ext(value,
							    JSON_C_TO_STRING_NOSLASHESCAPE));
			json_object_put(value);
		} else {
			print_value(s, values);
			putchar('\n');
		}
	}
	free(key);
	free(values);
	return status;
}

static int set(struct session *s, const char *key_word, const char *value_word)
{
	unsigned char *key = xmalloc(s->map->key_size), *values = xmalloc(values_size(s));
	int status = STATUS_USAGE;

	if (!parse_key(s, key_word, key) && !parse_value(s, value_word, values)) {
		status = STATUS_DONE;
		if (bpf_map_update_elem(s->map->fd, key, values, BPF_ANY)) {
			error("cannot set '%s' in map '%s': %s", key_word, s->map->name,
			      errno == E2BIG || errno == ENOSPC ? "it is full"
								: strerror(errno));
			status = STATUS_FAILED;
		}
	}
	free(key);
	free(values);
	return status;
}

/* Lines of KEY VALUE, as a dump prints them; the first that fails ends it, with its number. */
static int set_lines(struct session *s)
{
	char *line = NULL;
	size_t room = 0;
	int number = 0, status = STATUS_DONE;

	while (!status && getline(&line, &room, stdin) > 0) {
		char *space;

		number++;
		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			continue;
		space = strchr(line, ' ');
		if (space)
			*space = '\0';
		if (!space) {
			error("not KEY VALUE: '%s'", line);
			status = STATUS_USAGE;
		} else {
			status = set(s, line, space + 1);
		}
	}
	if (status)
		error("line %d of standard input; the %d before it are set", number,
		      number - 1);
	free(line);
	return status;
}

static int delete (struct session *s, const char *key_word)
{
	unsigned char *key = xmalloc(s->map->key_size);
	int status = STATUS_USAGE;

	if (!parse_key(s, key_word, key)) {
		status = STATUS_DONE;
		if (bpf_map_delete_elem(s->map->fd, key)) {
			error("cannot delete '%s' of map '%s': %s", key_word, s->map->name,
			      errno == ENOENT ? "it is not there" : strerror(errno));
			status = STATUS_FAILED;
		}
	}
	free(key);
	return status;
}

static int work(struct session *s, int argc, char **argv)
{
	const char *what = argc ? argv[0] : "";

	if (!argc)
		return dump(s);
	if (!strcmp(what, "get") && argc == 2)
		return get(s, argv[1]);
	if (!strcmp(what, "set") && argc == 2 && !strcmp(argv[1], "-"))
		return set_lines(s);
	if (!strcmp(what, "set") && argc == 3)
		return set(s, argv[1], argv[2]);
	if (!strcmp(what, "del") && argc == 2)
		return delete (s, argv[1]);
	error("usage: galette-pin map %s", verb_find("map")->arguments);
	return STATUS_USAGE;
}

static int list(const struct options *options, const struct model *model)
{
	struct json_object *names = json_object_new_array();

	for (int i = 0; i < model->map_count; i++) {
		json_object_array_add(names, json_object_new_string(model->maps[i].name));
		if (!options->json)
			puts(model->maps[i].name);
	}
	if (options->json)
		puts(json_object_to_json_string_ext(names, JSON_C_TO_STRING_PRETTY));
	json_object_put(names);
	return STATUS_DONE;
}

int verb_map(struct options *options)
{
	const char *chain = options->argv[0];
	struct session s = { .options = options };
	struct running running;
	int status = running_read(options, chain, &running), map;

	if (!status && options->argc == 1) {
		status = list(options, running.model);
	} else if (!status) {
		map = model_map(running.model, options->argv[1]);
		if (map < 0) {
			error("chain '%s' has no map '%s' (galette-pin map %s lists them)",
			      chain, options->argv[1], chain);
			status = STATUS_USAGE;
		} else {
			s.map = &running.model->maps[map];
			s.percpu = map_is_percpu(s.map->type);
			status = work(&s, options->argc - 2, options->argv + 2);
		}
	}
	running_close(&running);
	return status;
}
