#!/bin/bash
# The certificate policy as a matrix: whoever comes with one of the certificates and chains of
# tests/tools/make-matrix, or is connected to, is let in or refused as its line there says, by
# TLS 1.2 and 1.3, and the explanation names the true cause. The far end is openssl as a
# gateway; for some of them also kamailio as a server.
. "$(dirname "$0")/lib.sh"
need kamailio

shards=4 # that work at the same time

# --- the cases

# each_case COMMAND...: with the fields of each line in the variables below, NUMBER from 1.
each_case() {
	local name host accept connect words runs kamailio settings
	number=0
	while IFS=$'\t' read -r name host accept connect words runs kamailio settings; do
		number=$((number + 1))
		"$@"
	done <"$matrix/cases"
}

# What the far end presents, as options of openssl.
set_certificate() {
	certificate=()
	[[ ! -e $matrix/$name.chain ]] ||
		certificate=(-cert "$matrix/$name.chain" -key "$matrix/$name.key")
	[[ ! -e $matrix/$name.above ]] || certificate+=(-cert_chain "$matrix/$name.above")
}

write_peer() { # SECTION
	echo "[$1]"
	echo "host = $host"
	echo "port = $((port_spare + number))"
	echo "trust = $matrix/$name.trust"
	# Nothing but the test connects, and it does so however often that fails.
	printf '%s\n' 'options-ping = off' 'rest-max = 0'
	[[ ! -e $matrix/$name.crl ]] || echo "crl = $matrix/$name.crl"
	tr ';' '\n' <<<"$settings"
}

write_case() {
	write_peer gateway >"$lab/gateways.d/$name.conf"
	[[ $kamailio == no ]] || write_peer "server $name" >>"$lab/tandem.conf"
}

# --- results, of shells that run at the same time

# result WHAT VERDICT EXPLANATION: whether the far end was let in ("ok" in EXPLANATION's place)
# or refused as VERDICT says, and for the reason that is in WORDS.
result() {
	local what=$1 verdict=$2 explanation=$3
	case $verdict in
	ok) [[ $explanation == ok ]] ;;
	tls*) [[ $explanation == "$verdict"* && $explanation =~ $words ]] ;;
	*) [[ "$explanation " == "tls refused by=us rule=$verdict "* && $explanation =~ $words ]] ;;
	esac && echo "ok: $name, $what: $verdict" ||
		echo "FAILED: $name, $what: $verdict, but: $explanation"
}

# run_shards WHAT COMMAND: each_case COMMAND in several shells, each with its share of cases.
run_shards() {
	local what=$1 command=$2 workers=() pid file
	for ((shard = 0; shard < shards; shard++)); do
		each_case "$command" >"$lab/results.$what.$shard" 2>"$lab/errors.$what.$shard" &
		workers+=($!)
	done
	pids+=("${workers[@]}")
	wait "${workers[@]}"
	for file in "$lab/results.$what".?; do
		while IFS= read -r line; do
			case $line in
			ok:*) pass "${line#ok: }" ;;
			*) fail "${line#FAILED: }" ;;
			esac
		done <"$file"
	done
}

my_share() {
	((number % shards == shard))
}

is_run() { # RUN
	[[ $runs == all || " $runs " == *" $1 "* ]]
}

# --- it connects

# What the log says of a connection from ADDRESS; the words of tls/explain alone.
logged() { # ADDRESS
	grep -F "remote=$1:" "$lab/tandem.log" | grep -oE 'tls (refused|failed).*'
}

# options BRANCH [URI]: each has a branch of its own: else it would be another's once more.
options() {
	printf '%s\r\n' "OPTIONS ${2:-sip:med1.example.test} SIP/2.0" \
		"Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK$1;rport" \
		"From: <sip:test@example.test>;tag=1" "To: <sip:med1.example.test>" \
		"Call-ID: $1" "CSeq: 1 OPTIONS" "Max-Forwards: 70" "Content-Length: 0" ""
}

# openssl connects as VERSION from ADDRESS and asks OPTIONS. Sets explanation: "ok", or empty
# when it is not let in.
knock() { # VERSION ADDRESS
	local far line pid
	attempts=$((attempts + 1))
	options "$2-$attempts" >"$lab/options.$shard"
	exec {far}< <(exec timeout 20 openssl s_client -connect "127.0.0.1:$port_external_tls" \
		-bind "$2:0" "-tls1_$1" -cipher 'DEFAULT:@SECLEVEL=0' -quiet "${certificate[@]}" \
		<"$lab/options.$shard" 2>&1)
	pid=$!
	explanation=
	while IFS= read -r line <&"$far"; do
		[[ $line == 'SIP/2.0 200'* ]] || continue
		explanation=ok
		break
	done
	kill "$pid" 2>/dev/null
	exec {far}<&-
}

# Refusals beyond 20 a second are counted, not logged: then it knocks again.
connect_from() { # VERSION ADDRESS
	local explanation='' attempts=0
	while [[ -z $explanation ]] && ((attempts < 20)); do
		knock "$1" "$2"
		[[ -n $explanation ]] || ! wait_for 1 logged "$2" || explanation=$(logged "$2")
	done
	result "it connects, TLS 1.$1" "$accept" "$explanation"
}

connect_case() {
	my_share || return
	set_certificate
	! is_run accept-2 || connect_from 2 "127.0.12.$number"
	! is_run accept-3 || connect_from 3 "127.0.13.$number"
}

# --- it is connected to

