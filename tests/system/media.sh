#!/bin/bash
# Media of one gateway on an address of its own: in SDP, on the wire, after a reload.
. "$(dirname "$0")/lib.sh"
need baresip tshark

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

# gateway 'KEY = VALUE'...: the one of this test, with these.
gateway() {
	write_gateway 'tls = no' 'transport = udp' "port = $port_gw" "$@"
}

# ADDRESS is in what tandem told the gateway in its latest call, and media came there.
media_is_at() { # ADDRESS
	local pcap shown
	pcap=$(capture_of "$(jq -r .id "$lab/cdr.json")") || return 1
	shown=$(read_capture "$pcap" -Y "sdp && udp.dstport == $port_gw" -T fields \
		-e sdp.connection_info.address)
	echo "shown: $shown"
	[[ $shown == "$1" ]] || return 1
	read_capture "$pcap" -d "udp.port==$port_media-$((port_media + 199)),rtp" \
		-Y "rtp && ip.dst == $1" | grep -q .
}

call_over() { # NAME ADDRESS
	check "$1: a call" place_call \
		alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
	check "$1: the gateway hears the server" "$tools/tone" "$heard_to" 440 1.5
	check "$1: the server hears the gateway" "$tools/tone" "$heard_from" 620 1.5
	check "$1: in SDP and on the wire" wait_for 10 media_is_at "$2"
}

lab_open
server_port=$((port_pbx + 1))
conf_media=('io = sockets')
write_conf
gateway 'media-address = 127.0.0.2'
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'

call_over "an address of its own" 127.0.0.2
gateway 'media-address = 127.0.0.3'
check "another one comes with a reload" ctl -q config reload
call_over "another one" 127.0.0.3
gateway
check "without one again" ctl -q config reload
call_over "that of its side" 127.0.0.1

gateway 'media-address = 198.51.100.1'
check "one that is not ours is refused" exits 6 ctl config reload
check "the log names it" wait_line 5 "$lab/tandem.log" \
	'event=reload-refused reason="media cannot use the local address 198.51.100.1'
call_over "after a refused reload" 127.0.0.1

check "nothing is held afterwards" all_released
finish
