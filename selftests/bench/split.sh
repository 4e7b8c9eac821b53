# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # GENERATE is for lib.sh
#
# For contenders that are a chain of which a share of the packets leaves the kernel.
#
#   split P               macswap in the kernel, but for the share P of the packets, which
#                         the generator marks: these leave for galette-slow
#   branch_chain TARGET   the chain file: macswap for packets without the mark, TARGET for
#                         those that have it
#
# The mark is in the destination address's last two bits: 0, else 1.

split() {
	GENERATE=(--heavy "$1")
}

branch_chain() { # TARGET
	cat <<-END
		[functions.dest-ip-branch]
		[functions.macswap]
		[[links]]
		from = "rx"
		to = ["dest-ip-branch"]
		[[links]]
		from = "dest-ip-branch"
		to = { left = "macswap", right = "$1", up = "drop", down = "drop" }
		[[links]]
		from = "macswap"
		to = ["tx"]
	END
}

start() {
	printf '[slowpath]\npipes = 1\n' > "$T/split.toml"
	branch_chain '!macswap' >> "$T/split.toml"
	on_dut "$GALETTE" --nf-path "$NF" -q attach --mode native "$DUT0" "$T/split.toml"
}

stop() {
	pin -q detach "$DUT0"
}

pids() {
	slow_show .pid "$DUT0"
}
