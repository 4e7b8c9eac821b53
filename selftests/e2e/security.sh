#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# chains/security.toml as it stands, between real programs. tx sends a packet out
# of the interface it came in on, so all that a device and a server say to each
# other is led through the one port of the gateway:
#
#   device 192.0.2.1 ─ dvc ┐          ┌ gwp ═══ eth0, the chain
#                          ├─ switch ─┤
#   server 192.0.2.2 ─ srv ┘          └
#
# What comes from dvc or srv goes to gwp; what comes back there, to where its
# destination is, and broadcasts to whom they are not from.
. "$(dirname "$0")/../lib.sh"

DEVICE=192.0.2.1
SERVER=192.0.2.2
# shellcheck disable=SC2046 # numbers
trap 'kill $(ip netns pids server; ip netns pids device) 2> /dev/null; cleanup; [ $FAILED -eq 0 ] || exit 1' EXIT

# ---- the wires ----

redirect() {
	local from=$1 to=$2
	shift 2
	in_ns switch tc filter add dev "$from" ingress protocol all u32 "$@" \
		action mirred egress redirect dev "$to"
}

# The last 16 bits of MACs are enough to tell two.
cable() {
	local name=$1 port=$2 number=$3 address=$4
	netns "$name"
	in_ns "$name" sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
	ip link add "$port" netns switch type veth peer name eth0 netns "$name" address "02:00:00:00:00:0$number"
	in_ns "$name" ethtool -K eth0 tx off tso off gso off > /dev/null
	in_ns "$name" ip addr add "$address/24" dev eth0
	in_ns "$name" ip link set eth0 up
	in_ns switch ip link set "$port" up
	in_ns switch tc qdisc add dev "$port" clsact
	redirect "$port" gwp match u32 0 0
	redirect gwp "$port" match u16 "$number" 0xffff at -10
}

netns switch
in_ns switch sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
ip link add eth0 type veth peer name gwp netns switch
ip link set eth0 up
in_ns switch ip link set gwp up
in_ns switch tc qdisc add dev gwp clsact
ethtool -K eth0 tx off tso off gso off > /dev/null
in_ns switch ethtool -K gwp tx off tso off gso off > /dev/null
cable device dvc 1 $DEVICE
cable server srv 2 $SERVER
redirect gwp dvc match u16 0xffff 0xffff at -10 match u16 2 0xffff at -4
redirect gwp srv match u16 0xffff 0xffff at -10 match u16 1 0xffff at -4
# A veth's peer takes what XDP_TX sends if it has XDP itself.
echo 'links = [{ from = "rx", to = ["pass"] }]' | in_ns switch "$GALETTE" attach gwp - ||
	fail "XDP at the other end of the gateway's wire"

# ---- what is counted ----

snap() {
	pin -j show eth0 > "$T/show"
}

# packets LINK: as of the last snap, over the edge FROM:ACTION.
packets() {
	jq --arg link "$1" '[.links[] | select("\(.from):\(.action // "")" == $link) | .packets] | add' "$T/show"
}

upcalls() {
	jq '.links[] | select(.upcall) | .upcall.sent' "$T/show"
}

# More than $2 packets over LINK $1.
above() {
	snap
	[ "$(packets "$1")" -gt "$2" ]
}

# measured WHAT CMD ...: CMD, and how many packets it cost: those that the chain
# has looked into in $LOOKED, those of them that have left the kernel in $LEFT.
measured() {
	local what=$1 status looked left
	shift
	snap
	looked=$(packets access-control:inspect)
	left=$(upcalls)
	"$@"
	status=$?
	snap
	LOOKED=$(($(packets access-control:inspect) - looked))
	LEFT=$(($(upcalls) - left))
	echo "# $what: $LOOKED packets, of which $LEFT left the kernel"
	return $status
}

# ---- programs ----

# in_server LOG CMD ...: in the background
in_server() {
	local log=$1
	shift
	nsenter --net=/run/netns/server "$@" > "$T/$log" 2>&1 &
}

