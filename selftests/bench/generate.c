/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * generate [option …] FROM TO [DEVICE …]: send paced live frames out of the veth FROM, into
 * a device under test that is at its other end; take what arrives at TO, which may be FROM.
 * FROM and TO are "NETNS:IF"; the DEVICEs are the interfaces of the device under test, in
 * the caller's network namespace, whose counters say where frames were lost. FROM and TO may
 * be several, "NETNS:IF,IF,…": GENERATE_RUN frames leave by one, then by the next.
 *
 *   --rate PPS      0: none, for what the device costs at rest; "max" (default): all that can be
 *   --seconds S     (1)
 *   --size N        64 … 1518 bytes, the FCS with them (64): 4 more than on the veth
 *   --heavy P       this share of frames, by chance, is marked: UDP port and last byte of
 *                   the destination address are one more
 *   --flows N       source ports, in turn (64)
 *   --sources N, --stride N     source addresses, by chance, and how far apart (1)
 *   --src A --dst A --mac M     of the first flow; destination address
 *   --pid N         (repeated) a process or kernel thread of the device under test
 *   --cpu N         where this runs (0); the NAPI of TO belongs there, too
 *   --histogram FILE    "KIND NS COUNT" for each slot that has any
 *   --lossfree L    search for the greatest rate with a smaller loss than L, and say how it was
 *                   then; --guess PPS to begin with
 *   --burst N       no rate, none heavy: N frames at once, again and again, each time when the device has
 *                   nothing more to do. Prints {"burst","bursts","whole","took"}: of those
 *                   that came back whole the median ns from the first frame until the last is back
 *
 * Prints one line of JSON:
 *
 *   asked, offered, rate    frames a second: wanted, sent, received; bits: received
 *   sent, received, lost, loss
 *   lost_at     entry: the first ring was full; device: dropped by XDP; leaving: the ring
 *               behind the device was full; sink; elsewhere: sockets, queues, user space
 *   cpu         share of one CPU that the --pid ones had; cpu_ns of it for a packet
 *   light, heavy    sent, received, and ns from FROM to TO: p50, p99, p999, max
 *   heavy_rate  of heavy ones received while sending, without what was in queues at the end
 *   found, generator_limited    of --lossfree: a rate was found; more could not be sent
 *
 * The program that generates runs all the time, and sends when a frame is due: the pace is
 * that of single frames as long as the CPU is not wanted by the sink. After the sink had it,
 * frames that are less than GENERATE_SLACK_NS late follow each other at once, others are left
 * out: `offered` tells. Time stamps are those of the clock just before sending; with the rest of
 * its batch, some microseconds at most, a frame then waits for the flush. At low rates the
 * latency has the time that the sink's NAPI thread takes to wake up in it, for all alike.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <netinet/ether.h>
#include <sys/mman.h>

#include <bpf/libbpf.h>

#include "generate_burst.h"
#include "generate_search.h"

static struct {
	const char *src, *dst, *mac, *histogram;
	double rate, heavy;
	int flows, sources, stride, cpu, burst;
	struct search search;
} opt = { .src = "10.0.0.1",
	  .dst = "10.1.0.4",
	  .mac = "02:00:00:00:00:02",
	  .rate = INFINITY,
	  .flows = 64,
	  .sources = 1,
	  .stride = 1,
	  .search.run = run_at };

static void on_signal(int sig)
{
}

/* ---- the frame ---- */

