/*
 * An audit writer whose tap is the test's: messages and packets of a call, what came of them.
 */
#pragma once

#include <pcap.h>

#include "../unit.h"

#include "audit/writer.h"
#include "audit_fixture.h"

#include <stdio.h>

#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"

struct fixture {
	char *folder;
	struct writer *writer;
	struct taps *taps;
	const struct tap *tap;
	enum config_capture_format format;
	struct age_recipients *recipients;
};

static inline void start(struct fixture *fixture, unsigned workers, size_t queue_bytes)
{
	struct style *style =
		style_new(fixture->format, fixture->recipients, "sbc.example.com");
	const struct writer_params params = {.state_dir = fixture->folder,
		.style = style,
		.workers = workers,
		.queue_bytes = queue_bytes};
	struct err_text text = {""};

	if (writer_new(&fixture->writer, &params, &text) != 0)
		fail_msg("%s", text.text);
	style_unref(style);
	taps_free(fixture->taps);
	assert_int_equal(taps_new(&fixture->taps), 0);
	taps_add(fixture->taps, writer_listener(fixture->writer),
		TAPS_CAPTURED | TAPS_MEDIA);
	fixture->tap = taps_tap(fixture->taps);
}

static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	start(fixture, 2, 0);
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	writer_free(fixture->writer);
	taps_free(fixture->taps);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static inline void stop(struct fixture *fixture)
{
	writer_free(fixture->writer);
	fixture->writer = NULL;
}

static inline void message_at(
	struct fixture *fixture, uint64_t call, uint64_t mono_us, const char *text)
{
	struct tap_message message = {
		.call = call,
		.party = 7,
		.mono_us = mono_us,
		.transport = TAP_TLS,
		.source = fixture_addr("127.0.0.1:15061"),
		.destination = fixture_addr("127.0.0.1:40123"),
		.version = "TLS1.3",
		.cipher = "AES-256-GCM",
		.peer_names = "DNS:pbx1.example.com",
		.data = text,
		.len = strlen(text),
	};

	fixture->tap->message_h(fixture->tap->arg, &message);
}

static inline void message(struct fixture *fixture, uint64_t call, const char *text)
{
	message_at(fixture, call, clock_real()->mono_us(clock_real()), text);
}

static inline void packet_at(struct fixture *fixture, uint64_t call, unsigned worker,
	uint64_t mono_us, uint16_t sequence)
{
	uint8_t rtp[172] = {0x80, 8, (uint8_t)(sequence >> 8), (uint8_t)sequence};
	struct tap_packet packet = {
		.call = call,
		.mono_us = mono_us,
		.worker = worker,
		.captured = true,
		.source = fixture_addr("127.0.0.1:30002"),
		.destination = fixture_addr("127.0.0.1:20000"),
		.data = rtp,
		.len = sizeof(rtp),
	};

	fixture->tap->packet_h(fixture->tap->arg, &packet);
}

static inline void packet(
	struct fixture *fixture, uint64_t call, unsigned worker, uint16_t sequence)
{
	packet_at(fixture, call, worker, clock_real()->mono_us(clock_real()), sequence);
}

static inline struct writer_totals totals(const struct fixture *fixture)
{
	struct writer_totals totals;

	writer_totals(fixture->writer, &totals);
	return totals;
}

static inline bool settled(const struct fixture *fixture)
{
	struct writer_totals now = totals(fixture);

	return now.offered == now.stored + now.lost;
}

/* Records in the capture at PATH, or -1; one that contains WORD sets *ret_found. */
static inline int count_records(const char *path, const char *word, bool *ret_found)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *head;
	const u_char *data;
	int count = 0;

	*ret_found = false;
	if (!pcap)
		return -1;
	for (; pcap_next_ex(pcap, &head, &data) == 1; count++)
		*ret_found |= memmem(data, head->caplen, word, strlen(word)) != NULL;
	pcap_close(pcap);
	return count;
}

static const char offer[] =
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	"m=audio 20000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^31\r\n";

static inline char *invite(void)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		"INVITE sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS "
		"127.0.0.1:15061;branch=z9hG4bK1\r\n"
		"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: "
		"x@y\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:15061>\r\nMax-Forwards: "
		"70\r\n"
		"Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(offer), offer);
	return text;
}

static inline void party(struct fixture *fixture, uint32_t number, unsigned end,
	const char *leg, const char *trunk)
{
	const struct tap_party party = {.call = 1,
		.id = "a",
		.party = number,
		.captured = true,
		.end = end,
		.leg = leg,
		.trunk = trunk};

	fixture->tap->party_h(fixture->tap->arg, &party);
}

/* What tshark says of the FIELDS of each packet. */
static inline void tshark_says(
	const struct fixture *fixture, const char *fields, const char *expected)
{
	char command[9000], text[4096];
	size_t len;
	FILE *output;

	snprintf(command, sizeof(command), "tshark -r '%s' -T fields %s 2>/dev/null",
		writer_capture_path(fixture->writer, 1), fields);
	output = popen(command, "r");
	assert_non_null(output);
	len = fread(text, 1, sizeof(text) - 1, output);
	text[len] = '\0';
	pclose(output);
	assert_string_equal(text, expected);
}
