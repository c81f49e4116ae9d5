#!/bin/bash
# Whom a call goes to, by data: what the dry run says is what calls do; a silent first trunk does not use up the time
# of a caller; lists for the next one; trunk to trunk by number. Each step is proved by records, never by
# how long it took.
. "$(dirname "$0")/lib.sh"
need sipp kamailio python3

# write_trunk NAME PORT 'KEY = VALUE'...: a gateway on UDP.
write_trunk() {
	printf '%s\n' '[gateway]' 'host = gw1.example.test' 'tls = no' 'transport = udp' \
		"port = $2" 'rest-max = 0' "${@:3}" >"$lab/gateways.d/$1.conf"
}

# A gateway that hears everything and says nothing.
start_silent() { # PORT
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    s.recv(65535)' "$1" &
	pids+=($!)
	wait_for 10 listens "$1" udp "$loopback"
}

# would_go WHERE WORD...: the targets of `route test WORD...`, in order, are those of WHERE.
would_go() {
	local got
	got=$(ctl --json route test "${@:2}" | jq -r '[.targets[].id] | join(" ")')
	[[ $got == "$1" ]] || {
		echo "it would go to: $got"
		return 1
	}
}

# why_not ID WORD WORD...: `route test` says that ID is none for this reason.
why_not() {
	ctl --json route test "${@:3}" | jq -e --arg id "$1" --arg why "$2" \
		'.others[] | select(.id == $id) | .why == $why' >"$lab/why"
}

# sees ID LINE WORD...: what ID would see has LINE, a pattern.
sees() {
	ctl --json route test "${@:3}" | jq -r --arg id "$1" '.targets[] | select(.id == $id) | .leaves[]' >"$lab/leaves"
	grep -qx -- "$2" "$lab/leaves" || {
		cat "$lab/leaves"
		return 1
	}
}

# went ID=STATUS...: the attempts of the last call.
went() {
	local got
	got=$(cdr | jq -r '[.attempts[] | "\(.target)=\(.status)"] | join(" ")')
	[[ $got == "$*" ]] || {
		echo "it went: $got"
		return 1
	}
}

# call_passes NAME: the caller and the called one went through their scripts, and there is a record more.
records=0
call_passes() {
	check "$1: the caller" wait_sipp caller
	check "$1: the called one" wait_sipp called
	records=$((records + 1))
	check "$1: its record" wait_cdrs $records
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_silent=$((port_spare + 4))
port_other=$((port_spare + 6))
# 32 s are more than a caller waits: only its share makes the call go on.
conf_server=('suites = AES_CM_128_HMAC_SHA1_80' 'setup-within = 3s')
write_conf
write_trunk silent "$port_silent" 'priority = 1' 'answer-within = 0' 'prefixes = +49'
write_trunk good "$port_gw" 'priority = 2' 'prefixes = +49'
write_trunk other "$port_other" 'prefixes = +43' 'sources = servers, trunk:good'
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem
start_silent "$port_silent"

check "the dry run: both, in order" would_go "silent good" +4930222222 --via server pbx1
check "the dry run: why not the third" why_not other called +4930222222 --via server pbx1
start_sipp called uas-answer u1 "$port_gw" "$port_external"
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
call_passes "a silent first trunk"
check "a silent first trunk: where it went" went silent=0 good=200
check "a silent first trunk: why it went on" bash -c \
	"grep -q 'share of setup-within' <<<'$(cdr | jq -r '.attempts[0].reason')'"

check "drain" ctl -q trunk drain silent
check "drained: the dry run" would_go good +4930222222 --via server pbx1
check "drained: why not" why_not silent drained +4930222222 --via server pbx1
start_sipp called uas-answer u1 "$port_gw" "$port_external"
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
call_passes "drained"
check "drained: where it went" went good=200
check "resume" ctl -q trunk resume silent

# Nobody says a word: 504 before the caller's own time is over.
check "drain the good one" ctl -q trunk drain good
code=504 start_sipp caller uac-refused+srtp u1 "$port_sipp_server" "$port_front"
check "all silent: the caller hears 504" wait_sipp caller
records=$((records + 1))
check "all silent: its record" wait_cdrs $records
check "all silent: what the record says" jq -e \
	'.cause == "setup-late" and .status == 504 and .ended_by == "tandem"' <(cdr)
check "all silent: and the log" grep -q 'event=end .*cause=setup-late status=504' "$lab/tandem.log"
check "resume the good one" ctl -q trunk resume good

# A list for the next one.
write_trunk silent "$port_other" 'priority = 1' 'prefixes = +49' 'next-on = 404, 480-486'
write_trunk other "$port_silent" 'prefixes = +43'
check "a list: reload" ctl -q config reload
code=404 start_sipp refusing uas-refuse u1 "$port_other" "$port_external"
start_sipp called uas-answer u1 "$port_gw" "$port_external"
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
call_passes "a list"
check "a list: who refused" wait_sipp refusing
check "a list: where it went" went silent=404 good=200

# Trunk to trunk, for one number alone.
write_trunk silent "$port_silent" 'prefixes = +41'
write_trunk other "$port_other" 'prefixes = +4930222222$' 'sources = trunk:good'
check "trunk to trunk: reload" ctl -q config reload
check "trunk to trunk: the dry run" would_go "other pbx1" +4930222222 --via trunk good
check "trunk to trunk: not for a longer number" why_not other called +49302222223 --via trunk good
check "trunk to trunk: not for the server" why_not other source +4930222222 --via server pbx1
start_sipp called uas-answer u1 "$port_other" "$port_external"
start_sipp caller uac-call u1 "$port_gw" "$port_external"
call_passes "trunk to trunk"
check "trunk to trunk: both legs are trunks'" jq -e \
	'.external.party == "trunk good" and .external_b.party == "trunk other" and .internal == null' <(cdr)

# Who is shown to whom.
write_trunk good "$port_gw" 'identity-from = asserted' 'asserted = drop' 'remote-party-id = make' \
	'diversion = history-info' 'prefixes = +4930'
check "identities: reload" ctl -q config reload
hidden=(+4930222222 --via server pbx1 --asserted +4930100 --privacy id --diversion +4930300)
check "identities: From has the asserted number" sees good 'From: <sip:+4930100@[^>]*>' "${hidden[@]}"
check "identities: old equipment reads it too" sees good \
	'Remote-Party-ID: <sip:+4930100@[^>]*>;party=calling;screen=yes;privacy=full' "${hidden[@]}"
check "identities: the wish goes along" sees good 'Privacy: id' "${hidden[@]}"
check "identities: who forwarded" sees good 'History-Info: <sip:+4930300@[^>]*>;index=1' "${hidden[@]}"
check "identities: nobody is asserted" bash -c '! grep -q ^P-Asserted-Identity "$1"' _ "$lab/leaves"
check "identities: for people" grep -qx '  Privacy: id' <(ctl route test "${hidden[@]}")
write_trunk good "$port_gw" 'privacy = strip' 'prefixes = +4930'
check "identities: reload again" ctl -q config reload
check "identities: what is critical is refused" jq -e '.targets[] | select(.id == "good") | .leaves == null' \
	<(ctl --json route test +4930222222 --via server pbx1 --privacy 'id;critical')

check "nobody: the dry run ends with 1" bash -c '! "$@"' _ ctl -q route test +33100 --via server pbx1
check "nothing is held afterwards" all_released
finish
