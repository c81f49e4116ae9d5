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

# What the objects define, "SOURCE NAME" a line.
names_of() { # OBJECTS
	nm -A -g --defined-only "$@" | awk -v folder="$builddir/" '
		$2 ~ /^[TDBRVWC]$/ && $3 !~ /^(__|_Z)|\./ {
			source = substr($1, length(folder) + 1)
			sub(/\.o:.*/, ".c", source)
			print source, $3
		}'
}

# The faults of "SOURCE NAME" on standard input, all of one folder.
judge() { # FOLDER
	awk -v folder="$1" -v foreign="$foreign" -v nouns="^($(nouns_of "$1"))(_|$)" '
		$2 == "main" { next }
		folder == "src/sdp" && $2 ~ /^sdp_/ { next }
		# cdr_verb_tail(): a verb is named as an operator says it
		folder == "src/admin" && $2 ~ /_verb_/ { next }
		$2 ~ foreign { print $1 ":1: " $2 " is named like a function of sofia-sip"; next }
		$2 !~ nouns { print $1 ":1: " $2 " begins with no noun of its folder" }'
}

[[ -x $builddir/tandemd ]] || {
	echo "nothing is built in $builddir"
	exit 77
}

ours=$(mktemp)
theirs=$(mktemp)
trap 'rm -f "$ours" "$theirs"' EXIT

while IFS= read -r folder; do
	folder=${folder#"$builddir"/}
	objects=()
	sources=()
	for object in "$builddir/$folder"/*.o; do
		source=${object#"$builddir"/}
		source=${source%.o}.c
		[[ -f $source ]] || continue # left by an earlier build
		objects+=("$object")
		sources+=("$source")
	done
	((${#objects[@]} > 0)) || continue
	names_of "${objects[@]}" >"$theirs"
	cut -d ' ' -f 2 "$theirs" >>"$ours"
	verdicts "$(judge "$folder" <"$theirs")" "${sources[@]}"
done < <(find "$builddir/src" -mindepth 1 -type d | sort)
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
