#!/bin/bash
# Trunks that look after themselves, with real far ends: kamailio over mutual TLS, sipp over UDP. A dead one is
# known before any call, one that comes back is up by itself, a connection that is dead is replaced.
. "$(dirname "$0")/lib.sh"
need sipp kamailio pgrep

# row NOUN ID PATH: of the first row of its health, e.g. row server pbx1 .state
row() {
	ctl --json "$1" show "$2" | jq -r ".health[0]$3"
}

row_is() { # NOUN ID PATH VALUE
	local value
	value=$(row "$1" "$2" "$3")
	# shellcheck disable=SC2053 # a pattern
	[[ $value == $4 ]] || {
		echo "$3 is $value, not $4"
		return 1
	}
}

# The state of the whole, as `list` has it.
state_is() { # NOUN ID STATE
	[[ $(ctl --json "$1" list | jq -r ".[] | select(.id == \"$2\") | .state") == "$3" ]]
}

# front_processes: kamailio and its children.
front_processes() {
	echo "$front_pid_front_pbx1" && pgrep -P "$front_pid_front_pbx1"
}

# shellcheck disable=SC2046 # one word each
freeze() { kill -STOP $(front_processes); }
# shellcheck disable=SC2046
thaw() { kill -CONT $(front_processes); }

# The process of kamailio that was asked last: its lines begin with it, " 8(1234) NOTICE: ...".
last_asked() {
	grep 'front: asked' "$lab/front-pbx1/log" | tail -1 | sed -E 's/^ *[0-9]+\(([0-9]+)\).*/\1/'
}

asked() {
	lines "$lab/front-pbx1/log" 'front: asked'
}

asked_again() { # COUNT
	(($(asked) > $1))
}

metric_is() { # NAME VALUE
	ctl metrics >"$lab/metrics" && grep -qE "^$1\{[^}]*\} $2\$" "$lab/metrics"
}

lab_open
port_front=$((port_spare + 2))
options_ping=5s
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem

# Nobody is there yet.
check "a server that is not there rests, before any call" wait_for 20 row_is server pbx1 .state resting
check "why: nothing listens" row_is server pbx1 .why '*onnection refused*'
check "it is down after three failures" wait_for 40 row_is server pbx1 .state down
check "a gateway that is not there: its port is closed" wait_for 20 row_is trunk gw .why '*port unreachable*'
check "the metric says so" metric_is tandem_server_address_up 0
check "the log says it once" has_lines "$lab/tandem.log" 'server=pbx1 event=health .*state=down' 1

check "the list says it in one word" wait_for 10 state_is server pbx1 down

# They come.
front_request='if (is_method("OPTIONS")) {
	xlog("L_NOTICE", "front: asked contact=$ct from=$fu allow=$hdr(Allow)\n");
	sl_send_reply("200", "OK");
	exit;
}'
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_spare" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
code=405 sipp_options='-m 1000' start_sipp gateway uas-options u1 "$port_gw" "$port_external"
check "the server is up by itself" wait_for 30 row_is server pbx1 .state up
check "the gateway that answers 405 is up" wait_for 30 row_is trunk gw .state up
check "its last answer" row_is trunk gw .last_status 405
check "TLS is good" row_is server pbx1 .tls good
check "the way there and back was measured" test "$(row server pbx1 .round_trip_us)" -gt 0
check "nothing is wrong any more" row_is server pbx1 .why ''
check "kamailio was told who we are" grep -qE \
	'front: asked contact=<sip:med1\.example\.test:[0-9]+;transport=tls> from=sip:med1\.example\.test allow=INVITE,' \
	"$lab/front-pbx1/log"
check "the metric says so" metric_is tandem_server_address_up 1
check "and how long it took" metric_is tandem_server_address_round_trip_seconds '[0-9.e-]+'
ctl server show pbx1 >"$lab/shown"
check "show has a table of addresses" grep -qE '^ADDRESS +' "$lab/shown"
check "with its state" grep -qE "^$loopback:$port_pbx +(.* )?up" "$lab/shown"
check "monitor has the state" prints '^server +pbx1 .*ready' ctl monitor -n 1

# A far end that stops to work, while its kernel still acknowledges.
freeze
check "a server that froze does not count as up for long" wait_for 60 row_is server pbx1 .state '@(resting|down)'
check "why: it does not answer" row_is server pbx1 .why '*no @(answer|connection)*'
thaw
check "it is back by itself" wait_for 40 row_is server pbx1 .state up

# One process of it stops, and with it the connection that it has. Another one takes new connections.
before=$(asked)
check "it is asked" wait_for 20 asked_again "$before"
worker=$(last_asked)
kill -STOP "$worker"
check "a connection that is dead is found and replaced" wait_line 60 "$lab/tandem.log" \
	'event=closed reason="dead: no answer to OPTIONS by it, while a new connection has one'
kill -CONT "$worker"
check "the server stayed up meanwhile" row_is server pbx1 .state up

# The gateway goes, and comes back.
# shellcheck disable=SC2154 # of start_sipp
stop "$sipp_pid_gateway" 10
check "a gateway that went is known without a call" wait_for 30 row_is trunk gw .state '@(resting|down)'
code=200 sipp_options='-m 1000' start_sipp gateway uas-options u1 "$port_gw" "$port_external"
check "and back by itself" wait_for 40 row_is trunk gw .state up

check "no call was made for it" status_is .calls.started 0
finish
