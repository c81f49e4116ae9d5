#include "bridge/diagnosis.h"

#include <inttypes.h>
#include <stdio.h>

/* Shorter silence is no sign: some send nothing while nobody speaks. */
#define SILENT_US 5000000

struct party {
	const char *name;
	const struct relay_stats *stats;
	uint64_t silent_us;
};

/* Silent since the answer, or since it was last heard. */
static struct party look_at(
	const struct record *record, unsigned index, uint64_t talk_us, uint64_t now_us)
{
	const struct relay_stats *stats = &record->legs[index].stats;
	struct party party = {record_party(record, index), stats, talk_us};
	const uint64_t last_us = stats->last_rx_us;
	/* a worker may have heard it since the loop looked at the clock */
	const uint64_t since_us = now_us > last_us ? now_us - last_us : 0;

	if (stats->rx_packets > 0 && last_us > 0 && since_us < talk_us)
		party.silent_us = since_us;
	return party;
}

static bool is_silent(const struct party *party)
{
	return party->stats->expected && party->silent_us >= SILENT_US;
}

/* What it does instead of sending good media. */
static void say_why(const struct party *silent, const struct party *other, char *out)
{
	const struct relay_stats *stats = silent->stats;
	uint64_t seconds = silent->silent_us / 1000000;

	if (stats->roc_restarts > 0)
		snprintf(out, DIAGNOSIS_SIZE,
			"%s began its SRTP roll-over counter anew under the same key "
			"after media was negotiated %" PRIu32
			" times (RFC 3711 3.3.1): what it sends is refused",
			silent->name, stats->sets);
	else if (stats->bad_since_set > 0 && stats->rx_packets > 0)
		snprintf(out, DIAGNOSIS_SIZE,
			"%s sends with bad tags since media was last negotiated: "
			"%" PRIu64 " packets; its key is not the one of its SDP",
			silent->name, stats->bad_since_set);
	else if (stats->bad_since_set > 0)
		snprintf(out, DIAGNOSIS_SIZE,
			"%s sends with another SRTP key than its SDP says: %" PRIu64
			" packets with bad tags",
			silent->name, stats->bad_since_set);
	else if (stats->dropped_source > 0 && stats->rx_packets == 0)
		snprintf(out, DIAGNOSIS_SIZE,
			"%s sends from another address than its SDP says: %" PRIu64
			" packets",
			silent->name, stats->dropped_source);
	else if (stats->dropped_malformed > 0 && stats->rx_packets == 0)
		snprintf(out, DIAGNOSIS_SIZE,
			"%s sends what is no RTP: %" PRIu64 " packets", silent->name,
			stats->dropped_malformed);
	else if (is_silent(other))
		snprintf(out, DIAGNOSIS_SIZE,
			"neither side sends: nothing for %" PRIu64 " s", seconds);
	else
		snprintf(out, DIAGNOSIS_SIZE,
			"%s sends to us, %s does not: 0 packets in %" PRIu64 " s",
			other->name, silent->name, seconds);
}

/* No fault, but worth knowing where the far end may be another than was called. */
static void say_latched(const struct record *record, unsigned index, char *out)
{
	const struct addr *latched = &record->legs[index].media_latched;
	char address[ADDR_TEXT_SIZE];

	if (latched->len)
		snprintf(out, DIAGNOSIS_SIZE,
			"%s's media was found at %s, not where its SDP says, and "
			"followed there",
			record_party(record, index), addr_text(latched, address));
}

/* 0: it was not answered. */
static uint64_t talk_time_us(const struct record *record)
{
	if (record->answer_us == 0 || record->end_us <= record->answer_us)
		return 0;
	return record->end_us - record->answer_us;
}

const char *diagnosis_verdict(
	const struct record *record, unsigned index, uint64_t now_us)
{
	const struct relay_stats *stats = &record->legs[index].stats;
	const uint64_t talk_us = talk_time_us(record);
	struct party party;

	if (talk_us == 0)
		return "";
	party = look_at(record, index, talk_us, now_us);
	if (is_silent(&party))
		return "silent";
	if (stats->rx_packets > 0)
		return "ok";
	return stats->expected ? "brief" : "none";
}

void diagnosis_media(
	const struct record *record, uint64_t now_us, char out[static DIAGNOSIS_SIZE])
{
	const uint64_t talk_us = talk_time_us(record);
	struct party first, second;

	out[0] = '\0';
	if (talk_us == 0)
		return;
	first = look_at(record, 0, talk_us, now_us);
	second = look_at(record, 1, talk_us, now_us);
	if (is_silent(&first)) {
		say_why(&first, &second, out);
	} else if (is_silent(&second)) {
		say_why(&second, &first, out);
	} else {
		say_latched(record, 0, out);
		say_latched(record, 1, out);
	}
}
