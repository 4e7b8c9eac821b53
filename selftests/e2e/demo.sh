#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The demo, as `make demo` shows it: its clients get through, its scanner does
# not, and the ping under reconfiguration loses nothing.
. "$(dirname "$0")/../lib.sh"

[ "$BUILD" = "$ROOT/build" ] || {
	skip "demo" "it shows build/, this is $BUILD"
	exit
}

expect 0 "selftests/demo.sh" "$ROOT/selftests/demo.sh"
prints "a service answers through the chain" "hello from the gateway"
prints "the scan is an attack" "weak-classifier:attack .* [1-9][0-9]* packets"
prints "a refused address stays out" "no answer any more"
prints "500 packets under reconfiguration" "500 packets transmitted, 500 received"
