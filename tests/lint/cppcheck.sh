#!/bin/bash
# cppcheck finds nothing, but for what cppcheck.suppress gives a reason for. One case a file.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need cppcheck cppcheck

out=$(mktemp)
trap 'rm -f "$out"' EXIT
# One configuration a file: ours do not depend on what is defined.
find src -name '*.c' | sort | cppcheck --file-list=- -j 2 --quiet --std=c11 --language=c \
	--enable=warning,portability,performance --max-configs=1 -Isrc -D_GNU_SOURCE -D__linux__ \
	--suppressions-list=tests/lint/cppcheck.suppress \
	--template='{file}:{line}: {severity}: {message} [{id}]' 2>"$out"

mapfile -t files < <(find src -name '*.[ch]' | sort)
verdicts "$(<"$out")" "${files[@]}"
finish
