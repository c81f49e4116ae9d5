#!/bin/bash
# Bundles of calls: what `capture export` gives is checked by tandem-verify, and by what its own README says, in a root that has
# nothing but openssl, coreutils and a shell. Bundles that were changed are found, by a seed (SEED, MUTATIONS).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/talk.sh
. "$(dirname "$0")/talk.sh"
need sipp kamailio openssl jq xxd

verify() { # WORD...
	"$builddir/tandem-verify" bundle --key "$lab/key" "$@"
}

# export NAME WORD...: the bundle $lab/NAME of the call $id.
export_to() {
	local name=$1
	shift
	ctl -q capture export "$id" --to "$lab/$name" "$@"
}

absent() { # NAME: nothing has that name, or begins with it
	test -z "$(find "$lab" -maxdepth 1 -name "$1*")"
}

# A call with media, whose files are closed: the server is stopped and begun.
sealed_talk() {
	check "$1: a call" start_talk
	check "$1: its media" talk -n 30 -r 50
	check "$1: its end" end_talk
	id=$(cdr | jq -r .id)
}

restart() {
	check "it stops" stop_tandem
	start_tandem
}

result_is() { # BUNDLE FILTER
	verify --json "$lab/$1" >"$lab/result.json"
	jq -e "$2" "$lab/result.json" >/dev/null || {
		cat "$lab/result.json"
		return 1
	}
}

open_talks
sealed_talk clear
check "files that are not closed yet: exit code 1" exits 1 export_to early
check "and nothing is left of it" absent early
restart
ctl --json cdr key | jq -r .key >"$lab/key"

# --- all of it

check "a bundle" export_to all --for 'carrier A'
check "is verified" result_is all '.verified and .for == "carrier A" and .call == "'"$id"'" and .files == 2 and
	.records == 3 and .masked == 0 and .withheld == 0 and .shown > 100'
check "it has the capture" cmp "$lab/all/call.pcapng" "$(capture_of "$id")"
check "and what the far end proved itself by" test "$(openssl x509 -noout -fingerprint -in "$lab/all/call.certs.pem")" = \
	"$(openssl x509 -noout -fingerprint -in "$lab/certs/pbx1.pem")"
check "whose it is" grep -qx 'leg b, server pbx1' "$lab/all/call.certs.pem"
check "and the record, as it is" grep -qxF "$(<"$lab/all/call.json")" "$lab/state/cdr.jsonl"
check "who got it is in the log" jq -se '.[] | select(.kind == "export") | .for == "carrier A" and .id == "'"$id"'" and
	(.who | startswith("uid ")) and .only_sip == false' "$lab/state/cdr.jsonl"
check "and who asked" wait_line 10 "$lab/state/cdr.jsonl" '"noun":"capture","verb":"export".*"--for","carrier A".*"code":0'
check "a second one there is refused" exits 1 export_to all
check "an archive" export_to all.tar --for 'carrier A'
check "is verified" verify -q "$lab/all.tar"
check "tar(1) extracts it" tar -xf "$lab/all.tar" -C "$lab" --transform 's#^all#extracted#'
check "and it is verified" verify -q "$lab/extracted"
check "no such call: exit code 4" exits 4 ctl -q capture export ffff-000001 --to "$lab/none"
check "no id: exit code 2" exits 2 ctl -q capture export 17 --to "$lab/none"
check "an option that is none: exit code 2" exits 2 export_to none --only rtp
check "no --to: exit code 2" exits 2 ctl -q capture export "$id"
check "a recipient with lines: exit code 2" exits 2 export_to none --for $'a\nb'
check "nothing is left of these" absent none

# --- some of it

check "without media" export_to sip --only sip
check "is verified" result_is sip '.verified and .withheld > 100 and .shown > 8 and .masked == 0'
check "nothing of the media is in it" test "$(stat -c %s "$lab/sip/call.pcapng")" -lt 30000
check "without numbers" export_to hidden --hide-numbers --only sip
check "is verified" result_is hidden '.verified and .withheld > 100 and .masked > 8'
number=$(jq -r .to "$lab/all/call.json" | tr -d +)
check "the number is in the whole one" grep -qaF "$number" "$lab/all/call.pcapng"
check "and in no file of this one" exits 1 grep -rqaF "$number" "$lab/hidden"
check "nor is what numbers could be tried with" jq -e '.salt | test("^x{32}$")' "$lab/hidden/call.masked.json"
check "which is said" jq -e '.records[0].masked and (.not_proved | length) == 3' "$lab/hidden/manifest.json"
if type -P tshark >/dev/null; then
	check "what is masked is still SIP" test "$(tshark -r "$lab/hidden/call.pcapng" -o ip.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -Y 'sip.Method == "INVITE" && udp.checksum.status == 1' 2>/dev/null | wc -l)" -ge 2
