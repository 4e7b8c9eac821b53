// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every native NF against any packets, any map entries, any config and time. The
 * first byte chooses the NF; what follows are steps (enum step). A packet lies
 * in an allocation of just its length, or with room at both ends; so does every
 * map entry: what reads or writes beyond is seen.
 *
 * What NFs keep for themselves (dpi: its flows) goes on from input to input: what
 * an input finds there the next run may not find.
 */
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <galette/nf/native_abi.h>

#include "nf/traffic.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	PACKET, /* two bytes of length, the packet */
	VECTOR, /* one byte: which of traffic.h; one: how many bytes to change, where and to what */
	AGAIN,  /* the packet before once more */
	ENTRY,  /* one byte: which map; key and value */
	CONFIG, /* the config, of each 32 bits the lower 12: a loop's length may be among them */
	TIME,   /* four bytes: nanoseconds / 2^8 to go on */
	STEPS
};

enum {
	NFS_MAX = 64,
	MAPS_MAX = 16,
	ENTRIES_MAX = 64, /* of a map, so that it gets full */
	ROOM = 256,
};

/* A map in memory: as in the kernel, but for who is evicted. */
struct entry {
	struct entry *next;
	void *key, *value;
};

struct map {
	const struct nf_native_map *nf;
	struct entry *entries; /* newest first */
	unsigned int count;
};

static struct nf_native *nfs[NFS_MAX];
static unsigned int nf_count;
static struct map maps[MAPS_MAX];
static __u64 time_now;

/* ---- maps ---- */

static void *copy(const void *data, size_t size)
{
	void *out = malloc(size);

	if (!out)
		abort();
	return data ? memcpy(out, data, size) : memset(out, 0, size);
}

