#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Twice what galette-slow can bear, for a while (GALETTE_FULL: a minute): what it
# cannot take is counted where it is lost, and no frame is lost at all. The same
# with the smallest rings, with an interface that goes down, and one that goes away.
. "$(dirname "$0")/../lib.sh"

SECONDS_LONG=${GALETTE_FULL:+60}
SECONDS_LONG=${SECONDS_LONG:-10}

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
frames_whole() {
	[ "$(slow_show '.frames | .fill == .total and .hand == 0')" = true ]
}
whole() {
	wait_for frames_whole
	holds "$1: every frame is in its ring: $(slow_show '.frames | tostring')" frames_whole
}

bench
for frames in 2048 64; do
	chain 2 $frames tx > "$T/chain.toml"
	expect 0 "$frames frames: attach" pin attach eth0 "$T/chain.toml" || exit
	slow_base
	load_start --slow --hops 1 --batch 16 --burst 20000
	sleep 2
	load_stop
	bearable=$(load '.received / .seconds | floor')
	slow_balance "$frames frames: as fast as can be"
	slow_base
	load_start --slow --hops 1 --batch 16 --burst $((bearable / 4)) --rate $((bearable * 2))
	sleep "$SECONDS_LONG"
	load_stop
	echo "# $frames frames: it bears $bearable packets/s; for $SECONDS_LONG s $(load .rate): $LOAD"
	slow_show . | jq -c '.pipes[] | [.packets, .tx, (.lost | with_entries(select(.value > 0)))]' | indent
	slow_balance "$frames frames: twice the bearable"
	holds "$frames frames: some were lost: $(load .dropped)" test "$(load .dropped)" -gt 0
	whole "$frames frames"
	probe --slow --hops 1
	equal "$frames frames: and at rest none is lost" "8 0" "$(probed '"\(.received) \(.dropped)"')"
	expect 0 "$frames frames: detach" pin detach eth0
done

# ---- an interface that goes down, and one that goes away ----
veth eth1 peer1
chain 2 2048 "tx(eth1)" > "$T/chain.toml"
expect 0 "attach, out of another interface" pin attach eth0 "$T/chain.toml" || exit
failed() {
	slow_show '[.pipes[].lost["tx-failed"]] | add'
}
sent() {
	slow_show '[.pipes[].redirect] | add'
}
above() {
	[ "$($1)" -gt "$2" ]
}
load_start --batch 16 --burst 1000 --rate 20000
wait_for above sent 1000
for i in 1 2 3; do
	ip link set eth1 down
	wait_for above failed "$(failed)" || fail "down $i: packets are counted"
	ip link set eth1 up
	wait_for above sent "$(sent)" || fail "up $i: packets go on"
done
ok "an interface that goes down 3 times: $(failed) packets lost, $(sent) sent"
ip link del eth1
wait_for above failed "$(failed)" || fail "the interface that went: packets are counted"
load_stop
pin -j show eth0 > "$T/out"
# shellcheck disable=SC2016 # $p is jq's
json "every packet is counted" '.slowpath.pipes as $p | ($p | map(.packets) | add) ==
	($p | map(.redirect + ([.lost | to_entries[] |
		select(.key | IN("rx-full", "fill-empty", "rx-dropped") | not).value] | add)) | add)'

json "no pipe died" 'all(.slowpath.pipes[]; .crashes == 0)'
equal "no frame is lost but those that went with the interface's rings" 0 \
	"$(jq '.slowpath.frames | if .hand == 0 and .total >= .fill + .rx + .tx + .completion
		then 0 else . end' "$T/out")"
expect 0 "detach" pin detach eth0
