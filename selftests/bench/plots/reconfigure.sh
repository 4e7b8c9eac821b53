# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/reconfigure.sh: there is one contender, so verbs and parts are drawn as such.

of='.experiment == "reconfigure"'
for load in idle loaded; do
	AS='.params.verb' LOG=x curves "reconfigure-$load" "Reconfiguration, $load: from the command to its end" \
		"functions" "ms" 1e-6 "$of and .metric == \"total\" and .params.load == \"$load\"" .params.functions
done
AS='.metric' columns reconfigure-parts "Reconfiguration, under load: the parts of an apply" "ms" 1e-6 \
	"$of and .params.verb == \"apply\" and .params.load == \"loaded\" and .metric != \"total\"" \
	'"\(.params.functions) functions"'
