#!/bin/bash
# What a gateway that is let in by its certificate does when it has gone mad: floods over one TLS connection and over
# many, answers that it does not read, and connections without end. Each request is answered as one alone would be,
# memory, transactions and connections stay bounded, others are let in, and a call of another gateway loses neither a
# packet nor its BYE. Only counts are asserted. Strangers are tls_hostile.sh's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
. "$(dirname "$0")/bounds.sh"

floods=${FLOODS:-20000}
max_connections=60
queue_kb=64
elsewhere=127.0.0.9

need sipp

# flood OPTION... KIND: what came back is the last line of $lab/flood.json.
flood() {
	"$tools/tlsflood" -c "$lab/certs/gw1.pem" -k "$lab/certs/gw1.key" -w $((30000 * time_scale)) "$@" \
		127.0.0.1 "$port_external_tls" >"$lab/flood.json" 2>&1
}

# says CONDITION: of jq, about the last flood.
says() {
	tail -1 "$lab/flood.json" | jq -e "$1" >"$lab/said" || {
		cat "$lab/flood.json"
		return 1
	}
}

# got STATUS: all of it got that, and no connection was closed.
got() {
	says ".by_status == {\"$1\": .sent} and .answered == .sent and .sent == $floods and .closed == 0"
}

# let_in: a new connection of that gateway is opened, and its OPTIONS answered.
let_in() {
	flood -n 1 options && says '.by_status == {"200": 1}'
}

connections() {
	status .external.connections
}

at_rest() {
	[[ $(connections) == 0 ]]
}

conf_limits=('max-calls = 1' "max-connections = $max_connections" "queue-size = ${queue_kb}k")
open_talks
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
cat >"$lab/gateways.d/mad.conf" <<-END
	[gateway]
	host = gw1.example.test
	options-ping = off
END
check "a gateway with TLS beside it" ctl -q config reload
check "a call of the other gateway" start_talk
check "the mad one is let in" let_in
check "and gone" wait_for 20 at_rest
rss_before=$(rss_kb)

# The audio of the call goes on meanwhile.
"$tools/rtptalk" -n 1500 -r 50 "${ends[@]}" >"$lab/flood-talk.json" </dev/null &
talk_pid=$!
pids+=("$talk_pid")

for many in 1 50; do
	flood -n "$floods" -m "$many" invite
	check "INVITEs over $many beyond the limit, never acknowledged: 503" got 503
	check "INVITEs over $many: transactions are bounded" transactions_bounded
	flood -n "$floods" -m "$many" -a invite
	check "INVITEs over $many beyond the limit, acknowledged: 503" got 503
	flood -n "$floods" -m "$many" options
	check "OPTIONS over $many: 200" got 200
done
flood -n "$floods" -m 10 register
check "REGISTER: 405" got 405
flood -n "$floods" -m 10 unknown
check "an unknown method: 501" got 501
flood -n "$floods" -m 10 bye
check "BYE of no dialog: 481" got 481
check "all of it: transactions are bounded" transactions_bounded
check "all of it: memory is bounded" memory_bounded
check "no connection is left" wait_for 20 at_rest

# What is no SIP ends its connection, and only that one.
flood -n 1000 -m 10 garbage
check "garbage: silence, and each connection is closed" says '.answered == 0 and .closed == 10'
check "garbage: the gateway is let in" let_in

# Whoever does not read what he asked for is cut off when queue-size waits for him, and not before.
flood -d -n 1000000 -m 20 options
check "answers that are not read: each connection is closed" says '.closed == 20'
check "answers that are not read: the operator is told" has_lines "$lab/tandem.log" \
	'event=closed reason="reads too slowly: [0-9]+ bytes unsent"' 20
check "answers that are not read: memory is bounded" memory_bounded
check "answers that are not read: no connection is left" wait_for 20 at_rest
check "answers that are not read: the gateway is let in" let_in

# More connections than there is room for: those that it does not use give way, and others come in beside it.
: >"$lab/crowd"
"$tools/tlsflood" -c "$lab/certs/gw1.pem" -k "$lab/certs/gw1.key" -b "$elsewhere" -m $((2 * max_connections)) \
	-w 600000 none 127.0.0.1 "$port_external_tls" >"$lab/crowd" 2>&1 &
crowd_pid=$!
pids+=("$crowd_pid")
check "connections without end are opened" wait_line 60 "$lab/crowd" '^open$'
check "no more are there than may be" test "$(connections)" -le "$max_connections"
check "unused ones gave way" has_lines "$lab/tandem.log" \
	'event=closed reason="unused, one of [0-9]+ from there, and others wait"' "$max_connections"
check "the gateway is let in beside them" let_in
stop "$crowd_pid"
check "they are gone" wait_for 20 at_rest

check "the server runs" is_running "$tandem_pid"
check "the handshakes left nothing" status_is .external.handshakes 0
wait "$talk_pid"
check "the call stands" is_talking
check "and was heard all the time" heard_all
check "it ends as ever" end_talk
check "all is released" all_released
check "no transaction is left" wait_for 60 status_is .calls.transactions 0
finish
