# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # lib.sh has these variables
# The kernel routes; an interval set of $T/prefixes in the forward hook of nftables.

SINK=$SINK0

needs() {
	command -v nft > /dev/null || echo "nft is not there"
}

start() {
	routed && nft -f - <<-END
		table ip gateway {
			set listed {
				type ipv4_addr
				flags interval
				elements = { $(paste -sd, "$T/prefixes") }
			}
			chain forward {
				type filter hook forward priority filter
				ip saddr @listed drop
			}
		}
	END
}

stop() {
	nft delete table ip gateway
	unrouted
}
