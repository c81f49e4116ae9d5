#!/bin/bash
# Calls as a collector sees them, by HEP: Kamailio's sipcapture over UDP, TCP and TLS, and sngrep. Each message of both
# legs once, in order, under the id of the call's record; RTCP; the record itself. Collectors that are dead, slow, refuse,
# come back; that are not who they should be.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/talk.sh
. "$(dirname "$0")/talk.sh"
need sipp kamailio tshark sngrep python3

# --- the collector

call_columns='date(int,null) micro_ts(double,null) correlation_id(str,null) source_ip(str,null) source_port(int,null) destination_ip(str,null) destination_port(int,null) proto(int,null) family(int,null) type(int,null) node(str,null) msg(str,null)'
sip_columns='date(int,null) micro_ts(double,null) method(str,null) reply_reason(str,null) ruri(str,null) ruri_user(str,null) ruri_domain(str,null) from_user(str,null) from_domain(str,null) from_tag(str,null) to_user(str,null) to_domain(str,null) to_tag(str,null) pid_user(str,null) contact_user(str,null) auth_user(str,null) callid(str,null) callid_aleg(str,null) via_1(str,null) via_1_branch(str,null) cseq(str,null) diversion(str,null) reason(str,null) content_type(str,null) auth(str,null) user_agent(str,null) source_ip(str,null) source_port(int,null) destination_ip(str,null) destination_port(int,null) contact_ip(str,null) contact_port(int,null) originator_ip(str,null) originator_port(int,null) proto(int,null) family(int,null) rtp_stat(str,null) type(int,null) node(str,null) correlation_id(str,null) msg(str,null) custom_field1(str,null) custom_field2(str,null) custom_field3(str,null)'

# start_collector NAME HOOK: Kamailio at port_collector (UDP, TCP) and port_collector_tls. With HOOK 1 each packet of whatever
# type is a row of the table "all", with its chunks; else sipcapture sorts them into its own tables.
start_collector() {
	local dir=$lab/$1
	rm -rf "$dir"
	mkdir -p "$dir/db"
	echo "$sip_columns" >"$dir/db/sip_capture"
	for table in all rtcp_capture logs_capture; do
		echo "$call_columns" >"$dir/db/$table"
	done
	echo 'table_name(string) table_version(int)' >"$dir/db/version"
	cat >"$dir/tls.cfg" <<-EOF
		[server:default]
		method = TLSv1.2+
		verify_certificate = yes
		require_certificate = yes
		certificate = $lab/certs/pbx1.pem
		private_key = $lab/certs/pbx1.key
		ca_list = $lab/certs/enterprise-ca.pem
	EOF
	cat >"$dir/kamailio.cfg" <<-EOF
		#!KAMAILIO
		debug=1
		log_stderror=yes
		children=1
		tcp_children=1
		tcp_accept_hep3=yes
		tcp_accept_no_cl=yes
		auto_aliases=no
		enable_tls=yes
		pv_buffer_size=65536
		tcp_connection_lifetime=600
		listen=udp:127.0.0.1:$port_collector
		listen=tcp:127.0.0.1:$port_collector
		listen=tls:127.0.0.1:$port_collector_tls
		loadmodule "tls.so"
		loadmodule "pv.so"
		loadmodule "textops.so"
		loadmodule "xlog.so"
		loadmodule "db_text.so"
		loadmodule "sipcapture.so"
		modparam("tls", "config", "$dir/tls.cfg")
		modparam("tls", "tls_force_run", 11)
		modparam("db_text", "db_mode", 1)
		modparam("db_text", "file_buffer_size", 65536)
		modparam("sipcapture", "db_url", "text://$dir/db")
		modparam("sipcapture", "capture_on", 1)
		modparam("sipcapture", "hep_capture_on", 1)
		modparam("sipcapture", "nonsip_hook", $2)
		event_route[sipcapture:request] {
			\$var(all) = "" + \$hep(0x00b) + " " + \$hep(0x002) + " " + \$hep(0x003) + ":" + \$hep(0x007) + " " +
				\$hep(0x004) + ":" + \$hep(0x008) + " " + \$hep(0x00c) + " " + \$hep(0x00e) + "\n" + \$hep(0x00f);
			report_capture("all", "\$hep(0x011)", "\$var(all)");
			xlog("L_NOTICE", "came \$hep(0x00b)\n");
			return 0;
		}
		request_route {
			sip_capture();
			xlog("L_NOTICE", "came 1\n");
			exit;
		}
		onreply_route {
			sip_capture();
			xlog("L_NOTICE", "came 1\n");
			exit;
		}
	EOF
	kamailio -DD -E -x fm -X fm -m 32 -M 8 -f "$dir/kamailio.cfg" -Y "$dir" \
		-P "$dir/pid" -w "$dir" >"$dir/log" 2>&1 &
	collector_pid=$!
	pids+=("$collector_pid")
	if ! wait_for 20 listens "$port_collector_tls"; then
		tail -20 "$dir/log" >&2
		fail "kamailio starts ($1)"
		exit 1
	fi
	collector=$dir
}

