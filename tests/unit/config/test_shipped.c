/*
 * What is shipped for people to copy: profiles and examples. Needs $srcdir.
 */
#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *source_path(const char *name)
{
	const char *folder = getenv("srcdir");
	char *path;

	assert_true(asprintf(&path, "%s/%s", folder != NULL ? folder : ".", name) > 0);
	return path;
}

/* The main file inherits from the shipped profiles. */
static void use_shipped_profiles(const struct fixture *fixture)
{
	char *folder = source_path("gateway-profiles");
	char *line;

	assert_true(asprintf(&line, "profile-dir = %s\n", folder) > 0);
	fixture_write_main(fixture, "profile-dir = profiles\n", line);
	free(line);
	free(folder);
}

static void every_profile_is_valid(void **state)
{
	struct fixture *fixture = *state;
	char *path = source_path("gateway-profiles");
	DIR *folder = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(folder);
	use_shipped_profiles(fixture);
	while ((entry = readdir(folder)) != NULL) {
		const char *dot = strstr(entry->d_name, ".conf");
		char name[300];
		char text[300];

		if (dot == NULL || dot[5] != '\0')
			continue;
		snprintf(name, sizeof(name), "gateways.d/%s", entry->d_name);
		snprintf(text, sizeof(text),
			"[gateway]\nhost = a.example\nprofile = %.*s\n",
			(int)(dot - entry->d_name), entry->d_name);
		fixture_write(fixture, name, text);
		count++;
	}
	closedir(folder);
	free(path);
	fixture_load_ok(fixture);
	assert_true(count >= 15);
	assert_int_equal(fixture->config->gateway_count, count);
}

/* Who gives up after 10 s is answered before that. */
static void callers_who_do_not_wait_are_known(void **state)
{
	struct fixture *fixture = *state;

	every_profile_is_valid(state);
	for (size_t i = 0; i < fixture->config->gateway_count; i++) {
		const struct config_trunk *common = &fixture->config->gateways[i].common;
		bool hasty = !strcmp(common->id, "teams") || !strcmp(common->id, "sfb");

		assert_int_equal(common->setup_within_ms, hasty ? 9000 : 0);
	}
}

/* Teams knows a=inactive alone, and takes no INVITE without SDP. */
static void only_teams_is_held_by_inactive(void **state)
{
	struct fixture *fixture = *state;

	every_profile_is_valid(state);
	for (size_t i = 0; i < fixture->config->gateway_count; i++) {
		const struct config_gateway *gateway = &fixture->config->gateways[i];
		bool teams = !strcmp(gateway->common.id, "teams");

		assert_int_equal(
			gateway->hold, teams ? CONFIG_HOLD_INACTIVE : CONFIG_HOLD_PASS);
		assert_int_equal(gateway->common.peer.eku, CONFIG_EKU_EITHER);
	}
}

/* Only those that say so may leave a trunk open. */
static void only_plain_profiles_are_plain(void **state)
{
	static const char *const open_ones[] = {
		"generic-udp", "generic-tcp", "carrier-static", "3cx"};
	struct fixture *fixture = *state;

	every_profile_is_valid(state);
	for (size_t i = 0; i < fixture->config->gateway_count; i++) {
		const struct config_gateway *gateway = &fixture->config->gateways[i];
		bool plain = false;

		for (size_t k = 0; k < sizeof(open_ones) / sizeof(open_ones[0]); k++)
			plain = plain || !strcmp(gateway->common.id, open_ones[k]);
		assert_int_equal(
			gateway->common.tls, plain ? CONFIG_TLS_NO : CONFIG_TLS_YES);
		assert_int_equal(gateway->common.srtp,
			plain ? CONFIG_SRTP_OFF : CONFIG_SRTP_REQUIRED);
	}
}

/* RFC 5922 forbids them: only the one that says why may take wildcards. */
static void only_teams_takes_wildcards(void **state)
{
	struct fixture *fixture = *state;

	every_profile_is_valid(state);
	for (size_t i = 0; i < fixture->config->gateway_count; i++) {
		const struct config_gateway *gateway = &fixture->config->gateways[i];

		assert_int_equal(gateway->common.peer.wildcard,
			strcmp(gateway->common.id, "teams") == 0
				? CONFIG_WILDCARD_ONE_LABEL
				: CONFIG_WILDCARD_NO);
	}
}

static void copy_example(const struct fixture *fixture, const char *name)
{
	char *path = source_path("doc/examples");
	char *line;
	char text[8192] = "";
	FILE *file;

	assert_true(asprintf(&line, "%s/%s", path, name) > 0);
	file = fopen(line, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	fixture_write(fixture, name, text);
	free(line);
	free(path);
}

static void examples_are_valid(void **state)
{
	struct fixture *fixture = *state;
	char *profiles = source_path("gateway-profiles");
	const struct config_gateway *gateway;
	char *text;
	char *main_file;

	copy_example(fixture, "tandem.conf");
	copy_example(fixture, "gateways.d/carrier-a.conf");
	/* The tree under test need not be installed. */
	text = fixture_read(fixture, "tandem.conf");
	assert_non_null(strstr(text, "\n[tandem]\n"));
	assert_true(asprintf(&main_file, "[tandem]\nprofile-dir = %s\n%s", profiles,
			    strstr(text, "\n[tandem]\n") + strlen("\n[tandem]\n")) > 0);
	fixture_write(fixture, "tandem.conf", main_file);
	fixture_load_ok(fixture);
	assert_int_equal(fixture->config->server_count, 1);
	gateway = config_gateway_find(fixture->config, "carrier-a");
	assert_non_null(gateway);
	assert_true(gateway->common.tls && gateway->sdp_lifetime);
	assert_int_equal(gateway->audit, CONFIG_AUDIT_FULL);
	free(main_file);
	free(text);
	free(profiles);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_profile_is_valid),
		TEST(callers_who_do_not_wait_are_known),
		TEST(only_teams_is_held_by_inactive),
		TEST(only_plain_profiles_are_plain),
		TEST(only_teams_takes_wildcards),
		TEST(examples_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
