#!/bin/bash
# From an empty folder to protected calls: tandemctl setup by options alone and at a terminal, certificates by
# its own authority, and by one outside of which cert install takes in the answers; what is refused.
. "$(dirname "$0")/lib.sh"
need baresip certtool script setpriv unshare

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

tandemctl() { "$builddir/tandemctl" "$@"; }

# set_up NAME OPTION...: $lab/NAME, with the ports of this lab and no question.
set_up() {
	local dir=$lab/$1
	shift
	tandemctl setup --dir "$dir" --share "$srcdir" --fqdn med1.example.test \
		--internal-address 127.0.0.1 --external-address 127.0.0.1 \
		--set "tandem.dns-server=127.0.0.1:$port_dns" \
		--set "internal.listen=127.0.0.1:$port_internal" \
		--set "external.tls=127.0.0.1:$port_external_tls" \
		--set "media.ports=$port_media-$((port_media + 199))" "$@" </dev/null
}

set_up_far_ends() { # NAME OPTION...
	set_up "$@" --pbx "generic:pbx1.example.test:$((port_pbx + 1))" \
		--trunk "carrier:gw:gw1.example.test:$((port_gw + 1))"
}

# The lab's own state and control socket are those of the site that runs.
start_site() { # NAME
	rm -rf "$lab/run" "$lab/state"
	ln -s "$1/run" "$lab/run"
	ln -s "$1/state" "$lab/state"
	"$builddir/tandemd" -c "$lab/$1/tandem.conf" -f >>"$lab/tandem.log" 2>&1 &
	tandem_pid=$!
	pids+=("$tandem_pid")
	wait_for 15 ctl -q status || {
		tail -20 "$lab/tandem.log"
		return 1
	}
}

