/* What a registration says of itself, and how it is found. */
#include "../unit.h"

#include "trunk/registration.h"

#include <string.h>

static struct binding bindings[3];
static struct binding *list[] = {&bindings[0], &bindings[1], &bindings[2]};
static struct registration registration;

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		bindings[i] = (struct binding){.aor = "sip:1@a.example"};
	registration = (struct registration){.bindings = list, .count = 3};
	return 0;
}

static void names_are_the_same_each_time_and_of_one_trunk(void **state)
{
	struct registration a = {.line = ""}, b = {.line = ""}, c = {.line = ""};

	(void)state;
	registration_name(&a, "med1.example.com", "carrier");
	registration_name(&b, "med1.example.com", "carrier");
	registration_name(&c, "med1.example.co", "mcarrier");
	assert_string_equal(a.line, b.line);
	assert_string_equal(a.instance, b.instance);
	assert_string_not_equal(a.line, c.line);
	assert_string_not_equal(a.instance, c.instance);
	assert_int_equal(strlen(a.line), 16);
	assert_int_equal(strspn(a.line, "0123456789abcdef"), 16);
	/* what a version of ours says after an update must be what this one says */
	assert_string_equal(a.line, "b53700d07392ca5e");
	assert_string_equal(a.instance, "urn:uuid:8a6d0d21-6ff5-8c70-8613-35ea84bc5b6c");
}

static void an_instance_is_a_uuid_of_version_8(void **state)
{
	struct registration a = {.line = ""};

	(void)state;
	registration_name(&a, "med1.example.com", "carrier");
	assert_int_equal(strlen(a.instance), strlen("urn:uuid:") + 36);
	assert_int_equal(a.instance[9 + 14], '8');
	assert_non_null(strchr("89ab", a.instance[9 + 19]));
}

static void it_is_bound_by_the_bindings_of_its_identity(void **state)
{
	(void)state;
	assert_false(registration_is_bound(&registration));
	bindings[1].bound = true;
	assert_ptr_equal(registration_binding(&registration), &bindings[1]);
	assert_int_equal(registration_bound_count(&registration), 1);
}

static void a_further_number_does_not_count(void **state)
{
	(void)state;
	bindings[1].aor = "sip:2@a.example";
	bindings[1].bound = true;
	assert_false(registration_is_bound(&registration));
	assert_int_equal(registration_bound_count(&registration), 1);
}

static void with_outbound_the_connection_must_stand(void **state)
{
	struct flow flow = {.refs = 1};

	(void)state;
	registration.outbound = true;
	bindings[0].bound = bindings[1].bound = true;
	bindings[1].flow = &flow;
	assert_ptr_equal(registration_binding(&registration), &bindings[1]);
	bindings[1].flow = NULL;
	assert_false(registration_is_bound(&registration));
}

static bool fits_h(void *arg, const struct trunk *trunk)
{
	return arg == trunk;
}

static void it_is_found_by_its_line_and_whom_it_fits(void **state)
{
	struct trunk a = {.id = NULL}, b = {.id = NULL};
	struct registration second = {.line = "0123456789abcdef"};
	struct registrations *all;
	const struct span line = span_of("0123456789abcdef");

	(void)state;
	assert_int_equal(registrations_new(&all), 0);
	strcpy(registration.line, "0123456789abcdef");
	registrations_publish(all, &a, &registration);
	registrations_publish(all, &b, &second);
	assert_ptr_equal(a.registration, &registration);
	assert_ptr_equal(registrations_find(all, line, fits_h, &a), &registration);
	assert_ptr_equal(registrations_find(all, line, fits_h, &b), &second);
	assert_null(registrations_find(all, line, fits_h, NULL));
	assert_null(registrations_find(all, span_of("other"), fits_h, &a));
	registrations_withdraw(all, &registration);
	registrations_withdraw(all, &registration);
	assert_null(a.registration);
	assert_null(registrations_find(all, line, fits_h, &a));
	registrations_withdraw(all, &second);
	registrations_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			names_are_the_same_each_time_and_of_one_trunk, setup),
		cmocka_unit_test_setup(an_instance_is_a_uuid_of_version_8, setup),
		cmocka_unit_test_setup(
			it_is_bound_by_the_bindings_of_its_identity, setup),
		cmocka_unit_test_setup(a_further_number_does_not_count, setup),
		cmocka_unit_test_setup(with_outbound_the_connection_must_stand, setup),
		cmocka_unit_test_setup(it_is_found_by_its_line_and_whom_it_fits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
