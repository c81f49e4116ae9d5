#!/bin/bash
# Who is not let in, and that the log says in one line why.
. "$(dirname "$0")/lib.sh"
need sipp

# knock CERTIFICATE [OPTION...]: a TLS client at the internal listener. It reads until it is
# thrown out: with TLS 1.3 its own handshake ends before the server has judged.
knock() {
	local cert=()
	[[ -z $1 ]] || cert=(-cert "$lab/certs/$1.pem" -key "$lab/certs/$1.key")
	shift
	timeout 5 openssl s_client -connect "127.0.0.1:$knock_port" -quiet -no_ign_eof \
		"${cert[@]}" "$@" <"$lab/nothing-yet" >"$lab/knock.out" 2>&1
}

# refused NAME RULE CERTIFICATE [OPTION...]: the connection ends with an alert, and the log
# has one more line with RULE.
refused() {
	local name=$1 rule=$2 before
	shift 2
	before=$(lines "$lab/tandem.log" "$rule")
	knock "$@"
	check "$name: the log says why" wait_line 5 "$lab/tandem.log" "$rule" $((before + 1))
	check "$name: thrown out" grep -qiE 'alert|error|errno' "$lab/knock.out"
}

# An OPTIONS in $lab/options that does not ask for an answer elsewhere.
options_request() { # TRANSPORT
	printf '%s\r\n' "OPTIONS sip:127.0.0.1:$port_external SIP/2.0" \
		"Via: SIP/2.0/$1 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" \
		"From: <sip:test@127.0.0.1>;tag=$RANDOM" "To: <sip:127.0.0.1>" \
		"Call-ID: $RANDOM$RANDOM@127.0.0.1" "CSeq: 1 OPTIONS" "Max-Forwards: 70" \
		"Content-Length: 0" "" >"$lab/options"
}

answer_is() { # PATTERN SIPSEND-ARGUMENT...
	local pattern=$1 answer
	shift
	answer=$("$tools/sipsend" "$@" | cut -f2)
	# shellcheck disable=SC2053 # it is a pattern
	[[ $answer == $pattern ]] || {
		echo "the answer is: $answer"
		return 1
	}
}

lab_open
# s_client must not see the end of its input before the server has spoken.
mkfifo "$lab/nothing-yet"
exec {hold_fd}<>"$lab/nothing-yet"
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
write_conf
start_tandem

knock_port=$port_internal
side='side=internal'
refused "server without certificate" "rule=no-certificate .*$side" ''
refused "server of another CA" "rule=issuer .*presented=.*pbx1.*$side" pbx1-rogue
refused "server of the carriers' CA" "rule=issuer .*$side" gw1
refused "server of another name" \
	"rule=name expected=.*pbx1.example.test.* presented=.*pbx9.example.test.*$side" \
	pbx1-wrong-name
refused "server whose certificate expired" "rule=expired .*$side" pbx1-expired
refused "server whose certificate is revoked" "rule=revoked .*$side" pbx1-revoked
refused "TLS 1.1" "tls failed .*$side" pbx1 -tls1_1 -cipher 'ALL:@SECLEVEL=0'
refused "no TLS cipher with authentication" "tls failed .*$side" pbx1 -tls1_2 \
	-cipher 'NULL:@SECLEVEL=0'
options_request TCP
"$tools/sipsend" tcp 127.0.0.1 "$port_internal" "$lab/options" >/dev/null
check "plain SIP at the TLS port: the log says why" \
	wait_line 5 "$lab/tandem.log" 'rule=not_tls side=internal .*spoke="SIP OPTIONS"'
options_request TLS
check "the right certificate is let in" answer_is 'SIP/2.0 200*' \
	-c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key" \
	tls 127.0.0.1 "$port_internal" "$lab/options"

knock_port=$port_external_tls
side='side=external'
refused "gateway by TLS though its trunk is plain" "rule=[a-z-]+ .*$side" gw1
write_gateway 'tls = yes' "port = $port_gw"
check "reload" ctl -q config reload
refused "gateway without certificate" "rule=no-certificate .*$side" ''
refused "gateway of another name" "rule=name .*presented=.*gw9.*$side" gw1-wrong-name
refused "gateway whose certificate is revoked" "rule=revoked .*$side" gw1-revoked
refused "gateway with a server's certificate" "rule=issuer .*$side" pbx1

# pin CERTIFICATE: as tandem-gateway(5) says.
pin() {
	openssl x509 -in "$lab/certs/$1.pem" -pubkey -noout |
		openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary |
		openssl base64 | sed 's,^,sha256/,'
}

