#!/bin/bash
# Which certificates there are and who depends on them; what is said when a peer shows
# another one that is good too; the metrics.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"

certs() { ctl --json cert list; }

# Of the one entry with this role that USER depends on: what FILTER says.
cert() { # ROLE USER FILTER
	certs | jq -r --arg role "$1" --arg user "$2" \
		"[.[] | select(.role == \$role and (.users | index(\$user)))] |
			if length == 1 then .[0] | $3 else \"(\(length) entries)\" end"
}

cert_is() { # ROLE USER FILTER VALUE
	local value
	value=$(cert "$1" "$2" "$3")
	[[ $value == "$4" ]] || {
		echo "$3 is $value, not $4"
		return 1
	}
}

fingerprint_of() { # FILE
	openssl x509 -in "$lab/certs/$1.pem" -noout -fingerprint -sha256 | cut -d= -f2
}

not_after_of() { # FILE
	date -u -d "$(openssl x509 -in "$lab/certs/$1.pem" -noout -enddate | cut -d= -f2)" \
		+%Y-%m-%dT%H:%M:%SZ
}

# A server comes with what is in pbx1.pem, and is let in.
come() {
	presents "$port_internal" pbx1 "$(serial_of internal)" &&
		wait_for 5 cert_is peer 'server pbx1' .fingerprint "$(fingerprint_of pbx1)"
}

# come_changed LEVEL WORDS: it comes, and one line says so.
come_changed() {
	local pattern=" $1 tls event=peer-certificate-changed server=pbx1 changed=$2 "
	local before all
	before=$(lines "$lab/tandem.log" "$pattern")
	all=$(lines "$lab/tandem.log" event=peer-certificate-changed)
	come && wait_line 5 "$lab/tandem.log" "$pattern" $((before + 1)) && come &&
		[[ $(lines "$lab/tandem.log" event=peer-certificate-changed) == $((all + 1)) ]] &&
		cert_is peer 'server pbx1' '.changed | join(",")' "$2"
}

