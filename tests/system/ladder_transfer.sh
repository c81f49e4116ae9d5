#!/bin/bash
# The ladder of a call that a phone transfers: three parties, and what each of them logged.
. "$(dirname "$0")/lib.sh"
need baresip tshark

# transferred LEG: methods and statuses of that leg in $lab/shown.json.
leg() {
	jq -r --arg leg "$1" '.ladder as $l | $l.messages[] | select($l.parties[.party].leg == $leg and .repeats == null) |
		(if .sent then ">" else "<" end) + " " + (if .status > 0 then (.status | tostring) else .method end)' \
		"$lab/shown.json" | paste -sd' '
}

is() {
	jq -e "$1" "$lab/shown.json" >"$lab/is" || {
		jq -c '.ladder, .transfers' "$lab/shown.json" | head -c 3000
		return 1
	}
}

lab_open
conf_server=('transfer = handle')
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'prefixes = +4940222'
printf '%s\n' '[gateway]' 'host = gw1.example.test' 'tls = no' 'transport = udp' 'options-ping = off' \
	"port = $((port_spare + 30))" 'prefixes = +4940333' >"$lab/gateways.d/gw2.conf"
start_tandem
start_phone alice "$port_pbx" 440 'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1' \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'
start_phone carol "$((port_spare + 30))" 880 'audio_codecs=PCMA/8000/1'

check "bob calls alice" start_call bob alice "sip:${number[alice]}@127.0.0.1:$port_external"
check "alice transfers him to carol" phone alice transfer "sip:${number[carol]}@med1.example.test"
check "carol has him" wait_event carol CALL_ESTABLISHED
check "alice is out of it" wait_event alice CALL_CLOSED
check "as it stands: shown" eval 'ctl --json call show "$call_number" >"$lab/shown.json"'
check "three parties" is '[.ladder.parties[] | .leg + " " + .name] == ["a trunk gw", "b server pbx1", "c trunk gw2"]'
check "bob hangs up" hang_up bob
check "carol notices" wait_event carol CALL_CLOSED
check "its record" wait_cdrs 1
ctl --json call show "$(cdr | jq -r .id)" >"$lab/shown.json"
check "whom it was transferred to" is '[.ladder.messages[] | select(.method == "REFER") | .refer_to | contains("+4940333333")] == [true]'
check "alice: asked, was told, left" eval '[[ $(leg b) == *"< REFER > 202 > NOTIFY"*"BYE"* ]]'
check "carol: was called, answered, was left" eval '[[ $(leg c) == "> INVITE < "*"< 200 > ACK"*"> BYE < 200" ]]'
check "bob: called, was asked anew, left" eval '[[ $(leg a) == "< INVITE > 100 "*"> INVITE < "*"< BYE > 200" ]]'
check "no message is nobody's" is '[.ladder.messages[] | select(.party == null)] == []'
check "each is as tshark reads it" diff \
	<(ladder "$(capture_of "$(cdr | jq -r .id)")" | cut -f4) \
	<(jq -r '.ladder.messages[] | if .status > 0 then "SIP/2.0 \(.status) \(.phrase)" else "\(.method) \(.uri) SIP/2.0" end' "$lab/shown.json")
check "from its record alone" eval 'rm "$(capture_of "$(cdr | jq -r .id)")"; ctl --json call show "$call_number" >"$lab/shown.json"'
check "it is told too" is '.ladder.source == "record" and ([.ladder.messages[] | select(.method == "REFER") | .refer_to] == ["+4940333333"])'
check "nothing is held afterwards" all_released
finish
