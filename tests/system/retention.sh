#!/bin/bash
# How captures end: by the rules of their gateway, for want of room, never one that is on hold; each deletion is a record of
# the log, which stays whole and proves what was deleted. What happens when the disk of the state folder is nearly full.
here=$(cd "$(dirname "$0")" && pwd)
# A disk of its own.
if [[ -z ${RETENTION_INSIDE:-} ]] && ((EUID == 0)) && unshare --mount true 2>/dev/null; then
	RETENTION_INSIDE=yes exec unshare --mount bash "$0" "$@"
fi
. "$here/lib.sh"
. "$here/pair.sh"
[[ ${RETENTION_INSIDE:-} ]] || skip "only root can mount a disk"
need sipp jq fallocate

state() {
	echo "$lab/state"
}

# capture NUMBER: the folder of the capture of the call of that record, wherever it is.
capture() {
	echo "$(state)"/audit/*/"$(records | sed -n "$1p" | jq -r .id)"
}

is_deleted() { # ID
	local folders=("$(state)"/audit/*/"$1"*)
	((${#folders[@]} == 0)) || {
		ls -lR "${folders[@]}"
		return 1
	}
}

# deleted ID WHY RULE: the log says that it was.
deleted() {
	wait_line 20 "$(state)/cdr.jsonl" "\"kind\":\"deleted\".*\"id\":\"$1\",.*\"why\":\"$2\",\"rule\":\"$3\",\"files\":1,"
}

verify() {
	"$builddir/tandem-verify" log --key "$lab/key" --live "$(state)"
}

# used PERCENT: so much of the disk, by a file of others.
used() {
	local size has
	size=$(df --output=size -k "$(state)" | tail -1)
	rm -f "$(state)/filler"
	has=$(df --output=used -k "$(state)" | tail -1)
	fallocate -l "$((size * $1 / 100 - has))K" "$(state)/filler"
}

rewrite() { # SED-SCRIPT: the configuration, and takes it into use
	sed -i "$1" "$lab/tandem.conf"
	ctl -q config reload
}

end_lab() {
	local code=$?
	cd /
	umount -l "$lab/state"
	(exit "$code") # the status that lab_close ends with
	lab_close
}

lab_open
trap end_lab EXIT
mkdir -p "$(state)"
mount -t tmpfs -o size=64M,mode=0750 tmpfs "$(state)"
write_conf
sed -i 's/^mode = full/mode = signalling/' "$lab/tandem.conf"
write_pair
start_called
start_tandem
ctl --json cdr key | jq -r .key >"$lab/key"
for i in 1 2 3 4; do
	check "call $i" one_call
done
check "all are recorded" wait_cdrs 4
first=$(records | sed -n 1p | jq -r .id)
held=$(records | sed -n 2p | jq -r .id)
third=$(records | sed -n 3p | jq -r .id)
fourth=$(records | sed -n 4p | jq -r .id)
first_number=$(records | sed -n 1p | jq .seq)
check "it stops" stop_tandem
check "the day says whose they are" diff <(grep "^$first " "$(state)"/audit/*/trunks | sed 's/.*:// ; s/^[^ ]* //' | sort) \
	<(printf 'trunk a\ntrunk b\n')

# --- by age: two of them are old now
mv "$(state)"/audit/2* "$(state)/audit/2026-01-01"
touch -d 2026-01-02 "$(capture 1)"/call.* "$(capture 2)"/call.*
start_tandem
check "one is held" ctl -q capture hold "$held" --reason 'a lawsuit'
printf '%s\n' '[capture]' 'keep = 30d' >>"$lab/gateways.d/a.conf"
check "a gateway gets its own time" ctl -q config reload
check "the old one is deleted, and the log has it" deleted "$first" age 'trunk a keep'
check "nothing is left of it" is_deleted "$first"
check "the one on hold stays" test -s "$(capture 2)/call.pcapng"
check "the others too" test -s "$(capture 3)/call.pcapng" -a -s "$(capture 4)/call.pcapng"
check "the log of this server says so" wait_line 5 "$lab/tandem.log" "call=$first event=capture-deleted .*rule=\"trunk a keep\""
check "the log is whole" wait_for 10 verify
check "the record of its call is still proved" bash -c "
	'$builddir/tandemctl' -s '$lab/run/control.sock' cdr proof '$first_number' >'$lab/proof' &&
		'$builddir/tandem-verify' proof --key '$lab/key' --json '$lab/proof' | jq -e '.record.id == \"$first\"'"
deletion=$(grep '"kind":"deleted"' "$(state)/cdr.jsonl" | jq .seq)
check "and so is its deletion" wait_for 10 bash -c "
	'$builddir/tandemctl' -s '$lab/run/control.sock' cdr proof '$deletion' >'$lab/proof' &&
		'$builddir/tandem-verify' proof --key '$lab/key' --json '$lab/proof' |
		jq -e '.record.kind == \"deleted\" and .record.id == \"$first\" and .record.written == \"2026-01-02T00:00:00.000000Z\"'"

# --- for want of room
used 60
check "marks of the disk" rewrite 's/^mode = signalling/&\ndisk-low = 50%\ndisk-critical = 20%/'
check "it is low" wait_line 10 "$lab/tandem.log" 'audit event=disk-low'
check "a young one is deleted" deleted "$third" disk '\[audit\] disk-low'
check "and the next one" deleted "$fourth" disk '\[audit\] disk-low'
check "but not the one on hold" test -s "$(capture 2)/call.pcapng"
check "calls are still captured" one_call
check "recorded" wait_cdrs 5
check "in a file" wait_for 5 test -s "$(capture 5)/call.pcapng"

used 85
check "it is critical" wait_line 10 "$lab/tandem.log" 'audit event=disk-critical'
check "status says so" status_is .audit.disk critical
check "so do metrics" bash -c "'$builddir/tandemctl' -s '$lab/run/control.sock' metrics | grep -qx 'tandem_audit_disk_critical 1'"
check "a call is taken" one_call
check "recorded" wait_cdrs 6
check "it has no capture" test ! -e "$(capture 6)"
check "which the log says" wait_line 10 "$(state)/cdr.jsonl" '"kind":"gap".*"what":"calls","count":1,.*"why":"disk-critical"'
check "required" rewrite 's/^mode = signalling/&\nrequired = yes/'
check "no call is taken" exits 1 one_call
check "for that reason" wait_line 10 "$(state)/cdr.jsonl" '"kind":"refused".*"reason":"audit"'
used 10
check "room again" wait_line 10 "$lab/tandem.log" 'audit event=disk-good'
check "a call" one_call
check "recorded" wait_cdrs 7
check "and captured" wait_for 5 test -s "$(capture 7)/call.pcapng"
check "the log is whole" wait_for 10 verify
check "it stops" stop_tandem
printf '{"type": "array", "items": {"$ref": "file://%s/src/admin/schema/record.json"}}' "$srcdir" >"$lab/records.schema"
jq -s . "$(state)/cdr.jsonl" >"$lab/records.json"
check "each record is as its schema says" python3 "$srcdir/tests/system/schema_check.py" \
	"$lab/records.schema" "$lab/records.json"
finish
