#include "media/path.h"

#include "media/path_tap.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/translator.h"
#include "media/udptl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_BITS 0xc0
#define VERSION_2 0x80

/* Setting */

void path_init(struct path *path, const struct path_params *params)
{
	memset(path, 0, sizeof(*path));
	path->cname = params->cname;
	path->whose = params->whose;
	for (unsigned end = 0; end < 2; end++) {
		const struct addr *rtp = &params->local_rtp[end];
		struct addr *local = path->end[end].local;

		local[PATH_RTP] = local[PATH_RTCP] = *rtp;
		addr_set_port(&local[PATH_RTCP], (uint16_t)(addr_port(rtp) + 1));
		outgoing_init(
			&path->end[end].outgoing, end ? ~params->seed : params->seed);
	}
}

/* Nothing passes any more. Its keys stay known: they may come back, and must then go on. */
static void close_end(struct path_end *end)
{
	end->cover = PATH_CLOSED;
	end->open = end->seal = NULL;
}

void path_clear(struct path *path)
{
	for (unsigned i = 0; i < 2; i++) {
		struct path_end *end = &path->end[i];

		close_end(end);
		keys_clear(&end->open_keys);
		keys_clear(&end->seal_keys);
		remote_clear(&end->remote);
		quality_clear(&end->quality);
		outgoing_clear(&end->outgoing);
	}
	free(path->dtmf);
	path->dtmf = NULL;
}

int path_check(const struct relay_remote *remote)
{
	const struct relay_key *rx = &remote->rx, *tx = &remote->tx;
	int err;

	if (remote->udptl)
		return 0;
	if ((rx->suite == RELAY_PLAIN) != (tx->suite == RELAY_PLAIN))
		return ERR_STATE;
	/* A key with "no suite" is a mistake that must not end in plain RTP. */
	if (rx->suite == RELAY_PLAIN)
		return rx->key.len || tx->key.len ? ERR_STATE : 0;
	err = srtp_key_check(rx);
	return err != 0 ? err : srtp_key_check(tx);
}

static int take_keys(struct path_end *end, const struct relay_remote *remote)
{
	enum keys_found found;
	int err = keys_take(&end->open_keys, &remote->rx, SRTP_OPEN, remote->keep_roc,
		&end->open, &found);

	if (err == 0)
		err = keys_take(&end->seal_keys, &remote->tx, SRTP_SEAL, remote->keep_roc,
			&end->seal, &found);
	if (err == 0 && found == KEYS_DOUBTFUL)
		outgoing_renew(&end->outgoing);
	return err;
}

static int take_cover(
	struct path_end *end, const struct relay_remote *remote, uint64_t now_us)
{
	const struct srtp_context *before = end->open;
	int err;

	if (remote->udptl || remote->rx.suite == RELAY_PLAIN) {
		close_end(end);
		counter_set(&end->counters.key_us, 0);
		end->cover = remote->udptl ? PATH_UDPTL : PATH_PLAIN;
		return 0;
	}
	err = take_keys(end, remote);
	if (err == 0)
		end->cover = PATH_SRTP;
	if (end->open != before)
		counter_set(&end->counters.key_us, now_us);
	return err;
}

/* A digit under way stays so while its end's SDP repeats itself. 0 or -ENOMEM. */
static int take_dtmf(
	struct path *path, enum relay_end end, const struct relay_remote *remote)
{
	bool on = remote->dtmf.count > 0 && !remote->udptl;
	bool ours = path->dtmf && path->dtmf->end == end;

	if (!on && !ours)
		return 0;
	if (!on || !ours) {
		free(path->dtmf);
		path->dtmf = on ? calloc(1, sizeof(*path->dtmf)) : NULL;
		path->next_us = 0;
	}
	if (!path->dtmf)
		return on ? -ENOMEM : 0;
	path->dtmf->end = end;
	path->dtmf->terms = remote->dtmf;
	return 0;
}

