#!/bin/bash
# tandemctl trunk explain and server explain: whatever is wrong at the far end is named,
# step by step, with what to do about it.
. "$(dirname "$0")/lib.sh"
need kamailio

# serve CERTIFICATE [OPTION...]: a TLS server at the gateway's port, in place of the last.
serve() {
	local cert=$1
	shift
	unserve
	openssl s_server -accept "127.0.0.1:$port_gw" -cert "$lab/certs/$cert.pem" \
		-key "$lab/certs/$cert.key" -quiet "$@" <"$lab/nothing-yet" >"$lab/served.out" 2>&1 &
	served=$!
	pids+=("$served")
	wait_for 10 listens_quietly "$port_gw"
}

unserve() {
	[[ -z ${served:-} ]] || stop "$served"
	served=
}

# explain_exits CODE [KIND ID]: the answer is in $lab/explained.json.
explain_exits() {
	local code=0
	ctl --json "${2:-trunk}" explain "${3:-gw}" >"$lab/explained.json" \
		2>"$lab/explained.err" || code=$?
	[[ $code == "$1" ]] || {
		echo "exit $code"
		cat "$lab/explained.json" "$lab/explained.err"
		return 1
	}
}

# The log says of TLS what the answer does.
logged() {
	local words
	words=$(jq -r '.steps[] | select(.step == "tls").words' "$lab/explained.json")
	[[ -n $words ]] && grep -F "side=probe" "$lab/tandem.log" | grep -F -- "$words" >/dev/null
}

# step_is STEP VERDICT [WORDS [FIX]]: patterns of regular expressions.
step_is() {
	jq -e --arg step "$1" --arg verdict "$2" --arg words "${3:-}" --arg fix "${4:-}" \
		'.steps[] | select(.step == $step) | .verdict == $verdict and
		(.words | test($words)) and (.fix | test($fix))' \
		"$lab/explained.json" >/dev/null || {
		jq -r '.steps[] | "\(.step) \(.verdict): \(.words) -> \(.fix)"' \
			"$lab/explained.json"
		cat "$lab/explained.err"
		return 1
	}
}

# refuses NAME WORDS FIX CERTIFICATE [OPTION...]: TLS with such a far end fails so.
refuses() {
	local name=$1 words=$2 fix=$3
	shift 3
	serve "$@"
	check "$name: explain exits with 1" explain_exits 1
	check "$name: TCP is fine" step_is tcp ok
	check "$name: the words, and what to do" step_is tls failed "$words" "$fix"
	check "$name: OPTIONS is not tried" step_is options skipped
	check "$name: the log has the same words" logged
}

lab_open
mkfifo "$lab/nothing-yet"
exec {hold_fd}<>"$lab/nothing-yet"
gw_conf=$lab/gateways.d/gw.conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
write_conf
start_tandem

check "nobody listens: explain exits with 1" explain_exits 1
check "nobody listens: the name is found" step_is dns ok "127.0.0.1:$port_gw"
check "nobody listens: TCP" step_is tcp failed "127.0.0.1:$port_gw: connect failed .*refused" \
	"$gw_conf"
check "nobody listens: no TLS is tried" step_is tls skipped

asks=(-Verify 3 -CAfile "$lab/certs/carriers-ca.pem")
refuses "another name" 'refused by=us rule=name expected=.*gw1.* presented=.*gw9.example.test' \
	"set host = gw9.example.test .*$gw_conf.* or|issued for gw1" gw1-wrong-name "${asks[@]}"
refuses "an expired certificate" 'refused by=us rule=expired .*detail="expired 20' 'renewed' \
	gw1-expired "${asks[@]}"
refuses "a revoked certificate" 'refused by=us rule=revoked ' 'new one issued' gw1-revoked "${asks[@]}"
refuses "another CA" 'refused by=us rule=issuer .*issuer=".*CN=.*issuer-id=' \
	"$lab/certs/carriers-ca.pem" gw1-rogue "${asks[@]}"
refuses "a far end that does not trust us" 'refused by=them alert="unknown_ca"' \
	"$lab/certs/external.pem" gw1 -Verify 3 -verify_return_error \
	-CAfile "$lab/certs/enterprise-ca.pem"

unserve
start_front front-gw1 "$port_gw" $((port_spare + 2)) "sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
check "a good far end: explain exits with 0" explain_exits 0
check "a good far end: TLS both ways" step_is tls ok 'TLS1.[23] .*DNS:gw1.example.test.* asked for our'
check "a good far end: OPTIONS is answered" step_is options ok 'answered with [2-6][0-9][0-9]'

# hosts_are PATTERN: what is printed without --json.
hosts_are() {
	ctl trunk explain gw >"$lab/explained.txt" 2>&1
	grep -Pzq -- "$1" "$lab/explained.txt" || {
		cat "$lab/explained.txt"
		return 1
	}
}

# Both names are at one address, which proves that it is the first.
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
sed -i 's/^host = .*/&, gw9.example.test/' "$gw_conf"
ctl config reload >/dev/null
check "two hosts: one that fails counts" explain_exits 1
check "two hosts: the first would do" jq -e \
	'[.steps[] | select(.host == "gw1.example.test").verdict] | index("failed") == null' \
	"$lab/explained.json"
check "two hosts: the other is not at fault for the first" jq -e \
	'.steps[] | select(.host == "gw9.example.test" and .step == "tls") |
	.verdict == "failed" and (.words | test("rule=name expected=.*gw9"))' "$lab/explained.json"
check "two hosts: each is named" hosts_are \
	'(?s)\ngw1.example.test\nfiles +ok.*\n\ngw9.example.test\nfiles +ok'

exec {hold_fd}>&-
finish
