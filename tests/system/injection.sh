#!/bin/bash
# What a far end writes into the fields of its messages stays a text: quotes, folded lines, controls, SQL, HTML, formulas, bytes that
# are no UTF-8, a NUL, headers of 60 kB. Each call that begins has one record, of one line that is JSON, and lines of the log of
# which each is one; its capture opens; nothing is executed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.sh"
need sipp tshark capinfos mergecap xmllint

lab_open
write_conf
sed -i 's/^mode = full/mode = signalling/' "$lab/tandem.conf"
write_pair
start_tandem
mkdir "$lab/called"
sipp_scenario "$srcdir/tests/system/sipp/uas-refuse.xml" 0 486 >"$lab/called/scenario.xml"
(cd "$lab/called" && exec sipp -sf scenario.xml -i 127.0.0.2 -p "$port_spare" -nostdin) >"$lab/called/log" 2>&1 </dev/null &
pids+=($!)
wait_for 10 listens "$port_spare" udp 127.0.0.2

# invite NUMBER FROM HEADERS: an INVITE whose From has this display name, with further headers. Printed by printf %b.
invite() {
	printf '%b' "INVITE sip:+49403123@127.0.0.1:$port_external SIP/2.0\r\n" \
		"Via: SIP/2.0/UDP 127.0.0.1:$port_gw;branch=z9hG4bKinject$1;rport\r\n" \
		"From: $2 <sip:+49402$1@127.0.0.1>;tag=t$1\r\n" "To: <sip:+49403123@127.0.0.1>\r\n" \
		"Call-ID: inject$1@127.0.0.1\r\n" "CSeq: 1 INVITE\r\n" "Max-Forwards: 70\r\n" \
		"Contact: <sip:127.0.0.1:$port_gw>\r\n" "$3" "Content-Type: application/sdp\r\n" >"$lab/invite$1"
	printf 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n' >"$lab/body"
	printf 'Content-Length: %d\r\n\r\n' "$(stat -c %s "$lab/body")" >>"$lab/invite$1"
	cat "$lab/body" >>"$lab/invite$1"
}

long=$(head -c 60000 /dev/zero | tr '\0' x)
texts=(
	'"plain"'
	'"a\\\\"b\\\\\\\\"'
	'"a\\r\\n b"'
	'"\\x01\\x1b[31m\\x7f"'
	"\"'); DROP TABLE calls;--\""
	'"<script>alert(1)</script>&amp;"'
	'"=cmd|/C calc!A0"'
	'"\\xff\\xfe\\xc0\\x80\\xed\\xa0\\x80"'
	'"$(touch '"$lab"'/executed)`touch '"$lab"'/executed`"'
	'"a%n%s%x"'
)
headers=(
	''
	'Subject: "\\"}\\r\\n,{\\"kind\\":\\"call\\"}\\r\\n'
	'Subject: a\\r\\n b\\r\\n\\tc\\r\\n'
	'P-Asserted-Identity: "<b>;" <sip:+49402@127.0.0.1>\\r\\n'
	'User-Agent: \\x1b]0;title\\x07\\r\\n'
	'Reason: Q.850;cause=16;text="\\\\"},{"\\r\\n'
	"Subject: $long\\r\\n"
	'Subject: a\\0b\\r\\n'
	'Diversion: "=1+1" <sip:+49402@127.0.0.1>;reason=unknown\\r\\n'
	'X-Any: event=end call=x\\r\\n'
)
sent=0
for text in "${texts[@]}"; do
	for header in "${headers[@]}"; do
		sent=$((sent + 1))
		invite "$sent" "${text//\\\\/\\}" "${header//\\\\/\\}"
	done
done
for ((i = 1; i <= sent; i++)); do
	"$tools/sipsend" -w 20 udp 127.0.0.1 "$port_external" "$lab/invite$i" >>"$lab/answers" 2>&1
done

begun() { lines "$lab/tandem.log" 'event=begin'; }
check "most of them begin a call" eval '(($(begun) >= sent / 2))'
check "all calls end" wait_for 60 status_is .calls.now 0
check "each has one record" eval '(($(begun) == $(cdr_count)))'
check "each line of the records is one of JSON" eval \
	'test "$(wc -l <"$lab/state/cdr.jsonl")" = "$(jq -c . "$lab/state/cdr.jsonl" | wc -l)"'
check "with the members of a record, whatever the text" eval \
	'! records | jq -c "del(.diverted_by, .diverted_reason) | keys" | sort -u | sed 1d | grep -q .'
check "and no control character" exits 1 grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/state/cdr.jsonl"
check "each line of the log begins as one does" exits 1 grep -qavE \
	'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z (error|warning|info|debug) [a-z]+ ' "$lab/tandem.log"
check "no control character in it" exits 1 grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/tandem.log"
check "one line says that a call ended" eval '(($(lines "$lab/tandem.log" " call=[^ ]+ event=end ") == $(cdr_count)))'
check "the list of calls is JSON" eval 'ctl --json cdr tail 100 | jq -e "length == 100 or length == $(cdr_count)"'
# All of them in one file, for each start of tshark takes its time.
captures_open() {
	local files=("$lab"/state/audit/*/*/call.pcapng)
	((${#files[@]} == $(cdr_count))) && capinfos -Tc "${files[@]}" >"$lab/opened" 2>&1 &&
		mergecap -w "$lab/all.pcapng" "${files[@]}" >>"$lab/opened" 2>&1 &&
		tshark -r "$lab/all.pcapng" 2>>"$lab/opened" >"$lab/packets" &&
		(($(wc -l <"$lab/packets") >= 2 * ${#files[@]})) && ! grep -i 'cut short\|damaged\|corrupt' "$lab/opened" || {
		echo "${#files[@]} files"
		tail "$lab/opened"
		return 1
	}
}
check "each capture opens" captures_open
pages_are_sound() {
	local id count=0
	for id in $(records | jq -r .id | head -30); do
		ctl call show "$id" --html >"$lab/page" && xmllint --noout "$lab/page" || return 1
		! grep "<script>alert" "$lab/page" || return 1
		count=$((count + 1))
	done
	((count == 30))
}
check "thirty pages of calls are well-formed" pages_are_sound
check "nothing was executed" test ! -e "$lab/executed"
ctl --json cdr key | jq -r .key >"$lab/key"
check "all is signed" wait_for 10 "$builddir/tandem-verify" log --key "$lab/key" --live "$lab/state"
check "nothing is held afterwards" all_released
finish
