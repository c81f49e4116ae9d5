/* Tables at the widths of real terminals, letter by letter. */
#include "../unit.h"

#include "ctl/show.h"
#include "ctl/show_value.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* clang-format off */
#define GOLDEN_60 \
	"ID        STATE   TLS SIGNALLING SRTP     CALLS FAILED ASR%\n" \
	"carrier-a ready   yes TLS        required    42      7 \n" \
	"b         drained yes TLS        required     0      7 \n"
#define GOLDEN_60_LEFT \
	"left out: HOST, PORT, MAX, TOTAL, NER%, ACD, PDD, ERROR AT,\n" \
	"  UNTIL, LAST ERROR, DRAINED FOR; -l shows all\n"
#define GOLDEN_80 \
	"ID        STATE   TLS SIGNALLING SRTP     CALLS FAILED LAST ERROR\n" \
	"carrier-a ready   yes TLS        required    42      7 \n" \
	"b         drained yes TLS        required     0      7 503 Service Unavailable\n"
#define GOLDEN_80_LEFT \
	"left out: HOST, PORT, MAX, TOTAL, ASR%, NER%, ACD, PDD, ERROR AT, UNTIL,\n" \
	"  DRAINED FOR; -l shows all\n"
#define GOLDEN_FULL \
	"ID        STATE   TLS SIGNALLING SRTP     HOST                PORT CALLS MAX  TOTAL FAILED ASR% NER% ACD PDD ERROR AT             UNTIL LAST ERROR              DRAINED FOR\n" \
	"carrier-a ready   yes TLS        required sbc.carrier.example 5061    42 500 123456      7                                                                      \n" \
	"b         drained yes TLS        required sbc.carrier.example 5061     0 500 123456      7                   2026-11-30T10:00:00Z       503 Service Unavailable \n"
#define GOLDEN_BARE \
	"carrier-a ready   42\n" \
	"b         drained  0\n"
#define GOLDEN_BARE_LEFT \
	"left out: TLS,\n" \
	"  SIGNALLING, SRTP,\n" \
	"  HOST, PORT, MAX,\n" \
	"  TOTAL, FAILED,\n" \
	"  ASR%, NER%, ACD,\n" \
	"  PDD, ERROR AT,\n" \
	"  UNTIL, LAST ERROR,\n" \
	"  DRAINED FOR; -l shows all\n"
/* clang-format on */

struct printed {
	char out[8192], errors[1024];
};

static void read_back(int fd, char *ret, size_t size)
{
	ssize_t len;

	lseek(fd, 0, SEEK_SET);
	len = read(fd, ret, size - 1);
	assert_true(len >= 0);
	ret[len] = '\0';
}

/* Prints RESULT of `NOUN list` with stdout and stderr going to files. */
static void print_of(const struct show_style *style, const char *noun, const char *verb,
	const json_t *result, struct printed *ret)
{
	int out = memfd_create("out", MFD_CLOEXEC);
	int errors = memfd_create("errors", MFD_CLOEXEC);
	int saved_out, saved_errors, err;

	fflush(stdout);
	fflush(stderr);
	saved_out = dup(STDOUT_FILENO);
	saved_errors = dup(STDERR_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	err = show_result(style, noun, verb, result);
	fflush(stdout);
	fflush(stderr);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_errors, STDERR_FILENO);
	read_back(out, ret->out, sizeof(ret->out));
	read_back(errors, ret->errors, sizeof(ret->errors));
	close(out);
	close(errors);
	close(saved_out);
	close(saved_errors);
	assert_int_equal(err, 0);
}

static void print(const struct show_style *style, const char *noun, const json_t *result,
	struct printed *ret)
{
	print_of(style, noun, "list", result, ret);
}

static json_t *make_trunk(const char *id, const char *state, int calls, const char *error)
{
	json_t *trunk = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:s, s:s}", "id",
		id, "state", state, "tls_state", "yes", "transport", "TLS", "srtp",
		"required", "host", "sbc.carrier.example", "port", 5061, "calls", calls,
		"calls_max", 500, "calls_total", 123456, "calls_failed", 7,
		"last_error_at", error[0] ? "2026-11-30T10:00:00Z" : "", "last_error",
		error);

	assert_non_null(trunk);
	return trunk;
}

static json_t *make_trunks(void)
{
	json_t *trunks = json_array();

	json_array_append_new(trunks, make_trunk("carrier-a", "ready", 42, ""));
	json_array_append_new(
		trunks, make_trunk("b", "drained", 0, "503 Service Unavailable"));
	return trunks;
}

static void expect(const struct show_style *style, const char *out, const char *errors)
{
	json_t *trunks = make_trunks();
	struct printed printed;

	print(style, "trunk", trunks, &printed);
	assert_string_equal(printed.out, out);
	assert_string_equal(printed.errors, errors);
	json_decref(trunks);
}

