#!/bin/bash
# Calls over IPv6 alone, both ways: TLS toward the server and UDP or TCP toward the gateway,
# all on ::1, media ports and the capture too.
loopback=::1
. "$(dirname "$0")/lib.sh"
need sipp kamailio tshark
grep -qs '^0*1 ' /proc/net/if_inet6 || skip "this machine has no ::1"

# run NAME CALLER CALLED: a call of a sipp on either side. Leaves $lab/cdr.json and $pcap.
run() {
	check "$1: the caller" wait_sipp caller
	check "$1: the called" wait_sipp called
	calls=$((calls + 1))
	check "$1: the record" wait_cdrs "$calls"
	cdr >"$lab/cdr.json"
	check "$1: the record has IPv6 at each end" all_v6
	check "$1: descriptions are of IPv6, ports are ours" descriptions_are_v6
	pcap=$(capture_of "$(jq -r .id "$lab/cdr.json")")
	check "$1: the capture reads back" capture_is_v6
}

run_out() { # NAME: the server calls the gateway
	start_sipp called uas-answer "$sipp_transport" "$port_gw" "$port_external"
	start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
	run "$1"
}

run_in() { # NAME
	start_sipp called uas-answer+srtp u1 "$port_sipp_server" "$port_front"
	start_sipp caller uac-call "$sipp_transport" "$port_gw" "$port_external"
	run "$1"
}

# Every address of the record is [::1]:PORT.
all_v6() {
	local addresses
	addresses=$(jq -r '.internal, .external | .remote, .media_remote' "$lab/cdr.json")
	echo "$addresses"
	(($(grep -c '^\[::1\]:[0-9]*$' <<<"$addresses") == 4))
}

# descriptions NAME: media addresses and ports that a sipp received.
descriptions() {
	awk '/ message received/ { got = 1 }
		/ message sent/ { got = 0 }
		got && /^c=/ { print }
		got && /^m=/ { print $2 }' "$lab/$1/messages" | tr -d '\r'
}

descriptions_are_v6() {
	local name port
	for name in caller called; do
		descriptions "$name" >"$lab/descriptions"
		cat "$lab/descriptions"
		grep -qx 'c=IN IP6 ::1' "$lab/descriptions" || return 1
		! grep '^c=' "$lab/descriptions" | grep -vx 'c=IN IP6 ::1' || return 1
		while read -r port; do
			((port >= port_media && port < port_media + 200)) || return 1
		done < <(grep -v '^c=' "$lab/descriptions")
	done
}

# Both dialogs from INVITE to the answer of BYE, every packet IPv6 between ::1 and ::1.
capture_is_v6() {
	local rows
	rows=$(ladder "$pcap") || return 1
	echo "$rows"
	(($(grep -c 'INVITE sip' <<<"$rows") == 2 && $(grep -c 'BYE sip' <<<"$rows") == 2 &&
		$(grep -c '200 ' <<<"$rows") == 4)) || return 1
	! read_capture "$pcap" \
		-Y 'ip || _ws.malformed || not (ipv6.src == ::1 && ipv6.dst == ::1)' |
		grep . || return 1
	(($(read_capture "$pcap" -Y 'sdp.connection_info contains "IP6 ::1"' | wc -l) == 4))
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
calls=0
# The one that sipp's fixed answer takes.
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_front front-pbx1 "$port_pbx" "$port_front" "sip:[::1]:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

for transport in udp tcp; do
	sipp_transport=${transport:0:1}1
	write_gateway 'tls = no' "transport = $transport" "port = $port_gw"
	check "$transport: the trunk's transport" ctl -q config reload
	run_out "$transport, from the server"
	run_in "$transport, from the gateway"
done

check "nothing is held afterwards" all_released
check "no SIP message was refused as broken" status_is '.internal.broken + .external.broken' 0
finish
