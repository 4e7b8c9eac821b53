# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # POLL is for galette-slow.sh
# galette-slow that never sleeps, as DPDK never does.

# shellcheck source=selftests/bench/contenders/galette-slow.sh
. "$BENCH/contenders/galette-slow.sh"
POLL=true
