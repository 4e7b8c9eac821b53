// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as a bundle, its digest made to fit: what is in it, or why it is none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bundle.h"
#include "bundle_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether a member lies where its bytes are. */
static void look_at(const struct bundle *bundle, const struct bundle_member *member)
{
	const char *bytes = (const char *)member->bytes;

	if (bytes < bundle->payload ||
	    member->size > (size_t)(bundle->payload + bundle->payload_size - bytes) ||
	    bundle_member(bundle, member->kind, member->name, member->arch) != member)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char hex[BUNDLE_HEX_LEN], *bytes = xmalloc(size + BUNDLE_DIGEST);
	const char *why;
	struct bundle *bundle;

	memcpy(bytes, data, size);
	bundle_digest(bytes, size, hex);
	bundle_digest_bytes(hex, bytes + size);
	bundle = bundle_open(bytes, size + BUNDLE_DIGEST, &why);
	if (!bundle)
		free(bytes);
	else if (bundle_read(bundle, &why)) {
		for (int i = 0; i < bundle->member_count; i++)
			look_at(bundle, &bundle->members[i]);
		for (int i = 0; i < bundle_needs(bundle); i++)
			if (!bundle_need(bundle, i))
				abort();
		free(bundle_archs(bundle));
	}
	bundle_free(bundle);
	return 0;
}
