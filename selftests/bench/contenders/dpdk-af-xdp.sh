# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# DPDK's macswap, over AF_XDP, which copies on veth.

# shellcheck source=selftests/bench/dpdk.sh
. "$BENCH/dpdk.sh"

start() {
	run_testpmd "net_af_xdp0,iface=$DUT0"
}