# What explain says of TLS with NAME; "ok" when there is nothing against it.
explanation_of() { # trunk|server NAME
	ctl --json "$1" explain "$2" | jq -r '.steps[] | select(.step == "tls") |
		if .verdict == "failed" then .words else .verdict end'
}

serve_as() { # VERSION
	local port=$((port_spare + number)) pid
	rm -f "$lab/served.$shard"
	timeout 20 openssl s_server -accept "*:$port" -naccept 1 "-tls1_$1" -Verify 5 \
		-CAfile "$lab/certs/carriers-ca.pem" -cipher 'ALL:@SECLEVEL=0' -rev \
		"${certificate[@]:--nocert}" </dev/null >"$lab/served.$shard" 2>&1 &
	pid=$!
	wait_line 10 "$lab/served.$shard" ACCEPT || cat "$lab/served.$shard"
	result "it is connected to, TLS 1.$1" "$connect" "$(explanation_of trunk "$name")"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

serve_case() {
	my_share || return
	set_certificate
	! is_run connect-2 || serve_as 2
	! is_run connect-3 || serve_as 3
}

# --- kamailio

write_profile() { # METHOD CERTIFICATE KEY SERVER|CLIENT...
	local method=$1 presented=$2 key=$3 at
	shift 3
	for at; do
		printf '%s\n' "[$at]" "method = $method" "certificate = $presented" \
			"private_key = $key" 'verify_certificate = yes' \
			'require_certificate = yes' "ca_list = $lab/certs/enterprise-ca.pem"
	done >>"$lab/kamailio/tls.cfg"
}

# Its certificate goes by the port where it is called, and by the number that it calls.
write_profiles() {
	[[ $kamailio == yes ]] || return
	local method=TLSv1.2+
	((number % 2)) || method=TLSv1.2
	write_profile "$method" "$matrix/$name.chain" "$matrix/$name.key" \
		"server:127.0.0.1:$((port_spare + number))" client:any
	# The name is not sent; without one they would be alike.
	printf "%s\n" "server_id = $number" "server_name = $name" >>"$lab/kamailio/tls.cfg"
	echo "listen=tls:127.0.0.1:$((port_spare + number))" >>"$lab/kamailio/kamailio.cfg"
}

start_kamailio() {
	mkdir "$lab/kamailio"
	cat >"$lab/kamailio/kamailio.cfg" <<-EOF
		#!KAMAILIO
		log_stderror=yes
		children=1
		tcp_children=2
		auto_aliases=no
		enable_tls=yes
		loadmodule "tls.so"
		loadmodule "tm.so"
		loadmodule "sl.so"
		loadmodule "pv.so"
		modparam("tls", "config", "$lab/kamailio/tls.cfg")
		modparam("tls", "tls_force_run", 11)
		modparam("tls", "xavp_cfg", "tls")
		request_route {
			if (proto == TLS) {
				sl_send_reply("200", "OK");
				exit;
			}
			\$du = "sip:127.0.14." + \$rU + ":$port_internal;transport=tls";
			\$xavp(tls=>server_id) = \$rU;
			\$ru = "sip:med1.example.test";
			t_relay();
		}
		listen=udp:127.0.0.1:$port_spare
	EOF
	write_profile TLSv1.2+ "$lab/certs/pbx1.pem" "$lab/certs/pbx1.key" server:default \
		client:default
	each_case write_profiles
	kamailio -DD -E -x fm -X fm -m 128 -M 16 -f "$lab/kamailio/kamailio.cfg" \
		-Y "$lab/kamailio" -P "$lab/kamailio/pid" -w "$lab/kamailio" \
		>"$lab/kamailio/log" 2>&1 &
	pids+=($!)
	wait_for 30 listens "$port_spare" udp
}

# What became of it: "ok", the words of the log since line LINE, or nothing yet.
outcome() { # LINE
	explanation=
	if grep -q 'SIP/2.0 200' "$lab/answer"; then
		explanation=ok
	else
		explanation=$(tail -n "+$(($1 + 1))" "$lab/tandem.log" |
			grep -oE 'tls (refused|failed).*side=internal')
	fi
	[[ -n $explanation ]]
}

kamailio_case() {
	[[ $kamailio == yes ]] || return
	local line pid explanation
	result 'kamailio is connected to' "$connect" "$(explanation_of server "$name")"
	line=$(wc -l <"$lab/tandem.log")
	options "kamailio-$number" "sip:$number@127.0.0.1" >"$lab/options.kamailio"
	: >"$lab/answer" # that of the case before is not taken for its own
	"$tools/sipsend" -w $((5000 * time_scale)) udp 127.0.0.1 "$port_spare" \
		"$lab/options.kamailio" >"$lab/answer" &
	pid=$!
	wait_for 6 outcome "$line"
	outcome "$line"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	result 'kamailio connects' "$accept" "$explanation"
}

# --- the whole

lab_open
matrix=$lab/matrix
check "the cases are made" "$srcdir/tests/tools/make-matrix" "$matrix"
write_conf
# No list where a case has none.
sed -i "/^crl = /d; s/^\\(listen\\|tls\\) = $loopback:/\\1 = 0.0.0.0:/" "$lab/tandem.conf"
each_case write_case
start_tandem
check "80 cases at least" test "$number" -ge 80
check "there is a gateway for each of the $number" \
	test "$(ctl --json trunk list | jq length)" = "$number"

run_shards connect connect_case
run_shards serve serve_case
check "kamailio starts" start_kamailio
shards=1
run_shards kamailio kamailio_case
check "the server runs on" is_running "$tandem_pid"

finish
