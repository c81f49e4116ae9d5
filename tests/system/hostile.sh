#!/bin/bash
# Every message of tests/data/hostile over UDP, TCP and TLS to a running server: it answers
# OPTIONS afterwards, holds nothing and has not grown. TANDEM_TORTURE and TANDEM_RFC4475 may
# name folders of more such messages (one a file), e.g. those of RFC 4475.
. "$(dirname "$0")/lib.sh"

# What the server says to FILES over KIND, one line a file, in $lab/KIND.out.
fire() { # KIND FILE...
	local kind=$1 port=$port_external cert=()
	shift
	if [[ $kind == tls ]]; then
		port=$port_internal
		cert=(-c "$lab/certs/pbx1.pem" -k "$lab/certs/pbx1.key")
	fi
	"$tools/sipsend" -w 100 "${cert[@]}" "$kind" 127.0.0.1 "$port" "$@" >"$lab/$kind.out"
}

fire_all() {
	local kind jobs=() code=0
	for kind in udp tcp tls; do
		fire "$kind" "$@" &
		jobs+=($!)
	done
	for kind in "${jobs[@]}"; do
		wait "$kind" || code=1
	done
	return $code
}

answers_options() { # KIND
	local answer
	printf '%s\r\n' "OPTIONS sip:127.0.0.1 SIP/2.0" \
		"Via: SIP/2.0/${1^^} 127.0.0.1:9;branch=z9hG4bK$RANDOM$RANDOM;rport" \
		"From: <sip:test@127.0.0.1>;tag=$RANDOM" "To: <sip:127.0.0.1>" \
		"Call-ID: $RANDOM$RANDOM@127.0.0.1" "CSeq: 1 OPTIONS" "Max-Forwards: 70" \
		"Content-Length: 0" "" >"$lab/options"
	fire "$1" "$lab/options"
	answer=$(cut -f2 "$lab/$1.out")
	[[ $answer == 'SIP/2.0 200'* ]] || {
		echo "the answer is: $answer"
		return 1
	}
}

alive() { # WHEN
	local kind
	check "$1: the server runs" is_running "$tandem_pid"
	for kind in udp tcp tls; do
		check "$1: OPTIONS over $kind" answers_options "$kind"
	done
}

# wrong_answers KIND: where expected.tsv says "status N" and another final status came.
# Silence may be right: a response goes where the Via says.
right_answers() {
	local kind=$1 transport=stream wrong
	[[ $kind != udp ]] || transport=datagram
	wrong=$(awk -F'\t' -v transport="$transport" '
		NR == FNR && $2 == transport { sub(/^status /, "", $3); want[$1] = $3 }
		NR == FNR { next }
		want[$1] ~ /^[45]/ && $2 ~ /^SIP/ && $2 !~ "^SIP/2.0 " want[$1] {
			print $1 ": expected " want[$1] ", got " $2
		}' "$data/expected.tsv" "$lab/$kind.out")
	[[ -z $wrong ]] || {
		echo "$wrong"
		return 1
	}
}

resident_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$tandem_pid/status"
}

open_files() {
	local files=("/proc/$tandem_pid/fd/"*)
	echo ${#files[@]}
}

# The capture files of recent calls stay open for a while: connections must not.
no_more_connections() {
	[[ $(ctl --json status | jq '.internal.connections + .external.connections') == 0 ]]
}

data=$srcdir/tests/data/hostile
messages=()
for file in "$data"/* ${TANDEM_TORTURE:+"$TANDEM_TORTURE"/*} \
	${TANDEM_RFC4475:+"$TANDEM_RFC4475"/*}; do
	[[ -f $file && $file != */expected.tsv && $file != */README* ]] && messages+=("$file")
done
((${#messages[@]})) || skip "no messages in $data"

lab_open
# Timers that end within seconds, so that what is left over can be seen.
conf_sip=('t1 = 20ms' 't2 = 100ms' 't4 = 200ms')
conf_limits=('setup-timeout = 2s' 'handshake-timeout = 1s' 'idle-timeout = 5s')
write_conf
write_gateway 'tls = no' 'transport = tcp' "port = $port_gw"
mv "$lab/gateways.d/gw.conf" "$lab/gateways.d/gw-tcp.conf"
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem

check "${#messages[@]} messages over UDP, TCP and TLS" fire_all "${messages[@]}"
for kind in udp tcp tls; do
	cp "$lab/$kind.out" "$lab/$kind.first"
	check "$kind: the statuses are those expected" right_answers "$kind"
done
alive "once"
check "nothing is held" all_released
check "no connection is left" wait_for 20 no_more_connections

# All once more: what the first round needed for good it has now.
before_kb=$(resident_kb)
before_files=$(open_files)
check "all again" fire_all "${messages[@]}"
check "and again" fire_all "${messages[@]}"
alive "thrice"
check "nothing is held" all_released
check "no connection is left" wait_for 20 no_more_connections
after_kb=$(resident_kb)
# A sanitizer keeps what was freed for a while; it has its own search for leaks.
[[ -n ${TANDEM_SANITIZER:-} ]] || check "memory: $before_kb kB, then $after_kb kB" \
	test $((after_kb - before_kb)) -lt 2048
check "descriptors: $before_files, then $(open_files)" \
	test "$(open_files)" -le $((before_files + 8))

# Bytes that are no message at all.
head -c 200000 /dev/urandom >"$lab/noise"
head -c 200000 /dev/zero | tr '\0' 'A' >"$lab/one-long-line"
{
	printf 'OPTIONS sip:x SIP/2.0\r\n'
	yes $'X-Header: y\r' | head -100000
} >"$lab/endless-headers"
printf '\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03' >"$lab/half-hello"
check "noise" fire_all "$lab/noise" "$lab/one-long-line" "$lab/endless-headers" "$lab/half-hello"
alive "after noise"
check "no line break came into the log" \
	bash -c "! grep -avE '^[0-9-]+T[0-9:.]+Z (error|warning|info|debug) ' '$lab/tandem.log'"
check "the server can be stopped" ctl -q shutdown
finish
