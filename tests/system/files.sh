#!/bin/bash
# Files of certificates, keys and lists that are not what they were to be: tandemd -t says what each is, and
# the command that it prints makes a good one of it.
. "$(dirname "$0")/lib.sh"

checks_well() {
	"$builddir/tandemd" -c "$lab/tandem.conf" -t >"$lab/checked" 2>&1 || {
		cat "$lab/checked"
		return 1
	}
}

# says WORDS: the check fails, and its first error has them.
says() {
	! "$builddir/tandemd" -c "$lab/tandem.conf" -t >"$lab/checked" 2>&1 &&
		grep -m1 -E 'error' "$lab/checked" | grep -F -- "$1" || {
		cat "$lab/checked"
		return 1
	}
}

# What was printed between backquotes, typed by an operator. Where a password is asked for, it is "secret".
do_as_told() {
	local command
	command=$(grep -m1 -oE '`[^`]+`' "$lab/checked" | head -1 | tr -d '`')
	[[ -n $command ]] || {
		echo "no command in:"
		cat "$lab/checked"
		return 1
	}
	case $command in
	'openssl pkcs12 '*) command+=' -passin pass:secret' ;;
	'openssl pkey '*) command+=' -passin pass:secret' ;;
	esac
	(umask 077 && bash -c "$command")
}

# in_place_of WHAT FILE: it is what the configuration names as the external certificate, key, trust or crl.
in_place_of() {
	sed "/^\[external\]/,/^\[media\]/s,^$1 = .*,$1 = $2," "$lab/plain.conf" >"$lab/tandem.conf"
}

# mends WHAT FILE NAME: FILE is called NAME, and is good when the command is done.
mends() {
	in_place_of "$1" "$lab/odd/$2"
	check "$1 $2: called $3" says "$3"
	check "$1 $2: the command works" do_as_told
	in_place_of "$1" "$lab/odd/$2.pem"
	check "$1 $2: and its result is good" checks_well
}

# named WHAT FILE WORDS
named() {
	in_place_of "$1" "$lab/odd/$2"
	check "$1 $2: $3" says "$3"
}

lab_open
write_conf
write_gateway 'tls = yes' "port = $port_gw"
cp "$lab/tandem.conf" "$lab/plain.conf"
check "the plain files are good" checks_well

certs=$lab/certs
odd=$lab/odd
mkdir -m 700 "$odd"
umask 077

openssl x509 -in "$certs/external.pem" -outform DER -out "$odd/cert.der"
mends certificate cert.der "a certificate in DER form"
openssl x509 -in "$certs/carriers-ca.pem" -outform DER -out "$odd/ca.der"
mends trust ca.der "a certificate in DER form"
openssl pkey -in "$certs/external.key" -outform DER -out "$odd/key.der"
mends key key.der "a private key in DER form"
openssl crl -in "$certs/carriers.crl" -outform DER -out "$odd/list.der"
mends crl list.der "a CRL in DER form"
openssl pkcs12 -export -in "$certs/external.pem" -inkey "$certs/external.key" \
	-passout pass:secret -out "$odd/both.p12"
mends certificate both.p12 "a PKCS #12 bundle"
mends key both.p12 "a PKCS #12 bundle"
openssl crl2pkcs7 -nocrl -certfile "$certs/external.pem" -out "$odd/chain.p7b"
mends certificate chain.p7b "a PKCS #7 bundle"
openssl crl2pkcs7 -nocrl -certfile "$certs/external.pem" -outform DER -out "$odd/chain.p7c"
mends certificate chain.p7c "a PKCS #7 bundle in DER form"
openssl pkey -in "$certs/external.key" -aes128 -passout pass:secret -out "$odd/locked.key"
mends key locked.key "the key is encrypted"
openssl pkcs8 -topk8 -in "$certs/external.key" -v2 aes128 -passout pass:secret -outform DER \
	-out "$odd/locked.der"
