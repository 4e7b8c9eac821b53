/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of layout.c: the two layouts. */
#ifndef LAYOUT_PIPES_H
#define LAYOUT_PIPES_H

#include "layout_xsk.h"

/* ---- the function ---- */

static void spin(double loops)
{
	for (__u64 i = loops; i; i--)
		__asm__ volatile("" : "+r"(i));
}

static void calibrate(void)
{
	double best = 1, start, took;

	for (int i = 0; i < 50; i++) {
		start = now();
		spin(1e6);
		took = now() - start;
		best = took < best ? took : best;
	}
	gen.loops_per_us = 1 / best;
}

static void work(const struct setup *s, const struct xdp_desc *d, __u32 n)
{
	for (__u32 i = 0; i < n; i++) {
		struct layout_frame *f = (void *)(s->umem + d[i].addr);
		__u8 swap[6];

		memcpy(swap, f->dst, 6);
		memcpy(f->dst, f->src, 6);
		memcpy(f->src, swap, 6);
		spin(s->work * gen.loops_per_us);
	}
}

static bool ended(const struct shared *sh)
{
	return __atomic_load_n(&sh->stop, __ATOMIC_RELAXED);
}

/* ---- A: a socket per pipe ---- */

static void lock(struct shared *sh)
{
	if (pthread_mutex_lock(&sh->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&sh->lock);
}

static void pipe_with_socket(struct setup *s, int id)
{
	struct counts *c = &s->sh->counts[id];
	struct sock *sock = &s->sock[id];
	struct pollfd fd = { .fd = sock->fd, .events = POLLIN };
	struct xdp_desc d[BATCH];
	__u32 n;

	while (!ended(s->sh)) {
		n = receive(sock, d);
		if (!n) {
			c->calls++;
			poll(&fd, 1, IDLE_MS);
			continue;
		}
		work(s, d, n);
		transmit(sock, d, n, c);
		lock(s->sh);
		recycle(s->sh);
		pthread_mutex_unlock(&s->sh->lock);
	}
}

/* ---- B: a dispatcher ---- */

static bool push(struct spsc *ring, const struct xdp_desc *d)
{
	__u32 head = ring->head;

	if (head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == RING)
		return false;
	ring->slot[head % RING] = *d;
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

static __u32 pop(struct spsc *ring, struct xdp_desc *d)
{
	__u32 tail = ring->tail, n = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;

	n = n > BATCH ? BATCH : n;
	for (__u32 i = 0; i < n; i++)
		d[i] = ring->slot[(tail + i) % RING];
	__atomic_store_n(&ring->tail, tail + n, __ATOMIC_RELEASE);
	return n;
}

static bool empty(const struct spsc *ring)
{
	return __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) ==
	       __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
}

static void futex(__u32 *word, int op, __u32 value, struct counts *c)
{
	struct timespec limit = { .tv_nsec = IDLE_MS * 1000000 };

	c->calls++;
	syscall(SYS_futex, word, op, value, op == FUTEX_WAIT ? &limit : NULL, NULL, 0);
}

/* After something was pushed: true when its reader slept and is to be woken. */
static bool sleeps(__u32 *asleep)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(asleep, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(asleep, 0, __ATOMIC_SEQ_CST);
}

static void go_to_sleep(__u32 *asleep)
{
	__atomic_store_n(asleep, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void pipe_behind_dispatcher(struct setup *s, int id)
{
	struct shared *sh = s->sh;
	struct counts *c = &sh->counts[id];
	struct xdp_desc d[BATCH];
	__u64 one = 1;
	__u32 n;

	while (!ended(sh)) {
		n = pop(&sh->to[id], d);
		if (!n) {
			go_to_sleep(&sh->asleep[id]);
			if (empty(&sh->to[id]))
				futex(&sh->asleep[id], FUTEX_WAIT, 1, c);
			__atomic_store_n(&sh->asleep[id], 0, __ATOMIC_SEQ_CST);
			continue;
		}
		work(s, d, n);
		for (__u32 i = 0; i < n; i++)
			while (!push(&sh->from[id], &d[i])) /* its reader is awake */
				sched_yield();
		if (sleeps(&sh->asleep[LAYOUT_PIPES])) {
			c->calls++;
			if (write(s->wake, &one, sizeof(one)) < 0)
				fail("eventfd");
		}
	}
}

/* The frames of a pipe that does not keep up go back at once. */
static __u32 dispatch(struct setup *s, struct counts *c)
{
	struct xdp_desc d[BATCH];
	__u32 n = receive(&s->sock[0], d);
	bool given[LAYOUT_PIPES] = {};

	for (__u32 i = 0; i < n; i++) {
		int to = layout_hash((void *)(s->umem + d[i].addr)) % s->pipes;
		__u64 frame = d[i].addr & ~(__u64)(FRAME_SIZE - 1);

		if (push(&s->sh->to[to], &d[i]))
			given[to] = true;
		else
			refill(s->sh, &frame, 1);
	}
	for (int i = 0; i < s->pipes; i++)
		if (given[i] && sleeps(&s->sh->asleep[i]))
			futex(&s->sh->asleep[i], FUTEX_WAKE, 1, c);
	return n;
}

static __u32 collect(struct setup *s, struct counts *c)
{
	struct xdp_desc d[BATCH];
	__u32 n, all = 0;

	for (int i = 0; i < s->pipes; i++) {
		n = pop(&s->sh->from[i], d);
		if (!n)
			continue;
		transmit(&s->sock[0], d, n, c);
		recycle(s->sh);
		all += n;
	}
	return all;
}

static bool nothing_back(const struct setup *s)
{
	for (int i = 0; i < s->pipes; i++)
		if (!empty(&s->sh->from[i]))
			return false;
	return true;
}

static void dispatcher(struct setup *s, int id)
{
	struct shared *sh = s->sh;
	struct counts *c = &sh->counts[id];
	struct pollfd fd[] = { { .fd = s->sock[0].fd, .events = POLLIN },
			       { .fd = s->wake, .events = POLLIN } };
	__u64 wakes;

	while (!ended(sh)) {
		if (dispatch(s, c) + collect(s, c))
			continue;
		go_to_sleep(&sh->asleep[LAYOUT_PIPES]);
		if (nothing_back(s)) {
			c->calls++;
			poll(fd, 2, IDLE_MS);
		}
		__atomic_store_n(&sh->asleep[LAYOUT_PIPES], 0, __ATOMIC_SEQ_CST);
		if (fd[1].revents) {
			c->calls++;
			if (read(s->wake, &wakes, sizeof(wakes)) < 0)
				fail("eventfd");
			fd[1].revents = 0;
		}
	}
}

#endif