static void at_60_columns(void **state)
{
	const struct show_style style = {.width = 60, .head = true};

	(void)state;
	expect(&style, GOLDEN_60, GOLDEN_60_LEFT);
}

static void at_80_columns(void **state)
{
	const struct show_style style = {.width = 80, .head = true};

	(void)state;
	expect(&style, GOLDEN_80, GOLDEN_80_LEFT);
}

static void at_200_columns_nothing_is_left_out(void **state)
{
	const struct show_style style = {.width = 200, .head = true};

	(void)state;
	expect(&style, GOLDEN_FULL, "");
}

static void without_a_width_nothing_is_left_out(void **state)
{
	const struct show_style style = {.head = true};

	(void)state;
	expect(&style, GOLDEN_FULL, "");
}

static void titles_can_be_left_out(void **state)
{
	const struct show_style style = {.width = 20};

	(void)state;
	expect(&style, GOLDEN_BARE, GOLDEN_BARE_LEFT);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	json_t *trunks = make_trunks();
	struct printed printed;

	(void)state;
	for (unsigned width = 20; width < 170; width++) {
		const struct show_style style = {.width = width, .head = true};
		const char *line = printed.out;

		print(&style, "trunk", trunks, &printed);
		assert_non_null(strstr(printed.out, "carrier-a"));
		for (size_t len; *line; line += len + 1) {
			len = strcspn(line, "\n");
			if (len > width)
				fail_msg("%zu at %u: %s", len, width, line);
		}
	}
	json_decref(trunks);
}

/* What is narrower than the most important column is shown whole all the same. */
static void a_value_is_never_cut(void **state)
{
	const struct show_style style = {.width = 20, .head = true};
	json_t *trunks = json_array();
	struct printed printed;

	(void)state;
	json_array_append_new(trunks,
		make_trunk("a-name-that-is-wider-than-the-terminal", "ready", 1, ""));
	print(&style, "trunk", trunks, &printed);
	assert_non_null(strstr(printed.out, "a-name-that-is-wider-than-the-terminal\n"));
	json_decref(trunks);
}

static void only_what_is_wrong_has_colour(void **state)
{
	const struct show_style style = {.head = true, .color = true};
	json_t *trunks = make_trunks();
	struct printed printed;

	(void)state;
	print(&style, "trunk", trunks, &printed);
	assert_non_null(strstr(printed.out, "\033[33mdrained"));
	assert_null(strstr(printed.out, "\033[33mready"));
	json_decref(trunks);
}

static void letters_are_those_of_the_locale(void **state)
{
	const struct show_style style = {.width = 20};
	json_t *trunks = json_array();
	struct printed printed;

	(void)state;
	json_array_append_new(
		trunks, make_trunk("J\xc3\xbcrgen\xe2\x82\xac", "ok", 1, ""));
	assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
	print(&style, "trunk", trunks, &printed);
	/* Seven letters wide, not ten. */
	assert_string_equal(printed.out, "J\xc3\xbcrgen\xe2\x82\xac ok yes TLS 1\n");
	assert_non_null(setlocale(LC_ALL, "C"));
	print(&style, "trunk", trunks, &printed);
	assert_string_equal(printed.out, "J?rgen? ok yes TLS 1\n");
	json_decref(trunks);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	struct buf out;

	(void)state;
	assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
	buf_init(&out, 0);
	show_add_shown(&out, "a\033[2Jb\x7f"
			     "c\xc2\x9b"
			     "d\xff");
	assert_string_equal(buf_str(&out), "a?[2Jb?c?d?");
	buf_free(&out);
	assert_non_null(setlocale(LC_ALL, "C"));
}

static void a_list_that_the_server_cut_says_so(void **state)
{
	const struct show_style style = {.head = true};
	json_t *calls = json_pack("{s:i, s:[{s:s, s:s}]}", "total", 5000, "calls", "id",
		"5f-000001", "state", "talking");
	struct printed printed;

	(void)state;
	print(&style, "call", calls, &printed);
	assert_string_equal(printed.errors, "1 of 5000 are shown\n");
	json_decref(calls);
}

