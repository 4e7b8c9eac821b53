# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/rest.sh.

of='.experiment == "rest"'
columns rest-cpu "At rest: CPU time" "% of one CPU" 100 "$of and .metric == \"cpu\"" '"at rest"'
LOG=y columns rest-memory "At rest: memory" "MB" 1e-6 \
	"$of and (.metric | IN(\"pss\", \"locked\", \"bpf\")) and .median > 0" .metric
