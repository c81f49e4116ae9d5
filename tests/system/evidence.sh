#!/bin/bash
# Records as evidence: calls are made, and their records verified by tandem-verify and by programs of others. The server
# is killed at moments that a seed draws (KILLS of them, 20; SEED), and after each start the log is whole, and each call that
# began has one record, of kind call or lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.sh"
need sipp openssl xxd capinfos
kills=${KILLS:-20}
RANDOM=${SEED:-1}

state() {
	echo "$lab/state"
}

verify() { # WORD...: of tandem-verify log
	"$builddir/tandem-verify" log --key "$lab/key" "$@"
}

# calls RATE: from the one gateway to the other one, until stop_calls.
calls() {
	start_called
	(cd "$lab" && exec sipp "127.0.0.1:$port_external" -sn uac -s +49403123 -i "$caller_host" -p "$caller_port" \
		-mp "$port_phone_media" -r "$1" -d 200 -nostdin -timeout 1000) >"$lab/caller.log" 2>&1 </dev/null &
	caller_pid=$!
	pids+=("$caller_pid")
}

stop_calls() {
	# it ends when its calls have
	kill -USR1 "$caller_pid"
	[[ ${1:-} != gently ]] || wait_for 30 is_gone "$caller_pid"
	stop "$caller_pid"
	stop "$called_pid"
}

killed() {
	disown "$tandem_pid" # or bash tells of it
	kill -KILL "$tandem_pid"
	wait_for 10 is_gone "$tandem_pid"
	stop "$tandem_pid"
}

# No call has two records, and each that the log says began has one. One that the log does not know was lost: the server was
# killed before its line.
accounts_agree() {
	grep -oE 'call=[^ ]+ event=begin' "$lab/tandem.log" | sed 's/call=//; s/ .*//' | sort >"$lab/begun"
	cat "$(state)"/cdr.jsonl.1 "$(state)"/cdr.jsonl 2>/dev/null |
		jq -r 'select(.kind == "call" or .kind == "lost") | .id + " " + .kind' | sort >"$lab/recorded"
	cut -d' ' -f1 "$lab/recorded" >"$lab/ids"
	{
		uniq -d "$lab/ids" | sed 's/$/ has two records/'
		comm -23 "$lab/begun" <(uniq "$lab/ids") | sed 's/$/ has no record/'
		join -v 2 "$lab/begun" "$lab/recorded" | grep -v ' lost$' | sed 's/$/ did not begin/'
	} >"$lab/difference"
	[[ -s $lab/begun && ! -s $lab/difference ]] || {
		wc -l "$lab/begun" "$lab/recorded"
		head "$lab/difference"
		return 1
	}
}

lab_open
write_conf
sed -i 's/^mode = full/mode = signalling/' "$lab/tandem.conf"
write_pair
start_tandem
ctl --json cdr key | jq -r .key >"$lab/key"
check "the key is that of the log" cmp "$lab/key" "$(state)/log/key"
check "nobody else may read the other half" test "$(stat -c %a "$(state)/log.key")" = 600

calls 20
check "calls are recorded" wait_cdrs 20
check "the log of a running server is verified" verify --live "$(state)"
check "records are signed meanwhile" wait_for 10 bash -c "
	(( \$('$builddir/tandem-verify' log --key '$lab/key' --live --json '$(state)' | jq .records) > 20 ))"
cp "$(state)/log/checkpoint" "$lab/older"
stop_calls gently
check "all calls have ended" wait_for 40 status_is .calls.now 0
check "it stops" stop_tandem
check "all of it is signed" verify "$(state)"
check "and grew from what it was" verify --older "$lab/older" "$(state)"
check "each call has one record" accounts_agree
signed=$(verify --json "$(state)" | jq .records)
check "the last record says that it stopped" \
	jq -e --argjson last $((signed - 1)) '.kind == "stop" and .seq == $last' <(tail -1 "$(state)/cdr.jsonl")

# --- one record

start_tandem
id=$(records | sed -n 3p | jq -r .id)
"$builddir/tandemctl" -s "$lab/run/control.sock" cdr proof "$id" >"$lab/one.tlog-proof"
check "a call is proved" "$builddir/tandem-verify" proof --key "$lab/key" "$lab/one.tlog-proof"
check "with its record" jq -e --arg id "$id" '.verified and .record.id == $id' \
	<("$builddir/tandem-verify" proof --key "$lab/key" --json "$lab/one.tlog-proof")
