#!/bin/bash
# What the pages about far ends say is taken by the program that it is for: Tandem's files, each page's together, by
# tandemd -t; XML by xmllint; a shell's commands by bash. One case a page and program. Those that cannot be had here (PowerShell, a
# router, a PBX's web pages) are not read.
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
need xmllint

# blocks PAGE LANGUAGE: writes each block of it to $lab/blocks/N, its first line being the path it is for, or empty.
blocks() {
	rm -rf "$lab/blocks"
	mkdir "$lab/blocks"
	awk -v language="$2" -v out="$lab/blocks/" '
		/^```/ && open { open = 0; close(file); next }
		/^```/ && $1 == "```" language { open = 1; file = out (++count); print $2 >file; next }
		/^```/ { open = 1; file = "/dev/null"; next }
		open { print >file }' "$1"
}

# stub FILE...: what the files of a page name is there.
stub() {
	local file path
	for file; do
		sed -nE 's/^(trust|crl|certificate|key|auth-secret) *= *//p' "$file" | while read -r path; do
			[[ $path == /* ]] || path=$(dirname "$file")/$path
			mkdir -p "$(dirname "$path")"
			case $path in
			*.secret) (umask 077 && echo sesame >"$path") ;;
			*.crl) cp "$lab/certs/carriers.crl" "$path" ;;
			*) cp "$lab/certs/carriers-ca.pem" "$path" ;;
			esac
		done
	done
}

# certify FILE NAME...: one certificate for all of them.
certify() {
	local file=$1 names
	shift
	# shellcheck disable=SC2048,SC2086 # words
	names=$(printf ',DNS:%s' $*)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
		-addext "subjectAltName=${names#,}" -keyout "$file.key" -out "$file.pem" 2>/dev/null
}

# tandem_takes PAGE: of tandem.conf it has servers alone; the rest depends on the machine, and is this lab's.
tandem_takes() {
	local block path at=$lab/page
	placed=0
	rm -rf "$at"
	mkdir -p "$at/gateways.d" "$at/state" "$at/run"
	cp -r "$lab/certs" "$at"
	write_conf
	cp "$lab/tandem.conf" "$at"
	# the servers are the page's where it has some
	! grep -q '^\[server ' "$1" ||
		sed -i '/^\[server /,/^\[external\]/{/^\[external\]/!d}' "$at/tandem.conf"
	certify "$at/certs/external" med1.example.test "$(sed -n 's/^contact-host = //p' "$1")"
	blocks "$1" ini
	for block in "$lab"/blocks/*; do
		path=$(head -n 1 "$block")
		case $path in
		/etc/tandem/tandem.conf) place "$at/tandem.conf" ;;
		/etc/tandem/gateways.d/*.conf) place "$at/gateways.d/${path##*/}" ;;
		'') place_by_section ;;
		esac
	done
	files=("$at"/gateways.d/*.conf)
	stub "${files[@]}"
	"$builddir/tandemd" -t -c "$at/tandem.conf" && ((placed))
}

# place FILE: what is in $block, at its end.
place() {
	sed 1d "$block" >>"$1"
	placed=$((placed + 1))
}

# A block without a path is a server of tandem.conf, a gateway, or what belongs to neither.
place_by_section() {
	case $(sed -n 2p "$block") in
	'[server '*) place "$lab/page/tandem.conf" ;;
	'[gateway]') place "$lab/page/gateways.d/unnamed$placed.conf" ;;
	esac
}

# xml_is_well_formed PAGE
xml_is_well_formed() {
	local block bad=0
	blocks "$1" xml
	for block in "$lab"/blocks/*; do
		sed 1d "$block" | xmllint --noout - || bad=1
	done
	return $bad
}

# shell_is_read PAGE: commands that begin with "# ".
shell_is_read() {
	local block
	blocks "$1" console
	for block in "$lab"/blocks/*; do
		sed 1d "$block" | sed -n '/^# /,/[^\\]$/{s/^# //;p}' | bash -n || return 1
	done
}

# The sections and keys of an Asterisk's pjsip.conf are pairs, none outside of a section.
asterisk_is_pairs() {
	local block bad=0
	blocks "$1" ini
	for block in "$lab"/blocks/*; do
		[[ $(head -n 1 "$block") == /etc/asterisk/* ]] || continue
		sed '1d; /^$/d; /^;/d' "$block" |
			awk '/^\[[a-z0-9-]+\]$/ { section = 1; next }
				!section || !/^[a-z_]+=[^ ]/ { print; bad = 1 } END { exit bad }' || bad=1
	done
	return $bad
}

# the_profile_names_its_authorities: each fingerprint of the profile is that of the certificate of Debian's that the guide puts
# into trust, and the other way round.
the_profile_names_its_authorities() {
	local folder=/usr/share/ca-certificates/mozilla file
	for file in $(grep -oE '[A-Za-z0-9_]+\.crt' "$srcdir/doc/guides/teams.md"); do
		openssl x509 -in "$folder/$file" -noout -fingerprint -sha256 | sed 's/.*=//'
	done | sort >"$lab/guide"
	grep -oE '([0-9A-F]{2}:){31}[0-9A-F]{2}' "$srcdir/gateway-profiles/teams.conf" | sort >"$lab/profile"
	[[ $(wc -l <"$lab/profile") == 7 ]] && diff "$lab/guide" "$lab/profile"
}

dns_options=(--address=/example.com/"$loopback" --address=/pstnhub.microsoft.com/"$loopback")
lab_open

for page in "$srcdir"/doc/guides/*.md; do
	name=$(basename "$page" .md)
	# emergency.md shows several ways to set the same, which are no configuration together
	if grep -q '^```ini /etc/tandem/gateways.d\|^```ini$' "$page" && [[ $name != emergency ]]; then
		check "$name: Tandem takes its files" tandem_takes "$page"
	fi
	if grep -q '^```xml' "$page"; then
		check "$name: its XML is well-formed" xml_is_well_formed "$page"
	fi
	if grep -q '^```ini /etc/asterisk/' "$page"; then
		check "$name: Asterisk's files are sections of pairs" asterisk_is_pairs "$page"
	fi
	if grep -q '^```console' "$page"; then
		check "$name: its commands are a shell's" shell_is_read "$page"
	fi
done
if [[ -d /usr/share/ca-certificates/mozilla ]]; then
	check "the profile teams names the authorities of its guide" the_profile_names_its_authorities
fi
finish
