#!/bin/bash
# Where media is: an address of its own for one gateway, in SDP, on the wire, after a reload;
# a gateway behind NAT that is found elsewhere than its SDP says.
. "$(dirname "$0")/lib.sh"
need baresip kamailio sipp tshark

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
	[[ -n $(read_capture "$pcap" -d "udp.port==$port_media-$((port_media + 199)),rtp" \
		-Y "rtp && ip.dst == $1") ]]
}

has_no_more_lines() { # FILE PATTERN COUNT
	[[ $(lines "$1" "$2") == "$3" ]]
}

# What left toward a phone, by the capture, is what it heard, by its recording.
captured_is_heard() { # INTERFACE DIRECTION RECORDING
	local pcap
	pcap=$(capture_of "$(jq -r .id "$lab/cdr.json")") || return 1
	read_capture "$pcap" -o sdp.establish_conversation:FALSE -d "udp.port==$port_media-$((port_media + 199)),rtp" \
		-Y "rtp.p_type == 8 && frame.interface_name == $1 && frame.packet_flags_direction == $2" \
		-T fields -e rtp.payload >"$lab/payloads"
	python3 "$srcdir/tests/system/audio_check.py" "$lab/payloads" "$3"
}

call_over() { # NAME ADDRESS
	check "$1: a call" place_call \
		alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
	check "$1: the gateway hears the server" "$tools/tone" "$heard_to" 440 1.5
	check "$1: the server hears the gateway" "$tools/tone" "$heard_from" 620 1.5
	check "$1: in SDP and on the wire" wait_for 10 media_is_at "$2"
	check "$1: what was sent to the gateway is what it heard" captured_is_heard b 2 "$heard_to"
	check "$1: what was sent to the server is what it heard" captured_is_heard a 2 "$heard_from"
	check "$1: what came from the gateway is what the server heard" captured_is_heard b 1 "$heard_from"
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

# --- latching: the gateway says 127.0.0.9 in SDP, and sends from 127.0.0.1

# One packet of PCMA to tandem's port toward the gateway, from the descriptor FD.
send_rtp() { # FD SEQUENCE
	printf '\x80\x08\x00\x'"$2"'\0\0\0\0\0\0\0\x05%160s' '' >&"$1"
}

# The port that tandem's answer to the gateway says.
told_port() {
	rtp_port=$(sed -n 's/^m=audio \([0-9]*\) .*/\1/p' "$lab/caller/messages" | tail -1)
	[[ $rtp_port -ge $port_media ]]
}

shown() { # PATH VALUE: of the call that stands
	local id
	id=$(status .calls.started)
	[[ $(ctl --json call show "$id" | jq -r "$1") == "$2" ]]
}

# nat_call NAME: a call of the gateway, which sends a packet from the descriptor nat.
nat_call() {
	start_sipp called uas-answer+srtp u1 "$port_sipp_server" "$port_front"
	sipp_options='-mi 127.0.0.9' pause=4000
	start_sipp caller uac-call u1 "$port_gw" "$port_external"
	sipp_options=
	check "$1: answered" wait_line 10 "$lab/caller/messages" '^ACK sip'
	told_port
	exec {nat}<>"/dev/udp/127.0.0.1/$rtp_port" {other}<>"/dev/udp/127.0.0.1/$rtp_port"
	send_rtp "$nat" 01
}

end_nat_call() { # NAME
	exec {nat}<&- {other}<&-
	check "$1: the caller" wait_sipp caller
	check "$1: the called" wait_sipp called
	check "$1: the record" wait_cdrs $((cdrs + 1))
	cdr >"$lab/cdr.json"
}

stop_phone alice
stop_phone bob
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
server_port=$port_pbx
write_conf
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
gateway
check "a server that sipp is" ctl -q config reload

cdrs=$(cdr_count)
nat_call "without latch"
check "without latch: dropped" wait_for 5 shown .external.dropped_source_packets 1
end_nat_call "without latch"
check "without latch: nothing is heard" jq -e '.external.rx_packets == 0 and
	.external.media_latched == null' "$lab/cdr.json"

gateway 'latch = yes'
check "latch = yes" ctl -q config reload
cdrs=$(cdr_count)
nat_call "latch"
check "latch: told" wait_line 5 "$lab/tandem.log" \
	'event=latched side=external media=RTP from=127.0.0.9:[0-9]+ to=127.0.0.1:[0-9]+$'
send_rtp "$other" 02
check "latch: nobody else" wait_for 5 shown .external.dropped_source_packets 1
send_rtp "$nat" 03
check "latch: both packets are heard" wait_for 5 shown .external.rx_packets 2
end_nat_call "latch"
check "latch: in the record" jq -e '(.external.media_remote | startswith("127.0.0.9:")) and
	(.external.media_latched | startswith("127.0.0.1:")) and
	(.media_note | contains("was found at 127.0.0.1:"))' "$lab/cdr.json"
check "latch: once" has_no_more_lines "$lab/tandem.log" event=latched 1

check "nothing is held afterwards" all_released
finish
