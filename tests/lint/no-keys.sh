#!/bin/bash
# What is given away holds no private key and no certificate, and src/ no note to oneself.
# One case each.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Tracked and new files of a checkout, or everything of an unpacked release.
list_files() {
	if [[ $(git rev-parse --show-toplevel 2>/dev/null) == "$srcdir" ]]; then
		git ls-files --cached --others --exclude-standard
	else
		find . -path "./${builddir#"$srcdir"/}" -prune -o -path ./_build -prune -o \
			-path ./_inst -prune -o -type f -printf '%P\n'
	fi | sort -u
}

mapfile -t files < <(list_files)
((${#files[@]})) || {
	echo 'no files found'
	exit 1
}

verdict "$(printf '%s\n' "${files[@]}" | grep -E '\.(key|pem|p12|pfx|crt|der)$' |
	sed 's/$/:1: a key or a certificate by its name/' || true)"
# PEM begins at the beginning of a line; a program that looks for it has it in quotes.
verdict "$(printf '%s\0' "${files[@]}" |
	xargs -0 grep -nHaE '^-----BEGIN ([A-Z0-9 ]+ )?(PRIVATE KEY|CERTIFICATE|X509 CRL)-----' 2>/dev/null ||
	true)"
# A key in C source: many characters of base64 behind the words, in one literal.
verdict "$(printf '%s\0' "${files[@]}" |
	xargs -0 grep -nHaE 'BEGIN [A-Z ]*PRIVATE KEY-----\\n"? *"?[A-Za-z0-9+/]{32}' 2>/dev/null || true)"
verdict "$(grep -rnwE 'TODO|FIXME|XXX|HACK' src || true)"
finish
