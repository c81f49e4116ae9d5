# Two Asterisks, one on either side of Tandem: `pbx` behind it, by mutual TLS and SRTP, and `gw` before it, whose
# calls come and go in plain (trunk plain, +49401...) and by TLS (trunk secure, +49402...). Sourced behind
# tests/system/lib.sh by the campaigns that `make asterisk` runs. They live in ASTERISK_ROOT, a root of Debian sid.

[[ -n ${ASTERISK_ROOT:-} && -x $ASTERISK_ROOT/usr/sbin/asterisk ]] ||
	skip "there is no Asterisk: ASTERISK_ROOT is a root with one"
((EUID == 0)) || skip "only root can chroot"
need chroot unshare

# Within the root. $tones is what each of them plays.
ast_folder=/tandem-campaign
declare -A tones=([pbx]=440 [gw]=1000)
declare -A own=([pbx]=+4930100 [gw]=+4940100)
declare -A ast_pids=()

ast_dir() { # NAME
	echo "$ASTERISK_ROOT$ast_folder/$1"
}

# What has to be known of the lab: as a command in its own mount namespace, where the root's hosts are ours.
ast_run() { # COMMAND...
	# shellcheck disable=SC2016 # the inner shell's
	exec unshare --mount bash -c 'mount --bind "$0/hosts" "$1/etc/hosts" && exec chroot "${@:1}"' \
		"$ASTERISK_ROOT$ast_folder" "$ASTERISK_ROOT" "$@"
}

# ast NAME COMMAND: at its console.
ast() {
	chroot "$ASTERISK_ROOT" asterisk -C "$ast_folder/$1/etc/asterisk.conf" -rx "$2"
}

ast_says() { # NAME PATTERN COMMAND
	ast "$1" "$3" | grep -qE -e "$2"
}

# set_of NAME KEY N VALUE: of one call, for the dialplan.
set_of() {
	ast "$1" "database put $2 $3 \"$4\"" >/dev/null
}

get_of() { # NAME KEY N
	ast "$1" "database get $2 $3" | sed -n 's/^Value: //p'
}

# noted NAME N PATTERN [SECONDS]: until its dialplan said so of a call.
noted() {
	wait_line "${4:-15}" "$(ast_dir "$1")/log/messages" " $2 $3" || {
		grep -aE ' (NOTICE|WARNING|ERROR)\[' "$(ast_dir "$1")/log/messages" | grep -v loader.c | tail -8
		tail -4 "$lab/tandem.log"
		return 1
	}
}

# note_of NAME N PATTERN: the last such line.
note_of() {
	grep -aE " $2 $3" "$(ast_dir "$1")/log/messages" | tail -n 1
}

# --- configuration

ast_folders() { # NAME
	local dir
	dir=$(ast_dir "$1")
	mkdir -p "$dir"/{etc,run,spool,log,rec} "$dir/log/cdr-csv"
	cp "$lab/certs/${certs[$1]}".{pem,key} "$lab/certs/${trusts[$1]}" "$dir/etc"
	cat >"$dir/etc/asterisk.conf" <<-END
		[directories]
		astetcdir => $ast_folder/$1/etc
		astrundir => $ast_folder/$1/run
		astspooldir => $ast_folder/$1/spool
		astlogdir => $ast_folder/$1/log
		astdbdir => $ast_folder/$1/spool
	END
	printf '%s\n' '[modules]' 'autoload=yes' 'noload => chan_iax2.so' 'noload => res_hep.so' \
		>"$dir/etc/modules.conf"
	printf '[general]\nrtpstart=%s\nrtpend=%s\n' "${media_of[$1]}" "$((media_of[$1] + 79))" \
		>"$dir/etc/rtp.conf"
	printf '[general]\nudptlstart=%s\nudptlend=%s\n' "$((media_of[$1] + 80))" \
		"$((media_of[$1] + 98))" >"$dir/etc/udptl.conf"
	printf '[logfiles]\nmessages => notice,warning,error,verbose\n' >"$dir/etc/logger.conf"
	printf '[default]\nmode=files\ndirectory=%s/%s/rec\n' "$ast_folder" "$1" \
		>"$dir/etc/musiconhold.conf"
	printf '[general]\nenable=yes\n' >"$dir/etc/cdr.conf"
	sed -e "s#@SYS@#$1#; s#@DIR@#$ast_folder/$1#; s#@TONE@#${tones[$1]}#" \
		-e "s#@OWN@#${own[$1]}#" "$srcdir/tests/system/asterisk/extensions.conf" >"$dir/etc/extensions.conf"
}

