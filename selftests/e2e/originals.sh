#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The original's eleven chains, each attached and exercised: the ways that packets
# take through it, in the kernel and natively, are those of the file.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

FLOWS=${GALETTE_FLOWS:-$(often 16)}

bench

# counts: what show says of each link, as FROM:ACTION PACKETS lines.
counts() {
	pin -j show eth0 > "$T/show"
	jq -r '.links[] | "\(.from):\(.action // "") \(.packets)"' "$T/show"
}
# over LINK: packets over the edge FROM:ACTION, as of the last counts.
over() {
	awk -v link="$1" '$1 == link { print $2 }' "$T/counts"
}
upcalled() {
	jq '[.links[].upcall.sent // 0] | add' "$T/show"
}

# exercise NUMBER SLOW OPTION ...: attach it, send FLOWS flows of 8 frames each; galette-slow runs if SLOW.
exercise() {
	local number=$1 slow=$2 flow received=0 stack=0
	shift 2
	expect 0 "$number: attach" pin attach eth0 "$ROOT/chains/original/$number.toml" || return
	equal "$number: galette-slow runs: $slow" "$slow" "$(slow_show '.pid != null')"
	for ((flow = 0; flow < FLOWS; flow++)); do
		probe --slow --sport $((3000 + flow)) "$@"
		received=$((received + $(probed .received))) stack=$((stack + $(probed .stack)))
	done
	counts > "$T/counts"
	SENT=$((FLOWS * 8)) RECEIVED=$received STACK=$stack
	equal "$number: all $SENT frames enter" "$SENT" "$(over rx:)"
	equal "$number: none is lost or missed" "0 0" \
		"$(jq -r '"\(.missed) \([.slowpath.pipes[]?.lost[]] | add // 0)"' "$T/show")"
	echo "# $number: $SENT frames, $RECEIVED came back, $STACK reached the stack, $(upcalled) left the kernel: $(tr '\n' ';' < "$T/counts")"
}
ended() {
	[ "$(slow_processes)" = 0 ]
}
finish() {
	expect 0 "$1: detach" pin detach eth0
	holds "$1: … leaves no galette-slow" wait_for ended
}
came_back() {
	equal "$1: all come back" "$SENT" "$RECEIVED"
}
# split NUMBER: some flows go one way, some the other, and all frames of a flow the same.
split() {
	local primary secondary
	primary=$(over load-balance:primary) secondary=$(over load-balance:secondary)
	equal "$1: split by flow" "$SENT 0 0" \
		"$((primary + secondary)) $((primary % 8)) $((secondary % 8))"
	holds "$1: both ways are taken" test "$primary" -gt 0 -a "$secondary" -gt 0
}

exercise 01 false && came_back 01 && finish 01
exercise 02 false && came_back 02 &&
	equal "02: through both functions" "$SENT" "$(over decrement-ip-ttl:forward)" && finish 02
if exercise 03 false --dst 10.0.0.4; then
	for dst in 10.0.0.5 10.0.0.6 10.0.0.7; do
		probe --slow --dst $dst
	done
	counts > "$T/counts"
	equal "03: each way, by the destination's last bits" 4 \
		"$(grep -c '^dest-ip-branch:.* [1-9]' "$T/counts")"
	finish 03
fi
exercise 04 false && equal "04: all reach the stack" "$SENT" "$STACK" &&
	expect 0 "04: a blocked address" pin map eth0 blocked-ips set 10.0.0.1 0 && probe &&
	equal "04: is dropped" 0 "$(probed .stack)" && finish 04
exercise 05 true && came_back 05 &&
	equal "05: macswap runs in user space" "$SENT $SENT" "$(upcalled) $(over macswap:continue)" && finish 05
for number in 06 07 09 10 11; do
	exercise $number true && came_back $number && split $number &&
		equal "$number: who goes the second way leaves the kernel" \
			"$(over load-balance:secondary)" "$(upcalled)" && finish $number
done
exercise 08 false && came_back 08 && split 08 && finish 08
