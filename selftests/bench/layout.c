// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * layout IF PEER [REPEAT [SECONDS [WORK]]]: several user-space pipes, a process each,
 * on the one queue of the veth IF, AF_XDP in copy mode, one UMEM; two ways:
 *
 *   A  a socket per pipe, chosen by the XDP program through the XSKMAP; the
 *      fill and the completion ring are shared, under a robust mutex
 *   B  one socket; a dispatcher process gives descriptors to the pipes and takes
 *      them back through shared single-producer rings, and wakes who sleeps
 *
 * A pipe swaps the addresses, spends W us (a loop that was calibrated: work, not
 * a wait), and the frame leaves by AF_XDP. The generator sends paced bursts of
 * 64 flows out of PEER, pinned to CPU 0 and with real-time priority, as a NIC's
 * interrupts would come; XDP at PEER counts what comes back. Pipes run where the
 * scheduler puts them. A and B take turns; the medians of REPEAT are printed.
 * Checked: frames come back swapped and in order within their flow, and at the
 * end every frame of the UMEM is in just one place. Speeds are not judged.
 *
 * Measured on a shared 2-core VM, Linux 6.18: thousands of packets per second that
 * were offered (k) and came back, CPU us of the user processes and system calls per
 * packet, latency there and back in us; A's figure, then B's, medians of 5. The tails
 * (p99) are the machine's as much as the layout's.
 *
 *   W  N    k | good     A/B  | CPU         | calls     | median      | p99
 *   0  1    1 |   1   1  1.00 | 10.88 27.42 | 2.00 5.99 |    25    37 |   616  1043
 *   0  1  100 | 100 100  1.00 |  1.67  3.11 | 0.24 0.64 |    29    57 |   366  1410
 *   0  1  400 | 377 380  0.99 |  1.18  1.59 | 0.14 0.27 |    65   291 |  1530  3346
 *   0  2    1 |   1   1  1.00 | 10.12 22.17 | 2.00 5.34 |    25    34 |    72   110
 *   0  2  100 | 100 100  1.00 |  2.17  3.77 | 0.42 0.98 |    33    48 |    90   109
 *   0  2  400 | 400 393  1.02 |  1.62  2.12 | 0.34 0.25 |    69  1195 |   159  2946
 *   0  3    1 |   1   1  1.00 | 11.33 22.97 | 2.00 5.39 |    26    36 |   352  1341
 *   0  3  100 | 100 100  1.00 |  2.61  4.31 | 0.51 1.16 |    36    51 |   742   157
 *   0  3  400 | 400 389  1.03 |  1.76  2.01 | 0.33 0.40 |    67   360 |   177  2189
 *   2  1    1 |   1   1  1.00 | 11.97 26.04 | 1.99 5.69 |    22    39 |    80  1470
 *   2  1  100 | 100 100  1.00 |  3.55  4.81 | 0.17 0.57 |    57    67 |   193  1750
 *   2  1  200 | 186 155  1.20 |  3.24  3.55 | 0.05 0.10 |  4938  6588 |  6367  7080
 *   2  1  400 | 300 152  1.97 |  3.06  4.32 | 0.03 0.33 |  3276  5601 |  4040  9661
 *   2  2    1 |   1   1  1.00 | 14.23 32.78 | 1.99 6.12 |    28    47 |  1010  1131
 *   2  2  100 | 100 100  1.00 |  4.16  5.88 | 0.41 0.99 |    53    66 |   138  1169
 *   2  2  200 | 200 200  1.00 |  3.55  4.39 | 0.23 0.46 |    90   348 |  1907  4994
 *   2  2  400 | 266 270  0.99 |  3.21  3.29 | 0.05 0.07 |  5707  7526 | 16169 13304
 *   2  3    1 |   1   1  1.00 | 14.28 32.06 | 2.00 6.09 |    29    46 |   839  1256
 *   2  3  100 | 100 100  1.00 |  4.60  6.26 | 0.50 1.18 |    51    68 |   706  1218
 *   2  3  200 | 200 200  1.00 |  3.91  4.79 | 0.33 0.61 |    81   105 |   358  2147
 *   2  3  400 | 298 318  0.94 |  3.36  3.78 | 0.05 0.20 |  3590  2761 | 24259 13649
 *  10  1    1 |   1   1  1.00 | 19.91 33.90 | 2.00 6.94 |    35    47 |    76   126
 *  10  1   50 |  50  50  1.00 | 12.33 15.09 | 0.33 1.04 |    85   151 |   155   201
 *  10  1  100 |  90  98  0.92 | 11.09 11.53 | 0.03 0.14 | 11736 10830 | 12033 11146
 *  10  1  200 |  90  98  0.92 | 11.08 11.49 | 0.03 0.13 | 11917 11044 | 12063 11251
 *  10  2    1 |   1   1  1.00 | 19.98 32.81 | 2.00 6.97 |    34    45 |    98   116
 *  10  2   50 |  50  50  1.00 | 13.71 18.28 | 0.71 1.89 |    70    86 |   140   225
 *  10  2  100 | 100 100  1.00 | 11.77 14.33 | 0.11 0.79 |   491   297 |  4972  8745
 *  10  2  200 | 134  95  1.41 | 11.75 14.70 | 0.03 0.49 | 12302 18231 | 22994 39466
 *  10  3    1 |   1   1  1.00 | 21.15 33.12 | 2.00 6.98 |    36    46 |   174   110
 *  10  3   50 |  50  50  1.00 | 13.78 18.51 | 0.72 1.95 |    76    93 |   382   271
 *  10  3  100 | 100 100  1.00 | 11.87 14.06 | 0.17 0.70 |   574  1460 |  4995 15716
 *  10  3  200 | 134 111  1.20 | 11.81 13.36 | 0.03 0.29 | 23414 31401 | 27684 40262
 *
 * The mutex of A was another's in 37 of 150,000 takings at worst (W = 0, N = 3).
 * sendto() failed with EAGAIN, which says: 32 frames went, more wait; and once with EBUSY.
 * With copy mode and no XDP_USE_NEED_WAKEUP poll() transmits as well: without the
 * sendto() A needs one call a packet instead of two at 1k.
 */
