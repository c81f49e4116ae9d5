#!/bin/bash
# tandemctl report protection: what it says of real calls, plain and protected, of exceptions
# and their dates, and its exit code; as text, JSON, CSV and a page.
. "$(dirname "$0")/lib.sh"
need baresip kamailio xmllint

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

# report OPTION...: into $lab/report.json; ends as the report does.
report() {
	ctl --json report protection "$@" >"$lab/report.json"
}

# says FILTER: jq's verdict on the last report; row(KIND; ID; TRAFFIC) is a row of it.
says() {
	jq -e 'def row($kind; $id; $traffic):
		.rows[] | select(.kind == $kind and .id == $id and .traffic == $traffic);
		'"$1" "$lab/report.json"
}

# Each line of CSV on standard input as one of tab-separated fields, or it fails: quotes within
# a field that is not quoted, lines of different length, line ends that are not CR LF.
csv_fields() {
	awk 'BEGIN { RS = "\r\n"; ORS = "\n" }
		/\n/ { exit bad = 1 }
		{
			fields = 0
			rest = $0 ","
			line = ""
			while (rest != "") {
				if (match(rest, /^"([^"]|"")*",/)) {
					field = substr(rest, 2, RLENGTH - 3)
					gsub(/""/, "\"", field)
				} else if (match(rest, /^[^",]*,/)) {
					field = substr(rest, 1, RLENGTH - 1)
				} else {
					exit bad = 1
				}
				rest = substr(rest, RLENGTH + 1)
				line = line (fields++ ? "\t" : "") field
			}
			if (NR == 1)
				wanted = fields
			if (fields != wanted)
				exit bad = 1
			print line
		}
		END { exit bad || NR == 0 }'
}

# The CSV of the report, one field of one row: COLUMN KIND ID TRAFFIC VALUE
csv_has() {
	local value
	value=$(csv_fields <"$lab/report.csv" | awk -F'\t' -v column="$1" -v kind="$2" \
		-v id="$3" -v traffic="$4" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["kind"] == kind && $at["id"] == id && $at["traffic"] == traffic {
			print $at[column]
		}')
	# shellcheck disable=SC2053 # a pattern
	[[ $value == $5 ]] || {
		echo "$1 of $2 $3 $4 is $value, not $5"
		return 1
	}
}

as_page() {
	ctl report protection --html >"$lab/report.html"
	(($? == $1)) && xmllint --noout "$lab/report.html" && [[ $(xmllint --xpath \
		'count(//*[local-name()="script" or @src or @href])' "$lab/report.html") == 0 ]]
}

reload_with() { # 'KEY = VALUE'...
	write_gateway 'transport = udp' "port = $port_gw" "$@"
	ctl -q config reload
}

lab_open
server_port=$((port_pbx + 1))
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_tandem
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
# As in toggle.sh: the gateway in plain is Bob, with TLS Carol behind Kamailio.
start_phone bob "$((port_spare + 4))" 620 'audio_codecs=PCMA/8000/1'
start_front front-gw1 "$port_gw" $((port_spare + 2)) \
	"sip:127.0.0.1:$port_spare;transport=tcp" \
	"$lab/certs/gw1" "$lab/certs/carriers-ca.pem" "$port_external_tls"
start_phone carol "$port_spare" 850 "$secure" \
	"$lab/certs/gw1-combined.pem" "$lab/certs/carriers-ca.pem"

# --- before there was a call

check "without a call: no rule is broken" report
check "rows for the server, the trunk and all, of both kinds" says '.rows | length == 6'
check "no share is made up" says 'row("total"; ""; "media") | .share == null and .legs == 0'
check "the server must be protected" says \
	'row("server"; "pbx1"; "signalling").required == "mutual TLS 1.2, modern ciphers" and
	row("server"; "pbx1"; "media").required == "SRTP"'
check "the trunk need not, which is shown as an exception" says \
	'row("trunk"; "gw"; "signalling") | .required == "none" and
	(.exceptions | map([.setting, .state]) == [["tls = no", "undocumented"]])'
check "fips" says '.fips.required == false'

# --- calls in plain toward the gateway

check "a call in plain" place_call \
	bob alice "sip:${number[alice]}@127.0.0.1:$port_external" 1
check "another, that stands" \
	start_call bob alice "sip:${number[alice]}@127.0.0.1:$port_external"
check "the record says what was demanded" jq -e \
	'.internal.signalling_required == "TLS1.2" and .internal.media_required == "SRTP" and
	.external.signalling_required == "" and .external.media_required == ""' "$lab/cdr.json"
check "no rule is broken" report
check "the trunk: nothing was protected" says \
	'row("trunk"; "gw"; "signalling") | .legs == 1 and .share == 0 and
	.ways == [{protection: "UDP", peer_names: "", protected: false, legs: 1, legs_now: 1}]'
check "the server: all was" says \
	'row("server"; "pbx1"; "signalling") | .legs == 1 and .share == 100 and
	(.ways[0] | .protection | test("^TLS1\\.[23] AES"))'
check "with its certificate" says 'row("server"; "pbx1"; "signalling").ways[0].peer_names |
	test("pbx1.example.test")'
check "and SRTP" says 'row("server"; "pbx1"; "media") | .share == 100 and
	(.ways[0].protection | test("^A")) and .ways[0].legs_now == 1'
check "its connection, with the certificate's end" says \
	'row("server"; "pbx1"; "signalling").connections | length >= 1 and
	all(.peer_names | test("pbx1.example.test")) and
	all(.peer_good_until | fromdate > now)'
check "in all: half" says '(row("total"; ""; "signalling") | .share == 50 and .legs == 2) and
	row("total"; ""; "media").share == 50'
# Phones name recordings by the second: the next call begins in another one.
check "it is heard" wait_for 20 recorded bob 1.1
check "the call ends" end_call bob alice

# --- TLS and SRTP from now on

check "trunk tls gw on" ctl -q trunk tls gw on
check "a call with TLS and SRTP" place_call \
	alice carol "sip:${number[carol]}@med1.example.test:$port_internal" 1
check "calls in plain from before break no rule" report
check "the trunk: a third, not rounded up" says \
	'row("trunk"; "gw"; "signalling") | .legs == 3 and .protected_legs == 1 and .share == 33.3'
check "its media: the same" says 'row("trunk"; "gw"; "media") | .share == 33.3 and
	(.ways | map(.protected) == [false, true])'
check "it must be protected now" says \
	'row("trunk"; "gw"; "media") | .required == "SRTP" and .exceptions == []'
check "a call that fails: nobody there" bash -c "echo >'$lab/carol/contacts'"
stop_phone carol
phone alice dial "sip:${number[carol]}@med1.example.test:$port_internal"
check "its record" wait_cdrs 4
check "failed calls are counted apart" report
check "and in no share" says 'row("trunk"; "gw"; "signalling") | .legs == 3 and .failed_legs == 1'

# --- since when

# In the very second of its start the last call is still among them.
check "since now: nothing ended yet, which is said" wait_for 10 eval 'report 0m &&
	says ".records.read == 0 and row(\"total\"; \"\"; \"signalling\").share == null"'
check "a day" report "$(date -u +%Y-%m-%d)"
check "30 days" report 30d
check "all four" says '.records.read == 4 and .records.unreadable == 0'
for bad in yesterday 30 -1d 2026-02-30 2199-01-01 '' 5y; do
	check "since '$bad': exit code 2" exits 2 report "$bad"
done
check "a rotated file is read too" eval 'mv "$lab/state/cdr.jsonl" "$lab/state/cdr.jsonl.1" &&
	wait_for 10 test -e "$lab/state/cdr.jsonl" && report && says ".records.read == 4"'

# --- exceptions and their dates

check "excepted with a date and a reason" reload_with 'tls = yes' 'srtp = optional' \
	'revocation = soft' 'exception-until = 2199-01-01' \
	'exception-reason = -old <box>, "A&B"; =1+1'
check "no rule is broken" report
check "it is documented" says '(row("trunk"; "gw"; "media").exceptions |
	map([.setting, .state]) == [["srtp = optional", "documented"]]) and
	(row("trunk"; "gw"; "signalling").exceptions[0] |
	.setting == "revocation = soft" and .until == "2199-01-01T00:00:00Z")'
check "CSV" eval 'ctl report protection --csv >"$lab/report.csv"'
check "each line is sound" eval 'csv_fields <"$lab/report.csv" >/dev/null'
check "one for each row" eval '[[ $(csv_fields <"$lab/report.csv" | wc -l) == 7 ]]'
check "CSV: share" csv_has share_percent trunk gw signalling 33.3
check "CSV: exceptions" csv_has exceptions trunk gw media \
	'srtp = optional (documented, until 2199-01-01T00:00:00Z, -old <box>, "A&B"; =1+1)'
check "a page that is well-formed and loads nothing" as_page 0
check "the page: peers' texts are texts" grep -q 'old &lt;box&gt;, &quot;A&amp;B&quot;' \
	"$lab/report.html"
check "text" eval 'ctl report protection >"$lab/report.txt"'
check "the text says so too" grep -q 'Broken rules: 0' "$lab/report.txt"

check "the day of the exception comes" reload_with 'tls = yes' 'srtp = optional' \
	'exception-until = 2026-01-01' 'exception-reason = old box'
check "exit code 1" exits 1 report
check "the rule is named" says '.broken | map([.id, .traffic, .rule]) ==
	[["gw", "media", "exception-over"]]'
check "with -q too, and nothing is printed" eval \
	'exits 1 ctl -q report protection >"$lab/quiet" && [[ ! -s $lab/quiet ]]'
check "as text" eval 'exits 1 ctl report protection >"$lab/report.txt" &&
	grep -q "Broken rules: 1" "$lab/report.txt"'
check "as CSV" eval 'exits 1 ctl report protection 24h --csv >"$lab/report.csv" &&
	csv_has broken trunk gw media "exception-over: *"'
check "as a page" as_page 1
check "two formats: exit code 2" exits 2 ctl report protection --csv --html
check "a format that is none: exit code 2" exits 2 ctl report protection --xml
check "another command has no CSV: exit code 2" exits 2 ctl trunk list --csv

check "without the exception" reload_with 'tls = yes'
check "no rule is broken any more" report

# --- signed, and in the log

ctl --json cdr key | jq -r .key >"$lab/key"
check_report() { # DIR WORD...
	"$builddir/tandem-verify" report --key "$lab/key" "$@"
}
named_are_records() {
	local number id
	while read -r number id; do
		cat "$lab"/state/cdr.jsonl.1 "$lab"/state/cdr.jsonl |
			jq -se --argjson seq "$number" --arg id "$id" 'any(.seq == $seq and .id == $id)' >/dev/null || return
	done < <(jq -r '.unprotected[] | "\(.record) \(.id)"' "$lab/signed/report.json")
}
check "a report is signed" eval 'ctl report sign 1h --to "$lab/signed" >"$lab/said"'
check "its files are named" grep -q "$lab/signed: report.json and report.tlog-proof, record [0-9]" "$lab/said"
check "it is verified without a server" eval 'check_report "$lab/signed" >"$lab/verified"'
check "in words too" grep -q '^answered: 3 calls; not protected: 2$' "$lab/verified"
check "each call that was not protected is named" test \
	"$(grep -c '^not protected: record [0-9]*, call .*, trunk gw UDP RTP$' "$lab/verified")" = 2
check "the text says what was looked at" jq -e '.records | .count == (.last - .first + 1) and .first == 0 and
	.missing == [] and .gaps == [] and .kinds.call == 4 and ([.kinds[]] | add) == .count' "$lab/signed/report.json"
check "the calls" jq -e '.calls | .answered == 3 and .unprotected == 2 and .failed == 1 and .lost == []' \
	"$lab/signed/report.json"
check "with what was demanded of them" jq -e '.unprotected | length == 2 and all(.legs | length == 1 and
	(.[0] | .party == "trunk gw" and .signalling == "UDP" and .media == "RTP" and .signalling_required == ""))' \
	"$lab/signed/report.json"
