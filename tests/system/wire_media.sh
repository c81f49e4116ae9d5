#!/bin/bash
# Keys of SRTP that are kept beside a capture on the wire: what is opened with them is what was heard, both ways, also behind
# a roll-over and another key; whose are kept, and for whose eyes.
here=$(cd "$(dirname "$0")" && pwd)
# A network of its own, where nobody else's packets pass.
if [[ -z ${WIRE_INSIDE:-} ]] && ((EUID == 0)) && unshare --net true 2>/dev/null; then
	WIRE_INSIDE=yes exec unshare --net bash "$0" "$@"
fi
. "$here/lib.sh"
# shellcheck source=tests/system/talk.sh
. "$here/talk.sh"
[[ ${WIRE_INSIDE:-} ]] || skip "only root can make a network of its own"
need ip tshark capinfos age age-keygen baresip kamailio sipp jq python3
ip link set lo up

# capture OPTION...: in the background, until end_capture.
capture() {
	"$builddir/tandemctl" -s "$lab/run/control.sock" capture start --wire --for 5m "$@" >"$lab/wire.out" 2>&1 &
	wire_pid=$!
	pids+=("$wire_pid")
	wait_line 10 "$lab/wire.out" 'until it is interrupted' && folder=$(sed -n 's/: until it is .*//p' "$lab/wire.out")
}

end_capture() {
	kill -INT "$wire_pid"
	wait "$wire_pid"
}

# export_to NAME OPTION...: $lab/NAME; what it says is $lab/said.
export_to() {
	"$builddir/tandemctl" -s "$lab/run/control.sock" wire export "$folder" --to "$lab/$1" "${@:2}" >"$lab/said" 2>&1
}

said() { # PATTERN
	grep -qE "$1" "$lab/said" || {
		cat "$lab/said"
		return 1
	}
}

# payloads FILE FILTER: of RTP, a line each.
payloads() {
	tshark -r "$1" -n -o sdp.establish_conversation:FALSE -d "udp.port==$port_media-$((port_media + 199)),rtp" \
		-Y "rtp.p_type == 8 && $2" -T fields -e rtp.payload 2>/dev/null
}

# The port of tandem that the phone talks SRTP with.
secure_port() {
	awk '$3 == "a" && $5 == "in" { sub(/.*:/, "", $6); print $6; exit }' "$folder/keys/srtp.keys"
}

is_heard() { # FILE FILTER RECORDING
	payloads "$1" "$2" >"$lab/payloads"
	python3 "$srcdir/tests/system/audio_check.py" "$lab/payloads" "$3"
}

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'
open_talks
stop_front front-pbx1
server_port=$((port_pbx + 1))
conf_server=()
write_conf
check "a server that is a phone" ctl -q config reload
start_phone alice "$port_pbx" 440 "$secure" "$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
start_phone bob "$port_gw" 620 'audio_codecs=PCMA/8000/1'

# --- what was heard

check "it begins" capture
check "a call" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
check "keys of it are kept" wait_for 5 eval '(($(status .wire.media_kept) >= 2))'
check "status warns of that" eval 'ctl --json status | jq -e ".wire.warning | test(\"of media\")"'
check "it ends" end_capture
call=$(jq -r .id "$lab/cdr.json")
check "which the log says" wait_line 5 "$lab/tandem.log" 'event=keys-over .* media-kept=[1-9][0-9]* media-lost=0$'
check "nobody else may read them" test "$(stat -c %a "$folder/keys/srtp.keys")" = 600
check "a line each" eval '! grep -vE "^[0-9]+\.[0-9]{6} $call a 0 (in|out) 127.0.0.1:[0-9]+ 127.0.0.1:[0-9]+ [0-9]+ [A-Z0-9_]+ inline:[A-Za-z0-9+/=]+$" \
	"$folder/keys/srtp.keys"'
check "they are not among those of TLS" eval '! grep -q inline "$folder/keys/tls.keys"'
port=$(secure_port)
check "sealed, it is not what was heard" export_to sealed.pcapng
check "sealed: nobody's audio" exits 1 is_heard "$lab/sealed.pcapng" "udp.dstport == $port" "$heard_to"
check "opened" export_to opened.pcapng --media
# The phone says something in clear where RTCP is, before it has a key.
check "opened: it is said how much" said '^SRTP: [1-9][0-9]+ opened, [0-9] that no key opens, 0 captured twice$'
# comments FILE FILTER: each, with how often.
comments() {
	tshark -r "$1" -n -Y "$2" -T fields -e frame.comment 2>/dev/null | sort | uniq -c | sed 's/^ *//'
}
check "opened: what the phone sent is what the gateway heard" is_heard "$lab/opened.pcapng" "udp.dstport == $port" "$heard_to"
check "opened: what was sent to it is what it heard" is_heard "$lab/opened.pcapng" "udp.srcport == $port" "$heard_from"
check "opened: as many packets" test "$(capinfos -Mc "$lab/opened.pcapng" | tail -1)" = "$(capinfos -Mc "$lab/sealed.pcapng" | tail -1)"
check "opened: lengths and checksums are right" test -z "$(tshark -r "$lab/opened.pcapng" -n -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
	-Y "frame.comment && (ip.checksum.status != 1 || udp.checksum.status != 1)" 2>/dev/null)"
check "opened: a comment says so of each" test "$(comments "$lab/opened.pcapng" "udp.port == $port" | cut -d' ' -f2-)" = \
	"it was SRTP of call $call, leg a, line 0, AES_CM_128_HMAC_SHA1_80; lengths and checksums are new"