#include "layout_pipes.h"

/* ---- a setup ---- */

static void start_child(struct setup *s, void (*run)(struct setup *, int), int id)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			run(s, id);
		_exit(0);
	}
	s->child[s->children++] = pid;
}

static void init_shared(struct setup *s)
{
	pthread_mutexattr_t attributes;

	s->sh = shared_memory(sizeof(*s->sh));
	s->umem = shared_memory((size_t)FRAMES * FRAME_SIZE);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->sh->lock, &attributes);
}

static void start(struct setup *s)
{
	init_shared(s);
	s->sockets = s->dispatched ? 1 : s->pipes;
	for (int i = 0; i < s->sockets; i++) {
		s->sock[i].fd = xdp_socket();
		if (!i)
			add_umem(s->sock[0].fd, s->umem, &s->sh->fill, &s->sh->done);
		add_socket(&s->sock[i], gen.dev, i ? s->sock[0].fd : -1);
		if (bpf_map_update_elem(gen.xsks, &i, &s->sock[i].fd, 0))
			fail("XSKMAP");
	}
	for (__u64 i = 0; i < FRAMES; i++)
		refill(s->sh, &(__u64) { i * FRAME_SIZE }, 1);
	for (int i = 0; i < s->pipes; i++)
		start_child(s, s->dispatched ? pipe_behind_dispatcher : pipe_with_socket, i);
	if (s->dispatched)
		start_child(s, dispatcher, LAYOUT_PIPES);
	gen.state->pipes = s->sockets;
}

static void see(__u8 *seen, __u64 address)
{
	seen[address / FRAME_SIZE]++;
}

