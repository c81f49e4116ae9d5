#!/bin/bash
# Calls with Linphone, whose SIP stack nobody else here has, as a gateway in plain: with a phone behind the server
# it calls, is called, holds, gives up, declines, transfers to another gateway, blind and attended.
. "$(dirname "$0")/lib.sh"
need linphonec script baresip sox

# start_linphone PORT MEDIA-PORT HERTZ: sends a tone, answers by itself. `linphone COMMAND` is its console, what it said is in
# $lab/linphone/said, what it hears in $lab/linphone/heard.wav.
start_linphone() {
	local dir=$lab/linphone
	mkdir -p "$dir/.local/share/linphone" # without which it never begins
	sox -n -r 8000 -c 1 -b 16 "$dir/tone.wav" synth 120 sine "$3" gain -16
	cat >"$dir/rc" <<-END
		[sip]
		sip_port=$1
		sip_tcp_port=-1
		sip_tls_port=-1
		contact=<sip:${number[bob]}@127.0.0.1>
		guess_hostname=0
		use_ipv6=0
		register_only_when_network_is_up=0
		[rtp]
		audio_rtp_port=$2
		[audio_codec_0]
		mime=PCMA
		rate=8000
		enabled=1
		[sound]
		use_files=1
		echocancellation=0
		[misc]
		uuid=2c9b5c1e-9d3c-4b1a-8f6e-5d3f0c1b2a39
	END
	mkfifo "$dir/console"
	# It does nothing while it waits for a line that is not from a terminal.
	HOME=$dir script -qfec "linphonec -a -c $dir/rc -l $dir/log -d 5" /dev/null >"$dir/said" 2>&1 <"$dir/console" &
	linphone_pid=$!
	pids+=("$linphone_pid")
	exec {linphone_fd}>"$dir/console"
	# at any address
	wait_for 20 grep -q "$(printf ':%04X ' "$1")" /proc/net/udp
	linphone 'ipv6 disable'
	linphone 'soundcard use files'
	linphone "play $dir/tone.wav"
	linphone "record $dir/heard.wav"
}

linphone() {
	echo "$*" >&"$linphone_fd"
}

linphone_says() { # PATTERN [COUNT]
	wait_line 20 "$lab/linphone/said" "$1" "${2:-1}"
}

# The id that it gave its call that began last.
linphone_call() {
	sed -n 's/.*assigned id \([0-9]*\).*/\1/p' "$lab/linphone/said" | tail -n 1
}

# talks COUNT: so many of its calls have come to talk.
talks() {
	linphone_says 'Media streams established' "$1"
}

# One that stands; sets call_number and id.
alice_calls() {
	call_number=$(($(status .calls.started) + 1))
	talked=$((talked + 1))
	calls_of[alice]=$((calls_of[alice] + 1))
	phone alice dial "sip:+4940222222@med1.example.test:$port_internal;transport=tls"
	wait_event alice CALL_ESTABLISHED "${calls_of[alice]}" && talks "$talked" || return 1
	id=$(linphone_call)
	wait_for 15 recorded alice 1 "${calls_of[alice]}"
}

record_says() { # FILTER: of the call that ended last
	cdr >"$lab/cdr.json"
	jq -e "$1" "$lab/cdr.json"
}

capture_has() { # PATTERN
	grep -aqE "$1" "$(capture_of "$(jq -r .id "$lab/cdr.json")")"
}

media_flows() { # MORE: packets of Linphone since some count
	(($(ctl --json call show "$call_number" | jq .external.rx_packets) > $1))
}

talked=0
lab_open
write_conf
# In calls of its own it names the address of the default route, and sends from that of the loopback.
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'latch = yes'
start_tandem
start_phone alice "$((port_pbx - 1))" 400 'mediaenc=srtp-mand;audio_codecs=PCMA/8000/1' \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
check "Linphone starts" start_linphone "$port_gw" "$((port_spare + 4))" 620

