#!/bin/bash
# Private keys that never leave their token: SoftHSM through p11-kit, for both roles and for the log of records, in the
# foreground and in the background (a PKCS#11 module does not survive a fork by itself).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need softhsm2-util p11tool kamailio jq

pin=739154 wrong_pin=918273

lab_open
modules=(/usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so)
[[ -e ${modules[0]} ]] || skip "libsofthsm2.so is not installed"
export SOFTHSM2_CONF=$lab/softhsm2.conf
mkdir -p "$lab/tokens"
printf '%s\n' "directories.tokendir = $lab/tokens" 'objectstore.backend = file' \
	'log.level = ERROR' >"$SOFTHSM2_CONF"

make_token() {
	softhsm2-util --init-token --free --label tandem --pin "$pin" --so-pin 112233 &&
		openssl pkcs8 -topk8 -nocrypt -in "$lab/certs/internal.key" -out "$lab/key.p8" &&
		softhsm2-util --import "$lab/key.p8" --token tandem --label internal --id 01 \
			--pin "$pin" &&
		openssl pkcs8 -topk8 -nocrypt -in "$lab/certs/external.key" -out "$lab/key.p8" &&
		softhsm2-util --import "$lab/key.p8" --token tandem --label external --id 02 \
			--pin "$pin"
}

# make_log_key LABEL ID: softhsm2-util writes the public half as nobody reads it.
make_log_key() {
	openssl genpkey -algorithm ed25519 -out "$lab/ed.pem" &&
		openssl pkey -in "$lab/ed.pem" -pubout -out "$lab/ed.pub" &&
		p11tool --batch --login --set-pin "$pin" --write --load-privkey "$lab/ed.pem" --label "$1" --id "$2" \
			pkcs11:token=tandem &&
		p11tool --batch --login --set-pin "$pin" --write --load-pubkey "$lab/ed.pub" --label "$1" --id "$2" \
			pkcs11:token=tandem &&
		rm "$lab/ed.pem"
}

# log_key URI: in tandem.conf, from the next reload or start on.
log_key() {
	sed -i -e '/^log-key = /d' -e "s|^mode = full|&\nlog-key = $1|" "$lab/tandem.conf"
}

key_is() { # CONDITION: of what cdr key shows
	ctl --json cdr key | jq -e "$1" >/dev/null
}

verified() { # MORE: the whole log, by the key that it began with
	"$builddir/tandem-verify" log --key "$lab/first" --json "$@" "$lab/state"
}

# use_keys INTERNAL EXTERNAL: the keys in tandem.conf.
use_keys() {
	write_conf
	sed -i -e "s,^key = certs/internal.key,key = $1," \
		-e "s,^key = certs/external.key,key = $2," "$lab/tandem.conf"
}

check_says() { # PATTERN: what tandemd -t says
	"$builddir/tandemd" -t -c "$lab/tandem.conf" >"$lab/said" 2>&1
	grep -qE -e "$1" "$lab/said" || {
		cat "$lab/said"
		return 1
	}
}

options_request() {
	printf '%s\r\n' "OPTIONS sip:med1.example.test SIP/2.0" \
		"Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" \
		"From: <sip:test@127.0.0.1>;tag=$RANDOM" "To: <sip:127.0.0.1>" \
		"Call-ID: $RANDOM$RANDOM@127.0.0.1" "CSeq: 1 OPTIONS" "Max-Forwards: 70" \
		"Content-Length: 0" "" >"$lab/options"
}

served() {
	options_request
	"$tools/sipsend" -c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key" \
		tls 127.0.0.1 "$port_internal" "$lab/options" | cut -f2 | grep '^SIP/2.0 200'
}

check "a token with two keys" make_token
check "and two for the log" eval 'make_log_key log1 11 && make_log_key log2 12'
rm -f "$lab/key.p8" "$lab/certs/internal.key" "$lab/certs/external.key"
printf %s "$pin" >"$lab/pin"
chmod 600 "$lab/pin"
uri='pkcs11:token=tandem;object'
write_gateway 'tls = yes' "port = $port_gw"

# --- what is refused, and that no PIN is told

use_keys "$uri=internal;type=private?pin-value=$wrong_pin" \
	"$uri=external;type=private?pin-source=file:$lab/pin"
check "a wrong PIN is refused" exits 6 "$builddir/tandemd" -t -c "$lab/tandem.conf"
check "in words" check_says 'the key in the token: '
check "that do not have the PIN" bash -c "! grep -q $wrong_pin '$lab/said'"
use_keys "$uri=external;type=private?pin-source=file:$lab/pin" \
	"$uri=external;type=private?pin-source=file:$lab/pin"
check "another's key is refused" check_says 'the key in the token does not belong to'
use_keys "$uri=internal;type=private?pin-value=$pin" \
	"$uri=external;type=private?pin-source=file:$lab/pin"
chmod 644 "$lab/pin"
check "a PIN that others may read is refused" check_says "$lab/pin: the PIN of a token"
chmod 600 "$lab/pin"
check "the right ones are taken" exits 0 "$builddir/tandemd" -t -c "$lab/tandem.conf"

log_key "$uri=none;type=private?pin-source=file:$lab/pin"
check "a key of the log that is not there is no mistake" exits 0 "$builddir/tandemd" -t -c "$lab/tandem.conf"
check "but told of" check_says 'warning: .*log-key: the key in the token: .*: it cannot sign the log'
log_key "$uri=internal;type=private?pin-source=file:$lab/pin"
check "so is one of another kind" check_says 'log-key: the key in the token is no Ed25519 key'
log_key "$lab/certs/internal.key"
check "a file is refused" exits 6 "$builddir/tandemd" -t -c "$lab/tandem.conf"
log_key "$uri=log1;type=private?pin-source=file:$lab/pin"
check "the right one is taken" exits 0 "$builddir/tandemd" -t -c "$lab/tandem.conf"
check "without a word" bash -c "! '$builddir/tandemd' -t -c '$lab/tandem.conf' 2>&1 | grep log-key"

