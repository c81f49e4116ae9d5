/* What a 3xx asks for, read from the message, and what becomes of who calls whom. */
#include "party_rig.h"

#include "bridge/party_divert.h"
#include "bridge/redirect.h"

static struct message *response;
static struct redirect redirect;
static struct party *party;

static int stop(void **state)
{
	(void)state;
	message_unref(response);
	response = NULL;
	party_free(party);
	party = NULL;
	return 0;
}

/* A response with STATUS that has HEADERS. */
static void read_response(int status, const char *headers)
{
	static char text[32 * 1024];
	struct message_fault fault;

	snprintf(text, sizeof(text),
		"SIP/2.0 %d Moved\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\n"
		"From: <sip:b@b>;tag=1\r\nTo: <sip:a@a>;tag=2\r\nCall-ID: 1@b\r\n"
		"CSeq: 7 INVITE\r\n%s\r\n",
		status, headers);
	message_unref(response);
	response = NULL;
	assert_int_equal(message_parse(&response, text, strlen(text), &fault), 0);
	redirect_read(&redirect, response);
}

static void assert_span(struct span span, const char *text)
{
	if (!span_equal_str(span, text))
		fail_msg("%.*s instead of %s", SPAN_ARG(span), text);
}

/* "1=1000 2=500": the numbers that are named, and their q. */
static void assert_named(const char *wanted)
{
	char text[1024] = "";
	size_t len = 0;

	for (unsigned i = 0; i < redirect.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s=%u",
			i ? " " : "", SPAN_ARG(redirect.list[i].phone.number),
			redirect.list[i].q);
	assert_string_equal(text, wanted);
}

static void the_highest_q_comes_first(void **state)
{
	(void)state;
	read_response(300,
		"Contact: <sip:1@a>;q=0.1, <sip:2@a>\r\n"
		"m: <sip:3@a>;q=1.000;x, \"4, <sip:4@b>\" <sip:5@a>;q=0.123\r\n"
		"Contact: sip:6@a;q=0, <tel:7>;q=0.999\r\n");
	assert_named("2=1000 3=1000 7=999 5=123 1=100 6=0");
}

static void a_q_that_is_none_is_1(void **state)
{
	static const char *const none[] = {"", "=", "=2", "=1.5", "=.5", "=0.1234", "=-1",
		"=0.x", "=00.1", "=0x1", "=\"0.1\""};
	char headers[64];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(headers, sizeof(headers), "Contact: <sip:1@a>;q%s\r\n", none[i]);
		read_response(302, headers);
		assert_true(redirect.count == 1);
		assert_int_equal(redirect.list[0].q, 1000);
	}
	read_response(302, "Contact: <sip:1@a>;q=0.\r\n");
	assert_named("1=0");
	read_response(302, "Contact: <sip:1@a>;q=1.\r\n");
	assert_named("1=1000");
	read_response(302, "Contact: <sip:1@a>;q=0.05\r\n");
	assert_named("1=50");
}

static void who_cannot_be_called_is_left_out(void **state)
{
	(void)state;
	read_response(302, "Contact: *\r\n");
	assert_named("");
	read_response(302, "Contact: <sip:a>, <sips:b:5061;lr>, <tel:>, <>, ;, junk\r\n");
	assert_named("");
	read_response(302,
		"Contact: <urn:service:sos>, <http://1@a>, <sip:1@a;method=BYE>, "
		"<SIPS:2@a;method=INVITE>\r\n");
	assert_named("2=1000");
	read_response(305, "Contact: <sip:1@a>\r\n");
	assert_named("");
	read_response(302, "");
	assert_named("");
}

static void a_number_is_named_once(void **state)
{
	(void)state;
	read_response(302, "Contact: <sip:1@a>;q=0.5, <sip:2@a>;q=0.4, <sip:1@b>;q=0.9, "
			   "<sip:+1;ext=1@a>;q=0.1, <sip:+1;ext=2@a>;q=0.1\r\n");
	assert_named("1=500 2=400 +1=100 +1=100");
}

static void there_is_an_end(void **state)
{
	static char headers[16 * 1024];
	size_t len = 0;

	(void)state;
	for (unsigned i = 1; i <= 12; i++)
		len += (size_t)snprintf(headers + len, sizeof(headers) - len,
			"Contact: <sip:%u@a>;q=0.%02u\r\n", i, i);
	read_response(300, headers);
	assert_named("12=120 11=110 10=100 9=90 8=80 7=70 6=60 5=50");
	/* the ninth, lower than all of them */
	snprintf(headers + len, sizeof(headers) - len, "Contact: <sip:13@a>;q=0\r\n");
	read_response(300, headers);
	assert_named("12=120 11=110 10=100 9=90 8=80 7=70 6=60 5=50");
	/* the 64th element is looked at, the 65th is not */
	len = (size_t)snprintf(headers, sizeof(headers), "Contact: x");
	for (unsigned i = 2; i <= 63; i++)
		len += (size_t)snprintf(headers + len, sizeof(headers) - len, ", x");
	snprintf(headers + len, sizeof(headers) - len, ", <sip:64@a>, <sip:65@a>\r\n");
	read_response(300, headers);
	assert_named("64=1000");
}

