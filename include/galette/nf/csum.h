/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Incremental updates of an Internet checksum (RFC 1624, equation 3). */
#ifndef GALETTE_NF_CSUM_H
#define GALETTE_NF_CSUM_H

/* *sum covered the 16-bit word `from`, which is now `to`. All as they stand in the packet. */
static __always_inline void csum_replace2(__sum16 *sum, __be16 from, __be16 to)
{
	__u32 c = (__u16) ~*sum + (__u32)(__u16)~from + to;

	c = (c & 0xffff) + (c >> 16);
	c = (c & 0xffff) + (c >> 16);
	*sum = (__sum16)~c;
}

/* The same for a 32-bit word. */
static __always_inline void csum_replace4(__sum16 *sum, __be32 from, __be32 to)
{
	csum_replace2(sum, (__be16)from, (__be16)to);
	csum_replace2(sum, (__be16)(from >> 16), (__be16)(to >> 16));
}

#endif