# What Prometheus asks of its text format, and what promtool lint does.
check_metrics() { # FILE
	awk '
		function bad(why) { print "line " NR ": " why ": " $0; failed = 1 }
		/^# HELP [a-z_]+ ./ {
			if (seen[$3]++) bad("a family twice")
			family = $3; typed = 0; next
		}
		/^# TYPE [a-z_]+ (counter|gauge)$/ {
			if ($3 != family || typed++) bad("not behind its HELP")
			if (($4 == "counter") != ($3 ~ /_total$/)) bad("_total is for counters")
			next
		}
		!/^[a-z_]+(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? -?[0-9]+$/ {
			bad("no sample"); next
		}
		{
			name = $0; sub(/[{ ].*/, "", name)
			series = $0; sub(/ [^ ]*$/, "", series)
			if (name != family || !typed) bad("not in its family")
			if (known[series]++) bad("a series twice")
			samples++
		}
		END { exit failed || samples < 40 }' "$1"
}

metric() { # SERIES, an extended regex: its value
	ctl metrics | sed -nE "s/^$1 ([0-9]+)\$/\1/p"
}

lab_open
issue internal enterprise-ca med1.example.test -86400 $((20 * 86400 + 43200))
write_conf
write_gateway 'tls = yes' "port = $port_gw"
start_tandem

# --- what there is

check "our own certificate, with its day" \
	cert_is own 'server pbx1' .not_after "$(not_after_of internal)"
check "its file" cert_is own 'server pbx1' .file "$lab/certs/internal.pem"
check "what breaks without it" \
	cert_is own 'server pbx1' .then 'no TLS with server pbx1'
check "that of the other side" \
	cert_is own 'trunk gw' .fingerprint "$(fingerprint_of external)"
check "a root" cert_is root 'trunk gw' .subject 'CN=Carriers CA,O=Tandem lab'
check "a list" cert_is crl 'server pbx1' .file "$lab/certs/enterprise.crl"
check "what runs out first comes first" \
	test "$(certs | jq '. == sort_by(.not_after)')" = true
check "nothing of peers that never came" test "$(certs | jq 'map(select(.role == "peer")) | length')" = 0
check "20 days are told" wait_line 5 "$lab/tandem.log" \
	' warning tls event=certificate-expires role=own .*internal.pem" threshold=30d left-days=20 '
check "once" test "$(lines "$lab/tandem.log" event=certificate-expires)" = 1
check "a reload" ctl -q config reload
check "tells it no more" test "$(lines "$lab/tandem.log" event=certificate-expires)" = 1
ctl cert list >"$lab/table"
check "people get a table" grep -qE '^own .* 20 30d +server pbx1 +no TLS with server pbx1' "$lab/table"

# --- what peers show

check "a peer comes" come
check "its first one is no change" wait_line 5 "$lab/tandem.log" \
	' info tls event=peer-certificate-first server=pbx1 '
check "what it showed is shown with it" test "$(fingerprint_of pbx1)" = \
	"$(ctl --json server show pbx1 | jq -r .certificate.fingerprint)"
check "its root is known to be needed" \
	cert_is root 'server pbx1' .then 'refused: server pbx1'
issue pbx1 enterprise-ca pbx1.example.test
check "a new key" come_changed warning certificate,key
keep_key=yes issue pbx1 enterprise-ca pbx1.example.test
check "a new certificate for the same key" come_changed info certificate
sed 's/serverAuth, clientAuth/clientAuth/' "$srcdir/certs/ca.cnf" >"$lab/ca.cnf"
ca_cnf=$lab/ca.cnf keep_key=yes issue pbx1 enterprise-ca pbx1.example.test
check "another purpose" come_changed warning certificate,eku

# Two authorities are trusted while one takes over from the other.
cat "$lab/certs/carriers-ca.pem" >>"$lab/certs/enterprise-ca.pem"
cat "$lab/certs/carriers.crl" >>"$lab/certs/enterprise.crl"
check "a second root and its list" wait_line 20 "$lab/tandem.log" event=tls-files-reloaded
check "a reload" ctl -q config reload
ca_cnf=$lab/ca.cnf keep_key=yes issue pbx1 carriers-ca pbx1.example.test
check "another issuer" come_changed warning certificate,issuer
check "in words" grep -qE 'changed=certificate,issuer .*old-issuer="CN=Enterprise CA,O=Tandem lab" new-issuer="CN=Carriers CA,O=Tandem lab"' \
	"$lab/tandem.log"

# --- over a start

known=$(fingerprint_of pbx1)
check "it is in a file that openssl reads" test "$known" = \
	"$(openssl x509 -in "$lab/state/peers/server-pbx1.pem" -noout -fingerprint -sha256 | cut -d= -f2)"
stop "$tandem_pid"
start_tandem
check "it is known over a start" cert_is peer 'server pbx1' .fingerprint "$known"
issue pbx1 enterprise-ca pbx1.example.test
check "a change over a start" come_changed warning certificate,key,issuer,eku
check "and what it was before" cert_is peer 'server pbx1' .fingerprint_before "$known"

# One that is refused is not taken for what the peer shows.
cp "$lab/certs/pbx1.pem" "$lab/good.pem"
cp "$lab/certs/pbx1-rogue.pem" "$lab/certs/rogue.pem"
cp "$lab/certs/pbx1-rogue.key" "$lab/certs/rogue.key"
presented_at "$port_internal" rogue >/dev/null
check "a stranger is refused" wait_line 5 "$lab/tandem.log" 'refused by=us rule=issuer'
check "and is not what pbx1 showed" \
	cert_is peer 'server pbx1' .fingerprint "$(fingerprint_of pbx1)"

# --- metrics

ctl metrics >"$lab/metrics"
check "metrics are well formed" check_metrics "$lab/metrics"
check "a certificate's day" test "$(metric 'tandem_certificate_not_after_timestamp_seconds\{role="own",.*internal.pem"\}')" = \
	"$(date -d "$(not_after_of internal)" +%s)"
check "a peer's" test "$(metric 'tandem_certificate_not_after_timestamp_seconds\{role="peer",.*,server="pbx1"\}')" = \
	"$(date -d "$(not_after_of pbx1)" +%s)"
check "one warning" test "$(metric 'tandem_certificate_warnings\{threshold="30d"\}')" = 1
check "none of 7 days" test "$(metric 'tandem_certificate_warnings\{threshold="7d"\}')" = 0
check "the same numbers as status" test "$(metric 'tandem_connections_accepted_total\{side="internal"\}')" = \
	"$(status .internal.accepted)"
check "as a JSON string" test "$(ctl --json metrics | jq -r . | grep -c '^# TYPE')" = \
	"$(grep -c '^# TYPE' "$lab/metrics")"
issue internal enterprise-ca med1.example.test
check "our own renewed" wait_for 20 cert_is own 'server pbx1' .level ok
check "no warning is left" test "$(metric 'tandem_certificate_warnings\{threshold="30d"\}')" = 0
finish