listens() {
	in_ns server ss -Hln "$1" "sport = :$2" | grep -q .
}

serve() {
	mkdir "$T/www"
	head -c 5000000 /dev/urandom > "$T/www/firmware"
	in_server httpd.log busybox httpd -f -p 80 -h "$T/www"
	printf '%s\n' "listener 1883 $SERVER" "allow_anonymous true" "user root" > "$T/mosquitto.conf"
	in_server mosquitto.log mosquitto -v -c "$T/mosquitto.conf"
	in_server dns.log dnsmasq -k --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
		--address=/broker.example/$SERVER
	in_server iperf3.log iperf3 -s
	# It says what it hears, to whom is there and to a file of its own.
	printf '#!/bin/sh\nprintf "dvr login: "\nexec tee "%s/heard.$$"\n' "$T" > "$T/login"
	printf '#!/bin/sh\necho SSH-2.0-OpenSSH_9.2p1\n' > "$T/sshd"
	chmod +x "$T/login" "$T/sshd"
	in_server telnet.log busybox nc -ll -p 23 -e "$T/login"
	in_server ssh.log busybox nc -ll -p 22 -e "$T/sshd"
	wait_for listens -t 80 && wait_for listens -t 1883 && wait_for listens -u 53 &&
		wait_for listens -t 23 && wait_for listens -t 22 && wait_for listens -t 5201
}

holds "HTTP, MQTT, DNS, ssh, telnet and iperf3 listen" serve

expect 0 "attach" pin attach eth0 "$ROOT/chains/security.toml" || exit
equal "… without a warning" "" "$(cat "$T/err")"
snap
SLOW=$(jq .slowpath.pid "$T/show")
holds "galette-slow runs" kill -0 "$SLOW"

# ---- good clients ----

holds "ping" in_ns device ping -q -c 3 -i 0.05 $SERVER

download() {
	in_ns device curl -sS -o "$T/firmware" "http://$SERVER/firmware"
}

measured "HTTP, a download of 5 MB" download
holds "curl has got all of it" cmp "$T/www/firmware" "$T/firmware"
holds "… of $LOOKED packets only the first $LEFT have left the kernel" \
	test "$LOOKED" -gt 3400 -a "$LEFT" -gt 8 -a "$LEFT" -lt 200

tell() {
	for i in {1..200}; do
		echo "$i: the temperature in the living room is 21.5 degrees"
	done > "$T/told"
	in_ns device mosquitto_sub -h $SERVER -t home/room -q 1 -C 200 > "$T/got" &
	local sub=$!
	wait_for grep -q 'Received SUBSCRIBE from' "$T/mosquitto.log"
	in_ns device mosquitto_pub -h $SERVER -t home/room -q 1 -l < "$T/told"
	wait $sub
}

measured "MQTT, 200 messages there and back" tell
holds "the subscriber has got them all" cmp "$T/told" "$T/got"

measured "DNS" in_ns device busybox nslookup broker.example $SERVER > "$T/out" 
prints "DNS answers" "Address: $SERVER"

banner() {
	in_ns device busybox nc -w 2 $SERVER 22 < /dev/null > "$T/out"
}
measured "ssh" banner
prints "ssh's banner comes" "^SSH-2.0-OpenSSH"

measured "iperf3, both ways" in_ns device iperf3 -c $SERVER -t 1 --bidir > "$T/out" 2>&1
prints "iperf3 has measured" "sender"
holds "… of $LOOKED packets only $LEFT have left the kernel" test "$LEFT" -lt $((LOOKED / 10))

# nft on the gateway, in the way of the stack but not of the chain.
if command -v nft > /dev/null && nft add table ip t && nft add chain ip t in \
	'{ type filter hook prerouting priority 0; policy drop; }'; then
	holds "nft beside it drops nothing of it" in_ns device ping -q -c 2 -i 0.05 $SERVER
	nft delete table ip t
