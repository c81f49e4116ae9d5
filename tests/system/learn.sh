#!/bin/bash
# A trunk is learnt from real phones: in plain, and over TLS with SRTP. What they did is told, the lines that are printed
# are a good file, its calls have records and end when nobody waits, and a number of emergency is never called.
. "$(dirname "$0")/lib.sh"
need baresip kamailio

# learn CODE WORD...: `trunk learn gw WORD...`, with its answer in $lab/answer.
learn() {
	local code=$1 got
	ctl --json trunk learn gw "${@:2}" >"$lab/answer" 2>"$lab/answer.err"
	got=$?
	((got == code)) || {
		echo "exit code $got"
		head -20 "$lab/answer" "$lab/answer.err"
		return 1
	}
}

# says TOPIC PATTERN: a fact of TOPIC has it.
says() {
	jq -e --arg topic "$1" --arg said "$2" \
		'any(.facts[]; .topic == $topic and (.said | test($said)))' "$lab/answer" >"$lab/said" || {
		jq -r '.facts[] | "\(.topic): \(.said)"' "$lab/answer"
		return 1
	}
}

# line KEY VALUE: it is among the lines.
line() {
	jq -e --arg key "$1" --arg value "$2" 'any(.lines[]; .key == $key and .value == $value)' \
		"$lab/answer" >"$lab/said" || {
		jq -c .lines "$lab/answer"
		return 1
	}
}

stands() {
	ctl --json trunk show gw | jq -e '.calls == 1' >/dev/null
}

lab_open
write_conf
printf '%s\n' '[emergency]' 'numbers = 112, 110' >>"$lab/tandem.conf"
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'max-calls = 1'
start_tandem
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1,PCMU/8000/1'

check "in plain" learn 0 "${number[bob]}" --from +4930100
check "in plain: the answer" says call 'and an answer'
check "in plain: media came" says media '^[1-9][0-9]+ packets'
check "in plain: hold" says hold 'to a=sendonly: 200, and recvonly'
check "in plain: and back" says hold 'to a=sendrecv again: 200, and sendrecv'
check "in plain: codecs" says codecs 'it took PCM'
check "in plain: its own offer" says 'delayed offer' 'had an offer'
check "in plain: a line" line codecs 'PCMA, PCMU'
wait_cdrs 2
check "in plain: records say what they were" jq -se 'length == 2 and all(.[];
	.purpose == "learn" and .from == "+4930100" and .emergency == "" and .external.party == "trunk gw")' <(cdr 2)
check "in plain: nothing is held" all_released

# What is printed for the file is good there.
ctl trunk learn gw "${number[bob]}" >"$lab/text"
check "for people" grep -q '^codecs = PCMA, PCMU   ; ' "$lab/text"
sed -n '/; for its file/,/^$/s/^[a-z].*/&/p' "$lab/text" >>"$lab/gateways.d/gw.conf"
check "its lines are a good file" ctl -q config check
check "which is taken" ctl -q config reload
check "then nothing needs to change" learn 0 "${number[bob]}"
check "since it is in force" jq -e '(.lines | length) > 0 and all(.lines[]; .in_force)' "$lab/answer"
wait_cdrs 6

# Whoever waits goes away while the phone talks, as by Ctrl-C, which the shell keeps from what runs beside it.
"$builddir/tandemctl" -s "$lab/run/control.sock" trunk learn gw "${number[bob]}" >"$lab/text" 2>&1 &
learner=$!
check "it counts in the calls of the trunk" wait_for 10 stands
kill -TERM "$learner"
wait "$learner"
check "nobody waits: its record" wait_cdrs 7
check "nobody waits: hung up" jq -e '.cause == "hangup" or .cause == "cancel"' <(cdr)
check "nobody waits: nothing is held" all_released

check "112 is not called" learn 1 112
check "and why" grep -q 'emergency number' "$lab/answer.err"
check "no record of it" test "$(cdr_count)" = 7
check "no number in the log" bash -c "! grep -aF '+4930100' '$lab/tandem.log'"

# Over TLS with SRTP.
stop_phone bob
write_gateway 'tls = yes' "port = $port_gw"
check "TLS: reload" ctl -q config reload
start_front front-gw1 "$port_gw" $((port_spare + 2)) "sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
start_phone bob "$port_spare" 620 'mediaenc=srtp-mand;audio_codecs=PCMU/8000/1' \
	"$lab/certs/gw1-combined.pem" "$lab/certs/carriers-ca.pem"
check "TLS" learn 0 "${number[bob]}"
check "TLS: crypto lines" says SRTP 'its answer: [0-9]+ A'
check "TLS: no key is told" bash -c "! grep -q inline '$lab/answer'"
check "TLS: hold" says hold 'to a=inactive: 200'
check "TLS: its record" jq -e '.external.transport == "TLS" and .purpose == "learn"' <(cdr)
finish
