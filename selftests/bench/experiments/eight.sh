#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A chain of eight functions on the wires, beside the same by hand in one program: the
# greatest rate with a loss below 0.1 %, of frames of 64 bytes, and CPU time for a packet.
. "$(dirname "$0")/../lib.sh"

eight() {
	CONTENDER=${CONTENDER#eight/}
	greatest 64 --size 64 || {
		sample eight "$CONTENDER" '{}' rate packets/s 0
		return
	}
	samples eight '{}' rate=packets/s=.rate cpu_per_packet=ns=.cpu_ns received=packets=.received \
		generator_limited=bool='(.generator_limited | if . then 1 else 0 end)'
}

contenders eight/{fused,galette}
topology
rounds eight
