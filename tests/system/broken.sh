#!/bin/bash
# Broken set-ups: what an operator sees first names the cause and what to do.
#
# tests/system/broken.table has a stanza for each:
#
#	[name]
#	do     = a command in the folder of a working configuration; several lines are one after the other
#	cause  = what the first line of `tandemd -t` must say (extended regular expression)
#	remedy = and then, what to do
#	by     = test (the default), warning, start or reload
#
#	test	 -t refuses (exit code 6), and a start does, with the same first line
#	warning	 -t says it and accepts; the server then starts
#	note	 the same, of what is merely worth knowing
#	start	 a start refuses, with a server of the working configuration beside it; `-t` likewise
#	reload	 a server that runs refuses it at `tandemctl config reload`, and goes on
#
# The table in doc/troubleshooting.md is made of it: `broken.sh --update` writes it, without that it is
# compared.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# Ports, mounts and limits of its own.
if [[ -z ${BROKEN_INSIDE:-} ]] && ((EUID == 0)) && unshare --net --mount true 2>/dev/null; then
	BROKEN_INSIDE=yes exec unshare --net --mount bash "$0" "$@"
fi
. "$here/lib.sh"
[[ ${BROKEN_INSIDE:-} ]] || skip "only root can make a network of its own"
need openssl ip jq perl prlimit setpriv
update=
[[ ${1:-} != --update ]] || update=yes
[[ -x $builddir/tandemd ]] || skip "tandemd is not built in $builddir"
user=daemon
id "$user" >/dev/null 2>&1 || skip "there is no user $user"
ip link set lo up
doc=$srcdir/doc/troubleshooting.md

lab=$(mktemp -d "${TMPDIR:-/tmp}/tandem-test.XXXXXX")
trap lab_close EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mount -t tmpfs tmpfs "$lab" 2>/dev/null || skip "only root can mount"
end_lab() {
	local code=$?
	cd /
	umount -R -l "$lab"
	(exit "$code") # the status that lab_close ends with
	lab_close
}
trap end_lab EXIT
chmod 0711 "$lab"
# The tree may be somewhere that only root may enter.
cp -r "$builddir/tandemd" "$builddir/tandemctl" "$srcdir/gateway-profiles" "$lab"
chmod -R a+rX "$lab/tandemd" "$lab/tandemctl" "$lab/gateway-profiles"
tandemd=$lab/tandemd

# --- a working configuration

# issue FILE NAME FROM TO [EXTENSIONS]: by the enterprise CA, valid between two dates of date(1).
issue() {
	local extensions=${5:-host}
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" \
		-subj "/O=Tandem lab/CN=$2" -out "$1.csr"
	: >"$work/enterprise-ca.index"
	san=DNS:$2 ca=enterprise-ca openssl ca -batch -notext \
		-config "$work/ca.cnf" -extensions "$extensions" -in "$1.csr" \
		-startdate "$(date -u -d "$3" +%Y%m%d%H%M%SZ)" \
		-enddate "$(date -u -d "$4" +%Y%m%d%H%M%SZ)" -out "$1.pem"
}

# issue_list FILE FROM TO: a revocation list.
issue_list() {
	: >"$work/enterprise-ca.index"
	san=none ca=enterprise-ca openssl ca -config "$work/ca.cnf" -gencrl \
		-crl_lastupdate "$(date -u -d "$2" +%Y%m%d%H%M%SZ)" \
		-crl_nextupdate "$(date -u -d "$3" +%Y%m%d%H%M%SZ)" -out "$1"
}

