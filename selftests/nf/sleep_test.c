// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sleep: as long as its config says, whatever happens meanwhile. */
#include <signal.h>
#include <sys/time.h>

#include "nf/alone.h"

static int interruptions;

static void interrupt(int number)
{
	interruptions++;
}

static long microseconds(struct alone *a)
{
	const struct packet p = {};
	struct timespec from, to;
	struct frame f = build(&p);

	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(alone_run(a, &f), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
}

static void test_length(void **state)
{
	static const uint32_t lengths[] = { 0, 1000, 50000, 1100000 };
	struct alone a;

	alone_open(&a, "sleep");
	assert_true(microseconds(&a) >= 1000); /* unless told otherwise */
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		long took;

		alone_set(&a, "microseconds", lengths[i]);
		took = microseconds(&a);
		assert_true(took >= lengths[i]);
		assert_true(took < lengths[i] + 500000); /* the machine may be busy */
	}
	alone_close(&a);
}

static void test_interrupted(void **state)
{
	const struct itimerval often = { { 0, 7000 }, { 0, 7000 } }, never = {};
	struct sigaction action = { .sa_handler = interrupt };
	struct alone a;
	long took;

	alone_open(&a, "sleep");
	alone_set(&a, "microseconds", 300000);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	took = microseconds(&a);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_true(interruptions > 5);
	assert_true(took >= 300000 && took < 800000);
	alone_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
