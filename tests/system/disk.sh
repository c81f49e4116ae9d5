#!/bin/bash
# The disk that records and captures go to has faults while calls stand: it is full, it fails, it is slow, it gets
# read-only, folders are removed and replaced, links are planted. Each is told, and how soon is printed; the calls go on,
# files end on a whole block, what was lost is declared in record, log and metrics, and when the disk is back all goes on
# without a restart, and is verified. As root with a small file system that really gets full.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.sh"
# shellcheck source=tests/system/talk.sh
. "$(dirname "$0")/talk.sh"
need sipp kamailio capinfos python3
[[ -z ${TANDEM_SANITIZER:-} ]] || skip "a library before all others and sanitizers do not go together"
if [[ -z ${DISK_INSIDE:-} ]] && ((EUID == 0)) && unshare --mount true 2>/dev/null; then
	DISK_INSIDE=yes exec unshare --mount bash "$0" "$@"
fi

# --- the disk

# disk KIND [MS [PART]]: from now on it is so; see tests/tools/faultdisk.c.
disk() {
	log_from=$(lines "$lab/tandem.log" .)
	{
		printf '%-64s' "$1 ${2:-0} ${3:-/} "
		head -c 4032 /dev/zero
	} >"$lab/fault.new"
	dd if="$lab/fault.new" of="$lab/fault" bs=4096 conv=notrunc status=none
}

# When the first call failed since then, us.
failed_at() {
	dd if="$lab/fault" bs=1 skip=64 count=16 status=none | tr -d '\0'
}

# said PATTERN: a line since the fault has it. Sets said_us, when it was written.
said() {
	local line
	line=$(tail -n "+$((log_from + 1))" "$lab/tandem.log" | grep -m1 -E -e "$1") || return 1
	said_us=$(date -d "${line%% *}" +%s%6N)
}

# Told after the first failure, and how soon.
told_latest_ms=0
told_soon() {
	local from ms
	wait_for 10 said "$1" || {
		tail -n "+$((log_from + 1))" "$lab/tandem.log"
		return 1
	}
	from=$(failed_at)
	ms=$(((said_us - ${from:-$said_us}) / 1000))
	((ms <= told_latest_ms)) || told_latest_ms=$ms
	[[ -n $from ]]
}

metric() { # NAME
	ctl metrics | sed -n "s/^tandem_$1 //p"
}

metric_is() { # NAME VALUE
	[[ $(metric "$1") == "$2" ]]
}

is_drained() { # SERVER
	[[ $(ctl --json server show "$1" | jq -r .state) == drained ]]
}

# --- calls

# Both speak, until end_speech.
begin_speech() {
	exec {speech}> >(exec "$tools/rtptalk" -n 200000 -r 50 "${ends[@]}" >"$lab/talk.json" 2>"$lab/talk.log")
	speech_pid=$!
}

heard_now() { # without its capture, which is on the disk
	ctl --json call show "$call_number" --brief | jq -e '[.internal.tx_packets, .external.tx_packets] | min'
}

has_heard() { # COUNT
	local count
	count=$(heard_now) && ((count >= $1))
}

# Both hear more of what is said.
is_heard() {
	local count
	count=$(heard_now) && wait_for 10 has_heard $((count + 25))
}

# All that was said was heard, from the first packet to the last one.
all_was_heard() {
	echo stop >&"$speech"
	wait_for 10 is_gone "$speech_pid"
	jq -e '.a.received > 100 and .a.received == .b.up.in and .b.received == .a.up.in' "$lab/talk.json" || {
		cat "$lab/talk.json" "$lab/talk.log"
		return 1
	}
}

# A short call from one gateway to the other.
short_call() { # OPTION...
	one_call -d 50 -timeout 30 -trace_msg -message_file short.messages "$@"
}

refused() {
	! short_call && grep -q 'SIP/2.0 503' "$lab/short.messages" || {
		tail -5 "$lab/one-call.log"
		return 1
	}
}

# --- what must hold

