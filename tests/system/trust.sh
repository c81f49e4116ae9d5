#!/bin/bash
# Who else vouches for the log of records: the key that the log was handed over from, checked by tandem-verify and by
# programs of others.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"
need jq openssl python3 curl sipp

state() {
	echo "$lab/state"
}

verify() { # KEY WORD...: of tandem-verify log
	"$builddir/tandem-verify" log --key "$lab/$1" "${@:2}"
}

# What is written from now on is a record: calls are not what this is about.
act() {
	ctl -q log level info
}

signed() {
	ctl --json cdr key | jq .signed
}

signs_more_than() {
	(($(signed) > $1))
}

if type -P go >/dev/null && [[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ]]; then
	has_go=yes
else
	has_go=
	echo "unchecked: golang-golang-x-mod-dev is not installed"
fi

by_go() { # WORD...: of check.go
	[[ $has_go ]] || return 0
	"$lab/check" "$@"
}

lab_open
write_conf
write_gateway 'tls = yes' "port = $port_gw"
export GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$lab/gocache
[[ ! $has_go ]] || check "a verifier in Go is built" go build -o "$lab/check" "$srcdir/tests/system/trust/check.go"
start_tandem

# --- another key

ctl --json cdr key | jq -r .key >"$lab/old"
act
check "the log is handed over" eval 'ctl --json cdr rekey >"$lab/rotated"'
jq -r .new "$lab/rotated" >"$lab/new"
record=$(jq .record "$lab/rotated")
check "from the key of before" test "$(jq -r .old "$lab/rotated")" = "$(<"$lab/old")"
check "to another one" test "$(<"$lab/old")" != "$(<"$lab/new")"
check "which is the log's from now on" test "$(ctl --json cdr key | jq -r .key)" = "$(<"$lab/new")"
check "the log says so" wait_line 10 "$lab/tandem.log" "event=log-key-changed record=$record key="
before=$(signed)
act
check "it goes on" wait_for 10 signs_more_than "$before"
check "the new key verifies all" verify new --live "$(state)"
check "the old one too, and it is said that it was handed over" prints "^handed over: record $record, 20.*Z: from" \
	verify old --live "$(state)"
check "as JSON too" jq -e --argjson record "$record" '.verified and (.handovers | length == 1 and .[0].record == $record)' \
	<(verify old --live --json "$(state)")
check "the old key is gone" test "$(echo "$(state)"/log.key*)" = "$(state)/log.key"
check "Go: both signed the checkpoint that has the record" by_go handover "$(<"$lab/old")" "$(<"$lab/new")" \
	"$(state)/log/handover/$record"
"$builddir/tandemctl" -s "$lab/run/control.sock" cdr proof 0 >"$lab/proof"
check "a proof of later is proved by the new key" "$builddir/tandem-verify" proof --key "$lab/new" "$lab/proof"
check "not by the old one alone" exits 1 "$builddir/tandem-verify" proof --key "$lab/old" "$lab/proof"
check "with the hand-over it is" prints '^handed over: record' "$builddir/tandem-verify" proof --key "$lab/old" \
	--handover "$(state)/log/handover/$record" "$lab/proof"
rm -rf "$lab/copy"
cp -r "$(state)" "$lab/copy"
sed -i '0,/^— /{/^— /d}' "$lab/copy/log/handover/$record"
check "a hand-over that the old key did not sign is a fault" prints '^handover: .*the old key did not sign it' \
	verify new --live "$lab/copy"
check "its exit code is 1" exits 1 verify new --live "$lab/copy"
check "again" ctl -q cdr rekey
check "and after a restart" stop_tandem
start_tandem
sed -i 's/^mode = full/&\nkeep-log-keys = yes/' "$lab/tandem.conf"
check "a reload has keys kept from now on" ctl -q config reload
cp "$(state)/log.key" "$lab/before.key"
check "once more" ctl -q cdr rekey
check "the key of before is kept" cmp "$lab/before.key" "$(state)"/log.key.*
check "it stops" stop_tandem
check "the first key is followed to the last" jq -e '.verified and (.handovers | length == 3)' \
	<(verify old --json "$(state)")

# --- time stamps