records | sed -n 4p >"$lab/other-record"
check "another record is not proved by it" exits 1 "$builddir/tandem-verify" proof --key "$lab/key" \
	--record "$lab/other-record" "$lab/one.tlog-proof"
check "the first record of all is proved by its number" bash -c "
	'$builddir/tandemctl' -s '$lab/run/control.sock' cdr proof 0 >'$lab/zero' &&
		'$builddir/tandem-verify' proof --key '$lab/key' '$lab/zero' | grep -q '\"kind\":\"start\"'"
check "no such call: exit code 1" exits 1 ctl cdr proof ffff-999999
check "no id: exit code 2" exits 2 ctl cdr proof ../x
ctl -q log level debug
check "who changed something is recorded" wait_line 10 "$(state)/cdr.jsonl" \
	'"kind":"act".*"who":"uid [0-9]+ .*"noun":"log","verb":"level","args":\["debug"\],"code":0'
kill -HUP "$tandem_pid"
check "a signal too" wait_line 10 "$(state)/cdr.jsonl" '"who":"SIGHUP","noun":"config","verb":"reload","args":\[\],"code":0'
ctl -q trunk drain a
one_call
check "a refused call is recorded" wait_line 10 "$(state)/cdr.jsonl" \
	'"kind":"refused".*"count":1,"party":"trunk a","reason":"drained"'
ctl -q trunk resume a
check "it stops" stop_tandem
signed=$(verify --json "$(state)" | jq .records)

# --- by programs of others

