/* What makes a call an emergency call, and which number a service has. */
#include "../unit.h"

#include "config/rules.h"
#include "sip/message.h"
#include "trunk/emergency.h"
#include "trunk/failover.h"
#include "trunk/obstacle.h"

#include <stdio.h>
#include <string.h>

static char numbers[][8] = {"112", "+112", "*911#"};
static char *number_words[] = {numbers[0], numbers[1], numbers[2]};
static char services[][20] = {"police:110", "fire:1122", "mountain.dog:144"};
static char *service_words[] = {services[0], services[1], services[2]};

static struct config config_of(size_t number_count, size_t service_count)
{
	struct config config = {.refs = 1};

	config.emergency.numbers =
		(struct config_words){.words = number_words, .count = number_count};
	config.emergency.services =
		(struct config_words){.words = service_words, .count = service_count};
	return config;
}

/* The rules of whoever calls in this test; NULL: none. */
static struct rules *rules;

static enum emergency class_of(
	enum config_emergency_from from, const char *uri, const char *priority)
{
	struct config config = config_of(3, 0);
	const struct config_trunk trunk = {
		.emergency.from = from, .numbers.called_in = rules};
	struct message *message;
	struct message_fault fault;
	enum emergency ret;
	char text[512];

	snprintf(text, sizeof(text),
		"INVITE %s SIP/2.0\r\n"
		"Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\n"
		"From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\n"
		"Call-ID: 1@a\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
		"Contact: <sip:a.example>\r\n%s%s%sContent-Length: 0\r\n\r\n",
		uri, priority ? "Priority: " : "", priority ? priority : "",
		priority ? "\r\n" : "");
	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	config.emergency.made = rules != NULL;
	ret = emergency_class(&config, &trunk, message);
	/* the quick look never says no where the answer is yes */
	assert_true(ret == EMERGENCY_NO ||
		    emergency_may_be(&config, span_of(uri), priority != NULL));
	message_unref(message);
	return ret;
}

