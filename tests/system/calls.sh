#!/bin/bash
# Calls with real phones and real audio, both ways over each transport toward the gateway.
# Toward the server it is always TLS and SRTP: what goes over the wire there is looked at.
. "$(dirname "$0")/lib.sh"
need baresip kamailio tshark

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
plain='audio_codecs=PCMA/8000/1'

# both_ways NAME URI: a call each way between alice (server side) and bob (gateway side,
# who reaches tandem by URI); sets nothing. Audio, protection and capture are checked.
both_ways() {
	local name=$1 uri=$2 signalling=$3 media=$4
	check "$name: server calls gateway" place_call \
		alice bob "sip:${number[bob]}@med1.example.test:$port_internal" &&
		judge_call "$name: server calls gateway" "$signalling" "$media" 440 620
	check "$name: gateway calls server" place_call \
		bob alice "sip:${number[alice]}@$uri" &&
		judge_call "$name: gateway calls server" "$signalling" "$media" 620 440
}

judge_call() { # NAME SIGNALLING MEDIA HERTZ-OF-CALLER HERTZ-OF-CALLED
	local pcap
	check "$1: called hears caller" "$tools/tone" "$heard_to" "$4" 1.5
	check "$1: caller hears called" "$tools/tone" "$heard_from" "$5" 1.5
	check "$1: server side is TLS" call_has .internal.transport TLS
	check "$1: server side is SRTP" call_has .internal.media 'A*'
	check "$1: gateway side is $2" call_has .external.transport "$2"
	check "$1: gateway side is $3" call_has .external.media "$3"
	pcap=$(capture_of "$(jq -r .id "$lab/cdr.json")")
	check "$1: the capture reads back" capture_is_sound "$pcap"
}

# Both dialogs complete, nothing malformed, and no key of SRTP in it.
capture_is_sound() { # PCAP
	local rows
	rows=$(ladder "$1") || return 1
	# the demo's own reader says the same as tshark
	diff <("$tools/ladder" "$1") <(echo "$rows") || return 1
	(($(grep -c 'INVITE sip' <<<"$rows") >= 2)) || { echo "INVITE is missing"; return 1; }
	(($(grep -c 'BYE sip' <<<"$rows") == 2)) || { echo "BYE is missing"; return 1; }
	(($(grep -c '200 ' <<<"$rows") >= 4)) || { echo "200 is missing"; return 1; }
	if read_capture "$1" -Y _ws.malformed | grep .; then
		return 1
	fi
	# both sides' media is there in clear, whatever their SDP says of it, and whatever protocol
	# else may have the number of their ports
	(($(read_capture "$1" -o sdp.establish_conversation:FALSE --enable-heuristic rtp_udp \
		-o udp.try_heuristic_first:TRUE -Y 'rtp && !srtp.auth_tag' | wc -l) >= 150)) ||
		{ echo "media is missing though the mode is full"; return 1; }
	if grep -aoE 'inline:[A-Za-z0-9+/]{8}' "$1" | grep -v 'inline:x*$'; then
		echo "a key is in the capture"
		return 1
	fi
}

# How many different bytes the payloads from PORT have: a tone in PCMA has few.
payload_bytes() {
	tshark -r "$lab/wire.pcap" -n -Y "udp.srcport == $1 && udp.length > 150" \
		-T fields -e udp.payload 2>/dev/null | head -60 |
		sed 's/^.\{24\}//; s/.\{20\}$//' | fold -w2 | sort -u | grep -c ..
}

wire_is_protected() {
	local bytes remote
	remote=$(jq -r .internal.media_remote "$lab/cdr.json")
	bytes=$(payload_bytes "${remote##*:}")
	((bytes > 240)) || { echo "$bytes different bytes from $remote"; return 1; }
}

wire_is_plain() {
	local bytes remote
	remote=$(jq -r .external.media_remote "$lab/cdr.json")
	bytes=$(payload_bytes "${remote##*:}")
	((bytes > 0 && bytes < 200)) || { echo "$bytes different bytes from $remote"; return 1; }
}

# A look at the loopback from outside of tandem, where that is permitted.
start_wire() {
	tshark -q -i lo -f udp -w "$lab/wire.pcap" >"$lab/wire.log" 2>&1 &
	wire_pid=$!
	pids+=("$wire_pid")
	wait_for 10 test -s "$lab/wire.pcap"
}

lab_open
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"

start_phone bob "$port_gw" 620 "$plain"
if start_wire; then
	both_ways UDP "127.0.0.1:$port_external" UDP RTP
	stop "$wire_pid"
	check "on the wire, the server side is not plain" wire_is_protected
	check "on the wire, the gateway side is (so the check can tell)" wire_is_plain
else
	echo "not permitted to look at the wire: left out"
	both_ways UDP "127.0.0.1:$port_external" UDP RTP
fi
stop_phone bob

write_gateway 'tls = no' 'transport = tcp' "port = $port_gw"
check "reload to TCP" ctl -q config reload
phone_transport=tcp start_phone bob "$port_gw" 620 "$plain"
both_ways TCP "127.0.0.1:$port_external" TCP RTP
stop_phone bob

write_gateway 'tls = yes' "port = $port_gw"
check "reload to TLS" ctl -q config reload
start_front front-gw1 "$port_gw" $((port_spare + 2)) \
	"sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
start_phone bob "$port_spare" 620 "$secure" \
	"$lab/certs/gw1-combined.pem" "$lab/certs/carriers-ca.pem"
both_ways TLS "med1.example.test:$port_external_tls" TLS 'A*'
check "the gateway's front has seen our certificate" \
	grep -q 'front: INVITE from .* med1.example.test' "$lab/front-gw1/log"

check "nothing is held afterwards" all_released
check "no key in the log" bash -c "! grep -aE 'inline:[A-Za-z0-9+/]' '$lab/tandem.log'"
finish
