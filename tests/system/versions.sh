#!/bin/bash
# Which TLS a gateway may speak: the rule, and what its file allows beside that.
. "$(dirname "$0")/lib.sh"

# An OPTIONS by openssl over TLS, its options in OPTION...; the answer is in $lab/speak.out.
speak() { # OPTION...
	local fifo=$lab/speak.in pid code=1
	rm -f "$fifo" "$lab/speak.out"
	mkfifo "$fifo"
	timeout 10 openssl s_client -connect "127.0.0.1:$port_external_tls" -quiet \
		-cert "$lab/certs/gw1.pem" -key "$lab/certs/gw1.key" "$@" \
		<"$fifo" >"$lab/speak.out" 2>&1 &
	pid=$!
	printf '%s\r\n' "OPTIONS sip:med1.example.test SIP/2.0" \
		"Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" \
		"From: <sip:test@gw1.example.test>;tag=$RANDOM" "To: <sip:med1.example.test>" \
		"Call-ID: $RANDOM$RANDOM@127.0.0.1" "CSeq: 1 OPTIONS" "Max-Forwards: 70" \
		"Content-Length: 0" "" >"$lab/options"
	{
		cat "$lab/options"
		wait_for 5 speak_ended "$pid"
	} >"$fifo"
	grep -q '^SIP/2.0 200' "$lab/speak.out" && code=0
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return "$code"
}

speak_ended() { # PID
	# what openssl thinks of the chain comes before, and ends nothing
	grep -v '^verify' "$lab/speak.out" | grep -qE '^SIP/2.0|[Aa]lert|error' || is_gone "$1"
}

refused() { # WHAT LOG-PATTERN OPTION...
	local what=$1 pattern=$2 before
	shift 2
	before=$(lines "$lab/tandem.log" "$pattern")
	check "$what is refused" exits 1 speak "$@"
	check "$what: the log says why" \
		wait_line 5 "$lab/tandem.log" "$pattern" $((before + 1))
}

old=(-cipher 'ALL:@SECLEVEL=0')

lab_open
write_gateway 'tls = yes' "port = $port_gw"
write_conf
start_tandem

check "TLS 1.3 by the rule" speak -tls1_3
check "TLS 1.2 by the rule" speak -tls1_2
refused "TLS 1.1 by the rule" 'tls failed error="no version in common' -tls1_1 "${old[@]}"
refused "TLS 1.0 by the rule" 'tls failed error="no version in common' -tls1 "${old[@]}"
refused "CBC by the rule" 'tls failed error="no cipher in common' -tls1_2 \
	-cipher 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'
check "another server name is none of our business" speak -servername pbx9.example.test

write_gateway 'tls = yes' "port = $port_gw" 'tls-min = 1.3'
check "reload to 1.3 alone" ctl -q config reload
check "TLS 1.3 where it is alone" speak -tls1_3
refused "TLS 1.2 where 1.3 is alone" 'tls failed error="no version in common' -tls1_2

write_gateway 'tls = yes' "port = $port_gw" 'tls-min = 1.0' 'ciphers = compatible' \
	'exception-until = 2099-01-01' 'exception-reason = an old box'
check "reload to an exception" ctl -q config reload
check "TLS 1.0 by exception" speak -tls1 "${old[@]}"
check "TLS 1.1 by exception" speak -tls1_1 "${old[@]}"
check "CBC by exception" speak -tls1_2 -cipher 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'
check "TLS 1.3 beside the exception" speak -tls1_3
check "the exception is shown" \
	test "$(ctl --json trunk show gw | jq -r '.tls_min + " " + .ciphers')" = "1.0 compatible"

# Another gateway's exception does not count for this one.
write_gateway 'tls = yes' "port = $port_gw"
cat >"$lab/gateways.d/old.conf" <<-EOF
	[gateway]
	host = old.example.test
	port = $port_gw
	tls = yes
	tls-min = 1.0
	ciphers = compatible
	exception-until = 2099-01-01
EOF
check "reload with the exception elsewhere" ctl -q config reload
refused "TLS 1.1 by another's exception" \
	'tls refused by=us rule=version .*presented=DNS:gw1.example.test' -tls1_1 "${old[@]}"
refused "CBC by another's exception" \
	'tls refused by=us rule=cipher .*presented=DNS:gw1.example.test' -tls1_2 \
	-cipher 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'
check "TLS 1.2 goes on" speak -tls1_2
rm "$lab/gateways.d/old.conf"

# This system's GnuTLS is not in FIPS 140 mode (where it is, there is nothing to refuse).
if [[ $(ctl --json status | jq .fips.library_active) == false ]]; then
	conf_tandem=('fips = required')
	write_conf
	check "fips = required is refused at a reload" exits 6 ctl -q config reload
	check "and the server runs on" test "$(ctl --json status | jq -r .fips.configured)" = off
	for mode in -t -f; do
		exits 6 "$builddir/tandemd" -c "$lab/tandem.conf" "$mode" >"$lab/fips.out" 2>&1
		check "tandemd $mode refuses it" test $? = 0
		check "in words" grep -q 'not in FIPS 140 mode' "$lab/fips.out"
	done
fi
finish
