#!/bin/bash
# Operators ask for records and captures while the disk hangs. They wait, and nobody else does: calls come, go on and end. Who asks too
# much is told that the disk does not answer. When it does again, they have their answers. A stop waits for none of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.sh"
need sipp
[[ -z ${TANDEM_SANITIZER:-} ]] || skip "a library before all others and sanitizers do not go together"

# disk KIND [PART]: from now on it is so; see tests/tools/faultdisk.c.
disk() {
	{
		printf '%-64s' "$1 0 ${2:-/} "
		head -c 4032 /dev/zero
	} >"$lab/fault.new"
	dd if="$lab/fault.new" of="$lab/fault" bs=4096 conv=notrunc status=none
}

is_held() {
	[[ -n $(dd if="$lab/fault" bs=1 skip=64 count=16 status=none | tr -d '\0') ]]
}

# asks NAME WORD...: somebody asks; what he hears is $lab/NAME.heard, and the exit code $lab/NAME.code.
declare -A asking
asks() {
	local name=$1
	rm -f "$lab/$name.code"
	(
		ctl --json "${@:2}" >"$lab/$name.heard" 2>&1
		echo $? >"$lab/$name.code"
	) &
	asking[$name]=$!
	pids+=($!)
}

waits_still() { # NAME...
	local name
	for name; do
		[[ ! -e $lab/$name.code ]] || {
			echo "$name: $(cat "$lab/$name.code" "$lab/$name.heard")"
			return 1
		}
	done
}

is_answered() { # NAME CODE
	wait_for 20 test -s "$lab/$1.code" && [[ $(<"$lab/$1.code") == "$2" ]] || {
		cat "$lab/$1.code" "$lab/$1.heard"
		return 1
	}
}

hears() { # NAME CONDITION: of jq.
	is_answered "$1" 0 && jq -e "$2" "$lab/$1.heard" >/dev/null || {
		head -c 2000 "$lab/$1.heard"
		return 1
	}
}

# Those that are under way, of tandemd.
threads_named() { # NAME
	cat "/proc/$tandem_pid"/task/*/comm 2>/dev/null | grep -c "^$1\$"
}

has_threads() { # NAME COUNT
	[[ $(threads_named "$1") == "$2" ]]
}

short_call() {
	one_call -d 50 || {
		tail -5 "$lab/one-call.log"
		return 1
	}
}

start_with_disk() {
	export FAULTDISK_BELOW=$lab/state FAULTDISK_CONTROL=$lab/fault
	LD_PRELOAD=$tools/faultdisk.so start_tandem
	unset FAULTDISK_BELOW FAULTDISK_CONTROL
}

is_refused() { # PATTERN WORD...
	local said
	said=$(ctl "${@:2}" 2>&1) && return 1
	[[ $said =~ $1 ]] || {
		echo "$said"
		return 1
	}
}

lab_open
truncate -s 4096 "$lab/fault"
disk none
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
caller_host=127.0.0.3 # gw is at the usual place
write_pair
start_tandem
start_called
check "a call, whose files are closed" short_call
check "it ends" wait_cdrs 1
id=$(cdr | jq -r .id)
check "a stop closes them" stop_tandem
start_with_disk
wait_for 10 eval '(($(status .index.records) > 0))'
(cd "$lab" && exec sipp "127.0.0.1:$port_external" -sn uac -s +49403123 -i "$caller_host" -p $((port_spare + 6)) \
	-mp $((port_phone_media + 80)) -m 1 -nostdin -d 600000 -timeout 900) >"$lab/standing.log" 2>&1 </dev/null &
pids+=($!)
check "one that stands" wait_for 10 status_is .calls.answered 1
standing=$(ctl --json call list | jq -r '.calls[0].id')

# --- it hangs

disk hang
asks tail cdr tail
asks list cdr list
asks figures cdr report
asks holds capture list
asks ended call show "$id"
asks stands call show "$standing"
asks bundle capture export "$id" --to "$lab/bundle"
asks protection report protection
for name in tail list show; do
	check "it hangs: $name waits for it" wait_for 10 eval "((\$(threads_named $name) > 0))"
done
check "it hangs: so does who wants the bundle" wait_for 10 has_threads export 1
check "a call that comes meanwhile" short_call
check "and one more" short_call
check "the one that stands is there still" status_is .calls.answered 1
check "who asks of other things is answered" ctl -q trunk list
check "the others wait" waits_still tail list figures holds ended stands bundle protection
check "a fifth list is refused" is_refused 'lists are being made' cdr tail
check "and a third report" is_refused 'reports, proofs and bundles' cdr proof "$id"
check "audit says that it hangs" wait_for 10 status_is .audit.stalled true

# --- who goes away

kill "$(pgrep -P "${asking[tail]}" -x tandemctl)"
check "who goes away is gone" wait_for 10 test -s "$lab/tail.code"
check "the server knows" wait_for 10 is_refused 'the disk does not answer: 1 that .* since 20' cdr tail
check "a call that comes then" short_call

# --- it answers again

disk none
check "the list has the call" hears list '[.rows[].id] | index("'"$id"'") != null'
check "figures are there" hears figures '.rows | length > 0'
check "holds are there" hears holds '.holds == []'
check "the call is shown" hears ended '.id == "'"$id"'" and .state == "ended" and .ladder.source == "capture"'
check "the one that stands is shown" hears stands '.id == "'"$standing"'" and .ladder.source == "capture"'
check "the report is made" hears protection '.rows | length > 0'
check "the bundle is whole" eval 'is_answered bundle 0 && (cd "$lab/bundle" && sha256sum --quiet -c SHA256SUMS)'
check "there is room again" wait_for 10 ctl -q cdr tail
check "every call has its record" wait_cdrs 4
check "audit goes on" wait_for 15 status_is .audit.stalled false

# --- a stop

disk hang "/$id/"
asks ended call show "$id"
check "one that reads a capture waits" wait_for 10 is_held
ctl -q shutdown
check "a stop does not wait for it" wait_for 20 is_gone "$tandem_pid"
check "who asked is told" wait_for 10 test -s "$lab/ended.code"
disk none
check "it ended well" wait "$tandem_pid"
finish
