#!/bin/bash
# A sweep for keys after $CALLS calls, with SRTP on one side and on both, at log level debug and
# with everything captured: no SRTP key and no private key is in logs, records, captures,
# metrics or answers of tandemctl, and the keys of calls that ended are in memory no more.
. "$(dirname "$0")/lib.sh"
need sipp kamailio gcore

calls=${CALLS:-40}
# What sipp says is its key, in each description.
sipp_key=WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz

# The key material of a=crypto lines in FILE..., in hex, a line each.
keys_of() { # FILE...
	local key
	sed -n 's/^a=crypto:.* inline:\([A-Za-z0-9+/=]*\).*/\1/p' "$@" | sort -u |
		while IFS= read -r key; do
			base64 -d <<<"$key" | od -An -v -tx1 | tr -d ' \n'
			echo
		done
}

# The private scalar of an EC key, in hex.
scalar_of() { # FILE
	openssl pkey -in "$1" -noout -text | sed -n '/^priv:/,/^pub:/p' | grep '^ ' | tr -d ' :\n'
	echo
}

swept() { # SECRETS FILE...
	"$tools/sweep" "$@" >"$lab/swept"
	local code=$?
	grep -v ': 0$' "$lab/swept"
	return "$code"
}

# As many are in FILE as there are.
all_are_in() { # SECRETS FILE
	[[ $("$tools/sweep" "$1" "$2") == *": $(wc -l <"$1")" ]]
}

# A sanitizer's shadow is terabytes of addresses, which a dump would write out.
memory_can_be_read() {
	(($(awk '/^VmSize/ { print $2 }' "/proc/$tandem_pid/status") < 16 * 1024 * 1024))
}

# tandemd with an eye on the memory that it gives back; a sanitizer has that to itself.
start_watched() {
	if grep -qE '__(asan|tsan)_init' "$builddir/tandemd"; then
		start_tandem
	else
		LD_PRELOAD=$tools/freed.so FREED_LOG=$lab/freed start_tandem
	fi
}

memory_of() { # NAME
	rm -f "$lab/$1".*
	gcore -o "$lab/$1" "$tandem_pid" >"$lab/gcore.log" 2>&1
	mv "$lab/$1.$tandem_pid" "$lab/$1"
}

# With 1 too: so explain and report say that something is not well.
is_answered() { # COMMAND...
	ctl "$@" || (($? == 1))
}

# Everything that can be asked without changing anything: of the call first, which does not stand
# for long, and last what takes longest.
ask_all() { # CALL
	local command
	while IFS= read -r command; do
		echo "--- $command"
		# shellcheck disable=SC2086 # words
		{ is_answered $command && is_answered --json $command; } || return 1
	done >"$lab/answers" 2>&1 <<-END
		call list
		call show $1
		status
		trunk list
		trunk show gw
		server list
		server show pbx1
		cdr tail 1000
		cert list
		metrics
		config check
		log level
		trunk explain gw
		server explain pbx1
		report protection
	END
	is_answered report protection --csv >>"$lab/answers" &&
		is_answered report protection --html >>"$lab/answers"
}

# run_calls NAME COUNT SERVER-SIDE...: from the server to the gateway, whose scenario and
# transport are CALLED and PORT. Their messages are in $lab/NAME-{caller,called}.
run_calls() {
	local name=$1 count=$2 scenario=$3 port=$4 transport=$5
	sipp_options="-m $count -timeout $((60 + count / 3))"
	start_sipp called "$scenario" "$transport" "$port" "$port_external"
	sipp_options+=" -r 4" # the lab has ports for 50 calls in ten seconds
	pause=500
	start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
	sipp_options=
	check "$name: $count calls" wait_long caller
	check "$name: on the other side" wait_long called
	cp "$lab/caller/messages" "$lab/$name-caller"
	cp "$lab/called/messages" "$lab/$name-called"
}

