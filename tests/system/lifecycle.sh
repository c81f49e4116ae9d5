#!/bin/bash
# Start, check, reload, drain and stop, with a call standing where that matters.
. "$(dirname "$0")/lib.sh"
need baresip

tandemd=$builddir/tandemd
secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

# Leaves everything as it is but for one line of tandem.conf.
spoil() { # SED-EXPRESSION
	cp "$lab/tandem.conf" "$lab/tandem.conf.good"
	sed -i "$1" "$lab/tandem.conf"
}

mend() {
	mv "$lab/tandem.conf.good" "$lab/tandem.conf"
}

start_talking() {
	start_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
}

ended_within() { # SECONDS
	wait_for "$1" is_gone "$tandem_pid"
}

exited() { # CODE
	local code
	wait "$tandem_pid"
	code=$?
	[[ $code == "$1" ]] || {
		echo "exit code $code"
		tail -5 "$lab/tandem.log"
		return 1
	}
}

# A call from the gateway's address is answered CODE.
refused_with() { # CODE
	local answer
	printf '%s\r\n' "INVITE sip:${number[alice]}@127.0.0.1:$port_external SIP/2.0" \
		"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" \
		"From: <sip:test@127.0.0.1>;tag=$RANDOM" "To: <sip:127.0.0.1>" \
		"Call-ID: $RANDOM$RANDOM@127.0.0.1" "CSeq: 1 INVITE" "Max-Forwards: 70" \
		"Contact: <sip:test@127.0.0.1:9>" "Content-Length: 0" "" >"$lab/invite"
	answer=$("$tools/sipsend" udp 127.0.0.1 "$port_external" "$lab/invite" | cut -f2)
	[[ $answer == "SIP/2.0 $1 "* ]] || {
		echo "the answer is: $answer"
		return 1
	}
}

lab_open
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"

# --- before it runs

check "-t accepts a good configuration" exits 0 "$tandemd" -t -c "$lab/tandem.conf"
check "tandemctl without a server: exit code 3" exits 3 ctl status
spoil 's/^listen = .*/listne = 127.0.0.1:5061/'
check "-t refuses a bad one: exit code 6" exits 6 "$tandemd" -t -c "$lab/tandem.conf"
line=$(grep -n '^listne' "$lab/tandem.conf" | cut -d: -f1)
check "-t names file, line and column" prints "tandem.conf:$line:[0-9]+: error:" \
	"$tandemd" -t -c "$lab/tandem.conf"
check "-t says what was meant" prints 'listne.*listen' "$tandemd" -t -c "$lab/tandem.conf"
check "it does not start with it: exit code 6" exits 6 timeout 10 \
	"$tandemd" -f -c "$lab/tandem.conf"
mend
check "no such file" prints 'nowhere.conf' "$tandemd" -t -c "$lab/nowhere.conf"
mv "$lab/certs/internal.key" "$lab/certs/hidden.key"
check "it does not start without its key, and names it" prints 'internal.key: No such file' \
	timeout 10 "$tandemd" -f -c "$lab/tandem.conf"
mv "$lab/certs/hidden.key" "$lab/certs/internal.key"

cp "$lab/tandem.conf" "$lab/foreign.conf"
sed -i '/^\[internal\]/,/^\[server/s/^crl = .*/crl = certs\/carriers.crl/' "$lab/foreign.conf"
check "-t: lists of another authority would cut the side off" \
	prints 'warning: crl: .*carriers.crl: none of the lists is by CN=Enterprise CA,.* of .*enterprise-ca.pem' \
	"$tandemd" -t -c "$lab/foreign.conf"

# Descriptors of this shell's own limit: 100, two sides' connections, two sockets a port.
few() {
	(ulimit -n 300 && exec "$tandemd" -t -c "$lab/tandem.conf")
}
check "-t: fewer descriptors than the limits may need" \
	prints 'warning: 300 descriptors are allowed, [0-9]+ may be needed.*; raise it' few

# --- while a call stands

start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'
check "a second server on the same ports does not start" bash -c \
	"! timeout 10 '$tandemd' -f -c '$lab/tandem.conf'"
check "the first one runs on" ctl -q status
sed -e "s/^\(listen\|udp\|tls\) = .*/\1 = 127.0.0.2:$((port_spare + 8))/" -e '/^tcp = /d' \
	-e "s/^listen = .*/listen = 127.0.0.2:$((port_spare + 9))/" \
	-e 's/^run-dir = .*/run-dir = run2/' "$lab/tandem.conf" >"$lab/second.conf"
check "nor one that would write to its state folder" \
	prints "state-dir: another tandemd, process $tandem_pid, writes to .*state" \
	timeout 10 "$tandemd" -f -c "$lab/second.conf"
check "a call" start_talking

spoil 's/^fqdn = .*/fqdn = 7/'
check "reload refuses a bad configuration: exit code 6" exits 6 ctl config reload
check "reload says where" prints 'tandem.conf:2:' ctl config reload
check "config check says where" prints 'tandem.conf:2:' ctl config check
reloads=$(lines "$lab/tandem.log" 'tandem.conf:2:')
kill -HUP "$tandem_pid"
check "SIGHUP logs the mistake" wait_line 5 "$lab/tandem.log" 'tandem.conf:2:' $((reloads + 1))
mend
check "the call stands" status_is .calls.answered 1
check "the old configuration serves" test "$(status .fqdn)" = med1.example.test

sed -i 's/^drain-timeout = .*/drain-timeout = 20s/' "$lab/tandem.conf"
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'max-calls = 7'
kill -HUP "$tandem_pid"
max_calls_is() {
	[[ $(ctl --json trunk list | jq '.[0].calls_max') == "$1" ]]
}
check "SIGHUP takes a good one" wait_for 5 max_calls_is 7
check "the call stands after the reload" status_is .calls.answered 1
check "it is still heard" wait_for 15 recorded bob 2 1

# --- drain

kill -TERM "$tandem_pid"
check "SIGTERM: it drains" wait_line 5 "$lab/tandem.log" 'event=stopping'
check "the call stands meanwhile" is_running "$tandem_pid"
heard=$(stat -c %s "$(heard bob 1)")
grows() {
	[[ $(stat -c %s "$(heard bob 1)") -gt $((heard + 8000)) ]]
}
check "and is heard" wait_for 10 grows
check "no new call is taken" refused_with 503
phone alice hangup
check "it ends when the call has ended" ended_within 10
check "with exit code 0" exited 0
check "the call has its record" test "$(jq -r .cause <(records | sed -n 1p))" = bye
stop_phone alice
stop_phone bob

# --- drain, but the call does not end by itself

sed -i 's/^drain-timeout = .*/drain-timeout = 1s/' "$lab/tandem.conf"
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'
check "a call" start_talking
before=$(cdr_count)
kill -TERM "$tandem_pid"
check "SIGTERM: both phones get their BYE" wait_event alice CALL_CLOSED
check "the other too" wait_event bob CALL_CLOSED
check "it ends" ended_within 15
check "with exit code 0" exited 0
check "the record says why" test \
	"$(records | sed -n $((before + 1))p | jq -r '.cause + " " + .ended_by')" \
	= "shutdown tandem"
stop_phone alice
stop_phone bob

# --- shutdown by command, and after a violent end

start_tandem
check "tandemctl shutdown" ctl -q shutdown
check "it ends" ended_within 10
start_tandem
disown "$tandem_pid" # or bash tells of it
kill -KILL "$tandem_pid"
check "killed" ended_within 5
stop "$tandem_pid"
start_tandem
check "it starts again after SIGKILL" ctl -q status
finish
