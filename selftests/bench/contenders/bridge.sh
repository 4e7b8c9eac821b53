# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # SINK and GENERATE are for lib.sh, $SINK0 from there
# Linux's bridge from $DUT0 to $DUT1: it forwards, and changes nothing.

SINK=$SINK0
GENERATE=(--mac 02:00:00:00:00:04)

# Where the address is it is told: nothing comes back that it could learn from.
start() {
	ip link add name bridge0 type bridge stp_state 0 && ip link set "$DUT0" master bridge0 &&
		ip link set "$DUT1" master bridge0 && ip link set bridge0 up &&
		bridge fdb add 02:00:00:00:00:04 dev "$DUT1" master static
}

stop() {
	ip link del bridge0
}
