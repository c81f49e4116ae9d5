#include "media/translator.h"

#include "media/rtcp.h"
#include "media/rtp.h"

#include <string.h>

#define PART_HEADER 4
#define HEAD (PART_HEADER + 4) /* with the sender's SSRC */
#define SENDER_INFO 20
#define REPORT_BLOCK 24
#define FEEDBACK_HEAD (HEAD + 4) /* with the SSRC that it is about */
#define VERSION_2 0x80
#define PADDING_BIT 0x20
#define COUNT_BITS 0x1f
#define SDES_CNAME 1
#define LOST_MAX 0x7fffff
#define LOST_MIN (-0x800000)
/* SSRCs of ours that one SDES can name: streams, and the one that speaks for us. */
#define CHUNKS_MAX (OUTGOING_STREAMS + 1)

/* One part of a compound packet, padding apart. */
struct part {
	const uint8_t *data;
	size_t len;
	unsigned count; /* of its header: of items, or the kind of feedback */
};

struct out {
	uint8_t *data;
	size_t len, room;
	bool full; /* something found no room: the part that is being written is lost */
};

/* ---- writing ---- */

static void put(struct out *out, const void *bytes, size_t len)
{
	if (out->full || len > out->room - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

static void put32(struct out *out, uint32_t value)
{
	uint8_t bytes[4];

	rtp_put32(bytes, value);
	put(out, bytes, sizeof(bytes));
}

/* Returns where the part begins, for end_part() or drop_part(). */
static size_t begin_part(struct out *out)
{
	size_t start = out->len;

	out->full = false;
	put32(out, 0);
	return start;
}

static void drop_part(struct translator *t, struct out *out, size_t start)
{
	out->len = start;
	t->left_out++;
}

static void end_part(
	struct translator *t, struct out *out, size_t start, unsigned count, uint8_t type)
{
	uint8_t *p = out->data + start;

	if (out->full) {
		drop_part(t, out, start);
		return;
	}
	p[0] = (uint8_t)(VERSION_2 | count);
	p[1] = type;
	rtp_put16(p + 2, (uint32_t)((out->len - start) / 4 - 1));
}

/* ---- SSRCs ---- */

/* What one who sends RTCP is over there: its stream, else whom all of ours speak for. */
static uint32_t sender_ssrc(struct translator *t, uint32_t ssrc)
{
	const struct outgoing_source *source;
	const struct outgoing_stream *stream =
		outgoing_of_source(t->forward, ssrc, &source);

	return stream ? stream->ssrc : outgoing_ssrc(t->forward);
}

/* The same, and remembers it, for what comes back to it. */
static uint32_t reporter_ssrc(struct translator *t, uint32_t ssrc)
{
	t->forward->reporter = ssrc;
	return sender_ssrc(t, ssrc);
}

/* Who gets what is meant for SSRC of ours: a source, or who only reports. False: nobody. */
static bool target_ssrc(struct translator *t, uint32_t ssrc, uint32_t *ret)
{
	const struct outgoing_source *source;

	if (outgoing_of_stream(t->back, ssrc, &source)) {
		*ret = source->ssrc;
		return true;
	}
	*ret = t->back->reporter;
	return ssrc == outgoing_ssrc(t->back) && t->back->reporter != 0;
}

/* ---- reports ---- */

static int32_t clamp_lost(int64_t lost)
{
	return (int32_t)(lost < LOST_MIN ? LOST_MIN : lost > LOST_MAX ? LOST_MAX : lost);
}

/* RFC 3550 6.4.1. False: it is about nothing that goes on. */
static bool put_block(struct translator *t, struct out *out, const uint8_t *p)
{
	const struct outgoing_source *source;
	struct outgoing_stream *stream =
		outgoing_of_stream(t->back, rtp_get32(p), &source);
	bool answers_us;

	if (!stream)
		return false;
	stream->lost_now = (int32_t)(rtp_get32(p + 4) << 8) / 256;
	answers_us = t->own_report != 0 && rtp_get32(p + 16) == t->own_report;
	put32(out, source->ssrc);
	put32(out, (uint32_t)p[4] << 24 |
			   ((uint32_t)clamp_lost(
				    (int64_t)stream->lost_now - stream->lost_base) &
				   0xffffff));
	put32(out, outgoing_source_highest(source, rtp_get32(p + 8)));
	put(out, p + 12, 4);
	put32(out, answers_us ? 0 : rtp_get32(p + 16));
	put32(out, answers_us ? 0 : rtp_get32(p + 20));
	return true;
}

static unsigned put_blocks(
	struct translator *t, struct out *out, const struct part *part, size_t at)
{
	unsigned count = 0;

	for (unsigned i = 0; i < part->count && at + REPORT_BLOCK <= part->len; i++) {
		if (put_block(t, out, part->data + at))
			count++;
		else
			t->left_out++;
		at += REPORT_BLOCK;
	}
	return count;
}

static void put_rr(struct translator *t, struct out *out, const struct part *part)
{
	bool sr = part->data[1] == RTCP_SR;
	size_t start = begin_part(out);
	unsigned count;

	put32(out, reporter_ssrc(t, rtp_get32(part->data + PART_HEADER)));
	count = put_blocks(t, out, part, HEAD + (sr ? SENDER_INFO : 0));
	end_part(t, out, start, count, RTCP_RR);
}

/* The counts are those of our stream: it has been more than this source, and what was held back
 * was not sent. A sender report about what is not sent becomes a receiver report. */
static void put_sr(struct translator *t, struct out *out, const struct part *part)
{
	const uint8_t *p = part->data;
	const struct outgoing_source *source;
	const struct outgoing_stream *stream =
		outgoing_of_source(t->forward, rtp_get32(p + PART_HEADER), &source);
	size_t start;
	unsigned count;

	if (!stream || part->len < HEAD + SENDER_INFO) {
		put_rr(t, out, part);
		return;
	}
	start = begin_part(out);
	put32(out, stream->ssrc);
	put(out, p + HEAD, 8); /* the NTP time */
	put32(out, rtp_get32(p + HEAD + 8) + source->timestamp_offset);
	put32(out, stream->packets);
	put32(out, stream->octets);
	count = put_blocks(t, out, part, HEAD + SENDER_INFO);
	end_part(t, out, start, count, RTCP_SR);
}

/* ---- descriptions and goodbyes ---- */

/* Where the chunk behind the one at AT begins: RFC 3550 6.5. The end where it is broken. */
static size_t next_chunk(const struct part *part, size_t at)
{
	at += 4;
	while (at < part->len && part->data[at] != 0)
		at += at + 1 < part->len ? 2 + (size_t)part->data[at + 1] : 1;
	return at < part->len ? (at + 4) / 4 * 4 : part->len;
}

static void put_cname(struct out *out, uint32_t ssrc, const char *cname)
{
	static const uint8_t zeros[4];
	size_t len = strnlen(cname, RTCP_CNAME_MAX);
	const uint8_t head[2] = {SDES_CNAME, (uint8_t)len};

	put32(out, ssrc);
	put(out, head, sizeof(head));
	put(out, cname, len);
	/* One zero at least. */
	put(out, zeros, 4 - (sizeof(head) + len) % 4);
}

static void put_sdes(struct translator *t, struct out *out, const struct part *part)
{
	uint32_t told[CHUNKS_MAX];
	unsigned count = 0, known;
	size_t start = begin_part(out);

	for (size_t at = PART_HEADER;
		at + 4 <= part->len && count < part->count && count < CHUNKS_MAX;
		at = next_chunk(part, at)) {
		uint32_t ssrc = sender_ssrc(t, rtp_get32(part->data + at));

		for (known = 0; known < count && told[known] != ssrc; known++)
			;
		if (known < count)
			continue;
		told[count++] = ssrc;
		put_cname(out, ssrc, t->cname);
	}
	if (count > 0)
		end_part(t, out, start, count, RTCP_SDES);
	else
		drop_part(t, out, start);
}

static void put_bye(struct translator *t, struct out *out, const struct part *part)
{
	size_t start = begin_part(out), at = PART_HEADER;
	unsigned count = 0;

	for (unsigned i = 0; i < part->count && at + 4 <= part->len; i++, at += 4) {
		uint32_t ssrc;

		if (t->ended_count == TRANSLATOR_ENDS ||
			!outgoing_end(t->forward, rtp_get32(part->data + at), &ssrc))
			continue;
		t->ended[t->ended_count++] = ssrc;
		put32(out, ssrc);
		count++;
	}
	if (count > 0)
		end_part(t, out, start, count, RTCP_BYE);
	else
		drop_part(t, out, start);
}

/* ---- feedback: RFC 4585, 5104 ---- */

/* What the control information of a kind of feedback is made of. */
enum control {
	CONTROL_ANY,   /* nothing of ours: as it is */
	CONTROL_SEQS,  /* words that begin with a sequence number */
	CONTROL_SSRCS, /* pairs of words that begin with an SSRC, which is what is meant */
	CONTROL_REMB,  /* draft-alvestrand-rmcat-remb 2.2 */
};

static const struct kind {
	uint8_t type, format;
	enum control control;
} kinds[] = {
	{RTCP_RTPFB, 1, CONTROL_SEQS},  /* NACK */
	{RTCP_RTPFB, 3, CONTROL_SSRCS}, /* TMMBR */
	{RTCP_RTPFB, 4, CONTROL_SSRCS}, /* TMMBN */
	{RTCP_RTPFB, 5, CONTROL_ANY},   /* SR-REQ, RFC 6051 */
	{RTCP_RTPFB, 15, CONTROL_ANY}, /* transport-wide: numbers of a header extension */
	{RTCP_PSFB, 1, CONTROL_ANY},   /* PLI */
	{RTCP_PSFB, 2, CONTROL_ANY},   /* SLI */
	{RTCP_PSFB, 3, CONTROL_ANY},   /* RPSI */
	{RTCP_PSFB, 4, CONTROL_SSRCS}, /* FIR */
	{RTCP_PSFB, 5, CONTROL_SSRCS}, /* TSTR */
	{RTCP_PSFB, 6, CONTROL_SSRCS}, /* TSTN */
	{RTCP_PSFB, 15, CONTROL_REMB},
};

static const struct kind *find_kind(uint8_t type, unsigned format)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type && kinds[i].format == format)
			return &kinds[i];
	return NULL;
}