make_tsa() {
	(
		mkdir -p "$lab/tsa" && cd "$lab/tsa" &&
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
				-days 30 -subj "/CN=Stamps" -addext basicConstraints=critical,CA:true \
				-addext keyUsage=critical,keyCertSign &&
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.csr \
				-subj "/CN=Stamper" &&
			printf '%s\n' extendedKeyUsage=critical,timeStamping keyUsage=critical,digitalSignature >ext &&
			openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 30 \
				-extfile ext &&
			printf '%s\n' '[tsa]' 'default_tsa = one' '[one]' "serial = $lab/tsa/serial" \
				"signer_cert = $lab/tsa/tsa.pem" "signer_key = $lab/tsa/tsa.key" 'signer_digest = sha256' \
				'default_policy = 1.2.3.4.1' 'digests = sha256' 'accuracy = secs:1' 'ordering = yes' \
				>tsa.conf &&
			echo 01 >serial
	)
}
stamp_size() {
	ctl --json cdr key | jq .stamp.size
}
stamped_more_than() {
	(($(stamp_size) > $1))
}
# bad MODE PATTERN: the authority answers like that, and the log says what is wrong.
bad() {
	local from
	from=$(wc -l <"$lab/tandem.log")
	echo "$1" >"$lab/mode"
	act
	wait_for 30 bash -c "tail -n +$((from + 1)) '$lab/tandem.log' | grep -q 'event=stamp-failed reason=\".*$2'"
}
port_tsa=$port_spare
check "an authority for time stamps" make_tsa
echo good >"$lab/mode"
python3 "$srcdir/tests/system/trust/tsa.py" "$port_tsa" "$lab/tsa/tsa.conf" "$lab/mode" >"$lab/tsa.log" 2>&1 &
pids+=("$!")
tsa_pid=$!
wait_for 10 listens "$port_tsa"
conf_audit="timestamp-url = http://127.0.0.1:$port_tsa/tsa\ntimestamp-ca = $lab/tsa/ca.pem\ntimestamp-interval = 1s"
sed -i "s,^mode = full,&\n$conf_audit," "$lab/tandem.conf"
start_tandem
check "a checkpoint is stamped" wait_for 20 stamped_more_than 0
size=$(stamp_size)
stamps=$(state)/log/stamps
check "the log says so" wait_line 10 "$lab/tandem.log" "event=stamped records=$size time=20[0-9-]+T[0-9:]+Z"
check "openssl: the stamp is of that checkpoint" openssl ts -verify -data "$stamps/$size.checkpoint" \
	-in "$stamps/$size.tsr" -CAfile "$lab/tsa/ca.pem"
check "which the log has grown from" "$builddir/tandem-verify" log --key "$lab/old" --live \
	--older "$stamps/$size.checkpoint" "$(state)"
before=$size
act
check "the next one too" wait_for 20 stamped_more_than "$before"

# A bundle shows by them that the records of its call were there.
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
check "a gateway in plain" ctl -q config reload
code=503 start_sipp caller uac-refused u1 "$port_gw" "$port_external"
check "calls a server that is not there" wait_sipp caller
check "that is recorded" wait_cdrs 1
# A stop seals its files at once.
check "the server stops" stop_tandem
start_tandem
call=$(records | jq -sr '.[0].id')
before=$(stamp_size)
check "and what was written of it is stamped" wait_for 20 stamped_more_than "$before"
check "it is exported" ctl -q capture export "$call" --to "$lab/bundle"
check "openssl: the stamp in the bundle is of the checkpoint in it" openssl ts -verify \
	-data "$lab/bundle/stamp.checkpoint" -in "$lab/bundle/stamp.tsr" -CAfile "$lab/tsa/ca.pem"
check "by which the record is proved" "$builddir/tandem-verify" proof --key "$(ctl --json cdr key | jq -r .key)" -q \
	--record "$lab/bundle/call.json" "$lab/bundle/call.stamped.proof"
check "its README says how" grep -q 'openssl ts -verify -in stamp.tsr -data stamp.checkpoint' "$lab/bundle/README"
check "the bundle is good" "$builddir/tandem-verify" bundle --key "$lab/old" -q "$lab/bundle"
bundled() { # BUNDLE WORD...: tandem-verify bundle, with who stamps
	"$builddir/tandem-verify" bundle --key "$lab/old" "${@:2}" --tsa-ca "$lab/tsa/ca.pem" "$lab/$1"
}
stamped_at=$(openssl ts -reply -in "$lab/bundle/stamp.tsr" -text 2>"$lab/null" | sed -n 's/^Time stamp: //p' | date -uf - +%FT%TZ)
size=$(sed -n 2p "$lab/bundle/stamp.checkpoint")
check "its stamp too, at the time that openssl says" prints "^stamped: $size records, $stamped_at\$" bundled bundle
check "as JSON" jq -e --arg at "$stamped_at" --argjson size "$size" '.verified and .witnesses == [] and
	.stamp == {checked: true, size: $size, time: $at}' <(bundled bundle --json)
check "without who stamps that is not checked, and said" prints "^not checked: the stamp, which says $size records, $stamped_at" \
	"$builddir/tandem-verify" bundle --key "$lab/old" "$lab/bundle"
