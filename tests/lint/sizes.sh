#!/bin/bash
# No source file over 700 lines, no test over 800, no function over 100; over 60 it is only
# said. One case a file. A function's length is what stands between its braces.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

max_source=700
max_test=800
max_function=100
good_function=60

measure() { # FILE
	local max_file=$max_source
	[[ $1 == tests/* ]] && max_file=$max_test
	awk -v file="$1" -v max=$max_function -v good=$good_function -v max_file=$max_file '
		/^[A-Za-z_].*\(/ { head = $0 }
		/^{$/ { start = NR }
		/^}$/ && start {
			lines = NR - start - 1
			name = head
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			if (lines > max)
				printf "%s:%d: fault: %s() has %d lines, %d is the most\n", file, start, name, lines, max
			else if (lines > good)
				printf "%s:%d: note: %s() has %d lines\n", file, start, name, lines
			start = 0
		}
		END {
			if (NR > max_file)
				printf "%s:%d: fault: %d lines, %d is the most\n", file, max_file + 1, NR, max_file
		}' "$1"
}

while IFS= read -r file; do
	found=$(measure "$file")
	grep ': note: ' <<<"$found" || true
	verdict "$(grep ': fault: ' <<<"$found" || true)"
done < <(find src tests -name '*.[ch]' -not -path 'tests/fuzz/corpus/*' | sort)
finish
