/*
 * The bodies of INFO that tell a digit, of the type that the first byte says: what is read is a
 * digit, and written and read again it is the same one; of two bodies in one, none is read.
 */
#include "bridge/dtmf_body.h"
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const enum dtmf_body_type type =
		size > 0 && data[0] & 1 ? DTMF_BODY_PLAIN : DTMF_BODY_RELAY;
	struct dtmf_digit digit = {.event = 99}, again, none;
	struct span body;
	struct buf out;

	if (size == 0)
		return 0;
	body = (struct span){.p = (const char *)data + 1, .len = size - 1};
	if (dtmf_body_read(type, body, &digit) != 0) {
		MUST(digit.event == 99); /* nothing is left of it */
		return 0;
	}
	MUST(digit.event < DTMF_EVENTS);
	buf_init(&out, 0);
	dtmf_body_write(type, &digit, &out);
	MUST(out.err == 0 && dtmf_body_read(type, buf_span(&out), &again) == 0);
	MUST(again.event == digit.event);
	MUST(again.duration_ms == (type == DTMF_BODY_RELAY ? digit.duration_ms : 0));
	dtmf_body_write(type, &digit, &out);
	MUST(dtmf_body_read(type, buf_span(&out), &none) != 0);
	buf_free(&out);
	return 0;
}
