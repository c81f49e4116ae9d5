#!/bin/bash
# A call each way, with audio, by each way that packets can be read and sent; what is forced
# and not allowed is refused at the start; capabilities go once the sockets are open.
. "$(dirname "$0")/lib.sh"
need baresip setpriv

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
plain='audio_codecs=PCMA/8000/1'

# In front of a command: it is without the capabilities that steered media needs.
without_capabilities=()
((EUID == 0)) && without_capabilities=(setpriv
	--bounding-set '-bpf,-net_admin,-net_raw' --inh-caps '-bpf,-net_admin,-net_raw')

# Whether this machine lets a process do it: what tandemd says is the answer.
starts_with() { # IO
	conf_media=("io = $1")
	write_conf
	"$builddir/tandemd" -c "$lab/tandem.conf" -f >"$lab/start.log" 2>&1 &
	tandem_pid=$!
	pids+=("$tandem_pid")
	wait_for 15 answers_or_ended && is_running "$tandem_pid"
}

answers_or_ended() {
	is_gone "$tandem_pid" || ctl -q status
}

ends_properly() {
	stop "$tandem_pid" 15
	is_gone "$tandem_pid"
}

# None of BPF (39), NET_ADMIN (12) and NET_RAW (13) is left in any thread.
capabilities_are_gone() {
	local file bits spent=$((1 << 39 | 1 << 12 | 1 << 13))
	for file in /proc/"$tandem_pid"/task/*/status; do
		bits=0x$(awk '/^CapPrm/ { print $2 }' "$file")
		((!(bits & spent))) || {
			echo "$file: CapPrm is $bits"
			return 1
		}
	done
}

is_refused() {
	"${without_capabilities[@]}" "$builddir/tandemd" -c "$lab/tandem.conf" -f >"$lab/start.log" 2>&1
	local code=$?
	cat "$lab/start.log"
	((code == 6)) && grep -qE 'steered media: .*needs CAP_NET' "$lab/start.log"
}

calls_both_ways() { # IO
	check "$1: server calls gateway" place_call \
		alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
	check "$1: called hears caller" "$tools/tone" "$heard_to" 440 1.5
	check "$1: caller hears called" "$tools/tone" "$heard_from" 620 1.5
	check "$1: gateway calls server" place_call \
		bob alice "sip:${number[alice]}@127.0.0.1:$port_external"
	check "$1: called hears caller" "$tools/tone" "$heard_to" 620 1.5
	check "$1: caller hears called" "$tools/tone" "$heard_from" 440 1.5
}

lab_open
server_port=$((port_pbx + 1))
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 "$plain"

used=0
for io in sockets io_uring steer; do
	if ! starts_with "$io"; then
		check "$io: is not allowed here, and says why" \
			grep -qE "(io_uring|BPF|socket).*: .*needs" "$lab/start.log"
		continue
	fi
	used=$((used + 1))
	check "$io: is what status shows" status_is .media.io "$io"
	calls_both_ways "$io"
	check "$io: no capability is left over" capabilities_are_gone
	check "$io: ends" ends_properly
done
check "sockets at least can be used" test "$used" -ge 1

conf_media=('io = steer')
write_conf
check "steer without capabilities: is refused, and says what it needs" is_refused
conf_media=()
write_conf
"${without_capabilities[@]}" "$builddir/tandemd" -c "$lab/tandem.conf" -f >"$lab/start.log" 2>&1 &
tandem_pid=$!
pids+=("$tandem_pid")
check "auto without capabilities: starts" wait_for 15 ctl -q status
check "auto without capabilities: not steered" test "$(status .media.io)" != steer
check "auto without capabilities: says why" \
	grep -qE 'event=io-not-used io=steer reason=".*CAP_NET' "$lab/start.log"
finish
