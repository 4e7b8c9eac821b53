# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# DPDK's macswap, over AF_PACKET's rings.

# shellcheck source=selftests/bench/dpdk.sh
. "$BENCH/dpdk.sh"

start() {
	run_testpmd "net_af_packet0,iface=$DUT0,framecnt=4096,qdisc_bypass=1"
}
