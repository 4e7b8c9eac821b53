// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The two worlds do the same: every NF, every packet of a corpus, once as a BPF
 * program and once natively, on separate but equal maps. Same action, same bytes,
 * same content of every map.
 *
 * Time stands still on both sides, at 0: what an NF stamps is then the same to
 * the nanosecond. That time goes by is in the maps instead: between batches some
 * entries' fields become other values, the same on both sides, so that what was
 * stamped is suddenly old, or of the future. That the clocks agree is in
 * native_test.c.
 */
#include "nf/corpus.h"
#include "nf/worlds.h"

enum {
	GENERATED = 20000,
	BATCH = 1000,
	VALUE_MAX = 256 * 64, /* of all CPUs */
};

#define SEED 0x67616c65747465ull

static struct corpus corpus;

/* What each NF is run with. LRU maps are so large that nothing is evicted: the order is theirs. */
static const struct run {
	const char *name;
	struct nf_setting settings[6];
} runs[] = {
	{ "access-control", {} },
	{ "access-control", { { .name = "non_ip", .value = 1 } } },
	{ "compute", {} },
	{ "compute", { { .name = "iterations", .value = 37 } } },
	{ "decrement-ip-ttl", {} },
	{ "dest-ip-branch", {} },
	{ "filter-ip", {} },
	{ "load-balance", {} },
	{ "load-balance", { { .name = "secondary_ppm", .value = 200000 } } },
	{ "macswap", {} },
	{ "no-op", {} },
	{ "weak-classifier", { { .name = "sources", .map_size = 65536 } } },
	{ "weak-classifier",
	  { { .name = "sources", .map_size = 65536 },
	    { .name = "non_ip", .value = 1 },
	    { .name = "new_flows_per_second", .value = 3 },
	    { .name = "packets_per_second", .value = 4 },
	    { .name = "probation", .value = 3 } } },
	{ "weak-classifier",
	  { { .name = "sources", .map_size = 65536 },
	    { .name = "flow_state", .map_size = 50, .map_type = BPF_MAP_TYPE_HASH }, /* full */
	    { .name = "new_flows_per_second" },
	    { .name = "packets_per_second" },
	    { .name = "probation", .value = 2 } } },
};

/* ---- maps ---- */

