# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Completion of galette-slow(8) for bash. What chains there are is asked of the
# galette-pin beside it, and needs its privilege.

# The chains below $root.
_galette_slow_chains() {
	local word name _ at=()
	[ -n "$root" ] && at=(--pin-root "$root")
	while read -r word name _; do
		[ "$word" = chain ] && echo "${name%:}"
	done <<< "$(command "${program%galette-slow}galette-pin" "${at[@]}" show 2>/dev/null)"
}

_galette_slow() {
	local line=${COMP_LINE:0:COMP_POINT} program=$1 root='' cur='' before='' chain='' words i
	COMPREPLY=()
	read -ra words <<< "$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		--pin-root) root=${words[++i]-} ;;
		--pin-root=*) root=${words[i]#*=} ;;
		-?*) ;;
		*) chain=${words[i]} ;;
		esac
	done
	cur=${words[-1]}
	[ ${#words[@]} -gt 2 ] && before=${words[-2]}
	if [ "$before" = --pin-root ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY <<< "$(compgen -d -- "$cur")"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY <<< "$(compgen -W \
			'--replace --pin-root --verbose --quiet --help --version' -- "$cur")"
	elif [ -z "$chain" ]; then
		mapfile -t words <<< "$(_galette_slow_chains)"
		# Of what bash takes for several words only the last is replaced.
		for i in "${words[@]}"; do
			[ -n "$i" ] && [[ $i == "$cur"* ]] && COMPREPLY+=("${i#"${cur%"${cur##*[:=]}"}"}")
		done
	fi
}

complete -F _galette_slow galette-slow
