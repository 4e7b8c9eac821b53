#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# chains/security.toml on real packets, in namespaces that go when this ends. The
# chain sends what it lets through back out of the port it came from, so all that
# device and server say to each other is led through the gateway's one port:
#
#   device 192.0.2.1 ─┐          ┌─ port ═══ eth0, the gateway
#                     ├─ switch ─┤
#   server 192.0.2.2 ─┘          └
set -eu

if [ -z "${GALETTE_DEMO-}" ]; then
	[ "$(id -u)" -eq 0 ] || {
		echo "make demo needs root: sudo make demo"
		exit 1
	}
	GALETTE_DEMO=1 exec unshare -m -n --kill-child --fork --pid --mount-proc "$0"
fi

cd "$(dirname "$0")/.."
PATH=$PWD/build:$PATH
mount --make-rprivate /
mount -t sysfs sysfs /sys
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /run
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6

say() {
	printf '\n\033[1m# %s\033[0m\n' "$*"
}

run() {
	printf '$ %s\n' "$*"
	"$@"
}

# As if typed there: another network namespace, the same mounts.
at() {
	local where=$1
	shift
	nsenter --net="/run/netns/$where" "$@"
}

# ---- the wires ----

redirect() {
	local from=$1 to=$2
	shift 2
	at switch tc filter add dev "$from" ingress protocol all u32 "$@" \
		action mirred egress redirect dev "$to"
}

# A host, and its port of the switch: to the gateway's port, and back by the MAC's last byte.
host() {
	local name=$1 number=$2
	ip netns add "$name"
	at "$name" sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
	ip link add "$name" netns switch type veth peer name eth0 netns "$name" address "02:00:00:00:00:0$number"
	at "$name" ethtool -K eth0 tx off > /dev/null
	at "$name" ip addr add "192.0.2.$number/24" dev eth0
	at "$name" ip link set eth0 up
	at switch ip link set "$name" up
	at switch tc qdisc add dev "$name" clsact
	redirect "$name" port match u32 0 0
	redirect port "$name" match u16 "$number" 0xffff at -10
}

ip netns add switch
at switch sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
ip link add eth0 type veth peer name port netns switch
ip link set eth0 up
at switch ip link set port up
at switch tc qdisc add dev port clsact
ethtool -K eth0 tx off > /dev/null
host device 1
host server 2
redirect port device match u16 0xffff 0xffff at -10 match u16 2 0xffff at -4
redirect port server match u16 0xffff 0xffff at -10 match u16 1 0xffff at -4
# A veth's peer takes what XDP sends to it if it has XDP itself.
echo 'links = [{ from = "rx", to = ["pass"] }]' | at switch galette-pin -q attach port - > /dev/null

# ---- the services ----

mkdir /run/www
echo "hello from the server" > /run/www/index.html
head -c 2000000 /dev/zero > /run/www/firmware
printf '#!/bin/sh\nprintf "login: "\nexec cat > /run/heard\n' > /run/login
chmod +x /run/login
at server busybox httpd -p 80 -h /run/www
at server busybox nc -ll -p 23 -e /run/login &
until at server ss -Hltn 'sport = :23' | grep -q .; do :; done

say "The talk's chain, as it stands, and the rules of its dpi. It is attached:"
run galette-pin check chains/security.toml
run galette-pin attach eth0 chains/security.toml
say "dpi runs in user space: galette-slow, which is nobody and may do nothing."
run ps -C galette-slow -o user,pid,args

say "The device speaks to the server, and loads a firmware of 2 MB."
run at device curl -sS http://192.0.2.2/
run at device curl -sS -o /run/got http://192.0.2.2/firmware
run galette-pin show eth0
echo "(of each flow only the first packets have left the kernel: see 'upcall')"

say "The device has been taken over, and tries a Mirai login at the server."
mkfifo /run/typed
at device busybox nc 192.0.2.2 23 < /run/typed > /run/telnet 2>&1 &
exec 9> /run/typed
until grep -q login /run/telnet; do :; done
printf 'root\r\nxc3511\r\n' >&9
attacks() {
	galette-pin -j show eth0 | jq '[.links[] | select(.action == "attack").packets] | add'
}
until [ "$(attacks)" -ge 4 ]; do :; done
if grep -qs xc3511 /run/heard; then
	echo "the server has got the login"
	exit 1
fi
echo "(the server has got nothing; what follows in that connection the kernel drops by itself)"
galette-pin show eth0 | grep -E 'attack|suspect'
run galette-pin map eth0 hits
exec 9>&-

say "Change the chain while a ping is running, 500 packets, none lost."
at device ping -q -i 0.005 -c 500 192.0.2.2 > /run/ping &
ping=$!
run galette-pin link eth0 weak-classifier:suspect tx
run pgrep -a galette-slow || echo "(nothing leaves the kernel any more, and galette-slow has gone)"
run galette-pin link eth0 weak-classifier:suspect '!dpi'
sed '/^\[functions.weak-classifier\]/a config = { packets_per_second = 5000 }' chains/security.toml > /run/stricter.toml
run galette-pin plan eth0 /run/stricter.toml
run galette-pin apply eth0 /run/stricter.toml
run galette-pin rollback eth0
wait "$ping"
grep -E 'packets' /run/ping
grep -q ' 0% packet loss' /run/ping

say "What is there is plain pinned BPF; and detach takes all of it away."
run bpftool map lookup pinned /sys/fs/bpf/galette/eth0/slow/pipes key 0 0 0 0
run galette-pin detach eth0
run ls /sys/fs/bpf/galette
