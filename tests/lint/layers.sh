#!/bin/bash
# A folder of src/ includes its own headers and those of folders below it, nothing else.
# One case a file.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

declare -A below=(
	[base]=''
	[config]='base'
	[process]='base config'
	[tls]='base config'
	[sip]='base config tls'
	[sdp]='base config'
	[media]='base config'
	[trunk]='base config tls sip'
	[bridge]='base config tls sip sdp media trunk'
	[probe]='base config tls sip sdp trunk'
	[upkeep]='base config tls sip sdp media trunk bridge'
	[learn]='base config tls sip sdp media trunk bridge'
	[evidence]='base tls'
	[audit]='base config tls sip sdp media trunk bridge evidence'
	[hep]='base config tls sip sdp media trunk bridge evidence audit'
	[admin]='base config tls sip sdp media trunk bridge upkeep learn evidence audit hep probe process'
	[check]='base config process tls sip sdp media trunk'
	[replay]='base config process tls sip sdp media trunk bridge evidence audit admin'
	[setup]='base config tls'
	[ctl]='base config tls sdp media setup evidence replay'
	[verify]='base evidence'
	[witness]='base tls evidence'
)
# tandemctl shares names with the server, and the code for its files.
shared_with_ctl='admin/api.h admin/moment.h admin/verb_list.h'

# may_include FOLDER HEADER
may_include() {
	local target=${2%%/*}
	[[ $2 != */* || $target == "$1" || " ${below[$1]} " == *" $target "* ]] && return 0
	[[ $1 == ctl && " $shared_with_ctl " == *" $2 "* ]]
}

check_file() { # FOLDER FILE
	local line header
	while IFS=: read -r line header; do
		may_include "$1" "$header" || echo "$2:$line: $1 includes $header, which is not below it"
	done < <(sed -nE '/^[ \t]*#[ \t]*include[ \t]*"/{=;s/.*"([^"]*)".*/\1/p}' "$2" | paste -d: - -)
	# Two ways around the check.
	grep -nE '^[ \t]*#[ \t]*include[ \t]*("\.\.|<(base|config|process|tls|sip|sdp|media|trunk|bridge|upkeep|probe|learn|evidence|audit|hep|admin|check|replay|setup|ctl|verify|witness)/)' "$2" |
		sed "s|^\([0-9]*\):|$2:\1: include by its place under src/, in quotes: |" || true
	grep -nE '^#[ \t]*include "(main|server|privilege|startcheck)\.h"' "$2" |
		sed "s|^\([0-9]*\):|$2:\1: lies above every folder: |" || true
}

for folder in src/*/; do
	folder=${folder#src/}
	folder=${folder%/}
	[[ -v below[$folder] ]] || {
		fail "src/$folder:1: a folder without a place among the layers"
		continue
	}
	while IFS= read -r file; do
		verdict "$(check_file "$folder" "$file")"
	done < <(find "src/$folder" -name '*.[ch]' | sort)
done
finish
