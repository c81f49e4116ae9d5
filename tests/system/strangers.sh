#!/bin/bash
# Who speaks what he should not, from where he should not, and who refuses us: each is named as what it is in
# the log and by tandemctl. The far ends are OpenSSL's and GnuTLS's own programs.
. "$(dirname "$0")/lib.sh"
need gnutls-cli gnutls-serv

# options TRANSPORT: into $lab/options.
options() {
	printf '%s\r\n' "OPTIONS sip:127.0.0.1:$port_external SIP/2.0" \
		"Via: SIP/2.0/$1 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" \
		"From: <sip:test@127.0.0.1>;tag=$RANDOM" "To: <sip:127.0.0.1>" \
		"Call-ID: $RANDOM$RANDOM@127.0.0.1" "CSeq: 1 OPTIONS" "Max-Forwards: 70" \
		"Content-Length: 0" "" >"$lab/options"
}

# sends SIPSEND-ARGUMENT...: it may be answered or not.
sends() {
	"$tools/sipsend" -w 300 "$@" >"$lab/sent"
}

# said PATTERN [COUNT]: the log has so many such lines, and no more.
said() {
	wait_line 10 "$lab/tandem.log" "$1" "${2:-1}" &&
		[[ $(lines "$lab/tandem.log" "$1") == "${2:-1}" ]] || {
		tail -5 "$lab/tandem.log"
		return 1
	}
}

# listed FILTER: what jq says of the list of strangers.
listed() {
	ctl --json strangers >"$lab/strangers.json"
	jq -e "$1" "$lab/strangers.json" >/dev/null || {
		jq -c '.[]' "$lab/strangers.json"
		return 1
	}
}

# take SETTING...: as the gateway's.
take() {
	write_gateway "$@"
	ctl -q config reload
}

lab_open
mkfifo "$lab/nothing-yet"
exec {hold_fd}<>"$lab/nothing-yet"
gw_conf=$lab/gateways.d/gw.conf
write_gateway 'tls = no' 'transport = tcp' "port = $port_gw"
write_conf
start_tandem
check "nobody is a stranger yet" listed 'length == 0'

# ---- by address and transport

options UDP
for _ in 1 2 3; do
	sends -b 127.0.0.9 udp 127.0.0.1 "$port_external" "$lab/options"
done
check "a stranger by UDP: one line of three datagrams" said \
	'info transport event=stranger by=us rule=source side=external transport=UDP remote=127.0.0.9:[0-9]+ spoke="SIP OPTIONS" count=1 do="no trunk has this address: .*host = 127.0.0.9 '
check "all three are counted" listed '.[0] | .count == 3 and .remote[0:10] == "127.0.0.9:" and
	.spoke == "SIP OPTIONS" and .trunk == "" and .rule == "source" and .first <= .last'
sends udp 127.0.0.1 "$port_external" "$lab/options"
check "the gateway by UDP though its trunk is TCP" said \
	"warning transport event=stranger .*rule=transport .*do=\"if this is trunk gw: transport = udp in $gw_conf, or let it speak TCP\""
check "has its trunk in the list" listed \
	'.[0] | .trunk == "trunk gw" and .transport == "UDP" and .rule == "transport"'
check "tandemctl strangers is a table" prints '^REMOTE .*WHAT TO DO' ctl strangers

check "to UDP" take 'tls = no' 'transport = udp' "port = $port_gw"
options TCP
sends tcp 127.0.0.1 "$port_external" "$lab/options"
check "the gateway by TCP though its trunk is UDP" listed \
	'.[0] | .transport == "TCP" and .spoke == "a connection" and .rule == "transport" and
	(.do | startswith("if this is trunk gw: transport = tcp in "))'
timeout 5 openssl s_client -connect "127.0.0.1:$port_external_tls" -quiet -cert "$lab/certs/gw1.pem" \
	-key "$lab/certs/gw1.key" <"$lab/nothing-yet" >"$lab/s_client" 2>&1
check "the gateway by TLS though its trunk is plain" said \
	"warning transport event=stranger .*rule=tls .*do=\"if this is trunk gw: tls = yes in $gw_conf, or let it speak UDP\""
check "disabled" take 'tls = no' 'transport = udp' "port = $port_gw" 'enabled = no'
options UDP
sends udp 127.0.0.1 "$port_external" "$lab/options"
check "the gateway that is switched off" said \
	"warning transport event=stranger .*rule=disabled .*do=\"trunk gw is switched off: enabled = yes in $gw_conf lets it in\""

# ---- by protocol

printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' >"$lab/get"
sends tcp 127.0.0.1 "$port_external_tls" "$lab/get"
check "HTTP at the port of TLS" said \
	'warning transport event=stranger .*rule=not_tls side=external .*spoke="HTTP GET" count=1 do="this port takes TLS alone'
options TCP
sends tcp 127.0.0.1 "$port_external_tls" "$lab/options"
check "plain SIP at the port of TLS" listed \
	'.[] | select(.rule == "not_tls") | .spoke == "SIP OPTIONS" and .count == 3'
check "to TCP" take 'tls = no' 'transport = tcp' "port = $port_gw"
timeout 5 openssl s_client -connect "127.0.0.1:$port_external" <"$lab/nothing-yet" >"$lab/s_client" 2>&1
check "a TLS hello at the port of TCP" said \
	'warning transport event=closed reason="sent a TLS hello on a port of plain SIP: let it connect to the port of \[external\] tls'
sends tcp 127.0.0.1 "$port_external" "$lab/get"
check "HTTP at the port of TCP" said 'warning transport event=closed reason="sent HTTP, which is no SIP'

# ---- who refuses us

check "to TLS" take 'tls = yes' "port = $port_gw"
ours=$lab/certs/external.pem
refusal="tls refused by=them alert=\"unknown_ca\""
remedy='do="the far end does not trust our issuer: give it our CA certificate" side=external'

# knock PROGRAM...: a client that may get in, but does not want to.
knock() {
	timeout 5 "$@" <"$lab/nothing-yet" >"$lab/knock" 2>&1
	true
}
s_client=(openssl s_client -connect "127.0.0.1:$port_external_tls" -quiet
	-cert "$lab/certs/gw1.pem" -key "$lab/certs/gw1.key")
knock "${s_client[@]}" -tls1_3 -verify_return_error -CAfile "$lab/certs/enterprise-ca.pem"
check "OpenSSL's client, TLS 1.3: its alert in clear" said "$refusal encrypted=no ours=$ours .*$remedy"
knock "${s_client[@]}" -tls1_2 -verify_return_error -CAfile "$lab/certs/enterprise-ca.pem"
check "OpenSSL's client, TLS 1.2" said "$refusal ours=$ours .*$remedy"
client=(gnutls-cli -p "$port_external_tls" --x509certfile "$lab/certs/gw1.pem"
	--x509keyfile "$lab/certs/gw1.key" --x509cafile "$lab/certs/enterprise-ca.pem" 127.0.0.1)
knock "${client[@]}" --priority NORMAL:-VERS-ALL:+VERS-TLS1.3
check "GnuTLS's client, TLS 1.3" said "tls refused by=them alert=\"bad_certificate\" ours=$ours do=\"the far end refused our certificate:"
timeout 5 "${s_client[@]}" -tls1_3 </dev/null >"$lab/knock" 2>&1
check "a client that leaves after its handshake" said \
	"warning transport event=closed reason=\"(closed|reset) by peer [0-9]+ ms after the handshake, without a SIP message: .*whether it trusts the CA of $ours"

# asked WORDS: a TLS server is asked by trunk explain, and what it says is named so.
asked() {
	ctl --json trunk explain gw >"$lab/explained" 2>&1
	jq -e --arg words "$1" '.steps[] | select(.step == "tls").words | test($words)' \
		"$lab/explained" >/dev/null || {
		cat "$lab/explained"
		return 1
	}
}

serve() { # NAME PROGRAM...
	"${@:2}" <"$lab/nothing-yet" >"$lab/served" 2>&1 &
	served=$!
	pids+=("$served")
	wait_for 10 listens "$port_gw"
}
for version in 1_2 1_3; do
	serve openssl openssl s_server -accept "127.0.0.1:$port_gw" -cert "$lab/certs/gw1.pem" \
		-key "$lab/certs/gw1.key" -quiet -tls$version -Verify 3 -verify_return_error \
		-CAfile "$lab/certs/enterprise-ca.pem"
	check "OpenSSL's server that does not trust us, TLS $version" asked "^$refusal ours=$ours"
	stop "$served"
done
for version in 1.2 1.3; do
	serve gnutls gnutls-serv -p "$port_gw" --x509certfile "$lab/certs/gw1.pem" \
		--x509keyfile "$lab/certs/gw1.key" --x509cafile "$lab/certs/enterprise-ca.pem" \
		--require-client-cert --verify-client-cert \
		--priority "NORMAL:-VERS-ALL:+VERS-TLS$version"
	check "GnuTLS's server that does not trust us, TLS $version" asked '^tls refused by=them alert='
	stop "$served"
done
check "the server runs on" is_running "$tandem_pid"
exec {hold_fd}>&-
finish
