#!/bin/bash
# Files of one folder do not use each other in a circle: each can be read before those that
# use it. What uses what is taken from the symbols of the object files. One case a folder.
#
# To break a circle, put what both files need into a third below them (sip/txn_base.c), or hand
# the function down in a struct of handlers (probe_step.c: finish_h).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need nm binutils

# "define FILE NAME" and "use FILE NAME" of every object of FOLDER whose source is there.
symbols_of() { # FOLDER
	nm -A "$builddir/src/$1"/*.o | awk -v sources=" $(cd "src/$1" && echo *.c) " '
		{
			place = $1
			sub(/\.o:.*/, "", place)
			sub(/.*\//, "", place)
		}
		!index(sources, " " place ".c ") { next } # left by an earlier build
		$2 ~ /^[TDBRVWC]$/ { print "define", place, $3 }
		$2 == "U" { print "use", place, $3 }'
}

# The circles, one a line: FILES, a tab, and for each use within one "FILE uses NAME of FILE".
circles_of() { # FOLDER
	symbols_of "$1" | awk '
		$1 == "define" { owner[$3] = $2 }
		$1 == "use" { uses[++count] = $2 " " $3 }
		END {
			for (i = 1; i <= count; i++) {
				split(uses[i], use, " ")
				target = owner[use[2]]
				if (target == "" || target == use[1])
					continue
				files[use[1]]; files[target]
				reach[use[1], target] = 1
				via[use[1], target] = use[2]
			}
			for (k in files) for (i in files) if ((i, k) in reach)
				for (j in files) if ((k, j) in reach)
					reach[i, j] = 1
			for (i in files) {
				if (seen[i] || !((i, i) in reach))
					continue
				circle = ""; why = ""
				for (j in files) if ((i, j) in reach && (j, i) in reach) {
					seen[j] = 1
					circle = circle " " j
					for (k in files)
						if ((j, k) in via && (k, j) in reach && (i, k) in reach)
							why = why "; " j " uses " via[j, k] "() of " k
				}
				print substr(circle, 2) "\t" substr(why, 3)
			}
		}'
}

check_folder() { # FOLDER
	local files why
	while IFS=$'\t' read -r files why; do
		files=$(tr ' ' '\n' <<<"$files" | sort | paste -sd ' ')
		echo "src/$1:1: a circle of files: $files: $why"
	done < <(circles_of "$1")
}

[[ -x $builddir/tandemd ]] || {
	echo "nothing is built in $builddir"
	exit 77
}
for folder in src/*/; do
	folder=${folder#src/}
	verdict "$(check_folder "${folder%/}")"
done
finish
