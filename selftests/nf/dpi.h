/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* dpi with any rules, its maps, and what the tests ask of both. */
#ifndef SELFTESTS_NF_DPI_H
#define SELFTESTS_NF_DPI_H

#include "../../nf/dpi_rules.h"
#include "nf/alone.h"

enum {
	CLEAN,
	ATTACK
};

/* As in galette/nf/flow.h; dpi's BTF is asked whether it still is so (nf_shape_same()). */
struct flow {
	uint8_t src[16], dst[16];
	uint8_t src_port[2], dst_port[2];
	uint8_t protocol, zero[3];
};

struct flow_state {
	uint64_t since;
	uint32_t events, reserved;
	uint32_t packets, benign, attack, cleared;
};

/* Rules that are right. */
static inline void dpi_open(struct alone *a, const char *rules)
{
	if (geteuid() != 0)
		skip();
	alone_open(a, "dpi");
	alone_bind(a);
	if (alone_load(a, "rules", rules))
		fail_msg("%s", a->said);
	assert_string_equal(a->said, "");
}

static inline int dpi_run(struct alone *a, const struct packet *p, const char *payload)
{
	struct frame f = with_payload(p, payload, strlen(payload));

	return alone_run(a, &f);
}

/* The entries of flow_state; one of them. */
static inline int dpi_flows(struct alone *a, struct flow *key, struct flow_state *state)
{
	int fd = alone_map(a, "flow_state"), count = 0;
	struct flow last, next;

	while (bpf_map_get_next_key(fd, count ? &last : NULL, &next) == 0) {
		last = next;
		count++;
	}
	if (count && key)
		*key = last;
	if (count && state)
		assert_int_equal(bpf_map_lookup_elem(fd, &last, state), 0);
	return count;
}

static inline uint64_t dpi_hits(struct alone *a, uint32_t sid)
{
	uint64_t count = 0;

	bpf_map_lookup_elem(alone_map(a, "hits"), &sid, &count);
	return count;
}

/* All flows are unknown again. */
static inline void dpi_forget(struct alone *a)
{
	int fd = alone_map(a, "flow_state");
	struct flow key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		bpf_map_delete_elem(fd, &key);
}

static inline char *dpi_read(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	assert_non_null(file);
	assert_true(length < sizeof(text) - 1);
	fclose(file);
	text[length] = '\0';
	return text;
}

#endif
