#!/bin/bash
# What strangers can do at the TLS listener while a call of a real peer goes on: half-open
# handshakes by the thousand, handshakes cut at every byte, floods; renegotiation, resumption
# and downgrade, which peers cannot do either. The call is not touched, who is configured is
# let in, and nothing is left afterwards.
. "$(dirname "$0")/lib.sh"
need baresip

crowd=1000
stranger=127.0.0.9

# abuse MODE [OPTION...] -- [ARGUMENT...]: tlsabuse at the listener of the servers. What it prints is in
# $lab/abused too.
abuse() {
	local mode=$1 options=()
	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	"$tools/tlsabuse" "${options[@]}" "$mode" 127.0.0.1 "$port_internal" "$@" | tee "$lab/abused"
}

# let_in: a new connection of the real server, its OPTIONS answered.
let_in() {
	local answer
	printf '%s\r\n' "OPTIONS sip:127.0.0.1 SIP/2.0" \
		"Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" \
		"From: <sip:test@127.0.0.1>;tag=$RANDOM" "To: <sip:127.0.0.1>" \
		"Call-ID: $RANDOM$RANDOM@127.0.0.1" "CSeq: 1 OPTIONS" "Max-Forwards: 70" \
		"Content-Length: 0" "" >"$lab/options"
	answer=$("$tools/sipsend" -c "$lab/certs/pbx1.pem" \
		-k "$lab/certs/pbx1.key" tls 127.0.0.1 "$port_internal" "$lab/options" | cut -f2)
	[[ $answer == 'SIP/2.0 200'* ]] || {
		echo "the answer is: $answer"
		return 1
	}
}

# holds_on: what was heard of the call grows, and its connection is the first one still.
holds_on() {
	local seconds
	seconds=$(($(stat -c %s "$(heard alice 1)") / 16000 + 1))
	wait_for 20 recorded alice "$seconds" 1 && wait_for 20 recorded bob "$seconds" 1 &&
		status_is .calls.now 1 && ! grep -E 'closed .*flow=1 ' "$lab/tandem.log"
}

# at_rest: the connection of the call alone is there.
at_rest() {
	local state
	state=$(ctl --json status | jq -c '[.internal | .connections, .handshakes]')
	[[ $state == '[1,0]' ]]
}

# in_order NAME: after an attack.
in_order() {
	check "$1: the call goes on" holds_on
	check "$1: no connection is left" wait_for 20 at_rest
	check "$1: the peer is let in" let_in
	check "$1: and gone" wait_for 20 at_rest
}

resident_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$tandem_pid/status"
}

