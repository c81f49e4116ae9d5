#!/bin/bash
# Every header compiles alone, and twice. One case a header.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export CC=${CC:-gcc}
if [[ -z ${TANDEM_COMPILE_FLAGS:-} ]]; then
	need pkg-config pkg-config
	TANDEM_COMPILE_FLAGS="-std=gnu11 -Wall -Wextra -D_GNU_SOURCE -I$srcdir/src
		$(pkg-config --cflags sofia-sip-ua augeas smartcols | sed 's/-I/-isystem /g')"
fi
export TANDEM_COMPILE_FLAGS

compile() { # HEADER
	local out
	# shellcheck disable=SC2086 # flags are words
	out=$(printf '#include "%s"\n#include "%s"\nextern int lint_unit;\n' "$1" "$1" |
		$CC $TANDEM_COMPILE_FLAGS -Isrc -Werror -fsyntax-only -x c - 2>&1) ||
		printf '%s:1: does not compile alone:\n%s\n' "$1" "$out"
	echo "done $1"
}
export -f compile

while IFS= read -r line; do
	if [[ $line == done\ * ]]; then
		verdict "${faults:-}"
		faults=
	else
		faults=${faults:+$faults$'\n'}$line
	fi
done < <(find src -name '*.h' | sort | xargs -n 1 bash -c 'compile "$1"' compile)
finish
