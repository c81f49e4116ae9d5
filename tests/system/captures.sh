#!/bin/bash
# Captures of real calls, as others read them: capinfos and tshark say whose each packet is, which way it went and how
# it was protected; both formats, and both at once over a reload.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/talk.sh
. "$(dirname "$0")/talk.sh"
need sipp kamailio tshark capinfos

# A call from the gateway whose media is captured too; its capture is $capture.
captured_talk() {
	local name=$1
	check "$name: a call" start_talk
	check "$name: its media" talk -n 100 -r 50
	check "$name: its end" end_talk
	id=$(cdr | jq -r .id)
	capture=$(echo "$lab"/state/audit/*/"$id"/call.pcap*)
	check "$name: its capture is whole" wait_for 5 holds_bye
}

holds_bye() {
	(($(grep -acE 'CSeq: [0-9]+ BYE' "$capture") == 4))
}

# fields FILTER FIELD...: of the packets of the capture, each combination once.
fields() {
	local filter=$1 names=()
	shift
	for name; do names+=(-e "$name"); done
	read_capture "$capture" -Y "$filter" -T fields "${names[@]}" | sort -u
}

# are NAME EXPECTED FILTER FIELD...: what fields says, a line each.
are() {
	local name=$1 expected=$2
	shift 2
	check "$name" diff <(printf '%b' "${expected:+$expected\n}") <(fields "$@")
}

info() { # OPTION WORD
	capinfos "$1" "$capture" | grep -F "$2"
}

is_pcapng() {
	capinfos "$capture" >"$lab/capinfos" || return 1
	grep -qE '^File type: +Wireshark/\.\.\. - pcapng' "$lab/capinfos" &&
		grep -qE '^Packet size limit: +file hdr: \(not set\)' "$lab/capinfos" &&
		grep -qE '^File timestamp precision: +microseconds' "$lab/capinfos" &&
		grep -qE '^Capture application: +Tandem [0-9]' "$lab/capinfos" &&
		grep -qE "^Capture comment: +server med1.example.test, call $id, part 1; " "$lab/capinfos" &&
		grep -qE '^Number of interfaces in file: +2' "$lab/capinfos" || {
		cat "$lab/capinfos"
		return 1
	}
}

protected='leg a, trunk gw, UDP
leg b, server pbx1, TLS (its connection is being made)
leg b, server pbx1, TLS1.3 AES-256-GCM DNS:pbx1.example.test'

# All of both dialogs, each message where it passed: what came from one side left to the other.
has_both_dialogs() {
	fields 'sip.Method == "INVITE" || sip.Method == "BYE" || sip.Method == "ACK"' \
		frame.interface_name frame.packet_flags_direction sip.Method >"$lab/dialogs"
	diff - "$lab/dialogs" <<-END
		a	0x00000001	ACK
		a	0x00000001	INVITE
		a	0x00000002	BYE
		b	0x00000002	ACK
		b	0x00000002	BYE
		b	0x00000002	INVITE
	END
}

# media INTERFACE DIRECTION FIELD...: of the packets of RTP there, a line each.
media() {
	local interface=$1 direction=$2 names=()
	shift 2
	for name; do names+=(-e "$name"); done
	read_capture "$capture" -o sdp.establish_conversation:FALSE \
		--enable-heuristic rtp_udp -o udp.try_heuristic_first:TRUE \
		-Y "rtp && frame.interface_name == $interface && frame.packet_flags_direction == $direction" \
		-T fields "${names[@]}"
}

# The packets that rtptalk sent, in clear, on the interface of the side that sent them; and as they were sent on, on the other
# one: the same payloads in the same order, under one SSRC of ours, numbered without a gap.
has_media() {
	local from to count
	for from in a b; do
		to=$(tr ab ba <<<"$from")
		media "$from" 1 rtp.payload >"$lab/received"
		media "$to" 2 rtp.payload >"$lab/sent"
		count=$(wc -l <"$lab/received")
		((count == 100)) && cmp "$lab/received" "$lab/sent" || {
			echo "$count packets of RTP from $from, $(wc -l <"$lab/sent") to $to"
			return 1
		}
		media "$to" 2 rtp.ssrc rtp.seq udp.srcport udp.dstport | awk -v media="$port_media" '
			NR > 1 && ($1 != ssrc || $2 != (seq + 1) % 65536 || $4 != to) { bad = 1 }
			$3 < media || $3 > media + 199 { bad = 1 }
			{ ssrc = $1; seq = $2; to = $4 }
			END { exit bad || NR != 100 }' || {
			media "$to" 2 rtp.ssrc rtp.seq udp.srcport udp.dstport | head
			return 1
		}
	done
	# the SSRC is ours, not that of who sent it
	[[ $(media a 1 rtp.ssrc | sort -u) != "$(media b 2 rtp.ssrc | sort -u)" ]]
}

in_order() {
	read_capture "$capture" -T fields -e frame.time_epoch >"$lab/times"
	sort -c -n "$lab/times"
}

open_talks
captured_talk pcapng
check "capinfos" is_pcapng
are "an interface a leg" 'a\ttrunk gw\nb\tserver pbx1' frame \
	frame.interface_name frame.interface_description
check "both dialogs" has_both_dialogs
are "how each side is protected" "$protected" \
	sip frame.comment
check "media of both, as received and as sent" has_media
are "nothing is malformed" '' _ws.malformed frame.number
are "both ways in the other header too" '0\t0x00000001\n4\t0x00000002' frame sll.pkttype frame.packet_flags_direction
check "the demo's reader" diff <("$tools/ladder" "$capture") <(ladder "$capture")

sed -i 's/^mode = full/&\ncapture-format = pcap/' "$lab/tandem.conf"
check "the classic format from now on" ctl -q config reload
captured_talk pcap
check "its name" test "${capture##*/}" = call.pcap
check "its type" info -t 'Wireshark/tcpdump/... - pcap'
check "its link type" info -E 'Raw IP'
check "the same messages" test "$(ladder "$capture" | wc -l)" -ge 10
check "and the demo's reader" diff <("$tools/ladder" "$capture") <(ladder "$capture")
# For the eyes of those alone whose keys are named.
have_age() {
	type -P age age-keygen >/dev/null
}

opened() {
	age -d -i "$lab/age.key" -o "$lab/opened.pcapng" "$1"
}

refuses_in_fips_mode() {
	exits 6 env LIBGCRYPT_FORCE_FIPS_MODE=1 "$builddir/tandemd" -t -c "$lab/tandem.conf" >"$lab/answer" 2>&1 &&
		grep -q 'recipients: .*libgcrypt has no ChaCha20-Poly1305' "$lab/answer"
}

if have_age; then
	age-keygen -o "$lab/age.key" 2>/dev/null
	age-keygen -y "$lab/age.key" >"$lab/recipients"
	sed -i '/^capture-format/d; s#^mode = full#&\nrecipients = recipients#' "$lab/tandem.conf"
	check "a reload with recipients" ctl -q config reload
	check "encrypted: a call" start_talk
	check "encrypted: while it talks its file is not whole" \
		test -e "$(ctl --json call show "$call_number" | jq -r .capture).part"
	check "encrypted: its media" talk -n 100 -r 50
	check "encrypted: its end" end_talk
	encrypted=$(echo "$lab"/state/audit/*/"$(cdr | jq -r .id)")/call.pcapng.age
	check "encrypted: its file is whole" wait_for 15 test -s "$encrypted"
	check "encrypted: nothing can be read" exits 1 grep -qa 'SIP/2.0' "$encrypted"
	check "encrypted: age opens it" opened "$encrypted"
	capture=$lab/opened.pcapng
	check "encrypted: both dialogs" has_both_dialogs
	check "encrypted: media of both" has_media
	check "route replay" eval '"$builddir/tandemctl" --json route replay --current "$lab" --config "$lab" >"$lab/answer"'
	check "says that it cannot read it" jq -e '.encrypted_captures == 1 and .captured == 2' "$lab/answer"
	echo 'age1nobody' >"$lab/recipients"
	check "a reload with others that are none is refused" exits 6 ctl -q config reload
	check "-t says so too" exits 6 "$builddir/tandemd" -t -c "$lab/tandem.conf"
	age-keygen -y "$lab/age.key" >"$lab/recipients"
	check "a machine in FIPS mode: -t says that it cannot encrypt" refuses_in_fips_mode
fi

# An operator wants more than the configuration says, and keeps it.
sed -i '/^recipients/d; /^capture-format/d; s/^mode = full/mode = off/' "$lab/tandem.conf"
check "nothing is captured from now on" ctl -q config reload
check "but what an operator wants" ctl -q capture start --trunk gw --for 10m
captured_talk demanded
check "demanded: both dialogs" has_both_dialogs
check "demanded: media of both" has_media
check "it is listed" eval 'ctl --json capture list | jq -e ".demands[0].of == \"gw\" and .holds == []"'
check "it ends" ctl -q capture stop 1
check "a hold" ctl -q capture hold "$id" --reason 'a test'
check "is listed too" eval 'ctl --json capture list | jq -e ".demands == [] and .holds[0].reason == \"a test\""'
check "and released" ctl -q capture release "$id"
check "each is one line of the log" eval '(($(grep -c "event=demand" "$lab/tandem.log") == 2))'

check "all that was offered is stored" test "$(status '.audit.offered - .audit.stored')" = 0
check "nothing is held afterwards" all_released

# What lies there is what the log says.
sealed() {
	local id day name sum packets files=0
	while read -r id day name sum packets; do
		[[ $(sha256sum <"$lab/state/audit/$day/$id/$name") == "$sum  -" ]] || {
			echo "$id/$name: $sum"
			return 1
		}
		[[ $name == *.age ]] || (($(capinfos -McTr "$lab/state/audit/$day/$id/$name" | cut -f2) == packets)) || {
			echo "$id/$name: $packets packets"
			return 1
		}
		files=$((files + 1))
	done < <(jq -r 'select(.kind == "files") | .id as $id | .day as $day | .files[] | select(.state == "whole" and (.name | test("pcap"))) |
		[$id, $day, .name, .sha256, .packets] | join(" ")' "$lab/state/cdr.jsonl")
	((files == $(find "$lab/state/audit" -name 'call*.pcap*' | wc -l) && files >= 3))
}
# A call's record and the one that seals its files name the same folder.
told() {
	jq -es '[.[] | select(.kind == "files")] as $files | [.[] | select(.kind == "call" and .captured.day)] as $calls |
		($calls | length) >= 3 and
		all($calls[]; . as $call | .captured.state == "whole" and
			any($files[]; .id == $call.id and .day == $call.captured.day and .lost == 0))' "$lab/state/cdr.jsonl"
}
check "it stops" stop_tandem
check "each file is sealed, as it is" sealed
check "each record says where its capture is" told
finish
