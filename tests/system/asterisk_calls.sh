#!/bin/bash
# A campaign, not part of every check (`make asterisk`): Asterisk 22 on both sides of Tandem, as the PBX and as a gateway
# that is in plain and by TLS. What both say of each call, what they heard, and Tandem's record are judged.
. "$(dirname "$0")/lib.sh"
need sipp baresip
[[ -x $tools/faxpage ]] || skip "faxpage is not built: there is no spandsp"
# shellcheck source=tests/system/asterisk/lib.sh
. "$(dirname "$0")/asterisk/lib.sh"

lab_open
ast_write
conf_server=('connected = pass' 'methods = MESSAGE')
trunk_more=("${conf_server[@]}")
ast_tandem
check "the PBX starts" ast_start pbx
check "the gateway starts" ast_start gw
"$tools/faxpage" draw "$(ast_dir pbx)/page.tif"
cp "$(ast_dir pbx)/page.tif" "$(ast_dir gw)/page.tif"

# --- calls with session timers, which stand until the end of this script

# begin NAME ENDPOINT NUMBER: a call that stands.
begin() {
	local n
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$(other "$1")" "$n" TALKS && noted "$1" "$n" TALKS
}

also "a call to plain with timers always" begin pbx p01 '+49401 00 951 22'
also "one to secure with timers required" begin pbx p02 '+49402 00 952 22'
also "one from plain with timers required" begin gw u02 '+49300 00 953 22'
also "one from secure with timers always" begin gw t01 '+49300 00 954 22'
also "one to the PBX with timers always" begin gw u00 '+49300 01 955 22'
also "one to the PBX with timers required" begin gw t00 '+49300 02 956 22'
also "one to plain with timers required" begin pbx p00 '+49401 02 957 22'
also "one to secure with timers always" begin pbx p00 '+49402 01 958 22'
also "one with timers required on both sides" begin pbx p02 '+49402 02 959 22'
also "one with timers always on both sides" begin gw u01 '+49300 01 960 22'
together

# --- who hangs up

also "a call to plain" talk pbx p00 '+49401 00 001 22'
also "a call to secure" talk pbx p00 '+49402 00 002 22'
also "a call from plain" talk gw u00 '+49300 00 003 22'
also "a call from secure" talk gw t00 '+49300 00 004 22'
also "plain hangs up" talk pbx p00 '+49401 00 005 22' gw
also "secure hangs up" talk pbx p00 '+49402 00 006 22' gw
also "the PBX hangs up on plain" talk gw u00 '+49300 00 007 22' pbx
also "the PBX hangs up on secure" talk gw t00 '+49300 00 008 22' pbx
together

# --- causes: the number that names a call is the cause, and 200 a time

# refused NAME ENDPOINT NUMBER DIALSTATUS: as it gets to the caller, in Reason and in what the PBX makes of it.
refused() {
	local n
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$1" "$n" "RESULT $4 " &&
		sip_has "$1" "$n" Received '^SIP/2.0 [3-6]' "^Reason: Q.850;cause=$((10#$n % 200))$" &&
		record_says "$3" ".status >= 400 and .far_reason == \"Q.850;cause=$((10#$n % 200))\""
}

# ended NAME ENDPOINT NUMBER: by the BYE of who was called.
ended() {
	local n
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$1" "$n" "RESULT-H ANSWER " &&
		sip_has "$1" "$n" Received '^BYE' "^Reason: Q.850;cause=$((10#$n % 200))$" &&
		record_says "$3" ".status == 200 and .far_reason == \"Q.850;cause=$((10#$n % 200))\""
}

while read -r status causes; do
	for cause in $causes; do
		printf -v n %03d "$cause"
		also "cause $cause of plain" refused pbx p00 "+49401 00 $n 60" "$status"
		also "cause $cause of the PBX, toward plain" refused gw u00 "+49300 00 $n 60" "$status"
		also "cause $cause of secure" refused pbx p00 "+49402 00 $((cause + 200)) 60" "$status"
		also "cause $cause of the PBX, toward secure" refused gw t00 "+49300 00 $((cause + 200)) 60" "$status"
		also "cause $cause of secure after it rang" refused pbx p00 "+49402 00 $((cause + 400)) 61" '[A-Z]*'
		also "cause $cause of plain in the call" ended pbx p00 "+49401 00 $((cause + 600)) 62"
		also "cause $cause of the PBX in the call" ended gw t00 "+49300 00 $((cause + 600)) 62"
	done
