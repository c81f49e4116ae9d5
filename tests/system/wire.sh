#!/bin/bash
# Captures on the wire: packets as they pass an interface, and apart from them the secrets of TLS connections that began
# meanwhile; both in one file, which tshark reads in clear, TLS 1.3 and 1.2. What is refused, what is said, what is kept.
here=$(cd "$(dirname "$0")" && pwd)
# A network of its own, where nobody else's packets pass.
if [[ -z ${WIRE_INSIDE:-} ]] && ((EUID == 0)) && unshare --net true 2>/dev/null; then
	WIRE_INSIDE=yes exec unshare --net bash "$0" "$@"
fi
. "$here/lib.sh"
[[ ${WIRE_INSIDE:-} ]] || skip "only root can make a network of its own"
need ip openssl tshark capinfos age age-keygen
ip link set lo up

# options VERSION: an OPTIONS over TLS of that version, answered.
options() {
	: >"$lab/answer-$1"
	printf '%s\r\n' 'OPTIONS sip:ping@med1.example.test SIP/2.0' \
		"Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK$1" 'Max-Forwards: 70' \
		'From: <sip:pbx1.example.test>;tag=1' 'To: <sip:med1.example.test>' "Call-ID: with-$1@x" \
		'CSeq: 1 OPTIONS' 'Content-Length: 0' '' >"$lab/request"
	{
		cat "$lab/request"
		wait_for 10 grep -qa '^SIP/2.0 200' "$lab/answer-$1"
	} | openssl s_client -connect "127.0.0.1:$port_internal" "-$1" -cert "$lab/certs/pbx1.pem" \
		-key "$lab/certs/pbx1.key" -CAfile "$lab/certs/enterprise-ca.pem" -quiet -no_ign_eof \
		>"$lab/answer-$1" 2>"$lab/s_client-$1"
	grep -qa '^SIP/2.0 200' "$lab/answer-$1" || {
		cat "$lab/s_client-$1" "$lab/answer-$1"
		return 1
	}
}

# capture OPTION...: in the background, until end_capture.
capture() {
	"$builddir/tandemctl" -s "$lab/run/control.sock" capture start --wire "$@" >"$lab/wire.out" 2>&1 &
	wire_pid=$!
	pids+=("$wire_pid")
	wait_line 10 "$lab/wire.out" 'until it is interrupted' && folder=$(sed -n 's/: until it is .*//p' "$lab/wire.out")
}

end_capture() {
	kill -INT "$wire_pid"
	wait "$wire_pid"
}

# reads FILE FILTER COUNT: so many packets pass the filter.
reads() {
	local count
	count=$(read_capture "$1" -Y "$2" -T fields -e frame.number | wc -l)
	((count == $3)) || {
		echo "$count packets are $2"
		read_capture "$1" -d "tcp.port==$port_internal,tls" | tail -40
		return 1
	}
}

decrypted() {
	tshark -r "$1" -n -d "tcp.port==$port_internal,tls" -d "tls.port==$port_internal,sip" -Y "$2" \
		-T fields -e sip.Call-ID -e sip.Method -e sip.Status-Code 2>/dev/null | sort -u
}

