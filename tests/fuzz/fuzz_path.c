/*
 * Packets through a stream: what class they are (RTP, RTCP, UDPTL, nothing of ours), whether
 * they are whole, and what is left of them at the other end. The first byte says how the
 * stream is protected and which end has telephone-events; then come packets, each behind a
 * byte that says where it comes from, whether the far end seals it and whether a digit is to be
 * played first, and two bytes of length.
 *
 * Whatever comes: each packet counts once, a stranger's leaves no trace, one that is not
 * authentic changes no state, and what goes on is what came under our numbers, or a digit that
 * was to be played, or RTCP that is whole and no longer than it may be.
 */
#include "fuzz.h"
#include "media/path.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/srtp_engine.h"

#include <string.h>

#define PACKET_MAX 2048
#define PACKETS_MAX 64

/* Of the first byte. */
#define STREAM_SRTP 1 /* the internal end */
#define STREAM_UDPTL 2
#define STREAM_MUX 4
#define STREAM_HELD 8
#define STREAM_EVENTS 16 /* on the external end */
#define STREAM_EVENTS_INSIDE 32
/* Of a packet's. */
#define PACKET_EXTERNAL 1
#define PACKET_RTCP_PORT 2
#define PACKET_STRANGER 4
#define PACKET_SEALED 8
#define PACKET_DIGIT 16 /* before it */

struct stream {
	unsigned how;
	struct path path;
	struct srtp_context *far_seal; /* the internal far end's */
	uint64_t now_us;
};

static struct addr address(const char *text)
{
	struct addr addr;

	MUST(addr_parse(&addr, text, 0) == 0);
	return addr;
}

static struct relay_key key(uint8_t fill)
{
	struct relay_key key = {.suite = RELAY_AES_CM_128_HMAC_SHA1_80, .key.len = 30};

	memset(key.key.bytes, fill, key.key.len);
	return key;
}

static const struct dtmf_terms terms = {
	.count = 2, .formats = {{101, 8000}, {110, 48000}}, .audio_rate = 8000};

static void start(struct stream *stream, unsigned how)
{
	const struct path_params params = {
		.local_rtp = {address("10.0.0.2:2000"), address("192.0.2.2:3000")},
		.cname = "0123456789abcdef01234567",
		.seed = how};
	struct relay_remote remote[2] = {
		{.rtp = address("10.0.0.1:4000"), .rtcp = address("10.0.0.1:4001")},
		{.rtp = address("192.0.2.9:5000"), .rtcp = address("192.0.2.9:5001")}};

	*stream = (struct stream){.how = how, .now_us = 2000000};
	path_init(&stream->path, &params);
	for (unsigned end = 0; end < 2; end++) {
		remote[end].udptl = (how & STREAM_UDPTL) != 0;
		remote[end].rtcp_mux = (how & STREAM_MUX) != 0 && end == 0;
		remote[end].send = true;
		remote[end].receive = !(how & STREAM_HELD);
		remote[end].rx.suite = remote[end].tx.suite = RELAY_PLAIN;
	}
	if (how & (STREAM_EVENTS | STREAM_EVENTS_INSIDE))
		remote[how & STREAM_EVENTS_INSIDE ? 0 : 1].dtmf = terms;
	if (how & STREAM_SRTP && !(how & STREAM_UDPTL)) {
		remote[0].rx = key(1);
		remote[0].tx = key(2);
		MUST(srtp_context_new(&stream->far_seal, &remote[0].rx, SRTP_SEAL) == 0);
	}
	for (enum relay_end end = 0; end < 2; end++)
		MUST(path_set(&stream->path, end, &remote[end], 1000000) == 0);
}

/* What a packet may not change unless it is taken. */
struct state {
	struct quality quality[2];
	struct report report[2];
	uint32_t ssrc_changes;
};

static void look(const struct stream *stream, struct state *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned end = 0; end < 2; end++) {
		ret->quality[end] = stream->path.end[end].quality;
		ret->report[end] = stream->path.end[end].report;
	}
}

static uint64_t counted(const struct stream *stream, enum relay_end end)
{
	struct relay_stats stats;

	path_stats(&stream->path, end, &stats);
	return stats.rx_packets + stats.rx_rtcp + stats.dropped_source +
	       stats.dropped_auth + stats.dropped_replay + stats.dropped_malformed;
}

static uint64_t taken(const struct stream *stream, enum relay_end end)
{
	struct relay_stats stats;

	path_stats(&stream->path, end, &stats);
	return stats.rx_packets + stats.rx_rtcp;
}

/* An end's events go no further, each ends what digits it may, and they are digits. */
static void check_events(struct path *path, enum relay_end end, const uint8_t *packet)
{
	MUST(end != path->dtmf->end || !dtmf_format(&terms, packet[1] & 0x7f));
	MUST(path->dtmf->ended_count == 0);
}

static void check_digits(struct path *path)
{
	if (!path->dtmf)
		return;
	MUST(path->dtmf->ended_count <= 2);
	for (unsigned i = 0; i < path->dtmf->ended_count; i++)
		MUST(path->dtmf->ended[i].event < DTMF_EVENTS);
	path->dtmf->ended_count = 0;
}

/* Whether the first LEN bytes of PACKET, in clear, are a digit. */
static bool is_played(const struct stream *stream, enum relay_end end,
	const uint8_t *packet, size_t len)
{
	if (!stream->path.dtmf || end == stream->path.dtmf->end)
		return false;
	return len == 16 && packet[0] == 0x80 && (packet[1] & 0x7f) == 101 &&
	       packet[12] < DTMF_EVENTS;
}

