// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * af_packet IF [poll]: macswap over AF_PACKET, as fast as one thread can be.
 *
 * What comes in at IF is taken from a TPACKET_V3 ring, block by block, and leaves by a ring
 * of the same socket; one system call sends all of a block. Sleeps when there is nothing to
 * do; with "poll" it never does. A block that does not fill is handed over after a
 * millisecond, the least that the kernel offers: rings of version 3 are late at low rates.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	BLOCK_SIZE = 1 << 13, /* small: a block is handed over when it is full */
	BLOCKS = 1024,
	RX_FRAME = 2048, /* only a bound: packets of a block lie close together */
	RX_SIZE = BLOCK_SIZE * BLOCKS,
	TX_FRAME = 2048,
	TX_FRAMES = 4096,
	TX_SIZE = TX_FRAME * TX_FRAMES,
	TX_DATA = TPACKET3_HDRLEN -
		  sizeof(struct sockaddr_ll), /* of a frame, where its packet is */
	TX_ROOM = TX_FRAME - TX_DATA,
	RETIRE_MS = 1,
	SEND_BUFFER = 1 << 30,
};

static struct {
	int fd;
	bool polling;
	__u8 *rx, *tx;
	unsigned int block, frame; /* the next of each ring */
	unsigned int unsent;
} ring;

static void fail(const char *what)
{
	fprintf(stderr, "af_packet: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- leaving ---- */

/* The frames up to here are on their way; one for which there was no room is tried again. */
static void flush(void)
{
	if (!ring.unsent)
		return;
	while (send(ring.fd, NULL, 0, MSG_DONTWAIT) < 0)
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			fail("send");
	ring.unsent = 0;
}

static bool is_free(const struct tpacket3_hdr *frame)
{
	return __atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) == TP_STATUS_AVAILABLE;
}

static struct tpacket3_hdr *free_frame(void)
{
	struct tpacket3_hdr *frame = (void *)(ring.tx + (size_t)ring.frame * TX_FRAME);
	struct pollfd want = { .fd = ring.fd, .events = POLLOUT };

	while (!is_free(frame)) {
		flush();
		if (!ring.polling)
			poll(&want, 1, -1);
	}
	ring.frame = (ring.frame + 1) % TX_FRAMES;
	return frame;
}

static void forward(const struct tpacket3_hdr *packet)
{
	const __u8 *from = (const __u8 *)packet + packet->tp_mac;
	struct tpacket3_hdr *frame;
	__u8 *to;

	if (packet->tp_snaplen < ETH_HLEN || packet->tp_snaplen > TX_ROOM)
		return;
	frame = free_frame();
	to = (__u8 *)frame + TX_DATA;
	memcpy(to, from + ETH_ALEN, ETH_ALEN);
	memcpy(to + ETH_ALEN, from, ETH_ALEN);
	memcpy(to + 2 * ETH_ALEN, from + 2 * ETH_ALEN, packet->tp_snaplen - 2 * ETH_ALEN);
	frame->tp_len = packet->tp_snaplen;
	frame->tp_next_offset = 0;
	__atomic_store_n(&frame->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
	ring.unsent++;
}

/* ---- coming in ---- */

static bool is_ours(const struct tpacket_block_desc *block)
{
	return __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void forward_block(struct tpacket_block_desc *block)
{
	const __u8 *at = (__u8 *)block + block->hdr.bh1.offset_to_first_pkt;

	for (__u32 i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *packet = (const void *)at;

		forward(packet);
		at += packet->tp_next_offset;
	}
	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	flush();
}

static _Noreturn void run(void)
{
	struct pollfd want = { .fd = ring.fd, .events = POLLIN };

	for (;;) {
		struct tpacket_block_desc *block =
			(void *)(ring.rx + (size_t)ring.block * BLOCK_SIZE);

		if (is_ours(block)) {
			forward_block(block);
			ring.block = (ring.block + 1) % BLOCKS;
		} else if (!ring.polling) {
			poll(&want, 1, -1);
		}
	}
}

/* ---- the socket ---- */

static void set(int level, int option, const void *value, size_t size, const char *name)
{
	if (setsockopt(ring.fd, level, option, value, size))
		fail(name);
}

static void set_packet(int option, int value, const char *name)
{
	set(SOL_PACKET, option, &value, sizeof(value), name);
}

static void make_rings(void)
{
	struct tpacket_req3 rx = { .tp_block_size = BLOCK_SIZE,
				   .tp_block_nr = BLOCKS,
				   .tp_frame_size = RX_FRAME,
				   .tp_frame_nr = RX_SIZE / RX_FRAME,
				   .tp_retire_blk_tov = RETIRE_MS };
	struct tpacket_req3 tx = { .tp_block_size = BLOCK_SIZE,
				   .tp_block_nr = TX_SIZE / BLOCK_SIZE,
				   .tp_frame_size = TX_FRAME,
				   .tp_frame_nr = TX_FRAMES };

	set_packet(PACKET_VERSION, TPACKET_V3, "PACKET_VERSION");
	set(SOL_PACKET, PACKET_RX_RING, &rx, sizeof(rx), "PACKET_RX_RING");
	set(SOL_PACKET, PACKET_TX_RING, &tx, sizeof(tx), "PACKET_TX_RING");
	ring.rx = mmap(NULL, RX_SIZE + TX_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, ring.fd, 0);
	if (ring.rx == MAP_FAILED)
		fail("mmap");
	ring.tx = ring.rx + RX_SIZE;
}

static void open_socket(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(name) };
	struct packet_mreq promiscuous = { .mr_ifindex = at.sll_ifindex,
					   .mr_type = PACKET_MR_PROMISC };
	int size = SEND_BUFFER;

	if (!at.sll_ifindex)
		fail(name);
	/* Nothing comes in before it is bound. */
	ring.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (ring.fd < 0)
		fail("socket");
	set_packet(PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
	set_packet(PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
	set(SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size), "SO_SNDBUFFORCE");
	set(SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous),
	    "PACKET_ADD_MEMBERSHIP");
	make_rings();
	if (bind(ring.fd, (struct sockaddr *)&at, sizeof(at)))
		fail("bind");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: af_packet IF [poll]\n");
		return 2;
	}
	ring.polling = argc > 2 && !strcmp(argv[2], "poll");
	open_socket(argv[1]);
	run();
}
