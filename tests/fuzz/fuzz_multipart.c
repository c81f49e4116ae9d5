/*
 * The parts of a body: within their bounds, each within the body, and written again in a
 * multipart of ours they are the same ones.
 */
#include "fuzz.h"
#include "sip/framer.h"
#include "sip/multipart.h"

#include <string.h>

#define BOUNDARY "fuzz-0123456789abcdef-zzuf"

static const char head[] =
	"INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
	"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n";

/* DATA is more header lines, an empty line, and a body. NULL: the framer lets none such in. */
static struct message *parse(const void *data, size_t size)
{
	struct framer_datagram datagram;
	struct message_fault fault;
	struct message *message = NULL;
	struct buf text;

	buf_init(&text, 0);
	buf_add(&text, head, sizeof head - 1);
	buf_add(&text, data, size);
	MUST(text.err == 0);
	if (framer_datagram(text.data, text.len, &datagram) != FRAMER_MESSAGE ||
		message_parse(&message, text.data, datagram.len, &fault) != 0)
		message = NULL;
	buf_free(&text);
	return message;
}

static void check_inside(struct span part, struct span whole)
{
	MUST(part.len == 0 ||
		(part.p >= whole.p && part.p + part.len <= whole.p + whole.len));
}

/* The parts of FIRST, as a multipart of ours. */
static void check_again(const struct multipart *first)
{
	struct multipart second;
	struct message *message;
	struct buf out;

	buf_init(&out, 0);
	buf_add_str(&out, "Content-Type: multipart/mixed;boundary=" BOUNDARY "\r\n\r\n");
	for (unsigned i = 0; i < first->count; i++) {
		buf_add_str(&out, "--" BOUNDARY "\r\n");
		multipart_add(&out, &first->parts[i]);
		buf_add_str(&out, "\r\n");
	}
	buf_add_str(&out, "--" BOUNDARY "--\r\n");
	MUST(out.err == 0);
	message = parse(out.data, out.len);
	if (message != NULL && first->count > 0) {
		MUST(multipart_read(&second, message, NULL) == 0);
		MUST(second.count == first->count);
		for (unsigned i = 0; i < first->count; i++)
			MUST(span_equal(first->parts[i].body, second.parts[i].body));
	}
	message_unref(message);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct multipart multipart;
	struct message *message;
	unsigned sessions = 0;

	if (size > 60000 || memmem(data, size, BOUNDARY, sizeof BOUNDARY - 1) != NULL)
		return 0;
	message = parse(data, size);
	if (message == NULL)
		return 0;
	if (multipart_read(&multipart, message, NULL) == 0) {
		MUST(multipart.count <= MULTIPART_PARTS_MAX);
		for (unsigned i = 0; i < multipart.count; i++)
			check_inside(multipart.parts[i].body, message_body(message));
		while (multipart_sdp(&multipart, sessions) != NULL)
			sessions++;
		MUST(sessions <= multipart.count);
		check_again(&multipart);
	}
	message_unref(message);
	return 0;
}
