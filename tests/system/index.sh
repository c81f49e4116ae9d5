#!/bin/bash
# The index of records: what tandemctl cdr list says is what jq says of the records themselves, whatever was asked; it is made
# anew after it was deleted, damaged or cut, and after the server was killed at moments that a seed draws (KILLS of them, 5; SEED),
# and has each record once; files may be rotated; what peers wrote into SIP is text and nothing else. RECORDS (3000) are made.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.sh"
need sipp jq sqlite3
count=${RECORDS:-3000}
kills=${KILLS:-5}
RANDOM=${SEED:-1}

# What the index has of the file, without the server's help.
index_sql() {
	sqlite3 -readonly "file:$state/cdr.index?mode=ro" "$1"
}

lines_there() {
	cat "$state"/cdr.jsonl "$state"/cdr.jsonl.? 2>/dev/null | wc -l
}

# Each record of the files that can be read is in the index once.
index_is_whole() {
	local lines distinct
	lines=$(lines_there)
	distinct=$(cat "$state"/cdr.jsonl "$state"/cdr.jsonl.? 2>/dev/null | jq -r .seq | sort -u | wc -l)
	[[ $(index_sql 'SELECT count(*) || " " || count(DISTINCT seq) FROM record') == "$lines $distinct" &&
		$lines == "$distinct" ]] && ! status_is .index.failing true || {
		echo "lines: $lines, of them $distinct different; the index:"
		index_sql 'SELECT count(*), count(DISTINCT seq) FROM record'
		ctl --json status | jq -c .index
		return 1
	}
}

soon_whole() {
	wait_for 30 index_is_whole || index_is_whole
}

