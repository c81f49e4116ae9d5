# Two gateways, a and b, of which a calls b; sipp is both. Sourced behind lib.sh.

# Where a is, if not at 127.0.0.1 and $port_gw; b is at 127.0.0.2 and $port_spare.
caller_host=127.0.0.1
caller_port=

# write_pair: both their files. A number that begins with +49403 is one of b's.
write_pair() {
	local trunk name host port prefix
	caller_port=${caller_port:-$port_gw}
	for trunk in "a $caller_host $caller_port +49402" "b 127.0.0.2 $port_spare +49403"; do
		read -r name host port prefix <<<"$trunk"
		printf '%s\n' '[gateway]' 'calls-to = gateways' 'options-ping = off' "host = $host" 'tls = no' \
			'transport = udp' "port = $port" "prefixes = $prefix" >"$lab/gateways.d/$name.conf"
	done
}

# start_called: b answers each call. Sets called_pid.
start_called() {
	(cd "$lab" && exec sipp -sn uas -i 127.0.0.2 -p "$port_spare" -mp $((port_phone_media + 60)) -nostdin) \
		>"$lab/called.log" 2>&1 </dev/null &
	called_pid=$!
	pids+=("$called_pid")
	wait_for 10 listens "$port_spare" udp 127.0.0.2
}

# one_call [OPTION...]: of sipp. a calls b, and hangs up. What sipp says is $lab/one-call.log.
one_call() {
	(cd "$lab" && exec sipp "127.0.0.1:$port_external" -sn uac -s +49403123 -i "$caller_host" -p "$caller_port" \
		-mp "$port_phone_media" -m 1 -nostdin -timeout 10 "$@") >"$lab/one-call.log" 2>&1 </dev/null
}