/* Whether an SSRC that leaves toward END is one of ours there. */
static bool is_ours(const struct stream *stream, enum relay_end end, uint32_t ssrc)
{
	const struct outgoing *outgoing = &stream->path.end[end].outgoing;

	for (unsigned i = 0; i < outgoing_stream_count(outgoing); i++)
		if (outgoing_stream(outgoing, i)->ssrc == ssrc)
			return true;
	return false;
}

/* PACKET, in clear, is BYTES under an SSRC and numbers of ours, and a marker where they begin
 * anew. */
static void check_rtp(const struct stream *stream, const struct path_out *out,
	const uint8_t *packet, const uint8_t *bytes, size_t len)
{
	MUST(out->len == len && rtp_is_whole(packet, len));
	MUST(packet[0] == bytes[0] && rtp_type(packet) == rtp_type(bytes));
	MUST(!(bytes[1] & RTP_MARKER) || packet[1] & RTP_MARKER);
	MUST(is_ours(stream, out->end, rtp_ssrc(packet)));
	MUST(memcmp(packet + RTP_HEADER, bytes + RTP_HEADER, len - RTP_HEADER) == 0);
}

static void check_clear(const struct stream *stream, const struct path_out *out,
	const uint8_t *packet, const uint8_t *bytes, size_t len)
{
	enum relay_end from = (enum relay_end) !out->end;

	if (stream->how & STREAM_UDPTL)
		MUST(out->len == len && memcmp(packet, bytes, len) == 0);
	else if (out->kind == PATH_RTCP)
		MUST(out->len <= PATH_RTCP_MAX && rtcp_is_valid(packet, out->len));
	else if (!is_played(stream, from, packet, out->len))
		check_rtp(stream, out, packet, bytes, len);
	else
		MUST(is_ours(stream, out->end, rtp_ssrc(packet)));
}

static void pass(struct stream *stream, unsigned what, const uint8_t *bytes, size_t len)
{
	static const char *const sources[2][2] = {
		{"10.0.0.1:4000", "10.0.0.1:4001"}, {"192.0.2.9:5000", "192.0.2.9:5001"}};
	_Alignas(8) uint8_t packet[PACKET_MAX + SRTP_TRAILER_MAX];
	const struct path_batch batch = {.now_us = stream->now_us};
	enum relay_end end = what & PACKET_EXTERNAL ? RELAY_B : RELAY_A;
	enum path_channel channel = what & PACKET_RTCP_PORT ? PATH_RTCP : PATH_RTP;
	struct addr source =
		address(what & PACKET_STRANGER ? "203.0.113.7:9" : sources[end][channel]);
	struct path_in in = {.end = end, .channel = channel, .source = &source};
	uint64_t counted_before = counted(stream, end), taken_before = taken(stream, end);
	struct state before, after;
	struct path_out out;
	bool sent;

	memcpy(packet, bytes, len);
	in.data = packet;
	in.len = len;
	/* The library reads the header before it knows that it is whole: ours is to ask. */
	if (what & PACKET_SEALED && end == RELAY_A && stream->far_seal && len >= 12)
		(void)srtp_context_seal(stream->far_seal,
			packet[1] >= 192 && packet[1] <= 223, packet, &in.len);
	if (what & PACKET_DIGIT && len >= 3) {
		struct dtmf_digit digit = {.event = bytes[0] % DTMF_EVENTS,
			.duration_ms = (uint16_t)(bytes[1] << 8 | bytes[2])};

		path_play(&stream->path, &digit, batch.now_us);
	}
	look(stream, &before);
	sent = path_packet(&stream->path, &batch, &in, &out);
	look(stream, &after);
	/* One that is too old, or there already, to be sealed is counted as that too. */
	MUST(counted(stream, end) == counted_before + 1 ||
		(!sent && taken(stream, end) > taken_before &&
			counted(stream, end) == counted_before + 2));
	if (taken(stream, end) == taken_before) {
		MUST(!sent);
		MUST(memcmp(&before, &after, sizeof(before)) == 0);
	}
	if (sent && stream->path.dtmf && out.kind == PATH_RTP)
		check_events(&stream->path, end, bytes);
	check_digits(&stream->path);
	if (!sent)
		return;
	MUST(!(what & PACKET_STRANGER));
	MUST(out.end != end);
	MUST(out.kind == PATH_RTCP || out.len <= in.len + SRTP_TRAILER_MAX);
	MUST(stream->how & STREAM_UDPTL || (packet[0] & 0xc0) == 0x80);
	if (stream->far_seal && end == RELAY_B) {
		MUST(out.kind == PATH_RTCP || out.len > len ||
			(stream->path.dtmf && out.len > 16));
		return;
	}
	MUST(!stream->far_seal || what & PACKET_SEALED);
	check_clear(stream, &out, packet, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream stream;

	MUST(srtp_library_start(&srtp_engine_nettle, NULL) == 0);
	if (size < 1)
		return 0;
	start(&stream, data[0]);
	data++;
	size--;
	for (unsigned i = 0; i < PACKETS_MAX && size >= 3; i++) {
		size_t len = (size_t)(data[1] << 8 | data[2]) % (PACKET_MAX + 1);

		if (len > size - 3)
			len = size - 3;
		pass(&stream, data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
		stream.now_us += 20000;
		path_expire(&stream.path, stream.now_us);
		check_digits(&stream.path);
	}
	path_clear(&stream.path);
	srtp_context_free(stream.far_seal);
	return 0;
}
