# Calls from a gateway (UDP, RTP) to a server (TLS, SRTP) that sipp signals and whose media is
# rtptalk's. Sourced behind lib.sh.

# The key of sipp's scenarios.
sipp_suite="1 AES_CM_128_HMAC_SHA1_80 inline:"
# Another key than sipp's own, for who changes it.
# shellcheck disable=SC2034 # for who sources this
other_key=QU5fX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
sipp_key=WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz

# open_talks: the lab with its server and gateway; tandem runs by $lab/tandem.conf.
open_talks() {
	lab_open
	port_sipp_server=$port_spare
	port_front=$((port_spare + 2))
	port_server_media=$((port_spare + 10))
	port_gateway_media=$((port_spare + 14))
	conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
	write_conf
	write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
	start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
		"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
	start_tandem
}

# told NAME: what tandem's latest SDP told this sipp: the port, and the value of a=crypto.
told() {
	awk '/ message received/ { got = 1 }
		/ message sent/ { got = 0 }
		{ sub(/\r$/, "") }
		got && /^m=audio / { split($2, port, "/"); crypto = "" }
		got && sub(/^a=crypto:/, "") { crypto = $0 }
		END { print port[1]; print crypto }' "$lab/$1/messages"
}

# start_signalling CALLER CALLED: a call from the gateway by these scenarios, without waiting for
# anything.
start_signalling() {
	sdp_port=$port_server_media start_sipp called "$2+srtp" u1 "$port_sipp_server" \
		"$port_front"
	sdp_port=$port_gateway_media start_sipp caller "$1" u1 "$port_gw" "$port_external"
}

# And one from the server.
start_signalling_back() {
	sdp_port=$port_gateway_media start_sipp called "$2" u1 "$port_gw" "$port_external"
	sdp_port=$port_server_media start_sipp caller "$1+srtp" u1 "$port_sipp_server" \
		"$port_front"
}

# start_talk: a call that is answered and lasts until end_talk, for $talk_most seconds (300) at most; sets both `ends` of
# rtptalk.
start_talk() {
	call_number=$(($(status .calls.started) + 1))
	sipp_options="-timeout ${talk_most:-300}" start_signalling uac-talk uas-answer
	await_talk called caller
}

# await_talk SERVER GATEWAY: which of the two sipps is which.
await_talk() {
	local server gateway
	wait_for 15 is_talking || return 1
	mapfile -t server < <(told "$1")
	mapfile -t gateway < <(told "$2")
	ends=("$port_server_media,${server[0]},$sipp_suite$sipp_key,${server[1]}"
		"$port_gateway_media,${gateway[0]}")
}

is_talking() {
	[[ $(ctl --json call show "$call_number" | jq -r .state) == talking ]]
}

# talk OPTION...: rtptalk over the call; what it says is $lab/talk.json.
talk() {
	"$tools/rtptalk" "$@" "${ends[@]}" >"$lab/talk.json" </dev/null
}

# end_talk: the record is $lab/cdr.json.
end_talk() {
	local cdrs
	cdrs=$(cdr_count)
	is_talking || {
		echo "the call does not live any more"
		return 1
	}
	ctl -q call hangup "$call_number"
	wait_sipp caller && wait_sipp called && wait_cdrs $((cdrs + 1)) || return 1
	cdr >"$lab/cdr.json"
}

# holds CONDITION: of jq, where $talk is what rtptalk said and $cdr the record.
holds() {
	jq -ne --slurpfile talks "$lab/talk.json" --slurpfile cdrs "$lab/cdr.json" \
		'$talks[0] as $talk | $cdrs[0] as $cdr | '"$1" || {
		jq -c . "$lab/talk.json"
		jq -c '.internal, .external | with_entries(select(.key |
			test("packets|ssrc|roll|roc")))' "$lab/cdr.json"
		return 1
	}
}

# rekey_call HOW KEY [COMMAND...]: a call in which the server's re-INVITE says KEY, and that it seals with from then on, from ROC 0
# (reset) or not (keep). COMMAND must hold before that.
rekey_call() {
	local talk_pid keys
	call_number=$(($(status .calls.started) + 1))
	next_key=$2 pause=$((2000 * time_scale)) sipp_options="-timeout $((60 * time_scale))" \
		start_signalling_back uac-rekey uas-reinvited
	await_talk caller called || return 1
	rm -f "$lab/keys"
	mkfifo "$lab/keys"
	"$tools/rtptalk" -n $((3000 * time_scale)) -r 1000 -q 65400 "${ends[@]}" >"$lab/talk.json" <"$lab/keys" &
	talk_pid=$!
	pids+=("$talk_pid")
	exec {keys}>"$lab/keys"
	wait_line 20 "$lab/caller/messages" '^CSeq: 2 ACK' || return 1
	(($# == 2)) || "${@:3}" || return 1
	echo "a $1 $sipp_suite$2" >&"$keys"
	exec {keys}>&-
	wait_for 60 is_gone "$talk_pid"
	wait "$talk_pid"
}