/* False: nothing is left. */
static bool put_seqs(struct translator *t, struct out *out, const struct part *part)
{
	const struct outgoing_source *source;
	const struct outgoing_stream *stream =
		outgoing_of_stream(t->back, rtp_get32(part->data + HEAD), &source);
	bool any = false;
	uint16_t seq;

	for (size_t at = FEEDBACK_HEAD; stream && at + 4 <= part->len; at += 4) {
		if (!outgoing_source_seq(
			    stream, source, rtp_get16(part->data + at), &seq)) {
			t->left_out++;
			continue;
		}
		put32(out, (uint32_t)seq << 16 | rtp_get16(part->data + at + 2));
		any = true;
	}
	return any;
}

static bool put_ssrcs(
	struct translator *t, struct out *out, const struct part *part, size_t at)
{
	bool any = false;
	uint32_t ssrc;

	for (; at + 8 <= part->len; at += 8) {
		if (!target_ssrc(t, rtp_get32(part->data + at), &ssrc)) {
			t->left_out++;
			continue;
		}
		put32(out, ssrc);
		put(out, part->data + at + 4, 4);
		any = true;
	}
	/* A TMMBN without entries says that there is no limit any more. */
	return any || part->len == FEEDBACK_HEAD;
}

static bool put_remb(struct translator *t, struct out *out, const struct part *part)
{
	const uint8_t *p = part->data + FEEDBACK_HEAD;
	size_t where = out->len, left = part->len - FEEDBACK_HEAD;
	unsigned count = 0;
	uint32_t ssrc;

	if (left < 8 || memcmp(p, "REMB", 4) != 0)
		return false;
	put(out, p, 8);
	for (unsigned i = 0; i < p[4] && 8 + 4 * (size_t)i + 4 <= left; i++) {
		if (!target_ssrc(t, rtp_get32(p + 8 + 4 * (size_t)i), &ssrc)) {
			t->left_out++;
			continue;
		}
		put32(out, ssrc);
		count++;
	}
	if (!out->full)
		out->data[where + 4] = (uint8_t)count;
	return count > 0;
}

