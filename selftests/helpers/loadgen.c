// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * loadgen PEER IF [option …]: send numbered frames out of PEER, one end of a
 * veth pair (with --skb also one of two network cards), into the chain on IF,
 * the other end; count what the chain sends back. Live frames: the generator, the
 * chain and the sink run on one CPU.
 * Ends after --count, --seconds or SIGTERM and prints one line of JSON. Frames
 * that may still come back are waited for; a second SIGTERM says that none will.
 *
 *   sent        frames generated
 *   enter_lost  of these, lost before IF: its ring was full, or it is down
 *   entered     frames that IF handed to XDP (or to the stack, without XDP)
 *   dropped     … dropped or aborted there; missed tail calls are among them
 *   passed      … given to the stack
 *   redirected  … to another interface
 *   tx          … sent back with XDP_TX
 *   tx_lost     … tried, but PEER's ring was full
 *   received    frames that the sink at PEER saw
 *   lost        entered but in none of the counts above: must be 0
 *   back_lost   with --slow: sent by galette-slow, but PEER's ring was full
 *   mixed, short, switches, backward, builds: see stamp.h
 *
 * The programs stay pinned in /sys/fs/bpf/load-PEER, so that the next call
 * costs a millisecond. Options:
 *   --count N --seconds S --rate PPS --cpu N --batch N --ready FILE
 *   --burst N   frames behind one look at the clock (a tenth of a second's worth)
 *   --window N  a burst begins when fewer than N of those before it have yet to come back,
 *               however long that takes
 *   --src A --dst A --sport N --dport N --vlan ID (twice: QinQ) --hops N
 *   --slow      redirected frames are on their way to galette-slow, and come back
 *   --skb       send frames through a packet socket instead: no setup time, and
 *               the one way where there are no live frames, into generic XDP, and
 *               into a stack without XDP. What IF's stack gets is counted by a
 *               packet socket there: stack, and of these overtaken: how many came
 *               behind a later one, or again. Generic XDP and network cards do not
 *               count: what has neither come back nor reached the stack is then
 *               dropped, and all that came back tx, or with --slow redirected
 *   --flood     with --skb: no matter whether the queues on their way have room
 *   --patience S   wait so long without news for frames that may not come back
 */
#include <errno.h>
#include <libgen.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "helpers/load_frame.h"
#include "helpers/load_options.h"
#include "helpers/load_stack.h"
#include "helpers/stamp.h"
#include "helpers/vethstat.h"

static struct {
	int generate, frame, counts;
} fd;

static volatile sig_atomic_t stop, terms; /* terms: SIGTERMs */
static __u64 stack, overtaken;            /* frames that IF's stack got; and out of order */
static bool veth;                         /* IF is one, and counts */

static void on_signal(int sig)
{
	stop = true;
	if (sig == SIGTERM)
		terms++;
}

static void fail(const char *what)
{
	fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ---- programs ---- */

static int pinned(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return bpf_obj_get(path);
}

static void load(const char *dir, int peer)
{
	char path[256];
	struct bpf_object *obj;
	struct bpf_program *sink;
	struct bpf_link *link;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);

	if (n < 0)
		fail("/proc/self/exe");
	path[n] = '\0';
	strcpy(path, dirname(path));
	strcat(path, "/load.bpf.o");
	obj = bpf_object__open_file(path, NULL);
	if (!obj || bpf_object__load(obj))
		fail(path);
	sink = bpf_object__find_program_by_name(obj, "load_sink");
	link = bpf_program__attach_xdp(sink, peer);
	if (!link)
		fail("attaching the sink");
	if (bpf_object__pin_maps(obj, dir) || bpf_object__pin_programs(obj, dir))
		fail(dir);
	snprintf(path, sizeof(path), "%s/link", dir);
	if (bpf_link__pin(link, path))
		fail(path);
	bpf_link__disconnect(link);
	bpf_object__close(obj);
}

static void open_programs(int peer)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "/sys/fs/bpf/load-%s", opt.peer);
	if (access(dir, F_OK))
		load(dir, peer);
	fd.generate = pinned(dir, "load_generate");
	fd.frame = pinned(dir, "frame");
	fd.counts = pinned(dir, "counts");
	if (fd.generate < 0 || fd.frame < 0 || fd.counts < 0)
		fail(dir);
}

