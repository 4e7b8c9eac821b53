/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* knobs: one config field and one map of each sort, for chain files that get them wrong. */
#include <galette/nf.h>

enum knobs {
	LEFT,
	RIGHT,
	STRAIGHT_ON
};
enum knobs_way {
	FIRST_WAY,
	OTHER_WAY
};
NF_CONFIG(struct {
	__u8 small;
	__s16 signed_one;
	bool flag;
	enum knobs_way way;
	nf_ip4 address;
	nf_mac mac;
	nf_port port;
	__u32 list[2];
});
NF_MAP(table, HASH, nf_ip4, __u32, 16);
NF_MAP(slots_of_it, ARRAY, __u32, __u64, 4);
NF_MAP(prefixes, LPM_TRIE, struct nf_ip_prefix, __u32, 16);

NF(knobs, enum knobs)
{
	__u32 key = config.small;
	__u64 *value = map_view(&slots_of_it, &key);
	struct nf_ip_prefix prefix = { .len = 128 };
	nf_ip4 address = config.address;
	__u32 out;

	if (map_get(&table, &address, &out) || map_get(&prefixes, &prefix, &out))
		return LEFT;
	return value && config.flag ? RIGHT : STRAIGHT_ON;
}
