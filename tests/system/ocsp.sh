#!/bin/bash
# OCSP, against openssl as responder, client and server: our responses are fetched, sent,
# refreshed and given up in time; theirs are demanded where revocation = staple; and what
# soft lets go is said. tandemd and the responders live in a time of their own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need faketime
. "$(dirname "$0")/time.sh"

log() { lines "$lab/tandem.log" "$1"; }
log_grows() { wait_line "${3:-30}" "$lab/tandem.log" "$1" $(($2 + 1)); } # PATTERN COUNT-BEFORE

# start_responder CA PORT SIGNER: it answers for 90 minutes by the CA's index.
start_responder() {
	in_time openssl ocsp -port "$2" -index "$lab/ca/$1.index" -CA "$lab/certs/$1.pem" \
		-rsigner "$lab/certs/$3.pem" -rkey "$lab/certs/$3.key" -nmin 90 \
		-ignore_err >"$lab/responder-$1.log" 2>&1 &
	pids+=($!)
	eval "responder_pid=$!"
	wait_for 10 listens_anywhere "$2"
}

listens_anywhere() { # PORT
	grep -qE ":$(printf %04X "$1") 0+:0000 0A" /proc/net/tcp /proc/net/tcp6
}

# staples PORT CERTIFICATE VERSION: what we send along to one who shows CERTIFICATE.
staples() {
	timeout 10 openssl s_client -connect "$loopback_uri:$1" -cert "$lab/certs/$2.pem" \
		-key "$lab/certs/$2.key" "-tls1_$3" -status </dev/null 2>/dev/null
}

staples_good() { # PORT CERTIFICATE VERSION
	local said
	said=$(staples "$@")
	grep -q 'OCSP Response Status: successful' <<<"$said" &&
		grep -q 'Cert Status: good' <<<"$said" || {
		echo "${said:0:500}"
		return 1
	}
}

staples_none() { # PORT CERTIFICATE VERSION
	grep -q 'OCSP response: no response sent' <<<"$(staples "$@")"
}

# The nextUpdate that is sent at the external side.
due_external() {
	staples "$port_external_tls" gw1 3 | sed -n 's/ *Next Update: //p'
}

# stapling FILE KEY: of our certificate in that file, from the status.
stapling() {
	ctl --json status | jq -r --arg file "$1" \
		".stapling[] | select(.certificate | endswith(\$file)).$2"
}

# respond FILE CERTIFICATE MINUTES [OPTION...]: a response file of the carriers' CA.
respond() {
	local file=$1 certificate=$2 minutes=$3
	shift 3
	"$@" openssl ocsp -index "$lab/ca/carriers-ca.index" -CA "$lab/certs/carriers-ca.pem" \
		-rsigner "$lab/certs/carriers-ca.pem" -rkey "$lab/certs/carriers-ca.key" \
		-issuer "$lab/certs/carriers-ca.pem" -cert "$lab/certs/$certificate.pem" \
		-nmin "$minutes" -respout "$lab/$file" -noverify >"$lab/respond.log" 2>&1
}

# serve CERTIFICATE [OPTION...]: a TLS server at the gateway's port, in place of the last.
serve() {
	local cert=$1
	shift
	[[ -z ${served:-} ]] || stop "$served"
	openssl s_server -accept "127.0.0.1:$port_gw" -cert "$lab/certs/$cert.pem" \
		-key "$lab/certs/$cert.key" -quiet -Verify 3 \
		-CAfile "$lab/certs/carriers-ca.pem" "$@" \
		<"$lab/nothing-yet" >"$lab/served.out" 2>&1 &
	served=$!
	pids+=("$served")
	wait_for 10 listens_quietly "$port_gw"
}

# gateway REVOCATION: the gateway's file, taken up.
gateway() {
	local more=()
	[[ $1 != soft ]] || more=('exception-reason = the CA is slow'
		"exception-until = $(date -u -d '+1 year' +%F)")
	write_gateway 'tls = yes' "port = $port_gw" "revocation = $1" "${more[@]}"
	ctl -q config reload
}

