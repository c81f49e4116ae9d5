#!/bin/sh
# The manual pages say of every key what the schema says: between each pair of lines
#
#	.\" BEGIN KEYS section
#	.\" END KEYS
#
# stands what `schema_mdoc section` prints; the section "headers" is the list of headers. With --update the pages are rewritten so.
set -eu

srcdir=${srcdir:-$(cd "$(dirname "$0")/../../.." && pwd)}
builddir=${builddir:-$srcdir/build}
tool=$builddir/tests/tools/schema_mdoc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fill PAGE: prints it with every list made anew
fill() {
	while IFS= read -r line; do
		case $line in
		'.\" BEGIN KEYS '*)
			printf '%s\n' "$line"
			"$tool" "${line##* }"
			while IFS= read -r line && [ "$line" != '.\" END KEYS' ]; do
				:
			done
			;;
		esac
		printf '%s\n' "$line"
	done <"$1"
}

# Paths of this build's --prefix are not the manual's.
neutral() {
	sed -E 's,^\.Ql /.*/(tandem|gateway-profiles) \.$,.Ql PATH/\1 .,' "$1"
}

status=0
sections=
for page in "$srcdir/man/tandem.conf.5" "$srcdir/man/tandem-gateway.5"; do
	fill "$page" >"$work/page"
	if [ "${1:-}" = --update ]; then
		cat "$work/page" >"$page"
	fi
	neutral "$page" >"$work/is"
	neutral "$work/page" >"$work/should"
	if ! diff -u "$work/is" "$work/should"; then
		echo "$page is not what the schema says: run $0 --update" >&2
		status=1
	fi
	sections="$sections $(sed -n 's/^\.\\" BEGIN KEYS //p' "$page" | tr '\n' ' ')"
done

# Every section is in one page.
for section in tandem internal external media audit limits emergency sip server gateway capture register route headers; do
	case " $sections " in
	*" $section "*) ;;
	*)
		echo "no manual page lists the keys of [$section]" >&2
		status=1
		;;
	esac
done
exit $status
