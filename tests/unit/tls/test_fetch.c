#include "tls/fetch.h"

#include "../heap.h"
#include "../unit.h"
#include "web.h"

#include <stdio.h>
#include <string.h>

#define TYPE "application/ocsp-response"

static struct rig {
	struct loop *loop;
	struct fetcher *fetcher;
	struct fetch *fetch;
	struct web web;
	bool done;
	int err;
	struct buf body;
	char why[300];
} rig;

static int start(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	assert_int_equal(loop_new(&rig.loop, clock_real()), 0);
	assert_int_equal(fetcher_new(&rig.fetcher, rig.loop), 0);
	web_start(&rig.web, rig.loop);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	web_stop(&rig.web);
	fetcher_free(rig.fetcher);
	loop_free(rig.loop);
	buf_free(&rig.body);
	return 0;
}

static void done_h(void *arg, int err, const gnutls_datum_t *body, const char *why)
{
	(void)arg;
	rig.done = true;
	rig.fetch = NULL;
	rig.err = err;
	buf_add(&rig.body, body->data, body->size);
	snprintf(rig.why, sizeof(rig.why), "%s", why);
}

static void begin(const char *host, unsigned timeout_ms)
{
	static unsigned char body[] = {'q', '\0'};
	struct err_text text = {""};
	char url[100];
	struct fetch_params params = {.url = url,
		.addrs = &rig.web.address,
		.addr_count = 1,
		.body = {body, sizeof(body)},
		.type = "application/ocsp-request",
		.want = TYPE,
		.timeout_ms = timeout_ms,
		.h = done_h};

	snprintf(
		url, sizeof(url), "http://%s:%u/path", host, addr_port(&rig.web.address));
	assert_int_equal(fetch_begin(rig.fetcher, &params, &rig.fetch, &text), 0);
	assert_false(rig.done);
}

static void ask(const char *host)
{
	begin(host, 0);
	while (!rig.done)
		assert_int_equal(loop_turn(rig.loop, 1000), 0);
}

static void answer(const char *head)
{
	web_say(&rig.web, head, "", 0);
}

static void answer_bytes(size_t len)
{
	static char bytes[FETCH_BYTES_MAX + 1];

	web_say(&rig.web, "200 OK\r\nContent-Type: " TYPE, bytes, len);
}

static void fails(int err, const char *words)
{
	ask("ocsp.example.test");
	if (!strstr(rig.why, words))
		fail_msg("\"%s\" does not say \"%s\"", rig.why, words);
	assert_int_equal(rig.err, err);
}

/* A name that no resolver would find. */
static void the_answer_of_the_given_address_comes(void **state)
{
	(void)state;
	web_say(&rig.web, "200 OK\r\nContent-Type: " TYPE "; x=y\r\nContent-Length: 3",
		"a\0b", 3);
	ask("ocsp.example.test");
	assert_string_equal(rig.why, "");
	assert_int_equal(rig.err, 0);
	assert_int_equal(rig.body.len, 3);
	assert_memory_equal(rig.body.data, "a\0b", 3);
	assert_non_null(strstr(buf_str(&rig.web.request), "POST /path HTTP/1.1\r\n"));
	assert_non_null(strstr(
		buf_str(&rig.web.request), "Content-Type: application/ocsp-request\r\n"));
	assert_non_null(strstr(buf_str(&rig.web.request), "Content-Length: 2\r\n"));
	assert_non_null(strstr(buf_str(&rig.web.request), "Host: ocsp.example.test:"));
}

static void a_numeric_host_will_do(void **state)
{
	(void)state;
	answer("200 OK\r\nContent-Type: " TYPE "\r\nContent-Length: 0");
	ask("127.0.0.1");
	assert_int_equal(rig.err, 0);
	assert_int_equal(rig.body.len, 0);
}

static void another_type_is_refused(void **state)
{
	(void)state;
	answer("200 OK\r\nContent-Type: text/html\r\nContent-Length: 0");
	fails(ERR_FORMAT, "not with " TYPE ", but with text/html");
}

