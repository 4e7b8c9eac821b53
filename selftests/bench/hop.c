/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * hop NF ROUNDS REPEAT: what a hop costs. Chains called NF-1-COPY, NF-2-COPY, …
 * NF-31-COPY of that many functions NF are attached; each root program is run
 * with BPF_PROG_TEST_RUN beside the same NFs fused by hand, wired as in the
 * original, and joined by nothing but the kernel's tail calls (bench/wiring.h):
 * what no wiring by tail calls can beat; and by libxdp's dispatcher (at most 10,
 * on interfaces xdp1-COPY, …), where the kernel allows freplace. One round runs
 * each of them once, so that what else the machine does hits all alike. Of each
 * there are several copies: where its programs came to lie in memory makes a long
 * chain twice as slow or not, whatever its wiring. Prints samples (bench/lib.sh) of the experiment "chain":
 *
 *   time   ns for a packet, from the root program on
 *   hop    ns for each function more: (time of N - time of 1) / (N - 1)
 *   bare   the same, less that of the fused program: what is not the function's
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dispatcher.h"

enum {
	FUSED,
	OURS,
	ORIGINAL,
	TAIL_CALLS,
	DISPATCHER,
	WIRINGS,
	LENGTHS = 6,
	COPIES = 4,
	ROUNDS_MAX = 1000
};

static const char *const names[WIRINGS] = { "fused", "galette", "original", "tail-calls",
					    "libxdp" };
static const int lengths[LENGTHS] = { 1, 2, 4, 8, 16, 31 };

struct run {
	int program[COPIES];
	__u32 ifindex[COPIES]; /* 0: any */
	__u32 ns[ROUNDS_MAX * COPIES];
};

static struct run runs[WIRINGS][LENGTHS];

static void fail(const char *what)
{
	fprintf(stderr, "hop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *object_path(const char *nf)
{
	static char path[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length > 0 ? length : 0] = '\0';
	*strrchr(path, '/') = '\0';
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s.bpf.o", nf);
	return path;
}

/* Its programs whose names begin like this. */
static struct bpf_object *load(const char *nf, const char *programs)
{
	const char *path = object_path(nf);
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;

	if (!object)
		fail(path);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !strncmp(bpf_program__name(program),
							    programs, strlen(programs)));
	if (bpf_object__load(object))
		fail(path);
	return object;
}

static int program_of(const struct bpf_object *object, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

/* The root program of a chain, by its one link. */
static void open_chain(const char *nf, int length, int copy, struct run *run)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	char path[256];
	int link;

	snprintf(path, sizeof(path), "/sys/fs/bpf/galette/%s-%d-%d/link/hop%d-%d", nf, length,
		 copy, length, copy);
	link = bpf_obj_get(path);
	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &size))
		fail(path);
	run->ifindex[copy] = info.xdp.ifindex;
	run->program[copy] = bpf_prog_get_fd_by_id(info.prog_id);
	if (run->program[copy] < 0)
		fail(path);
}

/* A chain of the original's: one object, with its own maps, for each NF. */
static int load_original(const char *nf, int length)
{
	__u32 zero = 0, act = 0; /* tx */
	int next = -1;

	for (int i = 0; i < length; i++) {
		struct bpf_object *object = load(nf, "original");
		int acts = bpf_object__find_map_fd_by_name(object, "acts_map");
		int jumps = bpf_object__find_map_fd_by_name(object, "jumps");

		if (bpf_map_update_elem(acts, &zero, &act, BPF_ANY) ||
		    (next >= 0 && bpf_map_update_elem(jumps, &zero, &next, BPF_ANY)))
			fail("wiring the original's way");
		next = program_of(object, "original");
		act = 4; /* tail call */
	}
	return next;
}

/* The same, with an index that is constant and no table of actions. */
static int load_tail_calls(const char *nf, int length)
{
	__u32 zero = 0;
	int next = -1;

	for (int i = 0; i < length; i++) {
		struct bpf_object *object = load(nf, "tail_calls");
		int jumps = bpf_object__find_map_fd_by_name(object, "jumps");

		if (!i)
			next = program_of(object, "tail_calls_end");
		if (bpf_map_update_elem(jumps, &zero, &next, BPF_ANY))
			fail("wiring by tail calls");
		next = program_of(object, "tail_calls");
	}
	return next;
}

