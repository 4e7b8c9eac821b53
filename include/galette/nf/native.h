/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The NF interface in user space: packets are bytes in a buffer, maps are what
 * the host makes of them (tool/slowpath/nf_host.h: the kernel NFs' own BPF
 * maps), an action is a number that is returned.
 *
 * What bpf.h says about each name holds here too, with these differences:
 *
 * - map_view() gives a copy. Until the NF returns it reads and writes the copy;
 *   then every field it has changed, and no other, is written to the entry:
 *     atomic_add(&view->field, n) adds n to what the field holds by then, so no
 *       count is ever lost, whichever CPUs and processes count at once;
 *     any other change is stored, each field (integer, enum, pointer) whole. If
 *       a kernel NF has stored to the same field meanwhile, the later store wins;
 *       if it has added to it, its addition is lost. Between CPUs the same races
 *       exist in the kernel; here the window is as long as the NF runs;
 *     a field that is stored the value it was read with counts as not changed.
 *   Fields that others change are not seen to change within one run. An entry
 *   that was removed meanwhile stays removed. Padding is not written; a union,
 *   or bit-fields side by side, are one field.
 * - map_add() is one atomic step in the kernel: nothing is lost. To an entry of an
 *   ARRAY or PERCPU_ARRAY map it may reach the map some packets later, but before
 *   these packets leave galette-slow, and before an NF of this process reads the map or
 *   stores to it. A pipe that is killed takes what was held back with it.
 * - __sync_*() on a view is not atomic: atomic_add() is.
 * - After map_put() of the key, a view of an ARRAY or PERCPU map shows the new
 *   value; of other maps it is a view of nothing: its changes are gone. The same
 *   after map_del(). (In the kernel it points to memory that may be reused.)
 * - PERCPU maps: the value of the CPU that runs the NF. A host that lets its
 *   threads move between CPUs may read one CPU's value and write to another's.
 * - nf_now() agrees with the kernel's to one tick.
 *
 * And what only NFs with `// world: native` have: NF_LOAD(), nf_file_text(),
 * nf_complain().
 */
#ifndef GALETTE_NF_NATIVE_H
#define GALETTE_NF_NATIVE_H

#include <asm/errno.h>
#include <galette/nf/native_abi.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

extern struct nf_native nf_native __attribute__((visibility("default")));

/* ---- NF(): the object around an NF's body ---- */

/* NF_MAP() puts a pointer a map into a section; both NULL when there is none. */
extern struct nf_native_map *const __start_nf_maps[]
	__attribute__((weak, visibility("hidden")));
extern struct nf_native_map *const __stop_nf_maps[] __attribute__((weak, visibility("hidden")));

/* Tentative: NF_CONFIG() gives it a value. */
static const struct nf_native_config nf_config_;

/* NULL, unless there is an NF_LOAD(). */
extern int nf_load_(void) __attribute__((weak, visibility("hidden")));

#define NF(NAME, ACTION_ENUM)                                                \
	const volatile ACTION_ENUM nf_action = 0; /* for its type, in BTF */ \
	static ACTION_ENUM NAME##_body(struct pkt *pkt);                     \
	static __u32 nf_entry_(struct pkt *pkt)                              \
	{                                                                    \
		return (__u32)NAME##_body(pkt);                              \
	}                                                                    \
                                                                             \
	struct nf_native nf_native = {                                       \
		.version = NF_NATIVE_VERSION,                                \
		.size = sizeof(nf_native),                                   \
		.name = #NAME,                                               \
		.entry = nf_entry_,                                          \
		.maps = __start_nf_maps,                                     \
		.maps_end = __stop_nf_maps,                                  \
		.config = &nf_config_,                                       \
		.load = nf_load_,                                            \
	};                                                                   \
                                                                             \
	static ACTION_ENUM NAME##_body(struct pkt *pkt)

#define NF_CONFIG(...)                                                                    \
	typedef __VA_ARGS__ nf_config_type_;                                              \
	static const volatile nf_config_type_ config;                                     \
	static const struct nf_native_config nf_config_ = { &config, sizeof(config), 0 }; \
	static const volatile nf_config_type_ config

/* ---- loading ---- */

/*
 * NF_LOAD(NAME) { body }: runs once, with the config that the chain file gives
 * and before the first packet, also when a chain is only checked. 0, or a
 * negative errno. No map is there yet, and no file can be opened: what the
 * config names as nf_file, nf_file_text() has read. What it allocates, a function
 * with __attribute__((destructor)) gives back.
 */
#define NF_LOAD(NAME)                 \
	static int NAME##_load(void); \
	int nf_load_(void)            \
	{                             \
		return NAME##_load(); \
	}                             \
	static int NAME##_load(void)

