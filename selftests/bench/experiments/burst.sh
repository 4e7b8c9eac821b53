#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How long packets take that come all at once (macswap, 64 bytes), and what each of them more
# costs, from 64 to 128: with the generator's and the sink's part, which differs by how often the
# processor changes over to them. It means something where all take turns on one processor and
# its time is counted in instructions, by `make bench-count`; bench.sh runs it only when named.
. "$(dirname "$0")/../lib.sh"

burst_took() { # PACKETS
	generate --burst "$1" || return
	TOOK=$(result .took)
	[ "$TOOK" != null ] || { echo "# $CONTENDER: no burst of $1 comes back whole"; return 1; }
	sample burst "$CONTENDER" "{\"packets\":$1}" took ns "$TOOK"
}

# 64 fill a NAPI poll: of 128 the others have one of their own.
burst() {
	local few
	burst_took 1 && burst_took 64 && few=$TOOK && burst_took 128 &&
		sample burst "$CONTENDER" "{}" each ns "$(((TOOK - few) / 64))"
}

contenders xdp-limit galette galette-slow galette-slow-poll af-packet dpdk-af-packet dpdk-af-xdp
topology
rounds burst
