// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The host of native NFs: both worlds at once on the same maps, their clocks,
 * and what it must refuse. That both do the same is in differential_test.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "nf/worlds.h"

#define OBJECTS BUILD "/selftests/nf-objects"

struct tally {
	uint64_t viewed;
	uint32_t viewed32, kernel, native, zero;
};

static uint64_t stamp_of(const struct frame *f)
{
	uint64_t stamp;

	memcpy(&stamp, f->data + 16, sizeof(stamp));
	return stamp;
}

static void plain_frame(struct frame *f)
{
	static const struct packet plain = {};

	*f = build(&plain);
}

/* ---- both at once ---- */

enum {
	ROUNDS = 40,
	KERNEL_REPEAT = 20000, /* a round */
	NATIVE_RUNS = 100000,
	CPUS_MAX = 256,
};

static void *kernel_side(void *arg)
{
	struct worlds *w = arg;
	struct frame f;

	for (int i = 0; i < ROUNDS; i++) {
		plain_frame(&f);
		if (nf_run(&w->nf, &f, KERNEL_REPEAT, NULL) != 1)
			return "a run of the kernel's went wrong";
	}
	return NULL;
}

/* What one side adds is never lost, and neither is what only one side stores. */
static void test_counting(void **state)
{
	const uint64_t kernel = (uint64_t)ROUNDS * KERNEL_REPEAT, all = kernel + NATIVE_RUNS;
	struct tally tally = {};
	uint64_t added = 0;
	uint32_t key = 1;
	void *trouble = NULL;
	pthread_t thread;
	struct worlds w;
	struct frame f;

	worlds_open(&w, OBJECTS, OBJECTS, "native-tally", NULL, 1);
	assert_int_equal(nf_host_config(w.host, &(uint32_t) { 1 }, sizeof(uint32_t)), 0);
	assert_int_equal(bpf_map_update_elem(nf_map(&w.nf, "tallies"), &key, &tally, 0), 0);
	assert_int_equal(bpf_map_update_elem(nf_map(&w.nf, "added"), &key, &added, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, kernel_side, &w), 0);
	for (int i = 0; i < NATIVE_RUNS; i++) {
		plain_frame(&f);
		assert_int_equal(native_run(&w, &f), 1);
	}
	pthread_join(thread, &trouble);
	assert_null(trouble);
	assert_int_equal(bpf_map_lookup_elem(nf_map(&w.nf, "tallies"), &key, &tally), 0);
	assert_int_equal(bpf_map_lookup_elem(nf_map(&w.nf, "added"), &key, &added), 0);
	assert_int_equal(tally.viewed, all);
	assert_int_equal(tally.viewed32, (uint32_t)(3 * all));
	assert_int_equal(tally.kernel, kernel);
	assert_int_equal(tally.native, NATIVE_RUNS);
	assert_int_equal(added, 2 * all);
	assert_int_equal(nf_percpu_sum(&w.nf, "own"), all);
	print_message("%llu kernel and %d native runs at once: none lost\n",
		      (unsigned long long)kernel, NATIVE_RUNS);
	worlds_close(&w);
}

/* An entry that goes away while it is viewed stays away. */
static void test_removed(void **state)
{
	struct nf_native_map *const *maps;
	struct tally *view;
	struct worlds w;
	uint32_t key = 1;

	worlds_open(&w, OBJECTS, OBJECTS, "native-tally", NULL, 1);
	assert_int_equal(
		bpf_map_update_elem(nf_map(&w.nf, "tallies"), &key, &(struct tally) {}, 0), 0);
	for (maps = nf_host_nf(w.host)->maps; strcmp((*maps)->name, "tallies") != 0;)
		maps++;
	view = nf_host_nf(w.host)->ops->view((*maps)->host, &key);
	assert_non_null(view);
	assert_ptr_equal(view, nf_host_nf(w.host)->ops->view((*maps)->host, &key));
	view->native = 1;
	assert_int_equal(bpf_map_delete_elem(nf_map(&w.nf, "tallies"), &key), 0);
	/* A run closes all views. Its own looks at the same one, and cannot know. */
	assert_int_equal(native_run(&w, &(struct frame) { .len = 14 }), 1);
	assert_int_equal(native_run(&w, &(struct frame) { .len = 14 }), 0);
	assert_int_equal(
		bpf_map_lookup_elem(nf_map(&w.nf, "tallies"), &key, &(struct tally) {}),
		-ENOENT);
	worlds_close(&w);
}

/* ---- additions that wait ---- */

static struct nf_native_map *map_of(const struct worlds *w, const char *name)
{
	struct nf_native_map *const *map = nf_host_nf(w->host)->maps;