# explains VERDICT [WORDS [FIX]]: the probe's tls step, patterns of regular expressions.
explains() {
	ctl --json trunk explain gw >"$lab/explained.json" 2>"$lab/explained.err"
	jq -e --arg verdict "$1" --arg words "${2:-}" --arg fix "${3:-}" \
		'.steps[] | select(.step == "tls") | .verdict == $verdict and
		(.words | test($words)) and (.fix | test($fix))' \
		"$lab/explained.json" >/dev/null || {
		jq -r '.steps[] | "\(.step) \(.verdict): \(.words) -> \(.fix)"' \
			"$lab/explained.json"
		cat "$lab/explained.err"
		return 1
	}
}

# speaks [OPTION...]: the gateway connects to us, and we let it in.
speaks() {
	timeout 10 openssl s_client -connect "$loopback_uri:$port_external_tls" \
		-cert "$lab/certs/gw1.pem" -key "$lab/certs/gw1.key" "$@" </dev/null
}

lab_open
# Nobody listens there, and nobody may ask it.
export http_proxy=http://127.0.0.1:1/
mkfifo "$lab/nothing-yet"
exec {hold_fd}<>"$lab/nothing-yet"
port_enterprise=$port_spare
port_carriers=$((port_spare + 1))

# Our internal certificate names its responder, which signs by a certificate of its own; the
# external one's is configured.
sed '/^\[crl\]/,$d' "$srcdir/certs/ca.cnf" >"$lab/ca.cnf"
sed -n '/^\[host\]/,/^$/p' "$srcdir/certs/ca.cnf" |
	sed 's/^\[host\]/[named]/' >>"$lab/ca.cnf"
cat >>"$lab/ca.cnf" <<-END
	authorityInfoAccess = OCSP;URI:http://ocsp.example.test:$port_enterprise/ocsp
	[responder]
	basicConstraints = critical, CA:false
	extendedKeyUsage = OCSPSigning
	[crl]
	authorityKeyIdentifier = keyid
END
ca_cnf=$lab/ca.cnf extensions=named issue internal enterprise-ca med1.example.test
ca_cnf=$lab/ca.cnf extensions=responder issue responder enterprise-ca ocsp.example.test
issue external carriers-ca med1.example.test
issue gw1 carriers-ca gw1.example.test
issue other carriers-ca other.example.test
conf_external=("staple = http://ocsp.example.test:$port_carriers")
write_conf
write_gateway 'tls = yes' "port = $port_gw"

# --- ours

later 0
start_responder enterprise-ca "$port_enterprise" responder
start_responder carriers-ca "$port_carriers" carriers-ca
start_tandem_in_time
check "the response of a responder that the certificate names is fetched" \
	wait_line 20 "$lab/tandem.log" 'event=staple-fetched certificate=".*internal.pem"'
check "and that of one that is configured" \
	wait_line 20 "$lab/tandem.log" 'event=staple-fetched certificate=".*external.pem"'
for version in 2 3; do
	check "sent to a server, TLS 1.$version" \
		staples_good "$port_internal" pbx1 $version
	check "sent to a gateway, TLS 1.$version" \
		staples_good "$port_external_tls" gw1 $version
done
check "the status says until when" \
	grep -qE '^20.*Z$' <<<"$(stapling external.pem until)"
