#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Promise 3: the content of maps outlives generations; a change that would lose
# it is refused with the difference named, unless --reset-map says so.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

ENTRIES=${GALETTE_STATE_ENTRIES:-10000} APPLIES=${GALETTE_STATE_APPLIES:-$(often 100)}

# state FILE BUILD COUNT-NF [MORE-MAPS]
state() {
	cat > "$1" <<END
[functions.prefixes.maps]
allow_list = { type = "lpm-trie", size = ${4-16384} }
[functions.mark]
path = "stamp"
config = { build = $2 }
[functions.counter]
path = "$3"
${5-}
[[links]]
from = "rx"
to = ["prefixes"]
[[links]]
from = "prefixes"
to = { listed = "mark", other = "drop" }
[[links]]
from = "mark"
to = ["counter"]
[[links]]
from = "counter"
to = ["tx"]
END
}

dump() {
	bpftool -j map dump pinned "$PINS/eth0/maps/$1"
}

state "$T/a.toml" 1 count
state "$T/b.toml" 2 count
bench
expect 0 "attach" pin attach eth0 "$T/a.toml" || exit

# Prefixes, 10.0.0.0/24 and on, written as bpftool would: the pins are plain.
for ((i = 0; i < ENTRIES; i++)); do
	echo "map update pinned $PINS/eth0/maps/allow_list key 120 0 0 0" \
		"0 0 0 0 0 0 0 0 0 0 255 255 10 $((i / 256)) $((i % 256)) 0" \
		"value $((i % 256)) $((i / 256)) 0 0"
done > "$T/batch"
bpftool batch file "$T/batch" > /dev/null
equal "$ENTRIES entries put in" "$ENTRIES" "$(dump allow_list | jq length)"
before=$(dump allow_list | jq -c 'map(.formatted) | sort')
id=$(bpftool -j map show pinned "$PINS/eth0/maps/allow_list" | jq .id)

# shellcheck disable=SC2086 # options
load_start --src 10.1.2.3 ${GALETTE_LOAD-}
failed=0
for ((i = 1; i <= APPLIES; i++)); do
	[ $((i % 2)) = 1 ] && file=b || file=a
	pin -q apply eth0 "$T/$file.toml" > "$T/out" 2> "$T/err" || {
		failed=$((failed + 1))
		indent "$T/err"
	}
done
load_stop
equal "$APPLIES applies, none fails" 0 "$failed"
equal "the entries are unchanged" "$before" "$(dump allow_list | jq -c 'map(.formatted) | sort')"
equal "it is the same map" "$id" \
	"$(bpftool -j map show pinned "$PINS/eth0/maps/allow_list" | jq .id)"
equal "no packet missed the list" "0 0" "$(load '"\(.dropped) \(.lost)"')"
equal "the counter has every packet of all generations" "$(load .entered)" \
	"$(dump counter:seen | jq '.[0].formatted.value')"
pin -j show eth0 > "$T/out"
json "show counts the entries" \
	'(.maps[] | select(.name == "allow_list") | .entries) == '"$ENTRIES"

# What does not fit is refused, with the difference.
refused() {
	local name=$1 file=$2 pattern=$3 root pins
	root=$(root_id) pins=$(pinned)
	expect 1 "$name is refused" pin apply eth0 "$file"
	says "… and says what differs" "$pattern"
	says "… and how to go on" "--reset-map counter:seen|--reset-map allow_list"
	expect 1 "plan refuses it as well" pin plan eth0 "$file"
	equal "… the chain is untouched" "$root $pins" "$(root_id) $(pinned)"
}
state "$T/key.toml" 1 count-key
refused "another key" "$T/key.toml" "map 'counter:seen'.*key has 8 bytes, had 4"
state "$T/value.toml" 1 count-value
refused "another value of the same size" "$T/value.toml" "map 'counter:seen'.*value.*"
state "$T/type.toml" 1 count-type
refused "another type" "$T/type.toml" "map 'counter:seen'.*type is lru_hash, was hash"
state "$T/size.toml" 1 count 16385
refused "another size" "$T/size.toml" "map 'allow_list'.*size is 16385, was 16384"
equal "the entries are still unchanged" "$before" "$(dump allow_list | jq -c 'map(.formatted) | sort')"

expect 1 "--reset-map of an unknown map" pin apply --reset-map seem eth0 "$T/value.toml" ||
	expect 2 "--reset-map of an unknown map" pin apply --reset-map seem eth0 "$T/value.toml"
says "… is named" "seem"
expect 0 "--reset-map" pin apply --reset-map counter:seen eth0 "$T/value.toml"
equal "starts that map empty" "[]" "$(dump counter:seen)"
equal "and no other" "$before" "$(dump allow_list | jq -c 'map(.formatted) | sort')"
probe --src 10.1.2.3
equal "and it counts from there" 8 "$(dump counter:seen | jq '.[0].formatted.value.packets')"
expect 0 "rollback" pin rollback eth0
equal "goes back to the old map with its content" "$(load .entered)" \
	"$(dump counter:seen | jq '.[0].formatted.value')"
expect 0 "--reset-map of a changed size" pin apply eth0 "$T/size.toml" --reset-map allow_list
equal "starts it empty" "[]" "$(dump allow_list)"
expect 0 "detach" pin detach eth0
