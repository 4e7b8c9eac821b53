# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For contenders that are DPDK's testpmd.
#
#   run_testpmd VDEV      macswap on that device

# shellcheck source=selftests/bench/process.sh
. "$BENCH/process.sh"

needs() {
	command -v dpdk-testpmd > /dev/null || echo "dpdk-testpmd is not there (Debian's dpdk-dev)"
}

# Two lcores are the least: the main one, which sleeps, and the one that forwards. No huge
# pages, which not every gateway has to spare; nothing left on disk.
run_testpmd() {
	run_process env RUNTIME_DIRECTORY="$T" dpdk-testpmd --lcores "0@($DUT_CPUS),1@($DUT_CPUS)" \
		--no-huge -m 256 --no-shconf --no-pci --no-telemetry --vdev "$1" -- \
		--total-num-mbufs=32768 --forward-mode=macswap --auto-start
}