# ast_transport NAME tls PORT | udp PORT
ast_transport() {
	printf '[%s]\ntype=transport\nprotocol=%s\nbind=127.0.0.1:%s\n' "$2" "$2" "$3"
	[[ $2 == tls ]] || return 0
	cat <<-END
		method=tlsv1_2
		cert_file=$ast_folder/$1/etc/${certs[$1]}.pem
		priv_key_file=$ast_folder/$1/etc/${certs[$1]}.key
		ca_list_file=$ast_folder/$1/etc/${trusts[$1]}
		verify_server=yes
		verify_client=yes
		require_client_cert=yes
	END
}

# ast_endpoints PREFIX TRANSPORT NUMBERS: one for each row of the table, named PREFIX and its number, which reaches
# Tandem at contact_of[PREFIX], and is for calls that come to NUMBERS and its digits.
ast_endpoints() {
	local kind options option
	while read -r kind options; do
		printf '[%s]\ntype=aor\ncontact=sip:%s\n' "$1$kind" "${contact_of[$1]//;/\\;}"
		printf '[%s]\ntype=endpoint\ncontext=from-tandem\nmessage_context=messages\nallow=!all,alaw,ulaw\n' \
			"$1$kind"
		printf 'transport=%s\naors=%s\ndirect_media=no\n' "$2" "$1$kind"
		[[ $2 != tls ]] || echo "media_encryption=sdes"
		for option in $options; do
			echo "$option"
		done
		printf '[%s]\ntype=identify\nendpoint=%s\nmatch_request_uri=/sip:[+]%s%s/\n' \
			"$1$kind" "$1$kind" "$3" "$kind"
	done < <(grep '^[0-9]' "$srcdir/tests/system/asterisk/endpoints")
}

# What is asked by none of those: OPTIONS.
ast_default() { # ENDPOINT
	printf '[any]\ntype=identify\nendpoint=%s\nmatch=127.0.0.1\n' "$1"
}

ast_global() {
	printf '[global]\ntype=global\nendpoint_identifier_order=request_uri,username,ip\n'
}

# A telephone of the house, with nothing between it and the Asterisk.
ast_phone() { # NUMBER PORT TRANSPORT
	printf '[phone]\ntype=aor\ncontact=sip:%s@127.0.0.1:%s\n' "$1" "$2"
	printf '[phone]\ntype=endpoint\ncontext=phones\nallow=!all,alaw\ntransport=udp\naors=phone\n'
	printf 'callerid=Alice <%s>\ndirect_media=no\n' "$1"
	printf '[phone]\ntype=identify\nendpoint=phone\nmatch_header=From: /%s/\n' "${1#+}"
}

