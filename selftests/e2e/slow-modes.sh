#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The slow path as machines have it: packets for the local stack, generic XDP, VLAN
# tags, interfaces with several queues; galette-slow under an init system; and
# functions that the verifier refuses.
. "$(dirname "$0")/../lib.sh"

chain() {
	printf '[functions.s]\npath = "stamp"\ndisable_xdp = true\n[[links]]\nfrom = "rx"\nto = ["s"]\n'
	printf '[[links]]\nfrom = "s"\nto = ["%s"]\n' "$1"
	cat
}

# ---- pass: to the stack of this machine, as if received ----
netns far
ip link add near0 type veth peer name eth0 netns far
for ns in "" "in_ns far"; do
	[ -n "$ns" ] && dev=eth0 me=1 || dev=near0 me=2
	echo 0 | $ns tee /proc/sys/net/ipv6/conf/"$dev"/disable_ipv6 > "$T/null"
	$ns ip link set "$dev" up
	$ns ip addr add "192.0.2.$me/24" dev "$dev"
	$ns ip addr add "2001:db8::$me/64" dev "$dev" nodad
	$ns ethtool -K "$dev" gro on tso off gso off tx off > "$T/null"
done
chain pass < /dev/null > "$T/pass.toml"
port=5000
# transfer CASE FROM TO ADDRESS: echo over TCP, every byte compared; "here" is this namespace.
in_here() {
	shift
	"$@"
}
transfer() {
	local name=$1 from=$2 to=$3 address=$4 server
	port=$((port + 1))
	: > "$T/server"
	"$to" far "$HELPERS/tcp" serve "$address" $port > "$T/server" 2>&1 &
	server=$!
	wait_for grep -q listening "$T/server"
	expect 0 "$name" "$from" far timeout 120 "$HELPERS/tcp" echo "$address" $port 300000
	kill $server 2> /dev/null
	wait $server 2> /dev/null
}
for mode in native generic; do
	expect 0 "attach --mode $mode" pin -q attach --mode $mode near0 "$T/pass.toml"
	expect 0 "$mode: ping, IPv4" in_ns far ping -q -c 3 -i 0.05 192.0.2.2
	expect 0 "$mode: ping, IPv6" in_ns far ping -q -c 3 -i 0.05 2001:db8::2
	expect 0 "$mode: ping, fragments" in_ns far ping -q -c 3 -i 0.05 -s 4000 192.0.2.2
	transfer "$mode: TCP from there and back, IPv4" in_ns in_here 192.0.2.2
	transfer "$mode: TCP from here and back, IPv4" in_here in_ns 192.0.2.1
	transfer "$mode: TCP from there and back, IPv6" in_ns in_here 2001:db8::2
	transfer "$mode: TCP from here and back, IPv6" in_here in_ns 2001:db8::1
	for ns in "" "in_ns far"; do
		[ -n "$ns" ] && dev=eth0 me=1 || dev=near0 me=2
		$ns ip link add link "$dev" name v5 type vlan id 5 &&
			$ns ip link set v5 up && $ns ip addr add "198.51.100.$me/24" dev v5
	done 2> "$T/vlan"
	if [ -s "$T/vlan" ]; then
		skip "$mode: VLAN" "no VLAN devices in this kernel"
	else
		expect 0 "$mode: ping, VLAN 5" in_ns far ping -q -c 3 -i 0.05 198.51.100.2
		transfer "$mode: TCP, VLAN 5" in_ns in_here 198.51.100.2
		ip link del v5
		in_ns far ip link del v5
	fi
	pin -j show near0 > "$T/out"
	json "$mode: all of them went by the slow path: $(jq '[.slowpath.pipes[].pass] | add' "$T/out")" \
		'(.links[] | select(.from == "rx").packets) == ([.slowpath.pipes[].pass] | add) and
		 all(.slowpath.pipes[]; .lost | add == 0)'
	expect 0 "$mode: detach" pin detach near0
done

