#include "live_media.h"

#include "endpoint.h"

#include "sdp/sdp.h"

#include <string.h>

#define RTP_HEADER 12
#define PACKET_MAX 400
#define PACKETS 10
/* RFC 3551, and what the parties' descriptions call telephone-event */
#define PT_PCMU 0
#define PT_EVENT 101
#define RTCP_SR 200

static size_t write_header(struct live_media *media, uint8_t *packet, uint8_t pt)
{
	static const uint8_t ssrc[] = {0x54, 0x61, 0x6e, 0x64};
	uint32_t time = 160u * media->seq;

	packet[0] = 0x80;
	packet[1] = pt;
	packet[2] = (uint8_t)(media->seq >> 8);
	packet[3] = (uint8_t)media->seq;
	for (unsigned i = 0; i < 4; i++)
		packet[4 + i] = (uint8_t)(time >> (24 - 8 * i));
	memcpy(packet + 8, ssrc, 4);
	media->seq++;
	return RTP_HEADER;
}

static size_t write_voice(struct live_media *media, uint8_t *packet)
{
	size_t len = write_header(media, packet, PT_PCMU);

	memset(packet + len, 0xff, 160);
	return len + 160;
}

/* The end of a digit. RFC 4733 2.3 */
static size_t write_event(struct live_media *media, uint8_t *packet)
{
	size_t len = write_header(media, packet, 0x80 | PT_EVENT);

	packet[len++] = (uint8_t)dice_below(&media->dice, 16);
	packet[len++] = 0x80 | 10;
	packet[len++] = 3;
	packet[len++] = 0x20;
	return len;
}

static size_t write_report(struct live_media *media, uint8_t *packet)
{
	size_t len = write_header(media, packet, RTCP_SR);

	packet[2] = 0;
	packet[3] = 6; /* words */
	memset(packet + len, 0, 16);
	return len + 16;
}

/* Anything, which may look like RTP, STUN or DTLS by its first byte. */
static size_t write_any(struct live_media *media, uint8_t *packet)
{
	size_t len = dice_below(&media->dice, PACKET_MAX);

	for (size_t i = 0; i < len; i++)
		packet[i] = (uint8_t)dice_below(&media->dice, 256);
	if (len && dice_in(&media->dice, 60))
		packet[0] = 0x80 | (packet[0] & 0x3f);
	return len;
}

static void send_packets(
	struct live_media *media, const struct live_station *station, struct addr to)
{
	uint8_t packet[PACKET_MAX + RTP_HEADER];

	for (unsigned i = 0; i < PACKETS; i++) {
		unsigned sort = dice_below(&media->dice, 8);
		struct addr at = to;
		size_t len;

		if (sort < 4)
			len = write_voice(media, packet);
		else if (sort == 4)
			len = write_event(media, packet);
		else if (sort == 5)
			len = write_report(media, packet);
		else
			len = write_any(media, packet);
		if (sort == 5 && dice_in(&media->dice, 80))
			addr_set_port(&at, (uint16_t)(addr_port(&to) + 1));
		if (sendto(station->media, packet, len, 0, &at.sa, at.len) < 0)
			return; /* an ICMP error of an earlier one: the port was closed */
	}
}

static void play_endpoint(
	struct live_media *media, const struct live_station *station, const char *message)
{
	const char *body = strstr(message, "\r\n\r\n");
	struct err_text why;
	struct sdp *sdp;

	if (!body || sdp_read(&sdp, body + 4, strlen(body + 4), &why))
		return;
	for (unsigned i = 0; i < sdp_count_media(sdp); i++) {
		const struct sdp_media *line = sdp_media(sdp, i);

		if (line->port && line->rtp.len && !line->on_hold_address)
			send_packets(media, station, line->rtp);
	}
	sdp_free(sdp);
}

void live_media_play(
	struct live_media *media, const struct stage *stage, const struct live_net *net)
{
	LIST_FOREACH (&stage->endpoints, node, next) {
		const struct endpoint *endpoint = LIST_ENTRY(node, struct endpoint, node);
		const struct live_station *station = live_net_find(net, endpoint->party);

		if (station && endpoint->read_sdp)
			play_endpoint(media, station, endpoint->read_sdp);
	}
}
