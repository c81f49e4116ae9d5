# Who is at the far ends when a guide is followed: phones in place of the PBX and of the gateway. Sourced by the
# plays of tests/guides; everything runs in the machine that tests/guides/world.sh started.

# shellcheck disable=SC2034 # of lib.sh
port_dns=53
port_phone_media=20000
pbx_host=192.0.2.20
gateway_host=203.0.113.5
talked_at=0
number[carol]=${number[bob]} # bob's other phone

# people_names: who asks this machine for a name gets what /etc/hosts has.
people_names() {
	dns_options=(--addn-hosts=/etc/hosts)
	start_dns
	echo 'nameserver 127.0.0.1' >/etc/resolv.conf
}

# pbx_arrives CERTIFICATE KEY CA: a phone that is a PBX to Tandem, with TLS and SRTP on port 5061.
pbx_arrives() {
	cat "$1" "$2" >"$lab/pbx.pem"
	phone_host=$pbx_host
	start_phone alice 5060 440 'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1' "$lab/pbx.pem" "$3"
}

# gateway_arrives: a phone that is a gateway in plain, on port 5060.
gateway_arrives() {
	phone_host=$gateway_host
	start_phone bob 5060 620 'audio_codecs=PCMA/8000/1'
}

# gateway_gets_tls PREFIX CA [PORT]: the same gateway's other port, with TLS and SRTP. (5065: its phone in plain
# takes 5061 too.)
gateway_gets_tls() {
	loopback=$gateway_host
	loopback_uri=$gateway_host
	start_front front "${3:-5065}" 5082 "sip:$gateway_host:5080;transport=tcp" "$1" "$2" 5062
	phone_host=$gateway_host
	cat "$1.pem" "$1.key" >"$lab/gateway.pem"
	start_phone carol 5080 620 'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1' "$lab/gateway.pem" "$2"
}

ctl() {
	tandemctl "$@"
}

# A phone names its recordings by the second, so no two calls begin in the same one.
is_later() {
	(($(date +%s) > talked_at))
}

# talks FROM TO URI: a call is answered, and both hear the other.
talks() {
	wait_for 2 is_later
	start_call "$1" "$2" "$3" || {
		grep -av 'audio=' "$lab/$1/log" | tail -4
		ls -l "$lab/$1/"*.wav "$lab/$2/"*.wav
		journalctl -u tandemd -n 10 -o cat
		return 1
	}
	talked_at=$(date +%s)
}

# hangs_up FROM TO: and its record is written.
hangs_up() {
	local recorded
	recorded=$(lines /var/lib/tandem/cdr.jsonl '"kind":"call"')
	phone "$1" hangup
	wait_event "$2" CALL_CLOSED "${calls_of[$2]}" &&
		wait_line 15 /var/lib/tandem/cdr.jsonl '"kind":"call"' $((recorded + 1))
}

# people_configure 'KEY = VALUE'...: /etc/tandem with certificates of a lab, as somebody has it who runs
# Tandem for a while. The lines are those of the trunk carrier-a. Sets certs, the folder of all
# certificates, and outbound, the address that the PBX calls.
people_configure() {
	certs=/root/certs
	outbound="sip:${number[bob]}@med1.example.test:5061"
	"$srcdir/certs/make-lab" "$certs" >"$lab/make-lab.log" 2>&1
	mkdir -p /etc/tandem/certs /etc/tandem/gateways.d
	cp "$certs"/{internal,external}.{pem,key} "$certs"/{enterprise,carriers}{-ca.pem,.crl} \
		/etc/tandem/certs
	cat >/etc/tandem/tandem.conf <<-EOF
		[tandem]
		fqdn = med1.example.test
		user = tandem
		[internal]
		listen = 192.0.2.10:5061
		certificate = certs/internal.pem
		key = certs/internal.key
		trust = certs/enterprise-ca.pem
		crl = certs/enterprise.crl
		[server pbx1]
		host = pbx1.example.test
		[external]
		udp = 198.51.100.10:5060
		tls = 198.51.100.10:5062
		certificate = certs/external.pem
		key = certs/external.key
		trust = certs/carriers-ca.pem
		crl = certs/carriers.crl
		[media]
		internal-address = 192.0.2.10
		external-address = 198.51.100.10
	EOF
	{
		printf '%s\n' '[gateway]' 'host = gw1.example.test'
		printf '%s\n' "$@"
	} >/etc/tandem/gateways.d/carrier-a.conf
	people_own
}

# people_own: the service reads the configuration, and nobody else.
people_own() {
	id tandem >/dev/null 2>&1 ||
		useradd --system --home-dir /var/lib/tandem --shell /usr/sbin/nologin tandem
	getent group tandem-admin >/dev/null || groupadd --system tandem-admin
	chown -R root:tandem /etc/tandem
	chmod 0640 /etc/tandem/certs/*.key
}

# people_learn TRUNK: the guide's number is an example; that of the phone behind the trunk answers.
people_learn() {
	check "what a new trunk can do is found out by calls" tandemctl trunk learn "$1" "${number[carol]}"
	rm -f "$lab/carol"/dump-*.wav # what it heard then is not what talks() asks for
}
