#!/bin/bash
# The log tells the story of a call: its lines, the lines of its connections and its record are joined by
# the id of the call and the ids of the flows, and say the same.
. "$(dirname "$0")/lib.sh"
need sipp kamailio

# write_trunk NAME PORT PRIORITY: a gateway on UDP.
write_trunk() {
	printf '%s\n' '[gateway]' 'host = gw1.example.test' 'tls = no' 'transport = udp' \
		"port = $2" "priority = $3" >"$lab/gateways.d/$1.conf"
}

# story: the lines of the last call that ended, without their time.
story() {
	grep -F " call=$(cdr | jq -r .id) " "$lab/tandem.log" | sed 's/^[^ ]* //'
}

# events: what the story tells, in order.
events() {
	story | sed -nE 's/^[a-z]+ call call=[^ ]+ event=([a-z]+) .*/\1/p' | paste -sd' '
}

# word WORD LINE-PATTERN: its value on the line of the story.
word() {
	story | grep -E "$2" | grep -oE "(^| )$1=(\"([^\"\\]|\\\\.)*\"|[^ ]*)" | head -n 1 |
		sed -E 's/^ ?[^=]*=//; s/^"(.*)"$/\1/'
}

# record PATH: of the last call that ended.
record() {
	cdr | jq -r "$1"
}

is() { # WANTED GOT
	[[ -n $1 && $1 == "$2" ]] || {
		echo "it is \"$2\" and not \"$1\""
		story
		return 1
	}
}

like() { # PATTERN LINE-PATTERN
	story | grep -E "$2" | grep -qE "$1" || {
		echo "no line with $2 has $1"
		story
		return 1
	}
}

# place NAME SCENARIO: a call from the server that NAME, a sipp at the gateway's port, answers so.
place() {
	start_sipp "$1" "$2" u1 "$port_gw" "$port_external"
	start_sipp caller "$3" u1 "$port_sipp_server" "$port_front"
	wait_sipp caller && wait_sipp "$1"
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_closed=$((port_spare + 4))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_trunk closed "$port_closed" 1
write_trunk open "$port_gw" 2
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

check "a call that fails over" place called uas-answer uac-call+srtp
check "its record" wait_cdrs 1
check "its lines" is "begin attempt attempt end" "$(events)"
check "who called, from where" like ' server=pbx1 side=internal flow=[0-9]+ ' event=begin
check "whom, and who may be asked" like ' called="\*+222" targets=closed,open ' event=begin
check "the first attempt" like \
	'^warning .* trunk=closed side=external result=failed status=0 reason="port unreachable: nothing listens at 127\.0\.0\.1:[0-9]+ UDP; is it up, and is .port. right\?" transport=UDP ' \
	trunk=closed
check "the second" like '^info .* trunk=open side=external result=answered status=200 transport=UDP ' \
	'attempt trunk=open'
check "the end" like \
	'^[a-z]+ call .* server=pbx1 trunk=open by=[a-z]+ cause=bye status=200 .* internal=TLS1\.[23]/AES_CM_128_HMAC_SHA1_80 from-internal=[a-z]+ external=UDP/RTP from-external=[a-z]+' \
	event=end

check "the record has the same Call-ID of the caller" is "$(word call-id event=begin)" \
	"$(record .internal.sip_call_id)"
check "and of the called party" is "$(word call-id 'attempt trunk=open')" \
	"$(record .external.sip_call_id)"
check "and who ended it" is "$(word by event=end)" "$(record .ended_by)"
check "and why" is "$(word cause event=end)" "$(record .cause)"
check "and what came from the server" is "$(word from-internal event=end)" \
	"$(record .internal.media_verdict)"
check "and how long it lasted" is "$(word talked-s event=end)" \
	"$(record '.talk_us / 1000 | floor | tostring | (("0000" + .)[-([4, length] | max):]) | .[:-3] + "." + .[-3:]')"
check "the flows of its attempts" is \
	"$(word flow 'attempt trunk=closed') $(word flow 'attempt trunk=open')" \
	"$(record '[.attempts[].flow] | map(tostring) | join(" ")')"
check "and of its legs" is "$(word flow event=begin) $(word flow 'attempt trunk=open')" \
	"$(record '"\(.internal.flow) \(.external.flow)"')"
check "one of which is that of the TLS connection" test "$(lines "$lab/tandem.log" \
	" transport event=opened flow=$(word flow event=begin) side=internal transport=TLS by=them .* server=pbx1 version=TLS1\.[23] cipher=")" = 1

check "a call that is refused" place busy uas-refuse uac-refused+srtp
check "its record" wait_cdrs 2
check "its lines" is "begin attempt attempt end" "$(events)"
check "the refusal" like '^info .* result=refused status=486 far-reason=".+" transport=UDP ' \
	'attempt trunk=open'
check "and the end" like ' cause=busy status=486 .* talked-s=0\.000 .*far-status=486 far-reason=' event=end
check "the record says the same" is "$(word far-status event=end) $(word far-reason event=end)" \
	"$(record '"\(.far_status) \(.far_reason)"')"

check "no number is in the log" exits 1 grep -E '49(30|40)[0-9]{4}' "$lab/tandem.log"
sed -i 's/^\[tandem\]/&\nlog-numbers = yes/' "$lab/tandem.conf"
check "reload with log-numbers" ctl -q config reload
check "one more call" place called2 uas-answer uac-call+srtp
check "its record" wait_cdrs 3
check "numbers are whole now" is "$(record .to)" "$(word called event=begin)"

before=$(lines "$lab/tandem.log" 'tls refused by=us rule=no-certificate')
timeout 5 openssl s_client -connect "127.0.0.1:$port_internal" -quiet </dev/null >/dev/null 2>&1
check "who is refused has a flow too" wait_line 5 "$lab/tandem.log" \
	'tls refused by=us rule=no-certificate .*side=internal remote=127.0.0.1:[0-9]+ flow=[0-9]+' \
	$((before + 1))
check "nothing is held afterwards" all_released
check "the server can be stopped" ctl -q shutdown
check "each line has its time" exits 1 grep -avE \
	'^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z (error|warning|info|debug) [a-z]+ ' \
	"$lab/tandem.log"

# Outside of quotes, `word=` is one that the manual explains.
unknown_words() {
	sed -E 's/"([^"\\]|\\.)*"//g' "$lab/tandem.log" | grep -oE '[^ ]+=' | sort -u |
		sed 's/=.*//' | grep -vxFf <(awk '/^\.Ss/ { on = /Words/ } on && /^\.It Li/ {
			sub(/=$/, "", $3); print $3 }' "$srcdir/man/tandemd.8")
}
check "each word is one of the manual's" exits 1 unknown_words
finish