static void sum_counts(struct load_counts *sum)
{
	int cpus = libbpf_num_possible_cpus();
	struct load_counts *per_cpu = calloc(cpus, sizeof(*per_cpu));
	__u32 zero = 0;

	memset(sum, 0, sizeof(*sum));
	if (!per_cpu || bpf_map_lookup_elem(fd.counts, &zero, per_cpu))
		fail("counts");
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < sizeof(*sum) / 8; i++)
			((__u64 *)sum)[i] += ((__u64 *)&per_cpu[cpu])[i];
	free(per_cpu);
}

static void clear_counts(void)
{
	int cpus = libbpf_num_possible_cpus();
	struct load_counts *zeros = calloc(cpus, sizeof(*zeros));
	__u32 zero = 0;

	if (!zeros || bpf_map_update_elem(fd.counts, &zero, zeros, BPF_ANY))
		fail("counts");
	free(zeros);
}

/* ---- sending ---- */

enum {
	SKB_WINDOW = 128, /* frames on their way; a veth's ring has room for 256 */
	SKB_BURST = 16,   /* frames behind one look at the clock */
	CARD_STILL_S = 5, /* an emulated card may be, when its machine has no time for it */
};

/* How many frames one run sends: setting it up costs some 20 ms without traffic, so many. */
static unsigned long long run_length(unsigned long long sent)
{
	unsigned long long n = opt.burst ? opt.burst : opt.rate ? opt.rate / 10 + 1 : 1 << 24;

	if (!sent)
		n = 64; /* to be ready soon */
	return opt.count && n > opt.count - sent ? opt.count - sent : n;
}

static void touch(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f || fclose(f))
		fail(path);
}

/* One look at the clock: what is late by a second one would sleep for an hour. */
static void keep_rate(double start, unsigned long long sent)
{
	double ahead = opt.rate ? start + sent / opt.rate - now() : 0;

	if (ahead > 0 && !stop)
		usleep(ahead * 1e6);
}

static void keep_window(unsigned long long sent)
{
	struct load_counts c;

	for (; opt.window && !stop; usleep(50)) {
		sum_counts(&c);
		if (sent < c.received + opt.window)
			return;
	}
}

static void send_frames(int peer, const struct load_frame *frame)
{
	__u8 data[LOAD_HEADER + sizeof(struct stamp)] = {};
	struct xdp_md ctx = { .ingress_ifindex = peer,
			      .data_end = frame->length + sizeof(struct stamp) };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data,
			    .data_size_in = ctx.data_end, .ctx_in = &ctx,
			    .ctx_size_in = sizeof(ctx), .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
			    .batch_size = opt.batch);
	unsigned long long sent = 0;
	double start = now();

	while (!stop && (!opt.count || sent < opt.count)) {
		run.repeat = run_length(sent);
		/* A signal ends the run early: the program has counted what it sent. */
		if (bpf_prog_test_run_opts(fd.generate, &run) && errno != EINTR)
			fail("BPF_PROG_TEST_RUN");
		if (!sent && opt.ready)
			touch(opt.ready);
		sent += run.repeat;
		keep_rate(start, sent);
		keep_window(sent);
	}
}

/*
 * No more of them at once than the queues on their way have room for. Those that do
 * not come back, for some may be dropped, are waited for once; but an emulated card
 * may be still for seconds, and its queue is no longer than a veth's.
 */
static void wait_for_room(int sock, __u64 sent)
{
	static __u64 given_up; /* less, when they come after all */
	__u64 missing = 0, back;
	struct load_counts c;

	for (double end = now() + (veth ? 0.01 : CARD_STILL_S); now() < end && !stop;
	     usleep(50)) {
		sum_counts(&c);
		stack += stack_drain(sock, &overtaken);
		back = c.received + stack; /* some may be of a run before */
		missing = sent > back ? sent - back : 0;
		if (given_up > missing)
			given_up = missing;
		if (missing - given_up < SKB_WINDOW)
			return;
	}
	given_up = missing;
}