# Nothing is cut: capinfos reads the file to its end.
ends_on_a_block() { # FILE...
	local file
	(($# > 0)) || return
	for file; do
		capinfos -c "$file" >"$lab/capinfos" 2>&1 && ! grep -q 'cut short\|damaged\|corrupt' "$lab/capinfos" || {
			cat "$lab/capinfos"
			return 1
		}
	done
}

is_whole() {
	local files=("$lab"/state/audit/*/"$call_id"/call.pcapng)
	ends_on_a_block "${files[@]}"
}

# offered = stored + lost, but for what is said in the half second for which media is gathered.
is_accounted() {
	jq -e '.audit | .offered - .stored - .lost | . >= 0 and . <= 100' <(ctl --json status)
}

gaps() { # WHAT: how much the log declares to be lost.
	cat "$lab"/state/cdr.jsonl.1 "$lab"/state/cdr.jsonl 2>/dev/null |
		jq -s --arg what "$1" '[.[] | select(.kind == "gap" and .what == $what).count] | add // 0'
}

gaps_are_declared() {
	[[ $(gaps capture) == $(status .audit.lost) && $(metric audit_lost_total) == $(status .audit.lost) ]] || {
		echo "declared $(gaps capture), lost $(status .audit.lost)"
		return 1
	}
}

verified() {
	"$builddir/tandem-verify" log --key "$lab/key" --live "$lab/state"
}

# Each call that ended has one record: all that began but the one that stands.
each_has_its_record() {
	local begun
	begun=$(lines "$lab/tandem.log" 'event=begin')
	grep -h "$call_record" "$lab"/state/cdr.jsonl | jq -r .id | sort >"$lab/ids"
	[[ $(wc -l <"$lab/ids") == $((begun - 1)) && -z $(uniq -d "$lab/ids") ]] || {
		echo "$begun began, $(wc -l <"$lab/ids") records"
		return 1
	}
}

# Once all is well again: what was lost is declared, and nothing else is missing.
is_good() { # NAME
	check "$1: calls are heard still" is_heard
	check "$1: offered is stored or lost" wait_for 10 is_accounted
	check "$1: what was lost is a record" wait_for 10 gaps_are_declared
	check "$1: the call's file is whole" is_whole
	check "$1: every call has its record" wait_for 10 each_has_its_record
	check "$1: the log is verified" wait_for 10 verified
}

recovers() { # NAME
	check "$1: it recovers by itself" wait_for 15 said 'event=recovered'
	check "$1: and says so" wait_for 5 status_is .audit.failing false
	is_good "$1"
}

# fault NAME KIND [MS [PART]]: a fault, and its end.
fault() {
	local name=$1
	disk "${@:2}"
	check "$name: the call is heard" is_heard
	check "$name: a call that comes meanwhile" short_call
	check "$name: told" told_soon 'event=failing'
	check "$name: status says so" status_is .audit.failing true
	check "$name: and the metrics" metric_is audit_failing 1
	check "$name: the call's file ends on a whole block" is_whole
	check "$name: the standing one is heard" is_heard
	disk none
	recovers "$name"
}

# stall NAME KIND MS: the disk takes its time, and loses nothing.
stall() {
	local name=$1 lost
	lost=$(status .audit.lost)
	check "$name: a call that ended before" short_call
	disk "${@:2}"
	check "$name: a call before anybody knows" short_call
	check "$name: told" told_soon 'event=stalled'
	check "$name: the call is heard" is_heard
	check "$name: status says so" status_is .audit.stalled true
	check "$name: and the metrics" metric_is audit_stalled 1
	check "$name: a call that comes meanwhile" short_call
	check "$name: the standing one is heard" is_heard
	disk none
	check "$name: it goes on by itself" wait_for 15 said 'event=goes-on'
	is_good "$name"
	check "$name: nothing was lost" status_is .audit.lost "$lost"
}

# planted NAME WHERE COMMAND: COMMAND has put something into the place of the file or folder WHERE, which was moved away.
# Nothing is written to $lab/state/victim.
plant() { # WHERE COMMAND...
	"${@:2}" "$lab/state/aside"
	exchange "$lab/state/aside" "$lab/state/$1"
}

pulled() { # WHERE
	exchange "$lab/state/aside" "$lab/state/$1"
	rm -rf "${lab:?}/state/aside"
}

# exchange A B: each has the other's name, and at no moment neither; or what is written meanwhile is made anew.
exchange() {
	python3 -c 'import ctypes, os, sys
a, b = map(os.fsencode, sys.argv[1:])
sys.exit(ctypes.CDLL(None).renameat2(-100, a, -100, b, 2) != 0)' "$@"
}

is_partial_tile() {
	compgen -G "$lab/state/log/tile/0/*.p" >/dev/null
}

is_harmless() {
	[[ $(<"$lab/state/victim") == 'nobody writes here' && $(echo "$lab/state/folder"/*) == "$lab/state/folder/file" ]] || {
		head -c 300 "$lab/state/victim"
		ls "$lab/state/folder"
		return 1
	}
}

# The kinds of what may stand at a name, and how it is put there.
kinds=(link fifo folder second)
((EUID != 0)) || kinds+=(device)
put_link() { ln -s "$lab/state/victim" "$1"; }
put_fifo() { mkfifo "$1"; }
put_folder() { mkdir "$1"; }
put_second() { ln "$lab/state/victim" "$1"; }
put_device() { mknod "$1" c 1 3; }

lab_open
[[ -z ${DISK_INSIDE:-} ]] || mount -t tmpfs -o size=96m,mode=0755 tmpfs "$lab/state"
truncate -s 4096 "$lab/fault"
disk none
port_sipp_server=$((port_spare + 4))
port_front=$((port_spare + 2))
port_server_media=$((port_spare + 10))
port_gateway_media=$((port_spare + 14))
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
caller_host=127.0.0.3 # gw is at the usual place
write_pair
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
export FAULTDISK_BELOW=$lab/state FAULTDISK_CONTROL=$lab/fault
LD_PRELOAD=$tools/faultdisk.so start_tandem
unset FAULTDISK_BELOW FAULTDISK_CONTROL
cp "$lab/state/log/key" "$lab/key"
start_called
talk_most=900 check "a call stands" start_talk
call_id=$(ctl --json call show "$call_number" | jq -r .id)
begin_speech
check "it is heard" is_heard
check "a short one" short_call
check "nothing is lost without a fault" eval 'wait_for 10 is_accounted && status_is .audit.lost 0'

# --- what the kernel says

fault "full" full
fault "EIO" eio
fault "read-only" readonly
fault "little room" short
fault "EIO of captures" eio 0 /audit/
fault "EIO of records" eio 0 /cdr.jsonl
fault "EIO of a sync" sync 0 /cdr.jsonl
fault "EIO of what is read" read 0 /cdr.jsonl
fault "EIO of the log" eio 0 /log/
fault "full for the log" full 0 /log/

fill() {
	! head -c 1G /dev/zero >"$lab/state/filler" 2>/dev/null
}
if [[ -n ${DISK_INSIDE:-} ]]; then
	disk none
	check "a file system gets full" fill
	check "a full one: told" wait_for 10 said 'event=failing .*No space left'
	check "a full one: the call is heard" is_heard
	check "a full one: a call that comes meanwhile" short_call
	check "a full one: the file ends on a whole block" is_whole
	rm "$lab/state/filler"
	recovers "a full one"
else
	echo "unchecked: a file system that gets full wants root"
fi

# --- it does not answer

stall "hangs" hang
stall "slow" slow 700
stall "slow syncs" slowsync 900

# More than the queue holds.
disk hang
ctl server drain pbx1 >"$lab/drain.log" 2>&1 &
drain_pid=$!
check "it hangs: told" wait_for 10 said 'event=stalled'
check "a drain while it hangs: in force" wait_for 10 is_drained pbx1
check "a flood while it hangs" short_call -m 1500 -r 300 -d 0
check "a drain while it hangs: not answered" kill -0 "$drain_pid"
check "a flood: the call is heard" is_heard
check "a flood: captures are lost" eval '(($(status .audit.lost) > 0))'
check "a flood: status says so" status_is .audit.behind true
disk none
check "a drain while it hung: answered" wait "$drain_pid"
check "a drain while it hung: written" grep -q pbx1 "$lab/state/drains.json"
check "a drain while it hung: undone" ctl -q server resume pbx1
check "a flood: it is told" wait_for 10 said 'event=behind'
check "a flood: all that waited is stored" wait_for 20 said 'event=caught-up'
is_good "a flood"
check "a flood: every file is whole" ends_on_a_block "$lab"/state/audit/*/*/call.pcapng

# --- folders

disk none
rm -rf "$lab/state/audit" 2>/dev/null # what comes meanwhile is made anew in it
check "the folder of captures is removed: the call is heard" is_heard
check "the folder of captures is removed: told" wait_for 10 said 'event=(failing|folder-replaced)'
check "the folder of captures is removed: captures go on" wait_for 10 is_whole
is_good "the folder of captures is removed"

disk none
mv "$lab/state/audit" "$lab/state/audit.old"
mkdir "$lab/state/audit"
check "it is replaced: told" wait_for 10 said 'event=folder-replaced'
check "it is replaced: captures go there" wait_for 10 is_whole
is_good "it is replaced"

disk none
rm -rf "$lab/state/log"
check "the log is removed: told" wait_for 10 said 'event=log-made-anew'
check "the log is removed: a call" short_call
is_good "the log is removed"
cp -a "$lab/state/log" "$lab/copy"
rm -rf "$lab/state/log"
mv "$lab/copy" "$lab/state/log"
check "the log is replaced by its copy: a call" short_call
is_good "the log is replaced by its copy"

# --- what others plant

echo 'nobody writes here' >"$lab/state/victim"
mkdir "$lab/state/folder"
touch "$lab/state/folder/file"
for kind in "${kinds[@]}"; do
	disk none
	plant cdr.jsonl "put_$kind"
	check "a $kind for the records: told" wait_for 10 said 'event=failing what=cdr'
	check "a $kind for the records: a call" short_call
	pulled cdr.jsonl
	recovers "a $kind for the records"

	disk none
	plant log/checkpoint "put_$kind"
	check "a $kind for the checkpoint: a call" short_call
	[[ $kind != folder ]] || {
		check "a $kind for the checkpoint: told" wait_for 10 said 'event=failing what=log'
		pulled log/checkpoint
	}
	rm -rf "$lab/state/aside"
	is_good "a $kind for the checkpoint"

	disk none
	plant audit/open.log "put_$kind"
	rm "$lab/state/aside"
	check "a $kind for the open files: a call" short_call
	[[ $kind != folder ]] || {
		check "a $kind for the open files: told" wait_for 10 said 'event=failing what=capture'
		rmdir "$lab/state/audit/open.log"
	}
	is_good "a $kind for the open files"

	# behind a tile that is whole the next one begins with the next record
	is_partial_tile || check "a $kind for a tile: one begins" eval 'short_call && wait_for 5 is_partial_tile'
	width=$(ls "$lab"/state/log/tile/0/*.p/ | sort -n | tail -1)
	tiles=$(echo "$lab"/state/log/tile/0/*.p)
	for ((i = width + 1; i < width + 30 && i < 256; i++)); do
		"put_$kind" "$tiles/$i" 2>/dev/null
	done
	check "a $kind for a tile: a call" short_call
	[[ $kind != folder ]] || rmdir "$tiles"/* 2>/dev/null
	is_good "a $kind for a tile"
	check "a $kind: nothing is written to what it is of" is_harmless
done

next_id() {
	printf '%s-%06x' "${call_id%-*}" $(($(status .calls.started) + 1))
}
day=$(dirname "$(dirname "$(capture_of "$call_id")")")
disk none
ln -s "$lab/state/folder" "$day/$(next_id)"
check "a link for a call's folder: the call" short_call
check "a link for a call's folder: told" wait_for 5 said 'event=capture-refused'
is_good "a link for a call's folder"
for kind in "${kinds[@]}"; do
	disk none
	folder=$day/$(next_id)
	mkdir "$folder"
	"put_$kind" "$folder/call.pcapng"
	check "a $kind for a capture: the call" short_call
	check "a $kind for a capture: it has another name" wait_for 5 eval 'ends_on_a_block "$folder"/call?2.pcapng'
	is_good "a $kind for a capture"
done
check "nothing is written to what they are of" is_harmless

# --- where audit is required

sed -i 's/^mode = full/&\nrequired = yes/' "$lab/tandem.conf"
check "audit is required from now on" ctl -q config reload
for kind in full eio readonly sync hang; do
	disk $kind
	# a sync is due when there is a record
	[[ $kind != sync ]] || check "required, $kind: not known yet" short_call
	check "required, $kind: told" wait_for 10 said 'event=(failing|stalled)'
	check "required, $kind: no call is taken" refused
	check "required, $kind: the standing one is heard" is_heard
	disk none
	check "required, $kind: calls are taken again" wait_for 15 short_call
	is_good "required, $kind"
done

check "all that was said through all of it was heard" all_was_heard
check "the call ends" end_talk
check "all that was offered is stored or lost" wait_for 10 status_is '.audit | .offered == .stored + .lost' true
check "nothing is held afterwards" all_released
check "it stops" stop_tandem
check "all of it is verified" "$builddir/tandem-verify" log --key "$lab/key" "$lab/state"

# --- what is planted before a start

for kind in "${kinds[@]}"; do
	rm -rf "$lab/state/standing"
	"put_$kind" "$lab/state/standing"
	start_tandem
	check "a $kind for the standing calls: told" grep -q 'event=standing-unusable' "$lab/tandem.log"
	check "a $kind for the standing calls: a call" short_call
	check "it stops" stop_tandem
	sed -i 's/event=standing-unusable/event=standing-unusable-before/' "$lab/tandem.log"
done
check "nothing was written to what they are of" is_harmless
[[ -z ${DISK_INSIDE:-} ]] || umount "$lab/state"
echo "the latest fault was told $told_latest_ms ms after it"
finish
