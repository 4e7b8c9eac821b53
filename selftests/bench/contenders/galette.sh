# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A chain of nf/macswap alone, in the kernel.

start() {
	linear "$T/galette.toml" 0 macswap=macswap < /dev/null
	on_dut "$GALETTE" --nf-path "$NF" -q attach --mode native "$DUT0" "$T/galette.toml"
}

stop() {
	pin -q detach "$DUT0"
}
