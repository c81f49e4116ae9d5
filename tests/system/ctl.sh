#!/bin/bash
# tandemctl as its users meet it: exit codes, help, terminals, pipes, completion, and what goes on.
. "$(dirname "$0")/lib.sh"
need sipp kamailio

# One line a verb: its noun and verb, arguments that would do, and the exit code with the server of this lab.
verbs='
status ; 0
trunk list ; 0
trunk show gw ; 0
trunk explain gw ; 1
trunk tls gw off ; 0
trunk drain gw ; 0
trunk resume gw ; 0
server list ; 0
server show pbx1 ; 0
server explain pbx1 ; 1
trunk config gw ; 0
server config pbx1 ; 0
server drain pbx1 --reason update ; 0
server resume pbx1 ; 0
trunk drain gw --reason cables ; 0
trunk resume gw ; 0
config diff ; 0
config confirm ; 1
counters reset ; 0
counters reset gw ; 0
trunk config nothing ; 4
server config nothing ; 4
server drain nothing ; 4
server resume nothing ; 4
trunk drain gw --why x ; 2
call list ; 0
call show 99 ; 4
call show 99 --watch ; 4
call show 99 --html ; 4
call show --brief 99 ; 4
call show 99 --html --watch ; 2
trace --call 99 ; 4
trace --trunk nothing ; 4
trace --number ; 2
trace --for 2d ; 2
trace --for 1s ; 0
trace --call 1 --trunk gw ; 2
call hangup 99 ; 4
subscription list ; 0
subscription end 5f3c-000001 ; 4
capture start --number +4930 --for 1m ; 0
capture start --number +4930 --for 1y ; 2
capture start --trunk nothing --for 1m ; 4
capture start --call 99 --for 1m ; 4
capture list ; 0
capture stop 1 ; 0
capture stop 1 ; 4
capture hold 99 --reason x ; 4
capture release 99 ; 4
capture export ffff-000001 --to LAB/bundle ; 4
capture export 99 ; 2
wire start --for 1m --trunk nothing ; 4
wire start ; 2
wire start --for 1m ; 0
wire stop ; 0
wire stop ; 4
cdr tail ; 0
cdr tail 5 ; 0
cdr list ; 0
cdr list --limit none ; 2
cdr report ; 0
cdr key ; 0
cdr rekey ; 0
cdr proof 0 ; 0
cdr proof 99999999 ; 1
cert list ; 0
metrics ; 0
monitor -n 1 ; 0
strangers ; 0
route test +49301 ; 0
route test +49301 --from +4989 --via server pbx1 --emergency ; 0
route test +49301 --via trunk gw ; 0
route test +49301 --via server nothing ; 4
config check ; 0
config reload ; 0
log level ; 0
log level info ; 0
report protection ; 0
report sign 1h ; 2
report sign 1h --json ; 0
report sign yesterday --json ; 2
trunk show nothing ; 4
trunk explain nothing ; 4
emergency test gw ; 1
emergency test nothing ; 4
trunk learn nothing 1 ; 4
trunk learn gw 112 ; 1
trunk tls nothing on ; 4
trunk drain nothing ; 4
trunk resume nothing ; 4
server show nothing ; 4
server explain nothing ; 4
status now ; 2
trunk list now ; 2
trunk show ; 2
trunk tls gw ; 2
trunk tls gw maybe ; 2
call show ; 2
call list --watch ; 2
cdr tail many ; 2
cdr proof a/b ; 2
monitor -n 0 ; 2
monitor -n ; 2
events nonsense ; 2
events level=loud ; 2
log level loud ; 2
shutdown now ; 2
report protection --csv --html ; 2
route test ; 2
trunk learn gw ; 2
trunk learn gw a@b ; 2
trunk learn gw 1 --from ; 2
trunk learn gw 1 --from x ; 2
route test +49301 --via ; 2
route test +49301 --via gateway gw ; 2
route test a@b ; 2
route replay --since ; 2
route replay --since tomorrow ; 2
route replay --rows many ; 2
route replay nobody ; 2
'

# each_exits CODE: all verbs above that the server would be asked for; without one they end with CODE.
each_exits() {
	local line words code wrong=0
	while IFS=';' read -r line code; do
		[[ -n $line && $code -ne 2 ]] || continue
		read -ra words <<<"$line"
		"${run[@]}" "${words[@]}" >"$lab/out" 2>&1
		local got=$?
		((got == $1)) && continue
		echo "${words[*]}: exit code $got, not $1"
		cat "$lab/out"
		wrong=1
	done <<<"$verbs"
	return $wrong
}

