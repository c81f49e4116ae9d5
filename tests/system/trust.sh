#!/bin/bash
# Who else vouches for the log of records: the key that the log was handed over from, checked by tandem-verify and by
# programs of others.
. "$(dirname "$0")/lib.sh"
need jq openssl python3

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

stop_tandem() {
	ctl -q shutdown && wait "$tandem_pid"
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
check "once more" ctl -q cdr rekey
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
check "bad status" bad error 'status 500'
check "another type" bad html 'not with application/timestamp-reply'
check "noise" bad noise 'no TimeStampResp'
check "far too much" bad large 'more than 65536 bytes'
check "the answer to another request" bad again 'stamps something else'
check "the last stamp is shown, and what is wrong" jq -e '.stamp.size > 0 and (.stamp.why | test("something else"))' \
	<(ctl --json cdr key)
check "an authority that never answers" bad slow 'imed out'
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
conf timestamp-url https://127.0.0.1/
check "https is refused: answers are signed" says 'timestamp-url: expected an http: URL'
conf timestamp-url "http://127.0.0.1:$port_tsa/tsa"
conf timestamp-ca ''
check "and a URL without authorities" says 'timestamp-url: expected timestamp-ca beside it'
finish
