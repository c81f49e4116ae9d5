#!/bin/bash
# A campaign, not part of every check: a real Asterisk 22 as a carrier that knows us by a password, asks and is asked by
# OPTIONS, is restarted under calls, and has us register. It is taken from ASTERISK_ROOT, a root that `make asterisk` makes by debootstrap, and
# runs there at the loopback of this script.
. "$(dirname "$0")/lib.sh"
need baresip chroot
[[ -n ${ASTERISK_ROOT:-} && -x $ASTERISK_ROOT/usr/sbin/asterisk ]] ||
	skip "there is no Asterisk: ASTERISK_ROOT is a root with one"
((EUID == 0)) || skip "only root can chroot"

folder=/tandem-campaign # within the root
dir=$ASTERISK_ROOT$folder

# What an administrator of the carrier would write: an account with a password, its number rings at an
# echo; calls to us go to the contact.
write_asterisk() {
	rm -rf "$dir"
	mkdir -p "$dir"/{etc,run,spool,log}
	cat >"$dir/etc/asterisk.conf" <<-EOF
		[directories]
		astetcdir => $folder/etc
		astrundir => $folder/run
		astspooldir => $folder/spool
		astlogdir => $folder/log
		astdbdir => $folder/spool
	EOF
	printf '[modules]\nautoload=yes\nnoload => chan_iax2.so\nnoload => res_hep.so\n' \
		>"$dir/etc/modules.conf"
	printf '[general]\nrtpstart=%s\nrtpend=%s\n' "$((port_spare + 40))" "$((port_spare + 138))" \
		>"$dir/etc/rtp.conf"
	printf '[logfiles]\nmessages => notice,warning,error,verbose\n' >"$dir/etc/logger.conf"
	cat >"$dir/etc/pjsip.conf" <<-EOF
		[udp]
		type = transport
		protocol = udp
		bind = 127.0.0.1:$port_gw
		[tandem]
		type = aor
		contact = sip:127.0.0.1:$port_external
		qualify_frequency = 2
		[tandem]
		type = auth
		auth_type = digest
		username = tandem
		password = sesame
		realm = carrier
		[tandem]
		type = endpoint
		context = from-tandem
		disallow = all
		allow = alaw
		transport = udp
		aors = tandem
		auth = tandem
		direct_media = yes
		[bob]
		type = aor
		contact = sip:${number[bob]}@$phone_host:$port_bob
		[bob]
		type = endpoint
		context = from-tandem
		disallow = all
		allow = alaw
		transport = udp
		aors = bob
		direct_media = yes
		[tandem]
		type = identify
		endpoint = tandem
		match = 127.0.0.1
	EOF
	cat >"$dir/etc/extensions.conf" <<-EOF
		[from-tandem]
		exten => +4940555555,1,Dial(PJSIP/bob)
		exten => _+X.,1,Answer()
		 same => n,Echo()
	EOF
}

start_asterisk() {
	chroot "$ASTERISK_ROOT" asterisk -f -C "$folder/etc/asterisk.conf" >>"$lab/asterisk.log" 2>&1 &
	asterisk_pid=$!
	pids+=("$asterisk_pid")
	wait_for 40 console 'core waitfullybooted'
}

console() { # COMMAND
	chroot "$ASTERISK_ROOT" asterisk -C "$folder/etc/asterisk.conf" -rx "$1"
}

console_says() { # PATTERN COMMAND
	console "$2" | grep -qE -e "$1"
}

# turned STATE COUNT: its address has come to that state so often.
turned() {
	wait_line 40 "$lab/tandem.log" "trunk=gw event=health .*state=$1 " "$2"
}

lab_open
port_bob=$((port_spare + 10))
port_front=$((port_spare + 20))
write_asterisk
printf 'sesame\n' >"$lab/secret"
chmod 600 "$lab/secret"
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'options-ping = 5s' 'down-after = 2' \
	'auth-user = tandem' "auth-secret = $lab/secret" 'auth-realm = carrier' \
	'auth-algorithms = md5, sha-256' 'answer-within = 2s' 'priority = 10'
check "Asterisk starts" start_asterisk
console 'core show version' | tail -1 | sed 's/^/# /'
check "it shows what it hears" console 'pjsip set history on'
start_tandem
start_phone alice "$((port_pbx - 1))" 400 \
	"mediaenc=srtp-mand;audio_codecs=PCMA/8000/1;outbound=\"sip:med1.example.test:$port_internal;transport=tls\"" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"

# --- OPTIONS both ways

check "it is asked by OPTIONS" wait_for 30 console_says 'OPTIONS sip:gw1.example.test' 'pjsip show history'
check "it asks us, and has us" wait_for 20 console_says 'Avail' 'pjsip show contacts'

# --- calls, with the password

# A phone names its recordings by the second, so no two calls begin in the same one.
called_at=0
is_later() {
	(($(date +%s) > called_at))
}

# call NUMBER: alice calls, the echo is heard.
call() {
	wait_for 2 is_later
	calls_of[alice]=$((calls_of[alice] + 1))
	phone alice dial "sip:$1@med1.example.test:$port_internal;transport=tls"
	wait_event alice CALL_ESTABLISHED "${calls_of[alice]}" && called_at=$(date +%s) &&
		wait_for 15 recorded alice 0.5 "${calls_of[alice]}"
}

