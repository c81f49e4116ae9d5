#!/bin/bash
# NOUN_priv.h is what the files of one noun share: only NOUN.c, NOUN.h, NOUN_*.c and NOUN_*.h of
# its folder include it; where the noun is the folder's own, any of its files. A header whose
# first comment says "For A.c and B.c alone." is included by these alone, and one that says
# "Private to src/FOLDER." by that folder. Tests may look inside.
# One case a header.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What still includes an internal header of others, HEADER:FILE a line; none may come to them.
known='
'

# may_include HEADER FILE, both below src/
may_include() {
	local folder noun=${1##*/} file=${2##*/}
	folder=$(dirname "$1")
	noun=${noun%_priv.h}
	[[ $(dirname "$2") == "$folder" ]] || return 1
	[[ $noun == "$folder" || $file == "$noun".[ch] || $file == "$noun"_*.[ch] ]] && return 0
	[[ $known == *$'\n'$1:$file$'\n'* ]]
}

users_of() { # HEADER
	grep -lF "#include \"$1\"" src/*.[ch] src/*/*.[ch] | sed 's|^src/||'
}

check_priv() { # HEADER
	local user
	while IFS= read -r user; do
		may_include "$1" "$user" || echo "src/$user:1: $1 is for the files of its noun alone"
	done < <(users_of "$1")
}

check_alone() { # HEADER NAMES
	local user
	while IFS= read -r user; do
		[[ " $2 " == *" ${user##*/} "* && ${user%/*} == "${1%/*}" ]] ||
			echo "src/$user:1: $1 says that it is for $2 alone"
	done < <(users_of "$1")
}

check_private() { # HEADER
	local user
	while IFS= read -r user; do
		[[ ${user%/*} == "${1%/*}" ]] || echo "src/$user:1: $1 is private to src/${1%/*}"
	done < <(users_of "$1")
}

# The first comment, in one line.
comment_of() { # HEADER
	awk '/\*\// { print; exit } { print }' "src/$1" | tr -s '*\n \t' ' '
}

# The files in the sentence "For A.c, B.c and C.c alone." of the first comment, if it has one.
alone_in() { # HEADER
	comment_of "$1" | sed -nE 's/.*\<For ([a-z_, .]*\.c) alone\..*/\1/p' | sed 's/,//g; s/\<and\>//g' | tr -s ' '
}

while IFS= read -r header; do
	header=${header#src/}
	names=$(alone_in "$header")
	if [[ $header == *_priv.h ]]; then
		verdict "$(check_priv "$header")"
	elif [[ $header == *_impl.h ]]; then
		fail "src/$header:1: an internal header is called NOUN_priv.h"
	elif [[ -n $names ]]; then
		verdict "$(check_alone "$header" "$names")"
	elif [[ $(comment_of "$header") == *"Private to src/"* ]]; then
		verdict "$(check_private "$header")"
	fi
done < <(find src -name '*.h' | sort)
finish
