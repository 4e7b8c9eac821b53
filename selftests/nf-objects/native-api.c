/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every operation of galette/nf.h, as the packet says: what to do is behind the
 * Ethernet header, what came of it is added to `results` and is the action, which
 * may be one that there is not.
 */
#include <galette/nf.h>

enum native_api {
	A,
	B,
	C,
	D
};

enum {
	HASHES = 16 /* fewer than keys: they get full */
};

struct step {
	__u8 op;
	__u8 key;
	__be16 small;
	__be16 high, low;
};

struct item {
	__u64 sum;
	__u32 stored;
	__u32 sum32;
	__u16 half;
	__u8 bytes[2];
	struct {
		__u32 a : 4, b : 20;
	} bits;
	union {
		__u32 word;
		__u8 byte;
	} u;
	__u32 zero; /* no padding: what is in that is nobody's */
};

NF_CONFIG(struct {
	__u32 actions;
	__u8 bytes[3];
}) = { .actions = 5, .bytes = { 1, 2, 3 } };
NF_MAP(results, ARRAY, __u32, __u64, 16);
NF_MAP(items, HASH, __u32, struct item, HASHES);
NF_MAP(recent, LRU_HASH, __u32, struct item, 256);
NF_MAP(table, ARRAY, __u32, struct item, 8);
NF_MAP(own, PERCPU_ARRAY, __u32, struct item, 4);
NF_MAP(mine, PERCPU_HASH, __u32, __u64, HASHES);
NF_MAP(count, HASH, __u32, __u32, HASHES);
NF_MAP(prefixes, LPM_TRIE, struct nf_ip_prefix, __u64, 64);

static __always_inline void edit(struct item *item, __u32 n)
{
	atomic_add(&item->sum, n);
	atomic_add(&item->sum32, -1);
	item->half += n;
	item->bytes[n & 1]++;
	if (n & 2)
		item->stored = n;
	if (n & 4)
		item->bits.b = n;
	if (n & 8)
		item->u.byte = n;
	if (n & 16)
		item->sum = 0;
	atomic_add(&item->sum, 1);
}

static __always_inline __u64 item_sum(const struct item *item)
{
	return item->sum + item->stored + item->sum32 + item->half + item->bytes[0] +
	       item->bytes[1] + item->bits.b + item->u.word;
}

#define EDIT_(map, key, n)                                        \
	({                                                        \
		struct item *__item = map_view(map, key), __copy; \
		__u64 __sum = 1;                                  \
                                                                  \
		if (__item) {                                     \
			edit(__item, n);                          \
			__sum = item_sum(__item);                 \
		}                                                 \
		if (map_get(map, key, &__copy))                   \
			__sum += item_sum(&__copy);               \
		__sum;                                            \
	})

/* Updates with a view open; it is asked for anew behind them. */
#define REPLACE_(map, key, n)                                  \
	({                                                     \
		struct item __new = { .sum = (n), .half = 7 }; \
		__u64 __sum = EDIT_(map, key, n);              \
                                                               \
		__sum += map_put(map, key, &__new);            \
		__sum += map_put_new(map, key, &__new);        \
		__sum + EDIT_(map, key, (n) + 1);              \
	})

static __always_inline __u64 move(struct pkt *pkt, const struct step *s, __u32 n)
{
	__u8 *at;

	if (s->op == 0)
		return pkt_adjust_head(pkt, (__s16)nf_ntohs(s->small));
	if (s->op == 1)
		return pkt_adjust_tail(pkt, (__s16)nf_ntohs(s->small));
	at = pkt_at(pkt, n, 5);
	if (at)
		at[4] ^= 0x81;
	return !at + pkt_len(pkt) + pkt_ifindex(pkt);
}

static __always_inline __u64 prefix(const struct step *s, __u32 n)
{
	struct nf_ip_prefix key = { .len = n % 40, .addr.w[0] = nf_htonl(n) };
	__u64 value = n, out = 0;
	__u64 sum = 0;

	if (n & 1)
		sum += map_put(&prefixes, &key, &value);
	if (s->key & 1)
		sum += map_del(&prefixes, &key);
	key.len = 128;
	sum += map_get(&prefixes, &key, &out);
	return sum + out + map_add(&prefixes, &key, 3);
}

static __always_inline __u64 counts(const struct step *s, __u32 key, __u32 n)
{
	__u64 wide = n, sum = 0, *view;

	sum += map_put_new(&count, &key, &n);
	sum += map_add(&count, &key, n) + map_add(&mine, &key, -(int)n);
	view = map_view(&mine, &key);
	if (view)
		atomic_add(view, 5);
	sum += map_add(&mine, &key, 9) + (view ? *view : 0);
	if (s->small & nf_htons(1))
		sum += map_del(&count, &key);
	if (s->small & nf_htons(2))
		sum += map_del(&mine, &key);
	if (s->small & nf_htons(4))
		sum += map_put(&mine, &key, &wide);
	return sum + (map_get(&mine, &key, &wide) ? wide : 0);
}

/* In an array an update leaves views what they are: of the entry. */
#define KEEP_(map, key, n)                                       \
	({                                                       \
		struct item __other = { .sum = (n), .half = 9 }; \
		struct item *__kept = map_view(map, key);        \
		__u64 __all = 0;                                 \
                                                                 \
		if (__kept) {                                    \
			edit(__kept, n);                         \
			__all += map_put(map, key, &__other);    \
			edit(__kept, (n) >> 3);                  \
			__all += item_sum(__kept);               \
		}                                                \
		__all;                                           \
	})

static __always_inline __u64 step(struct pkt *pkt, const struct step *s)
{
	__u32 n = (__u32)nf_ntohs(s->high) << 16 | nf_ntohs(s->low), key = s->key;

	switch (s->op) {
	case 0:
	case 1:
	case 2:
		return move(pkt, s, n);
	case 3:
		return prefix(s, n);
	case 4:
		return counts(s, key, n);
	case 5:
		return EDIT_(&items, &key, n);
	case 6:
		return REPLACE_(&items, &key, n);
	case 7:
		return map_del(&items, &key);
	case 8:
		return REPLACE_(&table, &key, n);
	case 9:
		return REPLACE_(&own, &key, n) + map_del(&own, &key);
	case 10:
		return REPLACE_(&recent, &key, n) + map_del(&table, &key);
	case 11:
		return KEEP_(&table, &key, n);
	case 12:
		return KEEP_(&own, &key, n);
	default:
		return config.bytes[1] + nf_now();
	}
}

NF(native_api, enum native_api)
{
	struct step *at = pkt_at(pkt, 14, sizeof(*at)), copy;
	__u64 result;

	if (!at)
		return A;
	copy = *at;
	result = step(pkt, &copy);
	map_add(&results, &(__u32) { copy.op & 15 }, result);
	return (__u32)result % config.actions;
}