static bool put_control(struct translator *t, struct out *out, const struct part *part,
	enum control control)
{
	switch (control) {
	case CONTROL_ANY:
		put(out, part->data + FEEDBACK_HEAD, part->len - FEEDBACK_HEAD);
		return true;
	case CONTROL_SEQS:
		return put_seqs(t, out, part);
	case CONTROL_SSRCS:
		return put_ssrcs(t, out, part, FEEDBACK_HEAD);
	case CONTROL_REMB:
		return put_remb(t, out, part);
	}
	return false;
}

static void put_feedback(struct translator *t, struct out *out, const struct part *part)
{
	const struct kind *kind = find_kind(part->data[1], part->count);
	size_t start = begin_part(out);
	uint32_t target = 0;
	bool known;

	if (!kind || part->len < FEEDBACK_HEAD) {
		drop_part(t, out, start);
		return;
	}
	known = target_ssrc(t, rtp_get32(part->data + HEAD), &target);
	put32(out, reporter_ssrc(t, rtp_get32(part->data + PART_HEADER)));
	put32(out, known ? target : 0);
	/* Where SSRCs stand in the control information, that above is none. */
	if ((known || kind->control == CONTROL_SSRCS || kind->control == CONTROL_REMB) &&
		put_control(t, out, part, kind->control))
		end_part(t, out, start, part->count, part->data[1]);
	else
		drop_part(t, out, start);
}

/* ---- extended reports: RFC 3611 ---- */

