#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Pipes: each flow has one, in both directions and whichever interface it comes
# from, and keeps its order there; one that is held up holds up nobody else. Then
# maps that both worlds use, and functions that run in both.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

FLOWS=24
# Of each flow; and of each wire, when two are used at once. Machines with cards are emulated.
[ "$WIRE" = veth ] && PACKETS=2000 MANY=100000 || PACKETS=400 MANY=20000

bench
bench 1

cat > "$T/pipes.toml" <<'END_OF_CHAIN'
[slowpath]
pipes = 3
watchdog = 600
[functions.gate]
path = "slow-gate"
disable_xdp = true
config = { port = 7 }
[functions.s]
path = "stamp"
disable_xdp = true
[[links]]
from = "rx"
to = ["gate"]
[[links]]
from = "gate"
to = ["s"]
[[links]]
from = "s"
to = ["tx"]
END_OF_CHAIN
expect 0 "attach with 3 pipes" pin attach eth0 "$T/pipes.toml" || exit
attached_so

# Packets of each pipe, "1 2 3".
by_pipe() {
	pin -j show "${1-eth0}" | jq -r '[.slowpath.pipes[].packets] | join(" ")'
}

# The pipe that N packets more are of, before and after; "several" if they are of more than one.
pipe_of() {
	local n=$1 i found=none
	local -a was is
	read -ra was <<< "$2"
	read -ra is <<< "$3"
	for i in "${!is[@]}"; do
		case $((is[i] - was[i])) in
		0) ;;
		"$n") found=$i ;;
		*) found=several ;;
		esac
	done
	echo "$found"
}

# ---- each flow has one pipe, in both directions, and keeps its order ----
load_way
declare -A pipe=()
wrong=0 backward=0 lost=0 turned=0
now=$(by_pipe)
for ((flow = 1; flow <= FLOWS; flow++)); do
	# shellcheck disable=SC2086 # words
	LOAD=$("$HELPERS/loadgen" peer0 eth0 $WAY --slow --count $PACKETS --rate 100000 --burst 500 --cpu 0 ${GALETTE_LOAD-} \
		--sport $((1000 + flow)) --hops 1)
	before=$now now=$(by_pipe)
	pipe[$flow]=$(pipe_of "$(load .received)" "$before" "$now")
	[ "${pipe[$flow]}" -ge 0 ] 2> /dev/null || wrong=$((wrong + 1))
	backward=$((backward + $(load .backward)))
	lost=$((lost + $(load '.sent - .received')))
	before=$now
	probe --slow --src 10.0.0.2 --dst 10.0.0.1 --sport 2000 --dport $((1000 + flow))
	now=$(by_pipe)
	[ "$(pipe_of 8 "$before" "$now")" = "${pipe[$flow]}" ] || turned=$((turned + 1))
done
echo "# $FLOWS flows of $PACKETS packets on pipes ${pipe[*]}; lost: $lost"
equal "each of $FLOWS flows is on one pipe" 0 $wrong
equal "0 of $((FLOWS * PACKETS)) packets overtaken by another of the flow" 0 $backward
equal "0 flows have another pipe the other way" 0 $turned
equal "all pipes are used" 3 "$(printf '%s\n' "${pipe[@]}" | sort -u | wc -l)"

# IPv6, frames of no flow.
before=$now
probe --slow --src 2001:db8::1 --dst 2001:db8::2
middle=$(by_pipe)
probe --slow --src 2001:db8::2 --dst 2001:db8::1 --sport 2000 --dport 1000
now=$(by_pipe)
equal "IPv6: both directions on one pipe" "$(pipe_of 8 "$before" "$middle")" \
	"$(pipe_of 8 "$middle" "$now")"
before=$now
# One datagram in fragments, the first of which alone has the ports.
netns far
ip link set peer0 down
ip link add far0 type veth peer name eth0 netns far 2> "$T/err" || cat "$T/err"
echo 1 | in_ns far tee /proc/sys/net/ipv6/conf/eth0/disable_ipv6 > "$T/null"
ip link set far0 up
in_ns far ip link set eth0 up
in_ns far ethtool -K eth0 gro on tso off gso off tx off > /dev/null
in_ns far ip addr add 192.0.2.1/24 dev eth0
in_ns far ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev eth0
expect 0 "attach to another" pin attach far0 "$T/pipes.toml"
all_three() {
	pin -j show far0 | jq -e "[.slowpath.pipes[].packets] | add == 3 * ($port - 5000)"
}
for ((port = 5001; port <= 5008; port++)); do
	before=$(by_pipe far0)
	in_ns far bash -c "head -c 4000 /dev/zero | dd bs=4000 iflag=fullblock status=none > /dev/udp/192.0.2.2/$port"
	wait_for all_three
	pipe_of 3 "$before" "$(by_pipe far0)"
done > "$T/fragments"
equal "the fragments of each of 8 datagrams are on one pipe" "8 0" \
	"$(wc -l < "$T/fragments") $(grep -Evc '^[0-9]+$' "$T/fragments")"
