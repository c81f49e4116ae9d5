#!/bin/bash
# The unit of the service by systemd's own judgement, with what it names, and that the server serves as it asks for:
# the credential, the signal that reloads. And that of the witness.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"

lab_open
unit=$lab/tandemd.service
# where it will be installed nothing is yet
sed -e "s|@sbindir@|$builddir|g" -e "s|@sysconfdir@|$lab|g" \
	"$srcdir/packaging/systemd/tandemd.service.in" >"$unit"

# --- systemd's judgement

if type -P systemd-analyze >/dev/null &&
	systemd-analyze security --help 2>/dev/null | grep -q -e --offline; then
	check "its words are known, what it starts is there" \
		exits 0 systemd-analyze verify --man=no "$unit"
	check "without a warning" test ! -s "$lab/check.out"
	check "exposure 1.5 at most" systemd-analyze security --offline=yes --threshold=15 \
		--no-pager "$unit"
	check "what it waits for" test "$(sed -n 's/^ConditionPathExists=//p' "$unit")" = \
		"$lab/tandem/tandem.conf"
else
	echo "left out: systemd's judgement: systemd-analyze is not installed, or too old"
fi
# members SET: the system calls of systemd's SET, and of the sets in it
members() {
	local name
	systemd-analyze syscall-filter "$1" | sed -nE 's/^ +(@?[a-z][-a-z0-9_]*)$/\1/p' |
		while read -r name; do
			if [[ $name == @* ]]; then
				members "$name"
			else
				echo "$name"
			fi
		done
}

