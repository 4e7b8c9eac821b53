# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A chain in the kernel, of which 50 % of the packets leave for galette-slow.

# shellcheck source=selftests/bench/split.sh
. "$BENCH/split.sh"
split 0.5
