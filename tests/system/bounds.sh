# What a flood may cost: transactions, memory, and nothing of a call that stands. Sourced behind talk.sh. Whoever floods sets
# rss_before by rss_kb, and has what rtptalk says of the call in $lab/flood-talk.json.

# As many as are kept of one kind (TXN_LOOSE_MAX), and those of the call.
transactions_max=20200
growth_max_kb=65536

rss_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$tandem_pid/status"
}

transactions_bounded() {
	local count
	count=$(status .calls.transactions)
	echo "$count transactions"
	((count <= transactions_max))
}

memory_bounded() {
	local kb
	kb=$(($(rss_kb) - rss_before))
	echo "$kb kB more"
	# A sanitizer keeps what was freed for a while; it has its own search for leaks.
	[[ -n ${TANDEM_SANITIZER:-} ]] || ((kb < growth_max_kb))
}

# Each end, of what the other sent.
heard_all() {
	jq -e '[.a, .b | .missing * 100 < .received and .wrong + .strays == 0] | all' \
		"$lab/flood-talk.json" || {
		cat "$lab/flood-talk.json"
		return 1
	}
}
