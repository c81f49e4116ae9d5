#!/bin/bash
# A trunk with tls = observe: calls go on in plain while TLS, certificates and SRTP are
# probed beside them; the verdict says what would fail and why, then since when it would
# work. Nothing is switched by it, and after `tls on` nothing falls back.
. "$(dirname "$0")/lib.sh"
need baresip kamailio sipp

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

# front NAME CERTIFICATE: TLS at the gateway's port, before carol's phone.
front() {
	start_front "$1" "$port_gw" $((port_spare + 2)) "sip:127.0.0.1:$port_spare;transport=tcp" \
		"$lab/certs/$2" "$lab/certs/carriers-ca.pem" "$port_external_tls"
}

# carol PARAMETERS [CERTIFICATE CA]: the phone that answers at probe-number.
carol() {
	[[ -z ${phone_pid_carol:-} ]] || stop_phone carol
	start_phone carol "$port_spare" 850 "$@"
}

# shown FILTER [TRUNK]: jq, of what trunk show says of the observation.
shown() {
	ctl --json trunk show "${2:-gw}" | jq -r ".observe | $1"
}

# says STATE STEP [WORDS [TRUNK]]: the verdict; WORDS is a regular expression.
says() {
	ctl --json trunk show "${4:-gw}" >"$lab/show.json" &&
		jq -e --arg state "$1" --arg step "$2" --arg words "${3:-}" \
			'.observe | .state == $state and .step == $step and
			(.verdict | test($words))' "$lab/show.json" >/dev/null
}

# comes_to STATE STEP [WORDS [TRUNK]]: it says so soon.
comes_to() {
	wait_for 30 says "$@" || {
		jq .observe "$lab/show.json"
		return 1
	}
}

listed_as() { # WORD
	[[ $(ctl --json trunk list | jq -r '.[] | select(.id == "gw").tls_state') == "$1" ]]
}

# said VERDICT COUNT: so many lines of the log say that verdict of the trunk.
said() {
	local count
	count=$(lines "$lab/tandem.log" "trunk=gw event=observe verdict=$1")
	((count == $2)) || {
		echo "$count lines, not $2:"
		grep event=observe "$lab/tandem.log"
		return 1
	}
}

# Four more probes, so that a verdict that is said twice is.
probed_on() {
	local probes
	probes=$(shown .probes)
	wait_for 20 more_probes $((probes + 4))
}

more_probes() {
	(($(shown .probes) >= $1))
}

# Both phones of the standing call have heard SECONDS in all, and it stands.
goes_on() { # SECONDS
	wait_for 20 recorded alice "$1" 1 && wait_for 20 recorded bob "$1" 1 &&
		[[ $(events bob CALL_CLOSED) == 0 &&
			$(ctl --json call show "$standing" | jq -r .external.transport) == UDP ]]
}

# Each call that the phone answered was hung up at once.
answered_and_left() {
	wait_event carol CALL_ESTABLISHED && wait_for 10 all_closed
}

all_closed() {
	(($(events carol CALL_CLOSED) == $(events carol CALL_ESTABLISHED)))
}

is_shown() { # FILTER VALUE
	local value
	value=$(shown "$1")
	[[ $value == "$2" ]] || {
		echo "$1 is $value, not $2"
		return 1
	}
}

# One request of sipp by the plain port of the front, which sends it on over TLS.
from_gateway() { # SCENARIO
	code=403 start_sipp them "$1" u1 $((port_spare + 10)) $((port_spare + 2))
	wait_sipp them
}

no_warning() { # COMMAND...
	"$@" 2>"$lab/warning" && [[ ! -s $lab/warning ]]
}

warned() { # COMMAND...
	"$@" 2>"$lab/warning" && grep -q '^tandemctl: warning: would fail: tcp: ' "$lab/warning"
}

# Alice calls by the trunk; it fails.
refused_call() {
	local closed
	closed=$(events alice CALL_CLOSED)
	phone alice dial "sip:${number[carol]}@med1.example.test:$port_internal"
	wait_event alice CALL_CLOSED $((closed + 1)) &&
		[[ $(events alice CALL_ESTABLISHED) == 2 ]]
}

lab_open
mkfifo "$lab/nothing-yet"
exec {hold_fd}<>"$lab/nothing-yet"
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = observe ; not yet' 'transport = udp' "port = $port_gw" \
	'observe-interval = 1s' "probe-number = ${number[carol]}"
cat >"$lab/gateways.d/lost.conf" <<-EOF
	[gateway]
	host = gw.nowhere.invalid
	tls = observe
	observe-interval = 1s
EOF
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$((port_spare + 4))" 620 'audio_codecs=PCMA/8000/1'
check "a call stands, in plain" \
	start_call bob alice "sip:${number[alice]}@127.0.0.1:$port_external"
