/* What a registrar's answer says of our binding, and of no other. */
#include "../unit.h"

#include "upkeep/register_answer.h"

#include <stdio.h>
#include <string.h>

#define OURS "sip:+4930200@203.0.113.1:5060;transport=tcp;line=0123456789abcdef"

static struct message *parse(const char *status, const char *headers)
{
	struct message_fault fault;
	struct message *message;
	char text[4000];

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\n"
		"Via: SIP/2.0/TCP 203.0.113.1:5060;branch=z9hG4bK1\r\n"
		"From: <sip:+4930200@carrier.example>;tag=1\r\n"
		"To: <sip:+4930200@carrier.example>;tag=2\r\n"
		"Call-ID: 1\r\nCSeq: 1 REGISTER\r\n%sContent-Length: 0\r\n\r\n",
		status, headers);
	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	return message;
}

static struct register_answer read_as(const char *status, const char *headers,
	const char *contact, unsigned reg_id, uint64_t expires_ms)
{
	struct register_asked asked = {.line = span_of("0123456789abcdef"),
		.reg_id = reg_id,
		.expires_ms = expires_ms};
	struct message *message = parse(status, headers);
	struct register_answer answer;

	assert_int_equal(message_uri_parse(&asked.contact, span_of(contact)), 0);
	register_answer_read(&answer, message, &asked);
	message_unref(message);
	return answer;
}

static struct register_answer read_answer(const char *status, const char *headers)
{
	return read_as(status, headers, OURS, 0, 3600000);
}

/* ---- what was granted ---- */

static void expect_granted(const char *headers, uint64_t ms, bool said)
{
	struct register_answer answer = read_answer("200 OK", headers);

	assert_int_equal(answer.event, REGISTER_ACCEPTED);
	assert_int_equal(answer.granted_ms, ms);
	assert_int_equal(answer.granted_said, said);
}

static void our_contact_says_what_is_granted(void **state)
{
	(void)state;
	expect_granted(
		"Contact: <" OURS ">;expires=120\r\nExpires: 900\r\n", 120000, true);
}

static void the_contact_of_another_says_nothing(void **state)
{
	(void)state;
	expect_granted("Contact: <sip:+4930200@198.51.100.9>;expires=7, <" OURS
		       ">;expires=120\r\n"
		       "Contact: <sip:other@203.0.113.1:5060>;expires=9\r\n",
		120000, true);
}

static void without_the_parameter_the_header_counts(void **state)
{
	(void)state;
	expect_granted("Contact: <" OURS ">\r\nExpires: 900\r\n", 900000, true);
	expect_granted(
		"Contact: <" OURS ">;expires=soon\r\nExpires: 900\r\n", 900000, true);
}

static void without_both_it_is_what_was_asked_for(void **state)
{
	(void)state;
	expect_granted("Contact: <" OURS ">\r\n", 3600000, false);
}

static void an_answer_without_contacts_is_believed(void **state)
{
	(void)state;
	expect_granted("Expires: 60\r\n", 60000, true);
	expect_granted("", 3600000, false);
}

static void no_grant_is_longer_than_a_day(void **state)
{
	(void)state;
	expect_granted("Contact: <" OURS ">;expires=4294967295\r\n", 86400000, true);
	expect_granted(
		"Contact: <" OURS ">;expires=99999999999999999999\r\n", 86400000, true);
}

static void a_rewritten_host_is_ours_by_its_line(void **state)
{
	(void)state;
	expect_granted("Contact: <sip:+4930200@192.0.2.77:1024;line=0123456789abcdef>"
		       ";expires=77\r\n",
		77000, true);
}

static void a_contact_without_parameters_is_ours_by_its_place(void **state)
{
	(void)state;
	expect_granted("Contact: <sip:+4930200@203.0.113.1>;expires=66\r\n", 66000, true);
}

/* A binding of before, from another address, is still there. */
static void the_one_that_is_most_like_ours_counts(void **state)
{
	(void)state;
	expect_granted(
		"Contact: <sip:+4930200@192.0.2.77;line=0123456789abcdef>;expires=5\r\n"
		"Contact: <" OURS ">;expires=120\r\n",
		120000, true);
}

