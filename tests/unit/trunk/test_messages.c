/* Requests that are no calls: what is counted of them, and how many may pass in a second. */
#include "../unit.h"

#include "trunk/messages.h"

#define SECOND_US UINT64_C(1000000)

static void methods_have_the_bits_of_the_configuration(void **state)
{
	(void)state;
	assert_int_equal(messages_bit(MESSAGE_MESSAGE), CONFIG_METHOD_MESSAGE);
	assert_int_equal(messages_bit(MESSAGE_PUBLISH), CONFIG_METHOD_PUBLISH);
	assert_int_equal(messages_bit(MESSAGE_INVITE), 0);
	assert_int_equal(messages_bit(MESSAGE_REGISTER), 0);
	assert_int_equal(messages_bit(MESSAGE_OTHER), 0);
	for (enum messages_method nth = 0; nth < MESSAGES_METHODS; nth++)
		assert_int_equal(
			messages_bit(message_method_of(span_of(messages_name(nth)))),
			1U << nth);
}

static void they_are_counted_by_way_and_class(void **state)
{
	struct messages messages = {.count = NULL};

	(void)state;
	messages_ended(&messages, MESSAGE_MESSAGE, LIMIT_IN, 200);
	messages_ended(&messages, MESSAGE_MESSAGE, LIMIT_IN, 202);
	messages_ended(&messages, MESSAGE_MESSAGE, LIMIT_OUT, 699);
	assert_int_equal(messages.count->ended[LIMIT_IN][MESSAGES_MESSAGE][0], 2);
	assert_int_equal(messages.count->ended[LIMIT_OUT][MESSAGES_MESSAGE][0], 0);
	assert_int_equal(messages.count->ended[LIMIT_OUT][MESSAGES_MESSAGE][4], 1);
	messages_free(&messages);
	messages_free(&messages);
}

static void what_is_none_is_not_counted(void **state)
{
	static const struct messages_count none;
	struct messages messages = {.count = NULL};

	(void)state;
	messages_ended(&messages, MESSAGE_INVITE, LIMIT_IN, 200);
	messages_ended(&messages, MESSAGE_MESSAGE, LIMIT_IN, 100);
	messages_ended(&messages, MESSAGE_MESSAGE, LIMIT_IN, 700);
	messages_ended(&messages, MESSAGE_MESSAGE, LIMIT_IN, 0);
	assert_memory_equal(messages.count, &none, sizeof(none));
	messages_free(&messages);
}

static void each_way_has_its_rate(void **state)
{
	const struct config_messages settings = {.max_rate = 2};
	struct messages messages = {.count = NULL};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(messages_wait_us(&messages, &settings, LIMIT_IN, 9), 0);
		messages_charge(&messages, &settings, LIMIT_IN, 9);
	}
	assert_int_equal(
		messages_wait_us(&messages, &settings, LIMIT_IN, 9), SECOND_US / 2);
	assert_int_equal(messages_wait_us(&messages, &settings, LIMIT_OUT, 9), 0);
	assert_int_equal(
		messages_wait_us(&messages, &settings, LIMIT_IN, 9 + SECOND_US / 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_have_the_bits_of_the_configuration),
		cmocka_unit_test(they_are_counted_by_way_and_class),
		cmocka_unit_test(what_is_none_is_not_counted),
		cmocka_unit_test(each_way_has_its_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