# How long one that is back may wait to be found: the longest rest between two attempts is 30 s.
found_s=40

# It writes its tables when it ends. collected COUNT: once so many packets came.
collected() {
	wait_line "$found_s" "$collector/log" 'came [0-9]' "$1"
	stop "$collector_pid"
}

rows() { # TABLE
	python3 "$srcdir/tests/system/hep/rows.py" "$collector/db/$1"
}

# What came, a line of JSON each: type, protocol, from, to, capture_id, key, call, text.
came() {
	rows all | jq -c '(.msg | split("\n")[0] | split(" ")) as $head | {type: ($head[0] | tonumber),
		protocol: $head[1], from: $head[2], to: $head[3], capture_id: $head[4], key: $head[5], call: .correlation_id, text: (.msg | split("\n")[1:] | join("\n"))}'
}

# --- tandem

# use_collector LINE...: [hep] has these from now on.
use_collector() {
	sed -i '/^\[hep\]/,$d' "$lab/tandem.conf"
	if (($# > 0)); then
		printf '%s\n' '[hep]' "$@" >>"$lab/tandem.conf"
	fi
}

# talked NAME: a call whose record and capture are whole; sets id and capture.
talked() {
	lost_before=$(status '.hep.lost // 0')
	check "$1: a call" start_talk
	check "$1: its media" talk -n 50 -r 50
	check "$1: its end" end_talk
	id=$(jq -r .id "$lab/cdr.json")
	capture=$(echo "$lab"/state/audit/*/"$id"/call.pcapng)
	wait_for 5 holds_bye
}

holds_bye() {
	(($(grep -acE 'CSeq: [0-9]+ BYE' "$capture") == 4))
}

# Of each SIP message of the capture: ports, and its first line.
captured() {
	ladder "$capture" | cut -f2-
}

exported() {
	came | jq -r --arg id "$id" 'select(.type == 1 and .call == $id) | [(.from | split(":")[1]), (.to | split(":")[1]),
		(.text | split("\r\n")[0])] | @tsv'
}

has_all() {
	diff <(captured) <(exported)
}

# Nothing beside it has another id, and all has ours.
one_call() {
	[[ $(came | jq -r .call | sort -u) == "$id" ]] || {
		came | jq -c '[.type, .call]'
		return 1
	}
}

whole() { # NAME: all that is to be said of the last call is there
	check "$1: all came" collected $(($(captured | wc -l) + 1))
	check "$1: each message of both legs once, in order" has_all
	check "$1: they are some" test "$(exported | wc -l)" -ge 12
	check "$1: one id for all" one_call
	check "$1: whose it is" test "$(came | jq -r '[.capture_id, .key] | join(" ")' | sort -u)" = "228 wessen"
	check "$1: byte for byte what the gateway's sipp had" same_bytes
	check "$1: the record" same_record
	check "$1: no key" exits 1 grep -q "$sipp_key" "$collector/db/all"
	check "$1: but that there was one" grep -q 'inline.:xxxxxxxx' "$collector/db/all"
	check "$1: nothing was lost" test "$(status '[.hep.lost, .hep.waiting_bytes, .hep.cut] | join(" ")')" = "$lost_before 0 0"
}

# sipp's log of messages, against what we say that we sent it and had from it.
same_bytes() {
	python3 "$srcdir/tests/system/hep/same.py" "$lab/caller/messages" "$port_gw" <(came)
}

same_record() {
	came | jq -ce --arg id "$id" 'select(.type == 100) | .text | fromjson' >"$lab/reported"
	(($(wc -l <"$lab/reported") == 1)) || return 1
	jq -e --slurpfile record "$lab/cdr.json" '. as $r | ($record[0] | with_entries(select(.key | IN("id", "from", "to", "status",
		"cause", "start", "internal", "external")))) | to_entries | all(. as $e | $r[$e.key] == $e.value)' "$lab/reported"
}

both_report() {
	came | jq -r --arg id "$id" 'select(.type == 5 and .call == $id) | [(.from | split(":")[1]), (.text | fromjson | .type)] | @tsv' |
		sort -u >"$lab/reports"
	(($(cut -f1 "$lab/reports" | sort -u | wc -l) == 2)) && ! grep -vE '20[01]$' "$lab/reports"
}

# --- collectors that are none

# closes PORT WHAT: see hep/closes.py.
closes() {
	python3 "$srcdir/tests/system/hep/closes.py" "$1" "$2" &
	collector_pid=$!
	pids+=("$collector_pid")
	wait_for 10 listens_quietly "$1"
}

hep_is() { # VALUE of .hep: open, sent above, lost above
	status "[.hep.open, .hep.sent > 0, .hep.lost > 0] | map(tostring) | join(\" \")" | grep -qx "$1"
}

# The collector has nothing of the last call.
has_nothing() {
	stop "$collector_pid"
	[[ -z $(came) ]]
}

reloaded() { # NAME LINE...
	local name=$1
	shift
	use_collector "$@"
	check "$name: a reload" ctl -q config reload
}

tls_files=('certificate = certs/internal.pem' 'key = certs/internal.key' 'trust = certs/enterprise-ca.pem'
	'crl = certs/enterprise.crl')

open_talks
port_collector=$((port_spare + 30))
port_collector_tls=$((port_collector + 1))
echo wessen >"$lab/hep.password"
chmod 0600 "$lab/hep.password"
mine=("capture-id = 228" "password = hep.password")

check "nothing is exported at first" status_is .hep null

start_collector udp 1
reloaded UDP "collector = udp:127.0.0.1:$port_collector" "${mine[@]}"
talked UDP
whole UDP

start_collector tcp 1
reloaded TCP "collector = tcp:pbx1.example.test:$port_collector" "${mine[@]}"
check "TCP: it is reached" wait_for 10 status_is .hep.open true
talked TCP
whole TCP
check "TCP: the log says that it went" wait_line 10 "$lab/tandem.log" 'hep event=collector-away .*reason="closed by the collector"'

# It is down for a call, and has all of it when it is back.
talked "away"
check "away: all waits" test "$(status '.hep.open, .hep.lost, .hep.waiting_bytes > 10000' | xargs)" = "false 0 true"
start_collector back 1
whole "back"
check "the log has one line for each time" test "$(lines "$lab/tandem.log" 'hep event=collector-open collector=tcp')" = 2

start_collector tls 1
reloaded TLS "collector = tls:pbx1.example.test:$port_collector_tls" "${mine[@]}" "${tls_files[@]}"
check "TLS: it is reached" wait_for 10 status_is .hep.open true
check "TLS: by the version and cipher of the log" wait_line 5 "$lab/tandem.log" \
	'hep event=collector-open collector=tls:.* version=TLS1.3 cipher=AES-256-GCM'
sed -i 's/^capture-id.*/capture-id = 229/' "$lab/tandem.conf"
check "TLS: a reload that changes nothing of the way" ctl -q config reload
check "TLS: leaves the connection" test "$(lines "$lab/tandem.log" 'collector-open collector=tls')" = 1
sed -i 's/^capture-id.*/capture-id = 228/' "$lab/tandem.conf"
check "TLS: and back" ctl -q config reload
talked TLS
whole TLS

# Its files are read again when they change; what is of no use is said, and that of before stays.
start_collector renewed 1
for kind in pem key; do cp "$lab/certs/internal.$kind" "$lab/certs/hep.$kind"; done
reloaded "renewed" "collector = tls:pbx1.example.test:$port_collector_tls" "${mine[@]}" "${tls_files[@]/internal/hep}"
check "renewed: it is reached" wait_for "$found_s" status_is .hep.open true
opened=$(lines "$lab/tandem.log" 'collector-open collector=tls')
echo nothing >"$lab/certs/hep.pem"
check "renewed: a file of no use is said" wait_line 15 "$lab/tandem.log" 'event=hep-files-refused reason=.*hep.pem'
check "renewed: the connection stays" test "$(lines "$lab/tandem.log" 'collector-open collector=tls') $(status .hep.open)" = "$opened true"
for kind in pem key; do cp "$lab/certs/pbx1.$kind" "$lab/certs/hep.$kind"; done
check "renewed: by another certificate it is made anew" wait_line 15 "$lab/tandem.log" 'collector-open collector=tls' $((opened + 1))
stop "$collector_pid"

# Who is not who he should be gets nothing; calls go on.
start_collector impostor 1
reloaded "wrong CA" "collector = tls:pbx1.example.test:$port_collector_tls" "${mine[@]}" "${tls_files[@]/enterprise/carriers}"
check "wrong CA: is refused" wait_line 10 "$lab/tandem.log" 'hep event=collector-away .*rule=issuer'
talked "wrong CA"
reloaded "wrong name" "collector = tls:gw1.example.test:$port_collector_tls" "${mine[@]}" "${tls_files[@]}"
check "wrong name: is refused" wait_line 10 "$lab/tandem.log" 'hep event=collector-away .*rule=name'
talked "wrong name"
check "wrong: it waits" wait_for 5 hep_is "false true false"
reloaded "our own is refused" "collector = tls:pbx1.example.test:$port_collector_tls" "${mine[@]}" \
	'certificate = certs/external.pem' 'key = certs/external.key' 'trust = certs/enterprise-ca.pem'
check "our own is refused: the log says by whom" wait_line 10 "$lab/tandem.log" 'hep event=collector-away .*refused by=them'
check "none of them had anything" has_nothing
check "without trust it is refused" eval 'use_collector "collector = tls:pbx1.example.test"; exits 6 ctl -q config reload'
check "and by -t" exits 6 "$builddir/tandemd" -t -c "$lab/tandem.conf"

# One that says nothing, and one that hangs up.
closes "$port_collector_tls" keep
reloaded silent "collector = tls:pbx1.example.test:$port_collector_tls" "queue-size = 128k" "${mine[@]}" "${tls_files[@]}"
cdrs=$(cdr_count)
sipp_options="-m 12 -l 2 -r 4" start_signalling uac-call uas-answer
check "silent: a dozen calls" wait_sipp caller
check "silent: both sides of them" wait_sipp called
check "silent: each has its record" wait_cdrs $((cdrs + 12))
check "silent: what has no room is counted" wait_for 5 status_is '.hep.lost > 0 and .hep.waiting_bytes <= 131072' true
check "silent: and said" wait_line 5 "$lab/tandem.log" 'hep event=lost records='
check "silent: in metrics too" prints '^tandem_hep_lost_total [1-9]' ctl metrics
stop "$collector_pid"
closes "$port_collector" end
reloaded "hangs up" "collector = tcp:127.0.0.1:$port_collector" "${mine[@]}"
check "hangs up: the log says so" wait_line 10 "$lab/tandem.log" "collector-away collector=tcp:127.0.0.1:$port_collector reason=\"(closed|Connection reset|Broken pipe)"
talked "hangs up"
stop "$collector_pid"
reloaded "nobody there" "collector = udp:127.0.0.1:$port_collector" "${mine[@]}"
talked "nobody there"
check "nobody there: packets are refused, and counted" wait_for 5 hep_is "false true true"

# Captured calls alone.
sed -i 's/^mode = full/mode = off/' "$lab/tandem.conf"
start_collector captured 1
reloaded captured "collector = tcp:127.0.0.1:$port_collector" "calls = captured" "${mine[@]}"
check "captured: it is reached" wait_for 10 status_is .hep.open true
check "captured: a call of which nothing is" start_talk
check "captured: its end" end_talk
check "captured: what an operator wants" ctl -q capture start --trunk gw --for 10m
talked captured
whole captured
check "captured: no more of that" ctl -q capture stop 1
sed -i '/^\[audit\]/,/^\[/s/^mode = off/mode = full/' "$lab/tandem.conf"

# sngrep has no terminal here.
reloaded sngrep "collector = udp:127.0.0.1:$port_collector" "${mine[@]}"
sngrep -F -N -q -L "udp:127.0.0.1:$port_collector" -O "$lab/sngrep.pcap" >"$lab/sngrep.log" 2>&1 </dev/null &
sngrep_pid=$!
pids+=("$sngrep_pid")
check "sngrep: it listens" wait_for 10 listens "$port_collector" udp
talked sngrep
# it writes what it has when it ends
wait_for 5 status_is .hep.waiting_bytes 0
kill -INT "$sngrep_pid"
wait_for 5 is_gone "$sngrep_pid"
check "sngrep: has each message of both legs, in order" diff <(captured) <(ladder "$lab/sngrep.pcap" | cut -f2-)

# Real phones, whose RTCP there is; and a collector that sorts by itself what comes.
stop_front front-pbx1
sed -i "s/^port = $port_pbx/port = $((port_pbx + 1))/" "$lab/tandem.conf"
start_collector phones 0
check "phones: a reload" ctl -q config reload
start_phone alice "$port_pbx" 440 'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1' \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'
check "phones: a call" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal" 12
id=$(jq -r .id "$lab/cdr.json")
capture=$(echo "$lab"/state/audit/*/"$id"/call.pcapng)
wait_for 5 holds_bye
check "phones: all came" wait_for 10 status_is .hep.waiting_bytes 0
check "phones: sipcapture counts the messages" wait_line 10 "$collector/log" 'came 1' "$(captured | wc -l)"
stop "$collector_pid"

sorted() { # TABLE COUNT: so many rows, all of this call
	rows "$1" >"$lab/rows"
	[[ $(jq -r .correlation_id "$lab/rows" | sort -u) == "$id" ]] || return 1
	(($(wc -l <"$lab/rows") >= $2))
}

# Of each key there is as much as is to be told: that it was there.
keys_are_hidden() {
	rows sip_capture | jq -r .msg | grep -oE 'inline:[^|[:space:]]+' >"$lab/keys"
	[[ -s $lab/keys ]] && ! grep -vE '^inline:x+$' "$lab/keys"
}

check "phones: sip_capture has both legs" sorted sip_capture "$(captured | wc -l)"
check "phones: by two Call-IDs" test "$(jq -r .callid "$lab/rows" | sort -u | wc -l)" = 2
check "phones: no key" keys_are_hidden
check "phones: rtcp_capture has reports" sorted rtcp_capture 2
check "phones: of both ends" test "$(jq -r .source_port "$lab/rows" | sort -u | wc -l)" = 2
check "phones: all of them are reports" jq -se 'all(.msg | fromjson | .type == 200 and .ssrc > 0)' "$lab/rows"
check "phones: logs_capture has the record" sorted logs_capture 1
check "phones: whole" eval 'jq -e ".msg | fromjson | .id == \"$id\" and .cause == \"bye\"" "$lab/rows"'

reloaded off
check "off: nothing is exported" status_is .hep null
check "off: a call" place_call bob alice "sip:${number[alice]}@127.0.0.1:$port_external" 1
check "nothing is held afterwards" all_released
finish
