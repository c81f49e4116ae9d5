#include "media/path.h"

#include "media/rtcp.h"
#include "media/udptl.h"

#include <string.h>

#define RTP_HEADER 12
#define VERSION_BITS 0xc0
#define VERSION_2 0x80
#define EXTENSION_BIT 0x10
#define PADDING_BIT 0x20

/* The worker is the only writer, so a counter needs no locked instruction. */
static void count(_Atomic uint64_t *counter, uint64_t amount)
{
	uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint32_t load32(const _Atomic uint32_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void store32(_Atomic uint32_t *counter, uint32_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

static uint16_t read16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t read32(const uint8_t *p)
{
	return (uint32_t)read16(p) << 16 | read16(p + 2);
}

/* Setting */

void path_init(struct path *path, const struct addr local_rtp[static 2])
{
	memset(path, 0, sizeof(*path));
	for (unsigned side = 0; side < 2; side++) {
		struct addr *local = path->side[side].local;

		local[PATH_RTP] = local_rtp[side];
		local[PATH_RTCP] = local_rtp[side];
		addr_set_port(
			&local[PATH_RTCP], (uint16_t)(addr_port(&local_rtp[side]) + 1));
	}
}

static void close_side(struct path_side *side)
{
	side->cover = PATH_CLOSED;
	srtp_context_free(side->open);
	srtp_context_free(side->seal);
	side->open = NULL;
	side->seal = NULL;
}

void path_clear(struct path *path)
{
	close_side(&path->side[RELAY_INTERNAL]);
	close_side(&path->side[RELAY_EXTERNAL]);
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

/* The same key keeps its context and with it the roll-over counter; a new one starts
 * afresh, as most peers do at a re-INVITE, or KEEPs it. */
static int take_key(struct srtp_context **context, const struct relay_key *key,
	enum srtp_direction direction, bool keep)
{
	struct srtp_context *made = NULL;
	int err;

	if (*context && srtp_key_equal(srtp_context_key(*context), key))
		return 0;
	err = srtp_context_new(&made, key, direction);
	if (err == 0 && *context)
		srtp_context_follow(made, *context, keep);
	srtp_context_free(*context);
	*context = made;
	return err;
}

static int take_cover(
	struct path_side *side, const struct relay_remote *remote, uint64_t now_us)
{
	const struct srtp_context *before = side->open;
	int err;

	if (remote->udptl || remote->rx.suite == RELAY_PLAIN) {
		close_side(side);
		atomic_store_explicit(&side->counters.key_us, 0, memory_order_relaxed);
		side->cover = remote->udptl ? PATH_UDPTL : PATH_PLAIN;
		return 0;
	}
	err = take_key(&side->open, &remote->rx, SRTP_OPEN, remote->keep_roc);
	if (err == 0)
		err = take_key(&side->seal, &remote->tx, SRTP_SEAL, remote->keep_roc);
	if (err == 0)
		side->cover = PATH_SRTP;
	if (side->open != before)
		atomic_store_explicit(
			&side->counters.key_us, now_us, memory_order_relaxed);
	return err;
}

/* An address to send to: 0.0.0.0 is how RFC 2543 said hold. */
static bool is_known(const struct addr *addr)
{
	return addr->len && !addr_is_any(addr) && addr_port(addr) != 0;
}

/* What the side latched to stays while its SDP repeats itself, open to one more packet. */
static void take_addresses(
	struct path_side *side, const struct relay_remote *remote, uint64_t now_us)
{
	struct path_latch *latch = &side->latch;
	struct addr announced[2] = {{.len = 0}, {.len = 0}};

	if (is_known(&remote->rtp))
		announced[PATH_RTP] = remote->rtp;
	/* With mux everything is to come to and go from the RTP port. */
	if (!side->mux && !remote->udptl && is_known(&remote->rtcp))
		announced[PATH_RTCP] = remote->rtcp;
	for (unsigned i = 0; i < 2; i++) {
		latch->open[i] = remote->latch && announced[i].len;
		if (!latch->open[i] || !addr_equal(&announced[i], &latch->announced[i]))
			side->remote[i] = announced[i];
		latch->announced[i] = announced[i];
		latch->payload_types[i] = remote->payload_types[i];
	}
	latch->until_us = now_us + PATH_LATCH_US;
}

/* A digit under way stays so while its side's SDP repeats itself. */
static void take_dtmf(
	struct path *path, enum relay_side side, const struct relay_remote *remote)
{
	struct path_dtmf *dtmf = &path->dtmf;
	bool on = remote->dtmf.count > 0 && !remote->udptl;

	if (!on && (!path->converts || dtmf->side != side))
		return;
	if (!on || !path->converts || dtmf->side != side)
		memset(dtmf, 0, sizeof(*dtmf));
	path->converts = on;
	dtmf->side = side;
	dtmf->terms = remote->dtmf;
}

int path_set(struct path *path, enum relay_side index, const struct relay_remote *remote,
	uint64_t now_us)
{
	struct path_side *side = &path->side[index];
	bool awaited = side->receive && side->remote[PATH_RTP].len;
	int err = path_check(remote);

	if (err == 0)
		err = take_cover(side, remote, now_us);
	if (err != 0) {
		close_side(side);
		return err;
	}
	side->mux = remote->rtcp_mux && !remote->udptl;
	side->send = remote->send;
	side->receive = remote->receive;
	take_addresses(side, remote, now_us);
	take_dtmf(path, index, remote);
	if (!awaited)
		side->set_us = now_us;
	if (side->report.heard_us == 0)
		side->report.heard_us = now_us;
	store32(&side->counters.sets, load32(&side->counters.sets) + 1);
	/* Who gets a fax says nothing while a page comes. */
	store32(&side->counters.expected,
		side->receive && side->remote[PATH_RTP].len && side->cover != PATH_UDPTL);
	atomic_store_explicit(&side->counters.good_since_set, 0, memory_order_relaxed);
	atomic_store_explicit(&side->counters.bad_since_set, 0, memory_order_relaxed);
	side->search.restarted = 0;
	store32(&side->counters.roc_restarts, 0);
	return 0;
}

/* One packet */

/* The whole header is there: RFC 3550 5.1 and 5.3.1. DATA is in clear. */
static bool is_rtp(const uint8_t *data, size_t len)
{
	size_t header;

	if (len < RTP_HEADER)
		return false;
	header = RTP_HEADER + 4 * (size_t)(data[0] & 0x0f);
	if (data[0] & EXTENSION_BIT) {
		if (len < header + 4)
			return false;
		header += 4 + 4 * (size_t)read16(data + header + 2);
	}
	if (len < header)
		return false;
	return !(data[0] & PADDING_BIT) ||
	       (data[len - 1] != 0 && data[len - 1] <= len - header);
}

/*
 * RFC 7983: a first byte of 128 to 191 is RTP or RTCP, everything else (STUN, DTLS, TURN)
 * has no business here. RFC 5761 4: a second byte of 192 to 223 is RTCP. Without mux each
 * port takes its own kind alone.
 */
static bool classify(const struct path_side *side, const struct path_in *in,
	enum path_channel *ret_kind)
{
	enum path_channel kind;

	if (in->len < 8 || (in->data[0] & VERSION_BITS) != VERSION_2)
		return false;
	kind = in->data[1] >= 192 && in->data[1] <= 223 ? PATH_RTCP : PATH_RTP;
	if (!side->mux && kind != in->channel)
		return false;
	*ret_kind = kind;
	return true;
}

static void count_refusal(struct path_counters *counters, int err)
{
	switch (err) {
	case ERR_REPLAY:
		count(&counters->dropped_replay, 1);
		break;
	case ERR_FORMAT:
		count(&counters->dropped_malformed, 1);
		break;
	default:
		count(&counters->dropped_auth, 1);
		count(&counters->bad_since_set, 1);
		break;
	}
}

static int open_srtp(struct path_side *side, const struct path_in *in,
	enum path_channel kind, size_t *len, uint64_t now_us)
{
	int err;

	if (kind == PATH_RTCP) /* carries its whole index */
		return srtp_context_open(side->open, true, in->data, len);
	err = search_open(&side->search, side->open, now_us, in->data, len);
	store32(&side->counters.roc_changes, side->search.found);
	store32(&side->counters.roc_restarts, side->search.restarted);
	return err;
}

/* Makes the packet clear and sure, and tells its kind. 0, or why it is refused. */
static int open_packet(struct path_side *side, const struct path_in *in,
	enum path_channel *ret_kind, size_t *len, uint64_t now_us)
{
	struct udptl udptl;
	int err = 0;

	if (side->cover == PATH_UDPTL)
		return udptl_parse(in->data, *len, &udptl) ? 0 : ERR_FORMAT;
	if (!classify(side, in, ret_kind))
		return ERR_FORMAT;
	if (side->cover == PATH_SRTP)
		err = open_srtp(side, in, *ret_kind, len, now_us);
	if (err == 0 && !(*ret_kind == PATH_RTCP ? rtcp_is_valid(in->data, *len)
						 : is_rtp(in->data, *len)))
		err = ERR_FORMAT;
	return err;
}

static bool has_type(const uint64_t types[static 2], uint8_t type)
{
	return types[type / 64] >> (type % 64) & 1;
}

/*
 * Whether IN, from elsewhere than the side is known to be, may be from it all the same, if it
 * proves good. RTCP comes from the host of RTP, so that nobody gets it alone.
 */
static bool may_latch(
	const struct path_side *side, const struct path_in *in, uint64_t now_us)
{
	const struct path_latch *latch = &side->latch;

	if (!latch->open[in->channel] || !side->receive || in->len < 2)
		return false;
	if (in->channel == PATH_RTCP &&
		!addr_equal_host(in->source, &side->remote[PATH_RTP]))
		return false;
	if (side->cover == PATH_SRTP)
		return true;
	return now_us <= latch->until_us &&
	       (side->cover == PATH_UDPTL || in->channel == PATH_RTCP ||
		       has_type(latch->payload_types, in->data[1] & 0x7f));
}

/* The first good packet since the SDP settles where the side is. */
static void settle(struct path *path, const struct path_in *in, bool foreign)
{
	struct path_side *side = &path->side[in->side];

	side->latch.open[in->channel] = false;
	if (!foreign)
		return;
	path->due = true;
	path->latched = (struct path_latched){.due = true,
		.side = in->side,
		.channel = in->channel,
		.from = side->remote[in->channel]};
	side->remote[in->channel] = *in->source;
}

/* True: IN is good, and from where the side is. False: dropped and counted. */
static bool admit(struct path *path, const struct path_batch *batch,
	const struct path_in *in, enum path_channel *ret_kind, size_t *len)
{
	struct path_side *side = &path->side[in->side];
	struct path_counters *counters = &side->counters;
	const struct addr *remote = &side->remote[in->channel];
	bool foreign = !addr_equal(in->source, remote);
	int err;

	if (side->cover == PATH_CLOSED || !remote->len ||
		(foreign && !may_latch(side, in, batch->now_us))) {
		count(&counters->dropped_source, 1);
		return false;
	}
	err = open_packet(side, in, ret_kind, len, batch->now_us);
	if (err != 0 && foreign)
		count(&counters->dropped_source, 1);
	else if (err != 0)
		count_refusal(counters, err);
	else if (side->latch.open[in->channel])
		settle(path, in, foreign);
	return err == 0;
}

static void measure(struct path_side *side, const uint8_t *data, uint64_t now_us)
{
	const struct quality_packet packet = {
		.ssrc = read32(data + 8),
		.timestamp = read32(data + 4),
		.seq = read16(data + 2),
		.payload_type = data[1] & 0x7f,
		.arrival_us = now_us,
	};
	struct quality *quality = &side->quality;
	struct path_counters *counters = &side->counters;

	quality_packet(quality, &packet);
	atomic_store_explicit(
		&counters->rx_lost, quality_lost(quality), memory_order_relaxed);
	atomic_store_explicit(&counters->rx_late, quality->late, memory_order_relaxed);
	atomic_store_explicit(
		&counters->rx_duplicates, quality->duplicates, memory_order_relaxed);
	store32(&counters->jitter_us, quality_jitter_us(quality));
	store32(&counters->ssrc, quality->ssrc);
	store32(&counters->ssrc_changes, quality->ssrc_changes);
	if (side->cover == PATH_SRTP)
		store32(&counters->roll_overs, srtp_context_roc(side->open, data));
}

/* Its reports are about the stream of OTHER, and in the units of that one's clock. */
static void hear_report(struct path_side *side, const struct path_side *other,
	const uint8_t *data, size_t len, uint64_t now_us)
{
	uint64_t clock = quality_clock_rate(other->quality.payload_type);
	struct report *report = &side->report;
	struct path_counters *counters = &side->counters;

	report_heard(report, data, len, now_us);
	store32(&counters->round_trip_us, report->round_trip_us);
	store32(&counters->far_lost,
		report->far_lost > 0 ? (uint32_t)report->far_lost : 0);
	store32(&counters->far_jitter_us,
		(uint32_t)((uint64_t)report->far_jitter * 1000000 / clock));
}

static void count_received(struct path_side *side, const struct path_side *other,
	const struct path_in *in, enum path_channel kind, size_t len, uint64_t now_us)
{
	struct path_counters *counters = &side->counters;

	atomic_store_explicit(&counters->last_rx_us, now_us, memory_order_relaxed);
	if (kind == PATH_RTCP) {
		count(&counters->rx_rtcp, 1);
		hear_report(side, other, in->data, len, now_us);
		return;
	}
	count(&counters->good_since_set, 1);
	count(&counters->rx_packets, 1);
	count(&counters->rx_bytes, len);
	if (side->cover != PATH_UDPTL)
		measure(side, in->data, now_us);
}

/*
 * Where a packet of KIND leaves on the other side. Hold stops RTP alone: RTCP goes on in
 * both directions (RFC 3264 5.1).
 */
static bool route(const struct path_side *from, const struct path_side *to,
	enum path_channel kind, struct path_out *out)
{
	if (kind == PATH_RTP && (!from->receive || !to->send))
		return false;
	if (to->cover == PATH_CLOSED ||
		(from->cover == PATH_UDPTL) != (to->cover == PATH_UDPTL))
		return false;
	out->kind = kind;
	out->channel = to->mux ? PATH_RTP : kind;
	out->to = &to->remote[out->channel];
	return out->to->len != 0;
}

static void tap_packet(const struct path_side *side, const struct path_batch *batch,
	const struct path_in *in, size_t len)
{
	struct tap_packet packet;

	if (!in->tapped || !batch->tap || !batch->tap->packet_h)
		return;
	packet = (struct tap_packet){
		.call = in->call,
		.wall_us = batch->wall_us,
		.worker = batch->worker,
		.sent = false,
		.source = *in->source,
		.destination = side->local[in->channel],
		.data = in->data,
		.len = len,
	};
	batch->tap->packet_h(batch->tap->arg, &packet);
}

/* Digits */

static void count_lost(struct path *path)
{
	const struct path_dtmf *dtmf = &path->dtmf;

	atomic_store_explicit(&path->side[dtmf->side].counters.digits_lost,
		dtmf->reader.lost + dtmf->player.lost, memory_order_relaxed);
}

static void hear_event(struct path *path, const struct path_in *in,
	const struct dtmf_format *format, size_t len, uint64_t now_us)
{
	struct path_dtmf *dtmf = &path->dtmf;

	count(&path->side[in->side].counters.events_taken, 1);
	/* From the side whose digits are signalled it would be one digit twice. */
	if (in->side != dtmf->side)
		return;
	dtmf->ended_count = dtmf_reader_packet(
		&dtmf->reader, format, in->data, len, now_us, dtmf->ended);
	path->due |= dtmf->ended_count > 0;
	count_lost(path);
}

/* Takes telephone-events out and puts digits in. False: the packet goes no further. */
static bool convert(
	struct path *path, const struct path_in *in, size_t *len, uint64_t now_us)
{
	struct path_dtmf *dtmf = &path->dtmf;
	const struct dtmf_format *format = dtmf_format(&dtmf->terms, in->data[1] & 0x7f);

	if (format) {
		hear_event(path, in, format, *len, now_us);
		return false;
	}
	if (in->side == dtmf->side) {
		path_expire(path, now_us);
		return true;
	}
	*len = dtmf_player_packet(&dtmf->player, &dtmf->terms, in->data, *len, now_us);
	count_lost(path);
	return true;
}

void path_play(struct path *path, const struct dtmf_digit *digit, uint64_t now_us)
{
	if (path->converts)
		dtmf_player_add(&path->dtmf.player, digit, now_us);
}

void path_expire(struct path *path, uint64_t now_us)
{
	struct path_dtmf *dtmf = &path->dtmf;

	if (!path->converts || dtmf->ended_count > 0 ||
		!dtmf_reader_expire(&dtmf->reader, now_us, dtmf->ended))
		return;
	dtmf->ended_count = 1;
	path->due = true;
}

bool path_packet(struct path *path, const struct path_batch *batch,
	const struct path_in *in, struct path_out *ret_out)
{
	struct path_side *side = &path->side[in->side];
	struct path_out out = {.side = (enum relay_side) !in->side};
	struct path_side *other = &path->side[out.side];
	enum path_channel kind = PATH_RTP;
	size_t len = in->len;
	int err = 0;

	if (!admit(path, batch, in, &kind, &len))
		return false;
	count_received(side, other, in, kind, len, batch->now_us);
	if (!route(side, other, kind, &out)) {
		count(&side->counters.dropped_direction, 1);
		return false;
	}
	tap_packet(side, batch, in, len);
	if (path->converts && kind == PATH_RTP && !convert(path, in, &len, batch->now_us))
		return false;
	out.clear_len = len;
	if (kind == PATH_RTCP)
		report_passed(&other->report, in->data, len, batch->now_us);
	if (other->cover == PATH_SRTP)
		err = srtp_context_seal(other->seal, kind == PATH_RTCP, in->data, &len);
	if (err != 0) {
		count_refusal(&side->counters, err);
		return false;
	}
	out.len = len;
	*ret_out = out;
	return true;
}

/* RFC 3550 6.4.1 counts payload. Headers with more than their fixed part are rare in
 * telephony, and the count is for the statistics of the far end. */
static uint64_t payload_octets(const struct path_side *side)
{
	return read_counter(&side->counters.tx_bytes) -
	       RTP_HEADER * read_counter(&side->counters.tx_packets);
}

bool path_report(struct path *path, enum relay_side index, const struct path_batch *batch,
	const char *cname, uint8_t *data, struct path_out *ret_out)
{
	struct path_side *side = &path->side[index];
	const struct path_side *other = &path->side[!index];
	const struct report_facts facts = {
		.now_us = batch->now_us,
		.wall_us = batch->wall_us,
		.stream = &other->quality,
		.stream_us = read_counter(&other->counters.last_rx_us),
		.packets = read_counter(&side->counters.tx_packets),
		.octets = payload_octets(side),
		.back = &side->quality,
		.cname = cname,
	};
	struct path_out out = {.side = index, .kind = PATH_RTCP};

	out.channel = side->mux ? PATH_RTP : PATH_RTCP;
	out.to = &side->remote[out.channel];
	if ((side->cover != PATH_PLAIN && side->cover != PATH_SRTP) || !out.to->len ||
		!report_due(&side->report, &other->report, &facts))
		return false;
	out.len = out.clear_len = report_make(&side->report, &facts, data);
	if (side->cover == PATH_SRTP &&
		srtp_context_seal(side->seal, true, data, &out.len) != 0)
		return false;
	*ret_out = out;
	return true;
}

void path_sent(struct path *path, const struct path_out *out, bool ok)
{
	struct path_counters *counters = &path->side[out->side].counters;

	if (!ok) {
		count(&counters->send_errors, 1);
	} else if (out->kind == PATH_RTCP) {
		count(&counters->tx_rtcp, 1);
	} else {
		count(&counters->tx_packets, 1);
		count(&counters->tx_bytes, out->clear_len);
	}
}

void path_send_failed(struct path *path, enum relay_side side)
{
	count(&path->side[side].counters.send_errors, 1);
}

/* Watching and telling */

bool path_awaits(const struct path *path, enum relay_side index, uint64_t *ret_since_us)
{
	const struct path_side *side = &path->side[index];
	const struct path_side *other = &path->side[!index];
	uint64_t heard_us = read_counter(&side->counters.last_rx_us);

	/* Fax goes one way for minutes: both are alive while one is. */
	if (side->cover == PATH_UDPTL &&
		read_counter(&other->counters.last_rx_us) > heard_us)
		heard_us = read_counter(&other->counters.last_rx_us);
	if (side->cover == PATH_CLOSED || !side->receive || !side->remote[PATH_RTP].len)
		return false;
	*ret_since_us = heard_us > side->set_us ? heard_us : side->set_us;
	return true;
}

void path_stats(const struct path *path, enum relay_side side, struct relay_stats *ret)
{
	const struct path_counters *c = &path->side[side].counters;

	*ret = (struct relay_stats){
		.rx_packets = read_counter(&c->rx_packets),
		.rx_bytes = read_counter(&c->rx_bytes),
		.tx_packets = read_counter(&c->tx_packets),
		.tx_bytes = read_counter(&c->tx_bytes),
		.rx_rtcp = read_counter(&c->rx_rtcp),
		.tx_rtcp = read_counter(&c->tx_rtcp),
		.dropped_source = read_counter(&c->dropped_source),
		.dropped_auth = read_counter(&c->dropped_auth),
		.dropped_replay = read_counter(&c->dropped_replay),
		.dropped_malformed = read_counter(&c->dropped_malformed),
		.dropped_direction = read_counter(&c->dropped_direction),
		.send_errors = read_counter(&c->send_errors),
		.rx_lost = read_counter(&c->rx_lost),
		.last_rx_us = read_counter(&c->last_rx_us),
		.rx_late = read_counter(&c->rx_late),
		.rx_duplicates = read_counter(&c->rx_duplicates),
		.jitter_us = load32(&c->jitter_us),
		.round_trip_us = load32(&c->round_trip_us),
		.far_lost = load32(&c->far_lost),
		.far_jitter_us = load32(&c->far_jitter_us),
		.ssrc = load32(&c->ssrc),
		.ssrc_changes = load32(&c->ssrc_changes),
		.roll_overs = load32(&c->roll_overs),
		.roc_changes = load32(&c->roc_changes),
		.roc_restarts = load32(&c->roc_restarts),
		.key_us = read_counter(&c->key_us),
		.events_taken = read_counter(&c->events_taken),
		.digits_lost = read_counter(&c->digits_lost),
		.expected = load32(&c->expected) != 0,
		.sets = load32(&c->sets),
		.good_since_set = read_counter(&c->good_since_set),
		.bad_since_set = read_counter(&c->bad_since_set),
	};
}
