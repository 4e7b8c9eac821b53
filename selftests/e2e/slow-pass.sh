#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Many packets that galette-slow gives to the stack: several in one run of its program, and one by
# one where it may not; each arrives once, in order, and is counted, also when pipes are killed.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

PACKETS=$(often 20000)
DEATHS=$(often 20)

# Room for all, however slow the machine is.
FRAMES=64
while [ $FRAMES -lt "$PACKETS" ]; do
	FRAMES=$((2 * FRAMES))
done

passed() {
	slow_show '[.pipes[].pass] | add'
}
lost() {
	slow_show '[.pipes[].lost[]] | add'
}

# all CASE
all() {
	local start
	start=$(date +%s%N)
	probe --slow --patience 10 --count "$PACKETS"
	echo "# $1: $(($(date +%s%N) / 1000 - start / 1000)) us; $(slow_show '.pipes | map([.packets, .pass]) | tostring')"
	equal "$1: $PACKETS packets arrive, 0 overtaken, all counted, 0 lost" "$PACKETS 0 $PACKETS 0" \
		"$(probed '"\(.stack) \(.overtaken)"') $(passed) $(lost)"
	wait_for frames_whole
	holds "$1: every frame is in its ring" frames_whole
}

# Generic XDP sees each again, and must tell it from the next one that is like it.
alike() {
	local frames=() before after i
	for ((i = 0; i < 200; i++)); do
		frames+=("0200000000ff02000000000188b5$(printf '%0100d' $((i / 50)))")
	done
	before=$(came)
	"$HELPERS/rawsend" peer0 "${frames[@]}"
	all_passed() {
		[ "$(passed)" = $((before + 200)) ]
	}
	wait_for all_passed
	wait_for frames_whole
	after=$(came)
	equal "$1: of 200 packets, 50 alike and 50 again, each came into the chain once, and went to the stack" \
		"200 $after 0" "$((after - before)) $(passed) $(lost)"
}
came() {
	pin -j show eth0 | jq '.links[0].packets'
}

bench
printf '%s\n' 'pipes = 1' "frames = $FRAMES" | slow_chain pass stamp > "$T/chain.toml"
if ! has_live_frames; then
	refuses_slow "$T/chain.toml"
	exit
fi

# ---- several at once ----
expect 0 "attach" pin attach eth0 "$T/chain.toml" || exit
attached_so
equal "the program is attached, where no packets are" 1 "$(deliver_attached)"
all "at once"
alike "at once"
expect 0 "detach" pin detach eth0
equal "… and is not any more" 0 "$(deliver_attached)"

# ---- one by one ----
expect 0 "attach without galette-slow" pin attach --no-helper eth0 "$T/chain.toml"
# galette-slow(8) names these.
caps=-all,+net_raw,+net_admin,+bpf,+ipc_lock,+setuid,+setgid,+setpcap
setpriv --inh-caps $caps --bounding-set $caps "$BUILD/galette-slow" eth0 2> "$T/err" &
wait_for slow_runs
equal "galette-slow with the capabilities that it needs runs, and says nothing" "" "$(cat "$T/err")"
equal "… its program is not attached" 0 "$(deliver_attached)"
all "one by one"
alike "one by one"
expect 0 "detach" pin detach eth0
wait

# ---- deaths ----
# With some 2 us a packet, that there are mostly some in the queue.
slow_chain pass compute "config = { iterations = 1600 }" > "$T/chain.toml" <<< "pipes = 2"
expect 0 "attach" pin attach eth0 "$T/chain.toml"
load_start --skb --slow
for ((i = 1; i <= DEATHS; i++)); do
	before=$(passed)
	more() {
		[ "$(passed)" -gt $((before + 500)) ]
	}
	crashed() {
		[ "$(slow_show '[.pipes[].crashes] | add')" -ge $i ]
	}
	wait_for more
	kill -KILL "$(slow_show '.pipes | max_by(.packets) | .pid')"
	wait_for crashed || fail "death $i of a pipe is noticed"
done
before=$(passed)
wait_for more
load_stop frames_whole
stack=$(load .stack) passed=$(passed)
echo "# $DEATHS deaths: $LOAD"
slow_show '.pipes[] | [.packets, .pass, .crashes, .lost.crashed] | tostring' | indent
equal "$DEATHS deaths: … none overtaken" 0 "$(load .overtaken)"
holds "… of $passed packets that are counted as passed $stack arrived: 1 a death may be missing" \
	test $((passed - stack)) -ge 0 -a $((passed - stack)) -le "$DEATHS"
wait_for frames_whole
holds "… every frame is in its ring" frames_whole
expect 0 "detach" pin detach eth0
equal "no galette-slow is left" 0 "$(slow_processes)"
