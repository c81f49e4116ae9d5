#!/bin/bash
# Several tenants of one provider, and other carriers, on one server: which certificate whoever connects
# gets, by the server name that he asks for, and who may be there then; by what name and with which
# certificate we call whom. The far ends are openssl, baresip and kamailio.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need baresip tshark

tls_versions=(1.3 1.2)

# write_tenant FILE KEY = VALUE...: a gateway over TLS.
write_tenant() {
	local file=$1
	shift
	# nobody is asked, and so known to be away, before its far end is there
	printf '%s\n' '[gateway]' 'tls = yes' "$@" 'options-ping = off' >"$lab/gateways.d/$file.conf"
}

# connect VERSION CERTIFICATE NAME: a TLS client that asks for NAME ("-": for none) and waits to be thrown out, or
# leaves after the second that shows it was not. $lab/knock.out has what it saw.
connect() {
	local version=$1 name=(-noservername)
	[[ $3 == - ]] || name=(-servername "$3")
	timeout 5 openssl s_client -connect "$loopback_uri:$port_external_tls" "-tls${version/./_}" \
		"${name[@]}" -cert "$lab/certs/$2.pem" -key "$lab/certs/$2.key" \
		</dev/null >"$lab/knock.out" 2>&1
}

shown_is() { # FILE: what the client saw is that certificate
	local serial
	serial=$(openssl x509 -noout -serial <"$lab/knock.out" 2>/dev/null | cut -d= -f2)
	[[ $serial == "$(serial_of "$1")" ]] || {
		echo "it got ${serial:-nothing}, not $1 ($(serial_of "$1"))"
		return 1
	}
}

# matrix CERTIFICATE NAME SHOWN VERDICT: who shows CERTIFICATE and asks for NAME gets SHOWN, and VERDICT: "trunk=ID" or
# "rule=WORD".
matrix() {
	local version before pattern
	case $4 in
	trunk=*) pattern="event=opened .* transport=TLS by=them .* $4 " ;;
	rule=*) pattern="tls refused by=us $4 " ;;
	esac
	for version in "${tls_versions[@]}"; do
		before=$(lines "$lab/tandem.log" "$pattern")
		connect "$version" "$1" "$2"
		check "TLS $version: $1 asks for $2 and gets $3" shown_is "$3"
		check "TLS $version: $1, who asked for $2: $4" \
			wait_line 5 "$lab/tandem.log" "$pattern" $((before + 1))
	done
}

# presented ID PORT: what we present when we connect to trunk ID: its subject, as the far end has it.
presented() {
	local pid
	openssl s_server -accept "$loopback_uri:$2" -Verify 1 -cert "$lab/certs/gw1.pem" \
		-key "$lab/certs/gw1.key" -CAfile "$lab/certs/carriers-ca.pem" \
		</dev/zero >"$lab/served.out" 2>&1 &
	pid=$!
	pids+=("$pid")
	wait_line 10 "$lab/served.out" ACCEPT
	ctl --json trunk explain "$1" >"$lab/explained.json"
	wait_line 5 "$lab/served.out" "^depth=0"
	stop "$pid"
	sed -n 's/^depth=0 .*CN = //p' "$lab/served.out" | head -1
}

presented_is() { # ID PORT NAME
	local name
	name=$(presented "$1" "$2")
	[[ $name == "$3" ]] || {
		echo "it presents ${name:-nothing}, not $3"
		tail -5 "$lab/served.out"
		return 1
	}
}

lab_open
san_of_all="DNS:med1.example.test,DNS:*.star.example.test"
issue external carriers-ca med1.example.test
# one more name in the certificate of the side, which issue() has no words for
(
	cd "$lab/certs" || exit 1
	san=$san_of_all
	with_ca carriers-ca openssl req -new -key external.key -subj /CN=med1.example.test -out external.csr
	san=$san_of_all with_ca carriers-ca openssl ca -batch -notext -config "$srcdir/certs/ca.cnf" \
		-extensions host -in external.csr -days 30 -out external.pem 2>/dev/null
) || fail "the certificate of the side"
for name in a b; do
	issue "tenant-$name" carriers-ca "$name.tenants.example.test"
