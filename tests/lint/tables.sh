#!/bin/bash
# State tables are total: a table `name[STATES][EVENTS] = {` has a cell `[STATE][EVENT]` for each
# pair of the two enums, as `[STATE] = {[EVENT] = ...}`. Nothing is left to what an empty cell
# would mean. STATES and EVENTS are enumerators: what stands before them in their enums are the
# rows and columns. One case a table.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Tables that are not total yet, FILE:NAME a line; none may come to them.
known='
'

# Prints "table FILE:NAME", and "fault FILE:LINE: TEXT" for what is wrong with the last one.
read_tables() {
	awk '
		# TEXT without comments.
		function clean(text) {
			gsub(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//, " ", text)
			gsub(/\/\/[^\n]*/, " ", text)
			return text
		}
		# The enumerators before LAST, in order, in before[]; how many.
		function column(last, before,    i, n) {
			n = 0
			for (i = first_of[last]; i < place[last]; i++)
				before[++n] = name_at[i]
			return n
		}
		function read_enums(text,    body, names, n, i, word, from) {
			while (match(text, /enum[ \t\n]+[a-z_0-9]*[ \t\n]*\{[^}]*\}/)) {
				body = substr(text, RSTART, RLENGTH)
				text = substr(text, RSTART + RLENGTH)
				sub(/^[^{]*\{/, "", body)
				sub(/\}$/, "", body)
				n = split(body, names, ",")
				from = count + 1
				for (i = 1; i <= n; i++) {
					word = names[i]
					gsub(/[ \t\n]|=.*/, "", word)
					if (word == "")
						continue
					name_at[++count] = word
					place[word] = count
					first_of[word] = from
				}
			}
		}
		# BODY begins behind the first brace of the table.
		function read_cells(body, cells,    c, depth, state, event, i, rest) {
			depth = 0
			state = ""
			for (i = 1; i <= length(body); i++) {
				c = substr(body, i, 1)
				if (c == "{") depth++
				else if (c == "}" && --depth < 0) return
				else if (c == "[" && depth <= 1) {
					rest = substr(body, i + 1)
					sub(/\].*/, "", rest)
					gsub(/[ \t\n]/, "", rest)
					if (depth == 0)
						state = rest
					else
						cells[state, rest] = 1
					i += index(substr(body, i), "]") - 1
				}
			}
		}
		function read_table(file, text, head,    name, rows, columns, states, events, n, m, i, j, line) {
			name = head
			sub(/\[.*/, "", name)
			rows = head
			sub(/^[^[]*\[/, "", rows)
			columns = rows
			sub(/\].*/, "", rows)
			sub(/^[^[]*\[/, "", columns)
			sub(/\].*/, "", columns)
			line = line_of
			print "table " file ":" name
			if (!(rows in place) || !(columns in place)) {
				print "fault " file ":" line ": " name "[" rows "][" columns "]: both must be enumerators"
				return
			}
			n = column(rows, states)
			m = column(columns, events)
			delete cells
			read_cells(text, cells)
			for (i = 1; i <= n; i++) for (j = 1; j <= m; j++)
				if (!((states[i], events[j]) in cells))
					print "fault " file ":" line ": " name " has no cell [" states[i] "][" events[j] "]"
		}
		FNR == 1 { files[++file_count] = FILENAME }
		{ text[FILENAME] = text[FILENAME] $0 "\n" }
		END {
			for (f = 1; f <= file_count; f++)
				read_enums(clean(text[files[f]]))
			for (f = 1; f <= file_count; f++) {
				rest = text[files[f]]
				line_of = 1
				while (match(rest, /[a-z_]+\[[A-Z][A-Z_0-9]*\]\[[A-Z][A-Z_0-9]*\] =[ \t\n]*\{/)) {
					head = substr(rest, RSTART, RLENGTH)
					skipped = substr(rest, 1, RSTART)
					line_of += gsub(/\n/, "", skipped)
					rest = substr(rest, RSTART + RLENGTH)
					read_table(files[f], clean(rest), head)
				}
			}
		}' "$@"
}

mapfile -t sources < <(find src -name "*.[ch]" | sort)
faults=
table=
judge() {
	[[ -n $table ]] || return 0
	if [[ $'\n'$known == *$'\n'$table$'\n'* ]]; then
		pass
	else
		verdict "$faults"
	fi
}

while read -r kind text; do
	if [[ $kind == table ]]; then
		judge
		table=$text
		faults=
	else
		faults=${faults:+$faults$'\n'}$text
	fi
done < <(read_tables "${sources[@]}")
judge
finish
