# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # lib.sh has these variables
# The same set in nftables' ingress hook, which sends on what is not in it, unrouted.

SINK=$SINK0

needs() {
	command -v nft > /dev/null || echo "nft is not there"
}

start() {
	nft -f - <<-END
		table netdev gateway {
			set listed {
				type ipv4_addr
				flags interval
				elements = { $(paste -sd, "$T/prefixes") }
			}
			chain ingress {
				type filter hook ingress device "$DUT0" priority filter
				ip saddr @listed drop
				fwd to "$DUT1"
			}
		}
	END
}

stop() {
	nft delete table netdev gateway
}
