#!/bin/bash
# Names that other files can see: they begin with a noun of their folder, never with what
# sofia-sip calls its own, and none equals a name of a library that we link. One case an
# object file, one a program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need nm binutils

# The prefixes of sofia-sip's own functions: one of ours by such a name would silently take
# the place of its. src/sdp is sdp_ nevertheless; the last check proves that harmless.
foreign='^(tls|sip|msg|url|auth|http|base64|su|nta|nua|tport|sdp)_'

# Nouns of a folder: the words of its files' names, in singular, plural and as the one who
# does it (resolve: resolver), and the structs that its headers declare.
nouns_of() { # FOLDER
	{
		find "$1" -maxdepth 1 -name '*.[ch]' -printf '%f\n' |
			sed -E 's/\.[ch]$//; p; s/_/\n/g' |
			sed -E 'p; h; s/e?$/er/p; g; s/$/s/p; g; s/s$//'
		find "$1" -maxdepth 1 -name '*.h' -exec \
			sed -nE 's/^struct ([a-z0-9_]+)( \{|;)$/\1/p' {} +
	} | sort -u | paste -sd '|'
}

declare -A nouns_known=()

# What OBJECT defines: one name a line.
names_of() {
	nm -g --defined-only "$1" | awk '$2 ~ /^[TDBRVWC]$/ && $3 !~ /^(__|_Z)|\./ { print $3 }'
}

check_object() { # SOURCE, its names on standard input
	local source=$1 folder=${1%/*} names
	[[ -v nouns_known[$folder] ]] || nouns_known[$folder]=$(nouns_of "$folder")
	names=$(grep -v '^main$' || true)
	[[ $folder == src/sdp ]] && names=$(sed '/^sdp_/d' <<<"$names")
	# cdr_verb_tail(): a verb is named as an operator says it
	[[ $folder == src/admin ]] && names=$(sed '/_verb_/d' <<<"$names")
	grep -E "$foreign" <<<"$names" |
		sed "s|.*|$source:1: & is named like a function of sofia-sip|" || true
	grep -vE "^((${nouns_known[$folder]})(_|$)|$)" <<<"$names" | grep -vE "$foreign" |
		sed "s|.*|$source:1: & begins with no noun of its folder|" || true
}

[[ -x $builddir/tandemd ]] || {
	echo "nothing is built in $builddir"
	exit 77
}

ours=$(mktemp)
theirs=$(mktemp)
faults=$(mktemp)
trap 'rm -f "$ours" "$theirs" "$faults"' EXIT

while IFS= read -r object; do
	source=${object#"$builddir"/}
	source=${source%.o}.c
	[[ -f $source ]] || continue # left by an earlier build
	names_of "$object" >"$theirs"
	cat "$theirs" >>"$ours"
	# not in a subshell: it remembers nouns
	check_object "$source" <"$theirs" >"$faults"
	verdict "$(<"$faults")"
done < <(find "$builddir/src" -name '*.o' -path '*/src/*/*' | sort)
sort -u -o "$ours" "$ours"

for program in tandemd tandemctl tandem-verify tandem-witness; do
	while IFS= read -r library; do
		# sanitizers replace names of everybody, which is what they are for
		[[ $library == *san.so* ]] ||
			nm -D --defined-only "$library" 2>/dev/null |
			awk -v library="${library##*/}" '{ sub(/@.*/, "", $3); print $3, library }'
	done < <(ldd "$builddir/$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }') |
		sort -u >"$theirs"
	verdict "$(join "$ours" "$theirs" |
		awk -v program=$program '{ printf "%s:1: %s is also a name of %s\n", program, $1, $2 }')"
	# Hidden names cannot take the place of a library's.
	verdict "$(nm -D --defined-only "$builddir/$program" | awk '{ print $3 }' | sort |
		join "$ours" - | sed "s/^/$program:1: exported: /")"
done
finish