/* Whether it is on its way: at the end one that would have to wait is not. */
static bool send_skb(int sock, const struct sockaddr_ll *to, const void *data, size_t length)
{
	struct pollfd room = { .fd = sock, .events = POLLOUT };
	ssize_t n;

	/* A card has its queue full; IF, which the socket is bound to, has gone down since. */
	for (;;) {
		n = sendto(sock, data, length, 0, (void *)to, sizeof(*to));
		if (n >= 0 || (errno != EAGAIN && errno != ENETDOWN) || stop)
			break;
		if (errno == EAGAIN)
			poll(&room, 1, 1);
	}
	/* ENOBUFS: IF did not take it, and PEER, if it is a veth, has counted that. */
	if (n < 0 && errno != ENOBUFS && !stop)
		fail("sending to a packet socket");
	return n >= 0 || errno == ENOBUFS;
}

/* The same frames through a packet socket, whichever it is bound to; returns how many. */
static __u64 send_skbs(int sock, int peer, const struct load_frame *frame)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = peer };
	__u8 data[LOAD_HEADER + sizeof(struct stamp)];
	struct stamp stamp = { .magic = STAMP_MAGIC };
	double start = now();

	memcpy(data, frame->header, frame->length);
	while (!stop && (!opt.count || stamp.seq < opt.count)) {
		stamp.seq++;
		memcpy(data + frame->length, &stamp, sizeof(stamp));
		if (!send_skb(sock, &to, data, frame->length + sizeof(stamp)))
			return stamp.seq - 1;
		if (stamp.seq == 1 && opt.ready)
			touch(opt.ready);
		if (!opt.flood && stamp.seq % (SKB_WINDOW / 2) == 0)
			wait_for_room(sock, stamp.seq);
		if (stamp.seq % SKB_BURST == 0) {
			keep_rate(start, stamp.seq);
			keep_window(stamp.seq);
		}
	}
	return stamp.seq;
}

/*
 * Where nothing is counted: what is seen at both ends is put where native XDP has it.
 * A veth with GRO has a NAPI, which counts what has come; its ring goes when IF goes down.
 */
static void count_ends(struct veth_stat *dev, const struct veth_stat *peer,
		       const struct load_counts *c)
{
	__u64 back_lost = opt.slow ? dev->xmit_drops : 0, entered;

	entered = dev->entered ?: c->sent - peer->xmit_drops;
	*dev = (struct veth_stat) { .entered = entered,
				    .xdp_drops = entered - c->received - stack - back_lost,
				    .xmit_drops = back_lost };
	*(opt.slow ? &dev->redirects : &dev->xdp_tx) = c->received + back_lost;
}

static void report(double seconds, const struct veth_stat *dev, const struct veth_stat *peer,
		   const struct load_counts *c)
{
	__u64 accounted =
		dev->xdp_drops + dev->redirects + dev->rx_drops + dev->xdp_tx + dev->tx_errors;
	__u64 sent_back = dev->xdp_tx + (opt.slow ? dev->redirects - dev->xmit_drops : 0);
	__u64 passed = dev->entered - accounted;
	/* Without XDP on IF all goes to the stack: then nothing is received either. */
	__s64 lost = sent_back - c->received;

	printf("{\"seconds\":%.3f,\"rate\":%.0f,\"sent\":%llu,\"enter_lost\":%lld,", seconds,
	       c->sent / seconds, c->sent,
	       (__s64)(c->sent - (opt.skb ? dev->entered : peer->xmit)));
	printf("\"entered\":%llu,\"dropped\":%llu,\"passed\":%lld,\"redirected\":%llu,",
	       dev->entered, dev->xdp_drops + dev->rx_drops, (__s64)passed, dev->redirects);
	if (opt.skb)
		printf("\"stack\":%llu,\"overtaken\":%llu,", stack, overtaken);
	if (opt.slow)
		printf("\"back_lost\":%llu,", dev->xmit_drops);
	printf("\"tx\":%llu,\"tx_lost\":%llu,\"received\":%llu,\"lost\":%lld,", dev->xdp_tx,
	       dev->tx_errors, c->received, lost);
	printf("\"mixed\":%llu,\"short\":%llu,\"switches\":%llu,\"backward\":%llu,\"builds\":[",
	       c->mixed, c->short_, c->switches, c->backward);
	for (int i = 0; i < STAMP_BUILDS; i++)
		printf("%s%llu", i ? "," : "", c->by_build[i]);
	printf("]}\n");
}

