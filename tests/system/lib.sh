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

# --- phones (baresip)

# A phone takes calls to its own number only.
declare -A number=([alice]=+4930111111 [bob]=+4940222222 [carol]=+4940333333
	[dave]=+4950444444)
declare -A calls_of=()

# No phone registers. From 1.1 on baresip refuses a call to a host name that is not its own, unless the
# account may register; one of a second priority never does by itself.
phone_register() {
	if [[ $(baresip -h 2>&1) == *"baresip v1.0."* ]]; then
		echo regint=0
	else
		echo 'regint=3600;prio=1;fbregint=0'
	fi
}

# start_phone NAME PORT HERTZ ACCOUNT-PARAMETERS [CERTIFICATE CA]
#
# A phone that listens on PORT (UDP and TCP; TLS on PORT + 1), answers by itself, sends a
# tone and records what it hears (see `heard`). It is driven by `phone`, its
# events are in $lab/NAME/events. NAME is one of those in `number`.
start_phone() {
	local name=$1 port=$2 hertz=$3 params=$4 cert=${5:-} ca=${6:-}
	local dir=$lab/$1 media control transport=${phone_transport:-udp}
	# What an earlier phone of that name left stays to be looked at.
	[[ ! -d $dir ]] || mv "$dir" "$dir.$port_phone_media"
	mkdir -p "$dir"
	calls_of[$name]=0
	media=${port_phone_media:?}
	control=$((media + 19))
	port_phone_media=$((port_phone_media + 20))
	[[ -z $cert ]] || transport=tls
	cat >"$dir/config" <<-EOF
		poll_method epoll
		sip_listen $phone_host:$port
		${cert:+sip_certificate $cert}
		${ca:+sip_cafile $ca}
		${ca:+sip_verify_server yes}
		call_local_timeout 120
		call_max_calls 8
		call_hold_other_calls no
		audio_source ausine,$hertz
		audio_player none
		audio_alert none,none
		ausrc_srate 48000
		auplay_srate 8000
		ausrc_channels 2
		auplay_channels 1
		audio_txmode poll
		jitter_buffer_type fixed
		jitter_buffer_delay 2-10
		rtp_ports $media-$((media + 18))
		net_interface $phone_host
		dns_server 127.0.0.1:$port_dns
		module_path $modules
		module g711.so
		module ausine.so
		module sndfile.so
		snd_path $dir
		module srtp.so
		module_tmp account.so
		module_app menu.so
		module_app ctrl_tcp.so
		ctrl_tcp_listen 127.0.0.1:$control
	EOF
	echo "<sip:${number[$name]}@$phone_host;transport=$transport>;$(phone_register);answermode=auto;$params" \
		>"$dir/accounts"
	: >"$dir/contacts"
	: >"$dir/events"
	(cd "$dir" && exec baresip -f "$dir") >"$dir/log" 2>&1 </dev/null &
	eval "phone_pid_$name=$!"
	pids+=($!)
	if ! wait_for 15 listens "$control"; then
		tail -20 "$dir/log" >&2
		fail "phone $name starts"
		exit 1
	fi
	# The one connection that it takes, for commands and events.
	exec {phone_fd}<>"/dev/tcp/127.0.0.1/$control"
	eval "phone_fd_$name=$phone_fd"
	# Events are netstrings without a line end.
	stdbuf -o0 tr '{' '\n' <&"$phone_fd" >"$dir/events" 2>/dev/null &
	pids+=($!)
}

# phone NAME COMMAND [PARAMETER]: e.g. phone alice dial sip:123@med1.example.test
phone() {
	local fd="phone_fd_$1" json
	json="{\"command\":\"$2\",\"params\":\"${3:-}\"}"
	printf '%d:%s,' "${#json}" "$json" >&"${!fd}"
}

stop_phone() { # NAME
	local pid="phone_pid_$1" fd="phone_fd_$1"
	stop "${!pid}"
	eval "exec ${!fd}<&-"
}

# wait_event NAME EVENT [COUNT]: since the start of that phone.
wait_event() {
	wait_line 20 "$lab/$1/events" "\"type\":\"$2\"" "${3:-1}"
}

events() { # NAME EVENT
	lines "$lab/$1/events" "\"type\":\"$2\""
}

