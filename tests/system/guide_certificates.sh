#!/bin/bash
# Each command of doc/guides/certificates.md, as it stands there, but for the folder: /etc/tandem is one of
# this test, and so is the folder in which they are typed.
. "$(dirname "$0")/lib.sh"
guide=$srcdir/doc/guides/certificates.md
ran=()
# the guide's day may be over
next_day=$(date -u -d '+100 days' +%F)

# The code block behind "<!-- run NAME -->".
block() { # NAME
	awk -v mark="<!-- run $1 -->" '
		$0 == mark { found = 1; next }
		found && /^```/ { if (inside) exit; inside = 1; next }
		inside' "$guide" | sed "s|/etc/tandem|$lab/etc|g; s|2027-01-15|$next_day|"
}

# As somebody types it, with the tandemctl of the build.
type_block() { # NAME
	ran+=("$1")
	block "$1" >"$lab/typed"
	[[ -s $lab/typed ]] || {
		echo "the guide has no block $1"
		return 1
	}
	(cd "$lab/here" && PATH=$lab/bin:$PATH bash -e "$lab/typed")
}

lab_open
mkdir "$lab/bin" "$lab/here"
cat >"$lab/bin/tandemctl" <<END
#!/bin/bash
# The guide's folder is the default one.
case \$1:\${2-} in
cert:request | cert:lab | cert:install) exec "$builddir/tandemctl" "\$@" --dir "$lab/etc" ;;
*) exec "$builddir/tandemctl" "\$@" ;;
esac
END
chmod +x "$lab/bin/tandemctl"
export TANDEM_SOCKET=$lab/etc/run/control.sock

set_up() { # CERTIFICATES
	rm -rf "${lab:?}/etc"
	"$builddir/tandemctl" setup --dir "$lab/etc" --share "$srcdir" --fqdn med1.example.test \
		--internal-address 127.0.0.1 --external-address 127.0.0.1 \
		--set "tandem.dns-server=127.0.0.1:$port_dns" \
		--set "internal.listen=127.0.0.1:$port_internal" \
		--set "external.tls=127.0.0.1:$port_external_tls" \
		--set "media.ports=$port_media-$((port_media + 199))" \
		--pbx generic:pbx1.example.test --trunk carrier:gw:gw1.example.test \
		--certificates "$1" </dev/null
}

sign() { # CSR FILE
	(cd "$lab/here" && openssl x509 -req -in "$1" -CA intermediate.pem -CAkey intermediate.key \
		-days 300 -copy_extensions copy -out "$2")
}

openssl_ca() {
	cd "$lab/here" || return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key \
		-subj '/CN=Outside Root' -days 3650 -out enterprise-root.pem &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout intermediate.key \
			-subj '/CN=Outside Issuing' -out intermediate.csr &&
		printf 'basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n' >ca.ext &&
		openssl x509 -req -in intermediate.csr -CA enterprise-root.pem -CAkey root.key \
			-days 3650 -extfile ca.ext -out intermediate.pem &&
		openssl x509 -in "$lab/certs/carriers-ca.pem" -outform DER -out carrier-root.cer &&
		openssl crl -in "$lab/certs/enterprise.crl" -outform DER -out enterprise.crl
}

serial() { openssl x509 -noout -serial -in "$1" | cut -d= -f2; }
shows() { # SERIAL
	[[ $("$builddir/tandemctl" --json cert list | jq -r --arg serial "$1" \
		'[.[] | select(.role == "own" and (.serial | ascii_upcase) == $serial)] | length') -ge 1 ]]
}

# --- a lab

check "a configuration" set_up lab
rm -r "$lab/etc/lab" "$lab/etc/certs"
check "a lab" type_block lab
check "with which the server would start" "$builddir/tandemd" -t -c "$lab/etc/tandem.conf"
check "one more far end" type_block lab-peer
check "which has its files" test -s "$lab/etc/lab/peers/gw2.example.test-agent.pem"

# --- authorities outside

check "a configuration that asks" set_up request
rm -r "$lab/etc/certs"
(openssl_ca) >/dev/null 2>&1
check "a request" type_block request
check "which openssl explains" prints 'DNS:med1.example.test' type_block look
sign "$lab/etc/certs/internal.csr" signed.pem 2>/dev/null
openssl crl2pkcs7 -nocrl -certfile "$lab/here/signed.pem" -certfile "$lab/here/intermediate.pem" \
	-out "$lab/here/internal.p7b"
check "its answer" prints 'ok   chain' type_block install
check "a request with RSA" type_block request-rsa
check "really" prints 'rsaEncryption' openssl req -noout -text -in "$lab/etc/certs/external.csr"
sign "$lab/etc/certs/external.csr" external.pem 2>/dev/null
check "its answer" type_block install-pem
check "whom to trust" type_block trust
check "so it may start" "$builddir/tandemd" -t -c "$lab/etc/tandem.conf"

"$builddir/tandemd" -c "$lab/etc/tandem.conf" -f >"$lab/tandem.log" 2>&1 &
tandem_pid=$!
pids+=("$tandem_pid")
check "it starts" wait_for 15 "$builddir/tandemctl" -q status

# --- ACME: a new key with each certificate

mkdir "$lab/here/live"
openssl req -newkey rsa:2048 -nodes -keyout "$lab/here/live/privkey.pem" -subj / \
	-addext subjectAltName=DNS:med1.example.test -out "$lab/here/acme.csr" 2>/dev/null
sign acme.csr acme.pem 2>/dev/null
cat "$lab/here/acme.pem" "$lab/here/intermediate.pem" >"$lab/here/live/fullchain.pem"
export RENEWED_LINEAGE=$lab/here/live
check "the hook of an ACME client" type_block hook
check "the server shows it" wait_for 10 shows "$(serial "$lab/here/acme.pem")"

# --- renewal

check "a renewal" type_block renew
sign "$lab/etc/certs/internal.new.csr" renewed.pem 2>/dev/null
check "on a day" prints "next-from = $next_day" type_block renew-from
check "at once" type_block renew-install
check "the server shows it" wait_for 10 shows "$(serial "$lab/here/renewed.pem")"
check "a list" type_block crl
check "which openssl reads" openssl crl -noout -in "$lab/etc/certs/internal.crl"
stop "$tandem_pid"

# --- a token

hsm=(/usr/lib/*/softhsm/libsofthsm2.so /usr/lib/softhsm/libsofthsm2.so)
if [[ ${#hsm[@]} -gt 0 ]] && type -P softhsm2-util p11tool >/dev/null; then
	mkdir "$lab/tokens"
	echo "directories.tokendir = $lab/tokens" >"$lab/softhsm2.conf"
	export SOFTHSM2_CONF=$lab/softhsm2.conf
	softhsm2-util --init-token --free --label sip --pin 1234 --so-pin 1234 >/dev/null
	p11tool --provider "${hsm[0]}" --login --set-pin 1234 --generate-privkey ecdsa --curve secp256r1 \
		--label external pkcs11:token=sip >/dev/null 2>&1
	(umask 077 && echo 1234 >"$lab/etc/pin")
	check "a request by a token's key" type_block token-request
	sign "$lab/etc/certs/external.csr" token.pem 2>/dev/null
	uri=$(block token-request | grep -o "pkcs11:[^']*")
	sed -i "s|^key = certs/external.key|key = $uri|" "$lab/etc/tandem.conf"
	check "its answer" prints 'ok   key: in the token' type_block token-install
	check "with which the server would start" "$builddir/tandemd" -t -c "$lab/etc/tandem.conf"
else
	ran+=(token-request token-install)
	echo "left out: no softhsm2"
fi

# --- and all of them

all_ran() {
	diff <(sed -n 's/^<!-- run \(.*\) -->$/\1/p' "$guide" | sort) <(printf '%s\n' "${ran[@]}" | sort) &&
		[[ $(grep -c '^```$' "$guide") == $((2 * ${#ran[@]})) ]]
}
check "no block of the guide was left out" all_ran
finish