/*
 * Where the frames are. In copy mode the kernel keeps one that it took from the
 * fill ring when the RX ring proved full: it is the next packet's.
 */
static void check_frames(struct setup *s)
{
	static __u8 seen[FRAMES];
	struct shared *sh = s->sh;
	int missing = 0, twice = 0;

	memset(seen, 0, sizeof(seen));
	for (__u32 i = *sh->fill.consumer; i != *sh->fill.producer; i++)
		see(seen, *xsk_ring_prod__fill_addr(&sh->fill, i));
	for (__u32 i = *sh->done.consumer; i != *sh->done.producer; i++)
		see(seen, *xsk_ring_cons__comp_addr(&sh->done, i));
	for (int k = 0; k < s->sockets; k++) {
		struct sock *k_sock = &s->sock[k];

		for (__u32 i = *k_sock->rx.consumer; i != *k_sock->rx.producer; i++)
			see(seen, xsk_ring_cons__rx_desc(&k_sock->rx, i)->addr);
		for (__u32 i = *k_sock->tx.consumer; i != *k_sock->tx.producer; i++)
			see(seen, xsk_ring_prod__tx_desc(&k_sock->tx, i)->addr);
	}
	for (int k = 0; k < s->pipes; k++) {
		for (__u32 i = sh->to[k].tail; i != sh->to[k].head; i++)
			see(seen, sh->to[k].slot[i % RING].addr);
		for (__u32 i = sh->from[k].tail; i != sh->from[k].head; i++)
			see(seen, sh->from[k].slot[i % RING].addr);
	}
	for (int i = 0; i < FRAMES; i++) {
		missing += !seen[i];
		twice += seen[i] > 1;
	}
	if (missing > 1 || twice) {
		fprintf(stderr, "layout: %d frames are nowhere, %d in two places\n", missing,
			twice);
		exit(1);
	}
}

static void end(struct setup *s)
{
	int status;

	__atomic_store_n(&s->sh->stop, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < s->children; i++) {
		if (waitpid(s->child[i], &status, 0) < 0)
			fail("waitpid");
		if (status)
			exit(1);
	}
	gen.state->pipes = 0;
	check_frames(s);
}

/* ---- the generator ---- */

static void open_generator(void)
{
	static const __u8 ip[] = { 0x45, 0, 0,  42, 0, 0, 0,  0, 64, 17,
				   0,    0, 10, 0,  0, 1, 10, 0, 0,  2 };
	struct xsk_ring_prod fill;

	gen.umem = shared_memory((size_t)FRAMES * FRAME_SIZE);
	for (int i = 0; i < FRAMES; i++) {
		struct layout_frame *f = (void *)(gen.umem + (size_t)i * FRAME_SIZE);
		int port = LAYOUT_PORT + i % LAYOUT_FLOWS;

		*f = (struct layout_frame) { .type = { 8 }, .magic = LAYOUT_MAGIC };
		f->port[0] = port >> 8;
		f->port[1] = port;
		memset(f->dst, 2, sizeof(f->dst));
		memset(f->src, 4, sizeof(f->src));
		memcpy(f->ip, ip, sizeof(ip));
	}
	gen.tx.fd = xdp_socket();
	add_umem(gen.tx.fd, gen.umem, &fill, &gen.done);
	add_socket(&gen.tx, gen.peer, -1);
}

static void burst(__u32 n)
{
	struct xdp_desc d[BATCH];
	struct counts ignored = {};
	__u32 at;

	for (__u32 i = 0; i < n; i++) {
		__u64 seq = ++gen.state->sent;
		struct layout_frame *f;

		d[i] = (struct xdp_desc) { .addr = seq % FRAMES * FRAME_SIZE,
					   .len = sizeof(*f) };
		f = (void *)(gen.umem + d[i].addr);
		f->seq = seq;
		f->time = now() * 1e9;
	}
	transmit(&gen.tx, d, n, &ignored);
	n = xsk_ring_cons__peek(&gen.done, FRAMES, &at);
	xsk_ring_cons__release(&gen.done, n);
}

