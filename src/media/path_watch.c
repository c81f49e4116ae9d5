/* What came of packets, and what others look at. */
#include "media/path.h"

void path_sent(struct path *path, const struct path_out *out, bool ok)
{
	struct counters *counters = &path->end[out->end].counters;

	if (!ok) {
		counter_add(&counters->send_errors, 1);
	} else if (out->kind == PATH_RTCP) {
		counter_add(&counters->tx_rtcp, 1);
	} else {
		counter_add(&counters->tx_packets, 1);
		counter_add(&counters->tx_bytes, out->clear_len);
	}
}

void path_send_failed(struct path *path, enum relay_end end)
{
	counter_add(&path->end[end].counters.send_errors, 1);
}

/* Watching and telling */

bool path_awaits(const struct path *path, enum relay_end index, uint64_t *ret_since_us)
{
	const struct path_end *end = &path->end[index];
	const struct path_end *other = &path->end[!index];
	uint64_t heard_us = counter_get(&end->counters.last_rx_us);

	/* Fax goes one way for minutes: both are alive while one is. */
	if (end->cover == PATH_UDPTL &&
		counter_get(&other->counters.last_rx_us) > heard_us)
		heard_us = counter_get(&other->counters.last_rx_us);
	if (end->cover == PATH_CLOSED || !end->receive || !end->remote.to[PATH_RTP].len)
		return false;
	*ret_since_us = heard_us > end->set_us ? heard_us : end->set_us;
	return true;
}

void path_stats(const struct path *path, enum relay_end end, struct relay_stats *ret)
{
	counters_read(&path->end[end].counters, ret);
}
