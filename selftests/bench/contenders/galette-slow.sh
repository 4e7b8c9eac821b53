# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# The same chain in user space: every packet leaves the kernel for galette-slow, and comes
# back. One pipe, as the others in user space have one thread.
POLL=false

start() {
	printf '%s\n' 'pipes = 1' "busy_poll = $POLL" | slow_chain tx macswap > "$T/galette-slow.toml"
	on_dut "$GALETTE" --nf-path "$NF" -q attach --mode native "$DUT0" "$T/galette-slow.toml"
}

stop() {
	pin -q detach "$DUT0"
}

pids() {
	slow_show .pid "$DUT0"
}
