#!/bin/bash
# Calls of the past through another configuration: records and captures that real calls left, a change of each kind,
# and what tandemctl says and exits with. The server runs beside it, and after it no more.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/talk.sh
. "$(dirname "$0")/talk.sh"
need sipp kamailio python3

# replay CODE WORD...: what `route replay` says is in $lab/answer, its errors in $lab/answer.err.
replay() {
	local code=$1 got
	"$builddir/tandemctl" --json route replay --current "$lab" "${@:2}" >"$lab/answer" 2>"$lab/answer.err"
	got=$?
	((got == code)) || {
		echo "exit code $got"
		head -5 "$lab/answer" "$lab/answer.err"
		return 1
	}
}

# says FILTER: it holds for the last answer.
says() {
	jq -e "$1" "$lab/answer" >"$lab/said" || {
		jq -c 'del(.rows)' "$lab/answer"
		return 1
	}
}

# changed_conf: $lab/new as $lab is.
changed_conf() {
	rm -rf "$lab/new"
	mkdir "$lab/new"
	cp -r "$lab/tandem.conf" "$lab/gateways.d" "$lab/new"
}

open_talks
check "before any call" replay 0 --config "$lab"
check "there is none" says '.calls == 0'
for records in 1 2; do
	start_sipp called uas-answer u1 "$port_gw" "$port_external"
	start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
	check "call $records: the caller" wait_sipp caller
	check "call $records: the called one" wait_sipp called
	check "call $records: its record" wait_cdrs "$records"
done
start_sipp called uas-answer+srtp u1 "$port_sipp_server" "$port_front"
start_sipp caller uac-call u1 "$port_gw" "$port_external"
check "call 3, the other way: the caller" wait_sipp caller
check "call 3: its record" wait_cdrs 3
called=$(records | jq -r .to | head -1)
check "what is captured is written" wait_for 10 sh -c "ls $lab/state/audit/*/*/call.pcapng | grep -c . | grep -qx 3"

changed_conf
check "the same configuration" replay 0 --config "$lab/new"
check "nothing changes" says '.calls == 3 and .changes.unchanged == 3 and .captured == 3 and .rows == []'
check "against the records" replay 0
check "nothing changes either" says '.before == null and .changes.unchanged == 3'

printf '%s\n' '[gateway]' 'host = gw2.example.test' 'tls = no' 'transport = udp' 'port = 9' \
	"prefixes = ${called:0:4}" >"$lab/new/gateways.d/second.conf"
check "elsewhere: exit code 0" replay 0 --config "$lab/new"
check "elsewhere: both calls to it" says '.changes.elsewhere == 2 and .changes.unchanged == 1 and
	([.rows[].after.targets[].id] == ["second", "gw", "second", "gw"]) and
	([.rows[].via] | unique) == ["server pbx1"]'
check "elsewhere: for people" bash -c '"$@" | grep -q "elsewhere .*gw .*second, gw"' _ \
	"$builddir/tandemctl" route replay --current "$lab" --config "$lab/new"
check "elsewhere: one row is enough" replay 0 --config "$lab/new" --rows 1
check "elsewhere: the other is counted" says '.rows_left_out == 1 and (.rows | length) == 1'

changed_conf
sed -i 's/^tls = no/tls = yes/; /^transport/d' "$lab/new/gateways.d/gw.conf"
check "protection: exit code 0" replay 0 --config "$lab/new"
check "protection: from what to what" says '.changes.protection == 2 and
	.rows[0].before.targets[0].signalling == "UDP" and .rows[0].after.targets[0].signalling == "TLS" and
	.rows[0].after.targets[0].media == "SRTP"'

changed_conf
echo 'prefixes = 9999' >>"$lab/new/gateways.d/gw.conf"
check "not routed: exit code 1" replay 1 --config "$lab/new"
check "not routed: both" says '.changes["not-routed"] == 2 and .rows[0].after.status == 404'
check "not routed: without a word" bash -c '! "$@" | grep .' _ \
	"$builddir/tandemctl" -q route replay --current "$lab" --config "$lab/new"
rm "$lab/new/gateways.d/gw.conf"
check "a trunk is gone: exit code 1" replay 1 --config "$lab/new"
check "a trunk is gone: its call is refused" says '.changes["not-routed"] == 3 and
	([.rows[].after.status] | sort) == [403, 404, 404]'

changed_conf
echo 'prefixs = 1' >>"$lab/new/gateways.d/gw.conf"
check "a mistake: exit code 6" replay 6 --config "$lab/new"
check "a mistake: where it is" grep -q "$lab/new/gateways.d/gw.conf:[0-9]*:1: error: .*prefixes" "$lab/answer.err"
check "no such folder: exit code 6" replay 6 --config "$lab/nowhere"
check "no such time: exit code 2" replay 2 --since yesterday
check "no such option: exit code 2" replay 2 --configuration "$lab/new"

# What is spoiled is counted, and the rest goes on.
changed_conf
check "shutdown" stop_tandem
capture=$(ls "$lab"/state/audit/*/*/call.pcapng | head -1)
head -c 30 "$capture" >"$lab/head" && cat "$lab/head" >"$capture"
echo 'no record' >>"$lab/state/cdr.jsonl"
check "without a server" replay 0 --config "$lab/new"
check "what is spoiled is counted" says '.calls == 3 and .captured == 2 and .damaged_captures == 1 and
	.unreadable_records == 1 and .changes.unchanged == 3'

# With the eyes of the server's user.
if ((EUID == 0)) && id daemon >/dev/null 2>&1 && type -P runuser >/dev/null; then
	chmod 0755 "$lab"
	sed -i 's/^\[tandem\]/&\nuser = daemon/' "$lab/tandem.conf"
	chmod 0700 "$lab/state"
	check "records that the user may not read: exit code 5" replay 5 --config "$lab/new"
	chown -R daemon "$lab/state"
	check "that he may" replay 0 --config "$lab/new"
	chmod 0700 "$lab/new"
	check "a configuration that he may not read" replay 5 --config "$lab/new"
	chmod 0755 "$lab/new"
	# The tree may be where others have no business.
	install -m 755 "$builddir/tandemctl" "$lab/tandemctl"
	check "another user may not read the records" bash -c '"$@"; (($? == 5))' _ \
		runuser -u nobody -- "$lab/tandemctl" route replay --current "$lab"
fi
finish
