/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Misbehaves when told to: by the last byte of the payload of UDP port 666. */
// world: native
#include <galette/nf.h>

#include <time.h>

enum slow_fault {
	NEXT
};

enum {
	CRASH = 'c', /* SIGSEGV */
	LOOP = 'l',  /* for ever, busy */
	BLOCK = 'b', /* for ever, asleep */
	ABORT = 'a', /* SIGABRT */
};

static int misbehave(unsigned char how)
{
	const struct timespec long_time = { .tv_sec = 1000000 };
	volatile int *nowhere = NULL, turns = 0;

	switch (how) {
	case CRASH:
		return *nowhere;
	case ABORT:
		__builtin_trap();
	case LOOP:
		for (;;)
			turns = turns + 1;
	case BLOCK:
		for (;;)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL);
	}
	return 0;
}

NF(slow_fault, enum slow_fault)
{
	unsigned char *last = pkt_at(pkt, pkt_len(pkt) - 1, 1);
	struct nf_ports *ports;
	struct nf_ip ip;
	struct nf_l4 l4;

	if (parse_ip(pkt, &ip) != NF_IPV4 || !parse_l4(pkt, &ip, &l4))
		return NEXT;
	ports = parse_ports(pkt, &ip, &l4);
	if (ports && ports->dst == nf_htons(666) && last)
		misbehave(*last);
	return NEXT;
}
