#!/bin/bash
# What the running server has forbidden itself: that it says so, that a reload names what it may not read, that a
# forbidden call ends it with a line, and which rights it had at the start and gave up. All other tests run with the
# sandbox on, and so show that nothing is missing.
. "$(dirname "$0")/lib.sh"

each_filtered() {
	local status
	for status in "/proc/$tandem_pid/task/"*/status; do
		grep -q $'^Seccomp:\t2$' "$status" || {
			grep -E '^(Name|Seccomp):' "$status"
			return 1
		}
	done
}

lab_open
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"

# --- a build that has none says so

without=
! grep -q '#define HAVE_LIBSECCOMP 1' "$builddir/tandem-config.h" && without='built without libseccomp'
! grep -q '#define TANDEM_INSTRUMENTED 1' "$builddir/tandem-config.h" ||
	without='built with a sanitizer or for coverage'
if [[ $without ]]; then
	start_tandem
	check "a warning, and why" wait_line 5 "$lab/tandem.log" \
		"(^| )warning sandbox event=not-confined part=\"system calls\" reason=\"$without\""
	check "status says it" status_is .process.sandbox.system_calls "$without"
	check "none is allowed in particular" status_is .process.sandbox.system_calls_allowed 0
	stop "$tandem_pid" 10
	conf_tandem=('sandbox = required')
	write_conf
	"$builddir/tandemd" -c "$lab/tandem.conf" -f >"$lab/required.log" 2>&1
	check "required: it does not start" test $? -ne 0
	check "and says why" grep -qE "sandbox = required, but the (files|system calls) cannot be confined: $without" \
		"$lab/required.log"
	finish
fi
start_tandem
status_is .process.sandbox.files confined ||
	skip "this kernel confines no files: $(status .process.sandbox.files)"

# --- what is on

check "system calls are confined" status_is .process.sandbox.system_calls confined
check "to a list" test "$(status .process.sandbox.system_calls_allowed)" -gt 50
check "by the kernel, in each thread" each_filtered
check "for people too" prints 'landlock abi +[1-9]' ctl status
check "the user is said" status_is .process.user "$(id -un)"

# --- a reload cannot reach what no start named

outside=$(mktemp -d "${TMPDIR:-/tmp}/tandem-outside.XXXXXX")
cp "$lab/certs/external."* "$outside"
cp "$lab/tandem.conf" "$lab/tandem.conf.first"
sed -i "s,= certs/external\.\(pem\|key\)$,= $outside/external.\1," "$lab/tandem.conf"
reason='Forbidden by the sandbox of the running server; restart it'
check "a reload with a certificate elsewhere is refused: exit code 6" \
	exits 6 ctl config reload
check "and says why, with the file" prints "$outside/external.pem: $reason" ctl config reload
check "config check says it too" prints "$outside/external.pem: $reason" ctl config check
check "-t, which is a start, does not" "$builddir/tandemd" -t -c "$lab/tandem.conf"
sed "s,^\[tandem\]$,&\ngateway-dir = $outside," "$lab/tandem.conf.first" >"$lab/tandem.conf"
check "so is a folder of gateways elsewhere" prints "gateway-dir: cannot be read: $reason" \
	ctl config reload
cp "$lab/tandem.conf.first" "$lab/tandem.conf"
mkdir "$lab/certs/more"
cp "$lab/certs/external."* "$lab/certs/more"
sed -i "s,= certs/external\.\(pem\|key\)$,= certs/more/external.\1," "$lab/tandem.conf"
check "a new folder below one that was named is taken" ctl -q config reload
rm -rf "$outside"

# --- a forbidden call

if ((EUID == 0)) && type -P gdb >/dev/null; then
	gdb -batch -nx -p "$tandem_pid" -ex 'handle SIGSYS nostop noprint pass' \
		-ex 'call (long)syscall(165, 0, 0, 0, 0, 0)' >"$lab/gdb.log" 2>&1
	check "it ends the server" wait_for 10 is_gone "$tandem_pid"
	check "after a line that names it" wait_line 5 "$lab/tandem.log" \
		'^error sandbox event=forbidden-call syscall=mount '
	wait "$tandem_pid"
	check "by a signal of its own, which a service manager starts it again after" \
		test $? -eq $((128 + 31))
else
	echo "left out: a forbidden call, which root makes by gdb"
	stop "$tandem_pid" 10
fi

# --- off

cp "$lab/tandem.conf.first" "$lab/tandem.conf"
conf_tandem=('sandbox = no')
write_conf
: >"$lab/tandem.log"
start_tandem
check "without it: a warning for files" has_lines "$lab/tandem.log" \
	'(^| )warning sandbox event=not-confined part="files" reason="\[tandem\] sandbox = no"' 1
check "and for system calls" has_lines "$lab/tandem.log" \
	'(^| )warning sandbox event=not-confined part="system calls"' 1
check "status says it" status_is .process.sandbox.files '[tandem] sandbox = no'
check "the kernel too" grep -q $'^Seccomp:\t0$' "/proc/$tandem_pid/status"
sed -i 's/^sandbox = no/sandbox = yes/' "$lab/tandem.conf"
ctl -q config reload
check "that it comes at the next start is said" \
	wait_line 5 "$lab/tandem.log" 'event=reload note=.*sandbox'
stop "$tandem_pid" 10

# --- required

conf_tandem=('sandbox = required')
write_conf
start_tandem
check "required: it is on" status_is .process.sandbox.system_calls confined
stop "$tandem_pid" 10

# --- rights of a service: given by its manager, used, given up

ambient=+net_bind_service,+net_raw,+net_admin,+bpf
as_service() { # USER COMMAND...
	setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups --no-new-privs \
		--inh-caps="$ambient" --bounding-set="-all,$ambient" \
		--ambient-caps="$ambient" "${@:2}"
}

if ((EUID == 0)) && type -P setpriv ip >/dev/null && unshare -n true 2>/dev/null &&
	as_service daemon true 2>/dev/null; then
	conf_tandem=()
	write_conf
	cp -r "$builddir/tandemd" "$srcdir/gateway-profiles" "$lab"
	sed -i -e 's/^profile-dir = .*/profile-dir = gateway-profiles/' \
		-e 's/^listen = .*/listen = 127.0.0.1:861/' "$lab/tandem.conf"
	chmod 0711 "$lab"
	rm -rf "$lab/state" "$lab/run"
	mkdir "$lab/state" "$lab/run"
	chown -R daemon "$lab/certs" "$lab/state" "$lab/run" "$lab/gateways.d"
	chmod -R a+rX "$lab/gateway-profiles" "$lab/tandemd" "$lab/tandem.conf"
	export -f as_service
	export ambient lab
	: >"$lab/tandem.log"
	unshare -n -- bash -c 'ip link set lo up &&
		as_service daemon "$lab/tandemd" -c "$lab/tandem.conf" -f' \
		>"$lab/tandem.log" 2>&1 &
	pids+=($!)
	check "as a user with a few rights: a port below 1024" \
		wait_line 15 "$lab/tandem.log" 'event=ready'
	check "he is said" status_is .process.user daemon
	check "what was used, and for what" prints 'CAP_NET_BIND_SERVICE \(low ports\)' \
		ctl status
	check "nothing is left" status_is '.process.capabilities | length' 0
	if status_is .media.io steer; then
		check "steering had its own" prints 'CAP_BPF \(media by steering\)' ctl status
	fi
	check "all is confined" status_is .process.sandbox.system_calls confined
	stop "$(<"$lab/run/tandemd.pid")" 10
else
	echo "left out: a service's rights, which only root can give"
fi
finish