later_file() {
	local files=("$folder"/wire-*.pcap)
	((${#files[@]} == 1)) && [[ ! -e $folder/wire-000001.pcap ]]
}

lab_open
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem
sed 's/^host = .*/host = 127.0.0.2/' "$lab/gateways.d/gw.conf" >"$lab/gateways.d/far.conf"
check "a connection before it" options tls1_3

check "no time: a usage mistake" exits 2 ctl capture start --wire
check "no filter: it is said before anything begins" bash -c "
	'$builddir/tandemctl' -s '$lab/run/control.sock' capture start --wire --for 1m --filter 'host and and' 2>&1 |
		grep -q 'filter: .*syntax error'"
check "no such interface" exits 1 ctl wire capture --for 1m --interface nowhere0
check "no such trunk" exits 4 ctl wire capture --for 1m --trunk nobody
check "nothing is kept by that" status_is .wire null
check "without the right to it: denied" exits 5 setpriv --bounding-set -net_raw,-net_admin --inh-caps -all \
	"$builddir/tandemctl" -s "$lab/run/control.sock" wire capture --for 1m

check "it begins" capture --for 5m --filter "tcp port $port_internal"
check "status warns" eval 'ctl --json status | jq -e ".wire.warning and .wire.folder == \"$folder\" and .wire.of == null"'
check "the log of the server warns" wait_line 5 "$lab/tandem.log" 'warning wire event=keys-kept folder=.* until=20.*Z by="uid 0'
check "the log of records has who and what" wait_line 5 "$lab/state/cdr.jsonl" \
	'"kind":"act".*"who":"uid 0.*"noun":"wire","verb":"start","args":\["--for","5m"\],"code":0'
check "a second one: refused" exits 1 ctl wire start --for 1m
check "TLS 1.3" options tls1_3
check "TLS 1.2" options tls1_2
check "secrets of both" wait_for 5 eval '(($(status .wire.kept) >= 5))'
check "it ends" end_capture
check "and nothing more is kept" status_is .wire null
check "which the log says" wait_line 5 "$lab/tandem.log" "event=keys-over folder=$folder kept=[1-9][0-9]* lost=0"
check "a connection behind it" options tls1_3
check "nobody else may read it" test "$(stat -c %a "$folder" "$folder/keys" "$folder/keys/tls.keys" "$folder"/wire-000001.pcap | xargs)" = \
	"700 700 600 600"
check "alone it says nothing" test -z "$(decrypted "$folder/wire-000001.pcap" sip)"
check "joined" ctl wire export "$folder" --to "$lab/joined.pcapng"
check "TLS 1.3 and 1.2 in clear" diff <(decrypted "$lab/joined.pcapng" sip) - <<-END
	with-tls1_2@x		200
	with-tls1_2@x	OPTIONS	
	with-tls1_3@x		200
	with-tls1_3@x	OPTIONS	
END
check "capinfos takes it" bash -c "capinfos -t '$lab/joined.pcapng' | grep -q 'pcapng'"
check "what is there is not replaced" exits 1 ctl wire export "$folder" --to "$lab/joined.pcapng"

# A trunk's connections alone, and media; small files, of which the latest is kept.
check "a trunk elsewhere" ctl -q config reload
check "of that trunk" capture --for 5m --trunk far --size 1 --files 1
check "a connection with somebody else" options tls1_3
check "packets of media" python3 -c '
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(3000):
    out.sendto(bytes(1000), ("127.0.0.1", int(sys.argv[1])))' "$port_media"
check "files are begun, and the oldest goes" wait_for 10 later_file
check "it ends" end_capture
check "the secrets of others are not kept" test ! -s "$folder/keys/tls.keys"
check "nor their packets" test -z "$(tshark -r "$(echo "$folder"/wire-*.pcap)" -n -Y tcp 2>/dev/null)"

# For the eyes of those alone whose keys are named.
age-keygen -o "$lab/age.key" 2>/dev/null
age-keygen -y "$lab/age.key" >"$lab/recipients"
sed -i 's#^mode = full#&\nrecipients = recipients#' "$lab/tandem.conf"
check "a reload with recipients" ctl -q config reload
check "encrypted: it begins" capture --for 5m
check "encrypted: a connection" options tls1_3
check "encrypted: it ends" end_capture
check "encrypted: no secret in clear" test ! -e "$folder/keys/tls.keys"
check "encrypted: it says how" bash -c "
	'$builddir/tandemctl' -s '$lab/run/control.sock' wire export '$folder' --to '$lab/no.pcapng' 2>&1 | grep -q 'age -d'"
check "encrypted: age opens it" age -d -i "$lab/age.key" -o "$lab/keys" "$folder/keys/tls.keys.age"
check "encrypted: joined" ctl wire export "$folder" --to "$lab/encrypted.pcapng" --keys "$lab/keys"
check "encrypted: in clear" grep -q with-tls1_3 <(decrypted "$lab/encrypted.pcapng" sip)

# An interface where nothing passes, and one that goes.
check "no packet: it ends with its time" exits 0 timeout 20 "$builddir/tandemctl" -s "$lab/run/control.sock" wire capture \
	--for 1s --filter "tcp port 1"
check "no packet: it begins" capture --for 5m --filter "tcp port 1"
check "no packet: it ends" end_capture
ip link add wire-gone type veth peer name wire-peer
ip link set wire-gone up
check "an interface that goes: it begins" capture --for 5m --interface wire-gone
ip link delete wire-gone
check "an interface that goes: it ends" eval '! wait "$wire_pid"'
check "and says so" wait_line 5 "$lab/wire.out" '^tandemctl: wire-gone: '

# Whoever forgets it: it ends by itself, and with the server.
check "for a second" ctl -q wire start --for 1s
check "it is over" wait_for 10 status_is .wire null
check "once more" ctl -q wire start --for 1h
check "the server stops" stop_tandem
check "and has said so" test "$(lines "$lab/tandem.log" 'event=keys-over')" = "$(lines "$lab/tandem.log" 'event=keys-kept')"
finish
