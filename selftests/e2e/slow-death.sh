#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# galette-slow is killed under load, and its pipes one by one. What does not leave
# the kernel loses nothing; what would leave it takes the action `absent`; who is
# started again takes over by itself; and every frame is somewhere.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

DEATHS=${GALETTE_DEATHS:-$(often 20)}
# More than one pipe bears, with some 100 us a packet: who is killed has one in hand. On an
# emulated machine, where most of the time goes to others than pipes, it takes its time asleep.
RATE=20000 WORK=compute CONFIG="iterations = 80000"
[ "$WIRE" = veth ] || RATE=500 WORK=sleep CONFIG="microseconds = 5000"

cat > "$T/chain.toml" <<END
[slowpath]
pipes = 2
[functions.fast]
path = "stamp"
config = { build = 1 }
[functions.work]
path = "$WORK"
config = { $CONFIG }
[functions.slow]
path = "stamp"
config = { build = 2 }
[[links]]
from = "rx(eth0)"
to = ["fast"]
[[links]]
from = "rx(eth1)"
to = ["!work"]
[[links]]
from = "work"
to = ["slow"]
[[links]]
from = "fast"
to = ["tx"]
[[links]]
from = "slow"
to = ["tx"]
END
absent() {
	sed "s/^pipes.*/&\nabsent = \"$1\"/" "$T/chain.toml"
}

bench
bench 1

# What the upcall edge has done with its packets: packets, sent, absent, lost.
upcalls() {
	pin -j show eth0 | jq -r '.links[] | select(.upcall) |
		"\(.packets) \(.upcall.sent) \(.upcall.absent) \(.upcall.lost)"'
}
# More packets than that have met nobody.
absent_above() {
	local packets sent absent lost
	read -r packets sent absent lost <<< "$(upcalls)"
	[ "$absent" -gt "$1" ]
}
# More packets than that have been handled.
handled_above() {
	[ "$(slow_show '[.pipes[].packets] | add')" -gt "$1" ]
}

# Second load, on the slow branch; the first is lib.sh's.
SLOW_LOAD=
load_way
slow_load_start() {
	rm -f "$T/slow-ready"
	"$HELPERS/loadgen" peer1 eth1 $WAY --slow --ready "$T/slow-ready" "$@" > "$T/slow-load" &
	SLOW_LOAD=$!
	wait_for test -e "$T/slow-ready"
}
slow_load_stop() {
	kill -TERM "$SLOW_LOAD"
	wait_for frames_whole && kill -TERM "$SLOW_LOAD" 2> /dev/null
	wait "$SLOW_LOAD"
}
slow_load() {
	jq -r "$1" "$T/slow-load"
}

# ---- nobody is there ----
for action in drop pass tx; do
	absent $action > "$T/$action.toml"
	expect 0 "attach without galette-slow, absent = $action" \
		pin attach --no-helper --name eth0 eth0 eth1 "$T/$action.toml" || exit
	PROBE=$("$HELPERS/loadgen" peer1 eth1 --skb --count 8)
	case $action in
	drop) want="0 0" ;;
	pass) want="0 8" ;;
	tx) want="8 0" ;;
	esac
	equal "… is what happens to the packets" "$want" "$(probed '"\(.received) \(.stack)"')"
	equal "… and they are counted" "8 0 8 0" "$(upcalls)"
	holds "… show says that nobody is there" test "$(slow_show .pid)" = null
	expect 0 "detach" pin detach eth0
done

