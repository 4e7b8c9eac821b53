// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "deliver.h"
#include "kernel_counts.h"
#include "monotonic.h"
#include "pipe.h"
#include "record.h"
#include "spell.h"
#include "walk.h"

enum {
	BURST = 64,          /* packets of one port before the others have their turn */
	KICK_NS = 100000,    /* a packet that is ready does not wait longer for others */
	STRIDE = 8,          /* packets between two looks at the clock, unless they take long */
	LOOK_NS = 100000000, /* between two looks at the kernel's counts */
	LAST_MS = 1000,      /* at the end: for an interface that takes nothing now */
	/* Of a frame: what an XDP program would find before and behind a packet. */
	ROOM_BEFORE =
		SLOW_HEADROOM - 40, /* sizeof(struct xdp_frame), and room for slow_frame */
	ROOM_BEHIND = 320,          /* sizeof(struct skb_shared_info) */
};

struct pipe {
	struct slow *slow;
	__u32 index;
	struct hand hand;
	struct galette_pipe *record;
	struct pollfd *polled; /* by port */
	bool *unsent;          /* by port: its transmit ring holds something … */
	bool *stuck;           /* … that it could not send when last kicked */
	bool *live;            /* by port: it was among those that packets came from last */
	__u32 *until;          /* by port, when stopping: the packets that were there */
	__u64 kicked;          /* ns */
	__u64 looked;          /* ns */
	struct spell spell;
	bool stopping;
	int last; /* ms left of LAST_MS */
};

static void lose(struct pipe *p, enum galette_loss why)
{
	bump(&p->record->lost[why], 1);
}

/* ---- to the stack ---- */

/* What functions have counted of the packets is to be seen before these are. */
static void flush_passed(struct pipe *p)
{
	nf_host_flush();
	deliver_flush(&p->slow->deliver, p->index, p->record);
}

/* Counted first: who dies behind it has passed the packet. */
static void pass(struct pipe *p, __u32 port, const struct pkt *pkt)
{
	const struct deliver *d = &p->slow->deliver;
	__u32 ifindex = p->slow->ports.memory.shape.port[port].ifindex;
	bool generic = p->slow->ports.port[port].generic;
	size_t length = pkt->end - pkt->data;
	int err;

	bump(&p->record->pass, 1);
	err = deliver_add(d, p->index, pkt->data, length, ifindex, generic);
	if (err == -EAGAIN) {
		flush_passed(p);
		err = deliver_add(d, p->index, pkt->data, length, ifindex, generic);
	}
	if (err) {
		bump(&p->record->pass, -1ull);
		lose(p, GALETTE_LOSS_PASS);
	}
}

/* ---- sending ---- */

static __u64 *count_of(struct pipe *p, __u8 kind)
{
	return kind == GALETTE_ROUTE_TX ? &p->record->tx : &p->record->redirect;
}

/* An interface that is down or gone keeps no packets for the time when it is up again. */
static void take_back(struct pipe *p, __u32 port)
{
	__u8 kind;

	frames_reap(&p->hand, port);
	while (frames_take_back(&p->hand, port, &kind)) {
		bump(count_of(p, kind), -1ull);
		lose(p, GALETTE_LOSS_TX_FAILED);
	}
}

/* What functions have counted of the packets is to be seen before these are. */
static int kick_port(struct pipe *p, __u32 port)
{
	int err;

	nf_host_flush();
	err = frames_kick(&p->hand, port);

	if (err && err != -EAGAIN)
		take_back(p, port);
	p->unsent[port] = p->stuck[port] = err == -EAGAIN;
	return err;
}

/*
 * What is for the stack, and the ports that something is in the transmit rings for; what is left
 * there stays. Of packets that are not sent the counts are written now.
 */
static void kick(struct pipe *p)
{
	flush_passed(p);
	for (__u32 port = 0; port < p->slow->ports.memory.shape.ports; port++) {
		if (!p->unsent[port])
			continue;
		kick_port(p, port);
		frames_reap(&p->hand, port);
	}
	p->kicked = monotonic_ns();
}