/* Content of a file: *size bytes and a NUL, until NF_LOAD() returns; NULL: there is none. */
static inline const char *nf_file_text(const volatile nf_file *file, __u64 *size)
{
	return nf_native.ops->file(nf_native.host, file, size);
}

/*
 * Say what is wrong with a file, and where; line and column count from 1, 0 is
 * no place. One line without a full stop. Who complains does not get loaded.
 */
__attribute__((format(printf, 4, 5))) static inline void nf_complain(
	const volatile nf_file *file, __u32 line, __u32 column, const char *fmt, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	nf_native.ops->complain(nf_native.host, file, line, column, fmt, args);
	__builtin_va_end(args);
}

/* ---- packets ---- */

static __always_inline __u32 pkt_len(const struct pkt *pkt)
{
	return pkt->end - pkt->data;
}

static __always_inline void *pkt_at(struct pkt *pkt, __u32 off, __u32 len)
{
	if (off > PKT_OFF_MAX || (__u64)off + len > pkt_len(pkt))
		return NULL;
	return pkt->data + off;
}

/* What the kernel leaves of every packet: an Ethernet header. */
#define PKT_LEN_MIN_ 14

static __always_inline int pkt_adjust_head(struct pkt *pkt, int delta)
{
	if (delta < pkt->start - pkt->data || delta > (long)pkt_len(pkt) - PKT_LEN_MIN_)
		return -EINVAL;
	pkt->data += delta;
	return 0;
}

/* The new bytes are 0. */
static __always_inline int pkt_adjust_tail(struct pkt *pkt, int delta)
{
	if (delta > pkt->limit - pkt->end || delta < PKT_LEN_MIN_ - (long)pkt_len(pkt))
		return -EINVAL;
	if (delta > 0)
		__builtin_memset(pkt->end, 0, delta);
	pkt->end += delta;
	return 0;
}

static __always_inline __u32 pkt_ifindex(const struct pkt *pkt)
{
	return pkt->ifindex;
}

/* ---- maps ---- */

/* `native` is what lies there. The others are for their types, also in BTF (native_abi.h). */
#define NF_MAP(NAME, TYPE, KEY, VALUE, SIZE)                 \
	static union {                                       \
		struct nf_native_map native;                 \
		KEY *key;                                    \
		VALUE *value;                                \
		int (*type)[BPF_MAP_TYPE_##TYPE];            \
		int (*map_flags)[NF_MAP_FLAGS_##TYPE];       \
		int (*max_entries)[SIZE];                    \
	} NAME = { .native = { .name = #NAME,                \
			       .type = BPF_MAP_TYPE_##TYPE,  \
			       .flags = NF_MAP_FLAGS_##TYPE, \
			       .key_size = sizeof(KEY),      \
			       .value_size = sizeof(VALUE),  \
			       .size = (SIZE) } };           \
	static struct nf_native_map *const NAME##_map_       \
		__attribute__((section("nf_maps"), used)) = &NAME.native

#define map_key_(m, k)   ((void)((k) == (m)->key), (k))
#define map_value_(m, v) ((void)((v) == (m)->value), (v))
#define map_host_(m)     ((m)->native.host)

#define map_get(m, k, v) \
	(nf_native.ops->get(map_host_(m), map_key_(m, k), map_value_(m, v)) == 0)

#define map_view(m, k) ((typeof((m)->value))nf_native.ops->view(map_host_(m), map_key_(m, k)))

#define map_put(m, k, v) \
	nf_native.ops->put(map_host_(m), map_key_(m, k), map_value_(m, v), BPF_ANY)

#define map_put_new(m, k, v) \
	nf_native.ops->put(map_host_(m), map_key_(m, k), map_value_(m, v), BPF_NOEXIST)

#define map_del(m, k) nf_native.ops->del(map_host_(m), map_key_(m, k))

/* What the kernel can add to atomically. */
#define ASSERT_ADDABLE_(x)                               \
	_Static_assert(sizeof(x) == 4 || sizeof(x) == 8, \
		       "only integers of 4 or 8 bytes are added to")

#define map_add(m, k, n)                                                  \
	({                                                                \
		ASSERT_ADDABLE_(*(m)->value);                             \
		nf_native.ops->add(map_host_(m), map_key_(m, k),          \
				   (__u64)(typeof(*(m)->value))(n)) == 0; \
	})

#define atomic_add(p, n)                                                   \
	({                                                                 \
		ASSERT_ADDABLE_(*(p));                                     \
		nf_native.ops->view_add(nf_native.host, (p), sizeof(*(p)), \
					(__u64)(typeof(*(p)))(n));         \
	})

/* ---- time ---- */

static __always_inline __u64 nf_now(void)
{
	return nf_native.ops->now(nf_native.host);
}

#endif
