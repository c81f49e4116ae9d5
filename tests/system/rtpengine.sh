#!/bin/bash
# rtpengine as the gateway's end of SRTP: it stands between tandem and a plain phone, put
# into the SDP by Kamailio. Audio both ways with every suite that both know, beside every one that
# the server's phone knows; RTCP on ports of its own and on RTP's, and new keys in a call that
# goes on.
. "$(dirname "$0")/lib.sh"
need baresip kamailio rtpengine

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
plain='audio_codecs=PCMA/8000/1'
suites='AES_CM_128_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_32 AES_256_CM_HMAC_SHA1_80
	AES_256_CM_HMAC_SHA1_32 AEAD_AES_128_GCM AEAD_AES_256_GCM'
phone_suites='AES_CM_128_HMAC_SHA1_32 AEAD_AES_128_GCM AEAD_AES_256_GCM'

# Without its kernel module. Sets port_ng; its ports lie behind the phones'.
start_rtpengine() {
	port_ng=$((port_spare + 3))
	rtpengine --config-file=none --table=-1 -f -E -L 6 -i 127.0.0.1 \
		-n "127.0.0.1:$port_ng" --num-threads=1 --media-num-threads=1 \
		-m $((port_phone_media + 60)) -M $((port_media - 1)) --delete-delay=0 \
		>"$lab/rtpengine.log" 2>&1 &
	pids+=($!)
	wait_for 10 listens "$port_ng" udp || {
		tail -5 "$lab/rtpengine.log" >&2
		fail "rtpengine starts"
		exit 1
	}
}

# What a front says to rtpengine. A re-INVITE's session is a new one: other ports, other keys.
describe_front() {
	front_config="
		loadmodule \"rtpengine.so\"
		modparam(\"rtpengine\", \"rtpengine_sock\", \"udp:127.0.0.1:$port_ng\")
		onreply_route {
			if (!has_body(\"application/sdp\"))
				exit;
			if (proto == TLS)
				rtpengine_answer(\"RTP/AVP ICE=remove rtcp-mux-demux\");
			else
				rtpengine_answer(\"RTP/SAVP ICE=remove rtcp-mux-accept\");
		}"
	front_request='
			if (is_method("INVITE") && has_body("application/sdp")) {
				if (has_totag())
					rtpengine_delete();
				if (proto == TLS)
					rtpengine_offer("RTP/AVP ICE=remove rtcp-mux-demux");
				else
					rtpengine_offer("RTP/SAVP ICE=remove rtcp-mux-offer");
			} else if (is_method("BYE")) {
				rtpengine_delete();
			}'
}

uses() { # SUITE [OPTION...]
	write_gateway 'tls = yes' "port = $port_gw" "suites = $1" "${@:2}"
	ctl -q config reload
}

# side_of SIDE FIELD: of the call that goes on.
side_of() {
	ctl --json call show "$call_number" | jq ".$1.$2"
}

# flows SIDE: another second of authentic packets from there.
flows() {
	local before
	before=$(side_of "$1" rx_packets)
	wait_for 10 more_than "$1" $((before + 50))
}

more_than() { # SIDE PACKETS
	(($(side_of "$1" rx_packets) > $2))
}

# When its key was taken into use, in us since the answer.
key_taken() {
	ctl --json call show "$call_number" | jq '.talk_us - .external.key_age_us'
}

key_is_newer() { # THAN
	(($(key_taken) > $1 + 5000))
}

ended_sessions() {
	grep -c 'Deleting entire call' "$lab/rtpengine.log"
}

session_ended() { # COUNT-BEFORE
	(($(ended_sessions) > $1))
}

# What rtpengine says of the session that ended last: it could open tandem's SRTP, but for a
# few packets at most that came before our answer had told it the key.
rtpengine_opened() {
	local line
	line=$(grep -A1 'over RTP/SAVP' "$lab/rtpengine.log" | grep 'Port ' | tail -n 1)
	echo "$line"
	# later releases say what came in and what went out
	[[ $line =~ ,\ (in\ )?([0-9]+)\ p,\ [0-9]+\ b,\ ([0-9]+)\ e, ]] &&
		((BASH_REMATCH[2] > 50 && BASH_REMATCH[3] * 10 < BASH_REMATCH[2]))
}

judge_call() { # NAME SUITE HERTZ-OF-CALLER HERTZ-OF-CALLED
	check "$1: called hears caller" "$tools/tone" "$heard_to" "$3" 0.7
	check "$1: caller hears called" "$tools/tone" "$heard_from" "$4" 0.7
	check "$1: the suite is it" call_has .external.media "$2"
}

both_ways() { # NAME SUITE
	check "$1: server calls gateway" place_call \
		alice bob "sip:${number[bob]}@med1.example.test:$port_internal" 1 &&
		judge_call "$1: server calls gateway" "$2" 440 620
	check "$1: gateway calls server" place_call \
		bob alice "sip:${number[alice]}@127.0.0.1:$port_plain" 1 &&
		judge_call "$1: gateway calls server" "$2" 620 440
}

# The server's phone offers one suite, but answers with each that it knows.
pair() { # SUITE-OF-SERVER SUITE-OF-GATEWAY
	check "$1 with $2" place_call \
		bob alice "sip:${number[alice]}@127.0.0.1:$port_plain" 1 &&
		judge_call "$1 with $2" "$2" 620 440 &&
		check "$1 with $2: the server's is it" call_has .internal.media "$1"
}

lab_open
port_plain=$((port_spare + 2))
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = yes' "port = $port_gw"
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_spare" 620 "$plain"
start_rtpengine
describe_front
start_front front-gw1 "$port_gw" "$port_plain" "sip:127.0.0.1:$port_spare;transport=udp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"

for suite in $suites; do
	check "$suite alone" uses "$suite"
	both_ways "$suite" "$suite"
done

for inside in $phone_suites; do
	conf_server=("suites = $inside")
	write_conf
	for suite in $suites; do
		check "$inside with $suite alone" uses "$suite"
		pair "$inside" "$suite"
	done
done
conf_server=()
write_conf

check "RTCP on RTP's port" uses AES_CM_128_HMAC_SHA1_80 'rtcp-mux = yes'
both_ways rtcp-mux AES_CM_128_HMAC_SHA1_80

for suite in AES_CM_128_HMAC_SHA1_80 AEAD_AES_256_GCM; do
	check "$suite: again" uses "$suite"
	check "$suite: a call that goes on" start_call \
		alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
	check "$suite: with the first keys, media from rtpengine" flows external
	key=$(key_taken)
	phone bob hold
	check "$suite: hold brings a new key" wait_for 10 key_is_newer "$key"
	key=$(key_taken)
	phone bob resume
	check "$suite: resume brings another" wait_for 10 key_is_newer "$key"
	check "$suite: with new keys, media from rtpengine" flows external
	check "$suite: with new keys, media from the server" flows internal
	check "$suite: none was unauthentic" test "$(side_of external dropped_auth_packets)" = 0
	ended=$(ended_sessions)
	check "$suite: the call ends" end_call alice bob
	check "$suite: rtpengine's session too" wait_for 10 session_ended "$ended"
	check "$suite: with new keys, rtpengine opens what tandem seals" rtpengine_opened
done

check "nothing is held afterwards" all_released
check "no key in the log" bash -c "! grep -aE 'inline:[A-Za-z0-9+/]' '$lab/tandem.log'"
finish
