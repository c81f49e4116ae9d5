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

include='^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*'
by_name="$include\"([^\"]*)\""
# Two ways around the check, and what nobody below may use.
around="$include(\"\.\.|<($(IFS='|' && echo "${!below[*]}"))/)"
top='^#[[:blank:]]*include "(main|server|privilege|startcheck)\.h"'

# Sets FAULTS to what is wrong with LINE, which stands at PLACE (FILE:LINE) of FOLDER.
judge() { # FOLDER PLACE LINE
	faults=
	if [[ $3 =~ $by_name ]] && ! may_include "$1" "${BASH_REMATCH[1]}"; then
		faults="$2: $1 includes ${BASH_REMATCH[1]}, which is not below it"
	fi
	[[ ! $3 =~ $around ]] ||
		faults+=${faults:+$'\n'}"$2: include by its place under src/, in quotes: $3"
	[[ ! $3 =~ $top ]] || faults+=${faults:+$'\n'}"$2: lies above every folder: $3"
}

for folder in src/*/; do
	folder=${folder#src/}
	folder=${folder%/}
	[[ -v below[$folder] ]] || {
		fail "src/$folder:1: a folder without a place among the layers"
		continue
	}
	mapfile -t files < <(find "src/$folder" -name '*.[ch]' | sort)
	all_faults=
	while IFS=: read -r file number line; do
		judge "$folder" "$file:$number" "$line"
		all_faults+=${faults:+$faults$'\n'}
	done < <(grep -Hn "$include" "${files[@]}")
	verdicts "$all_faults" "${files[@]}"
done
finish
