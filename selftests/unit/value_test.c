// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values of every kind of type: read, refused, printed, round and round. */
#include "value_unit.h"

/* ---- good words ---- */

static void reads(int type, const char *word, const void *bytes, size_t size)
{
	unsigned char out[VALUE_SIZE_MAX];
	struct diag diag = { 0 };

	memset(out, 0xaa, sizeof(out));
	assert_int_equal(btf__resolve_size(types.btf, type), size);
	if (value_from_text(types.btf, type, word, out, "word", &diag)) {
		diag_flush(&diag);
		fail_msg("'%s' does not read", word);
	}
	assert_memory_equal(out, bytes, size);
	assert_int_equal(out[size], 0xaa);
}

static void prints(int type, const void *bytes, const char *word)
{
	char *text = value_to_text(types.btf, type, bytes);

	assert_non_null(text);
	assert_string_equal(text, word);
	free(text);
}

#define BYTES(...) \
	(const unsigned char[]) { __VA_ARGS__ }, sizeof((const unsigned char[]) { __VA_ARGS__ })

static void both(int type, const char *word, const void *bytes, size_t size)
{
	reads(type, word, bytes, size);
	prints(type, bytes, word);
}

/* Little-endian: the tests run on x86_64 and arm64. */
static void integers(void **state)
{
	both(types.u8, "255", BYTES(255));
	both(types.s8, "-128", BYTES(0x80));
	both(types.u16, "258", BYTES(2, 1));
	both(types.s32, "-2", BYTES(0xfe, 0xff, 0xff, 0xff));
	both(types.u64, "18446744073709551615", BYTES(255, 255, 255, 255, 255, 255, 255, 255));
	both(types.s64, "-9223372036854775808", BYTES(0, 0, 0, 0, 0, 0, 0, 0x80));
	both(types.word, "1", BYTES(1, 0, 0, 0));
	reads(types.u16, "0x102", BYTES(2, 1));
	reads(types.u64, "0xffffffffffffffff", BYTES(255, 255, 255, 255, 255, 255, 255, 255));
	reads(types.u16, "1_000", BYTES(0xe8, 3));
	reads(types.u8, "\"7\"", BYTES(7));
	reads(types.s8, "-0", BYTES(0));
	both(types.flag, "true", BYTES(1));
	both(types.flag, "false", BYTES(0));
	/* The number people mean, not the one a little-endian CPU sees. */
	both(types.be16, "258", BYTES(1, 2));
	both(types.be32, "1", BYTES(0, 0, 0, 1));
	both(types.be64, "9223372036854775808", BYTES(0x80, 0, 0, 0, 0, 0, 0, 0));
	both(types.port, "443", BYTES(1, 0xbb));
}

static void enums(void **state)
{
	both(types.action, "inspect-deep", BYTES(1, 0, 0, 0));
	reads(types.action, "INSPECT_DEEP", BYTES(1, 0, 0, 0));
	reads(types.action, "Inspect_deep", BYTES(1, 0, 0, 0));
	reads(types.action, "\"inspect-deep\"", BYTES(1, 0, 0, 0));
	reads(types.action, "1", BYTES(1, 0, 0, 0));
	reads(types.action, "ALLOW", BYTES(0, 0, 0, 0));
	/* 'allow' is an enumerator of its own: ALLOW has no word but its number. */
	both(types.action, "allow", BYTES(2, 0, 0, 0));
	both(types.action, "0", BYTES(0, 0, 0, 0));
	both(types.action, "4294967295", BYTES(255, 255, 255, 255));
	both(types.level, "below", BYTES(255, 255, 255, 255));
	both(types.level, "-2", BYTES(254, 255, 255, 255));
	both(types.tiny, "true", BYTES(1));
	both(types.tiny, "200", BYTES(200));
	both(types.wide, "huge-one", BYTES(0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe));
	both(types.wide, "18446744073709551615", BYTES(255, 255, 255, 255, 255, 255, 255, 255));
}

#define V4(a, b, c, d) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d
#define V6             0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