done <<-END
	BUSY 17
	NOANSWER 19 20 31
	CONGESTION 27 34 38 42 127
	CHANUNAVAIL 1 3 18 21 22 28 29 41 58 102
END
together

# --- before the answer

# early NAME ENDPOINT NUMBER: who calls hears the other one before the answer, and behind it.
early() {
	local n to
	to=$(other "$1")
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$to" "$n" EARLY && wait_for 15 ear_has "$1" "$n-dialog" 1 || return 1
	set_of "$to" go "$n" 1
	noted "$1" "$n" TALKS && wait_for 15 ear_has "$to" "$n" 1 || return 1
	bye "$1" "$n"
	noted "$to" "$n" END && hears "$1" "$n-dialog" && record_says "$3" '.status == 200'
}

early_refused() { # NAME ENDPOINT NUMBER
	local n to
	to=$(other "$1")
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$to" "$n" EARLY && wait_for 15 ear_has "$1" "$n-dialog" 1 || return 1
	set_of "$to" go "$n" 1
	noted "$1" "$n" RESULT && hears "$1" "$n-dialog" && record_says "$3" '.status == 404'
}

# ring NAME ENDPOINT NUMBER: until both know.
ring() {
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$(other "$1")" "$n" RINGS && wait_for 15 sip_has "$1" "$n" Received '^SIP/2.0 180' .
}

rings() { # NAME ENDPOINT NUMBER
	local n to
	to=$(other "$1")
	ring "$@" || return 1
	set_of "$to" go "$n" 1
	noted "$1" "$n" TALKS || return 1
	bye "$1" "$n"
	noted "$to" "$n" END && record_says "$3" '.status == 200 and .ringing != null'
}

cancels() { # NAME ENDPOINT NUMBER
	local n number_called channel to
	to=$(other "$1")
	ring "$@" || return 1
	channel=$(ast "$1" 'core show channels concise' | sed -n "s/^\(Local\/$number_called@[^!]*;1\)!.*/\1/p")
	ast "$1" "channel request hangup $channel"
	noted "$to" "$n" END && wait_for 5 sip_has "$to" "$n" Received ^CANCEL . &&
		record_says "$3" '.status == 487 and .cause == "cancel"'
}

n=820
while read -r from endpoint to; do
	also "early media: $endpoint calls $to" early "$from" "$endpoint" "$to $n 40"
	also "early media, then refused: $endpoint calls $to" early_refused "$from" "$endpoint" "$to $((n + 1)) 42"
	also "it rings: $endpoint calls $to" rings "$from" "$endpoint" "$to $((n + 2)) 41"
	also "given up: $endpoint calls $to" cancels "$from" "$endpoint" "$to $((n + 3)) 41"
	n=$((n + 4))
done <<-END
	pbx p00 +49401 00
	pbx p00 +49402 00
	gw u00 +49300 00
	gw t00 +49300 00
	pbx p04 +49401 00
	gw u04 +49300 00
END
together

# --- digits: Asterisk sends them while it sends no audio

digits() { # NAME ENDPOINT NUMBER: the caller's Dial has D().
	local n
	call_of "$3"
	place "$1" "$2" "$3" 'D(1234567890*ABCD)'
	noted "$(other "$1")" "$n" 'DIGITS 1234567890[*]ABCD$' 30 && record_says "$3" '.status == 200'
}

digits_back() { # NAME ENDPOINT NUMBER: SendDTMF of the called one.
	local n
	call_of "$3"
	set_of "$1" what "$n" 33
	place "$1" "$2" "$3"
	noted "$1" "$n" TALKS || return 1
	set_of "$(other "$1")" go "$n" 1
	noted "$1" "$n" 'DIGITS 1234567890[*]ABCD$' 30 && record_says "$3" '.status == 200'
}