static void build_frame(void)
{
	static const __u8 ip[10] = { 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, IPPROTO_UDP };
	__u16 length = gen.size - GENERATE_FCS - ETH_HLEN, word[5];
	const struct ether_addr *mac = ether_aton(opt.mac);
	__u32 sum = 0;
	struct generate_frame *f = &gen.frame;

	*f = (struct generate_frame) { .src = { 2, 0, 0, 0, 0, 1 },
				       .type = htons(ETH_P_IP),
				       .sport = htons(1024),
				       .dport = htons(2000),
				       .udp_length = htons(length - 20) };
	errno = EINVAL;
	if (!mac || inet_pton(AF_INET, opt.src, f->from) != 1 ||
	    inet_pton(AF_INET, opt.dst, f->to) != 1)
		fail("--mac, --src, --dst");
	memcpy(f->dst, mac, sizeof(f->dst));
	memcpy(f->ip, ip, sizeof(ip));
	f->ip[2] = length >> 8;
	f->ip[3] = length;
	memcpy(word, f->ip, sizeof(word));
	for (int i = 0; i < 5; i++)
		sum += word[i];
	f->check = (sum & 0xffff) + (sum >> 16);
}

static void describe(void)
{
	gen.state->heavy = opt.heavy * 4294967296.0;
	gen.state->flows = opt.flows;
	gen.state->sources = opt.sources;
	gen.state->stride = opt.stride;
	for (int i = 0; i < GENERATE_OUTS_MAX; i++)
		gen.state->out[i] = net.from[i % net.froms].index;
}

/* ---- programs ---- */

static void load(void)
{
	char path[256];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 8);
	struct bpf_object *object;
	struct bpf_program *sink;

	strcpy(path + (n > 0 ? n : 0), ".bpf.o");
	object = bpf_object__open(path);
	if (!object || bpf_object__load(object))
		fail(path);
	gen.program = bpf_program__fd(bpf_object__find_program_by_name(object, "generate"));
	gen.state = mmap(NULL, sizeof(*gen.state), PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_object__find_map_fd_by_name(object, ".bss"), 0);
	if (gen.program < 0 || gen.state == MAP_FAILED)
		fail(path);
	sink = bpf_object__find_program_by_name(object, "sink");
	for (int i = 0; i < net.tos; i++) {
		enter(&net.to[i]);
		if (!sink || !bpf_program__attach_xdp(sink, net.to[i].index))
			fail("attaching the sink");
		leave();
	}
}

/* ---- what it was like ---- */

static void print_kind(const char *name, const struct kind *k)
{
	printf(",\"%s\":{\"sent\":%llu,\"received\":%llu,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%."
	       "0f,"
	       "\"max\":%.0f}",
	       name, k->sent, k->received, k->p50, k->p99, k->p999, k->max);
}

static void print(const struct result *r)
{
	__s64 lost = r->sent - r->received, entry = r->lost.entered, device = r->lost.device;
	__s64 leaving = r->lost.leaving, sink = r->lost.sink;

	printf("{\"size\":%d,\"seconds\":%g,\"asked\":", gen.size, r->seconds);
	printf(isinf(r->asked) ? "null" : "%.0f", r->asked);
	printf(",\"offered\":%.0f,\"rate\":%.0f,\"bits\":%.0f", r->sent / r->seconds, r->rate,
	       r->bits);
	printf(",\"sent\":%llu,\"received\":%llu,\"lost\":%lld,\"loss\":%.6f", r->sent,
	       r->received, lost, loss(r));
	printf(",\"lost_at\":{\"entry\":%lld,\"device\":%lld,\"leaving\":%lld,\"sink\":%lld,"
	       "\"elsewhere\":%lld}",
	       entry, device, leaving, sink, lost - entry - device - leaving - sink);
	printf(",\"cpu\":%.4f,\"cpu_ns\":%.1f", r->cpu / 1e9, r->cpu_per_packet);
	print_kind("light", &r->kind[GENERATE_LIGHT]);
	print_kind("heavy", &r->kind[GENERATE_HEAVY]);
	printf(",\"heavy_rate\":%.0f", r->heavy_rate);
	if (opt.search.loss)
		printf(",\"found\":%s,\"generator_limited\":%s",
		       opt.search.found ? "true" : "false",
		       opt.search.short_ ? "true" : "false");
	printf("}\n");
}