static void a_number_is_matched_whole(void **state)
{
	static const struct {
		const char *uri;
		enum emergency class;
	} rows[] = {
		{"sip:112@b.example", EMERGENCY_NUMBER},
		{"sips:112@b.example;user=phone", EMERGENCY_NUMBER},
		{"sip:112;phone-context=+49@b.example", EMERGENCY_NUMBER},
		{"sip:+112@b.example", EMERGENCY_NUMBER},
		{"sip:1-1.2@b.example", EMERGENCY_NUMBER},
		{"tel:(11)2;phone-context=+49", EMERGENCY_NUMBER},
		{"tel:1%2D1%2e2", EMERGENCY_NUMBER},
		{"sip:*911%23@b.example", EMERGENCY_NUMBER},
		{"sip:%2A911%23@b.example", EMERGENCY_NUMBER},
		{"sip:%2B112@b.example", EMERGENCY_NUMBER},
		{"sip:1120@b.example", EMERGENCY_NO},
		{"sip:0112@b.example", EMERGENCY_NO},
		{"sip:11@b.example", EMERGENCY_NO},
		{"sip:++112@b.example", EMERGENCY_NO},
		{"sip:911@b.example", EMERGENCY_NO},
		{"sip:112x@b.example", EMERGENCY_NO},
		{"sip:112", EMERGENCY_NO},
		{"sip:b.example", EMERGENCY_NO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(class_of(CONFIG_EMERGENCY_NUMBER, rows[i].uri, NULL),
			rows[i].class);
}

/* It is one too where the rules of who calls make it one, as behind a prefix for a line. */
static void a_number_is_what_rules_make_of_it(void **state)
{
	static const struct {
		const char *uri;
		enum emergency class;
	} rows[] = {
		{"sip:9112@b.example", EMERGENCY_NUMBER},
		{"sip:9-1-1-2@b.example;user=phone", EMERGENCY_NUMBER},
		{"sip:777@b.example", EMERGENCY_NUMBER},
		{"sip:112@b.example", EMERGENCY_NUMBER}, /* what came counts too */
		{"sip:9113@b.example", EMERGENCY_NO},
		{"sip:x9112@b.example", EMERGENCY_NO},
	};
	struct span bad;

	(void)state;
	assert_int_equal(rules_add(&rules, "^(112)$ -> 9$1", &bad), 0);
	assert_int_equal(rules_add(&rules, "^9(\\d+)$ -> $1", &bad), 0);
	assert_int_equal(rules_add(&rules, "^777$ -> 112", &bad), 0);
	assert_int_equal(rules_settle(rules), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(class_of(CONFIG_EMERGENCY_NUMBER, rows[i].uri, NULL),
			rows[i].class);
		assert_int_equal(class_of(CONFIG_EMERGENCY_NOTHING, rows[i].uri, NULL),
			EMERGENCY_NO);
	}
	rules_free(rules);
	rules = NULL;
}

static void the_header_counts_of_who_may(void **state)
{
	static const struct {
		enum config_emergency_from from;
		const char *uri, *priority;
		enum emergency class;
	} rows[] = {
		{CONFIG_EMERGENCY_PRIORITY, "sip:1@b.example", "emergency",
			EMERGENCY_PRIORITY},
		{CONFIG_EMERGENCY_PRIORITY, "sip:1@b.example", "EMERGENCY",
			EMERGENCY_PRIORITY},
		{CONFIG_EMERGENCY_PRIORITY, "sip:1@b.example", "urgent", EMERGENCY_NO},
		{CONFIG_EMERGENCY_PRIORITY, "sip:112@b.example", "emergency",
			EMERGENCY_NUMBER},
		{CONFIG_EMERGENCY_PRIORITY, "urn:service:sos", "emergency",
			EMERGENCY_SERVICE},
		{CONFIG_EMERGENCY_NUMBER, "sip:1@b.example", "emergency", EMERGENCY_NO},
		{CONFIG_EMERGENCY_NUMBER, "urn:service:sos", NULL, EMERGENCY_SERVICE},
		{CONFIG_EMERGENCY_NOTHING, "sip:1@b.example", "emergency", EMERGENCY_NO},
		{CONFIG_EMERGENCY_NOTHING, "sip:112@b.example", NULL, EMERGENCY_NO},
		{CONFIG_EMERGENCY_NOTHING, "urn:service:sos", NULL, EMERGENCY_NO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(class_of(rows[i].from, rows[i].uri, rows[i].priority),
			rows[i].class);
}

static void a_service_is_sos_or_below(void **state)
{
	static const struct {
		const char *uri, *service; /* NULL: none */
	} rows[] = {
		{"urn:service:sos", ""},
		{"URN:Service:SOS", ""},
		{"urn:service:sos.fire", "fire"},
		{"urn:service:sos.animal-control.dog", "animal-control.dog"},
		{"urn:service:sos.", NULL},
		{"urn:service:sos..fire", NULL},
		{"urn:service:sos.fire.", NULL},
		{"urn:service:sosfire", NULL},
		{"urn:service:sos.f_re", NULL},
		{"urn:service:counseling", NULL},
		{"urn:service:so", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span service;

		assert_int_equal(emergency_service(span_of(rows[i].uri), &service),
			rows[i].service != NULL);
		assert_int_equal(emergency_service(span_of(rows[i].uri), NULL),
			rows[i].service != NULL);
		if (rows[i].service)
			assert_true(span_equal_str(service, rows[i].service));
	}
}

static void a_service_has_the_nearest_number(void **state)
{
	static const struct {
		const char *service, *number;
	} rows[] = {
		{"police", "110"},
		{"POLICE", "110"},
		{"police.city", "110"},
		{"policecity", "112"},
		{"mountain.dog", "144"},
		{"mountain.dog.small", "144"},
		{"mountain", "112"},
		{"fire", "1122"},
		{"", "112"},
	};
	const struct config config = config_of(3, 3);
	const struct config bare = config_of(0, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
			emergency_service_number(&config, span_of(rows[i].service)),
			rows[i].number);
	assert_string_equal(emergency_service_number(&bare, span_of("fire")), "112");
	assert_string_equal(emergency_service_number(&bare, span_of("police")), "110");
}

/* Whatever it said, and however far it had come, but for 6xx. */
static void goes_on_to_the_next_one(void **state)
{
	(void)state;
	for (int status = 300; status < 700; status++)
		for (enum failover_phase phase = FAILOVER_QUIET; phase < FAILOVER_PHASES;
			phase++)
			for (int next = 0; next < 2; next++)
				assert_int_equal(
					failover_step(failover_cause(status, next != 0),
						phase, true) == FAILOVER_STOP,
					status >= 600);
	assert_int_equal(failover_step(FAILOVER_UNREACHED, FAILOVER_RINGING, true),
		FAILOVER_ADDRESS);
	assert_int_equal(failover_step(FAILOVER_UNREACHED, FAILOVER_RINGING, false),
		FAILOVER_STOP);
	assert_int_equal(failover_step(failover_cause(404, false), FAILOVER_QUIET, true),
		FAILOVER_TARGET);
	assert_int_equal(failover_step(failover_cause(404, false), FAILOVER_QUIET, false),
		FAILOVER_STOP);
}

/* Those that may mean what is beside the description, and nothing about the callee. */
static void some_refusals_are_for_too_much(void **state)
{
	static const int busy[] = {403, 404, 408, 480, 486, 503, 600, 603};

	(void)state;
	assert_true(failover_says_too_much(424));
	assert_true(failover_says_too_much(415));
	assert_true(failover_says_too_much(488));
	for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
		assert_false(failover_says_too_much(busy[i]));
}

/* Whoever is off, or is not there, is called by nobody. */
static void nothing_else_stops_it(void **state)
{
	(void)state;
	for (enum obstacle_kind kind = OBSTACLE_NONE; kind < OBSTACLE_KINDS; kind++) {
		assert_int_equal(obstacle_stops(kind, true),
			kind == OBSTACLE_REMOVED || kind == OBSTACLE_DISABLED);
		assert_int_equal(obstacle_stops(kind, false), kind != OBSTACLE_NONE);
	}
}

static void each_class_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(emergency_name(EMERGENCY_NO), "");
	for (unsigned a = 1; a < EMERGENCY_KINDS; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(emergency_name((enum emergency)a),
				emergency_name((enum emergency)b));
}

static void ordinary_calls_are_seen_at_once(void **state)
{
	static const char *const ordinary[] = {"sip:+4930100@b.example", "tel:+4930100",
		"sip:b.example", "sips:anna@b.example;user=phone", "SIP:911@b.example"};
	const struct config config = config_of(3, 0);
	const struct config none = config_of(0, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++) {
		assert_false(emergency_may_be(&config, span_of(ordinary[i]), false));
		assert_true(emergency_may_be(&config, span_of(ordinary[i]), true));
	}
	/* where it is not sure it says yes */
	assert_true(emergency_may_be(&config, span_of("sip:+49301120@b"), false));
	assert_true(emergency_may_be(&config, span_of("sip:%31%31%32@b"), false));
	assert_true(emergency_may_be(&config, span_of("URN:service:sos"), false));
	assert_true(emergency_may_be(&none, span_of("urn:service:sos.fire"), false));
	assert_false(emergency_may_be(&none, span_of("sip:112@b"), false));
}

/* Whatever is configured, and however it is written. */
static void a_test_call_may_be_to_none(void **state)
{
	static const struct {
		const char *number;
		bool any, any_without;
	} rows[] = {
		{"112", true, true},
		{"9.1-1", true, true},
		{"%2b112", true, false},
		{"*911#", true, false},
		{"110", true, true},
		{"(144)", true, false},
		{"1122", true, false},
		{"1120", false, false},
		{"police", false, false},
		{"112a", false, false},
		{"", false, false},
	};
	const struct config config = config_of(3, 3);
	const struct config bare = config_of(0, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct span number = span_of(rows[i].number);

		assert_int_equal(emergency_is_any(&config, number), rows[i].any);
		assert_int_equal(emergency_is_any(&bare, number), rows[i].any_without);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_matched_whole),
		cmocka_unit_test(ordinary_calls_are_seen_at_once),
		cmocka_unit_test(a_number_is_what_rules_make_of_it),
		cmocka_unit_test(a_test_call_may_be_to_none),
		cmocka_unit_test(the_header_counts_of_who_may),
		cmocka_unit_test(a_service_is_sos_or_below),
		cmocka_unit_test(a_service_has_the_nearest_number),
		cmocka_unit_test(goes_on_to_the_next_one),
		cmocka_unit_test(some_refusals_are_for_too_much),
		cmocka_unit_test(nothing_else_stops_it),
		cmocka_unit_test(each_class_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