# ---- deaths of the whole ----
expect 0 "attach" pin attach --name eth0 eth0 eth1 "$T/chain.toml" || exit
identity=$(pin -j show eth0 | jq -c '[.generation, [.functions[].prog_id]]')
# shellcheck disable=SC2086 # words
load_start --hops 1 --cpu $(($(nproc) - 1)) --rate 200000 --batch 16 --burst 2000 ${GALETTE_LOAD-}
slow_load_start --rate $RATE --batch 16 --burst $((RATE / 20))
for ((i = 1; i <= DEATHS; i++)); do
	wait_for handled_above "$(slow_show '[.pipes[].packets] | add')" ||
		fail "death $i: packets are handled before it"
	read -r _ _ missing _ <<< "$(upcalls)"
	pid=$(slow_show .pid)
	kill -KILL "$pid"
	wait_for slow_gone || fail "death $i: show says that it has gone"
	wait_for absent_above "$missing" || fail "death $i: packets are absent"
	"$BUILD/galette-slow" eth0 2>> "$T/slow-err" &
	wait_for slow_runs || fail "death $i: another takes over"
done
wait_for handled_above "$(slow_show '[.pipes[].packets] | add')"
slow_load_stop
load_stop
read -r packets sent absent lost <<< "$(upcalls)"
handled=$(slow_show '[.pipes[].packets] | add')
echo "# $DEATHS deaths: $LOAD"
echo "# slow branch: $packets packets, $sent sent to galette-slow, $absent absent, $lost lost at its door; $handled handled, $((sent - handled)) died with it"
equal "$DEATHS deaths: the kernel part lost 0 of $(load .entered)" "0 0 $(load .entered)" \
	"$(load '"\(.dropped) \(.lost) \(.received + .tx_lost)"')"
equal "every packet of the upcall edge is counted" "$packets" $((sent + absent + lost))
equal "… and is one that came" "$packets" "$(slow_load .entered)"
holds "in between they took the action absent" test "$absent" -ge "$DEATHS"
equal "nothing of the chain was started anew" "$identity" \
	"$(pin -j show eth0 | jq -c '[.generation, [.functions[].prog_id]]')"
holds "who took over had nothing to say" test ! -s "$T/slow-err"
wait_for frames_whole
holds "every frame of the last one is in its ring" frames_whole

# ---- apply of what runs ----
kill -KILL "$(slow_show .pid)"
wait_for slow_gone
expect 0 "apply of the file that runs is nothing to do" pin apply eth0 "$T/chain.toml"
prints "… says so" "nothing to do"
holds "… but starts another galette-slow" slow_runs

# ---- deaths of a pipe ----
crashed() {
	slow_show '[.pipes[].lost.crashed] | add'
}
before=$(crashed)
slow_load_start --rate $RATE --batch 16 --burst $((RATE / 20))
supervisor=$(slow_show .pid)
for ((i = 0; i < DEATHS; i++)); do
	crashes=$(slow_show '[.pipes[].crashes] | add')
	wait_for handled_above "$(slow_show '[.pipes[].packets] | add')"
	kill -KILL "$(slow_show ".pipes | max_by(.packets) | .pid")"
	pipe_crashed() {
		[ "$(slow_show '[.pipes[].crashes] | add')" -gt "$crashes" ]
	}
	wait_for pipe_crashed || fail "death $i of a pipe is noticed"
done
wait_for handled_above "$(slow_show '[.pipes[].packets] | add')"
slow_load_stop
echo "# $DEATHS deaths of a pipe: $(cat "$T/slow-load")"
slow_show . | jq -c '[.frames, (.pipes[] | [.packets, .crashes, .lost.crashed])]' | indent
equal "$DEATHS deaths of a pipe, and the supervisor lives" "$supervisor $DEATHS" \
	"$(slow_show '"\(.pid) \([.pipes[].crashes] | add)"')"
crashed=$(($(crashed) - before))
holds "some had a packet in hand, and none more than one: $crashed" \
	test $crashed -gt 0 -a $crashed -le "$DEATHS"
holds "… by the wires, too: $(slow_load .lost)" test "$(slow_load .lost)" -le "$DEATHS"
wait_for frames_whole
holds "every frame is in its ring: $(slow_show '.frames | tostring')" frames_whole
PROBE=$("$HELPERS/loadgen" peer1 eth1 --skb --slow --count 8)
equal "and packets go on" 8 "$(probed .received)"
expect 0 "detach" pin detach eth0
wait
equal "no galette-slow is left" 0 "$(slow_processes)"
