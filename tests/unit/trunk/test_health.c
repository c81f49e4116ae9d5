/* The health of a trunk: addresses that come and go, what is heard of them, the words, the log. */
#include "../unit.h"

#include "base/log.h"
#include "trunk/trunk.h"

#include <string.h>

static const struct health_rules rules = {
	.down_after = 3, .up_after = 2, .rest_max_ms = 120000, .trial_ms = 4000};

static char *hosts[] = {
	(char *)(uintptr_t) "gw.example", (char *)(uintptr_t) "gw2.example"};
static struct config_gateway gateway = {.common = {.hosts = {hosts, 2}}};
static struct trunk trunk;
static struct health_time now;
static char logged[4096];
static unsigned told;
static enum health_state told_before;

static void keep_log(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	assert_true(strlen(logged) + strlen(line) + 1 < sizeof(logged));
	strcat(logged, line);
}

static void changed_h(void *arg, struct trunk *changed, unsigned name,
	const struct health_address *address, enum health_state before)
{
	(void)arg;
	(void)name;
	(void)address;
	assert_ptr_equal(changed, &trunk);
	told++;
	told_before = before;
}

static const struct health_world world = {.watch = {.h = changed_h}};

static int setup(void **state)
{
	(void)state;
	trunk = (struct trunk){.kind = TRUNK_GATEWAY,
		.id = (char *)(uintptr_t) "gw",
		.gateway = &gateway};
	assert_int_equal(health_begin(&trunk.health, &rules, 2), 0);
	trunk.health.world = &world;
	now = (struct health_time){1000, 1700000000}; /* 22:13:20 */
	logged[0] = '\0';
	told = 0;
	log_set_sink(keep_log, NULL);
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_ERROR);
	health_clear(&trunk.health);
	return 0;
}

static struct addr at(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 5060), 0);
	return addr;
}

static void learn(unsigned name, const char *first, const char *second, const char *third)
{
	const char *const texts[] = {first, second, third};
	struct resolve_answer answer = {.count = 0};

	for (unsigned i = 0; i < 3 && texts[i]; i++)
		answer.addrs[answer.count++] = at(texts[i]);
	assert_int_equal(health_learn(&trunk, name, &answer, &now), 0);
}

static void tell(unsigned name, const char *where, enum health_layer layer,
	enum health_event event, const char *why)
{
	const struct addr addr = at(where);

	health_report(&trunk, name, &addr,
		&(struct health_report){
			.layer = layer, .event = event, .why = why, .rest_ms = 30000},
		&now);
}

static bool usable(unsigned name, const char *where)
{
	const struct addr addr = at(where);
	const struct health_address *known = health_find(&trunk.health, name, &addr, 0);

	return !known ||
	       health_machine_usable(&known->record.machine, &trunk.health.rules, now.ms);
}

/* Whether it may be asked of DNS for a call. */
static bool name_usable(unsigned name, uint64_t now_ms)
{
	return health_has_addresses(&trunk.health, name) ||
	       health_machine_usable(
		       &trunk.health.names[name].machine, &trunk.health.rules, now_ms);
}

static const struct health_address *find(unsigned name, const char *where)
{
	const struct addr addr = at(where);

	return health_find(&trunk.health, name, &addr, 0);
}

static void addresses_are_kept_in_their_order(void **state)
{
	(void)state;
	learn(1, "192.0.2.3", NULL, NULL);
	learn(0, "192.0.2.2", "192.0.2.1", NULL);
	assert_int_equal(trunk.health.count, 3);
	assert_ptr_equal(find(0, "192.0.2.2"), &trunk.health.addresses[0]);
	assert_ptr_equal(find(0, "192.0.2.1"), &trunk.health.addresses[1]);
	assert_ptr_equal(find(1, "192.0.2.3"), &trunk.health.addresses[2]);
	assert_null(find(1, "192.0.2.1"));
}

static void the_same_address_of_two_names_is_two(void **state)
{
	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	learn(1, "192.0.2.1", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_TLS, HEALTH_FAILS, "tls refused");
	assert_false(usable(0, "192.0.2.1"));
	assert_true(usable(1, "192.0.2.1"));
}

static void an_address_keeps_its_state_when_others_come(void **state)
{
	(void)state;
	learn(0, "192.0.2.1", "192.0.2.2", NULL);
	tell(0, "192.0.2.1", HEALTH_SIP, HEALTH_FAILS, "silent");
	learn(0, "192.0.2.3", "192.0.2.1", NULL);
	assert_false(usable(0, "192.0.2.1"));
	assert_string_equal(find(0, "192.0.2.1")->record.why, "silent");
	assert_true(usable(0, "192.0.2.3"));
	assert_false(find(0, "192.0.2.2")->named);
}

