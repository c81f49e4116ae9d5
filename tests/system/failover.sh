#!/bin/bash
# Where a call goes when its first gateway cannot take it, and what does not end the calls of a
# connection. Each step is proved by the order of events, never by how long it took.
. "$(dirname "$0")/lib.sh"
need sipp kamailio tshark

# write_trunk NAME PORT PRIORITY: a gateway on UDP.
write_trunk() {
	printf '%s\n' '[gateway]' 'host = gw1.example.test' 'tls = no' 'transport = udp' \
		"port = $2" "priority = $3" >"$lab/gateways.d/$1.conf"
}

# log_order PATTERN...: the log has lines with these, one after the other.
log_order() {
	local pattern at=0 next
	for pattern; do
		next=$(awk -v at="$at" -v pattern="$pattern" \
			'NR > at && $0 ~ pattern { print NR; exit }' "$lab/tandem.log")
		[[ -n $next ]] || {
			echo "no line with \"$pattern\" behind line $at"
			return 1
		}
		at=$next
	done
}

# invites_to PORT: how many INVITEs the last call's capture has that went there.
invites_to() {
	ladder "$(capture_of "$(cdr | jq -r .id)")" |
		awk -F'\t' -v port="$1" '$3 == port && $4 ~ /^INVITE / { n++ } END { print n + 0 }'
}

# request START CSEQ-METHOD BRANCH CALL-ID BODY-BYTES
request() {
	printf '%s\r\n' "$1 SIP/2.0" "Via: SIP/2.0/TLS 127.0.0.1:9;branch=$3;rport" \
		"From: <sip:test@127.0.0.1>;tag=1" "To: <sip:+4930222222@127.0.0.1>" \
		"Call-ID: $4" "CSeq: 1 $2" "Max-Forwards: 70" \
		"Contact: <sip:test@127.0.0.1:9;transport=tls>"
	if ((${5:-0})); then
		printf '%s\r\n' "Content-Type: text/plain" "Content-Length: $5" ""
		head -c "$5" /dev/zero | tr '\0' x
	else
		printf '%s\r\n' "Content-Length: 0" ""
	fi
}

# answer FILE: the first final response, over a connection of the server's own.
answer() {
	"$tools/sipsend" -c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key" tls 127.0.0.1 \
		"$port_internal" "$1" | cut -f2
}

answer_is() { # PATTERN FILE
	local got
	got=$(answer "$2")
	# shellcheck disable=SC2053 # a pattern
	[[ $got == $1 ]] || {
		echo "the answer is: $got"
		return 1
	}
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_closed=$((port_spare + 4))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_trunk closed "$port_closed" 1
write_trunk open "$port_gw" 2
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

# Nobody listens at the first gateway's port: ICMP says so, and the second gets the call.
start_sipp called uas-answer u1 "$port_gw" "$port_external"
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
check "a closed port: the call is answered by the next gateway" wait_sipp caller
check "a closed port: the next gateway went through its script" wait_sipp called
check "a closed port: its record" wait_cdrs 1
check "a closed port: the reason, and then the answer" log_order \
	'event=attempt trunk=closed .*result=failed .*reason="port unreachable: nothing listens at 127\.0\.0\.1:[0-9]+ UDP; is it up, and is .port. right\?"' \
	'event=attempt trunk=open .*result=answered'
check "a closed port: one INVITE went there, and no retransmission" test "$(invites_to "$port_closed")" = 1

# A message over the limit is answered, and a call that rings on the connection goes on.
request "OPTIONS sip:127.0.0.1" OPTIONS z9hG4bKbig1 big1 100000 >"$lab/big"
check "a message of 100 kB is answered 513" answer_is 'SIP/2.0 513*' "$lab/big"
{
	request "INVITE sip:+4930222222@127.0.0.1" INVITE z9hG4bKring ring
	request "ACK sip:+4930222222@127.0.0.1" ACK z9hG4bKbig2 big2 100000
	request "CANCEL sip:+4930222222@127.0.0.1" CANCEL z9hG4bKring ring
} >"$lab/ringing"
# A gateway that rings: with its port closed the call would be over before its CANCEL is read.
start_sipp rings uas-cancelled u1 "$port_gw" "$port_external"
check "a call before it on the connection is there behind it" answer_is 'SIP/2.0 200*' "$lab/ringing"
check "both are counted" status_is .internal.too_big 2
check "and no connection was broken" status_is .internal.broken 0
check "the log says it once each" has_lines "$lab/tandem.log" 'message skipped reason="message too big"' 2
check "nothing is held afterwards" all_released
finish
