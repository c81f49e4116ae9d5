#!/bin/bash
# The configuration as tandemctl shows and takes it: what is in force and from where, what a reload would
# change, a reload on trial; and what an operator sets beside it, over restarts.
. "$(dirname "$0")/lib.sh"

state_is() { # STATE
	status_is .configuration.state "$1"
}

lab_open
write_conf
write_gateway 'profile = generic-udp' 'tls = no' "port = $port_gw"
start_tandem

check "trunk config: a key of the file with its line" \
	prints "^port +$port_gw +$lab/gateways.d/gw.conf:7" ctl trunk config gw
check "a key of a profile" prints 'profile generic-udp, .*generic-udp.conf:[0-9]+' \
	ctl trunk config gw
check "a key that is inherited" prints "^trust .*\[external\], $lab/tandem.conf:[0-9]+" \
	ctl trunk config gw
check "a default" prints '^priority +10 +default' ctl trunk config gw
check "server config" prints "^host +pbx1.example.test +$lab/tandem.conf:[0-9]+" \
	ctl server config pbx1
check "one that is not there: exit code 4" exits 4 ctl trunk config nobody

check "config diff: no difference" exits 0 ctl config diff
write_gateway 'profile = generic-udp' 'tls = no' "port = $port_gw" 'priority = 3'
check "config diff: some" exits 1 ctl config diff
check "config diff says what" prints '^  \+ priority = 3  ' ctl config diff
check "trunk config tells what is in force" prints '^priority +10 +default' \
	ctl trunk config gw
check "and that the file says something else" prints 'files have changed since' \
	ctl trunk config gw
conf_media=("workers = 1")
write_conf
check "what needs a restart" prints '=> workers: needs a restart' ctl config diff
echo 'nonsense = 1' >>"$lab/gateways.d/gw.conf"
check "config diff: mistakes are told as by config check" \
	prints 'gw.conf:9:1: error: "nonsense": unknown key' ctl config diff
check "with its exit code" exits 6 ctl config diff
write_gateway 'profile = generic-udp' 'tls = no' "port = $port_gw" 'priority = 3'

check "config confirm without a trial" exits 1 ctl config confirm
check "a time that is none" exits 2 ctl config reload --confirm soon
check "config reload --confirm" ctl -q config reload --confirm 5s
check "it is on trial" state_is "on trial"
check "with the new value" prints '^priority +3 ' ctl trunk config gw
check "nobody confirms: what was before comes back" wait_for 15 state_is returned
check "by itself" prints '^priority +10 +default' ctl trunk config gw
check "the log says so" has_lines "$lab/tandem.log" 'config event=returned' 1
check "the files are as they were left" prints '^  \+ priority = 3' ctl config diff
check "too late" prints 'it is too late' ctl config confirm
check "config reload --confirm once more" ctl -q config reload --confirm 1h
check "a reload meanwhile is on trial too" prints 'waits for tandemctl config confirm' \
	ctl config reload
check "config confirm" ctl -q config confirm
check "it stays" state_is "in force"
check "what is in force is what the files say" exits 0 ctl config diff

check "trunk drain, with a reason" prints 'drain reason +new cables' \
	ctl trunk drain gw --reason 'new cables'
check "trunk list has the reason" prints '^gw +drained .* new cables' ctl trunk list
check "server drain" ctl -q server drain pbx1
check "a reason without its text is refused" exits 2 ctl trunk drain gw --reason
stop "$tandem_pid"
start_tandem
check "after a restart it is drained still" \
	test "$(ctl --json trunk show gw | jq -r '.state, .drain_reason' | paste -sd ' ')" = \
	'drained new cables'
check "the log says so at the start" has_lines "$lab/tandem.log" \
	'trunk=gw event=still-drained .* reason="new cables"' 1
check "the server too" prints '^pbx1 +drained ' ctl server list
check "trunk resume" ctl -q trunk resume gw
check "server resume" ctl -q server resume pbx1
stop "$tandem_pid"
start_tandem
check "after a restart it takes calls" prints '^gw +ready ' ctl trunk list
check "no limit is called unlimited" prints ' unlimited ' ctl trunk list
check "counters reset" prints 'reset +trunk gw' ctl counters reset gw
check "of one that is not there: exit code 4" exits 4 ctl counters reset nobody
finish
