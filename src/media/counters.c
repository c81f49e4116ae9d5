#include "media/counters.h"

void counters_read(const struct counters *c, struct relay_stats *ret)
{
	*ret = (struct relay_stats){
		.rx_packets = counter_get(&c->rx_packets),
		.rx_bytes = counter_get(&c->rx_bytes),
		.tx_packets = counter_get(&c->tx_packets),
		.tx_bytes = counter_get(&c->tx_bytes),
		.rx_rtcp = counter_get(&c->rx_rtcp),
		.tx_rtcp = counter_get(&c->tx_rtcp),
		.dropped_source = counter_get(&c->dropped_source),
		.dropped_auth = counter_get(&c->dropped_auth),
		.dropped_replay = counter_get(&c->dropped_replay),
		.dropped_malformed = counter_get(&c->dropped_malformed),
		.dropped_direction = counter_get(&c->dropped_direction),
		.send_errors = counter_get(&c->send_errors),
		.rx_lost = counter_get(&c->rx_lost),
		.last_rx_us = counter_get(&c->last_rx_us),
		.rx_late = counter_get(&c->rx_late),
		.rx_duplicates = counter_get(&c->rx_duplicates),
		.jitter_us = counter_get32(&c->jitter_us),
		.round_trip_us = counter_get32(&c->round_trip_us),
		.far_lost = counter_get32(&c->far_lost),
		.far_jitter_us = counter_get32(&c->far_jitter_us),
		.payload_type = (int)counter_get32(&c->payload_type) - 1,
		.sent_after = counter_get32(&c->sent_after),
		.ssrc = counter_get32(&c->ssrc),
		.ssrc_changes = counter_get32(&c->ssrc_changes),
		.roll_overs = counter_get32(&c->roll_overs),
		.roc_changes = counter_get32(&c->roc_changes),
		.roc_restarts = counter_get32(&c->roc_restarts),
		.key_us = counter_get(&c->key_us),
		.events_taken = counter_get(&c->events_taken),
		.digits_lost = counter_get(&c->digits_lost),
		.expected = counter_get32(&c->expected) != 0,
		.sets = counter_get32(&c->sets),
		.good_since_set = counter_get(&c->good_since_set),
		.bad_since_set = counter_get(&c->bad_since_set),
	};
}

void counters_write(struct counters *c, const struct relay_stats *stats)
{
	counter_set(&c->rx_packets, stats->rx_packets);
	counter_set(&c->rx_bytes, stats->rx_bytes);
	counter_set(&c->tx_packets, stats->tx_packets);
	counter_set(&c->tx_bytes, stats->tx_bytes);
	counter_set(&c->rx_rtcp, stats->rx_rtcp);
	counter_set(&c->tx_rtcp, stats->tx_rtcp);
	counter_set(&c->dropped_source, stats->dropped_source);
	counter_set(&c->dropped_auth, stats->dropped_auth);
	counter_set(&c->dropped_replay, stats->dropped_replay);
	counter_set(&c->dropped_malformed, stats->dropped_malformed);
	counter_set(&c->dropped_direction, stats->dropped_direction);
	counter_set(&c->send_errors, stats->send_errors);
	counter_set(&c->rx_lost, stats->rx_lost);
	counter_set(&c->last_rx_us, stats->last_rx_us);
	counter_set(&c->rx_late, stats->rx_late);
	counter_set(&c->rx_duplicates, stats->rx_duplicates);
	counter_set32(&c->jitter_us, stats->jitter_us);
	counter_set32(&c->round_trip_us, stats->round_trip_us);
	counter_set32(&c->far_lost, stats->far_lost);
	counter_set32(&c->far_jitter_us, stats->far_jitter_us);
	counter_set32(&c->sent_after, stats->sent_after);
	counter_set32(&c->ssrc, stats->ssrc);
	counter_set32(&c->ssrc_changes, stats->ssrc_changes);
	counter_set32(&c->roll_overs, stats->roll_overs);
	counter_set32(&c->roc_changes, stats->roc_changes);
	counter_set32(&c->roc_restarts, stats->roc_restarts);
	counter_set(&c->key_us, stats->key_us);
	counter_set(&c->events_taken, stats->events_taken);
	counter_set(&c->digits_lost, stats->digits_lost);
	counter_set32(&c->sets, stats->sets);
	counter_set(&c->good_since_set, stats->good_since_set);
	counter_set(&c->bad_since_set, stats->bad_since_set);
	counter_set32(&c->payload_type, (uint32_t)(stats->payload_type + 1));
	counter_set32(&c->expected, stats->expected);
}