static int is_percpu(const struct world_map *map)
{
	return map->info.type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       map->info.type == BPF_MAP_TYPE_PERCPU_HASH ||
	       map->info.type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static size_t value_size(const struct world_map *map)
{
	return is_percpu(map) ? (map->info.value_size + 7) / 8 * 8 * libbpf_num_possible_cpus()
			      : map->info.value_size;
}

static int entries(int fd)
{
	uint8_t key[256], *last = NULL;
	int count = 0;

	for (; bpf_map_get_next_key(fd, last, key) == 0; last = key)
		count++;
	return count;
}

/* How many entries are the same; all of both maps, or the test has failed. */
static int compare_map(const struct world_map *map, const char *when)
{
	static uint8_t kernel[VALUE_MAX], native[VALUE_MAX];
	uint8_t key[256], *last = NULL;
	int count = 0;

	assert_true(value_size(map) <= VALUE_MAX && map->info.key_size <= sizeof(key));
	for (; bpf_map_get_next_key(map->kernel, last, key) == 0; last = key, count++) {
		assert_int_equal(bpf_map_lookup_elem(map->kernel, key, kernel), 0);
		if (bpf_map_lookup_elem(map->native, key, native))
			fail_msg("%s: %s has an entry that it has not natively", when,
				 map->name);
		for (size_t i = 0; i < value_size(map); i++)
			if (kernel[i] != native[i])
				fail_msg("%s: %s: byte %zu of a value is %#x, natively %#x",
					 when, map->name, i, kernel[i], native[i]);
	}
	if (entries(map->native) != count)
		fail_msg("%s: %s has %d entries, natively %d", when, map->name, count,
			 entries(map->native));
	return count;
}

/* Put into both. It may be full: then on both sides. */
static void put(const struct world_map *map, const void *key, const void *value)
{
	int kernel = bpf_map_update_elem(map->kernel, key, value, 0);

	assert_int_equal(bpf_map_update_elem(map->native, key, value, 0), kernel);
}

/* The addresses that some packets come from, and what surrounds them. */
static void put_sources(const struct worlds *w, uint64_t *r)
{
	for (int i = 0; i < 40; i++) {
		struct {
			uint32_t len;
			uint8_t addr[16];
		} prefix = { .len = 128 };
		char text[64];
		int v6 = below(r, 2);

		random_address(r, v6, text, sizeof(text));
		if (v6) {
			inet_pton(AF_INET6, text, prefix.addr);
		} else {
			memset(prefix.addr + 10, 0xff, 2);
			inet_pton(AF_INET, text, prefix.addr + 12);
		}
		for (int m = 0; m < w->map_count; m++) {
			if (strcmp(w->maps[m].name, "blocked_ips") == 0)
				put(&w->maps[m], prefix.addr, &(uint64_t) { 0 });
			prefix.len = below(r, 4) ? 128 - below(r, 12) : below(r, 129);
			if (strcmp(w->maps[m].name, "allow_list") == 0)
				put(&w->maps[m], &prefix, &(uint32_t) { below(r, 2) });
		}
	}
}

/* The order of keys is another in every map: what becomes of an entry depends on its key. */
static uint64_t of_key(const uint8_t *key, size_t size, uint64_t salt)
{
	for (size_t i = 0; i < size; i++)
		salt = (salt ^ key[i]) * 0x100000001b3ull;
	return salt ?: 1;
}

/* Some entries' 32-bit words become 0, 1, or anything; some entries go. Of PERCPU maps none. */
static void disturb(const struct world_map *map, uint64_t salt)
{
	uint8_t key[256], next[256], value[VALUE_MAX];
	int more;

	if (is_percpu(map))
		return;
	more = bpf_map_get_next_key(map->kernel, NULL, key) == 0;
	while (more) {
		uint64_t r = of_key(key, map->info.key_size, salt);
		unsigned int word = below(&r, map->info.value_size / 4), what = below(&r, 32);
		uint32_t values[] = { 0, 1, random64(&r), random64(&r) & 7 };

		more = bpf_map_get_next_key(map->kernel, key, next) == 0;
		if (what < 4) {
			assert_int_equal(bpf_map_lookup_elem(map->kernel, key, value), 0);
			memcpy(value + 4 * word, &values[what], 4);
			put(map, key, value);
		} else if (what == 4 && map->info.value_size % 8 == 0) {
			/* A time up to 4 s ago, if it is one. */
			uint64_t ago = -(random64(&r) >> 32);

			assert_int_equal(bpf_map_lookup_elem(map->kernel, key, value), 0);
			memcpy(value + word / 2 * 8, &ago, 8);
			put(map, key, value);
		} else if (what == 5) {
			int kernel = bpf_map_delete_elem(map->kernel, key);

			assert_int_equal(bpf_map_delete_elem(map->native, key), kernel);
		}
		memcpy(key, next, sizeof(key));
	}
}

/* ---- packets ---- */

struct counts {
	int packets, actions[ACTIONS_MAX + 1], compared;
};

static void run_packet(struct worlds *w, const char *name, const struct frame *in,
		       struct counts *counts)
{
	static struct frame kernel, native;
	int kernel_action, native_action;

	memcpy(kernel.data, in->data, in->len);
	memcpy(native.data, in->data, in->len);
	kernel.len = native.len = in->len;
	kernel_action = nf_run(&w->nf, &kernel, 1, NULL);
	native_action = native_run(w, &native);
	if (kernel_action != native_action)
		fail_msg("%s: packet %d: action %d, natively %d", name, counts->packets,
			 kernel_action, native_action);
	if (kernel.len != native.len)
		fail_msg("%s: packet %d: %u bytes, natively %u", name, counts->packets,
			 kernel.len, native.len);
	for (unsigned int i = 0; i < kernel.len; i++)
		if (kernel.data[i] != native.data[i])
			fail_msg("%s: packet %d: byte %u is %#x, natively %#x", name,
				 counts->packets, i, kernel.data[i], native.data[i]);
	counts->packets++;
	counts->actions[kernel_action < 0 ? ACTIONS_MAX : kernel_action]++;
}

static void compare_maps(struct worlds *w, const char *name, struct counts *counts)
{
	char when[64];

	snprintf(when, sizeof(when), "%s: after %d packets", name, counts->packets);
	for (int m = 0; m < w->map_count; m++)
		counts->compared += compare_map(&w->maps[m], when);
}

static void report(const char *name, const struct worlds *w, const struct counts *counts)
{
	char text[256] = "";

	for (unsigned int i = 0; i < w->nf.actions; i++)
		sprintf(text + strlen(text), " %d", counts->actions[i]);
	if (counts->actions[ACTIONS_MAX])
		sprintf(text + strlen(text), " (missed %d)", counts->actions[ACTIONS_MAX]);
	print_message("%-16s %6d packets, actions%s; %d maps, %d entries compared\n", name,
		      counts->packets, text, w->map_count, counts->compared);
}

static void with_clock_stopped(const struct nf_setting *from, struct nf_setting *to)
{
	*to++ = (struct nf_setting) { .name = "nf_tick_ns" };
	while (from->name)
		*to++ = *from++;
	*to = (struct nf_setting) {};
}

static void test_functions(void **state)
{
	for (size_t n = 0; n < sizeof(runs) / sizeof(runs[0]); n++) {
		uint64_t r = SEED + n;
		struct nf_setting settings[8];
		struct counts counts = {};
		static struct frame in;
		struct worlds w;

		with_clock_stopped(runs[n].settings, settings);
		worlds_open(&w, "build/nf", BUILD "/nf", runs[n].name, settings, 0);
		put_sources(&w, &r);
		for (int i = 0; i < corpus.count; i++) {
			in.len = corpus.packets[i].len;
			memcpy(in.data, corpus.packets[i].data, in.len);
			run_packet(&w, runs[n].name, &in, &counts);
			if (i % BATCH == BATCH - 1) {
				compare_maps(&w, runs[n].name, &counts);
				for (int m = 0; m < w.map_count; m++)
					disturb(&w.maps[m], random64(&r));
			}
		}
		compare_maps(&w, runs[n].name, &counts);
		report(runs[n].name, &w, &counts);
		worlds_close(&w);
	}
}

/* Every NF there is has a run. */
static void test_all_functions(void **state)
{
	struct dirent *entry;
	DIR *dir = opendir("nf");

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char *dot = strrchr(entry->d_name, '.'), path[512];
		int found = 0;

		if (!dot || strcmp(dot, ".c") != 0)
			continue;
		*dot = '\0';
		snprintf(path, sizeof(path), "build/nf/%s.bpf.o", entry->d_name);
		for (size_t n = 0; n < sizeof(runs) / sizeof(runs[0]); n++)
			found |= !strcmp(runs[n].name, entry->d_name);
		if (!found && access(path, F_OK) == 0)
			fail_msg("nf/%s.c is not compared", entry->d_name);
	}
	closedir(dir);
}

