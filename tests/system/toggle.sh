#!/bin/bash
# tandemctl trunk tls on and off while a call stands: it counts for the next call, the one
# that stands goes on untouched, and the file keeps its comments.
. "$(dirname "$0")/lib.sh"
need baresip kamailio

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

# An untouched gateways.d/gw.conf but for the one word.
only_the_word() { # WORD
	diff <(sed 's/^tls = no /tls = yes /' "$lab/gw.conf.before") \
		<(sed 's/^tls = no /tls = yes /' "$lab/gateways.d/gw.conf") &&
		grep -qx "tls = $1 # the word that is switched" "$lab/gateways.d/gw.conf" &&
		[[ $(stat -c %a "$lab/gateways.d/gw.conf") == 640 ]]
}

# Both phones of the standing call have heard SECONDS in all, and it stands.
goes_on() { # SECONDS
	wait_for 20 recorded alice "$1" 1 && wait_for 20 recorded bob "$1" 1 &&
		[[ $(events bob CALL_CLOSED) == 0 &&
			$(ctl --json call show "$standing" | jq -r .state) == talking ]]
}

lab_open
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = no # the word that is switched' 'transport = udp' "port = $port_gw" \
	'' '; the end'
chmod 640 "$lab/gateways.d/gw.conf"
cp "$lab/gateways.d/gw.conf" "$lab/gw.conf.before"
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
# Bob is the gateway in plain, by UDP; carol the same gateway with TLS: what answers for
# TLS at the port of the gateway is Kamailio, so Bob's phone is elsewhere and is the one
# who calls.
start_phone bob "$((port_spare + 4))" 620 'audio_codecs=PCMA/8000/1'
start_front front-gw1 "$port_gw" $((port_spare + 2)) \
	"sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
start_phone carol "$port_spare" 850 "$secure" \
	"$lab/certs/gw1-combined.pem" "$lab/certs/carriers-ca.pem"

check "a call stands, in plain" \
	start_call bob alice "sip:${number[alice]}@127.0.0.1:$port_external"
standing=$call_number
check "it is heard" goes_on 1

check "trunk tls gw on" ctl -q trunk tls gw on
check "the file: one word, comments kept" only_the_word yes
check "the call goes on" goes_on 3
ctl --json call show "$standing" >"$lab/call.json"
check "and is as it was" call_has .external.transport UDP
check "trunk list says TLS" bash -c "'$builddir/tandemctl' -s '$lab/run/control.sock' \
	--json trunk list | jq -e '.[0].tls == true'"

# The next one. Alice holds two calls: the recording of the second is her latest.
check "the next call is TLS and SRTP" place_call \
	alice carol "sip:${number[carol]}@med1.example.test:$port_internal"
check "the next call: signalling" call_has .external.transport TLS
check "the next call: media" call_has .external.media 'A*'
check "the next call: carol hears alice" "$tools/tone" "$heard_to" 440 1.5

check "trunk tls gw off" ctl -q trunk tls gw off
check "the file is as before" cmp "$lab/gw.conf.before" "$lab/gateways.d/gw.conf"
check "off again changes nothing" bash -c "'$builddir/tandemctl' -s '$lab/run/control.sock' \
	--json trunk tls gw off | jq -e '.changed == false'"
check "the first call goes on" goes_on 6

check "no such trunk: exit code 4" exits 4 ctl trunk tls nobody on
check "neither on nor off: exit code 2" exits 2 ctl trunk tls gw maybe

# A gateway whose certificate is not there cannot be switched on; nothing changes.
echo 'trust = nowhere.pem' >>"$lab/gateways.d/gw.conf"
cp "$lab/gateways.d/gw.conf" "$lab/gw.conf.broken"
check "on with a mistake in the file: refused" exits 6 ctl trunk tls gw on
check "the file is as it was" cmp "$lab/gw.conf.broken" "$lab/gateways.d/gw.conf"
check "the trunk is as it was" bash -c "'$builddir/tandemctl' -s '$lab/run/control.sock' \
	--json trunk list | jq -e '.[0].tls == false'"

check "the first call ends in order" end_call bob alice
check "bob heard alice all the time" "$tools/tone" "$heard_from" 440 5
check "alice heard bob all the time" "$tools/tone" "$(heard alice 1)" 620 5
check "nothing is held afterwards" all_released
finish