expect 0 "detach" pin detach far0
ip link del far0
ip link set peer0 up

# ---- one that is held up holds up nobody else ----
gate() {
	pin -q map eth0 gate:gate set 0 "$1"
}
came() {
	pin -j map eth0 gate:gate | jq -r '.. | objects | select(.key? == 1).value'
}
gate 1
before=$(by_pipe)
send_one() {
	"$HELPERS/loadgen" peer0 eth0 --skb --slow --patience 0.1 --count 1 --sport "$1" > "$T/sent"
}
send_one 7
one_came() {
	[ "$(came)" = 1 ]
}
wait_for one_came
equal "a packet waits in its function" 1 "$(came)"
held=$(pin -j show eth0 | jq -r '.slowpath.pipes | map(.function) | index("gate")')
holds "… as show says of pipe $held" test "$held" -ge 0
passed=0 stuck=0 others=0
for ((flow = 1; flow <= FLOWS && others < 6; flow++)); do
	if [ "${pipe[$flow]}" != "$held" ]; then
		others=$((others + 1))
		probe --slow --sport $((1000 + flow))
		[ "$(probed .received)" = 8 ] && passed=$((passed + 1))
	elif [ $stuck = 0 ]; then
		probe --slow --patience 1 --sport $((1000 + flow))
		equal "a flow of the same pipe waits behind it" 0 "$(probed .received)"
		stuck=8
	fi
done
equal "$others flows of other pipes come through meanwhile" "$others" $passed
equal "… and the first is still there" "$held" \
	"$(pin -j show eth0 | jq -r '.slowpath.pipes | map(.function) | index("gate")')"
gate 0
all_there() {
	pin -j show eth0 | jq -e "[.slowpath.pipes[].packets] | .[$held] == $(cut -d ' ' -f $((held + 1)) <<< "$before") + 1 + $stuck"
}
holds "when it may go on it does, and those behind it" wait_for all_there
expect 0 "detach" pin detach eth0

# The number of pipes when nobody says.
sed '/^pipes/d' "$T/pipes.toml" > "$T/default.toml"
expect 0 "attach without a number" pin attach eth0 "$T/default.toml"
cores=$(grep -c ^processor /proc/cpuinfo) # nproc leaves out those that this may not use
equal "there is one pipe less than $cores cores, at least one" $((cores > 2 ? cores - 1 : 1)) \
	"$(slow_show '.pipes | length')"
expect 0 "detach" pin detach eth0

# ---- two interfaces, tx(IF) ----
cat > "$T/two.toml" <<'END_OF_CHAIN'
[slowpath]
pipes = 3
[functions.there]
path = "stamp"
[functions.back]
path = "stamp"
[[links]]
from = "rx(lan)"
to = ["!there"]
[[links]]
from = "rx(wan)"
to = ["!back"]
[[links]]
from = "there"
to = ["tx(wan)"]
[[links]]
from = "back"
to = ["tx(lan)"]
END_OF_CHAIN
expect 0 "attach to two interfaces" pin attach --name gw lan=eth0 wan=eth1 "$T/two.toml"
came_to() {
	cat "/sys/class/net/$1/statistics/rx_packets"
}
crossed() {
	[ "$(came_to "$1")" -ge "$2" ]
}
# cross FROM TO OPTION...: eight frames into IF FROM come out of the wire of TO, on pipe $CROSSED.
cross() {
	local from=$1 to=$2 before at
	shift 2
	before=$(by_pipe gw) at=$(came_to "peer$to")
	"$HELPERS/loadgen" "peer$from" "eth$from" --skb --patience 0.05 --count 8 "$@" > "$T/sent"
	wait_for crossed "peer$to" $((at + 8)) || wrong=$((wrong + 1))
	CROSSED=$(pipe_of 8 "$before" "$(by_pipe gw)")
}
wrong=0 turned=0
for ((flow = 1; flow <= 8; flow++)); do
	cross 0 1 --sport $flow
	pipe[$flow]=$CROSSED
	cross 1 0 --src 10.0.0.2 --dst 10.0.0.1 --sport 2000 --dport $flow
	[ "$CROSSED" = "${pipe[$flow]}" ] || turned=$((turned + 1))
done
equal "all frames of 8 connections cross, both ways" 0 $wrong
equal "… both ways on one pipe, also from the other interface" 0 $turned
equal "… counted as redirected" 128 "$(slow_show '[.pipes[].redirect] | add' gw)"
pin -j show gw > "$T/out"
json "… and on their edges" \
	'[.links[] | select(.from == "there" or .from == "back").packets] == [64, 64]'
holds "no frame is on its way any more" wait_for frames_whole gw
expect 0 "detach" pin detach gw

