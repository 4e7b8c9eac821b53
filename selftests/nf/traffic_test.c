/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every NF against the same traffic: good, malformed, cut at every length, and
 * captured. Checked are the action, every byte that comes out, and that no
 * packet is lost between edges. What is particular to an NF is in its own test.
 */
#include "nf/capture.h"
#include "nf/harness.h"
#include "nf/traffic.h"

/* What comes out, worked out from what went in. */
typedef void (*rewrite_fn)(struct frame *f, int action);

static void swap_macs(struct frame *f, int action)
{
	uint8_t was[6];

	memcpy(was, f->data, 6);
	memmove(f->data, f->data + 6, 6);
	memcpy(f->data + 6, was, 6);
}

/* The checksum is computed anew: the NF's incremental one must come to the same. */
static void decrement(struct frame *f, int action)
{
	unsigned int type = get16(f, f->ip - 2);

	if (action != 0 || (type != 0x0800 && type != 0x86dd) || f->ip > 22)
		return;
	f->data[f->ip + (f->v6 ? 7 : 8)]--;
	if (!f->v6)
		ip4_checksum(f);
}

/*
 * The action expected of each kind of packet, with an empty state and default
 * config; and the most instructions the verifier may have to look at, so that a
 * change that makes it work harder shows.
 */
static const struct {
	const char *name;
	int action[KINDS];
	rewrite_fn rewrite;
	unsigned int insns_max;
} functions[] = {
	{ "access-control", { 1, 0, 1, 1, 1 }, NULL, 1000 },
	{ "compute", { 0, 0, 0, 0, 0 }, NULL, 7000 },
	{ "decrement-ip-ttl", { 0, 0, 1, 0, 0 }, decrement, 800 },
	{ "dest-ip-branch", { 2, 3, 3, 2, 2 }, NULL, 1000 },
	{ "filter-ip", { 0, 0, 1, 0, 0 }, NULL, 1000 },
	{ "load-balance", { -1, 0, 0, 0, -1 }, NULL, 8000 },
	{ "macswap", { 0, 0, 0, 0, 0 }, swap_macs, 200 },
	{ "no-op", { 0, 0, 0, 0, 0 }, NULL, 100 },
	{ "weak-classifier", { 1, 0, 2, 2, 2 }, NULL, 60000 },
};

enum {
	FUNCTIONS = sizeof(functions) / sizeof(functions[0]),
	ANY = -1
};

/* Without this the sources' new flows would be limited half-way through the traffic. */
static const struct nf_setting unlimited[] = { { .name = "new_flows_per_second" }, {} };

static const struct nf_setting *settings(int n)
{
	return strcmp(functions[n].name, "weak-classifier") == 0 ? unlimited : NULL;
}

static int check_frame(const struct nf *nf, int n, const char *what, struct frame in, int want)
{
	struct frame out = in;
	int action = nf_run(nf, &out, 1, NULL);

	if (want == ANY ? action < 0 : action != want)
		fail_msg("%s: %s: action %d, not %d", functions[n].name, what, action, want);
	if (functions[n].rewrite)
		functions[n].rewrite(&in, action);
	if (out.len != in.len || memcmp(out.data, in.data, in.len) != 0)
		fail_msg("%s: %s: another packet than expected", functions[n].name, what);
	return action;
}

static void test_traffic(void **state)
{
	for (int n = 0; n < FUNCTIONS; n++) {
		struct nf nf;

		nf_load(&nf, functions[n].name, settings(n));
		for (int i = 0; i < TRAFFIC; i++)
			check_frame(&nf, n, traffic[i].name, build(&traffic[i].packet),
				    functions[n].action[traffic[i].kind]);
		nf_unload(&nf);
	}
}

/* A packet cut anywhere is malformed, for its IP length says how long it should be. */
static void test_truncation(void **state)
{
	for (int n = 0; n < FUNCTIONS; n++) {
		struct nf nf;

		nf_load(&nf, functions[n].name, settings(n));
		for (int i = 0; i < TRAFFIC; i++) {
			struct frame f = build(&traffic[i].packet);
			char what[128];

			if (traffic[i].kind != WHOLE || traffic[i].packet.padding)
				continue;
			while (--f.len >= 14) { /* the least that BPF_PROG_TEST_RUN takes */
				snprintf(what, sizeof(what), "%s, cut to %u bytes",
					 traffic[i].name, f.len);
				check_frame(&nf, n, what, f, functions[n].action[BAD_IP]);
			}
		}
		nf_unload(&nf);
	}
}

