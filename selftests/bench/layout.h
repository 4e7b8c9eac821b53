/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef LAYOUT_H
#define LAYOUT_H

/* What layout.c shares with its XDP programs: the frame, the counts, the hash. */

enum {
	LAYOUT_FLOWS = 64,
	LAYOUT_SAMPLES = 8192,
	LAYOUT_PORT = 1000, /* of flow 0 */
	LAYOUT_PIPES = 3,
};

#define LAYOUT_MAGIC 0x67616c6c61796f75ull

/* 14 + 20 + 8 bytes of Ethernet, IPv4 and UDP, of which the hash reads one port. */
struct layout_frame {
	__u8 dst[6];
	__u8 src[6];
	__u8 type[2];
	__u8 ip[20];
	__u8 port[2];
	__u8 udp[6];
	__u64 magic;
	__u64 seq;
	__u64 time;
} __attribute__((packed));

struct layout_state {
	__u64 pipes;
	__u64 sent; /* by the generator, which is no program */
	__u64 received;
	__u64 misordered;
	__u64 broken; /* came back without their addresses swapped */
	__u64 last[LAYOUT_FLOWS];
	__u64 latency[LAYOUT_SAMPLES]; /* ns, of the newest */
};

static inline __u32 layout_hash(const struct layout_frame *frame)
{
	__u32 port = frame->port[0] << 8 | frame->port[1];

	return port * 2654435761u >> 16;
}

#endif
