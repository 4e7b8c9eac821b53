# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/chain.sh.

for nf in no-op macswap; do
	of=".experiment == \"chain\" and .params.nf == \"$nf\""
	LOG=x curves "chain-time-$nf" "Chains of $nf: time for a packet" "functions" "ns" 1 \
		"$of and .metric == \"time\"" .params.functions
	LOG=x curves "chain-hop-$nf" "Chains of $nf: what a hop costs" "functions" "ns" 1 \
		"$of and .metric == \"hop\"" .params.functions
done