# ---- maps and functions of both worlds ----
cat > "$T/both.toml" <<'END_OF_CHAIN'
[slowpath]
pipes = 2
[functions.kernel]
path = "count"
maps = { seen = "_" }
[functions.native]
path = "count"
maps = { seen = "_" }
[maps.seen]
entries = [ { key = 0, value = 0 } ]
[[links]]
from = "rx"
to = ["kernel"]
[[links]]
from = "kernel"
to = ["!native"]
[[links]]
from = "native"
to = ["tx"]
END_OF_CHAIN
expect 0 "attach of a chain that counts in both worlds" \
	pin attach --name gw eth0 eth1 "$T/both.toml"
seen() {
	pin -j map gw seen | jq '[.. | objects | select(.key? == 0).value] | add'
}
# Two flows of different pipes, at once, each from its own wire.
for i in 0 1; do
	# shellcheck disable=SC2086 # words
	"$HELPERS/loadgen" peer$i eth$i $WAY --slow --count $MANY --rate 60000 --burst 1000 ${GALETTE_LOAD-} \
		--sport $((1001 + 2 * i)) --cpu $((i % $(nproc))) > "$T/load$i" &
	pids[i]=$!
done
wait "${pids[0]}" "${pids[1]}"
cat "$T/load0" "$T/load1" | indent
entered=$(jq -s 'map(.entered) | add' "$T/load0" "$T/load1")
native=$(slow_show '[.pipes[].packets] | add' gw)
both=$(by_pipe gw)
echo "# $entered in the kernel, $native natively, pipes: $both"
holds "both pipes had packets" test "${both% *}" -gt 0 -a "${both#* }" -gt 0
equal "0 of $((entered + native)) additions from both worlds lost" $((entered + native)) "$(seen)"
expect 0 "detach" pin detach gw

# What a native NF has put is there for the next packet in the kernel.
cat > "$T/put.toml" <<'END_OF_CHAIN'
[functions.count]
[[links]]
from = "rx"
to = ["!count"]
[[links]]
from = "count"
to = ["tx"]
END_OF_CHAIN
expect 0 "attach" pin attach eth0 "$T/put.toml"
probe --slow --count 1
expect 0 "the same function in the kernel from now on" pin link eth0 rx count
probe
equal "the kernel counts on from what the native one has put" 9 \
	"$(pin -j map eth0 seen | jq '[.. | objects | select(.key? == 0).value] | add')"
expect 0 "detach" pin detach eth0

# A branch, a join: half of the flows there natively, half in the kernel, by one function.
cat > "$T/branch.toml" <<'END_OF_CHAIN'
[functions.load-balance]
[functions.s1]
path = "stamp"
config = { build = 1 }
[functions.again]
path = "load-balance"
[functions.s2]
path = "stamp"
config = { build = 1 }
[functions.joined]
path = "stamp"
[[links]]
from = "rx"
to = ["load-balance"]
[[links]]
from = "load-balance"
to = { primary = "s1", secondary = "!s1" }
[[links]]
from = "s1"
to = ["again"]
[[links]]
from = "again"
to = { primary = "joined", secondary = "s2" }
[[links]]
from = "s2"
to = ["joined"]
[[links]]
from = "joined"
to = ["tx"]
END_OF_CHAIN
expect 0 "attach of a chain whose function runs in both worlds" pin attach eth0 "$T/branch.toml"
received=0
for ((flow = 1; flow <= FLOWS; flow++)); do
	probe --slow --sport $flow
	received=$((received + $(probed .received)))
done
equal "all packets come back" $((8 * FLOWS)) $received
pin -j show eth0 > "$T/out"
json "… both ways, the native one through the branch and the join: $(jq -c '[.links[] | .packets]' "$T/out")" \
	"(.links | map({key: \"\(.from):\(.action // \"\")\", value: .packets}) | from_entries) |
	 .[\"load-balance:primary\"] > 0 and .[\"load-balance:secondary\"] > 0 and
	 .[\"s2:next\"] == .[\"load-balance:secondary\"] and .[\"s1:next\"] == $((8 * FLOWS)) and
	 .[\"joined:next\"] == $((8 * FLOWS))"
equal "… as many natively as took that edge" "$(jq '.links[] | select(.action == "secondary" and .from == "load-balance").packets' "$T/out")" \
	"$(slow_show '[.pipes[].tx] | add')"
to_slow() {
	pin -j show eth0 | jq '.links[] | select(.from == "load-balance" and .action == "secondary").packets'
}
# As many more natively as took that edge.
natively() {
	[ $(($(slow_show "[.pipes[].$to] | add") - before)) = $(($(to_slow) - taken)) ]
}
for to in drop abort; do
	expect 0 "link to $to" pin link eth0 joined:next $to
	gone=0 before=$(slow_show "[.pipes[].$to] | add") taken=$(to_slow)
	for ((flow = 1; flow <= FLOWS; flow++)); do
		probe --patience 0.05 --sport $flow
		gone=$((gone + $(probed '.dropped + .redirected')))
	done
	equal "… none comes back" $((8 * FLOWS)) $gone
	holds "… $(($(to_slow) - taken)) of them natively" wait_for natively
done
expect 0 "detach" pin detach eth0
