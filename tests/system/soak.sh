#!/bin/bash
# A long load with disturbances, and then: is everything back, and is nothing lost? By
# hand, `make soak SOAK_SECONDS=600`; figures are printed at the end.
#
# Rounds of ten seconds: calls from the server and from the gateway in turn, the gateway by
# TCP and by UDP in turn, each over connections of its own. Every three seconds comes a
# reload or a trunk without calls is switched to TLS or back: no call may suffer. Of each
# six rounds one switches the very trunk that is called, which may cost calls, and in one
# the far ends are killed in the midst of calls: neither may cost a record.
#
# Memory is looked at in the second half, when it has its working size. To that belong the
# queue that captures wait in, a ring whose pages are used one after the other, and what a
# switched trunk costs at most. So that a short run has both behind it, the ring goes round
# once before the rounds begin, and the first round switches the trunk that is called. The
# index of records keeps pages of its database in memory, up to a bound that it takes some
# 27,000 calls to come to: as much as the database grew until then is allowed.
. "$(dirname "$0")/lib.sh"

seconds=${SOAK_SECONDS:-600}
rate=${SOAK_RATE:-20}
rss_growth_max_kb=${SOAK_RSS_KB:-1024}
round_seconds=10
ring_bytes=$((8 << 20)) # QUEUE_BYTES_DEFAULT of src/audit/writer.c
index_cache_kb=8192     # PRAGMA cache_size of src/audit/index_db.c
disturb_seconds=3
rest_seconds=37 # 64 T1 + 5 s

began=0 completed=0 suffered=0 sacrificed=0 killed=0 reloads=0 toggles=0 rounds=0 peak=0
worst_ms=0

rss_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$tandem_pid/status"
}

