#!/bin/bash
# Calls between two gateways with real phones and real audio: one in plain, one with TLS and SRTP, each way.
. "$(dirname "$0")/lib.sh"
need baresip kamailio

# write_trunk NAME 'KEY = VALUE'...
write_trunk() {
	printf '%s\n' '[gateway]' 'calls-to = gateways' 'options-ping = off' \
		"${@:2}" >"$lab/gateways.d/$1.conf"
}

judge_call() { # NAME TRANSPORT MEDIA TRANSPORT-OF-CALLED MEDIA-OF-CALLED HERTZ HERTZ-OF-CALLED
	check "$1: called hears caller" "$tools/tone" "$heard_to" "$6" 1.5
	check "$1: caller hears called" "$tools/tone" "$heard_from" "$7" 1.5
	check "$1: the caller's signalling" call_has .external.transport "$2"
	check "$1: its media" call_has .external.media "$3"
	check "$1: the called one's signalling" call_has .external_b.transport "$4"
	check "$1: its media" call_has .external_b.media "$5"
	check "$1: no leg is a server's" jq -e '.internal == null and .inbound == false and
		.ended_by == "caller"' "$lab/cdr.json"
	check "$1: what the one sent the other got" jq -e '.external.rx_packets > 50 and
		.external_b.rx_packets > 50 and
		(.external.rx_packets - .external_b.tx_packets | fabs) < 5 and
		(.external_b.rx_packets - .external.tx_packets | fabs) < 5' "$lab/cdr.json"
	check "$1: nothing wrong with the media" jq -e '.media_note == ""' "$lab/cdr.json"
}

lab_open
write_conf
write_trunk plain 'host = plain.example.test' 'tls = no' 'transport = udp' "port = $port_gw" \
	'prefixes = +49402'
write_trunk secure 'host = gw1.example.test' 'tls = yes' "port = $((port_spare + 4))" \
	'prefixes = +49403'
start_tandem
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'
start_front front-gw1 $((port_spare + 4)) $((port_spare + 2)) \
	"sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
start_phone carol "$port_spare" 440 'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1' \
	"$lab/certs/gw1-combined.pem" "$lab/certs/carriers-ca.pem"

check "plain calls secure" place_call bob carol \
	"sip:${number[carol]}@127.0.0.1:$port_external" &&
	judge_call "plain calls secure" UDP RTP TLS 'A*' 620 440
check "secure calls plain" place_call carol bob \
	"sip:${number[bob]}@med1.example.test:$port_external_tls" &&
	judge_call "secure calls plain" TLS 'A*' UDP RTP 440 620

check "another, that stands" start_call bob carol \
	"sip:${number[carol]}@127.0.0.1:$port_external"
check "call list shows both legs" grep -q 'trunk secure *A.* trunk plain *UDP *RTP' <(ctl call list)
check "call show goes from the caller to the called one" bash -c "
	grep -o '^trunk [a-z]*' | tr '\n' ' ' | grep -qx 'trunk plain trunk secure '" \
	< <(ctl call show "$call_number")
check "it ends" end_call bob carol

ctl --json report protection >"$lab/report.json"
check "the report counts both legs" jq -e '[.rows[] | select(.kind == "trunk") |
	[.id, .traffic, .legs, .share]] | sort == [["plain", "media", 3, 0],
	["plain", "signalling", 3, 0], ["secure", "media", 3, 100],
	["secure", "signalling", 3, 100]]' "$lab/report.json"
check "nothing is held afterwards" all_released
check "no key in the log" bash -c "! grep -aE 'inline:[A-Za-z0-9+/]' '$lab/tandem.log'"
finish