static void an_address_that_comes_back_soon_is_remembered(void **state)
{
	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_CALLS, HEALTH_ASKS, "503");
	learn(0, "192.0.2.2", NULL, NULL);
	now.ms += 20000;
	learn(0, "192.0.2.1", NULL, NULL);
	assert_true(find(0, "192.0.2.1")->named);
	assert_false(usable(0, "192.0.2.1"));
}

static void an_address_that_stays_away_is_forgotten(void **state)
{
	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	learn(0, "192.0.2.2", NULL, NULL);
	now.ms += HEALTH_ABSENT_MS;
	learn(0, "192.0.2.3", NULL, NULL);
	assert_null(find(0, "192.0.2.1"));
	assert_non_null(find(0, "192.0.2.2"));
	assert_int_equal(trunk.health.count, 2);
}

static void a_name_that_fails_keeps_its_addresses(void **state)
{
	const struct resolve_answer none = {.err = ERR_RESOLVE, .why = "NXDOMAIN"};

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	assert_int_equal(health_learn(&trunk, 0, &none, &now), 0);
	assert_true(find(0, "192.0.2.1")->named);
	assert_true(name_usable(0, now.ms));
	assert_int_equal(trunk.health.names[0].machine.state, HEALTH_RESTING);
	assert_non_null(strstr(logged,
		"trunk=gw event=health host=gw.example state=resting before=up "
		"rests-ms=2000 reason=\"NXDOMAIN\""));
}

static void a_name_that_never_resolved_rests(void **state)
{
	const struct resolve_answer none = {.err = ERR_RESOLVE, .why = "NXDOMAIN"};

	(void)state;
	assert_true(name_usable(1, now.ms));
	health_learn(&trunk, 1, &none, &now);
	assert_false(name_usable(1, now.ms));
	assert_true(name_usable(1, now.ms + HEALTH_REST_MS));
}

static void each_change_is_one_line_with_its_cause(void **state)
{
	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_CALLS, HEALTH_TAKES, NULL);
	assert_string_equal(logged, ""); /* the first call is no news */
	assert_int_equal(told, 2);       /* the name, and the address */
	tell(0, "192.0.2.1", HEALTH_TRANSPORT, HEALTH_FAILS, "refused");
	assert_non_null(strstr(logged,
		"trunk=gw event=health remote=192.0.2.1:5060 state=resting before=up "
		"rests-ms=2000 reason=\"refused\""));
	assert_int_equal(told, 3);
	assert_int_equal(told_before, HEALTH_UP);
	logged[0] = '\0';
	tell(0, "192.0.2.1", HEALTH_TRANSPORT, HEALTH_FAILS, "refused");
	assert_string_equal(logged, "");
	tell(0, "192.0.2.1", HEALTH_TRANSPORT, HEALTH_FAILS, "refused");
	assert_non_null(strstr(logged, "state=down before=resting"));
	logged[0] = '\0';
	tell(0, "192.0.2.1", HEALTH_SIP, HEALTH_ANSWERS, NULL);
	assert_string_equal(logged, "");
	tell(0, "192.0.2.1", HEALTH_SIP, HEALTH_ANSWERS, NULL);
	assert_non_null(
		strstr(logged, "state=up before=down rests-ms=0 reason=\"it answers\""));
	assert_int_equal(trunk.health.changes[HEALTH_UP], 2);
	assert_int_equal(trunk.health.changes[HEALTH_DOWN], 1);
	assert_int_equal(trunk.health.changes[HEALTH_RESTING], 1);
}

static void layers_below_the_one_that_speaks_work(void **state)
{
	const struct health_record *record;

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	record = &find(0, "192.0.2.1")->record;
	tell(0, "192.0.2.1", HEALTH_SIP, HEALTH_FAILS, "silent");
	assert_int_equal(record->layers[HEALTH_TRANSPORT].verdict, HEALTH_GOOD);
	assert_int_equal(record->layers[HEALTH_TLS].verdict, HEALTH_GOOD);
	assert_int_equal(record->layers[HEALTH_SIP].verdict, HEALTH_BAD);
	assert_int_equal(record->layers[HEALTH_CALLS].verdict, HEALTH_NOT_SEEN);
	assert_int_equal(record->layers[HEALTH_NAME].verdict, HEALTH_NOT_SEEN);
	now.wall += 60;
	tell(0, "192.0.2.1", HEALTH_CALLS, HEALTH_TAKES, NULL);
	assert_int_equal(record->layers[HEALTH_CALLS].verdict, HEALTH_GOOD);
	assert_int_equal(record->layers[HEALTH_SIP].since, now.wall);
	assert_int_equal(record->layers[HEALTH_TLS].since, now.wall - 60);
}

