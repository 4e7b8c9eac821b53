// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values as words: of the command line, of a dump. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "value_type.h"

/* ---- a word to bytes ---- */

/* What a struct of one field is written as. */
static struct value_type written_type(const struct value_type *type)
{
	struct value_type leaf = *type;
	struct value_field field;

	for (int depth = 0; depth < VALUE_DEPTH_MAX && value_only_field(&leaf, &field); depth++)
		leaf = field.type;
	return leaf;
}

/* `word` as TOML reads it behind "value ="; NULL: not TOML, *why says where not. */
static struct node *parse_word(const char *word, char **why)
{
	struct diag diag = { 0 };
	struct node *root = NULL;
	char *text;
	int length = asprintf(&text, "value = %s\n", word);

	*why = NULL;
	if (length < 0)
		return NULL;
	root = toml_parse(text, length, &diag);
	free(text);
	if (diag.count)
		*why = strdup(diag.messages[0].text);
	diag_free(&diag);
	/* A word with line breaks may be more than a value. */
	if (root && (root->count != 1 || strcmp(root->items[0].key, "value"))) {
		node_free(root);
		root = NULL;
	}
	return root;
}

/* "2001" is a name's or an address's text though TOML sees an integer. */
static bool reads_as_toml(const struct value_type *type, const struct node *node)
{
	switch (node->type) {
	case NODE_STRING:
	case NODE_ARRAY:
	case NODE_TABLE:
		return true;
	case NODE_INTEGER:
		return type->kind == VALUE_INT || type->kind == VALUE_ENUM;
	case NODE_BOOLEAN:
		return type->kind == VALUE_BOOL;
	case NODE_FLOAT:
		return false;
	}
	return false;
}

static bool is_compound(const struct value_type *type)
{
	return type->kind == VALUE_STRUCT || type->kind == VALUE_UNION ||
	       type->kind == VALUE_ARRAY;
}

int value_from_text(const struct btf *btf, __u32 type, const char *text, void *out,
		    const char *what, struct diag *diag)
{
	struct node string = { .type = NODE_STRING, .string = (char *)text };
	struct value_type resolved, leaf;
	const struct node *node = &string;
	struct node *root;
	char *why;
	int err;

	if (value_resolve(btf, type, &resolved)) {
		diag_error(diag, string.loc, "%s: the type of '%s' is unknown", what, text);
		return -EINVAL;
	}
	leaf = written_type(&resolved);
	root = parse_word(text, &why);
	if (root && reads_as_toml(&leaf, &root->items[0]))
		node = &root->items[0];

	if (!root && why && is_compound(&leaf) && (*text == '{' || *text == '[')) {
		diag_error(diag, string.loc, "%s: '%s': %s", what, text, why);
		err = -EINVAL;
	} else {
		err = value_read(&resolved, node, out, what, text, diag);
	}
	free(why);
	node_free(root);
	return err;
}

/* ---- bytes to a word ---- */

static bool is_plain(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_./:";

	return *text && !text[strspn(text, plain)];
}

static bool is_bare_key(const char *text)
{
	return is_plain(text) && !text[strcspn(text, "./:")];
}

/* Quotes, and escapes for white space too: a word has none. */
static void write_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c <= ' ' || *c == 0x7f)
			fprintf(out, "\\u%04x", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void write_integer(FILE *out, struct json_object *value, bool inner)
{
	uint64_t number = json_object_get_uint64(value);

	if (json_object_get_int64(value) < 0 || number <= INT64_MAX)
		fprintf(out, "%" PRId64, json_object_get_int64(value));
	else
		fprintf(out, inner ? "\"%" PRIu64 "\"" : "%" PRIu64, number);
}

static void write_value(FILE *out, struct json_object *value, bool inner)
{
	const char *separator = "";

	switch (json_object_get_type(value)) {
	case json_type_object:
		fputc('{', out);
		json_object_object_foreach(value, key, member) {
			fputs(separator, out);
			if (is_bare_key(key))
				fputs(key, out);
			else
				write_string(out, key);
			fputc('=', out);
			write_value(out, member, true);
			separator = ",";
		}
		fputc('}', out);
		break;
	case json_type_array:
		fputc('[', out);
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			fputs(separator, out);
			write_value(out, json_object_array_get_idx(value, i), true);
			separator = ",";
		}
		fputc(']', out);
		break;
	case json_type_int:
		write_integer(out, value, inner);
		break;
	case json_type_boolean:
		fputs(json_object_get_boolean(value) ? "true" : "false", out);
		break;
	default:
		if (!inner && is_plain(json_object_get_string(value)))
			fputs(json_object_get_string(value), out);
		else
			write_string(out, json_object_get_string(value));
	}
}

char *value_to_text(const struct btf *btf, __u32 type, const void *bytes)
{
	struct json_object *value = value_to_json(btf, type, bytes);
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!value)
		return NULL;
	out = open_memstream(&text, &size);
	if (out) {
		bool failed;

		write_value(out, value, false);
		failed = ferror(out);
		if (fclose(out) || failed) {
			free(text);
			text = NULL;
		}
	}
	json_object_put(value);
	return text;
}