done
issue gw3 carriers-ca gw3.example.test
issue server-own enterprise-ca med1-inside.example.test

port_provider=$((port_spare + 3))
write_conf
printf '%s\n' '[server pbx2]' 'host = pbx2.example.test' "port = $((port_spare + 5))" \
	'contact-host = med1-inside.example.test' 'certificate = certs/server-own.pem' \
	'key = certs/server-own.key' >>"$lab/tandem.conf"
write_tenant a "host = gw1.example.test" "port = $port_provider" \
	'contact-host = a.tenants.example.test' 'prefixes = +491' \
	'certificate = ../certs/tenant-a.pem' 'key = ../certs/tenant-a.key'
write_tenant b "host = gw1.example.test" "port = $port_provider" \
	'contact-host = b.tenants.example.test' 'prefixes = +492' \
	'certificate = ../certs/tenant-b.pem' 'key = ../certs/tenant-b.key'
write_tenant w "host = gw1.example.test" "port = $port_provider" \
	'contact-host = w.star.example.test' 'prefixes = +493'
write_tenant other "host = gw3.example.test" "port = $((port_spare + 4))" 'prefixes = +494'

check "the configuration is accepted" prints 'contact-host: .*w.star.example.test by a wildcard alone' \
	"$builddir/tandemd" -t -c "$lab/tandem.conf"
start_tandem

# --- who connects

#      shows  asks for                 gets      and is
matrix gw1 -                           external  trunk=a
matrix gw1 med1.example.test           external  trunk=a
matrix gw1 nobody.example.test         external  trunk=a
matrix gw1 a.tenants.example.test      tenant-a  trunk=a
matrix gw1 B.Tenants.example.test      tenant-b  trunk=b
matrix gw1 w.star.example.test         external  trunk=w
matrix gw1 x.star.example.test         external  trunk=a
matrix gw3 -                           external  trunk=other
matrix gw3 med1.example.test           external  trunk=other
matrix gw3 a.tenants.example.test      tenant-a  rule=server-name
matrix gw3 w.star.example.test         external  rule=server-name
matrix gw1-rogue a.tenants.example.test tenant-a rule=issuer
matrix gw1-wrong-name b.tenants.example.test tenant-b rule=name
check "the log says what was asked for" grep -qE \
	'rule=server-name expected=gw3.example.test .*detail="it asked for a.tenants.example.test, which is not what trunk other knows us by" sni=a.tenants.example.test' \
	"$lab/tandem.log"

# --- to whom we connect

check "tenant a's provider gets its certificate" presented_is a "$port_provider" a.tenants.example.test
check "tenant b's gets another" presented_is b "$port_provider" b.tenants.example.test
check "one without gets that of the side" presented_is w "$port_provider" med1.example.test

# --- what is shown of it

ctl --json trunk show a >"$lab/a.json"
check "trunk show says the name" test "$(jq -r .contact_host "$lab/a.json")" = a.tenants.example.test
check "and the certificate" jq -e '.presented | .own and (.file | endswith("/tenant-a.pem"))' "$lab/a.json"
check "that of the side is nobody's own" test "$(ctl --json trunk show w | jq .presented.own)" = false
check "so of a server" jq -e \
	'.contact_host == "med1-inside.example.test" and (.presented | .own and (.file | endswith("/server-own.pem")))' \
	<(ctl --json server show pbx2)
check "cert list says whose each is" test "$(ctl --json cert list |
	jq -r '.[] | select(.role == "own" and (.file | endswith("/tenant-b.pem"))) | .used_by')" = 'trunk b'

# --- an INVITE that comes in, by the name that was asked for

# Who asks for NAME sends FILE; what is answered.
answered_to() { # NAME FILE
	{
		cat "$2"
		wait_line 5 "$lab/answer" '^SIP/2.0 [2-6]' >/dev/null
	} | timeout 10 openssl s_client -quiet -no_ign_eof -connect "$loopback_uri:$port_external_tls" \
		-servername "$1" -cert "$lab/certs/gw1.pem" -key "$lab/certs/gw1.key" \
		>"$lab/answer" 2>/dev/null
}

