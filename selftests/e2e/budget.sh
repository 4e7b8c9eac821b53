#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No program costs more than selftests/budget.csv has for it, and each has a line there:
# what holds where, the file's own header says.
. "$(dirname "$0")/../lib.sh"

BUDGET=$ROOT/selftests/budget.csv
ELSEWHERE=2 # times the figure
FIGURES=("verified instructions" "bytes jited" "bytes of stack")

# rows FILE: "FILE,PROGRAM" and the figures of each line.
rows() {
	grep -v '^#' "$1" | tail -n +2 | sed 's/,/ /2g'
}

# jited_yardstick FILE
jited_yardstick() {
	rows "$1" | awk '/,yardstick / { print $3 }'
}

expect 0 "each program can be measured" "$ROOT/selftests/budget.sh" || exit
mv "$T/out" "$T/now"

# ---- how many times as large each figure may be ----

here=$(head -1 "$T/now")
TIMES=(1 1 1)
if [ "$here" != "$(head -1 "$BUDGET")" ]; then
	TIMES=($ELSEWHERE $ELSEWHERE $ELSEWHERE)
	skip "the budget holds exactly" "here is ${here#\# }: within $ELSEWHERE times"
elif [ "$(jited_yardstick "$T/now")" != "$(jited_yardstick "$BUDGET")" ]; then
	TIMES[1]=$ELSEWHERE
	skip "the budget holds exactly" "the JIT's code is another: jited bytes within $ELSEWHERE times"
else
	ok "the budget holds exactly: it is of this kernel, machine and compiler, and this JIT's code"
fi

# ---- each program ----

# within PROGRAM "FIGURES" "BUDGET"
within() {
	local is limit i over="" smaller=""
	read -ra is <<< "$2"
	read -ra limit <<< "$3"
	for i in "${!FIGURES[@]}"; do
		if [ "${is[i]}" -gt $((limit[i] * TIMES[i])) ]; then
			over+="${over:+, }${is[i]} ${FIGURES[i]}, the budget is ${limit[i]}"
			[ "${TIMES[i]}" -eq 1 ] || over+=" (times ${TIMES[i]})"
		elif [ "${TIMES[i]}" -eq 1 ] && [ "${is[i]}" -lt "${limit[i]}" ]; then
			smaller+="${smaller:+, }${is[i]} ${FIGURES[i]}, the budget is ${limit[i]}"
		fi
	done
	if [ -n "$over" ]; then
		fail "$1" "$over"
	else
		ok "$1: ${is[0]} ${FIGURES[0]}, ${is[1]} ${FIGURES[1]}, ${is[2]} ${FIGURES[2]}"
	fi
	[ -z "$smaller" ] || echo "# $1 has become smaller, make budget: $smaller"
}

declare -A budget
while read -r program figures; do
	budget[$program]=$figures
done < <(rows "$BUDGET")

while read -r program figures; do
	if [ -n "${budget[$program]-}" ]; then
		within "$program" "$figures" "${budget[$program]}"
	else
		fail "$program" "no line in selftests/budget.csv: make budget"
	fi
done < <(rows "$T/now")

# ---- nothing is left out, nothing is left ----

equal "each line of the budget is of a program" "" \
	"$(comm -23 <(rows "$BUDGET" | cut -d' ' -f1 | sort) <(rows "$T/now" | cut -d' ' -f1 | sort))"
equal "each program of bpf/ is measured" \
	"$(cd "$ROOT" && grep -Ho '^SEC("xdp") int \w*' bpf/*.bpf.c | sed 's/:.* /,/' | sort)" \
	"$(rows "$T/now" | cut -d' ' -f1 | grep '^bpf/' | sort)"