verb_exits() { # CODE WORD...
	exits "$@"
}

quiet() { # COMMAND...: prints nothing at all
	"$@" >"$lab/quiet" 2>&1
	[[ ! -s $lab/quiet ]] || {
		cat "$lab/quiet"
		return 1
	}
}

# on_terminal COLUMNS WORD...: what tandemctl prints on a terminal.
on_terminal() {
	local columns=$1
	shift
	env -u NO_COLOR TERM=xterm "$tools/pty" "$columns" "$builddir/tandemctl" \
		-s "$lab/run/control.sock" "$@"
}

has_escape() { # COMMAND...: succeeds, and prints an escape sequence
	"$@" >"$lab/escapes" && grep -q $'\033' "$lab/escapes"
}

has_no_escape() { # COMMAND...: succeeds, and prints something without any
	"$@" >"$lab/escapes" && [[ -s $lab/escapes ]] && ! grep -q $'\033' "$lab/escapes"
}

widest() { # WIDTH COMMAND...: no line is wider
	local width=$1
	shift
	"$@" | awk -v width="$width" 'length($0) > width { print; wrong = 1 } END { exit wrong }'
}

lab_open
verbs=${verbs//LAB/$lab}
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"

# --- help needs no server

check "help lists every verb" prints 'trunk tls ID on\|observe\|off' ctl help
each_helps() {
	local noun verb
	while read -r noun verb; do
		ctl help "$noun" ${verb:+"$verb"} >"$lab/help" || return 1
		grep -q '^Examples:' "$lab/help" || {
			echo "$noun $verb: no examples"
			return 1
		}
		[[ $noun == setup ]] || ctl "$noun" ${verb:+"$verb"} --help | cmp - "$lab/help" || return 1
	done < <(sed -nE 's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1 \2/p' \
		"$srcdir/src/admin/verb_list.h" "$srcdir/src/ctl/local_list.h")
}
check "help of each verb, and --help behind it" each_helps
check "help of what there is not" exits 2 ctl help nonsense
check "a beginning is enough" prints 'call hangup ID' ctl help cal h

# --- no server

run=(ctl)
check "no socket: exit code 3 of each verb" each_exits 3
check "and what to do" prints 'does not exist\. .*-s ' ctl status
check "completion without a server: silent" quiet ctl complete -- trunk show ''
check "completion without a server: the verbs" prints '^explain' ctl complete -- trunk ''
check "a path that is no socket" exits 3 ctl -s "$lab/tandem.conf" status

start_tandem

# --- each verb

while IFS=';' read -r line code; do
	[[ -n $line ]] || continue
	read -ra words <<<"$line"
	check "exit code$code: ${words[*]}" verb_exits "${code# }" ctl "${words[@]}"
done <<<"$verbs"
check "each verb has a line" test -z "$(sed -nE \
	's/^[ \t]*X\("([a-z]+)", "([a-z]*)".*/\1 \2/p' "$srcdir/src/admin/verb_list.h" |
	while read -r noun verb; do
		grep -q "^$noun${verb:+ $verb} " <<<"$verbs" || echo "$noun $verb"
	done | grep -vxE 'events ?|shutdown ?')"

cp "$lab/gateways.d/gw.conf" "$lab/gw.right"
echo 'nonsense = 1' >>"$lab/gateways.d/gw.conf"
check "exit code 6: config check" exits 6 ctl config check
check "exit code 6: config reload" exits 6 ctl config reload
check "exit code 6: trunk tls" exits 6 ctl trunk tls gw observe
check "and the mistake" prints 'gw.conf:.*nonsense' ctl config check
cp "$lab/gw.right" "$lab/gateways.d/gw.conf"

# --- who may not

chmod 755 "$lab" "$lab/run"
# The tree may be where others have no business.
install -m 755 "$builddir/tandemctl" "$lab/tandemctl"
if ((EUID == 0)); then
	denied=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chgrp 1 "$lab/run/control.sock"
	group=$(getent group 1 | cut -d: -f1)
	check "denied: which group to join" prints "usermod -aG $group nobody" \
		"${denied[@]}" "$lab/tandemctl" -s "$lab/run/control.sock" status