static int is_array(const struct map *map)
{
	return map->nf->type == BPF_MAP_TYPE_ARRAY ||
	       map->nf->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int prefix_matches(const struct map *map, const unsigned char *prefix,
			  const unsigned char *key)
{
	__u32 len, key_len, bits = (map->nf->key_size - 4) * 8;

	memcpy(&len, prefix, sizeof(len));
	memcpy(&key_len, key, sizeof(key_len));
	if (len > key_len || key_len > bits)
		return 0;
	for (__u32 i = 0; i < len; i++)
		if ((prefix[4 + i / 8] ^ key[4 + i / 8]) & (0x80 >> i % 8))
			return 0;
	return 1;
}

static struct entry *add(struct map *map, const void *key, const void *value)
{
	struct entry *e = copy(NULL, sizeof(*e));

	*e = (struct entry) { map->entries, copy(key, map->nf->key_size),
			      copy(value, map->nf->value_size) };
	map->entries = e;
	map->count++;
	return e;
}

static struct entry *exact(const struct map *map, const void *key)
{
	for (struct entry *e = map->entries; e; e = e->next)
		if (!memcmp(e->key, key, map->nf->key_size))
			return e;
	return NULL;
}

static struct entry *lookup(struct map *map, const void *key)
{
	struct entry *best = NULL;
	__u32 index;

	if (is_array(map)) {
		memcpy(&index, key, sizeof(index));
		if (index >= map->nf->size)
			return NULL;
		return exact(map, key) ?: add(map, key, NULL);
	}
	if (map->nf->type != BPF_MAP_TYPE_LPM_TRIE)
		return exact(map, key);
	for (struct entry *e = map->entries; e; e = e->next)
		if (prefix_matches(map, e->key, key) &&
		    (!best || memcmp(best->key, e->key, sizeof(__u32)) < 0))
			best = e;
	return best;
}

static int fuzz_get(void *map, const void *key, void *value)
{
	const struct entry *e = lookup(map, key);

	if (e)
		memcpy(value, e->value, ((struct map *)map)->nf->value_size);
	return e ? 0 : -ENOENT;
}

static void *fuzz_view(void *map, const void *key)
{
	const struct entry *e = lookup(map, key);

	return e ? e->value : NULL;
}

static int fuzz_put(void *arg, const void *key, const void *value, __u64 flags)
{
	struct map *map = arg;
	struct entry *e = is_array(map) ? lookup(map, key) : exact(map, key);

	if (e && flags == BPF_NOEXIST)
		return -EEXIST;
	if (e)
		memcpy(e->value, value, map->nf->value_size);
	else if (is_array(map) || map->count >= ENTRIES_MAX)
		return -E2BIG;
	else
		add(map, key, value);
	return 0;
}

static void drop(struct map *map, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	map->count--;
	free(e->key);
	free(e->value);
	free(e);
}

static int fuzz_del(void *arg, const void *key)
{
	struct map *map = arg;

	for (struct entry **at = &map->entries; *at; at = &(*at)->next)
		if (!memcmp((*at)->key, key, map->nf->key_size)) {
			drop(map, at);
			return 0;
		}
	return -ENOENT;
}

static void fuzz_view_add(void *host, void *p, __u32 size, __u64 n)
{
	if (size == 8)
		*(__u64 *)p += n;
	else
		*(__u32 *)p += (__u32)n;
}

static int fuzz_add(void *map, const void *key, __u64 n)
{
	void *value = fuzz_view(map, key);

	if (value)
		fuzz_view_add(NULL, value, ((struct map *)map)->nf->value_size, n);
	return value ? 0 : -ENOENT;
}

/* The file of every config's every nf_file: rules for dpi that are easily hit. */
static const char *fuzz_file(void *host, const volatile void *field, __u64 *size)
{
	static const char text[] = "alert ip any any -> any any (content:\"ab\"; sid:1;)\n"
				   "alert tcp any any <> any [1:3000] (content:\"Zc\"; nocase; "
				   "offset:1; depth:30; "
				   "content:\"|00|\"; sid:2;)\n"
				   "alert udp any any -> any any (content:\"d\"; depth:8; "
				   "content:\"e\"; sid:3;)\n";

	*size = sizeof(text) - 1;
	return text;
}

static void fuzz_complain(void *host, const volatile void *field, __u32 line, __u32 column,
			  const char *fmt, va_list args)
{
	vfprintf(stderr, fmt, args);
	exit(1);
}

static __u64 fuzz_now(void *host)
{
	return time_now;
}

static const struct nf_native_ops ops = {
	.now = fuzz_now,
	.view = fuzz_view,
	.get = fuzz_get,
	.put = fuzz_put,
	.del = fuzz_del,
	.add = fuzz_add,
	.view_add = fuzz_view_add,
	.file = fuzz_file,
	.complain = fuzz_complain,
};

/* ---- the NFs ---- */

static void load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct nf_native *nf = handle ? dlsym(handle, "nf_native") : NULL;
	char *config;
	size_t offset;

	if (!nf || nf_count == NFS_MAX) {
		fprintf(stderr, "%s: %s\n", path, nf ? "too many" : dlerror());
		exit(1);
	}
	nf->ops = &ops;
	nfs[nf_count++] = nf;
	config = (char *)nf->config->data;
	offset = (uintptr_t)config % sysconf(_SC_PAGESIZE);
	if (config &&
	    mprotect(config - offset, nf->config->size + offset, PROT_READ | PROT_WRITE))
		exit(1);
	if (nf->load && nf->load()) {
		fprintf(stderr, "%s: it does not load\n", path);
		exit(1);
	}
}

/* They are beside: BUILD/selftests/fuzz/nf_fuzz, BUILD/nf. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[4096], pattern[4200];
	glob_t found;

	snprintf(path, sizeof(path), "%s", (*argv)[0]);
	snprintf(pattern, sizeof(pattern), "%s/../../nf/*.so", dirname(path));
	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "%s: no NFs\n", pattern);
		exit(1);
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (!strstr(found.gl_pathv[i], "/sleep.so")) /* it sleeps, that is all */
			load(found.gl_pathv[i]);
	globfree(&found);
	return 0;
}

/* ---- the steps ---- */

struct input {
	const uint8_t *data;
	size_t left;
};