# same FILTER OPTION...: the ids that `cdr list` prints are those of the records that fit jq's FILTER, latest first.
same() {
	local filter=$1
	shift
	cat "$state"/cdr.jsonl.1 "$state"/cdr.jsonl 2>/dev/null |
		jq -r "def legs: [.internal, .internal_b, .external, .external_b] | map(select(.));
			def numbers: [.from, .to, .from_received, .to_received, .from_sent, .to_sent, .asserted, .asserted_sent, .diverted_by | select(.)];
			select(.kind == \"call\") | select($filter) | .id" | tac >"$lab/expected"
	ctl --jsonl cdr list "$@" | jq -r .id >"$lab/listed"
	diff "$lab/expected" "$lab/listed" >"$lab/difference" || {
		echo "$(wc -l <"$lab/expected") expected, $(wc -l <"$lab/listed") listed"
		head -5 "$lab/difference"
		return 1
	}
	[[ -s $lab/expected ]] || {
		echo "nothing fits: nothing was tested"
		return 1
	}
}

listed() { # FILTER OPTION...
	ctl --jsonl cdr list "${@:2}" | jq -c "select($1)" | grep -q .
}

lab_open
state=$lab/state
write_conf
sed -i 's/^mode = full/mode = signalling/' "$lab/tandem.conf"
write_pair
start_called
start_tandem
check "a call" one_call -s +49403123
check "it is in the index" wait_for 10 listed '.to == "+49403123" and .to_party == "trunk b" and
	.from_party == "trunk a" and .status == 200'
check "nobody else may read it" test "$(stat -c %a "$state/cdr.index")" = 640
check "the table" prints '^END .*CAUSE' ctl cdr list
check "records of other kinds" test "$(ctl --jsonl cdr list --kind start | jq -r .kind)" = start
check "of all kinds" test "$(ctl --jsonl cdr list --kind all | jq -r .kind | sort | paste -sd ' ')" = "call start"
stop_tandem

# --- what jq says

# Many of that one, each another: by a formula, so that each run has the same ones.
jq -c --argjson count "$count" 'select(.kind == "call") | . as $call | range($count) as $i |
	($i * 7919 % 1000003) as $r |
	$call + {seq: $i, salt: ("0000000000000000000000000000" + ($i + 10000 | tostring))[-32:],
		id: "made-\($i + 100000)",
		from: "+4930\($r % 500)", from_received: "030\($r % 500)",
		to: "+4940\($r % 300)\($i % 10)", to_received: "040\($r % 300)\($i % 10)",
		end: ("2025-03-01T" + (["00", "06", "12", "18"][$i * 4 / $count | floor]) + ":" +
			("0\($i * 240 / $count % 60 | floor)"[-2:]) + ":00.000001Z"),
		answer: (if $r % 3 == 0 then null else $call.answer end),
		status: [200, 486, 503, 200, 404][$r % 5], far_reason: "",
		attempts: [$call.attempts[] + {q850: [16, 17, 34, 41][$r % 4], microsoft: {x_c: "0\($r % 97)ab/s/1/2", diagnostics: "1034"}}],
		cause: ["bye", "busy", "timeout", "bye", "rejected"][$r % 5]} |
	.external.party = "trunk t\($r % 7)" |
	.external.transport = ["TLS", "UDP"][$r % 2] |
	.external.tls_version = ["TLS1.3", "", "TLS1.2", ""][$r % 4] |
	.external_b.transport = "TLS" | .external_b.tls_version = "TLS1.3" |
	.external.media = ["AES_CM_128_HMAC_SHA1_80", "RTP", "UDPTL"][$r % 3] |
	.external_b.media = "AES_CM_128_HMAC_SHA1_80" |
	.external.mos = [null, 4.21, 3.49, 2.05][$r % 4]' "$state/cdr.jsonl" >"$lab/made"
made=$(wc -l <"$lab/made")
check "records are made" test "$made" = "$count"
rm -rf "$state/log" "$state/log.key" "$state"/cdr.*
mv "$lab/made" "$state/cdr.jsonl.1"
start_tandem
check "a file that was rotated before there was an index is in it" soon_whole
day=2025-03-01
check "all calls" same true
check "a number that called" same '.from == "+4930123"' --number '+4930123$'
check "a number as it came" same '.to_received == "040770"' --number '040770$'
check "the beginning of a number" same 'any(numbers[]; startswith("+49401"))' --number +49401
check "a pattern" same 'any(numbers[]; test("^[+]4940[1-9][0-9]5"))' --number '+4940ZX5'
check "a trunk" same 'any(legs[]; .party == "trunk t3")' --trunk t3
check "a status" same '.status == 486' --status 486
check "a class of it" same '.status >= 400 and .status < 500' --status 4xx
check "an id of Microsoft" same 'any(.attempts[].microsoft.x_c; startswith("07ab"))' --microsoft 07ab
check "and no text of theirs" test -z "$(ctl --jsonl cdr list --microsoft 1034)"
check "a cause of Q.850" same '.attempts[-1].q850 == 34' --q850 34
check "a cause" same '.cause == "timeout"' --cause timeout
check "answered ones" same '.answer != null' --answered
check "those that were not" same '.answer == null' --failed
check "TLS 1.3 on both legs" same 'all(legs[]; .transport == "TLS" and .tls_version == "TLS1.3")' --protection tls1.3
check "one leg of TLS 1.2" same 'any(legs[]; .tls_version == "TLS1.2" and .transport == "TLS") and
	all(legs[]; .transport == "TLS")' --protection tls1.2
check "one leg without TLS" same 'any(legs[]; .transport == "UDP")' --protection none
check "SRTP" same 'all(legs[]; .media == "AES_CM_128_HMAC_SHA1_80")' --protection srtp
check "RTP" same 'any(legs[]; .media == "RTP")' --protection rtp
check "quality" same 'any(legs[]; .mos != null and .mos < 3.5)' --quality 3.5
check "since" same ".end >= \"${day}T06:30\"" --since "${day}T06:30Z"
check "a span of time" same ".end >= \"${day}T06:30\" and .end < \"${day}T12:10\"" \
	--since "${day}T06:30Z" --until "${day}T12:10Z"
check "several together" same 'any(legs[]; .party == "trunk t2") and .status == 200 and
	any(numbers[]; startswith("+4930"))' --trunk t2 --status 200 --number +4930
check "the limit" test "$(ctl --jsonl cdr list --limit 321 | wc -l)" = 321
check "nobody: nothing" test -z "$(ctl --jsonl cdr list --number +999)"
check "a wrong option: exit code 2" exits 2 ctl cdr list --status 42
check "a wrong number: exit code 2" exits 2 ctl cdr list --number '[9'
check "a wrong time: exit code 2" exits 2 ctl cdr list --since yesterday
check "SQL in a word is a word" test -z "$(ctl --jsonl cdr list --cause "x' OR '1'='1")"
check "and harms nothing" index_is_whole
check "--json is one object" test "$(ctl --json cdr list --limit 250 | jq '.rows | length')" = 250
ctl --csv cdr list >"$lab/all.csv"
check "CSV has a line each, and names" test "$(wc -l <"$lab/all.csv")" = $((count + 1))

# --- figures

# figures ID DIRECTION: attempts and answered ones of all days, as `cdr report` has them
figures() {
	ctl --jsonl cdr report --per day --since 2025-01-01 --until 2025-06-01 --id "$1" |
		jq -sc --arg direction "$2" 'map(select(.direction == $direction)) |
			[(map(.attempts) | add), (map(.answered) | add), (map(.rtp) | add)]'
}
check "what a trunk made" test "$(figures t3 in)" = "$(jq -sc 'map(select(.external.party == "trunk t3")) |
	[length, (map(select(.answer)) | length), (map(select(.external.media == "RTP")) | length)]' "$state/cdr.jsonl.1")"
check "what was offered to one" test "$(figures b out)" = "[$count,$(jq -c 'select(.answer)' "$state/cdr.jsonl.1" | wc -l),0]"
check "the table" prints '^FROM .*ASR% .*NER%' ctl cdr report --since 2025-01-01 --per day
check "CSV has its rows" test "$(ctl --csv cdr report --since 2025-01-01 --per day --id t3 | tail -n +2 | cut -d, -f4 |
	jq -s add)" = "$(figures t3 in | jq '.[0]')"

