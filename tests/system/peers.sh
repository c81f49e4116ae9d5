# The far ends of the system tests and the demo, which others wrote: phones, proxies, generators of
# calls. Sourced by lib.sh.

# --- phones (baresip)

# A phone takes calls to its own number only.
declare -A number=([alice]=+4930111111 [bob]=+4940222222 [carol]=+4940333333
	[dave]=+4950444444)
declare -A calls_of=()

# No phone registers. From 1.1 on baresip refuses a call to a host name that is not its own, unless the
# account may register; one of a second priority never does by itself.
phone_register() {
	if [[ $(baresip -h 2>&1) == *"baresip v1.0."* ]]; then
		echo regint=0
	else
		echo 'regint=3600;prio=1;fbregint=0'
	fi
}

# start_phone NAME PORT HERTZ ACCOUNT-PARAMETERS [CERTIFICATE CA]
#
# A phone that listens on PORT (UDP and TCP; TLS on PORT + 1), answers by itself, sends a
# tone and records what it hears (see `heard`). It is driven by `phone`, its
# events are in $lab/NAME/events. NAME is one of those in `number`.
start_phone() {
	local name=$1 port=$2 hertz=$3 params=$4 cert=${5:-} ca=${6:-}
	local dir=$lab/$1 media control transport=${phone_transport:-udp}
	# What an earlier phone of that name left stays to be looked at.
	[[ ! -d $dir ]] || mv "$dir" "$dir.$port_phone_media"
	mkdir -p "$dir"
	calls_of[$name]=0
	media=${port_phone_media:?}
	control=$((media + 19))
	port_phone_media=$((port_phone_media + 20))
	[[ -z $cert ]] || transport=tls
	cat >"$dir/config" <<-EOF
		poll_method epoll
		sip_listen $phone_host:$port
		${cert:+sip_certificate $cert}
		${ca:+sip_cafile $ca}
		${ca:+sip_verify_server yes}
		call_local_timeout 120
		call_max_calls 8
		call_hold_other_calls no
		audio_source ausine,$hertz
		audio_player none
		audio_alert none,none
		ausrc_srate 48000
		auplay_srate 8000
		ausrc_channels 2
		auplay_channels 1
		audio_txmode poll
		jitter_buffer_type fixed
		jitter_buffer_delay 2-10
		rtp_ports $media-$((media + 18))
		net_interface $phone_host
		dns_server 127.0.0.1:$port_dns
		module_path $modules
		module g711.so
		module ausine.so
		module sndfile.so
		snd_path $dir
		module srtp.so
		module_tmp account.so
		module_app menu.so
		module_app ctrl_tcp.so
		ctrl_tcp_listen 127.0.0.1:$control
	EOF
	echo "<sip:${number[$name]}@$phone_host;transport=$transport>;$(phone_register);answermode=auto;$params" \
		>"$dir/accounts"
	: >"$dir/contacts"
	: >"$dir/events"
	(cd "$dir" && exec baresip -f "$dir") >"$dir/log" 2>&1 </dev/null &
	eval "phone_pid_$name=$!"
	pids+=($!)
	if ! wait_for 15 listens "$control"; then
		tail -20 "$dir/log" >&2
		fail "phone $name starts"
		exit 1
	fi
	# The one connection that it takes, for commands and events.
	exec {phone_fd}<>"/dev/tcp/127.0.0.1/$control"
	eval "phone_fd_$name=$phone_fd"
	# Events are netstrings without a line end.
	stdbuf -o0 tr '{' '\n' <&"$phone_fd" >"$dir/events" 2>/dev/null &
	pids+=($!)
}

# phone NAME COMMAND [PARAMETER]: e.g. phone alice dial sip:123@med1.example.test
phone() {
	local fd="phone_fd_$1" json
	json="{\"command\":\"$2\",\"params\":\"${3:-}\"}"
	printf '%d:%s,' "${#json}" "$json" >&"${!fd}"
}