/* Bursts of what is due in 100 us; late ones are sent late. */
static void generate(int rate, double seconds)
{
	double begin = now(), t, sent = 0, most = rate / 1e4;

	most = most < 1 ? 1 : most > BATCH ? BATCH : most;
	while ((t = now() - begin) < seconds) {
		double due = t * rate - sent;

		if (due < most) {
			usleep((most - due) / rate * 1e6 + 1);
			continue;
		}
		due = due > BATCH ? BATCH : due;
		burst(due);
		sent += (__u32)due;
	}
}

static void be_interrupt(void)
{
	struct sched_param param = { .sched_priority = 10 };
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) ||
	    sched_setscheduler(0, SCHED_FIFO, &param))
		fail("real-time priority");
	prctl(PR_SET_TIMERSLACK, 1);
}

/* ---- measuring ---- */

struct snapshot {
	double time, cpu;
	__u64 sent, received, calls;
};

static struct snapshot snapshot(const struct setup *s)
{
	struct snapshot at = { .time = now(),
			       .sent = gen.state->sent,
			       .received = gen.state->received };
	struct timespec t;
	clockid_t clock;

	for (int i = 0; i < s->children; i++) {
		if (clock_getcpuclockid(s->child[i], &clock) || clock_gettime(clock, &t))
			fail("clock of a process");
		at.cpu += t.tv_sec + t.tv_nsec / 1e9;
	}
	for (int i = 0; i <= LAYOUT_PIPES; i++)
		at.calls += s->sh->counts[i].calls;
	return at;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void latencies(const struct snapshot *from, const struct snapshot *to, struct result *r)
{
	static double us[LAYOUT_SAMPLES];
	__u64 n = to->received - from->received;

	n = n > LAYOUT_SAMPLES ? LAYOUT_SAMPLES : n;
	for (__u64 i = 0; i < n; i++)
		us[i] = gen.state->latency[(to->received - 1 - i) % LAYOUT_SAMPLES] / 1e3;
	qsort(us, n, sizeof(*us), by_value);
	r->p50 = n ? us[n / 2] : 0;
	r->p99 = n ? us[n * 99 / 100] : 0;
}

/* Until nothing comes back any more. */
static void settle(void)
{
	__u64 before;

	do {
		before = gen.state->received;
		usleep(30000);
	} while (gen.state->received != before);
}

static struct result measure_rate(const struct setup *s, int rate, double seconds)
{
	struct snapshot idle = snapshot(s), from, to;
	struct result r = {};
	double n;

	generate(rate, 0.06);
	from = snapshot(s);
	generate(rate, seconds);
	to = snapshot(s);
	n = to.received - from.received;
	r.offered = (to.sent - from.sent) / (to.time - from.time);
	r.goodput = n / (to.time - from.time);
	r.cpu = (to.cpu - from.cpu) / n * 1e6;
	r.calls = (to.calls - from.calls) / n;
	latencies(&from, &to, &r);
	settle();
	to = snapshot(s);
	r.loss = 1 - (double)(to.received - idle.received) / (to.sent - idle.sent);
	return r;
}

/* In a process of its own: with it go sockets and mappings. */
static void measure(struct setup s, double seconds, struct result *results)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		open_generator();
		start(&s);
		be_interrupt();
		for (int i = 0; i < RATES; i++)
			results[i] = measure_rate(&s, rates[i], seconds);
		end(&s);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0 || status)
		exit(1);
	if (gen.state->misordered || gen.state->broken) {
		fprintf(stderr, "layout: %llu frames out of order, %llu not swapped\n",
			gen.state->misordered, gen.state->broken);
		exit(1);
	}
}

static double median(const struct result *results, int repeat, size_t member)
{
	double v[REPEAT_MAX];

	for (int i = 0; i < repeat; i++)
		v[i] = *(const double *)((const char *)&results[i * RATES] + member);
	qsort(v, repeat, sizeof(*v), by_value);
	return v[repeat / 2];
}

