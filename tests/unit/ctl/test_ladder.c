/* Ladders as they are drawn: at several widths, of whatever peers sent. */
#include "../unit.h"

#include "ctl/ladder_text.h"
#include "ctl/ladder_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *party(const char *leg, const char *name)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "leg", leg, "name", name, "address",
		"192.0.2.1:5060", "how", "UDP");
}

/* A request, or where METHOD is a number a response, of which CSEQ is. */
static json_t *message(
	int after_ms, int index, bool sent, const char *method, const char *cseq)
{
	const int status = method[0] >= '0' && method[0] <= '9' ? atoi(method) : 0;
	const char *phrase = strchr(method, ' ');

	return json_pack("{s:I, s:o, s:b, s:s, s:i, s:s, s:s, s:[], s:n, s:s, s:s, s:s}",
		"after_us", (json_int_t)after_ms * 1000, "party",
		index < 0 ? json_null() : json_integer(index), "sent", (int)sent,
		"method", status ? "" : method, "status", status, "phrase",
		status && phrase ? phrase + 1 : "", "cseq", cseq, "media", "repeats",
		"source", "192.0.2.9:5060", "destination", "192.0.2.1:5060", "digit", "");
}

static json_t *ladder_of(json_t *parties, json_t *messages)
{
	return json_pack("{s:o, s:o}", "parties", parties, "messages", messages);
}

static json_t *simple(void)
{
	json_t *messages =
		json_pack("[o, o, o, o, o]", message(0, 0, false, "INVITE", "1 INVITE"),
			message(1, 1, true, "INVITE", "7 INVITE"),
			message(20, 1, false, "183 Session Progress", "7 INVITE"),
			message(20, 0, true, "183 Session Progress", "1 INVITE"),
			message(1500, 1, false, "BYE", "1 BYE"));

	json_object_set_new(json_array_get(messages, 0), "media",
		json_pack("[{s:s, s:s, s:s, s:i, s:[s, s], s:[], s:s, s:b}]", "type",
			"audio", "protocol", "RTP/AVP", "address", "192.0.2.7", "port",
			4000, "codecs", "PCMA", "telephone-event", "suites", "direction",
			"sendonly", "hold", 1));
	return ladder_of(json_pack("[o, o]", party("a", "server pbx1"),
				 party("b", "trunk carrier-a")),
		messages);
}

/* What LADDER, which is taken, is drawn as; each line fits WIDTH and is printable. */
static char drawn[65536];

