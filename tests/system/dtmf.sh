#!/bin/bash
# Digits between real phones: passed as telephone-events, heard and told by INFO, and told by INFO
# and played; each once and in order, and tshark reads them too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
need baresip kamailio sipp tshark

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
plain='audio_codecs=PCMA/8000/1'

press() { # NAME DIGIT...
	local name=$1 digit
	shift
	for digit; do
		phone "$name" sndcode "$digit"
	done
}

# The digits that this phone was given since it started, in order, one letter each.
digits_of() { # NAME
	sed -n 's/.*"type":"CALL_DTMF_START".*"param":"\(.\)".*/\1/p' "$lab/$1/events" | tr -d '\n'
}

has_digits() { # NAME DIGITS
	[[ $(digits_of "$1") == "$2" ]]
}

# How many of them came by INFO.
by_info() { # NAME
	lines "$lab/$1/log" "call: received (SIP INFO )?DTMF: '.' \(duration="
}

uses() { # SETTING: of the gateway
	write_gateway 'tls = no' 'transport = udp' "port = $port_gw" "$1"
	ctl -q config reload
}

# The capture of the call that ended last: it has what was received, in clear.
captured() { # OPTION...
	read_capture "$(capture_of "$(cdr | jq -r .id)")" "$@"
}

# Whoever has its digits by INFO is told of no events.
offers_no_events() { # PORT: in what we sent there
	[[ $(captured -Y "sdp && udp.dstport == $1" | wc -l) -ge 1 &&
		$(captured -Y "sdp.mime.type == telephone-event && udp.dstport == $1" | wc -l) == 0 ]]
}

# hear_server: what comes to the server that sipp is.
hear_server() {
	local server
	mapfile -t server < <(told called)
	"$tools/rtpdigits" "$port_server_media" "${server[1]}" >"$lab/digits" 2>&1 &
	pids+=($!)
}

has_heard() { # DIGITS
	[[ $(cat "$lab/digits") == "$1" ]]
}

lab_open
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 "$plain"
bob_uri="sip:${number[bob]}@med1.example.test:$port_internal"

check "a call between two that have events" start_call alice bob "$bob_uri"
press alice 1 1 '#'
check "the gateway has the server's digits" wait_for 10 has_digits bob '11#'
press bob 4 '*'
check "the server has the gateway's" wait_for 10 has_digits alice '4*'
check "none went by INFO" test "$(by_info bob)$(by_info alice)" = 00
check "it ends" end_call alice bob
check "none in its capture" test -z "$(captured -Y 'sip.Method == INFO')"

check "the gateway has its digits by INFO" uses 'dtmf = info'
check "a call" start_call alice bob "$bob_uri"
press alice 2 2 0 D '#'
check "each digit is told once, in order" wait_for 10 has_digits bob '11#220D#'
check "by INFO" test "$(by_info bob)" = 5
check "it ends" end_call alice bob
captured -V -Y 'sip.Method == INFO' >"$lab/infos"
check "as tshark reads them" test \
	"$(sed -n 's/^ *Signal=\(.\).*/\1/p' "$lab/infos" | tr -d '\n')" = '220D#'
check "each with a length that a finger has" test \
	"$(sed -n 's/^ *Duration=\([0-9]*\).*/\1/p' "$lab/infos" | awk '$1 >= 40 && $1 < 1000' | wc -l)" = 5
check "no telephone-event was offered there" offers_no_events "$port_gw"
stop_phone bob

# sipp sends digits by INFO, and the server's audio back, in whose place they are played.
pause=1000
sipp_options="-rtp_echo -s ${number[alice]} -timeout 20"
start_sipp caller uac-info u1 "$port_gw" "$port_external"
sipp_options=
check "the server has what the gateway told" wait_for 15 has_digits alice '4*7#0'
check "none of them by INFO" test "$(by_info alice)" = 0
check "all were answered" wait_sipp caller
check "its record" wait_cdrs 3

# Another one that sends no audio at all: they come in packets of ours. From 1.1 on baresip takes a stream of
# nothing but events for one that changed its codec, and hears the first alone: another server takes these.
stop_phone alice
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_server_media=$((port_spare + 10))
port_gateway_media=$((port_spare + 14))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
check "another server" ctl -q config reload
start_front front-pbx1 "$server_port" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
call_number=$(($(status .calls.started) + 1))
pause=3000
sipp_options="-timeout 20"
start_signalling uac-info uas-answer
sipp_options=
check "without audio: a call" wait_for 15 is_talking
hear_server
check "without audio: the server has what the gateway told, each as RFC 4733 has it" \
	wait_for 15 has_heard '7#0'
check "without audio: all were answered" wait_sipp caller
check "without audio: the server was hung up on" wait_sipp called
check "without audio: its record" wait_cdrs 4
check "without audio: and no other digit" has_heard '7#0'
check "without audio: no digit was lost" jq -e '.external.rx_packets == 0 and
	.internal.tx_packets > 0' <<<"$(cdr)"
check "nothing is held afterwards" all_released
finish
