#include "bridge/registry.h"

#include "base/secret.h"
#include "bridge/call_log.h"
#include "bridge/diagnosis.h"
#include "bridge/keying.h"
#include "bridge/redial.h"
#include "media/mos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void registry_id(const struct bridge *bridge, uint64_t number, char ret_id[static 32])
{
	snprintf(ret_id, 32, "%s-%06llx", bridge->start_id, (unsigned long long)number);
}

uint64_t registry_next(struct bridge *bridge, char ret_id[static 32])
{
	const uint64_t number = ++bridge->next_number;

	registry_id(bridge, number, ret_id);
	return number;
}

void registry_number(struct call *call)
{
	call->number = registry_next(call->bridge, call->id);
}

void registry_add(struct call *call)
{
	struct bridge *bridge = call->bridge;

	list_append(&bridge->calls, &call->node);
	hash_add(&bridge->by_number, &call->by_number, call->number);
	bridge->call_count++;
	bridge->started++;
}

/* ---- records ---- */

/* The address is the first stream's; the protection is that of the least protected one. */
static const char *media_name(const struct leg *leg, struct addr *ret_remote)
{
	const char *name = "";

	for (unsigned i = 0; i < RELAY_STREAMS; i++) {
		const struct stream *stream = leg->streams[i];

		if (!stream || !stream->now.set)
			continue;
		if (!ret_remote->len)
			*ret_remote = stream->now.rtp;
		if (!stream->now.secure && sdp_proto_is_rtp(stream->now.proto))
			return "RTP";
		if (!name[0] && stream->now.secure)
			name = sdes_suite_name(stream->now.theirs.suite);
	}
	return leg->udptl ? "UDPTL" : name;
}

static void first_codec(const struct leg *leg, char out[static 32])
{
	struct span name;

	out[0] = '\0';
	if (leg->offer.complete && offer_remote_codec(&leg->offer, &name))
		span_copy(name, out, 32);
}

static void take_most32(uint32_t *most, uint32_t value)
{
	if (value > *most)
		*most = value;
}

static void add_stats(struct relay_stats *sum, const struct relay_stats *stats)
{
	sum->rx_packets += stats->rx_packets;
	sum->rx_bytes += stats->rx_bytes;
	sum->tx_packets += stats->tx_packets;
	sum->tx_bytes += stats->tx_bytes;
	sum->rx_rtcp += stats->rx_rtcp;
	sum->tx_rtcp += stats->tx_rtcp;
	sum->dropped_source += stats->dropped_source;
	sum->dropped_auth += stats->dropped_auth;
	sum->dropped_replay += stats->dropped_replay;
	sum->dropped_malformed += stats->dropped_malformed;
	sum->dropped_direction += stats->dropped_direction;
	sum->send_errors += stats->send_errors;
	sum->ssrc_changes += stats->ssrc_changes;
	sum->rx_late += stats->rx_late;
	sum->rx_duplicates += stats->rx_duplicates;
	sum->roc_changes += stats->roc_changes;
	sum->roc_restarts += stats->roc_restarts;
	sum->good_since_set += stats->good_since_set;
	sum->bad_since_set += stats->bad_since_set;
	sum->expected |= stats->expected;
	take_most32(&sum->round_trip_us, stats->round_trip_us);
	take_most32(&sum->far_lost, stats->far_lost);
	take_most32(&sum->far_jitter_us, stats->far_jitter_us);
	take_most32(&sum->roll_overs, stats->roll_overs);
	take_most32(&sum->sets, stats->sets);
	if (stats->key_us > sum->key_us)
		sum->key_us = stats->key_us;
	if (stats->rx_lost > sum->rx_lost)
		sum->rx_lost = stats->rx_lost;
	if (stats->jitter_us > sum->jitter_us)
		sum->jitter_us = stats->jitter_us;
	if (stats->last_rx_us > sum->last_rx_us)
		sum->last_rx_us = stats->last_rx_us;
	if (!sum->ssrc)
		sum->ssrc = stats->ssrc;
}

