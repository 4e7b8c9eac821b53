# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# macswap in user space over AF_PACKET, by af_packet.c, which never sleeps.

# shellcheck source=selftests/bench/process.sh
. "$BENCH/process.sh"

start() {
	run_process "$BUILD/selftests/bench/af_packet" "$DUT0" poll
}