int path_set(struct path *path, enum relay_end index, const struct relay_remote *remote,
	uint64_t now_us)
{
	struct path_end *end = &path->end[index];
	bool awaited = end->receive && end->remote.to[PATH_RTP].len;
	bool mux = remote->rtcp_mux && !remote->udptl;
	int err = path_check(remote);

	if (err == 0)
		err = take_dtmf(path, index, remote);
	if (err == 0)
		err = remote_set(&end->remote, remote, mux, now_us);
	if (err == 0)
		err = take_cover(end, remote, now_us);
	if (err != 0) {
		close_end(end);
		return err;
	}
	outgoing_follow(&end->outgoing, remote->after);
	end->mux = mux;
	end->send = remote->send;
	end->receive = remote->receive;
	formats_set(&end->formats, remote);
	if (!awaited)
		end->set_us = now_us;
	if (end->report.heard_us == 0)
		end->report.heard_us = now_us;
	counter_set32(&end->counters.sets, counter_get32(&end->counters.sets) + 1);
	/* Who gets a fax says nothing while a page comes. */
	counter_set32(&end->counters.expected,
		end->receive && end->remote.to[PATH_RTP].len && end->cover != PATH_UDPTL);
	counter_set(&end->counters.good_since_set, 0);
	counter_set(&end->counters.bad_since_set, 0);
	end->search.restarted = 0;
	counter_set32(&end->counters.roc_restarts, 0);
	return 0;
}

/* One packet */

/*
 * RFC 7983: a first byte of 128 to 191 is RTP or RTCP, everything else (STUN, DTLS, TURN)
 * has no business here. RFC 5761 4: a second byte of 192 to 223 is RTCP. Without mux each
 * port takes its own kind alone.
 */
static bool classify(
	const struct path_end *end, const struct path_in *in, enum path_channel *ret_kind)
{
	enum path_channel kind;

	if (in->len < 8 || (in->data[0] & VERSION_BITS) != VERSION_2)
		return false;
	kind = in->data[1] >= 192 && in->data[1] <= 223 ? PATH_RTCP : PATH_RTP;
	if (!end->mux && kind != in->channel)
		return false;
	*ret_kind = kind;
	return true;
}

static void count_refusal(struct counters *counters, int err)
{
	switch (err) {
	case ERR_REPLAY:
	case ERR_LIMIT: /* of SSRCs: it cannot be told from one */
		counter_add(&counters->dropped_replay, 1);
		break;
	case ERR_FORMAT:
		counter_add(&counters->dropped_malformed, 1);
		break;
	default:
		counter_add(&counters->dropped_auth, 1);
		counter_add(&counters->bad_since_set, 1);
		break;
	}
}

static int open_srtp(struct path_end *end, const struct path_in *in,
	enum path_channel kind, size_t *len, uint64_t now_us)
{
	int err;

	if (kind == PATH_RTCP) /* carries its whole index */
		return srtp_context_open(end->open, true, in->data, len);
	err = search_open(&end->search, end->open, now_us, in->data, len);
	counter_set32(&end->counters.roc_changes, end->search.found);
	counter_set32(&end->counters.roc_restarts, end->search.restarted);
	return err;
}

/* Makes the packet clear and sure, and tells its kind. 0, or why it is refused. */
static int open_packet(struct path_end *end, const struct path_in *in,
	enum path_channel *ret_kind, size_t *len, uint64_t now_us)
{
	struct udptl udptl;
	int err = 0;

	if (end->cover == PATH_UDPTL)
		return udptl_parse(in->data, *len, &udptl) ? 0 : ERR_FORMAT;
	if (!classify(end, in, ret_kind))
		return ERR_FORMAT;
	if (end->cover == PATH_SRTP)
		err = open_srtp(end, in, *ret_kind, len, now_us);
	if (err == 0 && !(*ret_kind == PATH_RTCP ? rtcp_is_valid(in->data, *len)
						 : rtp_is_whole(in->data, *len)))
		err = ERR_FORMAT;
	return err;
}

