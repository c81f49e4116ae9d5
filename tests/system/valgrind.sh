#!/bin/bash
# tandemd under valgrind: calls from both sides over TLS and TCP, calls that are refused,
# cancelled and never answered, a reload, and SIGTERM. Fails on any memory error and on
# memory that nothing pointed to at the end. Takes a minute: by hand, `make valgrind`.
#
#   builddir=BUILD tests/system/valgrind.sh [CALLS]
TIME_SCALE=${TIME_SCALE:-6}
. "$(dirname "$0")/lib.sh"
need valgrind sipp kamailio

calls=${1:-100}
exit_on_error=99

start_under_valgrind() {
	# Leaks of a thread's own memory and the like are judged by definite and indirect
	# loss; what is still reachable at the end belongs to the libraries.
	valgrind --quiet --tool=memcheck --leak-check=full --num-callers=30 \
		--show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
		--error-exitcode="$exit_on_error" --log-file="$lab/valgrind.log" \
		--suppressions="$srcdir/tests/system/valgrind.supp" \
		"$builddir/tandemd" -c "$lab/tandem.conf" -f >"$lab/tandem.log" 2>&1 &
	tandem_pid=$!
	pids+=("$tandem_pid")
	wait_for 20 ctl -q status
}

# load DIRECTION CALLS: all of them completed. Faster, and the lab's 200 ports, which rest for
# 5 s after each call, would not suffice.
load() {
	"$tools/loadgen" --server "127.0.0.1:$port_internal" \
		--cert "$lab/certs/pbx1.pem" --key "$lab/certs/pbx1.key" \
		--ca "$lab/certs/enterprise-ca.pem" --direction "$1" \
		--gateway-listen "127.0.0.1:$port_gw/tcp" \
		--gateway-connect "127.0.0.1:$port_external" \
		--connections 2 --rate 7 --calls "$2" --hold 500 --timeout 30000
}

# by_sipp NAME CALLER CALLED: one call from the gateway to the server that does not come
# about; sipp has no TLS, so a kamailio stands before it.
by_sipp() {
	start_sipp called "$3+srtp" u1 "$port_sipp_server" "$port_front"
	start_sipp caller "$2" t1 "$port_gw" "$port_external"
	check "$1" wait_sipp caller
	check "$1: the other side" wait_sipp called
}

ends_clean() {
	local code
	wait "$tandem_pid"
	code=$?
	((code == 0)) && [[ ! -s $lab/valgrind.log ]] || {
		echo "exit code $code"
		cat "$lab/valgrind.log"
		return 1
	}
}

lab_open
[[ -x $tools/loadgen ]] || skip "build first: make bench (builddir=$builddir)"
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
# valgrind does not know what steering asks of the kernel, and says so in its log.
conf_media=('io = sockets')
conf_limits=('setup-timeout = 20s')
# The one that sipp's fixed answer takes.
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
# valgrind makes system calls of its own, and does not know those of Landlock
conf_tandem=('sandbox = no')
write_conf
write_gateway 'tls = no' 'transport = tcp' "port = $port_gw"

check "tandemd starts under valgrind" start_under_valgrind || finish
check "$calls calls from the server" load server "$calls"
check "$calls calls from the gateway" load gateway "$calls"

start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
by_sipp "a call is refused" uac-refused uas-refuse
by_sipp "a call is cancelled" uac-cancel uas-cancelled
by_sipp "a call is held and resumed" uac-hold uas-held
by_sipp "a call with its offer in the 200" uac-late-offer uas-late-offer
conf_limits=('setup-timeout = 2s')
write_conf
check "a reload" ctl -q config reload
check "a trunk is switched to TLS" ctl -q trunk tls gw on
check "and back" ctl -q trunk tls gw off
code=408
by_sipp "a call is never answered" uac-refused uas-cancelled
stop_front front-pbx1
check "nothing is held afterwards" all_released

kill -TERM "$tandem_pid"
check "SIGTERM ends it" wait_for 20 is_gone "$tandem_pid"
check "no memory error, no leak" ends_clean
finish