static void write_histogram(void)
{
	static const char *const names[] = { "light", "heavy" };
	FILE *f = fopen(opt.histogram, "w");

	if (!f)
		fail(opt.histogram);
	for (int kind = 0; kind < GENERATE_KINDS; kind++)
		for (__u32 i = 0; i < GENERATE_SLOTS; i++) {
			__u64 count = gen.state->sunk[kind].slot[i];

			if (count)
				fprintf(f, "%s %llu %llu\n", names[kind], generate_slot_ns(i),
					count);
		}
	if (fclose(f))
		fail(opt.histogram);
}

/* ---- options ---- */

static void option(int c)
{
	switch (c) {
	case 'r':
		opt.rate = strcmp(optarg, "max") ? atof(optarg) : INFINITY;
		break;
	case 't':
		gen.seconds = atof(optarg);
		break;
	case 'z':
		gen.size = atoi(optarg);
		break;
	case 'h':
		opt.heavy = atof(optarg);
		break;
	case 'f':
		opt.flows = atoi(optarg);
		break;
	case 'n':
		opt.sources = atoi(optarg);
		break;
	case 'e':
		opt.stride = atoi(optarg);
		break;
	case 's':
		opt.src = optarg;
		break;
	case 'd':
		opt.dst = optarg;
		break;
	case 'm':
		opt.mac = optarg;
		break;
	case 'p':
		if (gen.pids < PIDS_MAX)
			gen.pid[gen.pids++] = atoi(optarg);
		break;
	case 'c':
		opt.cpu = atoi(optarg);
		break;
	case 'i':
		opt.histogram = optarg;
		break;
	case 'l':
		opt.search.loss = atof(optarg);
		break;
	case 'g':
		opt.search.guess = atof(optarg);
		break;
	case 'b':
		opt.burst = atoi(optarg) ?: -1;
		break;
	default:
		exit(2);
	}
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = { { "rate", 1, 0, 'r' },
					       { "seconds", 1, 0, 't' },
					       { "size", 1, 0, 'z' },
					       { "heavy", 1, 0, 'h' },
					       { "flows", 1, 0, 'f' },
					       { "sources", 1, 0, 'n' },
					       { "stride", 1, 0, 'e' },
					       { "src", 1, 0, 's' },
					       { "dst", 1, 0, 'd' },
					       { "mac", 1, 0, 'm' },
					       { "pid", 1, 0, 'p' },
					       { "cpu", 1, 0, 'c' },
					       { "histogram", 1, 0, 'i' },
					       { "lossfree", 1, 0, 'l' },
					       { "guess", 1, 0, 'g' },
					       { "burst", 1, 0, 'b' },
					       {} };
	int c;

	gen.size = GENERATE_SIZE_MIN;
	gen.seconds = 1;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		option(c);
	if (argc - optind < 2 || argc - optind > 2 + GENERATE_OUTS_MAX ||
	    gen.size < GENERATE_SIZE_MIN || gen.size > GENERATE_SIZE_MAX || gen.seconds <= 0 ||
	    opt.rate < 0 || opt.flows < 1 || opt.sources < 1 || opt.heavy < 0 ||
	    opt.heavy > 1 || opt.burst < 0 || opt.burst > BURST_MAX ||
	    (opt.burst && opt.heavy > 0)) {
		fprintf(stderr, "usage: generate [option ...] FROM TO [DEVICE ...]\n");
		exit(2);
	}
}

static void settle_here(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(opt.cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("--cpu");
	sigaction(SIGALRM, &sa, NULL);
	prctl(PR_SET_TIMERSLACK, 1);
}

int main(int argc, char **argv)
{
	struct result result;

	parse(argc, argv);
	settle_here();
	open_net(argc - optind, argv + optind);
	load();
	build_frame();
	describe();
	if (opt.burst) {
		bursts(opt.burst);
		return 0;
	}
	if (opt.search.loss) {
		search(&opt.search);
		result = opt.search.best;
	} else {
		result = run_at(opt.rate);
	}
	print(&result);
	if (opt.histogram)
		write_histogram();
	return 0;
}
