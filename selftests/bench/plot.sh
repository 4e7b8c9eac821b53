# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For plots/NAME.sh, which report.sh sources; both read bench.json.
#
#   curves FILE TITLE XLABEL YLABEL SCALE SELECT X      a curve for each contender: the
#       median over X, with a bar from low to high; SELECT, a jq condition, says of which
#       entries, X, a jq expression, where; SCALE is multiplied
#   columns FILE TITLE YLABEL SCALE SELECT GROUP       groups of columns, one for each
#       contender; GROUP, a jq expression, names the group
# FILE is without .svg; a plot without data is not made. `LOG=xy` before the call: logarithmic axes.
# `AS=…`: what jq expression tells curves or columns apart, if not the contender.

: "${OUT:?report.sh sources this}" "${JSON:?}"

draw() { # FILE TITLE YLABEL, the rest of the script on stdin
	{
		echo "set terminal svg size 900,540 font 'sans,14' background 'white'"
		printf 'set output "%s"\nset title "%s"\nset ylabel "%s"\n' "$OUT/$1.svg" "$2" "$3"
		echo "set key outside right top; set grid ytics; set border 3; set tics nomirror"
		[ -z "${LOG-}" ] || echo "set logscale $LOG"
		[[ ${LOG-} == *y* ]] || echo "set yrange [0:*]"
		cat
	} | gnuplot && echo "$OUT/$1.svg"
}

curves() {
	local data
	data=$(jq -r --argjson scale "$5" "
		map(select($6)) | group_by(${AS:-.contender})[] |
		\"\\\"\(.[0] | ${AS:-.contender})\\\"\", (sort_by($7)[] |
		\"\($7) \(.median * \$scale) \(.low * \$scale) \(.high * \$scale)\"), \"\", \"\"" "$JSON")
	[ -n "$data" ] || return 0
	draw "$1" "$2" "$4" <<-END
		\$data << EOD
		$data
		EOD
		set xlabel "$3"
		set datafile separator whitespace
		stats \$data using 0 nooutput
		plot for [i=0:STATS_blocks - 1] \$data index i using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.6 title columnheader(1)
	END
}

columns() {
	local data
	data=$(jq -r --argjson scale "$4" "
		def quoted: \"\\\"\(.)\\\"\";
		map(select($5) | . + { group: ($6 | tostring), contender: ${AS:-.contender} }) | select(. != []) |
		(map(.contender) | unique) as \$who | . as \$all |
		([\"group\"] + \$who | map(quoted)),
		(reduce .[].group as \$g ([]; if index([\$g]) then . else . + [\$g] end) | .[] as \$g |
			[(\$g | quoted)] + [\$who[] as \$w | [\$all[] |
				select(.contender == \$w and .group == \$g).median * \$scale][0] // \"NaN\"]) |
		map(tostring) | join(\" \")" "$JSON")
	[ -n "$data" ] || return 0
	draw "$1" "$2" "$3" <<-END
		\$data << EOD
		$data
		EOD
		set style data histogram
		set style histogram clustered gap 1
		set style fill solid 0.8 noborder
		plot for [i=2:$(head -1 <<< "$data" | wc -w)] \$data using i:xtic(1) title columnheader(i)
	END
}
