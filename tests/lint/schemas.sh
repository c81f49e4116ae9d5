#!/bin/bash
# Each verb of tandemctl has a schema of its answer in src/admin/schema, which is installed; each schema lets
# nothing through that it does not name, and says of each member what it is. One case a schema.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need jq jq

folder=src/admin/schema

# "status", "trunk-list"; failure is the answer of any verb that fails, record a line of cdr.jsonl, verify and
# verify-bundle the results of tandem-verify, manifest what a bundle says of itself.
expected=$({
	printf '%s\n' failure record verify verify-bundle manifest
	sed -nE 's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1-\2/p' src/admin/verb_list.h src/ctl/local_list.h |
		sed 's/-$//' | grep -vx help
} | sort)
present=$(cd "$folder" && printf '%s\n' *.json | sed 's/\.json$//' | sort)
verdict "$(comm -23 <(echo "$expected") <(echo "$present") |
	sed "s|.*|src/admin/verb_list.h:1: the answer of & has no schema: write $folder/&.json|")"
verdict "$(comm -13 <(echo "$expected") <(echo "$present") |
	sed "s|.*|$folder/&.json:1: there is no such verb|")"
verdict "$(grep -oE "$folder/[a-z-]+\.json" src/admin/Makefile.inc | sed 's|.*/||; s/\.json$//' | sort |
	comm -13 - <(echo "$present") |
	sed 's|.*|src/admin/Makefile.inc:1: &.json is not installed|')"

# What is wrong within: an object that is open, a member without a word.
faults='
	def path_text: map(tostring) | join("/");
	(if .["$schema"] != "https://json-schema.org/draft/2020-12/schema"
		then "the draft is not 2020-12" else empty end),
	(if .title == null then "it has no title" else empty end),
	(paths(type == "object") as $at | getpath($at) as $part |
		select($part.type == "object") |
		if $part.additionalProperties != false
			then "\($at | path_text): additionalProperties is not false" else empty end),
	(if .type == "object" and .additionalProperties != false
		then "additionalProperties is not false" else empty end),
	(paths(type == "object") as $at | select($at[-1] == "properties") | getpath($at) |
		to_entries[] | select((.value.description // "") == "") |
		"\($at | path_text)/\(.key): it has no description"),
	(paths(type == "object") as $at | select($at[-1] == "properties") | getpath($at) |
		to_entries[] | select(.key | test("_(us|ms|bytes|percent|days|packets)$")) |
		select((.value.type | if type == "array" then .[0] else . end) |
			(. == "integer" or . == "number") | not) |
		"\($at | path_text)/\(.key): its name has a unit, and it is no number")'
for name in $present; do
	verdict "$(jq -r "$faults" "$folder/$name.json" 2>&1 | sed "s|^|$folder/$name.json:1: |")"
done
finish