# ---- tags, generic XDP ----
bench
chain tx < /dev/null > "$T/tx.toml"
for mode in native generic; do
	expect 0 "attach --mode $mode" pin -q attach --mode $mode eth0 "$T/tx.toml"
	for args in "" "--vlan 5" "--vlan 5 --vlan 6" "--src 2001:db8::1 --dst 2001:db8::2"; do
		# shellcheck disable=SC2086 # words
		probe --slow --hops 1 $args
		equal "$mode, frames with ${args:-no options}" "8 0" "$(probed '"\(.received) \(.short)"')"
	done
	equal "$mode: all by the slow path" 32 "$(slow_show '[.pipes[].tx] | add')"
	# The count that show has is that of the frame that was sent.
	pin -j show eth0 > "$T/out"
	json "$mode: both edges have the same bytes" \
		'[.links[].packets] == [32, 32] and .links[0].bytes == .links[1].bytes'
	expect 0 "detach" pin detach eth0
done

# ---- several queues ----
ip link add eth4 numrxqueues 4 numtxqueues 4 type veth peer name peer4 numrxqueues 4 numtxqueues 4
for dev in eth4 peer4; do
	ethtool -L $dev rx 2 tx 2
	ethtool -K $dev gro on
	ip link set "$dev" up
done
chain tx <<< $'[slowpath]\npipes = 2\nframes = 256' > "$T/queues.toml"
expect 0 "attach to an interface of 2 queues" pin -q attach eth4 "$T/queues.toml"
equal "frames for each of 2 queues" 512 "$(slow_show .frames.total eth4)"
expect 0 "plan has nothing to do" pin plan --exit-code eth4 "$T/queues.toml"
# No socket is for the packets of those that it has now. (With sockets there it cannot have less.)
# A veth's new queues get its XDP program when it comes up.
ip link set eth4 down
ethtool -L eth4 rx 4 tx 4
ethtool -L peer4 rx 4 tx 4
ip link set eth4 up
expect 3 "plan sees other queues" pin plan --exit-code eth4 "$T/queues.toml"
equal "… and says which" "~ slowpath queues 4, was 2" "$(grep slowpath "$T/out")"
expect 0 "apply" pin apply eth4 "$T/queues.toml"
equal "frames for each of 4 queues" 1024 "$(slow_show .frames.total eth4)"
equal "a socket on each of 4 queues and 2 pipes" 8 \
	"$(find "/proc/$(slow_show .pid eth4)/fd" -lname 'socket:*' | wc -l)"
received=0 frames=0
for ((flow = 1; flow <= 32; flow++)); do
	out=$("$HELPERS/loadgen" peer4 eth4 --skb --slow --count 8 --sport $flow)
	received=$((received + $(jq .received <<< "$out"))) frames=$((frames + 8))
done
equal "frames of 32 flows come back" $frames $received
queues=$(ethtool -S eth4 | sed -n 's/^ *rx_queue_\([0-9]\)_xdp_packets: \(.*\)/\2/p' | grep -cv '^0$')
holds "… over several of the queues: $queues" test "$queues" -gt 1
equal "… none absent" 0 "$(pin -j show eth4 | jq '[.links[].upcall.absent // 0] | add')"
expect 0 "detach" pin detach eth4

# ---- under an init system ----
chain tx < /dev/null > "$T/other.toml"
sed -i 's/^disable_xdp.*/&\nconfig = { build = 2 }/' "$T/other.toml"
chain tx <<< $'[slowpath]\npipes = 2' > "$T/pipes.toml"
expect 0 "attach --no-helper" pin attach --no-helper eth0 "$T/tx.toml"
equal "it does not start galette-slow" "null 0" "$(slow_show .pid) $(slow_processes)"
probe --slow
equal "packets are dropped as absent" "8 8" \
	"$(probed .dropped) $(pin -j show eth0 | jq '[.links[].upcall.absent // 0] | add')"
