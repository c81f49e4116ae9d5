#!/bin/bash
# What SIP peers do besides plain calls, each by a sipp script on either side, with a gateway
# on UDP and on TCP. Toward the server a Kamailio stands in front of sipp, which has no TLS:
# a second TLS implementation, demanding our certificate and presenting its own.
. "$(dirname "$0")/lib.sh"
need sipp kamailio

# run NAME CALLER CALLED: a call from the server side to the gateway.
run() {
	start_sipp called "$3" "$sipp_transport" "$port_gw" "$port_external"
	start_sipp caller "$2+srtp" u1 "$port_sipp_server" "$port_front"
	ends_well "$gateway_transport: $1"
}

# run_back NAME CALLER CALLED: the other way.
run_back() {
	start_sipp called "$3+srtp" u1 "$port_sipp_server" "$port_front"
	start_sipp caller "$2" "$sipp_transport" "$port_gw" "$port_external"
	ends_well "$gateway_transport, from the gateway: $1"
}

# Both sides went through their scripts, and the call has its record.
ends_well() {
	check "$1" wait_sipp caller
	check "$1: the other side" wait_sipp called
	calls=$((calls + 1))
	check "$1: one record" has_cdrs "$calls"
	cdr >"$lab/cdr.json"
}

has_cdrs() {
	wait_cdrs "$1" && [[ $(cdr_count) == "$1" ]]
}

# alone NAME SCENARIO: a gateway that gets its answer from tandem alone.
alone() {
	start_sipp caller "$2" "$sipp_transport" "$port_gw" "$port_external"
	check "$gateway_transport: $1" wait_sipp caller
}

cdr_says() { # PATH VALUE
	local value
	value=$(jq -r "$1" "$lab/cdr.json")
	[[ $value == "$2" ]] || {
		echo "$1 is $value, not $2"
		return 1
	}
}

# how_often NAME METHOD: requests of a method that a sipp received.
how_often() {
	awk -v method="$2" '/ message received/ { got = 1 }
		/ message sent/ { got = 0 }
		got && $1 == method { count++ }
		END { print count + 0 }' "$lab/$1/messages"
}

received() { # NAME METHOD COUNT
	[[ $(how_often "$1" "$2") == "$3" ]] || {
		echo "$(how_often "$1" "$2") times $2"
		return 1
	}
}

all_scenarios() { # udp | tcp
	gateway_transport=$1
	sipp_transport=${1:0:1}1
	write_gateway 'tls = no' "transport = $1" "port = $port_gw"
	check "$1: the trunk's transport" ctl -q config reload

	run "call" uac-call uas-answer
	check "$1: call: recorded as ended by the server" cdr_says .ended_by server
	run_back "call" uac-call uas-answer
	check "$1: call back: recorded as ended by the gateway" cdr_says .ended_by gateway
	run "hold and resume" uac-hold uas-held
	run_back "hold and resume" uac-hold uas-held
	run "cancel" uac-cancel uas-cancelled
	check "$1: cancel: recorded as cancelled" cdr_says .status 487
	run_back "cancel" uac-cancel uas-cancelled
	run "busy" uac-refused uas-refuse
	check "$1: busy: recorded as busy" cdr_says .status 486
	run_back "busy" uac-refused uas-refuse
	run "early media" uac-early uas-early
	run_back "early media" uac-early uas-early
	run "offer in the 200" uac-late-offer uas-late-offer
	run_back "offer in the 200" uac-late-offer uas-late-offer
	# sipp must not take the second ACK for a repetition of the first, hence -nr.
	# The BYE must not overtake the second one.
	sipp_options=-nr
	pause=1500
	run "200 repeated" uac-call uas-repeat
	check "$1: 200 repeated: two ACKs" received called ACK 2
	sipp_options=
	pause=
	code=408
	run "no answer" uac-refused uas-cancelled
	check "$1: no answer: recorded" cdr_says .status 408
	code=

	alone "OPTIONS is answered" uac-options
	alone "BYE for no call gets 481" uac-stray-bye
	alone "PUBLISH gets 405" uac-publish
	alone "no hop left gets 483" uac-no-hops
	# Whatever became of that one: from here on it counts again.
	calls=$(cdr_count)
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
calls=0
conf_limits=('setup-timeout = 2s')
# The one that sipp's fixed answer takes.
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

all_scenarios udp
sipp_options=-nr
run_back "INVITE and BYE sent twice" uac-repeat uas-answer
check "udp: sent twice: one INVITE went on" received called INVITE 1
sipp_options=
all_scenarios tcp

check "nothing is held afterwards" all_released
check "every call has one record" test "$(cdr_count)" = "$(status .calls.started)"
finish