/* Whether IN, from elsewhere than the end is known to be, may be from it all the same. */
static bool may_be(const struct path_end *end, const struct path_in *in, uint64_t now_us)
{
	const struct remote_packet packet = {
		.channel = in->channel,
		.source = in->source,
		.authentic = end->cover == PATH_SRTP,
		.rtp = end->cover == PATH_PLAIN && in->channel == PATH_RTP,
		.type = in->len < 2 ? 0 : rtp_type(in->data),
		.now_us = now_us,
	};

	return end->receive && remote_may_be(&end->remote, &packet);
}

/* A good packet since the SDP settles where the end is. */
static void settle(struct path *path, const struct path_in *in)
{
	struct path_end *end = &path->end[in->end];
	struct addr before;

	if (!remote_settle(&end->remote, in->channel, in->source, &before))
		return;
	path->due = true;
	path->latched = (struct path_latched){
		.due = true, .end = in->end, .channel = in->channel, .from = before};
}

/* True: IN is good, and from where the end is. False: dropped and counted. */
static bool admit(struct path *path, const struct path_batch *batch,
	const struct path_in *in, enum path_channel *ret_kind, size_t *len)
{
	struct path_end *end = &path->end[in->end];
	struct counters *counters = &end->counters;
	const struct remote *remote = &end->remote;
	bool foreign = !remote_is_source(remote, in->channel, in->source);
	int err;

	if (end->cover == PATH_CLOSED || !remote->to[in->channel].len ||
		(foreign && !may_be(end, in, batch->now_us))) {
		counter_add(&counters->dropped_source, 1);
		return false;
	}
	err = open_packet(end, in, ret_kind, len, batch->now_us);
	if (err != 0 && foreign)
		counter_add(&counters->dropped_source, 1);
	else if (err != 0)
		count_refusal(counters, err);
	else if (remote_is_open(remote, in->channel))
		settle(path, in);
	return err == 0;
}

static void measure(struct path_end *end, const uint8_t *data, uint64_t now_us)
{
	const struct format *format = formats_find(&end->formats, rtp_type(data));
	const struct quality_packet packet = {
		.ssrc = rtp_ssrc(data),
		.timestamp = rtp_timestamp(data),
		.seq = rtp_seq(data),
		.payload_type = format->type,
		.clock = format->clock.rate,
		.arrival_us = now_us,
	};
	struct quality *quality = &end->quality;
	struct counters *counters = &end->counters;

	quality_packet(quality, &packet);
	if (!format->aside)
		counter_set32(&counters->payload_type, format->type + 1U);
	counter_set(&counters->rx_lost, quality_lost(quality));
	counter_set(&counters->rx_late, quality->late);
	counter_set(&counters->rx_duplicates, quality->duplicates);
	counter_set32(&counters->jitter_us, quality_jitter_us(quality));
	counter_set32(&counters->ssrc, quality->ssrc);
	counter_set32(&counters->ssrc_changes, quality->ssrc_changes);
	if (end->cover == PATH_SRTP)
		counter_set32(&counters->roll_overs, srtp_context_roc(end->open, data));
}

/* Its reports are about the stream of OTHER, and in the units of that one's clock. */
static void hear_report(struct path_end *end, const struct path_end *other,
	const uint8_t *data, size_t len, uint64_t now_us)
{
	uint64_t clock = other->quality.started ? other->quality.clock : 8000;
	struct report *report = &end->report;
	struct counters *counters = &end->counters;

	report_heard(report, data, len, now_us);
	counter_set32(&counters->round_trip_us, report->round_trip_us);
	counter_set32(&counters->far_lost,
		report->far_lost > 0 ? (uint32_t)report->far_lost : 0);
	counter_set32(&counters->far_jitter_us,
		(uint32_t)((uint64_t)report->far_jitter * 1000000 / clock));
}

