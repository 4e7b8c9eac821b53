// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bundles: what is written is read, and nothing that is cut, changed or makes no sense. */
#include <endian.h>
#include <linux/types.h>

#include "alloc.h"
#include "bundle.h"
#include "bundle_format.h"
#include "unit.h"

#define MAGIC "galette\1"

/* ---- making ---- */

static char *small(size_t *size)
{
	struct bundle_draft *draft = bundle_draft_new();
	char *bytes;

	bundle_draft_need(draft, "devmap");
	bundle_draft_need(draft, "devmap");
	bundle_draft_need(draft, "af_xdp");
	bundle_draft_add(draft, BUNDLE_CHAIN, "c.toml", NULL, "links = []", 10, NULL);
	bundle_draft_add(draft, BUNDLE_OBJECT, "a", NULL, "ELF\0", 4, "0123456789abcdef");
	bundle_draft_add(draft, BUNDLE_NATIVE, "a", "arm64", "so", 2, NULL);
	bundle_draft_add(draft, BUNDLE_NATIVE, "a", "arm64", "so again", 8, NULL);
	bundle_draft_add(draft, BUNDLE_NATIVE, "a", "amd64", "SO", 2, NULL);
	bundle_draft_add(draft, BUNDLE_FILE, "/etc/x.rules", NULL, "", 0, NULL);
	bytes = bundle_draft_finish(draft, NULL, size);
	bundle_draft_free(draft);
	assert_non_null(bytes);
	return bytes;
}

/* Any manifest and members with the frame that belongs to them. */
static char *sealed(const char *manifest, const char *payload, const char *signature,
		    size_t *size)
{
	__le32 sizes[] = { htole32(strlen(manifest)), htole32(strlen(payload)),
			   htole32(strlen(signature)) };
	char hex[BUNDLE_HEX_LEN], *bytes;
	size_t length;
	FILE *out = open_memstream(&bytes, &length);

	fwrite(MAGIC, 1, 8, out);
	fwrite(sizes, 1, sizeof(sizes), out);
	fprintf(out, "%s%s%s%32s", manifest, payload, signature, "");
	fclose(out);
	bundle_digest(bytes, length - BUNDLE_DIGEST, hex);
	bundle_digest_bytes(hex, bytes + length - BUNDLE_DIGEST);
	*size = length;
	return bytes;
}

/* What is wrong with it; NULL: nothing. */
static const char *wrong(const char *bytes, size_t size)
{
	char *copy = xmalloc(size + 1); /* at its end valgrind and ASan look */
	const char *why;
	struct bundle *bundle;

	memcpy(copy, bytes, size);
	bundle = bundle_open(copy, size, &why);
	if (!bundle)
		free(copy);
	else
		bundle_read(bundle, &why);
	bundle_free(bundle);
	return why;
}

/* ---- what is written is read ---- */

static void test_whole(void **state)
{
	size_t size;
	char *bytes = small(&size), *archs;
	const char *why;
	struct bundle *bundle;
	const struct bundle_member *member;

	assert_true(bundle_is(bytes, size));
	bundle = bundle_open(bytes, size, &why);
	assert_non_null(bundle);
	assert_int_equal(bundle->signature_size, 0);
	assert_true(bundle_read(bundle, &why));
	assert_int_equal(bundle->member_count, 5);
	assert_int_equal(bundle_needs(bundle), 2);
	assert_string_equal(bundle_need(bundle, 0), "devmap");
	assert_string_equal(bundle_need(bundle, 1), "af_xdp");
	member = bundle_member(bundle, BUNDLE_OBJECT, "a", NULL);
	assert_non_null(member);
	assert_int_equal(member->size, 4);
	assert_memory_equal(member->bytes, "ELF\0", 4);
	member = bundle_member(bundle, BUNDLE_NATIVE, "a", "arm64");
	assert_non_null(member);
	assert_memory_equal(member->bytes, "so", 2);
	assert_non_null(bundle_member(bundle, BUNDLE_FILE, "/etc/x.rules", NULL));
	assert_null(bundle_member(bundle, BUNDLE_NATIVE, "a", NULL));
	assert_null(bundle_member(bundle, BUNDLE_FILE, "a", NULL));
	archs = bundle_archs(bundle);
	assert_string_equal(archs, "arm64, amd64");
	free(archs);
	bundle_free(bundle);
}

static void test_is(void **state)
{
	assert_true(bundle_is(MAGIC, 8));
	assert_true(bundle_is("galette\2", 8));
	assert_false(bundle_is(MAGIC, 7));
	assert_false(bundle_is("galette = 1", 11));
	assert_false(bundle_is("# galette", 9));
}

/* ---- nothing else is ---- */

static void test_truncated(void **state)
{
	size_t size;
	char *bytes = small(&size);

	for (size_t length = 0; length < size; length++)
		assert_non_null(wrong(bytes, length));
	assert_null(wrong(bytes, size));
	printf("# %zu truncations\n", size);
	free(bytes);
}

static void test_longer(void **state)
{
	size_t size;
	char *bytes = small(&size);

	bytes = xrealloc(bytes, size + 1);
	bytes[size] = '\0';
	assert_non_null(wrong(bytes, size + 1));
	free(bytes);
}

static void test_flipped(void **state)
{
	size_t size;
	char *bytes = small(&size);

	for (size_t i = 0; i < size; i++) {
		for (int value = 1; value < 256; value++) {
			bytes[i] ^= value;
			assert_non_null(wrong(bytes, size));
			bytes[i] ^= value;
		}
	}
	printf("# %zu bytes, each with all other values\n", size);
	free(bytes);
}

