#!/bin/bash
# INVITE with Replaces (RFC 3891), with sipp behind kamailio's TLS: another phone of the server takes the call that one has with
# a gateway. Who stays is asked anew, who was replaced gets a BYE; a dialog that is none is answered with 481, and a gateway that
# may not, and demands it, with 420.
. "$(dirname "$0")/lib.sh"
need sipp kamailio

# The dialog that phone NAME was called in, as Replaces names it to Tandem.
replaces_of() {
	tr -d '\r' <"$lab/$1/messages" | awk '
		/^Call-ID: / { id = $2 }
		/^From: / { sub(/.*;tag=/, ""); sub(/;.*/, ""); ours = $0 }
		/^To: .*;tag=/ { sub(/.*;tag=/, ""); sub(/;.*/, ""); theirs = $0 }
		END { print id ";to-tag=" ours ";from-tag=" theirs }'
}

answered() { grep -qs '^ACK ' "$lab/$1/messages"; }

lab_open
port_taker=$((port_spare + 4))
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
write_conf
start_tandem
start_front front-pbx1 "$port_pbx" "$port_front" "sip:$loopback_uri:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"

start_sipp phone uas-answer+srtp u1 "$port_sipp_server" "$port_front"
start_sipp caller uac-stays u1 "$port_gw" "$port_external"
check "a gateway calls a phone of the server, which answers" wait_for 10 answered phone
dialog=$(replaces_of phone)
check "its dialog has a name" grep -qE '^[^;]+;to-tag=[^;]+;from-tag=[^;]+$' <<<"$dialog"

code=481 sipp_options="-key replaces ${dialog%%;*};to-tag=none;from-tag=none" \
	start_sipp stray uac-replaces+srtp u1 "$port_taker" "$port_front"
check "one who names no dialog hears 481" wait_sipp stray
sipp_port=$((port_taker + 1))
code=420 sipp_options="-key replaces $dialog" start_sipp gateway uac-replaces u1 "$sipp_port" "$port_external"
check "a gateway that may not take calls hears 420" wait_sipp gateway
check "the call goes on" status_is .calls.answered 1

code=200 pause=500 sipp_options="-key replaces $dialog" \
	start_sipp taker uac-replaces+srtp u1 "$port_taker" "$port_front"
check "another phone takes it, and hangs up later" wait_sipp taker
check "who was replaced got a BYE" wait_sipp phone
check "who stays was asked anew, and got a BYE at the end" wait_sipp caller
check "nothing of the server's side is in what the gateway got" \
	exits 1 grep -E "[:= ]($port_sipp_server|$port_taker)\\b|Replaces" "$lab/caller/messages"
check "there are two records" wait_cdrs 2
check "which name each other" jq -se 'map(select(.kind == "call")) | .[0].cause == "replaced" and .[0].replaced_by == .[1].id and
	.[1].replaces == .[0].id and .[1].cause == "bye"' "$lab/state/cdr.jsonl"
check "nothing is held afterwards" all_released
finish
