#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# run.sh BUILD SECONDS FUZZER...: each fuzzer for so long. BUILD/corpus/FUZZER
# grows from run to run; an input that fails is BUILD/FUZZER-crash-….
set -u
build=$1 seconds=$2 status=0
shift 2
rm -rf "$build"/object-* "$build"/*_fuzz-*

for fuzzer; do
	mkdir -p "$build/corpus/$fuzzer" "$build/seeds/$fuzzer" "$build/tmp"
	case $fuzzer in
	chain_fuzz | toml_fuzz)
		for file in chains/*.toml chains/original/*.toml selftests/bogons/*.toml; do
			[ -e "$file" ] && cp "$file" "$build/seeds/$fuzzer/${file//\//-}"
		done ;;
	object_fuzz) cp build/nf/*.bpf.o "$build/seeds/$fuzzer" ;;
	bundle_fuzz)
		build/galette-pin -q bundle -o "$build/seeds/bundle_fuzz/whole" chains/gateway.toml
		head -c -32 "$build/seeds/bundle_fuzz/whole" > "$build/seeds/bundle_fuzz/unsealed"
		rm "$build/seeds/bundle_fuzz/whole" ;;
	rules_fuzz) cp nf/*.rules "$build/seeds/$fuzzer" ;;
	native_fuzz) cp build/nf/*.so "$build/seeds/$fuzzer" ;;
	esac
	dictionary=()
	[ -e "selftests/fuzz/$fuzzer.dict" ] && dictionary=("-dict=selftests/fuzz/$fuzzer.dict")
	if TMPDIR=$build/tmp "$build/selftests/fuzz/$fuzzer" "-max_total_time=$seconds" \
		-max_len=65536 -rss_limit_mb=4096 -timeout=10 -print_final_stats=1 -verbosity=1 \
		"-artifact_prefix=$build/$fuzzer-" "${dictionary[@]}" \
		"$build/corpus/$fuzzer" "$build/seeds/$fuzzer" > "$build/$fuzzer.log" 2>&1; then
		echo "ok - $fuzzer: $(awk '/number_of_executed_units/ { print $2 }' \
			"$build/$fuzzer.log") executions, no failure"
	else
		echo "not ok - $fuzzer: $build/$fuzzer.log"
		tail -50 "$build/$fuzzer.log"
		status=1
	fi
done
exit $status
