#!/bin/bash
# No source file over 700 lines, no test over 800, no function over 100; over 60 it is only
# said. One case a file. A function's length is what stands between its braces.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

max_source=700
max_test=800
max_function=100
good_function=60

measure() { # FILES
	awk -v source=$max_source -v test=$max_test -v max=$max_function -v good=$good_function '
		function end_file() {
			if (file == "")
				return
			max_file = file ~ /^tests\// ? test : source
			if (lines > max_file)
				printf "%s:%d: fault: %d lines, %d is the most\n", file, max_file + 1, lines, max_file
		}
		FNR == 1 { end_file(); file = FILENAME; start = 0 }
		{ lines = FNR }
		/^[A-Za-z_].*\(/ { head = $0 }
		/^{$/ { start = FNR }
		/^}$/ && start {
			within = FNR - start - 1
			name = head
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			if (within > max)
				printf "%s:%d: fault: %s() has %d lines, %d is the most\n", file, start, name, within, max
			else if (within > good)
				printf "%s:%d: note: %s() has %d lines\n", file, start, name, within
			start = 0
		}
		END { end_file() }' "$@"
}

mapfile -t files < <(find src tests -name '*.[ch]' -not -path 'tests/fuzz/corpus/*' | sort)
measured=$(measure "${files[@]}")
grep ': note: ' <<<"$measured" || true
verdicts "$(grep ': fault: ' <<<"$measured" || true)" "${files[@]}"
finish