/* Who is asked, in the words that the change is about; what is not known is said. */
static void a_replay(void **state)
{
	static const char text[] =
		"{\"since\": \"2026-11-30T10:00:00Z\", \"before\": null, \"after\": "
		"\"/new\","
		"\"calls\": 7, \"captured\": 2, \"callbacks\": 1, \"damaged_captures\": "
		"3,"
		"\"changes\": {\"elsewhere\": 1, \"not-routed\": 1, \"unchanged\": 0},"
		"\"rows_left_out\": 4, \"rows\": ["
		"{\"to\": \"1\", \"change\": \"elsewhere\","
		"\"before\": {\"targets\": [{\"id\": \"a\", \"share_percent\": null}]},"
		"\"after\": {\"targets\": [{\"id\": \"b\", \"share_percent\": 75},"
		"{\"id\": \"c\", \"share_percent\": 25}, {\"id\": \"d\", "
		"\"share_percent\": 100}]}},"
		"{\"to\": \"2\", \"change\": \"not-routed\","
		"\"before\": {\"status\": 503, \"why\": null, \"targets\": []},"
		"\"after\": {\"status\": 404, \"why\": \"nobody\", \"targets\": []}},"
		"{\"to\": \"3\", \"change\": \"numbers\","
		"\"before\": {\"targets\": [{\"id\": \"a\", \"called\": \"1\", "
		"\"caller\": \"2\"}]},"
		"\"after\": {\"targets\": [{\"id\": \"a\", \"called\": \"3\", "
		"\"caller\": \"4\"}]}},"
		"{\"to\": \"4\", \"change\": \"protection\","
		"\"before\": {\"targets\": [{\"id\": \"a\", \"signalling\": \"UDP\", "
		"\"media\": \"RTP\"}]},"
		"\"after\": {\"targets\": [{\"id\": \"a\", \"signalling\": \"TLS\", "
		"\"media\": \"SRTP\"}]}},"
		"{\"to\": \"5\", \"change\": \"headers\","
		"\"before\": {\"targets\": [{\"id\": \"a\", \"lines\": []}]},"
		"\"after\": {\"targets\": [{\"id\": \"a\", \"lines\": [\"A: 1\", \"B: "
		"2\"]}]}}]}";
	const struct show_style style = {.head = true};
	json_t *result = json_loads(text, 0, NULL);
	struct printed printed;

	(void)state;
	assert_non_null(result);
	print_of(&style, "route", "replay", result, &printed);
	assert_string_equal(printed.out,
		"7 calls since 2026-11-30T10:00:00Z, /new against what their records "
		"say:\n"
		"        1 not routed any more\n"
		"        1 elsewhere\n"
		"        0 unchanged\n"
		"        5 are known by their records alone: numbers, and no further "
		"identities or headers\n"
		"        1 callbacks to emergency callers are left out: no route decides "
		"them\n"
		"        3 captures cannot be read: their calls are known by their "
		"records\n"
		"\n"
		"CALL START OF FROM TO KNOWN BY CHANGE     BEFORE      AFTER\n"
		"                   1           elsewhere  a           b 75%, c 25%, d\n"
		"                   2           not-routed nobody: 503 nobody: 404, "
		"nobody\n"
		"                   3           numbers    a 1 from 2  a 3 from 4\n"
		"                   4           protection a UDP RTP   a TLS SRTP\n"
		"                   5           headers    a           a A: 1; B: 2\n"
		"and 4 more; --all shows them\n");
	json_decref(result);
}

static void what_was_learnt(void **state)
{
	static const char text[] =
		"{\"answered\": true, \"calls\": [{\"id\": \"5f3c-000001\", \"status\": "
		"200,"
		"\"what\": \"without an offer\"}], \"facts\": ["
		"{\"topic\": \"hold\", \"said\": \"one\"}, {\"topic\": \"hold\", "
		"\"said\": \"two\"},"
		"{\"topic\": \"SRTP\", \"said\": \"three\"}], \"lines\": ["
		"{\"key\": \"codecs\", \"value\": \"PCMA\", \"why\": \"so\", "
		"\"in_force\": false},"
		"{\"key\": \"dtmf\", \"value\": \"info\", \"why\": \"it is\", "
		"\"in_force\": true}]}";
	const struct show_style style = {.head = true};
	json_t *result = json_loads(text, 0, NULL);
	struct printed printed;

	(void)state;
	assert_non_null(result);
	print_of(&style, "trunk", "learn", result, &printed);
	assert_string_equal(printed.out, "call 5f3c-000001: 200, without an offer\n\n"
					 "hold           one\n"
					 "               two\n"
					 "SRTP           three\n\n"
					 "; for its file in gateways.d:\n"
					 "codecs = PCMA   ; so\n\n"
					 "; in force already:\n"
					 "; dtmf = info   ; it is\n");
	json_decref(result);
	result = json_loads("{\"answered\": false, \"why\": \"busy\", \"calls\": [],"
			    "\"facts\": [], \"lines\": []}",
		0, NULL);
	print_of(&style, "trunk", "learn", result, &printed);
	assert_string_equal(printed.out, "no call was answered: busy\n\n");
	json_decref(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_60_columns),
		cmocka_unit_test(at_80_columns),
		cmocka_unit_test(at_200_columns_nothing_is_left_out),
		cmocka_unit_test(without_a_width_nothing_is_left_out),
		cmocka_unit_test(titles_can_be_left_out),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(a_value_is_never_cut),
		cmocka_unit_test(only_what_is_wrong_has_colour),
		cmocka_unit_test(letters_are_those_of_the_locale),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(a_list_that_the_server_cut_says_so),
		cmocka_unit_test(a_replay),
		cmocka_unit_test(what_was_learnt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