static void row(const struct result *a, const struct result *b, int repeat)
{
#define OF(x, member) median(x, repeat, offsetof(struct result, member))
	printf(" %4.0f | %4.0f %4.0f %5.2f | %5.1f %5.1f | %5.2f %5.2f | %5.2f %5.2f |"
	       " %5.0f %5.0f | %5.0f %5.0f\n",
	       OF(a, offered) / 1e3, OF(a, goodput) / 1e3, OF(b, goodput) / 1e3,
	       OF(a, goodput) / OF(b, goodput), OF(a, loss) * 100, OF(b, loss) * 100,
	       OF(a, cpu), OF(b, cpu), OF(a, calls), OF(b, calls), OF(a, p50), OF(b, p50),
	       OF(a, p99), OF(b, p99));
#undef OF
}

static void compare(int work_us, int pipes, int repeat, double seconds, struct result *results)
{
	struct result *a = results, *b = results + REPEAT_MAX * RATES;
	struct setup s = { .pipes = pipes, .work = work_us };

	for (int i = 0; i < repeat; i++)
		for (int k = 0; k < 2; k++) {
			s.dispatched = k ^ (i & 1);
			measure(s, seconds, (s.dispatched ? b : a) + i * RATES);
		}
	for (int i = 0; i < RATES; i++) {
		printf("%2d %d", work_us, pipes);
		row(a + i, b + i, repeat);
	}
	fflush(stdout);
}

/* ---- loading ---- */

static int program(struct bpf_object *object, const char *name)
{
	int fd = bpf_program__fd(bpf_object__find_program_by_name(object, name));

	if (fd < 0)
		fail(name);
	return fd;
}

static void load(void)
{
	char path[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 8);
	struct bpf_object *object;

	strcpy(path + (length > 0 ? length : 0), ".bpf.o");
	object = bpf_object__open(path);
	if (!object || bpf_object__load(object))
		fail(path);
	gen.xsks = bpf_object__find_map_fd_by_name(object, "layout_xsks");
	gen.state = mmap(NULL, sizeof(*gen.state), PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_object__find_map_fd_by_name(object, ".bss"), 0);
	if (gen.state == MAP_FAILED)
		fail("the programs' counts");
	if (bpf_xdp_attach(gen.dev, program(object, "layout_steer"), XDP_FLAGS_DRV_MODE,
			   NULL) ||
	    bpf_xdp_attach(gen.peer, program(object, "layout_sink"), XDP_FLAGS_DRV_MODE, NULL))
		fail("XDP");
}

int main(int argc, char **argv)
{
	int repeat = argc > 3 ? atoi(argv[3]) : 5;
	double seconds = argc > 4 ? atof(argv[4]) : 0.2;
	int work = argc > 5 ? atoi(argv[5]) : -1;
	bool compared = false;
	struct result *results = shared_memory(sizeof(*results) * 2 * REPEAT_MAX * RATES);

	gen.dev = argc > 2 ? if_nametoindex(argv[1]) : 0;
	gen.peer = argc > 2 ? if_nametoindex(argv[2]) : 0;
	if (!gen.dev || !gen.peer || repeat < 1 || repeat > REPEAT_MAX)
		fail("IF PEER [REPEAT [SECONDS [WORK]]]");
	load();
	calibrate();
	printf(" W N    k | good (A B A/B)   | lost %%      | CPU us      | calls       |"
	       " median us   | p99 us\n");
	for (size_t w = 0; w < sizeof(works) / sizeof(*works); w++) {
		if (work >= 0 && works[w] != work)
			continue;
		compared = true;
		for (int n = 1; n <= LAYOUT_PIPES; n++)
			compare(works[w], n, repeat, seconds, results);
	}
	if (!compared)
		fail("WORK is none of those that are compared");
	return 0;
}
