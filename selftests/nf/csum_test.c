/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Incremental checksums against ones computed anew; csum.h compiled for this machine. */
#include <linux/types.h>
#include <sys/cdefs.h>

#include <galette/nf/csum.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "nf/frame.h"

/* A header of ten words that starts with `word`; its checksum is in the last. */
static uint16_t anew(uint16_t words[10])
{
	words[9] = 0;
	return htons(checksum((const uint8_t *)words, 20));
}

/* Every change of one word, over headers whose sums are near the corner cases. */
static void test_replace2(void **state)
{
	static const uint16_t rest[] = { 0x0000, 0x0001, 0x00ff, 0x7fff, 0xfffe, 0xffff };
	uint16_t words[10] = { 0, 0x4500 };

	for (unsigned int n = 0; n < sizeof(rest) / sizeof(rest[0]); n++)
		for (unsigned int from = 0; from <= 0xffff; from += 0x33)
			for (unsigned int to = 0; to <= 0xffff; to += 0x11) {
				__sum16 sum;

				words[2] = rest[n];
				words[0] = from;
				sum = anew(words);
				csum_replace2(&sum, from, to);
				words[0] = to;
				assert_int_equal(sum, anew(words));
			}
}

static void test_replace4(void **state)
{
	srandom(1);
	for (int i = 0; i < 1000000; i++) {
		uint16_t words[10] = { 1 };
		__u32 from = random() * 2u, to = i & 7 ? random() : 0xffffffff * (i >> 3 & 1);
		__sum16 sum;

		words[5] = random();
		memcpy(words + 2, &from, 4);
		sum = anew(words);
		csum_replace4(&sum, from, to);
		memcpy(words + 2, &to, 4);
		assert_int_equal(sum, anew(words));
	}
}

/* The example of RFC 1624, section 4: equation 2 would give 0xffff. */
static void test_rfc1624(void **state)
{
	__sum16 sum = 0xdd2f;

	csum_replace2(&sum, 0x5555, 0x3285);
	assert_int_equal(sum, 0x0000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace2),
		cmocka_unit_test(test_replace4),
		cmocka_unit_test(test_rfc1624),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
