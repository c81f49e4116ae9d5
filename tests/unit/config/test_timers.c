/* The keys of session timers, of a gateway and, by their defaults, of a server. */
#include "fixture.h"

#include <stdio.h>

static void what_is_set_arrives_and_mistakes_are_told(void **state)
{
	static const struct {
		const char *lines, *error;
	} wrong[] = {
		{"session-timer = yes\n",
			"gateways.d/a.conf:3:17: error: session-timer: expected one of: "
			"answer, offer, refuse, got \"yes\"\n"},
		{"session-expires = 89s\n",
			"gateways.d/a.conf:3:19: error: session-expires: expected a time "
			"from 90s to 1d such as 30m, got \"89s\"\n"},
		{"min-session-expires = 1s\n",
			"gateways.d/a.conf:3:23: error: min-session-expires: expected a "
			"time from 90s to 1d such as 90s, got \"1s\"\n"},
		{"session-timer = offer\nmin-session-expires = 1h\n",
			"gateways.d/a.conf:4:23: error: session-expires: expected at "
			"least min-session-expires\n"},
		{"session-refresh = reinvite\n",
			"gateways.d/a.conf:3:19: error: "
			"session-refresh: expected one of: "
			"update, invite, got \"reinvite\" (did you mean \"invite\"?)\n"},
	};
	struct fixture *fixture = *state;
	const struct config_timers *timers;
	char text[200];

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nsession-timer = offer\n"
		"session-expires = 20m\nmin-session-expires = 1200s\n"
		"session-refresh = invite\n");
	fixture_load_ok(fixture);
	timers = &fixture->config->gateways[0].common.timers;
	assert_int_equal(timers->mode, CONFIG_SESSION_TIMER_OFFER);
	assert_int_equal(timers->expires_ms, 1200000);
	assert_int_equal(timers->min_ms, 1200000);
	assert_int_equal(timers->refresh, CONFIG_SESSION_REFRESH_INVITE);
	timers = &fixture->config->servers[0].common.timers;
	assert_int_equal(timers->mode, CONFIG_SESSION_TIMER_ANSWER);
	assert_int_equal(timers->expires_ms, 1800000);
	assert_int_equal(timers->min_ms, 90000);
	assert_int_equal(timers->refresh, CONFIG_SESSION_REFRESH_UPDATE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "[gateway]\nhost = a.example\n%s",
			wrong[i].lines);
		fixture_write(fixture, "gateways.d/a.conf", text);
		fixture_load_fails(fixture, wrong[i].error);
	}
	/* what it may ask for alone is no matter of what we would */
	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nmin-session-expires = 1h\n");
	fixture_load_ok(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_set_arrives_and_mistakes_are_told,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
