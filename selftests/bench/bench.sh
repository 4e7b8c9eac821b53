#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a hop costs, and an apply, and two layouts of the slow path. Prints figures, judges
# none: read the ratios.
#   BENCH_ROUNDS, BENCH_REPEAT, BENCH_APPLIES, BENCH_LAYOUTS: how long it takes
set -u

if [ "$(id -u)" -ne 0 ]; then
	echo "bench: SKIP, needs root"
	exit 0
fi
if [ -z "${GALETTE_INSIDE-}" ]; then
	GALETTE_OUTSIDE=$(readlink /proc/self/ns/{net,mnt} | tr '\n' ' ')
	export GALETTE_OUTSIDE
	exec unshare -m -n --propagation private "$(dirname "$0")/../run" --inside "$(realpath "$0")"
fi
. "$(dirname "$0")/../lib.sh"

ROUNDS=${BENCH_ROUNDS:-10}
REPEAT=${BENCH_REPEAT:-50000}
APPLIES=${BENCH_APPLIES:-50}
LAYOUTS=${BENCH_LAYOUTS:-5}

# ---- a hop ----
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
	"$BUILD/selftests/bench/hop" $nf "$ROUNDS" "$REPEAT" || exit 1
	each hop_gone $nf
done

# ---- apply ----
# gateway FILE BUILD: the gateway chain behind a watch that stamps the time.
gateway() {
	{
		printf '[functions.watch]\nconfig = { build = %d }\n' "$2"
		printf '[[links]]\nfrom = "watch"\nto = ["filter-ip"]\n'
		sed '/^from = "rx"/,/^to/s/^to = .*/to = ["watch"]/' "$ROOT/chains/gateway.toml"
	} > "$1"
}

# min, median, max of numbers on stdin
spread() {
	sort -n | awk '{ v[NR] = $1 } END { print v[1] ", " v[int((NR + 1) / 2)] ", " v[NR] }'
}

applies() {
	local i start
	for ((i = $1; i < $1 + APPLIES; i++)); do
		gateway "$T/next.toml" "$i"
		start=${EPOCHREALTIME/./}
		taskset -c 0 "$GALETTE" --nf-path "$TESTNF:$NF" -q apply eth0 "$T/next.toml" || exit 1
		echo $((${EPOCHREALTIME/./} - start))
	done
}

veth eth0 peer0
gateway "$T/next.toml" 0
pin -q attach eth0 "$T/next.toml" || exit 1
echo "apply of chains/gateway.toml, $APPLIES times: minimum, median, maximum"
echo "  idle, from the start of galette-pin to its end: $(applies 1 | spread) us"
gateway "$T/next.toml" $((APPLIES + 1))
pin -q apply eth0 "$T/next.toml"
load_start --cpu $(($(nproc) - 1))
applies $((APPLIES + 2)) > "$T/times"
load_stop
echo "  under $(load .rate) packets/s on another core: $(spread < "$T/times") us"

# The times between one build's last packet and the next one's first; and between
# two packets of one build, on average.
bpftool -j map dump pinned $PINS/eth0/maps/watched | jq -r "
	[.[].formatted | select(.key > $APPLIES).value | select(.packets > 1)] |
	(range(1; length) as \$i | \"gap \(.[\$i].first - .[\$i - 1].last)\"),
	(.[] | \"interval \((.last - .first) / (.packets - 1) | round)\")" > "$T/watched"
for what in gap interval; do
	sed -n "s/^$what //p" "$T/watched" | spread > "$T/$what"
done
echo "  last packet of one generation to the first of the next: $(cat "$T/gap") ns"
echo "  (two packets of one generation are $(cat "$T/interval") ns apart: mean of each)"
echo "  missed tail calls: $(pin -j show eth0 | jq .missed)"
pin -q detach eth0

# ---- the slow path's layout ----
veth slow0 wire0
echo
echo "N pipes, a process each, on one AF_XDP queue, W us of work a packet, k thousand packets/s offered:"
echo "A a socket per pipe, B one socket and a dispatcher; medians of $LAYOUTS"
"$BUILD/selftests/bench/layout" slow0 wire0 "$LAYOUTS" || exit 1
