#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The head in front of an upcalled packet, written by somebody else: what is not
# of a generation, a function and a slot that there are is dropped and counted.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

RANDOM_FRAMES=10000

cat > "$T/chain.toml" <<'END'
[functions.slow]
path = "stamp"
disable_xdp = true
[[links]]
from = "rx"
to = ["slow"]
[[links]]
from = "slow"
to = ["tx"]
END
bench
expect 0 "attach" pin attach eth0 "$T/chain.toml" || exit
holds "a program that hands on what it gets, instead of the upcall" \
	"$HELPERS/forge" "$PINS/eth0/gen/1" 1

lost() {
	slow_show ".pipes[0].lost[\"$1\"]"
}
total=0
# By the pipe, or lost before it: it need not be as fast as they come.
handled() {
	[ "$(slow_show '.pipes[0] | .packets + .lost["fill-empty"] + .lost["rx-full"] + .lost["rx-dropped"]')" -ge "$total" ]
}
# forged WHAT REASON HEX: such a frame is lost for this reason, and for no other.
forged() {
	local before now
	before=$(lost "$2")
	"$HELPERS/rawsend" peer0 "$3"
	total=$((total + 1))
	wait_for handled
	now=$(slow_show '[.pipes[0].lost[]] | add')
	equal "$1: counted as $2" "$((before + 1)) $total" "$(lost "$2") $now"
}

body=0200000000020200000000010800$(printf '%090d' 0)
forged "generation 0" generation-gone "0000000000000001$body"
forged "a generation that never was" generation-gone "0000000700000001$body"
forged "generation 1 in the other byte order" generation-gone "0100000000000001$body"
forged "the greatest generation" generation-gone "ffffffff00000001$body"
forged "a function out of range" no-head "0000000100010001$body"
forged "the greatest function" no-head "00000001ffff0001$body"
forged "slot 0" no-head "0000000100000000$body"
forged "a slot out of range" no-head "0000000100000003$body"
forged "the greatest slot" no-head "000000010000ffff$body"
forged "a frame that ends behind the head" no-head "0000000100000001020000000002"
forged "a frame without a whole Ethernet header behind it" no-head \
	"000000010000000102000000000202000000000108"
before=$(slow_show '.pipes[0].tx')
"$HELPERS/rawsend" peer0 "0000000100000001$body"
total=$((total + 1))
wait_for handled
equal "the right head, and the packet goes on" $((before + 1)) "$(slow_show '.pipes[0].tx')"

"$HELPERS/rawsend" peer0 --random $RANDOM_FRAMES 1
total=$((total + RANDOM_FRAMES))
wait_for handled
slow_show '.pipes[0]' | jq -c . | indent
equal "$RANDOM_FRAMES random frames: all are handled, lost or sent" "$total" \
	"$(slow_show '.pipes[0] | .tx + ([.lost[]] | add)')"
equal "by the process that was there, which did not crash" 0 "$(slow_show '.pipes[0].crashes')"
wait_for frames_whole
holds "every frame is in its ring" frames_whole
expect 0 "detach" pin detach eth0
