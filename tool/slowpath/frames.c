// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frames.h"

enum {
	LOCK_WAITERS = 1 << 30 /* in a lock, beside its holder: some sleep */
};

static unsigned char *owner(const struct slow_memory *m, __u64 addr)
{
	return m->owners + addr / SLOW_FRAME_SIZE;
}

static bool is_frame(const struct slow_memory *m, __u64 addr)
{
	return addr / SLOW_FRAME_SIZE < memory_total(m);
}

/* Of an address within a frame, as is_frame() says. Divided in 32 bits: small processors take twice as long for 64. */
static __u32 home(const struct slow_memory *m, __u64 addr)
{
	return (__u32)(addr / SLOW_FRAME_SIZE) / m->shape.frames;
}

/* ---- a lock whose holder may die ---- */

static void futex(__u32 *word, int operation, __u32 value)
{
	syscall(SYS_futex, word, operation, value, NULL);
}

/* Whoever has waited takes it with LOCK_WAITERS: there may be others. */
static void lock(const struct hand *hand, __u32 port)
{
	__u32 *word = &hand->ports->memory.shared->port[port].lock, mine = hand->pipe + 1;

	for (;;) {
		__u32 seen = 0;

		if (__atomic_compare_exchange_n(word, &seen, mine, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		if (!seen ||
		    (!(seen & LOCK_WAITERS) &&
		     !__atomic_compare_exchange_n(word, &seen, seen | LOCK_WAITERS, false,
						  __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
			continue;
		futex(word, FUTEX_WAIT, seen | LOCK_WAITERS);
		mine = (hand->pipe + 1) | LOCK_WAITERS;
	}
}

static void unlock(const struct hand *hand, __u32 port)
{
	__u32 *word = &hand->ports->memory.shared->port[port].lock;

	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) & LOCK_WAITERS)
		futex(word, FUTEX_WAKE, 1);
}

/* Set what the frames of a ring's entries are marked with. */
static void mark(const struct slow_memory *m, const struct ring *ring, __u32 from, __u32 to,
		 unsigned char with)
{
	if (to - from > ring->size)
		return;
	for (__u32 at = from; at != to; at++) {
		__u64 addr = ring_read_addr(ring, at);

		if (is_frame(m, addr))
			*owner(m, addr) = with;
	}
}

/* What the dead holder was at either has happened, by the ring's index, or has not. */
static void finish(struct ports *ports, __u32 port, __u32 pipe)
{
	struct slow_port *p = &ports->memory.shared->port[port];
	const struct ring *fill = &ports->port[port].fill;
	const struct ring *completion = &ports->port[port].completion;
	__u32 from = __atomic_load_n(&p->fill.from, __ATOMIC_RELAXED);

	if (p->fill.active && ring_produced(fill) == from)
		mark(&ports->memory, fill, from, p->fill.to, pipe + 1);
	from = __atomic_load_n(&p->completion.from, __ATOMIC_RELAXED);
	if (p->completion.active && ring_consumed(completion) == from)
		mark(&ports->memory, completion, from, p->completion.to, SLOW_SENT);
	p->fill.active = p->completion.active = 0;
}

/* One that died in unlock(), or woken by it, has woken nobody. */
void frames_release(struct ports *ports, __u32 pipe)
{
	for (__u32 port = 0; port < ports->memory.shape.ports; port++) {
		__u32 *word = &ports->memory.shared->port[port].lock;

		if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) & ~LOCK_WAITERS) == pipe + 1) {
			finish(ports, port, pipe);
			__atomic_store_n(word, 0, __ATOMIC_RELEASE);
		}
		futex(word, FUTEX_WAKE, GALETTE_PIPES_MAX);
	}
}

void frames_release_all(struct ports *ports)
{
	const struct slow_memory *m = &ports->memory;

	for (__u32 pipe = 0; pipe < m->shape.pipes; pipe++)
		frames_release(ports, pipe);
	for (__u32 port = 0; port < m->shape.ports; port++)
		__atomic_store_n(&m->shared->port[port].lock, 0, __ATOMIC_RELEASE);
	for (__u32 i = 0; i < memory_total(m); i++)
		if (m->owners[i] > m->shape.pipes && m->owners[i] != SLOW_SENT)
			m->owners[i] = 1;
}