else
	skip "nft beside it" "no nft here"
fi
snap
equal "nothing of all that was an attack" "0 0" "$(packets weak-classifier:attack) $(packets dpi:attack)"

# ---- bad ones ----

# login TEXT ...: to the telnet port, a part after the other.
login() {
	local part
	mkfifo "$T/typed"
	nsenter --net=/run/netns/device busybox nc $SERVER 23 < "$T/typed" > "$T/telnet" 2>&1 &
	NC=$!
	exec 9> "$T/typed"
	wait_for grep -q login "$T/telnet"
	for part; do
		printf '%b' "$part" >&9
	done
}
hung_up() {
	exec 9>&-
	kill $NC 2> /dev/null
	wait $NC 2> /dev/null
	rm "$T/typed"
}
# A packet more than $1 has been refused in the kernel.
refused() {
	above weak-classifier:attack "$1"
}

# heard TEXT: the login program got it.
heard() {
	grep -qs "$1" "$T"/heard.*
}
login 'user\r\n'
wait_for heard user
holds "an honest login is heard" heard user
hung_up

snap
attacks=$(packets dpi:attack)
login 'root\r\n' 'xc3511\r\n'
wait_for above dpi:attack "$attacks"
holds "a Mirai login is an attack" above dpi:attack "$attacks"
snap
left=$(upcalls) dropped=$(packets weak-classifier:attack)
# TCP tries again and again, and the one who typed goes on.
printf '/bin/busybox MIRAI\r\n' >&9
wait_for refused $((dropped + 2))
snap
echo "# the rest of that connection: $(($(packets weak-classifier:attack) - dropped)) packets refused in the kernel, $(($(upcalls) - left)) left it"
holds "what follows is refused in the kernel" refused $((dropped + 2))
equal "… and nothing of it leaves the kernel" "$left" "$(upcalls)"
equal "the server has not heard it" "" "$(grep -ls 'xc3511\|MIRAI' "$T"/heard.*)"
hung_up
pin -j map eth0 flow-state > "$T/out"
json "the flow is stamped so in the map that both share" \
	'[.[] | select(.value.attack == 1 and (.key.src_port == 23 or .key.dst_port == 23))] | length == 1'
json "… and benign ones so" '[.[] | select(.value.benign == 1 and .value.attack == 0)] | length > 0'

snap
attacks=$(packets dpi:attack)
login 'root\r\n7ujMko' '0admin\r\n'
wait_for above dpi:attack "$attacks"
holds "a login in two parts is one" above dpi:attack "$attacks"
hung_up

snap
attacks=$(packets dpi:attack)
in_ns device curl -sS -m 2 -o /dev/null "http://$SERVER/GponForm/diag_Form?images/" 2> "$T/err"
equal "an exploit's URI gets no answer" 28 $?
holds "… it is an attack" above dpi:attack "$attacks"
holds "and everybody else goes on" in_ns device curl -sS -o "$T/again" "http://$SERVER/firmware"
holds "… without a byte of difference" cmp "$T/www/firmware" "$T/again"

# ---- the end ----

expect 0 "show" pin show eth0
grep -E "link|upcall|slow path|pipe" "$T/out" | indent
frames_whole() {
	[ "$(slow_show '.frames | .fill == .total and .hand == 0')" = true ]
}
wait_for frames_whole
holds "every frame is in its ring: $(slow_show '.frames | tostring')" frames_whole
equal "galette-slow is the same, and lost nothing" "$SLOW 0" \
	"$(slow_show '"\(.pid) \([.pipes[] | .lost[], .crashes] | add)"')"
expect 0 "detach" pin detach eth0
holds "galette-slow has gone with it" test ! -d "/proc/$SLOW/fd" -o -z "$(ls "/proc/$SLOW/fd" 2> /dev/null)"
in_ns switch "$GALETTE" -q detach gwp
# shellcheck disable=SC2046 # numbers
kill $(ip netns pids server; ip netns pids device) 2> /dev/null
wait