expect 0 "nor does apply" pin apply eth0 "$T/other.toml"
equal "… start it" 0 "$(slow_processes)"
slow=${GALETTE%pin}slow
"$slow" eth0 2> "$T/slow-err" &
init=$!
ready() {
	[ "$(slow_show .pid)" != null ]
}
wait_for ready
equal "galette-slow in the foreground takes over" $init "$(slow_show .pid)"
probe --slow --hops 1
equal "… packets come back by it" "8 8" "$(probed '"\(.received) \(.builds[2])"')"
expect 1 "a second one is refused" "$slow" eth0
equal "… in one sentence" 1 "$(grep -c "^galette-slow: galette-slow runs for chain 'eth0' already, process $init" "$T/err")"
expect 1 "one for no chain is refused" "$slow" eth9
asleep() {
	[ "$(awk '{ print $3 }' "/proc/$init/stat")" = S ]
}
# Each takes over from the one before: of the same shape, and of another.
last=$init
for file in tx other pipes other; do
	expect 0 "apply hands over to a new one ($file)" pin apply eth0 "$T/$file.toml"
	holds "… another process" test "$(slow_show .pid)" != "$last"
	last=$(slow_show .pid)
	holds "… the foreground process sleeps on" wait_for asleep
	probe --slow --hops 1
	equal "… packets come back" 8 "$(probed .received)"
done
equal "… no others are left: one that sleeps, one that works, its pipe" 3 "$(slow_processes)"
# It holds nothing of the generations that have gone.
equal "… and it holds no map or program" 0 \
	"$(find "/proc/$init/fd" -lname 'anon_inode:bpf*' 2> /dev/null | wc -l)"
kill -TERM $init
wait $init
equal "SIGTERM to it ends the successor, and it ends well" "0 null 0" "$? $(slow_show .pid) $(slow_processes)"

# What its init system would start again at once is not stopped, and starts with nothing to do.
function=$(pin -j show eth0 | jq -r '.functions[0].name')
for state in "that runs" "that starts"; do
	[ "$state" = "that runs" ] || expect 0 "link past all of it" pin link eth0 rx tx
	"$slow" eth0 2> "$T/slow-err" &
	init=$!
	wait_for ready
	[ "$state" = "that starts" ] || expect 0 "link past all of it" pin link eth0 rx tx
	equal "one $state with nothing to do stays" "$init 2" "$(slow_show .pid) $(slow_processes)"
	expect 0 "… link back" pin link eth0 rx "$function"
	probe --slow --hops 1
	equal "… packets come back by it" "8 $init" "$(probed .received) $(slow_show .pid)"
	kill -TERM $init
	wait $init
done

# Killed before any of its system calls, a taker leaves the one that runs at work, until it
# has taken over.
"$slow" eth0 2> "$T/slow-err" &
init=$!
wait_for ready
taken() {
	[ "$(slow_show .pid)" != $init ] || ! kill -0 "$taker" 2> /dev/null
}
kills=0 bad=0
while :; do
	"$HELPERS/inject" --calls all --kill $((kills * 5 + 1)) -- "$slow" --replace eth0 3> "$T/hit" 2> "$T/err" &
	taker=$!
	wait_for taken
	[ "$(slow_show .pid)" = $init ] || break
	wait $taker
	kills=$((kills + 1))
	probe --slow --hops 1
	[ "$(probed .received) $(slow_show .pid)" = "8 $init" ] || bad=$((bad + 1))
done
equal "a taker killed at $kills of its calls: the one that runs goes on" 0 $bad
holds "… so many calls there are" test "$kills" -gt 20
kill -TERM $init 2> "$T/null" # it has ended, if that was the taker's end, too
wait "$init" "$taker"
equal "… and SIGTERM ends all" 0 "$(slow_processes)"

# A signal that comes while it hands over ends both.
"$slow" eth0 2> "$T/slow-err" &
init=$!
wait_for ready
pipe=$(slow_show '.pipes[0].pid')
kill -STOP "$pipe"
"$slow" --replace eth0 2>> "$T/slow-err" &
taker=$!
wait_for grep -q futex "/proc/$taker/wchan"
kill -TERM $init
kill -CONT "$pipe"
wait $init $taker
equal "SIGTERM while one hands over ends both" "0 0" "$? $(slow_processes)"

