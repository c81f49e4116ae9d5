#!/bin/bash
# Each event= of the log has its meaning and remedy in src/base/log_events.def, and doc/troubleshooting.md has them, with
# the rules of TLS. With --update the document is written anew. One case each.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

table=src/base/log_events.def
document=doc/troubleshooting.md

# MODULE NAME of each row.
rows() {
	sed -nE 's/^X\("([a-z]+)", "([a-z-]+)",$/\1 \2/p' "$table"
}

# FILE:LINE NAME of each event that is written: by name, or through a function that is given it.
written() {
	find src -name '*.c' -print0 | sort -z | xargs -0 grep -noE 'event=[a-z][a-z-]+' | sed 's/:event=/ /'
	grep -noE 'begin\(&line, [a-z>-]+, "[a-z]+"' src/bridge/call_log.c |
		sed -E 's/^([0-9]+):.*"([a-z]+)"$/src\/bridge\/call_log.c:\1 \2/'
	grep -noE '"(refused|dropped)", addr_text' src/sip/txn_refusal.c >/dev/null &&
		printf 'src/sip/txn_refusal.c:1 %s\n' refused dropped
	grep -noE '"(still-drained|drain-forgotten)"' src/trunk/drains.c | tr -d '"' |
		sed 's/^\([0-9]*\):/src\/trunk\/drains.c:\1 /'
	grep -noE '"(certificate|crl)-(expires|expired|due|stale)"' src/trunk/expiry.c | tr -d '"' |
		sed 's/^\([0-9]*\):/src\/trunk\/expiry.c:\1 /'
}

in_markdown() {
	echo '<!-- lines of the log: made by tests/lint/events.sh --update -->'
	echo '| Line | What it means | What to do |'
	echo '|---|---|---|'
	awk '
		/^X\(/ {
			split($0, word, "\"")
			line = word[2] " event=" word[4]
			text = ""
			next
		}
		/^\t/ { text = text $0 }
		/\)$/ && line != "" {
			count = split(text, part, "\"")
			printf "| `%s` | %s | %s |\n", line, part[2], part[4]
			line = ""
		}' <(sed -E 's/^(X\("[a-z]+", "[a-z-]+",)$/\1/' "$table")
	echo '<!-- end -->'
}

rules_in_markdown() {
	echo '<!-- rules of TLS: made by tests/lint/events.sh --update -->'
	echo '| Rule | What to do |'
	echo '|---|---|'
	"$builddir/tests/tools/rules_md"
	echo '<!-- end -->'
}

# fill: the document with both tables made anew.
fill() {
	awk -v lines="$(in_markdown)" -v rules="$(rules_in_markdown)" '
		/^<!-- lines of the log: / { print lines; skip = 1 }
		/^<!-- rules of TLS: / { print rules; skip = 1 }
		!skip { print }
		/^<!-- end -->$/ { skip = 0 }' "$document"
}

listed=$(rows)
found=$(written)
verdict "$(while read -r where name; do
	grep -q " $name$" <<<"$listed" || echo "$where: event=$name is not in $table"
done <<<"$found")"
verdict "$(while read -r module name; do
	grep -q " $name$" <<<"$found" || echo "$table:1: event=$name is written nowhere"
	[[ $module == any ]] || grep -rqE "(\"| )$module(\"| event=)" src --include='*.c' --include='*.h' ||
		echo "$table:1: there is no module $module"
done <<<"$listed")"
verdict "$(rows | sort -k2,2 -k1,1 | uniq -d | sed "s|^|$table:1: twice: |")"
if [[ -x $builddir/tests/tools/rules_md ]]; then
	if [[ ${1:-} == --update ]]; then
		fill >"$document.new" && mv "$document.new" "$document"
	fi
	verdict "$(diff <(fill) "$document" >/dev/null ||
		echo "$document:1: is not what the code says: run $0 --update")"
fi
finish
