/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps that a kernel NF can have, and a native one cannot. */
#include <galette/nf.h>

enum native_large {
	DONE
};

struct large {
	__u64 words[384];
};

struct many {
	__u8 bytes[257];
};

NF_MAP(large, HASH, __u32, struct large, 4);
NF_MAP(many, HASH, __u32, struct many, 4);

NF(native_large, enum native_large)
{
	__u32 key = pkt_len(pkt);
	struct large *words = map_view(&large, &key);
	struct many *bytes = map_view(&many, &key);

	if (words && bytes)
		bytes->bytes[0] = words->words[0];
	return DONE;
}