wait_long() { # NAME
	wait_for $((60 + calls / 3)) is_gone "$(eval "echo \$sipp_pid_$1")" && wait_sipp "$1"
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_sipp_gw=$((port_spare + 4))
conf_media=('io = sockets')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_watched
ctl -q log level debug
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"

run_calls plain $((calls / 2)) uas-answer "$port_gw" u1
write_gateway 'tls = yes' "port = $port_gw" 'suites = AES_CM_128_HMAC_SHA1_80'
ctl -q config reload
start_front front-gw1 "$port_gw" $((port_spare + 6)) \
	"sip:127.0.0.1:$port_sipp_gw;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
run_calls secure $((calls / 2)) uas-answer+srtp "$port_sipp_gw" t1
check "there are as many records" wait_cdrs "$calls"

# One that stands, while everything is asked and its memory is read.
sipp_options='-timeout 60'
start_sipp called uas-answer+srtp t1 "$port_sipp_gw" "$port_external"
pause=20000
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
sipp_options=
check "a call that stands" wait_line 10 "$lab/caller/messages" '^ACK sip'
if memory_can_be_read; then
	check "the memory of a call that stands" memory_of standing
else
	echo "built with a sanitizer: memory is not looked at"
fi
check "everything is asked" ask_all "$(status .calls.started)"
check "the call among it, as it stood" grep -q '^call .* talking ' "$lab/answers"
check "it ends" wait_sipp caller
check "on the other side" wait_sipp called
cp "$lab/caller/messages" "$lab/last-caller"
cp "$lab/called/messages" "$lab/last-called"

keys_of "$lab"/{plain,secure,last}-{caller,called} >"$lab/srtp.hex"
# The server's answer to the caller of the last call, which is sure to be in use.
keys_of <(grep -v "$sipp_key" "$lab/last-caller") | head -n 1 >"$lab/in-use.hex"
for key in internal external; do
	scalar_of "$lab/certs/$key.key"
done >"$lab/private.hex"
check "a key for each call at least: $(wc -l <"$lab/srtp.hex")" \
	test "$(wc -l <"$lab/srtp.hex")" -ge "$calls"
check "two private keys" test "$(wc -l <"$lab/private.hex")" = 2
cat "$lab/srtp.hex" "$lab/private.hex" >"$lab/secrets.hex"

# --- where they are, to show that the sweep finds them

keys_of "$lab/secure-called" >"$lab/secure.hex"
check "the far end's log has them" all_are_in "$lab/secure.hex" "$lab/secure-called"
! memory_can_be_read || check "memory has the key of a call that stands" \
	all_are_in "$lab/in-use.hex" "$lab/standing"

# --- where they must not be

mapfile -t files < <(find "$lab/state" "$lab/run" -type f)
check "captures are there" test "$(find "$lab/state" -name call.pcapng | wc -l)" -ge "$calls"
check "none in ${#files[@]} captures, records and other files" \
	swept "$lab/secrets.hex" "${files[@]}"
check "none in the log of $(wc -l <"$lab/tandem.log") lines" \
	swept "$lab/secrets.hex" "$lab/tandem.log"
check "no SDES line in the log" exits 1 grep -E 'inline:[A-Za-z0-9+/]{20}' "$lab/tandem.log"
check "the answers are there" grep -q '^tandem_calls_started_total' "$lab/answers"
check "none in the answers of tandemctl" swept "$lab/secrets.hex" "$lab/answers"
check "no SDES line in them" exits 1 grep -E 'inline:[A-Za-z0-9+/]{20}' "$lab/answers"

# --- memory, when the calls are over

check "nothing is held" all_released
if memory_can_be_read; then
	check "its memory now" memory_of rested
	check "none of SRTP in it" swept "$lab/srtp.hex" "$lab/rested"
	check "memory was watched as it was given back" \
		grep -q freed.so "/proc/$tandem_pid/maps"
	check "and none had a key in it" test ! -s "$lab/freed"
fi

# --- and no core of its own, whatever is asked for

core_size() {
	awk '/^Max core file size/ { print $5 "," $6 }' "/proc/$tandem_pid/limits"
}
check "no core may be written" test "$(core_size)" = 0,0
finish
