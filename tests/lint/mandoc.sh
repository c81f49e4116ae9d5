#!/bin/bash
# The manual pages are sound mdoc. One case a page.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need mandoc mandoc

for page in man/*.[1-9]; do
	verdict "$(mandoc -Tlint -Wwarning "$page" | sed "s|^mandoc: ||" || true)"
	# a page that is not distributed is a page that nobody gets
	verdict "$(grep -q "^dist_man_MANS.*$page" man/Makefile.inc ||
		grep -qE "^[[:space:]]+$page" man/Makefile.inc ||
		echo "$page:1: not in man/Makefile.inc")"
done
finish
