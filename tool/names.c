/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of a chain file: map types, names, targets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>

#include "chain.h"
#include "names.h"

#define ARRAY_SIZE(a) (int)(sizeof(a) / sizeof((a)[0]))

/* ---- map types ---- */

static const struct {
	const char *name;
	__u32 type;
} map_types[] = {
	{ "hash", BPF_MAP_TYPE_HASH },
	{ "hash_map", BPF_MAP_TYPE_HASH },
	{ "array", BPF_MAP_TYPE_ARRAY },
	{ "lpm_trie", BPF_MAP_TYPE_LPM_TRIE },
	{ "lru_hash", BPF_MAP_TYPE_LRU_HASH },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH },
	{ "percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY },
	{ "lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH },
};

void map_name_copy(char out[GALETTE_NAME_LEN], const char *name)
{
	int i;

	for (i = 0; i < GALETTE_NAME_LEN - 1 && name[i]; i++)
		out[i] = name[i] == '-' ? '_' : name[i];
	out[i] = '\0';
}

const char *map_type_name(__u32 type)
{
	for (int i = 0; i < ARRAY_SIZE(map_types); i++)
		if (map_types[i].type == type)
			return map_types[i].name;
	return "?";
}

__u32 map_type_parse(const char *name)
{
	char c_name[GALETTE_NAME_LEN];

	map_name_copy(c_name, name);
	for (int i = 0; i < ARRAY_SIZE(map_types); i++)
		if (!strcmp(map_types[i].name, c_name))
			return map_types[i].type;
	return 0;
}

/* ---- names ---- */

/* Names end up as file names in bpffs and as words in a shell: no surprises in them. */
bool name_check(const char *name, const char *more, const char *what, struct loc loc,
		struct diag *diag)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t length = strlen(name);

	if (!length || length >= GALETTE_NAME_LEN) {
		diag_error(diag, loc, "%s must have 1 to %d characters", what,
			   GALETTE_NAME_LEN - 1);
		return false;
	}
	for (const char *c = name; *c; c++) {
		if (!strchr(plain, *c) && !strchr(more, *c)) {
			diag_error(diag, loc,
				   "%s '%s' may hold only letters, digits, '-' and '_'%s", what,
				   name, *more ? ", '.', ':' and '@'" : "");
			return false;
		}
	}
	return true;
}

/* The NAME of "WORD(NAME)"; 1: it was one, 0: it is not, -EINVAL: a broken one. */
int name_call(const char *text, const char *word, char name[GALETTE_NAME_LEN], struct loc loc,
	      struct diag *diag)
{
	size_t length = strlen(word), end = strlen(text);

	if (strncmp(text, word, length) || text[length] != '(')
		return 0;
	if (text[end - 1] != ')' || end - length - 2 >= GALETTE_NAME_LEN) {
		diag_error(diag, loc, "'%s' must be '%s(INTERFACE)'", text, word);
		return -EINVAL;
	}
	memcpy(name, text + length + 1, end - length - 2);
	name[end - length - 2] = '\0';
	return name_check(name, ".:@", "an interface's name", loc, diag) ? 1 : -EINVAL;
}

/* ---- targets ---- */

static const char *const target_words[] = {
	[TARGET_TX] = "tx",     [TARGET_REDIRECT] = NULL, [TARGET_DROP] = "drop",
	[TARGET_PASS] = "pass", [TARGET_ABORT] = "abort",
};

bool name_reserved(const char *name)
{
	for (int i = 0; i < ARRAY_SIZE(target_words); i++)
		if (target_words[i] && !strcmp(name, target_words[i]))
			return true;
	return !strcmp(name, "rx");
}

int target_parse(const char *text, struct loc loc, struct target *target, struct diag *diag)
{
	int ret;

	memset(target, 0, sizeof(*target));
	target->loc = loc;
	for (int i = 0; i < ARRAY_SIZE(target_words); i++) {
		if (target_words[i] && !strcmp(text, target_words[i])) {
			target->kind = i;
			return 0;
		}
	}
	ret = name_call(text, "tx", target->name, loc, diag);
	if (ret) {
		target->kind = TARGET_REDIRECT;
		return ret < 0 ? ret : 0;
	}
	target->kind = *text == '!' ? TARGET_UPCALL : TARGET_FUNCTION;
	if (target->kind == TARGET_UPCALL)
		text++;
	if (name_reserved(text)) {
		diag_error(diag, loc, "'%s' is not a function%s", text,
			   strcmp(text, "rx") ? "" : ": nothing can lead back to rx");
		return -EINVAL;
	}
	if (!name_check(text, "", "a target", loc, diag))
		return -EINVAL;
	memcpy(target->name, text, strlen(text) + 1);
	return 0;
}

void target_format(const struct target *target, char text[GALETTE_TARGET_LEN])
{
	switch (target->kind) {
	case TARGET_REDIRECT:
		snprintf(text, GALETTE_TARGET_LEN, "tx(%s)", target->name);
		break;
	case TARGET_UPCALL:
		snprintf(text, GALETTE_TARGET_LEN, "!%s", target->name);
		break;
	case TARGET_NONE:
		snprintf(text, GALETTE_TARGET_LEN, "none");
		break;
	case TARGET_FUNCTION:
		snprintf(text, GALETTE_TARGET_LEN, "%s", target->name);
		break;
	default:
		snprintf(text, GALETTE_TARGET_LEN, "%s", target_words[target->kind]);
	}
}