/* Counted first: who dies behind it has sent the packet. */
static bool enqueue(struct pipe *p, __u32 port, __u64 addr, __u32 len, __u8 kind)
{
	bump(count_of(p, kind), 1);
	if (frames_send(&p->hand, port, addr, len, kind))
		return true;
	bump(count_of(p, kind), -1ull);
	return false;
}

static void send_to(struct pipe *p, int port, const struct pkt *pkt, __u8 kind)
{
	__u64 addr = pkt->data - p->slow->ports.memory.umem;
	__u32 len = pkt->end - pkt->data;
	int err;

	if (port < 0) {
		lose(p, GALETTE_LOSS_TX_FAILED);
		frames_done(&p->hand, addr);
		return;
	}
	/* What could not go before must go first, and may say why not. */
	err = p->stuck[port] && p->kicked + KICK_NS < monotonic_ns() ? kick_port(p, port) : 0;
	if (!enqueue(p, port, addr, len, kind)) {
		err = err ?: kick_port(p, port);
		if (!enqueue(p, port, addr, len, kind)) {
			lose(p, err && err != -EAGAIN ? GALETTE_LOSS_TX_FAILED
						      : GALETTE_LOSS_TX_FULL);
			frames_done(&p->hand, addr);
			return;
		}
	}
	p->unsent[port] = true;
}

/* ---- a packet ---- */

static void finish(struct pipe *p, __u32 port, const struct pkt *pkt,
		   const struct walk_end *end)
{
	const struct slow_shape *shape = &p->slow->ports.memory.shape;
	__u64 addr = pkt->data - p->slow->ports.memory.umem;

	switch (end->kind) {
	case GALETTE_ROUTE_TX:
		send_to(p, port, pkt, GALETTE_ROUTE_TX);
		return;
	case GALETTE_ROUTE_REDIRECT:
		send_to(p, ports_find(&p->slow->ports, end->ifindex, shape->port[port].queue),
			pkt, GALETTE_ROUTE_REDIRECT);
		return;
	case GALETTE_ROUTE_PASS:
		pass(p, port, pkt);
		break;
	case GALETTE_ROUTE_DROP:
		bump(&p->record->drop, 1);
		break;
	case GALETTE_ROUTE_ABORT:
		bump(&p->record->abort, 1);
		break;
	case GALETTE_ROUTE_NONE:
	case GALETTE_ROUTE_FUNCTION:
		lose(p, end->loss);
		break;
	}
	frames_done(&p->hand, addr);
}

static void handle(struct pipe *p, __u32 port, const struct packet *packet)
{
	unsigned char *umem = p->slow->ports.memory.umem;
	unsigned char *frame = umem + packet->addr / SLOW_FRAME_SIZE * SLOW_FRAME_SIZE;
	struct pkt pkt = {
		.data = umem + packet->addr,
		.end = umem + packet->addr + packet->len,
		.ifindex = p->slow->ports.memory.shape.port[port].ifindex,
	};
	const unsigned char *start, *limit;
	struct walk_end end;

	pkt.start = pkt.data + sizeof(struct galette_upcall_head) - ROOM_BEFORE;
	pkt.limit = frame + SLOW_FRAME_SIZE - ROOM_BEHIND;
	if (pkt.start < frame + sizeof(struct slow_frame) || pkt.limit < pkt.end) {
		lose(p, GALETTE_LOSS_HEAD);
		frames_done(&p->hand, packet->addr);
	} else {
		start = pkt.start;
		limit = pkt.limit;
		end = walk(p->slow->generations, p->slow->generation_count, &pkt,
			   &p->record->function);
		/* Functions have had the struct in their hands: a stray write must not lose the frame. */
		if (pkt.data >= start && pkt.end <= limit && pkt.end - pkt.data >= ETH_HLEN) {
			finish(p, port, &pkt, &end);
			return;
		}
		lose(p, GALETTE_LOSS_MISSED);
		frames_done(&p->hand, packet->addr);
	}
}

