/* How those who were not let in are told. */
#include "../unit.h"

#include "../fakes/fakes.h"

#include "admin/stranger_verbs.h"
#include "admin/verbs.h"

#include "sip/strangers.h"

#include <stdbool.h>
#include <string.h>

static json_t *ask(struct verbs_context *context)
{
	struct err_text text = {""};
	json_t *result = NULL;

	assert_int_equal(stranger_verb_list(context, NULL, 0, &result, &text), API_OK);
	return result;
}

static const char *word(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static void who_was_not_let_in_is_told(void **state)
{
	static char transport; /* the fake does not look at it */
	struct verbs_context context = {
		.external = (struct transport *)(void *)&transport};
	struct stranger stranger = {.transport = TRANSPORT_UDP,
		.kind = STRANGER_TRANSPORT,
		.spoke = "SIP INVITE",
		.owner = {.trunk = "trunk gw",
			.file = "/gw\xff.conf",
			.transport = TRANSPORT_TCP},
		.count = 7};
	const json_t *row;
	json_t *list;

	(void)state;
	fakes.stranger = NULL;
	list = ask(&context);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	assert_int_equal(addr_parse(&stranger.remote, "192.0.2.7:5062", 0), 0);
	fakes.stranger = &stranger;
	list = ask(&context);
	assert_int_equal(json_array_size(list), 1);
	row = json_array_get(list, 0);
	assert_string_equal(word(row, "remote"), "192.0.2.7:5062");
	assert_string_equal(word(row, "side"), "external");
	assert_string_equal(word(row, "transport"), "UDP");
	assert_string_equal(word(row, "spoke"), "SIP INVITE");
	assert_string_equal(word(row, "rule"), "transport");
	assert_string_equal(word(row, "trunk"), "trunk gw");
	assert_int_equal(json_integer_value(json_object_get(row, "count")), 7);
	assert_string_equal(word(row, "first"), "1970-01-01T00:00:01Z");
	assert_string_equal(word(row, "last"), "1970-01-01T00:01:01Z");
	assert_string_equal(word(row, "do"),
		"if this is trunk gw: transport = udp in /gw?.conf, or let it speak TCP");
	json_decref(list);
	fakes.stranger = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_not_let_in_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
