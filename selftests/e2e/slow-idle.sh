#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# galette-slow sleeps when there is nothing to do, also after it had more than enough: no CPU
# time, no wake-up.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

linear "$T/a.toml" 1 s1 s2 < /dev/null
sed -i '/^\[functions.s1\]/a disable_xdp = true' "$T/a.toml"
sed -i '1i [slowpath]\npipes = 3' "$T/a.toml"
bench
expect 0 "attach" pin attach eth0 "$T/a.toml" || exit
attached_so

REST=$(often 10)
pids=$(slow_show '.pid, .pipes[].pid')
# Ticks of CPU time of all its processes; and how often they have been woken up.
cpu() {
	local pid rest sum=0
	for pid in $pids; do
		rest=$(< "/proc/$pid/stat")
		read -ra rest <<< "${rest##*) }"
		sum=$((sum + rest[11] + rest[12]))
	done
	echo $sum
}
wakeups() {
	local pid sum=0
	for pid in $pids; do
		sum=$((sum + $(awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$pid/status")))
	done
	echo $sum
}
# Whatever was to be done behind the last packet is done: nothing changes for longer than it
# takes the watchdog to look again and see no pipe at work (a quarter of 5 s).
quiet() {
	local before
	before=$(wakeups)
	sleep 2
	[ "$before" = "$(wakeups)" ]
}

probe --slow
equal "packets go through it" 8 "$(probed .received)"
load_start --slow --rate 400000
sleep 1
load_stop
echo "# $(load .received) packets in $(load .seconds) s"
holds "many go through it" test "$(load .received)" -gt 8
wait_for quiet
holds "it comes to rest" quiet
cpu=$(cpu) wakeups=$(wakeups)
sleep "$REST"
echo "# $REST s without traffic, $(wc -w <<< "$pids" ) processes: $(($(cpu) - cpu)) ticks of CPU time, $(($(wakeups) - wakeups)) wake-ups"
equal "0 % CPU over $REST s" 0 $(($(cpu) - cpu))
equal "0 wake-ups" 0 $(($(wakeups) - wakeups))
probe --slow
equal "and the next packets go through it" 8 "$(probed .received)"
holds "which wakes it up" test "$(wakeups)" -gt "$wakeups"
# A card may have said of the last ones before that they are sent only when it slept already.
late=0
[ "$WIRE" = veth ] || late=8
taken() {
	slow_show .frames > "$T/frames"
	jq -e ".total > 0 and .fill + .completion == .total and .completion <= $late" "$T/frames" > /dev/null
}
wait_for taken
holds "and has it take what came back meanwhile: $(jq -c . "$T/frames")" taken
expect 0 "detach" pin detach eth0
