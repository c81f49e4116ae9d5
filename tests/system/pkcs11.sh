#!/bin/bash
# A private key that never leaves its token: SoftHSM through p11-kit, for both roles, in the
# foreground and in the background (a PKCS#11 module does not survive a fork by itself).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need softhsm2-util p11tool kamailio

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

# --- SoftHSM keeps locks beside its objects: the sandbox must leave it that

# A build with a sanitizer has no sandbox.
[[ -n ${TANDEM_SANITIZER:-} ]] || check "where a token may not keep its files, the start says what to set" \
	prints 'the key in the token: .*; .* set token-dir' \
	timeout 20 "$builddir/tandemd" -f -c "$lab/tandem.conf"
conf_tandem=("token-dir = $lab/tokens")
use_keys "$uri=internal;type=private?pin-value=$pin" \
	"$uri=external;type=private?pin-source=file:$lab/pin"

# --- it serves, in both roles

start_tandem
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
stop "$tandem_pid" 10

# --- in the background

use_keys "$uri=internal;type=private?pin-value=$pin" \
	"$uri=external;type=private?pin-source=file:$lab/pin"
# In its own session and so not to be waited for; its id is in its file.
check "it starts in the background" "$builddir/tandemd" -c "$lab/tandem.conf"
tandem_pid=$(<"$lab/run/tandemd.pid")
pids+=("$tandem_pid")
check "it serves from there" served
check "after a reload too" ctl -q config reload
check "still" served
check "it ends" ctl -q shutdown
check "it is gone" wait_for 15 is_gone "$tandem_pid"

check "no PIN in the log" bash -c "! grep -E '$pin|$wrong_pin' '$lab/tandem.log'"
finish
