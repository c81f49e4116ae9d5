# Sourced by the checks in this folder. A check says `FILE:LINE: what` for each fault and
# ends with `N passed, M failed`. By hand: tests/lint/NAME.sh, with builddir= in the
# environment where it needs what was built.
set -euo pipefail
export LC_ALL=C

srcdir=$(cd "${srcdir:-$(dirname "${BASH_SOURCE[0]}")/../..}" && pwd)
builddir=${builddir:-$srcdir/build}
cd "$srcdir"

passed=0
failed=0

pass() {
	passed=$((passed + 1))
}

fail() {
	printf '%s\n' "$*"
	failed=$((failed + 1))
}

# verdict TEXT: one case; TEXT is its faults, empty when there are none.
verdict() {
	if [[ -z $1 ]]; then
		pass
	else
		fail "$1"
	fi
}

# verdicts FAULTS FILE...: one case a file; its faults are the lines of FAULTS that begin with "FILE:". What names none of
# these files is a case of its own: a check that did not run, perhaps.
verdicts() {
	local -A of=()
	local line file
	while IFS= read -r line; do
		file=${line%%:*}
		[[ -z $line ]] || of[${file:-:}]+=${of[${file:-:}]:+$'\n'}$line
	done <<<"$1"
	shift
	for file; do
		verdict "${of[$file]:-}"
		unset "of[$file]"
	done
	for line in "${of[@]}"; do
		fail "$line"
	done
}

# need TOOL PACKAGE: without TOOL the check is skipped; in CI that is a fault.
need() {
	command -v "$1" >/dev/null && return 0
	echo "$1 is missing: apt-get install $2"
	[[ ${CI:-} == true ]] && exit 1
	exit 77
}

finish() {
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
	exit
}
