# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # lib.sh has these variables
# The kernel routes; iptables drops what an ipset of $T/prefixes has.

SINK=$SINK0

needs() {
	command -v ipset > /dev/null || { echo "ipset is not there"; return; }
	command -v iptables > /dev/null || { echo "iptables is not there"; return; }
	{ block < /dev/null || echo "the kernel has no hash:net, or no match for sets" >&3; } 3>&1 > /dev/null 2>&1
	unblock > /dev/null 2>&1
}

block() { # prefixes on stdin
	ipset create listed hash:net maxelem 65536 && sed 's/^/add listed /' | ipset restore &&
		iptables -w -A FORWARD -m set --match-set listed src -j DROP
}

unblock() {
	iptables -w -F FORWARD
	ipset destroy listed
}

start() {
	routed && block < "$T/prefixes"
}

stop() {
	unblock
	unrouted
}
