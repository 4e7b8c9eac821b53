# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# macswap eight times by hand, in one XDP program (limit.bpf.c).

start() {
	ip link set dev "$DUT0" xdpdrv object "$BUILD/selftests/bench/limit.bpf.o" section xdp.eight
}

stop() {
	ip link set dev "$DUT0" xdpdrv off
}