sed '/^$/,$d' "$(state)/log/checkpoint" >"$lab/text"
sed -n 's/^— .* //p' "$(state)/log/checkpoint" | base64 -d | tail -c 64 >"$lab/signature"
key=$(<"$lab/key")
{
	printf 302a300506032b6570032100 | xxd -r -p
	cut -d+ -f3- <<<"$key" | base64 -d | tail -c 32
} >"$lab/key.der"
signature_is() { # good|bad TEXT
	openssl pkeyutl -verify -rawin -in "$2" -sigfile "$lab/signature" -pubin -keyform DER \
		-inkey "$lab/key.der" >"$lab/openssl" 2>&1
	[[ $? == 0 && $1 == good || $? != 0 && $1 == bad ]] || {
		cat "$lab/openssl"
		return 1
	}
}
check "openssl: the checkpoint is signed by that key" signature_is good "$lab/text"
sed '2s/.*/1/' "$lab/text" >"$lab/other"
check "openssl: another text is not" signature_is bad "$lab/other"
leaf=$({
	printf '\0'
	head -1 "$(state)/cdr.jsonl" | tr -d '\n'
} | sha256sum | cut -d' ' -f1)
first_tile=$(ls "$(state)/log/tile/0/000" 2>/dev/null || ls -d "$(state)"/log/tile/0/000.p/* | tail -1)
check "sha256sum: a record's hash is in its tile" test "$(head -c 32 "$first_tile" | xxd -p -c 64)" = "$leaf"

if type -P go >/dev/null && [[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ]]; then
	export GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$lab/gocache
	check "a verifier in Go is built" go build -o "$lab/check" "$srcdir/tests/system/evidence/check.go"
	check "Go: note, tiles and records are good" test \
		"$("$lab/check" "$key" "$(state)/log" "$(state)/cdr.jsonl" 2>&1)" = "$signed"
	sed '5s/"cause":"bye"/"cause":"bYe"/' "$(state)/cdr.jsonl" >"$lab/changed"
	check "Go: a changed record is not" exits 1 "$lab/check" "$key" "$(state)/log" "$lab/changed"
else
	echo "unchecked: golang-golang-x-mod-dev is not installed"
fi

# --- what was changed is named

copy() {
	rm -rf "$lab/copy"
	cp -r "$(state)" "$lab/copy"
}
names() { # PATTERN WORD...
	verify "${@:2}" "$lab/copy" >"$lab/faults"
	[[ $? == 1 ]] && grep -q "$1" "$lab/faults" || {
		cat "$lab/faults"
		return 1
	}
}
copy
sed -i '8s/"status":200/"status":486/' "$lab/copy/cdr.jsonl"
check "a record that was changed" names '^changed: record 7 '
copy
sed -i '8d' "$lab/copy/cdr.jsonl"
check "one that was removed" names '^missing: record 7 '
copy
rm "$lab/copy/log/checkpoint"
check "a checkpoint that was removed" names '^checkpoint: '
copy
cp "$lab/older" "$lab/copy/log/checkpoint"
check "one that was put back" names '^shrunk: ' --older "$(state)/log/checkpoint"
copy
head -c 300 /dev/urandom >"$lab/copy/cdr.jsonl"
check "noise" names '^changed: record 0 '
check "files that cannot be read: exit code 3" exits 3 verify "$lab/nowhere"
check "a command that is wrong: exit code 2" exits 2 "$builddir/tandem-verify" log "$(state)"
check "a key that is none: exit code 2" exits 2 "$builddir/tandem-verify" log --key none "$(state)"

# --- a log that cannot go on

refused_by_audit() {
	! one_call && grep -q 'SIP/2.0 503' "$lab/one-call.log" &&
		wait_line 5 "$(state)/cdr.jsonl" '"kind":"refused".*"reason":"audit"' || {
		tail -20 "$lab/one-call.log"
		tail -1 "$(state)/cdr.jsonl"
		return 1
	}
}
sed -i 's/^mode = signalling/&\nrequired = yes/' "$lab/tandem.conf"
mv "$(state)/log.key" "$lab/log.key"
start_tandem
check "without its key it signs nothing" status_is .audit.log_stopped true
check "and says why" jq -e '.audit.log_why | test("log.key is missing")' <(ctl --json status)
check "required = yes: no call is taken" refused_by_audit
check "it stops" stop_tandem
mv "$lab/log.key" "$(state)/log.key"
start_tandem
check "with the key it goes on" status_is .audit.log_stopped false
check "what was written meanwhile is signed" wait_for 10 verify --live "$(state)"
check "it stops" stop_tandem
sed -i '/^required = yes$/d' "$lab/tandem.conf"

# --- killed again and again

calls 30
bad=0
for ((i = 0; i < kills; i++)); do
	start_tandem
	sleep "0.$(printf '%03d' $((RANDOM % 1000)))" # the moment, not a wait
	((i % 7)) || mv "$(state)/cdr.jsonl" "$(state)/cdr.jsonl.rotated"
	killed
	if [[ -e $(state)/cdr.jsonl.rotated ]]; then
		cat "$(state)/cdr.jsonl.1" "$(state)/cdr.jsonl.rotated" >"$lab/joined" 2>/dev/null
		mv "$lab/joined" "$(state)/cdr.jsonl.1"
		rm "$(state)/cdr.jsonl.rotated"
	fi
	# The next start signs what this one had not come to.
	verify --live "$(state)" >"$lab/faults" || {
		bad=$((bad + 1))
		cat "$lab/faults"
	}
done
check "killed $kills times: the log is whole each time" test "$bad" = 0
start_tandem
stop_calls
check "it stops in order" stop_tandem
check "after all of it the log is whole" verify --older "$lab/older" "$(state)"
check "each call that began has one record, of a call or of its loss" accounts_agree
captures_are_whole() {
	local files=("$(state)"/audit/*/*/call*.pcapng)
	((${#files[@]} > 0)) && capinfos -Tc "${files[@]}" >"$lab/capinfos" 2>&1 && ! grep -q 'cut short\|damaged\|corrupt' "$lab/capinfos" || {
		echo "${#files[@]} files"
		grep -m5 'cut short\|damaged\|corrupt' "$lab/capinfos"
		return 1
	}
}
check "each capture is whole, or was made so" captures_are_whole
all_records() {
	cat "$(state)"/cdr.jsonl.1 "$(state)/cdr.jsonl"
}
check "each kill is a record" test "$(all_records | grep -c '"kind":"crash"')" = "$kills"
check "calls were lost, and are named" test "$(all_records | grep -c '"kind":"lost"')" -gt 0
check "as many as are said to have stood, or one less" bash -c "
	jq -s -e '(map(select(.kind == \"crash\").calls) | add) as \$stood |
		(map(select(.kind == \"lost\")) | length) as \$lost |
		\$lost <= \$stood and \$lost >= \$stood - $kills' <(cat '$(state)'/cdr.jsonl.1 '$(state)'/cdr.jsonl)"
finish
