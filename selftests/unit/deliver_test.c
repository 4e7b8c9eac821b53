// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A pipe's queue of packets for the stack: each goes once, in order, or is counted lost, whatever
 * the kernel does with a run. The kernel, and the program that it runs, are this test's: libbpf's
 * function is here.
 */
#include <errno.h>

#include <bpf/bpf.h>

#include "deliver_queue.h"
#include "slowpath/deliver.h"
#include "unit/unit.h"

enum {
	LEN = 60,
	IFINDEX = 7,
};

static struct deliver_queue queue;
static struct deliver deliver = { .queues = &queue };
static struct galette_pipe record;

/* What the kernel does, and what came of it. */
static struct {
	bool refuses;    /* runs nothing */
	int pages;       /* it has for so many frames in its next run; 0: for all */
	bool no_buffers; /* for what came through */
	bool dies;       /* the process, behind the next run */
	jmp_buf death;
	__u8 gone[2 * DELIVER_BATCH]; /* packets, by their first byte */
	int count, runs, frames;
} kernel;

/* bpf/deliver.bpf.c, on a frame. Whether its packet passes. */
static bool takes(bool *noted)
{
	__u8 packet = queue.slot[queue.next].packet[0];

	if (queue.held)
		return false;
	if (queue.generic && noted[packet] && queue.next != queue.begin) {
		queue.held = 1;
		return false;
	}
	noted[packet] = true;
	queue.next++;
	return true;
}

static int fail_with(int err)
{
	errno = err;
	return -err;
}

int bpf_prog_test_run_opts(int program, struct bpf_test_run_opts *opts)
{
	const struct xdp_md *context = opts->ctx_in;
	bool noted[256] = { 0 };
	int before = kernel.count, pages = kernel.pages;

	assert_int_equal(context->ingress_ifindex, IFINDEX);
	assert_int_equal(opts->repeat, opts->batch_size);
	assert_in_range(opts->repeat, 1, DELIVER_BATCH);
	kernel.runs++;
	kernel.frames += opts->repeat;
	kernel.pages = 0;
	if (kernel.refuses)
		return fail_with(EINVAL);
	for (int i = 0; i < opts->repeat && (!pages || i < pages); i++) {
		__u8 packet = queue.slot[queue.next].packet[0];

		if (takes(noted))
			kernel.gone[kernel.count++] = packet;
	}
	if (kernel.no_buffers)
		kernel.count = before;
	if (kernel.dies)
		longjmp(kernel.death, 1);
	return kernel.no_buffers || pages ? fail_with(ENOMEM) : 0;
}

static int begin(void **state)
{
	memset(&queue, 0, sizeof(queue));
	memset(&record, 0, sizeof(record));
	memset(&kernel, 0, sizeof(kernel));
	deliver.batches = true;
	return 0;
}

static void add(int count, bool alike, bool generic)
{
	__u8 packet[LEN] = { 0 };

	for (int i = 0; i < count; i++) {
		packet[0] = alike ? 1 : i + 1;
		record.pass++;
		assert_int_equal(
			deliver_add(&deliver, 0, packet, sizeof(packet), IFINDEX, generic), 0);
	}
}

static void flush(void)
{
	deliver_flush(&deliver, 0, &record);
	assert_int_equal(queue.count, 0);
}

/* All that were added have gone, in order, and so it is counted. */
static void all_gone(int count)
{
	assert_int_equal(kernel.count, count);
	for (int i = 0; i < count; i++)
		assert_int_equal(kernel.gone[i], i + 1);
	assert_int_equal(record.pass, count);
	assert_int_equal(record.lost[GALETTE_LOSS_PASS], 0);
}

static void test_at_once(void **state)
{
	flush();
	assert_int_equal(kernel.runs, 0);
	add(DELIVER_BATCH, false, false);
	flush();
	all_gone(DELIVER_BATCH);
	assert_int_equal(kernel.runs, 1);
}

static void test_one_by_one(void **state)
{
	deliver.batches = false;
	add(DELIVER_BATCH, false, true);
	flush();
	all_gone(DELIVER_BATCH);
	assert_int_equal(kernel.runs, DELIVER_BATCH);
	assert_int_equal(kernel.frames, DELIVER_BATCH);
}

static void test_no_room(void **state)
{
	static __u8 packet[DELIVER_ROOM + 1];

	assert_int_equal(deliver_add(&deliver, 0, packet, sizeof(packet), IFINDEX, false),
			 -EMSGSIZE);
	add(1, false, false);
	assert_int_equal(deliver_add(&deliver, 0, packet, LEN, IFINDEX + 1, false), -EAGAIN);
	flush();
	assert_int_equal(deliver_add(&deliver, 0, packet, LEN, IFINDEX + 1, false), 0);
	begin(state);
	add(DELIVER_BATCH, false, false);
	assert_int_equal(deliver_add(&deliver, 0, packet, LEN, IFINDEX, false), -EAGAIN);
}

/* A flood of them costs two frames for each. */
static void test_alike(void **state)
{
	add(DELIVER_BATCH, true, true);
	flush();
	assert_int_equal(kernel.count, DELIVER_BATCH);
	assert_int_equal(record.pass, DELIVER_BATCH);
	assert_in_range(kernel.runs, 1, DELIVER_BATCH);
	assert_in_range(kernel.frames, 1, 3 * DELIVER_BATCH);
}

static void test_no_pages(void **state)
{
	kernel.pages = 40;
	add(DELIVER_BATCH, false, false);
	flush();
	all_gone(DELIVER_BATCH);
	assert_int_equal(kernel.runs, 2);
}

static void lost_all(int count)
{
	flush();
	assert_int_equal(kernel.count, 0);
	assert_int_equal(record.pass, 0);
	assert_int_equal(record.lost[GALETTE_LOSS_PASS], count);
}

static void test_no_buffers(void **state)
{
	kernel.no_buffers = true;
	add(DELIVER_BATCH, false, false);
	lost_all(DELIVER_BATCH);
}

static void test_refused(void **state)
{
	kernel.refuses = true;
	add(10, false, false);
	lost_all(10);
	kernel.refuses = false;
	begin(state);
	add(10, false, false);
	flush();
	all_gone(10);
}

/* Another process goes on: with what has gone, and what has not. */
static void test_death(void **state)
{
	kernel.dies = true;
	deliver.batches = false;
	add(10, false, false);
	if (!setjmp(kernel.death))
		flush();
	assert_int_equal(kernel.count, 1);
	kernel.dies = false;
	deliver.batches = true;
	flush();
	all_gone(10);
	assert_int_equal(kernel.runs, 2);
}

static void test_scribbled(void **state)
{
	for (int field = 0; field < 4; field++) {
		begin(state);
		add(10, false, true);
		*(__u32 *[]) { &queue.count, &queue.next, &queue.failed, &queue.held }[field] =
			~0u;
		flush();
		assert_in_range(kernel.runs, 0, DELIVER_BATCH);
		assert_in_range(record.lost[GALETTE_LOSS_PASS], 0, DELIVER_BATCH);
		assert_int_equal(record.pass + record.lost[GALETTE_LOSS_PASS], 10);
		add(1, false, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_at_once, begin),
		cmocka_unit_test_setup(test_one_by_one, begin),
		cmocka_unit_test_setup(test_no_room, begin),
		cmocka_unit_test_setup(test_alike, begin),
		cmocka_unit_test_setup(test_no_pages, begin),
		cmocka_unit_test_setup(test_no_buffers, begin),
		cmocka_unit_test_setup(test_refused, begin),
		cmocka_unit_test_setup(test_death, begin),
		cmocka_unit_test_setup(test_scribbled, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
