#!/bin/bash
# A server that changes its SRTP key by re-INVITE while both sides talk, after its roll-over
# counter has wrapped: it begins anew at 0, or goes on, as configured or not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
need sipp kamailio

# rekey HOW KEY: a call in which the server's re-INVITE says KEY, and that it seals with from then
# on, from ROC 0 (reset) or not (keep).
rekey() {
	local talk_pid keys
	call_number=$(($(status .calls.started) + 1))
	next_key=$2 pause=$((2000 * time_scale)) sipp_options="-timeout $((60 * time_scale))" \
		start_signalling_back uac-rekey uas-reinvited
	await_talk caller called || return 1
	rm -f "$lab/keys"
	mkfifo "$lab/keys"
	"$tools/rtptalk" -n $((3000 * time_scale)) -r 1000 -q 65400 "${ends[@]}" >"$lab/talk.json" <"$lab/keys" &
	talk_pid=$!
	pids+=("$talk_pid")
	exec {keys}>"$lab/keys"
	wait_line 20 "$lab/caller/messages" '^CSeq: 2 ACK' || return 1
	call_shows '.internal.roll_overs' 1 || return 1
	echo "a $1 $sipp_suite$2" >&"$keys"
	exec {keys}>&-
	wait_for 60 is_gone "$talk_pid"
	wait "$talk_pid"
}

call_shows() { # PATH PATTERN
	local value
	value=$(ctl --json call show "$call_number" | jq -r "$1")
	# shellcheck disable=SC2053 # a pattern
	[[ $value == $2 ]] || {
		echo "$1 is $value, not $2"
		return 1
	}
}

# changes NAME HOW ROC-CHANGES ROC: it is heard again, and all is lost that had the old key, and
# nothing else.
changes() {
	check "$1: a call with another key" rekey "$2" QU5fX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
	check "$1: it lives" end_talk
	check "$1: nothing else is lost" holds '
		$talk.b.missing == 0 and $talk.a.wrong + $talk.b.wrong == 0 and
		$talk.a.missing == $cdr.internal.dropped_auth_packets and
		$talk.a.missing < '"$((2000 * time_scale))"' and $talk.b.received == $cdr.internal.rx_packets'
	check "$1: the record knows how it went on" holds '
		$cdr.internal.roc_changes == '"$3"' and $cdr.internal.roll_overs == '"$4"
}

gives_reason() {
	call_shows .media_note "server began its SRTP roll-over counter anew under the same key*"
}

open_talks
changes "reset" reset 0 0
changes "kept against the rule" keep 1 1

conf_server+=('rekey-roc = keep')
write_conf
check "the server's setting is changed" ctl -q config reload
changes "kept" keep 0 1
changes "reset against the setting" reset 1 0

# The key stays, but not the counter: key streams are used twice.
check "a call with the same key" rekey reset "$sipp_key"
check "the same key: it lives" is_talking
check "the same key: the call says why nothing is heard" wait_for 15 gives_reason
check "the same key: it can be ended" end_talk
check "the same key: nothing of it is heard" holds '
	$talk.a.missing == $cdr.internal.dropped_auth_packets + $cdr.internal.dropped_replay_packets
	and $talk.b.missing == 0 and $talk.a.missing > 0 and $cdr.internal.roc_changes == 0'

check "nothing is held afterwards" all_released
finish