	while (strcmp((*map)->name, name) != 0)
		map++;
	return *map;
}

/* What the map itself has for the CPU this runs on. */
static uint64_t own(const struct worlds *w, uint32_t key)
{
	uint64_t value[CPUS_MAX];

	assert_true(libbpf_num_possible_cpus() <= CPUS_MAX);
	assert_int_equal(bpf_map_lookup_elem(nf_map(&w->nf, "own"), &key, value), 0);
	return value[sched_getcpu()];
}

static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* They come together, in order with all else that an NF does to the map. */
static void test_held(void **state)
{
	const struct nf_native_ops *ops;
	const uint32_t keys[] = { 0, 1, 2 };
	uint64_t value = 100;
	struct worlds w, other;
	void *map, *same;

	stay_on_this_cpu();
	worlds_open(&w, OBJECTS, OBJECTS, "native-tally", NULL, 1);
	worlds_open(&other, OBJECTS, OBJECTS, "native-tally", NULL, 1);
	assert_int_equal(nf_host_bind(other.host, "own", nf_map(&w.nf, "own")), 0);
	ops = nf_host_nf(w.host)->ops;
	map = map_of(&w, "own")->host;
	same = map_of(&other, "own")->host;

	for (int i = 0; i < 5; i++)
		assert_int_equal(ops->add(map, &keys[0], 2), 0);
	assert_int_equal(own(&w, 0), 2); /* the first: whether there is such an entry */
	nf_host_flush();
	assert_int_equal(own(&w, 0), 10);
	nf_host_flush();
	assert_int_equal(own(&w, 0), 10);
	/* Another entry; none. */
	assert_int_equal(ops->add(map, &keys[0], 1), 0);
	assert_int_equal(ops->add(map, &keys[1], 1), 0);
	assert_int_equal(own(&w, 0), 11);
	assert_int_equal(own(&w, 1), 1);
	assert_int_equal(ops->add(map, &keys[2], 1), -ENOENT);
	/* What goes down to nothing in between. */
	assert_int_equal(ops->add(map, &keys[1], 1), 0);
	assert_int_equal(ops->add(map, &keys[1], -1), 0);
	assert_int_equal(ops->add(map, &keys[1], 3), 0);
	nf_host_flush();
	assert_int_equal(own(&w, 1), 4);
	/* The other NF of the map sees it, and what is stored stays. */
	assert_int_equal(ops->add(map, &keys[1], 1), 0);
	assert_int_equal(ops->get(same, &keys[1], &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(ops->add(map, &keys[1], 1), 0);
	assert_int_equal(*(uint64_t *)ops->view(same, &keys[1]), 6);
	assert_int_equal(ops->add(map, &keys[1], 1), 0);
	value = 100;
	assert_int_equal(ops->put(same, &keys[1], &value, 0), 0);
	nf_host_flush();
	assert_int_equal(own(&w, 1), 100);
	/* And whoever goes leaves it written. */
	assert_int_equal(ops->add(map, &keys[1], 1), 0);
	worlds_close(&other);
	nf_host_bind(w.host, "own", nf_map(&w.nf, "own"));
	assert_int_equal(own(&w, 1), 101);
	worlds_close(&w);
}

/* ---- packets ---- */

/*
 * No offset beyond PKT_OFF_MAX, however long the packet: the BPF program has that
 * limit too, but BPF_PROG_TEST_RUN takes no packet so long.
 */
static void test_offset_limit(void **state)
{
	static __attribute__((aligned(8))) uint8_t data[0x5000];
	const uint32_t offsets[] = { 0x3fff, 0x4000 };
	struct worlds w;

	worlds_open(&w, OBJECTS, OBJECTS, "native-api", NULL, 0);
	for (int i = 0; i < 2; i++) {
		struct pkt pkt = { .start = data,
				   .data = data,
				   .end = data + sizeof(data),
				   .limit = data + sizeof(data) };
		uint8_t *touched = data + offsets[i] + 4;

		data[14] = 2; /* invert a bit at the offset, if pkt_at() gives it */
		data[20] = offsets[i] >> 8;
		data[21] = offsets[i] & 0xff;
		nf_host_run(w.host, &pkt);
		assert_int_equal(!!*touched, offsets[i] == 0x3fff);
	}
	worlds_close(&w);
}

/* ---- time ---- */

/*
 * Kernel, native, kernel: they agree, but for one tick around a tick's edge, when
 * the kernel's interrupt is late or the calibration was not exact.
 */
static void test_clock(void **state)
{
	int ahead = 0, behind = 0, rounds = 0;
	struct timespec start, now;
	struct nf_clock clock, again;
	struct worlds w;

	worlds_open(&w, OBJECTS, OBJECTS, "native-tally", NULL, 1);
	assert_int_equal(nf_clock_calibrate(&clock, 0), 0);
	/* What is known is taken, but not what cannot be. */
	assert_int_equal(nf_clock_calibrate(&again, clock.origin + 1), 0);
	assert_true(again.origin == clock.origin + 1);
	assert_int_equal(nf_clock_calibrate(&again, clock.origin - 5 * clock.tick_ns), 0);
	assert_true(again.origin + clock.tick_ns / 4 - clock.origin < clock.tick_ns / 2);
	assert_int_equal(nf_clock_calibrate(&again, clock.origin + 5 * clock.tick_ns), 0);
	assert_true(again.origin + clock.tick_ns / 4 - clock.origin < clock.tick_ns / 2);
	nf_host_clock(w.host, &clock);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		uint64_t before, native, after;
		struct frame f;

		plain_frame(&f);
		nf_run(&w.nf, &f, 1, NULL);
		before = stamp_of(&f);
		native_run(&w, &f);
		native = stamp_of(&f);
		nf_run(&w.nf, &f, 1, NULL);
		after = stamp_of(&f);
		assert_int_equal(native % clock.tick_ns, 0);
		assert_true((int64_t)(native + clock.tick_ns - before) >= 0);
		assert_true((int64_t)(after + clock.tick_ns - native) >= 0);
		ahead += (int64_t)(native - after) > 0;
		behind += (int64_t)(before - native) > 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
		rounds++;
	} while (now.tv_sec - start.tv_sec < 2);
	print_message("asked %d times, natively a tick ahead %d times, behind %d times\n",
		      rounds, ahead, behind);
	assert_true(ahead + behind < rounds / 4);
	worlds_close(&w);
}

/* ---- what is refused ---- */

static struct nf_host *try_open(const char *file, const struct object *object, char *why,
				size_t size)
{
	struct diag diag = {};
	struct nf_host *host = nf_host_open(file, object, (struct loc) {}, &diag);

	snprintf(why, size, "%s", diag.count ? diag.messages[0].text : "");
	diag_free(&diag);
	return host;
}

static void test_refused(void **state)
{
	struct diag diag = {};
	struct object *tally = object_open(OBJECTS, "native-tally", (struct loc) {}, &diag);
	struct object *api = object_open(OBJECTS, "native-api", (struct loc) {}, &diag);
	struct nf_host *host, *second;
	char why[512];

	assert_non_null(tally);
	assert_non_null(api);
	assert_null(try_open("/no/such.so", NULL, why, sizeof(why)));
	assert_non_null(strstr(why, "No such file"));
	assert_null(try_open("Makefile", NULL, why, sizeof(why)));
	assert_null(try_open("/bin/true", NULL, why, sizeof(why)));
	assert_non_null(strstr(why, "no BTF"));
	assert_null(try_open(OBJECTS "/native-tally.so", api, why, sizeof(why)));
	assert_non_null(strstr(why, "it has 3 maps"));
	tally->maps[0].size++;
	assert_null(try_open(OBJECTS "/native-tally.so", tally, why, sizeof(why)));
	assert_non_null(strstr(why, "declared otherwise"));
	tally->maps[0].size--;
	host = try_open(OBJECTS "/native-tally.so", tally, why, sizeof(why));
	second = try_open(OBJECTS "/native-tally.so", NULL, why, sizeof(why));
	assert_non_null(host);
	assert_non_null(second);
	/* Two of one file are two. */
	assert_ptr_not_equal(nf_host_nf(host), nf_host_nf(second));
	assert_int_equal(nf_host_config(host, &(uint64_t) { 0 }, 8), -EINVAL);
	assert_int_equal(nf_host_bind(host, "none", -1), -ENOENT);
	assert_true(nf_host_bind(host, "added", -1) < 0);
	assert_non_null(nf_host_unbound(host));
	nf_host_free(host);
	nf_host_free(second);
	object_free(tally);
	object_free(api);
	diag_free(&diag);
}

/* A map of the right name and other sizes. */
static void test_refused_map(void **state)
{
	struct worlds w;
	int fd;

	worlds_open(&w, OBJECTS, OBJECTS, "native-tally", NULL, 1);
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "wrong", 4, 16, 4, NULL);
	assert_true(fd >= 0);
	assert_int_equal(nf_host_bind(w.host, "added", fd), -EINVAL);
	assert_null(nf_host_unbound(w.host)); /* the one before is still there */
	close(fd);
	worlds_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counting),    cmocka_unit_test(test_removed),
		cmocka_unit_test(test_held),        cmocka_unit_test(test_offset_limit),
		cmocka_unit_test(test_clock),       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
