#!/bin/bash
# Many reloads cost no memory and no connection: RELOADS of them (100) by command, some more
# because files changed, while TLS connections stand. Each has other certificates and lists
# to load.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pki.sh"

reloads=${RELOADS:-100}
allowed_kb=1024
# Their allocators keep what was freed.
[[ -z ${TANDEM_SANITIZER:-} ]] || skip "memory cannot be measured under a sanitizer"

rss_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$tandem_pid/status"
}

log() { lines "$lab/tandem.log" "$1"; }

# Whatever a reload has to load is another file: the certificates of both sides, and lists.
other_files() { # 0|1
	mkdir -p "$lab/certs/new" && cp -p "$lab/kept.$1"/* "$lab/certs/new/" &&
		mv -f "$lab/certs/new"/* "$lab/certs/"
}

keep_files() { # 0|1
	mkdir -p "$lab/kept.$1" && cp -p "$lab"/certs/{internal,external}.{pem,key} \
		"$lab"/certs/{enterprise,carriers}.crl "$lab/kept.$1/"
}

# COUNT times: other files, and a reload that takes them.
by_command() { # COUNT
	local i
	for ((i = 0; i < $1; i++)); do
		other_files $((i % 2)) && ctl -q config reload || return 1
	done
}

by_files() { # COUNT
	local i before
	for ((i = 0; i < $1; i++)); do
		before=$(log event=tls-files-reloaded)
		other_files $((i % 2)) &&
			wait_line 20 "$lab/tandem.log" event=tls-files-reloaded $((before + 1)) ||
			return 1
	done
}

connections_stand() {
	[[ $(status '.internal.connections') == 4 ]]
}

lab_open
write_conf
write_gateway 'tls = yes' "port = $port_gw"
keep_files 0
issue internal enterprise-ca med1.example.test
issue external carriers-ca med1.example.test
write_crl enterprise-ca enterprise.crl 864000 pbx1-revoked
write_crl carriers-ca carriers.crl 864000 gw1-revoked
keep_files 1
start_tandem
mkfifo "$lab/nothing-yet"
exec {hold_fd}<>"$lab/nothing-yet"
for i in 1 2 3 4; do
	openssl s_client -connect "127.0.0.1:$port_internal" -quiet -no_ign_eof \
		-cert "$lab/certs/pbx1.pem" -key "$lab/certs/pbx1.key" \
		<"$lab/nothing-yet" >"$lab/client.$i" 2>&1 &
	pids+=($!)
done
check "connections stand" wait_for 15 connections_stand

# Changed files are told after the quiet time, so these are the fewer.
by_file=$((reloads / 50))
check "$((reloads / 10)) reloads to begin with" by_command $((reloads / 10))
check "$by_file changed files" by_files "$by_file"
before=$(rss_kb)
start=$EPOCHREALTIME
check "$reloads reloads" by_command "$reloads"
seconds=$(awk "BEGIN { printf \"%.1f\", ${EPOCHREALTIME/,/.} - ${start/,/.} }")
check "$by_file changed files" by_files "$by_file"
after=$(rss_kb)
echo "reloads: $reloads; by command in $seconds s; RSS $before -> $after kB"
check "they cost less than $allowed_kb kB" test $((after - before)) -lt "$allowed_kb"
check "every connection stands" connections_stand
check "none was closed meanwhile" test "$(log 'event=closed .*side=internal')" = 0
check "no reload was refused" test "$(log event=reload-refused)" = 0
exec {hold_fd}>&-
finish