n=850
while read -r from endpoint to; do
	also "D() by $endpoint to $to" digits "$from" "$endpoint" "$to $n 33"
	also "SendDTMF of $to to $endpoint" digits_back "$from" "$endpoint" "$to $((n + 1)) 34"
	n=$((n + 2))
done <<-END
	pbx p00 +49401 00
	pbx p00 +49402 00
	gw u00 +49300 00
	gw t00 +49300 00
	pbx p23 +49401 23
	gw t23 +49300 23
END
together

# --- who it is

named() { # NAME ENDPOINT NUMBER PATTERN: the number and name of who calls, the name with all that a name may have
	local n name='Müller (Büro) & Söhne <x>'
	call_of "$3"
	set_of "$1" name "$n" "$name"
	set_of "$1" from "$n" '+493022222'
	talk "$1" "$2" "$3" && sip_has "$(other "$1")" "$n" Received '^INVITE' "$4" &&
		note_of "$(other "$1")" "$n" COMES | grep -aF "from=+493022222 name=\"$name\""
}

connected() { # NAME ENDPOINT NUMBER: it becomes another one in the call
	local n to
	to=$(other "$1")
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$1" "$n" TALKS || return 1
	set_of "$to" go "$n" 1
	noted "$to" "$n" TALKS && wait_for 10 sip_has "$1" "$n" Received '^(INVITE|UPDATE)' \
		'^P-Asserted-Identity: "Zentrale" <sip:[+]49309999@' || return 1
	wait_for 15 ear_has "$to" "$n" 1.3 && wait_for 15 ear_has "$1" "$n" 1.3 || return 1
	bye "$1" "$n"
	noted "$1" "$n" END && noted "$to" "$n" END && hears "$1" "$n" && hears "$to" "$n"
}

also "a name to plain" named pbx p00 '+49401 00 901 22' '^From: ".*<sip:[+]493022222@'
also "a name from secure" named gw t00 '+49300 00 902 22' '^From: ".*<sip:[+]493022222@'
also "P-Asserted-Identity to plain" named pbx p06 '+49401 06 903 22' '^P-Asserted-Identity: .*<sip:[+]493022222@'
also "Remote-Party-ID from secure" named gw t07 '+49300 07 904 22' '^Remote-Party-ID: .*<sip:[+]493022222@'
also "plain is another one now, by re-INVITE" connected pbx p06 '+49401 06 911 23'
also "secure is another one now, by re-INVITE" connected pbx p06 '+49402 06 912 23'
also "the PBX is another one now, by re-INVITE" connected gw u06 '+49300 06 913 23'
also "the PBX is another one now, by UPDATE" connected gw t25 '+49300 25 914 23'
also "plain is another one now, by UPDATE" connected pbx p25 '+49401 25 915 23'
together

# forwards NUMBER: plain calls the PBX, which forwards to secure by a call of its own, as the one who was called.
forwards() {
	local n number_called
	call_of "$1"
	set_of pbx target "$n" "$(echo "+49402 29 $((n + 1)) 22" | tr -d ' ')"
	set_of pbx endpoint "$n" p29
	set_of pbx header "$((n + 1))" Diversion
	set_of pbx value "$((n + 1))" "<sip:$number_called@pbx1.example.test>\;reason=unconditional"
	place gw u00 "$1"
	noted gw "$((n + 1))" TALKS && noted gw "$n" TALKS || return 1
	wait_for 15 ear_has gw "$((n + 1))" 1.3 && wait_for 15 ear_has gw "$n" 1.3 || return 1
	bye gw "$n"
	noted gw "$((n + 1))" END && hears gw "$n" 1000 && hears gw "$((n + 1))" 1000 &&
		sip_has gw "$((n + 1))" Received ^INVITE "^Diversion: <sip:[+]${number_called#+}@.*;reason=unconditional" &&
		record_says "$1" '.status == 200' && record_says "+49402 29 $((n + 1)) 22" '.status == 200'
}
check "the PBX forwards, and says so" forwards '+49300 29 920 72'

# --- messages

