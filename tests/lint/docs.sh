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

# Every profile that is shipped is named in the manual.
verdict "$(for profile in gateway-profiles/*.conf; do
	name=$(basename "$profile" .conf)
	sed -n '/^Shipped are/,/^each says/p' man/tandem-gateway.5 | grep -qE "[ ,]$name( |\$)" ||
		echo "man/tandem-gateway.5:1: profile $name is not named"
done)"

# Every system test has its row.
verdict "$(sed -n '/^dist_check_SCRIPTS/,/[^\\]$/s|^\ttests/system/\([a-z0-9_]*\.sh\).*|\1|p' tests/system/Makefile.inc |
	while read -r script; do
		grep -q "^| \`$script\`" doc/testing.md || echo "doc/testing.md:1: $script is not named"
	done)"

# Every command of tandemctl is in its manual page.
verdict "$(sed -nE 's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1 \2/p' \
	src/admin/verb_list.h src/setup/verb_table.h |
	while read -r noun verb; do
		grep -qE "^\.It Cm $noun${verb:+ $verb}( |\$)" man/tandemctl.1 ||
			echo "man/tandemctl.1:1: $noun $verb is not explained"
	done)"
# As is every command that tandemctl does by itself, and every option of a command.
verdict "$(sed -nE 's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1 \2/p' src/ctl/local_list.h |
	while read -r noun verb; do
		grep -qE "^\.It Cm $noun${verb:+ $verb}( |\$)" man/tandemctl.1 ||
			echo "man/tandemctl.1:1: $noun $verb is not explained"
	done)"
verdict "$(grep -oE '\{"-[a-z-]+", ' src/ctl/help_table.c src/ctl/options.c |
	sed -E 's/^[^{]*\{"-//; s/", $//' | sort -u |
	while read -r option; do
		grep -qE "F[lc] (\\| )*([A-Za-z]+ , |-[a-z]+ \| )?${option}( |\$)" man/tandemctl.1 ||
			echo "man/tandemctl.1:1: -$option is not explained"
	done)"

# Every command in the manual's examples is one: tandemctl parses it, and needs no server for that. Those that
# need none at all would do what they say.
is_local() { # WORD...
	sed -nE 's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1 \2/p' src/setup/verb_table.h src/ctl/local_list.h |
		grep -qE "^($1 |$1 ${2:-none})$"
}
verdict "$(sed -nE 's/^(# |[0-9* ]+ )?tandemctl (([a-z][a-z]+|--?[a-zA-Z]+) .*)/\2/p' man/tandemctl.1 |
	sed -E 's/ *([|>]|&&).*//' | while read -r line; do
	[[ -x $builddir/tandemctl ]] || continue
	read -ra words <<<"$line"
	if is_local "${words[@]}"; then
		continue
	fi
	"$builddir/tandemctl" -s /nowhere/control.sock "${words[@]}" >/dev/null 2>&1
	(($? == 3)) || echo "man/tandemctl.1:1: tandemctl $line: no such command"
done)"
finish
