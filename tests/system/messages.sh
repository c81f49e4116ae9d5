#!/bin/bash
# MESSAGE, and SUBSCRIBE with its NOTIFYs, between a server over mutual TLS and a gateway in plain, with real peers: kamailio
# has the TLS, sipp writes and reads. What crossed is in the records, in the capture, in the metrics, and in the protection report.
. "$(dirname "$0")/lib.sh"
need sipp kamailio python3

from_server() { # NAME STATUS-HEARD [SCENARIO-OF-GATEWAY STATUS]
	[[ -z ${3-} ]] || code=$4 start_sipp "$1_gw" "$3" u1 "$port_gw" "$port_external"
	code=$2 start_sipp "$1" uac-message u1 "$port_sipp_server" "$port_front"
	check "$1: the sender hears $2" wait_sipp "$1"
	[[ -z ${3-} ]] || check "$1: the gateway got it" wait_sipp "$1_gw"
}

record_says() { # FILTER
	jq -se "map(select(.method == \"MESSAGE\")) | last | $1" "$lab/state/cdr.jsonl"
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'methods = MESSAGE, SUBSCRIBE'
conf_server=('methods = MESSAGE, SUBSCRIBE')
write_conf
start_tandem
start_front front-pbx1 "$port_pbx" "$port_front" "sip:$loopback_uri:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"

from_server first 200 uas-message 200
check "the text came whole" grep -q 'Watson, come here.' "$lab/first_gw/messages"
check "nothing of the server's side did" exits 1 grep -E "[:= ]$port_sipp_server\\b" "$lab/first_gw/messages"
check "its record" wait_cdrs 1
check "the record says how both sides were protected" record_says '.status == 200 and
	.answer == null and .internal.transport == "TLS" and .external.transport == "UDP"'
from_server refused 404 uas-message 404
check "a refusal has a record too" record_says '.status == 404 and .far_status == 404 and .cause == "rejected"'

code=202 start_sipp back_server uas-message u1 "$port_sipp_server" "$port_front"
code=202 start_sipp back uac-message u1 "$port_gw" "$port_external"
check "a gateway's message gets to the server" wait_sipp back_server
check "and it hears 202" wait_sipp back
check "the record of it" record_says '.inbound and .status == 202'

ctl --json report protection >"$lab/report.json"
check "the report shows that messages crossed in clear" jq -e '
	[.rows[] | select(.traffic == "messages") | [.kind, .legs, .share]] | sort ==
	[["server", 3, 100], ["total", 6, 50], ["trunk", 3, 0]]' "$lab/report.json"
check "and by which setting" jq -e '.rows[] | select(.traffic == "messages" and .kind == "trunk") |
	.exceptions | map(.setting) == ["methods = MESSAGE, SUBSCRIBE"]' "$lab/report.json"
ctl metrics >"$lab/metrics"
check "metrics of the server" grep -q 'tandem_server_messages_total{server="pbx1",direction="in",method="MESSAGE",code="2xx"} 1' "$lab/metrics"
check "metrics of the gateway" grep -q 'tandem_trunk_messages_total{trunk="gw",direction="out",method="MESSAGE",code="4xx"} 1' "$lab/metrics"
first_capture=$(capture_of "$(jq -sr '.[0].id' <(records))")
check "the capture has both sides" bash -c "(( \$(grep -ao 'MESSAGE sip:' '$first_capture' | wc -l) == 2 ))"

start_sipp notifier uas-subscribe u1 "$port_gw" "$port_external"
pause=2000 start_sipp subscriber uac-subscribe u1 "$port_sipp_server" "$port_front"
is_listed() {
	ctl --json subscription list >"$lab/subscriptions.json" &&
		jq -e '.subscriptions[0].left_s > 290' "$lab/subscriptions.json" >/dev/null
}
check "tandemctl lists it" wait_for 10 is_listed
check "with its package and both sides" jq -e '.total == 1 and (.subscriptions[0] |
	.package == "presence" and .internal.transport == "TLS" and .external.party == "trunk gw")' "$lab/subscriptions.json"
check "by its schema" python3 "$srcdir/tests/system/schema_check.py" \
	"$srcdir/src/admin/schema/subscription-list.json" "$lab/subscriptions.json"
check "a server subscribes to a gateway's state, hears of it, and leaves" wait_sipp subscriber
check "the gateway was asked, and said so" wait_sipp notifier
check "nothing of the server's side is in what the gateway got" exits 1 grep -E "[:= ]$port_sipp_server\\b" "$lab/notifier/messages"
check "its record" wait_cdrs 4
subscription_says() { # FILTER
	jq -se "map(select(.method == \"SUBSCRIBE\")) | last | $1" "$lab/state/cdr.jsonl"
}
check "the record of the subscription" subscription_says '.status == 200 and .cause == "unsubscribed" and
	.ended_by == "server" and .internal.transport == "TLS" and .external.transport == "UDP"'
start_sipp back_notifier uas-subscribe u1 "$port_sipp_server" "$port_front"
start_sipp back_subscriber uac-subscribe u1 "$port_gw" "$port_external"
check "a gateway subscribes to a server's state" wait_sipp back_subscriber
check "and the server was asked over TLS" wait_sipp back_notifier
check "its record" wait_cdrs 5
check "no subscription is left" status_is .calls.subscriptions 0
ctl metrics >"$lab/metrics"
check "metrics count what is within it" grep -q 'tandem_trunk_messages_total{trunk="gw",direction="in",method="NOTIFY",code="2xx"} 2' "$lab/metrics"

write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
check "a reload" ctl config reload
from_server unwanted 405
check "nobody takes the method any more" record_says '.status == 405 and .cause == "no-route"'
check "nothing is held afterwards" all_released

write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'methods = MESSAGE, SUBSCRIBE'
check "a reload" ctl config reload
start_sipp told_notifier uas-subscribe u1 "$port_gw" "$port_external"
pause=20000 start_sipp told uac-subscribe u1 "$port_sipp_server" "$port_front"
check "another subscription stands" wait_for 10 is_listed
check "the server ends" ctl shutdown
check "it is gone" wait_for 10 is_gone "$tandem_pid"
is_told() {
	grep -q 'Subscription-State: terminated;reason=probation;retry-after=10' "$lab/told/messages"
}
check "who subscribed was told that it is over" wait_for 10 is_told
check "the record says why" subscription_says '.cause == "shutdown" and .status == 200'
finish
