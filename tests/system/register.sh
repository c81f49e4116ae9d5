#!/bin/bash
# Registration with a real registrar: Kamailio, which asks for a password by MD5 and by SHA-256, behind a proxy
# that wants to be on the way (Path). Calls go through both, in both directions.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/carrier.sh"
need sipp kamailio

# start_carrier ALGORITHM: a proxy at port_gw and the registrar behind it, port_registrar.
start_carrier() {
	run_carrier "$1" "$port_gw" "$port_registrar" <<-END
		loadmodule "path.so"
		loadmodule "usrloc.so"
		loadmodule "registrar.so"
		modparam("usrloc", "db_mode", 0)
		modparam("registrar", "use_path", 1)
		modparam("registrar", "path_mode", 1)
		modparam("registrar", "max_expires", ${granted:-600})
		modparam("registrar", "min_expires", ${least:-60})
		request_route {
			if (\$Rp == $port_gw) {
				route(PROXY);
			} else {
				route(REGISTRAR);
			}
			exit;
		}
		route[PROXY] {
			if (is_method("CANCEL")) {
				if (t_check_trans())
					t_relay();
				exit;
			}
			if (is_method("REGISTER")) {
				add_path();
				\$du = "sip:$loopback_uri:$port_registrar";
				t_relay();
				exit;
			}
			if (has_totag()) {
				if (loose_route())
					t_relay();
				else
					t_check_trans();
				exit;
			}
			if (\$sp == $port_external) {
				xlog("L_NOTICE", "carrier: call out by \$ct\n");
				record_route();
				\$du = "sip:$loopback_uri:$port_behind";
			} else {
				loose_route();
				xlog("L_NOTICE", "carrier: call in to \$ru\n");
				record_route();
			}
			t_relay();
		}
		route[REGISTRAR] {
			if (is_method("REGISTER")) {
				if (!pv_www_authenticate("carrier.example", "${password:-sesame}", "0")) {
					xlog("L_NOTICE", "carrier: REGISTER asked\n");
					www_challenge("carrier.example", "1");
					exit;
				}
				xlog("L_NOTICE", "carrier: REGISTER of \$au, path \$hdr(Path), expires \$hdr(Expires)\n");
				save("location");
				exit;
			}
			if (has_totag()) {
				if (loose_route())
					t_relay();
				else
					t_check_trans();
				exit;
			}
			if (is_method("INVITE") && !lookup("location")) {
				sl_send_reply("404", "Not registered");
				exit;
			}
			t_relay();
		}
	END
}

carrier_said() { # PATTERN
	grep -qE "carrier: $1" "$lab/carrier/log"
}

# binding PATH VALUE: of the trunk's first one.
binding_is() {
	[[ $(ctl --json trunk show gw | jq -r ".registration.bindings[0].$1") == "$2" ]]
}

registers() { # LINE...: the gateway's file, with these lines in [register]
	write_gateway 'tls = no' 'transport = udp' "port = $port_gw" 'auth-user = tandem' \
		'auth-secret = ../carrier.secret' "auth-algorithms = $algorithm" \
		'[register]' 'identity = +4930222222@carrier.example' "$@"
}

call_in() {
	start_sipp called uas-answer+srtp u1 "$port_sipp_server" "$port_front"
	start_sipp caller uac-call u1 "$port_behind" "$port_registrar"
	check "$1: the caller" wait_sipp caller
	check "$1: the called" wait_sipp called
	calls=$((calls + 1))
	check "$1: the record" wait_cdrs "$calls"
	check "$1: by our Contact" carrier_said "call in to sip:[+]4930222222@$loopback_uri:$port_external;.*line=[0-9a-f]{16}"
}

call_out() {
	start_sipp called uas-answer u1 "$port_behind" "$port_gw"
	start_sipp caller uac-call+srtp u1 "$port_sipp_server" "$port_front"
	check "$1: the caller" wait_sipp caller
	check "$1: the called" wait_sipp called
	calls=$((calls + 1))
	check "$1: the record" wait_cdrs "$calls"
	check "$1: with the Contact that is registered" carrier_said 'call out by <sip:[+]4930222222@.*line=[0-9a-f]{16}>'
}

with_algorithm() { # KAMAILIO'S OURS
	algorithm=$2
	start_carrier "$1"
	printf 'sesame\n' >"$lab/carrier.secret"
	chmod 600 "$lab/carrier.secret"
	registers
	check "$1: the trunk registers" ctl -q config reload
	check "$1: it is registered" wait_for 20 binding_is state registered
	check "$1: for the time that was granted, not what was asked for" jq -e '
		(.registration.bindings[0].expires | fromdate) - now | . > 500 and . <= 600' \
		<(ctl --json trunk show gw)
	check "$1: after one challenge" carrier_said 'REGISTER of tandem, path <sip:.*;lr>, expires 3600'
	call_in "$1, in"
	call_out "$1, out"
	check "$1: metrics" prints 'tandem_trunk_registered{trunk="gw"} 1' ctl metrics
	sed -i 's/^tls = no$/&\nenabled = no/' "$lab/gateways.d/gw.conf"
	check "$1: a trunk that is disabled" ctl -q config reload
	check "$1: removes its binding" wait_for 20 carrier_said 'REGISTER of tandem, .*expires 0'
	code=404 start_sipp caller uac-refused u1 "$port_behind" "$port_registrar"
	check "$1: and no call finds it" wait_sipp caller
	stop "$carrier_pid"
}

lab_open
port_sipp_server=$port_spare
port_front=$((port_spare + 2))
port_behind=$((port_spare + 4))
port_registrar=$((port_spare + 6))
calls=0
conf_server=('suites = AES_CM_128_HMAC_SHA1_80')
write_conf
write_gateway 'tls = no' 'transport = udp' "port = $port_gw"
start_front front-pbx1 "$port_pbx" "$port_front" "sip:$loopback_uri:$port_sipp_server" \
	"$lab/certs/pbx1" "$lab/certs/enterprise-ca.pem" "$port_internal"
start_tandem

with_algorithm MD5 md5
with_algorithm SHA-256 sha-256

# --- what is refused, and the end

algorithm=md5
least=7200 granted=9000 start_carrier MD5
registers
check "a registrar that grants no less than two hours" ctl -q config reload
check "grants more than was asked for" wait_for 20 binding_is state registered
check "which counts" jq -e '
	(.registration.bindings[0].expires | fromdate) - now | . > 7000 and . <= 7200' \
	<(ctl --json trunk show gw)
stop "$carrier_pid"

password=other start_carrier MD5
registers 'expires = 2h'
check "a wrong password" ctl -q config reload
check "is a refusal, which is shown" wait_for 20 binding_is last_status 401
check "and said" wait_line 5 "$lab/tandem.log" 'event=registration-lost trunk=gw .*auth-user'
check "in the list too" test "$(ctl --json trunk list | jq -r '.[0].state')" = unregistered
stop "$carrier_pid"

start_carrier MD5
registers 'expires = 1h'
check "the right one again" ctl -q config reload
check "registers" wait_for 20 binding_is state registered
kill -TERM "$tandem_pid"
check "the server ends" wait_for 20 is_gone "$tandem_pid"
check "and removed its binding" carrier_said 'REGISTER of tandem, .*expires 0'
stop "$carrier_pid"
finish
