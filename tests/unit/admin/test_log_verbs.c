/* The levels of the log as an operator sets them. */
#include "../unit.h"

#include "admin/log_verbs.h"
#include "base/log.h"

#include <string.h>

static json_t *result;
static struct err_text text;

/* Words up to NULL. */
static enum api_code ask(const char *a, const char *b)
{
	const char *const args[] = {a, b};

	json_decref(result);
	result = NULL;
	return log_verb_level(NULL, args, a ? b ? 2 : 1 : 0, &result, &text);
}

static int teardown(void **state)
{
	(void)state;
	json_decref(result);
	result = NULL;
	log_set_level(LOG_LEVEL_INFO);
	return log_set_module_level("tls", LOG_LEVEL_INHERITED);
}

static const char *word(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "(none)";
}

static const json_t *module_level(size_t index)
{
	return json_array_get(json_object_get(result, "modules"), index);
}

static void the_level_of_all_is_shown_and_set(void **state)
{
	(void)state;
	assert_int_equal(ask("debug", NULL), API_OK);
	assert_int_equal(ask(NULL, NULL), API_OK);
	assert_string_equal(word(result, "level"), "debug");
	assert_null(module_level(0));
	assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
	assert_int_equal(ask("loud", NULL), API_USAGE);
	assert_non_null(strstr(text.text, "loud: neither a level"));
	assert_int_equal(ask("debug", "info"), API_USAGE);
}

static void a_module_may_have_its_own(void **state)
{
	(void)state;
	assert_int_equal(ask("tls", "debug"), API_OK);
	assert_string_equal(word(result, "level"), "info");
	assert_string_equal(word(module_level(0), "module"), "tls");
	assert_string_equal(word(module_level(0), "level"), "debug");
	assert_int_equal(log_finest_level(), LOG_LEVEL_DEBUG);
	assert_int_equal(ask("call", NULL), API_OK);
	assert_string_equal(word(result, "module"), "call");
	assert_string_equal(word(result, "level"), "info");
	assert_int_equal(ask("tls", NULL), API_OK);
	assert_string_equal(word(result, "level"), "debug");
	assert_int_equal(ask("tls", "inherited"), API_OK);
	assert_null(module_level(0));
	assert_int_equal(ask("tsl", "debug"), API_USAGE);
	assert_int_equal(ask("tls", "loud"), API_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_level_of_all_is_shown_and_set, teardown),
		cmocka_unit_test_teardown(a_module_may_have_its_own, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
