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

# It writes its tables when it ends. collected COUNT: once so many packets came.
collected() {
	wait_line 10 "$collector/log" 'came [0-9]' "$1"
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
	check "$1: nothing was lost" test "$(status '[.hep.open, .hep.lost, .hep.waiting_bytes, .hep.cut] | join(" ")')" = "true 0 0 0"
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

open_talks
port_collector=$port_spare
((port_collector += 30))
port_collector_tls=$((port_collector + 1))
echo wessen >"$lab/hep.password"
chmod 0600 "$lab/hep.password"
mine=("capture-id = 228" "password = hep.password")

check "nothing is exported at first" status_is .hep null
start_collector udp 1
use_collector "collector = udp:127.0.0.1:$port_collector" "${mine[@]}"
check "a reload" ctl -q config reload
talked UDP
whole UDP
finish
