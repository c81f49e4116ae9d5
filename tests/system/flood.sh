#!/bin/bash
# Floods from a gateway that is configured: INVITEs beyond its limit, with and without ACKs, OPTIONS, REGISTER, what
# nobody serves, requests of no dialog, wrong passwords, and bytes that are no SIP. Each is answered as one alone would be. Memory and log
# stay bounded, and a call that stands loses neither a packet nor its BYE. Only counts are asserted.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
. "$(dirname "$0")/bounds.sh"

# More than are kept of one kind (TXN_LOOSE_MAX, 20,000).
floods=${FLOODS:-25000}
log_lines_max=600

need sipp

# flood OPTION... KIND: what came back is $lab/flood.json.
flood() {
	"$tools/sipflood" -n "$floods" "$@" 127.0.0.1 "$port_external" >"$lab/flood.json"
}

# Of the last flood: nearly all of it got STATUS and nothing got another. A datagram may be lost on a machine
# that is busy.
got() { # STATUS
	jq -e --arg status "$1" '(.by_status | keys) == [$status] and .answered > .sent * 9 / 10' \
		"$lab/flood.json" || {
		cat "$lab/flood.json"
		return 1
	}
}

silence() {
	jq -e '.answered == 0' "$lab/flood.json" || {
		cat "$lab/flood.json"
		return 1
	}
}

# Since the first flood began: some twenty lines a second are written of each kind, and there were so many floods.
log_bounded() {
	local lines=$(($(wc -l <"$lab/tandem.log") - lines_before)) seconds=$((SECONDS - began))
	echo "$lines lines in $seconds s"
	((lines < log_lines_max + 45 * seconds))
}

refused_counted() { # COUNT
	local count
	count=$(ctl --json trunk show gw | jq '.limits[] | select(.limit == "max-calls") | .reached')
	echo "$count counted"
	((count >= $1))
}

guesses_refused() {
	jq -e '(.by_status | keys - ["401", "403"]) == [] and .by_status["403"] > .sent * 8 / 10' \
		"$lab/flood.json" || {
		cat "$lab/flood.json"
		return 1
	}
}

# Ten, and ten more for each minute that this took.
wrong_bounded() {
	local count
	count=$(ctl --json trunk show gw | jq .auth.wrong)
	echo "$count looked at"
	((count >= 10 && count <= 10 + (SECONDS - began) / 6))
}

open_talks
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'max-calls = 1'
ctl -q config reload
check "a call" start_talk
rss_before=$(rss_kb)
lines_before=$(wc -l <"$lab/tandem.log")
began=$SECONDS

# Its audio goes on meanwhile.
"$tools/rtptalk" -n 1500 -r 50 "${ends[@]}" >"$lab/flood-talk.json" </dev/null &
talk_pid=$!
pids+=("$talk_pid")

flood invite
check "INVITEs beyond the limit, never acknowledged: 503" got 503
check "INVITEs: transactions are bounded" transactions_bounded
flood -a invite
check "INVITEs beyond the limit, acknowledged: 503" got 503
check "INVITEs are counted by the limit" refused_counted $((floods * 3 / 2))
flood options
check "OPTIONS: 200" got 200
check "OPTIONS: transactions are bounded" transactions_bounded
flood register
check "REGISTER: 405" got 405
flood unknown
check "an unknown method: 501" got 501
flood bye
check "BYE of no dialog: 481" got 481
flood cancel
check "CANCEL of nothing: 481" got 481
check "all of it: transactions are bounded" transactions_bounded
flood garbage
check "garbage: silence" silence
check "the server runs" is_running "$tandem_pid"
check "memory is bounded" memory_bounded
check "the log is bounded" log_bounded
wait "$talk_pid"
check "the call stands" is_talking
check "and was heard all the time" heard_all
check "it ends as ever" end_talk
check "all is released" all_released
check "no transaction is left" wait_for 60 status_is .calls.transactions 0

# A gateway that has to prove a password, and guesses: after ten wrong ones in a row nothing of its is looked at for a
# minute, so that a guess costs us little and who guesses much.
printf 'sesame\n' >"$lab/gw.secret"
chmod 600 "$lab/gw.secret"
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'auth = digest' 'auth-user = tandem' \
	'auth-secret = ../gw.secret'
ctl -q config reload
flood password
check "wrong passwords: 401, then 403" guesses_refused
check "wrong passwords: few were looked at" wrong_bounded
check "wrong passwords: the operator is told" has_lines "$lab/tandem.log" 'event=password-tried .*count=10' 1
check "wrong passwords: memory is bounded" memory_bounded
check "wrong passwords: no transaction is left" wait_for 60 status_is .calls.transactions 0
finish
