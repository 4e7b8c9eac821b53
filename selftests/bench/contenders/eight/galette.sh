# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A chain of eight nf/macswap.

start() {
	linear "$T/eight.toml" 0 f{1..8}=macswap < /dev/null
	on_dut "$GALETTE" --nf-path "$NF" -q attach --mode native "$DUT0" "$T/eight.toml"
}

stop() {
	pin -q detach "$DUT0"
}