else
	denied=()
	chmod 000 "$lab/run/control.sock"
fi
run=("${denied[@]}" "$lab/tandemctl" -s "$lab/run/control.sock")
check "denied: exit code 5 of each verb" each_exits 5
chmod 660 "$lab/run/control.sock"

# --- pipes

check "-q prints nothing" quiet ctl -q trunk drain gw
check "nor does a reader that has enough" quiet bash -c \
	"'$builddir/tandemctl' -s '$lab/run/control.sock' metrics | head -1 >/dev/null"
check "even where SIGPIPE was ignored" quiet bash -c \
	"trap '' PIPE; '$builddir/tandemctl' -s '$lab/run/control.sock' metrics | head -1 >/dev/null"
check "a full disk is said" prints 'cannot print' bash -c \
	"'$builddir/tandemctl' -s '$lab/run/control.sock' status >/dev/full"
check "through a pipe all columns are there" prints 'PORT.*MAX.*LAST ERROR' ctl trunk list
check "and no colour" has_no_escape ctl trunk list
check "COLUMNS counts all the same" prints '; -l shows all$' \
	env COLUMNS=40 "$builddir/tandemctl" -s "$lab/run/control.sock" trunk list
check "-l is stronger" prints 'LAST ERROR' \
	env COLUMNS=40 "$builddir/tandemctl" -s "$lab/run/control.sock" trunk list -l
check "-H: no titles" prints '^gw' bash -c \
	"'$builddir/tandemctl' -s '$lab/run/control.sock' -H trunk list | head -1"

# --- terminals

for width in 60 80 200; do
	check "a terminal of $width columns: no line is wider" \
		widest "$width" on_terminal "$width" --no-color trunk list
done
check "what is left out is said" prints 'left out: .*PORT' on_terminal 50 trunk list
check "nothing is where there is room" prints '^ID.*PORT.*LAST ERROR' on_terminal 200 trunk list
check "a drained trunk has a colour" has_escape on_terminal 80 trunk list
check "not with --no-color" has_no_escape on_terminal 80 --no-color trunk list
check "nor with NO_COLOR" has_no_escape env NO_COLOR=1 TERM=xterm "$tools/pty" 80 \
	"$builddir/tandemctl" -s "$lab/run/control.sock" trunk list
check "nor on a dumb terminal" has_no_escape env TERM=dumb "$tools/pty" 80 \
	"$builddir/tandemctl" -s "$lab/run/control.sock" trunk list
ctl -q trunk resume gw

# --- completion

