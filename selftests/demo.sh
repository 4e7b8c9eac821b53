#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# chains/gateway.toml on real packets, in namespaces that go when this ends:
#
#   device 192.0.2.1 ─┐
#                     ├─ peer0 ═══ eth0 gateway 192.0.2.254
#   scanner 192.0.2.9 ┘
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

say() {
	printf '\n\033[1m# %s\033[0m\n' "$*"
}

run() {
	printf '$ %s\n' "$*"
	"$@"
}

# As if typed on the device: another network namespace, the same mounts.
outside() {
	nsenter --net=/run/netns/outside "$@"
}

knock() {
	outside nc -z -w 1 -s "$1" 192.0.2.254 "$2" 2> /dev/null
}

ip netns add outside
ip link set lo up
ip link add eth0 type veth peer name peer0 netns outside
ip addr add 192.0.2.254/24 dev eth0
ip link set eth0 up
outside ip addr add 192.0.2.1/24 dev peer0
outside ip addr add 192.0.2.9/24 dev peer0
outside ip link set peer0 up

say "A gateway's port, a device and a scanner behind it. The chain:"
run galette-pin check chains/gateway.toml
run galette-pin attach eth0 chains/gateway.toml
run pgrep -a galette || echo "(no process stays behind)"

say "The device pings, and speaks to a service on the gateway."
run outside ping -q -c 5 -i 0.05 -I 192.0.2.1 192.0.2.254
(echo "hello from the gateway" | nc -l -N -p 8080 > /dev/null) &
until knock 192.0.2.1 8080; do :; done
(echo "hello from the gateway" | nc -l -N -p 8081 > /dev/null) &
until ss -ltn | grep -q :8081; do :; done
run outside nc -s 192.0.2.1 192.0.2.254 8081 < /dev/null

say "The scanner knocks at 300 ports: above 50 new flows a second it is an attack."
for port in $(seq 1 300); do
	knock 192.0.2.9 "$port" &
done
for job in $(jobs -p); do
	wait "$job" || :
done
run galette-pin show eth0

say "Refuse the scanner altogether, trust the device: two map entries, live."
run galette-pin map eth0 blocked-ips set 192.0.2.9 0
run galette-pin map eth0 allow-list set 192.0.2.1/32 1
if outside ping -q -c 1 -W 1 -I 192.0.2.9 192.0.2.254 > /dev/null; then
	echo "the scanner still gets through"
	exit 1
fi
echo "(the scanner gets no answer any more)"
run outside ping -q -c 3 -i 0.05 -I 192.0.2.1 192.0.2.254

say "Change the chain while a ping is running, 500 packets, none lost."
outside ping -q -i 0.005 -c 500 -I 192.0.2.1 192.0.2.254 > /run/ping &
ping=$!
run galette-pin link eth0 weak-classifier:suspect drop
run galette-pin plan eth0 chains/original/04.toml
run galette-pin apply eth0 chains/original/04.toml
run galette-pin rollback eth0
wait "$ping"
grep -E 'packets' /run/ping
grep -q ' 0% packet loss' /run/ping

say "What is there is plain pinned BPF; and detach takes all of it away."
run bpftool map dump pinned /sys/fs/bpf/galette/eth0/maps/allow_list
run galette-pin detach eth0
run ls /sys/fs/bpf/galette
