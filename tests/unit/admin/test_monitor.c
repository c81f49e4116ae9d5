/* A sample of `monitor`, of a made-up server: the layers below are faked here. */
#include "../unit.h"

#include "../fakes/fakes.h"

#include "admin/monitor_verbs.h"
#include "admin/verbs.h"

#include "audit/writer.h"
#include "base/clock.h"
#include "base/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct verbs_context context;
static struct trunk gateway_trunk, server_trunk;
static char folder[64];
static json_t *result;

static int setup(void **state)
{
	static char id[] = "carrier-a", server_id[] = "pbx1";
	struct style *style = style_new(CONFIG_CAPTURE_PCAPNG, NULL, "sbc.example.com");
	struct writer_params params = {.state_dir = folder, .style = style};
	struct err_text text = {""};

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/tandem-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	context = (struct verbs_context){.internal = (struct transport *)(void *)folder,
		.hep = (struct hep *)(void *)folder};
	if (writer_new(&context.writer, &params, &text) != 0 ||
		loop_new(&context.loop, clock_real()) != 0)
		return -1;
	style_unref(style);
	gateway_trunk = (struct trunk){
		.kind = TRUNK_GATEWAY, .id = id, .calls = 1, .last_error = "bad \xff"};
	server_trunk = (struct trunk){.kind = TRUNK_SERVER, .id = server_id};
	fakes = (struct fakes){.trunks = {[TRUNK_SERVER] = &server_trunk,
				       [TRUNK_GATEWAY] = &gateway_trunk},
		.listed = {1, 1}};
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	json_decref(result);
	result = NULL;
	writer_free(context.writer);
	loop_free(context.loop);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void sample(void)
{
	struct err_text text = {""};

	json_decref(result);
	result = NULL;
	assert_int_equal(monitor_verb_sample(&context, NULL, 0, &result, &text), API_OK);
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *word(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static bool has_alarm(const char *what)
{
	const json_t *alarm;
	size_t i;

	json_array_foreach(json_object_get(result, "alarms"), i, alarm)
	{
		if (strstr(json_string_value(alarm), what))
			return true;
	}
	return false;
}

static void it_has_totals(void **state)
{
	(void)state;
	sample();
	assert_int_equal(number(json_object_get(result, "calls"), "started"), 9);
	assert_int_equal(
		number(json_object_get(result, "media"), "port_pairs_total"), 5000);
	assert_int_equal(number(json_object_get(result, "internal"), "refused"), 4);
	/* A server without this side. */
	assert_int_equal(number(json_object_get(result, "external"), "refused"), 0);
	assert_true(number(result, "mono_us") > 0);
}

static void a_collector_that_is_away_is_an_alarm(void **state)
{
	static const struct hep_settings exported = {.capture_id = 1};

	(void)state;
	fakes.hep.sender.why = "Connection refused";
	sample();
	assert_false(has_alarm("HEP"));
	fakes.hep_settings = &exported;
	sample();
	assert_true(has_alarm("the collector of HEP is away: Connection refused"));
	fakes.hep.sender.open = true;
	sample();
	assert_false(has_alarm("HEP"));
}

static void it_lists_the_busiest(void **state)
{
	const json_t *parties;

	(void)state;
	fakes.listed[TRUNK_SERVER] = 100;
	sample();
	parties = json_object_get(result, "parties");
	assert_int_equal(number(result, "parties_total"), 101);
	assert_int_equal(json_array_size(parties), 40);
	/* The only one with a call, though it comes last. */
	assert_string_equal(word(json_array_get(parties, 0), "id"), "carrier-a");
	assert_int_equal(number(json_array_get(parties, 0), "calls"), 1);
	assert_string_equal(word(json_array_get(parties, 0), "last_error"), "bad ?");
	assert_non_null(json_object_get(json_array_get(parties, 0), "figures"));
	assert_string_equal(word(json_array_get(parties, 39), "id"), "pbx1");
}

static void a_failed_call_is_an_alarm_until_one_is_answered(void **state)
{
	(void)state;
	sample();
	assert_true(has_alarm("the last call of 1 trunks or servers failed"));
	gateway_trunk.last_error_until = 1700000000;
	sample();
	assert_false(has_alarm("the last call of"));
	assert_string_equal(
		word(json_array_get(json_object_get(result, "parties"), 0), "last_error"),
		"");
}

static void certificates_are_looked_through_once_a_minute(void **state)
{
	(void)state;
	sample();
	assert_true(has_alarm("1 certificates or revocation lists are over"));
	/* The count of before. */
	context.certificates_over = 7;
	sample();
	assert_true(has_alarm("7 certificates or revocation lists are over"));
	context.certificates_at_us -= UINT64_C(60000000);
	sample();
	assert_true(has_alarm("1 certificates or revocation lists are over"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_collector_that_is_away_is_an_alarm, setup, teardown),
		cmocka_unit_test_setup_teardown(it_has_totals, setup, teardown),
		cmocka_unit_test_setup_teardown(it_lists_the_busiest, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_failed_call_is_an_alarm_until_one_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			certificates_are_looked_through_once_a_minute, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