check "and the exceptions of their parties" jq -e '.exceptions | keys == ["trunk gw"]' "$lab/signed/report.json"
check "as records of the log: each is there" named_are_records
check "one line, names in order" test "$(wc -l <"$lab/signed/report.json")$(jq -cS . "$lab/signed/report.json")" = \
	"1$(<"$lab/signed/report.json")"
check "its sum is a record" grep -q "\"kind\":\"report\",.*\"sha256\":\"$(sha256sum <"$lab/signed/report.json" |
	cut -d' ' -f1)\"" "$lab/state/cdr.jsonl"
check "as JSON" eval 'ctl --json report sign 1h | jq -e ".report and .proof and .record and .index"'
check "report protection --sign is the same" ctl -q report protection 1h --sign --to "$lab/signed.2"
check "verified" check_report --quiet "$lab/signed.2"
check "a time without calls" eval 'ctl -q report sign 2020-01-01 2020-02-01 --to "$lab/signed.3" &&
	check_report "$lab/signed.3" | grep -q "^answered: 0 calls; not protected: 0$"'
check "a time that ends before it begins: exit code 2" exits 2 ctl report sign 1h 2h --to "$lab/signed.4"
check "no folder: exit code 2" exits 2 ctl report sign 1h
check "what is there is not written over: exit code 1" exits 1 ctl report sign 1h --to "$lab/signed"

