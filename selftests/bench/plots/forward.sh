# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/forward.sh.

of='.experiment == "forward"'
by_load='.params.load'
LOG=y curves forward-rate "Forwarding: greatest rate, loss below 0.1 %" "frame, bytes" "million packets/s" \
	1e-6 "$of and .metric == \"rate\"" .params.size
LOG=y columns forward-cpu "Forwarding: CPU time for a packet of 64 bytes" "ns" 1 \
	"$of and .metric == \"cpu_per_packet\" and .params.size == 64" "$by_load // \"greatest\""
LOG=y columns forward-p50 "Forwarding: median latency, 64 bytes" "us" 1e-3 \
	"$of and .metric == \"p50\" and .params.size == 64" "$by_load"
LOG=y columns forward-p99 "Forwarding: 99 % of packets of 64 bytes are faster" "us" 1e-3 \
	"$of and .metric == \"p99\" and .params.size == 64" "$by_load"
