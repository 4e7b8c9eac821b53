# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # GENERATE is for lib.sh
#
# For contenders that are a process which takes its frames from a socket.
#
#   run_process CMD ...     as $PROCESS on the CPUs of the device under test; fails when it ends
#                           before frames come back. stop and pids are made for it.

PROCESS=

# The kernel's stack has each frame, too, unless a program in XDP takes it: let it be another
# host's, which the stack drops first of all.
GENERATE=(--mac 02:00:00:00:00:99)

comes_back() {
	! kill -0 "$PROCESS" 2> /dev/null ||
		{ generate --seconds 0.02 --rate 1000 && [ "$(result .received)" -gt 0 ]; }
}

# What it reads it never gets: some end with their input.
run_process() {
	[ -p "$T/silence" ] || mkfifo "$T/silence" || return
	taskset -c "$DUT_CPUS" "$@" <> "$T/silence" > "$T/process.log" 2>&1 &
	PROCESS=$!
	wait_for comes_back && kill -0 "$PROCESS" 2> /dev/null && return
	tail -n 20 "$T/process.log" | indent
	return 1
}

stop() {
	kill "$PROCESS" 2> /dev/null
	wait "$PROCESS" 2> /dev/null
	PROCESS=
}

pids() {
	echo "$PROCESS"
}