/*
 * The compiler must not move stores across. The processor may: who reads them next does so when
 * this process has died, of which all stores before some instruction are seen then, and none behind
 * it. What the living read is published, with release, by a ring's index, by the lock, or by who
 * owns a frame.
 */
static void in_order(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* ---- receiving ---- */

/* Only this pipe consumes its ring: whether the index has moved tells whether a mark counts. */
bool frames_receive(struct hand *hand, __u32 port, struct packet *packet)
{
	const struct slow_memory *m = &hand->ports->memory;
	struct ring *rx = &hand->ports->port[port].pipes[hand->pipe].rx;
	__u32 at = ring_consumed(rx);
	struct xdp_desc desc;

	if (!ring_used(rx))
		return false;
	desc = ring_read_desc(rx, at);
	packet->addr = desc.addr;
	packet->len = desc.len;
	if (!is_frame(m, desc.addr)) {
		packet->len = 0;
	} else {
		*owner(m, desc.addr) = hand->pipe + 1;
		in_order();
	}
	ring_consume(rx, at + 1);
	if (is_frame(m, desc.addr) &&
	    (!desc.len || desc.addr % SLOW_FRAME_SIZE + desc.len > SLOW_FRAME_SIZE)) {
		packet->len = 0;
		frames_done(hand, desc.addr);
	}
	return true;
}

void frames_poll(const struct hand *hand, __u32 port)
{
	const struct pipe_socket *s = &hand->ports->port[port].pipes[hand->pipe];

	if (s->polls)
		recvfrom(s->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* ---- giving back ---- */

static void refill(struct hand *hand, __u32 port)
{
	const struct slow_memory *m = &hand->ports->memory;
	struct slow_port *p = &m->shared->port[port];
	struct ring *ring = &hand->ports->port[port].fill;
	__u32 from, to;

	lock(hand, port);
	from = to = ring_produced(ring);
	for (__u32 i = 0; i < hand->done_count; i++)
		if (home(m, hand->done[i]) == port)
			*ring_addr(ring, to++) =
				hand->done[i] / SLOW_FRAME_SIZE * SLOW_FRAME_SIZE;
	p->fill.from = from;
	p->fill.to = to;
	in_order();
	p->fill.active = 1;
	in_order();
	/* Marks go first: once published, a frame may be in another pipe's hand at once. */
	mark(m, ring, from, to, 0);
	ring_produce(ring, to);
	in_order();
	p->fill.active = 0;
	unlock(hand, port);
}

void frames_flush(struct hand *hand)
{
	const struct slow_memory *m = &hand->ports->memory;

	for (__u32 port = 0; port < m->shape.ports && hand->done_count; port++) {
		bool any = false;

		for (__u32 i = 0; i < hand->done_count && !any; i++)
			any = home(m, hand->done[i]) == port;
		if (any)
			refill(hand, port);
	}
	hand->done_count = 0;
}

void frames_done(struct hand *hand, __u64 addr)
{
	hand->done[hand->done_count++] = addr;
	if (hand->done_count == FRAMES_BATCH)
		frames_flush(hand);
}

/* ---- sending ---- */

bool frames_send(struct hand *hand, __u32 port, __u64 addr, __u32 len, __u8 kind)
{
	const struct slow_memory *m = &hand->ports->memory;
	struct slow_socket *journal = memory_socket(m, port, hand->pipe);
	struct ring *tx = &hand->ports->port[port].pipes[hand->pipe].tx;
	__u32 at = ring_produced(tx);

	if (!ring_free(tx))
		return false;
	*ring_desc(tx, at) = (struct xdp_desc) { .addr = addr, .len = len };
	*memory_frame(m, addr) = (struct slow_frame) {
		.port = port, .at = at, .pipe = hand->pipe, .kind = kind
	};
	journal->tx.from = at;
	in_order();
	journal->tx.active = 1;
	in_order();
	__atomic_store_n(owner(m, addr), SLOW_SENT, __ATOMIC_RELEASE);
	ring_produce(tx, at + 1);
	in_order();
	journal->tx.active = 0;
	return true;
}

/* Whether the frame of an entry in a transmit ring is there, and not only was. */
static bool is_at(const struct slow_memory *m, __u32 port, __u32 pipe, __u32 at, __u64 addr)
{
	const struct slow_frame *frame = memory_frame(m, addr);

	return frame->port == port && frame->pipe == pipe && frame->at == at;
}

/* The kernel passes over an entry that is no frame's, and says no more of it. */
static void cross_out(const struct ring *tx, __u32 at)
{
	in_order();
	ring_desc(tx, at)->addr = ~0ull;
}

/*
 * A packet that the interface drops, as one that goes down does, Linux takes out of the
 * ring without saying so before it has sent another; and its frame comes back behind
 * those that the driver had before.
 */
static __u32 taken_to(const struct slow_socket *journal, __u32 from, __u32 to)
{
	__u32 taken = journal->taken;

	return taken - from <= to - from ? taken : from;
}

/* … and then up to here: with the first that is not crossed out. */
static __u32 taken_next(const struct ring *tx, __u32 at, __u32 to)
{
	while (at != to && ring_read_desc(tx, at).addr == ~0ull)
		at++;
	return at == to ? at : at + 1;
}

/* In copy mode the kernel looks into the ring only in calls that this pipe makes. */
bool frames_take_back(struct hand *hand, __u32 port, __u8 *kind)
{
	const struct slow_memory *m = &hand->ports->memory;
	const struct ring *tx = &hand->ports->port[port].pipes[hand->pipe].tx;
	__u32 from = ring_consumed(tx), to = from + ring_used(tx);

	for (__u32 at = taken_to(memory_socket(m, port, hand->pipe), from, to); at != to;
	     at++) {
		__u64 addr = ring_read_desc(tx, at).addr;

		/* An entry that was sent long ago may be of a frame that another pipe sends now. */
		if (!is_frame(m, addr) ||
		    __atomic_load_n(owner(m, addr), __ATOMIC_ACQUIRE) != SLOW_SENT ||
		    !is_at(m, port, hand->pipe, at, addr))
			continue;
		*kind = memory_frame(m, addr)->kind;
		*owner(m, addr) = hand->pipe + 1;
		cross_out(tx, at);
		frames_done(hand, addr);
		return true;
	}
	return false;
}

/*
 * From 5.11 on, until "xsk: fix l2fwd for copy mode + busy poll combo" (5.18),
 * Linux sends nothing from a socket that copies and prefers busy polling.
 */
static void stop_polling(struct pipe_socket *s)
{
	int no = 0;

	s->polls = false;
	setsockopt(s->fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &no, sizeof(no));
}

/* A call sends at most 32 packets, and says EAGAIN if there are more, or none can go now. */
int frames_kick(const struct hand *hand, __u32 port)
{
	struct pipe_socket *s = &hand->ports->port[port].pipes[hand->pipe];
	struct slow_socket *journal = memory_socket(&hand->ports->memory, port, hand->pipe);

	while (ring_used(&s->tx)) {
		__u32 from = ring_consumed(&s->tx), to = from + ring_used(&s->tx);
		__u32 known = taken_to(journal, from, to);
		bool sent;
		int err;

		/* Who dies in the call may have met EBUSY. */
		journal->taken = taken_next(&s->tx, known, to);
		in_order();
		sent = sendto(s->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0;
		err = sent ? EAGAIN : errno;
		if (err != EBUSY)
			journal->taken = known;
		if (ring_consumed(&s->tx) != from)
			continue;
		if (!sent || !s->polls)
			return err == ENOBUFS || err == EBUSY || err == EINTR ? -EAGAIN : -err;
		stop_polling(s);
	}
	return 0;
}

void frames_reap(struct hand *hand, __u32 port)
{
	const struct slow_memory *m = &hand->ports->memory;
	struct slow_port *p = &m->shared->port[port];
	struct ring *ring = &hand->ports->port[port].completion;
	__u64 taken[FRAMES_BATCH];
	__u32 from, to;

	while (ring_used(ring)) {
		__u32 n = 0;

		lock(hand, port);
		from = ring_consumed(ring);
		to = from + ring_used(ring);
		if (to - from > FRAMES_BATCH)
			to = from + FRAMES_BATCH;
		p->completion.from = from;
		p->completion.to = to;
		in_order();
		p->completion.active = 1;
		in_order();
		for (__u32 at = from; at != to; at++) {
			__u64 addr = ring_read_addr(ring, at);

			/*
			 * Before "xsk: Fix immature cq descriptor production" (6.18) Linux may name
			 * a frame twice, when the driver is full and several sockets send.
			 */
			if (!is_frame(m, addr) || *owner(m, addr) != SLOW_SENT)
				continue;
			*owner(m, addr) = hand->pipe + 1;
			taken[n++] = addr;
		}
		ring_consume(ring, to);
		in_order();
		p->completion.active = 0;
		unlock(hand, port);
		for (__u32 i = 0; i < n; i++)
			frames_done(hand, taken[i]);
	}
}

/* ---- after a death ---- */

/* What waits in the pipe's receive ring is not in its hand. */
static void settle_rx(const struct slow_memory *m, const struct ring *rx)
{
	__u32 from = ring_consumed(rx), to = from + ring_used(rx);

	for (__u32 at = from; at != to; at++) {
		__u64 addr = ring_read_desc(rx, at).addr;

		if (is_frame(m, addr))
			*owner(m, addr) = 0;
	}
}

/* What is in its hand is not to be sent. */
static void settle_tx(struct ports *ports, __u32 port, __u32 pipe)
{
	const struct slow_memory *m = &ports->memory;
	struct slow_socket *journal = memory_socket(m, port, pipe);
	const struct ring *tx = &ports->port[port].pipes[pipe].tx;
	__u32 from = ring_consumed(tx), to = from + ring_used(tx);

	__u64 addr = ring_read_desc(tx, to).addr;

	if (journal->tx.active && to == journal->tx.from && is_frame(m, addr))
		*owner(m, addr) = pipe + 1;
	journal->tx.active = 0;
	for (__u32 at = from; at != to; at++) {
		addr = ring_read_desc(tx, at).addr;
		if (is_frame(m, addr) && *owner(m, addr) == pipe + 1)
			cross_out(tx, at);
	}
}

__u32 frames_unhandled(const struct ports *ports, __u32 pipe)
{
	__u32 count = 0;

	for (__u32 port = 0; port < ports->memory.shape.ports; port++)
		count += ring_consumed(&ports->port[port].pipes[pipe].rx) -
			 memory_socket(&ports->memory, port, pipe)->handled;
	return count;
}

void frames_recover(struct ports *ports, __u32 pipe)
{
	const struct slow_memory *m = &ports->memory;
	struct hand hand = { .ports = ports, .pipe = pipe };

	for (__u32 port = 0; port < m->shape.ports; port++) {
		settle_rx(m, &ports->port[port].pipes[pipe].rx);
		settle_tx(ports, port, pipe);
	}
	for (__u32 i = 0; i < memory_total(m); i++)
		if (m->owners[i] == pipe + 1)
			frames_done(&hand, (__u64)i * SLOW_FRAME_SIZE);
	frames_flush(&hand);
}

void frames_count(const struct ports *ports, struct galette_helper *count)
{
	const struct slow_memory *m = &ports->memory;

	count->fill = count->rx = count->tx = count->completion = count->hand = 0;
	count->total = memory_total(m);
	for (__u32 i = 0; i < count->total; i++) {
		count->tx += m->owners[i] == SLOW_SENT;
		count->hand += m->owners[i] && m->owners[i] != SLOW_SENT;
	}
	for (__u32 port = 0; port < m->shape.ports; port++) {
		const struct port *p = &ports->port[port];

		count->fill += ring_used(&p->fill);
		count->completion += ring_used(&p->completion);
		for (__u32 pipe = 0; pipe < m->shape.pipes; pipe++)
			count->rx += ring_used(&p->pipes[pipe].rx);
	}
	count->tx -= count->completion;
}
