# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/heavy.sh: one of each for each function.

for function in compute-1000 compute-10000 compute-100000 sleep-1000; do
	of=".experiment == \"heavy\" and .params.function == \"$function\" and .params.share > 0"
	LOG=x curves "heavy-goodput-$function" "Heavy functions: $function, goodput of the light packets" \
		"share of packets that meet it" "as a share of that without any" 1 \
		"$of and .metric == \"goodput\"" .params.share
	LOG=xy curves "heavy-p99-$function" "Heavy functions: $function, 99 % of light packets are faster" \
		"share of packets that meet it" "us" 1e-3 "$of and .metric == \"light_p99\"" .params.share
done
