#!/bin/bash
# Packets that are not of the call: sprayed over all ports from elsewhere in each state of a
# call, and forged from where the good ones come from. None is relayed or answered, and the
# call goes on. PACKETS of each sort (50,000).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
need sipp kamailio

packets=${PACKETS:-50000}
bad_each=20 # forged ones for each good one

# start_spray SOURCE: over every media port until end_spray, $packets at least.
start_spray() {
	local input
	mkfifo "$lab/spray.$1.input"
	"$tools/rtpspray" -b "$1" -n "$packets" -r 20000 127.0.0.1 "$port_media" \
		$((port_media + 199)) <"$lab/spray.$1.input" >"$lab/spray.$1.json" &
	pids+=($!)
	sprays[$1]=$!
	# It goes on while this is open.
	exec {input}>"$lab/spray.$1.input"
	inputs+=("$input")
}

end_sprays() {
	local input source
	for input in "${inputs[@]}"; do
		exec {input}>&-
	done
	for source in "${!sprays[@]}"; do
		wait_for 200 is_gone "${sprays[$source]}" || return 1
	done
}

sprayed() { # SOURCE
	cat "$lab/spray.$1.json"
	jq -e --argjson packets "$packets" '.sent >= $packets and .came_back == 0' \
		"$lab/spray.$1.json"
}

holds_talks_and_is_held() {
	pause=1000 sipp_options="-timeout 60" start_signalling uac-hold uas-held
	wait_sipp caller && wait_sipp called && wait_cdrs 1 && cdr >"$lab/cdr.json"
}

# What was lost of the good packets is under 0.1 %.
lives() { # NAME
	check "$1: the call loses less than 0.1 %" holds '
		($talk.a.missing + $talk.b.missing) * 1000 < $talk.a.up.in + $talk.b.up.in'
	check "$1: nothing else arrives" holds '
		[$talk.a, $talk.b | .wrong + .strays + .duplicates == 0] | all'
	check "$1: no state has changed" holds '
		[$cdr.internal, $cdr.external | .ssrc_changes + .roc_changes == 0] | all'
}

resident_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$tandem_pid/status"
}

declare -A sprays=()
inputs=()
open_talks

# A foreign host, and another port of the host that both sides are on.
start_spray 127.0.0.9
start_spray 127.0.0.1
check "sprayed: a call that is set up, talks, is held and resumed" holds_talks_and_is_held
check "sprayed: it got much" test "$(jq -c '[.internal, .external |
	.dropped_source_packets > 0] | all' "$lab/cdr.json")" = true
check "sprayed: nothing was relayed" test "$(jq -c '[.internal, .external |
	.rx_packets + .tx_packets + .rx_rtcp_packets + .tx_rtcp_packets] | add' \
	"$lab/cdr.json")" = 0
check "sprayed: a call with media" start_talk
check "sprayed: it talks" talk -n 2000 -r 500
check "sprayed: it is not ended" end_talk
lives sprayed
check "sprayed: all sent" end_sprays
for source in "${!sprays[@]}"; do
	check "sprayed: nothing came back to $source" sprayed "$source"
done

# What as many good packets need for good, the capture's buffers above all, it has now.
check "a call" start_talk
check "a call: it talks" talk -n $((packets / bad_each))
check "a call: it is not ended" end_talk
before_kb=$(resident_kb)
check "forged: a call" start_talk
check "forged: it talks" talk -x "$bad_each" -n $((packets / bad_each))
check "forged: it is not ended" end_talk
lives forged
check "forged: each was refused, but those that the network lost" holds '
	[[$cdr.internal, $talk.a], [$cdr.external, $talk.b] |
		(.[0].dropped_auth_packets + .[0].dropped_replay_packets +
			.[0].dropped_malformed_packets) as $refused |
		$refused <= .[1].bad_sent and $refused > .[1].bad_sent * 0.9] | all'
check "forged: by its tag, as a replay, as no RTP" holds '
	$cdr.internal.dropped_auth_packets > $talk.a.bad_sent * 0.4 and
	$cdr.internal.dropped_replay_packets > $talk.a.bad_sent * 0.1 and
	$cdr.internal.dropped_malformed_packets > $talk.a.bad_sent * 0.1'
after_kb=$(resident_kb)
# A sanitizer keeps what was freed for a while; it has its own search for leaks.
[[ -n ${TANDEM_SANITIZER:-} ]] || check "memory: $before_kb kB, then $after_kb kB" \
	test $((after_kb - before_kb)) -lt 2048

check "nothing is held afterwards" all_released
finish
