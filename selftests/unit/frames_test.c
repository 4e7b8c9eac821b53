// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Frames survive whoever has them in hand: a child moves frames over rings in
 * shared memory, of which this test plays the kernel's side. It is stopped behind
 * each of its instructions, and what it has left by then is recovered, as if it had
 * died; at every 29th (with GALETTE_FULL: each) it is also killed. Every frame must
 * then be in one place, once.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "slowpath/frames.h"
#include "unit/unit.h"

enum {
	PORTS = 2,
	PIPES = 2,
	FRAMES = 8, /* of each port */
	ALL = 16,
	LEN = 60,
};

/* The kernel's side of a ring is this test's, its indexes are in the world. */
struct words {
	__u32 producer, consumer;
	__u64 entries[ALL * 2];
};

struct world {
	struct words fill[PORTS], completion[PORTS], rx[PORTS][PIPES], tx[PORTS][PIPES];
};

static struct world *world;
static struct ports ports;
static struct slow_memory *const memory = &ports.memory;
static struct port port_list[PORTS];
static struct pipe_socket sockets[PORTS][PIPES];
static void *clean, *clean_world; /* as they were before the child */
static size_t clean_size;

static struct ring ring_of(struct words *words, __u32 size)
{
	return (struct ring) {
		&words->producer, &words->consumer, words->entries, size, NULL, 0
	};
}

static void make_ports(void)
{
	const struct slow_shape shape = { .pipes = PIPES, .ports = PORTS, .frames = FRAMES };
	int fd;

	assert_int_equal(memory_make(&shape, &fd, memory), 0);
	close(fd);
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	for (int p = 0; p < PORTS; p++) {
		port_list[p].fill = ring_of(&world->fill[p], FRAMES);
		port_list[p].completion = ring_of(&world->completion[p], ALL);
		port_list[p].pipes = sockets[p];
		for (int i = 0; i < PIPES; i++) {
			sockets[p][i].fd = -1;
			sockets[p][i].rx = ring_of(&world->rx[p][i], FRAMES);
			sockets[p][i].tx = ring_of(&world->tx[p][i], FRAMES);
		}
	}
	ports.port = port_list;
	clean_size = memory->umem - (unsigned char *)memory->shared;
	clean = malloc(clean_size);
	clean_world = malloc(sizeof(*world));
}

/* ---- the kernel ---- */

static void kernel_receive(int port, int pipe, int count)
{
	struct ring *fill = &port_list[port].fill, *rx = &sockets[port][pipe].rx;

	for (; count; count--) {
		__u32 from = ring_consumed(fill), to = ring_produced(rx);

		assert_true(ring_used(fill) > 0);
		*ring_desc(rx, to) =
			(struct xdp_desc) { .addr = *ring_addr(fill, from) + SLOW_HEADROOM,
					    .len = LEN };
		ring_consume(fill, from + 1);
		ring_produce(rx, to + 1);
	}
}

/* `lag`: the index of the transmit ring stays behind, as it may. */
static void kernel_send(int port, int pipe, int count, bool lag)
{
	struct ring *tx = &sockets[port][pipe].tx, *completion = &port_list[port].completion;
	__u32 from = ring_consumed(tx);

	for (; count; count--, from++) {
		__u32 to = ring_produced(completion);

		*ring_addr(completion, to) = ring_desc(tx, from)->addr;
		ring_produce(completion, to + 1);
	}
	if (!lag)
		ring_consume(tx, from);
}

/* Frames 0 … of port 0: three sent and one of these done, two received and two more to receive. */
static void set_scene(void)
{
	struct hand hand = { .ports = &ports, .pipe = 0 };
	struct packet packet;

	memset(memory->owners, 0, memory_total(memory));
	memset(world, 0, sizeof(*world));
	for (__u32 port = 0; port < PORTS; port++) {
		for (__u32 i = 0; i < FRAMES; i++)
			*ring_addr(&port_list[port].fill, i) =
				(__u64)(port * FRAMES + i) * SLOW_FRAME_SIZE;
		ring_produce(&port_list[port].fill, FRAMES);
	}
	kernel_receive(0, 0, 7);
	for (__u32 i = 0; i < 3; i++) {
		assert_true(frames_receive(&hand, 0, &packet));
		assert_true(frames_send(&hand, i & 1, packet.addr, LEN, GALETTE_ROUTE_TX));
	}
	kernel_send(0, 0, 1, true);
}