static unsigned estimate(const struct relay_stats *stats, const char *codec)
{
	const struct mos_facts facts = {
		.codec = codec,
		.received = stats->rx_packets,
		.lost = stats->rx_lost,
		.jitter_us = stats->jitter_us,
		.round_trip_us = stats->round_trip_us,
	};

	return mos_estimate(&facts);
}

/* What never opened carried nothing. While a connection is made again, the one that was lost is
 * what carried the leg. */
void registry_fill_flow(const struct flow *flow, struct record_leg *ret)
{
	ret->remote = flow->remote;
	ret->flow = flow->id;
	ret->connected = flow->opened;
	if (!flow->opened)
		return;
	ret->transport = transport_kind_name(flow->kind);
	ret->version = flow->version ? flow->version : "";
	ret->cipher = flow->cipher ? flow->cipher : "";
	ret->peer_names = flow->peer_names ? flow->peer_names : "";
}

void registry_fill_leg(const struct registry_leg *from, struct record_leg *ret,
	char name[static 80], char codec[static 32])
{
	const struct leg *leg = from->leg;

	*ret = record_leg_none();
	if (!leg->home)
		return;
	ret->signalling_required = keying_least_tls(leg->settings);
	ret->media_required = keying_least_media(leg);
	ret->party = trunk_name(leg->trunk, name);
	if (leg->flow)
		registry_fill_flow(redial_lost(leg->flow), ret);
	if (leg->dialog.call_id)
		ret->call_id = leg->dialog.call_id;
	ret->tolerated = leg->tolerated;
	ret->microsoft = leg->microsoft;
	ret->headers = leg->headers;
	ret->session_s = leg->refresh.agreed.interval_s;
	if (ret->session_s)
		ret->session_refresher = leg->refresh.agreed.ours ? "us" : "peer";
	ret->media = media_name(leg, &ret->media_remote);
	ret->media_latched = from->latched;
	first_codec(leg, codec);
	ret->codec = codec;
	for (unsigned i = 0; i < RELAY_STREAMS && from->session; i++) {
		struct relay_stats stats;

		if (!relay_stream_exists(from->session, i))
			continue;
		relay_stats(from->session, i, leg_end(leg), &stats);
		add_stats(&ret->stats, &stats);
		if (i == 0 && !leg->udptl)
			ret->mos = estimate(&stats, codec);
	}
	if (ret->stats.key_us > 0)
		ret->key_age_us = from->now_us - ret->stats.key_us;
}

/* Leg b's, also while nobody is asked. */
static enum side callee_side(const struct call *call)
{
	return call->callee->which;
}

/* Which leg of the record leg a is. */
static unsigned index_of_a(const struct call *call)
{
	return call->a->home->which == SIDE_EXTERNAL &&
	       callee_side(call) == SIDE_INTERNAL;
}

static const char *ender(const struct call *call, const struct record *record)
{
	const unsigned a = index_of_a(call);

	switch (call->ended_by) {
	case CALL_BY_A:
		return record_party(record, a);
	case CALL_BY_B:
		return record_party(record, !a);
	default:
		return "tandem";
	}
}

static void fill_leg(const struct call *call, const struct leg *leg,
	struct record_leg *ret, char name[static 80], char codec[static 32])
{
	struct clock *clock = timers_clock(call->bridge->timers);
	const struct registry_leg from = {.leg = leg,
		.session = call->session,
		.latched = call->latched[leg_end(leg)],
		.now_us = clock->mono_us(clock)};

	registry_fill_leg(&from, ret, name, codec);
}

static void fill_legs(
	const struct call *call, struct record *ret, struct registry_scratch *scratch)
{
	const unsigned a = index_of_a(call);

	for (unsigned i = 0; i < 2; i++)
		fill_leg(call, i == a ? call->a : call->b, &ret->legs[i],
			scratch->names[i], scratch->codecs[i]);
	ret->legs[a].side = call->a->home->which;
	ret->legs[!a].side = callee_side(call);
}