check "as JSON too" jq -e '.verified and .stamp.checked == false' \
	<("$builddir/tandem-verify" bundle --key "$lab/old" --json "$lab/bundle")
check "another authority did not" prints '^stamp: stamp.tsr is no stamp of stamp.checkpoint: its signature does not lead to' \
	exits 1 "$builddir/tandem-verify" bundle --key "$lab/old" --tsa-ca "$lab/certs/enterprise-ca.pem" "$lab/bundle"
check "one that cannot be read: exit code 3" exits 3 "$builddir/tandem-verify" bundle -q --key "$lab/old" \
	--tsa-ca "$lab/nowhere" "$lab/bundle"
readme() { # BUNDLE: what its README has as commands says that it is good
	sed -n 's/^    //p' "$lab/$1/README" | sed "s#^KEY=.*#KEY='$(ctl --json cdr key | jq -r .key)'#" >"$lab/commands"
	(cd "$lab/$1" && prints '^GOOD$' sh "$lab/commands")
}
check "its README says so as well" readme bundle
check "without numbers" ctl -q capture export "$call" --to "$lab/hidden" --hide-numbers
check "the stamp is of what is masked too" jq -e '.verified and .stamp.checked' <(bundled hidden --json)
check "which its README says as well" readme hidden
# faults_of PATTERN COMMAND: what is said of a copy with COMMAND done in it.
faults_of() {
	rm -rf "$lab/changed"
	cp -r "$lab/bundle" "$lab/changed"
	(cd "$lab/changed" && eval "$2")
	prints "$1" exits 1 "$builddir/tandem-verify" bundle --key "$lab/old" "$lab/changed"
}
check "a record that was not stamped is found" faults_of '^proof: call.json is not proved by call.stamped.proof: ' \
	'cp files.stamped.proof call.stamped.proof'
check "and that another checkpoint was" faults_of '^proof: call.stamped.proof is not by stamp.checkpoint' \
	'cp checkpoint stamp.checkpoint; echo >>stamp.checkpoint'
check "or that it is missing" faults_of '^missing: stamp.checkpoint is missing' 'rm stamp.checkpoint'
check "a stamp that is missing" faults_of '^missing: stamp.tsr is missing' 'rm stamp.tsr'
check "a proof by it that is missing" faults_of '^missing: call.stamped.proof is missing' 'rm call.stamped.proof'
check "a stamp that is noise" faults_of '^stamp: stamp.tsr is no stamp of stamp.checkpoint: it is no TimeStampResp' \
	'head -c 2000 /dev/urandom >stamp.tsr'
