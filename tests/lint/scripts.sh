#!/bin/bash
# Every shell script parses; shellcheck has nothing to say where it is installed. One case
# a script.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

is_script() {
	[[ $1 == *.sh || $(head -c 11 "$1" | tr -d '\0') == '#!/bin/bash'* ]]
}

check_script() { # FILE
	bash -n "$1" 2>&1
	command -v shellcheck >/dev/null || return 0
	# Left out is what it cannot know of files that source each other: who sets a variable,
	# who uses it, who gives arguments.
	shellcheck --shell=bash --severity=warning --exclude=SC1091,SC2034,SC2120,SC2154 \
		--format=gcc "$1" || true
}

while IFS= read -r file; do
	is_script "$file" || continue
	verdict "$(check_script "$file")"
done < <({
	echo bootstrap
	find .ci certs debian/tests tests -type f -not -path 'tests/fuzz/corpus/*' -not -path 'tests/data/*' \
		2>/dev/null
} | sort)
finish