# changed NAME FILE COMMAND...: COMMAND changes FILE of a copy, which is refused.
changed() {
	rm -rf "$lab/changed"
	cp -r "$lab/signed" "$lab/changed"
	"${@:3}" "$lab/changed/$2"
	check "$1: refused" eval 'exits 1 check_report "$lab/changed" >"$lab/verified" && grep -q "^NOT VERIFIED: " "$lab/verified"'
}
changed "a call that was left out" report.json sed -i 's/"unprotected":\[{[^]]*\],*[^}]*},*/"unprotected":[/'
changed "a number" report.json sed -i 's/"answered":3/"answered":4/'
changed "a blank at its end" report.json sed -i '1s/$/ /'
changed "a shorter proof" report.tlog-proof sed -i '$d'
changed "the proof of another one" report.tlog-proof cp "$lab/signed.2/report.tlog-proof"
RANDOM=${SEED:-1}
flip() { # FILE: one bit of it
	local size at byte
	size=$(stat -c %s "$1")
	at=$(((RANDOM << 15 | RANDOM) % size))
	byte=$(od -An -tu1 -j "$at" -N 1 "$1")
	printf "\\x$(printf %x $((byte ^ 1 << RANDOM % 8)))" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}
refused=0
for ((i = 0; i < 40; i++)); do
	rm -rf "$lab/changed"
	cp -r "$lab/signed" "$lab/changed"
	flip "$lab/changed/report.json"
	check_report --quiet "$lab/changed" || refused=$((refused + 1))