# The words of the unit's SystemCallFilter= in their order: sets and calls that it adds or takes away.
unit_calls() {
	local line word names
	: >"$lab/calls"
	sed -n 's/^SystemCallFilter=//p' "$unit" >"$lab/filters"
	while read -r line; do
		for word in ${line#\~}; do
			names=$word
			[[ $word != @* ]] || names=$(members "$word")
			if [[ $line == "~"* ]]; then
				grep -vxF "$names" "$lab/calls" >"$lab/calls.rest"
				mv "$lab/calls.rest" "$lab/calls"
			else
				echo "$names" >>"$lab/calls"
			fi
		done
	done <"$lab/filters"
}

# Those that the server makes: what its own list has, and what only its start needs.
server_calls() {
	sed -nE 's/^\t(ALWAYS|EQUAL|BITS|OURS)\("([a-z0-9_]+)".*/\2/p' \
		"$srcdir/src/process/sandbox_table.c"
	printf '%s\n' capset lchown fchownat listen seccomp io_uring_setup \
		landlock_create_ruleset landlock_add_rule landlock_restrict_self
}

allows_all() {
	local missing
	unit_calls
	missing=$(server_calls | sort -u | grep -vxFf "$lab/calls")
	[[ -z $missing && $(server_calls | wc -l) -gt 100 ]] || {
		echo "the unit does not allow:" $missing
		return 1
	}
}

if type -P systemd-analyze >/dev/null &&
	systemd-analyze syscall-filter @system-service >/dev/null 2>&1; then
	check "the unit allows what the server's own filter allows" allows_all
	check "and neither a debugger nor BPF" exits 1 grep -qxE 'ptrace|bpf|mount' "$lab/calls"
fi
if type -P systemd-sysusers >/dev/null; then
	check "its user and groups" systemd-sysusers --root="$lab/root" --dry-run \
		"$srcdir/packaging/systemd/tandem.sysusers"
fi

# --- its promises

of() { # KEY: the last value of it
	sed -n "s/^$1=//p" "$unit" | tail -1
}
check "it is told when the server is ready" test "$(of Type)" = notify
check "the foreground, so nothing forks" prints ' -f ' of ExecStart
check "threads turn once a second, and are watched in seconds" \
	test "$(of WatchdogSec | tr -d s)" -ge 10
timeout_s=$(of TimeoutStopSec)
drain_s=$(sed -n '/\.name = "drain-timeout"/,/}/s/.*fallback = "\([0-9]*\)s".*/\1/p' \
	"$srcdir/src/config/table.c")
check "stopping may take longer than drain-timeout by itself" \
	test "${timeout_s%s}" -gt "${drain_s:-none}"

# --- the witness: a user of its own, who may not look into the folder of the configuration

witness=$lab/tandem-witness.service
sed -e "s|@sbindir@|$builddir|g" -e "s|@sysconfdir@|$lab|g" \
	"$srcdir/packaging/systemd/tandem-witness.service.in" >"$witness"
if type -P systemd-analyze >/dev/null; then
	check "the witness: its words are known" exits 0 systemd-analyze verify --man=no "$witness"
	check "without a warning" test ! -s "$lab/check.out"
fi
check "it waits for the file that it is handed" test \
	"$(sed -n 's/^ConditionPathExists=/witness.conf:/p' "$witness")" = \
	"$(sed -n 's/^LoadCredential=//p' "$witness")"
check "and reads that one" test "$(sed -n 's/^ExecStart=//p' "$witness")" = \
	"$builddir/tandem-witness -c %d/witness.conf"

# --- ports below 1024: the drop-in of tandemd(8)

mkdir "$unit.d"
awk '/^\[Service\]$/ { inside = 1 } /^\.Ed/ { inside = 0 } inside' "$srcdir/man/tandemd.8" \
	>"$unit.d/ports.conf"
check "the manual has both lines" test "$(grep -c '=CAP_NET_BIND_SERVICE$' "$unit.d/ports.conf")" = 2
if type -P systemd-analyze >/dev/null; then
	check "systemd takes them" exits 0 systemd-analyze verify --man=no "$unit"
	check "without a warning" test ! -s "$lab/check.out"
fi

# The last value of KEY, of the unit and of its drop-ins, as setpriv names capabilities.
capabilities() { # KEY FILE...
	cat "${@:2}" | sed -n "s/^$1=//p" | tail -1 | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g'
}
# With the rights of a unit of FILEs, as systemd gives them. In a network of its own.
as_unit() { # FILE...
	local ambient bounding
	ambient=$(capabilities AmbientCapabilities "$@")
	bounding=$(capabilities CapabilityBoundingSet "$@")
	exec unshare -n -- bash -c 'ip link set lo up && exec "$@"' _ \
		setpriv --reuid=daemon --regid="$(id -g daemon)" --clear-groups --no-new-privs \
		--bounding-set="-all${bounding:+,$bounding}" \
		--inh-caps="-all${ambient:+,$ambient}" --ambient-caps="-all${ambient:+,$ambient}" \
		"$lab/tandemd" -f -c "$lab/tandem.conf"
}
if ((EUID == 0)) && type -P setpriv ip >/dev/null && unshare -n true 2>/dev/null; then
	conf_tandem=()
	write_conf
	cp -r "$builddir/tandemd" "$srcdir/gateway-profiles" "$lab"
	sed -i -e 's/^profile-dir = .*/profile-dir = gateway-profiles/' \
		-e 's/^listen = .*/listen = 127.0.0.1:443/' "$lab/tandem.conf"
	chmod 0711 "$lab"
	rm -rf "$lab/state" "$lab/run"
	mkdir "$lab/state" "$lab/run"
	chown -R daemon "$lab/certs" "$lab/state" "$lab/run" "$lab/gateways.d"
	chmod -R a+rX "$lab/gateway-profiles" "$lab/tandemd" "$lab/tandem.conf"
	(as_unit "$unit") >"$lab/low.log" 2>&1
	check "the unit alone has none: a port below 1024 is refused, and how to have it said" \
		grep -qE 'listen: port 443 needs root or CAP_NET_BIND_SERVICE; start as root, give the service CAP_NET_BIND_SERVICE' "$lab/low.log"
	: >"$lab/low.log"
	(as_unit "$unit" "$unit.d/ports.conf") >"$lab/low.log" 2>&1 &
	pids+=($!)
	check "with the drop-in it serves" wait_line 15 "$lab/low.log" 'event=ready'
	check "it says what it had that for" prints 'CAP_NET_BIND_SERVICE \(low ports\)' ctl status
	check "and has nothing left" status_is '.process.capabilities | length' 0
	stop "$(<"$lab/run/tandemd.pid")" 10
	chown -R "$(id -u):$(id -g)" "$lab/certs" "$lab/gateways.d"
	rm -rf "$lab/state" "$lab/run"
else
	echo "left out: ports below 1024: needs root's rights, setpriv and a network of its own"
fi

# --- keys that come as credentials

mkdir "$lab/credentials"
mv "$lab/certs/internal.key" "$lab/credentials/"
chmod 0400 "$lab/credentials/internal.key"
write_conf
sed -i 's,^key = certs/internal.key,key = credential:internal.key,' "$lab/tandem.conf"
check "without the manager there is no credential" exits 6 \
	"$builddir/tandemd" -t -c "$lab/tandem.conf"
check "and it says where they come from" prints \
	'tandem.conf:[0-9]+:[0-9]+: error: key: there is no credential "internal.key"; it comes from LoadCredential=internal.key:FILE in the unit' \
	"$builddir/tandemd" -t -c "$lab/tandem.conf"
sed 's,credential:internal.key,credential:../internal.key,' "$lab/tandem.conf" >"$lab/wrong.conf"
check "a name, no path" prints 'expected a path, a pkcs11: URI, or credential: and a name' \
	"$builddir/tandemd" -t -c "$lab/wrong.conf"
export CREDENTIALS_DIRECTORY=$lab/credentials
check "-t finds it" "$builddir/tandemd" -t -c "$lab/tandem.conf"
start_tandem
check "it serves with it" presents "$port_internal" pbx1 "$(serial_of internal)"
check "a reload reads it" ctl -q config reload
kill -HUP "$tandem_pid"
check "so does the signal of ExecReload" wait_line 10 "$lab/tandem.log" 'event=reloaded' 2
chmod 0444 "$lab/credentials/internal.key"
check "it must be as protected as a key" prints 'a private key that others may read' \
	ctl config reload
finish
