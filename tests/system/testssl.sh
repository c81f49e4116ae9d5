#!/bin/bash
# testssl.sh against our listeners: nothing of MEDIUM or worse. By hand, `make testssl`: it takes
# a minute or two a listener, most of it waiting for handshakes that are refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need testssl

# scan NAME PORT: its findings are in $lab/NAME.json.
scan() {
	rm -f "$lab/$1.json"
	timeout 500 testssl --quiet --color 0 --nodns none --ip 127.0.0.1 --openssl /usr/bin/openssl \
		--add-ca "$lab/certs/enterprise-ca.pem,$lab/certs/carriers-ca.pem" --jsonfile "$lab/$1.json" \
		"med1.example.test:$2" >"$lab/$1.txt" 2>&1
	jq -e 'length > 0' "$lab/$1.json" >/dev/null
}

finding() { # NAME ID PATTERN
	jq -r --arg id "$2" '.[] | select(.id == $id) | .finding' "$lab/$1.json" | grep -E "$3"
}

none_is_bad() { # NAME
	local bad
	bad=$(jq -r '.[] | select(.severity | IN("MEDIUM", "HIGH", "CRITICAL")) |
		"\(.severity) \(.id): \(.finding)"' "$lab/$1.json")
	echo "$bad"
	[[ -z $bad ]]
}

judge() { # NAME PORT
	check "$1: is scanned" scan "$1" "$2"
	check "$1: 100 findings at least" \
		test "$(jq length "$lab/$1.json")" -ge 100
	check "$1: TLS 1.3 was met" finding "$1" protocol_negotiated 'TLS1\.3$'
	check "$1: TLS 1.2 was met" finding "$1" TLS1_2 '^offered'
	check "$1: nothing of MEDIUM or worse" none_is_bad "$1"
}

lab_open
# Where its lists are: testssl misses that in certificates of certs/ca.cnf.
sed '/^subjectAltName/a crlDistributionPoints = URI:http://ca.example.test/ca.crl' \
	"$srcdir/certs/ca.cnf" >"$lab/ca.cnf"
ca_cnf=$lab/ca.cnf issue internal enterprise-ca med1.example.test
ca_cnf=$lab/ca.cnf issue external carriers-ca med1.example.test
write_conf
write_gateway 'tls = yes' "port = $port_gw"
start_tandem
judge servers "$port_internal"
judge gateways "$port_external_tls"
check "the server runs on" is_running "$tandem_pid"
finish