older=$(echo "$stamps"/*.tsr | tr ' ' '\n' | sort -V | head -1)
check "the stamp of another checkpoint" faults_of '^stamp: stamp.tsr .*: it stamps something else' 'cp "$older" stamp.tsr'
check "another one, with its stamp" faults_of '^proof: call.stamped.proof is not by stamp.checkpoint' \
	'cp "$older" stamp.tsr; cp "${older%.tsr}.checkpoint" stamp.checkpoint'
check "one that is stamped, and of another log" faults_of '^stamp: stamp.checkpoint is no checkpoint of the log: ' \
	'sed -i "s/^— [^ ]*/— other/" stamp.checkpoint'
check "and the one beside them, of another log" faults_of '^proof: checkpoint is no checkpoint of the log: ' \
	'sed -i "s/^— [^ ]*/— other/" checkpoint'
rm -rf "$lab/unstamped"
cp -r "$lab/bundle" "$lab/unstamped"
rm "$lab/unstamped"/stamp.* "$lab/unstamped"/*.stamped.proof
check "who asks for a stamp is told that there is none" prints '^stamp: no authority for time has stamped it' \
	exits 1 bundled unstamped
check "what a bundle is not asked for is refused" exits 2 "$builddir/tandem-verify" bundle --key "$lab/old" \
	--quorum 1 "$lab/bundle"

check "bad status" bad error 'status 500'
check "another type" bad html 'not with application/timestamp-reply'
check "noise" bad noise 'no TimeStampResp'
check "far too much" bad large 'more than 65536 bytes'
check "the answer to another request" bad again 'stamps something else'
check "the last stamp is shown, and what is wrong" jq -e '.stamp.size > 0 and (.stamp.why | test("something else"))' \
	<(ctl --json cdr key)
check "an authority that never answers" bad silent 'imed out'
stop "$tsa_pid"
check "one that is not there" bad good 'onnect'
check "nothing of it was kept" test "$(echo "$stamps"/* | wc -w)" = $((2 * $(echo "$stamps"/*.tsr | wc -w)))
check "each stamp that was kept is good" bash -c "
	for one in '$stamps'/*.tsr; do
		openssl ts -verify -data \"\${one%.tsr}.checkpoint\" -in \"\$one\" -CAfile '$lab/tsa/ca.pem' || exit 1
	done"
before=$(signed)
act
check "the log goes on meanwhile" wait_for 10 signs_more_than "$before"
check "it stops" stop_tandem
conf() { # NAME VALUE
	sed -i "s,^$1 = .*,$1 = $2," "$lab/tandem.conf"
}
says() { # PATTERN
	prints "$1" exits 6 "$builddir/tandemd" -t -c "$lab/tandem.conf"
}
conf timestamp-url ftp://127.0.0.1/
check "another scheme is refused" says 'timestamp-url: expected an http: or https: URL'
conf timestamp-url https://127.0.0.1/
check "https without authorities too: those of the system are not meant by themselves" \
	says 'timestamp-url: expected timestamp-https-ca beside it'
conf timestamp-url "http://127.0.0.1:$port_tsa/tsa"
conf timestamp-ca ''
check "and a URL without authorities" says 'timestamp-url: expected timestamp-ca beside it'

# --- by TLS

# front PORT TO CERTIFICATE [VERSION]: in the place of the one before.
front() {
	[[ -z ${front_pid:-} ]] || stop "$front_pid"
	python3 "$srcdir/tests/system/trust/tls.py" "$1" "$lab/certs/$3.pem" "$lab/certs/$3.key" "$2" ${4:+"$4"} \
		>>"$lab/front.log" 2>&1 &
	front_pid=$!
	pids+=("$!")
	wait_for 10 listens "$1"
}
port_front=$((port_spare + 8))
check "certificates" eval 'issue tsa enterprise-ca tsa.example.test && issue other enterprise-ca other.example.test &&
	issue foreign carriers-ca tsa.example.test && issue old enterprise-ca tsa.example.test -172800 -86400'
conf timestamp-ca "$lab/tsa/ca.pem"
conf timestamp-url "https://tsa.example.test:$port_front/tsa\ntimestamp-https-ca = $lab/certs/enterprise-ca.pem"
echo good >"$lab/mode"
python3 "$srcdir/tests/system/trust/tsa.py" "$port_tsa" "$lab/tsa/tsa.conf" "$lab/mode" >"$lab/tsa.log" 2>&1 &
pids+=("$!")
wait_for 10 listens "$port_tsa"
front "$port_front" "$port_tsa" tsa
check "https with authorities is good" exits 0 "$builddir/tandemd" -t -c "$lab/tandem.conf"
start_tandem
check "by TLS a checkpoint is stamped" wait_for 20 stamped_more_than 0
check "by the latest version" grep -qx TLSv1.3 "$lab/front.log"
front "$port_front" "$port_tsa" tsa TLSv1_2
before=$(stamp_size)
act
check "1.2 is good" wait_for 20 stamped_more_than "$before"
check "it was that" grep -qx TLSv1.2 "$lab/front.log"
conf timestamp-https-ca "$lab/certs/carriers-ca.pem"
check "other authorities are named" ctl -q config reload
check "a reload takes them" bad good 'leads to no authority of .*/carriers-ca.pem'
sed -i.whole '/^timestamp-/d' "$lab/tandem.conf"
check "and that there is none" eval 'ctl -q config reload && ctl --json cdr key | jq -e ".stamp == null"'
mv "$lab/tandem.conf.whole" "$lab/tandem.conf"
conf timestamp-https-ca "$lab/certs/enterprise-ca.pem"
check "and another one" ctl -q config reload
wait_for 20 stamped_more_than 0
before=$(stamp_size)
act
check "which stamps" wait_for 20 stamped_more_than "$before"
check "no restart is asked for" bash -c "! grep 'take effect at the next start' '$lab/tandem.log'"
kept=$(echo "$stamps"/*.tsr | wc -w)
front "$port_front" "$port_tsa" other
check "one of another name is not" bad good 'does not match target host name'
front "$port_front" "$port_tsa" foreign
check "nor one of other authorities" bad good 'its certificate leads to no authority of .*/enterprise-ca.pem'
front "$port_front" "$port_tsa" old
check "nor one that has expired" bad good 'has expired'
front "$port_front" "$port_tsa" tsa TLSv1_1
check "nor an older version" bad good '[Hh]andshake'
stop "$front_pid"
front_pid=
check "it stops" stop_tandem
conf timestamp-url "https://tsa.example.test:$port_tsa/tsa"
start_tandem
check "nor one without TLS" bad good '[Hh]andshake'
check "it stops" stop_tandem
check "nothing of these was kept" test "$(echo "$stamps"/*.tsr | wc -w)" = "$kept"
conf timestamp-https-ca "$lab/none.pem"
check "authorities that are not there are told of" prints 'timestamp-https-ca: .*none.pem: .*nobody is asked by https' \
	"$builddir/tandemd" -t -c "$lab/tandem.conf"

# --- witnesses

conf timestamp-ca "$lab/tsa/ca.pem"
sed -i '/^timestamp-/d' "$lab/tandem.conf"
# start_witness N: one of ours, by its file.
start_witness() {
	"$builddir/tandem-witness" -c "$lab/witness$1.conf" >>"$lab/witness$1.log" 2>&1 &
	eval "witness$1_pid=$!"
	pids+=("$!")
	wait_for 10 listens $((port_spare + 1 + $1))
}
witnessed() { # NTH SIZE: the NTH of `cdr key` has cosigned more than SIZE
	(($(ctl --json cdr key | jq ".witnesses[$1].size") > $2))
}
# witness_says NTH PATTERN: why it did not.
witness_says() {
	ctl --json cdr key | jq -e --argjson nth "$1" --arg why "$2" '.witnesses[$nth].why | test($why)' >/dev/null
}
cp "$(state)/log/key" "$lab/new2"
log_key=$(<"$lab/new2")
for n in 1 2; do
	printf '%s\n' "name = w$n.example.test/1" "listen = 127.0.0.1:$((port_spare + 1 + n))" "state = $lab/witness$n" \
		"log = $log_key" >"$lab/witness$n.conf"
	check "the file of witness $n is good" "$builddir/tandem-witness" -c "$lab/witness$n.conf" -t
	"$builddir/tandem-witness" -c "$lab/witness$n.conf" -k >"$lab/witness$n.key"
	start_witness $n
done
list="http://127.0.0.1:$((port_spare + 2)) $(<"$lab/witness1.key"), http://127.0.0.1:$((port_spare + 3)) $(<"$lab/witness2.key")"
if [[ $has_go ]]; then
	"$lab/check" witness "127.0.0.1:$((port_spare + 4))" foreign.example.test/1 "$log_key" >"$lab/witness3.key" &
	pids+=("$!")
	wait_for 10 listens $((port_spare + 4))
	list+=", http://127.0.0.1:$((port_spare + 4)) $(<"$lab/witness3.key")"
fi
front "$port_front" $((port_spare + 2)) tsa
list=${list/http:\/\/127.0.0.1:$((port_spare + 2))/https:\/\/tsa.example.test:$port_front}
sed -i "s|^mode = full|&\nwitness = $list\nwitness-interval = 1s|" "$lab/tandem.conf"
check "a witness by https without authorities is refused" says 'witness: expected witness-https-ca beside it'
sed -i "s|^witness-interval|witness-https-ca = $lab/certs/enterprise-ca.pem\n&|" "$lab/tandem.conf"
start_tandem
check "a witness cosigns" wait_for 20 witnessed 0 0
check "another one too" wait_for 20 witnessed 1 0
[[ ! $has_go ]] || check "and one that is not ours" wait_for 20 witnessed 2 0
cp "$lab/tandem.conf" "$lab/whole.conf"
conf witness "${list%%,*}"
check "one is left" ctl -q config reload
check "alone" jq -e '.witnesses | length == 1' <(ctl --json cdr key)
check "what it said is known still" wait_for 20 witnessed 0 0
conf witness "https://tsa.example.test/ none"
check "a list that is none is refused" prints 'key of a witness' exits 6 ctl config reload
check "the one before is in force" jq -e '.witnesses | length == 1' <(ctl --json cdr key)
size=$(ctl --json cdr key | jq '.witnesses[0].size')
act
check "and cosigns" wait_for 20 witnessed 0 "$size"
cp "$lab/whole.conf" "$lab/tandem.conf"
check "all are named again" ctl -q config reload
act
check "and cosign" wait_for 20 witnessed 1 "$size"
cosigned_now() {
	verify old --live --witness "$lab/witness1.key" --witness "$lab/witness2.key" "$(state)"
}
check "both are found in the checkpoint" wait_for 20 cosigned_now
check "with their times" prints '^witnessed: [0-9]+ records, 20.*Z: by w2.example.test/1' cosigned_now
check "as JSON" jq -e '.witnesses | length == 2 and .[0].size > 0' <(verify old --live --json \
	--witness "$lab/witness1.key" --witness "$lab/witness2.key" "$(state)")
check "Go: the witness has cosigned it" by_go cosigned "$log_key" "$(<"$lab/witness1.key")" "$(state)/log/witnessed"
[[ ! $has_go ]] || check "Go's own has" by_go cosigned "$log_key" "$(<"$lab/witness3.key")" "$(state)/log/witnessed"
"$builddir/tandemctl" -s "$lab/run/control.sock" cdr proof 0 >"$lab/proof"
check "a proof has what witnesses said" "$builddir/tandem-verify" proof --key "$lab/new2" --witness "$lab/witness1.key" \
	--witness "$lab/witness2.key" "$lab/proof"
sed "s/^name = .*/name = other.example.test/; s,^state = .*,state = $lab/witness9," "$lab/witness1.conf" >"$lab/witness9.conf"
"$builddir/tandem-witness" -c "$lab/witness9.conf" -k >"$lab/witness9.key"
check "one who was not asked has not cosigned" prints '^witness: 1 of 2 witnesses have cosigned the log, 2 are wanted' \
	verify old --live --witness "$lab/witness1.key" --witness "$lab/witness9.key" "$(state)"
check "one who is named twice is not two" exits 2 verify old --live --quorum 2 --witness "$lab/witness1.key" \
	--witness "$(<"$lab/witness1.key")" "$(state)"
# A bundle's records are proved by what they cosigned.
check "the call again" ctl -q capture export "$call" --to "$lab/cosigned"
vouched() { # WORD...
	"$builddir/tandem-verify" bundle --key "$lab/old" --witness "$lab/witness1.key" --witness "$lab/witness2.key" "$@"
}
check "a bundle has what witnesses said" prints '^witnessed: [0-9]+ records, 20.*Z: by w2.example.test/1' vouched "$lab/cosigned"
check "each once" jq -e '.verified and .records >= 2 and (.witnesses | map(.name) == ["w1.example.test/1", "w2.example.test/1"])' \
	<(vouched --json "$lab/cosigned")
check "one who was not asked has not cosigned it" \
	prints '^witness: call.json: 2 of 3 witnesses have cosigned its checkpoint, 3 are wanted' \
	exits 1 vouched --witness "$lab/witness9.key" "$lab/cosigned"
check "who is enough with two has them" vouched -q --witness "$lab/witness9.key" --quorum 2 "$lab/cosigned"
check "who asks for more than he names: exit code 2" exits 2 vouched -q --quorum 3 "$lab/cosigned"
check "what was exported before they were asked has none" prints '^witness: call.json: 0 of 2 witnesses' \
	exits 1 vouched "$lab/bundle"
# all_found NAME WORD...: of mutate.py, over bundles with a stamp and cosignatures.
all_found() {
	python3 "$srcdir/tests/system/evidence/mutate.py" "${@:2}" -- --tsa-ca "$lab/tsa/ca.pem" \
		--witness "$lab/witness1.key" --witness "$lab/witness2.key" --quorum 2 >"$lab/mutations" 2>&1
	check "$1: $(tail -1 "$lab/mutations")" grep -q '^all found' "$lab/mutations"
	grep -q '^all found' "$lab/mutations" || tail -20 "$lab/mutations"
}
check "it has the stamp too" vouched -q --tsa-ca "$lab/tsa/ca.pem" "$lab/cosigned"
check "as one file" ctl -q capture export "$call" --to "$lab/cosigned.tar"
all_found "changes of it are found" "$builddir/tandem-verify" "$lab/old" "${SEED:-1}" "${MUTATIONS:-60}" \
	"$lab/cosigned" "$lab/cosigned.tar"
# What others said of the log holds against who has its key.
all_found "those of who seals it anew too" --sealer "$(state)/log.key" "$builddir/tandem-verify" "$lab/old" "${SEED:-1}" \
	"${MUTATIONS:-60}" "$lab/cosigned"
# forged FILE PATTERN: a line of a witness there has another signature.
forged() {
	rm -rf "$lab/changed"
	cp -r "$lab/cosigned" "$lab/changed"
	python3 - "$lab/changed/$1" "$lab/cosigned/call.proof" <<-'END'
		import base64, sys
		def of_witness(line):
		    return line.startswith("\u2014 w1.example")
		lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
		# what is younger than the last round of the witness has none yet
		if not any(map(of_witness, lines)):
		    lines[-1:] = [line for line in open(sys.argv[2], encoding="utf-8").read().split("\n") if of_witness(line)] + [""]
		at = [n for n, line in enumerate(lines) if of_witness(line)][0]
		dash, name, text = lines[at].split(" ")
		data = bytearray(base64.b64decode(text))
		data[40] ^= 1
		lines[at] = " ".join((dash, name, base64.b64encode(data).decode()))
		open(sys.argv[1], "w", encoding="utf-8").write("\n".join(lines))
	END
	prints "$2" exits 1 vouched "$lab/changed"
}
check "a cosignature that is forged is found" forged call.proof \
	'^witness: call.json: the cosignature of w1.example.test/1 is wrong'
check "of each record" forged files.proof '^witness: files.json: the cosignature of w1.example.test/1 is wrong'
check "of that of the export, which needs none" forged export.proof \
	'^witness: export.json: the cosignature of w1.example.test/1 is wrong'
check "and on the checkpoint beside them" forged checkpoint '^witness: checkpoint: the cosignature of w1.example.test/1 is wrong'
check "nor the proof" prints 'NOT VERIFIED: 0 of 1 witnesses' "$builddir/tandem-verify" proof --key "$lab/new2" \
	--witness "$lab/witness9.key" "$lab/proof"

# --- a witness that serves https itself

port_w4=$((port_spare + 5))
# https_of NAME: the witness 4 presents the certificate NAME.
https_of() {
	sed "s/^name = .*/name = w4.example.test/; s,^state = .*,state = $lab/witness4,; s/^listen = .*/listen = 127.0.0.1:$port_w4/" \
		"$lab/witness1.conf" >"$lab/witness4.conf"
	printf '%s\n' "certificate = $lab/certs/$1.pem" "certificate-key = $lab/certs/${2:-$1}.key" >>"$lab/witness4.conf"
}
serve_as() { # NAME: in the place of the one before
	[[ -z ${witness4_pid:-} ]] || stop "$witness4_pid"
	https_of "$1"
	start_witness 4
}
refuses() { # PATTERN: its file, when it is checked, and a start
	prints "$1" exits 1 timeout 10 "$builddir/tandem-witness" -c "$lab/witness4.conf" -t &&
		prints "$1" exits 1 timeout 10 "$builddir/tandem-witness" -c "$lab/witness4.conf"
}
by_https() { # CODE WORD...: of curl, which asks the witness for what it does not answer
	local code
	code=$(curl -s -o "$lab/answer" -w '%{http_code}' -m 10 --cacert "$lab/certs/enterprise-ca.pem" \
		--resolve "w4.example.test:$port_w4:127.0.0.1" "${@:2}" "https://w4.example.test:$port_w4/add-checkpoint")
	[[ $code == "$1" ]] || {
		echo "status $code"
		return 1
	}
}
by_old_tls() {
	openssl s_client -connect "127.0.0.1:$port_w4" -tls1_1 -cipher ALL:@SECLEVEL=0 <"$lab/null" 2>&1
}
check "certificates of its own" eval 'issue w4 enterprise-ca w4.example.test && issue w4-foreign carriers-ca w4.example.test'
https_of w4
check "its file is good" exits 0 "$builddir/tandem-witness" -c "$lab/witness4.conf" -t
https_of w4 other
check "a key of another certificate is refused" refuses 'other.key does not belong to .*/w4.pem'
https_of w4 none
check "one that is not there" refuses 'certs/none.key: No such file'
cp "$lab/certs/w4.key" "$lab/certs/open.key"
chmod 0644 "$lab/certs/open.key"
https_of w4 open
check "one that others may read" refuses 'open.key: a private key that others may read or change \(mode 0644\); chmod 0640 it'
head -c 1000 /dev/urandom >"$lab/certs/noise.pem"
https_of noise w4
check "what is no certificate" refuses 'noise.pem: '
https_of old
check "one that has expired" refuses 'old.pem: certificate 1 expired on '
sed -i '/^certificate-key/d' "$lab/witness4.conf"
check "one without its key" refuses 'witness4.conf: certificate-key is missing'
check "nothing of it was made" test ! -e "$lab/witness4"
serve_as w4
"$builddir/tandem-witness" -c "$lab/witness4.conf" -k >"$lab/witness4.key"
check "it says that it serves by TLS" grep -q 'ready logs=1 tls=yes ' "$lab/witness4.log"
check "by 1.3" by_https 405 --tlsv1.3
check "by 1.2" by_https 405 --tls-max 1.2
check "not by 1.1, which is asked for" eval "prints 'written 1[0-9]+ bytes' by_old_tls && grep -q 'Cipher is (NONE)' '$lab/printed'"
check "nor in plain" exits 52 curl -s -o "$lab/answer" -m 10 "http://127.0.0.1:$port_w4/add-checkpoint"
check "it asks nobody for a certificate" prints 'No client certificate CA names sent' openssl s_client \
	-connect "127.0.0.1:$port_w4" <"$lab/null"
conf witness "https://w4.example.test:$port_w4 $(<"$lab/witness4.key")"
check "it is named" ctl -q config reload
act
check "and cosigns" wait_for 20 witnessed 0 0
check "which is verified" "$builddir/tandem-verify" log --key "$lab/old" -q --live --witness "$lab/witness4.key" "$(state)"
refused() { # PATTERN: it is asked again, and does not cosign
	act
	wait_for 60 witness_says 0 "$1"
}
conf witness-https-ca "$lab/certs/carriers-ca.pem"
check "other authorities are named" ctl -q config reload
check "to whom it does not lead" refused 'its certificate leads to no authority of .*/carriers-ca.pem'
conf witness-https-ca "$lab/certs/enterprise-ca.pem"
check "the right ones again" ctl -q config reload
size=$(ctl --json cdr key | jq '.witnesses[0].size')
act
check "cosigned again" wait_for 60 witnessed 0 "$size"
serve_as other
check "with another name it is refused" refused 'does not match target host name'
serve_as w4-foreign
check "by another authority too" refused 'its certificate leads to no authority of .*/enterprise-ca.pem'
# A renewed certificate is taken by a start, which loses nothing.
check "a new one" issue w4 enterprise-ca w4.example.test
serve_as w4
size=$(ctl --json cdr key | jq '.witnesses[0].size')
act
check "and it goes on from what it saw" wait_for 60 witnessed 0 "$size"
stop "$witness4_pid"
cp "$lab/whole.conf" "$lab/tandem.conf"
check "those of before are named again" ctl -q config reload
act
check "and cosign" wait_for 20 witnessed 1 "$size"

# --- down, killed, set back

size=$(ctl --json cdr key | jq '.witnesses[0].size')
disown "$witness1_pid"
kill -KILL "$witness1_pid"
wait_for 10 is_gone "$witness1_pid"
act
check "one that is down is told of" wait_line 20 "$lab/tandem.log" 'event=witness-failed witness=w1.example.test/1 reason='
check "the other one goes on" wait_for 20 witnessed 1 "$size"
check "one of two is enough where that is said" verify old --live --witness "$lab/witness1.key" \
	--witness "$lab/witness2.key" --quorum 1 "$(state)"
start_witness 1
check "it is asked again" wait_for 60 witnessed 0 "$size"
check "the server stops" stop_tandem
cp -a "$(state)" "$lab/backup"
start_tandem
act
check "it goes on" wait_for 20 witnessed 1 "$size"
before=$(ctl --json cdr key | jq '.witnesses[1].size')
act
check "and on" wait_for 20 witnessed 1 "$before"
check "the server stops" stop_tandem
rm -rf "$(state)"
mv "$lab/backup" "$(state)"
start_tandem
check "a state that was put back is a conflict" wait_line 30 "$lab/tandem.log" \
	'event=witness-conflict witness=w2.example.test/1 records=[0-9]+ reason="it has seen [0-9]+ records'
check "which is shown" witness_says 1 'it has seen'
code=503 start_sipp caller uac-refused u1 "$port_gw" "$port_external"
check "a call is answered all the same" wait_sipp caller
check "and recorded" wait_cdrs 2
check "the server stops" stop_tandem
check "the witness kept its word" grep -q 'status=409 log=' "$lab/witness2.log"

# --- hostile requests to a witness

ask() { # CODE curl-options...
	local code
	code=$(curl -s -o "$lab/answer" -w '%{http_code}' -m 10 "${@:2}" "http://127.0.0.1:$((port_spare + 2))/add-checkpoint")
	[[ $code == "$1" ]] || {
		echo "status $code"
		return 1
	}
}
head -c 1000 /dev/urandom >"$lab/noise"
check "noise is refused" ask 400 --data-binary "@$lab/noise"
head -c 200000 /dev/zero >"$lab/large"
check "what is too large too" ask 413 --data-binary "@$lab/large"
check "another method" ask 405
check "an unknown log" ask 404 --data-binary $'old 0\n\nother\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— other Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n'
check "another place" bash -c "[[ \$(curl -s -o /dev/null -w '%{http_code}' 'http://127.0.0.1:$((port_spare + 2))/') == 404 ]]"
check "a second one with its state is refused" prints 'another witness uses' exits 1 timeout 10 \
	"$builddir/tandem-witness" -c "$lab/witness1.conf"
# On one connection, so that a slow machine sends so many a second too.
flooded() {
	curl -s -o "$lab/answer" -w '%{http_code}\n' -m 60 --data-binary x \
		"http://127.0.0.1:$((port_spare + 2))/add-checkpoint?[1-2000]" >"$lab/codes"
	grep -qx 429 "$lab/codes"
}
check "too many a second are refused" flooded
stop "$witness1_pid"
sed -i 's/^log = .*/log = none/' "$lab/witness1.conf"
check "a wrong file is refused" prints 'witness1.conf:4: log: expected' exits 1 "$builddir/tandem-witness" -c "$lab/witness1.conf" -t
check "wrong words too" exits 2 "$builddir/tandem-witness" here
sed -i 's|^witness = .*|witness = http://127.0.0.1/ none|' "$lab/tandem.conf"
check "a list of witnesses that is none is refused before a start" says 'the key of a witness'
finish
