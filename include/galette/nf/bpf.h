/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The NF interface in the kernel: packets are struct xdp_md, maps are BPF
 * maps, an action is a tail call.
 */
#ifndef GALETTE_NF_BPF_H
#define GALETTE_NF_BPF_H

/* ---- edges: how a packet leaves a program ---- */

/* The generation's own maps: the tool gives them their size and replaces them. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct galette_edge);
} edges SEC(".maps");

static __always_inline void edge_count(struct xdp_md *ctx, __u32 slot)
{
	struct galette_edge *edge = bpf_map_lookup_elem(&edges, &slot);

	if (edge) {
		edge->packets++;
		edge->bytes += ctx->data_end - ctx->data;
	}
}

/*
 * Count the edge base + INDEX and leave over it; falls through when the slot is
 * empty. The tail call is inline asm with INDEX as an immediate, one copy a
 * call site: clang can then not merge the sites into one with a variable
 * index, the verifier sees a constant, and the JIT emits a direct jump.
 */
#define edge_leave(CTX, BASE, INDEX)                                                  \
	({                                                                            \
		__u64 __base = (BASE);                                                \
                                                                                      \
		edge_count((CTX), (__u32)__base + (INDEX));                           \
		asm volatile("r1 = %[c]\n\t"                                          \
			     "r2 = %[slots] ll\n\t"                                   \
			     "r3 = %[base]\n\t"                                       \
			     "r3 += %[index]\n\t"                                     \
			     "call 12" /* bpf_tail_call(r1 ctx, r2 map, r3 index) */  \
			     :                                                        \
			     : [c] "r"(CTX), [slots] "i"(&slots), [base] "r"(__base), \
			       [index] "i"(INDEX)                                     \
			     : "r0", "r1", "r2", "r3", "r4", "r5", "memory");         \
	})

/* A packet that met an empty slot: counted, dropped, seen by tracepoint xdp:xdp_exception. */
static __always_inline int edge_missed(struct xdp_md *ctx)
{
	edge_count(ctx, GALETTE_SLOT_MISSED);
	return XDP_ABORTED;
}

/* ---- NF(): the program around an NF's body ---- */

/* Set by the tool before loading, then frozen: the NF's first slot, and how many. */
struct nf_links {
	__u32 base;
	__u32 count;
};

#define NF_LEAVE_(INDEX)                                       \
	case INDEX:                                            \
		if ((INDEX) < nf_links.count)                  \
			edge_leave(ctx, nf_links.base, INDEX); \
		break;

/*
 * NF(NAME, ACTION_ENUM) { body }: the body gets `struct pkt *pkt` and returns
 * an action. ACTION_ENUM counts from 0, at most GALETTE_ACTIONS_MAX actions;
 * the tool finds it through the type of nf_action. An action outside of it is
 * a missed edge.
 */
#define NF(NAME, ACTION_ENUM)                                            \
	char nf_license[] SEC("license") = "Dual BSD/GPL";               \
	const volatile struct nf_links nf_links;                         \
	const volatile ACTION_ENUM nf_action;                            \
	static __always_inline ACTION_ENUM NAME##_body(struct pkt *pkt); \
                                                                         \
	SEC("xdp") int NAME(struct xdp_md *ctx)                          \
	{                                                                \
		struct pkt pkt = { .ctx = ctx };                         \
                                                                         \
		switch ((__u32)NAME##_body(&pkt)) {                      \
			NF_LEAVE_(0)                                     \
			NF_LEAVE_(1)                                     \
			NF_LEAVE_(2)                                     \
			NF_LEAVE_(3)                                     \
			NF_LEAVE_(4)                                     \
			NF_LEAVE_(5)                                     \
			NF_LEAVE_(6)                                     \
			NF_LEAVE_(7)                                     \
			NF_LEAVE_(8)                                     \
			NF_LEAVE_(9)                                     \
			NF_LEAVE_(10)                                    \
			NF_LEAVE_(11)                                    \
			NF_LEAVE_(12)                                    \
			NF_LEAVE_(13)                                    \
			NF_LEAVE_(14)                                    \
			NF_LEAVE_(15)                                    \
		}                                                        \
		return edge_missed(ctx);                                 \
	}                                                                \
                                                                         \
	static __always_inline ACTION_ENUM NAME##_body(struct pkt *pkt)

_Static_assert(GALETTE_ACTIONS_MAX == 16, "one NF_LEAVE_() an action");

/*
 * NF_CONFIG(TYPE) = { defaults }: a struct called `config` whose fields a chain
 * file may set by name. Constant while a generation lives. An enum's values
 * are written by name, lower case, '-' for '_'.
 */
#define NF_CONFIG(...) const volatile __VA_ARGS__ config

/* ---- packets ---- */

struct pkt {
	struct xdp_md *ctx;
};

/* Length in bytes, Ethernet header included. */
static __always_inline __u32 pkt_len(const struct pkt *pkt)
{
	__u64 len = (void *)(long)pkt->ctx->data_end - (void *)(long)pkt->ctx->data;

	/* Else clang subtracts 32-bit copies, hands them to pkt_at(), and they are no pointers. */
	asm volatile("" : "+r"(len));
	return len;
}

_Static_assert((PKT_OFF_MAX & (PKT_OFF_MAX + 1)) == 0, "a mask");

/*
 * The bytes [off, off + len) to read and write in place; NULL when they are not
 * all in the packet. len is a compile-time constant. The pointer is good until
 * the packet's head or tail is moved.
 */
