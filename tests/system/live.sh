#!/bin/bash
# TLS files that change while calls stand: nobody reloads anything. Revoked peers lose their
# connections and calls; new certificates serve new connections, in both roles; what is
# half-written, mismatched or open to others is refused, and the old serves on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need baresip kamailio

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
log() { lines "$lab/tandem.log" "$1"; }
log_grows() { wait_line 20 "$lab/tandem.log" "$1" $(($2 + 1)); } # PATTERN COUNT-BEFORE

start_alice() {
	start_phone alice "$port_pbx" 440 "$secure" \
		"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
}

call_bob() {
	start_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
}

# The record of the last call: its cause, and the rule in its detail.
ended_with() { # CAUSE WORD
	[[ $(cdr | jq -r .cause) == "$1" && $(cdr | jq -r .detail) == *"$2"* ]] || {
		cdr
		return 1
	}
}

lab_open
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem
start_alice
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'

# --- a server's certificate is revoked while it talks

check "a call stands" call_bob
reloads=$(log 'event=tls-files-reloaded')
cdrs=$(cdr_count)
check "its certificate is revoked" write_crl enterprise-ca enterprise.crl 86400 pbx1
check "the changed file is noticed" log_grows 'event=tls-files-reloaded' "$reloads"
check "the server's connection is closed" \
	wait_line 10 "$lab/tandem.log" 'rule=revoked .*side=internal'
check "the gateway's side got its BYE" wait_event bob CALL_CLOSED "${calls_of[bob]}"
check "the call has its record" wait_cdrs $((cdrs + 1))
check "which says why" ended_with peer-refused rule=revoked
check "no connection to it was tried" test "$(log 'by=us remote=.*peer="server pbx1"')" = 0
check "nothing is held" all_released
stop_phone alice

reloads=$(log 'event=tls-files-reloaded')
check "the list without it" write_crl enterprise-ca enterprise.crl 86400
check "is noticed" log_grows 'event=tls-files-reloaded' "$reloads"
start_alice
check "it is let in again" call_bob

# --- our own certificate, while that call stands

old_serial=$(serial_of internal)
errors=$(log 'event=tls-files-refused')
reloads=$(log 'event=tls-files-reloaded')
check "presented before" presents "$port_internal" pbx1 "$old_serial"
check "a new certificate and key, one after the other" \
	issue internal enterprise-ca med1.example.test
check "are noticed" log_grows 'event=tls-files-reloaded' "$reloads"
new_serial=$(serial_of internal)
check "it is another" test "$new_serial" != "$old_serial"
check "the new one is presented" presents "$port_internal" pbx1 "$new_serial"
check "nothing was refused in between" test "$(log 'event=tls-files-refused')" = "$errors"
check "the call stands" status_is .calls.answered 1

mv "$lab/certs/internal.key" "$lab/certs/internal.key.kept"
cp "$lab/certs/external.key" "$lab/certs/internal.key"
check "another's key: refused, and the file is named" \
	wait_line 20 "$lab/tandem.log" 'event=tls-files-refused .*internal.key does not belong to'
check "the old pair serves" presents "$port_internal" pbx1 "$new_serial"
check "tandemd -t refuses it too" exits 6 "$builddir/tandemd" -t -c "$lab/tandem.conf"
cp "$lab/certs/internal.key.kept" "$lab/certs/internal.key"
cp "$lab/certs/internal.pem" "$lab/certs/internal.pem.kept"
head -c 300 "$lab/certs/internal.pem.kept" >"$lab/certs/internal.pem"
check "half a certificate: refused" \
	wait_line 20 "$lab/tandem.log" 'event=tls-files-refused .*internal.pem: a certificate chain that is damaged'
check "the old pair serves on" presents "$port_internal" pbx1 "$new_serial"
cp "$lab/certs/internal.pem.kept" "$lab/certs/internal.pem"
chmod 644 "$lab/certs/internal.key"
check "a key that others may read: refused" wait_line 20 "$lab/tandem.log" \
	'event=tls-files-refused .*internal.key: a private key that others may read'
check "it serves on" presents "$port_internal" pbx1 "$new_serial"

# A bad file of ours holds up no revocation.
reloads=$(log 'rule=revoked .*side=internal')
check "a list that revokes it, beside the open key" \
	write_crl enterprise-ca enterprise.crl 86400 pbx1
check "counts all the same" log_grows 'rule=revoked .*side=internal' "$reloads"
check "the call ended" wait_event bob CALL_CLOSED "${calls_of[bob]}"
chmod 600 "$lab/certs/internal.key"
write_crl enterprise-ca enterprise.crl 86400
stop_phone alice
stop_phone bob

# --- a gateway over TLS, which we connect to

write_gateway 'tls = yes' "port = $port_gw"
check "reload to TLS" ctl -q config reload
start_front front-gw1 "$port_gw" $((port_spare + 2)) \
	"sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
start_alice
start_phone bob "$port_spare" 620 "$secure" \
	"$lab/certs/gw1-combined.pem" "$lab/certs/carriers-ca.pem"
let_in() { presents "$port_internal" pbx1 "$new_serial"; }
check "the server is let in again" wait_for 20 let_in
check "a call to the gateway" place_call \
	alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
shown=$(lines "$lab/front-gw1/log" 'front: INVITE')
reloads=$(log 'event=tls-files-reloaded')
check "another certificate for the gateways" issue external carriers-ca med1.example.test
check "is noticed" log_grows 'event=tls-files-reloaded' "$reloads"
check "the next call stands" call_bob
check "the gateway was shown another certificate" test "$(grep -a 'front: INVITE' \
	"$lab/front-gw1/log" | awk '{ print $NF }' | sort -u | wc -l)" = 2

cdrs=$(cdr_count)
check "the gateway's certificate is revoked" write_crl carriers-ca carriers.crl 86400 gw1
# A reload by hand in the same moment does no harm.
check "reload" ctl -q config reload
check "its connection is closed" \
	wait_line 10 "$lab/tandem.log" 'rule=revoked .*side=external'
check "the server's side got its BYE" wait_event alice CALL_CLOSED "${calls_of[alice]}"
check "the call has its record" wait_cdrs $((cdrs + 1))
check "which says why" ended_with peer-refused rule=revoked
cdrs=$(cdr_count)
refusals=$(log 'rule=revoked .*side=external')
phone alice dial "sip:${number[bob]}@med1.example.test:$port_internal"
check "the next call does not get there" wait_cdrs $((cdrs + 1))
check "it is recorded as that" ended_with unreachable ''
check "and the log says why" log_grows 'rule=revoked .*side=external' "$refusals"

check "the server runs on" is_running "$tandem_pid"
check "nothing is held afterwards" all_released
finish
