# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # lib.sh has these variables
# nf/access-control: all are allowed but those in $T/prefixes.

SINK=$SINK0

start() {
	{
		echo "[functions.access-control.maps]"
		echo "allow-list = { size = $(($(wc -l < "$T/prefixes") + 1)), entries = ["
		echo '{ key = "0.0.0.0/0", value = 1 },'
		sed 's/.*/{ key = "&", value = 0 },/' "$T/prefixes"
		cat <<-END
			] }
			[[links]]
			from = "rx"
			to = ["access-control"]
			[[links]]
			from = "access-control"
			to = { allow = "tx($DUT1)", inspect = "drop" }
		END
	} > "$T/gateway.toml"
	on_dut "$GALETTE" --nf-path "$NF" -q attach --mode native "$DUT0" "$T/gateway.toml"
}

stop() {
	pin -q detach "$DUT0"
}
