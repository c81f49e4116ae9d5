#!/bin/bash
# Every shell script parses; shellcheck has nothing to say where it is installed. One case
# a script.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mapfile -t scripts < <({
	echo bootstrap
	find .ci certs debian/tests tests -type f -not -path 'tests/fuzz/corpus/*' -not -path 'tests/data/*' \
		2>/dev/null
} | sort | xargs -d '\n' awk '
	FNR == 1 && (FILENAME ~ /\.sh$/ || /^#!\/bin\/bash/) { print FILENAME }
	{ nextfile }')

faults=$(for file in "${scripts[@]}"; do
	bash -n "$file" 2>&1 | sed "s|^$file: line \([0-9]*\):|$file:\1:|" || true
done)
# Left out is what it cannot know of files that source each other: who sets a variable, who uses it, who gives
# arguments. One program for all of them: to start one each takes longer than what it does.
if command -v shellcheck >/dev/null; then
	faults+=$'\n'$(shellcheck --shell=bash --severity=warning --exclude=SC1091,SC2034,SC2120,SC2154 \
		--format=gcc "${scripts[@]}" || true)
fi
verdicts "$faults" "${scripts[@]}"
finish
