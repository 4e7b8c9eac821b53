#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Large maps and many chains.
#
# maps: flow-state of weak-classifier, as hash and as LRU hash, and allow-list of
# access-control, with so many entries; packets come from all of their addresses by chance,
# and only those whose address is found go on, out at $DUT1. Greatest rate, CPU time for a
# packet, memory of that map, time for attach and for filling it (map set -). To 16384
# entries a chain file has room for them: there it is attach that fills it. Filling takes
# long: each map is filled once, and its rate then measured again and again.
#
# chains: so many, of four functions, each on a veth of its own: time to attach one more, to
# apply the first, and to show all, what all take in the kernel, and the rate of all, which
# packets come to in turn, 16 at a time.
. "$(dirname "$0")/../lib.sh"

ENTRIES=(1024 16384 131072 1048576)
CHAINS=(1 4 16 64)
IN_FILE=16384
[ -z "$SMOKE" ] || IN_FILE=512 ENTRIES=(1024) CHAINS=(1 2)
CONTENDER=galette

# The contender is ours alone, and without a file.
SINK=$SINK0
GENERATE=()
pids() { :; }

took() { # PARAMS METRIC CMD ...
	local params=$1 metric=$2 start=${EPOCHREALTIME/./}
	shift 2
	on_dut "$@" > "$T/out" || { fail "$metric of $params"; return 1; }
	sample scale galette "$params" "$metric" ns $(((${EPOCHREALTIME/./} - start) * 1000))
}

galette() {
	echo "$GALETTE" --nf-path "$TESTNF:$NF" -q
}

rate() { # PARAMS KEY OPTION ...
	local params=$1
	shift
	greatest "$@" || {
		sample scale "$CONTENDER" "$params" rate packets/s 0
		return
	}
	samples scale "$params" rate=packets/s=.rate cpu_per_packet=ns=.cpu_ns received=packets=.received \
		generator_limited=bool='(.generator_limited | if . then 1 else 0 end)'
}

# ---- maps ----

# Even addresses from 64.0.0.0 on, KEY VALUE. Of a flow the source comes first in its key,
# as its last byte is less than the 255 of the destination.
entries() { # KIND N
	awk -v kind="$1" -v n="$2" 'BEGIN {
		for (i = 0; i < n; i++) {
			a = i * 2
			ip = sprintf("%d.%d.%d.%d", 64 + int(a / 16777216), a / 65536 % 256, a / 256 % 256, a % 256)
			if (kind == "lpm")
				print ip "/32 1"
			else
				printf "{src=\"%s\",dst=\"10.1.0.255\",src-port=1024,dst-port=2000,protocol=17} {benign=1}\n", ip
		}
	}'
}

entries_in_file() { # KIND N
	entries "$1" "$2" | case $1 in
	lpm) sed 's/\(.*\) \(.*\)/{ key = "\1", value = \2 },/' ;;
	*) sed 's/\(.*\) \(.*\)/{ key = \1, value = \2 },/' ;;
	esac
}

map_chain() { # KIND N IN-FILE
	local nf=weak-classifier map=flow-state type=$1 yes=benign no='suspect = "drop", attack = "drop"'
	[ "$1" = lpm ] && nf=access-control map=allow-list type=lpm-trie yes=allow no='inspect = "drop"'
	printf '[functions.%s.maps]\n%s = { type = "%s", size = %d, entries = [\n' $nf $map "$type" "$2"
	[ "$2" -gt "$3" ] || entries_in_file "$1" "$2"
	printf ']}\n[[links]]\nfrom = "rx"\nto = ["%s"]\n' $nf
	printf '[[links]]\nfrom = "%s"\nto = { %s = "tx(%s)", %s }\n' $nf $yes "$DUT1" "$no"
}

map_of() {
	[ "$1" = lpm ] && echo allow_list || echo flow_state
}

maps() { # KIND N
	local params="{\"map\":\"$1\",\"entries\":$2}" map
	map=$(map_of "$1")
	map_chain "$1" "$2" $IN_FILE > "$T/map.toml"
	# shellcheck disable=SC2046
	took "$params" attach $(galette) attach --mode native "$DUT0" "$T/map.toml" || return
	if [ "$2" -gt $IN_FILE ]; then
		entries "$1" "$2" > "$T/entries"
		# shellcheck disable=SC2046
		took "$params" fill $(galette) map "$DUT0" "$map" set - < "$T/entries" ||
			{ pin -q detach "$DUT0"; return; }
	fi
	sample scale galette "$params" memory bytes \
		"$(bpftool -j map show pinned "$PINS/$DUT0/maps/$map" | jq .bytes_memlock)"
	for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
		rate "$params" "$1 $2" --src 64.0.0.0 --dst 10.1.0.255 --flows 1 --sources "$2" --stride 2
	done
	pin -q detach "$DUT0"
}

# ---- chains ----

chain_wire() { # DUT GEN
	if ! ip link add "$1" address 02:00:00:00:00:02 type veth peer name "$2" ||
		! wire "$1" "$DUT_CPU" || ! far_end gen "$2"; then
		fail "a wire for $1"
		exit 1
	fi
	CHAIN_DUTS+=("$1") CHAIN_GENS+=("$2")
}

attach_one() { # I
	local dev=${CHAIN_DUTS[$1 - 1]}
	# shellcheck disable=SC2046
	if [[ " ${CHAINS[*]} " == *" $1 "* ]]; then
		took "{\"chains\":$1}" attach $(galette) attach --mode native "$dev" "$T/1.toml"
	else
		on_dut $(galette) attach --mode native "$dev" "$T/1.toml" ||
			{ fail "attach to $dev"; return 1; }
	fi
}

look_at_chains() { # N
	local params="{\"chains\":$1}" SINK=$GEN0
	local DUTS=("${CHAIN_DUTS[@]:0:$1}") GENS=("${CHAIN_GENS[@]:0:$1}")
	# shellcheck disable=SC2046
	took "$params" apply $(galette) apply "$DUT0" "$T/2.toml" &&
		took "$params" show "$GALETTE" show
	pin -q apply "$DUT0" "$T/1.toml"
	sample scale galette "$params" memory bytes "$(bpf_bytes)"
	rate "$params" "chains $1"
}

chains() {
	local i dev
	for ((i = 1; i <= CHAINS[-1]; i++)); do
		attach_one "$i" || break
		[[ " ${CHAINS[*]} " != *" $i "* ]] || look_at_chains "$i"
	done
	for dev in "${CHAIN_DUTS[@]}"; do
		[ ! -e "$PINS/$dev" ] || pin -q detach "$dev"
	done
}

topology
linear "$T/1.toml" 0 f1=no-op f2=no-op f3=no-op f4=macswap < /dev/null
linear "$T/2.toml" 0 f1=no-op f2=no-op f4=macswap f5=no-op < /dev/null
CHAIN_DUTS=("$DUT0") CHAIN_GENS=("$GEN0")
for ((i = 2; i <= CHAINS[-1]; i++)); do
	chain_wire "dut$i-$$" "gen$i-$$"
done
for kind in hash lru-hash lpm; do
	for n in "${ENTRIES[@]}"; do
		echo "# $TEST: $kind of $n entries"
		maps $kind "$n"
	done
done
for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
	echo "# $TEST: chains, round $ROUND of $ROUNDS"
	chains
done