/* Packets and bytes of every edge are those that were sent over it; none is missed. */
static void test_edges(void **state)
{
	for (int n = 0; n < FUNCTIONS; n++) {
		uint64_t packets[ACTIONS_MAX] = {}, bytes[ACTIONS_MAX] = {};
		struct nf nf;

		nf_load(&nf, functions[n].name, settings(n));
		for (int i = 0; i < TRAFFIC; i++) {
			struct frame f = build(&traffic[i].packet);
			int action = nf_run(&nf, &f, 1, NULL);

			assert_in_range(action, 0, nf.actions - 1);
			packets[action]++;
			bytes[action] += f.len;
		}
		for (unsigned int i = 0; i < nf.actions; i++) {
			uint64_t counted = 0;

			assert_int_equal(nf_edge(&nf, BASE + i, &counted), packets[i]);
			assert_int_equal(counted, bytes[i]);
		}
		for (int i = 0; i < BASE; i++)
			assert_int_equal(nf_edge(&nf, i, NULL), 0);
		nf_unload(&nf);
	}
}

/* A slot that is empty by accident: counted as missed, and never passed. */
static void test_missed(void **state)
{
	for (int n = 0; n < FUNCTIONS; n++) {
		struct packet plain = {};
		struct frame f = build(&plain), out = f;
		struct nf nf;
		int action;

		nf_load(&nf, functions[n].name, settings(n));
		action = nf_run(&nf, &out, 1, NULL);
		assert_in_range(action, 0, nf.actions - 1);
		assert_int_equal(bpf_map_delete_elem(nf.slots, &(uint32_t) { BASE + action }),
				 0);
		assert_int_equal(nf_run(&nf, &f, 1, NULL), -1);
		assert_int_equal(nf_edge(&nf, 0, NULL), 1);
		nf_unload(&nf);
	}
}

/* ---- captures ---- */

static void through_every_function(struct frame *f, void *arg)
{
	struct nf *nf = arg;

	for (int n = 0; n < FUNCTIONS; n++) {
		struct frame out = *f;

		assert_in_range(nf_run(&nf[n], &out, 1, NULL), 0, nf[n].actions - 1);
		assert_int_equal(out.len, f->len);
	}
}

static void test_captures(void **state)
{
	int frames, skipped = 0, files = 0;
	struct nf nf[FUNCTIONS];

	if (!captures_exist())
		skip();
	for (int n = 0; n < FUNCTIONS; n++)
		nf_load(&nf[n], functions[n].name, settings(n));
	frames = captures_read(through_every_function, nf, &files, &skipped);
	for (int n = 0; n < FUNCTIONS; n++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < nf[n].actions; i++)
			sum += nf_edge(&nf[n], BASE + i, NULL);
		assert_int_equal(sum, frames);
		assert_int_equal(nf_edge(&nf[n], 0, NULL), 0);
		nf_unload(&nf[n]);
	}
	print_message("%d captures, %d frames, %d skipped for their length\n", files, frames,
		      skipped);
	assert_true(frames > 0);
}

/* ---- cost ---- */

/* Time per packet, the best of five: noise only ever adds. */
static uint32_t cost(const struct nf *nf, const struct packet *packet)
{
	uint32_t best = UINT32_MAX, ns;

	for (int i = 0; i < 5; i++) {
		struct frame f = build(packet);

		nf_run(nf, &f, 100000, &ns);
		best = ns < best ? ns : best;
	}
	return best;
}

static void test_cost(void **state)
{
	static const struct packet ip4 = { .protocol = IPPROTO_TCP };
	static const struct packet ip6 = { .src = "2001:db8::1", .protocol = IPPROTO_TCP };

	for (int n = 0; n < FUNCTIONS; n++) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);
		struct nf nf;

		nf_load(&nf, functions[n].name, settings(n));
		assert_int_equal(bpf_obj_get_info_by_fd(nf.fd, &info, &len), 0);
		print_message("%-16s %6u insns verified, %4u ns IPv4, %4u ns IPv6\n",
			      functions[n].name, info.verified_insns, cost(&nf, &ip4),
			      cost(&nf, &ip6));
		/* 0: Linux before 5.16 does not say. */
		assert_in_range(info.verified_insns, 0, functions[n].insns_max);
		nf_unload(&nf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traffic),  cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_edges),    cmocka_unit_test(test_missed),
		cmocka_unit_test(test_captures), cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