open_files() {
	local files=("/proc/$tandem_pid/fd/"*)
	echo ${#files[@]}
}

# half_open FROM: a crowd holds what it can, the peer comes in beside it.
half_open() {
	local pid
	: >"$lab/held"
	abuse half-open -b "$1" -w 60000 -- "$crowd" >"$lab/held" &
	pid=$!
	pids+=("$pid")
	check "half-open from $1: begun" wait_line 30 "$lab/held" holding
	check "half-open from $1: no more than the limit at once" \
		test "$(status .internal.handshakes)" -le "$max_handshakes"
	check "half-open from $1: the peer is let in" let_in
	check "half-open from $1: before the crowd is gone" test "$(wc -l <"$lab/held")" = 1
	check "half-open from $1: the call goes on" holds_on
	wait "$pid"
	check "half-open from $1: all were cut" jq -e --argjson crowd "$crowd" \
		'.begun == $crowd and .closed == $crowd' <<<"$(tail -1 "$lab/held")"
}

# client OPTION...: openssl as the real server; its input comes from the descriptor client_in,
# what it prints goes to $lab/client.out. Ends when the far end closes.
client() {
	rm -f "$lab/client.in"
	mkfifo "$lab/client.in"
	timeout 20 openssl s_client -connect "127.0.0.1:$port_internal" \
		-cert "$lab/certs/pbx1.pem" -key "$lab/certs/pbx1.key" "$@" \
		<"$lab/client.in" >"$lab/client.out" 2>&1 &
	client_pid=$!
	pids+=("$client_pid")
	exec {client_in}>"$lab/client.in"
}

client_ends() {
	exec {client_in}>&-
	wait_for 20 is_gone "$client_pid"
}

lab_open
server_port=$((port_pbx + 1))
max_handshakes=300
conf_limits=('handshake-timeout = 3s' "max-handshakes = $max_handshakes")
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem
start_phone alice "$port_pbx" 440 'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1' \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'
check "a call stands" start_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
began=$SECONDS

# For what the server needs for good: the heap takes a few rounds to find its shape.
abuse flood -b "$stranger" -- 200 1000 >/dev/null
for _ in 1 2 3; do
	abuse half-open -b "$stranger" -w 60000 -- "$crowd" >/dev/null
done
in_order "first"
before_kb=$(resident_kb)
before_files=$(open_files)

half_open "$stranger"
in_order "half-open from elsewhere"
half_open 127.0.0.1
in_order "half-open from the peer's address"

for version in 1.2 1.3; do
	priority="NORMAL:-VERS-ALL:+VERS-TLS$version"
	check "TLS $version cut at every byte" abuse cut -p "$priority" \
		-c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key" --
	check "TLS $version: there was something to cut" \
		jq -e '.whole and .cut > 500' "$lab/abused"
	in_order "TLS $version cut"
done

refused=$(status .internal.refused)
for who in pbx1-rogue gw1; do
	check "a flood by $who" abuse flood -b "$stranger" -c "$lab/certs/$who.pem" \
		-k "$lab/certs/$who.key" -- 200 500
	check "a flood by $who: nobody is let in" jq -e '.let_in == 0' "$lab/abused"
done
check "a flood without certificate" abuse flood -b "$stranger" -- 200 500
check "a flood without certificate: nobody is let in" jq -e '.let_in == 0' "$lab/abused"
check "each of them is counted" test "$(status .internal.refused)" -ge $((refused + 600))
in_order "floods"

client -tls1_2
check "renegotiation: connected" wait_line 10 "$lab/client.out" 'Verify return code'
echo R >&"$client_in"
check "renegotiation: refused" wait_line 10 "$lab/client.out" 'no renegotiation|alert'
check "renegotiation: the log says so" wait_line 5 "$lab/tandem.log" 'wants to renegotiate'
client_ends
in_order "renegotiation"

for version in tls1_2 tls1_3; do
	client "-$version" -sess_out "$lab/session"
	check "$version: connected" wait_line 10 "$lab/client.out" 'Verify return code'
	# In TLS 1.3 a ticket would come behind the handshake: with the answer, or before.
	cat "$lab/options" >&"$client_in"
	check "$version: the server speaks" wait_line 10 "$lab/client.out" '^SIP/2.0 200'
	check "$version: no ticket" exits 1 grep -iE 'session ticket|NewSessionTicket' \
		"$lab/client.out"
	client_ends
	[[ -s $lab/session ]] || continue
	client "-$version" -sess_in "$lab/session"
	check "$version: a session offered again" \
		wait_line 10 "$lab/client.out" '^(New|Reused), TLS'
	check "$version: is not resumed" exits 1 grep '^Reused' "$lab/client.out"
	client_ends
done
in_order "resumption"

for version in -ssl3 -tls1 -tls1_1; do
	[[ $(openssl s_client -help 2>&1) == *" $version "* ]] || continue
	client "$version" -cipher 'ALL:@SECLEVEL=0'
	check "$version is refused" wait_line 10 "$lab/client.out" 'alert protocol version'
	client_ends
done
# RFC 7507: a client that fell back, though both ends could do better.
client -tls1_2 -fallback_scsv
check "a fallback to TLS 1.2 is refused" wait_line 10 "$lab/client.out" \
	'inappropriate fallback'
client_ends
in_order "downgrade"

# 20 a second, and the count of the others.
check "lines about strangers are limited" test \
	"$(lines "$lab/tandem.log" ' side=internal remote=')" -le $((20 * (SECONDS - began + 2)))
check "what is not logged is counted" grep -q 'suppressed=' "$lab/tandem.log"
after_kb=$(resident_kb)
[[ -n ${TANDEM_SANITIZER:-} ]] || check "memory: $before_kb kB, then $after_kb kB" \
	test $((after_kb - before_kb)) -lt 4096
check "descriptors: $before_files, then $(open_files)" \
	test "$(open_files)" -le $((before_files + 2))
check "the call ends in order" end_call alice bob
check "and was heard" "$tools/tone" "$heard_to" 440 5
check "nothing is held" all_released
finish
