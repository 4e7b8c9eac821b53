// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slowpath/spell.h"

/* Spells of ten parts, of which so many are with packets. */
static void live(struct spell *spell, int spells, int parts)
{
	for (int i = 0; i < spells * 10; i++)
		spell_pass(spell, spell->seen + SPELL_NS / 10, i % 10 < parts);
}

static void test_thresholds(void **state)
{
	struct spell spell;

	for (int parts = 0; parts <= 10; parts++) {
		spell_begin(&spell, 1000);
		live(&spell, 3, parts);
		assert_int_equal(spell.awake, parts > 7);
		spell.awake = true;
		live(&spell, 3, parts);
		assert_int_equal(spell.awake, parts > 5);
	}
}

static void test_within_a_spell(void **state)
{
	struct spell spell;

	spell_begin(&spell, 1000);
	spell_pass(&spell, 1000 + SPELL_NS - 1, true);
	assert_false(spell.awake);
	spell_pass(&spell, 1000 + SPELL_NS, true);
	assert_true(spell.awake);
	/* Nothing comes any more: this one is over when it is. */
	spell_pass(&spell, 1000 + SPELL_NS * 3 / 2, false);
	assert_true(spell.awake);
	spell_pass(&spell, 1000 + SPELL_NS * 2, false);
	assert_false(spell.awake);
}

static void test_long_ones(void **state)
{
	struct spell spell;

	/* Asleep for a day, then a packet. */
	spell_begin(&spell, 0);
	spell_pass(&spell, 86400 * SPELL_NS * 1000, false);
	assert_false(spell.awake);
	spell_pass(&spell, spell.seen + 1000, true);
	assert_false(spell.awake);
	/* A packet that takes its time. */
	spell_pass(&spell, spell.seen + SPELL_NS * 10, true);
	assert_true(spell.awake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_within_a_spell),
		cmocka_unit_test(test_long_ones),
	};

	return cmocka_run_group_tests_name("tests", tests, NULL, NULL);
}
