#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No program costs more than selftests/budget.csv has for it, and each has a line there:
# what holds where, the file's own header says.
. "$(dirname "$0")/../lib.sh"

BUDGET=$ROOT/selftests/budget.csv
ON=${GALETTE_MACHINE:-check}
[ "$ON" = check ] && MENDS="make budget" || MENDS="make budget-vm VM=$ON"
FIGURES=("verified instructions" "bytes jited" "bytes of stack")

# rows FILE: "FILE,PROGRAM" and the figures of each line of this machine. origin FILE: of what.
rows() {
	sed -n "s/^$ON,//p" "$1" | sed 's/,/ /2g'
}
origin() {
	grep "^# $ON: " "$1"
}

# jited_yardstick FILE
jited_yardstick() {
	rows "$1" | awk '/,yardstick / { print $3 }'
}

expect 0 "each program can be measured" "$ROOT/selftests/budget.sh" || exit
mv "$T/out" "$T/now"
[ "$ON" = check ] || sed 's/^/# csv /' "$T/now"

# ---- which figures hold exactly ----

exact() {
	[ "$(origin "$T/now")" = "$(origin "$BUDGET")" ]
}

# arm64's JIT needs more or fewer instructions for an address, wherever a map happens to be.
same_jit() {
	[ "$(uname -m)" != aarch64 ] &&
		[ "$(jited_yardstick "$T/now")" = "$(jited_yardstick "$BUDGET")" ]
}

if ! exact; then
	EXACT=(0 0 0)
	skip "the budget holds exactly" "here is $(origin "$T/now" | sed "s/^# $ON: //")"
elif ! same_jit; then
	EXACT=(1 0 1)
	skip "the budget of jited bytes holds exactly" "the JIT emits other code here"
else
	EXACT=(1 1 1)
	ok "the budget holds exactly: it is of this kernel, machine and compiler, and this JIT's code"
fi

# ---- each program ----

# within PROGRAM "FIGURES" "BUDGET"
within() {
	local is budget limit i over="" smaller=""
	read -ra is <<< "$2"
	read -ra budget <<< "$3"
	for i in "${!FIGURES[@]}"; do
		limit=${budget[i]}
		[ "${EXACT[i]}" -eq 1 ] || limit=$((2 * limit + 100))
		if [ "${is[i]}" -gt "$limit" ]; then
			over+="${over:+, }${is[i]} ${FIGURES[i]} (limit $limit)"
		elif [ "${EXACT[i]}" -eq 1 ] && [ "${is[i]}" -lt "$limit" ]; then
			smaller+="${smaller:+, }${is[i]} ${FIGURES[i]} (limit $limit)"
		fi
	done
	if [ -n "$over" ]; then
		fail "$1" "$over"
	else
		ok "$1: ${is[0]} ${FIGURES[0]}, ${is[1]} ${FIGURES[1]}, ${is[2]} ${FIGURES[2]}"
	fi
	[ -z "$smaller" ] || echo "# $1 costs less than its budget ($MENDS): $smaller"
}

declare -A lines
while read -r program figures; do
	lines[$program]=$figures
done < <(rows "$BUDGET")

while read -r program figures; do
	if [ -n "${lines[$program]-}" ]; then
		within "$program" "$figures" "${lines[$program]}"
	else
		fail "$program" "no line in selftests/budget.csv: $MENDS"
	fi
done < <(rows "$T/now")

# ---- nothing is left out, nothing is left ----

equal "each line of the budget is of a program" "" \
	"$(comm -23 <(rows "$BUDGET" | cut -d' ' -f1 | sort) <(rows "$T/now" | cut -d' ' -f1 | sort))"
# What runs with live frames is not loaded where there are none.
has_live_frames && without='^$' || without=deliver
equal "each program of bpf/ is measured" \
	"$(cd "$ROOT" && grep -Ho '^SEC("xdp") int \w*' bpf/*.bpf.c | sed 's/:.* /,/' | grep -v "$without" | sort)" \
	"$(rows "$T/now" | cut -d' ' -f1 | grep '^bpf/' | sort)"
