# Certificates and CRLs that appear while a test runs, by the CAs of the lab. Sourced after
# lib.sh, by scripts that called lab_open.

# The environment that certs/ca.cnf wants, for the CA given.
with_ca() { # CA COMMAND...
	local ca=$1
	shift
	(cd "$lab/certs" && umask 077 && mkdir -p "$lab/ca" && touch "$lab/ca/$ca.index" &&
		ca=$ca work=$lab/ca san=${san:-none} "$@")
}

# new_ca CA NAME: a further CA of the lab.
new_ca() {
	with_ca "$1" openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
	with_ca "$1" openssl req -new -key "$1.key" -subj "/O=Tandem lab/CN=$2" -out "$1.csr"
	with_ca "$1" openssl x509 -req -in "$1.csr" -signkey "$1.key" -days 30 -sha256 \
		-extfile "$srcdir/certs/ca.cnf" -extensions root -out "$1.pem" 2>/dev/null
}

# A time of now and so many seconds, as openssl has it.
openssl_time() { # SECONDS
	date -u -d "@$(($(date +%s) + $1))" +%Y%m%d%H%M%SZ
}

# issue FILE CA NAME [FROM TO]: $lab/certs/FILE.pem, .key and -combined.pem, in seconds from
# now (a day ago, a year). An old key is replaced unless keep_key is set; $ca_cnf and
# $extensions may name others than those of certs/ca.cnf.
issue() {
	local file=$1 ca=$2 name=$3
	if [[ -n ${keep_key:-} ]]; then
		cp "$lab/certs/$file.key" "$lab/certs/$file.key.new"
	else
		with_ca "$ca" openssl ecparam -name prime256v1 -genkey -noout -out "$file.key.new"
	fi
	with_ca "$ca" openssl req -new -key "$file.key.new" -subj "/O=Tandem lab/CN=$name" \
		-out "$file.csr"
	san=DNS:$name with_ca "$ca" openssl ca -batch -notext \
		-config "${ca_cnf:-$srcdir/certs/ca.cnf}" -extensions "${extensions:-host}" \
		-in "$file.csr" -startdate "$(openssl_time "${4:--86400}")" \
		-enddate "$(openssl_time "${5:-31536000}")" -out "$file.pem.new" 2>/dev/null ||
		return 1
	cat "$lab/certs/$file.pem.new" "$lab/certs/$file.key.new" \
		>"$lab/certs/$file-combined.pem.new"
	chmod 600 "$lab/certs/$file-combined.pem.new"
	mv "$lab/certs/$file-combined.pem.new" "$lab/certs/$file-combined.pem"
	mv "$lab/certs/$file.pem.new" "$lab/certs/$file.pem"
	mv "$lab/certs/$file.key.new" "$lab/certs/$file.key"
}

# write_crl CA FILE SECONDS [CERTIFICATE...]: the list $lab/certs/FILE, due in SECONDS, that
# revokes these and no others. It appears whole.
write_crl() {
	local ca=$1 file=$2 seconds=$3 certificate
	shift 3
	rm -f "$lab/ca/$ca.index"
	for certificate; do
		with_ca "$ca" openssl ca -config "$srcdir/certs/ca.cnf" \
			-revoke "$certificate.pem" 2>/dev/null
	done
	with_ca "$ca" openssl ca -config "$srcdir/certs/ca.cnf" -gencrl \
		-crl_nextupdate "$(openssl_time "$seconds")" -out "$file.new" 2>"$lab/ca/crl.log" || {
		cat "$lab/ca/crl.log"
		return 1
	}
	mv "$lab/certs/$file.new" "$lab/certs/$file"
}

# The serial number of a certificate file.
serial_of() { # FILE
	openssl x509 -in "$lab/certs/$1.pem" -noout -serial | cut -d= -f2
}

# What is presented at PORT to one who shows CERTIFICATE: its serial number.
presented_at() { # PORT CERTIFICATE
	timeout 10 openssl s_client -connect "$loopback_uri:$1" -cert "$lab/certs/$2.pem" \
		-key "$lab/certs/$2.key" </dev/null 2>/dev/null |
		openssl x509 -noout -serial 2>/dev/null | cut -d= -f2
}

presents() { # PORT CERTIFICATE SERIAL
	local serial
	serial=$(presented_at "$1" "$2")
	[[ $serial == "$3" ]] || {
		echo "it presents ${serial:-nothing}, not $3"
		return 1
	}
}
