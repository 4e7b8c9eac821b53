# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # DEFER is for lib.sh
# galette-slow that never sleeps, behind an interface that holds interrupts back.

# shellcheck source=selftests/bench/contenders/galette-slow-poll.sh
. "$BENCH/contenders/galette-slow-poll.sh"
DEFER=(2 50000)