static void the_last_answer_and_its_round_trip_are_kept(void **state)
{
	const struct addr addr = at("192.0.2.1");
	const struct health_report report = {.layer = HEALTH_SIP,
		.event = HEALTH_ANSWERS,
		.status = 200,
		.round_trip_us = 1234};

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	health_report(&trunk, 0, &addr, &report, &now);
	tell(0, "192.0.2.1", HEALTH_SIP, HEALTH_FAILS, "silent");
	assert_int_equal(find(0, "192.0.2.1")->record.last_status, 200);
	assert_int_equal(find(0, "192.0.2.1")->record.last_answer, now.wall);
	assert_int_equal(find(0, "192.0.2.1")->record.round_trip_us, 1234);
}

static enum health_state hindrance(const char **why, uint64_t *back_ms)
{
	const struct health_record *record = NULL;
	const enum health_state state =
		health_hindrance(&trunk.health, &now, &record, back_ms);

	*why = state == HEALTH_UP ? "" : record->why;
	return state;
}

static void the_hindrance_is_that_of_the_address_that_is_back_first(void **state)
{
	const char *why;
	uint64_t back_ms = 0;

	(void)state;
	assert_int_equal(hindrance(&why, &back_ms), HEALTH_UP);
	learn(0, "192.0.2.1", "192.0.2.2", NULL);
	learn(1, "192.0.2.3", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_CALLS, HEALTH_ASKS, "503");
	tell(0, "192.0.2.2", HEALTH_CALLS, HEALTH_ASKS, "503");
	assert_int_equal(hindrance(&why, &back_ms), HEALTH_UP);
	tell(1, "192.0.2.3", HEALTH_SIP, HEALTH_FAILS, "silent");
	assert_int_equal(hindrance(&why, &back_ms), HEALTH_RESTING);
	assert_int_equal(back_ms, HEALTH_REST_MS);
	assert_string_equal(why, "silent");
	/* the name changes its mind: a new address may be tried */
	learn(1, "192.0.2.4", NULL, NULL);
	assert_int_equal(hindrance(&why, &back_ms), HEALTH_UP);
}

static void a_name_that_was_never_asked_is_no_hindrance(void **state)
{
	const char *why;
	uint64_t back_ms;

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_CALLS, HEALTH_ASKS, "503");
	assert_int_equal(hindrance(&why, &back_ms), HEALTH_UP);
}

static void a_reload_ends_rests_that_nobody_asked_for(void **state)
{
	static const unsigned where[] = {0, 1};
	struct trunk_health fresh = {.names = NULL};

	(void)state;
	learn(0, "192.0.2.1", "192.0.2.2", NULL);
	tell(0, "192.0.2.1", HEALTH_TLS, HEALTH_FAILS, "tls refused");
	tell(0, "192.0.2.2", HEALTH_CALLS, HEALTH_ASKS, "503");
	assert_int_equal(health_begin(&fresh, &rules, 2), 0);
	health_renew(&trunk.health, &fresh, where);
	assert_true(usable(0, "192.0.2.1"));
	assert_false(usable(0, "192.0.2.2"));
	assert_int_equal(find(0, "192.0.2.1")->record.machine.state, HEALTH_RESTING);
}

static void who_refuses_at_once_is_worth_a_try(void **state)
{
	const struct addr addr = at("192.0.2.1");
	struct health_report report = {.layer = HEALTH_TRANSPORT,
		.event = HEALTH_FAILS,
		.at_once = true,
		.why = "refused"};
	const struct health_record *record;

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	record = &find(0, "192.0.2.1")->record;
	assert_false(health_is_worth_a_try(record));
	for (unsigned i = 0; i < 4; i++) { /* it rests, then it is down */
		health_report(&trunk, 0, &addr, &report, &now);
		assert_true(health_is_worth_a_try(record));
	}
	assert_int_equal(record->machine.state, HEALTH_DOWN);
	report.at_once = false; /* the next failure took its time */
	health_report(&trunk, 0, &addr, &report, &now);
	assert_false(health_is_worth_a_try(record));
	assert_true(health_is_unconnected(record));
	report.at_once = true;
	health_report(&trunk, 0, &addr, &report, &now);
	tell(0, "192.0.2.1", HEALTH_CALLS, HEALTH_ASKS, "503");
	assert_false(health_is_worth_a_try(record));
	tell(0, "192.0.2.1", HEALTH_SIP, HEALTH_FAILS, "silent");
	assert_false(health_is_worth_a_try(record));
}

static void a_claim_holds_others_off(void **state)
{
	const struct addr addr = at("192.0.2.1");

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_SIP, HEALTH_FAILS, "silent");
	now.ms += HEALTH_REST_MS;
	assert_true(usable(0, "192.0.2.1"));
	health_claim(&trunk.health, 0, &addr, now.ms);
	assert_false(usable(0, "192.0.2.1"));
}