/*
 * How it ended has been counted: then that it has, then the packet. So whoever
 * finds this process dead can tell which of these was the last.
 */
static void handled(struct pipe *p, __u32 port)
{
	const struct ring *rx = &p->slow->ports.port[port].pipes[p->index].rx;

	__atomic_store_n(&memory_socket(&p->slow->ports.memory, port, p->index)->handled,
			 ring_consumed(rx), __ATOMIC_RELEASE);
	__atomic_store_n(&p->record->packets, p->record->packets + 1, __ATOMIC_RELEASE);
}

/* A port's packets, up to a burst. How many. */
static int receive(struct pipe *p, __u32 port)
{
	const struct ring *rx = &p->slow->ports.port[port].pipes[p->index].rx;
	struct packet packet;
	int n = 0, look = STRIDE;

	while (n < BURST && !(p->stopping && ring_consumed(rx) == p->until[port]) &&
	       frames_receive(&p->hand, port, &packet)) {
		n++;
		if (packet.len)
			handle(p, port, &packet);
		else
			lose(p, GALETTE_LOSS_HEAD);
		handled(p, port);
		if (n < look)
			continue;
		look = n + STRIDE;
		if (monotonic_ns() - p->kicked > KICK_NS) {
			kick(p);
			look = n + 1;
		}
	}
	return n;
}

/* ---- sleeping ---- */

/* Whether the kernel has lost any. */
static void look(struct pipe *p)
{
	kernel_counts_look(&p->slow->ports, p->index, p->record);
	p->looked = monotonic_ns();
}

/*
 * Something waits to be sent, or frames are out with the kernel's drivers and the
 * free ones run low: nobody says when they come back.
 */
static bool waits_for_drivers(const struct pipe *p)
{
	const struct slow_shape *shape = &p->slow->ports.memory.shape;

	for (__u32 port = 0; port < shape->ports; port++)
		if (p->unsent[port] ||
		    ring_used(&p->slow->ports.port[port].fill) < shape->frames / 2)
			return true;
	return false;
}

/* Sleep until a packet comes, for ever if need be. */
static int patience_ms(const struct pipe *p)
{
	if (waits_for_drivers(p))
		return 1;
	return p->looked ? (int)(LOOK_NS / 1000000) : -1;
}

static void wake_watchdog(const struct pipe *p)
{
	__u64 one = 1;

	if (!__atomic_load_n(&p->slow->ports.memory.shared->watching, __ATOMIC_SEQ_CST) &&
	    write(p->slow->wake, &one, sizeof(one)) != sizeof(one))
		return;
}

static void set_busy(const struct pipe *p, __u32 busy)
{
	__atomic_store_n(&p->slow->ports.memory.shared->busy[p->index], busy, __ATOMIC_SEQ_CST);
	if (busy)
		wake_watchdog(p);
}

static void sleep_until_packets(struct pipe *p)
{
	sigset_t others;
	int ms = patience_ms(p);
	struct timespec patience = { ms / 1000, ms % 1000 * 1000000 };

	/* Of a terminal's signals the supervisor takes care. */
	sigfillset(&others);
	sigdelset(&others, SIGTERM);
	set_busy(p, 0);
	ppoll(p->polled, p->slow->ports.memory.shape.ports, ms < 0 ? NULL : &patience, &others);
	set_busy(p, 1);
	spell_pass(&p->spell, monotonic_ns(), false);
	for (__u32 port = 0; port < p->slow->ports.memory.shape.ports; port++)
		if (p->polled[port].revents & (POLLERR | POLLHUP | POLLNVAL))
			p->polled[port].fd = -1; /* its interface has gone */
}

/* A round of all ports, up to a burst each. How many packets. */
static int receive_all(struct pipe *p)
{
	__u32 ports = p->slow->ports.memory.shape.ports;
	int n = 0;

	for (__u32 port = 0; port < ports; port++) {
		int got = receive(p, port);

		/* Until the first that gives any: those of the last round that did. */
		if (got && !n)
			memset(p->live, 0, ports * sizeof(*p->live));
		p->live[port] |= got > 0;
		n += got;
	}
	return n;
}

