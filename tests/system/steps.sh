#!/bin/bash
# The wall clock is set by an hour and by a day, forth and back, while calls stand: durations and the order of packets are of another
# clock, records keep their numbers, checkpoints go on, and all of it is verified.
. "$(dirname "$0")/lib.sh"
need sipp faketime tshark
. "$(dirname "$0")/time.sh"

calls=0
# A call that stands while the clock goes from FROM to TO, seconds from what it is.
call_over() { # NAME TO
	local number
	(cd "$lab" && exec sipp "127.0.0.1:$port_external" -sn uac -s +49503123 -i 127.0.0.3 -p "$port_spare" \
		-mp "$port_phone_media" -m 1 -d 1500 -nostdin -timeout 30) >"$lab/uac.log" 2>&1 </dev/null &
	number=$!
	check "$1: a call stands" wait_for 10 status_is .calls.answered 1
	later "$2"
	check "$1: it ends in order" wait "$number"
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
for trunk in "a 127.0.0.3 $port_spare +49502" "b 127.0.0.4 $port_spare +49503"; do
	read -r name host port prefix <<<"$trunk"
	printf '%s\n' '[gateway]' 'calls-to = gateways' 'options-ping = off' "host = $host" 'tls = no' \
		'transport = udp' "port = $port" "prefixes = $prefix" >"$lab/gateways.d/$name.conf"
done
later 0
start_tandem_in_time
cp "$lab/state/log/key" "$lab/key"
(cd "$lab" && exec sipp -sn uas -i 127.0.0.4 -p "$port_spare" -mp $((port_phone_media + 60)) -nostdin) \
	>"$lab/uas.log" 2>&1 </dev/null &
pids+=("$!")
wait_for 10 listens "$port_spare" udp 127.0.0.4
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
check "it stops" ctl -q shutdown
wait "$tandem_pid"
check "all of it is verified" "$builddir/tandem-verify" log --key "$lab/key" "$lab/state"
finish
