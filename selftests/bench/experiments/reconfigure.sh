#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What an apply costs, idle and under load.
#   BENCH_APPLIES: how many
. "$(dirname "$0")/../lib.sh"

APPLIES=${BENCH_APPLIES:-${SMOKE:+2}}
APPLIES=${APPLIES:-50}

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
bpftool -j map dump pinned "$PINS/eth0/maps/watched" | jq -r "
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

