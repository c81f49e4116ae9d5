#!/bin/bash
# What an operator is shown of a call, held against what its peers logged: the ladder of calls that stand, that ended, were
# cancelled, went to the next gateway; of captures that cannot be read, or that somebody has spoiled.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/talk.sh
. "$(dirname "$0")/talk.sh"
need sipp kamailio tshark xmllint

# saw NAME: what sipp NAME logged, a line a message as the ladder has it: "<" came from it, ">" went to it.
saw() {
	awk '/ message received/ { way = ">" }
		/ message sent/ { way = "<" }
		{ sub(/\r$/, "") }
		way && /^[A-Z]+ sips?:.* SIP\/2\.0$/ { print way, $1; way = "" }
		way && /^SIP\/2\.0 / { print way, $2; way = "" }' "$lab/$1/messages"
}

# shown LEG: the same of the ladder in $lab/shown.json.
shown() {
	jq -r --arg leg "$1" '.ladder as $l | $l.messages[] | select($l.parties[.party].leg == $leg) |
		(if .sent then ">" else "<" end) + " " + (if .status > 0 then (.status | tostring) else .method end)' \
		"$lab/shown.json"
}

show() { # ID OPTION...
	ctl --json call show "$@" >"$lab/shown.json"
}

# is CONDITION: of what was shown.
is() {
	jq -e "$1" "$lab/shown.json" >"$lab/is" || {
		jq -c .ladder "$lab/shown.json" | head -c 3000
		return 1
	}
}

# equals LEG PEER: the ladder of that leg is what the peer logged.
equals() {
	diff <(saw "$2") <(shown "$1")
}

