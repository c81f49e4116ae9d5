# A carrier that asks for a password: Kamailio. Sourced behind lib.sh.

# run_carrier ALGORITHM PORT...: it listens at these over UDP. Standard input has its routes, and the modules
# and parameters that they need beside those below. Sets carrier_pid; what it says is in $lab/carrier/log.
run_carrier() {
	local algorithm=$1 dir=$lab/carrier
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	{
		cat <<-END
			#!KAMAILIO
			debug=1
			log_stderror=yes
			children=1
			disable_tcp=yes
			dns_cache_init=off
			auto_aliases=no
		END
		printf "listen=udp:$loopback_uri:%s\n" "$@"
		printf 'loadmodule "%s.so"\n' tm sl pv rr textops siputils xlog auth
		cat <<-END
			modparam("rr", "append_fromtag", 0)
			modparam("auth", "algorithm", "$algorithm")
			modparam("auth", "nonce_expire", 300)
		END
		cat
	} >"$dir/kamailio.cfg"
	kamailio -DD -E -x fm -X fm -m 32 -M 8 -f "$dir/kamailio.cfg" -Y "$dir" \
		-P "$dir/pid" -w "$dir" >"$dir/log" 2>&1 &
	carrier_pid=$!
	pids+=("$carrier_pid")
	if ! wait_for 20 listens "$1" udp "$loopback"; then
		tail -20 "$dir/log" >&2
		fail "kamailio starts (carrier)"
		exit 1
	fi
}
