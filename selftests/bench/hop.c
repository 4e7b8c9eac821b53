/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * hop NF ROUNDS REPEAT: what a hop costs. Chains called NF-1, NF-2, … NF-16 of
 * that many functions NF are attached; each root program is run with
 * BPF_PROG_TEST_RUN beside the same NFs fused by hand and wired as in the
 * original (bench/wiring.h). One round runs each of them once, so that what
 * else the machine does hits all alike; the minimum is the figure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum {
	FUSED,
	OURS,
	ORIGINAL,
	WIRINGS,
	LENGTHS = 5,
	ROUNDS_MAX = 1000
};

static const char *const names[WIRINGS] = { "fused by hand", "galette", "original's wiring" };
static const int lengths[LENGTHS] = { 1, 2, 4, 8, 16 };

struct run {
	int program;
	__u32 ifindex; /* 0: any */
	__u32 ns[ROUNDS_MAX];
};

static struct run runs[WIRINGS][LENGTHS];

static void fail(const char *what)
{
	fprintf(stderr, "hop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct bpf_object *load(const char *nf)
{
	char path[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct bpf_object *object;
	struct bpf_program *program;

	path[length > 0 ? length : 0] = '\0';
	*strrchr(path, '/') = '\0';
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s.bpf.o", nf);
	object = bpf_object__open(path);
	if (!object)
		fail(path);
	bpf_object__for_each_program (program, object) {
		const char *name = bpf_program__name(program);

		if (strncmp(name, "fused", 5) && strcmp(name, "original"))
			bpf_program__set_autoload(program, false);
	}
	if (bpf_object__load(object))
		fail(path);
	return object;
}

/* The root program of a chain, by its one link. */
static void open_chain(const char *nf, int length, struct run *run)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	char path[256];
	int link;

	snprintf(path, sizeof(path), "/sys/fs/bpf/galette/%s-%d/link/hop%d", nf, length,
		 length);
	link = bpf_obj_get(path);
	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &size))
		fail(path);
	run->ifindex = info.xdp.ifindex;
	run->program = bpf_prog_get_fd_by_id(info.prog_id);
	if (run->program < 0)
		fail(path);
}

/* A chain of the original's: one object, with its own maps, for each NF. */
static int load_original(const char *nf, int length)
{
	__u32 zero = 0, act = 0; /* tx */
	int next = -1;

	for (int i = 0; i < length; i++) {
		struct bpf_object *object = load(nf);
		int acts = bpf_object__find_map_fd_by_name(object, "acts_map");
		int jumps = bpf_object__find_map_fd_by_name(object, "jumps");

		if (bpf_map_update_elem(acts, &zero, &act, BPF_ANY) ||
		    (next >= 0 && bpf_map_update_elem(jumps, &zero, &next, BPF_ANY)))
			fail("wiring the original's way");
		next = bpf_program__fd(bpf_object__find_program_by_name(object, "original"));
		act = 4; /* tail call */
	}
	return next;
}

static void open_all(const char *nf)
{
	struct bpf_object *fused = load(nf);
	char name[32];

	for (int i = 0; i < LENGTHS; i++) {
		snprintf(name, sizeof(name), "fused_%d", lengths[i]);
		runs[FUSED][i].program =
			bpf_program__fd(bpf_object__find_program_by_name(fused, name));
		runs[ORIGINAL][i].program = load_original(nf, lengths[i]);
		open_chain(nf, lengths[i], &runs[OURS][i]);
	}
}

/* Nanoseconds for one packet, whole ones: the kernel leaves out when something else ran. */
static __u32 measure(const struct run *run, int repeat)
{
	__u8 frame[64] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45 };
	struct xdp_md ctx = { .data_end = sizeof(frame), .ingress_ifindex = run->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = repeat);

	if (bpf_prog_test_run_opts(run->program, &opts))
		fail("BPF_PROG_TEST_RUN");
	if (opts.retval != XDP_TX) {
		errno = EPROTO;
		fail("a frame did not come through the chain");
	}
	return opts.duration;
}

static int compare(const void *a, const void *b)
{
	return *(__u32 *)a < *(__u32 *)b ? -1 : 1;
}

static void print(const char *nf, int rounds)
{
	double hop[WIRINGS][2]; /* by the minima, by the medians */

	printf("%s, ns a packet: minimum (median) of %d rounds\n%-18s", nf, rounds,
	       "  functions");
	for (int i = 0; i < LENGTHS; i++)
		printf(" %15d", lengths[i]);
	printf("   a hop\n");
	for (int w = 0; w < WIRINGS; w++) {
		struct run *r = runs[w];

		printf("  %-17s", names[w]);
		for (int i = 0; i < LENGTHS; i++) {
			qsort(r[i].ns, rounds, sizeof(__u32), compare);
			printf(" %7u (%5u)", r[i].ns[0], r[i].ns[rounds / 2]);
		}
		for (int k = 0; k < 2; k++)
			hop[w][k] = ((double)r[LENGTHS - 1].ns[k ? rounds / 2 : 0] -
				     r[0].ns[k ? rounds / 2 : 0]) /
				    (lengths[LENGTHS - 1] - lengths[0]);
		printf("   %.2f (%.2f)\n", hop[w][0], hop[w][1]);
	}
	printf("  a hop of ours is %.2f (%.2f) of the original's",
	       hop[OURS][0] / hop[ORIGINAL][0], hop[OURS][1] / hop[ORIGINAL][1]);
	printf("; without the function itself %.2f (%.2f)\n\n",
	       (hop[OURS][0] - hop[FUSED][0]) / (hop[ORIGINAL][0] - hop[FUSED][0]),
	       (hop[OURS][1] - hop[FUSED][1]) / (hop[ORIGINAL][1] - hop[FUSED][1]));
}

int main(int argc, char **argv)
{
	int rounds = argc == 4 ? atoi(argv[2]) : 0, repeat = argc == 4 ? atoi(argv[3]) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || repeat < 1) {
		fprintf(stderr, "usage: hop NF ROUNDS REPEAT\n");
		return 2;
	}
	open_all(argv[1]);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < LENGTHS; i++)
			for (int w = 0; w < WIRINGS; w++)
				runs[w][i].ns[round] = measure(&runs[w][i], repeat);
	print(argv[1], rounds);
	return 0;
}