check "opened: RTCP too" test "$(comments "$lab/opened.pcapng" "frame.comment && udp.port == $((port + 1))" | cut -d, -f1 |
	cut -d' ' -f2-)" = "it was SRTCP of call $call"
check "opened: SIP in clear as well" test -n "$(tshark -r "$lab/opened.pcapng" -n -d "tcp.port==$port_internal,tls" \
	-d "tls.port==$port_internal,sip" -Y "sip.Method == INVITE" 2>/dev/null)"

# One call of two, without the other.
check "two calls: it begins" capture
check "two calls: one" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
one=$(jq -r .id "$lab/cdr.json") one_heard=$heard_to
check "two calls: and another" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
check "two calls: it ends" end_capture
check "one of two" export_to one.pcapng --call "$one"
check "one of two: its media" is_heard "$lab/one.pcapng" "frame.comment contains \"SRTP of call $one\" && udp.dstport == $(secure_port)" "$one_heard"
check "one of two: nothing else" test "$(comments "$lab/one.pcapng" frame | grep -o ' of call [^,]*' | sort -u)" = " of call $one"
check "one of two: each packet is said to be of it" test "$(comments "$lab/one.pcapng" frame | grep -vc " of call $one,")" = 0
check "one of two: no secret" test -z "$(tshark -r "$lab/one.pcapng" -n -Y tcp 2>/dev/null)$(strings "$lab/one.pcapng" | grep -a SECRET)"
check "of a call that has none" exits 1 export_to none.pcapng --call ffff-000001
check "it is said" said 'srtp.keys: no keys of call ffff-000001'
check "and nothing is left of it" test ! -e "$lab/none.pcapng"

# --- whose, and for whom

check "of the gateway alone: it begins" capture --trunk gw
check "of the gateway alone: a call" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
check "of the gateway alone: it ends" end_capture
check "keys of the other leg are not kept" test ! -s "$folder/keys/srtp.keys"
check "a call to the server, which is found by it" place_call bob alice "sip:${number[alice]}@127.0.0.1:$port_external"
check "of the server alone: it begins" capture --trunk pbx1
check "of the server alone: a call" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
check "of the server alone: it ends" end_capture
check "its keys are kept" test -s "$folder/keys/srtp.keys"
cp "$folder/keys/srtp.keys" "$lab/other.keys"
age-keygen -o "$lab/age.key" 2>/dev/null
age-keygen -y "$lab/age.key" >"$lab/recipients"
sed -i 's#^mode = full#&\nrecipients = recipients#' "$lab/tandem.conf"
check "a reload with recipients" ctl -q config reload
check "encrypted: it begins" capture
check "encrypted: a call" place_call alice bob "sip:${number[bob]}@med1.example.test:$port_internal"
check "encrypted: it ends" end_capture
check "encrypted: no key in clear" test ! -e "$folder/keys/srtp.keys"
# No connection began meanwhile.
check "encrypted: age opens those of TLS" age -d -i "$lab/age.key" -o "$lab/tls.keys" "$folder/keys/tls.keys.age"
check "encrypted: there are none" test ! -s "$lab/tls.keys"
check "encrypted: it says how" exits 1 export_to encrypted.pcapng --keys /dev/null --media
check "encrypted: by age" said 'age -d -i KEY -o srtp.keys .*/srtp.keys.age`, then --media-keys'
check "encrypted: age opens them" age -d -i "$lab/age.key" -o "$lab/srtp.keys" "$folder/keys/srtp.keys.age"
check "encrypted: opened" export_to encrypted.pcapng --keys /dev/null --media-keys "$lab/srtp.keys"
check "encrypted: it is said how much" said '^SRTP: [1-9][0-9]+ opened, [0-9] that no key opens'
check "another call's keys open nothing" export_to other.pcapng --keys /dev/null --media-keys "$lab/other.keys"
check "which is said" said '^SRTP: 0 opened'
echo noise >"$lab/noise.keys"
check "what is no key is named" exits 1 export_to noise.pcapng --keys /dev/null --media-keys "$lab/noise.keys"
check "by its line" said 'srtp.keys: line 1 is no key of SRTP'
check "and nothing is left" test ! -e "$lab/noise.pcapng"
stop_phone alice
stop_phone bob

# --- a roll-over, and another key

sed -i '/^recipients/d' "$lab/tandem.conf"
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
server_port=$port_pbx
write_conf
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
check "a server that sipp is" ctl -q config reload

for how in reset keep; do
	check "$how: it begins" capture
	check "$how: a call with another key" rekey_call "$how" "$other_key"
	check "$how: it lives" end_talk
	check "$how: it ends" end_capture
	check "$how: opened" export_to "$how.pcapng" --media
	check "$how: all of it" said '^SRTP: [0-9]{4,} opened, 0 that no key opens'
done
check "the same keys twice are no others" eval 'cat "$folder/keys/srtp.keys" "$folder/keys/srtp.keys" >"$lab/twice.keys" &&
	export_to twice.pcapng --media-keys "$lab/twice.keys" && said "^SRTP: [0-9]{4,} opened, 0 that"'
check "and a line that is cut off is left out" eval 'head -c -20 "$folder/keys/srtp.keys" >"$lab/cut.keys" &&
	export_to cut.pcapng --media-keys "$lab/cut.keys" && said "^SRTP: [0-9]+ opened"'
finish
