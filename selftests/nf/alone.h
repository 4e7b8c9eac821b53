/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An NF that is native only, with maps of its own, and packets with a payload for it. */
#ifndef SELFTESTS_NF_ALONE_H
#define SELFTESTS_NF_ALONE_H

#include "nf/worlds.h"

enum {
	ALONE_MAPS_MAX = 8
};

struct alone {
	struct nf_host *host;
	int maps[ALONE_MAPS_MAX];
	int map_count;
	char said[4096]; /* complaints, "LINE:COLUMN: TEXT\n" each */
};

static inline void alone_open(struct alone *a, const char *name)
{
	struct diag diag = {};
	char path[256];

	*a = (struct alone) {};
	snprintf(path, sizeof(path), "%s/nf/%s.so", BUILD, name);
	a->host = nf_host_open(path, NULL, (struct loc) {}, &diag);
	diag_flush(&diag);
	assert_non_null(a->host);
}

/* The maps as the NF declares them, in its order. */
static inline void alone_bind(struct alone *a)
{
	const struct nf_native *nf = nf_host_nf(a->host);

	for (struct nf_native_map *const *m = nf->maps; m < nf->maps_end; m++) {
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = (*m)->flags);
		int fd = bpf_map_create((*m)->type, (*m)->name, (*m)->key_size,
					(*m)->value_size, (*m)->size, &opts);

		assert_true(fd >= 0 && a->map_count < ALONE_MAPS_MAX);
		assert_int_equal(nf_host_bind(a->host, (*m)->name, fd), 0);
		a->maps[a->map_count++] = fd;
	}
}

static inline int alone_map(const struct alone *a, const char *name)
{
	const struct nf_native *nf = nf_host_nf(a->host);

	for (int i = 0; i < a->map_count; i++)
		if (!strcmp(nf->maps[i]->name, name))
			return a->maps[i];
	fail_msg("no map '%s'", name);
	return -1;
}

static inline void alone_close(struct alone *a)
{
	nf_host_free(a->host);
	for (int i = 0; i < a->map_count; i++)
		close(a->maps[i]);
}

/* A field of the config, an integer of 4 bytes. */
static inline void alone_set(struct alone *a, const char *field, uint32_t value)
{
	const struct nf_native_config *config = nf_host_nf(a->host)->config;
	const struct btf *btf = nf_host_btf(a->host);
	const struct btf_type *t =
		btf__type_by_id(btf, btf__find_by_name_kind(btf, "config", BTF_KIND_VAR));
	char bytes[1024];

	assert_true(config->size <= sizeof(bytes));
	memcpy(bytes, (void *)config->data, config->size);
	t = btf__type_by_id(btf, btf__resolve_type(btf, t->type));
	for (int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), field)) {
			memcpy(bytes + btf_members(t)[i].offset / 8, &value, sizeof(value));
			assert_int_equal(nf_host_config(a->host, bytes, config->size), 0);
			return;
		}
	fail_msg("no config field '%s'", field);
}

static inline void alone_complaint(void *arg, const char *field, struct loc loc,
				   const char *text)
{
	struct alone *a = arg;
	size_t used = strlen(a->said);

	snprintf(a->said + used, sizeof(a->said) - used, "%d:%d: %s\n", loc.line, loc.column,
		 text);
}

static inline int alone_load(struct alone *a, const char *field, const char *text)
{
	const struct nf_host_file file = { field, text, strlen(text) };

	return nf_host_load(a->host, &file, 1, alone_complaint, a);
}

static inline int alone_run(struct alone *a, const struct frame *f)
{
	/* Right at the end of an allocation of its own, ASan sees what reads beyond. */
	uint8_t *exact = malloc(HEADROOM + f->len);
	struct pkt pkt = { .start = exact,
			   .data = exact + HEADROOM,
			   .end = exact + HEADROOM + f->len,
			   .limit = exact + HEADROOM + f->len,
			   .ifindex = 1 };
	int action;

	assert_non_null(exact);
	memcpy(pkt.data, f->data, f->len);
	action = nf_host_run(a->host, &pkt);
	nf_host_flush();
	assert_memory_equal(exact + HEADROOM, f->data, f->len);
	free(exact);
	return action;
}

/* The packet with this payload instead of its own. */
static inline struct frame with_payload(const struct packet *p, const void *payload,
					unsigned int length)
{
	struct packet bare = *p;
	struct frame f;

	bare.padding = bare.cut = bare.shorter = 0;
	f = build(&bare);
	f.len -= PAYLOAD;
	assert_true(f.len + length + p->padding <= FRAME_MAX);
	memcpy(f.data + f.len, payload, length);
	f.len += length;
	set16(&f, f.ip + (f.v6 ? 4 : 2), f.len - f.ip - (f.v6 ? 40 : 0));
	if (!f.v6)
		ip4_checksum(&f);
	if (f.protocol == IPPROTO_UDP && p->fragment != EXT_FRAG_LATER)
		set16(&f, f.l4 + 4, 8 + length);
	put_fill(&f, 'p', p->padding);
	return f;
}

static inline void set_seq(struct frame *f, uint32_t seq)
{
	set16(f, f->l4 + 4, seq >> 16);
	set16(f, f->l4 + 6, seq & 0xffff);
}

#endif
