# A machine of its own for whoever follows a guide: this machine's files, under a layer that takes every
# change and is thrown away at the end, started by systemd in namespaces of its own. It has no network but the
# loopback, with the addresses of the guides' pictures. Sourced after tests/system/lib.sh.

# The addresses of the guides' pictures (RFC 5737), each with the one whose packets come to it: on the loopback the
# kernel would give all of them their destination as source. The plays use certificates of a lab, whose names
# end in .test.
world_addresses=(
	"192.0.2.10 192.0.2.20"     # Tandem toward the servers, the PBX
	"192.0.2.20 192.0.2.10"     # the PBX
	"198.51.100.10 203.0.113.5" # Tandem toward the gateways, a gateway
	"203.0.113.5 198.51.100.10" # the gateway
)
world_hosts=(
	"127.0.0.1 localhost"
	"192.0.2.10 med1.example.com med1.example.test"
	"192.0.2.20 pbx1.example.com pbx1.example.test"
	"203.0.113.5 gw1.example.com gw1.example.test"
)

# world_missing: says why there can be no such machine here; false when there can.
world_missing() {
	local program
	((EUID == 0)) || {
		echo "only root can start a machine of its own"
		return
	}
	for program in systemd-nspawn unshare ip; do
		type -P "$program" >/dev/null || {
			echo "$program is not installed"
			return
		}
	done
	unshare --mount --net true 2>/dev/null || {
		echo "no namespaces may be made here"
		return
	}
	[[ $(stat -fc %T /sys/fs/cgroup) == *fs ]] || {
		echo "there are no control groups here"
		return
	}
	return 1
}

world_can() {
	local why
	! why=$(world_missing) || skip "$why"
}

# world_open: the layer, in $world/root, with Tandem installed in it as `make install` does.
world_open() {
	world=$lab/world
	mkdir -p "$world"
	mount -t tmpfs -o size=1g tandem-guide "$world"
	mkdir "$world/upper" "$world/work" "$world/root"
	mount -t overlay tandem-guide \
		-o "lowerdir=/,upperdir=$world/upper,workdir=$world/work" "$world/root" ||
		skip "no layer can be laid over the files of this machine"
	make -s -C "$builddir" install DESTDIR="$world/root" >"$lab/install.log" 2>&1 || {
		tail -5 "$lab/install.log"
		return 1
	}
}

world_close() {
	[[ -n ${world:-} ]] || return 0
	umount -R "$world" 2>/dev/null || umount -l "$world"
	world=
}

# world_write FILE: from standard input, in the machine.
world_write() {
	mkdir -p "$(dirname "$world/root$1")"
	cat >"$world/root$1"
}

world_network() {
	local line
	for line in "${world_addresses[@]}"; do
		echo "ip address add ${line% *}/32 dev lo"
	done
	for line in "${world_addresses[@]}"; do
		echo "ip route replace local ${line% *} dev lo table local src ${line#* }"
	done
}

# What the sandbox and media use, and a machine of systemd-nspawn may not by itself.
world_calls='landlock_create_ruleset landlock_add_rule landlock_restrict_self
	bpf io_uring_setup io_uring_enter io_uring_register'

# world_boot COMMAND: starts the machine, which runs COMMAND and ends. What COMMAND printed is
# in $lab/said, and its exit code is ours.
world_boot() {
	local code
	printf '%s\n' "${world_hosts[@]}" | world_write /etc/hosts
	echo tandem-guide | world_write /etc/hostname
	{
		echo '#!/bin/bash'
		world_network
		echo "$1"
		# shellcheck disable=SC2016 # the machine's
		echo 'echo $? >/guide/code'
	} | world_write /guide/run
	world_write /etc/systemd/system/guide.service <<-EOF
		[Unit]
		Wants=dbus.socket
		After=basic.target dbus.socket
		SuccessAction=poweroff-force
		FailureAction=poweroff-force
		[Service]
		Type=oneshot
		ExecStart=/bin/bash /guide/run
		StandardOutput=file:/guide/said
		StandardError=inherit
		TimeoutStartSec=300
	EOF
	world_write /etc/systemd/system/guide.target <<-EOF
		[Unit]
		Requires=basic.target guide.service
		AllowIsolate=yes
	EOF
	timeout --foreground -k 5 330 systemd-nspawn --quiet --register=no --keep-unit --private-network \
		--bind-ro="$srcdir" --bind-ro="$builddir" \
		${ASTERISK_ROOT:+"--overlay=$ASTERISK_ROOT::/asterisk"} \
		--system-call-filter="$world_calls" \
		--machine=tandem-guide --directory="$world/root" --boot -- --unit=guide.target \
		>"$lab/boot.log" 2>&1 </dev/null
	code=$(cat "$world/root/guide/code" 2>/dev/null)
	cp "$world/root/guide/said" "$lab/said" 2>/dev/null || cp "$lab/boot.log" "$lab/said"
	return "${code:-1}"
}
