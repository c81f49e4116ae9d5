#!/bin/bash
# A word of the log (`word=`) has one meaning: that of the list of words in tandemd(8). What writes a line
# uses no other word, and the list has none that nothing writes. One case each.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

manual=man/tandemd.8
mapfile -t files < <(find src -name '*.c' ! -path 'src/base/log.c' ! -path 'src/ctl/*' | sort)

list_words() {
	awk '$1 == ".Ss" { on = ($2 == "Words") } $1 == ".Sh" { on = 0 }
		on && /^\.It Li [a-z]/ { sub(/=$/, "", $3); print $3 }' "$manual"
}

# Of FILES, FILE:LINE WORD for each word in the text of a call that writes a line or a part of one.
used_words() {
	awk '
		function words(text, where,    literal) {
			while (match(text, /"([^"\\]|\\.)*"/)) {
				literal = substr(text, RSTART + 1, RLENGTH - 2)
				text = substr(text, RSTART + RLENGTH)
				gsub(/%s=/, " ", literal) # a word that is chosen when it is written
				while (match(literal, /[a-z][a-z0-9_-]*=/)) {
					print where, substr(literal, RSTART, RLENGTH - 1)
					literal = substr(literal, RSTART + RLENGTH)
				}
			}
		}
		FNR == 1 { text = "" }
		text == "" && match($0, /((log_(error|warning|info|debug|write)|transport_log(_flow)?_refused)\(|[^a-z_]add(_[a-z]+)?\(&?line,)/) {
			text = " "
			begin = FILENAME ":" FNR
		}
		text != "" {
			text = text $0
			if (/;$|^}/) {
				words(text, begin)
				text = ""
			}
		}' "$@"
}

mapfile -t listed < <(list_words)
((${#listed[@]})) || fail "$manual: no list of words"
verdict "$(printf '%s\n' "${listed[@]}" | sort | uniq -d | sed "s,.*,$manual: & is listed twice,")"
verdict "$(printf '%s\n' "${listed[@]}" | LC_ALL=C sort -c 2>&1 | sed "s,^,$manual: not in order: ,")"
verdict "$(used_words "${files[@]}" |
	awk -v list="${listed[*]}" '
		BEGIN { n = split(list, all, " "); for (i = 1; i <= n; i++) known[all[i]] = 1 }
		!($2 in known) { print $1 ": \"" $2 "=\" is not in the list of tandemd(8)" }')"
# Some are made of parts: `"from-"` and the name of a leg, a kind and `=`.
verdict "$(for word in "${listed[@]}"; do
	grep -qrE "(\"|[ \"%s])$word=|\"$word\"" src --include='*.[ch]' && continue
	[[ $word == from-* ]] && grep -q '" from-"' src/bridge/call_log.c && continue
	echo "$manual: \"$word=\" is written nowhere"
done)"
finish
