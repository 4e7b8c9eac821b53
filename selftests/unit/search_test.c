// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How the benchmarks look for the greatest rate without loss, on devices that are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/generate_search.h"

static struct {
	double capacity; /* frames a second that the device bears … */
	double sends;    /* … and that the generator can send */
	bool bends; /* it falls short of any rate, and yet sends more when asked for much more */
	int disturbed; /* runs to come in which the machine loses one frame in fifty */
	int runs;
} sim;

static struct result run(double rate)
{
	double sent = fmin(rate, sim.sends), received;

	sim.runs++;
	if (sim.bends)
		sent = rate > 150000 && rate < 190000 ? 135000 : sent * 0.9;
	received = fmin(sent, sim.capacity);
	if (sim.disturbed > 0) {
		sim.disturbed--;
		received *= 0.98;
	}
	return (struct result) { .asked = rate,
				 .seconds = 1,
				 .sent = sent,
				 .received = received,
				 .rate = received };
}

static struct search found(double guess)
{
	struct search s = { .run = run, .loss = 0.001, .guess = guess };

	sim.runs = 0;
	search(&s);
	return s;
}

static void assert_near(double want, double got)
{
	assert_true(got > want / SEARCH_NEAR - 1 && got < want * SEARCH_NEAR);
}

/* From everywhere, and from the right place in few steps. */
static void test_finds(void **state)
{
	static const double guesses[] = { 0, 1000, 50000, 99000, 100000, 101000, 200000, 5e6 };

	sim.capacity = 100000;
	sim.sends = 1e7;
	for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
		struct search s = found(guesses[i]);

		assert_true(s.found);
		assert_false(s.short_);
		assert_near(100000, s.best.rate);
		assert_true(loss(&s.best) <= s.loss);
		assert_in_range(sim.runs, 1, 2 * SEARCH_PROBES + 1);
	}
	found(100000);
	assert_in_range(sim.runs, 1, 8);
}

/* What the machine has lost once is not the device's loss. */
static void test_disturbed(void **state)
{
	sim.capacity = 100000;
	sim.sends = 1e7;
	sim.disturbed = 1;
	assert_near(100000, found(95000).best.rate);
	assert_int_equal(sim.disturbed, 0);
}

/* The generator's limit is found, and said to be that. */
static void test_generator(void **state)
{
	struct search s;

	sim.capacity = 1e9;
	sim.sends = 2e6;
	s = found(0);
	assert_true(s.found && s.short_);
	assert_near(2e6, s.best.rate);
	s = found(10000);
	assert_true(s.found && s.short_);
	assert_near(2e6, s.best.rate);
}

/* Falling short is not yet having reached it: more may come when asked for more. */
static void test_bends(void **state)
{
	struct search s;

	sim.bends = true;
	sim.capacity = 400000;
	sim.sends = 1e7;
	s = found(150000);
	sim.bends = false;
	assert_true(s.found);
	assert_false(s.short_);
	assert_near(400000, s.best.rate);
}

/* Nothing comes back at any rate. */
static void test_dead(void **state)
{
	sim.capacity = 0;
	sim.sends = 1e6;
	assert_false(found(0).found);
	assert_in_range(sim.runs, 1, 2 * SEARCH_PROBES + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),     cmocka_unit_test(test_disturbed),
		cmocka_unit_test(test_generator), cmocka_unit_test(test_bends),
		cmocka_unit_test(test_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