# Without a pipe that lives it gives up, and says so.
"$slow" eth0 2> "$T/slow-err" &
init=$!
wait_for ready
while kill -0 $init 2> /dev/null; do
	pipe=$(slow_show '.pipes[0].pid')
	[[ $pipe =~ ^[0-9]+$ ]] && kill -KILL "$pipe" 2> /dev/null
done
wait $init
equal "one whose pipes end at once, again and again, fails" 1 $?
equal "… and says so" 1 "$(grep -c '^galette-slow: .*pipe 0 has ended 10 times before its first packet' "$T/slow-err")"

# Two that take over at the same time: one after the other, and one remains.
"$slow" eth0 2> "$T/slow-err" &
init=$!
wait_for ready
takers=()
for i in 1 2 3; do
	"$slow" --replace eth0 2>> "$T/slow-err" &
	takers+=($!)
done
settled() {
	[ "$(slow_show .pid)" != null ] && [ "$(slow_processes)" = 5 ] && [[ " ${takers[*]} " == *" $(slow_show .pid) "* ]]
}
holds "three take over at the same time: one of them works, the others sleep" wait_for settled
probe --slow --hops 1
equal "… packets come back by it" 8 "$(probed .received)"
kill -TERM $init
wait $init "${takers[@]}"
equal "… SIGTERM to the first ends all" "null 0" "$(slow_show .pid) $(slow_processes)"
"$slow" eth0 2> "$T/slow-err" &
init=$!
wait_for ready
expect 0 "apply hands over once more" pin apply eth0 "$T/tx.toml"
# A successor that dies is no reason to sleep on: the init system starts another.
kill -KILL "$(slow_show .pid)"
wait $init
equal "the foreground process ends when its successor is killed" 0 $?
"$slow" eth0 2> "$T/slow-err" &
init=$!
wait_for ready
expect 0 "and again" pin apply eth0 "$T/other.toml"
expect 0 "detach" pin detach eth0
wait $init
equal "… ends all" "0 0" "$? $(slow_processes)"

# ---- what the verifier refuses ----
printf '[functions.bad]\npath = "slow-reject"\ndisable_xdp = true\n[[links]]\nfrom = "rx"\nto = ["bad"]\n[[links]]\nfrom = "bad"\nto = ["tx", "drop"]\n' > "$T/bad.toml"
expect 1 "a native function that the verifier refuses in the kernel is refused" pin attach eth0 "$T/bad.toml"
sentence "… with its reason" "'bad'.*outside of the packet"
equal "… nothing is left" "0 " "$(slow_processes) $(pinned | grep -vx '[.]')"
expect 2 "check says so, too" pin check "$T/bad.toml"
says "… where and why" "bad.toml:[0-9]+:[0-9]+: error: .*'bad'.*outside of the packet"
check_as_nobody() {
	setpriv --reuid 65534 --clear-groups "$GALETTE" --nf-path "$TESTNF:$NF" check - < "$T/bad.toml"
}
expect 0 "check without privilege is silent" check_as_nobody
equal "…" "" "$(cat "$T/out" "$T/err")"
expect 0 "check of one that it takes" pin check "$T/tx.toml"
for example in "$ROOT"/chains/*.toml; do
	expect 0 "check of chains/${example##*/}" pin check "$example"
done
expect 0 "attach of one that it takes" pin attach eth0 "$T/tx.toml"
pin -j show eth0 > "$T/out"
json "show says so" '[.functions[].native] == ["verified"]'
expect 0 "detach" pin detach eth0
sed -e 's/slow-reject/slow-gate/' -e 's/"tx", "drop"/"tx"/' -e 's/^disable.*/&\nconfig = { port = 7 }/' "$T/bad.toml" > "$T/gate.toml"
expect 0 "attach of one that has no BPF object" pin attach eth0 "$T/gate.toml"
pin -j show eth0 > "$T/out"
json "show says so" '[.functions[].native] == ["native-only"]'
expect 0 "detach" pin detach eth0
