/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What loadgen.c is told; its first comment says what each option means. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "helpers/load_frame.h"

static struct {
	const char *peer, *dev, *ready;
	struct load_flow flow;
	unsigned long long count, window;
	double seconds, rate, patience;
	int cpu, batch, burst, skb, slow, flood;
} opt = { .cpu = -1,
	  .flow = { .src = "10.0.0.1", .dst = "10.0.0.2", .sport = 1000, .dport = 2000 } };

static void parse(int argc, char **argv)
{
	static const struct option longs[] = { { "count", 1, 0, 'c' },
					       { "seconds", 1, 0, 't' },
					       { "rate", 1, 0, 'r' },
					       { "burst", 1, 0, 'u' },
					       { "cpu", 1, 0, 'p' },
					       { "batch", 1, 0, 'b' },
					       { "ready", 1, 0, 'y' },
					       { "src", 1, 0, 's' },
					       { "dst", 1, 0, 'd' },
					       { "sport", 1, 0, 'S' },
					       { "dport", 1, 0, 'D' },
					       { "vlan", 1, 0, 'v' },
					       { "hops", 1, 0, 'h' },
					       { "skb", 0, 0, 'k' },
					       { "slow", 0, 0, 'w' },
					       { "flood", 0, 0, 'f' },
					       { "patience", 1, 0, 'P' },
					       { "window", 1, 0, 'W' },
					       {} };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			opt.count = strtoull(optarg, NULL, 0);
			break;
		case 't':
			opt.seconds = atof(optarg);
			break;
		case 'r':
			opt.rate = atof(optarg);
			break;
		case 'u':
			opt.burst = atoi(optarg);
			break;
		case 'p':
			opt.cpu = atoi(optarg);
			break;
		case 'b':
			opt.batch = atoi(optarg);
			break;
		case 'y':
			opt.ready = optarg;
			break;
		case 's':
			opt.flow.src = optarg;
			break;
		case 'd':
			opt.flow.dst = optarg;
			break;
		case 'S':
			opt.flow.sport = atoi(optarg);
			break;
		case 'D':
			opt.flow.dport = atoi(optarg);
			break;
		case 'h':
			opt.flow.hops = atoi(optarg);
			break;
		case 'k':
			opt.skb = 1;
			break;
		case 'w':
			opt.slow = 1;
			break;
		case 'f':
			opt.flood = 1;
			break;
		case 'P':
			opt.patience = atof(optarg);
			break;
		case 'W':
			opt.window = strtoull(optarg, NULL, 0);
			break;
		case 'v':
			if (opt.flow.vlans < 2)
				opt.flow.vlan[opt.flow.vlans++] = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: loadgen PEER IF [option ...]\n");
		exit(2);
	}
	opt.peer = argv[optind];
	opt.dev = argv[optind + 1];
}

#endif
