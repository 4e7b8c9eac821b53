# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/eight.sh.

of='.experiment == "eight"'
columns eight-rate "A chain of eight: greatest rate, loss below 0.1 %" "million packets/s" 1e-6 \
	"$of and .metric == \"rate\"" '"64 bytes"'
columns eight-cpu "A chain of eight: CPU time for a packet" "ns" 1 \
	"$of and .metric == \"cpu_per_packet\"" '"64 bytes"'
