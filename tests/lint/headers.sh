#!/bin/bash
# Every header compiles alone, and twice. One case a header.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export CC=${CC:-gcc}
if [[ -z ${TANDEM_COMPILE_FLAGS:-} ]]; then
	need pkg-config pkg-config
	TANDEM_COMPILE_FLAGS="-std=gnu11 -Wall -Wextra -D_GNU_SOURCE -I$srcdir/src
		$(pkg-config --cflags sofia-sip-ua augeas smartcols | sed 's/-I/-isystem /g')"
fi

# twice FILE: a unit that has nothing but that header, and has it twice.
twice() {
	printf '#include "%s"\n#include "%s"\nextern int lint_unit;\n' "$1" "$1"
}

compile() { # FILE...
	# shellcheck disable=SC2086 # flags are words
	$CC $TANDEM_COMPILE_FLAGS -Isrc -Werror -fsyntax-only -x c "$@" 2>&1
}

units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
mapfile -t headers < <(find src -name '*.h' | sort)
for header in "${headers[@]}"; do
	twice "${header#src/}" >"$units/${header//\//,}.c"
done
# One compiler for all of them: to start one each takes longer than what it does. Whose faults they are is asked where
# there are any.
if compile "$units"/*.c >"$units/out"; then
	verdicts '' "${headers[@]}"
else
	for header in "${headers[@]}"; do
		out=$(compile "$units/${header//\//,}.c") && pass ||
			fail "$header:1: does not compile alone:"$'\n'"$out"
	done
	((failed > 0)) || fail "each compiles alone, but not all in one run: $(<"$units/out")"
fi
finish