fi

# --- for others' eyes

if type -P age age-keygen >/dev/null; then
	clear_id=$id
	age-keygen -o "$lab/age.key" 2>/dev/null
	age-keygen -y "$lab/age.key" >"$lab/recipients"
	sed -i 's#^mode = full#&\nrecipients = recipients#' "$lab/tandem.conf"
	check "a reload with recipients" ctl -q config reload
	sealed_talk encrypted
	restart
	check "a bundle of an encrypted capture" export_to sealed
	check "is verified" result_is sealed '.verified and .files == 2 and .withheld > 100'
	check "age opens it" age -d -i "$lab/age.key" -o "$lab/opened" "$lab/sealed/call.pcapng.age"
	check "its blocks are those of the list" test "$(wc -l <"$lab/sealed/call.pcapng.age.blocks")" = \
		"$(jq -r 'select(.kind == "files") | .files[].blocks | select(. > 0)' "$lab/sealed/files.json")"
	check "a part of it is not to be had" export_to part --only sip
	check "which is said" result_is part '.verified and .files == 1'
	check "with the reason" jq -e '.files[] | select(.given == "none") | .why | test("encrypted")' \
		"$lab/part/manifest.json"
	encrypted_id=$id
	id=$clear_id
fi

# --- as its README says, without us

# A root with a shell, openssl, age, coreutils and what these need.
make_root() {
	local program library
	root=$lab/root
	mkdir -p "$root/bin" "$root/tmp" "$root/bundle" "$root/dev"
	for program in sh openssl age $(dpkg -L coreutils | sed -n 's#^\(/usr\)\?/bin/##p'); do
		program=$(type -P "$program") || continue
		cp -L "$program" "$root/bin/"
		for library in $(ldd "$program" 2>/dev/null | grep -oE '/[^ ]+'); do
			mkdir -p "$root${library%/*}"
			cp -Ln "$library" "$root$library"
		done
	done
	: >"$root/dev/null"
}

# readme_says BUNDLE: what its README has as commands, with the key in its place.
readme_says() {
	rm -rf "$root/bundle"
	cp -r "$lab/$1" "$root/bundle"
	sed -n 's/^    //p' "$root/bundle/README" | sed "s#^KEY=.*#KEY='$(<"$lab/key")'#" >"$root/commands"
	env -i PATH=/bin "$(type -P chroot)" "$root" /bin/sh -c 'cd /bundle && . /commands' >"$lab/says" 2>&1
}
says() { # WORD BUNDLE
	readme_says "$2"
	grep -qx "$1" "$lab/says" || {
		tail -5 "$lab/says"
		return 1
	}
}
if ((EUID == 0)) && type -P dpkg >/dev/null; then
	make_root
	check "there is no tandem in that root" eval '
		find "$root" -printf "%P\n" >"$lab/found" && grep -qx bin/openssl "$lab/found" && ! grep -i tandem "$lab/found"'
	for bundle in all sip hidden ${encrypted_id:+sealed part}; do
		check "README: $bundle is good" says GOOD "$bundle"
	done
	wrong() { # NAME COMMAND PATTERN: what it says of a copy of sip with COMMAND done in it
		rm -rf "$lab/wrong"
		cp -r "$lab/sip" "$lab/wrong"
		(cd "$lab/wrong" && eval "$2")
		check "README: $1" eval "! says GOOD wrong >'$lab/null' && grep -q 'WRONG: $3' '$lab/says'"
	}
	wrong "a file that was changed" 'echo >>manifest.json' 'files'
	wrong "sums that were made anew" 'echo >>manifest.json; sha256sum $(cut -c67- SHA256SUMS) >n; mv n SHA256SUMS' SHA256SUMS
	wrong "a record that was changed" 'sed -i s/\"v\":1/\"v\":2/ call.json' 'call.proof: not in the tree'
	wrong "the record of the export" 'sed -i s/only_sip/only_rtp/ export.json' 'export.proof: not in the tree'
	wrong "a message that was changed" 'sed -i "s/SIP.2.0 180 Ringing/SIP\/2.0 180 Xinging/" call.pcapng' 'call.pcapng at'
	other=$(sed 's#^KEY=.*##; s#^    ##' "$lab/sip/README" >/dev/null && cut -d+ -f1,2 "$lab/key")+$(
		{
			printf '\001'
			head -c 32 /dev/urandom
		} | base64 -w 0
	)
	cp "$lab/key" "$lab/right"
	echo "$other" >"$lab/key"
	check "README: another key" eval '! says GOOD sip && grep -q "WRONG: .*not signed by KEY" "$lab/says"'
	cp "$lab/right" "$lab/key"
