#!/bin/bash
# An emergency call with real phones: it comes over TLS as multipart with a location, and the gateway in plain gets it
# with that, and from the number of the location, past limits that stop another. The phone there knows no multipart: it
# gets the call without. The emergency centre calls back. Audio goes both ways each time.
. "$(dirname "$0")/lib.sh"
need baresip kamailio

number[bob]=112
elin=+4930911
pidf='<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\"><ca:civicAddress><ca:A3>Berlin</ca:A3><ca:ELIN>'$elin'</ca:ELIN></ca:civicAddress></presence>'

lab_open
conf_limits=('max-calls = 1')
write_conf
printf '%s\n' '[emergency]' 'numbers = 112' >>"$lab/tandem.conf"
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'geolocation = pass' 'elin = yes' \
	'max-calls = 1' 'emergency-reserve = 1' 'emergency-test-number = 112' \
	'emergency-test-caller = +4930100'
start_tandem

# What a PBX adds to the INVITE of its phone.
port_front=$((port_spare + 2))
front_config='loadmodule "textopsx.so"'
front_request='
	if (is_method("INVITE") && !has_totag() && proto != TLS) {
		append_hf("Geolocation: <https://lis.example.test/1>;inserted-by=\"pbx1.example.test\"\r\n");
		append_hf("Geolocation-Routing: yes\r\n");
		set_body_multipart();
		msg_apply_changes();
		append_body_part("'$pidf'", "application/pidf+xml", "render;handling=optional");
	}'
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
phone_transport=tcp start_phone alice "$port_spare" 440 \
	'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'

judge_audio() { # NAME HERTZ HERTZ-OF-CALLED
	check "$1: called hears caller" "$tools/tone" "$heard_to" "$2" 1.5
	check "$1: caller hears called" "$tools/tone" "$heard_from" "$3" 1.5
	check "$1: protection is as ever" jq -e '.internal.transport == "TLS" and
		.internal.media != "RTP" and .external.transport == "UDP" and
		.external.media == "RTP"' "$lab/cdr.json"
}

# The INVITE that leaves to the gateway, as it was captured. What stands before a message in the file may be printable too.
sent_invite() { # PATTERN
	strings -n 3 "$(capture_of "$(jq -r .id "$lab/cdr.json")")" |
		sed -n '/INVITE sip:112@gw1/,/SIP\/2.0 [1-6]/p' | grep -E -e "$1" >/dev/null
}

check "a call to 112" place_call alice bob "sip:112@127.0.0.1:$port_front;transport=tcp" &&
	judge_audio "a call to 112" 440 620
check "its record says what it was" jq -e --arg elin "$elin" '.emergency == "number" and
	.to == "112" and .location == "dropped" and .elin == $elin' "$lab/cdr.json"
check "a phone that refuses the location gets the call without" jq -e '
	[.attempts[] | [.target, .status]] == [["gw", 500], ["gw", 200]]' "$lab/cdr.json"
check "the gateway got the location" sent_invite '<ca:A3>Berlin</ca:A3>'
check "by reference too" sent_invite '^Geolocation: <https://lis.example.test/1>.?$'
check "from the number of the location" sent_invite "^From: .*<sip:\\$elin@"
check "an alarm in the log" grep -q 'warning call .*event=emergency-call emergency=number server=pbx1' \
	"$lab/tandem.log"
check "status counts it" status_is .calls.emergency.answered 1
check "metrics have it" grep -qx 'tandem_emergency_calls_total{outcome="answered"} 1' <(ctl metrics)

check "the emergency centre calls back" place_call bob alice "sip:$elin@127.0.0.1:$port_external" &&
	judge_audio "the emergency centre calls back" 620 440
check "to the caller" jq -e --arg elin "$elin" '.emergency == "callback" and .to == $elin and
	.inbound and (.internal.party == "server pbx1")' "$lab/cdr.json"

ctl --json emergency test gw >"$lab/drill.json"
check "a drill is answered, and hears the other end" jq -e '.result == "answered" and
	.number == "112" and .media == "RTP" and .received_packets > 100' "$lab/drill.json"
wait_cdrs 3
check "its record says that it was one" bash -c '[[ $(jq -r "[.emergency, .cause, .external.party] | join(\" \")") == \
	"drill hangup trunk gw" ]]' < <(cdr)
check "bob was hung up" wait_event bob CALL_CLOSED 3

# The one place that the gateway has is for emergency calls, and so is the second of the server.
start_call alice bob "sip:112@127.0.0.1:$port_front;transport=tcp"
first=$call_number
phone alice dial "sip:112@127.0.0.1:$port_front;transport=tcp"
check "a second one beside it, past max-calls" wait_for 15 status_is .calls.answered 2
check "both are emergency calls" status_is .calls.emergency.now 2
check "call list shows them" bash -c '[[ $(grep -c 112) == 2 ]]' < <(ctl call list)
check "one ends" ctl -q call hangup "$first"
check "the other too" ctl -q call hangup $((first + 1))
wait_cdrs 5
check "nothing is held afterwards" all_released
check "no number in the log" bash -c "! grep -aF '+4930911' '$lab/tandem.log'"
check "no key in the log" bash -c "! grep -aE 'inline:[A-Za-z0-9+/]' '$lab/tandem.log'"
finish