# --- rotated, deleted, damaged

check "a call" one_call -s +49403124
check "it comes behind them" wait_for 10 same '.to == "+49403124"' --number +49403124
mv "$state/cdr.jsonl" "$state/cdr.jsonl.2"
check "a call after the file was renamed" one_call -s +49403125
check "it is in the index too" wait_for 10 listed '.to == "+49403125"' --number +49403125
check "each record once" soon_whole
rm "$state"/cdr.index*
check "deleted: it is made anew" soon_whole
echo 'PRAGMA user_version = 99' | sqlite3 "$state/cdr.index"
stop_tandem
start_tandem
check "of another version: it is made anew" soon_whole
check "and the log says so" wait_line 5 "$lab/tandem.log" 'event=index-rebuild error="[^"]*of another version'
stop_tandem
damage() { # how the file is damaged, of four ways
	local size
	size=$(stat -c %s "$state/cdr.index")
	case $1 in
	0) head -c 100000 /dev/urandom | dd of="$state/cdr.index" bs=4096 seek=1 conv=notrunc status=none ;;
	1) truncate -s $((size / 2)) "$state/cdr.index" ;;
	2) head -c 4096 /dev/urandom | dd of="$state/cdr.index" conv=notrunc status=none ;;
	3) : >"$state/cdr.index" ;;
	esac
}
for way in 0 1 2 3; do
	damage "$way"
	start_tandem
	# Whoever asks may be the one who finds it.
	ctl --jsonl cdr list >"$lab/ignored" 2>&1
	ctl --jsonl cdr list --number +4930 >"$lab/ignored" 2>&1
	check "damaged, way $way: it is made anew" soon_whole
	check "way $way: calls go on" one_call -s +49403126
	stop_tandem
done

# --- killed

for ((i = 0; i < kills; i++)); do
	((i % 2)) || rm -f "$state"/cdr.index*
	start_tandem
	sleep "0.$(printf '%03d' $((RANDOM % 300)))" # the moment, not a wait
	disown "$tandem_pid"
	kill -KILL "$tandem_pid"
	wait_for 10 is_gone "$tandem_pid"
	stop "$tandem_pid"
done
start_tandem
check "killed $kills times: each record once" soon_whole

# --- what cannot be written

