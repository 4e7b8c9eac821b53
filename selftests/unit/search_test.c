// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How the benchmarks look for the greatest rate without loss, on devices that are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/generate_search.h"

static struct {
	double capacity; /* frames a second that the device bears … */
	double sends;    /* … and that the generator can send */
	double breaks;   /* asked for so many, it loses half of what is sent; 0: it does not */
	bool bends; /* it falls short of any rate, and yet sends more when asked for much more */
	int disturbed; /* runs to come in which the machine loses one frame in fifty … */
	int held_up;   /* … or keeps the generator from sending more than half */
	int runs;
} sim;

static double sent_at(double rate)
{
	double sent = fmin(rate, sim.sends);

	if (sim.held_up > 0) {
		sim.held_up--;
		return sent / 2;
	}
	if (sim.bends)
		return rate > 150000 && rate < 230000 ? 135000 : sent * 0.9;
	return sent;
}

static void device(double capacity, double sends)
{
	memset(&sim, 0, sizeof(sim));
	sim.capacity = capacity;
	sim.sends = sends;
}

static struct result run(double rate)
{
	double sent = sent_at(rate), received = fmin(sent, sim.capacity);

	if (sim.breaks && rate >= sim.breaks)
		received /= 2;

	/* Who does not end would not fail. */
	assert_in_range(++sim.runs, 1, 40);
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

/* No more than there is, and no less than 3 % below it. */
static void assert_reached(double want, const struct search *s)
{
	assert_true(s->found);
	assert_true(s->best.rate > want / 1.031 && s->best.rate <= want);
	assert_true(loss(&s->best) <= 0.001);
}

/* From everywhere, and from the right place in few steps. */
static void test_finds(void **state)
{
	static const double guesses[] = { 0, 1000, 50000, 99000, 100000, 101000, 200000, 5e6 };

	device(100000, 1e7);
	for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
		struct search s = found(guesses[i]);

		assert_reached(100000, &s);
		assert_false(s.short_);
	}
	found(100000);
	assert_in_range(sim.runs, 1, 8);
}

/* What the machine has lost once is not the device's loss; nor what it has kept from being sent. */
static void test_disturbed(void **state)
{
	struct search s;

	device(100000, 1e7);
	sim.disturbed = 1;
	s = found(95000);
	assert_reached(100000, &s);
	assert_int_equal(sim.disturbed, 0);
	/* It is the same rate that is tried again. */
	sim.held_up = 1;
	s = found(99000);
	assert_reached(100000, &s);
	assert_true(s.best.sent >= 99000);
	assert_in_range(sim.runs, 1, 8);
}

/* The generator's limit is found, and said to be that; then it ends. */
static void test_generator(void **state)
{
	static const double guesses[] = { 0, 10000, 1.9e6 };

	device(1e9, 2e6);
	for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
		struct search s = found(guesses[i]);

		assert_reached(2e6, &s);
		assert_true(s.short_);
		assert_in_range(sim.runs, 1, 16);
	}
}

/* Falling short is not yet having reached it: more may come when asked for more. */
static void test_bends(void **state)
{
	struct search s;

	device(400000, 1e7);
	sim.bends = true;
	s = found(150000);
	assert_reached(400000, &s);
	assert_false(s.short_);
}

/* Short of all rates above one that is too much: the device's limit it is. */
static void test_between(void **state)
{
	struct search s;

	device(100000, 101000);
	s = found(200000);
	assert_reached(100000, &s);
	assert_false(s.short_);
}

/* Once a rate was too much, it is not the generator that is the limit, however often it falls short. */
static void test_breaks(void **state)
{
	struct search s;

	device(1e9, 100000);
	sim.breaks = 130000;
	s = found(100000);
	assert_reached(100000, &s);
	assert_false(s.short_);
}

/* Nothing comes back at any rate. */
static void test_dead(void **state)
{
	device(0, 1e6);
	assert_false(found(0).found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),     cmocka_unit_test(test_disturbed),
		cmocka_unit_test(test_generator), cmocka_unit_test(test_bends),
		cmocka_unit_test(test_between),   cmocka_unit_test(test_breaks),
		cmocka_unit_test(test_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