static __always_inline void *pkt_at(struct pkt *pkt, __u32 off, __u32 len)
{
	void *data = (void *)(long)pkt->ctx->data;
	void *end = (void *)(long)pkt->ctx->data_end;
	__u64 at = off;

	if (off > PKT_OFF_MAX)
		return NULL;
	/*
	 * Changes nothing, and bounds the very register that is added: clang may have compared
	 * a 32-bit copy of it, and Linux 6.1 does not see that they are one.
	 */
	if (!__builtin_constant_p(at))
		asm("%0 &= %1" : "+r"(at) : "i"(PKT_OFF_MAX));
	data += at;
	if (data + len > end)
		return NULL;
	if (!data)
		__builtin_unreachable(); /* else the caller compares with NULL, at run time */
	return data;
}

/* Grow (delta < 0) or shrink (delta > 0) at the head. 0, or a negative errno. */
static __always_inline int pkt_adjust_head(struct pkt *pkt, int delta)
{
	return bpf_xdp_adjust_head(pkt->ctx, delta);
}

/*
 * Grow (delta > 0) or shrink (delta < 0) at the tail. 0, or a negative errno: how far it can grow
 * is the driver's affair; where pages have more than 4K it is farther than in galette-slow.
 */
static __always_inline int pkt_adjust_tail(struct pkt *pkt, int delta)
{
	return bpf_xdp_adjust_tail(pkt->ctx, delta);
}

/* The interface the packet came in on. */
static __always_inline __u32 pkt_ifindex(const struct pkt *pkt)
{
	return pkt->ctx->ingress_ifindex;
}

/* ---- maps ---- */

/*
 * NF_MAP(NAME, TYPE, KEY, VALUE, SIZE): a map of SIZE entries that outlives
 * generations. TYPE: HASH, LRU_HASH, ARRAY, LPM_TRIE, PERCPU_HASH,
 * LRU_PERCPU_HASH, PERCPU_ARRAY. A chain file may set another size, and share
 * the map with other functions whose KEY and VALUE are the same.
 */
#define NF_MAP(NAME, TYPE, KEY, VALUE, SIZE)            \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_##TYPE);      \
		__uint(map_flags, NF_MAP_FLAGS_##TYPE); \
		__uint(max_entries, SIZE);              \
		__type(key, KEY);                       \
		__type(value, VALUE);                   \
	} NAME SEC(".maps")

/* Keys and values are passed by pointer and checked against the map's types. */
#define map_key_(m, k)   ((void)((k) == (m)->key), (k))
#define map_value_(m, v) ((void)((v) == (m)->value), (v))

/* Copy the value of *k to *v; false when there is none. */
#define map_get(m, k, v)                                                               \
	({                                                                             \
		typeof((m)->value) __value = bpf_map_lookup_elem((m), map_key_(m, k)); \
                                                                                       \
		if (__value)                                                           \
			*map_value_(m, v) = *__value;                                  \
		__value != NULL;                                                       \
	})

/* The value of *k in place, shared with every CPU (not in PERCPU maps); NULL when there is none. */
#define map_view(m, k) ((typeof((m)->value))bpf_map_lookup_elem((m), map_key_(m, k)))

/*
 * An int: the verifier has the map's own function called instead, which returned one before Linux
 * 6.4 ("bpf: return long from bpf_map_ops funcs"). In the whole register that is not negative.
 */
#define map_update_(m, k, v, flags) \
	((int)bpf_map_update_elem((m), map_key_(m, k), map_value_(m, v), flags))

/* Set *k to *v. 0, or a negative errno: -E2BIG when the map is full. */
#define map_put(m, k, v) map_update_(m, k, v, BPF_ANY)

/* The same only where there is no *k yet: -EEXIST otherwise. */
#define map_put_new(m, k, v) map_update_(m, k, v, BPF_NOEXIST)

/* Remove *k. 0, or -ENOENT. */
#define map_del(m, k) ((int)bpf_map_delete_elem((m), map_key_(m, k)))

/* Add n to the integer value of *k, atomically; false when there is no such entry. */
#define map_add(m, k, n)                                     \
	({                                                   \
		typeof((m)->value) __value = map_view(m, k); \
                                                             \
		if (__value && map_is_percpu_(m))            \
			*__value += (n);                     \
		else if (__value)                            \
			__sync_fetch_and_add(__value, (n));  \
		__value != NULL;                             \
	})

/* Add n to a 4- or 8-byte integer in a map_view(), atomically. No result: that needs Linux 5.12. */
#define atomic_add(p, n) ((void)__sync_fetch_and_add((p), (n)))

/* A map's type is a compile-time constant: the size of the array that .type points to. */
#define map_type_(m) (sizeof(*(m)->type) / sizeof(int))
#define map_is_percpu_(m)                             \
	(map_type_(m) == BPF_MAP_TYPE_PERCPU_HASH ||  \
	 map_type_(m) == BPF_MAP_TYPE_PERCPU_ARRAY || \
	 map_type_(m) == BPF_MAP_TYPE_LRU_PERCPU_HASH)

/* ---- time ---- */

/* Nanoseconds per jiffy; set by the tool before loading. */
static const volatile __u64 nf_tick_ns = 4000000;

/*
 * Monotonic nanoseconds, as coarse as the kernel's tick (1–10 ms) and nearly
 * free. Compare differences; the origin is not that of clock_gettime(2).
 */
static __always_inline __u64 nf_now(void)
{
	return bpf_jiffies64() * nf_tick_ns;
}

#endif
