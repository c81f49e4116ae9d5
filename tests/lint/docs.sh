#!/bin/bash
# Files and commands that the documents name exist. One case a document.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Paths in backticks, and the targets of links, that lie in this tree.
paths_of() {
	grep -noE '`(src|tests|doc|man|certs|gateway-profiles)/[A-Za-z0-9_./-]+`' "$1" | tr -d '`'
	grep -noE '\]\([A-Za-z0-9_./-]+\)' "$1" | sed -E "s|\]\(([^)]*)\)|$(dirname "$1")/\1|"
}

check_document() { # FILE
	local line path
	while IFS=: read -r line path; do
		[[ -e $path ]] || echo "$1:$line: $path does not exist"
	done < <(paths_of "$1" || true)
}

for document in README NEWS doc/*.md doc/guides/*.md; do
	verdict "$(check_document "$document")"
done

# Every command of tandemctl is in its manual page.
verdict "$(sed -nE 's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1 \2/p' \
	src/admin/verb_list.h src/setup/verb_table.h |
	while read -r noun verb; do
		grep -qE "^\.It Cm $noun${verb:+ $verb}( |\$)" man/tandemctl.1 ||
			echo "man/tandemctl.1:1: $noun $verb is not explained"
	done)"
finish
