#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Functions that crash, loop or sleep for ever: each costs its pipe the process and
# itself the packet. The other pipe goes on, and show says what has happened.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

CRASHES=200 WATCHDOG=2
# An emulated machine needs some seconds to see what is to be seen before the watchdog.
[ "$WIRE" = veth ] || CRASHES=40 WATCHDOG=20

cat > "$T/chain.toml" <<END
[slowpath]
pipes = 2
watchdog = $WATCHDOG
[functions.slow-fault]
disable_xdp = true
[[links]]
from = "rx"
to = ["slow-fault"]
[[links]]
from = "slow-fault"
to = ["drop"]
END

netns out
bench 0 out
ip addr add 192.0.2.254/24 dev eth0
in_ns out ip addr add 192.0.2.1/24 dev peer0
in_ns out ip neigh add 192.0.2.254 lladdr "$(cat /sys/class/net/eth0/address)" dev peer0
expect 0 "attach" pin attach eth0 "$T/chain.toml" || exit
attached_so

# send PORT TEXT [SOURCE]: one datagram.
send() {
	printf %s "$2" | in_ns out nc -u -q 0 ${3+-p "$3"} 192.0.2.254 "$1"
}
count() {
	slow_show "[.pipes[].$1] | add"
}
reaches() {
	[ "$(count "$1")" -ge "$2" ]
}

# ---- crashes ----
supervisor=$(slow_show .pid)
pids=$(slow_show '[.pipes[].pid] | sort | join(" ")')
send 666 xc 5000
wait_for reaches crashes 1
holds "a crash is noticed" reaches crashes 1
after=$(slow_show '[.pipes[].pid] | sort | join(" ")')
equal "one of two processes is another now" 1 \
	"$(comm -13 <(tr ' ' '\n' <<< "$pids" | sort) <(tr ' ' '\n' <<< "$after" | sort) | wc -l)"
expect 0 "show" pin show eth0
prints "… says that it crashed" "pipe [01]: process .*1 lost \(crashed\).*1 crashes"
for ((i = 0; i < CRASHES - 1; i++)); do
	send 666 x"$([ $((i % 2)) = 0 ] && echo c || echo a)"
done
wait_for reaches crashes "$CRASHES"
equal "$CRASHES packets that crash it: crashes, and packets lost" "$CRASHES $CRASHES $supervisor" \
	"$(count crashes) $(count 'lost.crashed') $(slow_show .pid)"
fine=$(($(count drop) + 10))
for port in {6001..6010}; do
	send 7 hello "$port"
done
wait_for reaches drop $fine
holds "and 10 flows go on" reaches drop $fine
equal "… through both pipes" true "$(slow_show 'all(.pipes[]; .packets > 0)')"
wait_for frames_whole
holds "every frame is in its ring: $(slow_show '.frames | tostring')" frames_whole

# ---- hangs ----
hangs=0
for how in l b; do
	[ $how = l ] && what="loops" || what="sleeps for ever"
	stuck() {
		[ "$(slow_show '[.pipes[] | select(.function == "slow-fault")] | length')" = 1 ]
	}
	# The watchdog is the supervisor's: not before it has been seen that the other pipe goes on.
	kill -STOP "$supervisor"
	send 666 x$how
	wait_for stuck
	stuck=$(slow_show '[.pipes[].function == "slow-fault"] | index(true)')
	other=$(slow_show ".pipes[$((1 - stuck))].packets")
	for port in {7001..7020}; do
		send 7 hello "$port"
	done
	goes_on() {
		[ "$(slow_show ".pipes[$((1 - stuck))].packets")" -gt "$other" ]
	}
	wait_for goes_on
	holds "$what: the other pipe goes on" goes_on
	equal "… before the watchdog has ended it" $hangs "$(count hangs)"
	kill -CONT "$supervisor"
	hangs=$((hangs + 1))
	wait_for reaches hangs $hangs
	equal "… which it does" $hangs "$(count hangs)"
	fine=$((fine + 20))
	wait_for reaches drop $fine
	holds "… and what waited behind it goes on" reaches drop $fine
done
expect 0 "show" pin show eth0
prints "… says that it hung" "of them hung"
equal "the supervisor is the same" "$supervisor" "$(slow_show .pid)"
slow_show . | jq -c '.pipes[] | [.packets, .drop, .crashes, .hangs, .lost.crashed]' | indent
wait_for frames_whole
holds "every frame is in its ring: $(slow_show '.frames | tostring')" frames_whole
expect 0 "detach" pin detach eth0