else
	echo "unchecked: only root can try the README in a root of its own"
fi

# --- what was changed is named

names() { # PATTERN COMMAND [BUNDLE]
	rm -rf "$lab/copy"
	cp -r "$lab/${3:-all}" "$lab/copy"
	(cd "$lab/copy" && eval "$2")
	verify "$lab/copy" >"$lab/faults"
	[[ $? == 1 ]] && grep -q "$1" "$lab/faults" || {
		cat "$lab/faults"
		return 1
	}
}
# change PACKET FILE: one byte within that packet.
change() {
	local at
	# a section's head and two interfaces are before the first two packets, or between them
	at=$(awk '$2 != "withheld" { print $3 }' "$2.blocks" | while read -r at; do
		[[ $(dd if="$2" bs=1 skip="$at" count=1 status=none | xxd -p) == 06 ]] && echo "$at"
	done | sed -n "$1p")
	printf X | dd of="$2" bs=1 seek=$((at + 60)) conv=notrunc status=none
}
check "a record" names '^proof: call.json is not proved by call.proof' 'sed -i s/\"v\":1/\"v\":2/ call.json'
check "a packet of all" names '^changed: packet 5 of call.pcapng is not what was captured' 'change 5 call.pcapng'
check "a packet of some" names '^changed: packet 2 of call.pcapng is not what was captured' 'change 2 call.pcapng' sip
check "a capture that was cut" names '^missing: call.pcapng ends before packet' 'truncate -s -100 call.pcapng'
check "one that was added to" names '^added: call.pcapng has more than its blocks' 'echo >>call.pcapng' sip
check "a hash of a block" names '^changed: the hashes of call.pcapng.blocks are not those' \
	'sed -i "5{s/^1/0/;t;s/^./1/}" call.pcapng.blocks'
check "a file that is missing" names '^missing: README is missing' 'rm README'
check "one that is added" names '^added: extra is no file of the bundle' 'echo >extra'
check "a link" names '^added: README: it is no plain file' 'ln -sf /etc/passwd README'
check "a name that leads elsewhere" names '^added: .hidden: no name' 'echo >.hidden'
check "a proof of another log" names '^proof: export.json is not proved' 'sed -i "s/^— [^ ]*/— other/" export.proof'
check "a huge manifest" names '^changed: manifest.json cannot be read: it is too long' 'truncate -s 10G manifest.json; truncate -s 300K manifest.json'
check "another's key" exits 1 "$builddir/tandem-verify" bundle -q --key \
	PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW "$lab/all"
check "nothing there: exit code 3" exits 3 verify "$lab/nowhere"
check "an archive by another program is not taken" eval \
	'tar -C "$lab" -cf "$lab/other.tar" all && exits 1 verify "$lab/other.tar" >"$lab/faults" && grep -q "extract it" "$lab/faults"'

# asked: 50 ms; what is measured is said, and not judged
started=$EPOCHREALTIME
for ((i = 0; i < 10; i++)); do verify -q "$lab/all"; done
echo "verifying a bundle of $(stat -c %s "$lab/all/call.pcapng") bytes takes $(((${EPOCHREALTIME/./} - ${started/./}) / 10000)) ms"

if type -P python3 >/dev/null; then
	python3 "$srcdir/tests/system/evidence/mutate.py" "$builddir/tandem-verify" "$lab/key" "${SEED:-1}" \
		"${MUTATIONS:-60}" "$lab/all" "$lab/sip" "$lab/hidden" "$lab/all.tar" >"$lab/mutations" 2>&1
	check "bundles that were changed by a seed are found: $(tail -1 "$lab/mutations")" grep -q '^all found' "$lab/mutations"
	grep -q '^all found' "$lab/mutations" || tail -20 "$lab/mutations"
fi

if type -P python3 >/dev/null && python3 -c 'import jsonschema' 2>/dev/null; then
	verify --json "$lab/all" >"$lab/good.json"
	verify --json "$lab/copy" >"$lab/bad.json"
	for result in good bad; do
		check "verify-bundle.json: $result" python3 "$srcdir/tests/system/schema_check.py" \
			"$srcdir/src/admin/schema/verify-bundle.json" "$lab/$result.json"
	done
	ctl --json capture export "$id" --to "$lab/once-more" >"$lab/answer.json"
	check "capture-export.json" python3 "$srcdir/tests/system/schema_check.py" \
		"$srcdir/src/admin/schema/capture-export.json" "$lab/answer.json"
	check "manifest.json" python3 "$srcdir/tests/system/schema_check.py" \
		"$srcdir/src/admin/schema/manifest.json" "$lab/hidden/manifest.json"
fi
finish
