#!/bin/bash
# Passwords with real peers. Kamailio asks us for one, by MD5 and by SHA-256, in each request of a call;
# sipp and a phone prove one to us, in their INVITE and in their BYE. SHA-256, which none of the
# two knows, is computed here by openssl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/carrier.sh"
need baresip sipp kamailio

secure='mediaenc=srtp-mand;audio_codecs=PCMA/8000/1'

# start_carrier ALGORITHM: a proxy that knows tandem by the password sesame, and nobody else; behind
# it is a sipp.
start_carrier() {
	run_carrier "$1" "$port_gw" <<-END
		modparam("auth", "nonce_count", 1)
		request_route {
			if (is_method("CANCEL")) {
				if (t_check_trans())
					t_relay();
				exit;
			}
			if (is_method("ACK")) {
				if (loose_route()) {
					xlog("L_NOTICE", "carrier: ACK with \$hdr(Authorization)\n");
					t_relay();
				} else {
					t_check_trans();
				}
				exit;
			}
			if (\$sp == $port_external) {
				if (!pv_www_authenticate("carrier.example", "sesame", "0")) {
					xlog("L_NOTICE", "carrier: \$rm asked\n");
					www_challenge("carrier.example", "1");
					exit;
				}
				xlog("L_NOTICE", "carrier: \$rm of \$au\n");
				consume_credentials();
			}
			t_check_trans();
			if (has_totag()) {
				loose_route();
				t_relay();
				exit;
			}
			record_route();
			\$du = "sip:$loopback_uri:$port_behind";
			t_relay();
		}
	END
}

carrier_said() { # PATTERN COUNT: exactly
	local count
	count=$(lines "$lab/carrier/log" "carrier: $1")
	((count == $2)) || {
		echo "\"$1\" $count times, not $2"
		grep 'carrier: ' "$lab/carrier/log"
		return 1
	}
}

call_out() { # NAME
	start_sipp called uas-answer u1 "$port_behind" "$port_gw"
	start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
	check "$1: the caller" wait_sipp caller
	check "$1: the called" wait_sipp called
	calls=$((calls + 1))
	check "$1: the record" wait_cdrs "$calls"
}

# As client: the first call is asked once, the second not at all; ACK and BYE prove it too.
asked_by_carrier() { # ALGORITHM WORD
	start_carrier "$1"
	printf 'sesame\n' >"$lab/carrier.secret"
	chmod 600 "$lab/carrier.secret"
	write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'auth-user = tandem' \
		'auth-secret = ../carrier.secret' 'auth-realm = carrier.example' \
		"auth-algorithms = $2"
	check "$1: the trunk's user" ctl -q config reload
	call_out "$1, first call"
	check "$1: it was asked for once" carrier_said 'INVITE asked' 1
	check "$1: the INVITE proved it" carrier_said 'INVITE of tandem' 1
	check "$1: the ACK too" carrier_said 'ACK with Digest username="tandem"' 1
	check "$1: the BYE too, without being asked" carrier_said 'BYE of tandem' 1
	call_out "$1, second call"
	check "$1: the nonce was good for all of it" carrier_said '[A-Z]+ asked' 1
	check "$1: as its INVITE shows" carrier_said 'INVITE of tandem' 2
	check "$1: no call failed" test "$(ctl --json trunk show gw | jq .calls_failed)" = "${wrong_calls:-0}"
	wrong_calls=$((${wrong_calls:-0} + 1))
	printf 'wrong\n' >"$lab/carrier.secret"
	check "$1: a password that changes is taken" wait_line 20 "$lab/tandem.log" \
		'event=tls-files-reloaded' $((${reloads:-0} + 1))
	reloads=$(lines "$lab/tandem.log" 'event=tls-files-reloaded')
	code=403 start_sipp caller uac-refused+srtp u1 "$port_sipp_server" "$port_front"
	check "$1: a wrong password is refused" wait_sipp caller
	calls=$((calls + 1))
	check "$1: and the log says so" wait_line 5 "$lab/tandem.log" \
		'event=credentials-refused .*reason="the user or the password is wrong"' \
		$((${refused:-0} + 1))
	refused=$(lines "$lab/tandem.log" 'event=credentials-refused')
	check "$1: the record has it" wait_cdrs "$calls"
	cdr >"$lab/cdr.json"
	check "$1: in its attempt" jq -e '.attempts[0] | .status == 401 and
		(.reason | test("credentials refused"))' "$lab/cdr.json"
	stop "$carrier_pid"
}

# H TEXT: SHA-256, by another hand than ours.
H() {
	printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1
}

# invite CSEQ [HEADER]: sends one; $lab/answer has what came first.
invite() {
	cat >"$lab/invite" <<-END
		INVITE sip:$callee@$loopback:$port_external SIP/2.0
		Via: SIP/2.0/UDP $loopback:9;branch=z9hG4bK$RANDOM$RANDOM;rport
		From: <sip:+4940@$loopback>;tag=1
		To: <sip:$callee@$loopback>
		Call-ID: by-hand-$$
		CSeq: $1 INVITE
		Contact: <sip:+4940@$loopback:9>
		Max-Forwards: 70
		${2:-X-None: none}
		Content-Length: 0

	END
	sed -i 's/\r*$/\r/' "$lab/invite"
	exec {wire}<>"/dev/udp/$loopback/$port_external"
	cat "$lab/invite" >&"$wire"
	timeout 5 dd bs=65536 count=1 <&"$wire" >"$lab/answer" 2>"$lab/dd.log"
	exec {wire}<&-
}

