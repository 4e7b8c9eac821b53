# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # GENERATE is for lib.sh
#
# For contenders that are a chain of which a share of the packets leaves the kernel.
#
#   split P       macswap in the kernel, but for the share P of the packets, which the
#                 generator marks: these leave for galette-slow
#
# The mark is in the destination address's last two bits: 0, else 1.

split() {
	GENERATE=(--heavy "$1")
}

start() {
	cat > "$T/split.toml" <<-END
		[slowpath]
		pipes = 1
		[functions.dest-ip-branch]
		[functions.macswap]
		[[links]]
		from = "rx"
		to = ["dest-ip-branch"]
		[[links]]
		from = "dest-ip-branch"
		to = { left = "macswap", right = "!macswap", up = "macswap", down = "macswap" }
		[[links]]
		from = "macswap"
		to = ["tx"]
	END
	on_dut "$GALETTE" --nf-path "$NF" -q attach --mode native "$DUT0" "$T/split.toml"
}

stop() {
	pin -q detach "$DUT0"
}

pids() {
	slow_show .pid "$DUT0"
}
