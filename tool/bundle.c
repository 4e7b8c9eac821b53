// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <endian.h>
#include <json-c/json.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "alloc.h"
#include "bundle.h"
#include "bundle_format.h"

const char bundle_own_arch[] =
#if defined(__x86_64__)
	"amd64";
#elif defined(__aarch64__)
	"arm64";
#else
	"unknown";
#endif

const char *const bundle_kinds[] = { "chain", "object", "native", "file", NULL };

/* ---- bytes ---- */

/* What has not been read yet. */
struct cursor {
	const char *at, *end;
};

static const char *take(struct cursor *cursor, size_t size)
{
	const char *at = cursor->at;

	if (size > (size_t)(cursor->end - at))
		return NULL;
	cursor->at += size;
	return at;
}

static bool take_size(struct cursor *cursor, size_t *size)
{
	const char *at = take(cursor, sizeof(__le32));
	__le32 value;

	if (!at)
		return false;
	memcpy(&value, at, sizeof(value));
	*size = le32toh(value);
	return true;
}

void bundle_digest(const void *bytes, size_t size, char hex[BUNDLE_HEX_LEN])
{
	SHA256Data(bytes, size, hex);
}

/* ---- the manifest ---- */

/* Of UTF-8: what terminals obey, also the 8-bit ones of it. */
static bool has_control(const char *string, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = string[i], next = string[i + 1];

		if (c < ' ' || c == 0x7f || (c == 0xc2 && next < 0xa0))
			return true;
	}
	return false;
}

bool bundle_name_possible(const char *name)
{
	size_t length = strlen(name);

	return length && length <= BUNDLE_NAME_MAX && !has_control(name, length);
}

/* A text of a manifest; NULL: there is none that could be shown. */
static const char *text(struct json_object *object, const char *key)
{
	struct json_object *value;
	const char *string;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	string = json_object_get_string(value);
	return has_control(string, json_object_get_string_len(value)) ? NULL : string;
}

static struct json_object *list(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, json_type_array)
		       ? value
		       : NULL;
}

static struct json_object *parse_manifest(const char *at, size_t size)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *manifest;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	manifest = json_tokener_parse_ex(tokener, at, size);
	/* Strict parsing alone lets a text end where another could begin. */
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != size ||
	    !json_object_is_type(manifest, json_type_object)) {
		json_object_put(manifest);
		manifest = NULL;
	}
	json_tokener_free(tokener);
	return manifest;
}

/* A member as the manifest has it, its bytes next in the file. */
static bool parse_member(struct json_object *item, struct cursor *cursor,
			 struct bundle_member *member)
{
	const char *kind = text(item, "kind"), *digest = text(item, "sha256");
	struct json_object *size;
	char own[BUNDLE_HEX_LEN];
	__s64 bytes;

	if (!json_object_is_type(item, json_type_object) || !kind || !digest ||
	    !json_object_object_get_ex(item, "size", &size) ||
	    !json_object_is_type(size, json_type_int))
		return false;
	*member = (struct bundle_member) { .name = text(item, "name"),
					   .arch = text(item, "arch") ?: "" };
	while (bundle_kinds[member->kind] && strcmp(bundle_kinds[member->kind], kind))
		member->kind++;
	bytes = json_object_get_int64(size);
	if (!bundle_kinds[member->kind] || !member->name ||
	    !bundle_name_possible(member->name) || bytes < 0 ||
	    (member->kind == BUNDLE_NATIVE) != (*member->arch != '\0'))
		return false;
	member->size = bytes;
	member->bytes = (const unsigned char *)take(cursor, member->size);
	if (!member->bytes)
		return false;
	bundle_digest(member->bytes, member->size, own);
	return !strcmp(own, digest);
}

static const char *parse_members(struct bundle *bundle)
{
	struct cursor cursor = { bundle->payload, bundle->payload + bundle->payload_size };
	struct json_object *members = list(bundle->manifest, "members");
	size_t count = members ? json_object_array_length(members) : 0;

	if (!count || count > BUNDLE_MEMBERS_MAX)
		return "its manifest has no members, or too many";
	bundle->members = xcalloc(count, sizeof(*bundle->members));
	for (size_t i = 0; i < count; i++) {
		struct bundle_member *member = &bundle->members[i];

		if (!parse_member(json_object_array_get_idx(members, i), &cursor, member))
			return "a member is not what its manifest says";
		if ((member->kind == BUNDLE_CHAIN) != !i)
			return "its first member must be the chain, and no other";
		if (bundle_member(bundle, member->kind, member->name, member->arch))
			return "two of its members are called alike";
		bundle->member_count++;
	}
	return cursor.at == cursor.end ? NULL : "there is more in it than its manifest says";
}

