#!/bin/bash
# The README and the guides, followed to the letter: each on a machine of its own, by a typist that does what it
# says (tests/guides/typist), while others answer the telephone.
#
#   tests/guides/guides.sh [GUIDE...]
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
# shellcheck source=tests/guides/world.sh
. "$srcdir/tests/guides/world.sh"

# Debian has an Asterisk in sid alone:
#   debootstrap --variant=minbase --include=asterisk sid DIR && ASTERISK_ROOT=DIR tests/guides/guides.sh asterisk
guides=("$@")
((${#guides[@]})) || guides=(readme carrier-tls plain-to-tls upgrade)

document_of() { # NAME
	case $1 in
	readme) echo "$srcdir/README" ;;
	*) echo "$srcdir/doc/guides/$1.md" ;;
	esac
}

# follow NAME: passes on what the typist checked.
follow() {
	local name=$1 code counts
	world_open || return 1
	world_boot "srcdir=$srcdir builddir=$builddir $srcdir/tests/guides/typist \
		$(document_of "$name") $srcdir/tests/guides/$name.play"
	code=$?
	world_close
	sed -n '/^\(ok\|FAILED\): /p' "$lab/said" | sed "s/: /: $name: /"
	counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$lab/said") || counts='0 passed, 1 failed'
	passed=$((passed + ${counts%% *}))
	counts=${counts#*, }
	failed=$((failed + ${counts%% *}))
	((code == 0)) || {
		sed -n '/^FAILED/,$p' "$lab/said" | head -80
		return 1
	}
}

lab=$(mktemp -d "${TMPDIR:-/tmp}/tandem-guides.XXXXXX")
guides_close() {
	local code=$?
	world_close
	(exit "$code") # the status that lab_close ends with
	lab_close
}
trap guides_close EXIT
world_can
# Where not even an empty machine starts, there is nothing to be said of the guides.
world_open && world_boot true || skip "no machine starts here: $(tail -n 1 "$lab/boot.log" 2>/dev/null)"
world_close
for guide in "${guides[@]}"; do
	follow "$guide"
done
finish
