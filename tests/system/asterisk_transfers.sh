#!/bin/bash
# A campaign, not part of every check (`make asterisk`): an Asterisk 22 on either side of Tandem transfers calls, by REFER,
# by REFER with Replaces, and before it answers. Who hears whom then, what the Asterisk is told of it, and Tandem's
# records are judged.
. "$(dirname "$0")/lib.sh"
need sox
# shellcheck source=tests/system/asterisk/lib.sh
. "$(dirname "$0")/asterisk/lib.sh"

lab_open
ast_write
conf_server=('transfer = handle' 'connected = pass' 'reliable = offer' 'redirect = follow')
trunk_more=("${conf_server[@]}")
ast_tandem
check "the PBX starts" ast_start pbx
check "the gateway starts" ast_start gw

# at_last NAME N HERTZ: what it heard in the end, when the call is over.
at_last() {
	local end=$lab/end-$1-$2.wav
	sox "$(ear "$1" "$2")" "$end" reverse trim 0 0.9 reverse && "$tools/tone" "$end" "$3" 0.5 0 0.4
}

# longer NAME N SECONDS: its recording grows by so much.
longer() {
	local size
	size=$(stat -c %s "$(ear "$1" "$2")" 2>/dev/null || echo 0)
	wait_for 15 ear_has "$1" "$2" "$(awk "BEGIN { print ($size - 44) / 16000 + $3 }")"
}

# begin NAME ENDPOINT NUMBER [SERVICE]: a call that stands, in which NAME does SERVICE (22).
begin() {
	local n number_called
	call_of "$3"
	if [[ ${4:-22} == 22 ]]; then
		place "$1" "$2" "$3"
	else
		# not by Local, which cannot refer
		set_of "$1" what "$n" "$4"
		ast "$1" "channel originate PJSIP/$number_called@$2 extension $number_called@caller" >/dev/null
	fi
	noted "$1" "$n" TALKS && noted "$(other "$1")" "$n" TALKS &&
		wait_for 15 ear_has "$1" "$n" 0.5 && wait_for 15 ear_has "$(other "$1")" "$n" 0.5
}

# refer NAME WAY N NUMBER [CALL]: NAME, which reaches Tandem by WAY, transfers its call N to NUMBER, in place of its own call CALL.
refer() {
	local target="sip:${4// /}@${contact_of[$2]}"
	[[ -z ${5-} ]] || target="$target?Replaces=$(get_of "$1" dialog "$5")"
	# Transfer() writes it as it is: with brackets, and in the calls of odd numbers without
	[[ $3 != *[02468] || -z ${5-} ]] || target="<$target>"
	set_of "$1" target "$3" "$target"
}

# connected_now NAME N OTHER M: who stays and who came in hear each other, and only they; OTHER hangs up.
connected_now() {
	longer "$1" "$2" 1.2 && longer "$3" "$4" 1.2 || {
		echo "nothing is heard"
		return 1
	}
	bye "$3" "$4"
	noted "$1" "$2" END && noted "$3" "$4" END && at_last "$3" "$4" "${tones[$1]}" && at_last "$1" "$2" "${tones[$3]}"
}

# transfer_says NUMBER FILTER: of the only transfer of the call to NUMBER.
transfer_says() {
	record_says "$1" "(.transfers | length) == 1 and (.transfers[0] | $2)"
}

# blind NAME WAY CALLER ENDPOINT NUMBER TARGET: CALLER calls NUMBER; NAME, which is one of the two, refers the other one to TARGET.
blind() {
	local name=$1 n m stays to service=22
	call_of "$6"
	m=$n
	call_of "$5"
	stays=$(other "$name") to=$(other "$name")
	[[ $3 != "$name" ]] || service=70
	begin "$3" "$4" "$5" "$service" || return 1
	refer "$name" "$2" "$n" "$6"
	noted "$to" "$m" TALKS && noted "$name" "$n" 'TRANSFER SUCCESS' && connected_now "$stays" "$n" "$to" "$m" &&
		transfer_says "$5" ".status == 200 and .to == \"${6// /}\""
}

# attended NAME WAY CALLER ENDPOINT NUMBER CONSULTING CONSULTED: before that NAME has a second call, which CONSULTING, an
# endpoint of it, began.
attended() {
	local name=$1 n m stays to service=22
	call_of "$7"
	m=$n
	call_of "$5"
	stays=$(other "$name") to=$(other "$name")
	[[ $3 != "$name" ]] || service=70
	begin "$3" "$4" "$5" "$service" && begin "$name" "$6" "$7" || return 1
	refer "$name" "$2" "$n" "$7" "$m"
	noted "$name" "$n" 'TRANSFER SUCCESS' && noted "$name" "$m" END && connected_now "$stays" "$n" "$to" "$m" &&
		transfer_says "$5" ".status == 200"
}

# refuses NAME WAY CALLER ENDPOINT NUMBER TARGET STATUS: the target refuses, and the two go on talking.
refuses() {
	local name=$1 n stays service=22
	call_of "$5"
	stays=$(other "$name")
	[[ $3 != "$name" ]] || service=70
	begin "$3" "$4" "$5" "$service" || return 1
	refer "$name" "$2" "$n" "$6"
	noted "$name" "$n" "TRANSFER FAILURE $7" && connected_now "$stays" "$n" "$name" "$n" &&
		transfer_says "$5" ".status == $7"
}

# is_refused NAME WAY CALLER ENDPOINT NUMBER TARGET: REFER is, and the two go on talking.
is_refused() {
	local name=$1 n service=22
	call_of "$5"
	[[ $3 != "$name" ]] || service=70
	begin "$3" "$4" "$5" "$service" || return 1
	refer "$name" "$2" "$n" "$6"
	noted "$name" "$n" 'TRANSFER FAILURE' && connected_now "$(other "$name")" "$n" "$name" "$n" &&
		record_says "$5" '.transfers == []'
}

