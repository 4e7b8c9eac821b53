/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
// world: native
/*
 * There is no BPF object of it. What its types are is all that matters: those
 * that compilers say differently in BTF, and files that its config names.
 */
#include <galette/nf.h>

enum native_only {
	GOOD,
	BAD
};

struct odd {
	__s8 level;
	char name[7];
	__s8 steps[4];
	struct odd *next;
	enum native_only last;
	bool set;
	__u32 low : 4, high : 20;
	union {
		nf_ip4 ip;
		__u8 bytes[4];
	};
};

NF_CONFIG(struct {
	nf_file rules;
	__u32 limit;
	nf_file more_rules;
}) = { .limit = 7 };
NF_MAP(odds, HASH, nf_ip6, struct odd, 16);
NF_MAP(prefixes, LPM_TRIE, struct nf_ip_prefix, __s8, 8);
NF_MAP(places, ARRAY, __u32, struct odd, 4);

/* A file of rules is to say nothing of what is bad. */
NF_LOAD(native_only)
{
	__u64 size;
	const char *text = nf_file_text(&config.rules, &size);

	if (text && size >= 3 && !__builtin_memcmp(text, "bad", 3)) {
		nf_complain(&config.rules, 1, 1, "it is bad");
		return -EINVAL;
	}
	return 0;
}

NF(native_only, enum native_only)
{
	nf_ip6 key = {};
	struct odd *odd = map_view(&odds, &key);

	if (odd)
		odd->last = BAD;
	return pkt_len(pkt) < config.limit ? BAD : GOOD;
}
