#!/bin/bash
# A gateway of two names with real peers and a DNS server that changes under the server: the address that asks
# for a rest is passed over by the next call, a name that moves is called at its new address at once, and over
# TLS each name must be proved by its own certificate. Each step is proved by records and by the order of
# events, never by how long it took.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need sipp kamailio

first=127.0.0.61
second=127.0.0.62
moved=127.0.0.63
first_tls=127.0.0.64 # one that was not asked before
sipp_options=-bind_local # several have the same port

# write_names 'KEY = VALUE'...: the gateway of both names.
write_names() {
	printf '%s\n' '[gateway]' 'host = one.example.test, two.example.test' 'options-ping = off' "$@" >"$lab/gateways.d/gw.conf"
}

# dns_has NAME=ADDRESS...: the server is started anew, and knows these.
dns_has() {
	local pair
	stop "$dns_pid"
	dns_options=()
	for pair; do
		dns_options+=("--address=/${pair%=*}.example.test/${pair#*=}")
	done
	start_dns
}

# at ADDRESS COMMAND...: a far end there.
at() {
	local loopback=$1 loopback_uri=$1
	shift
	"$@"
}

# went ADDRESS=STATUS...: the attempts of the last call.
went() {
	local got
	got=$(cdr | jq -r '[.attempts[] | "\(.address | split(":")[0])=\(.status)"] | join(" ")')
	[[ $got == "$*" ]] || {
		echo "it went: $got"
		return 1
	}
}

# refused NAME STATUS: a call that ends with STATUS.
records=0
refused() {
	code=$2 start_sipp caller uac-refused+srtp u1 "$port_sipp_server" "$port_front"
	check "$1: the caller hears $2" wait_sipp caller
	records=$((records + 1))
	check "$1: its record" wait_cdrs $records
}

# serve NAME ADDRESS CERTIFICATE ANSWER: a far end over TLS that says ANSWER to every INVITE, with more headers where
# $headers has some.
serve() {
	front_request="if (is_method(\"INVITE\")) {
		${headers:+append_to_reply(\"$headers\\r\\n\");}
		sl_send_reply($4);
		exit;
	}" at "$2" start_front "$1" "$port_gw" "$port_silent" "sip:$loopback:$port_silent" \
		"$lab/certs/$3" "$lab/certs/carriers-ca.pem" "$port_external_tls"
}

last_attempt_has() { # PATTERN
	local why
	why=$(cdr | jq -r '.attempts[-1].reason')
	# shellcheck disable=SC2053 # a pattern
	[[ $why == $1 ]] || {
		echo "the reason is: $why"
		return 1
	}
}

dns_options=("--address=/one.example.test/$first" "--address=/two.example.test/$second")
lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_silent=$((port_spare + 4))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_names 'tls = no' 'transport = udp' "port = $port_gw"
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

# The first name asks for a rest.
code='503 Rests\nRetry-After: 3600\nX-Words:' at "$first" start_sipp resting uas-refuse u1 "$port_gw" "$port_external"
code=486 at "$second" start_sipp called uas-refuse u1 "$port_gw" "$port_external"
refused "503 with Retry-After" 486
check "503 with Retry-After: it was asked" wait_sipp resting
check "503 with Retry-After: then the second name" wait_sipp called
check "503 with Retry-After: where it went" went "$first=503" "$second=486"
check "503 with Retry-After: it rests, bounded by rest-max" has_lines "$lab/tandem.log" \
	"trunk=gw event=health remote=$first:$port_gw state=resting .*rests-ms=120000 reason=\"503 with Retry-After 3600\"" 1
code=486 at "$second" start_sipp called uas-refuse u1 "$port_gw" "$port_external"
refused "the next call" 486
check "the next call: the second name at once" wait_sipp called
check "the next call: nothing went to the address that rests" went "$second=486"

# The first name moves.
dns_has "one=$moved" "two=$second"
code=486 at "$moved" start_sipp called uas-refuse u1 "$port_gw" "$port_external"
refused "the first name has moved" 486
check "the first name has moved: it is called at its new address" wait_sipp called
check "the first name has moved: nothing went elsewhere" went "$moved=486"
check "the first name has moved: the server was not restarted" kill -0 "$tandem_pid"
check "the first name has moved: and loaded nothing" has_lines "$lab/tandem.log" 'event=reloaded' 0

# Over TLS each name proves itself.
dns_has "one=$first_tls" "two=$second"
issue one carriers-ca one.example.test
issue two carriers-ca two.example.test
write_names 'tls = yes' "port = $port_gw"
check "TLS: reload" ctl -q config reload
headers='Retry-After: 3600' serve front-one "$first_tls" one '"503", "Rests"'
serve front-two "$second" one '"486", "Busy Here"'
# A proxy's caller hears 500 for 503 (RFC 3261 16.7).
refused "TLS, the second shows the certificate of the first" 500
check "TLS: the first refused, the second was not trusted" went "$first_tls=503" "$second=0"
check "TLS: why not" last_attempt_has '*two.example.test*'
check "TLS: the log says so, and that it rests" has_lines "$lab/tandem.log" \
	"trunk=gw event=health remote=$second:$port_gw state=resting .*reason=\".*two\\.example\\.test" 1
check "TLS: the first one's connection was closed" wait_line 10 "$lab/tandem.log" \
	'event=closed .*reason="503 with Retry-After 3600"'
stop_front front-two
serve front-two "$second" two '"486", "Busy Here"'
# which ends the rests that nobody asked for
check "TLS, the second shows its own: reload" ctl -q config reload
refused "TLS, the second shows its own" 486
check "TLS, the second shows its own: the first rests on" went "$second=486"
check "nothing is held afterwards" all_released
finish
