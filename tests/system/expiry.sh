#!/bin/bash
# Warnings before certificates and lists run out, at 30, 7 and 1 days, as time goes by.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need faketime
. "$(dirname "$0")/time.sh"

# told LEVEL EVENT WORDS: one line said so by now, since the last `forget`.
told() {
	wait_line 30 "$lab/tandem.log" " $1 tls event=$2 .*$3" &&
		[[ $(lines "$lab/tandem.log" " $1 tls event=$2 .*$3") == 1 ]] || {
		cat "$lab/tandem.log"
		return 1
	}
}

forget() { : >"$lab/tandem.log"; }

level_is() { # ROLE LEVEL
	[[ $(ctl --json cert list |
		jq -r --arg role "$1" '.[] | select(.role == $role and
			(.users | index("server pbx1"))) | .level') == "$2" ]]
}

# It is so late, and the server has noticed.
then_it_is() { # DAYS
	forget
	later $(($1 * day + 60))
	wait_line 30 "$lab/tandem.log" event=clock-set
}

lab_open
# Ours runs out in 40 days, the peer's in 60, the list in 91: of one that lives for less than 90 days nothing is said at 30, and openssl
# may take the next second for its begin.
issue internal enterprise-ca med1.example.test -$day $((40 * day))
issue pbx1 enterprise-ca pbx1.example.test -$day $((60 * day))
write_crl enterprise-ca enterprise.crl $((91 * day))
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
later 0
start_tandem_in_time
check "a peer comes" presents "$port_internal" pbx1 "$(serial_of internal)"
check "40 days are none to speak of" test "$(lines "$lab/tandem.log" threshold=)" = 0

check "11 days go by" then_it_is 11
check "30 days: a warning" told warning certificate-expires \
	'role=own .*internal.pem" threshold=30d left-days=28 .*used-by="server pbx1" then="no TLS with server pbx1"'
check "cert list has it" level_is own 30d
check "a reload" ctl -q config reload
check "does not repeat it" test "$(lines "$lab/tandem.log" role=own)" = 1
check "34 days" then_it_is 34
check "7 days: a warning" told warning certificate-expires 'role=own .*threshold=7d left-days=5 '
check "that the peer runs out too" told warning certificate-expires \
	'role=peer .*threshold=30d left-days=25 .*then="refused until renewed: server pbx1"'
check "39 days" then_it_is 39
check "1 day: an error" told error certificate-expires 'role=own .*threshold=1d left-days=0 '
check "nothing else" test "$(lines "$lab/tandem.log" threshold=)" = 1

issue internal enterprise-ca med1.example.test -$day $((400 * day))
check "a new one" wait_line 20 "$lab/tandem.log" event=tls-files-reloaded
check "is fine" level_is own ok
check "61 days" then_it_is 61
check "the peer's is over: an error" told error certificate-expired 'role=peer .*threshold=over '
check "the list is due" told warning crl-due 'role=crl issuer="CN=Enterprise CA,O=Tandem lab" .*threshold=30d left-days=29 '
check "of ours nothing" test "$(lines "$lab/tandem.log" 'role=own')" = 0
check "91 days" then_it_is 91
check "the list is stale: an error" told error crl-stale \
	'role=crl .*threshold=over .*then="refused, as revocation cannot be judged: server pbx1"'
finish
