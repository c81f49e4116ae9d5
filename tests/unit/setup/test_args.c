/* Options of a verb, single settings, and what is known of programs. */
#include "setup/args.h"

#include "../unit.h"
#include "setup/keys.h"
#include "setup/kinds.h"
#include "setup/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME, MANY, FLAG, COUNT };

static const struct args_option options[] = {
	[NAME] = {"name", "N", false, "one"},
	[MANY] = {"many", "M", true, "several"},
	[FLAG] = {"flag", NULL, false, "none"},
	[COUNT] = {NULL, NULL, false, NULL},
};
static const struct args_verb verb = {.usage = "cert try FILE...",
	.what = "Tries.",
	.options = options,
	.word = "<files>"};
static const struct args_verb wordless = {
	.usage = "try", .what = "Tries.", .options = options, .word = NULL};

static int read_words(const struct args_verb *which, struct args_values *ret,
	struct err_text *text, char *const *words)
{
	text->text[0] = '\0';
	return args_read(which, words, ret, text);
}

#define WORDS(...) ((char *const[]){__VA_ARGS__, NULL})

static void words_and_options_mix(void **state)
{
	char a[] = "a.pem", b[] = "b.pem", name[] = "--name", value[] = "x",
	     flag[] = "--flag", many1[] = "--many=1", many2[] = "--many", two[] = "--2";
	struct args_values given[COUNT + 1];
	struct err_text text;

	(void)state;
	assert_int_equal(read_words(&verb, given, &text,
				 WORDS(a, name, value, many1, b, many2, two, flag)),
		0);
	assert_string_equal(args_value(&given[NAME], "-"), "x");
	assert_int_equal(given[MANY].count, 2);
	assert_string_equal(given[MANY].values[0], "1");
	assert_string_equal(given[MANY].values[1], "--2");
	assert_int_equal(given[FLAG].count, 1);
	assert_int_equal(given[COUNT].count, 2);
	assert_string_equal(given[COUNT].values[1], "b.pem");
	assert_int_equal(read_words(&verb, given, &text, WORDS(a)), 0);
	assert_string_equal(args_value(&given[NAME], "-"), "-");
	assert_int_equal(given[FLAG].count, 0);
}

static void help_is_shown_for_either_word(void **state)
{
	char help[] = "--help", h[] = "-h", unknown[] = "--unknown";
	struct args_values given[COUNT + 1];
	struct err_text text;

	(void)state;
	assert_int_equal(read_words(&wordless, given, &text, WORDS(help)), 1);
	assert_int_equal(read_words(&wordless, given, &text, WORDS(h, unknown)), 1);
	assert_string_equal(text.text, "");
}

static void mistakes_are_said(void **state)
{
	static char name[] = "--name", x[] = "x", flag[] = "--flag=1", odd[] = "--nam",
		    name_x[] = "--name=x";
	const struct {
		const struct args_verb *verb;
		char *const *words;
		const char *said;
	} rows[] = {
		{&verb, WORDS(name), "--name needs a value: --name N"},
		{&verb, WORDS(flag), "--flag takes no value"},
		{&verb, WORDS(odd), "--nam: no such option; tandemctl cert try --help"},
		{&verb, WORDS(name_x, name_x), "--name was given twice"},
		{&wordless, WORDS(x), "x: expected options"},
	};
	struct args_values given[COUNT + 1];
	struct err_text text;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_words(rows[i].verb, given, &text, rows[i].words),
			ERR_FORMAT);
		if (!strstr(text.text, rows[i].said))
			fail_msg("row %zu: %s", i, text.text);
	}
}

static void values_are_bounded(void **state)
{
	static char many[] = "--many=1";
	char *words[ARGS_VALUES_MAX + 2];
	struct args_values given[COUNT + 1];
	struct err_text text;

	(void)state;
	for (size_t i = 0; i <= ARGS_VALUES_MAX; i++)
		words[i] = many;
	words[ARGS_VALUES_MAX + 1] = NULL;
	assert_int_equal(read_words(&verb, given, &text, words), ERR_LIMIT);
	words[ARGS_VALUES_MAX] = NULL;
	assert_int_equal(read_words(&verb, given, &text, words), 0);
	assert_int_equal(given[MANY].count, ARGS_VALUES_MAX);
}

static void keys_are_those_of_the_schema(void **state)
{
	struct err_text text = {""};

	(void)state;
	assert_int_equal(
		keys_check(SCHEMA_TANDEM, "fqdn", "--fqdn", "a.example", &text), 0);
	assert_int_equal(
		keys_check(SCHEMA_TANDEM, "fqdn", "--fqdn", "a", &text), ERR_FORMAT);
	assert_string_equal(text.text,
		"--fqdn a: expected a full host name such as med1.example.com");
	assert_int_equal(
		keys_check(SCHEMA_LIMITS, "max-call", "--set", "3", &text), ERR_FORMAT);
	assert_string_equal(text.text,
		"--set: [limits] has no key max-call (did you mean max-calls?)");
	assert_int_equal(
		keys_check(SCHEMA_GATEWAY, "codecs", "--set", "PCMA, PCMU", &text), 0);
}