static void expect_foreign(const char *headers)
{
	struct register_answer answer = read_answer("200 OK", headers);

	assert_int_equal(answer.event, REGISTER_REFUSED);
	assert_non_null(strstr(answer.why, "ours is none of them"));
}

static void others_alone_are_no_binding_of_ours(void **state)
{
	(void)state;
	expect_foreign("Contact: <sip:+4930200@198.51.100.9>;expires=60\r\n");
	expect_foreign(
		"Contact: <sip:+4930200@203.0.113.1:5060;line=other>;expires=60\r\n");
	expect_foreign(
		"Contact: <sip:+4930201@203.0.113.1:5060;line=0123456789abcdef>\r\n");
	expect_foreign("Contact: <sip:+4930200@203.0.113.1:5070>\r\n");
}

static void no_time_is_no_binding(void **state)
{
	struct register_answer answer =
		read_answer("200 OK", "Contact: <" OURS ">;expires=0\r\n");

	(void)state;
	assert_int_equal(answer.event, REGISTER_REFUSED);
	assert_non_null(strstr(answer.why, "no time"));
}

static void of_two_flows_the_number_tells_ours(void **state)
{
	struct register_answer answer = read_as("200 OK",
		"Contact: <" OURS ">;reg-id=1;expires=30\r\n"
		"Contact: <" OURS ">;reg-id=2;expires=50\r\n",
		OURS, 2, 3600000);

	(void)state;
	assert_int_equal(answer.event, REGISTER_ACCEPTED);
	assert_int_equal(answer.granted_ms, 50000);
}

static void bulk_contacts_have_no_user(void **state)
{
	struct register_answer answer = read_as("200 OK",
		"Contact: "
		"<sip:203.0.113.1:5060;line=0123456789abcdef;bnc>;expires=44\r\n",
		"sip:203.0.113.1:5060;line=0123456789abcdef;bnc", 0, 3600000);

	(void)state;
	assert_int_equal(answer.event, REGISTER_ACCEPTED);
	assert_int_equal(answer.granted_ms, 44000);
}

static void a_removal_is_accepted_whatever_is_left(void **state)
{
	struct register_answer answer = read_as("200 OK",
		"Contact: <sip:+4930200@198.51.100.9>;expires=60\r\n", OURS, 0, 0);

	(void)state;
	assert_int_equal(answer.event, REGISTER_ACCEPTED);
}

/* ---- refusals ---- */