standing=$call_number

check "a name that is none: dns" comes_to fails dns '^would fail: dns: .*; fix: .*lost.conf' lost
check "nobody listens: tcp" comes_to fails tcp '^would fail: tcp: 127.0.0.1:.*refused.*; fix: '
check "trunk list says so" listed_as 'observe: fails tcp'

front front-rogue gw1-rogue
check "a certificate of another CA: tls" \
	comes_to fails tls 'would fail: tls: tls refused by=us rule=issuer .*; fix: .*carriers-ca.pem'
stop_front front-rogue

openssl s_server -accept "127.0.0.1:$port_gw" -cert "$lab/certs/gw1.pem" -key "$lab/certs/gw1.key" \
	-quiet -Verify 3 -CAfile "$lab/certs/carriers-ca.pem" <"$lab/nothing-yet" >"$lab/mute.out" 2>&1 &
mute=$!
pids+=("$mute")
check "TLS, but no SIP: options" comes_to fails options 'would fail: options: no answer to OPTIONS'
stop "$mute"

carol 'audio_codecs=PCMA/8000/1'
front front-gw1 gw1
check "no SRTP behind it: srtp" comes_to fails srtp 'would fail: srtp: .*; fix: .*gw.conf'
check "trunk list says so" listed_as 'observe: fails srtp'
check "the call goes on" goes_on 3

carol "$secure"
check "SRTP too: it would work" \
	comes_to works '' '^tls on would work since 20.* UTC \([0-9]+ probes?\)$'
check "trunk list says so" listed_as 'observe: works'
check "it says so on" probed_on
check "each verdict was said once" said would-work 1
check "each fault was said once" said would-fail 4
check "each call of a probe was given up" answered_and_left
check "no connection of theirs came yet" is_shown .tls_in unknown

# From the gateway to us, over TLS: judged and answered, but no way for calls.
check "OPTIONS over TLS is answered" from_gateway uac-options
check "their connection was accepted" is_shown .tls_in ok
check "a call over TLS is refused" from_gateway uac-refused
check "it would still work" says works ''
start_front front-alien $((port_spare + 6)) $((port_spare + 8)) "sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1-rogue" "$lab/certs/carriers-ca.pem" "$port_external_tls"
sipp_options='-timeout 2' start_sipp alien uac-options u1 $((port_spare + 10)) $((port_spare + 8))
check "a bad certificate of theirs: tls-in" comes_to fails tls-in \
	'would fail: tls-in: tls refused by=us rule=issuer .*; fix: .*carriers-ca.pem'
stop "$sipp_pid_alien"
stop_front front-alien
stop_front front-gw1
front front-gw1 gw1
check "and a good one again" from_gateway uac-options
check "it would work again" comes_to works '' 'tls on would work since'
check "the call goes on, in plain" goes_on 6

# A reload without a change leaves the verdict alone; one with a change begins anew.
check "it says so for a while" probed_on
since=$(shown .since)
check "config reload" ctl -q config reload
check "the verdict is as it was" is_shown .since "$since"

check "trunk tls gw on: no warning" no_warning ctl -q trunk tls gw on
check "nothing is observed any more" is_shown . null
carol "$secure" # one that no probe has called
check "the next call is TLS and SRTP" place_call \
	alice carol "sip:${number[carol]}@med1.example.test:$port_internal"
check "its signalling" call_has .external.transport TLS
check "its media" call_has .external.media 'A*'
check "carol hears alice" "$tools/tone" "$heard_to" 440 1.5

# Nothing falls back: somebody would answer in plain.
stop_front front-gw1
start_sipp trap uas-answer u1 "$port_gw" "$port_external"
check "without TLS there a call fails" refused_call
check "and nothing went there in plain" bash -c "! grep -qs INVITE '$lab/trap/messages'"

check "observe again" ctl -q trunk tls gw observe
check "it says what would fail" comes_to fails tcp
check "on: it is done, and warned of" warned ctl -q trunk tls gw on
check "the trunk is on" listed_as yes

# Files of TLS that are no good are a verdict, and nothing to plain calls.
check "observe once more" ctl -q trunk tls gw observe
echo no certificate >"$lab/gateways.d/broken.pem"
echo 'trust = broken.pem' >>"$lab/gateways.d/gw.conf"
check "anchors that cannot be read: the reload is taken" ctl -q config reload
check "it says what would fail" comes_to fails files 'would fail: files: .*broken.pem'

check "the first call ends in order" end_call bob alice
check "bob heard alice all the time" "$tools/tone" "$heard_from" 440 5
check "nothing is held afterwards" all_released
exec {hold_fd}>&-
finish
