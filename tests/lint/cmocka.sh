#!/bin/bash
# Without cmocka there are no unit tests, and what takes parts of them is built where there is cmocka. One case a file.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for file in Makefile.am tests/*/Makefile.inc; do
	verdict "$(awk -v file="$file" '
		/^if / { depth++; if ($2 == "HAVE_CMOCKA") inside = depth }
		/^else/ { if (inside == depth) inside = 0 }
		/^endif/ { if (inside == depth) inside = 0; depth-- }
		/tests\/unit\// && !/^[ \t]*#/ && !inside { print file ":" NR ": needs cmocka outside of `if HAVE_CMOCKA`: " $0 }
		END { if (depth) print file ":" NR ": an `if` without its `endif`" }' "$file")"
done
finish