# The recording of the latest call of phone NAME, or of its first with COUNT 1.
heard() { # NAME [COUNT]
	local files=("$lab/$1"/dump-*-dec.wav)
	((${#files[@]} >= ${2:-1})) && echo "${files[${2:-0}-1]}"
}

# A recording of at least so many seconds (8 kHz, 16 bits).
recorded() { # NAME SECONDS [COUNT]
	[[ $(stat -c %s "$(heard "$1" ${3:+"$3"})" 2>/dev/null || echo 0) -ge $(awk "BEGIN { print int($2 * 16000 + 44) }") ]]
}

# start_call FROM TO URI: FROM dials URI, TO answers, both hear something. False when not.
# Sets call_number, the call's number with tandem.
start_call() {
	local from=$1 to=$2 uri=$3
	call_number=$(($(status .calls.started) + 1))
	calls_of[$from]=$((calls_of[$from] + 1))
	calls_of[$to]=$((calls_of[$to] + 1))
	phone "$from" dial "$uri"
	wait_event "$from" CALL_ESTABLISHED "${calls_of[$from]}" &&
		wait_event "$to" CALL_ESTABLISHED "${calls_of[$to]}" &&
		wait_for 10 recorded "$from" 0.1 "${calls_of[$from]}" &&
		wait_for 10 recorded "$to" 0.1 "${calls_of[$to]}"
}

# Which call is a phone's current one after a second, and whether it holds the first, differs between
# releases of baresip: the latest is made the current one before it is hung up.
hang_up() { # NAME
	local call
	call=$(sed -n 's/.*"type":"CALL_ESTABLISHED".*"id":"\([^"]*\)".*/\1/p' "$lab/$1/events" | tail -n 1)
	phone "$1" callfind "$call"
	phone "$1" hangup
}

# end_call FROM TO: FROM hangs up. Sets heard_from and heard_to, the recordings.
end_call() {
	local from=$1 to=$2 cdrs
	cdrs=$(cdr_count)
	hang_up "$from"
	heard_from=$(heard "$from" "${calls_of[$from]}")
	heard_to=$(heard "$to" "${calls_of[$to]}")
	wait_event "$to" CALL_CLOSED "${calls_of[$to]}" && wait_cdrs $((cdrs + 1))
}

# place_call FROM TO URI [SECONDS]: the whole of it. $lab/call.json is the call as tandem
# shows it while it stands, $lab/cdr.json its record.
place_call() {
	local from=$1 to=$2 seconds=${4:-2}
	start_call "$from" "$to" "$3" || {
		echo "no call from $from to $to:"
		grep -av 'audio=' "$lab/$from/log" | tail -4
		tail -4 "$lab/tandem.log"
		return 1
	}
	wait_for $((seconds + 15)) recorded "$from" "$seconds" "${calls_of[$from]}" &&
		wait_for 15 recorded "$to" "$seconds" "${calls_of[$to]}" || {
		echo "$from and $to do not hear each other"
		phone "$from" hangup
		return 1
	}
	ctl --json call show "$call_number" >"$lab/call.json"
	end_call "$from" "$to" || {
		echo "$to or the record did not notice that $from hung up"
		return 1
	}
	cdr >"$lab/cdr.json"
}

# call_has PATH VALUE: of the call that was placed last, e.g. call_has .internal.media RTP
call_has() {
	local value
	value=$(jq -r "$1" "$lab/call.json")
	# shellcheck disable=SC2053 # a pattern
	[[ $value == $2 ]] || {
		echo "$1 is $value, not $2"
		return 1
	}
}

# --- kamailio

# start_front NAME TLS-PORT PLAIN-PORT TARGET-URI CERT-PREFIX CA TANDEM-PORT [MORE-TLS]
#
# A proxy with TLS in front of something that has none. What comes over TLS goes to
# TARGET-URI (a client certificate is demanded); what comes in plain goes to tandem over
# TLS, and it presents its own certificate there. MORE-TLS: more settings in tls.cfg. What
# $front_config and $front_request hold comes before its routes and before a request's. $front_in is a command that
# runs it elsewhere: in another network namespace.
start_front() {
	local name=$1 tls_port=$2 plain_port=$3 target=$4 cert=$5 ca=$6 tandem=$7 more=${8:-}
	local dir=$lab/$1
	mkdir -p "$dir"
	cat >"$dir/tls.cfg" <<-EOF
		[server:default]
		method = TLSv1.2+
		verify_certificate = yes
		require_certificate = yes
		certificate = $cert.pem
		private_key = $cert.key
		ca_list = $ca
		$more
		[client:default]
		method = TLSv1.2+
		verify_certificate = yes
		require_certificate = yes
		certificate = $cert.pem
		private_key = $cert.key
		ca_list = $ca
	EOF
	cat >"$dir/kamailio.cfg" <<-EOF
		#!KAMAILIO
		debug=1
		log_stderror=yes
		children=1
		tcp_children=2
		dns_try_naptr=no
		dns_use_search_list=no
		dns_cache_init=off
		auto_aliases=no
		enable_tls=yes
		tcp_connection_lifetime=600
		tcp_reuse_port=no
		listen=tls:$loopback_uri:$tls_port
		listen=udp:$loopback_uri:$plain_port
		listen=tcp:$loopback_uri:$plain_port
		loadmodule "tls.so"
		loadmodule "tm.so"
		loadmodule "sl.so"
		loadmodule "pv.so"
		loadmodule "rr.so"
		loadmodule "textops.so"
		loadmodule "siputils.so"
		loadmodule "xlog.so"
		modparam("tls", "config", "$dir/tls.cfg")
		modparam("tls", "tls_force_run", 11)
		modparam("rr", "append_fromtag", 0)
		${front_config-}
		request_route {
			${front_request-}
			# A dialog's request finds its way by its routes.
			if (has_totag()) {
				if (!loose_route() && is_method("ACK")) {
					t_check_trans();
					exit;
				}
				# Its Contact has a name that only the lab's DNS knows.
				if (proto != TLS)
					\$du = "sip:$loopback_uri:$tandem;transport=tls";
				t_relay();
				exit;
			}
			if (is_method("CANCEL")) {
				if (t_check_trans())
					t_relay();
				exit;
			}
			t_check_trans();
			remove_hf("Route");
			if (is_method("INVITE|SUBSCRIBE"))
				record_route();
			if (proto == TLS) {
				xlog("L_NOTICE", "front: \$rm from \$si:\$sp \$tls_peer_subject_cn \$tls_peer_serial\n");
				\$du = "$target";
			} else {
				\$du = "sip:$loopback_uri:$tandem;transport=tls";
			}
			t_relay();
		}
	EOF
	# shellcheck disable=SC2086 # a command
	${front_in-} kamailio -DD -E -x fm -X fm -m 32 -M 8 -f "$dir/kamailio.cfg" -Y "$dir" \
		-P "$dir/pid" -w "$dir" >"$dir/log" 2>&1 &
	pids+=($!)
	eval "front_pid_${name//-/_}=$!"
	if ! wait_for 20 listens "$tls_port" tcp "$loopback"; then
		tail -20 "$dir/log" >&2
		fail "kamailio starts ($name)"
		exit 1
	fi
}

stop_front() { # NAME
	local pid="front_pid_${1//-/_}"
	stop "${!pid}" 10
}

# --- sipp

# sipp_scenario FILE SRTP(0|1) CODE: FILE with its placeholders filled in.
sipp_scenario() {
	awk -v srtp="$2" -v code="$3" -v pause="${pause:-300}" \
		-v password="${password:-sesame}" \
		-v port="${sdp_port:-[media_port]}" -v next_key="${next_key:-}" '
		/^@sdp [a-z]+( new-key)?@$/ {
			direction = $2
			sub(/@$/, "", direction)
			key = NF == 3 ? next_key : "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
			print "v=0\no=- 1 " ++version " IN IP[media_ip_type] [media_ip]\ns=-"
			print "c=IN IP[media_ip_type] [media_ip]\nt=0 0"
			print "m=audio " port " RTP/" (srtp ? "SAVP" : "AVP") " 8 101"
			print "a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000"
			if (srtp)
				print "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" key
			print "a=" direction
			next
		}
		{ gsub(/@CODE@/, code); gsub(/@PAUSE@/, pause); gsub(/@PORT@/, port)
			gsub(/@PASSWORD@/, password); print }' "$1"
}

# start_sipp NAME SCENARIO TRANSPORT(u1|t1) LOCAL-PORT REMOTE-PORT
#
# Runs tests/system/sipp/SCENARIO.xml for one call in the background; wait_sipp says how it
# went. Messages are in $lab/NAME/messages. SCENARIO+srtp offers and answers SRTP; $code is
# the status that it is about (486), $pause how long it talks (300 ms), $sdp_port where its
# media is if not with sipp, $password what uac-auth proves (sesame), $next_key its SRTP key after uac-rekey's re-INVITE, $sipp_options are
# further options of sipp.
start_sipp() {
	local name=$1 scenario=$2 transport=$3 local_port=$4 remote_port=$5
	local dir=$lab/$1 srtp=0
	[[ $scenario != *+srtp ]] || srtp=1
	scenario=${scenario%+srtp}
	rm -rf "$dir"
	mkdir -p "$dir"
	sipp_scenario "$srcdir/tests/system/sipp/$scenario.xml" "$srtp" "${code:-486}" \
		>"$dir/scenario.xml"
	sipp_count=$((${sipp_count:-0} + 1))
	(cd "$dir" && exec sipp "$loopback_uri:$remote_port" -sf scenario.xml -s +4930222222 \
		-t "$transport" -i "$loopback" -p "$local_port" -m 1 -nostdin \
		-mp $((port_phone_media + sipp_count % 14 * 10)) \
		-timeout $((10 * time_scale)) -timeout_error -trace_err -error_file errors \
		-trace_msg -message_file messages ${sipp_options-}) >"$dir/log" 2>&1 </dev/null &
	eval "sipp_pid_$name=$!"
	pids+=($!)
	# What is called must listen before the caller starts.
	[[ $scenario != uas-* ]] || wait_for 10 grep -qs . "$dir/log"
	case $scenario:$transport in
	uas-*:u*) wait_for 10 listens "$local_port" udp "$loopback" ;;
	uas-*:t*) wait_for 10 listens_quietly "$local_port" ;;
	esac
}

# Whether something listens on a TCP port, without connecting to it: sipp would take the
# connection for a call.
listens_quietly() {
	grep -qE "$(proc_address "$loopback" "$1") 0+:0000 0A" /proc/net/tcp /proc/net/tcp6
}

# wait_sipp NAME: until it ended; true when its scenario went as written.
wait_sipp() {
	local pid="sipp_pid_$1" code
	wait_for 40 is_gone "${!pid}"
	wait "${!pid}"
	code=$?
	((code == 0)) || {
		echo "sipp $1: exit $code"
		head -n 12 "$lab/$1/errors" 2>/dev/null
		return 1
	}
}

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