/* ---- the interface itself ---- */

/* A step of selftests/nf-objects/native-api.c. */
static void api_packet(uint64_t *r, struct frame *f)
{
	static const int moves[] = { 0,   1,   8,   9,    14,   215,  216, 217,
				     218, 255, 256, 3497, 3498, 3499, 3600 };
	int move = below(r, 4) ? moves[below(r, 15)] : (int)below(r, 32768);
	uint32_t n = below(r, 4) ? below(r, 64) : below(r, 2) ? below(r, 0x5000) : random64(r);

	f->len = 14;
	put_fill(f, 0, 14 + 8 - f->len);
	memset(f->data, 0x11, 14);
	f->data[14] = below(r, 14);
	f->data[15] = below(r, 24);
	set16(f, 16, below(r, 2) ? move : -move);
	set16(f, 18, n >> 16);
	set16(f, 20, n & 0xffff);
	put_fill(f, below(r, 256), below(r, 2) ? below(r, 4) : below(r, 3400));
	if (!below(r, 50))
		f->len = 14 + below(r, 8);
}

static void test_interface(void **state)
{
	static const struct nf_setting settings[] = { { .name = "nf_tick_ns" }, {} };
	uint64_t r = SEED;
	struct counts counts = {};
	static struct frame in;
	struct worlds w;

	worlds_open(&w, BUILD "/selftests/nf-objects", BUILD "/selftests/nf-objects",
		    "native-api", settings, 0);
	for (int i = 0; i < GENERATED; i++) {
		api_packet(&r, &in);
		run_packet(&w, "native-api", &in, &counts);
		if (i % 50 == 0)
			compare_maps(&w, "native-api", &counts);
	}
	compare_maps(&w, "native-api", &counts);
	report("native-api", &w, &counts);
	worlds_close(&w);
}

static int setup(void **state)
{
	stay_on_one_cpu();
	corpus = corpus_make(SEED, GENERATED);
	print_message("seed %#llx: %d vectors, %d captured packets%s, %d generated\n", SEED,
		      corpus.vectors, corpus.captures,
		      captures_exist() ? "" : " (no captures there: SKIP)", corpus.generated);
	return 0;
}

static int teardown(void **state)
{
	corpus_free(&corpus);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_functions),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_interface),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
