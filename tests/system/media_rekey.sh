#!/bin/bash
# A server that changes its SRTP key by re-INVITE while both sides talk, after its roll-over
# counter has wrapped: it begins anew at 0, or goes on, as configured or not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
need sipp kamailio

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
	check "$1: a call with another key" rekey_call "$2" "$other_key" call_shows .internal.roll_overs 1
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
check "a call with the same key" rekey_call reset "$sipp_key" call_shows .internal.roll_overs 1
check "the same key: it lives" is_talking
check "the same key: the call says why nothing is heard" wait_for 15 gives_reason
check "the same key: it can be ended" end_talk
check "the same key: nothing of it is heard" holds '
	$talk.a.missing == $cdr.internal.dropped_auth_packets + $cdr.internal.dropped_replay_packets
	and $talk.b.missing == 0 and $talk.a.missing > 0 and $cdr.internal.roc_changes == 0'

check "nothing is held afterwards" all_released
finish