rm "$state"/cdr.index*
mkdir "$state/cdr.index"
check "something else is in its place: an alarm" wait_for 20 status_is .index.failing true
check "that says why" jq -e '.index.why | test("cdr.index")' <(ctl --json status)
check "and is a metric" prints '^tandem_index_failing 1' ctl metrics
check "calls go on" one_call -s +49403127
check "their records too" wait_line 10 "$state/cdr.jsonl" '"to":"\+49403127"'
rmdir "$state/cdr.index"
check "it mends itself" wait_for 20 status_is .index.failing false
check "and has all" soon_whole

# --- an old record by its place

old=$(head -7 "$state/cdr.jsonl.1" | tail -1 | jq -r .id)
ctl --json cdr key | jq -r .key >"$lab/key"
mv "$state/cdr.jsonl.1" "$state/cdr.jsonl.3"
"$builddir/tandemctl" -s "$lab/run/control.sock" cdr proof "$old" >"$lab/old.tlog-proof"
check "a call of a file that was rotated further is proved" \
	"$builddir/tandem-verify" proof --key "$lab/key" "$lab/old.tlog-proof"
"$builddir/tandemctl" -s "$lab/run/control.sock" cdr proof 17 >"$lab/old.tlog-proof"
check "by its number too" jq -e '.verified and .record.seq == 17' \
	<("$builddir/tandem-verify" proof --key "$lab/key" --json "$lab/old.tlog-proof")
check "and shown" test "$(ctl --json call show "$old" | jq -r '.id + " " + .state')" = "$old ended"
mv "$state/cdr.jsonl.3" "$state/cdr.jsonl.1"

# --- what peers write

hostile() { # FROM TO: a request whose call is recorded
	{
		printf 'INVITE sip:%s@127.0.0.1:%s SIP/2.0\r\n' "$2" "$port_external"
		printf 'Via: SIP/2.0/UDP 127.0.0.1:%s;branch=z9hG4bK%s\r\n' "$port_gw" "$RANDOM$RANDOM"
		printf "From: <sip:%s@127.0.0.1>;tag=%s\r\n" "$1" "$RANDOM"
		printf 'To: <sip:%s@127.0.0.1>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n' "$2" "$RANDOM$RANDOM"
		printf 'Max-Forwards: 70\r\nContact: <sip:127.0.0.1:%s>\r\nContent-Length: 0\r\n\r\n' "$port_gw"
	} >"$lab/hostile"
	"$tools/sipsend" -w 300 -b 127.0.0.1 udp 127.0.0.1 "$port_external" "$lab/hostile" >"$lab/sent" 2>&1
}
before=$(cdr_count)
texts=("x');DROP+TABLE=record;--" '=cmd|calc!A0' '%22%3Cscript%3Ealert(1)' 'a%0d%0a{%22v%22:1' '%ff%fe%00b' '-2+3' '+1,2')
for text in "${texts[@]}"; do
	hostile "$text" "+49999${#text}"
done
check "each is one record" wait_cdrs $((before + ${#texts[@]}))
check "of one line each" test "$(tail -n ${#texts[@]} "$state/cdr.jsonl" | jq -c .kind | sort -u)" = '"call"'
check "and one row" soon_whole
check "the rows have the texts" diff <(tail -n ${#texts[@]} "$state/cdr.jsonl" | jq .from | sed 's/\\u0000/�/g') \
	<(ctl --jsonl cdr list --limit ${#texts[@]} | tac | jq .from)
check "the tables are there" index_sql 'SELECT count(*) FROM record'
ctl --csv cdr list --limit ${#texts[@]} >"$lab/hostile.csv"
check "CSV: none begins a formula" bash -c "! grep -qE '(^|,)\"?[=@]' '$lab/hostile.csv'"
python3 - "$lab/hostile.csv" $((${#texts[@]} + 1)) >"$lab/csv.out" 2>&1 <<-'END'
	import csv, sys
	rows = list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8')))
	assert len(rows) == int(sys.argv[2]), len(rows)
	assert len(set(map(len, rows))) == 1, [len(row) for row in rows]
END
check "CSV: Python reads as many rows, of one length" test ! -s "$lab/csv.out"
check "it stops" stop_tandem
finish
