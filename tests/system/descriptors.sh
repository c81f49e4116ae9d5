#!/bin/bash
# No descriptors left in the middle of the work: everybody is told so by that name and once, tandemctl gets in
# all the same, and all goes on when there are some again.
. "$(dirname "$0")/lib.sh"
need prlimit

allow() { # COUNT
	prlimit --nofile="$1:$most" --pid "$tandem_pid"
}

# The first number that no descriptor of the server has: with a limit of so many there is none left.
next_descriptor() {
	local n=0
	while [[ -e /proc/$tandem_pid/fd/$n ]]; do
		n=$((n + 1))
	done
	echo "$n"
}

# Whatever was closed since the last time is not to be had either.
starve() {
	few=$(next_descriptor)
	allow "$few"
}

invite() {
	local id=$RANDOM$RANDOM
	printf '%s\r\n' "INVITE sip:+4930111111@127.0.0.1:$port_external SIP/2.0" \
		"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK$id;rport" \
		"From: <sip:+4940222222@127.0.0.1>;tag=$id" "To: <sip:+4930111111@127.0.0.1>" \
		"Call-ID: $id@127.0.0.1" "CSeq: 1 INVITE" "Max-Forwards: 70" \
		"Contact: <sip:+4940222222@127.0.0.1:9>" "Content-Type: application/sdp" \
		"Content-Length: 104" "" "v=0" "o=- 1 1 IN IP4 127.0.0.1" "s=-" \
		"c=IN IP4 127.0.0.1" "t=0 0" "m=audio 6000 RTP/AVP 8" "a=sendrecv" \
		>"$lab/invite"
	sed -i "s/^Content-Length: .*\r/Content-Length: $(sed '1,/^\r$/d' "$lab/invite" | wc -c)\r/" \
		"$lab/invite"
}

refused_call() { # PATTERN of the reason in its record
	local calls
	calls=$(cdr_count)
	invite
	"$tools/sipsend" -w 8000 udp 127.0.0.1 "$port_external" "$lab/invite" >"$lab/answer"
	grep -q 'SIP/2.0 503' "$lab/answer" && wait_cdrs $((calls + 1)) &&
		records | tail -1 | grep -E -- "$1" || {
		cat "$lab/answer"
		records | tail -1 | jq -c .
		return 1
	}
}

# Connections that nobody may accept: they wait in the backlog.
connect() {
	exec {waiting}<>"/dev/tcp/127.0.0.1/$port_external"
}

lab_open
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
conf_media=('io = sockets')
# Each call tries the far end, which is not there.
conf_server=('rest-max = 0')
write_conf
start_tandem
most=$(awk '/^Max open files/ { print $5 }' "/proc/$tandem_pid/limits")
check "the limit is told at the start" wait_line 5 "$lab/tandem.log" "event=ready .*descriptors-allowed=$most"
check "and by status" status_is .descriptors.allowed "$most"
check "beside those in use" test "$(status .descriptors.used)" -ge 10

check "a call before: nobody takes it" refused_call 'refused|no answer|no response'
starve
before=$(lines "$lab/tandem.log" '^error')
for try in 1 2 3 4 5 6; do
	check "tandemctl gets in, $try" status_is .descriptors.allowed "$few"
done
starve
check "it can look at trunks" ctl -q trunk list
check "a call says what is missing" refused_call "no descriptors left: allowed $few"
starve
check "so does trunk explain" prints 'no descriptors left: allowed' ctl --json trunk explain gw
starve
check "a reload is refused for that" prints "no descriptors left: allowed $few" ctl config reload
starve
connect
first=$waiting
connect
check "nobody is accepted, and it is said" wait_line 10 "$lab/tandem.log" \
	"error transport event=accepting-paused error=\"no descriptors left: allowed $few, raise LimitNOFILE=\" side=external"
cpu() { awk '{ print $14 + $15 }' "/proc/$tandem_pid/stat"; }
used=$(cpu)
for try in 1 2 3 4 5 6 7 8 9 10; do
	ctl -q status
done
check "the server is not busy with it" test $(($(cpu) - used)) -lt 50
check "once" test "$(lines "$lab/tandem.log" 'event=accepting-paused error=')" = 1
check "and no other error comes again and again" \
	test $(($(lines "$lab/tandem.log" '^error') - before)) -lt 8

allow "$most"
exec {waiting}>&- {first}>&-
check "a reload goes well again" ctl -q config reload
check "a call is refused for another reason again" refused_call 'refused|no answer|no response'
check "the server runs on" is_running "$tandem_pid"
check "nothing is held afterwards" all_released
finish
