# What the system tests and the demo share: a lab on the loopback with a private DNS
# server, certificates, a running tandemd and real peers. Sourced by bash scripts; nothing
# here needs root.
#
# A script calls lab_open first, and ends with finish. Every process that is started is
# ended by its id on exit; the lab's folder stays when a check failed or KEEP is set.
# Nothing sleeps for a fixed time: wait_for polls until the event is there.

set -u
set -o pipefail
shopt -s nullglob

if [[ -z ${srcdir:-} ]]; then
	srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fi
builddir=${builddir:-$srcdir/build}
tools=$builddir/tests/tools
modules=${BARESIP_MODULES:-/usr/lib/baresip/modules}
[[ -d $modules ]] || modules=$(echo /usr/lib/*/baresip/modules | cut -d' ' -f1)
# Where ./bootstrap demo unpacks the phone.
[[ -d $modules ]] || modules=$builddir/peers/usr/lib/baresip/modules
PATH=$PATH:$builddir/peers/usr/bin
# Deadlines are generous, since they cost nothing when all is well. Slow builds
# (sanitizers, valgrind) may stretch them further.
time_scale=${TIME_SCALE:-1}
# What is waited for comes at once, or late where others keep the machine's disk busy: a line of the
# log has been half a minute on its way.
patience=4
# Where tandem, kamailio and sipp are, and *.example.test: 127.0.0.1 or ::1. Phones have IPv4
# only.
loopback=${loopback:-127.0.0.1}
loopback_uri=$loopback
# Where phones are; those of the guides have addresses of their own.
phone_host=127.0.0.1
[[ $loopback != *:* ]] || loopback_uri="[$loopback]"

passed=0
failed=0
lab=${lab-}
pids=()
dns_options=()

# --- results

pass() {
	passed=$((passed + 1))
	echo "ok: $*"
}

fail() {
	failed=$((failed + 1))
	echo "FAILED: $*"
}

# check NAME COMMAND...: one line, by the command's exit code. Its output only on failure.
check() {
	local name=$1
	shift
	# Not in a subshell: COMMAND may set variables.
	if "$@" >"$lab/check.out" 2>&1; then
		pass "$name"
	else
		fail "$name"
		head -20 "$lab/check.out" | sed 's/^/    /'
		return 1
	fi
}

# exits CODE COMMAND...: COMMAND ends with just that code.
exits() {
	local want=$1 code
	shift
	"$@"
	code=$?
	((code == want)) || {
		echo "exit code $code, not $want"
		return 1
	}
}

# prints PATTERN COMMAND...: on its output or its errors.
prints() {
	local pattern=$1
	shift
	"$@" >"$lab/printed" 2>&1
	grep -qE -e "$pattern" "$lab/printed" || {
		cat "$lab/printed"
		return 1
	}
}

# Ends the script: the line that bootstrap counts, and the exit code.
finish() {
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
	exit
}

# Leaves the test out, as Automake understands it.
skip() {
	echo "skipped: $*"
	exit 77
}

need() {
	local program
	for program in "$@"; do
		type -P "$program" >/dev/null || skip "$program is not installed"
	done
}

# --- waiting

# wait_ms MS: the FIFO that nobody writes to takes no process for it, as sleep(1) would: to make one takes
# longer than many a pause.
wait_ms() {
	local seconds
	printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	if [[ -p $lab/never ]]; then
		read -rt "$seconds" <>"$lab/never"
	else
		sleep "$seconds"
	fi
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; false when it never does. SECONDS are of a
# machine that has nothing else to do. What does not come soon is looked for less often.
wait_for() {
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * patience * time_scale * 1000000)) ms=20
	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/[.,]/} < deadline)) || return 1
		wait_ms "$ms"
		((ms >= 200)) || ms=$((ms + ms / 4))
	done
}

# lines FILE PATTERN: how many lines match (0 when there is no file).
lines() {
	local count
	count=$(grep -cE -e "$2" "$1" 2>/dev/null)
	echo "${count:-0}"
}

has_lines() { # FILE PATTERN COUNT
	if (($3 == 1)); then
		grep -qE -e "$2" "$1" 2>/dev/null
	else
		(($(lines "$1" "$2") >= $3))
	fi
}

# wait_line SECONDS FILE PATTERN [COUNT]
wait_line() {
	wait_for "$1" has_lines "$2" "$3" "${4:-1}"
}

listens() { # PORT [tcp|udp [ADDRESS]]
	local address=${3:-127.0.0.1}
	case ${2:-tcp} in
	tcp) (exec 3<>"/dev/tcp/$address/$1") ;;
	udp) grep -q "$(proc_address "$address" "$1") " /proc/net/udp /proc/net/udp6 ;;
	esac
}

# An IPv4 address, or ::1, and a port, as /proc/net has them.
proc_address() { # ADDRESS PORT
	local host a b c d
	IFS=. read -r a b c d <<<"$1"
	if [[ $1 == *:* ]]; then
		host=00000000000000000000000001000000
	else
		printf -v host '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
	fi
	printf '%s:%04X' "$host" "$2"
}

is_running() { # PID
	local state tasks
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || return 1
	# A process that has ended but was not waited for is not running, unless threads of it still end:
	# they hold its sockets.
	tasks=("/proc/$1/task/"*)
	[[ -n $state && ($state != Z || ${#tasks[@]} -gt 1) ]]
}

is_gone() {
	! is_running "$1"
}

# --- processes

# stop PID [SECONDS]: asks it to end, then makes it; takes it off the list.
stop() {
	local pid=$1 kept=() other
	kill -TERM "$pid" 2>/dev/null
	wait_for "${2:-5}" is_gone "$pid" || kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	for other in "${pids[@]}"; do
		[[ $other == "$pid" ]] || kept+=("$other")
	done
	pids=("${kept[@]}")
}

lab_close() {
	local status=$? pid
	trap - EXIT INT TERM HUP
	# In the order of starting reversed; all are told first, so that they end together.
	for pid in "${pids[@]}"; do
		kill -TERM "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait_for 5 is_gone "$pid" || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	if [[ -n $lab && -z ${KEEP:-} ]]; then
		if ((failed == 0 && status == 0)) || ((status == 77)); then
			rm -rf "$lab"
		else
			echo "kept: $lab" >&2
		fi
	fi
	exit "$status"
}

# --- the lab

# The folder, a block of ports, DNS and certificates. Sets:
#   lab                         the folder
#   port_internal               tandem toward servers, TLS
#   port_external, _tls         tandem toward gateways: UDP and TCP, TLS
#   port_pbx, port_gw           where the far ends listen
#   port_spare                  the first of a dozen for whatever a test needs
lab_open() {
	need dnsmasq jq openssl
	[[ -x $builddir/tandemd && -x $builddir/tandemctl && -x $tools/ports ]] ||
		skip "tandemd is not built in $builddir"
	if [[ -z $lab ]]; then
		lab=$(mktemp -d "${TMPDIR:-/tmp}/tandem-test.XXXXXX")
	fi
	trap lab_close EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mkdir -p "$lab/run" "$lab/state" "$lab/gateways.d"
	[[ -p $lab/never ]] || mkfifo "$lab/never"
	export HOME=$lab # not the user's own settings of the peers and tools

	"$tools/ports" 400 >"$lab/ports" &
	pids+=($!)
	wait_line 70 "$lab/ports" '^[0-9]+$' || {
		fail "free ports"
		exit 1
	}
	local base
	base=$(<"$lab/ports")
	port_dns=$((base + 1))
	port_internal=$((base + 2))
	port_external=$((base + 4))
	port_external_tls=$((base + 5))
	port_pbx=$((base + 10)) # baresip takes the next one too
	port_gw=$((base + 14))
	port_spare=$((base + 20))
	port_phone_media=$((base + 60)) # 20 for each phone
	port_media=$((base + 200))

	"$srcdir/certs/make-lab" "$lab/certs" >"$lab/make-lab.log" 2>&1 || {
		cat "$lab/make-lab.log" >&2
		exit 1
	}
	start_dns
}

# *.example.test is this machine; dns_options may add names. Sets dns_pid. As root dnsmasq would become another user.
start_dns() {
	dnsmasq --keep-in-foreground --conf-file=/dev/null --no-hosts --no-resolv \
		--port="$port_dns" --listen-address=127.0.0.1 --bind-interfaces \
		--pid-file="" --user="$(id -un)" --log-facility=- \
		--address="/example.test/$loopback" "${dns_options[@]}" >"$lab/dns.log" 2>&1 &
	dns_pid=$!
	pids+=("$dns_pid")
	wait_for 10 listens "$port_dns" udp || {
		cat "$lab/dns.log" >&2
		exit 1
	}
}

# --- tandem

# Nobody is asked by OPTIONS, so that a far end gets what a test is about; options_ping=1m has it done.
#
# write_conf: $lab/tandem.conf; what is in the arrays conf_SECTION comes at the end of that
# section, e.g. conf_limits=('drain-timeout = 2s').
write_conf() {
	cat >"$lab/tandem.conf" <<-EOF
		[tandem]
		fqdn = med1.example.test
		state-dir = state
		run-dir = run
		profile-dir = $srcdir/gateway-profiles
		dns-server = 127.0.0.1:$port_dns
		$(printf '%s\n' "${conf_tandem[@]-}")
		[internal]
		listen = $loopback_uri:$port_internal
		certificate = certs/internal.pem
		key = certs/internal.key
		trust = certs/enterprise-ca.pem
		crl = certs/enterprise.crl
		$(printf '%s\n' "${conf_internal[@]-}")
		[server pbx1]
		host = pbx1.example.test
		port = ${server_port:-$port_pbx}
		options-ping = ${options_ping:-off}
		$(printf '%s\n' "${conf_server[@]-}")
		[external]
		udp = $loopback_uri:$port_external
		tcp = $loopback_uri:$port_external
		tls = $loopback_uri:$port_external_tls
		certificate = certs/external.pem
		key = certs/external.key
		trust = certs/carriers-ca.pem
		crl = certs/carriers.crl
		$(printf '%s\n' "${conf_external[@]-}")
		[media]
		internal-address = $loopback
		external-address = $loopback
		ports = $port_media-$((port_media + 199))
		$(printf '%s\n' "${conf_media[@]-}")
		[audit]
		mode = full
		[limits]
		drain-timeout = 5s
		overload = 1m
		$(printf '%s\n' "${conf_limits[@]-}")
		[sip]
		$(printf '%s\n' "${conf_sip[@]-}")
	EOF
}

# write_gateway 'KEY = VALUE'...: gateways.d/gw.conf. The comments are there to be kept.
write_gateway() {
	{
		echo '# the gateway of this lab'
		echo '[gateway]'
		echo 'host = gw1.example.test'
		[[ "$*" == *options-ping* ]] || echo "options-ping = ${options_ping:-off}"
		printf '%s\n' "$@"
	} >"$lab/gateways.d/gw.conf"
}

# start_tandem: by $lab/tandem.conf; sets tandem_pid. Its log is $lab/tandem.log.
start_tandem() {
	"$builddir/tandemd" -c "$lab/tandem.conf" -f >>"$lab/tandem.log" 2>&1 &
	tandem_pid=$!
	pids+=("$tandem_pid")
	if ! wait_for 15 ctl -q status; then
		echo "tandemd did not start:" >&2
		tail -20 "$lab/tandem.log" >&2
		fail "tandemd starts"
		exit 1
	fi
}

# stop_tandem: in order, as an operator does; its exit code.
stop_tandem() {
	ctl -q shutdown && wait "$tandem_pid"
}

ctl() {
	"$builddir/tandemctl" -s "$lab/run/control.sock" "$@"
}

# status PATH: one number or word of the server's state, e.g. status .calls.now
status() {
	ctl --json status | jq -r "$1"
}

status_is() { # PATH VALUE
	[[ $(status "$1") == "$2" ]]
}

# cdr [N]: the records of the last N calls (1), JSON, one a line.
cdr() {
	ctl --json cdr tail "${1:-1}" | jq -c '.[]'
}

# A line of the log of records that is of a call.
call_record='"kind":"call"'

# records: those of calls, one a line.
records() {
	grep -E "$call_record" "$lab/state/cdr.jsonl"
}

cdr_count() {
	lines "$lab/state/cdr.jsonl" "$call_record"
}

# wait_cdrs COUNT: until so many calls have ended and are recorded.
wait_cdrs() {
	wait_line 15 "$lab/state/cdr.jsonl" "$call_record" "$1"
}

# capture_of ID: the capture file of a call.
capture_of() {
	local files=("$lab"/state/audit/*/"$1"/call.pcapng)
	[[ ${#files[@]} -gt 0 ]] && echo "${files[0]}"
}

# Everything is back: no call, dialog, port or media session is held.
nothing_held() {
	[[ $(ctl --json status | jq -r '.calls.now + .calls.dialogs + .media.sessions +
		.media.port_pairs_used') == 0 ]]
}

# all_released: nothing_held, soon: transactions of UDP live for 32 s.
all_released() {
	wait_for 40 nothing_held || {
		ctl --json status | jq -c '[.calls, .media]'
		return 1
	}
}

# --- far ends

. "$(dirname "${BASH_SOURCE[0]}")/peers.sh"

# --- captures

# read_capture PCAP OPTION...: tshark, told which ports speak SIP: by itself it takes UDP 12000
# for LLC, and other ports of the lab for other things.
read_capture() {
	local pcap=$1 port as=()
	shift
	for port in "$port_internal" "$port_external" "$port_external_tls" "$port_gw" \
		"$port_pbx" $((port_pbx + 1)); do
		as+=(-d "udp.port==$port,sip")
	done
	tshark -r "$pcap" -n "${as[@]}" "$@" 2>/dev/null
}

# ladder PCAP: for each SIP message: seconds, source and destination port, first line, with
# tabs between.
ladder() {
	read_capture "$1" -o sip.tls.port:0 -Y sip -T fields -e frame.time_relative \
		-e udp.srcport -e udp.dstport -e sip.Request-Line -e sip.Status-Line |
		awk -F'\t' '{ printf "%.3f\t%s\t%s\t%s\n", $1, $2, $3, $4 $5 }'
}
