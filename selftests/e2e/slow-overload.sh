#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Twice what galette-slow can bear, for a while (GALETTE_FULL: a minute): what it
# cannot take is counted where it is lost, and no frame is lost at all. The same
# with the smallest rings, with an interface that goes down, and one that goes away.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

SECONDS_LONG=${GALETTE_FULL:+60}
SECONDS_LONG=${SECONDS_LONG:-$(often 5)}

chain() {
	cat <<-END
		[slowpath]
		pipes = $1
		frames = $2
		[functions.stamp]
		config = { build = 1 }
		[functions.compute]
		config = { iterations = 3000 }
		[[links]]
		from = "rx(eth0)"
		to = ["!stamp"]
		[[links]]
		from = "stamp"
		to = ["compute"]
		[[links]]
		from = "compute"
		to = ["$3"]
	END
}
whole() {
	wait_for frames_whole
	holds "$1: every frame is in its ring: $(slow_show '.frames | tostring')" frames_whole
}

bench
for frames in 2048 64; do
	chain 2 $frames tx > "$T/chain.toml"
	expect 0 "$frames frames: attach" pin attach eth0 "$T/chain.toml" || exit
	attached_so
	slow_base
	load_start --slow --hops 1 --batch 16 --burst 20000 --flood
	sleep 2
	load_stop frames_whole
	bearable=$(load '.received / .seconds | floor')
	slow_balance "$frames frames: as fast as can be"
	[ "$WIRE" = veth ] && lost=0 || lost=$(load .dropped)
	slow_base
	load_start --slow --hops 1 --batch 16 --burst $((bearable / 20)) --flood --rate $((bearable * 2))
	sleep "$SECONDS_LONG"
	load_stop frames_whole
	echo "# $frames frames: it bears $bearable packets/s; for $SECONDS_LONG s $(load .rate): $LOAD"
	slow_show . | jq -c '.pipes[] | [.packets, .tx, (.lost | with_entries(select(.value > 0)))]' | indent
	slow_balance "$frames frames: twice the bearable"
	lost=$((lost + $(load .dropped)))
	# On cards, emulated, packets may be made no faster than they are handled: the smallest rings
	# overflow under the one load or the other, the others need not.
	[ "$WIRE $frames" = "cards 2048" ] || holds "$frames frames: some were lost: $lost" test $lost -gt 0
	whole "$frames frames"
	probe --slow --hops 1
	equal "$frames frames: and at rest none is lost" "8 0" "$(probed '"\(.received) \(.dropped)"')"
	expect 0 "$frames frames: detach" pin detach eth0
done

# ---- interfaces that go down, and one that goes away ----
bench 1
chain 2 2048 "tx(eth1)" > "$T/chain.toml"
expect 0 "attach, out of another interface" pin attach eth0 "$T/chain.toml" || exit
failed() {
	slow_show '[.pipes[].lost["tx-failed"]] | add'
}
sent() {
	slow_show '[.pipes[].redirect] | add'
}
arrived() {
	cat /sys/class/net/peer1/statistics/rx_packets
}
# more COUNT: 100 more than now.
above() {
	[ "$($1)" -ge "$2" ]
}
more() {
	wait_for above "$1" $(($($1) + 100))
}
# A veth drops what its peer does not take. Cards keep it until the ring on the way there is full, or
# no frame is left for the packets behind it: these are lost, and counted also while none comes.
lost() {
	slow_show '[.pipes[].lost[]] | add'
}
full() {
	slow_show '[.pipes[].lost["tx-full"]] | add'
}
kept() {
	[ "$(slow_show .frames.tx)" -gt 1900 ] || above full "$1"
}
not_taken() {
	if [ "$WIRE" = veth ]; then
		more sent
	else
		wait_for kept $(($(full) + 100)) && more lost && more lost
	fi
}
start() {
	slow_base
	load_start --batch 16 --burst 1000 --flood --rate 20000
	more sent
}
# A veth's NAPI is there a little longer than its XDP program, when it goes down and when it
# comes up (drivers/net/veth.c, veth_disable_xdp() and veth_enable_xdp()): packets of that while
# go to the stack. What has come there.
passed() {
	nft -j list table netdev stack | jq '[.. | .counter? // empty | .packets] | add'
}
# galette-slow has got what the kernel handed over, and has counted what that could not.
agrees() {
	read -ra ADDED <<< "$(slow_added)"
	BEFORE=$((ADDED[3] + ADDED[5]))
	PASSED=$(load .passed)
	[ $((ADDED[0] + BEFORE + PASSED)) = "$(load .entered)" ]
}
stop() {
	load_stop
	wait_for agrees
	equal "$1: each of $(load .entered) packets has left (${ADDED[1]}), is lost (${ADDED[4]}), was before ($BEFORE) or without XDP ($PASSED)" \
		"$(load .entered) ${ADDED[0]}" \
		"$((ADDED[0] + BEFORE + PASSED)) $((ADDED[1] + ADDED[2] + ADDED[4]))"
	if [[ $1 = eth0* && "$MODE $WIRE" = "native veth" ]]; then
		equal "… and these came to the stack" "$(passed)" "$PASSED"
	else
		equal "… and none was without XDP" 0 "$PASSED"
	fi
	# Generic XDP does not tell which, nor does a card.
	[ "$MODE $WIRE" != "native veth" ] || equal "… as its interface has counted them" \
		"$(load '"\(.redirected) \(.dropped)"')" "${ADDED[0]} $BEFORE"
}
# down IF [CMD ...]: while it is down CMD succeeds; then packets arrive again, and none is lost.
down() {
	local i was name=$1
	shift
	start
	for i in 1 2 3; do
		ip link set "$name" down
		"$@" || fail "$name down $i: packets are counted: $*"
		ip link set "$name" up
		more arrived || fail "$name up $i: packets arrive"
	done
	stop "$name down 3 times"
	whole "$name up again"
	was=$(arrived)
	probe
	wait_for above arrived $((was + 8))
	equal "$name up again: at rest none is lost" 8 $(($(arrived) - was))
}
down eth1 more failed
down peer1 not_taken
[ "$MODE $WIRE" != "native veth" ] ||
	nft 'table netdev stack { chain in { type filter hook ingress device eth0 priority 0; counter drop; }; }'
down eth0
start
gone eth1 peer1
more failed || fail "the interface that went: packets are counted"
stop "an interface that went"
pin -j show eth0 > "$T/out"
json "no pipe died" 'all(.slowpath.pipes[]; .crashes == 0)'
equal "no frame is lost but those that went with the interface's rings" 0 \
	"$(jq '.slowpath.frames | if .hand == 0 and .total >= .fill + .rx + .tx + .completion
		then 0 else . end' "$T/out")"
expect 0 "detach" pin detach eth0
