#!/bin/bash
# What outlives the process is whole: of a struct that a table of struct saved_field writes, each member
# stands in the tables, or is named with its reason as not written, in the file of a table:
#
#	/* Not written of struct thing: node, cache (made anew). */
#
# So nobody adds a member to a call or a line without a thought of what becomes of it. One case a struct.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Prints "struct NAME FILE" and "fault TEXT" for what is wrong with the last one.
read_structs() {
	perl -0777 -ne '
		my $text = $_;
		while ($text =~ m{Not\s+written\s+of\s+struct\s+(\w+):(.*?)\*/}sg) {
			my ($name, $rest) = ($1, $2);
			$rest =~ s/\([^)]*\)//g;
			$rest =~ s/\n \* / /g;
			$left{$name}{$_} = $ARGV for $rest =~ /(\w+)/g;
		}
		(my $code = $text) =~ s{/\*.*?\*/}{ }sg;
		while ($code =~ m{SAVED_\w+\(\s*struct\s+(\w+)\s*,\s*(\w+)}sg) {
			$row{$1}{$2} = 1;
			$file{$1} //= $ARGV;
		}
		while ($code =~ m{\bstruct\s+(\w+)\s*(\{(?:[^{}]|(?2))*\})}sg) {
			my ($name, $body) = ($1, substr $2, 1, -1);
			# an inner struct is one member: what stands behind its brace
			1 while $body =~ s/\{[^{}]*\}//g;
			for my $line (split /;/, $body) {
				for my $part (split /,/, $line =~ s/^.*?(\w+[^,]*)/$1/sr) {
					$member{$name}{$ARGV}{$1} = 1
						if $part =~ /(\w+)\s*(?:\[[^\]]*\]\s*)*$/;
				}
			}
		}
		# Of several structs of a name, that of the file of the table, or else of its folder.
		sub members_of {
			my ($name) = @_;
			(my $folder = $file{$name}) =~ s{[^/]*$}{};
			my @files = sort keys %{$member{$name} // {}};
			my ($found) = grep { $_ eq $file{$name} } @files;
			($found) = grep { /^\Q$folder\E/ } @files if !$found;
			return $member{$name}{$found // $files[0] // ""} // {};
		}
		END {
			for my $name (sort keys %row) {
				my $members = members_of($name);
				print "struct $name $file{$name}\n";
				for my $member (sort keys %$members) {
					next if $row{$name}{$member} || $left{$name}{$member};
					print "fault $file{$name}: struct $name: $member is neither ",
						"written nor named as not written\n";
				}
				for my $member (sort keys %{$left{$name} // {}}) {
					print "fault $left{$name}{$member}: struct $name: $member is ",
						$row{$name}{$member} ? "written\n" : "no member\n"
						if $row{$name}{$member} || !$members->{$member};
				}
			}
		}' "$@"
}

mapfile -t sources < <(find src -name "*.[ch]" | sort)
faults=
name=
while read -r kind text; do
	if [[ $kind == struct ]]; then
		[[ -z $name ]] || verdict "$faults"
		name=$text
		faults=
	else
		faults=${faults:+$faults$'\n'}$text
	fi
done < <(read_structs "${sources[@]}")
[[ -z $name ]] || verdict "$faults"
finish