enum xr_block {
	XR_LOSS_RLE = 1,
	XR_DUPLICATE_RLE = 2,
	XR_RECEIPT_TIMES = 3,
	XR_REFERENCE_TIME = 4,
	XR_DLRR = 5,
	XR_STATISTICS = 6,
	XR_VOIP_METRICS = 7,
};

/* A block about the stream of its second word; SEQS: a range of numbers is in the third. */
static bool put_xr_source(
	struct translator *t, struct out *out, const uint8_t *p, size_t len, bool seqs)
{
	const struct outgoing_source *source;
	const struct outgoing_stream *stream;
	size_t at = seqs ? 12 : 8;
	uint16_t first;

	if (len < at)
		return false;
	stream = outgoing_of_stream(t->back, rtp_get32(p + 4), &source);
	if (!stream)
		return false;
	if (seqs && !outgoing_source_seq(stream, source, rtp_get16(p + 8), &first))
		return false;
	put(out, p, 4);
	put32(out, source->ssrc);
	if (seqs)
		put32(out, (uint32_t)first << 16 |
				   (uint16_t)(rtp_get16(p + 10) - source->seq_offset));
	put(out, p + at, len - at);
	return true;
}

static bool put_xr_dlrr(
	struct translator *t, struct out *out, const uint8_t *p, size_t len)
{
	size_t where = out->len;
	uint32_t ssrc;

	put(out, p, 4);
	for (size_t at = 4; at + 12 <= len; at += 12) {
		if (!target_ssrc(t, rtp_get32(p + at), &ssrc)) {
			t->left_out++;
			continue;
		}
		put32(out, ssrc);
		put(out, p + at + 4, 8);
	}
	if (!out->full)
		rtp_put16(out->data + where + 2, (uint32_t)((out->len - where) / 4 - 1));
	return out->len > where + 4;
}

static bool put_xr_block(
	struct translator *t, struct out *out, const uint8_t *p, size_t len)
{
	switch ((enum xr_block)p[0]) {
	case XR_LOSS_RLE:
	case XR_DUPLICATE_RLE:
	case XR_RECEIPT_TIMES:
	case XR_STATISTICS:
		return put_xr_source(t, out, p, len, true);
	case XR_VOIP_METRICS:
		return put_xr_source(t, out, p, len, false);
	case XR_REFERENCE_TIME:
		put(out, p, len);
		return true;
	case XR_DLRR:
		return put_xr_dlrr(t, out, p, len);
	}
	return false;
}

static void put_xr(struct translator *t, struct out *out, const struct part *part)
{
	size_t start = begin_part(out), len;

	put32(out, reporter_ssrc(t, rtp_get32(part->data + PART_HEADER)));
	for (size_t at = HEAD; at + 4 <= part->len; at += len) {
		const uint8_t *p = part->data + at;
		size_t before = out->len;

		len = ((size_t)rtp_get16(p + 2) + 1) * 4;
		if (len > part->len - at)
			break;
		if (!put_xr_block(t, out, p, len)) {
			out->len = before;
			t->left_out++;
		}
	}
	if (out->len > start + HEAD)
		end_part(t, out, start, 0, RTCP_XR);
	else
		drop_part(t, out, start);
}

/* ---- the whole ---- */

static void put_part(struct translator *t, struct out *out, const struct part *part)
{
	if (part->len < HEAD) {
		t->left_out++;
		return;
	}
	switch ((enum rtcp_type)part->data[1]) {
	case RTCP_SR:
		put_sr(t, out, part);
		break;
	case RTCP_RR:
		put_rr(t, out, part);
		break;
	case RTCP_SDES:
		put_sdes(t, out, part);
		break;
	case RTCP_BYE:
		put_bye(t, out, part);
		break;
	case RTCP_RTPFB:
	case RTCP_PSFB:
		put_feedback(t, out, part);
		break;
	case RTCP_XR:
		put_xr(t, out, part);
		break;
	case RTCP_APP:
	default:
		t->left_out++;
		break;
	}
}

size_t translator_rtcp(struct translator *t, const uint8_t *data, size_t len,
	uint8_t *out_data, size_t room)
{
	struct out out = {.data = out_data, .room = room};
	size_t whole;

	for (size_t at = 0; at + PART_HEADER <= len; at += whole) {
		struct part part = {.data = data + at, .count = data[at] & COUNT_BITS};

		whole = part.len = ((size_t)rtp_get16(data + at + 2) + 1) * 4;
		if (whole > len - at)
			break;
		/* In the last part alone, and it says itself how much it is. */
		if (data[at] & PADDING_BIT) {
			uint8_t padding = data[at + whole - 1];

			part.len -= padding <= whole && padding % 4 == 0 ? padding : 0;
		}
		put_part(t, &out, &part);
	}
	return out.len;
}
