#!/bin/bash
# What tandemctl --json prints is what src/admin/schema says: every verb is asked while a call stands and
# after it, and each answer is held against its schema.
. "$(dirname "$0")/lib.sh"
need sipp kamailio python3
python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"

schemas=$srcdir/src/admin/schema
declare -A asked=()

# One program judges all answers: to start one each takes longer than what is judged.
coproc judge { exec python3 "$srcdir/tests/system/schema_check.py" -; }
pids+=("$judge_PID")

# as_schema SCHEMA FILE: FILE is as SCHEMA says.
as_schema() {
	local verdict
	printf '%s\t%s\n' "$1" "$2" >&"${judge[1]}"
	IFS= read -r verdict <&"${judge[0]}" || verdict="nobody judges"
	echo "$verdict"
	[[ $verdict == good ]]
}

stands() {
	status_is .calls.answered 1
}

# answer CODE NOUN VERB ARGUMENT...: asks, and holds the answer against the schema of the verb; VERB is -
# where the noun is a command by itself. That of a failure is held against failure.json.
answer() {
	local code=$1 noun=$2 verb=$3 schema=$2-$3 got
	shift 3
	asked[$noun $verb]=1
	if [[ $verb == - ]]; then
		schema=$noun
		ctl --json "$noun" "$@" >"$lab/answer.json" 2>"$lab/answer.err"
	else
		ctl --json "$noun" "$verb" "$@" >"$lab/answer.json" 2>"$lab/answer.err"
	fi
	got=$?
	# With exit code 1 a verb may have answered: a difference, a probe that fails.
	! jq -e 'type == "object" and has("code")' "$lab/answer.json" >/dev/null || schema=failure
	check "$noun $verb $*: exit code $code" test "$got" = "$code"
	check "$noun $verb $*: $schema.json" as_schema "$schemas/$schema.json" "$lab/answer.json"
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
conf_media=('timeout = 10m') # nobody talks, and there is much to ask
write_conf
# rules and a dial plan, which the sandboxed server applies
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'country = 49' 'national-prefix = 0' \
	'numbers-in = e164' 'numbers-out = national' 'rewrite-called-in = ^9(\d+)$ -> $1' \
	'rewrite-called-out = ^0(30\d+)$ -> 1010$1'
{
	echo '[gateway]'
	printf '%s\n' 'host = gw2.example.test' 'port = 9' 'priority = 20' 'prefixes = 999'
} >"$lab/gateways.d/observed.conf"
start_tandem

start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_sipp called uas-answer u1 "$port_gw" "$port_external"
pause=600000 # until it is hung up
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
check "a call stands" wait_for 10 stands
call=$(ctl --json call list | jq -r '.calls[0].id')

answer 0 status -
answer 0 trunk list
answer 0 trunk show gw
answer 0 trunk show observed
answer 4 trunk show nobody
answer 0 trunk config gw
answer 1 trunk explain observed
answer 0 trunk tls gw off
answer 0 route test +49301 --from +4989 --via server pbx1
answer 0 route test +49301 --via trunk gw
answer 0 route test 90301234567 --from 0891234567 --via trunk gw
check "route test says what rules make" test "$(jq -r .called "$lab/answer.json")" = +49301234567
answer 0 route test +49301 --emergency
answer 1 emergency test gw
answer 1 trunk learn gw 112
answer 4 trunk learn nobody 1
answer 1 trunk learn gw 1
answer 0 route replay --current "$lab"
answer 0 route replay --current "$lab" --config "$lab"
answer 4 emergency test nobody
answer 0 trunk drain gw --reason cables
answer 1 route test 1
answer 0 route test 112 --emergency
answer 0 trunk list
answer 0 trunk resume gw
answer 0 server list
answer 0 server show pbx1
answer 0 server config pbx1
answer 1 server explain pbx1
answer 0 server drain pbx1
answer 0 server resume pbx1
answer 0 call list
answer 0 call show "$call"
answer 0 call show "$call" --brief
answer 4 capture export "$call" --to "$lab/early"
answer 4 capture export ffff-000001 --to "$lab/none"
answer 0 call show "$call" --messages
answer 2 call show "$call" --messages --brief
echo nonsense >"$lab/nonsense"
"$tools/sipsend" -w 100 -b 127.0.0.9 udp 127.0.0.1 "$port_external" "$lab/nonsense" >"$lab/nothing"
check "a stranger is there" test "$(ctl --json strangers | jq length)" = 1
answer 0 strangers -
answer 0 cert list
answer 0 metrics -
answer 0 monitor - -n 1
# It goes on until there is one.
ctl --json events -n 1 event=act >"$lab/events.json" 2>"$lab/events.err" &
pids+=($!)
asked[events -]=1
wait_line 10 "$lab/events.err" following
ctl -q server resume pbx1
check "events: events.json" wait_for 10 as_schema "$schemas/events.json" "$lab/events.json"
asked[trace -]=1
ctl --json trace --trunk gw >"$lab/trace.jsonl" 2>"$lab/trace.err" &
tracer=$!
pids+=($!)
wait_line 10 "$lab/trace.err" tracing
answer 0 report protection
answer 0 config check
answer 0 config diff
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'priority = 3'
rm "$lab/gateways.d/observed.conf"
answer 1 config diff
answer 0 trunk config gw
answer 0 config reload --confirm 1h
answer 0 status -
answer 0 config reload
answer 0 config confirm
answer 1 config confirm
echo nonsense >>"$lab/gateways.d/gw.conf"
answer 6 config check
answer 6 config diff
answer 6 config reload
answer 0 log level
answer 0 log level tls debug
answer 0 log level call
answer 0 capture start --trunk gw --for 1m
answer 0 capture hold "$call" --reason test
answer 0 capture list
answer 0 capture release "$call"
answer 0 capture stop 1
answer 0 wire start --for 1m
answer 0 status -
answer 0 wire stop
answer 4 wire stop
asked[wire capture]=1 # these two print what people read
asked[wire export]=1
answer 0 call hangup "$call"
check "trace: it saw that" wait_line 10 "$lab/trace.jsonl" '"method":"BYE"' 2
stop "$tracer"
printf '{"type": "array", "minItems": 2, "items": {"$ref": "%s"}}' "file://$schemas/trace.json" >"$lab/traced.schema"
jq -s '. + [{"lost": 3}]' "$lab/trace.jsonl" >"$lab/traced.json"
check "trace: trace.json" as_schema "$lab/traced.schema" "$lab/traced.json"
answer 0 subscription list
answer 4 subscription end nothing
check "the record" wait_cdrs 1
answer 0 trunk show gw
answer 0 call show "$call"
answer 0 call show "$call" --brief
answer 4 call show nobody-000001
answer 0 cdr tail
answer 0 cdr key
answer 0 cdr rekey
check "the index" wait_for 10 status_is .index.catching_up false
answer 0 cdr list
answer 0 cdr list --kind all --limit 3
answer 2 cdr list --status nothing
answer 0 cdr report
answer 0 cdr report --by server --per day
answer 2 cdr report --by nobody
answer 0 cdr proof 0
answer 1 cdr proof 99999999
answer 0 report sign 1h
answer 0 counters reset
answer 0 trunk list
answer 0 report protection
answer 6 route replay --current "$lab"
mv "$lab/gateways.d/gw.conf" "$lab/gone.conf"
answer 1 route replay --current "$lab"
answer 0 shutdown -
wait "$tandem_pid"

# The log of records, and what is found in it.
printf '{"type": "array", "items": {"$ref": "%s"}}' "file://$schemas/record.json" >"$lab/records.schema"
jq -s . "$lab/state/cdr.jsonl" >"$lab/records.json"
check "each line of cdr.jsonl: record.json" as_schema "$lab/records.schema" "$lab/records.json"
check "calls, starts and acts are among them" jq -e 'map(.kind) |
	index("call") and index("start") and index("stop") and index("act")' "$lab/records.json"
"$builddir/tandem-verify" log --json --key "$lab/state/log/key" "$lab/state" >"$lab/verified.json"
check "tandem-verify: verify.json" as_schema "$schemas/verify.json" "$lab/verified.json"
sed -i 2d "$lab/state/cdr.jsonl"
"$builddir/tandem-verify" log --json --key "$lab/state/log/key" "$lab/state" >"$lab/verified.json"
check "with faults" as_schema "$schemas/verify.json" "$lab/verified.json"
check "which it has" jq -e '.fault_count == 1 and .faults[0].kind == "missing"' "$lab/verified.json"

# A verb that is new is asked here too.
missing=$(sed -nE 's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1 \2/p' "$srcdir/src/admin/verb_list.h" \
	"$srcdir/src/ctl/local_list.h" | grep -vx 'help ' |
	while read -r noun verb; do
		[[ -n ${asked[$noun ${verb:--}]:-} ]] || echo "$noun $verb"
	done)
check "every verb was asked: ${missing//$'\n'/, }" test -z "$missing"
finish
