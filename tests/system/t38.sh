#!/bin/bash
# Fax by T.38: a page from the gateway to the server, between fax machines that are not ours; how
# that is recorded and reported, and what else is not let through.
. "$(dirname "$0")/lib.sh"
need sipp kamailio tshark
[[ -x $tools/faxpage ]] || skip "faxpage is not built: there is no spandsp"

until_far='exception-until = 2199-01-01'

# The port that the far end NAME was told for its fax: in the 200 that came last, or in the INVITE.
told_port() { # NAME
	awk '/ message received/ { got = 1 } / message sent/ { got = 0 }
		got && /^m=image/ { port = $2 } END { print port + 0 }' "$lab/$1/messages"
}

has_told() { # NAME
	[[ $(told_port "$1") -ge $port_media ]]
}

shown() { # PATH VALUE: of the call that stands
	[[ $(ctl --json call show "$(status .calls.started)" | jq -r "$1") == "$2" ]]
}

record_says() { # FILTER
	jq -e "$1" "$lab/cdr.json"
}

report_says() { # FILTER
	ctl --json report protection >"$lab/report.json" # 1 where a rule is broken
	jq -e 'def row($kind; $traffic):
		.rows[] | select(.kind == $kind and .traffic == $traffic); '"$1" "$lab/report.json"
}

# The dissector of another judges what came and what left: all of it is T.38, nothing is malformed, and the
# receiver confirms the page (MCF of T.30).
tshark_agrees() {
	local pcap
	pcap=$(capture_of "$(jq -r .id "$lab/cdr.json")") || return 1
	read_capture "$pcap" >"$lab/packets"
	[[ $(lines "$lab/packets" ' T\.38 .*UDPTLPacket Seq=') == \
		$(jq '[.internal, .external] | map(.rx_packets + .tx_packets) | add' "$lab/cdr.json") ]] &&
		! grep -qi malformed "$lab/packets" &&
		grep -q 'HDLC Reassembled: MCF' "$lab/packets"
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
fax_gw=$((port_spare + 4))
fax_server=$((port_spare + 6))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80' 't38 = relay' "$until_far"
	'exception-reason = fax gateway without T.38 over DTLS')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 't38 = relay'
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

check "the exception is reported before there is a fax" report_says \
	'row("server"; "media") | .required == "SRTP, but for fax" and (.exceptions |
	map([.setting, .state]) == [["t38 = relay", "documented"]])'
check "server show has the setting" eval \
	'[[ $(ctl --json server show pbx1 | jq -r .t38) == relay ]]'

sdp_port=$fax_server
start_sipp called uas-fax+srtp u1 "$port_sipp_server" "$port_front"
sdp_port=$fax_gw
start_sipp caller uac-fax u1 "$port_gw" "$port_external"
check "the gateway changes to T.38" wait_for 20 has_told caller
check "the server too" has_told called
check "call show says that it is not protected" shown .internal.media UDPTL
check "a stranger is not heard" eval \
	'printf "\0\1\2\3\4\0\0" >"/dev/udp/127.0.0.1/$(told_port caller)"'
check "the page comes as it went" "$tools/faxpage" "$fax_gw" "$(told_port caller)" \
	"$fax_server" "$(told_port called)" "$lab"
check "the call is ended" ctl -q call hangup "$(status .calls.started)"
check "the gateway's end" wait_sipp caller
check "the server's end" wait_sipp called
check "its record" wait_cdrs 1
cdr >"$lab/cdr.json"

check "UDPTL is recorded on both sides, against what was demanded" record_says \
	'.internal.media == "UDPTL" and .internal.media_required == "SRTP or UDPTL" and
	.external.media == "UDPTL" and .external.media_required == ""'
check "all that was fax was relayed" record_says \
	'.internal.tx_packets == .external.rx_packets and .external.rx_packets > 100 and
	.external.tx_packets == .internal.rx_packets and .internal.rx_packets > 10'
check "what is no UDPTL was dropped and counted" record_says \
	'.internal.dropped_malformed_packets == 4 and .external.dropped_malformed_packets == 4'
check "and what came from a stranger" record_says '.external.dropped_source_packets == 1'
check "no RTCP was made, no quality made up" record_says \
	'.internal.tx_rtcp_packets == 0 and .external.tx_rtcp_packets == 0 and .internal.mos == null'
check "tshark takes all of it for T.38" tshark_agrees
check "no rule is broken" ctl -q report protection
check "the call counts as not protected" report_says \
	'row("server"; "media") | .legs == 1 and .share == 0 and
	(.ways | map([.protection, .protected]) == [["UDPTL", false]])'

# --- without the word of one side

conf_server=('suites = AES_CM_128_HMAC_SHA1_80' 't38 = relay')
write_conf
check "t38 = relay without a date is refused" exits 6 ctl config reload
conf_server+=('exception-until = 2026-01-01')
write_conf
check "its day has come" ctl -q config reload
check "the report says so" exits 1 ctl -q report protection
check "by name" report_says '.broken | map([.kind, .traffic, .rule]) ==
	[["server", "media", "exception-over"]]'
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
check "by default again" ctl -q config reload
sdp_port=$fax_server
start_sipp called uas-fax+srtp u1 "$port_sipp_server" "$port_front"
sdp_port=$fax_gw
start_sipp caller uac-fax u1 "$port_gw" "$port_external"
check "T.38 is refused" wait_line 20 "$lab/tandem.log" \
	'event=offer-refused status=488 reason="media line 1 is UDPTL, which passes where both'
check "nobody asked the server" test "$(told_port called)" = 0
check "the gateway, which knows no way back, ends the call" wait_cdrs 2
cdr >"$lab/cdr.json"
check "its record: protected, as before" record_says \
	'.internal.media == "AES_CM_128_HMAC_SHA1_80" and .internal.media_required == "SRTP"'
check "nothing is held afterwards" all_released
finish
