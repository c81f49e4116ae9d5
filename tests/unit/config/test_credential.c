#include "config/credential.h"

#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static void the_name_is_a_files(void **state)
{
	(void)state;
	assert_true(credential_is("credential:a"));
	assert_false(credential_is("credentials/a"));
	assert_true(credential_name_valid("credential:internal.key"));
	assert_false(credential_name_valid("credential:"));
	assert_false(credential_name_valid("credential:../a"));
	assert_false(credential_name_valid("credential:a/b"));
	assert_false(credential_name_valid("credential:.a"));
}

static void it_is_where_the_manager_put_it(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "profiles/internal.key", "a key");
	assert_int_equal(
		setenv("CREDENTIALS_DIRECTORY", fixture_path(fixture, "profiles"), 1), 0);
	fixture_write_main(
		fixture, "key = internal.key", "key = credential:internal.key");
	fixture_load_ok(fixture);
	assert_string_equal(fixture->config->internal.tls.key,
		fixture_path(fixture, "profiles/internal.key"));
	assert_null(credential_missing(fixture->config->internal.tls.key));
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* So that -t, by whoever may read them, finds those of the service that runs. */
static void elsewhere_it_is_the_services(void **state)
{
	char *path;

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	path = credential_path("credential:internal.key");
	assert_non_null(path);
	assert_string_equal(path, "/run/credentials/tandemd.service/internal.key");
	free(path);
}

static void one_that_is_missing_is_told_with_its_remedy(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		setenv("CREDENTIALS_DIRECTORY", fixture_path(fixture, "profiles"), 1), 0);
	fixture_write_main(fixture, "key = internal.key", "key = credential:none");
	assert_int_not_equal(fixture_load(fixture), 0);
	assert_non_null(strstr(fixture->errors.text.data,
		"error: key: there is no credential \"none\"; it comes from "
		"LoadCredential=none:FILE in the unit"));
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* A password may be one as a key may. */
static void a_password_may_be_one(void **state)
{
	struct fixture *fixture = *state;
	const char *const gateway = "[gateway]\nhost = a\ntls = no\ntransport = tcp\n"
				    "auth-user = u\nauth-secret = credential:a.secret\n";

	assert_int_equal(
		setenv("CREDENTIALS_DIRECTORY", fixture_path(fixture, "profiles"), 1), 0);
	fixture_write(fixture, "gateways.d/a.conf", gateway);
	assert_int_not_equal(fixture_load(fixture), 0);
	assert_non_null(strstr(fixture->errors.text.data,
		"a.conf:6:15: error: auth-secret: there is no credential \"a.secret\"; "
		"it "
		"comes from LoadCredential=a.secret:FILE in the unit"));
	fixture_write(fixture, "profiles/a.secret", "sesame\n");
	fixture_load_ok(fixture);
	assert_string_equal(fixture->config->gateways[0].common.auth.secret,
		fixture_path(fixture, "profiles/a.secret"));
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void other_paths_are_no_credentials(void **state)
{
	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
	assert_null(credential_missing("/etc/tandem/internal.key"));
	assert_null(credential_missing("/run/credentials/xy/internal.key"));
	assert_string_equal(credential_missing("/run/credentials/x/none"), "none");
	unsetenv("CREDENTIALS_DIRECTORY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_is_a_files),
		cmocka_unit_test_setup_teardown(
			it_is_where_the_manager_put_it, fixture_setup, fixture_teardown),
		cmocka_unit_test(elsewhere_it_is_the_services),
		cmocka_unit_test_setup_teardown(
			one_that_is_missing_is_told_with_its_remedy, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_password_may_be_one, fixture_setup, fixture_teardown),
		cmocka_unit_test(other_paths_are_no_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
