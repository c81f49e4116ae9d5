/*
 * A line that goes on in another process. Neither a digit that is being played or read goes on, nor a
 * search for a roll-over counter: what a far end repeats is read anew.
 */
#include "media/path.h"

#include <errno.h>

static const struct saved_field other_fields[] = {
	SAVED_FIELD(struct quality_other, ssrc),
	SAVED_TIME(struct quality_other, heard_us),
	SAVED_END,
};

static const struct saved_field quality_fields[] = {
	SAVED_FIELD(struct quality, ssrc),
	SAVED_FIELD(struct quality, ssrc_changes),
	SAVED_FIELD(struct quality, ended_lost),
	SAVED_FIELD(struct quality, received),
	SAVED_FIELD(struct quality, late),
	SAVED_FIELD(struct quality, duplicates),
	SAVED_FIELD(struct quality, window),
	SAVED_FIELD(struct quality, base_seq),
	SAVED_FIELD(struct quality, cycles),
	SAVED_FIELD(struct quality, bad_seq),
	SAVED_FIELD(struct quality, max_seq),
	SAVED_FIELD(struct quality, payload_type),
	SAVED_FIELD(struct quality, started),
	SAVED_FIELD(struct quality, transit),
	SAVED_FIELD(struct quality, timestamp),
	SAVED_FIELD(struct quality, jitter),
	SAVED_FIELD(struct quality, clock),
	SAVED_TIME(struct quality, heard_us),
	SAVED_OWNED(struct quality, others, QUALITY_OTHERS, other_fields),
	SAVED_END,
};

/* Not written of struct remote_search: until_us (it begins with each SDP). */
static const struct saved_field search_fields[] = {
	SAVED_LIST(struct remote_search, from, SAVED_IS_ADDR, NULL),
	SAVED_LIST(struct remote_search, announced, SAVED_IS_ADDR, NULL),
	SAVED_FIELD(struct remote_search, latches),
	SAVED_FIELD(struct remote_search, asymmetric),
	SAVED_LIST(struct remote_search, open, SAVED_IS_BOOL, NULL),
	SAVED_LIST(struct remote_search, payload_types, SAVED_IS_UINT, NULL),
	SAVED_END,
};

static const struct saved_field remote_fields[] = {
	SAVED_LIST(struct remote, to, SAVED_IS_ADDR, NULL),
	SAVED_OWNED(struct remote, found, 1, search_fields),
	SAVED_END,
};

static const struct saved_field report_fields[] = {
	SAVED_TIME(struct report, heard_us),
	SAVED_FIELD(struct report, heard_middle),
	SAVED_TIME(struct report, heard_sr_us),
	SAVED_FIELD(struct report, sent_middle),
	SAVED_TIME(struct report, sent_us),
	SAVED_TIME(struct report, made_us),
	SAVED_FIELD(struct report, round_trip_us),
	SAVED_FIELD(struct report, far_fraction_lost),
	SAVED_FIELD(struct report, far_lost),
	SAVED_FIELD(struct report, far_jitter),
	SAVED_FIELD(struct report, made_middle),
	SAVED_FIELD(struct report, told_expected),
	SAVED_FIELD(struct report, told_received),
	SAVED_END,
};

