#!/bin/bash
# The wall clock is set by an hour and by a day, forth and back, while calls stand: durations and the order of packets are of another
# clock, records keep their numbers, checkpoints go on, and all of it is verified.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.sh"
need sipp faketime tshark
. "$(dirname "$0")/time.sh"

calls=0
# A call that stands while the clock goes to TO, seconds from what it is.
call_over() { # NAME TO
	one_call -d 1500 -timeout 30 &
	caller_pid=$!
	pids+=("$caller_pid")
	check "$1: a call stands" wait_for 10 status_is .calls.answered 1
	later "$2"
	check "$1: it ends in order" wait "$caller_pid"
	calls=$((calls + 1))
	check "$1: and has its record" wait_cdrs "$calls"
	check "$1: which says how long it was" jq -e '.talk_us > 1000000 and .talk_us < 20000000 and .duration_us >= .talk_us and
		.cause == "bye"' <(records | tail -1)
	check "$1: it is signed" wait_for 10 verified
	check "$1: the capture is in order" in_order
}

verified() {
	[[ $("$builddir/tandem-verify" log --key "$lab/key" --live --json "$lab/state" | jq '.verified, .unsigned' | xargs) == "true 0" ]]
}

in_order() {
	local file
	file=$(echo "$lab"/state/audit/*/"$(records | tail -1 | jq -r .id)"/call.pcapng)
	(($(tshark -r "$file" -T fields -e frame.time_delta | awk '$1 < 0 || $1 > 10 { bad++ } END { print bad + 0 }') == 0)) &&
		(($(tshark -r "$file" | wc -l) >= 12))
}

lab_open
write_conf
sed -i 's/^mode = full/mode = signalling\nkeep = 30d/' "$lab/tandem.conf"
write_pair
later 0
start_tandem_in_time
cp "$lab/state/log/key" "$lab/key"
start_called
call_over "without a step" 0
call_over "an hour on" 3600
call_over "an hour back" 0
call_over "a day on" "$day"
call_over "a day back" 0
call_over "a day before" -"$day"
call_over "and as it was" 0
check "numbers have no gap" jq -se '[.[].seq] == [range(length)]' "$lab/state/cdr.jsonl"
check "no capture was deleted" test "$(echo "$lab"/state/audit/*/*/call.pcapng | wc -w)" = "$calls"
check "nothing was lost" status_is .audit.lost 0
check "it stops" stop_tandem
check "all of it is verified" "$builddir/tandem-verify" log --key "$lab/key" "$lab/state"
finish
