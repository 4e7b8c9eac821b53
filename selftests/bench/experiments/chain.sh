#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a hop costs, by the length of a chain (hop.c). galette's chains are real ones, root
# and ingress included, every edge counted. 31 functions are the most that the kernel's
# limit of tail calls allows. libxdp's dispatcher joins at most ten, by freplace, which a
# kernel may refuse: then hop says so.
#   BENCH_REPEAT: frames of a run
. "$(dirname "$0")/../lib.sh"

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
		for n in 1 2 4 8 16 31; do
			"$@" "$n" "$c"
		done
	done
}
hop_veth() {
	veth "hop$1-$2" "peer$1-$2"
	veth "xdp$1-$2" "away$1-$2"
}
hop_gone() {
	pin -q detach "$1-$2-$3"
	ip link set dev "xdp$2-$3" xdpdrv off
}

each hop_veth
for nf in no-op macswap; do
	echo "# $TEST: $nf"
	each chain $nf
	"$BUILD/selftests/bench/hop" $nf "$ROUNDS" "$REPEAT" >> "$OUT/samples.jsonl" || exit 1
	each hop_gone $nf
done