printf '%s\r\n' 'INVITE sip:+49777@b.tenants.example.test SIP/2.0' \
	"Via: SIP/2.0/TLS gw1.example.test;branch=z9hG4bK$RANDOM;rport" \
	'From: <sip:+4930@gw1.example.test>;tag=1' 'To: <sip:+49777@b.tenants.example.test>' \
	'Call-ID: by-name@gw1.example.test' 'CSeq: 1 INVITE' 'Max-Forwards: 0' \
	'Contact: <sip:gw1.example.test;transport=tls>' 'Content-Length: 0' '' >"$lab/invite"
check "it is answered" wait_for 5 answered_to b.tenants.example.test "$lab/invite"
check "by the name that it knows us by" prints '^Warning: 399 b.tenants.example.test ' cat "$lab/answer"
check "and is of that trunk" wait_line 5 "$lab/tandem.log" 'event=refused .* trunk=b .*status=483'

# --- calls

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
number[bob]=+4917
number[carol]=+4927
phone_transport=tls
start_phone alice "$((port_pbx - 1))" 400 "$secure;outbound=\"sip:med1.example.test:$port_internal;transport=tls\"" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$((port_provider - 1))" 600 "$secure" "$lab/certs/gw1-combined.pem" "$lab/certs/carriers-ca.pem"
check "a call to tenant a's provider" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal;transport=tls"
check "over mutual TLS" call_has .external.transport TLS
capture=$(capture_of "$(jq -r .id "$lab/cdr.json")")
read_capture "$capture" -Y 'sip.Method == "INVITE" || sip.Method == "BYE"' -T fields -e sip.Via.sent-by.address \
	-e sip.contact.host -e sip.from.host -e sip.Call-ID >"$lab/said"
check "a.tenants is Via, Contact and From of the INVITE" grep -qE \
	'^a.tenants.example.test\sa.tenants.example.test\sa.tenants.example.test\s.*@a.tenants.example.test' "$lab/said"
check "the server hears nothing of it" test "$(grep -c 'med1.example.test.*tenants' "$lab/said")" = 0
stop_phone bob

# --- renewal

before=$(serial_of tenant-a)
issue tenant-a carriers-ca a.tenants.example.test
check "another certificate in tenant a's file" wait_line 20 "$lab/tandem.log" event=tls-files-reloaded
check "is another" test "$before" != "$(serial_of tenant-a)"
matrix gw1 a.tenants.example.test tenant-a trunk=a
check "is presented when we connect" presented_is a "$port_provider" a.tenants.example.test
count=$(lines "$lab/tandem.log" event=tls-files-refused)
issue tenant-b carriers-ca other.example.test
check "one without the name is refused" wait_line 20 "$lab/tandem.log" \
	'event=tls-files-refused .*contact-host of b: .*not for b.tenants.example.test' $((count + 1))

# --- what a start and a reload refuse

check "so it is by the check" exits 6 "$builddir/tandemd" -t -c "$lab/tandem.conf"
check "in words" prints \
	'b.conf:5:16: error: contact-host: .*tenant-b.pem: the certificate is for DNS:other.example.test, not for b.tenants.example.test; have' \
	"$builddir/tandemd" -t -c "$lab/tandem.conf"
issue tenant-b carriers-ca b.tenants.example.test
sed -i 's/^contact-host = .*/contact-host = a.tenants.example.test/' "$lab/gateways.d/w.conf"
check "a name that the side's certificate has not" prints \
	'w.conf:5:16: error: contact-host: .*external.pem: .*, not for a.tenants.example.test' \
	"$builddir/tandemd" -t -c "$lab/tandem.conf"
printf '%s\n' 'certificate = ../certs/tenant-a2.pem' 'key = ../certs/tenant-a2.key' >>"$lab/gateways.d/w.conf"
issue tenant-a2 carriers-ca a.tenants.example.test
check "two certificates for one name" prints \
	'trunk w: contact-host: a.tenants.example.test is that of trunk a too, which has another certificate' \
	"$builddir/tandemd" -t -c "$lab/tandem.conf"
check "a reload refuses them, and goes on" exits 6 ctl -q config reload
matrix gw1 a.tenants.example.test tenant-a trunk=a
finish