done
check "forty bits of the text, one by one: all are refused" test $refused = 40
ctl --json cdr key | jq -r .key | tr 'A-Za-z' 'N-ZA-Mn-za-m' >"$lab/other-key"
check "no key that is one: exit code 2" exits 2 "$builddir/tandem-verify" report --key "$lab/other-key" "$lab/signed"
check "no such report: exit code 3" exits 3 check_report "$lab/nowhere"

# --- a call with less than was demanded, as only a defect could let happen

jq -c '.id = "defect" | .internal.tls_version = "TLS1.1" | .external |= . +
	{signalling_required: "TLS1.2", media_required: "SRTP", transport: "UDP", media: "RTP"}' \
	"$lab/cdr.json" >>"$lab/state/cdr.jsonl"
echo 'no record' >>"$lab/state/cdr.jsonl"
check "a call below what was demanded: exit code 1" exits 1 report
check "each is named" says '.broken | map([.kind, .traffic, .rule]) | sort ==
	[["server", "signalling", "calls-below"], ["trunk", "media", "calls-below"],
	["trunk", "signalling", "calls-below"]]'
check "with the call" says '.broken | all(.words | test("defect"))'
check "and lines that are no records are counted" says '.records.unreadable == 1'

# --- files of before

check "no file is left out" says '.records.files_unread == false'
head -1 "$lab/state/cdr.jsonl" >"$lab/state/cdr.jsonl.7"
jq -c '.id = "older"' "$lab/cdr.json" >>"$lab/state/cdr.jsonl.7"
before=$(jq .records.read "$lab/report.json")
check "a file that was rotated seven times is read" exits 1 report
check "and counted" says ".records.read == $((before + 1))"
gzip "$lab/state/cdr.jsonl.7"
check "one that is compressed is not" exits 1 report
check "which is told" says '.records.files_unread == true'
check "to people too" prints 'NOT those of rotated files that are compressed' ctl report protection
finish