static const char *text_or(const char *text, const char *other)
{
	return text ? text : other;
}

void registry_fill_numbers(const struct call *call, struct record *ret)
{
	ret->from = text_or(call->from, "");
	ret->to = text_or(call->to, "");
	ret->from_received = text_or(call->from_received, ret->from);
	ret->to_received = text_or(call->to_received, ret->to);
	ret->from_sent = text_or(call->from_sent, call->shown ? ret->from : "");
	ret->to_sent = text_or(call->to_sent, call->shown ? ret->to : "");
	ret->asserted = call->asserted;
	ret->asserted_sent = call->asserted_sent;
	ret->diverted_by = call->diverted_by;
	ret->diverted_reason = call->diverted_reason;
}

void registry_fill(
	const struct call *call, struct record *ret, struct registry_scratch *scratch)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	memset(ret, 0, sizeof(*ret));
	fill_legs(call, ret, scratch);
	ret->call = call->number;
	ret->id = call->id;
	ret->method = "INVITE";
	ret->inbound = index_of_a(call) == 1;
	ret->emergency = emergency_name(call->emergency);
	ret->location = call_location_name(call);
	ret->elin = call->elin ? call->elin : "";
	registry_fill_numbers(call, ret);
	ret->start_wall_us = call->start_wall_us;
	ret->ringing_us = call->ringing_us;
	ret->answer_us = call->answer_us;
	ret->end_us = call->cause ? call->end_us : clock->mono_us(clock) - call->start_us;
	ret->status = call->status;
	ret->cause = call->cause ? call->cause : "";
	ret->ended_by = call->cause ? ender(call, ret) : "";
	ret->detail = call->detail ? call->detail : "";
	ret->far_status = call->history.far_status;
	ret->far_reason = call->history.far_reason ? call->history.far_reason : "";
	ret->released = call->history.released;
	ret->attempts = call->history.attempts;
	ret->attempt_count = call->history.count;
	ret->replaces = call->replaces;
	ret->replaced_by = call->replaced_by;
	ret->transfers = call->history.transfers;
	ret->transfer_count = call->history.transfer_count;
	ret->redirections = call->history.redirections;
	ret->redirection_count = call->history.redirection_count;
	ret->capture_mode = config_audit_name(call->capture);
	ret->media_note = scratch->media_note;
	diagnosis_media(ret, clock->mono_us(clock), scratch->media_note);
	for (unsigned i = 0; i < 2; i++)
		ret->legs[i].media_verdict =
			diagnosis_verdict(ret, i, clock->mono_us(clock));
}

void registry_record(struct call *call)
{
	struct bridge *bridge = call->bridge;
	struct registry_scratch scratch;
	struct record record;

	bridge->ended++;
	if (call->answer_us)
		bridge->answered_count--;
	else
		bridge->failed++;
	registry_fill(call, &record, &scratch);
	call_log_end(&record);
	if (bridge->handlers.ended_h)
		bridge->handlers.ended_h(bridge->handlers.arg, &record);
}

/* ---- lookups ---- */

struct call *registry_find(struct bridge *bridge, uint64_t number)
{
	struct hash_node *node = hash_find(&bridge->by_number, number);

	for (; node; node = hash_find_next(node)) {
		struct call *call = HASH_ENTRY(node, struct call, by_number);

		if (call->number == number)
			return call;
	}
	return NULL;
}

struct call *registry_find_id(struct bridge *bridge, const char *id)
{
	const char *dash = strrchr(id, '-');
	uint64_t number;
	struct call *call;

	if (!dash)
		return span_uint(span_of(id), UINT64_MAX, &number)
			       ? NULL
			       : registry_find(bridge, number);
	number = strtoull(dash + 1, NULL, 16);
	call = registry_find(bridge, number);
	return call && !strcmp(call->id, id) ? call : NULL;
}
