#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a hop costs. Prints figures, judges none: read the ratios.
#   BENCH_HOP_ROUNDS, BENCH_REPEAT: how long it takes
. "$(dirname "$0")/../lib.sh"

HOP_ROUNDS=${BENCH_HOP_ROUNDS:-${SMOKE:+1}}
HOP_ROUNDS=${HOP_ROUNDS:-10}
REPEAT=${BENCH_REPEAT:-${SMOKE:+100}}
REPEAT=${REPEAT:-50000}

# A chain of $2 functions $1, as linear() makes them, on the interface hop$2-$3.
chain() {
	local i names=()
	for ((i = 1; i <= $2; i++)); do
		names+=("f$i=$1")
	done
	linear "$T/chain.toml" 0 "${names[@]}" < /dev/null
	pin -q attach --mode native --name "$1-$2-$3" "hop$2-$3" "$T/chain.toml" || exit 1
}

each() { # CMD ...: with a length and a copy
	local n c
	for c in 0 1 2 3; do
		for n in 1 2 4 8 16; do
			"$@" "$n" "$c"
		done
	done
}
hop_veth() {
	veth "hop$1-$2" "peer$1-$2"
}
hop_gone() {
	pin -q detach "$1-$2-$3"
}

echo "a hop: BPF_PROG_TEST_RUN of a 64-byte frame, (t(N) - t(1)) / (N - 1) for N functions;"
echo "galette's are real chains, root and ingress included, every edge counted"
echo
each hop_veth
for nf in no-op macswap; do
	each chain $nf
	"$BUILD/selftests/bench/hop" $nf "$HOP_ROUNDS" "$REPEAT" || exit 1
	each hop_gone $nf
done

