#!/bin/bash
# Two partners, each with a server and a gateway and a CA of its own, which trusts nobody
# else's: calls of both go on at once, and a certificate of one partner's CA proves nothing
# about the other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need baresip

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

# The gateway of partner GATEWAY has the numbers of PREFIX.
write_partner_gateway() { # GATEWAY PORT CA PREFIX
	cat >"$lab/gateways.d/$1.conf" <<-EOF
		[gateway]
		host = $1.example.test
		port = $2
		tls = yes
		trust = $lab/certs/$3.pem
		crl = $lab/certs/$3.crl
		prefixes = $4
		options-ping = off
	EOF
}

# knock CERTIFICATE PORT: a TLS client that reads until it is thrown out.
knock() {
	timeout 5 openssl s_client -connect "127.0.0.1:$2" -quiet -no_ign_eof \
		-cert "$lab/certs/$1.pem" -key "$lab/certs/$1.key" \
		<"$lab/nothing-yet" >"$lab/knock.out" 2>&1
}

# refused_in CERTIFICATE PORT NAME: it names NAME, and that partner's CA did not issue it.
refused_in() {
	local rule="tls refused by=us rule=issuer .*presented=DNS:$3" before
	before=$(lines "$lab/tandem.log" "$rule")
	knock "$1" "$2"
	check "$1 is thrown out" grep -qiE 'alert|error|errno' "$lab/knock.out"
	check "$1: the log names the rule" wait_line 5 "$lab/tandem.log" "$rule" $((before + 1))
}

# refused_out KIND ID PORT CERTIFICATE: it answers where we connect to.
refused_out() {
	local pid code=0
	openssl s_server -accept "127.0.0.1:$3" -cert "$lab/certs/$4.pem" \
		-key "$lab/certs/$4.key" -quiet <"$lab/nothing-yet" >"$lab/served.out" 2>&1 &
	pid=$!
	pids+=("$pid")
	wait_for 10 listens_quietly "$3"
	ctl --json "$1" explain "$2" >"$lab/explained.json" || code=$?
	stop "$pid"
	check "$4 does not serve for $2" test "$code" = 1
	check "$4: explain names the rule" jq -e '.steps[] | select(.step == "tls") |
		.verdict == "failed" and (.words | test("refused by=us rule=issuer"))' \
		"$lab/explained.json"
}

# stands FROM TO URI: a call that is heard for more than the second which names its recording.
stands() {
	check "$1 calls $2" start_call "$1" "$2" "$3"
	check "and is heard" wait_for 15 recorded "$1" 1.2 "${calls_of[$1]}"
}

# The parties of the calls that stand, "server trunk", a line each, sorted.
who_talks() {
	ctl --json call list | jq -r '.calls[].id' | while read -r id; do
		ctl --json call show "$id" | jq -r '[.internal, .external | .party, .transport,
			.peer_names] | join(" ")'
	done | sort
}

# answered PATTERN CERTIFICATE FILE: what a message of the partner with CERTIFICATE gets.
answered() {
	local answer
	sed -i 's/\r*$/\r/' "$3"
	answer=$("$tools/sipsend" -w 5000 -c "$lab/certs/$2.pem" -k "$lab/certs/$2.key" \
		tls 127.0.0.1 "$port_internal" "$3" | cut -f2)
	# shellcheck disable=SC2053 # it is a pattern
	[[ $answer == $1 ]] || {
		echo "the answer is: $answer"
		return 1
	}
}