check "a call to it" alice_calls
check "it holds the call" linphone "pause"
check "as it says" linphone_says "Call $id with .* paused"
packets=$(ctl --json call show "$call_number" | jq .external.rx_packets)
check "and resumes it" linphone "resume $id"
check "media flows again" wait_for 15 media_flows "$((packets + 25))"
hang_up alice
check "it ends" linphone_says "Call $id with .* ended"
check "its record" wait_cdrs 1
check "of the call" record_says '.status == 200 and .ended_by == "server" and .media_note == ""'
check "the server's side was put on hold" capture_has 'a=(sendonly|inactive)'
check "alice heard it" "$tools/tone" "$(heard alice 1)" 620 1 15 5
check "it heard alice" "$tools/tone" "$lab/linphone/heard.wav" 400 1 15 5

alice_has=$(events alice CALL_ESTABLISHED)
linphone "play $lab/linphone/tone.wav"
linphone "call sip:${number[alice]}@127.0.0.1:$port_external"
check "it calls" wait_event alice CALL_ESTABLISHED "$((alice_has + 1))"
calls_of[alice]=$((calls_of[alice] + 1)) talked=$((talked + 1))
check "it is heard" wait_for 15 recorded alice 1 "${calls_of[alice]}"
linphone "terminate"
check "and hangs up" wait_cdrs 2
check "as the record says" record_says '.inbound and .status == 200 and .ended_by == "gateway"'

linphone "autoanswer disable"
came=$(lines "$lab/linphone/said" 'Receiving new incoming call')
phone alice dial "sip:+4940222222@med1.example.test:$port_internal;transport=tls"
check "it rings" linphone_says 'Receiving new incoming call' "$((came + 1))"
linphone "terminate"
check "it declines" wait_cdrs 3
check "the caller is told" record_says '.status == 603 and .ended_by == "gateway"'
linphone "autoanswer enable"

# --- its calls, and whom it transfers to, go to another gateway

write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'latch = yes' 'transfer = handle' 'calls-to = gateways' 'prefixes = +49402'
printf '%s\n' '[gateway]' 'host = plain.example.test' 'tls = no' 'transport = udp' "port = $((port_spare + 2))" \
	'prefixes = +49403' 'options-ping = off' >"$lab/gateways.d/other.conf"
check "another gateway" ctl -q config reload

start_sipp called uas-cancelled u1 "$((port_spare + 2))" "$port_external"
linphone "call sip:${number[carol]}@127.0.0.1:$port_external"
check "it hears that it rings" linphone_says 'Call .* ringing|Remote ringing'
linphone "terminate"
check "it gives up" wait_sipp called
check "which is recorded" wait_cdrs 4
check "as that" record_says '.status == 487 and .cause == "cancel"'

start_phone carol "$((port_spare + 2))" 880 'audio_codecs=PCMA/8000/1'
carol_hears() { # COUNT
	wait_event carol CALL_ESTABLISHED "$1" && wait_for 15 recorded carol 1.5 "$1"
}
check "a call that it transfers" alice_calls
linphone "transfer $id sip:${number[carol]}@127.0.0.1:$port_external"
check "carol has it" carol_hears 1
check "Linphone is out of it" linphone_says "Call $id with .* ended"
hang_up alice
check "alice ends it" wait_event carol CALL_CLOSED 1
check "the record has the transfer" wait_cdrs 5
check "by whom, to whom" record_says '.status == 200 and .transfers[0].status == 200 and .transfers[0].target == "other"'
check "carol heard alice" "$tools/tone" "$(heard carol 1)" 400 1 15 5

check "a call that it consults about" alice_calls
first=$id
linphone "pause"
check "which is held" linphone_says "Call $first with .* paused"
linphone "play $lab/linphone/tone.wav"
linphone "call sip:${number[carol]}@127.0.0.1:$port_external"
check "carol is asked" wait_event carol CALL_ESTABLISHED 2
check "and talks" wait_for 15 recorded carol 0.5 2
linphone "transfer $first --to-call $(linphone_call)"
check "alice and carol are joined" wait_for 20 eval '[[ $(ctl --json status | jq .calls.now) == 1 ]]'
check "they hear each other" wait_for 15 recorded carol 3 2
hang_up alice
check "alice ends this too" wait_event carol CALL_CLOSED 2
check "both calls are recorded" wait_cdrs 7
check "as transferred" jq -se 'map(select(.kind == "call")) | .[5:7] | map(.cause) | sort == ["bye", "transferred"]' "$lab/state/cdr.jsonl"
check "nothing is held" all_released
finish
