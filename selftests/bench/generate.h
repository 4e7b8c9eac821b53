/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What generate.c shares with its XDP programs: the frame, the pace, the counts. */
#ifndef GENERATE_H
#define GENERATE_H

enum {
	GENERATE_LIGHT,
	GENERATE_HEAVY,
	GENERATE_KINDS,

	GENERATE_FCS = 4, /* sizes count it, as on a wire; frames on veth have none */
	GENERATE_SIZE_MIN = 64,
	GENERATE_SIZE_MAX = 1518,
	GENERATE_GAP_SHIFT = 10,     /* times between frames, as fixed point */
	GENERATE_SLACK_NS = 20000,   /* so late a frame is still sent */
	GENERATE_AGE = 8,            /* frames between two looks at the clock, at most */
	GENERATE_SLOT_BITS = 5,      /* slots for each power of two: 3 % wide */
	GENERATE_SLOTS = 896,        /* up to 2^32 ns */
	GENERATE_MAGIC = 0x67656e00, /* plus the number of the run */
	GENERATE_OUTS_MAX = 64,      /* a power of two, for a mask */
	GENERATE_RUN = 16,           /* frames that leave by one interface, then by the next */
};

/* Ethernet, IPv4, UDP; then what the sink looks at. Words are aligned in the frame. */
struct generate_frame {
	__u8 dst[6];
	__u8 src[6];
	__u16 type;
	__u8 ip[10];
	__u16 check;
	__u16 from[2];
	__u16 to[2];
	__u16 sport;
	__u16 dport;
	__u16 udp_length;
	__u16 udp_check;
	__u16 kind;
	__u32 magic;
	__u64 time; /* CLOCK_MONOTONIC, ns; 0: this one is not timed */
};

_Static_assert(sizeof(struct generate_frame) <= GENERATE_SIZE_MIN - GENERATE_FCS,
	       "fits the smallest frame");

struct generate_counts {
	__u64 packets;
	__u64 bytes; /* with the FCS */
	__u64 timed; /* of the packets */
	__u64 max;   /* ns */
	__u64 last;  /* CLOCK_MONOTONIC, ns: when the last timed one came */
	__u64 slot[GENERATE_SLOTS];
};

struct generate_state {
	/* What the generator is to do. */
	struct generate_frame frame; /* the template, `check` without the addresses */
	__u64 gap;                   /* ns << GENERATE_GAP_SHIFT; 0: as fast as can be */
	__u64 length;                /* ns from the first frame on */
	__u64 heavy;                 /* frames in 2^32 that are heavy */
	__u32 flows;
	__u32 sources;
	__u32 stride;
	__u32 timed; /* one frame in so many is timed */
	/* Indexes of the interfaces that frames leave by, in turn. */
	__u32 out[GENERATE_OUTS_MAX];
	/* What it has done. */
	__u64 now;   /* read from the clock … */
	__u32 age;   /* … so many frames ago */
	__u64 first; /* when it began */
	__u64 due;   /* of the next frame, << GENERATE_GAP_SHIFT since the first */
	__u64 sent[GENERATE_KINDS];
	/* The sink's. */
	struct generate_counts sunk[GENERATE_KINDS];
};

/* The histogram's slots: one for each ns at first, then 2^GENERATE_SLOT_BITS for each power of two. */
static inline __u32 generate_slot(__u64 ns)
{
	__u32 v = ns >> 32 ? ~0u : ns, high = v >> GENERATE_SLOT_BITS, shift = 0;

	for (__u32 step = 16; step; step /= 2)
		if (high >> step) {
			high >>= step;
			shift += step;
		}
	return (shift << GENERATE_SLOT_BITS) + (v >> shift);
}

static inline __u64 generate_slot_ns(__u32 slot)
{
	__u32 each = 1 << GENERATE_SLOT_BITS, shift = slot < 2 * each ? 0 : slot / each - 1;
	__u64 from = slot < 2 * each ? slot : (__u64)(slot % each + each) << shift;

	return from + (1ull << shift) / 2; /* its middle */
}

#endif