make_base() {
	mkdir -p "$lab/base/gateways.d" "$lab/base/state" "$lab/base/run" "$lab/work"
	cd "$lab/base" || exit 1
	"$srcdir/certs/make-lab" certs >"$lab/make-lab.log" 2>&1 || exit 1
	rm -f certs/*-combined.pem certs/*-rogue.* certs/*-revoked.*
	export work=$lab/work # of openssl's CA
	{
		cat "$srcdir/certs/ca.cnf"
		printf '[server_only]\nextendedKeyUsage = serverAuth\nsubjectAltName = $ENV::san\n'
	} >"$work/ca.cnf"
	(
		cd certs || exit 1
		issue not-yet med1.example.test '+10 days' '+20 days'
		issue soon med1.example.test '-1 day' '+3 days'
		issue server-only med1.example.test '-1 day' '+1 year' server_only
		issue_list expired.crl '-20 days' '-10 days'
		issue_list future.crl '+10 days' '+20 days'
		openssl x509 -in internal.pem -outform DER -out internal.der
		openssl pkcs12 -export -in internal.pem -inkey internal.key -passout pass:x \
			-out internal.p12
		openssl ec -in internal.key -aes256 -passout pass:x -out locked.key
		chmod 0600 ./*.key
	) >"$lab/issue.log" 2>&1 || exit 1
	cat >tandem.conf <<-EOF
		[tandem]
		fqdn = med1.example.test
		state-dir = state
		run-dir = run
		profile-dir = $lab/gateway-profiles

		[internal]
		listen = 127.0.0.1:5061
		certificate = certs/internal.pem
		key = certs/internal.key
		trust = certs/enterprise-ca.pem
		crl = certs/enterprise.crl

		[server pbx1]
		host = 127.0.0.11
		port = 5061

		[external]
		udp = 127.0.0.1:5060
		tcp = 127.0.0.1:5060
		tls = 127.0.0.1:5071
		certificate = certs/external.pem
		key = certs/external.key
		trust = certs/carriers-ca.pem
		crl = certs/carriers.crl

		[media]
		internal-address = 127.0.0.1
		external-address = 127.0.0.2
		ports = 20000-20999
		io = sockets

		[audit]
		mode = off

		[limits]
		max-calls = 100
		max-connections = 100

		[sip]
		t1 = 500ms
	EOF
	printf '[gateway]\nhost = 127.0.0.21\ntls = yes\n' >gateways.d/carrier-a.conf
	printf '[gateway]\nhost = 127.0.0.22\ntls = no\ntransport = udp\n' >gateways.d/carrier-b.conf
}

# --- what the table's commands are made of; all in the folder of the set-up

# set_in FILE SECTION KEY VALUE: changes KEY, or adds it.
set_in() {
	awk -v section="[$2]" -v key="$3" -v value="$4" '
		$0 == section { print; inside = 1; if (!has) { print key " = " value } next }
		/^\[/ { inside = 0 }
		inside && $1 == key { next }
		{ print }' "$1" >"$1.new" && cat "$1.new" >"$1" && rm "$1.new"
}

put() { # SECTION KEY VALUE, in tandem.conf
	set_in tandem.conf "$@"
}

drop() { # SECTION KEY
	awk -v section="[$1]" -v key="$2" '
		/^\[/ { inside = $0 == section }
		inside && $1 == key { next }
		{ print }' tandem.conf >new && mv new tandem.conf
}

trunk() { # ID KEY VALUE
	set_in "gateways.d/$1.conf" gateway "$2" "$3"
}

# The server is to run as $user, who may read everything.
as_user() {
	put tandem user "$user"
	chown -R "$user" .
}

# It is started by $user, not by root.
by_user() {
	as=$user
	chown -R "$user" .
}

# Something that holds a port: udp|tcp ADDRESS PORT
hold() {
	perl -MSocket -e '
		my ($kind, $host, $port) = @ARGV;
		socket(my $holder, PF_INET, $kind eq "udp" ? SOCK_DGRAM : SOCK_STREAM, 0) or die;
		bind($holder, sockaddr_in($port, inet_aton($host))) or die;
		$kind eq "udp" or listen($holder, 1) or die;
		$| = 1;
		print "held\n";
		sleep; # until it is ended' "$@" >held 2>&1 &
	echo $! >>"$lab/helpers"
	wait_line 10 held held
}

# A file system of SIZE bytes (0: full) and INODES at FOLDER.
small_disk() { # FOLDER SIZE INODES
	mount -t tmpfs -o "size=$2,nr_inodes=$3,mode=0755" tmpfs "$1"
}

# --- running one

# What the log of a server says on its way is not the cause.
first_line() { # FILE
	grep -vE '^([0-9T:.Z-]+ )?(info|debug|warning) [a-z]+ ' "$1" | head -n 1
}

# Paths and numbers as they are on any machine.
neutral() {
	sed -E "s|$case/state|/var/lib/tandem|g; s|$case/run|/run/tandem|g; s|$case|/etc/tandem|g; s|$lab/base|/srv/other|g
		s|$lab/gateway-profiles|/usr/share/tandem/gateway-profiles|g
		s/process [0-9]+/process N/g; s/in use by perl,/in use by PROGRAM,/g
		s/(on|before|until) [0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?/\1 DATE/g"
}

# In the place of this shell, with the limits and as the user that the set-up wants.
under() { # COMMAND...
	local as_whom=()
	[[ ! $as ]] || as_whom=(setpriv --reuid="$as" --regid="$(id -g "$as")" --clear-groups)
	cd "$case" && exec ${limit:+prlimit $limit} "${as_whom[@]}" "$@"
}

run_test() { # OUTPUT
	(under timeout 20 "$tandemd" -t -c "$case/tandem.conf") >"$1" 2>&1
}

run_start() { # OUTPUT
	(under timeout 20 "$tandemd" -f -c "$case/tandem.conf") >"$1" 2>&1
}

says_both() { # LINE
	grep -qE -e "$cause" <<<"$1" || {
		echo "the cause ($cause) is not in: $1"
		return 1
	}
	grep -qE -e "$remedy" <<<"${1#*"$(grep -oE -m1 -e "$cause" <<<"$1" | head -n 1)"}" ||
		grep -qE -e "$remedy" <<<"$1" || {
		echo "the remedy ($remedy) is not in: $1"
		return 1
	}
}

# It serves: until its line says so, then it is ended.
serves() {
	: >"$lab/start" # what the one before it said
	(under "$tandemd" -f -c "$case/tandem.conf") >"$lab/start" 2>&1 &
	local pid=$! ready=0
	pids+=("$pid")
	wait_line 15 "$lab/start" 'event=ready' || ready=1
	stop "$pid"
	((ready == 0)) || head -5 "$lab/start"
	return $ready
}

seen_by_test() {
	local code
	run_test "$lab/out"
	code=$?
	line=$(first_line "$lab/out")
	((code == 6)) || {
		echo "-t: exit code $code"
		return 1
	}
	says_both "$line" || return 1
	run_start "$lab/out"
	code=$?
	((code == 6)) || {
		echo "a start: exit code $code"
		cat "$lab/out"
		return 1
	}
	[[ $(first_line "$lab/out" | neutral) == "$(neutral <<<"$line")" ]] || {
		echo "-t:      $line"
		echo "a start: $(first_line "$lab/out")"
		return 1
	}
}

seen_as_warning() {
	local code
	run_test "$lab/out"
	code=$?
	line=$(grep -E ": ($by|warning): " "$lab/out" | head -n 1)
	((code == 0)) || {
		echo "-t: exit code $code"
		return 1
	}
	says_both "$line" && serves
}

# The working configuration is served meanwhile, from its own folder.
with_server() { # COMMAND...
	local pid code
	: >"$lab/server.log" # what the one before it said
	"$tandemd" -f -c "$lab/base/tandem.conf" >"$lab/server.log" 2>&1 &
	pid=$!
	pids+=("$pid")
	wait_line 15 "$lab/server.log" 'event=ready' || {
		cat "$lab/server.log"
		return 1
	}
	"$@"
	code=$?
	stop "$pid"
	return $code
}

refused_at_reload() {
	local code
	cp -a "$case/." "$lab/live"
	sed -i "s|$case|$lab/live|g" "$lab/live/tandem.conf"
	: >"$lab/server.log" # what the one before it said
	"$tandemd" -f -c "$lab/live/tandem.conf" >"$lab/server.log" 2>&1 &
	local pid=$!
	pids+=("$pid")
	wait_line 15 "$lab/server.log" 'event=ready' || return 1
	(cd "$lab/live" && eval "$do") >"$lab/do" 2>&1
	"$lab/tandemctl" -s "$lab/live/run/control.sock" config reload >"$lab/out" 2>&1
	code=$?
	line=$(first_line "$lab/out" | sed "s|$lab/live|$case|g")
	"$lab/tandemctl" -s "$lab/live/run/control.sock" -q status || code=gone
	stop "$pid"
	rm -rf "$lab/live"
	[[ $code == 6 ]] || {
		echo "exit code $code"
		return 1
	}
	says_both "$line"
}

seen() {
	case $by in
	test) seen_by_test ;;
	warning | note) seen_as_warning ;;
	start) with_server seen_by_test ;;
	reload) refused_at_reload ;;
	*)
		echo "by = $by is not known"
		return 1
		;;
	esac
}

# What a markdown table can hold.
cell() {
	sed 's/\\/\\\\/g; s/|/\\|/g; s/</\&lt;/g; s/`//g' <<<"$1"
}

run_row() {
	local helper
	line=
	case=$lab/case
	cp -a "$lab/base" "$case"
	rm -rf "$case/state" "$case/run"
	mkdir -m 0750 "$case/state" "$case/run"
	: >"$lab/helpers"
	limit='' as=''
	if [[ $by == reload ]]; then
		:
	elif ! (cd "$case" && eval "$do" && declare -p limit as >"$lab/limit") >"$lab/do" 2>&1; then
		cat "$lab/do"
		fail "$name: its command"
	else
		. "$lab/limit"
	fi
	check "$name" seen
	line=$(neutral <<<"$line")
	echo "| $name | \`$(tr -d '`' <<<"$line" | sed 's/|/\\|/g')\` | $(cell "$(grep -oE -e "$remedy" <<<"$line" | head -n 1)") |" >>"$lab/rows"
	while read -r helper; do
		kill "$helper" 2>/dev/null
	done <"$lab/helpers"
	cd "$lab" || exit 1
	awk -v at="$case" '$2 == at || index($2, at "/") == 1 { print $2 }' /proc/mounts |
		sort -r | while read -r helper; do umount -l "$helper"; done
	rm -rf "$case"
}

end_row() {
	[[ ! $name || (${ONLY:-} && $name != "${ONLY:-}") ]] || run_row
	name=
}

run_table() {
	local text key
	name=
	while IFS= read -r text; do
		case $text in
		'' | '#'*) continue ;;
		'['*)
			end_row
			name=${text#[}
			name=${name%]}
			do='' cause='' remedy='' by=test
			continue
			;;
		esac
		key=${text%% *}
		text=${text#*= }
		case $key in
		do) do+=${do:+$'\n'}$text ;;
		cause) cause=$text ;;
		remedy) remedy=$text ;;
		by) by=$text ;;
		*) fail "broken.table: $key: expected do, cause, remedy or by" ;;
		esac
	done <"$here/broken.table"
	end_row
}

# doc/troubleshooting.md with the rows between its two marks.
write_doc() {
	awk -v rows="$lab/rows" '
		/^<!-- broken set-ups: end -->/ { inside = 0 }
		!inside { print }
		/^<!-- broken set-ups: / && !/end/ {
			inside = 1
			print "| Set-up | First line | What to do |\n|---|---|---|"
			while ((getline row < rows) > 0)
				print row
		}' "$doc"
}

make_base
: >"$lab/rows"
case=$lab/base
limit='' as=''
check "the working configuration: -t accepts it" run_test "$lab/out"
check "and has nothing to say but what protects each" \
	test "$(grep -cE ': (error|warning|note): ' "$lab/out")" = 0
check "and starts" serves

# What runs is no mistake, and can be asked itself.
accepts_what_runs() {
	run_test "$lab/out" && grep -q 'note: the server of this configuration runs, process' "$lab/out" &&
		! grep -E ': (error|warning): ' "$lab/out"
}
json_says() { # FILTER COMMAND...
	local filter=$1
	shift
	"$@" >"$lab/json" && jq -e "$filter" "$lab/json"
}
live() {
	"$lab/tandemctl" --json -s "$lab/base/run/control.sock" "$@"
}
check "-t --json has the same" json_says \
	'.would_start and .mistakes == 0 and (.trunks | map(.id) | sort) == ["carrier-a", "carrier-b", "pbx1"]' \
	"$tandemd" -t --json -c "$case/tandem.conf"
check "--json without -t is refused: exit code 2" exits 2 "$tandemd" --json
check "with its server running -t accepts it, and says so" with_server accepts_what_runs
check "that server checks it too" with_server json_says \
	'.would_start and (.trunks | length) == 3 and (.errors | length) == 0' live config check
check "a reload answers with an object" with_server json_says \
	'.state == "in force" and .servers == 1 and .gateways == 2' live config reload
run_table
if [[ ! ${ONLY:-} ]]; then
	write_doc >"$lab/doc"
	if [[ $update ]]; then
		cat "$lab/doc" >"$doc"
	fi
	check "doc/troubleshooting.md is what this run printed (else: broken.sh --update)" \
		diff -u "$doc" "$lab/doc"
fi
finish