# Of the index's database, what its cache of pages has room for. Its file alone does not have what is in the log of
# SQLite.
index_kb() {
	python3 - "$lab/state/cdr.index" "$index_cache_kb" <<-'EOF'
		import sqlite3, sys
		db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
		pages, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
		print(min(pages * size // 1024, int(sys.argv[2])))
	EOF
}

descriptors() {
	local all=("/proc/$tandem_pid/fd"/*)
	echo "${#all[@]}"
}

# What must be nothing at rest, in one line.
held() {
	ctl --json status | jq -c '[.calls.now, .calls.dialogs, .calls.transactions,
		.media.sessions, .media.streams, .media.port_pairs_used,
		.internal.connections, .internal.handshakes,
		.external.connections, .external.handshakes, .audit.open_files]'
}

holds_nothing() {
	[[ $(held) == '[0,0,0,0,0,0,0,0,0,0,0]' ]]
}

at_rest() {
	holds_nothing && (($(descriptors) <= descriptors_start))
}

# The next disturbance: a reload, or trunk TRUNK to TLS or back.
disturb() { # TRUNK
	turn=$((${turn:-0} + 1))
	if ((turn % 3 == 0)); then
		reloads=$((reloads + 1))
		ctl -q config reload || fail "a reload"
	else
		toggles=$((toggles + 1))
		tls_word=$([[ ${tls_word:-off} == on ]] && echo off || echo on)
		ctl -q trunk tls "$1" "$tls_word" || fail "trunk tls $1 $tls_word"
	fi
}

# start_load DIRECTION tcp|udp RATE CALLS HOLD_MS
start_load() {
	"$tools/loadgen" --server "127.0.0.1:$port_internal" \
		--cert "$lab/certs/pbx1.pem" --key "$lab/certs/pbx1.key" \
		--ca "$lab/certs/enterprise-ca.pem" --direction "$1" \
		--gateway-listen "127.0.0.1:$port_gw/$2" \
		--gateway-connect "127.0.0.1:$port_external" --connections 2 \
		--rate "$3" --calls "$4" --hold "$5" --json \
		>"$lab/load.json" 2>>"$lab/load.log" &
	load_pid=$!
	pids+=("$load_pid")
}

# count_load KIND: adds up what became of the round's calls.
count_load() {
	local load lost
	load=$(<"$lab/load.json")
	lost=$(jq '.begun - .completed' <<<"$load")
	began=$((began + $(jq .begun <<<"$load")))
	completed=$((completed + $(jq .completed <<<"$load")))
	peak=$(jq "[.peak, $peak] | max" <<<"$load")
	if [[ $1 == toggled ]]; then
		sacrificed=$((sacrificed + lost))
		return
	fi
	worst_ms=$(jq "[.delay_ms.max, $worst_ms] | max" <<<"$load")
	((lost == 0)) || {
		suffered=$((suffered + lost))
		echo "round $rounds ($direction, $transport): $(jq -c .reasons <<<"$load")"
	}
}

captured_bytes() {
	find "$lab/state/audit" -name '*.pcapng' -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }'
}

ring_has_gone_round() {
	(($(captured_bytes) > ring_bytes)) || {
		echo "$(captured_bytes) bytes captured, $ring_bytes in the ring"
		return 1
	}
}

# Some 7 kB are captured of a call. They are short: few stand at once.
warm_up() {
	start_load server tcp 75 1500 0
	wait_for 60 is_gone "$load_pid"
	stop "$load_pid"
	check "before the rounds the ring of captures has gone round" \
		wait_for 5 ring_has_gone_round
}

# Whether the load is over before the next disturbance is due: by the clock, however patient other tests are.
is_over_in_time() {
	local patience=1 time_scale=1
	wait_for "$disturb_seconds" is_gone "$load_pid"
}

# A round of KIND: quiet, toggled (the trunk that is called) or killed.
play_round() {
	local kind=$1 trunk=spare disturbances=0
	[[ $kind != toggled ]] || trunk=gw
	write_gateway 'tls = no' "transport = $transport" "port = $port_gw" 'max-calls = 500'
	ctl -q config reload || fail "a reload between rounds"
	start_load "$direction" "$transport" "$rate" $((rate * round_seconds)) 1000
	until is_over_in_time; do
		if [[ $kind == killed ]] && ((++disturbances == 2)); then
			{
				kill -KILL "$load_pid"
				wait "$load_pid"
			} 2>/dev/null
			killed=$((killed + 1))
		else
			disturb "$trunk"
		fi
	done
	stop "$load_pid"
	# Back to plain, for the next round's calls.
	[[ ${tls_word:-off} == off ]] || disturb_back "$trunk"
	[[ $kind == killed ]] || count_load "$kind"
	rounds=$((rounds + 1))
}

disturb_back() { # TRUNK
	tls_word=off
	toggles=$((toggles + 1))
	ctl -q trunk tls "$1" off || fail "trunk tls $1 off"
}

# L1: started = ended = records, each with an id of its own.
accounts_agree() {
	local started ended records ids
	started=$(status .calls.started)
	ended=$(status .calls.ended)
	records=$(cdr_count)
	ids=$(records | jq -r .id | sort -u | wc -l)
	echo "started $started, ended $ended, records $records, ids $ids"
	((started == ended && ended == records && records == ids))
}

nothing_lost() {
	ctl --json status | jq -e '.audit | .lost == 0 and .cut == 0 and .cdrs_lost == 0 and
		.offered == .stored and (.failing | not)'
}

need python3
lab_open
[[ -x $tools/loadgen ]] || skip "build first: make bench (builddir=$builddir)"
write_conf
# Ports rest for a while after a call: the lab's 200 are not enough.
sed -i -e '/^internal-address/s/127.0.0.1/127.0.0.2/' \
	-e '/^external-address/s/127.0.0.1/127.0.0.3/' \
	-e '/^ports/s/=.*/= 10000-29999/' "$lab/tandem.conf"
cat >"$lab/gateways.d/spare.conf" <<EOF
[gateway]
host = gw1.example.test
port = $((port_gw + 1))
tls = no
transport = tcp
prefixes = +99
EOF
write_gateway 'tls = no' 'transport = tcp' "port = $port_gw"
start_tandem

warm_up
check "after that it comes to rest" wait_for "$rest_seconds" holds_nothing
# Not before: some files are opened with the first call.
descriptors_start=$(descriptors)
kinds=(toggled quiet quiet killed quiet quiet)
directions=(server gateway)
transports=(tcp tcp udp udp)
deadline=$((SECONDS + seconds))
rss_start=$(rss_kb)
rss_half=0 index_half=0
while ((SECONDS < deadline)); do
	direction=${directions[rounds % 2]} transport=${transports[rounds % 4]}
	play_round "${kinds[rounds % 6]}"
	((rss_half > 0 || SECONDS < deadline - seconds / 2)) || {
		rss_half=$(rss_kb)
		index_half=$(index_kb)
	}
done
rss_end=$(rss_kb)

rest_began=${EPOCHREALTIME/[.,]/}
check "everything is back within $rest_seconds s" wait_for "$rest_seconds" at_rest || {
	echo "    calls, dialogs, transactions, sessions, streams, ports, connections and"
	echo "    handshakes inside and outside, open files: $(held)"
	echo "    descriptors: $(descriptors), $descriptors_start at the start"
}
rest_ms=$(((${EPOCHREALTIME/[.,]/} - rest_began) / 1000))
check "started = ended = records" accounts_agree
check "nothing lost, cut or failing in the audit" nothing_lost
check "no call suffered from reloads and switching" test "$suffered" -eq 0
rss_growth=$(($(rss_kb) - rss_half))
rss_allowed=$((rss_growth_max_kb + $(index_kb) - index_half))
check "in the second half memory grew by $rss_growth kB, at most $rss_allowed" \
	test "$rss_growth" -le "$rss_allowed"
check "it was disturbed: reloads, switches, killed far ends" eval '((reloads > 0 && toggles > 0 && killed > 0))'
check "the server runs on" is_running "$tandem_pid"

cat <<EOF
$rounds rounds in $seconds s, $rate calls/s: $began calls begun, $completed completed,
$suffered suffered, $sacrificed lost while their trunk was switched;
$killed times the far ends were killed. $reloads reloads by the way, $toggles
switches of a trunk; at most $peak calls at once; delay added at most $worst_ms ms (quiet).
Server: $(accounts_agree).
At rest after $rest_ms ms: $(held), $(descriptors) descriptors ($descriptors_start at the start).
RSS: $rss_start kB before the rounds, $rss_half kB at half time, $rss_end kB at the
end of the load, $(rss_kb) kB at rest.
EOF
finish