mode_is() { # MODE FILE...
	local mode=$1 file
	shift
	(($#)) || return 1
	for file; do
		[[ $(stat -c %a "$file") == "$mode" ]] || {
			stat -c '%n is %a' "$file"
			return 1
		}
	done
}

# A call FROM to TO over TLS and SRTP on both legs.
protected_call() { # FROM TO PORT
	place_call "$1" "$2" "sip:${number[$2]}@med1.example.test:$3" 1 &&
		call_has .internal.transport TLS && call_has .external.transport TLS &&
		call_has .internal.media 'A*' && call_has .external.media 'A*' &&
		call_has .internal.peer_names '*pbx1.example.test*' &&
		call_has .external.peer_names '*gw1.example.test*'
}

# refused CODE WORDS COMMAND...: it fails so, and says so.
refused() {
	local code=$1 words=$2
	shift 2
	exits "$code" "$@" >"$lab/refused" 2>&1 || {
		cat "$lab/refused"
		return 1
	}
	grep -qF -e "$words" "$lab/refused" || {
		cat "$lab/refused"
		return 1
	}
}

same() { # FILE SUM
	[[ $(sha256sum <"$1") == "$2" ]]
}

lab_open

# --- a site by its own authority

check "a set-up by options alone" set_up_far_ends site --certificates lab
check "its configuration passes" "$builddir/tandemd" -t -c "$lab/site/tandem.conf"
check "keys are for nobody else" mode_is 600 "$lab"/site/certs/*.key "$lab"/site/lab/*.key \
	"$lab"/site/lab/peers/*.key "$lab"/site/lab/peers/*-agent.pem
check "the configuration is not for all" mode_is 640 "$lab/site/tandem.conf" \
	"$lab/site/gateways.d/gw.conf"
check "the lab's folder is closed" mode_is 700 "$lab/site/lab" "$lab/site/lab/peers"

verified() { # CA FILE NAME
	openssl verify -x509_strict -CAfile "$1" -purpose sslserver -verify_hostname "$3" "$2" &&
		openssl verify -x509_strict -CAfile "$1" -purpose sslclient "$2" &&
		certtool --verify --load-ca-certificate "$1" --infile "$2" \
			--verify-hostname "$3"
}
for side in internal external; do
	check "openssl and certtool accept ours, $side" verified "$lab/site/certs/$side-ca.pem" \
		"$lab/site/certs/$side.pem" med1.example.test
done
check "and that of the PBX" verified "$lab/site/certs/internal-ca.pem" \
	"$lab/site/lab/peers/pbx1.example.test.pem" pbx1.example.test
check "not the gateway's as a server" exits 2 openssl verify -CAfile \
	"$lab/site/certs/internal-ca.pem" "$lab/site/lab/peers/gw1.example.test.pem"

# First the far ends: it asks them by OPTIONS as soon as it is up, and one that is not there rests.
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/site/lab/peers/pbx1.example.test-agent.pem" \
	"$lab/site/lab/peers/pbx1.example.test-ca.pem"
start_phone bob "$port_gw" 620 "$secure" \
	"$lab/site/lab/peers/gw1.example.test-agent.pem" \
	"$lab/site/lab/peers/gw1.example.test-ca.pem"
check "it starts" start_site site
check "the PBX calls the gateway, protected" protected_call alice bob "$port_internal"
check "the gateway calls the PBX, protected" protected_call bob alice "$port_external_tls"

sum=$(sha256sum <"$lab/site/certs/internal.pem")
check "the lab's authority is used again" prints 'gw2.example.test' tandemctl cert lab \
	--dir "$lab/site" --side external --peer gw2.example.test
check "for one more far end" verified "$lab/site/certs/external-ca.pem" \
	"$lab/site/lab/peers/gw2.example.test.pem" gw2.example.test
check "and what was there stays" same "$lab/site/certs/internal.pem" "$sum"
check "not for another domain" refused 1 'may certify only the domains' tandemctl cert lab \
	--dir "$lab/site" --side external --peer bank.example.com
stop_phone alice
stop_phone bob
stop "$tandem_pid"

# --- a site by an authority outside

# outside_ca: root and intermediate by openssl; sign CSR FILE DAYS OPTION...
outside_ca() {
	mkdir -p "$lab/outside" && (
		cd "$lab/outside" || exit
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key \
			-subj '/CN=Outside Root' -days 3650 -out root.pem
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout sub.key \
			-subj '/CN=Outside Issuing' -out sub.csr
		printf 'basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n' >sub.ext
		openssl x509 -req -in sub.csr -CA root.pem -CAkey root.key -days 365 \
			-extfile sub.ext -out sub.pem
	)
}

sign() { # CSR FILE [DAYS]
	(cd "$lab/outside" && openssl x509 -req -in "$1" -CA sub.pem -CAkey sub.key \
		-days "${3:-300}" -copy_extensions copy -out "$2")
}

asked=$lab/asked
check "a set-up that asks for certificates" set_up_far_ends asked --certificates request
for side in internal external; do
	check "openssl reads the request, $side" prints 'DNS:med1.example.test' \
		openssl req -verify -noout -text -in "$asked/certs/$side.csr"
done
key_sum=$(sha256sum <"$asked/certs/internal.key")
check "asking again keeps the key" tandemctl cert request --dir "$asked"
check "really" same "$asked/certs/internal.key" "$key_sum"

check "an authority of openssl" outside_ca
check "it signs" sign "$asked/certs/internal.csr" internal.pem
check "both" sign "$asked/certs/external.csr" external.pem
(
	cd "$lab/outside" || exit
	openssl crl2pkcs7 -nocrl -certfile root.pem -certfile internal.pem -certfile sub.pem \
		-out internal.p7b
	cat root.pem sub.pem external.pem >shuffled.pem
)
check "PKCS#7 is taken in" prints 'ok   chain: each' tandemctl cert install --dir "$asked" \
	"$lab/outside/internal.p7b"
check "so is PEM in any order" prints 'ok   names: DNS:med1.example.test' tandemctl cert install \
	--dir "$asked" "$lab/outside/shuffled.pem" --trust --side external
check "authorities alone" prints '1 more authority in' tandemctl cert install --dir "$asked" \
	--side internal --trust "$lab/outside/root.pem"
chain_holds() { # SIDE
	openssl verify -CAfile "$lab/outside/root.pem" -untrusted "$asked/certs/$1.pem" \
		-purpose sslserver "$asked/certs/$1.pem" &&
		(($(grep -c 'BEGIN CERT' "$asked/certs/$1.pem") == 2))
}
check "the chain is in order, internal" chain_holds internal
check "the chain is in order, external" chain_holds external
check "the key is the one that asked" same "$asked/certs/internal.key" "$key_sum"
check "the far ends' authority is trusted" cmp "$lab/outside/root.pem" "$asked/certs/internal-ca.pem"
check "the configuration passes" "$builddir/tandemd" -t -c "$asked/tandem.conf"
check "it starts" start_site asked

# --- a renewal, on the running server

serial() { openssl x509 -noout -serial -in "$1" | cut -d= -f2; }
shows() { # SERIAL
	[[ $(ctl --json cert list | jq -r --arg serial "$1" \
		'[.[] | select(.role == "own" and (.serial | ascii_upcase) == $serial)] | length') == 1 ]]
}
old=$(serial "$asked/certs/internal.pem")
check "the certificate is shown" shows "$old"
check "a renewal has a new key" tandemctl cert request --dir "$asked" --side internal
check "beside that in use" same "$asked/certs/internal.key" "$key_sum"
check "which is for nobody else" mode_is 600 "$asked/certs/internal.new.key"
check "signed" sign "$asked/certs/internal.new.csr" renewed.pem
new=$(serial "$lab/outside/renewed.pem")
next_day=$(date -u -d '+100 days' +%F)
check "not for a day when it is over" refused 1 'is not valid then' tandemctl cert \
	install --dir "$asked" --from 2099-01-01 "$lab/outside/renewed.pem" "$lab/outside/sub.pem"
check "prepared for a day" prints "next-from = $next_day" tandemctl cert install --dir "$asked" \
	--from $next_day "$lab/outside/renewed.pem" "$lab/outside/sub.pem"
check "what is in use stays" same "$asked/certs/internal.key" "$key_sum"
sed -i "/^\[internal\]/a next-certificate = certs/internal.new.pem\nnext-key = certs/internal.new.key\nnext-from = $next_day" \
	"$asked/tandem.conf"
check "what it says to add is right" "$builddir/tandemd" -t -c "$asked/tandem.conf"
sed -i '/^next-/d' "$asked/tandem.conf"
rm "$asked/certs/internal.new.pem"
TANDEM_SOCKET=$asked/run/control.sock check "taken into use" tandemctl cert install --reload \
	--dir "$asked" "$lab/outside/renewed.pem" "$lab/outside/sub.pem"
check "the server shows it" wait_for 10 shows "$new"
check "what was in use is kept" same "$asked/certs/internal.key.old" "$key_sum"
check "with its certificate" test "$(serial "$asked/certs/internal.pem.old")" = "$old"
check "no request is left" test ! -e "$asked/certs/internal.new.key" -a ! -e "$asked/certs/internal.new.csr"
stop "$tandem_pid"

# --- PKCS#12: the key comes along

openssl pkcs12 -export -inkey "$lab/certs/internal.key" -in "$lab/certs/internal.pem" \
	-certfile "$lab/certs/enterprise-ca.pem" -passout pass:word -out "$lab/outside/made.p12"
echo word >"$lab/outside/password"
check "PKCS#12 wants its password" refused 1 'give --password-file' tandemctl cert install \
	--dir "$asked" --side internal "$lab/outside/made.p12" </dev/null
check "PKCS#12 with its password" prints 'ok   key: came along' tandemctl cert install \
	--dir "$asked" --side internal --password-file "$lab/outside/password" "$lab/outside/made.p12"
pair() { # KEY CERTIFICATE
	[[ $(openssl pkey -in "$1" -pubout) == "$(openssl x509 -in "$2" -noout -pubkey)" ]]
}
check "its key is installed" pair "$asked/certs/internal.key" "$lab/certs/internal.pem"
check "and closed" mode_is 600 "$asked/certs/internal.key"

prompted() { # the password at a terminal, when it is asked for
	: >"$lab/screen"
	{
		wait_line 20 "$lab/screen" 'Password of'
		echo word
	} | script -qefc "'$builddir/tandemctl' cert install --dir '$asked' --side internal \
		'$lab/outside/made.p12'" /dev/null >"$lab/screen"
}
check "PKCS#12 with its password at a terminal" prompted
check "which does not show it" prints 'ok   key' grep -v 'word$' "$lab/screen"

# --- a token's key

hsm=(/usr/lib/*/softhsm/libsofthsm2.so /usr/lib/softhsm/libsofthsm2.so)
if [[ ${#hsm[@]} -gt 0 ]] && type -P softhsm2-util p11tool >/dev/null; then
	mkdir -p "$lab/tokens"
	echo "directories.tokendir = $lab/tokens" >"$lab/softhsm2.conf"
	export SOFTHSM2_CONF=$lab/softhsm2.conf
	softhsm2-util --init-token --free --label lab --pin 1234 --so-pin 1234 >/dev/null
	p11tool --provider "${hsm[0]}" --login --set-pin 1234 --generate-privkey ecdsa --curve secp256r1 \
		--label sip pkcs11:token=lab >/dev/null 2>&1
	check "a request by a token's key" tandemctl cert request --dir "$asked" --side external \
		--key 'pkcs11:token=lab;object=sip;type=private?pin-value=1234'
	check "which openssl reads" openssl req -verify -noout -in "$asked/certs/external.csr"
else
	echo "left out: no softhsm2"
fi

# --- refusals

conf_sum=$(sha256sum <"$lab/site/tandem.conf")
check "a configuration is never replaced" refused 1 'setup makes a first configuration only' \
	set_up_far_ends site
check "really" same "$lab/site/tandem.conf" "$conf_sum"
check "what is missing is named" refused 2 'missing: --pbx, --trunk, --certificates' \
	set_up missing
check "also with --yes" refused 2 'missing: --pbx, --trunk (' set_up missing --yes
check "an unknown kind" refused 2 'KIND one of: asterisk, freeswitch' set_up missing --yes \
	--pbx pbxx:a.example.test --trunk carrier:a:b.example.test
check "an address of another machine" refused 2 'not an address of this machine' tandemctl setup \
	--dir "$lab/missing" --internal-address 192.0.2.77
check "a setting that there is not" refused 2 'did you mean max-calls' set_up missing \
	--set limits.max-call=3
check "settings that do not fit" refused 1 'nothing was written' set_up_far_ends missing --yes \
	--set "external.tls=127.0.0.1:$port_internal"
check "nothing was written" test ! -e "$lab/missing"
check "it is tried in TMPDIR" refused 1 "$lab/nowhere/" env TMPDIR="$lab/nowhere" "$builddir/tandemctl" setup \
	--dir "$lab/missing" --share "$srcdir" --fqdn med1.example.test --internal-address 127.0.0.1 \
	--external-address 127.0.0.1 --pbx generic:pbx1.example.test --trunk carrier:gw:gw1.example.test \
	--certificates lab --yes
mkdir -p "$lab/half"
: >"$lab/half/peers"
check "a file where a folder must be" refused 1 'peers/pbx1.conf: Not a directory' set_up_far_ends half --yes
check "nothing half is left" test "$(find "$lab/half" -mindepth 1)" = "$lab/half/peers"
check "a dry run" prints 'Nothing was written' set_up_far_ends missing --yes --dry-run
check "writes nothing" test ! -e "$lab/missing"

mkdir "$lab/mine"
for side in internal external; do
	cp "$lab/certs/$side.pem" "$lab/certs/$side.key" "$lab/mine"
done
check "a folder without all" refused 2 'internal-ca.pem is not there' set_up_far_ends folder --yes \
	--certificates "$lab/mine"
cp "$lab/certs/enterprise-ca.pem" "$lab/mine/internal-ca.pem"
cp "$lab/certs/carriers-ca.pem" "$lab/mine/external-ca.pem"
check "a folder of certificates" prints 'no mistakes' set_up_far_ends folder --yes \
	--certificates "$lab/mine"
check "is used where it is" grep -q "^key = $lab/mine/external.key" "$lab/folder/tandem.conf"
cp "$lab/certs/pbx1.key" "$lab/mine/internal.key"
check "what tandemd -t refuses" refused 1 'tandemd would not start with them' set_up_far_ends \
	folder2 --yes --certificates "$lab/mine"
check "a lab before a configuration" tandemctl cert lab --dir "$lab/lab-alone" \
	--fqdn med1.example.test --side external
check "has its files" mode_is 600 "$lab/lab-alone/certs/external.key" "$lab/lab-alone/lab/external-ca.key"
if ((EUID == 0)); then
	check "no rights to write" refused 1 'become root' setpriv --reuid=65534 --regid=65534 \
		--clear-groups "$builddir/tandemctl" cert lab --dir "$lab/lab-alone" --fqdn a.example.test \
		--side internal
fi

sum=$(sha256sum <"$asked/certs/internal.pem")
check "a foreign key" refused 1 'no certificate here is for a key of ours' tandemctl cert install \
	--dir "$asked" "$lab/certs/pbx1.pem"
check "a request instead of a certificate" refused 2 'a request, not the certificate' tandemctl \
	cert install --dir "$asked" "$asked/certs/external.csr"
sign_other() { # SUBJECTALTNAME FILE DAYS
	openssl req -new -key "$asked/certs/internal.key" -subj /CN=x -addext "subjectAltName=$1" \
		-out "$lab/outside/other.csr" && sign other.csr "$2" "$3"
}
check "signed for another name" sign_other DNS:other.example.test other.pem 30
check "a wrong name" refused 1 'BAD  names: DNS:other.example.test, and not med1.example.test' \
	tandemctl cert install --dir "$asked" "$lab/outside/other.pem" "$lab/outside/sub.pem"
mkdir -p "$lab/expired/certs"
cp "$lab/certs/pbx1-expired.key" "$lab/expired/certs/internal.key"
check "an expired one" refused 1 'BAD  dates: ' tandemctl cert install --dir "$lab/expired" \
	"$lab/certs/pbx1-expired.pem"
cp "$lab/certs/pbx1-revoked.key" "$lab/expired/certs/internal.key"
cp "$lab/certs/enterprise.crl" "$lab/expired/certs/internal.crl"
check "a revoked one" refused 1 'BAD  revocation: ' tandemctl cert install --dir "$lab/expired" \
	"$lab/certs/pbx1-revoked.pem"
check "they were not installed" test ! -e "$lab/expired/certs/internal.pem"
check "a lab over certificates of others" refused 1 'not by a lab: nothing was changed' tandemctl \
	cert lab --dir "$asked"
check "a file that is not there" refused 1 'absent.pem: No such file' tandemctl cert install \
	--dir "$asked" "$lab/absent.pem"
check "an option that there is not" refused 2 'no such option' tandemctl cert request --sides x
check "none of them changed anything" same "$asked/certs/internal.pem" "$sum"

# --- at a terminal

# answers LINE...: the dialogue of a set-up in $lab/dialogue, at a terminal of its own.
answers() {
	printf '%s\n' "$@" >"$lab/answers"
	script -qec "'$builddir/tandemctl' setup --dir '$lab/dialogue' --share '$srcdir' \
		--set internal.listen=127.0.0.1:$port_internal \
		--set external.tls=127.0.0.1:$port_external_tls \
		--set external.udp=127.0.0.1:$port_external --set external.tcp=127.0.0.1:$port_external \
		--set media.ports=$port_media-$((port_media + 199))" /dev/null \
		<"$lab/answers" >"$lab/screen"
}
check "the dialogue may be left" answers med1.example.test asterisk:pbx1.example.test \
	carrier-udp:gw:127.0.0.1 127.0.0.1 '' '' n
check "then nothing is there" test ! -e "$lab/dialogue"
check "the dialogue, with mistakes" answers med1 med1.example.test pbx1 \
	asterisk:pbx1.example.test carrier-udp:gw:127.0.0.1 192.0.2.77 127.0.0.1 '' '' y
check "a mistake is explained at once" grep -q 'fqdn med1: expected a full host name' "$lab/screen"
check "so is an address" grep -q '192.0.2.77: not an address of this machine' "$lab/screen"
check "it offers defaults" grep -q '\[lab\] >' "$lab/screen"
check "it shows what it will write" grep -q '    certificate = certs/internal.pem' "$lab/screen"
check "it says what the PBX needs" grep -q 'method=tlsv1_2' "$lab/screen"
check "it says the next command" grep -q 'trunk explain gw' "$lab/screen"
check "and it passes" "$builddir/tandemd" -t -c "$lab/dialogue/tandem.conf"
check "with a trunk in plain" grep -q '^tls = no' "$lab/dialogue/gateways.d/gw.conf"

# --- every kind

for kind in asterisk freeswitch kamailio cucm avaya sfb generic; do
	check "a PBX: $kind" set_up "pbx-$kind" --yes --pbx "$kind:pbx1.example.test" \
		--trunk carrier:gw:gw1.example.test
done
for kind in asterisk freeswitch kamailio cucm avaya sfb audiocodes cisco 3cx carrier carrier-tcp \
	carrier-udp; do
	check "a trunk: $kind" set_up "trunk-$kind" --yes --pbx asterisk:pbx1.example.test \
		--trunk "$kind:gw:gw1.example.test" --set "external.udp=127.0.0.1:$port_external" \
		--set "external.tcp=127.0.0.1:$port_external"
done
check "a trunk: teams" set_up trunk-teams --yes --pbx asterisk:pbx1.example.test \
	--trunk teams:teams:sip.pstnhub.microsoft.com --certificates request
three_names() {
	! grep -q '^host' "$lab/trunk-teams/gateways.d/teams.conf" &&
		grep -q 'sip, sip2 and sip3.pstnhub.microsoft.com' "$lab/trunk-teams/peers/teams.conf"
}
check "which has its three names by the profile" three_names
check "a trunk: teams of a government" set_up trunk-gcc --yes --pbx asterisk:pbx1.example.test \
	--trunk teams:teams:sip.pstnhub.gov.teams.microsoft.us --certificates request
check "which has the one that was given" grep -q '^host = sip.pstnhub.gov.teams.microsoft.us$' \
	"$lab/trunk-gcc/gateways.d/teams.conf"
check "a lab is of no use for it" prints 'accepts no certificate of a lab' set_up teams-lab --yes \
	--pbx asterisk:pbx1.example.test --trunk teams:teams:sip.pstnhub.microsoft.com
check "for which the key is RSA" prints '3072 bit' openssl pkey -noout -text \
	-in "$lab/trunk-teams/certs/external.key"
no_gaps() { ! grep -rnE '@[?!]?[A-Z_]+@' "$lab"/pbx-*/peers "$lab"/trunk-*/peers "$lab"/pbx-*/*.conf; }
check "no gap is left in what they print" no_gaps
if type -P xmllint >/dev/null; then
	check "FreeSWITCH's is XML" xmllint --noout "$lab/pbx-freeswitch/peers/pbx1.conf" \
		"$lab/trunk-freeswitch/peers/gw.conf"
fi
tls_cfg() { # what Kamailio's own parser reads, with the files where it says
	sed -n '/^\[server/,/^# kamailio.cfg/p' "$lab/pbx-kamailio/peers/pbx1.conf" |
		sed "s|/etc/kamailio/tls|$lab/pbx-kamailio/lab/peers|" >"$lab/tls.cfg"
	cat >"$lab/kamailio.cfg" <<-END
		children=1
		enable_tls=yes
		listen=tls:127.0.0.1:$port_spare
		mpath="$(dirname "$(find /usr/lib -name tls.so -path '*kamailio*' | head -1)")"
		loadmodule "tls.so"
		modparam("tls", "config", "$lab/tls.cfg")
		request_route { exit; }
	END
	kamailio -c -f "$lab/kamailio.cfg"
}
if type -P kamailio >/dev/null; then
	check "Kamailio reads its own" tls_cfg
fi

# --- as root, for the user that the package makes

# with_service COMMAND...: where the user and group tandem are, whatever this machine has.
with_service() {
	(cat /etc/passwd; echo 'tandem:x:65123:65123::/nonexistent:/usr/sbin/nologin') >"$lab/passwd"
	(cat /etc/group; echo 'tandem:x:65123:') >"$lab/group"
	unshare -m bash -c 'mount --bind "$1/passwd" /etc/passwd &&
		mount --bind "$1/group" /etc/group && shift && "$@"' _ "$lab" "$@"
}
if ((EUID == 0)) && with_service true 2>/dev/null; then
	export -f set_up set_up_far_ends tandemctl
	export lab builddir srcdir port_dns port_internal port_external_tls port_media port_pbx port_gw
	# What that user has to read may be in nobody else's folder.
	mkdir "$lab/share"
	cp -r "$srcdir/setup" "$srcdir/gateway-profiles" "$lab/share"
	chmod -R a+rX "$lab/share"
	chmod 0711 "$lab"
	# tandemd -t has the last word, and reads everything as that user.
	check "a set-up for the service's user" with_service env srcdir="$lab/share" \
		bash -c 'set_up_far_ends service --certificates lab'
	owned() { # OWNER:GROUP:MODE FILE...
		local want=$1 file
		shift
		(($#)) || return 1
		for file; do
			[[ $(stat -c %u:%g:%a "$file") == "$want" ]] || {
				stat -c '%n is %u:%g:%a' "$file"
				return 1
			}
		done
	}
	check "the service reads the configuration and its keys" owned 0:65123:640 \
		"$lab/service/tandem.conf" "$lab/service/gateways.d/gw.conf" \
		"$lab"/service/certs/*.key
	check "not the lab's keys" owned 0:0:600 "$lab"/service/lab/*.key "$lab"/service/lab/peers/*.key
	check "and writes its state alone" owned 65123:65123:750 "$lab/service/state" "$lab/service/run"
	check "which it becomes" grep -q '^user = tandem' "$lab/service/tandem.conf"
else
	echo "left out: files of the service's user need root"
fi

finish
