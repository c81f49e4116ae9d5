#!/bin/bash
# Each library is known in one place. One case a library.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# library HEADERS FILES...: HEADERS (an extended regex) is included in FILES (globs) alone.
library() {
	local headers=$1 file line rest pattern found faults=
	shift
	while IFS=: read -r file line rest; do
		found=
		for pattern; do
			# shellcheck disable=SC2053 # a glob
			[[ $file == $pattern ]] && found=yes
		done
		[[ $found ]] || faults+="${faults:+$'\n'}$file:$line: $rest: only in $*"
	done < <(grep -rnE --include='*.[ch]' "^[ \t]*#[ \t]*include[ \t]*[<\"]($headers)" src || true)
	verdict "$faults"
}

library 'sofia-sip/' 'src/sip/message*.[ch]' src/sip/resolve.c
library 'srtp2?/|srtp\.h' 'src/media/srtp*.[ch]'
library 'pcap\.h' src/audit/classic.c src/audit/capture_read.c src/ctl/wire_capture.c src/ctl/wire_export.c
library 'curl/' src/tls/fetch.c
# GnuTLS's own primitives are SRTP's where they must come from a validated module.
library 'gnutls/' 'src/tls/*' 'src/evidence/*' src/media/srtp_gnutls.c
library 'augeas\.h' 'src/config/*'
library 'pcre2\.h' src/config/rule.c
library 'jansson\.h' src/base/saved.c 'src/admin/*' 'src/check/*' 'src/ctl/*' 'src/replay/*' 'src/startcheck.*' 'src/verify/*'
library 'libsmartcols/' 'src/ctl/*'
# SHA-512/256, which GnuTLS does not have; X25519 of bare keys, which it does not offer.
library 'nettle/' src/media/srtp_nettle.c src/tls/hashing.c src/audit/age.c
# ChaCha20-Poly1305, of which nettle and GnuTLS make a tenth as much.
library 'gcrypt\.h' src/audit/age.c
library 'microhttpd\.h' src/witness/endpoint.c
library 'liburing\.h' src/media/io_uring.c
library 'sqlite3\.h' 'src/audit/index_*.[ch]'
library 'libpq-fe\.h' src/audit/sink_pg.c
library 'linux/bpf\.h' src/media/steer_bpf.c
library 'seccomp\.h' src/process/sandbox_calls.c
library 'linux/landlock\.h' src/process/sandbox_landlock.c
library 'systemd/' src/process/notify.c src/process/journald.c
library 'unbound\.h' 'src/sip/resolve*.c'
# TLS, crypto and XML of other makes have no place here.
library 'openssl/|mbedtls/|nss|libxml' ''
finish
