# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/gateway.sh.

of='.experiment == "gateway"'
LOG=x curves gateway-rate "Security gateway: greatest rate, loss below 0.1 %" "prefixes" "million packets/s" \
	1e-6 "$of and .metric == \"rate\"" .params.prefixes
LOG=x curves gateway-cpu "Security gateway: CPU time for a packet" "prefixes" "ns" 1 \
	"$of and .metric == \"cpu_per_packet\"" .params.prefixes