static void a_longer_type_is_refused(void **state)
{
	(void)state;
	answer("200 OK\r\nContent-Type: " TYPE "x\r\nContent-Length: 0");
	fails(ERR_FORMAT, "but with " TYPE "x");
}

static void no_type_is_refused(void **state)
{
	(void)state;
	answer("200 OK\r\nContent-Length: 0");
	fails(ERR_FORMAT, "no Content-Type");
}

static void another_status_is_refused(void **state)
{
	(void)state;
	answer("404 Not Found\r\nContent-Type: " TYPE "\r\nContent-Length: 0");
	fails(ERR_FORMAT, "status 404");
}

static void nobody_is_sent_elsewhere(void **state)
{
	char head[200];

	(void)state;
	snprintf(head, sizeof(head),
		"302 Found\r\nLocation: http://127.0.0.1:%u/\r\nContent-Length: 0",
		addr_port(&rig.web.address));
	answer(head);
	fails(ERR_FORMAT, "status 302");
	assert_int_equal(rig.web.connections, 1);
}

static void what_says_to_be_large_is_refused(void **state)
{
	(void)state;
	answer("200 OK\r\nContent-Type: " TYPE "\r\nContent-Length: 65537");
	fails(ERR_LIMIT, "more than 65536 bytes");
	assert_int_equal(rig.body.len, 0);
}

static void what_is_large_is_refused(void **state)
{
	(void)state;
	answer_bytes(FETCH_BYTES_MAX + 1);
	fails(ERR_LIMIT, "more than 65536 bytes");
}

static void what_is_just_not_too_large_is_taken(void **state)
{
	(void)state;
	answer_bytes(FETCH_BYTES_MAX);
	ask("ocsp.example.test");
	assert_int_equal(rig.err, 0);
	assert_int_equal(rig.body.len, FETCH_BYTES_MAX);
}

static void what_is_no_http_is_refused(void **state)
{
	(void)state;
	buf_add_str(&rig.web.answer, "SIP/2.0 200 OK\r\n\r\n");
	fails(ERR_CLOSED, "");
	assert_int_not_equal(rig.why[0], '\0');
}

static void silence_has_an_end(void **state)
{
	(void)state;
	begin("ocsp.example.test", 300);
	while (!rig.done)
		assert_int_equal(loop_turn(rig.loop, 1000), 0);
	assert_int_equal(rig.err, ERR_CLOSED);
	assert_non_null(strstr(rig.why, "timed out"));
}

static void nobody_listens(void **state)
{
	(void)state;
	addr_set_port(&rig.web.address, 1);
	fails(ERR_CLOSED, "connect");
}

static void a_cancelled_one_is_never_told(void **state)
{
	(void)state;
	answer("200 OK\r\nContent-Type: " TYPE "\r\nContent-Length: 0");
	begin("ocsp.example.test", 0);
	while (!rig.web.connections)
		assert_int_equal(loop_turn(rig.loop, 1000), 0);
	fetch_cancel(rig.fetch);
	for (int i = 0; i < 20; i++)
		assert_int_equal(loop_turn(rig.loop, 10), 0);
	assert_false(rig.done);
}

/* At once, before anything is asked for it. */
static void what_is_no_http_url_is_not_begun(void **state)
{
	static const char *const urls[] = {"https://ocsp.example.test/", "ocsp:", ""};
	struct err_text text = {""};
	struct fetch_params params = {.addrs = &rig.web.address,
		.addr_count = 1,
		.type = "application/ocsp-request",
		.want = TYPE,
		.h = done_h};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		params.url = urls[i];
		assert_true(fetch_begin(rig.fetcher, &params, &rig.fetch, &text) < 0);
		assert_string_equal(text.text, "libcurl does not take the request");
		assert_null(rig.fetch);
	}
	assert_false(rig.done);
}

static void ask_and_forget(void *arg)
{
	(void)arg;
	rig.done = false;
	ask("ocsp.example.test");
	buf_free(&rig.body);
}

