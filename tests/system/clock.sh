#!/bin/bash
# Time goes by, as faketime tells it: a certificate and a CRL run out while calls stand, and
# a certificate that waits has its day. Only tandemd lives in that time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need baresip faketime
. "$(dirname "$0")/time.sh"

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
log() { lines "$lab/tandem.log" "$1"; }

start_alice() {
	start_phone alice "$port_pbx" 440 "$secure" \
		"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
}

call_bob() {
	start_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
}

ended_with() { # CAUSE WORD
	[[ $(cdr | jq -r .cause) == "$1" && $(cdr | jq -r .detail) == *"$2"* ]] || {
		cdr
		return 1
	}
}

lab_open
server_port=$((port_pbx + 1))
# Three things run out: a peer's certificate in 30 days, the list in 60; ours has a
# successor from the 90th day on.
issue pbx1 enterprise-ca pbx1.example.test -$day $((30 * day))
issue internal enterprise-ca med1.example.test -$day $((100 * day))
issue next enterprise-ca med1.example.test $((80 * day)) $((300 * day))
write_crl enterprise-ca enterprise.crl $((60 * day))
old_serial=$(serial_of internal)
next_serial=$(serial_of next)
conf_internal=('next-certificate = certs/next.pem' 'next-key = certs/next.key'
	"next-from = $(date -u -d '+90 days' +%F)")
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'

# --- a certificate expires while its owner talks; nobody touches the clock

expires=$(date -d "$(openssl x509 -in "$lab/certs/pbx1.pem" -noout -enddate |
	cut -d= -f2)" +%s)
later $((expires - $(date +%s) - 20))
start_tandem_in_time
start_alice
check "a call stands, shortly before a certificate expires" call_bob
cdrs=$(cdr_count)
check "on that second its connection is closed" \
	wait_line 60 "$lab/tandem.log" 'rule=expired .*side=internal'
check "the gateway's side got its BYE" wait_event bob CALL_CLOSED "${calls_of[bob]}"
check "the call has its record" wait_cdrs $((cdrs + 1))
check "which says why" ended_with peer-refused rule=expired
check "and nobody set the clock" test "$(log event=clock-set)" = 0
stop_phone alice

# --- a list runs out; the clock jumps

issue pbx1 enterprise-ca pbx1.example.test -$day $((300 * day))
start_alice
check "with a new certificate a call stands" call_bob
cdrs=$(cdr_count)
later $((61 * day))
check "the clock is set: that is noticed" \
	wait_line 30 "$lab/tandem.log" 'event=clock-set'
check "the list is stale: closed" \
	wait_line 10 "$lab/tandem.log" 'rule=crl-stale .*side=internal'
check "the gateway's side got its BYE" wait_event bob CALL_CLOSED "${calls_of[bob]}"
check "the call has its record" wait_cdrs $((cdrs + 1))
check "which says why" ended_with peer-refused rule=crl-stale
stop_phone alice

# --- a certificate of ours takes over on its day

reloads=$(log event=tls-files-reloaded)
write_crl enterprise-ca enterprise.crl $((300 * day))
check "a fresh list" wait_line 20 "$lab/tandem.log" event=tls-files-reloaded $((reloads + 1))
start_alice
check "a call stands" call_bob
check "the old certificate is presented" presents "$port_internal" pbx1 "$old_serial"
# Ten seconds before midnight of that day; then it comes by itself.
midnight=$(date -u -d "$(date -u -d '+90 days' +%F)" +%s)
later $((midnight - $(date +%s) - 10))
check "its day comes" wait_line 60 "$lab/tandem.log" 'event=certificate-switched count=1'
check "the next certificate is presented" presents "$port_internal" pbx1 "$next_serial"
check "the call stands" status_is .calls.answered 1
check "and is heard" wait_for 15 recorded bob 2 "${calls_of[bob]}"
jumps=$(log event=clock-set)
later $((120 * day))
check "the old one has expired by now" \
	wait_line 30 "$lab/tandem.log" event=clock-set $((jumps + 1))
check "a reload is fine" ctl -q config reload
check "the next one is still presented" presents "$port_internal" pbx1 "$next_serial"
check "the call stands through all of it" status_is .calls.answered 1
check "it ends in order" end_call alice bob
check "nothing is held afterwards" all_released
finish