static void count_received(struct path_end *end, const struct path_end *other,
	const struct path_in *in, enum path_channel kind, size_t len, uint64_t now_us)
{
	struct counters *counters = &end->counters;

	counter_set(&counters->last_rx_us, now_us);
	if (kind == PATH_RTCP) {
		counter_add(&counters->rx_rtcp, 1);
		hear_report(end, other, in->data, len, now_us);
		return;
	}
	counter_add(&counters->good_since_set, 1);
	counter_add(&counters->rx_packets, 1);
	counter_add(&counters->rx_bytes, len);
	if (end->cover != PATH_UDPTL)
		measure(end, in->data, now_us);
}

/* Where a packet of KIND leaves toward an end. Hold stops RTP alone: RTCP goes on in both
 * directions (RFC 3264 5.1). */
static bool find_way(
	const struct path_end *to, enum path_channel kind, struct path_out *out)
{
	if (to->cover == PATH_CLOSED || (kind == PATH_RTP && !to->send))
		return false;
	out->kind = kind;
	out->channel = to->mux ? PATH_RTP : kind;
	out->to = &to->remote.to[out->channel];
	return out->to->len != 0;
}

static bool route(const struct path_end *from, const struct path_end *to,
	enum path_channel kind, struct path_out *out)
{
	if (kind == PATH_RTP && !from->receive)
		return false;
	if ((from->cover == PATH_UDPTL) != (to->cover == PATH_UDPTL))
		return false;
	return find_way(to, kind, out);
}

static int seal(struct path_end *end, enum path_channel kind, uint8_t *data, size_t *len)
{
	if (end->cover != PATH_SRTP)
		return 0;
	return srtp_context_seal(end->seal, kind == PATH_RTCP, data, len);
}

/* Digits */

static void count_lost(struct path *path)
{
	const struct path_dtmf *dtmf = path->dtmf;

	counter_set(&path->end[dtmf->end].counters.digits_lost,
		dtmf->reader.lost + dtmf->player.lost);
}

/* It goes no further, and leaves no gap in what does. */
static void hear_event(struct path *path, const struct path_in *in,
	const struct dtmf_format *format, size_t len, uint64_t now_us)
{
	struct path_dtmf *dtmf = path->dtmf;

	counter_add(&path->end[in->end].counters.events_taken, 1);
	/* From the end whose digits are signalled it would be one digit twice. */
	if (in->end != dtmf->end)
		return;
	dtmf->ended_count = dtmf_reader_packet(
		&dtmf->reader, format, in->data, len, now_us, dtmf->ended);
	path->due |= dtmf->ended_count > 0;
	count_lost(path);
}

/* True: it was a telephone-event, which is taken out. */
static bool take_event(
	struct path *path, const struct path_in *in, size_t len, uint64_t now_us)
{
	const struct dtmf_format *format =
		dtmf_format(&path->dtmf->terms, rtp_type(in->data));

	if (!format) {
		if (in->end == path->dtmf->end)
			path_expire(path, now_us);
		return false;
	}
	hear_event(path, in, format, len, now_us);
	return true;
}

/* A digit that waits takes the place of this packet, which goes to the end with events. */
static void play(struct path *path, uint8_t *data, size_t *len, uint64_t now_us)
{
	struct path_dtmf *dtmf = path->dtmf;

	*len = dtmf_player_packet(&dtmf->player, &dtmf->terms, data, *len, now_us);
	count_lost(path);
}

/* Audio that runs takes the digits along by itself. */
static void schedule(struct path *path, uint64_t now_us)
{
	const struct dtmf_player *player = &path->dtmf->player;

	if (!dtmf_player_busy(player))
		path->next_us = 0;
	else if (!dtmf_player_alone(player, now_us))
		path->next_us = player->audio_us + DTMF_ALONE_US;
	else if (path->next_us + DTMF_PACE_US > now_us)
		path->next_us += DTMF_PACE_US;
	else
		path->next_us = now_us + DTMF_PACE_US;
}

void path_play(struct path *path, const struct dtmf_digit *digit, uint64_t now_us)
{
	if (!path->dtmf)
		return;
	dtmf_player_add(&path->dtmf->player, digit, now_us);
	count_lost(path);
	if (path->next_us == 0)
		path->next_us = now_us;
}

