/* What records keep of Microsoft's ids, and of headers that a trunk names. */
#include "../unit.h"

#include "bridge/noted.h"

#include <stdio.h>
#include <string.h>

static struct record_words words;

static int stop(void **state)
{
	(void)state;
	noted_free(&words);
	return 0;
}

/* A response that has LINES; the caller's. */
static struct message *make(const char *lines)
{
	struct message_fault fault;
	struct message *message;
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\n"
		"From: <sip:b@b>;tag=1\r\nTo: <sip:a@a>;tag=2\r\nCall-ID: 1@b\r\n"
		"CSeq: 1 INVITE\r\n%sContent-Length: 5\r\n\r\nms-x:",
		lines);
	assert_int_equal(message_parse(&message, text.data, text.len, &fault), 0);
	buf_free(&text);
	return message;
}

static void hear(const char *lines)
{
	struct message *message = make(lines);

	noted_microsoft(&words, message);
	message_unref(message);
}

/* "x_c=1 x_i=2": all of them. */
static void assert_words(const char *expected)
{
	struct buf text;

	buf_init(&text, 0);
	for (unsigned i = 0; i < words.count; i++)
		buf_printf(&text, "%s%s=%s", i ? " " : "", words.list[i].name,
			words.list[i].value);
	assert_string_equal(text.len ? buf_str(&text) : "", expected);
	buf_free(&text);
}

static void ids_are_read(void **state)
{
	(void)state;
	hear("Contact: "
	     "<sip:api-du-a-euno.pstnhub.microsoft.com:443;x-i=5a3d-1;x-c=01ab/s/"
	     "1/23cd>\r\n");
	assert_words("x_c=01ab/s/1/23cd x_i=5a3d-1");
	hear("MS-CONVERSATION-ID: abc\r\nms-call-id: \"d\"\r\n"
	     "Ms-Diagnostics: 1034;reason=\"x\"\r\n");
	assert_words("x_c=01ab/s/1/23cd x_i=5a3d-1 conversation_id=abc call_id=d "
		     "diagnostics=1034;reason=\"x\"");
}

static void what_is_said_later_counts_and_nothing_takes_nothing_back(void **state)
{
	(void)state;
	hear("Contact: <sip:a@b;x-c=1;x-i=2>\r\nms-call-id: 3\r\n");
	hear("Contact: <sip:a@b;x-i=4>\r\nms-call-id:\r\n");
	assert_words("x_c=1 x_i=4 call_id=3");
	hear("Contact: <sip:a@b;x-i=>\r\n");
	noted_microsoft(&words, NULL);
	assert_words("x_c=1 x_i=4 call_id=3");
}

static void the_first_of_the_diagnostics_counts(void **state)
{
	(void)state;
	hear("ms-client-diagnostics: 3\r\nms-diagnostics-public: 2\r\n");
	assert_words("diagnostics=2");
	hear("ms-client-diagnostics: 3\r\nms-diagnostics:  \r\n");
	assert_words("diagnostics=3");
	hear("ms-diagnostics: 1\r\nms-diagnostics-public: 2\r\n");
	assert_words("diagnostics=1");
}

static void what_only_looks_so_is_none(void **state)
{
	(void)state;
	hear("Contact: <sip:a@b>;x-c=1\r\nX-ms-call-id: 1\r\nmsx: 2\r\n");
	hear("Contact: *\r\n");
	hear("Contact: ;x-c=<\r\n");
	hear("Contact: <tel:+49;x-c=1>\r\nms: 1\r\nms-: 2\r\nm\r\n");
	hear("");
	assert_words("x_c=1"); /* a parameter of a URI like another one */
}

static void a_value_is_bounded(void **state)
{
	char lines[1000];

	(void)state;
	snprintf(lines, sizeof(lines), "ms-call-id: %0900d\r\n", 0);
	hear(lines);
	assert_int_equal(words.count, 1);
	assert_int_equal(strlen(words.list[0].value), NOTED_ID_MAX);
	hear(lines);
	assert_int_equal(words.count, 1);
	assert_int_equal(strlen(words.list[0].value), NOTED_ID_MAX);
}