/* Always size bytes: behind the input's end all is 0. */
static void *take(struct input *in, size_t size)
{
	size_t have = size < in->left ? size : in->left;
	uint8_t *out = copy(NULL, size ?: 1);

	memcpy(out, in->data, have);
	in->data += have;
	in->left -= have;
	return out;
}

static unsigned int take_byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static void run_packet(struct nf_native *nf, const struct frame *f, size_t room)
{
	uint8_t *buffer = copy(NULL, f->len + 2 * room);
	struct pkt pkt = { .start = buffer,
			   .data = buffer + room,
			   .end = buffer + room + f->len,
			   .limit = buffer + 2 * room + f->len,
			   .ifindex = 1 };

	memcpy(pkt.data, f->data, f->len);
	nf->entry(&pkt);
	if (pkt.start != buffer || pkt.data < pkt.start || pkt.end < pkt.data ||
	    pkt.limit < pkt.end || pkt.limit != buffer + f->len + 2 * room)
		abort();
	free(buffer);
}

/* The length's highest bit: with room at both ends. */
static size_t take_packet(struct input *in, struct frame *f)
{
	unsigned int head = take_byte(in) << 8, len = head | take_byte(in);

	len &= FRAME_MAX - 1;
	f->len = len < in->left ? len : in->left;
	memcpy(f->data, in->data, f->len);
	in->data += f->len;
	in->left -= f->len;
	return head & 0x8000 ? ROOM : 0;
}

static void take_vector(struct input *in, struct frame *f)
{
	*f = build(&traffic[take_byte(in) % TRAFFIC].packet);
	for (unsigned int n = take_byte(in) % 8; n; n--) {
		unsigned int at = take_byte(in) % f->len;

		f->data[at] = take_byte(in);
	}
}

static void put_entry(const struct nf_native *nf, struct input *in)
{
	size_t count = nf->maps_end - nf->maps;
	unsigned int which = take_byte(in);
	void *key, *value;

	if (!count)
		return;
	which %= count;
	key = take(in, nf->maps[which]->key_size);
	value = take(in, nf->maps[which]->value_size);
	fuzz_put(&maps[which], key, value, BPF_ANY);
	free(key);
	free(value);
}

static void set_config(const struct nf_native *nf, struct input *in)
{
	uint8_t *config = take(in, nf->config->size);

	for (__u32 i = 0; i < nf->config->size; i++)
		config[i] &= i % 4 == 0 ? 0xff : i % 4 == 1 ? 0x0f : 0;
	memcpy((void *)nf->config->data, config, nf->config->size);
	free(config);
}

static void run_steps(struct nf_native *nf, struct input *in)
{
	struct frame f = { .len = 0 };
	size_t room = 0;
	uint8_t *time;
	__u32 pass;

	while (in->left)
		switch ((enum step)(take_byte(in) % STEPS)) {
		case PACKET:
			room = take_packet(in, &f);
			run_packet(nf, &f, room);
			break;
		case VECTOR:
			take_vector(in, &f);
			run_packet(nf, &f, room);
			break;
		case AGAIN:
			run_packet(nf, &f, room);
			break;
		case ENTRY:
			put_entry(nf, in);
			break;
		case CONFIG:
			if (nf->config->size)
				set_config(nf, in);
			break;
		case TIME:
			time = take(in, sizeof(pass));
			memcpy(&pass, time, sizeof(pass));
			time_now += (__u64)pass << 8;
			free(time);
			break;
		case STEPS:
			abort();
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct nf_native *nf = nfs[take_byte(&in) % nf_count];
	size_t count = nf->maps_end - nf->maps;
	void *config = copy((void *)nf->config->data, nf->config->size);

	if (count > MAPS_MAX)
		abort();
	for (size_t i = 0; i < count; i++) {
		maps[i] = (struct map) { .nf = nf->maps[i] };
		nf->maps[i]->host = &maps[i];
	}
	time_now = 0;
	run_steps(nf, &in);
	if (nf->config->size)
		memcpy((void *)nf->config->data, config, nf->config->size);
	free(config);
	for (size_t i = 0; i < count; i++)
		while (maps[i].entries)
			drop(&maps[i], &maps[i].entries);
	return 0;
}
