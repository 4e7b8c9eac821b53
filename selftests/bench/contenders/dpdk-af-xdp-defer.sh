# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # DEFER is for lib.sh
# DPDK's macswap over AF_XDP, behind an interface that holds interrupts back, as its guide says.

# shellcheck source=selftests/bench/contenders/dpdk-af-xdp.sh
. "$BENCH/contenders/dpdk-af-xdp.sh"
DEFER=(2 50000)