/* ---- the child ---- */

static void live(void)
{
	struct hand hand = { .ports = &ports, .pipe = 0 };
	struct packet packet;
	__u8 kind;

	frames_receive(&hand, 0, &packet);
	frames_send(&hand, 1, packet.addr, LEN, GALETTE_ROUTE_REDIRECT);
	frames_receive(&hand, 0, &packet);
	frames_done(&hand, packet.addr);
	frames_reap(&hand, 0);
	frames_flush(&hand);
	frames_receive(&hand, 0, &packet);
	frames_send(&hand, 0, packet.addr, LEN, GALETTE_ROUTE_TX);
	for (__u32 port = 0; port < PORTS; port++)
		while (frames_take_back(&hand, port, &kind))
			;
	frames_flush(&hand);
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		live();
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

/* ---- afterwards ---- */

static void see(int *seen, __u64 addr)
{
	if (addr != ~0ull)
		seen[addr / SLOW_FRAME_SIZE]++;
}

/* In a fill or receive ring with owner 0, or SLOW_SENT; and what is to be sent is so only once. */
static void look(long at)
{
	int seen[ALL] = { 0 }, sent[ALL] = { 0 };

	for (int port = 0; port < PORTS; port++) {
		const struct port *p = &port_list[port];

		for (__u32 i = ring_consumed(&p->fill); i != ring_produced(&p->fill); i++)
			see(seen, *ring_addr(&p->fill, i));
		for (__u32 i = ring_consumed(&p->completion);
		     i != ring_produced(&p->completion); i++)
			see(sent, *ring_addr(&p->completion, i));
		for (int pipe = 0; pipe < PIPES; pipe++) {
			const struct ring *rx = &sockets[port][pipe].rx;

			for (__u32 i = ring_consumed(rx); i != ring_produced(rx); i++)
				see(seen, ring_desc(rx, i)->addr);
		}
	}
	/* Beyond the kernel's own mark the one that it has not sent. */
	for (int port = 0; port < PORTS; port++) {
		const struct ring *tx = &sockets[port][0].tx;

		for (__u32 i = ring_consumed(tx) + !port; i != ring_produced(tx); i++)
			see(sent, ring_desc(tx, i)->addr);
	}
	for (int i = 0; i < ALL; i++) {
		bool out = memory->owners[i] == SLOW_SENT;

		if (seen[i] != !out || sent[i] != out || (!out && memory->owners[i] != 0))
			fail_msg("dead behind instruction %ld: frame %d is %d times in "
				 "rings to receive, %d times in rings to send, owner %u",
				 at, i, seen[i], sent[i], memory->owners[i]);
	}
}

static void count(long at)
{
	struct galette_helper c;

	frames_count(&ports, &c);
	if (c.total != ALL || c.fill + c.rx + c.tx + c.completion + c.hand != c.total || c.hand)
		fail_msg("dead behind instruction %ld: %u = %u + %u + %u + %u + %u", at,
			 c.total, c.fill, c.rx, c.tx, c.completion, c.hand);
}

/* False: the child has come to its end. */
static bool step(pid_t pid)
{
	int status;

	ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP;
}

static void recover(long at)
{
	for (int again = 0; again < 2; again++) {
		frames_release(&ports, 0);
		frames_recover(&ports, 0);
		look(at);
		count(at);
	}
}

static void stopped_anywhere(void **state)
{
	pid_t pid;
	long at;

	set_scene();
	pid = start();
	for (at = 0; step(pid); at++) {
		memcpy(clean, memory->shared, clean_size);
		memcpy(clean_world, world, sizeof(*world));
		recover(at);
		memcpy(memory->shared, clean, clean_size);
		memcpy(world, clean_world, sizeof(*world));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	print_message("# stopped behind each of %ld instructions: every frame is in one "
		      "place\n",
		      at);
	assert_true(at > 500);
}

static void killed_anywhere(void **state)
{
	const long every = getenv("GALETTE_FULL") ? 1 : 29;
	bool more = true;
	long at, kills;

	for (at = every / 2, kills = 0; more; at += every, kills++) {
		pid_t pid;

		set_scene();
		pid = start();
		for (long i = 0; i < at && more; i++)
			more = step(pid);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		recover(at);
	}
	print_message("# killed %ld times: every frame is in one place\n", kills);
}

/* ---- two at once ---- */

/* One whose wake-up were lost would sleep for ever, and this test with it. */
static void both_at_a_lock(void **state)
{
	enum {
		ROUNDS = 300000
	};
	pid_t pids[PIPES];
	int status;

	set_scene();
	for (int pipe = 0; pipe < PIPES; pipe++) {
		struct hand hand = { .ports = &ports, .pipe = pipe };

		pids[pipe] = fork();
		if (pids[pipe])
			continue;
		for (int i = 0; i < ROUNDS; i++) {
			frames_done(&hand, (__u64)pipe * SLOW_FRAME_SIZE);
			frames_flush(&hand);
			for (volatile int pause = i % 200; pause; pause--)
				;
		}
		_exit(0);
	}
	for (int pipe = 0; pipe < PIPES; pipe++) {
		waitpid(pids[pipe], &status, 0);
		assert_int_equal(status, 0);
	}
	print_message("# %d processes, %d times at one lock each\n", PIPES, ROUNDS);
}

/* What a pipe in the wrong hands may have left. */
static void nonsense_left(void **state)
{
	struct slow_shared *shared = memory->shared;
	struct hand hand = { .ports = &ports, .pipe = 0 };

	set_scene();
	shared->port[0].lock = 77;
	shared->port[0].fill.active = 1;
	shared->port[0].fill.to = shared->port[0].fill.from - 1;
	shared->port[1].lock = PIPES;
	shared->port[1].completion.active = 1;
	shared->port[1].completion.to = shared->port[1].completion.from - 1;
	memory->owners[3] = 200;
	frames_release_all(&ports);
	assert_int_equal(memory->owners[3], 1);
	frames_done(&hand, 0);
	frames_flush(&hand);
}

/* ---- what the kernel may do ---- */

/* A frame that was sent and came back, and is sent again: twice in one ring. */
static void twice_in_a_ring(void **state)
{
	struct hand hand = { .ports = &ports, .pipe = 0 };
	struct galette_helper c;
	struct packet packet;
	int back = 0;
	__u8 kind;

	set_scene();
	frames_reap(&hand, 0);
	frames_flush(&hand);
	kernel_receive(0, 0, 2); /* the second is the one that was sent */
	while (frames_receive(&hand, 0, &packet))
		assert_true(frames_send(&hand, 0, packet.addr, LEN, GALETTE_ROUTE_REDIRECT));
	frames_count(&ports, &c);
	assert_int_equal(c.tx, 8);
	for (__u32 port = 0; port < PORTS; port++)
		for (; frames_take_back(&hand, port, &kind); back++)
			;
	frames_flush(&hand);
	assert_int_equal(back, 8);
	frames_count(&ports, &c);
	assert_int_equal(c.fill, ALL);
	print_message("# %d packets taken back from rings with 9 entries\n", back);
}

/* Of the interface that drops what it is given: the call says so. */
static bool drops;

ssize_t sendto(int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG to,
	       socklen_t length)
{
	if (!drops)
		return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
	errno = EBUSY;
	return -1;
}

static void complete(int port, __u64 addr)
{
	struct ring *completion = &port_list[port].completion;
	__u32 at = ring_produced(completion);

	*ring_addr(completion, at) = addr;
	ring_produce(completion, at + 1);
}

/*
 * The driver has the first and drops the second: that gives the first one's frame back,
 * and the second one's comes when the driver has done with the first.
 */
static void dropped_behind_another(void **state)
{
	struct hand hand = { .ports = &ports, .pipe = 0 };
	struct ring *tx = &sockets[1][0].tx;
	struct galette_helper c;
	struct packet packet;
	__u64 first, second;
	int back = 0;
	__u8 kind;

	set_scene();
	for (int i = 0; i < 3; i++) {
		assert_true(frames_receive(&hand, 0, &packet));
		assert_true(frames_send(&hand, 1, packet.addr, LEN, GALETTE_ROUTE_REDIRECT));
	}
	first = ring_desc(tx, 0)->addr;
	second = ring_desc(tx, 1)->addr;
	ring_consume(tx, 1);
	frames_count(&ports, &c);
	drops = true;
	assert_int_equal(frames_kick(&hand, 1), -EAGAIN);
	drops = false;
	complete(1, first);
	frames_reap(&hand, 1);
	for (; frames_take_back(&hand, 1, &kind); back++)
		;
	complete(1, second);
	frames_reap(&hand, 1);
	frames_flush(&hand);
	assert_int_equal(back, 2);
	assert_int_equal(ring_used(&port_list[0].fill) + ring_used(&port_list[1].fill),
			 c.fill + 4);
}

static void bad_descriptors(void **state)
{
	static const struct xdp_desc bad[] = {
		{ .addr = ~0ull, .len = 60 },
		{ .addr = (__u64)ALL * SLOW_FRAME_SIZE, .len = 60 },
		{ .addr = SLOW_HEADROOM, .len = SLOW_FRAME_SIZE },
		{ .addr = SLOW_HEADROOM, .len = ~0u },
	};
	struct hand hand = { .ports = &ports, .pipe = 0 };
	struct ring *rx = &sockets[1][0].rx;
	struct packet packet;

	set_scene();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		*ring_desc(rx, ring_produced(rx)) = bad[i];
		ring_produce(rx, ring_produced(rx) + 1);
		assert_true(frames_receive(&hand, 1, &packet));
		assert_int_equal(packet.len, 0);
	}
	assert_int_equal(hand.done_count, 2);
	assert_int_equal(frames_unhandled(&ports, 0), 3 + 4);
}

/* A socket that takes the call and sends nothing, as Linux 5.11 to 5.17 do while it prefers to poll. */
static void sends_nothing(void **state)
{
	struct hand hand = { .ports = &ports, .pipe = 0 };
	struct pipe_socket *s = &sockets[1][0];
	int ends[2], one = 1, prefers = 1;
	socklen_t length = sizeof(prefers);

	set_scene();
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_PREFER_BUSY_POLL, &one, sizeof(one));
	s->fd = ends[0];
	s->polls = true;
	ring_produce(&s->tx, ring_produced(&s->tx) + 1);
	assert_int_equal(frames_kick(&hand, 1), -EAGAIN);
	assert_false(s->polls);
	assert_int_equal(
		getsockopt(ends[0], SOL_SOCKET, SO_PREFER_BUSY_POLL, &prefers, &length), 0);
	assert_int_equal(prefers, 0);
	assert_int_equal(recv(ends[1], &one, sizeof(one), MSG_DONTWAIT), 0);
	assert_int_equal(recv(ends[1], &one, sizeof(one), MSG_DONTWAIT),
			 0); /* and again without */
	assert_int_equal(recv(ends[1], &one, sizeof(one), MSG_DONTWAIT), -1);
	close(ends[0]);
	close(ends[1]);
	s->fd = -1;
}

/* The kernel says that it has sent a frame which is free: it does not become two. */
static void not_sent(void **state)
{
	struct hand hand = { .ports = &ports, .pipe = 0 };
	struct ring *completion = &port_list[0].completion;
	struct galette_helper before, after;

	set_scene();
	frames_reap(&hand, 0);
	frames_flush(&hand);
	frames_count(&ports, &before);
	*ring_addr(completion, ring_produced(completion)) =
		ring_read_addr(&port_list[0].fill, ring_produced(&port_list[0].fill) - 1);
	ring_produce(completion, ring_produced(completion) + 1);
	frames_reap(&hand, 0);
	frames_flush(&hand);
	frames_count(&ports, &after);
	assert_int_equal(after.fill, before.fill);
	assert_int_equal(after.completion, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stopped_anywhere),       cmocka_unit_test(killed_anywhere),
		cmocka_unit_test(both_at_a_lock),         cmocka_unit_test(nonsense_left),
		cmocka_unit_test(twice_in_a_ring),        cmocka_unit_test(bad_descriptors),
		cmocka_unit_test(sends_nothing),          cmocka_unit_test(not_sent),
		cmocka_unit_test(dropped_behind_another),
	};

	make_ports();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