/* Whole as far as digests go: made so. */
static void test_nonsense(void **state)
{
#define SHA_x "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define MEMBER(KIND, NAME, MORE, SHA)                                                         \
	"{\"kind\":\"" KIND "\",\"name\":\"" NAME "\",\"size\":1,\"sha256\":\"" SHA "\"" MORE \
	"}"
#define MANIFEST(NEEDS, MEMBERS) \
	"{\"galette\":\"0.1\",\"needs\":" NEEDS ",\"members\":[" MEMBERS "]}"
#define CHAIN      MEMBER("chain", "c", "", SHA_x)
#define FIVE(TEXT) TEXT TEXT TEXT TEXT TEXT
#define LONG       FIVE(FIVE("1234567890")) "12345"
	static const struct {
		const char *manifest, *payload, *why;
	} cases[] = {
		{ MANIFEST("[]", CHAIN), "x", NULL },
		{ "", "", "manifest makes no sense" },
		{ "{", "", "manifest makes no sense" },
		{ "[]", "", "manifest makes no sense" },
		{ "{} {}", "", "manifest makes no sense" },
		{ "{\"galette\":1}", "", "manifest makes no sense" },
		{ MANIFEST("{}", CHAIN), "x", "manifest makes no sense" },
		{ MANIFEST("[1]", CHAIN), "x", "manifest makes no sense" },
		{ MANIFEST("[]", CHAIN) "x", "x", "manifest makes no sense" },
		{ MANIFEST("[]", ""), "", "no members" },
		{ MANIFEST("[]", "1"), "x", "not what its manifest says" },
		{ MANIFEST("[]", CHAIN), "y", "not what its manifest says" },
		{ MANIFEST("[]", CHAIN), "", "not what its manifest says" },
		{ MANIFEST("[]", CHAIN), "xx", "more in it than its manifest says" },
		{ MANIFEST("[]", MEMBER("chain", "", "", SHA_x)), "x",
		  "not what its manifest says" },
		{ MANIFEST("[]", MEMBER("chain", LONG, "", SHA_x)), "x", NULL },
		{ MANIFEST("[]", MEMBER("chain", LONG "x", "", SHA_x)), "x",
		  "not what its manifest says" },
		{ MANIFEST("[]", MEMBER("chain", "a\\u0000b", "", SHA_x)), "x",
		  "not what its manifest says" },
		{ MANIFEST("[]", MEMBER("chain", "a\\u001b[2J", "", SHA_x)), "x",
		  "not what its manifest says" },
		{ MANIFEST("[]", MEMBER("chain", "a\\u009b2J", "", SHA_x)), "x",
		  "not what its manifest says" },
		{ MANIFEST("[]", MEMBER("chain", "c", ",\"arch\":\"amd64\"", SHA_x)), "x",
		  "not what its manifest says" },
		{ MANIFEST("[]", MEMBER("link", "c", "", SHA_x)), "x",
		  "not what its manifest says" },
		{ MANIFEST("[]", MEMBER("object", "c", "", SHA_x)), "x",
		  "first member must be the chain" },
		{ MANIFEST("[]", CHAIN "," MEMBER("chain", "d", "", SHA_x)), "xx",
		  "first member must be the chain" },
		{ MANIFEST("[]", CHAIN "," MEMBER("native", "d", "", SHA_x)), "xx",
		  "not what its manifest says" },
		{ MANIFEST("[]", CHAIN "," MEMBER("file", "d", "",
						  SHA_x) "," MEMBER("file", "d", "", SHA_x)),
		  "xxx", "called alike" },
		{ "{\"galette\":\"0.1\",\"needs\":[],\"members\":[{\"kind\":\"chain\",\"name\":"
		  "\"c\","
		  "\"size\":-1,\"sha256\":\"" SHA_x "\"}]}",
		  "x", "not what its manifest says" },
		{ "{\"galette\":\"0.1\",\"needs\":[],\"members\":[{\"kind\":\"chain\",\"name\":"
		  "\"c\","
		  "\"size\":9223372036854775807,\"sha256\":\"" SHA_x "\"}]}",
		  "x", "not what its manifest says" },
		{ "{\"galette\":\"0.1\",\"needs\":[],\"members\":[{\"kind\":\"chain\",\"name\":"
		  "\"c\","
		  "\"size\":1.0,\"sha256\":\"" SHA_x "\"}]}",
		  "x", "not what its manifest says" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size;
		char *bytes = sealed(cases[i].manifest, cases[i].payload, "", &size);
		const char *why = wrong(bytes, size);

		if (!cases[i].why)
			assert_null(why);
		else if (!why || !strstr(why, cases[i].why))
			fail_msg("%s: %s", cases[i].manifest, why ?: "nothing wrong");
		free(bytes);
	}
}

/* Sizes that do not fit together, the digest made to. */
static void test_frame(void **state)
{
	static const __u32 values[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };

	for (int field = 0; field < 3; field++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			size_t size;
			char *bytes = sealed(MANIFEST("[]", CHAIN), "x", "sign", &size);
			char hex[BUNDLE_HEX_LEN];
			__le32 value = htole32(values[v]);
			bool same = !memcmp(bytes + 8 + 4 * field, &value, 4);

			memcpy(bytes + 8 + 4 * field, &value, 4);
			bundle_digest(bytes, size - BUNDLE_DIGEST, hex);
			bundle_digest_bytes(hex, bytes + size - BUNDLE_DIGEST);
			assert_int_equal(!wrong(bytes, size), same);
			free(bytes);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),     cmocka_unit_test(test_is),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_longer),
		cmocka_unit_test(test_flipped),   cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
