/* The one door that bodies, and keys with them, leave by. */
#include "../unit.h"

#include "bridge/body.h"

#include <string.h>

#define KEY "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"

static struct flow flow_of(enum transport_kind kind)
{
	return (struct flow){.refs = 1, .kind = kind};
}

static int add(enum transport_kind kind, const char *body, struct buf *out)
{
	struct flow flow = flow_of(kind);

	buf_init(out, 0);
	return body_add(out, &flow, "application/sdp", span_of(body));
}

static void key_leaves_over_tls_alone(void **state)
{
	static const char *const bodies[] = {
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n",
		"a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n",
		"a=x:INLINE:abcd\r\n",
		"inline:",
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_int_equal(add(TRANSPORT_UDP, bodies[i], &out), ERR_TRUST);
		assert_null(buf_str(&out));
		buf_free(&out);
		assert_int_equal(add(TRANSPORT_TCP, bodies[i], &out), ERR_TRUST);
		assert_null(buf_str(&out));
		buf_free(&out);
		assert_int_equal(add(TRANSPORT_TLS, bodies[i], &out), 0);
		assert_non_null(strstr(buf_str(&out), bodies[i]));
		buf_free(&out);
	}
}

static void body_without_key_leaves_by_any(void **state)
{
	struct buf out;

	(void)state;
	for (unsigned kind = 0; kind < 3; kind++) {
		assert_int_equal(
			add((enum transport_kind)kind, "a=ptime:20\r\nin-line\r\n", &out),
			0);
		assert_string_equal(buf_str(&out),
			"Content-Type: application/sdp\r\nContent-Length: 21\r\n\r\n"
			"a=ptime:20\r\nin-line\r\n");
		buf_free(&out);
	}
}

static void sdp_with_key_is_stopped_too(void **state)
{
	static const char text[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
				   "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
				   "m=audio 4000 RTP/SAVP 8\r\n"
				   "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n";
	struct flow udp = flow_of(TRANSPORT_UDP), tls = flow_of(TRANSPORT_TLS);
	struct sdp *sdp;
	struct buf out;

	(void)state;
	assert_int_equal(sdp_read(&sdp, text, sizeof(text) - 1, NULL), 0);
	buf_init(&out, 0);
	assert_int_equal(body_add_sdp(&out, &udp, sdp), ERR_TRUST);
	assert_null(buf_str(&out));
	buf_free(&out);
	buf_init(&out, 0);
	assert_int_equal(body_add_sdp(&out, &tls, sdp), 0);
	assert_non_null(strstr(buf_str(&out), KEY));
	buf_free(&out);
	buf_init(&out, 0);
	assert_int_equal(body_add_sdp(&out, &udp, NULL), 0);
	assert_string_equal(buf_str(&out), "Content-Length: 0\r\n\r\n");
	buf_free(&out);
	sdp_free(sdp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_leaves_over_tls_alone),
		cmocka_unit_test(body_without_key_leaves_by_any),
		cmocka_unit_test(sdp_with_key_is_stopped_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