/* Without it there are figures of the others. */
static int load_dispatcher(const char *nf, int length, int copy)
{
	static int refused;
	char interface[32];
	int program;

	if (refused || length > DISPATCHER_MAX)
		return -1;
	snprintf(interface, sizeof(interface), "xdp%d-%d", length, copy);
	program = dispatcher_load(object_path(nf), length, interface);
	if (program < 0) {
		refused = program;
		fprintf(stderr, "# hop: libxdp's dispatcher is not measured: %s\n",
			strerror(-program));
	}
	return program;
}

static void open_copy(const char *nf, int copy)
{
	struct bpf_object *fused = load(nf, "fused");
	char name[32];

	for (int i = 0; i < LENGTHS; i++) {
		snprintf(name, sizeof(name), "fused_%d", lengths[i]);
		runs[FUSED][i].program[copy] = program_of(fused, name);
		runs[ORIGINAL][i].program[copy] = load_original(nf, lengths[i]);
		runs[TAIL_CALLS][i].program[copy] = load_tail_calls(nf, lengths[i]);
		runs[DISPATCHER][i].program[copy] = load_dispatcher(nf, lengths[i], copy);
		open_chain(nf, lengths[i], copy, &runs[OURS][i]);
	}
}

/* Nanoseconds for one packet, whole ones: the kernel leaves out when something else ran. */
static __u32 measure(const struct run *run, int copy, int repeat)
{
	__u8 frame[64] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45 };
	struct xdp_md ctx = { .data_end = sizeof(frame),
			      .ingress_ifindex = run->ifindex[copy] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = repeat);

	if (bpf_prog_test_run_opts(run->program[copy], &opts))
		fail("BPF_PROG_TEST_RUN");
	if (opts.retval != XDP_TX) {
		errno = EPROTO;
		fail("a frame did not come through the chain");
	}
	return opts.duration;
}

static void sample(const char *nf, int wiring, int i, const char *metric, double value)
{
	printf("{\"experiment\":\"chain\",\"contender\":\"%s\",\"params\":{\"nf\":\"%s\","
	       "\"functions\":%d},\"metric\":\"%s\",\"unit\":\"ns\",\"value\":%.2f}\n",
	       names[wiring], nf, lengths[i], metric, value);
}

/* What each function more than one costs, of that round and copy. */
static double hop(int wiring, int i, int at)
{
	const struct run *r = runs[wiring];

	return ((double)r[i].ns[at] - r[0].ns[at]) / (lengths[i] - lengths[0]);
}

static void print(const char *nf, int samples)
{
	for (int w = 0; w < WIRINGS; w++) {
		for (int i = 0; i < LENGTHS && runs[w][i].program[0] >= 0; i++) {
			for (int at = 0; at < samples; at++) {
				sample(nf, w, i, "time", runs[w][i].ns[at]);
				if (i)
					sample(nf, w, i, "hop", hop(w, i, at));
				if (i && w != FUSED)
					sample(nf, w, i, "bare",
					       hop(w, i, at) - hop(FUSED, i, at));
			}
		}
	}
}

/* Each NF of each copy is an object of its own. */
static void open_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		fail("RLIMIT_NOFILE");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("RLIMIT_NOFILE");
}

int main(int argc, char **argv)
{
	int rounds = argc == 4 ? atoi(argv[2]) : 0, repeat = argc == 4 ? atoi(argv[3]) : 0;
	int at = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || repeat < 1) {
		fprintf(stderr, "usage: hop NF ROUNDS REPEAT\n");
		return 2;
	}
	open_many_files();
	for (int copy = 0; copy < COPIES; copy++)
		open_copy(argv[1], copy);
	for (int round = 0; round < rounds; round++)
		for (int copy = 0; copy < COPIES; copy++, at++)
			for (int i = 0; i < LENGTHS; i++)
				for (int w = 0; w < WIRINGS && runs[w][i].program[copy] >= 0;
				     w++)
					runs[w][i].ns[at] = measure(&runs[w][i], copy, repeat);
	print(argv[1], at);
	return 0;
}