/* Only where packets come from: a call may have the driver's whole queue handled here. */
static void poll_live(struct pipe *p)
{
	for (__u32 port = 0; port < p->slow->ports.memory.shape.ports; port++)
		if (p->live[port])
			frames_poll(&p->hand, port);
}

/* Whoever shares the core comes first, and has time that is not the pipe's. */
static void stay_awake(struct pipe *p)
{
	if (!p->slow->busy_poll) {
		sched_yield();
		spell_pass(&p->spell, monotonic_ns(), false);
	}
	poll_live(p);
}

/*
 * Nothing has come: what is still to do before sleeping. Who has no frame free gets
 * no packets, and the kernel counts those that it loses.
 */
static void settle(struct pipe *p)
{
	bool waits;

	for (__u32 port = 0; port < p->slow->ports.memory.shape.ports; port++)
		frames_reap(&p->hand, port);
	frames_flush(&p->hand);
	if (p->looked && monotonic_ns() - p->looked >= LOOK_NS) {
		waits = waits_for_drivers(p);
		look(p);
		if (!waits)
			p->looked = 0; /* until packets have come again */
	}
}

/* At the end: what has not been sent yet goes, if the interface takes it some time. */
static bool wait_to_send(struct pipe *p)
{
	const struct timespec turn = { .tv_nsec = 1000000 };
	bool any = false;

	for (__u32 port = 0; port < p->slow->ports.memory.shape.ports; port++)
		any |= p->unsent[port];
	if (any && p->last--)
		nanosleep(&turn, NULL);
	return any && p->last > 0;
}

/* ---- the process ---- */

static void begin_to_stop(struct pipe *p)
{
	p->stopping = true;
	for (__u32 port = 0; port < p->slow->ports.memory.shape.ports; port++)
		p->until[port] = ring_produced(&p->slow->ports.port[port].pipes[p->index].rx);
}

static void init(struct pipe *p, struct slow *slow, __u32 index)
{
	__u32 ports = slow->ports.memory.shape.ports;

	*p = (struct pipe) { .slow = slow, .index = index, .record = &slow->records[index] };
	p->hand = (struct hand) { .ports = &slow->ports, .pipe = index };
	p->last = LAST_MS;
	spell_begin(&p->spell, monotonic_ns());
	p->polled = xcalloc(ports, sizeof(*p->polled));
	p->unsent = xcalloc(ports, sizeof(*p->unsent));
	p->stuck = xcalloc(ports, sizeof(*p->stuck));
	p->live = xcalloc(ports, sizeof(*p->live));
	p->until = xcalloc(ports, sizeof(*p->until));
	for (__u32 port = 0; port < ports; port++) {
		p->polled[port].fd = slow->ports.port[port].pipes[index].fd;
		p->polled[port].events = POLLIN;
		p->unsent[port] = ring_used(&slow->ports.port[port].pipes[index].tx) > 0;
	}
}

void pipe_run(struct slow *slow, __u32 index)
{
	struct pipe p;

	/* What the one before has left. */
	frames_recover(&slow->ports, index);
	init(&p, slow, index);
	set_busy(&p, 1);
	for (;;) {
		int n;

		if (!p.stopping &&
		    __atomic_load_n(&slow->ports.memory.shared->stop, __ATOMIC_ACQUIRE))
			begin_to_stop(&p);
		n = receive_all(&p);
		kick(&p);
		if (n) {
			spell_pass(&p.spell, p.kicked, true);
			frames_flush(&p.hand);
			if (!p.looked)
				p.looked = p.kicked;
			else if (p.kicked - p.looked > LOOK_NS)
				look(&p);
			if (!p.stopping)
				poll_live(&p);
			continue;
		}
		settle(&p);
		if (p.stopping && !wait_to_send(&p))
			break;
		if (p.stopping)
			continue;
		if (p.slow->busy_poll || p.spell.awake)
			stay_awake(&p);
		else
			sleep_until_packets(&p);
	}
	look(&p);
	set_busy(&p, 0);
}