static size_t make_event(struct path *path, uint64_t now_us, uint8_t *data)
{
	struct path_dtmf *dtmf = path->dtmf;
	struct outgoing *outgoing = &path->end[dtmf->end].outgoing;
	const uint32_t rate = dtmf->terms.audio_rate;
	struct outgoing_numbers numbers;

	if (!dtmf_player_alone(&dtmf->player, now_us) ||
		!dtmf_player_ready(
			&dtmf->player, outgoing_timestamp(outgoing, rate, now_us)))
		return 0;
	numbers = outgoing_insert(outgoing, rate, now_us);
	rtp_set_seq(data, numbers.seq);
	rtp_set_timestamp(data, numbers.timestamp);
	rtp_set_ssrc(data, numbers.ssrc);
	dtmf_player_make(&dtmf->player, &dtmf->terms, data, now_us);
	outgoing_count(outgoing, data, DTMF_PACKET);
	return DTMF_PACKET;
}

bool path_tick(struct path *path, const struct path_batch *batch, uint8_t *data,
	struct path_out *ret_out)
{
	const uint64_t now_us = batch->now_us;
	struct path_dtmf *dtmf = path->dtmf;
	struct path_out out = {.kind = PATH_RTP};
	struct path_end *end;

	if (!dtmf)
		return false;
	out.end = dtmf->end;
	end = &path->end[dtmf->end];
	/* An even pace from the first packet on, whenever that was. */
	if (now_us - dtmf->player.moved_us > 2 * DTMF_PACE_US)
		path->next_us = now_us;
	if (!find_way(end, PATH_RTP, &out)) {
		dtmf_player_expire(&dtmf->player, now_us);
		count_lost(path);
	} else {
		out.len = out.clear_len = make_event(path, now_us, data);
	}
	schedule(path, now_us);
	if (out.len == 0)
		return false;
	path_tap_own(path, batch, &out, data, out.len);
	if (seal(end, PATH_RTP, data, &out.len) != 0)
		return false;
	*ret_out = out;
	return true;
}

void path_expire(struct path *path, uint64_t now_us)
{
	struct path_dtmf *dtmf = path->dtmf;

	if (!dtmf || dtmf->ended_count > 0 ||
		!dtmf_reader_expire(&dtmf->reader, now_us, dtmf->ended))
		return;
	dtmf->ended_count = 1;
	path->due = true;
}

/* Passing on */

/* Gives RTP our numbers. False: it goes no further. */
static bool pass_rtp(
	struct path *path, const struct path_in *in, size_t *len, uint64_t now_us)
{
	struct path_end *end = &path->end[in->end], *other = &path->end[!in->end];
	const struct format *format = formats_find(&end->formats, rtp_type(in->data));

	if (path->dtmf && take_event(path, in, *len, now_us)) {
		outgoing_pause(&other->outgoing);
		return false;
	}
	if (!outgoing_packet(&other->outgoing, &format->clock, in->data, *len, now_us)) {
		counter_add(&end->counters.dropped_replay, 1);
		return false;
	}
	counter_set32(&other->counters.sent_after, rtp_seq(in->data) + 1U);
	if (path->dtmf && in->end != path->dtmf->end)
		play(path, in->data, len, now_us);
	outgoing_count(&other->outgoing, in->data, *len);
	return true;
}

/* What of a packet all steps behind its reception need. */
struct passing {
	struct path *path;
	const struct path_batch *batch;
	const struct path_in *in;
	struct path_out *out;
	struct path_tapped tapped;
};

/* It is told and sealed. 0 or an error. */
static int leave(struct passing *passing, size_t *len)
{
	struct path_out *out = passing->out;

	out->clear_len = *len;
	if (passing->tapped.wanted)
		path_tap_sent(&passing->tapped, passing->path, passing->batch,
			passing->in, out, *len);
	return seal(&passing->path->end[out->end], out->kind, passing->in->data, len);
}

/* Puts RTCP in the terms of the other end's streams, and seals it. 0; 1 when nothing of it is
 * left. */