mends key locked.der "the key is encrypted"
openssl ec -in "$certs/external.key" -aes128 -passout pass:secret -out "$odd/old.key" 2>/dev/null
mends key old.key "the key is encrypted"
iconv -f ASCII -t UTF-16 "$certs/external.pem" >"$odd/wide.txt"
mends certificate wide.txt "text in UTF-16"
iconv -f ASCII -t UTF-16LE "$certs/external.key" >"$odd/wide.key"
in_place_of key "$odd/wide.key"
check "key wide.key: called text in UTF-16, without its mark too" says "text in UTF-16"
openssl x509 -in "$certs/external.pem" -trustout -out "$odd/trusted.crt"
mends certificate trusted.crt "OpenSSL's own marks of trust"
grep -v -- ----- "$certs/carriers-ca.pem" >"$odd/bare.txt"
mends trust bare.txt "base64 without the lines BEGIN and END"

printf '\xef\xbb\xbf' | cat - "$certs/external.pem" >"$odd/mark.pem"
in_place_of certificate "$odd/mark.pem"
check "a mark of UTF-8 at the beginning does no harm" checks_well
sed 's/$/\r/' "$certs/external.key" >"$odd/dos.key"
in_place_of key "$odd/dos.key"
check "nor do lines that end in CR LF" checks_well

named certificate ../certs/external.key "it is a private key: name the file with -----BEGIN CERTIFICATE-----"
cp "$certs/external.pem" "$odd/cert.pem"
named key cert.pem "it is a certificate: name the file with -----BEGIN PRIVATE KEY-----"
named crl cert.pem "it is a certificate: name the file with -----BEGIN X509 CRL-----"
named trust ../certs/carriers.crl "it is a CRL: name the file with -----BEGIN CERTIFICATE-----"
openssl pkey -in "$certs/external.key" -pubout -out "$odd/public.pem"
named key public.pem "it is a public key:"
openssl req -new -key "$certs/external.key" -subj /CN=x -out "$odd/request.pem"
named certificate request.pem "which a CA has still to sign:"
openssl req -in "$odd/request.pem" -outform DER -out "$odd/request.der"
named certificate request.der "which a CA has still to sign:"
: >"$odd/empty"
named certificate empty "the file is empty"
printf '\n \n' >"$odd/blank"
named trust blank "it is blank"
named certificate . "a folder, not a regular file: name a file in it"
head -c 200 "$certs/external.pem" >"$odd/half.pem"
named certificate half.pem "a certificate chain that is damaged"
head -c 100 /dev/urandom | tr '\060' x >"$odd/noise"
named key noise "it is nothing that is known here"
openssl ecparam -name prime256v1 -genkey -noout -out "$odd/other.key"
named key other.key "must print the same"
check "and so it can be seen" bash -c '! diff <(openssl pkey -pubout -in "$1") \
	<(openssl x509 -noout -pubkey -in "$2")' _ "$odd/other.key" "$certs/external.pem"
cat "$certs/carriers-ca.pem" "$certs/external.pem" >"$odd/order.pem"
named certificate order.pem "the chain is in the wrong order, it begins with the certificate of a CA"

in_place_of trust "$certs/gw1.pem"
check "a host's certificate in trust: it does" checks_well
start_tandem
check "and is called so" grep -qE 'event=no-authority .*gw1.*put the certificate of its issuer there' "$lab/tandem.log"
stop "$tandem_pid" 10

openssl req -new -key "$certs/external.key" -subj /CN=med1 2>/dev/null |
	openssl x509 -req -CA "$certs/rogue-ca.pem" -CAkey "$certs/rogue-ca.key" -CAcreateserial -days 90 \
		-extfile <(echo subjectAltName=DNS:med1.example.test) -out "$odd/alone.pem" 2>/dev/null
in_place_of certificate "$odd/alone.pem"
: >"$lab/tandem.log"
start_tandem
check "a certificate of ours by an authority that nobody here knows" \
	grep -qE 'event=no-intermediate certificate="[^"]*alone.pem" issuer="CN=Rogue CA.*append it' "$lab/tandem.log"
stop "$tandem_pid" 10
cat "$odd/alone.pem" "$certs/rogue-ca.pem" >"$odd/with-issuer.pem"
in_place_of certificate "$odd/with-issuer.pem"
: >"$lab/tandem.log"
start_tandem
check "with that one behind it nothing is missing" has_lines "$lab/tandem.log" event=no-intermediate 0
finish
