/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last bytes of every frame that loadgen sends: written by the generator,
 * marked by each `stamp` NF on its way, read by the sink. Host order.
 */
#ifndef STAMP_H
#define STAMP_H

#define STAMP_MAGIC 0x65747467u

struct stamp {
	__u32 magic;
	__u32 build; /* of the first NF that has one; 0: none yet */
	__u64 seq;
	__u32 hops;  /* stamp NFs met */
	__u32 mixed; /* NFs of another build than `build` met */
};

enum {
	STAMP_BUILDS = 8, /* builds told apart: 0 (unmarked) to 7 (and above) */
	LOAD_HEADER = 80, /* bytes of headers before the stamp, at most */
};

/* What loadgen sends: headers, multiple of 8 bytes copied, then the stamp at `length`. */
struct load_frame {
	__u8 header[LOAD_HEADER];
	__u32 length; /* of the headers */
	__u32 hops;   /* that a frame is expected to come back with; 0: any */
	__u32 last_build;
	__u64 last_seq; /* that came back, on whichever CPU: one receives at a time */
};

/* Counted per CPU. */
struct load_counts {
	__u64 sent; /* by the generator's program; what veth loses after is in its own counters */
	__u64 received; /* by the sink: frames with a stamp */
	__u64 mixed;    /* of these: met NFs of more than one build */
	__u64 short_;   /* of these: not with the hops expected */
	__u64 switches; /* build differs from that of the frame before */
	__u64 backward; /* sequence number not above that of the frame before */
	__u64 by_build[STAMP_BUILDS];
};

#endif
