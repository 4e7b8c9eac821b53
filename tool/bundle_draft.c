// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <endian.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "alloc.h"
#include "bundle.h"
#include "bundle_format.h"
#include "signature.h"

struct bytes {
	char *at;
	size_t size;
};

struct bundle_draft {
	struct json_object *needs, *members;
	struct bytes bytes; /* of the members */
};

/* ---- bytes ---- */

static void append(struct bytes *bytes, const void *more, size_t size)
{
	bytes->at = xrealloc(bytes->at, bytes->size + size + 1);
	memcpy(bytes->at + bytes->size, more, size);
	bytes->size += size;
}

static void append_size(struct bytes *bytes, size_t size)
{
	__le32 value = htole32(size);

	append(bytes, &value, sizeof(value));
}

void bundle_digest_bytes(const char hex[BUNDLE_HEX_LEN], char *bytes)
{
	for (int i = 0; i < BUNDLE_DIGEST; i++) {
		const char pair[] = { hex[2 * i], hex[2 * i + 1], '\0' };

		bytes[i] = strtoul(pair, NULL, 16);
	}
}

bool bundle_digest_is(const char hex[BUNDLE_HEX_LEN], const char *bytes)
{
	char own[BUNDLE_DIGEST];

	bundle_digest_bytes(hex, own);
	return !memcmp(own, bytes, BUNDLE_DIGEST);
}

/* ---- the draft ---- */

struct bundle_draft *bundle_draft_new(void)
{
	struct bundle_draft *draft = xcalloc(1, sizeof(*draft));

	draft->needs = json_object_new_array();
	draft->members = json_object_new_array();
	return draft;
}

void bundle_draft_free(struct bundle_draft *draft)
{
	if (!draft)
		return;
	json_object_put(draft->needs);
	json_object_put(draft->members);
	free(draft->bytes.at);
	free(draft);
}

void bundle_draft_need(struct bundle_draft *draft, const char *feature)
{
	for (size_t i = 0; i < json_object_array_length(draft->needs); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(draft->needs, i)),
			    feature))
			return;
	json_object_array_add(draft->needs, json_object_new_string(feature));
}

static void set(struct json_object *object, const char *key, const char *value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_string(value));
}

static const char *get(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value)
							      : "";
}

static bool has_member(const struct bundle_draft *draft, const char *kind, const char *name,
		       const char *arch)
{
	for (size_t i = 0; i < json_object_array_length(draft->members); i++) {
		struct json_object *item = json_object_array_get_idx(draft->members, i);

		if (!strcmp(get(item, "kind"), kind) && !strcmp(get(item, "name"), name) &&
		    !strcmp(get(item, "arch"), arch ?: ""))
			return true;
	}
	return false;
}

void bundle_draft_add(struct bundle_draft *draft, enum bundle_kind kind, const char *name,
		      const char *arch, const void *bytes, size_t size, const char *tag)
{
	struct json_object *item;
	char digest[BUNDLE_HEX_LEN];

	if (has_member(draft, bundle_kinds[kind], name, arch))
		return;
	item = json_object_new_object();
	bundle_digest(bytes, size, digest);
	set(item, "kind", bundle_kinds[kind]);
	set(item, "name", name);
	set(item, "arch", arch);
	json_object_object_add(item, "size", json_object_new_int64(size));
	set(item, "sha256", digest);
	set(item, "tag", tag);
	json_object_array_add(draft->members, item);
	append(&draft->bytes, bytes, size);
}

/* ---- the file ---- */

static char *manifest(const struct bundle_draft *draft)
{
	struct json_object *object = json_object_new_object();
	char *text;

	set(object, "galette", GALETTE_VERSION);
	json_object_object_add(object, "needs", json_object_get(draft->needs));
	json_object_object_add(object, "members", json_object_get(draft->members));
	text = xstrdup(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return text;
}

static char *assemble(const struct bytes *head, const struct bytes *content,
		      const char *signature, size_t length, size_t *size)
{
	struct bytes out = { 0 };
	char digest[BUNDLE_HEX_LEN], trailer[BUNDLE_DIGEST];

	append(&out, head->at, head->size);
	append_size(&out, length);
	append(&out, content->at, content->size);
	append(&out, signature ?: "", length);
	bundle_digest(out.at, out.size, digest);
	bundle_digest_bytes(digest, trailer);
	append(&out, trailer, sizeof(trailer));
	*size = out.size;
	return out.at;
}

char *bundle_draft_finish(struct bundle_draft *draft, const char *key, size_t *size)
{
	struct bytes head = { 0 }, content = { 0 };
	char *text = manifest(draft), *signature = NULL, *whole = NULL;
	size_t length = 0;

	append(&head, BUNDLE_MAGIC, BUNDLE_MAGIC_LEN);
	append_size(&head, strlen(text));
	append_size(&head, draft->bytes.size);
	append(&content, text, strlen(text));
	append(&content, draft->bytes.at ?: "", draft->bytes.size);
	if (!key || !signature_make(key, content.at, content.size, &signature, &length))
		whole = assemble(&head, &content, signature, length, size);
	free(signature);
	free(text);
	free(head.at);
	free(content.at);
	return whole;
}