/* Answers that are taken, and such as are not; with the whole of libcurl. */
static void questions_keep_nothing(void **state)
{
	(void)state;
	web_say(&rig.web, "200 OK\r\nContent-Type: " TYPE "\r\nContent-Length: 3", "a\0b",
		3);
	assert_keeps_nothing(ask_and_forget, NULL);
	assert_int_equal(rig.err, 0);
	answer("404 Not Found\r\nContent-Length: 0");
	assert_keeps_nothing(ask_and_forget, NULL);
	assert_int_equal(rig.err, ERR_FORMAT);
}

static void parse_urls(void *arg)
{
	char host[FETCH_HOST_SIZE];
	uint16_t port;

	(void)arg;
	assert_int_equal(fetch_parse("http://a.example:81/x", host, &port), 0);
	assert_int_not_equal(fetch_parse("https://a.example/", host, &port), 0);
	assert_int_not_equal(fetch_parse("http://", host, &port), 0);
}

static void urls_keep_nothing(void **state)
{
	(void)state;
	assert_keeps_nothing(parse_urls, NULL);
}

static void urls(void **state)
{
	static const struct {
		const char *url, *host;
		uint16_t port;
	} good[] = {
		{"http://ocsp.example.com", "ocsp.example.com", 80},
		{"HTTP://ocsp.example.com:8080/x?y", "ocsp.example.com", 8080},
		{"http://192.0.2.1/", "192.0.2.1", 80},
		{"http://[2001:db8::1]:81/", "[2001:db8::1]", 81},
	};
	static const char *const bad[] = {"", "ocsp.example.com", "https://a.example/",
		"ftp://a.example/", "file:///etc/passwd", "http://",
		"http://a.example:99999/"};
	char host[FETCH_HOST_SIZE];
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(fetch_parse(good[i].url, host, &port), 0);
		assert_string_equal(host, good[i].host);
		assert_int_equal(port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (fetch_parse(bad[i], host, &port) == 0)
			fail_msg("%s is taken", bad[i]);
}

static void https_urls(void **state)
{
	char host[FETCH_HOST_SIZE];
	uint16_t port;

	(void)state;
	assert_int_equal(fetch_parse_https("https://tsa.example.com/x", host, &port), 0);
	assert_string_equal(host, "tsa.example.com");
	assert_int_equal(port, 443);
	assert_int_equal(
		fetch_parse_https("http://tsa.example.com/", host, &port), ERR_FORMAT);
}

/* TLS is spoken where its authorities are given, and nowhere else. */
static void a_url_has_the_scheme_of_its_trust(void **state)
{
	static unsigned char body[] = {'q', '\0'};
	struct err_text text = {""};
	struct fetch_params params = {.url = "https://127.0.0.1/",
		.addrs = &rig.web.address,
		.addr_count = 1,
		.body = {body, sizeof(body)},
		.type = "application/ocsp-request",
		.h = done_h};

	(void)state;
	assert_true(fetch_begin(rig.fetcher, &params, &rig.fetch, &text) < 0);
	params.url = "http://127.0.0.1/";
	params.authorities = "/etc/hosts";
	assert_true(fetch_begin(rig.fetcher, &params, &rig.fetch, &text) < 0);
	assert_false(rig.done);
	rig.fetch = NULL;
}

#define rigged(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(https_urls),
		rigged(a_url_has_the_scheme_of_its_trust),
		rigged(the_answer_of_the_given_address_comes),
		rigged(a_numeric_host_will_do),
		rigged(another_type_is_refused),
		rigged(a_longer_type_is_refused),
		rigged(no_type_is_refused),
		rigged(another_status_is_refused),
		rigged(nobody_is_sent_elsewhere),
		rigged(what_says_to_be_large_is_refused),
		rigged(what_is_large_is_refused),
		rigged(what_is_just_not_too_large_is_taken),
		rigged(what_is_no_http_is_refused),
		rigged(silence_has_an_end),
		rigged(nobody_listens),
		rigged(a_cancelled_one_is_never_told),
		rigged(what_is_no_http_url_is_not_begun),
		rigged(questions_keep_nothing),
		cmocka_unit_test(urls_keep_nothing),
		cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