check "a call is let in by the password" call +4940222222
check "it asked for it" wait_for 5 console_says '401 Unauthorized' 'pjsip show history'
check "as Asterisk shows" console_says 'from-tandem' 'core show channels concise'
hang_up alice
check "and ends" wait_cdrs 1
check "the record has one attempt" jq -e '.status == 200 and (.attempts | length) == 1' <<<"$(cdr)"
check "no password in the log" test "$(grep -c sesame "$lab/tandem.log")" = 0

# --- its phone sends media to us by itself

start_phone bob "$port_bob" 620 'audio_codecs=PCMA/8000/1'

# Where the media of the call's trunk comes from.
media_is_of() { # LOW HIGH
	ctl --json call list | jq -r '.calls[0].id' >"$lab/call" &&
		ctl --json call show "$(cat "$lab/call")" >"$lab/call.json" &&
		jq -e --argjson low "$1" --argjson high "$2" '[.. | .media_remote? | strings] |
			any(split(":")[-1] | tonumber | . >= $low and . <= $high)' "$lab/call.json" >/dev/null
}

bob_media=$port_phone_media
check "a call to a phone of Asterisk's" call +4940555555
check "its media goes to the phone by itself" wait_for 15 media_is_of "$((bob_media - 20))" "$((bob_media - 1))"
check "for longer than it took" wait_for 15 recorded alice 4 "${calls_of[alice]}"
hang_up alice
check "she heard the phone" "$tools/tone" "$(heard alice "${calls_of[alice]}")" 620 1.5
check "the phone heard her" "$tools/tone" "$(heard bob)" 400 1.5
check "all is released" all_released

# --- there is no offer

start_front front-pbx1 "$((port_front + 2))" "$port_front" "sip:$loopback_uri:$((port_front + 1))" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
records=$(cdr_count)
start_sipp late uac-late-offer+srtp u1 "$((port_front + 1))" "$port_front"
check "a server calls without an offer, and Asterisk makes one" wait_sipp late
check "that is recorded" wait_cdrs $((records + 1))
check "with media" jq -e '.status == 200 and .external.media == "RTP"' <<<"$(cdr)"
# The server is at the phone alone again.
stop_front front-pbx1
check "its connection is gone" wait_line 10 "$lab/tandem.log" 'event=closed' 1

# --- it is restarted under a call

check "a call stands" call +4940222222
stop "$asterisk_pid"
check "its end is noticed" turned down 1
records=$(cdr_count)
phone alice dial "sip:+4940222222@med1.example.test:$port_internal;transport=tls"
check "a call meanwhile is refused at once" wait_cdrs $((records + 1))
check "and why is told" jq -e '.status == 503 and (.attempts[0].reason | startswith("down since "))' <<<"$(cdr)"
check "Asterisk starts again" start_asterisk
check "it is up again, by itself" turned up 1
check "nothing is held of before" all_released
check "calls go there again, with the password" call +4940222222
hang_up alice
check "all is released" all_released

# --- it knows where we are by REGISTER alone

binding_is() { # MEMBER VALUE
	[[ $(ctl --json trunk show gw | jq -r ".registration.bindings[0].$1") == "$2" ]]
}

# It calls us, and plays to alice what she says.
call_in() {
	wait_for 2 is_later
	calls_of[alice]=$((calls_of[alice] + 1))
	console 'channel originate PJSIP/tandem application Echo'
	wait_event alice CALL_ESTABLISHED "${calls_of[alice]}" && called_at=$(date +%s) &&
		wait_for 15 recorded alice 0.5 "${calls_of[alice]}"
}

stop "$asterisk_pid"
sed -i 's/^contact = .*/max_contacts = 1\nremove_existing = yes/' "$dir/etc/pjsip.conf"
check "Asterisk starts, and knows no address of ours" start_asterisk
check "it has no contact" test -z "$(console 'database show registrar' | grep sip:)"
printf '%s\n' '[register]' 'identity = tandem@carrier' "contact = ${number[alice]}" \
	>>"$lab/gateways.d/gw.conf"
check "a trunk that registers" ctl -q config reload
check "is registered" wait_for 40 binding_is state registered
check "Asterisk has our Contact" wait_for 5 console_says 'line=[0-9a-f]{16}' 'database show registrar'
records=$(cdr_count)
check "it calls us there" call_in
hang_up alice
check "that is recorded" wait_cdrs $((records + 1))
check "as a call of the trunk" jq -e '.inbound and .status == 200 and .external.party == "trunk gw"' <<<"$(cdr)"
check "calls to it go on" call +4940222222
hang_up alice
sed -i 's/^tls = no$/&\nenabled = no/' "$lab/gateways.d/gw.conf"
check "a trunk that is disabled" ctl -q config reload
check "removes its Contact" wait_for 20 bash -c \
	"! chroot '$ASTERISK_ROOT' asterisk -C '$folder/etc/asterisk.conf' -rx 'database show registrar' | grep -q sip:"
check "all is released" all_released
finish