message() { # NAME ENDPOINT NUMBER
	local n number_called
	call_of "$3"
	set_of "$1" endpoint "$n" "$2"
	set_of "$1" target "$n" "${contact_of[${2:0:1}]}"
	ast "$1" "channel originate Local/$number_called@send/n application Wait 0" >/dev/null
	noted "$1" "$n" 'SENT SUCCESS' && wait_line 10 "$(ast_dir "$(other "$1")")/log/messages" \
		"MESSAGE .*to=.*\"Watson, come here.\"" && record_says "$3" '.method == "MESSAGE" and .status < 300'
}
check "a message to plain" message pbx p00 '+49401 00 931 00'
check "a message from secure" message gw t00 '+49300 00 932 00'

# --- fax

# fax NAME ENDPOINT NUMBER FILTER: a page from NAME, in a call whose record is as FILTER says.
fax() {
	local n number_called to
	to=$(other "$1")
	call_of "$3"
	set_of "$1" what "$n" 81
	# not by Local, which does not pass on T.38
	ast "$1" "channel originate PJSIP/$number_called@$2 extension $number_called@caller" >/dev/null
	noted "$to" "$n" 'FAX SUCCESS 1 ' 120 && noted "$1" "$n" END &&
		"$tools/faxpage" same "$(ast_dir "$to")/rec/$to-$n.tif" && record_says "$3" "$4"
}
# T.38 is refused by default, and so the page goes as audio.
at_once=4
also "a fax to plain, T.38 refused" fax pbx p08 '+49401 08 941 80' '.internal.media == "AES_CM_128_HMAC_SHA1_80"'
also "a fax from secure, T.38 refused" fax gw t08 '+49300 08 942 80' '.internal.media == "AES_CM_128_HMAC_SHA1_80"'
also "a fax as audio, nobody asks for T.38" fax pbx p00 '+49402 00 943 80' '.internal.media == "AES_CM_128_HMAC_SHA1_80"'
together
conf_server+=('t38 = relay' 'exception-until = 2199-01-01' 'exception-reason = fax')
trunk_more+=('t38 = relay' 'exception-until = 2199-01-01' 'exception-reason = fax')
ast_configure
check "T.38 is relayed now" ctl -q config reload
also "a fax to plain by T.38" fax pbx p08 '+49401 08 944 80' '.internal.media == "UDPTL"'
also "a fax from plain by T.38" fax gw u08 '+49300 08 945 80' '.internal.media == "UDPTL"'
also "a fax to secure by T.38" fax pbx p08 '+49402 08 946 80' '.internal.media == "UDPTL"'
also "a fax from secure by T.38" fax gw t08 '+49300 08 947 80' '.internal.media == "UDPTL"'
together

# --- the calls with timers

refreshes() { # NAME N
	sip_of "$1" "$2" '' '^(UPDATE|INVITE)' | grep -ac '^CSeq: '
}

was_refreshed() { # NAME N
	(($(refreshes "$1" "$2") >= 2))
}

# stood NAME N TIMED: it was refreshed toward those with timers, and ends as others do.
stood() {
	local name
	for name in $3; do
		wait_for 60 was_refreshed "$name" "$2" || {
			echo "no refresh of $name"
			return 1
		}
	done
	[[ -z $(note_of "$1" "$2" RESULT) ]] || return 1
	bye "$1" "$2"
	noted "$1" "$2" END && noted "$(other "$1")" "$2" END && hears "$1" "$2" && hears "$(other "$1")" "$2"
}
also "the call to plain with timers always" stood pbx 951 pbx
also "the one to secure with timers required" stood pbx 952 pbx
also "the one from plain with timers required" stood gw 953 gw
also "the one from secure with timers always" stood gw 954 gw
also "the one to the PBX with timers always" stood gw 955 pbx
also "the one to the PBX with timers required" stood gw 956 pbx
also "the one to plain with timers required" stood pbx 957 gw
also "the one to secure with timers always" stood pbx 958 gw
also "the one with timers required on both sides" stood pbx 959 'pbx gw'
also "the one with timers always on both sides" stood gw 960 'pbx gw'
together
check "nothing is held afterwards" all_released
check "every call has one record" test "$(grep -c '"method":"INVITE"' "$lab/state/cdr.jsonl")" = "$(status .calls.started)"
check "no key in the log" bash -c "! grep -aE 'inline:[A-Za-z0-9+/]' '$lab/tandem.log'"
finish