# param NAME: of the challenge in the answer.
param() {
	grep -o "$1=\"[^\"]*\"" "$lab/answer" | head -n 1 | cut -d'"' -f2
}

# proved PASSWORD: the INVITE again, with it; the status that comes first.
proved() {
	local realm nonce uri="sip:$callee@$loopback:$port_external" response
	realm=$(param realm)
	nonce=$(param nonce)
	response=$(H "$(H "tandem:$realm:$1"):$nonce:00000001:c:auth:$(H "INVITE:$uri")")
	cseq=$((cseq + 1))
	invite "$cseq" "Authorization: Digest username=\"tandem\", realm=\"$realm\", nonce=\"$nonce\", uri=\"$uri\", response=\"$response\", algorithm=SHA-256, cnonce=\"c\", qop=auth, nc=00000001"
	head -n 1 "$lab/answer" | cut -d' ' -f2
}

call_ended_by_bob() {
	jq -e '.cause == "bye" and .ended_by == "gateway"' "$lab/cdr.json"
}

# Every capture has the credentials, and of none the response.
no_response() {
	local pcap found=
	while IFS= read -r -d '' pcap; do
		! grep -aoE 'response="[0-9a-f]+"' "$pcap" || return 1
		! grep -qaE 'response="x+"' "$pcap" || found=yes
	done < <(find "$lab/state" -name '*.pcap*' -print0)
	[[ $found ]]
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_behind=$((port_spare + 4))
port_sipp_gw=$((port_spare + 6))
callee=+4930222222
calls=0
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_front front-pbx1 "$port_pbx" "$port_front" "sip:$loopback_uri:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

# --- asked by others

asked_by_carrier MD5 md5
asked_by_carrier SHA-256 sha-256

# --- asking others

printf 'sesame\n' >"$lab/gw.secret"
chmod 600 "$lab/gw.secret"
demand() { # ALGORITHMS
	write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'auth = digest' \
		'auth-user = tandem' 'auth-secret = ../gw.secret' "auth-algorithms = $1"
	ctl -q config reload
}

check "a gateway that has to prove itself" demand md5
start_sipp called uas-answer+srtp u1 "$port_sipp_server" "$port_front"
sipp_options="-auth_uri $callee@$loopback:$port_external" \
	start_sipp caller uac-auth u1 "$port_gw" "$port_external"
check "sipp proves it, in INVITE and BYE" wait_sipp caller
check "and calls" wait_sipp called
calls=$((calls + 1))
check "its record" wait_cdrs "$calls"
check "it was asked twice" test "$(ctl --json trunk show gw | jq -c .auth)" = \
	'{"user":"tandem","demanded":true,"asked":2,"wrong":0}'

password=open
sipp_options="-auth_uri $callee@$loopback:$port_external" \
	start_sipp stranger uac-auth u1 "$port_gw" "$port_external"
check "with a wrong password it does not" eval '! wait_sipp stranger'
check "the log names it" wait_line 5 "$lab/tandem.log" 'event=password-wrong trunk=gw .*method=INVITE'
check "it made no call" test "$(status .calls.started)" = "$calls"

# --- phones: the server is one now, and the gateway another

stop_front front-pbx1
server_port=$((port_pbx + 1))
write_conf
check "a gateway that is asked for SHA-256" demand sha-256
start_phone alice "$port_pbx" 440 "$secure" \
	"$lab/certs/pbx1-combined.pem" "$lab/certs/enterprise-ca.pem"
cseq=1
invite "$cseq"
check "it is asked" grep -q '^SIP/2.0 401 ' "$lab/answer"
check "by SHA-256, best first" grep -q 'algorithm=SHA-256, qop="auth"' "$lab/answer"
check "SHA-256 of openssl proves it" test "$(proved sesame)" = 100
cseq=$((cseq + 1))
invite "$cseq"
check "a wrong password does not" test "$(proved guessed)" = 401

check "a gateway that is asked for MD5" demand md5
start_phone bob "$port_gw" 620 "audio_codecs=PCMA/8000/1;auth_user=tandem;auth_pass=sesame"
check "a phone proves it and calls" place_call \
	bob alice "sip:${number[alice]}@127.0.0.1:$port_external"
check "alice hears bob" "$tools/tone" "$heard_to" 620 1
check "bob hears alice" "$tools/tone" "$heard_from" 440 1
check "it hung up, which it had to prove too" call_ended_by_bob
check "the server calls it, and is asked for nothing" place_call \
	alice bob "sip:${number[bob]}@med1.example.test:$port_internal"

check "nothing is held afterwards" all_released
check "no password in the log" bash -c "! grep -aE 'sesame|guessed' '$lab/tandem.log'"
check "nor in a record" bash -c "! grep -aE 'sesame|response=' '$lab'/state/cdr.jsonl"
check "no response in a capture" no_response
finish
