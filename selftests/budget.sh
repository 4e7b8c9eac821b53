#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# budget.sh: print what selftests/budget.csv should have for this kernel.
# budget.sh --into FILE [SECTION]: put that, or what is in SECTION, where FILE has it.
# "make budget" and "make budget-vm" write the file anew, and selftests/e2e/budget.sh holds
# one against the other. Needs root.
#   GALETTE_BUILD: the build directory (build); CLANG: what compiled the BPF programs (clang)
#   GALETTE_MACHINE: the name that selftests/vm/matrix has for this machine
set -euo pipefail

cd "$(dirname "$0")/.."
build=${GALETTE_BUILD:-build}
on=${GALETTE_MACHINE:-check}

# Of a virtual machine's kernel also the build: it is Debian's, and so the same everywhere.
kernel() {
	if [ "$on" = check ]; then
		uname -r | grep -o '^[0-9]*\.[0-9]*'
	else
		uname -r
	fi
}

# Where there is none vm.sh has left its name.
compiler() {
	if [ -e "$build/compiler" ]; then
		cat "$build/compiler"
	else
		"${CLANG:-clang}" --version | sed -n '1s/.*\(clang version [0-9.]*\).*/\1/p'
	fi
}

section() {
	local functions
	mapfile -t functions < <(grep -Lx '// world: native' nf/*.c | sed 's|.*/||; s|\.c$||')
	echo "# $on: Linux $(kernel), $(uname -m), $(compiler)"
	"$build/selftests/nf/budget" "$build/nf" "${functions[@]}" | sed "s/^/$on,/"
}

# into FILE SECTION: in the place of the lines of the same machine, else at the end.
into() {
	awk -v section="$2" '
		function put() {
			for (i = 1; i <= lines; i++)
				print line[i]
			lines = 0
		}
		BEGIN {
			while ((getline text < section) > 0)
				line[++lines] = text
			split(line[1], word, /[ :]+/)
			on = word[2]
		}
		index($0, "# " on ": ") == 1 || index($0, on ",") == 1 { put(); next }
		{ print }
		END { put() }' "$1" > "$1.new"
	mv "$1.new" "$1"
}

if [ "${1-}" != --into ]; then
	section
elif [ $# -eq 3 ]; then
	into "$2" "$3"
else
	section > "$build/budget.section"
	into "$2" "$build/budget.section"
fi
