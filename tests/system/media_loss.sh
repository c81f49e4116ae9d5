#!/bin/bash
# Media over bad networks between the server and both far ends: what they lose is lost, and
# nothing else. Sequence numbers and SRTP's roll-over counter wrap meanwhile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
need sipp kamailio

# over NAME OPTION...: a call by such a network, and what must be true of any.
over() {
	local name=$1 up
	shift
	check "$name: a call" start_talk
	check "$name: it talks" talk "$@"
	check "$name: it lives" end_talk
	check "$name: nothing is lost in the server" holds \
		'$talk.a.missing + $talk.b.missing == 0'
	check "$name: all that comes out arrives, once and as it was sent" holds \
		'[$talk.a, $talk.b | .wrong == 0 and .strays == 0 and .duplicates == .down.doubled
			and .received == .down.out - .down.doubled] | all'
	check "$name: packets in are packets out" holds '
		$cdr.internal.rx_packets == $talk.a.up.out - $talk.a.up.doubled and
		$cdr.external.rx_packets == $talk.b.up.out and
		$cdr.external.tx_packets == $talk.b.down.in and
		$cdr.internal.tx_packets == $talk.a.down.in'
	check "$name: what came twice goes on once" holds '
		$cdr.internal.dropped_replay_packets == $talk.a.up.doubled and
		$cdr.external.dropped_replay_packets == $talk.b.up.doubled'
	# At both ends of the stream nobody knows what is missing.
	check "$name: the record knows the loss" holds '
		[$cdr.internal.rx_lost_packets - $talk.a.up.lost,
		$cdr.external.rx_lost_packets - $talk.b.up.lost | fabs <= 20] | all'
	check "$name: nothing was refused" holds '
		[$cdr.internal, $cdr.external | .dropped_auth_packets + .dropped_source_packets +
			.dropped_malformed_packets + .roc_changes + .ssrc_changes == 0] | all'
}

packets=${PACKETS:-10000}
open_talks

over "a good network" -n "$packets" -q 60000
over "10 % loss" -n "$packets" -q 60000 -s 1 -l 100
over "30 % loss" -n "$packets" -q 60000 -s 2 -l 300
over "reordered" -n "$packets" -q 60000 -s 3 -j 200
over "doubled" -n "$packets" -q 60000 -s 4 -d 200
over "all of it" -n "$packets" -q 60000 -s 5 -l 100 -j 100 -d 100
check "all of it: the record knows the order" holds '
	$cdr.internal.rx_late_packets > $talk.a.up.delayed / 2 and
	$cdr.external.rx_duplicate_packets > $talk.b.up.doubled / 2'
over "two wraps" -n 70000 -q 65000 -s 6 -l 10 -j 10
check "two wraps: the record knows them" holds '
	$cdr.internal.roll_overs == 2 and $cdr.external.rx_packets > 69000'

check "nothing is held afterwards" all_released
finish
