#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Builds for another machine: which are refused, and that BPF programs are the same on each.
. "$(dirname "$0")/../lib.sh"

# dry ARG ...: make all, but for the work.
dry() {
	env -u MAKEFLAGS -u MAKELEVEL make -n -C "$ROOT" all "$@"
}

printf '#!/bin/sh\necho arm-linux-gnueabihf\n' > "$T/cc"
chmod +x "$T/cc"
expect 2 "a 32-bit machine's compiler" dry CC="$T/cc"
says "… is refused by name" "32-bit machines are not supported: arm-linux-gnueabihf"
expect 2 "a cross build for a 32-bit machine" dry CROSS_COMPILE=arm-linux-gnueabihf- ARCH=arm
says "… is refused by name" "not for 'arm-linux-gnueabihf-' 'arm'; 32-bit machines"
expect 2 "a cross build for an unnamed machine" dry CROSS_COMPILE=aarch64-linux-gnu-
says "… says what to write" "CROSS_COMPILE=aarch64-linux-gnu- ARCH=arm64"

# A copy of the tree makes all of them anew; that takes clang alone, no libraries.
mkdir "$T/tree"
(cd "$ROOT" && cp -r --parents Makefile bpf nf include vmlinux selftests "$T/tree")
mapfile -t objects < <(cd "$ROOT/build" && find bpf nf selftests/nf-objects -name '*.bpf.o' | sort)
targets=()
for object in "${objects[@]}"; do
	case $object in
	nf/*) targets+=("build/$object") ;;
	*) targets+=("build/arm64/$object") ;;
	esac
done
expect 0 "BPF objects of a build for arm64" env -u MAKEFLAGS -u MAKELEVEL make -C "$T/tree" \
	CROSS_COMPILE=aarch64-linux-gnu- ARCH=arm64 SYSROOT=/ "${targets[@]}" || exit
for i in "${!objects[@]}"; do
	holds "${objects[i]} is the same on arm64" cmp "$ROOT/build/${objects[i]}" "$T/tree/${targets[i]}"
done
holds "… of functions and of galette's own" test "${#objects[@]}" -gt 5