let_in() { # CERTIFICATE
	options_request TLS
	answer_is 'SIP/2.0 200*' -c "$lab/certs/$1.pem" -k "$lab/certs/$1.key" \
		tls 127.0.0.1 "$port_external_tls" "$lab/options"
}

write_gateway 'tls = yes' "port = $port_gw" "pins = $(pin pbx1)"
check "reload with a pin" ctl -q config reload
refused "gateway with another key than the pinned one" \
	"rule=pin .*detail=\"its key is $(pin gw1 | sed 's/[+]/[+]/g')\".*$side" gw1
write_gateway 'tls = yes' "port = $port_gw" "pins = $(pin pbx1), $(pin gw1)" \
	'names = gw9.example.test'
check "reload with its pin, and a further name" ctl -q config reload
check "the pinned key is let in" let_in gw1
refused "the further name with another key" "rule=pin .*$side" gw1-wrong-name
write_gateway 'tls = yes' "port = $port_gw" 'names = gw9.example.test'
check "reload with a further name" ctl -q config reload
check "the further name is let in" let_in gw1-wrong-name
check "and is shown" test "$(ctl --json trunk show gw | jq -r '.names[0]')" = gw9.example.test
options_request UDP
check "gateway in plain though its trunk is TLS" \
	answer_is silence udp 127.0.0.1 "$port_external" "$lab/options"

write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
check "reload to UDP" ctl -q config reload
options_request UDP
check "the gateway's address is let in" \
	answer_is 'SIP/2.0 200*' udp 127.0.0.1 "$port_external" "$lab/options"
stray=$(status .external.stray)
options_request UDP
check "another address gets no answer over UDP" \
	answer_is silence -b 127.0.0.9 udp 127.0.0.1 "$port_external" "$lab/options"
check "and is counted" test "$(status .external.stray)" -gt "$stray"
check "TCP from an unknown address is closed" \
	answer_is 'closed' -b 127.0.0.9 tcp 127.0.0.1 "$port_external" "$lab/options"

# Toward the server there is no call without SRTP, whatever the certificate.
cat >"$lab/invite" <<-EOF
	INVITE sip:+4940222222@med1.example.test SIP/2.0
	Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKplain;rport
	From: <sip:+4930111111@127.0.0.1>;tag=1
	To: <sip:+4940222222@med1.example.test>
	Call-ID: plain@127.0.0.1
	CSeq: 1 INVITE
	Contact: <sip:+4930111111@127.0.0.1:9;transport=tls>
	Max-Forwards: 70
	Content-Type: application/sdp
	Content-Length: 128

	v=0
	o=- 1 1 IN IP4 127.0.0.1
	s=-
	c=IN IP4 127.0.0.1
	t=0 0
	m=audio 9 RTP/AVP 8
	a=rtpmap:8 PCMA/8000
	a=sendrecv
EOF
sed -i 's/$/\r/' "$lab/invite"
body=$(sed '1,/^\r$/d' "$lab/invite" | wc -c)
sed -i "s/^Content-Length: .*\r/Content-Length: $body\r/" "$lab/invite"
check "an offer without SRTP from the server gets 488" answer_is 'SIP/2.0 488*' \
	-w 3000 -c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key" \
	tls 127.0.0.1 "$port_internal" "$lab/invite"

# A gateway that shows its certificate and does not ask for ours.
sed -i 's,RTP/AVP,RTP/SAVP,' "$lab/invite"
printf 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s\r\n' \
	"$(head -c 30 /dev/urandom | base64)" >>"$lab/invite"
body=$(sed '1,/^\r$/d' "$lab/invite" | wc -c)
sed -i "s/^Content-Length: .*\r/Content-Length: $body\r/" "$lab/invite"
openssl s_server -accept "127.0.0.1:$port_gw" -cert "$lab/certs/gw1.pem" \
	-key "$lab/certs/gw1.key" <"$lab/nothing-yet" >"$lab/silent.out" 2>&1 &
pids+=($!)
check "a gateway that does not ask listens" wait_line 5 "$lab/silent.out" ACCEPT
write_gateway 'tls = yes' "port = $port_gw" 'mutual = strict'
check "reload with mutual = strict" ctl -q config reload
check "a call to a gateway that does not ask for our certificate fails" \
	answer_is 'SIP/2.0 5*' -w 5000 -c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key" \
	tls 127.0.0.1 "$port_internal" "$lab/invite"
check "the log says why" wait_line 5 "$lab/tandem.log" 'tls refused by=us rule=not-asked'
check "it got no SIP" test "$(grep -c SIP "$lab/silent.out")" -eq 0

check "the server runs on" is_running "$tandem_pid"
check "nothing is held afterwards" all_released
exec {hold_fd}>&-
finish