# equals_party NAME PEER: the same of the party of that name.
equals_party() {
	diff <(saw "$2") <(jq -r --arg name "$1" '.ladder as $l | $l.messages[] |
		select($l.parties[.party].name == $name) | (if .sent then ">" else "<" end) + " " +
		(if .status > 0 then (.status | tostring) else .method end)' "$lab/shown.json")
}

# The proxy between answers 100 by itself.
equals_behind_front() {
	diff <(saw "$2" | grep -v ' 100$') <(shown "$1" | grep -v ' 100$')
}

# says PATTERN: `call show` of $id says so in text.
says() {
	ctl call show "$id" >"$lab/text" || return 1
	grep -qE -e "$1" "$lab/text" || {
		cat "$lab/text"
		return 1
	}
}

# narrow WIDTH: no line of the ladder is wider, and each is printable.
narrow() {
	COLUMNS=$1 ctl call show "$id" | sed -n '/^a   /,$p' >"$lab/text"
	[[ -s $lab/text ]] && ! LC_ALL=C grep -nE ".{$(($1 + 1))}|[^ -~]" "$lab/text"
}

# page: that of $id is a page by itself: well-formed, with nothing to run or to load, each message whole.
page() {
	ctl call show "$id" --html >"$lab/page.html" && xmllint --noout "$lab/page.html" || return 1
	[[ $(xmllint --xpath 'count(//*[local-name()="script" or local-name()="link" or @src or @href])' "$lab/page.html") == 0 ]] &&
		(($(xmllint --xpath 'count(//*[local-name()="details"]/*[local-name()="pre"])' "$lab/page.html") >= $1))
}

# The texts on the page are the messages of the capture, byte by byte but for their line ends.
page_has_messages() {
	python3 - "$lab/page.html" "$lab/shown.json" <<-'END'
		import json, sys, xml.etree.ElementTree as tree
		page = tree.parse(sys.argv[1]).getroot()
		name = "{http://www.w3.org/1999/xhtml}"
		found = [details.find(name + "pre").text for details in page.iter(name + "details")]
		wanted = [message["text"].replace("\r\n", "\n") for message in json.load(open(sys.argv[2]))["ladder"]["messages"]]
		sys.exit(found[:len(wanted)] != wanted or not wanted)
	END
}

last_id() {
	cdr | jq -r .id
}

open_talks

# --- one that stands, and has ended
check "a call" start_talk
check "it stands: shown" show "$call_number"
check "it stands: from its capture" is '.state == "talking" and .ladder.source == "capture" and .ladder.note == ""'
check "it stands: the gateway saw the same" equals a caller
check "it stands: the server saw the same" equals_behind_front b called
check "its media" talk -n 50 -r 50
check "its end" end_talk
id=$(last_id)
check "it ended: shown by its number" show "$call_number"
check "which is that call" is ".id == \"$id\""
check "it ended: shown by its id" show "$id"
check "it ended: the gateway saw the same" equals a caller
check "it ended: the server saw the same" equals_behind_front b called
check "its messages are those that tshark reads" diff \
	<(ladder "$(capture_of "$id")" | cut -f4) \
	<(jq -r '.ladder.messages[] | if .status > 0 then "SIP/2.0 \(.status) \(.phrase)" else "\(.method) \(.uri) SIP/2.0" end' "$lab/shown.json")
check "its parties" is '[.ladder.parties[].name] == ["trunk gw", "server pbx1"]'
check "how they were protected" is '.ladder.parties[1].how | startswith("TLS1.3 ")'
check "its media lines" is '[.ladder.messages[] | .media[]? | .protocol] == ["RTP/AVP", "RTP/SAVP", "RTP/SAVP", "RTP/AVP"]'
check "and packets" is '.ladder.packets >= 100'
check "no key is in it" eval 'show "$id" --messages && is "[.ladder.messages[].text | select(contains(\"inline:\"))] | length == 2 and all(contains(\"inline:xxxxxxxx\"))"'
check "who looked at them is in the log" has_lines "$lab/tandem.log" "event=act noun=call verb=show arg=\"$id\" value=\"--messages\"" 1
check "in text" says '^ +0\.000  \|-+ INVITE \(1\) -+>\|'
check "who ended it" says '^by +tandem'
for width in 60 80 200; do
	check "in $width columns" narrow $width
done
messages=$(jq '.ladder.messages | length' "$lab/shown.json")
check "a page by itself" page $((messages + 1))
check "with each message" page_has_messages
check "the reader may stop" eval 'ctl call show "$id" | head -1 >"$lab/text"'

# --- cancelled
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_sipp called uas-cancelled u1 "$port_gw" "$port_external"
start_sipp caller uac-cancel+srtp u1 "$port_sipp_server" "$port_front"
check "a call that is cancelled" wait_sipp caller
check "on both sides" wait_sipp called
check "its record" wait_cdrs 2
id=$(last_id)
check "cancelled: shown" show "$id"
check "cancelled: the gateway saw the same" equals b called
check "cancelled: the server saw the same" equals_behind_front a caller
check "cancelled: by whom" is '.cause == "cancel" and ([.ladder.messages[].method] | index("CANCEL"))'

# --- the next gateway takes it
write_trunk() { # NAME PORT PRIORITY
	printf '%s\n' '[gateway]' 'host = gw1.example.test' 'tls = no' 'transport = udp' \
		'options-ping = off' "port = $2" "priority = $3" >"$lab/gateways.d/$1.conf"
}
write_trunk busy "$((port_spare + 20))" 1
write_trunk gw "$port_gw" 2
check "another gateway comes first" ctl -q config reload
code=503 start_sipp busy uas-refuse u1 "$((port_spare + 20))" "$port_external"
start_sipp called uas-answer u1 "$port_gw" "$port_external"
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
check "a call that the first refuses" wait_sipp caller
check "the first did" wait_sipp busy
check "the second took it" wait_sipp called
check "its record" wait_cdrs 3
id=$(last_id)
check "failed over: shown" show "$id"
check "failed over: a column each" is '[.ladder.parties[].name] == ["server pbx1", "trunk busy", "trunk gw"]'
check "failed over: the first saw the same" equals_party "trunk busy" busy
check "failed over: the second saw the same" equals_party "trunk gw" called
check "failed over: the server saw the same" equals_behind_front a caller
rm "$lab/gateways.d/busy.conf"

# --- a peer that would like to be more than text
hostile_invite() {
	local odd='<script>alert(1)</script>"\x27&\xff\xe2\x80\xae'
	printf '%b\r\n' 'INVITE sip:+4930222222@127.0.0.1 SIP/2.0' \
		"Via: SIP/2.0/UDP 127.0.0.1:$port_gw;branch=z9hG4bKhostile;rport" \
		"From: \"<script>alert(1)</script>\" <sip:%3Cb%3E@127.0.0.1>;tag=1" 'To: <sip:+4930222222@127.0.0.1>' \
		'Call-ID: hostile' 'CSeq: 1 INVITE' 'Max-Forwards: 70' \
		"Contact: <sip:x@127.0.0.1:$port_gw>" "Subject: $odd" \
		"Reason: SIP;cause=200;text=\"</pre><img src=x onerror=alert(1)>\"" \
		"User-Agent: \x01</details>$odd" 'Content-Length: 0' '' >"$lab/hostile"
	"$tools/sipsend" -w 5000 udp 127.0.0.1 "$port_external" "$lab/hostile" | grep 486
}
start_sipp called uas-refuse u1 "$port_sipp_server" "$port_front"
check "an odd INVITE" hostile_invite
check "is refused" wait_sipp called
check "has a record" wait_cdrs 4
id=$(last_id)
check "its page is one all the same" page 4
check "and what it sent is text" grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;' "$lab/page.html"
check "which no terminal obeys" narrow 80

# --- what cannot be read
for format in pcapng pcap; do
	sed -i "/^capture-format/d; s/^mode = full/&\ncapture-format = $format/" "$lab/tandem.conf"
	check "$format" ctl -q config reload
	check "$format: a call" start_talk
	check "$format: its end" end_talk
	id=$(last_id)
	check "$format: shown" show "$id"
	check "$format: the gateway saw the same" equals a caller
	check "$format: the server saw the same" equals_behind_front b called
done
folder=$(echo "$lab"/state/audit/*/"$id")
mv "$folder/call.pcap" "$lab/kept.pcap"
check "no capture any more" show "$id"
check "is told from its record" is '.ladder.source == "record" and (.ladder.note | contains("was deleted")) and .capture == ""'
check "with both parties" is '[.ladder.messages[] | select(.method == "INVITE") | .party] == [0, 1]'
check "in one line" says '^it was not captured, or its capture was deleted: this is what its record says$'
: >"$folder/call.pcapng.age"
check "encrypted" show "$id"
check "is told from its record" is '.ladder.source == "record" and (.ladder.note | contains("encrypted"))'
rm "$folder/call.pcapng.age"
ln -s /etc/passwd "$folder/call.pcapng"
check "a link" show "$id"
check "is not followed" is '.ladder.source == "record" and (.ladder.note | contains("no plain file"))'
rm "$folder/call.pcapng"
mkfifo "$folder/call.pcapng"
check "a pipe that nobody writes to" show "$id"
check "is not waited for" is '.ladder.source == "record"'
rm "$folder/call.pcapng"
rmdir "$folder"
ln -s "$lab" "$folder"
check "a folder that is a link" show "$id"
check "is none" is '.ladder.source == "record"'
rm "$folder"
mkdir "$folder"

# Somebody spoils the capture of a call: the answer is whole, and the server lives.
spoil() { # SEED FROM TO
	python3 - "$@" <<-'END'
		import random, sys
		seed, source, target = int(sys.argv[1]), sys.argv[2], sys.argv[3]
		draw = random.Random(seed)
		data = bytearray(open(source, "rb").read())
		for _ in range(draw.randint(1, 8)):
		    at = draw.randrange(len(data))
		    kind = draw.randrange(4)
		    if kind == 0:
		        data[at] ^= 1 << draw.randrange(8)
		    elif kind == 1:
		        del data[at:at + draw.randint(1, 64)]
		    elif kind == 2:
		        data[at:at] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 64)))
		    else:
		        data[at:at + 4] = draw.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\4\0"])
		open(target, "wb").write(data)
	END
}
survives() { # KIND
	local seed
	for seed in {1..25}; do
		rm -f "$folder"/call.*
		spoil "$seed" "$lab/kept.$1" "$folder/call.$1"
		if ! { show "$id" --messages && jq -e '.ladder |
			(.source == "capture") == (.note == "" or (.note | contains("damaged behind")))' \
			"$lab/shown.json" >"$lab/is" && ctl call show "$id" >"$lab/text"; }; then
			echo "seed $seed"
			return 1
		fi
	done
}
cp "$(echo "$lab"/state/audit/*/*/call.pcapng | cut -d' ' -f1)" "$lab/kept.pcapng"
check "spoiled captures, pcapng" survives pcapng
check "spoiled captures, pcap" survives pcap

# --- not captured
sed -i '/^capture-format/d; s/^mode = full/mode = off/' "$lab/tandem.conf"
check "nothing is captured from now on" ctl -q config reload
check "a call" start_talk
check "it stands: shown" show "$call_number"
check "and how to see more" is '.ladder.source == "record" and (.ladder.note | contains("capture start --call"))'
check "its end" end_talk
# --- as it passes: of calls that are not captured
trace() { # NAME OPTION...: in the background; sets trace_pid
	local name=$1
	shift
	"$builddir/tandemctl" -s "$lab/run/control.sock" "$@" >"$lab/$name" 2>"$lab/$name.err" &
	trace_pid=$!
	pids+=("$trace_pid")
	wait_line 10 "$lab/$name.err" tracing
}

# traced NAME LEG: what `saw` says, of a trace as JSON.
traced() {
	jq -r --arg leg "$2" 'select(.leg == $leg) | (if .sent then ">" else "<" end) + " " +
		(if .status > 0 then (.status | tostring) else .method end)' "$lab/$1"
}

has_traced() { # NAME: each message of the call that two sipps made
	diff <(saw caller) <(traced "$1" a) && diff <(saw called | grep -v ' 100$') <(traced "$1" b | grep -v ' 100$')
}

trace all.json --json trace
all=$trace_pid
trace trunk.json --json trace --trunk pbx1 --for 1h
trace other.json --json trace --number +49999
COLUMNS=80 trace narrow trace --number +4930222222
check "four trace at once, and no more" exits 1 ctl trace
check "a call that is traced" start_talk
stop "$all"
check "who ends makes room" trace one.json --json trace --call "$call_number"
one=$trace_pid
check "a reload in the middle" ctl -q config reload
check "its end" end_talk
check "of a server: what its peers saw" wait_for 10 has_traced trunk.json
check "of another number: nothing" test ! -s "$lab/other.json"
check "of one that stood: its end" wait_for 10 eval '[[ $(traced one.json a) == $(traced trunk.json a | tail -2) ]]'
check "it ends with its call" wait_for 10 is_gone "$one"
check "who ended heard nothing behind" eval '(($(jq -s length "$lab/all.json") < $(jq -s length "$lab/trunk.json")))'
check "in 80 columns" eval '! LC_ALL=C grep -nE ".{81}|[^ -~]" "$lab/narrow" && has_lines "$lab/narrow" "\\|-+ BYE \\([0-9]+\\) -+>\\|" 1'
check "both parties are named" eval 'has_lines "$lab/narrow" "  a: trunk gw, call " 1 && has_lines "$lab/narrow" "  b: server pbx1, call " 1'
check "no key is in it" exits 1 grep -q WVNfX1 "$lab/trunk.json" "$lab/narrow"
check "who traced is in the log" has_lines "$lab/tandem.log" 'event=act noun=trace verb= arg="--trunk" value="pbx1"' 1
check "and in the records" eval 'grep -q "\"noun\":\"trace\"" "$lab/state/cdr.jsonl"'
(ctl trace 2>"$lab/head.err" | head -1 >"$lab/headed") &
headed=$!
pids+=("$headed")
wait_line 10 "$lab/head.err" tracing
check "a call that is traced for one line" start_talk
check "head ends it" wait_for 10 is_gone "$headed"
check "with that line" test "$(wc -l <"$lab/headed")" = 1
check "its end" end_talk

# One that does not read: calls go on, what he missed is counted, and told.
trace stopped.json --json trace --trunk gw
kill -STOP "$trace_pid"
cdrs=$(cdr_count)
sipp_options="-m 100 -timeout 60" start_sipp called uas-answer+srtp u1 "$port_sipp_server" "$port_front"
sipp_options="-m 100 -r 25 -timeout 60" start_sipp caller uac-call u1 "$port_gw" "$port_external"
check "a hundred calls while one does not read" wait_sipp caller
check "all of them" wait_cdrs $((cdrs + 100))
kill -CONT "$trace_pid"
wait_sipp called
check "one more" start_talk
check "its end" end_talk
check "how much is missing is told" wait_for 10 eval 'jq -se "map(.lost // 0) | add > 0" "$lab/stopped.json" >"$lab/is"'
check "and all the rest is there" wait_for 10 eval 'jq -se "(map(.lost // 0) | add) + (map(select(.call)) | length) >= 100 * 12" "$lab/stopped.json" >"$lab/is"'
check "nothing is held afterwards" all_released

# --- lost: its process is killed
check "a call that will be lost" start_talk
id=$(ctl --json call list | jq -r '.calls[0].id')
disown "$tandem_pid"
kill -KILL "$tandem_pid"
wait_for 10 is_gone "$tandem_pid"
stop "$tandem_pid"
start_tandem
check "it is shown" show "$id"
check "as its schema has it" python3 "$srcdir/tests/system/schema_check.py" "$srcdir/src/admin/schema/call-show.json" "$lab/shown.json"
check "as one that was lost" is '.kind == "lost" and .state == "ended" and .ladder.messages == []'
check "in text too" says 'killed while it stood'
check "on a page" page 1
finish
