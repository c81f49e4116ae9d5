/* What the first bytes of a far end are called. */
#include "base/spoken.h"

#include "../unit.h"

#include <string.h>

static void each_protocol_has_its_name(void **state)
{
	static const struct {
		const char *bytes;
		size_t len; /* 0: strlen() */
		enum spoken kind;
		const char *text;
	} rows[] = {
		{"INVITE sip:b@example.com SIP/2.0\r\n", 0, SPOKEN_SIP, "SIP INVITE"},
		{"OPTIONS sip:b@example.com SIP/2.0\r\n", 0, SPOKEN_SIP, "SIP OPTIONS"},
		{"SIP/2.0 200 OK\r\n", 0, SPOKEN_SIP, "SIP response"},
		{"REGISTER sip:cut", 0, SPOKEN_SIP, "SIP REGISTER"},
		{"INVITE tel:+491 ", 0, SPOKEN_SIP, "SIP INVITE"},
		{"GET / HTTP/1.1\r\nHost: a\r\n", 0, SPOKEN_HTTP, "HTTP GET"},
		{"OPTIONS * HTTP/1.1\r\n", 0, SPOKEN_HTTP, "HTTP OPTIONS"},
		{"HTTP/1.1 400 Bad Request\r\n", 0, SPOKEN_HTTP, "HTTP response"},
		/* What a later line says does not count. */
		{"GET /\r\n HTTP/ sip:", 0, SPOKEN_OTHER, "no SIP"},
		{"\x16\x03\x01\x02\x00\x01", 6, SPOKEN_TLS, "a TLS hello"},
		{"\x15\x03\x03\x00\x02\x02\x46", 7, SPOKEN_TLS_ALERT, "a TLS alert"},
		{"\x16\x07\x01\x02\x00\x01", 6, SPOKEN_OTHER, "no SIP"},
		{"\x16\xfe\xff\x00\x00\x00", 6, SPOKEN_DTLS, "DTLS"},
		{"\x00\x01\x00\x00\x21\x12\xa4\x42"
		 "123456789012",
			20, SPOKEN_STUN, "STUN"},
		{"\x00\x01\x00\x00\x21\x12\xa4\x43"
		 "123456789012",
			20, SPOKEN_OTHER, "no SIP"},
		{"SSH-2.0-OpenSSH_9.2\r\n", 0, SPOKEN_SSH, "SSH"},
		{"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", 0, SPOKEN_PROXY,
			"a PROXY header"},
		{"\r\n\r\n\0\r\nQUIT\n\x21", 13, SPOKEN_PROXY, "a PROXY header"},
		{"", 0, SPOKEN_NOTHING, "nothing"},
		{"\r\n\r\n", 0, SPOKEN_NOTHING, "nothing"},
		{"\0\0\0\0", 4, SPOKEN_NOTHING, "nothing"},
		{"hello", 0, SPOKEN_OTHER, "no SIP"},
		{"\x16", 1, SPOKEN_OTHER, "no SIP"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t len = rows[i].len ? rows[i].len : strlen(rows[i].bytes);
		char text[SPOKEN_TEXT_SIZE];

		assert_int_equal(spoken_kind(rows[i].bytes, len), rows[i].kind);
		assert_string_equal(spoken_text(text, rows[i].bytes, len), rows[i].text);
	}
}

/* Whoever sends it chooses the bytes: none of them may reach a line of the log as they are. */
static void no_byte_of_theirs_passes_but_a_method(void **state)
{
	static const char *const rows[] = {
		"IN\"VITE sip:a SIP/2.0",
		"INVITE\nerror forged sip:a SIP/2.0",
		"ABCDEFGHIJKLM sip:a SIP/2.0", /* longer than any method */
		"\x1b[31mINVITE sip:a SIP/2.0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[SPOKEN_TEXT_SIZE];

		assert_string_equal(
			spoken_text(text, rows[i], strlen(rows[i])), "no SIP");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_protocol_has_its_name),
		cmocka_unit_test(no_byte_of_theirs_passes_but_a_method),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
