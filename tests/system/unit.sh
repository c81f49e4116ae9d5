#!/bin/bash
# The unit of the service by systemd's own judgement, with what it names, and that the server serves as it asks for:
# the credential, the signal that reloads.
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
