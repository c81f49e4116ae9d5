#!/bin/bash
# A campaign, not part of every check (`make asterisk`): an Asterisk 22 on either side of Tandem, with each kind of
# endpoint that tests/system/asterisk/endpoints lists, as caller and as called one: audio both ways, and a record
# with nothing to note.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/asterisk/lib.sh
. "$(dirname "$0")/asterisk/lib.sh"

options_of() { # KIND
	sed -n "s/^$1 //p" "$srcdir/tests/system/asterisk/endpoints"
}

number=100 # of the next call

# with_others KIND: against an endpoint of the usual kind.
with_others() {
	local what
	what=$(options_of "$1")
	also "the PBX with $what calls plain" talk pbx "p$1" "+49401 00 $number 22"
	also "plain calls the PBX with $what" talk gw u00 "+49300 $1 $((number + 1)) 22"
	also "a call to secure with $what" talk pbx p00 "+49402 $1 $((number + 2)) 22"
	also "secure with $what calls" talk gw "t$1" "+49300 00 $((number + 3)) 22"
	also "plain with $what calls" talk gw "u$1" "+49300 00 $((number + 4)) 22"
	also "a call to plain with $what" talk pbx p00 "+49401 $1 $((number + 5)) 22"
	number=$((number + 6))
}

# with_its_own KIND: both ends are of that kind.
with_its_own() {
	local what
	what=$(options_of "$1")
	also "to plain, both with $what" talk pbx "p$1" "+49401 $1 $number 22"
	also "to secure, both with $what" talk pbx "p$1" "+49402 $1 $((number + 1)) 22"
	also "from plain, both with $what" talk gw "u$1" "+49300 $1 $((number + 2)) 22"
	also "from secure, both with $what" talk gw "t$1" "+49300 $1 $((number + 3)) 22"
	number=$((number + 4))
}

# is_refused NAME ENDPOINT NUMBER STATUS [FILTER]: by Tandem, or by the one who is called.
is_refused() {
	local n
	call_of "$3"
	place "$1" "$2" "$3"
	noted "$1" "$n" RESULT && sip_has "$1" "$n" Received "^SIP/2.0 $4" "^CSeq" &&
		record_says "$3" ".status == $4 and ${5:-true}"
}

lab_open
ast_write
ast_tandem
check "the PBX starts" ast_start pbx
check "the gateway starts" ast_start gw

for kind in 00 01 02 03 05 06 07 09 11 14 15 16 18 19 20 23 24 25 28 29; do
	with_others "$kind"
done
for kind in 10 12 13 17; do
	with_its_own "$kind"
done

# Media that a side with SRTP must not have is refused, both ways, and says why.
also "SRTP that may be left out is refused to the PBX" is_refused pbx p21 "+49401 00 801 22" 488 \
	'(.detail | test("offers no SRTP: a=crypto in RTP/AVP"))'
also "and to secure" is_refused gw t21 "+49300 00 802 22" 488 \
	'(.detail | test("offers no SRTP: a=crypto in RTP/AVP"))'
also "RTP is refused to the PBX" is_refused pbx p26 "+49401 00 803 22" 488 '(.detail | test("offers no SRTP"))'
also "and to secure" is_refused gw t26 "+49300 00 804 22" 488 '(.detail | test("offers no SRTP"))'
also "DTLS is refused to the PBX" is_refused pbx p27 "+49401 00 805 22" 488 '(.detail | test("DTLS"))'
also "and to secure" is_refused gw t27 "+49300 00 806 22" 488 '(.detail | test("DTLS"))'
# who is called by SDES takes it in place of nothing, and refuses it in place of DTLS or RTP
also "a PBX without SRTP refuses" is_refused gw u00 "+49300 26 807 22" 488 '.far_status == 488'
also "secure without SRTP refuses" is_refused pbx p00 "+49402 26 808 22" 488 '.far_status == 488'
also "a PBX with DTLS alone refuses" is_refused gw u00 "+49300 27 809 22" 488 '.far_status == 488'
also "secure with DTLS alone refuses" is_refused pbx p00 "+49402 27 810 22" 488 '.far_status == 488'
# without 100rel toward it
also "who requires 100rel is not called without" is_refused pbx p00 "+49402 04 811 22" 500 '.far_status == 421'

# who requires reliable responses, where they are offered
also "the PBX with 100rel=required calls plain" talk pbx p04 '+49401 00 821 22'
also "secure with it calls" talk gw t04 '+49300 00 822 22'
together
conf_server=('reliable = offer')
trunk_more=('reliable = offer')
ast_configure
check "100rel is offered" ctl -q config reload
with_others 04
with_its_own 04
together
check "nothing is held afterwards" all_released
finish
