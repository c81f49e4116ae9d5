#!/bin/bash
# Started as root, tandemd serves as another user, with no more rights than it needs: whose its files
# are, who may use its control socket, what each thread may do, and that what a reload will not be able to
# read is said at the start.
. "$(dirname "$0")/lib.sh"
((EUID == 0)) || skip "only root can become another user"
# whom every Debian has
user=daemon
group=users
id "$user" >/dev/null 2>&1 || skip "there is no user $user"
getent group "$group" >/dev/null || skip "there is no group $group"
need ip runuser setpriv unshare


owner_is() { # OWNER:GROUP:MODE FILE
	local is
	is=$(stat -c %U:%G:%a "$2")
	[[ $is == "$1" ]] || {
		echo "$2 is $is"
		return 1
	}
}

# In the status of each thread FIELD has VALUE.
each_thread() { # FIELD VALUE
	local status
	for status in "/proc/$tandem_pid/task/"*/status; do
		grep -qP "^$1:\t$2\$" "$status" || {
			grep -E "^(Name|$1):" "$status"
			return 1
		}
	done
}

has_threads() { # COUNT
	local tasks=("/proc/$tandem_pid/task/"*)
	((${#tasks[@]} >= $1))
}

as() { # USER:GROUP COMMAND...
	local who=$1
	shift
	setpriv --reuid="${who%:*}" --regid="${who#*:}" --clear-groups "$@"
}

lab_open
# The tree may be somewhere that only root may enter.
cp -r "$builddir/tandemd" "$builddir/tandemctl" "$srcdir/gateway-profiles" "$lab"
chmod -R a+rX "$lab/tandemd" "$lab/tandemctl" "$lab/gateway-profiles"
tandemd=$lab/tandemd
tandemctl=$lab/tandemctl
conf_tandem=("user = $user" "admin-group = $group")
write_conf
sed -i "s/^profile-dir = .*/profile-dir = gateway-profiles/" "$lab/tandem.conf"
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
chmod 0711 "$lab"
chmod 0755 "$lab/gateways.d"

# --- what it cannot read as that user, it does not read as root either

check "-t: its key is not for $user" prints 'certs/.*: Permission denied' \
	"$tandemd" -t -c "$lab/tandem.conf"
check "nor does it start" prints 'error: certificate: .*certs/.*: Permission denied' \
	timeout 10 "$tandemd" -f -c "$lab/tandem.conf"
check "which says as whom" prints 'as daemon: .*: 3 mistakes' \
	timeout 10 "$tandemd" -f -c "$lab/tandem.conf"
chown -R "$user" "$lab/certs"
chmod 0600 "$lab/tandem.conf"
check "-t: tandem.conf is not for $user" prints 'cannot be read by the user daemon' \
	"$tandemd" -t -c "$lab/tandem.conf"
check "nor does it start" prints 'cannot be read by the user daemon' \
	timeout 10 "$tandemd" -f -c "$lab/tandem.conf"
chmod 0644 "$lab/tandem.conf"
check "-t: all is well" "$tandemd" -t -c "$lab/tandem.conf"

# --- what was there before

rm -rf "$lab/state" "$lab/run"
mkdir "$lab/state"
touch "$lab/state/cdr.jsonl"
check "-t: a file that an earlier start left to root" \
	prints "cdr.jsonl belongs to another user than daemon; chown -R daemon" \
	"$tandemd" -t -c "$lab/tandem.conf"
check "nor does it start" prints "cdr.jsonl belongs to another user than daemon" \
	timeout 10 "$tandemd" -f -c "$lab/tandem.conf"
rm -rf "$lab/state" "$lab/run"

for wrong in "user = nobody-at-all" "admin-group = nobody-at-all"; do
	sed "s/^${wrong%% =*} = .*/$wrong/" "$lab/tandem.conf" >"$lab/wrong.conf"
	check "-t: $wrong" prints 'there is no (user|group) "nobody-at-all"' \
		"$tandemd" -t -c "$lab/wrong.conf"
	check "nor does it start" prints 'there is no (user|group) "nobody-at-all"' \
		timeout 10 "$tandemd" -f -c "$lab/wrong.conf"
done
rm -rf "$lab/state" "$lab/run"
touch "$lab/state"
check "-t: the state folder is a file" prints 'state: is no folder' \
	"$tandemd" -t -c "$lab/tandem.conf"
rm "$lab/state"

# --- it serves

start_tandem
check "threads of media and of audit" has_threads 3
uid=$(id -u "$user")
check "each is $user" each_thread Uid "$uid\t$uid\t$uid\t$uid"
for set in CapPrm CapEff CapInh CapAmb; do
	check "none has a capability ($set)" each_thread "$set" '0+'
done
check "nor can what it executes get one" each_thread NoNewPrivs 1
check "its state is its own" owner_is "$user:$(id -gn "$user"):750" "$lab/state"
check "records too" owner_is "$user:$(id -gn "$user"):640" "$lab/state/cdr.jsonl"
check "captures too" owner_is "$user:$(id -gn "$user"):750" "$lab/state/audit"
check "its socket is for the group" owner_is "$user:$group:660" "$lab/run/control.sock"
check "which may use it" as "nobody:$group" \
	"$tandemctl" -s "$lab/run/control.sock" -q status
check "others may not: exit code 5" exits 5 as nobody:nogroup \
	"$tandemctl" -s "$lab/run/control.sock" -q status
check "a reload reads all again" ctl config reload

# What an operator changes is changed with his rights; the server has none to do that.
gw=$lab/gateways.d/gw.conf
operator() { # GROUP WORD...
	as "nobody:$1" "$tandemctl" -s "$lab/run/control.sock" "${@:2}"
}
chmod 0640 "$gw"
chgrp "$group" "$gw"
cp -p "$gw" "$lab/gw.before"
check "who may not write its file does not switch a trunk: exit code 5" exits 5 \
	operator "$group" trunk tls gw observe
check "and is told why" prints 'gw.conf: Permission denied; it is changed with your rights' \
	operator "$group" trunk tls gw observe
check "the file is as it was" cmp "$gw" "$lab/gw.before"
check "root does" prints 'observe' ctl trunk tls gw observe
check "its owner and mode stay" owner_is "root:$group:640" "$gw"
chmod 0775 "$lab/gateways.d"
chgrp "$group" "$lab/gateways.d"
check "a member of a group that may write there does" operator "$group" trunk tls gw off
check "the group and mode stay" owner_is "nobody:$group:640" "$gw"
check "the rest of the file too" cmp "$gw" "$lab/gw.before"
echo 'srtp = nonsense' >>"$gw"
cp -p "$gw" "$lab/gw.broken"
check "a configuration that is refused: exit code 6" exits 6 ctl trunk tls gw on
check "and said to be as it was" prints 'the configuration was refused; .*gw.conf is as it was' \
	ctl trunk tls gw on
check "it is, byte for byte" cmp "$gw" "$lab/gw.broken"
check "with owner and mode" owner_is "nobody:$group:640" "$gw"
cp "$lab/gw.before" "$gw"
chmod 0644 "$gw"
chmod 0600 "$lab/tandem.conf"
check "what it cannot read is a refused reload" exits 6 ctl config reload
chmod 0644 "$lab/tandem.conf"
stop "$tandem_pid"

# --- ports below 1024, in a network of its own

sed -e "s/^listen = .*/listen = 127.0.0.1:861/" -e "s/^udp = .*/udp = 127.0.0.1:860/" \
	"$lab/tandem.conf" >"$lab/low.conf"
if unshare -n true 2>/dev/null; then
	unshare -n -- bash -c 'ip link set lo up && exec "$0" -f -c "$1"' \
		"$tandemd" "$lab/low.conf" >"$lab/low.log" 2>&1 &
	tandem_pid=$!
	pids+=("$tandem_pid")
	check "ports below 1024" wait_line 15 "$lab/low.log" 'event=ready'
	check "as $user" each_thread Uid "$uid\t$uid\t$uid\t$uid"
	check "without a capability" each_thread CapPrm '0+'
	stop "$tandem_pid"
else
	echo "left out: ports below 1024, since no network namespace can be made here"
fi

# --- started as that user, without root

check "user = is himself already" prints 'no mistakes' \
	runuser -u "$user" -- "$tandemd" -t -c "$lab/tandem.conf"
check "only root can become another" prints 'only root can become daemon' \
	runuser -u nobody -- "$tandemd" -t -c "$lab/tandem.conf"

finish
