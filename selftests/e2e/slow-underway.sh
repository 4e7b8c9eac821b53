#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Packets that are on their way from the kernel to galette-slow when it is to end:
# it gets them first, or gets none any more. A function in the kernel takes so long
# that a whole poll of the interface is always under way.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

TIMES=${GALETTE_SLOW_LINKS:-6}
[ "$WIRE" = veth ] && WORK=100000 || WORK=5000 # an emulated machine

# chain FILE PIPES TARGET: in the kernel some 10 ms a poll of 64 packets, then there.
chain() {
	linear "$1" 1 long=compute s1 <<-END
		[slowpath]
		pipes = $2
		frames = 8192
		absent = "tx"
	END
	sed -i -e "/^\[functions.long\]/a config = { iterations = $WORK }" \
		-e "s/to = \[\"s1\"\]/to = [\"$3\"]/" "$1"
}

sent() {
	local upcalls
	for upcalls in "$PINS"/eth0/gen/*/upcalls; do
		bpftool -j map dump pinned "$upcalls"
	done | jq -s '[.[][].formatted.values[].value.sent] | add'
}
# Packets that have left the kernel: as the chain says, or, when it is gone, stamped by s1,
# which was nowhere else then.
left() {
	if [ -e "$PINS/eth0" ]; then
		sent
	else
		load '.builds[1]'
	fi
}

# under_load CASE CMD ...: nothing is lost meanwhile.
under_load() {
	local name=$1 left
	shift
	# shellcheck disable=SC2086 # words
	load_start --slow --batch 64 --burst 640 --cpu $(($(nproc) - 1)) ${GALETTE_LOAD-}
	"$@"
	load_stop
	echo "# $name: $LOAD"
	equal "$name: 0 of $(load .entered) packets are lost" "0 0 0 $(load .entered)" \
		"$(load '"\(.dropped) \(.back_lost) \(.lost) \(.received + .passed)"')"
	left=$(left)
	holds "… some left the kernel: $left" test "$left" -gt 0
}

# At any moment of a poll, not when one has just ended.
at_any_moment() {
	sleep ".0$((RANDOM % 90 + 10))"
	"$@"
}
there_and_back() {
	local failed=0 i to
	for ((i = 0; i < TIMES; i++)); do
		for to in '!s1' s1; do
			at_any_moment pin -q link eth0 long:done $to || failed=$((failed + 1))
		done
	done
	equal "$((2 * TIMES)) links, none fails" 0 $failed
}
# The sockets of one cannot be the other's.
two_pipes_and_one() {
	local failed=0 i pipes
	for ((i = 0; i < TIMES; i++)); do
		for pipes in 2 1; do
			at_any_moment pin -q apply eth0 "$T/$pipes.toml" || failed=$((failed + 1))
		done
	done
	equal "$((2 * TIMES)) applies, none fails" 0 $failed
}

bench
chain "$T/kernel.toml" 1 s1
chain "$T/1.toml" 1 '!s1'
chain "$T/2.toml" 2 '!s1'
expect 0 "attach" pin attach eth0 "$T/kernel.toml" || exit
attached_so
under_load "there and back" there_and_back
expect 0 "apply" pin apply eth0 "$T/1.toml"
under_load "two pipes and one" two_pipes_and_one
for ((i = 1; i < TIMES; i++)); do
	under_load "away $i" at_any_moment pin -q detach eth0
	expect 0 "away $i: … and again" pin attach eth0 "$T/1.toml"
done
expect 0 "detach" pin detach eth0

# ---- one that cannot end yet, and whose successor has other sockets ----

# gated FILE PIPES WATCHDOG [LINK]
gated() {
	cat > "$T/$1.toml" <<-END
		[slowpath]
		pipes = $2
		absent = "tx"
		watchdog = $3
		[functions.slow-gate]
		config = { port = 7 }
		[[links]]
		from = "rx(eth0)"
		to = ["!slow-gate"]
		[[links]]
		from = "slow-gate"
		to = ["tx"]
		${4-}
	END
}
# By bpftool: a command would wait for the apply to end.
gate() {
	bpftool map update pinned "$PINS/eth0/maps/gate" key 0 0 0 0 value "$1" 0 0 0
}
came_through() {
	slow_show '[.pipes[].tx] | add'
}
handled_all() {
	[ "$(came_through)" = $((HANDLED + KEPT)) ]
}
# probes [OPTION ...]: those that galette-slow has got are $SENT, and all that it has $KEPT.
probes() {
	local before
	before=$(sent)
	probe --slow --patience 1 "$@"
	SENT=$(($(sent) - before))
	KEPT=$((KEPT + SENT))
}
is_absent() {
	probes
	[ "$SENT $(probed .received)" = "0 8" ]
}
# The gate is open again long before what is left is given up (predecessor.c).
# ends WHY CMD ...: it ends the galette-slow that runs, which has a packet in hand.
ends() {
	local why=$1 i command
	shift
	HANDLED=$(came_through)
	KEPT=0
	gate 1
	probes --sport 7
	equal "$why: a packet waits there, others behind it" "8 0" "$SENT $(probed .received)"
	pin -q "$1" eth0 "${@:2}" 2> "$T/err" &
	command=$!
	holds "$why: who ends gets no more packets" wait_for is_absent
	for i in 1 2 3; do
		probes
		equal "$why: … all take the action absent" "0 8" "$SENT $(probed .received)"
	done
	gate 0
	wait $command
	equal "$why: it ends then, and $1 with it" "0 " "$? $(cat "$T/err")"
	wait_for handled_all
	equal "$why: none of the $KEPT packets that it had is lost" "$((HANDLED + KEPT)) 0" \
		"$(came_through) $(slow_show '[.pipes[].lost[]] | add')"
}
gated one 1 60
gated two 2 60
gated other 1 60 '[[links]]
		from = "rx(eth1)"
		to = ["pass"]'
gated again 1 61
expect 0 "attach of a gate" pin attach eth0 "$T/one.toml"
ends "other pipes" apply "$T/two.toml"
slow=$(slow_show .pid)
expect 0 "rollback" pin rollback eth0
equal "… with galette-slow as it is" "$slow" "$(slow_show .pid)"
ends "pipes as before it" apply "$T/again.toml"
# As long as a generation has an interface, galette-slow has sockets there.
bench 1
for file in other one again; do
	expect 0 "apply: $file" pin apply eth0 "$T/$file.toml"
	pin -j show eth0 > "$T/out"
	json "… nothing is absent" 'all(.links[].upcall.absent // 0; . == 0)'
done
ends "an interface less" apply "$T/one.toml"
expect 0 "detach" pin detach eth0
equal "no galette-slow is left" 0 "$(slow_processes)"