static void draw(json_t *ladder, unsigned width)
{
	struct buf out;
	size_t len = 0;

	assert_non_null(ladder);
	buf_init(&out, 0);
	ladder_text(ladder, width, &out);
	assert_int_equal(out.err, 0);
	assert_true(out.len < sizeof(drawn));
	snprintf(drawn, sizeof(drawn), "%s", buf_str(&out));
	for (const char *c = drawn; *c; c++) {
		assert_true(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
		len = *c == '\n' ? 0 : len + 1;
		assert_true(!width || len <= width);
	}
	assert_int_equal(drawn[strlen(drawn) - 1], '\n');
	buf_free(&out);
	if (getenv("SHOW"))
		puts(drawn);
	json_decref(ladder);
}

static void at_60_columns(void **state)
{
	(void)state;
	draw(simple(), 60);
	assert_string_equal(drawn,
		"a   server pbx1  192.0.2.1:5060  UDP\n"
		"b   trunk carrier-a  192.0.2.1:5060  UDP\n"
		"\n"
		"            server pbx1         tandem      trunk carrier-a\n"
		"     0.000  |----- INVITE (1) ---->|                      |\n"
		"            |  audio RTP/AVP PCMA,telephone-event         |\n"
		"            |  192.0.2.7:4000 sendonly (hold)             |\n"
		"     0.001  |                      |----- INVITE (7) ---->|\n"
		"     0.020  |                      |<-- 183 (7 INVITE) ---|\n"
		"     0.020  |<-- 183 (1 INVITE) ---|                      |\n"
		"     1.500  |                      |<----- BYE (1) -------|\n");
}

static void at_80_columns(void **state)
{
	(void)state;
	draw(simple(), 80);
	assert_non_null(strstr(drawn, "     0.020  |                                |<-- "
				      "183 Session Progress (7) ---|\n"));
	assert_non_null(strstr(drawn, "            |  audio RTP/AVP PCMA,telephone-event "
				      "192.0.2.7:4000 sendonly (hold)\n"));
}

static void at_200_columns_it_is_as_wide_as_is_well(void **state)
{
	static char wide[65536];

	(void)state;
	draw(simple(), 200);
	strcpy(wide, drawn);
	assert_non_null(strstr(drawn, "     0.020  |                                   "
				      "|< 183 Session Progress (7 INVITE) -|\n"));
	/* and where there is no terminal */
	draw(simple(), 0);
	assert_string_equal(drawn, wide);
}

static void what_came_again_is_counted(void **state)
{
	json_t *messages =
		json_pack("[o, o, o, o]", message(0, 0, false, "INVITE", "1 INVITE"),
			message(500, 0, false, "INVITE", "1 INVITE"),
			message(1500, 0, false, "INVITE", "1 INVITE"),
			message(1501, 0, true, "100 Trying", "1 INVITE"));

	(void)state;
	json_object_set_new(json_array_get(messages, 1), "repeats", json_integer(0));
	json_object_set_new(json_array_get(messages, 2), "repeats", json_integer(0));
	draw(ladder_of(json_pack("[o]", party("a", "server pbx1")), messages), 60);
	assert_non_null(
		strstr(drawn, "     0.000  |---------- INVITE (1) x3 --------->|\n"
			      "     1.501  |<----- 100 Trying (1 INVITE) -----"));
	assert_null(strstr(drawn, "0.500"));
}

static json_t *crowd(unsigned count)
{
	json_t *parties = json_pack("[o]", party("a", "server pbx1")),
	       *messages = json_array();
	char name[80];

	for (unsigned i = 1; i < count; i++) {
		snprintf(name, sizeof(name),
			"trunk carrier-with-a-long-name-that-fits-nowhere-%u", i);
		json_array_append_new(
			parties, party(i + 1 < count || i == 1 ? "b" : "c", name));
		json_array_append_new(
			messages, message((int)i, (int)i, true, "INVITE", "1 INVITE"));
		json_array_append_new(
			messages, message((int)i, (int)i, false,
					  "503 Service Unavailable", "1 INVITE"));
	}
	return ladder_of(parties, messages);
}

static void each_target_has_a_column(void **state)
{
	(void)state;
	draw(crowd(4), 80);
	/* names that do not fit are keys */
	assert_non_null(
		strstr(drawn, "b2  trunk carrier-with-a-long-name-that-fits-nowhere-2"));
	assert_non_null(strstr(drawn, "\n            server pbx1  tandem "));
	assert_non_null(strstr(drawn, "            b              b2               c\n"));
	assert_non_null(strstr(
		drawn, "     0.002  |               |--------- INVITE (1) --------->"));
	assert_non_null(strstr(drawn, "     0.003  |               |<---- 503 Service "
				      "Unavailable (1 INVITE) ------|\n"));
	/* in a terminal that is too narrow for columns it is a list */
	draw(crowd(16), 60);
	assert_non_null(
		strstr(drawn, "     0.002 -> b2 INVITE (1)\n"
			      "     0.002 <- b2 503 Service Unavailable (1 INVITE)\n"));
	draw(crowd(16), 20);
	draw(crowd(16), 200);
	draw(crowd(16), 0);
}

static void a_hundred_messages_are_a_hundred_lines(void **state)
{
	json_t *messages = json_array();
	unsigned lines = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		json_array_append_new(messages,
			message(i * 100000, i % 2, i % 4 < 2, "INFO", "4294967295 INFO"));
	draw(ladder_of(json_pack("[o, o]", party("a", "server pbx1"),
			       party("b", "trunk gw")),
		     messages),
		60);
	for (const char *c = drawn; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 100 + 4);
	assert_non_null(strstr(drawn, "  9900.000"));
}

static void nobodys_message_is_told_beside_us(void **state)
{
	(void)state;
	draw(ladder_of(json_pack("[o]", party("b", "trunk gw")),
		     json_pack("[o, o]", message(0, -1, false, "OPTIONS", "1 OPTIONS"),
			     message(0, 7, true, "200 OK", "1 OPTIONS"))),
		80);
	assert_non_null(strstr(drawn, "| from 192.0.2.9:5060: OPTIONS (1)"));
	assert_non_null(strstr(drawn, "| to 192.0.2.1:5060: 200 OK (1 OPTIONS)"));
}

static void what_a_record_says_needs_no_number(void **state)
{
	json_t *messages = json_pack("[o, o, o, o]", message(0, 0, true, "INVITE", ""),
		message(0, 0, false, "503 answered 503", ""), message(5, 1, true, "", ""),
		message(6, 0, false, "", ""));

	(void)state;
	json_object_set_new(json_array_get(messages, 1), "after_us", json_null());
	json_object_set_new(json_array_get(messages, 1), "reason", json_string("busy"));
	json_object_set_new(json_array_get(messages, 2), "phrase", json_string("full"));
	json_array_append_new(messages, message(7, 0, false, "", ""));
	json_object_set_new(json_array_get(messages, 4), "digit", json_string("#"));
	draw(ladder_of(
		     json_pack("[o, o]", party("b", "trunk gw"), party("b", "trunk gw2")),
		     messages),
		80);
	assert_non_null(strstr(drawn, "digit # in RTP |"));
	assert_null(strstr(drawn, "  digit #\n"));
	assert_non_null(strstr(drawn, "     0.000  |-----------"));
	assert_non_null(strstr(drawn, " INVITE "));
	assert_non_null(strstr(drawn, "\n            |<------ 503 answered 503 "));
	assert_non_null(strstr(drawn, "|  reason: busy"));
	assert_non_null(strstr(drawn, "not asked: full"));
	assert_non_null(strstr(drawn, "no answer: "));
}

static void what_peers_say_stays_in_its_line(void **state)
{
	static const char *const texts[] = {"\x1b[2J\x07\r\n",
		"J\xc3\xbcrgen\xe2\x80\xae", "<script>\t|--->", "                    "};
	char big[4000];
	json_t *odd;

	(void)state;
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	for (size_t i = 0; i < 5; i++) {
		const char *text = i < 4 ? texts[i] : big;

		odd = message(0, 0, false, "INVITE", text);
		json_object_set_new(odd, "method", json_string(text));
		json_object_set_new(odd, "reason", json_string(text));
		json_object_set_new(odd, "refer_to", json_string(text));
		json_object_set_new(odd, "media",
			json_pack("[{s:s, s:s, s:s, s:i, s:[s], s:[s], s:s, s:b}]",
				"type", text, "protocol", text, "address", text, "port",
				1, "codecs", text, "suites", text, "direction", text,
				"hold", 1));
		for (unsigned width = 20; width <= 200; width += 45)
			draw(ladder_of(json_pack("[o]", party("a", text)),
				     json_pack("[O, o]", odd,
					     message(0, 0, true, "200", text))),
				width);
		json_decref(odd);
	}
	/* one for each character */
	odd = message(0, 0, false, "INVITE", "1 INVITE");
	json_object_set_new(odd, "reason", json_string("J\xc3\xbcrgen"));
	draw(ladder_of(json_pack("[o]", party("a", "x")), json_pack("[o]", odd)), 80);
	assert_non_null(strstr(drawn, "reason: J?rgen"));
}

/* What no server of ours answers. */
static void an_odd_answer_is_drawn_all_the_same(void **state)
{
	json_t *messages = json_array(), *parties = json_array();

	(void)state;
	draw(json_object(), 80);
	for (unsigned i = 0; i < 40; i++)
		json_array_append_new(parties, party("b", "x"));
	json_array_append_new(messages, message(0, 39, true, "INVITE", "1 INVITE"));
	json_object_set_new(json_array_get(messages, 0), "repeats", json_integer(-5));
	json_array_append_new(messages, json_string("nothing"));
	json_array_append_new(messages, message(0, 20, true, "INVITE", "1 INVITE"));
	draw(ladder_of(parties, messages), 80);
}

static void a_label_says_what_there_is_room_for(void **state)
{
	json_t *bye = message(0, 0, true, "BYE", "2 BYE"),
	       *ok = message(0, 0, true, "200 OK", "2 BYE");
	char label[LADDER_LABEL_SIZE];

	(void)state;
	assert_string_equal(ladder_label(bye, 1, 30, label), "BYE (2)");
	assert_string_equal(ladder_label(bye, 12, 30, label), "BYE (2) x12");
	assert_string_equal(ladder_label(ok, 1, 14, label), "200 OK (2 BYE)");
	assert_string_equal(ladder_label(ok, 1, 13, label), "200 OK (2)");
	assert_string_equal(ladder_label(ok, 3, 16, label), "200 OK (2) x3");
	assert_string_equal(ladder_label(ok, 1, 9, label), "200 (2)");
	json_decref(bye);
	json_decref(ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_60_columns),
		cmocka_unit_test(at_80_columns),
		cmocka_unit_test(at_200_columns_it_is_as_wide_as_is_well),
		cmocka_unit_test(what_came_again_is_counted),
		cmocka_unit_test(each_target_has_a_column),
		cmocka_unit_test(a_hundred_messages_are_a_hundred_lines),
		cmocka_unit_test(nobodys_message_is_told_beside_us),
		cmocka_unit_test(what_a_record_says_needs_no_number),
		cmocka_unit_test(what_peers_say_stays_in_its_line),
		cmocka_unit_test(an_odd_answer_is_drawn_all_the_same),
		cmocka_unit_test(a_label_says_what_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