static void each_status_has_its_consequence(void **state)
{
	static const struct {
		const char *status;
		enum register_event event;
		const char *says;
	} rows[] = {
		{"301 Moved", REGISTER_REFUSED, "redirections are not followed"},
		{"302 Moved", REGISTER_REFUSED, "redirections are not followed"},
		{"400 Bad", REGISTER_REFUSED, "refused with 400"},
		{"401 Unauthorized", REGISTER_REFUSED, "auth-user"},
		{"403 Forbidden", REGISTER_REFUSED, "may it register from here"},
		{"404 Not Found", REGISTER_REFUSED, "is identity right"},
		{"407 Proxy", REGISTER_REFUSED, "auth-user"},
		{"408 Timeout", REGISTER_ELSEWHERE, "refused with 408"},
		{"420 Bad Extension", REGISTER_REFUSED, "bulk or outbound"},
		{"423 Interval", REGISTER_REFUSED, "refused with 423"},
		{"439 First Hop", REGISTER_REFUSED, "set outbound = no"},
		{"480 Unavailable", REGISTER_REFUSED, "refused with 480"},
		{"500 Error", REGISTER_ELSEWHERE, "refused with 500"},
		{"501 Not Implemented", REGISTER_REFUSED, "refused with 501"},
		{"502 Bad Gateway", REGISTER_ELSEWHERE, "refused with 502"},
		{"503 Unavailable", REGISTER_ELSEWHERE, "refused with 503"},
		{"504 Timeout", REGISTER_ELSEWHERE, "refused with 504"},
		{"505 Version", REGISTER_REFUSED, "refused with 505"},
		{"603 Decline", REGISTER_REFUSED, "refused with 603"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct register_answer answer = read_answer(rows[i].status, "");

		assert_int_equal(answer.event, rows[i].event);
		assert_non_null(strstr(answer.why, rows[i].says));
	}
}

static void too_brief_is_asked_again_with_more(void **state)
{
	struct register_answer answer =
		read_answer("423 Interval Too Brief", "Min-Expires: 7200\r\n");

	(void)state;
	assert_int_equal(answer.event, REGISTER_AGAIN);
	assert_int_equal(answer.min_expires_ms, 7200000);
}

static void too_brief_with_less_than_we_asked_for_is_a_refusal(void **state)
{
	(void)state;
	assert_int_equal(
		read_answer("423 Interval Too Brief", "Min-Expires: 3600\r\n").event,
		REGISTER_REFUSED);
	assert_int_equal(
		read_answer("423 Interval Too Brief", "Min-Expires: x\r\n").event,
		REGISTER_REFUSED);
	assert_int_equal(
		read_as("423 Too Brief", "Min-Expires: 60\r\n", OURS, 0, 0).event,
		REGISTER_REFUSED);
}

static void retry_after_is_read_with_what_stands_behind_it(void **state)
{
	(void)state;
	assert_int_equal(
		read_answer("503 Busy", "Retry-After: 120 (maintenance);duration=60\r\n")
			.after_ms,
		120000);
	assert_int_equal(read_answer("503 Busy", "Retry-After: soon\r\n").after_ms, 0);
}

static void numbers_in_their_words_are_masked(void **state)
{
	struct register_answer answer = read_answer("403 No +49301234567", "");

	(void)state;
	assert_null(strstr(answer.why, "49301234567"));
}

/* ---- Service-Route ---- */

static void expect_routes(const char *headers, const char *routes)
{
	struct message *message = parse("200 OK", headers);
	struct buf out;

	buf_init(&out, 0);
	register_answer_routes(message, &out);
	assert_string_equal(buf_str(&out), routes);
	buf_free(&out);
	message_unref(message);
}

static void service_routes_become_routes_in_their_order(void **state)
{
	(void)state;
	expect_routes("Service-Route: <sip:p1.carrier.example;lr>, "
		      "<sip:p2.carrier.example;lr>\r\n"
		      "Service-Route: <sip:hsp.carrier.example;lr>\r\n",
		"Route: <sip:p1.carrier.example;lr>\r\n"
		"Route: <sip:p2.carrier.example;lr>\r\n"
		"Route: <sip:hsp.carrier.example;lr>\r\n");
	expect_routes("", "");
}

static void a_service_route_that_is_none_leaves_none(void **state)
{
	(void)state;
	expect_routes("Service-Route: <sip:p1.carrier.example;lr>\r\n"
		      "Service-Route: nonsense\r\n",
		"");
	expect_routes("Service-Route: <sip:1>,<sip:2>,<sip:3>,<sip:4>,<sip:5>,<sip:6>,"
		      "<sip:7>,<sip:8>,<sip:9>\r\n",
		"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_contact_says_what_is_granted),
		cmocka_unit_test(the_contact_of_another_says_nothing),
		cmocka_unit_test(without_the_parameter_the_header_counts),
		cmocka_unit_test(without_both_it_is_what_was_asked_for),
		cmocka_unit_test(an_answer_without_contacts_is_believed),
		cmocka_unit_test(no_grant_is_longer_than_a_day),
		cmocka_unit_test(a_rewritten_host_is_ours_by_its_line),
		cmocka_unit_test(a_contact_without_parameters_is_ours_by_its_place),
		cmocka_unit_test(the_one_that_is_most_like_ours_counts),
		cmocka_unit_test(others_alone_are_no_binding_of_ours),
		cmocka_unit_test(no_time_is_no_binding),
		cmocka_unit_test(of_two_flows_the_number_tells_ours),
		cmocka_unit_test(bulk_contacts_have_no_user),
		cmocka_unit_test(a_removal_is_accepted_whatever_is_left),
		cmocka_unit_test(each_status_has_its_consequence),
		cmocka_unit_test(too_brief_is_asked_again_with_more),
		cmocka_unit_test(too_brief_with_less_than_we_asked_for_is_a_refusal),
		cmocka_unit_test(retry_after_is_read_with_what_stands_behind_it),
		cmocka_unit_test(numbers_in_their_words_are_masked),
		cmocka_unit_test(service_routes_become_routes_in_their_order),
		cmocka_unit_test(a_service_route_that_is_none_leaves_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
