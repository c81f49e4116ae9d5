#!/bin/bash
# Each module that writes a line in the log is one that `log level MODULE` knows, and the other way round.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The first word that a call of the log has; a macro in its place stands for its text.
modules_of() {
	find src -name '*.c' -not -path 'src/ctl/*' -print0 | xargs -0 perl -0777 -ne '
		s{/\*.*?\*/}{ }sg;
		my ($macro) = /#define MODULE "([a-z_]+)"/;
		while (/\blog_(?:error|warning|info|debug)\(\s*("([a-z_]+)"|MODULE)\s*,/g) {
			print $2 // $macro, "\n";
		}
		while (/\blog_write\((?:[^"();]|\((?:[^()"]|\([^()"]*\))*\))*?,\s*("([a-z_]+)"|MODULE)\s*,/g) {
			print $2 // $macro, "\n";
		}'
}

known=$(sed -n '/modules\[\] = {/,/};/p' src/admin/log_verbs.c | grep -oE '"[a-z_]+"' | tr -d '"' | sort -u)
[[ -n $known ]] || fail "src/admin/log_verbs.c:1: the list of modules was not found"
used=$(modules_of | sort -u)
verdict "$(comm -23 <(echo "$used") <(echo "$known") |
	sed 's|.*|src/admin/log_verbs.c:1: log level does not know the module &|')"
verdict "$(comm -13 <(echo "$used") <(echo "$known") |
	sed 's|.*|src/admin/log_verbs.c:1: the module & writes no line|')"
finish