/*
 * Everything that was sent is accounted for; else wait: something is in a ring
 * still, or counted when its NAPI poll ends.
 */
static int settled(const struct veth_stat *dev, const struct veth_stat *peer,
		   const struct load_counts *c)
{
	__u64 gone = opt.slow ? dev->xmit_drops : dev->redirects;

	if (opt.skb)
		return c->received + stack + dev->xdp_drops + dev->rx_drops + dev->tx_errors +
			       gone ==
		       c->sent - peer->xmit_drops;
	return dev->entered == peer->xmit && dev->xdp_tx + dev->redirects - gone == c->received;
}

static bool is_generic(void)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, xdp);

	if (bpf_xdp_query(if_nametoindex(opt.dev), 0, &xdp))
		fail("bpf_xdp_query");
	return xdp.attach_mode == XDP_ATTACHED_SKB;
}

/*
 * Seconds without any news that frames are waited for which are lost: what generic XDP
 * drops nobody counts, and each probe of it waits so long. Of the others that is a
 * failure, and a busy machine may keep galette-slow, or a card, from its work for a while.
 */
static double patience(bool told, bool generic)
{
	if (told)
		return veth ? 0.2 : CARD_STILL_S;
	return opt.patience ?: generic && veth && !opt.slow ? 0.5 : 10;
}

static int open_stack(void)
{
	int sock = stack_socket(if_nametoindex(opt.dev));

	if (sock < 0)
		fail("packet socket");
	return sock;
}

static void look_for_uncounted(int sock)
{
	long uncounted = stack_uncounted(sock);

	if (uncounted < 0)
		fail("packet socket's statistics");
	if (uncounted)
		fprintf(stderr, "loadgen: %ld frames that reached the stack are not counted\n",
			uncounted);
}

static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("--cpu");
}

static void run(int peer, const struct load_frame *frame)
{
	struct itimerval timer = { .it_value.tv_sec = opt.seconds };
	int sock = opt.skb ? open_stack() : -1;
	struct veth_stat dev0, dev1, peer0, peer1;
	struct load_counts c;
	bool generic = is_generic(), told = false;
	__u64 skbs = 0, seen = 0;
	double start, seconds;

	veth = veth_is(opt.dev);
	if (veth_stat(opt.dev, &dev0) || veth_stat(opt.peer, &peer0))
		fail("ethtool statistics");
	timer.it_value.tv_usec = (opt.seconds - timer.it_value.tv_sec) * 1e6;
	setitimer(ITIMER_REAL, &timer, NULL);
	start = now();
	if (opt.skb)
		skbs = send_skbs(sock, peer, frame);
	else
		send_frames(peer, frame);
	seconds = now() - start;
	for (double end = 0;; usleep(100)) {
		sum_counts(&c);
		if (opt.skb) {
			c.sent = skbs;
			stack += stack_drain(sock, &overtaken);
		}
		if (!end || seen != c.received + stack || (terms > 1 && !told)) {
			told = terms > 1;
			end = now() + patience(told, generic);
		}
		seen = c.received + stack;
		if (veth_stat(opt.dev, &dev1) || veth_stat(opt.peer, &peer1))
			fail("ethtool statistics");
		veth_stat_sub(&dev1, &dev0);
		veth_stat_sub(&peer1, &peer0);
		if (settled(&dev1, &peer1, &c) || now() > end)
			break;
	}
	if (opt.skb)
		look_for_uncounted(sock);
	if (opt.skb && (generic || !veth))
		count_ends(&dev1, &peer1, &c);
	report(seconds, &dev1, &peer1, &c);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct load_frame frame = {};
	__u32 zero = 0;
	int peer;

	parse(argc, argv);
	peer = if_nametoindex(opt.peer);
	if (!peer)
		fail(opt.peer);
	if (opt.cpu >= 0)
		pin_to_cpu(opt.cpu);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	open_programs(peer);
	if (!load_frame_build(&frame, &opt.flow)) {
		errno = EINVAL;
		fail("--src, --dst");
	}
	if (bpf_map_update_elem(fd.frame, &zero, &frame, BPF_ANY))
		fail("frame");
	clear_counts();
	run(peer, &frame);
	return 0;
}