# An offer with SRTP to the gateway of A, which says all over that it comes from B.
write_foreign_invite() {
	local body
	body=$(printf '%s\r\n' v=0 'o=- 1 1 IN IP4 127.0.0.1' s=- 'c=IN IP4 127.0.0.1' 't=0 0' \
		'm=audio 9 RTP/SAVP 8' \
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:$(head -c 30 /dev/urandom | base64)")
	cat >"$lab/invite" <<-EOF
		INVITE sip:${number[bob]}@med1.example.test SIP/2.0
		Via: SIP/2.0/TLS pbx2.example.test;branch=z9hG4bK$RANDOM$RANDOM;rport
		From: <sip:+4930999999@pbx2.example.test>;tag=1
		To: <sip:${number[bob]}@med1.example.test>
		Call-ID: foreign@pbx2.example.test
		CSeq: 1 INVITE
		Contact: <sip:+4930999999@pbx2.example.test;transport=tls>
		Max-Forwards: 70
		Content-Type: application/sdp
		Content-Length: $((${#body} + 1))

		$body
	EOF
}

# A BYE with everything that identifies the caller's dialog in a capture.
write_stolen_bye() { # CAPTURE
	local fields
	fields=$(read_capture "$1" -Y "sip.Status-Code == 200 && sip.CSeq.method == INVITE &&
		udp.srcport == $port_internal" -T fields -E separator='|' \
		-e sip.Call-ID -e sip.From -e sip.To | head -1)
	[[ -n $fields ]] || return 1
	IFS='|' read -r stolen_id stolen_from stolen_to <<<"$fields"
	cat >"$lab/bye" <<-EOF
		BYE sip:med1.example.test SIP/2.0
		Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport
		From: $stolen_from
		To: $stolen_to
		Call-ID: $stolen_id
		CSeq: 2147483647 BYE
		Max-Forwards: 70
		Content-Length: 0

	EOF
}

lab_open
mkfifo "$lab/nothing-yet"
exec {hold_fd}<>"$lab/nothing-yet"

# The house has the lab's CAs, and both partners trust its certificates.
for partner in a b; do
	new_ca "partner-$partner" "Partner ${partner^} CA"
	write_crl "partner-$partner" "partner-$partner.crl" 86400
	cat "$lab/certs/enterprise-ca.pem" "$lab/certs/carriers-ca.pem" \
		"$lab/certs/partner-$partner.pem" >"$lab/certs/trusted-by-$partner.pem"
done
issue pbx1-of-a partner-a pbx1.example.test
issue pbx2-of-b partner-b pbx2.example.test
issue gw1-of-a partner-a gw1.example.test
issue gw2-of-b partner-b gw2.example.test
issue pbx1-of-b partner-b pbx1.example.test
issue pbx2-of-a partner-a pbx2.example.test
issue gw1-of-b partner-b gw1.example.test
issue gw2-of-a partner-a gw2.example.test

port_pbx2=$port_spare
port_gw1=$((port_gw + 1))
port_gw2=$((port_spare + 3))
server_port=$((port_pbx + 1))
# Two calls fill A's server: the next one goes to B's.
conf_server=("trust = certs/partner-a.pem" "crl = certs/partner-a.crl" 'max-calls = 2'
	'[server pbx2]' 'host = pbx2.example.test' "port = $((port_pbx2 + 1))" 'priority = 20'
	'trust = certs/partner-b.pem' 'crl = certs/partner-b.crl' 'options-ping = off')
write_conf
write_partner_gateway gw1 "$port_gw1" partner-a +4940
write_partner_gateway gw2 "$port_gw2" partner-b +4950
start_tandem

start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-of-a-combined.pem" "$lab/certs/trusted-by-a.pem"
start_phone bob "$port_gw" 620 "$secure" \
	"$lab/certs/gw1-of-a-combined.pem" "$lab/certs/trusted-by-a.pem"
start_phone carol "$port_pbx2" 850 "$secure" \
	"$lab/certs/pbx2-of-b-combined.pem" "$lab/certs/trusted-by-b.pem"
start_phone dave "$((port_gw2 - 1))" 1050 "$secure" \
	"$lab/certs/gw2-of-b-combined.pem" "$lab/certs/trusted-by-b.pem"

stands alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
stands carol dave "sip:${number[dave]}@med1.example.test:$port_internal"
stands bob alice "sip:${number[alice]}@med1.example.test:$port_external_tls"
stands dave carol "sip:${number[carol]}@med1.example.test:$port_external_tls"
who_talks >"$lab/who"
check "all four stand, each partner on its own" diff "$lab/who" - <<-EOF
	server pbx1 TLS DNS:pbx1.example.test trunk gw1 TLS DNS:gw1.example.test
	server pbx1 TLS DNS:pbx1.example.test trunk gw1 TLS DNS:gw1.example.test
	server pbx2 TLS DNS:pbx2.example.test trunk gw2 TLS DNS:gw2.example.test
	server pbx2 TLS DNS:pbx2.example.test trunk gw2 TLS DNS:gw2.example.test
EOF
for pair in 'alice 620' 'bob 440' 'carol 1050' 'dave 850'; do
	read -r name hertz <<<"$pair"
	check "$name hears its own partner" wait_for 20 recorded "$name" 2 "${calls_of[$name]}"
	check "$name hears nobody else" "$tools/tone" "$(heard "$name" "${calls_of[$name]}")" \
		"$hertz" 1.5
done

# While they stand.
refused_in pbx2-of-a "$port_internal" pbx2.example.test
refused_in pbx1-of-b "$port_internal" pbx1.example.test
refused_in gw2-of-a "$port_external_tls" gw2.example.test
refused_in gw1-of-b "$port_external_tls" gw1.example.test

write_stolen_bye "$(capture_of "$(ctl --json call show 2 | jq -r .id)")"
check "B's dialog is known to A" test -n "$stolen_id"
check "A cannot end B's call" answered 'SIP/2.0 481*' pbx1-of-a "$lab/bye"
check "all four still stand" status_is .calls.now 4

for call in 1 2 3 4; do
	check "call $call ends" ctl -q call hangup "$call"
done
check "four records" wait_cdrs 4

# A connection is whose certificate it showed, whatever the messages say.
write_foreign_invite
check "an INVITE of A that speaks of B is taken" answered 'SIP/2.0 200*' pbx1-of-a "$lab/invite"
check "and ends" ctl -q call hangup 5
check "five records" wait_cdrs 5
cdr >"$lab/cdr.json"
check "it is A's" test "$(jq -r .internal.party "$lab/cdr.json")" = "server pbx1"

for name in alice bob carol dave; do
	stop_phone "$name"
done
refused_out server pbx2 "$((port_pbx2 + 1))" pbx2-of-a
refused_out server pbx1 "$((port_pbx + 1))" pbx1-of-b
refused_out trunk gw2 "$port_gw2" gw2-of-a
refused_out trunk gw1 "$port_gw1" gw1-of-b
check "nothing is held afterwards" all_released
exec {hold_fd}>&-
finish
