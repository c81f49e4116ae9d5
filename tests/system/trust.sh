#!/bin/bash
# Who else vouches for the log of records: the key that the log was handed over from, checked by tandem-verify and by
# programs of others.
. "$(dirname "$0")/lib.sh"
need jq

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
finish