static bool needs_are_words(const struct bundle *bundle)
{
	struct json_object *needs = list(bundle->manifest, "needs");

	if (!needs)
		return false;
	for (size_t i = 0; i < json_object_array_length(needs); i++)
		if (!json_object_is_type(json_object_array_get_idx(needs, i), json_type_string))
			return false; /* shown by diag_error(), which hides no control character */
	return true;
}

/* ---- all of it ---- */

bool bundle_is(const void *bytes, size_t size)
{
	return size >= BUNDLE_MAGIC_LEN && !memcmp(bytes, BUNDLE_MAGIC, BUNDLE_MAGIC_LEN - 1) &&
	       (unsigned char)((const char *)bytes)[BUNDLE_MAGIC_LEN - 1] < ' ';
}

/* The digest is of all but itself, and comes first: the rest is then as it was written. */
static const char *find_parts(struct bundle *bundle, size_t size)
{
	struct cursor cursor = { bundle->bytes, bundle->bytes + size };
	const char *magic = take(&cursor, BUNDLE_MAGIC_LEN);

	if (!magic || memcmp(magic, BUNDLE_MAGIC, BUNDLE_MAGIC_LEN))
		return "it is of another format than this galette-pin knows";
	if ((size_t)(cursor.end - cursor.at) < BUNDLE_DIGEST)
		return "it is cut short";
	cursor.end -= BUNDLE_DIGEST;
	bundle_digest(bundle->bytes, cursor.end - bundle->bytes, bundle->digest);
	if (!bundle_digest_is(bundle->digest, cursor.end))
		return "it is damaged, or cut short";
	if (!take_size(&cursor, &bundle->manifest_size) ||
	    !take_size(&cursor, &bundle->payload_size) ||
	    !take_size(&cursor, &bundle->signature_size))
		return "it has no head";
	bundle->manifest_text = take(&cursor, bundle->manifest_size);
	bundle->payload = bundle->manifest_text ? take(&cursor, bundle->payload_size) : NULL;
	bundle->signature = bundle->payload ? take(&cursor, bundle->signature_size) : NULL;
	if (!bundle->signature || cursor.at != cursor.end)
		return "its parts are not as long as it says";
	return NULL;
}

struct bundle *bundle_open(char *bytes, size_t size, const char **why)
{
	struct bundle *bundle = xcalloc(1, sizeof(*bundle));

	bundle->bytes = bytes;
	*why = find_parts(bundle, size);
	if (*why) {
		bundle->bytes = NULL;
		bundle_free(bundle);
		return NULL;
	}
	return bundle;
}

bool bundle_read(struct bundle *bundle, const char **why)
{
	if (bundle->manifest_size <= BUNDLE_MANIFEST_MAX)
		bundle->manifest = parse_manifest(bundle->manifest_text, bundle->manifest_size);
	if (!bundle->manifest || !text(bundle->manifest, "galette") || !needs_are_words(bundle))
		*why = "its manifest makes no sense";
	else
		*why = parse_members(bundle);
	return !*why;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	json_object_put(bundle->manifest);
	free(bundle->members);
	free(bundle->bytes);
	free(bundle);
}

/* ---- what is in it ---- */

const struct bundle_member *bundle_member(const struct bundle *bundle, enum bundle_kind kind,
					  const char *name, const char *arch)
{
	for (int i = 0; i < bundle->member_count; i++) {
		const struct bundle_member *member = &bundle->members[i];

		if (member->kind == kind && !strcmp(member->name, name) &&
		    !strcmp(member->arch, arch ?: ""))
			return member;
	}
	return NULL;
}

char *bundle_archs(const struct bundle *bundle)
{
	char *archs = xstrdup("");

	for (int i = 0; i < bundle->member_count; i++) {
		const char *arch = bundle->members[i].arch;
		bool seen = !*arch;
		char *longer;

		for (int k = 0; k < i && !seen; k++)
			seen = !strcmp(bundle->members[k].arch, arch);
		if (seen || asprintf(&longer, "%s%s%s", archs, *archs ? ", " : "", arch) < 0)
			continue;
		free(archs);
		archs = longer;
	}
	return archs;
}

int bundle_needs(const struct bundle *bundle)
{
	return json_object_array_length(list(bundle->manifest, "needs"));
}

const char *bundle_need(const struct bundle *bundle, int i)
{
	return json_object_get_string(
		json_object_array_get_idx(list(bundle->manifest, "needs"), i));
}
