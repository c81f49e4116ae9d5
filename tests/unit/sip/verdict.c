#include "verdict.h"

#include "../unit.h"

#include "sip/compose.h"
#include "sip/framer.h"
#include "sip/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer is itself a message, on one line a header, that passes the framer. */
static void assert_answer_sound(struct message *request)
{
	struct buf out;
	struct framer framer = {0};
	size_t len = 0;
	const char *reason = NULL;

	buf_init(&out, 0);
	message_set_received(request, "192.0.2.7", 5062);
	assert_int_equal(compose_response(&out, request, 400, NULL, "tag"), 0);
	compose_body(&out, NULL, (struct span){0});
	assert_int_equal(out.err, 0);
	assert_int_equal(
		framer_stream(&framer, out.data, out.len, &len, &reason), FRAMER_MESSAGE);
	assert_int_equal(len, out.len);
	buf_free(&out);
}

static void judge(const char *data, size_t len, char out[static VERDICT_SIZE])
{
	struct message *message = NULL;
	struct message_fault fault = {0};

	if (message_parse(&message, data, len, &fault) < 0) {
		snprintf(out, VERDICT_SIZE, "drop");
		return;
	}
	if (message_can_answer(message) && message_is_request(message))
		assert_answer_sound(message);
	if (fault.status == 0)
		snprintf(out, VERDICT_SIZE, "ok");
	else if (!message_is_request(message) || !message_can_answer(message))
		snprintf(out, VERDICT_SIZE, "drop");
	else
		snprintf(out, VERDICT_SIZE, "status %d", fault.status);
	message_unref(message);
}

const char *verdict(
	bool stream, const char *data, size_t len, char out[static VERDICT_SIZE])
{
	static const char *const names[] = {
		[FRAMER_MORE] = "more",
		[FRAMER_SKIP] = "skip",
		[FRAMER_KEEPALIVE] = "keepalive",
		[FRAMER_TOO_BIG] = "status 513",
		[FRAMER_BROKEN] = "broken",
	};
	struct framer framer = {0};
	enum framer_result result;
	struct framer_datagram datagram = {0};

	if (stream) {
		result = framer_stream(
			&framer, data, len, &datagram.len, &datagram.reason);
	} else {
		result = framer_datagram(data, len, &datagram);
	}
	if (result == FRAMER_MESSAGE) {
		judge(data + datagram.at, datagram.len, out);
		return out;
	}
	if (result == FRAMER_BROKEN || result == FRAMER_TOO_BIG)
		assert_non_null(datagram.reason);
	snprintf(out, VERDICT_SIZE, "%s", names[result]);
	return out;
}

char *verdict_read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	char *data = malloc(128 * 1024);

	if (file == NULL || data == NULL) {
		if (file != NULL)
			fclose(file);
		free(data);
		return NULL;
	}
	*ret_len = fread(data, 1, 128 * 1024, file);
	fclose(file);
	return data;
}
