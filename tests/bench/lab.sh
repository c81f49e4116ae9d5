# What the benchmarks share: a lab with certificates, a tandemd and a kamailio on one core,
# and the load generator on another. Sourced by bash scripts that run by hand; the build
# folder is $builddir. Nothing here needs root; more than 4,900 calls at once need a higher
# limit of descriptors than the 20,000 that are usual in a container.

set -u
set -o pipefail

srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
builddir=${builddir:-$srcdir/build}
tandemd=${TANDEMD:-$builddir/tandemd}
loadgen=$builddir/tests/tools/loadgen
server_core=${SERVER_CORE:-0}
load_core=${LOAD_CORE:-1}
lab=
run=
bench_pids=()

bench_need() {
	local program
	for program in "$@"; do
		type -P "$program" >/dev/null || {
			echo "$0: $program is not installed" >&2
			exit 77
		}
	done
}

bench_close() {
	local status=$? pid
	trap - EXIT INT TERM
	for pid in "${bench_pids[@]}"; do
		bench_stop "$pid"
	done
	if [[ -n ${KEEP:-} ]]; then
		echo "kept: $lab $run" >&2
	else
		rm -rf "$lab" "$run"
	fi
	exit "$status"
}

# bench_open: the lab's folder, certificates, ports.
bench_open() {
	bench_need jq openssl taskset
	# The shell, jq and the like must not run on the server's core: one jq that starts
	# there (45 ms) is a p99 of 10 ms.
	taskset -cp "$load_core" $$ >/dev/null
	[[ -x $tandemd && -x $loadgen && -x $builddir/tests/tools/ports ]] || {
		echo "$0: build first: make && make bench (builddir=$builddir)" >&2
		exit 77
	}
	# A call takes four sockets; how many can be held is up to the hard limit.
	ulimit -Hn 400000 2>/dev/null
	ulimit -n "$(ulimit -Hn)"
	calls_max=$((($(ulimit -n) - 400) / 4))
	lab=$(mktemp -d "${TMPDIR:-/tmp}/tandem-bench.XXXXXX")
	# As /run is: in memory.
	run=$(mktemp -d "/dev/shm/tandem-bench.XXXXXX")
	trap bench_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	"$srcdir/certs/make-lab" "$lab/certs" --host 127.0.0.1 --host 127.0.0.5 \
		>"$lab/make-lab.log" 2>&1 || {
		cat "$lab/make-lab.log" >&2
		exit 1
	}
	"$builddir/tests/tools/ports" 40 >"$lab/ports" &
	bench_pids+=($!)
	bench_wait 10 grep -q . "$lab/ports" || exit 1
	next_port=$(<"$lab/ports")
	port_gateway=$((next_port + 1))
	port_kamailio_tls=$((next_port + 2))
	port_kamailio=$((next_port + 3))
	next_port=$((next_port + 4))
}

bench_wait() { # SECONDS COMMAND...
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		sleep 0.05
	done
}

bench_listens() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1")
}