/* --- settings */

static const char conf[] = "# head\n[tandem]\nfqdn = a.example\n\n[server x]\nhost = b\n"
			   "[media]\nports = 1-2";

static void expect_applied(const char *set, bool gateway, const char *expected)
{
	struct args_values sets = {.values = {set}, .count = 1};
	struct buf text;

	buf_init(&text, 0);
	buf_add_str(&text, conf);
	assert_int_equal(settings_apply(&sets, gateway, &text), 0);
	assert_string_equal(buf_str(&text), expected);
	buf_free(&text);
}

static void a_setting_takes_its_place(void **state)
{
	(void)state;
	expect_applied("tandem.fqdn=c.example", false,
		"# head\n[tandem]\nfqdn = c.example\n\n[server x]\nhost = "
		"b\n[media]\nports = "
		"1-2");
	expect_applied("server.port=5062", false,
		"# head\n[tandem]\nfqdn = a.example\n\n[server x]\nport = 5062\nhost = "
		"b\n"
		"[media]\nports = 1-2");
	expect_applied("media.ports=3-4", false,
		"# head\n[tandem]\nfqdn = a.example\n\n[server x]\nhost = b\n[media]\n"
		"ports = 3-4\n");
	expect_applied("limits.max-calls=3", false,
		"# head\n[tandem]\nfqdn = a.example\n\n[server x]\nhost = "
		"b\n[media]\nports = "
		"1-2\n[limits]\nmax-calls = 3\n");
	/* Of the other file. */
	expect_applied("gateway.port=1", false, conf);
	expect_applied("media.ports=3-4", true, conf);
}

static void the_last_of_a_name_counts(void **state)
{
	const struct args_values sets = {
		.values = {"tandem.fqdn=a.example", "tandem.fqdn=b.example",
			"tandem.user=x", "tandem.users"},
		.count = 4};

	(void)state;
	assert_string_equal(settings_find(&sets, "tandem.fqdn"), "b.example");
	assert_string_equal(settings_find(&sets, "tandem.user"), "x");
	assert_null(settings_find(&sets, "tandem.use"));
	assert_null(settings_find(&sets, "tandem.users"));
}

static void a_setting_has_section_key_and_value(void **state)
{
	struct settings_one one;

	(void)state;
	assert_true(settings_read(&one, "external.tls=[::1]:5061"));
	assert_int_equal(one.section, SCHEMA_EXTERNAL);
	assert_string_equal(one.key, "tls");
	assert_string_equal(one.value, "[::1]:5061");
	assert_false(settings_read(&one, "external"));
	assert_false(settings_read(&one, "external.tls"));
	assert_false(settings_read(&one, "external.=x"));
	assert_false(settings_read(&one, "other.key=x"));
	assert_false(settings_read(&one, "tandem=fqdn.x"));
	assert_false(settings_read(&one, "tandem.fqdn=a\n[server x]"));
	assert_false(settings_read(&one, ""));
}

/* Each kind has its template, and its profile is shipped. */
static void kinds_have_their_files(void **state)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	FILE *file;

	(void)state;
	assert_non_null(srcdir);
	for (const struct kinds_kind *kind = kinds_all; kind->name; kind++) {
		assert_true(kind->pbx || kind->trunk);
		snprintf(path, sizeof(path), "%s/setup/peer-%s.conf.in", srcdir,
			kind->template);
		file = fopen(path, "r");
		assert_non_null(file);
		fclose(file);
		if (!kind->trunk)
			continue;
		snprintf(path, sizeof(path), "%s/gateway-profiles/%s.conf", srcdir,
			kind->profile);
		file = fopen(path, "r");
		assert_non_null(file);
		fclose(file);
	}
	assert_null(kinds_find("teams", false));
	assert_non_null(kinds_find("teams", true));
	assert_null(kinds_find("generic", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_options_mix),
		cmocka_unit_test(help_is_shown_for_either_word),
		cmocka_unit_test(mistakes_are_said),
		cmocka_unit_test(values_are_bounded),
		cmocka_unit_test(keys_are_those_of_the_schema),
		cmocka_unit_test(a_setting_takes_its_place),
		cmocka_unit_test(the_last_of_a_name_counts),
		cmocka_unit_test(a_setting_has_section_key_and_value),
		cmocka_unit_test(kinds_have_their_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
