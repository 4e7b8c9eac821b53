#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The demo, as `make demo` shows it: its client gets through, its Mirai login does
# not, and the ping under reconfiguration loses nothing.
. "$(dirname "$0")/../lib.sh"

[ "$BUILD" = "$ROOT/build" ] || {
	skip "demo" "it shows build/, this is $BUILD"
	exit
}

expect 0 "selftests/demo.sh" "$ROOT/selftests/demo.sh"
prints "galette-slow runs, as nobody" "^nobody .*galette-slow"
prints "a service answers through the chain" "hello from the server"
prints "most of a flow stays in the kernel" "weak-classifier:benign .* [0-9]{3,} packets"
prints "the login is an attack" "dpi:attack .* [1-9][0-9]* packets"
prints "… which goes on to be refused in the kernel" "weak-classifier:attack .* [1-9][0-9]* packets"
prints "galette-slow goes when nothing leads to it" "galette-slow has gone"
prints "500 packets under reconfiguration" "500 packets transmitted, 500 received"