static void a_diversion_says_why(void **state)
{
	(void)state;
	read_response(302, "Contact: <sip:1@a>\r\n");
	assert_int_equal(redirect.reason.len, 0);
	assert_int_equal(redirect.privacy.len, 0);
	read_response(302, "Contact: <sip:1@a>\r\n"
			   "Diversion: <sip:2@a>;reason=\"user-busy\";privacy=full, "
			   "<sip:3@a>;reason=away\r\n");
	assert_span(redirect.reason, "\"user-busy\"");
	assert_span(redirect.privacy, "full");
	read_response(302, "Contact: <sip:1@a>\r\nDiversion: ;;\r\n");
	assert_int_equal(redirect.reason.len, 0);
}

/* ---- who diverted it ---- */

static void divert(const char *headers)
{
	const struct party_divert to = {
		.to = {.number = span_of("+493"), .is_number = true},
		.status = 302,
		.branch = 2};

	party_free(party);
	party = party_rig_read("sip:+492@a", "From: <sip:+491@a>;tag=1\r\n", headers);
	assert_int_equal(party_divert(party, &to), 0);
	assert_span(party->called.phone.number, "+493");
}

static void the_oldest_diversion_is_left_out(void **state)
{
	static char headers[4096];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < PARTY_DIVERSIONS_MAX; i++)
		len += (size_t)snprintf(headers + len, sizeof(headers) - len,
			"Diversion: <sip:+490%u@a>\r\n", i);
	divert(headers);
	assert_int_equal(party->diversions.count, PARTY_DIVERSIONS_MAX);
	assert_span(party->diversions.list[0].phone.number, "+492");
	assert_span(party->diversions.list[0].params,
		"reason=unconditional;counter=1;privacy=off");
	assert_span(party->diversions.list[1].phone.number, "+4900");
	assert_span(party->diversions.list[9].phone.number, "+4908");
}

static void a_full_history_stays(void **state)
{
	static char headers[4096];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < PARTY_HISTORY_MAX - 1; i++)
		len += (size_t)snprintf(headers + len, sizeof(headers) - len,
			"History-Info: <sip:+490%u@a>;index=%u\r\n", i, i + 1);
	snprintf(headers + len, sizeof(headers) - len,
		"History-Info: <sip:+492@a>;index=20\r\n");
	divert(headers);
	assert_int_equal(party->history.count, PARTY_HISTORY_MAX);
	assert_int_equal(party->history.list[19].reason.len, 0);
	/* one place is left: whom it was to before, and no more */
	headers[len] = '\0';
	divert(headers);
	assert_int_equal(party->history.count, PARTY_HISTORY_MAX);
	assert_span(party->history.list[19].phone.number, "+492");
	assert_span(party->history.list[19].params, "index=19.1");
	assert_int_equal(party->diversions.count, 0);
}

static void an_index_has_an_end(void **state)
{
	char headers[256], index[66], wanted[160];

	(void)state;
	memset(index, '1', sizeof(index));
	index[64] = '\0';
	snprintf(headers, sizeof(headers), "History-Info: <sip:+492@a>;index=%s\r\n",
		index);
	divert(headers);
	assert_int_equal(party->history.count, 2);
	snprintf(wanted, sizeof(wanted), "index=%s.2;mp=%s", index, index);
	assert_span(party->history.list[1].params, wanted);
	assert_span(party->history.list[1].cause, "302");
	assert_span(party->history.list[0].reason, "SIP%3Bcause%3D302");
	index[64] = '1';
	index[65] = '\0';
	snprintf(headers, sizeof(headers), "History-Info: <sip:+492@a>;index=%s\r\n",
		index);
	divert(headers);
	assert_int_equal(party->history.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_highest_q_comes_first, stop),
		cmocka_unit_test_teardown(a_q_that_is_none_is_1, stop),
		cmocka_unit_test_teardown(who_cannot_be_called_is_left_out, stop),
		cmocka_unit_test_teardown(a_number_is_named_once, stop),
		cmocka_unit_test_teardown(there_is_an_end, stop),
		cmocka_unit_test_teardown(a_diversion_says_why, stop),
		cmocka_unit_test_teardown(the_oldest_diversion_is_left_out, stop),
		cmocka_unit_test_teardown(a_full_history_stays, stop),
		cmocka_unit_test_teardown(an_index_has_an_end, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
