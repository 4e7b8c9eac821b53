#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Whole chains are swapped under load while packets are on their way between the
# kernel and galette-slow, first with as many as it can take, then with as many as
# there can be. Each NF marks the packets with its build, those in the kernel and
# those in the slow path: the sink counts the mixed ones. What is lost has met a
# full ring; kernel, veth and galette-slow count the same packets.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

APPLIES=${GALETTE_APPLIES:-$(often 1000)}

# linear, with s2 and what is behind it in the slow path.
slow() {
	linear "$@" < /dev/null
	sed -i '/^\[functions.s2\]/a disable_xdp = true' "$1"
}

slow "$T/a.toml" 1 s1 s2 s3
slow "$T/b.toml" 2 s1 s2 s3
bench
expect 0 "attach" pin attach eth0 "$T/a.toml" || exit
attached_so
equal "galette-slow runs" true "$(slow_show '.pid > 0 and (.pipes | length) >= 1')"
running=1

# applies CASE OPTION ...: half of them, under a load of these options.
applies() {
	local name=$1 failed=0 start micros i file
	shift
	slow_base
	load_start --hops 3 --slow --cpu $(($(nproc) - 1)) "$@"
	start=${EPOCHREALTIME/./}
	for ((i = 1; i <= APPLIES / 2; i++)); do
		[ $running = 1 ] && file=b || file=a
		running=$((3 - running))
		pin -q apply eth0 "$T/$file.toml" > "$T/out" 2> "$T/err" || {
			failed=$((failed + 1))
			indent "$T/err"
		}
	done
	micros=$((${EPOCHREALTIME/./} - start))
	load_stop frames_whole
	echo "# $name: $((APPLIES / 2)) applies in $((micros / 1000)) ms, $((micros / (APPLIES / 2))) us each, under $(load .rate) packets/s"
	echo "# $LOAD"
	equal "$name: $((APPLIES / 2)) applies, none fails" 0 "$failed"
	equal "$name: 0 of $(load .received) packets handled by a mix of generations" 0 "$(load .mixed)"
	equal "$name: 0 packets skip or repeat a hop" 0 "$(load .short)"
	equal "$name: 0 packets overtaken by another" 0 "$(load .backward)"
	equal "$name: only the two builds handled packets" "0 true true" \
		"$(load '"\(.builds | .[0] + add - .[1] - .[2]) \(.builds[1] > 0) \(.builds[2] > 0)"')"
	slow_balance "$name"
}
# However slow the machine is: rings have room for 2048.
applies "as much as it takes" --rate 40000 --batch 16 --burst 1000 --window 500
equal "… and nothing at all is lost" "0 0 0" "$(load '"\(.dropped) \(.back_lost) \(.lost)"')"
if [ "$WIRE" = veth ]; then
	applies "more than it takes" --batch 16 --burst 20000 --flood
	holds "… rings were full" test "$(load .dropped)" -gt 0
else
	skip "more than it takes" "cards lose packets before it does"
fi
expect 0 "show" pin -j show eth0
json "no pipe died, nothing missed" \
	'.missed == 0 and all(.slowpath.pipes[]; .crashes == 0 and .hangs == 0)'
wait_for frames_whole
holds "every frame is back in its fill ring: $(slow_show '.frames | tostring')" frames_whole

# The instruments see what they are there for: packets that a generation's upcall hands to another.
generation=$(jq .generation "$T/out")
slot=$(jq '[.links[].from] | index("s1") + 1' "$T/out")
lead_to() {
	bpftool map update pinned "$PINS/eth0/gen/$generation/slots" key "$slot" 0 0 0 \
		value pinned "$PINS/eth0/gen/$1/upcall-$slot-s2"
}
lead_to $((generation - 1))
probe --slow --hops 3
equal "a slot that leads to the other generation's slow path shows" "8 8" \
	"$(probed '"\(.received) \(.mixed)"')"
lead_to "$generation"
# And a galette-slow that is gone.
kill -KILL "$(slow_show .pid)"
wait_for slow_gone
absent=$(pin -j show eth0 | jq '[.links[].upcall.absent // 0] | add')
probe --slow
equal "without galette-slow packets are absent" "8 0" "$(probed '"\(.dropped) \(.received)"')"
holds "… as its counter says, $absent before" \
	test "$(pin -j show eth0 | jq '[.links[].upcall.absent // 0] | add')" -eq $((absent + 8))
expect 0 "apply starts another" pin apply eth0 "$T/$([ $running = 1 ] && echo b || echo a).toml"
probe --slow --hops 3
equal "… and all is well" "8 0 0" "$(probed '"\(.received) \(.short) \(.mixed)"')"
expect 0 "detach" pin detach eth0
