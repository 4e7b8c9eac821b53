#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Print what selftests/budget.csv should be here: "make budget" writes it, and
# selftests/e2e/budget.sh holds one against the other. Needs root.
#   GALETTE_BUILD: the build directory (build); CLANG: what compiled the BPF programs (clang)
set -eu

cd "$(dirname "$0")/.."
build=${GALETTE_BUILD:-build}

kernel=$(uname -r | grep -o '^[0-9]*\.[0-9]*')
compiler=$("${CLANG:-clang}" --version | sed -n '1s/.*\(clang version [0-9.]*\).*/\1/p')
mapfile -t functions < <(grep -Lx '// world: native' nf/*.c | sed 's|.*/||; s|\.c$||')

cat << END
# Linux $kernel, $(uname -m), $compiler
# What each program costs: instructions that the verifier looks at, bytes of machine code,
# bytes of stack. "make check" fails where one costs more, or has no line; "make budget" writes
# this file anew. With another kernel (its first two numbers), machine or compiler than in the
# first line the limit is twice the figure and 100; so it is for jited_bytes where the JIT emits
# other code (mitigations, the processor's features): there the yardstick has another size.
file,program,verified_insns,jited_bytes,stack_bytes
END
"$build/selftests/nf/budget" build/nf "${functions[@]}"