static void addresses(void **state)
{
	both(types.ip4, "192.0.2.1", BYTES(192, 0, 2, 1));
	both(types.ip6, "192.0.2.1", BYTES(V4(192, 0, 2, 1)));
	reads(types.ip6, "::ffff:192.0.2.1", BYTES(V4(192, 0, 2, 1)));
	both(types.ip6, "2001:db8::1", BYTES(V6, 1));
	both(types.ip6, "::", BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	both(types.mac, "02:00:00:00:ab:01", BYTES(2, 0, 0, 0, 0xab, 1));
	reads(types.mac, "2:0:0:0:AB:1", BYTES(2, 0, 0, 0, 0xab, 1));
}

static void prefixes(void **state)
{
	both(types.prefix, "10.1.0.0/16", BYTES(112, 0, 0, 0, V4(10, 1, 0, 0)));
	both(types.prefix, "10.1.2.3/32", BYTES(128, 0, 0, 0, V4(10, 1, 2, 3)));
	reads(types.prefix, "10.1.2.3", BYTES(128, 0, 0, 0, V4(10, 1, 2, 3)));
	both(types.prefix, "0.0.0.0/0", BYTES(96, 0, 0, 0, V4(0, 0, 0, 0)));
	reads(types.prefix, "::ffff:10.1.0.0/112", BYTES(112, 0, 0, 0, V4(10, 1, 0, 0)));
	both(types.prefix, "2001:db8::/32", BYTES(32, 0, 0, 0, V6, 0));
	reads(types.prefix, "2001:db8::1", BYTES(128, 0, 0, 0, V6, 1));
	both(types.prefix, "::/0",
	     BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	/* What an NF may have put there though no word stands for it. */
	both(types.prefix, "{len=112,addr=\"10.1.2.3\"}", BYTES(112, 0, 0, 0, V4(10, 1, 2, 3)));
	both(types.prefix, "{len=200,addr=\"10.1.0.0\"}", BYTES(200, 0, 0, 0, V4(10, 1, 0, 0)));
}

static void strings(void **state)
{
	const unsigned char hello[16] = "hello", spaced[16] = "a \"b\"", digits[16] = "2001";
	const unsigned char empty[16] = "", full[16] = { "0123456789abcdef" };
	const unsigned char umlaut[16] = "ü", odd[16] = { 'a', 0, 'b' };

	both(types.name, "hello", hello, 16);
	both(types.name, "2001", digits, 16);
	both(types.name, "0123456789abcdef", full, 16);
	both(types.name, "\"\"", empty, 16);
	both(types.name, "\"a\\u0020\\\"b\\\"\"", spaced, 16);
	reads(types.name, "a \"b\"", spaced, 16);
	reads(types.name, "ü", umlaut, 16);
	reads(types.name, "", empty, 16);
	both(types.name, "[97,0,98,0,0,0,0,0,0,0,0,0,0,0,0,0]", odd, 16);
	both(types.strings, "[\"ab\",\"\",\"wxyz\"]",
	     BYTES('a', 'b', 0, 0, 0, 0, 0, 0, 'w', 'x', 'y', 'z'));
}

static void arrays(void **state)
{
	both(types.ports, "[80,443,0,0]", BYTES(0, 80, 1, 0xbb, 0, 0, 0, 0));
	reads(types.ports, "[80, 443]", BYTES(0, 80, 1, 0xbb, 0, 0, 0, 0));
	reads(types.ports, "[]", BYTES(0, 0, 0, 0, 0, 0, 0, 0));
	both(types.matrix, "[[1,2,3],[-1,0,0]]", BYTES(1, 0, 2, 0, 3, 0, 255, 255, 0, 0, 0, 0));
	both(types.bytes, "[1,2,3,4,5]", BYTES(1, 2, 3, 4, 5));
	reads(types.bytes, "0x01020304ff", BYTES(1, 2, 3, 4, 255));
	both(types.addresses, "[\"10.0.0.1\",\"2001:db8::1\"]", BYTES(V4(10, 0, 0, 1), V6, 1));
}

static void structs(void **state)
{
	reads(types.flow, "{ src = '10.0.0.1', proto = 6, dport = 443 }",
	      BYTES(V4(10, 0, 0, 1), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		    0xbb, 6, 0, 0, 0));
	prints(types.flow,
	       (const unsigned char[]) { V4(10, 0, 0, 1), V6, 9, 0, 80, 1, 0xbb, 6, 0, 0, 0 },
	       "{src=\"10.0.0.1\",dst=\"2001:db8::9\",sport=80,dport=443,proto=6}");
	prints(types.flow,
	       (const unsigned char[]) { V4(10, 0, 0, 1), V6, 9, 0, 80, 1, 0xbb, 6, 0, 1, 0 },
	       "{src=\"10.0.0.1\",dst=\"2001:db8::9\",sport=80,dport=443,proto=6,"
	       "__pad=[0,1,0]}");
	both(types.only, "{count=5}", BYTES(5, 0, 0, 0, 0, 0, 0, 0));
	reads(types.only, "5", BYTES(5, 0, 0, 0, 0, 0, 0, 0));
	both(types.config,
	     "{non_ip=\"inspect-deep\",limit=\"18446744073709551615\",level=\"above\"}",
	     BYTES(1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0));
	reads(types.config, "{ non-ip = 'allow' }",
	      BYTES(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	/* 5 | -1 << 3 | 2 << 21 | 1 << 25 */
	both(types.bits, "{low=5,middle=-1,choice=\"allow\",high=1}",
	     BYTES(0xfd, 0xff, 0x5f, 2, 0, 0, 0, 0));
}

static void unions(void **state)
{
	both(types.either, "{large=258}", BYTES(2, 1, 0, 0, 0, 0, 0, 0));
	reads(types.either, "{ small = 7 }", BYTES(7, 0, 0, 0, 0, 0, 0, 0));
	both(types.anonymous, "{head=1,left=2,right=3,on=true}",
	     BYTES(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0));
	reads(types.anonymous, "{ tag = 9 }",
	      BYTES(0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

static void without_a_form(void **state)
{
	both(types.timer, "0x000102030405060708090a0b0c0d0eff",
	     BYTES(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255));
	both(types.real, "0x0000000000000840", BYTES(0, 0, 0, 0, 0, 0, 8, 0x40));
	both(types.pointer, "0x0100000000000000", BYTES(1, 0, 0, 0, 0, 0, 0, 0));
}

static void hex(void **state)
{
	unsigned char bytes[3];
	char *text = value_to_hex("\x0a\x01\xff", 3);

	assert_string_equal(text, "0x0a01ff");
	free(text);
	assert_int_equal(value_from_hex("0x0A01fF", bytes, 3), 0);
	assert_memory_equal(bytes, "\x0a\x01\xff", 3);
	assert_int_equal(value_from_hex("0x0a01f", bytes, 3), -EINVAL);
	assert_int_equal(value_from_hex("0x0a01ff00", bytes, 3), -EINVAL);
	assert_int_equal(value_from_hex("0a01ff", bytes, 3), -EINVAL);
	assert_int_equal(value_from_hex("0x0a01fg", bytes, 3), -EINVAL);
	assert_int_equal(value_from_hex("", bytes, 3), -EINVAL);
}

/* ---- bad words ---- */

static void refused(int type, const char *word, const char *message)
{
	unsigned char out[VALUE_SIZE_MAX + 1];
	struct diag diag = { 0 };

	out[VALUE_SIZE_MAX] = 0xaa;
	if (!value_from_text(types.btf, type, word, out, "key of map 'm'", &diag))
		fail_msg("'%s' reads", word);
	assert_int_equal(diag.errors, 1);
	assert_int_equal(diag.messages[0].loc.line, 0);
	if (!strstr(diag.messages[0].text, message) ||
	    strncmp(diag.messages[0].text, "key of map 'm': ", 16))
		fail_msg("'%s' has no '%s'", diag.messages[0].text, message);
	diag_free(&diag);
}

static void refused_scalars(void **state)
{
	refused(types.u8, "256", "256 is out of range of __u8 (0 to 255)");
	refused(types.u8, "-1", "-1 is out of range of __u8 (0 to 255)");
	refused(types.s8, "128", "128 is out of range of signed char (-128 to 127)");
	refused(types.s64, "9223372036854775808",
		"(-9223372036854775808 to 9223372036854775807)");
	refused(types.s64, "-9223372036854775809", "out of range of long long");
	refused(types.u64, "18446744073709551616", "(0 to 18446744073709551615)");
	refused(types.port, "65536", "nf_port (0 to 65535)");
	refused(types.u32, "1.5", "expected an integer, not '1.5'");
	refused(types.u32, "true", "expected an integer, not 'true'");
	refused(types.u32, "010", "expected an integer, not '010'");
	refused(types.u32, "", "expected an integer");
	refused(types.u32, " 1x", "expected an integer");
	refused(types.u32, "0x", "expected an integer");
	refused(types.u32, "0x0x5", "expected an integer");
	refused(types.u32, "[1]", "expected an integer, not an array");
	refused(types.u32, "1\nb = 2", "expected an integer");
	refused(types.flag, "1", "expected true or false, not '1'");
	refused(types.flag, "yes", "expected true or false, not 'yes'");
	refused(types.action, "inspekt-deep",
		"no value 'inspekt-deep' (did you mean 'inspect-deep'?)");
	refused(types.action, "drop",
		"no value 'drop' (there are: allow, inspect-deep, allow)");
	refused(types.action, "4294967296", "out of range of access_control");
	refused(types.action, "-1", "out of range of access_control");
	refused(types.tiny, "256", "out of range of tiny (0 to 255)");
	refused(types.level, "1.5", "no value '1.5'");
}

static void refused_words(void **state)
{
	refused(types.ip4, "192.0.2", "expected an IPv4 address, not '192.0.2'");
	refused(types.ip4, "2001:db8::1", "expected an IPv4 address");
	refused(types.ip4, "1", "expected an IPv4 address, not '1'");
	refused(types.ip6, "192.0.2.256", "expected an IP address");
	refused(types.ip6, "fe80::1%eth0", "expected an IP address");
	refused(types.mac, "02:00:00:00:00", "expected a MAC address");
	refused(types.mac, "02:00:00:00:00:01 x", "expected a MAC address");
	refused(types.mac, "02:00:00:00:00:001", "expected a MAC address");
	refused(types.prefix, "10.1.2.3/16",
		"'10.1.2.3/16': it has bits set behind its length: 10.1.0.0/16, or "
		"10.1.2.3/32");
	refused(types.prefix, "2001:db8::1/32", "2001:db8::/32, or 2001:db8::1/128");
	refused(types.prefix, "10.0.0.0/33", "the length of a prefix is 0 to 32");
	refused(types.prefix, "2001::/129", "the length of a prefix is 0 to 128");
	refused(types.prefix, "10.0.0.0/", "the length of a prefix");
	refused(types.prefix, "10.0.0.0/-1", "the length of a prefix");
	refused(types.prefix, "10.0.0.0/ 8", "the length of a prefix");
	refused(types.prefix, "10.0.0.0/8/8", "the length of a prefix");
	refused(types.prefix, "10.0.0/8", "expected a prefix like");
	refused(types.prefix, "1111111111111111111111111111111111111111111111111111111111111/8",
		"expected a prefix like");
	refused(types.name, "12345678901234567", "is 17 bytes, the longest is 16");
	refused(types.timer, "0x00", "expected \"0x…\" of 16 bytes in hex, not '0x00'");
	refused(types.pointer, "1", "of 8 bytes in hex");
}

static void refused_compounds(void **state)
{
	refused(types.flow, "{ dprot = 1 }",
		"no field 'dprot' (did you mean 'dport'?) (in '{ dprot = 1 }')");
	refused(types.flow, "{ x = 1 }", "(there are: src, dst, sport, dport, proto, __pad)");
	refused(types.flow, "{ sport = 65536 }", "sport: 65536 is out of range of nf_port");
	refused(types.flow, "{ sport = 1", "'{ sport = 1': not valid TOML");
	refused(types.flow, "10.0.0.1", "expected a table, not '10.0.0.1'");
	refused(types.flow, "{ __pad = [0, 0, 256] }", "__pad[2]: 256 is out of range");
	refused(types.ports, "[1, 2, 3, 4, 5]", "5 elements, the most are 4");
	refused(types.ports, "80", "expected an array");
	refused(types.matrix, "[[1], [2, 70000]]", "[1][1]: 70000 is out of range");
	refused(types.bytes, "0x010203", "of 5 bytes in hex");
	refused(types.either, "{ small = 1, large = 2 }",
		"'small' and 'large' are the same bytes: give one of them");
	refused(types.anonymous, "{ tag = 1, left = 2 }", "are the same bytes");
	refused(types.config, "{ non_ip = 1, non-ip = 1 }", "are the same bytes");
	refused(types.bits, "{ low = 8 }",
		"low: 8 is out of range of 3 bits of __u32 (0 to 7)");
	refused(types.bits, "{ middle = -131073 }", "(-131072 to 131071)");
	refused(types.bits, "{ choice = 16 }", "out of range of 4 bits");
	refused(0, "1", "the type of '1' is unknown");
	refused(9999, "1", "the type of '1' is unknown");
}

/* ---- JSON ---- */

static void json(void **state)
{
	static const unsigned char bytes[16] = { 1,   0,   0,   0,   255, 255, 255, 255,
						 255, 255, 255, 255, 255, 255, 255, 255 };
	struct json_object *object = value_to_json(types.btf, types.config, bytes);

	assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
			    "{\"non_ip\":\"inspect-deep\",\"limit\":18446744073709551615,"
			    "\"level\":\"below\"}");
	json_object_put(object);
	assert_null(value_to_json(types.btf, 0, bytes));
	assert_null(value_to_json(NULL, 1, bytes));
}

/* ---- any bytes ---- */

static void fill(unsigned char *bytes, size_t size, int round)
{
	for (size_t i = 0; i < size; i++) {
		int random = rand();

		switch (round % 5) {
		case 0:
			bytes[i] = random;
			break;
		case 1:
			bytes[i] = random & 1 ? 0 : 0xff;
			break;
		case 2:
			bytes[i] = random & 3 ? 0 : random >> 8;
			break;
		case 3: /* texts, and what in them must be quoted */
			bytes[i] = " \"\\'{[=,#aZ0.:/-_\n\t"[random % 19];
			break;
		default:
			bytes[i] = round / 5;
		}
	}
}

static void round_trip(int type, bool exact)
{
	unsigned char bytes[VALUE_SIZE_MAX], back[VALUE_SIZE_MAX];
	int size = btf__resolve_size(types.btf, type);
	struct diag diag = { 0 };

	for (int round = 0; round < 1000; round++) {
		char *text, *again;

		fill(bytes, size, round);
		memset(back, 0x55, sizeof(back));
		text = value_to_text(types.btf, type, bytes);
		assert_non_null(text);
		assert_int_equal(strcspn(text, " \t\r\n"), strlen(text));
		if (value_from_text(types.btf, type, text, back, "value", &diag)) {
			diag_flush(&diag);
			fail_msg("'%s' does not read back", text);
		}
		again = value_to_text(types.btf, type, back);
		assert_string_equal(text, again);
		if (exact)
			assert_memory_equal(bytes, back, size);
		free(text);
		free(again);
	}
}

static void round_trips(void **state)
{
	srand(20230613);
#define ROUND_TRIP_EXACT(name) round_trip(types.name, true);
#define ROUND_TRIP_OTHER(name) round_trip(types.name, false);
	VALUE_TYPES_EXACT(ROUND_TRIP_EXACT)
	VALUE_TYPES_OTHER(ROUND_TRIP_OTHER)
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),          cmocka_unit_test(enums),
		cmocka_unit_test(addresses),         cmocka_unit_test(prefixes),
		cmocka_unit_test(strings),           cmocka_unit_test(arrays),
		cmocka_unit_test(structs),           cmocka_unit_test(unions),
		cmocka_unit_test(without_a_form),    cmocka_unit_test(hex),
		cmocka_unit_test(refused_scalars),   cmocka_unit_test(refused_words),
		cmocka_unit_test(refused_compounds), cmocka_unit_test(json),
		cmocka_unit_test(round_trips),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
