#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two layouts of the slow path (layout.c).
#   BENCH_LAYOUTS: how many rounds
. "$(dirname "$0")/../lib.sh"

LAYOUTS=${BENCH_LAYOUTS:-${SMOKE:+1}}
LAYOUTS=${LAYOUTS:-5}

veth slow0 wire0
echo "N pipes, a process each, on one AF_XDP queue, W us of work a packet, k thousand packets/s offered:"
echo "A a socket per pipe, B one socket and a dispatcher; medians of $LAYOUTS"
"$BUILD/selftests/bench/layout" slow0 wire0 "$LAYOUTS" ${SMOKE:+0.01 2} || exit 1