static void name(struct config_words *ret, char **names, size_t count, const char *lines)
{
	struct message *message = make(lines);

	*ret = (struct config_words){.words = names, .count = count};
	noted_headers(&words, ret, message);
	message_unref(message);
}

static void a_header_is_bounded(void **state)
{
	char lines[1000], a[] = "X-A", *names[] = {a};
	struct config_words config;

	(void)state;
	snprintf(lines, sizeof(lines), "X-A: %0900d\r\n", 0);
	name(&config, names, 1, lines);
	assert_int_equal(words.count, 1);
	assert_int_equal(strlen(words.list[0].value), NOTED_VALUE_MAX);
}

static void named_headers_are_kept_in_the_order_of_the_names(void **state)
{
	char b[] = "X-B", a[] = "x-a", subject[] = "Subject";
	char *names[] = {b, a, subject};
	struct config_words config;

	(void)state;
	name(&config, names, 3, "X-A: 1\r\nX-C: 2\r\nX-B: 3\r\ns: 4\r\nX-a: \"5\r\n");
	assert_words("X-B=3 x-a=1 x-a=5 Subject=4");
	/* those of another message take their place */
	name(&config, names, 3, "X-B: 6\r\n");
	assert_words("X-B=6");
	name(&config, names, 0, "X-B: 7\r\n");
	assert_words("");
	assert_null(words.list);
}

static void lines_of_a_name_and_in_all_are_bounded(void **state)
{
	char all[8][4], *names[8];
	struct config_words config;
	struct buf lines;

	(void)state;
	buf_init(&lines, 0);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(all[i], sizeof(all[i]), "X-%u", i);
		names[i] = all[i];
		for (unsigned j = 0; j < NOTED_REPEATS_MAX + 2; j++)
			buf_printf(&lines, "X-%u: %u\r\n", i, j);
	}
	name(&config, names, 8, buf_str(&lines));
	assert_int_equal(words.count, NOTED_HEADERS_MAX);
	assert_string_equal(words.list[NOTED_REPEATS_MAX - 1].value, "3");
	assert_string_equal(words.list[NOTED_REPEATS_MAX].name, "X-1");
	name(&config, names, 1, buf_str(&lines));
	assert_int_equal(words.count, NOTED_REPEATS_MAX);
	buf_free(&lines);
}

static int load(const char *text, struct err_text *error)
{
	struct saved saved;
	int err = saved_parse(&saved, span_of(text), 0, NULL, error);

	assert_int_equal(err, 0);
	err = noted_load(&words, saved, "words", error);
	saved_free(&saved);
	return err;
}

static void what_was_written_is_read(void **state)
{
	struct err_text error = {{0}};
	struct saved saved;
	struct buf out;

	(void)state;
	hear("Contact: <sip:a@b;x-c=1;x-i=2>\r\n");
	buf_init(&out, 0);
	assert_int_equal(saved_new(&saved, 0, NULL), 0);
	assert_int_equal(noted_save(&words, saved, "words"), 0);
	assert_int_equal(saved_print(saved, &out), 0);
	saved_free(&saved);
	noted_free(&words);
	assert_int_equal(load(buf_str(&out), &error), 0);
	buf_free(&out);
	assert_words("x_c=1 x_i=2");
	noted_free(&words);
	assert_int_equal(load("{}", &error), 0);
	assert_int_equal(words.count, 0);
	assert_int_equal(load("{\"words\":[{\"name\":\"x_c\"}]}", &error), ERR_FORMAT);
	assert_int_equal(load("{\"words\":[{\"value\":\"x_c\"}]}", &error), ERR_FORMAT);
	assert_int_equal(words.count, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_teardown(function, stop)
	const struct CMUnitTest tests[] = {
		TEST(ids_are_read),
		TEST(what_is_said_later_counts_and_nothing_takes_nothing_back),
		TEST(the_first_of_the_diagnostics_counts),
		TEST(what_only_looks_so_is_none),
		TEST(a_value_is_bounded),
		TEST(a_header_is_bounded),
		TEST(named_headers_are_kept_in_the_order_of_the_names),
		TEST(lines_of_a_name_and_in_all_are_bounded),
		TEST(what_was_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
