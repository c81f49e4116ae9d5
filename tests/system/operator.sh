#!/bin/bash
# What an operator sees: tandemd in the background, and the answers of tandemctl for people.
. "$(dirname "$0")/lib.sh"
need sipp kamailio

stands() {
	status_is .calls.answered 1
}

lab_open
tandemd=$builddir/tandemd
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
# The one that sipp's fixed answer takes.
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"

check "tandemd -V" prints '^tandemd [0-9]' "$tandemd" -V
check "tandemd -h" exits 0 "$tandemd" -h
check "tandemd with an unknown option: exit code 2" exits 2 "$tandemd" -x
check "tandemd with a stray word: exit code 2" exits 2 "$tandemd" start
check "tandemctl --version" prints '^tandemctl [0-9]' ctl --version
check "tandemctl --help" prints 'trunk tls' ctl --help
check "tandemctl with an unknown option: exit code 2" exits 2 ctl --nonsense
check "tandemctl with an unknown noun says what to do" prints 'help lists' ctl nonsense
check "tandemctl: a noun alone lists its verbs" prints 'tandemctl trunk list' ctl trunk
check "tandemctl: a word is missing, usage" prints 'usage: tandemctl trunk tls' ctl trunk tls
check "and exit code 2" exits 2 ctl trunk tls

# It returns when it listens: nothing waits here.
sed 's/^key = .*/key = nowhere.key/' "$lab/tandem.conf" >"$lab/broken.conf"
check "in the background, with a mistake: it says so" prints 'nowhere.key' \
	timeout 15 "$tandemd" -c "$lab/broken.conf"
check "and its exit code tells" exits 6 timeout 15 "$tandemd" -c "$lab/broken.conf"
check "in the background: exit code 0" exits 0 timeout 15 "$tandemd" -c "$lab/tandem.conf"
check "it answers at once" prints 'med1.example.test' ctl status
tandem_pid=$(<"$lab/run/tandemd.pid")
check "without a terminal" test "$(readlink "/proc/$tandem_pid/fd/0")" = /dev/null
pids+=("$tandem_pid")

start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_sipp called uas-answer u1 "$port_gw" "$port_external"
pause=3000
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
# The call stands for three seconds: its table is taken in it, the rest is judged afterwards.
wait_for 10 stands && {
	ctl call list >"$lab/call-list"
	ctl call show 1 >"$lab/call-show"
}
check "a call" wait_sipp caller
check "the called" wait_sipp called
check "call list" grep -qE '^[0-9a-f]+-000001 +talking .* pbx1 .* gw +UDP +RTP' "$lab/call-list"
check "call show: from the caller down to the called" grep -qE '^server pbx1 ' "$lab/call-show"
check "call show: how it is protected" grep -qE 'signalling +TLS TLS1\.[23] ' "$lab/call-show"
check "call show: where it goes" grep -qE '^trunk gw +to ' "$lab/call-show"
check "call show: how it fares" grep -qE "received +[0-9]+; 0 lost, 0 late, 0 twice$" "$lab/call-show"
check "call show: what was refused" grep -qE "refused +0 bad tags, 0 replays, 0 from strangers$" "$lab/call-show"
check "the record" wait_cdrs 1
check "cdr tail" prints '^[0-9a-f]+-000001 .* 200 +bye ' ctl cdr tail
check "trunk list" prints '^gw +ready +no +UDP ' ctl trunk list
check "server list" prints '^pbx1 +[a-z]+ +TLS ' ctl server list
check "trunk show" prints '^host +gw1.example.test' ctl trunk show gw
check "a call that is not there: exit code 4" exits 4 ctl call show 99

check "shutdown" ctl -q shutdown
check "it ends" wait_for 10 is_gone "$tandem_pid"
check "and takes its socket along" test ! -e "$lab/run/control.sock"
finish
