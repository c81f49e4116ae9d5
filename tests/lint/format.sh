#!/bin/bash
# Every C file is as clang-format 14 with .clang-format would write it. One case a file. Other releases
# write some lines differently.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

formatter=
for program in clang-format-14 clang-format; do
	if [[ -z $formatter && $("$program" --version 2>/dev/null) == *' version 14.'* ]]; then
		formatter=$program
	fi
done
[[ -n $formatter ]] || {
	echo "skipped: no clang-format 14 here: $(clang-format --version 2>&1)"
	exit 77
}

mapfile -t files < <(find src tests -name '*.[ch]' -not -path 'tests/fuzz/corpus/*' | sort)
# The first places are enough to see what it is about.
faults=$(printf '%s\0' "${files[@]}" |
	xargs -0 -n 20 -P 2 "$formatter" --style=file --dry-run -Werror 2>&1 |
	grep -E '^[^ ].*: error: ' | sed 's/: error: .*/: not formatted/' | sort -t: -k1,1 -k2n,2 |
	awk -F: 'count[$1]++ < 3' || true)

verdicts "$faults" "${files[@]}"
((failed == 0)) || echo "mend with: $formatter -i FILE"
finish