static const struct saved_field stats_fields[] = {
	SAVED_FIELD(struct relay_stats, rx_packets),
	SAVED_FIELD(struct relay_stats, rx_bytes),
	SAVED_FIELD(struct relay_stats, tx_packets),
	SAVED_FIELD(struct relay_stats, tx_bytes),
	SAVED_FIELD(struct relay_stats, rx_rtcp),
	SAVED_FIELD(struct relay_stats, tx_rtcp),
	SAVED_FIELD(struct relay_stats, dropped_source),
	SAVED_FIELD(struct relay_stats, dropped_auth),
	SAVED_FIELD(struct relay_stats, dropped_replay),
	SAVED_FIELD(struct relay_stats, dropped_malformed),
	SAVED_FIELD(struct relay_stats, dropped_direction),
	SAVED_FIELD(struct relay_stats, send_errors),
	SAVED_FIELD(struct relay_stats, rx_lost),
	SAVED_FIELD(struct relay_stats, rx_late),
	SAVED_FIELD(struct relay_stats, rx_duplicates),
	SAVED_FIELD(struct relay_stats, jitter_us),
	SAVED_FIELD(struct relay_stats, payload_type),
	SAVED_TIME(struct relay_stats, last_rx_us),
	SAVED_FIELD(struct relay_stats, round_trip_us),
	SAVED_FIELD(struct relay_stats, far_lost),
	SAVED_FIELD(struct relay_stats, far_jitter_us),
	SAVED_FIELD(struct relay_stats, ssrc),
	SAVED_FIELD(struct relay_stats, ssrc_changes),
	SAVED_FIELD(struct relay_stats, sent_after),
	SAVED_FIELD(struct relay_stats, roll_overs),
	SAVED_FIELD(struct relay_stats, roc_changes),
	SAVED_FIELD(struct relay_stats, roc_restarts),
	SAVED_TIME(struct relay_stats, key_us),
	SAVED_FIELD(struct relay_stats, expected),
	SAVED_FIELD(struct relay_stats, sets),
	SAVED_FIELD(struct relay_stats, good_since_set),
	SAVED_FIELD(struct relay_stats, bad_since_set),
	SAVED_FIELD(struct relay_stats, events_taken),
	SAVED_FIELD(struct relay_stats, digits_lost),
	SAVED_END,
};

/*
 * Not written of struct path_end: counters, outgoing, open_keys, seal_keys (objects of their own); open,
 * seal (the latest of those keys); local (its ports); cover, mux, send, formats (SDP tells them
 * again); search (begins anew).
 */
static const struct saved_field end_fields[] = {
	SAVED_STRUCT(struct path_end, quality, quality_fields),
	SAVED_STRUCT(struct path_end, remote, remote_fields),
	SAVED_STRUCT(struct path_end, report, report_fields),
	SAVED_TIME(struct path_end, set_us),
	SAVED_FIELD(struct path_end, receive),
	SAVED_END,
};

static int save_keys(const struct keys *keys, struct saved to, const char *name)
{
	struct saved object;
	int err;

	if (!keys->count)
		return 0;
	err = saved_add(to, name, &object);
	return err ? err : keys_save(keys, object);
}

static int save_end(const struct path_end *end, struct saved to)
{
	struct relay_stats stats;
	struct saved object = to;
	int err = saved_put(to, end_fields, end);

	counters_read(&end->counters, &stats);
	if (!err)
		err = saved_add(to, "stats", &object);
	if (!err)
		err = saved_put(object, stats_fields, &stats);
	if (!err)
		err = saved_add(to, "outgoing", &object);
	if (!err)
		err = outgoing_save(&end->outgoing, object);
	if (!err)
		err = save_keys(&end->open_keys, to, "opens");
	if (!err)
		err = save_keys(&end->seal_keys, to, "seals");
	return err;
}

int path_save(const struct path *path, struct saved to)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; i < 2 && !err; i++) {
		err = saved_append(to, "ends", &object);
		if (!err)
			err = save_end(&path->end[i], object);
	}
	return err;
}

static int load_end(struct path_end *end, struct saved from, struct err_text *error)
{
	struct relay_stats stats = {.payload_type = 0};
	struct saved object;
	int err = saved_take(from, end_fields, end, error);

	if (!err && saved_get(from, "stats", &object))
		err = saved_take(object, stats_fields, &stats, error);
	if (!err)
		counters_write(&end->counters, &stats);
	if (!err && saved_get(from, "outgoing", &object))
		err = outgoing_load(&end->outgoing, object, error);
	if (!err && saved_get(from, "opens", &object))
		err = keys_load(&end->open_keys, object, SRTP_OPEN, &end->open, error);
	if (!err && saved_get(from, "seals", &object))
		err = keys_load(&end->seal_keys, object, SRTP_SEAL, &end->seal, error);
	return err;
}

int path_load(struct path *path, struct saved from, struct err_text *error)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; i < 2 && !err && saved_at(from, "ends", i, &object); i++)
		err = load_end(&path->end[i], object, error);
	return err;
}