static void a_new_order_of_names_keeps_their_states(void **state)
{
	static const unsigned where[] = {2, 0};
	struct trunk_health fresh = {.names = NULL};

	(void)state;
	learn(0, "192.0.2.1", "192.0.2.2", NULL);
	learn(1, "192.0.2.3", NULL, NULL);
	tell(0, "192.0.2.2", HEALTH_CALLS, HEALTH_ASKS, "503");
	assert_int_equal(health_begin(&fresh, &rules, 3), 0);
	health_renew(&trunk.health, &fresh, where);
	health_clear(&fresh);
	assert_ptr_equal(find(0, "192.0.2.3"), &trunk.health.addresses[0]);
	assert_ptr_equal(find(2, "192.0.2.1"), &trunk.health.addresses[1]);
	assert_false(usable(2, "192.0.2.2"));
	assert_int_equal(trunk.health.names[1].machine.state, HEALTH_UNKNOWN);
	assert_int_equal(trunk.health.names[2].machine.state, HEALTH_UP);
}

static void a_name_that_is_gone_is_forgotten(void **state)
{
	static const unsigned where[] = {HEALTH_NAMES_MAX, 0};
	struct trunk_health fresh = {.names = NULL};

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	learn(1, "192.0.2.3", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_CALLS, HEALTH_ASKS, "503");
	assert_int_equal(health_begin(&fresh, &rules, 1), 0);
	health_renew(&trunk.health, &fresh, where);
	assert_int_equal(trunk.health.count, 1);
	assert_non_null(find(0, "192.0.2.3"));
	assert_int_equal(trunk.health.changes[HEALTH_RESTING], 1);
}

static void what_is_not_known_may_be_tried(void **state)
{
	(void)state;
	tell(0, "192.0.2.9", HEALTH_SIP, HEALTH_FAILS, "silent");
	assert_true(usable(0, "192.0.2.9"));
	assert_int_equal(told, 0);
}

static void layers_have_names(void **state)
{
	static const char *const names[] = {"name", "transport", "tls", "sip", "calls"};

	(void)state;
	for (unsigned i = 0; i < HEALTH_LAYERS; i++)
		assert_string_equal(health_layer_name((enum health_layer)i), names[i]);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static bool arrive(const char *where)
{
	const struct addr addr = at(where);

	health_arrived(&trunk.health, &addr);
	return usable(0, where);
}

/* But not one that asked to be left alone, and not another. */
static void who_connects_can_be_called_again(void **state)
{
	(void)state;
	learn(0, "192.0.2.1", "192.0.2.2", "192.0.2.3");
	tell(0, "192.0.2.1", HEALTH_TRANSPORT, HEALTH_FAILS, "refused");
	tell(0, "192.0.2.2", HEALTH_CALLS, HEALTH_ASKS, "503");
	tell(0, "192.0.2.3", HEALTH_TLS, HEALTH_FAILS, "refused");
	assert_false(arrive("192.0.2.2"));
	assert_false(usable(0, "192.0.2.1"));
	assert_true(arrive("192.0.2.1"));
	assert_false(usable(0, "192.0.2.3"));
	assert_true(arrive("192.0.2.3"));
}

/* Its only one may have its connections come from elsewhere. */
static void who_has_one_address_connects_from_anywhere(void **state)
{
	const struct addr elsewhere = at("192.0.2.9");

	(void)state;
	learn(0, "192.0.2.1", NULL, NULL);
	tell(0, "192.0.2.1", HEALTH_TRANSPORT, HEALTH_FAILS, "refused");
	health_arrived(&trunk.health, &elsewhere);
	assert_true(usable(0, "192.0.2.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(addresses_are_kept_in_their_order),
		CASE(the_same_address_of_two_names_is_two),
		CASE(an_address_keeps_its_state_when_others_come),
		CASE(an_address_that_comes_back_soon_is_remembered),
		CASE(an_address_that_stays_away_is_forgotten),
		CASE(a_name_that_fails_keeps_its_addresses),
		CASE(a_name_that_never_resolved_rests),
		CASE(each_change_is_one_line_with_its_cause),
		CASE(layers_below_the_one_that_speaks_work),
		CASE(the_last_answer_and_its_round_trip_are_kept),
		CASE(the_hindrance_is_that_of_the_address_that_is_back_first),
		CASE(a_name_that_was_never_asked_is_no_hindrance),
		CASE(a_reload_ends_rests_that_nobody_asked_for),
		CASE(who_refuses_at_once_is_worth_a_try),
		CASE(a_claim_holds_others_off),
		CASE(a_new_order_of_names_keeps_their_states),
		CASE(a_name_that_is_gone_is_forgotten),
		CASE(what_is_not_known_may_be_tried),
		CASE(layers_have_names),
		CASE(who_connects_can_be_called_again),
		CASE(who_has_one_address_connects_from_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