# completed WORD...: what bash makes of the last word, on one line.
completed() {
	PATH=$builddir:$PATH TANDEM_SOCKET=$lab/run/control.sock bash --norc -c '
		. "$1"
		shift
		COMP_WORDS=(tandemctl "$@")
		COMP_CWORD=$#
		COMP_LINE=${COMP_WORDS[*]}
		COMP_POINT=${#COMP_LINE}
		complete -p tandemctl >/dev/null || exit
		_tandemctl tandemctl "${!#}" tandemctl
		echo "${COMPREPLY[*]}"' bash "$srcdir/packaging/completion/tandemctl" "$@"
}

completes() { # EXPECTED WORD...
	local expected=$1 found
	shift
	found=$(completed "$@" 2>&1)
	[[ $found == "$expected" ]] || {
		echo "$found"
		return 1
	}
}

check "bash: a noun" completes "trunk trace" tr
check "bash: nouns" completes "status server subscription strangers shutdown setup" s
check "bash: a verb" completes "show" trunk s
check "bash: a trunk" completes gw trunk show ''
check "bash: a server" completes pbx1 server show p
check "bash: a word of the usage" completes "on observe off" trunk tls gw ''
check "bash: no more arguments" completes "" trunk show gw ''
check "bash: a level" completes warning log level w
check "bash: an option" completes --json trunk list --js
check "bash: an option of the verb" completes --watch call show --w
check "bash: options before" completes show -q --json trunk sh
check "bash: a shortened noun" completes gw tru tls ''
check "bash: a socket of its own" completes "" -s "$lab/nowhere" trunk show ''
check "bash: a trunk to trace" completes "gw pbx1" trace --trunk ''
check "bash: what to follow" completes "trunk= call= level= module= event=" events ''
check "bash: a trunk to follow" completes gw events trunk = g
check "bash: the next match" completes "warning" events trunk = gw level = w
check "bash: help" completes "resume" help trunk r
if type -P zsh >/dev/null; then
	# What _describe is given.
	zsh_candidates() {
		PATH=$builddir:$PATH TANDEM_SOCKET=$lab/run/control.sock zsh -f -c '
			file=$1; shift
			words=(tandemctl "$@"); CURRENT=$#words
			_call_program() { shift; eval "$*" }
			_describe() { print -rl -- ${(P)4} }
			. $file' zsh "$srcdir/packaging/completion/_tandemctl" "$@"
	}
	check "zsh: a verb and what it does" prints '^drain:no new calls' zsh_candidates trunk d
	check "zsh: what to follow" prints '^level=:at least' zsh_candidates events ''
	check "zsh: a trunk to follow" prints '^trunk=gw:gw1' zsh_candidates events trunk=
	check "zsh: a trunk" prints '^gw:gw1.example.test$' zsh_candidates trunk show ''
fi

# --- what goes on

check "monitor: two rounds" test "$(ctl --json monitor -n 2 | jq -s length)" = 2
ctl monitor -n 2 >"$lab/monitor"
check "monitor: rates of the second round" grep -qE '; begin 0\.0, end 0\.0, fail 0\.0' "$lab/monitor"
check "monitor: the parties" grep -qE '^trunk +gw ' "$lab/monitor"
check "monitor: not drawn over where there is no screen" has_no_escape cat "$lab/monitor"
check "monitor: drawn anew on a screen" has_escape on_terminal 80 monitor -n 1

follow() { # NAME WORD...: in the background; sets follow_pid
	local name=$1
	shift
	"$builddir/tandemctl" -s "$lab/run/control.sock" "$@" >"$lab/$name" 2>"$lab/$name.errors" &
	follow_pid=$!
	pids+=("$follow_pid")
	wait_line 10 "$lab/$name.errors" following
}
follow acts --json events -n 2 event=act
acts=$follow_pid
follow warnings events level=warning
warnings=$follow_pid
ctl -q trunk drain gw
ctl -q trunk resume gw
check "events: as many as wanted, then it ends" wait_for 10 is_gone "$acts"
check "and its exit code" wait "$acts"
check "events: JSON, one a line" test "$(jq -r .words.verb "$lab/acts" | paste -sd' ')" = "drain resume"
check "events: with time, module and line" jq -e \
	'.time and .module == "api" and (.line | test("noun=trunk"))' "$lab/acts"
check "events: what does not match is not there" test ! -s "$lab/warnings"

# --- a call that lives

port_sipp_server=$port_spare
port_front=$((port_spare + 2))
start_front front-pbx1 "$port_pbx" "$port_front" "sip:127.0.0.1:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
check "a reload" ctl -q config reload
follow calls --json events trunk=gw module=call
start_sipp called uas-answer u1 "$port_gw" "$port_external"
pause=3000
start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
stands() {
	status_is .calls.answered 1
}
watch_code=
wait_for 10 stands && {
	check "completion of a call" completes "$(ctl --json call list | jq -r '.calls[0].id')" call show ''
	ctl call show 1 --watch >"$lab/watch"
	watch_code=$?
}
check "a call" wait_sipp caller
check "watch: ends when the call does" test "$watch_code" = 0
check "watch: the call as it stood" grep -qE '^call .* talking ' "$lab/watch"
check "watch: its record" grep -qE '^cause +bye' "$lab/watch"
check "watch: who ended it" grep -qE '^by +[a-z]+$' "$lab/watch"
check "events of a trunk: its call" wait_line 10 "$lab/calls" "trunk=gw"

# --- the server ends

check "shutdown" exits 0 ctl -q shutdown
check "events: the server has ended" wait_for 10 is_gone "$warnings"
check "and that is said" grep -q 'the server has ended' "$lab/warnings.errors"
check "it is gone" wait_for 10 is_gone "$tandem_pid"

start_tandem
kill -KILL "$tandem_pid"
wait "$tandem_pid" 2>/dev/null
run=(ctl)
check "a dead socket: exit code 3 of each verb" each_exits 3
check "and what happened" prints 'the one that made .* is gone' ctl status
finish
