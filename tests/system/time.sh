# A time of its own for what a test starts, as faketime tells it. Sourced after lib.sh, by
# scripts that need faketime.

[[ -z ${TANDEM_SANITIZER:-} ]] || skip "libfaketime and sanitizers do not go together"
time_libraries=(/usr/lib/*/faketime/libfaketimeMT.so.1)
[[ -e ${time_libraries[0]-} ]] || skip "libfaketimeMT.so.1 is not installed"

day=86400

# It is so many seconds later than it is.
later() { # SECONDS
	printf '%+d\n' "$1" >"$lab/time.new"
	mv "$lab/time.new" "$lab/time"
}

# in_time COMMAND...: only its wall clock is another, and what stat(2) says stays as it is.
in_time() {
	local -x LD_PRELOAD=${time_libraries[0]} FAKETIME_TIMESTAMP_FILE=$lab/time \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 \
		NO_FAKE_STAT=1
	exec "$@"
}

start_tandem_in_time() {
	in_time "$builddir/tandemd" -c "$lab/tandem.conf" -f >>"$lab/tandem.log" 2>&1 &
	tandem_pid=$!
	pids+=("$tandem_pid")
	wait_for 15 ctl -q status || {
		tail -20 "$lab/tandem.log" >&2
		fail "tandemd starts"
		exit 1
	}
}