stop_phone() { # NAME
	local pid="phone_pid_$1" fd="phone_fd_$1"
	stop "${!pid}"
	eval "exec ${!fd}<&-"
}

# wait_event NAME EVENT [COUNT]: since the start of that phone.
wait_event() {
	wait_line 20 "$lab/$1/events" "\"type\":\"$2\"" "${3:-1}"
}

events() { # NAME EVENT
	lines "$lab/$1/events" "\"type\":\"$2\""
}

# The recording of the latest call of phone NAME, or of its first with COUNT 1.
heard() { # NAME [COUNT]
	local files=("$lab/$1"/dump-*-dec.wav)
	((${#files[@]} >= ${2:-1})) && echo "${files[${2:-0}-1]}"
}

# A recording of at least so many seconds (8 kHz, 16 bits).
recorded() { # NAME SECONDS [COUNT]
	[[ $(stat -c %s "$(heard "$1" ${3:+"$3"})" 2>/dev/null || echo 0) -ge $(awk "BEGIN { print int($2 * 16000 + 44) }") ]]
}

# start_call FROM TO URI: FROM dials URI, TO answers, both hear something. False when not.
# Sets call_number, the call's number with tandem.
start_call() {
	local from=$1 to=$2 uri=$3
	call_number=$(($(status .calls.started) + 1))
	calls_of[$from]=$((calls_of[$from] + 1))
	calls_of[$to]=$((calls_of[$to] + 1))
	phone "$from" dial "$uri"
	wait_event "$from" CALL_ESTABLISHED "${calls_of[$from]}" &&
		wait_event "$to" CALL_ESTABLISHED "${calls_of[$to]}" &&
		wait_for 10 recorded "$from" 0.1 "${calls_of[$from]}" &&
		wait_for 10 recorded "$to" 0.1 "${calls_of[$to]}"
}

# Which call is a phone's current one after a second, and whether it holds the first, differs between
# releases of baresip: the latest is made the current one before it is hung up.
hang_up() { # NAME
	local call
	call=$(sed -n 's/.*"type":"CALL_ESTABLISHED".*"id":"\([^"]*\)".*/\1/p' "$lab/$1/events" | tail -n 1)
	phone "$1" callfind "$call"
	phone "$1" hangup
}

# end_call FROM TO: FROM hangs up. Sets heard_from and heard_to, the recordings.
end_call() {
	local from=$1 to=$2 cdrs
	cdrs=$(cdr_count)
	hang_up "$from"
	heard_from=$(heard "$from" "${calls_of[$from]}")
	heard_to=$(heard "$to" "${calls_of[$to]}")
	wait_event "$to" CALL_CLOSED "${calls_of[$to]}" && wait_cdrs $((cdrs + 1))
}

# place_call FROM TO URI [SECONDS]: the whole of it. $lab/call.json is the call as tandem
# shows it while it stands, $lab/cdr.json its record.
place_call() {
	local from=$1 to=$2 seconds=${4:-2}
	start_call "$from" "$to" "$3" || {
		echo "no call from $from to $to:"
		grep -av 'audio=' "$lab/$from/log" | tail -4
		tail -4 "$lab/tandem.log"
		return 1
	}
	wait_for $((seconds + 15)) recorded "$from" "$seconds" "${calls_of[$from]}" &&
		wait_for 15 recorded "$to" "$seconds" "${calls_of[$to]}" || {
		echo "$from and $to do not hear each other"
		phone "$from" hangup
		return 1
	}
	ctl --json call show "$call_number" >"$lab/call.json"
	end_call "$from" "$to" || {
		echo "$to or the record did not notice that $from hung up"
		return 1
	}
	cdr >"$lab/cdr.json"
}

# call_has PATH VALUE: of the call that was placed last, e.g. call_has .internal.media RTP
call_has() {
	local value
	value=$(jq -r "$1" "$lab/call.json")
	# shellcheck disable=SC2053 # a pattern
	[[ $value == $2 ]] || {
		echo "$1 is $value, not $2"
		return 1
	}
}

# --- kamailio

# start_front NAME TLS-PORT PLAIN-PORT TARGET-URI CERT-PREFIX CA TANDEM-PORT [MORE-TLS]
#
# A proxy with TLS in front of something that has none. What comes over TLS goes to
# TARGET-URI (a client certificate is demanded); what comes in plain goes to tandem over
# TLS, and it presents its own certificate there. MORE-TLS: more settings in tls.cfg. What
# $front_config and $front_request hold comes before its routes and before a request's. $front_in is a command that
# runs it elsewhere: in another network namespace.
start_front() {
	local name=$1 tls_port=$2 plain_port=$3 target=$4 cert=$5 ca=$6 tandem=$7 more=${8:-}
	local dir=$lab/$1
	mkdir -p "$dir"
	cat >"$dir/tls.cfg" <<-EOF
		[server:default]
		method = TLSv1.2+
		verify_certificate = yes
		require_certificate = yes
		certificate = $cert.pem
		private_key = $cert.key
		ca_list = $ca
		$more
		[client:default]
		method = TLSv1.2+
		verify_certificate = yes
		require_certificate = yes
		certificate = $cert.pem
		private_key = $cert.key
		ca_list = $ca
	EOF
	cat >"$dir/kamailio.cfg" <<-EOF
		#!KAMAILIO
		debug=1
		log_stderror=yes
		children=1
		tcp_children=2
		dns_try_naptr=no
		dns_use_search_list=no
		dns_cache_init=off
		auto_aliases=no
		enable_tls=yes
		tcp_connection_lifetime=600
		tcp_reuse_port=no
		listen=tls:$loopback_uri:$tls_port
		listen=udp:$loopback_uri:$plain_port
		listen=tcp:$loopback_uri:$plain_port
		loadmodule "tls.so"
		loadmodule "tm.so"
		loadmodule "sl.so"
		loadmodule "pv.so"
		loadmodule "rr.so"
		loadmodule "textops.so"
		loadmodule "siputils.so"
		loadmodule "xlog.so"
		modparam("tls", "config", "$dir/tls.cfg")
		modparam("tls", "tls_force_run", 11)
		modparam("rr", "append_fromtag", 0)
		${front_config-}
		request_route {
			${front_request-}
			# A dialog's request finds its way by its routes.
			if (has_totag()) {
				if (!loose_route() && is_method("ACK")) {
					t_check_trans();
					exit;
				}
				# Its Contact has a name that only the lab's DNS knows.
				if (proto != TLS)
					\$du = "sip:$loopback_uri:$tandem;transport=tls";
				t_relay();
				exit;
			}
			if (is_method("CANCEL")) {
				if (t_check_trans())
					t_relay();
				exit;
			}
			t_check_trans();
			remove_hf("Route");
			if (is_method("INVITE|SUBSCRIBE"))
				record_route();
			if (proto == TLS) {
				xlog("L_NOTICE", "front: \$rm from \$si:\$sp \$tls_peer_subject_cn \$tls_peer_serial\n");
				\$du = "$target";
			} else {
				\$du = "sip:$loopback_uri:$tandem;transport=tls";
			}
			t_relay();
		}
	EOF
	# shellcheck disable=SC2086 # a command
	${front_in-} kamailio -DD -E -x fm -X fm -m 32 -M 8 -f "$dir/kamailio.cfg" -Y "$dir" \
		-P "$dir/pid" -w "$dir" >"$dir/log" 2>&1 &
	pids+=($!)
	eval "front_pid_${name//-/_}=$!"
	if ! wait_for 20 listens "$tls_port" tcp "$loopback"; then
		tail -20 "$dir/log" >&2
		fail "kamailio starts ($name)"
		exit 1
	fi
}

stop_front() { # NAME
	local pid="front_pid_${1//-/_}"
	stop "${!pid}" 10
}

# --- sipp

# sipp_scenario FILE SRTP(0|1) CODE: FILE with its placeholders filled in.
sipp_scenario() {
	awk -v srtp="$2" -v code="$3" -v pause="${pause:-300}" \
		-v password="${password:-sesame}" \
		-v port="${sdp_port:-[media_port]}" -v next_key="${next_key:-}" '
		/^@sdp [a-z]+( new-key)?@$/ {
			direction = $2
			sub(/@$/, "", direction)
			key = NF == 3 ? next_key : "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
			print "v=0\no=- 1 " ++version " IN IP[media_ip_type] [media_ip]\ns=-"
			print "c=IN IP[media_ip_type] [media_ip]\nt=0 0"
			print "m=audio " port " RTP/" (srtp ? "SAVP" : "AVP") " 8 101"
			print "a=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000"
			if (srtp)
				print "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" key
			print "a=" direction
			next
		}
		{ gsub(/@CODE@/, code); gsub(/@PAUSE@/, pause); gsub(/@PORT@/, port)
			gsub(/@PASSWORD@/, password); print }' "$1"
}

# start_sipp NAME SCENARIO TRANSPORT(u1|t1) LOCAL-PORT REMOTE-PORT
#
# Runs tests/system/sipp/SCENARIO.xml for one call in the background; wait_sipp says how it
# went. Messages are in $lab/NAME/messages. SCENARIO+srtp offers and answers SRTP; $code is
# the status that it is about (486), $pause how long it talks (300 ms), $sdp_port where its
# media is if not with sipp, $password what uac-auth proves (sesame), $next_key its SRTP key after uac-rekey's re-INVITE, $sipp_options are
# further options of sipp.
start_sipp() {
	local name=$1 scenario=$2 transport=$3 local_port=$4 remote_port=$5
	local dir=$lab/$1 srtp=0
	[[ $scenario != *+srtp ]] || srtp=1
	scenario=${scenario%+srtp}
	rm -rf "$dir"
	mkdir -p "$dir"
	sipp_scenario "$srcdir/tests/system/sipp/$scenario.xml" "$srtp" "${code:-486}" \
		>"$dir/scenario.xml"
	sipp_count=$((${sipp_count:-0} + 1))
	(cd "$dir" && exec sipp "$loopback_uri:$remote_port" -sf scenario.xml -s +4930222222 \
		-t "$transport" -i "$loopback" -p "$local_port" -m 1 -nostdin \
		-mp $((port_phone_media + sipp_count % 14 * 10)) \
		-timeout $((10 * time_scale)) -timeout_error -trace_err -error_file errors \
		-trace_msg -message_file messages ${sipp_options-}) >"$dir/log" 2>&1 </dev/null &
	eval "sipp_pid_$name=$!"
	pids+=($!)
	# What is called must listen before the caller starts.
	[[ $scenario != uas-* ]] || wait_for 10 grep -qs . "$dir/log"
	case $scenario:$transport in
	uas-*:u*) wait_for 10 listens "$local_port" udp "$loopback" ;;
	uas-*:t*) wait_for 10 listens_quietly "$local_port" ;;
	esac
}

# Whether something listens on a TCP port, without connecting to it: sipp would take the
# connection for a call.
listens_quietly() {
	grep -qE "$(proc_address "$loopback" "$1") 0+:0000 0A" /proc/net/tcp /proc/net/tcp6
}

# wait_sipp NAME: until it ended; true when its scenario went as written.
wait_sipp() {
	local pid="sipp_pid_$1" code
	wait_for 40 is_gone "${!pid}"
	wait "${!pid}"
	code=$?
	((code == 0)) || {
		echo "sipp $1: exit $code"
		head -n 12 "$lab/$1/errors" 2>/dev/null
		return 1
	}
}