check "and that nothing failed" test "$(stapling external.pem error)" = ''
check "nor does the log" test "$(log event=staple-failed)" = 0
files=("$lab"/state/ocsp-*.der)
check "both are kept" test ${#files[@]} = 2
check "for the owner and the group" test "$(stat -c %a "${files[0]}")" = 640

first=$(due_external)
fetched=$(log 'event=staple-fetched .*external.pem')
later 3600
check "after more than half of its life a fresh one is fetched" \
	log_grows 'event=staple-fetched .*external.pem' "$fetched"
check "and sent" test "$(due_external)" != "$first"

stop "$responder_pid"
later $((2 * 3600))
check "the responder is gone: said, with the next try" wait_line 30 "$lab/tandem.log" \
	'warning stapler event=staple-failed .*external.pem.*reason=".+" next-try-s=[0-9]+ sent-until=20'
check "the old one is still sent" staples_good "$port_external_tls" gw1 3
check "the status says why" grep -q . <<<"$(stapling external.pem error)"
stop "$tandem_pid"
start_tandem_in_time
check "a restart still has it" staples_good "$port_external_tls" gw1 3
later $((3 * 3600))
check "past its end it is sent no more, TLS 1.3" \
	wait_for 10 staples_none "$port_external_tls" gw1 3
check "nor in TLS 1.2" staples_none "$port_external_tls" gw1 2
check "and the status knows" test "$(stapling external.pem until)" = null
fetched=$(log 'event=staple-fetched .*external.pem')
start_responder carriers-ca "$port_carriers" gw1
check "a reload asks at once" ctl -q config reload
check "a response that somebody else signed is refused" wait_line 30 "$lab/tandem.log" \
	'event=staple-failed .*reason="the OCSP response: its signer is not allowed'
check "and not sent" staples_none "$port_external_tls" gw1 3
stop "$responder_pid"
start_responder carriers-ca "$port_carriers" carriers-ca
ctl -q config reload
check "the responder is back" log_grows 'event=staple-fetched .*external.pem' "$fetched"
check "and ours is sent again" staples_good "$port_external_tls" gw1 3
conf_external=('staple = off')
write_conf
check "switched off" ctl -q config reload
check "it is asked for no more" test -z "$(stapling external.pem until)"
stop "$tandem_pid"

# --- theirs

respond good.der gw1 90
respond other.der other 90
respond stale.der gw1 60 faketime '2 hours ago'
conf_external=()
write_conf
start_tandem
for version in 2 3; do
	only=-tls1_$version
	check "TLS 1.$version: it is demanded" gateway staple
	serve gw1 "$only"
	check "none is sent: refused" explains failed \
		'refused by=us rule=staple .*detail="it sent no OCSP response' 'stapling'
	serve gw1 "$only" -status_file "$lab/good.der"
	check "a good one: let in" explains ok "TLS1.$version"
	serve gw1 "$only" -status_file "$lab/stale.der"
	check "one past its date: refused" explains failed \
		'rule=staple .*detail="OCSP response: was due 20'
	serve gw1 "$only" -status_file "$lab/other.der"
	check "one of another certificate: refused" explains failed \
		'rule=staple .*detail="OCSP response: about another'
	check "it is not demanded" gateway hard
	check "then that is as if none had come" explains ok
done
write_crl carriers-ca carriers.crl 86400 gw1
respond revoked.der gw1 90
write_crl carriers-ca carriers.crl 86400
for revocation in staple hard soft; do
	check "revoked, revocation = $revocation" gateway $revocation
	serve gw1 -status_file "$lab/revoked.der"
	check "refused" explains failed 'refused by=us rule=revoked .*detail="OCSP response: revoked'
done

gateway staple
check "a gateway that connects to us with TLS 1.2 cannot send one" \
	exits 1 speaks -tls1_2
check "the log says why" wait_line 10 "$lab/tandem.log" \
	'rule=staple .*detail="a TLS 1.2 client cannot send an OCSP response'

# --- a list that is past its date

write_crl carriers-ca carriers.crl 2
gateway hard
serve gw1
check "hard refuses" wait_for 20 explains failed 'rule=crl-stale .*detail="CRL was due 20'
gateway soft
check "soft lets it in, and the probe says so" \
	explains ok 'revocation = soft let pass: CRL was due 20'
openssl s_client -connect "$loopback_uri:$port_external_tls" -cert "$lab/certs/gw1.pem" \
	-key "$lab/certs/gw1.key" -quiet <"$lab/nothing-yet" >/dev/null 2>&1 &
pids+=($!)
check "the log says so, once a connection" wait_line 10 "$lab/tandem.log" \
	'info transport event=exception .*side=external trunk=gw revocation=soft let-go="CRL was due 20'
check "and no more than once" test \
	"$(log 'info transport event=exception .*side=external')" = 1
check "and it is shown with the trunk" grep -q '^CRL was due 20' <<<"$(
	ctl --json trunk show gw | jq -r '.connections[].exception')"
check "one that is revoked is refused, also by a stale list" write_crl \
	carriers-ca carriers.crl 1 gw1
check "it is closed" wait_line 20 "$lab/tandem.log" 'rule=revoked .*side=external'
check "and not let in again" explains failed 'rule=revoked .*detail="serial'

exec {hold_fd}>&-
finish
