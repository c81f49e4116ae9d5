#!/bin/bash
# What the service manager hears of the server, from a socket of this test: ready, reloads, the end, that it is
# alive, and that it no longer says so when one of its threads hangs. What the journal gets.
. "$(dirname "$0")/lib.sh"

lab_open
grep -q '#define HAVE_LIBSYSTEMD 1' "$builddir/tandem-config.h" ||
	skip "built without libsystemd"
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"

heard=$lab/heard
"$tools/notified" "$lab/notify" >"$heard" &
pids+=($!)
wait_line 10 "$heard" listening

# start_service VARIABLE=VALUE...: as a service manager does; it need not answer at once.
start_service() {
	env NOTIFY_SOCKET="$lab/notify" "$@" \
		"$builddir/tandemd" -c "$lab/tandem.conf" -f >>"$lab/tandem.log" 2>&1 &
	tandem_pid=$!
	pids+=("$tandem_pid")
}

# order FIRST SECOND: both were heard, and in this order.
order() {
	local first second
	first=$(grep -nE -e "$1" "$heard" | head -1 | cut -d: -f1)
	second=$(grep -nE -e "$2" "$heard" | tail -1 | cut -d: -f1)
	[[ -n $first && -n $second && $first -lt $second ]] || {
		cat "$heard"
		return 1
	}
}

# --- the start

start_service
check "it says that it is ready" wait_line 15 "$heard" '^READY=1 STATUS='
check "all listen then" listens "$port_internal"
check "the control socket answers then" ctl -q status
check "its sentence has calls and trunks" \
	wait_line 1 "$heard" '^READY=1 STATUS=0 calls on 2 servers and gateways$'
check "nobody watches, so it says nothing of being alive" has_lines "$heard" 'READY' 1
check "nothing at all" exits 1 grep -q WATCHDOG "$heard"

# --- reloads, by signal and by command, also one that is refused

kill -HUP "$tandem_pid"
check "a reload by SIGHUP begins" wait_line 10 "$heard" '^RELOADING=1 MONOTONIC_USEC=[1-9][0-9]* '
check "and ends" wait_line 10 "$heard" '^READY=1' 2
check "in this order" order '^RELOADING=1' '^READY=1'
echo 'host = gw2.example.test' | sed '1i [gateway]' >"$lab/gateways.d/gw2.conf"
printf '%s\n' 'tls = no' 'transport = udp' "port = $port_gw" >>"$lab/gateways.d/gw2.conf"
check "a reload by command" ctl -q config reload
check "begins and ends" wait_line 10 "$heard" '^READY=1 STATUS=0 calls on 3 servers and gateways$'
echo nonsense >>"$lab/gateways.d/gw2.conf"
check "one that is refused" exits 6 ctl -q config reload
check "ends too" wait_line 10 "$heard" '^READY=1' 4
check "with the old configuration" has_lines "$heard" '^RELOADING=1' 3
rm "$lab/gateways.d/gw2.conf"

# --- the end

kill -TERM "$tandem_pid"
check "it says that it stops, and how long it may take" \
	wait_line 10 "$heard" '^STOPPING=1 EXTEND_TIMEOUT_USEC=[1-9][0-9]{6,} STATUS=Stopping'
wait "$tandem_pid"
check "and ends in order" test $? -eq 0
# drain-timeout of the lab is 5 s; more must be asked for
check "for drain-timeout at least" awk -F'[= ]' \
	'/^STOPPING/ { exit !($4 >= 5000000) }' "$heard"

# --- a refused start says nothing of being ready

: >"$heard"
sed 's/^fqdn = .*/fqdn = -/' "$lab/tandem.conf" >"$lab/wrong.conf"
check "a start that is refused: exit code 6" exits 6 env NOTIFY_SOCKET="$lab/notify" \
	"$builddir/tandemd" -c "$lab/wrong.conf" -f
check "was never ready" exits 1 grep -q READY "$heard"

# --- the watchdog

# Four looks within this time.
start_service WATCHDOG_USEC=4000000
check "watched, it says that it is alive" wait_line 15 "$heard" '^WATCHDOG=1$' 3

# freeze NAME: holds that thread of the server; sets freeze_pid.
freeze() {
	local task
	for task in "/proc/$tandem_pid/task/"*; do
		[[ $(<"$task/comm") == "$1" ]] || continue
		"$tools/freeze" "${task##*/}" >"$lab/freeze" 2>&1 &
		freeze_pid=$!
		pids+=("$freeze_pid")
		wait_line 10 "$lab/freeze" '^frozen$'
		return
	done
	echo "no thread $1"
	return 1
}

# hangs NAME: it is named, and from then on the server does not say that it is alive. Its loop goes on meanwhile.
hangs() {
	local pings
	wait_line 20 "$lab/tandem.log" "event=thread-hangs thread=$1 " || {
		tail -3 "$lab/tandem.log"
		return 1
	}
	pings=$(lines "$heard" '^WATCHDOG=1$')
	wait_turns 3 && (($(lines "$heard" '^WATCHDOG=1$') == pings))
}

# Until the server, by its own clock, is older by SECONDS: it looks once a second.
wait_turns() { # SECONDS
	local until
	until=$(($(ctl --json status | jq .uptime_us) + $1 * 1000000))
	wait_for 20 uptime_is "$until"
}

uptime_is() {
	(($(ctl --json status | jq .uptime_us) >= $1))
}

if ((EUID == 0)); then
	for thread in media-0 audit; do
		if freeze "$thread"; then
			check "a thread that hangs ($thread): it is named, and no longer alive" \
				hangs "$thread"
			alive=$(lines "$heard" '^WATCHDOG=1$')
			stop "$freeze_pid"
			check "it turns again: alive again" \
				wait_line 20 "$heard" '^WATCHDOG=1$' $((alive + 1))
		else
			fail "hold $thread: $(<"$lab/freeze")"
		fi
	done
else
	echo "left out: a thread that hangs, which only root can make"
fi
stop "$tandem_pid" 15

# --- the journal, in a mount namespace where its socket is ours

journal() {
	mount -t tmpfs none /run && mkdir -p /run/systemd/journal && cd "$lab" || return
	: >"$lab/stderr"
	"$tools/notified" /run/systemd/journal/socket >"$lab/journal" &
	echo $! >"$lab/journal.pid"
	wait_line 10 "$lab/journal" listening
	JOURNAL_STREAM=$(stat -c %d:%i "$lab/stderr") \
		"$builddir/tandemd" -c "$lab/tandem.conf" -f 2>"$lab/stderr" &
	echo $! >"$lab/tandem.pid"
	wait_for 15 ctl -q status
}

if ((EUID == 0)) && unshare -m true 2>/dev/null; then
	export -f journal wait_ms wait_for wait_line has_lines lines ctl
	export lab tools builddir time_scale patience
	unshare -m bash -c journal
	pids+=("$(<"$lab/journal.pid")" "$(<"$lab/tandem.pid")")
	check "the journal gets lines" wait_line 10 "$lab/journal" 'event=ready'
	check "with priority, name and fields" wait_line 1 "$lab/journal" \
		'^MESSAGE=info server event=ready .* PRIORITY=6 SYSLOG_IDENTIFIER=tandemd EVENT=ready'
	check "with the side of a listener" wait_line 1 "$lab/journal" 'SIDE=external'
	check "and stderr nothing" test ! -s "$lab/stderr"
	stop "$(<"$lab/tandem.pid")" 10
else
	echo "left out: the journal, whose socket only root can replace"
fi
finish