# --- SoftHSM keeps locks beside its objects: the sandbox must leave it that

# A build with a sanitizer has no sandbox.
[[ -n ${TANDEM_SANITIZER:-} ]] || check "where a token may not keep its files, the start says what to set" \
	prints 'the key in the token: .*; .* set token-dir' \
	timeout 20 "$builddir/tandemd" -f -c "$lab/tandem.conf"
conf_tandem=("token-dir = $lab/tokens")
use_keys "$uri=internal;type=private?pin-value=$pin" \
	"$uri=external;type=private?pin-source=file:$lab/pin"
# By a PIN of its own file, which the sandbox has to leave to it.
mkdir -p "$lab/pins"
cp -p "$lab/pin" "$lab/pins/log"
rm -rf "$lab/state/log" "$lab/state/log.key" "$lab/state/cdr.jsonl"
log_key "$uri=log1;type=private?pin-source=file:$lab/pins/log"

# --- it serves, in both roles

start_tandem
ctl --json cdr key | jq -r .key >"$lab/first"
check "accepting: it proves its identity by the key in the token" served
check "with its certificate" presents "$port_internal" pbx1 "$(serial_of internal)"
start_front front-gw1 "$port_gw" $((port_spare + 2)) \
	"sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
cat >"$lab/invite" <<-END
	INVITE sip:+4940222222@med1.example.test SIP/2.0
	Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKtoken;rport
	From: <sip:+4930111111@127.0.0.1>;tag=1
	To: <sip:+4940222222@med1.example.test>
	Call-ID: token@127.0.0.1
	CSeq: 1 INVITE
	Contact: <sip:+4930111111@127.0.0.1:9;transport=tls>
	Max-Forwards: 70
	Content-Length: 0

END
sed -i 's/$/\r/' "$lab/invite"
"$tools/sipsend" -w 5000 -c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key" \
	tls 127.0.0.1 "$port_internal" "$lab/invite" >/dev/null
check "connecting: the gateway has seen our certificate" \
	wait_line 10 "$lab/front-gw1/log" 'front: INVITE from .* med1.example.test'
check "reload" ctl -q config reload
check "it serves after a reload" served

# --- the log

signs() { # what is recorded from now on is signed
	local from
	from=$(ctl --json cdr key | jq .signed)
	ctl -q log level info
	wait_for 20 key_is ".signed > $from"
}
check "the log has the key of the token" key_is '.in_token and (.differs | not) and (.stopped | not)'
check "there is none in a file" bash -c "! grep -q KEY '$lab/state/log.key'"
check "it signs" signs
log_key "$uri=log2;type=private?pin-source=file:$lab/pins/log"
check "another one is named" ctl -q config reload
check "which is told" wait_line 10 "$lab/tandem.log" 'event=log-key-differs'
check "and shown" key_is '.in_token and .differs'
check "it is handed over" ctl -q cdr rekey
check "to that one" key_is '.in_token and (.differs | not)'
check "which signs" signs
check "it is handed over once" exits 1 ctl -q cdr rekey
log_key "$uri=none;type=private?pin-source=file:$lab/pins/log"
check "one that is not there is named" ctl -q config reload
check "nothing is handed over to it" exits 1 ctl -q cdr rekey
check "the log goes on" signs
sed -i '/^log-key = /d' "$lab/tandem.conf"
check "none is named" ctl -q config reload
check "it is handed over to a file" ctl -q cdr rekey
check "where it is now" grep -q 'PRIVATE KEY' "$lab/state/log.key"
log_key "$uri=log1;type=private?pin-source=file:$lab/pins/log"
check "and back" eval 'ctl -q config reload && ctl -q cdr rekey'
check "it signs again" signs
stop "$tandem_pid" 10
check "the whole log is verified" jq -e '.verified and (.handovers | length == 3)' <(verified)
mv "$lab/pins/log" "$lab/pins/away"
start_tandem
check "without its PIN nothing is signed" prints "records are not signed: .*pins/log: " exits 1 ctl cdr key
check "no other key is made" bash -c "! grep -q KEY '$lab/state/log.key'"
check "calls are served" served
stop "$tandem_pid" 10
mv "$lab/pins/away" "$lab/pins/log"
start_tandem
check "with it what was recorded meanwhile is" signs
stop "$tandem_pid" 10
check "so all is" jq -e .verified <(verified)

# --- in the background

use_keys "$uri=internal;type=private?pin-value=$pin" \
	"$uri=external;type=private?pin-source=file:$lab/pin"
# In its own session and so not to be waited for; its id is in its file.
log_key "$uri=log1;type=private?pin-source=file:$lab/pins/log"
check "it starts in the background" "$builddir/tandemd" -c "$lab/tandem.conf"
tandem_pid=$(<"$lab/run/tandemd.pid")
pids+=("$tandem_pid")
check "it serves from there" served
check "after a reload too" ctl -q config reload
check "still" served
check "the log is signed there too" signs
check "it ends" ctl -q shutdown
check "it is gone" wait_for 15 is_gone "$tandem_pid"

check "no PIN in the log" bash -c "! grep -E '$pin|$wrong_pin' '$lab/tandem.log'"
finish