bench_stop() { # PID
	kill -TERM "$1" 2>/dev/null || return
	bench_wait 8 eval "! kill -0 $1" || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# bench_memory PID: what it has resident, kB.
bench_memory() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

# What the machine is doing besides: for the head of a table.
bench_machine() {
	local load
	read -r load _ </proc/loadavg
	echo "$(nproc --all) cores, $(uname -r), load average $load at the start; server on core" \
		"$server_core, load generator on core $load_core"
}

# bench_conf NAME MODE: $lab/NAME.conf, audit mode MODE, everything else in the folder
# $lab/NAME but what is in memory, in $run/NAME. Each side has a media address of its own, that SIP does not use, and so all of the range. Sets
# port_internal and port_external.
bench_conf() {
	local folder=$lab/$1
	port_internal=$next_port
	port_external=$((next_port + 1))
	next_port=$((next_port + 2))
	mkdir -p "$folder/gateways.d"
	cat >"$lab/$1.conf" <<-END
		[tandem]
		fqdn = med1.example.test
		state-dir = $folder/state
		run-dir = $run/$1
		gateway-dir = $folder/gateways.d
		profile-dir = $srcdir/gateway-profiles
		[internal]
		listen = 127.0.0.1:$port_internal
		certificate = $lab/certs/internal.pem
		key = $lab/certs/internal.key
		trust = $lab/certs/enterprise-ca.pem
		crl = $lab/certs/enterprise.crl
		[server pbx1]
		host = 127.0.0.1
		options-ping = ${options_ping:-off}
		session-timer = ${session_timer:-answer}
		${server_lines:-}
		[external]
		udp = 127.0.0.1:$port_external
		tcp = 127.0.0.1:$port_external
		[media]
		internal-address = 127.0.0.3
		external-address = 127.0.0.2
		ports = 10000-65535
		workers = 1
		timeout = 10m
		[audit]
		mode = $2
		[limits]
		max-calls = 100000
		max-connections = 10000
	END
}

# bench_gateway NAME TRANSPORT: the gateway that the load generator plays.
bench_gateway() {
	cat >"$lab/$1/gateways.d/load.conf" <<-END
		[gateway]
		host = 127.0.0.1
		port = $port_gateway
		tls = no
		transport = $2
		max-calls = 100000
		options-ping = ${gateway_options_ping:-off}
		session-timer = ${session_timer:-answer}
		${gateway_lines:-}
	END
}

# bench_launch NAME: tandemd by $lab/NAME.conf, until it is ready. Sets tandem_pid.
bench_launch() {
	taskset -c "$server_core" "$tandemd" -c "$lab/$1.conf" -f >"$lab/$1.log" 2>&1 &
	tandem_pid=$!
	bench_pids+=("$tandem_pid")
	bench_wait "${ready_s:-15}" grep -q event=ready "$lab/$1.log" || {
		tail -5 "$lab/$1.log" >&2
		exit 1
	}
}

# bench_start_tandem MODE: the usual one, named by its audit mode.
bench_start_tandem() {
	bench_conf "$1" "$1"
	bench_gateway "$1" tcp
	bench_launch "$1"
}

# bench_start_kamailio: a record-routing proxy with dialogs, TLS in (mutual), TCP out, as
# lean as it gets on one core. Sets kamailio_pids, a comma list.
bench_start_kamailio() {
	local dir=$lab/kamailio
	mkdir -p "$dir"
	cat >"$dir/tls.cfg" <<-END
		[server:default]
		method = TLSv1.2+
		verify_certificate = yes
		require_certificate = yes
		certificate = $lab/certs/internal.pem
		private_key = $lab/certs/internal.key
		ca_list = $lab/certs/enterprise-ca.pem
		[client:default]
		method = TLSv1.2+
		verify_certificate = yes
		require_certificate = yes
		certificate = $lab/certs/internal.pem
		private_key = $lab/certs/internal.key
		ca_list = $lab/certs/enterprise-ca.pem
	END
	cat >"$dir/kamailio.cfg" <<-END
		#!KAMAILIO
		debug=1
		log_stderror=yes
		children=1
		tcp_children=1
		auto_aliases=no
		dns=no
		rev_dns=no
		dns_cache_init=off
		enable_tls=yes
		tcp_connection_lifetime=600
		tcp_max_connections=4096
		tls_max_connections=4096
		tcp_conn_wq_max=1048576
		tcp_wq_max=67108864
		listen=tls:127.0.0.1:$port_kamailio_tls
		listen=tcp:127.0.0.1:$port_kamailio
		loadmodule "tls.so"
		loadmodule "tm.so"
		loadmodule "sl.so"
		loadmodule "pv.so"
		loadmodule "rr.so"
		loadmodule "textops.so"
		loadmodule "siputils.so"
		loadmodule "dialog.so"
		modparam("tls", "config", "$dir/tls.cfg")
		modparam("tls", "tls_force_run", 11)
		modparam("rr", "append_fromtag", 0)
		modparam("rr", "enable_double_rr", 1)
		modparam("dialog", "dlg_match_mode", 1)
		modparam("dialog", "hash_size", 16384)
		request_route {
			if (has_totag()) {
				if (loose_route()) {
					t_relay();
					exit;
				}
				if (is_method("ACK") && !t_check_trans())
					exit;
				t_relay();
				exit;
			}
			if (is_method("INVITE")) {
				record_route();
				dlg_manage();
			}
			\$du = "sip:127.0.0.1:$port_gateway;transport=tcp";
			t_relay();
		}
	END
	taskset -c "$server_core" kamailio -DD -E -x fm -X fm -m 3000 -M 64 \
		-f "$dir/kamailio.cfg" -Y "$dir" -P "$dir/pid" -w "$dir" >"$dir/log" 2>&1 &
	local pid=$!
	bench_pids+=("$pid")
	bench_wait 20 bench_listens "$port_kamailio_tls" || {
		tail -5 "$dir/log" >&2
		exit 1
	}
	sleep 1 # its children fork after it listens
	kamailio_pids=$(echo "$pid" $(pgrep -P "$pid") | tr ' ' ,)
}

# bench_load_words SERVER-PORT PIDS: sets load_words to the command of a load generator, without how much.
bench_load_words() {
	load_words=(taskset -c "$load_core" "$loadgen" --server "127.0.0.1:$1"
		--cert "$lab/certs/127.0.0.1.pem" --key "$lab/certs/127.0.0.1.key"
		--ca "$lab/certs/enterprise-ca.pem"
		--gateway-listen "127.0.0.1:$port_gateway/tcp" --watch "$2" --json)
}

# bench_load SERVER-PORT PIDS OPTION...: one run of the load generator; JSON on stdout.
bench_load() {
	local load_words
	bench_load_words "$1" "$2"
	"${load_words[@]}" "${@:3}" 2>>"$lab/loadgen.log"
}

# field JSON PATH
field() {
	jq -r "$2" <<<"$1"
}
