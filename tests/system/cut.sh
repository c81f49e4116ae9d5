#!/bin/bash
# A far end behind a cable that is cut: in a network namespace of its own, at the other end of a pair of virtual
# interfaces. What is sent to it vanishes; no RST and no ICMP error says so. A call goes on to the second
# gateway, the next one passes the first over, and when the cable is back it is used again. Needs root.
. "$(dirname "$0")/lib.sh"
need sipp kamailio ip nsenter unshare

# Addresses for documentation (RFC 5737), on the pair alone.
loopback=198.51.100.1
loopback_uri=$loopback
far=198.51.100.2
far_mac=02:00:00:00:00:02
near=near

# A namespace, held by a process that waits for a line that never comes.
open_far() {
	coproc holder { exec unshare -n cat; }
	# shellcheck disable=SC2154 # of coproc
	far_pid=$holder_PID
	pids+=("$far_pid")
	wait_for 5 is_apart "$far_pid" || return 1
	far_in="nsenter -t $far_pid -n"
}

is_apart() { # PID: its network is not ours
	local net
	net=$(readlink "/proc/$1/ns/net") && [[ $net != "$(readlink /proc/self/ns/net)" ]]
}

# Who knows the hardware address need not ask for it, and so hears nothing of a cut.
lay_cable() {
	ip link add "$near" type veth peer name far address "$far_mac" netns "$far_pid" &&
		ip address add "$loopback/30" dev "$near" && ip link set "$near" up &&
		$far_in ip address add "$far/30" dev far && $far_in ip link set far up &&
		$far_in ip link set lo up &&
		ip neighbour replace "$far" dev "$near" lladdr "$far_mac" nud permanent
}

cut() { $far_in ip link set far down; }
mend() { $far_in ip link set far up; }

# write_trunk NAME PORT 'KEY = VALUE'...
write_trunk() {
	printf '%s\n' '[gateway]' "port = $2" 'options-ping = 1m' "${@:3}" >"$lab/gateways.d/$1.conf"
}

# went ID=STATUS...: the attempts of the last call; "skipped" is one that was passed over.
went() {
	local got
	got=$(cdr | jq -r '[.attempts[] | "\(.target)=\(if .address then .status else "skipped" end)"] | join(" ")')
	[[ $got == "$*" ]] || {
		echo "it went: $got"
		return 1
	}
}

# goes_first ID: a call would be sent there now.
goes_first() {
	ctl --json route test +4930222222 --via server pbx1 |
		jq -e --arg id "$1" '.targets[0] | .id == $id and .obstacle == null'
}

state_is() { # STATE: of the address behind the cable, by the last line that says so
	local state
	state=$(sed -n 's/.* trunk=cut event=health .* state=\([a-z]*\) .*/\1/p' "$lab/tandem.log" | tail -n 1)
	[[ $state == "$1" ]] || {
		echo "it is $state"
		return 1
	}
}

records=0
busy() { # NAME ID=STATUS...: a call that a far end refuses in the end, and how it got there
	local name=$1
	shift
	code=486 start_sipp caller uac-refused+srtp u1 "$port_sipp_server" "$port_front"
	check "$name: the caller hears 486" wait_sipp caller
	records=$((records + 1))
	check "$name: its record" wait_cdrs $records
	check "$name: $*" went "$@"
}

# passes KIND: the cable is cut and mended.
passes() {
	local kind=$1
	busy "$kind, before" cut=486
	check "$kind: the cable is cut" cut
	busy "$kind, cut" cut=0 spare=486
	check "$kind, cut: it was silent, and no error said so" bash -c \
		"grep -q 'nothing heard in time' <<<'$(cdr | jq -r '.attempts[0].reason')'"
	check "$kind, cut: it is down" state_is down
	busy "$kind, the next call" cut=skipped spare=486
	check "$kind: the cable is mended" mend
	check "$kind, mended: it is up by itself" wait_for 60 state_is up
	check "$kind, mended: calls would go there" goes_first cut
	busy "$kind, mended" cut=486
}

[[ $(id -u) == 0 ]] || skip "a network namespace needs root"
# This end has a namespace of its own too: the machine's network is left alone.
if [[ -z ${cut_apart-} ]]; then
	unshare -n true 2>/dev/null || skip "no network namespace can be made here"
	cut_apart=yes exec unshare -n "$0"
fi
ip link set lo up
# before the lab: *.example.test and the server are at the near end
open_far 2>/dev/null || skip "no network namespace can be made here"
lay_cable 2>/dev/null || skip "no virtual interfaces can be made here"
lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_far=$((port_spare + 4))
port_far_tls=$((port_spare + 6))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
# Who is down is passed over until he has answered OPTIONS, however long that takes.
write_trunk cut "$port_far" "host = $far" 'tls = no' 'transport = udp' 'priority = 1' 'down-after = 1'
write_trunk spare "$port_gw" 'host = gw1.example.test' 'tls = no' 'transport = udp' 'priority = 2'
start_front front-pbx1 "$port_pbx" "$port_front" "sip:$loopback:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
far_end='if (is_method("OPTIONS")) {
	sl_send_reply("200", "OK");
	exit;
}
if (is_method("INVITE")) {
	sl_send_reply("486", "Busy Here");
	exit;
}'
front_request=$far_end start_front spare $((port_spare + 8)) "$port_gw" "sip:$loopback:9" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
front_in=$far_in front_request=$far_end loopback=$far loopback_uri=$far start_front far \
	"$port_far_tls" "$port_far" "sip:$far:9" "$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
start_tandem

passes UDP

# Over a connection, which nobody closes.
write_trunk cut "$port_far_tls" "host = $far" 'tls = yes' 'names = gw1.example.test' 'priority = 1' 'down-after = 1'
check "TLS: reload" ctl -q config reload
passes TLS
check "nothing is held afterwards" all_released
finish
