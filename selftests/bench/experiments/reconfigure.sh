#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a change costs, by the number of functions: apply, rollback and link, idle and under
# load; from the start of galette-pin to its end (total), and the parts that it tells itself
# (-v). Under load, too: frames that did not come back, and those that more than one
# generation has handled, or not all functions.
#   BENCH_APPLIES: changes of each kind in each round
. "$(dirname "$0")/../lib.sh"

APPLIES=${BENCH_APPLIES:-${SMOKE:+1}}
APPLIES=${APPLIES:-5}
LENGTHS=(1 4 16 31)
[ -z "$SMOKE" ] || LENGTHS=(4)
CONTENDER=galette

# A chain of $2 functions of build $1.
write_chain() { # BUILD N
	local i names=()
	for ((i = 1; i <= $2; i++)); do
		names+=("s$i")
	done
	linear "$T/$1.toml" "$1" "${names[@]}" < /dev/null
}

# The parts that the line in $T/said has, in ns.
parts() {
	sed -n 's/^galette-pin: [a-z]* took [0-9.]* ms: //p' "$T/said" | jq -Rc '
		split(", ") | map(capture("(?<part>.*) (?<ms>[0-9.]+)$")) |
		map({ (.part): (.ms | tonumber * 1e6) }) | add'
}

change() { # LOAD N VERB ARG ...
	local load=$1 n=$2 start params
	shift 2
	start=${EPOCHREALTIME/./}
	taskset -c 0 "$GALETTE" --nf-path "$TESTNF:$NF" -v "$@" > "$T/out" 2> "$T/said" || {
		fail "$*"
		indent "$T/said"
		return 1
	}
	params="{\"functions\":$n,\"verb\":\"$1\",\"load\":\"$load\"}"
	RESULT=$(parts | jq -c --argjson us $((${EPOCHREALTIME/./} - start)) '. + { total: ($us * 1000) }')
	samples reconfigure "$params" total=ns=.total lock=ns=.lock read=ns=.read parse=ns=.parse \
		load=ns=.load attach=ns=.attach commit=ns=.commit tidy=ns=.tidy drain=ns=.drain
}

changes() { # LOAD N
	local i
	for ((i = 0; i < APPLIES; i++)); do
		change "$1" "$2" apply eth0 "$T/2.toml"
		change "$1" "$2" rollback eth0
	done
}

# The last function's edge to another way out, by which packets come back as well; and back.
links() { # LOAD N
	local i
	for ((i = 0; i < APPLIES; i++)); do
		change "$1" "$2" link eth0 "s$2:next" "tx(eth0)"
		change "$1" "$2" link eth0 "s$2:next" tx
	done
}

lost() { # N
	local params="{\"functions\":$1}"
	sample reconfigure galette "$params" lost packets "$(load '.entered - .passed - .tx_lost - .received')"
	sample reconfigure galette "$params" mixed packets "$(load '.mixed + .short')"
	sample reconfigure galette "$params" entered packets "$(load .entered)"
}

reconfigure() { # N
	write_chain 1 "$1"
	write_chain 2 "$1"
	pin -q attach eth0 "$T/1.toml" || { fail "attach of $1 functions"; return; }
	changes idle "$1"
	links idle "$1"
	load_start --hops "$1" --cpu $(($(nproc) - 1))
	changes loaded "$1"
	links loaded "$1"
	load_stop
	lost "$1"
	pin -q detach eth0
}

bench
for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
	for n in "${LENGTHS[@]}"; do
		echo "# $TEST: round $ROUND of $ROUNDS, $n functions"
		reconfigure "$n"
	done
done