# Sets what both need, and writes it.
ast_write() {
	declare -gA certs=([pbx]=pbx1 [gw]=gw1) trusts=([pbx]=enterprise-ca.pem [gw]=carriers-ca.pem)
	"$tools/ports" 200 >"$lab/ports.asterisk" &
	pids+=($!)
	wait_line 70 "$lab/ports.asterisk" '^[0-9]+$' || fail "free ports for the Asterisks"
	declare -gA media_of=([pbx]=$(($(<"$lab/ports.asterisk") + 2)))
	media_of[gw]=$((media_of[pbx] + 100))
	local tls=";transport=tls" pbx gw
	declare -gA contact_of=([p]="med1.example.test:$port_internal$tls"
		[u]="127.0.0.1:$port_external" [t]="med1.example.test:$port_external_tls$tls")
	pbx=$(ast_dir pbx) gw=$(ast_dir gw)
	rm -rf "$ASTERISK_ROOT$ast_folder"
	mkdir -p "$ASTERISK_ROOT$ast_folder"
	[[ -e $ASTERISK_ROOT/etc/hosts ]] || : >"$ASTERISK_ROOT/etc/hosts"
	printf '127.0.0.1 %s\n' localhost med1.example.test >"$ASTERISK_ROOT$ast_folder/hosts"
	ast_folders pbx
	ast_folders gw
	{
		ast_global
		ast_transport pbx tls "$port_pbx"
		ast_transport pbx udp $((port_pbx + 1))
		ast_phone +4930111111 "$port_spare" udp
		ast_endpoints p tls 49300
		ast_default p00
	} >"$pbx/etc/pjsip.conf"
	{
		ast_global
		ast_transport gw tls $((port_gw + 1))
		ast_transport gw udp "$port_gw"
		ast_phone +4940222222 $((port_spare + 2)) udp
		ast_endpoints u udp 49401
		ast_endpoints t tls 49402
		ast_default u00
	} >"$gw/etc/pjsip.conf"
}

ast_start() { # NAME
	(ast_run asterisk -f -C "$ast_folder/$1/etc/asterisk.conf") >>"$lab/asterisk-$1.log" 2>&1 </dev/null &
	ast_pids[$1]=$!
	pids+=("$!")
	wait_for 60 ast "$1" 'core waitfullybooted' && ast "$1" 'pjsip set logger on'
}

# Tandem between them. What is in conf_server goes into [server pbx1]; trunk_more into both trunks.
ast_configure() {
	write_conf
	printf '%s\n' '[gateway]' 'host = plain.example.test' 'tls = no' 'transport = udp' \
		"port = $port_gw" 'prefixes = +49401' 'options-ping = off' "${trunk_more[@]-}" \
		>"$lab/gateways.d/plain.conf"
	printf '%s\n' '[gateway]' 'profile = asterisk' 'host = gw1.example.test' \
		"port = $((port_gw + 1))" 'prefixes = +49402' 'options-ping = off' "${trunk_more[@]-}" \
		>"$lab/gateways.d/secure.conf"
}

ast_tandem() {
	ast_configure
	start_tandem
}

# --- calls

# Numbers are written with blanks between their parts: '+49401 00 001 22'.