also "the PBX refers plain to secure" blind pbx p gw u00 '+49300 00 100 70' '+49402 00 101 22'
also "the PBX refers secure to plain" blind pbx p gw t00 '+49300 00 102 70' '+49401 00 103 22'
also "the PBX, which called, refers plain to secure" blind pbx p pbx p00 '+49401 00 104 22' '+49402 00 105 22'
also "the PBX, which called, refers secure to plain" blind pbx p pbx p00 '+49402 00 106 22' '+49401 00 107 22'
also "plain refers the PBX to another of its numbers" blind gw u pbx p00 '+49401 00 108 70' '+49300 00 109 22'
also "secure refers the PBX" blind gw t pbx p00 '+49402 00 110 70' '+49300 00 111 22'
also "plain, which called, refers the PBX" blind gw u gw u00 '+49300 00 112 22' '+49300 00 113 22'
also "secure, which called, refers the PBX" blind gw t gw t00 '+49300 00 114 22' '+49300 00 115 22'
together
also "attended: the PBX joins plain and secure" attended pbx p gw u00 '+49300 00 120 70' p00 '+49402 00 121 22'
also "attended: the PBX joins secure and plain" attended pbx p gw t00 '+49300 00 122 70' p00 '+49401 00 123 22'
also "attended: the PBX, which called both" attended pbx p pbx p00 '+49401 00 124 22' p00 '+49402 00 125 22'
also "attended: plain joins two calls with the PBX" attended gw u pbx p00 '+49401 00 126 70' u00 '+49300 00 127 22'
also "attended: secure joins two calls with the PBX" attended gw t pbx p00 '+49402 00 128 70' t00 '+49300 00 129 22'
also "attended: the PBX leaves the brackets of Refer-To away" attended pbx p gw u00 '+49300 00 133 70' p00 '+49402 00 134 22'
also "attended: plain, which called both" attended gw u gw u00 '+49300 00 130 22' u00 '+49300 00 131 22'
together
also "who is busy" refuses pbx p gw u00 '+49300 00 140 70' '+49402 00 017 60' 486
also "nobody" refuses pbx p gw u00 '+49300 00 142 70' '+49402 00 001 60' 404
also "plain refers to who is busy" refuses gw u pbx p00 '+49401 00 144 70' '+49300 00 217 60' 486
also "a number that no route takes" refuses pbx p gw t00 '+49300 00 146 70' '+49900 00 147 22' 404
together

# rung NAME WAY CALLER ENDPOINT NUMBER TARGET: the target rings, and answers later.
rung() {
	local name=$1 n m to service=22
	call_of "$6"
	m=$n
	call_of "$5"
	to=$(other "$name")
	[[ $3 != "$name" ]] || service=70
	begin "$3" "$4" "$5" "$service" || return 1
	refer "$name" "$2" "$n" "$6"
	noted "$to" "$m" RINGS || return 1
	set_of "$to" go "$m" 1
	noted "$to" "$m" TALKS && noted "$name" "$n" 'TRANSFER SUCCESS' && connected_now "$to" "$n" "$to" "$m"
}

also "the target rings" rung pbx p gw u00 '+49300 00 150 70' '+49402 00 151 41'
also "the target rings, at the PBX" rung gw t pbx p00 '+49402 00 152 70' '+49300 00 153 41'
also "with timers, required on both sides" blind pbx p gw u02 '+49300 02 154 70' '+49402 02 155 22'
also "with 100rel, required on both sides" blind pbx p gw u04 '+49300 04 156 70' '+49402 04 157 22'
also "attended with timers" attended gw t pbx p02 '+49402 02 158 70' t02 '+49300 02 159 22'
together

# --- before the answer: 302

# redirects NAME ENDPOINT NUMBER TARGET: who is called names another number, which is called in its place.
redirects() {
	local n m to
	call_of "$4"
	m=$n
	call_of "$3"
	to=$(other "$1")
	set_of "$to" target "$n" "sip:${4// /}@med1.example.test"
	place "$1" "$2" "$3"
	noted gw "$m" TALKS && noted "$1" "$n" TALKS && wait_for 15 ear_has "$1" "$n" 0.5 && connected_now "$1" "$n" gw "$m"
}
also "the PBX redirects plain to secure" redirects gw u00 '+49300 00 170 71' '+49402 00 171 22'
also "plain redirects the PBX to secure" redirects pbx p00 '+49401 00 172 71' '+49402 00 173 22'
together

# passes NUMBER: the 302 of plain gets to the PBX, with its number at our host.
passes() {
	local n
	call_of "$1"
	set_of gw target "$n" 'sip:+4940299@gw9.example.test'
	place pbx p00 "$1"
	noted gw "$n" END && wait_for 10 sip_has pbx "$n" Received '^SIP/2.0 302' '^Contact: <sip:[+]4940299@med1.example.test'
}
conf_server=('transfer = refuse' 'redirect-out = yes')
trunk_more=('transfer = refuse' 'redirect = pass')
ast_configure
check "redirections are passed, and transfers refused" ctl -q config reload
check "the PBX hears of a redirection" passes '+49401 00 174 71'
also "no transfer of plain" is_refused pbx p gw u00 '+49300 00 180 70' '+49402 00 181 22'
also "no transfer of the PBX" is_refused gw t pbx p00 '+49402 00 182 70' '+49300 00 183 22'
together
check "nothing is held afterwards" all_released
check "no key in the log" bash -c "! grep -aE 'inline:[A-Za-z0-9+/]' '$lab/tandem.log'"
finish
