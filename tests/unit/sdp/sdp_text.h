/* What the tests of src/sdp share: parse a text that must be good, compare a print. */
#pragma once

#include "../unit.h"

#include "sdp/sdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The start of a description with an address, and of one media line. */
#define SESSION                                                                          \
	"v=0\r\n"                                                                        \
	"o=- 7 8 IN IP4 192.0.2.1\r\n"                                                   \
	"s=-\r\n"                                                                        \
	"c=IN IP4 192.0.2.1\r\n"                                                         \
	"t=0 0\r\n"
#define AUDIO "m=audio 5000 RTP/AVP 0\r\n"

#define assert_span(span, text) assert_span_at(span, text, __FILE__, __LINE__)
#define assert_sdp(sdp, text) assert_sdp_at(sdp, text, __FILE__, __LINE__)
#define assert_addr(addr, text) assert_addr_at(addr, text, __FILE__, __LINE__)

static inline void assert_span_at(
	struct span span, const char *text, const char *file, int line)
{
	char *copy = span_dup(span);

	_assert_string_equal(copy, text, file, line);
	free(copy);
}

static inline void assert_sdp_at(
	const struct sdp *sdp, const char *text, const char *file, int line)
{
	struct buf buf;

	buf_init(&buf, 0);
	sdp_write(sdp, &buf);
	_assert_string_equal(buf_str(&buf), text, file, line);
	buf_free(&buf);
}

static inline void assert_addr_at(
	const struct addr *addr, const char *text, const char *file, int line)
{
	char buf[ADDR_TEXT_SIZE];

	_assert_string_equal(addr->len ? addr_text(addr, buf) : "", text, file, line);
}

static inline struct sdp *sdp_of_bytes(const char *text, size_t len)
{
	struct err_text error = {""};
	struct sdp *sdp = NULL;
	int err = sdp_read(&sdp, text, len, &error);

	if (err)
		fail_msg("sdp_read: %s: %s", err_str(err), error.text);
	return sdp;
}

static inline struct sdp *sdp_of(const char *text)
{
	return sdp_of_bytes(text, strlen(text));
}

static inline struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 0), 0);
	return addr;
}