static int pass_rtcp(struct passing *passing, size_t *len)
{
	const struct path_in *in = passing->in;
	struct path *path = passing->path;
	struct path_end *end = &path->end[in->end],
			*other = &path->end[passing->out->end];
	struct translator translator = {
		.forward = &other->outgoing,
		.back = &end->outgoing,
		.cname = path->cname,
		.own_report = end->report.made_middle,
	};
	uint8_t translated[PATH_RTCP_MAX];
	int err;

	*len = translator_rtcp(
		&translator, in->data, *len, translated, sizeof(translated));
	if (*len == 0)
		return 1;
	memcpy(in->data, translated, *len);
	report_passed(&other->report, in->data, *len, passing->batch->now_us);
	err = leave(passing, len);
	for (unsigned i = 0; i < translator.ended_count; i++)
		keys_end(&other->seal_keys, translator.ended[i]);
	return err;
}

/* 0, 1 or an error: as pass_rtcp(). */
static int pass(struct passing *passing, size_t *len)
{
	struct path *path = passing->path;
	const struct path_out *out = passing->out;

	if (out->kind == PATH_RTCP)
		return pass_rtcp(passing, len);
	if (path->end[out->end].cover != PATH_UDPTL &&
		!pass_rtp(path, passing->in, len, passing->batch->now_us))
		return 1;
	return leave(passing, len);
}

bool path_packet(struct path *path, const struct path_batch *batch,
	const struct path_in *in, struct path_out *ret_out)
{
	struct path_end *end = &path->end[in->end];
	struct path_out out = {.end = (enum relay_end) !in->end};
	struct path_end *other = &path->end[out.end];
	struct passing passing = {.path = path, .batch = batch, .in = in, .out = &out};
	enum path_channel kind = PATH_RTP;
	size_t len = in->len;
	int err;

	if (!admit(path, batch, in, &kind, &len))
		return false;
	count_received(end, other, in, kind, len, batch->now_us);
	if (!route(end, other, kind, &out)) {
		counter_add(&end->counters.dropped_direction, 1);
		outgoing_pause(&other->outgoing);
		return false;
	}
	passing.tapped.wanted = path_tap_wants(path, batch, kind);
	if (passing.tapped.wanted)
		path_tap_received(&passing.tapped, path, batch, in, kind, len);
	err = pass(&passing, &len);
	if (err < 0)
		count_refusal(&end->counters, err);
	if (err != 0 && passing.tapped.wanted)
		path_tap_kept(&passing.tapped, path, batch, in);
	if (err != 0)
		return false;
	out.len = len;
	*ret_out = out;
	return true;
}

bool path_report(struct path *path, enum relay_end index, const struct path_batch *batch,
	uint8_t *data, struct path_out *ret_out)
{
	struct path_end *end = &path->end[index];
	const struct path_end *other = &path->end[!index];
	const struct outgoing *outgoing = &end->outgoing;
	const struct outgoing_stream *stream = outgoing_latest(outgoing);
	const struct report_facts facts = {
		.now_us = batch->now_us,
		.wall_us = batch->wall_us,
		.ssrc = stream->ssrc,
		.timestamp = outgoing_timestamp(outgoing, stream->rate, batch->now_us),
		.packets = stream->packets,
		.octets = stream->octets,
		.sent_us = stream->sent_us,
		.back = &end->quality,
		.cname = path->cname,
	};
	struct path_out out = {.end = index, .kind = PATH_RTCP};

	out.channel = end->mux ? PATH_RTP : PATH_RTCP;
	out.to = &end->remote.to[out.channel];
	if ((end->cover != PATH_PLAIN && end->cover != PATH_SRTP) || !out.to->len ||
		!report_due(&end->report, &other->report, &facts))
		return false;
	out.len = out.clear_len = report_make(&end->report, &facts, data);
	path_tap_own(path, batch, &out, data, out.len);
	if (end->cover == PATH_SRTP &&
		srtp_context_seal(end->seal, true, data, &out.len) != 0)
		return false;
	*ret_out = out;
	return true;
}