# call_of NUMBER: sets number_called, without blanks, and n, the three digits that name the call.
call_of() {
	number_called=${1// /}
	n=${number_called:8:3}
}

# place NAME ENDPOINT NUMBER [OPTIONS-OF-DIAL]: it calls, in the background.
place() {
	local n
	call_of "$3"
	set_of "$1" endpoint "$n" "$2"
	[[ -z ${4-} ]] || set_of "$1" options "$n" "$4"
	ast "$1" "channel originate Local/$number_called@dial/n extension $number_called@caller" >/dev/null
}

other() { # NAME
	[[ $1 == pbx ]] && echo gw || echo pbx
}

# The recording of what it heard in a call.
ear() { # NAME N
	echo "$(ast_dir "$1")/rec/$1-$2.wav"
}

ear_has() { # NAME N SECONDS
	[[ $(stat -c %s "$(ear "$1" "$2")" 2>/dev/null || echo 0) -ge $(awk "BEGIN { print int($3 * 16000 + 44) }") ]]
}

# hears NAME N [HERTZ]: the tone of the other one, above all else. An Asterisk on a busy machine is not on time, so
# that it need not be clean.
hears() {
	wait_for 10 "$tools/tone" "$(ear "$1" "$2")" "${3:-${tones[$(other "$1")]}}" 0.8 0 1 ||
		"$tools/tone" "$(ear "$1" "$2")" "${3:-${tones[$(other "$1")]}}" 0.8 0 1
}

# bye NAME N [CAUSE]: it hangs up.
bye() {
	set_of "$1" bye "$2" "${3:-16}"
}

# sip_of NAME N [DIRECTION [START]]: the messages of the dialog of a call, as it logged them: Received or Transmitting
# (else both), and whose start line is like START.
sip_of() {
	local id
	id=$({ note_of "$1" "$2" COMES; note_of "$1" "$2" CALLS; } | sed -n '$s/.*call-id=//p')
	awk -v id="$id" -v direction="${3-}" -v start="${4-}" '
		function done() {
			if (is_ours && way ~ direction && line ~ start)
				print text
		}
		/<--- (Received|Transmitting) SIP/ {
			done()
			way = /Received/ ? "Received" : "Transmitting"
			text = is_ours = line = ""
			within = 1
			next
		}
		/^\[[A-Z][a-z][a-z] / { within = 0 }
		within {
			sub(/\r$/, "")
			# two that came in one piece
			if (/^SIP\/2.0 [1-6]/ || / SIP\/2.0$/) {
				done()
				text = is_ours = line = ""
			}
			if (line == "")
				line = $0
			text = text $0 "\n"
			if ($0 == "Call-ID: " id)
				is_ours = 1
		}
		END { done() }' "$(ast_dir "$1")/log/messages"
}

# sip_has NAME N DIRECTION START PATTERN
sip_has() {
	sip_of "$1" "$2" "$3" "$4" | grep -aE -e "$5" >/dev/null || {
		sip_of "$1" "$2" "$3" "$4" | head -40
		return 1
	}
}

# record_of NUMBER: the record of the call to it, when it is there.
record_of() {
	jq -c --arg to "${1// /}" 'select(.to == $to)' "$lab/state/cdr.jsonl" | tail -n 1
}

has_record() {
	[[ -n $(record_of "$1") ]]
}

# record_says NUMBER FILTER
record_says() {
	wait_for 15 has_record "$1"
	record_of "$1" | jq -e "$2" >/dev/null || {
		record_of "$1"
		return 1
	}
}

# talk NAME ENDPOINT NUMBER [ENDING]: a call from NAME to NUMBER in which both speak; who hangs up is
# ENDING, else the caller. What is wrong is said.
talk() {
	local from=$1 to n ending=${4:-$1}
	to=$(other "$1")
	call_of "$3"
	place "$from" "$2" "$3"
	noted "$to" "$n" 'TALKS' && noted "$from" "$n" 'TALKS' || {
		echo "no call"
		return 1
	}
	wait_for 15 ear_has "$to" "$n" 1.3 && wait_for 15 ear_has "$from" "$n" 1.3 || echo "no second of audio"
	bye "$ending" "$n"
	noted "$to" "$n" 'END' && noted "$from" "$n" 'END' || {
		echo "no end"
		return 1
	}
	hears "$to" "$n" && hears "$from" "$n" && record_says "$3" '.status == 200 and .media_note == "" and
		([.internal, .external, .external_b, .internal_b | select(. != null) | .rx_packets > 25] | all)'
}

# --- several at once

# also NAME COMMAND...: as check, but beside what comes next; together says how all of them went.
also_names=()
also_pids=()
also() {
	local at=${#also_names[@]}
	also_names+=("$1")
	shift
	("$@") >"$lab/also.$at" 2>&1 &
	also_pids+=("$!")
	((at % ${at_once:-8} != ${at_once:-8} - 1)) || wait "${also_pids[@]}"
}

together() {
	local at
	for at in "${!also_names[@]}"; do
		if wait "${also_pids[at]}"; then
			pass "${also_names[at]}"
		else
			fail "${also_names[at]}"
			head -20 "$lab/also.$at" | sed 's/^/    /'
		fi
	done
	also_names=()
	also_pids=()
}
